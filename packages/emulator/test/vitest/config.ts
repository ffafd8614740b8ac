import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: [process.env["FILE"] ?? "fails.ts"],
    reporters: ["default"],
    // The first test of a run also waits for the emulator's modules, which takes seconds on a machine that is busy.
    testTimeout: 60_000,
    globalSetup: process.env["OWN"] === undefined ? ["effect-gemini-emulator/vitest"] : []
  }
})
