// Tests that play what was recorded for them: Vitest.test.ts records them, and runs them again without a server.
import { setupGemini } from "effect-gemini-emulator/vitest"
import { describe, expect } from "vitest"
import { flash, prompt } from "../Wire.ts"

const test = setupGemini({ cassette: process.env["CASSETTES"] })

const ask = async (url: string, text: string): Promise<string> => {
  const response = await fetch(`${url}/v1beta/models/${flash}:generateContent?key=any`, {
    method: "POST",
    body: JSON.stringify(prompt(text))
  })
  const { candidates, error } = await response.json()
  return candidates?.[0].content.parts[0].text ?? String(error.message)
}

for (const suite of ["mornings", "evenings"]) {
  describe(suite, () => {
    test.concurrent("greets", async ({ gemini }) => {
      expect(await ask(gemini.url, suite)).toContain(`"${suite}"`)
    })
  })
}

test("asks something", async ({ gemini }) => {
  await ask(gemini.url, process.env["ASKS"] ?? "")
})
