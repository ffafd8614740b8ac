import { join } from "node:path"
import { defineConfig } from "vitest/config"

/**
 * Processes that tests start keep what Node compiled, types stripped, for the next one: a process over `effect` begins with
 * half the CPU (1.2 s → 0.65, November 2026), and the tests start about a thousand.
 */
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules/.cache/node-compile")

/** Every run that a test of the agents makes is also replayed. */
const replayed = [{
  find: /^effect-gemini-agents\/Agent$/,
  replacement: `${import.meta.dirname}/packages/agents/test/replayed.ts`
}]

/**
 * Projects whose files are run by one process, one after another, with one copy of the modules: a process for each file
 * spends as much on starting and on importing Effect as on the tests (of packages/ai 72 s of CPU in place of 39,
 * November 2026). The other projects have few files, and some of theirs keep a server for as long as their process lives.
 */
const together = ["gemini", "ai", "promises", "agents", "emulator", "conformance"]

const project = (name: string) => ({
  extends: true as const,
  resolve: { alias: name === "agents" ? replayed : [] },
  test: { name, root: `packages/${name}`, include: ["test/**/*.test.ts"], isolate: !together.includes(name) }
})

export default defineConfig({
  test: {
    setupFiles: [`${import.meta.dirname}/vitest.setup.ts`],
    testTimeout: 30_000,
    // One fork a core: the machine has two, and socket tests measure time.
    maxWorkers: 2,
    projects: [
      "gemini",
      "ai",
      "journal",
      "promises",
      "agents",
      "narrative",
      "emulator",
      "cli",
      "conformance",
      "foreign-clients",
      "examples",
      "bench"
    ].map(project)
  }
})
