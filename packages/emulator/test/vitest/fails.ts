// Tests that fail on purpose: Vitest.test.ts runs them and reads what a person sees.
import { setupGemini } from "effect-gemini-emulator/vitest"
import { expect } from "vitest"
import { flash, prompt } from "../Wire.ts"

const test = setupGemini({
  rules: [{ name: "greets", when: { text: "Hi" }, reply: "Hello" }, { name: "idle", when: { text: "x" }, reply: "y" }]
})

const ask = async (url: string, text: string): Promise<string> => {
  const response = await fetch(`${url}/v1beta/models/${flash}:generateContent?key=any`, {
    method: "POST",
    body: JSON.stringify(prompt(text))
  })
  const { candidates, error } = await response.json()
  return candidates?.[0].content.parts[0].text ?? String(error.code)
}

test("is green", async ({ gemini }) => {
  expect(await ask(gemini.url, "Hi")).toBe("Hello")
})

test.concurrent.for([1, 2, 3, 4, 5, 6])("is green at once %i", async (n, { gemini }) => {
  await gemini.addRules([{ name: "own", when: { text: "me" }, reply: `I am ${n}` }], "first")
  expect(await ask(gemini.url, "me")).toBe(`I am ${n}`)
  expect((await gemini.requests()).length).toBe(1)
})

test("fails by an assertion", async ({ gemini }) => {
  expect(await ask(gemini.url, "Hi")).toBe("Good evening")
})

test("fails by what nobody has seen", async ({ gemini }) => {
  await ask(gemini.url, "Bye")
})

test("fails although it never looks at it", async ({ gemini }) => {
  await gemini.enqueue("left over")
})
