import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: [process.env["FILE"] ?? "fails.ts"],
    reporters: ["default"],
    globalSetup: process.env["OWN"] === undefined ? ["effect-gemini-emulator/vitest"] : []
  }
})
