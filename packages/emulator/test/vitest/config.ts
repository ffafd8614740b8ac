import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    root: import.meta.dirname,
    include: ["fails.ts"],
    reporters: ["default"],
    globalSetup: process.env["OWN"] === undefined ? ["effect-gemini-emulator/vitest"] : []
  }
})
