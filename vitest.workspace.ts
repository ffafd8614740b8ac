import { defineConfig } from "vitest/config"

const project = (name: string) => ({
  extends: true as const,
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
