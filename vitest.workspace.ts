import { defineConfig } from "vitest/config"

/** Every run that a test of the agents makes is also replayed. */
const replayed = [{
  find: /^effect-gemini-agents\/Agent$/,
  replacement: `${import.meta.dirname}/packages/agents/test/replayed.ts`
}]

const project = (name: string) => ({
  extends: true as const,
  resolve: { alias: name === "agents" ? replayed : [] },
  test: { name, root: `packages/${name}`, include: ["test/**/*.test.ts"] }
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
