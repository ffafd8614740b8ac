/** What stands on the wire where tools or an object are asked for: the caller's own settings, and what the call adds. */
import { expect, test } from "vitest"
import { z } from "zod"
import { server } from "./server.ts"

const { emulator, make } = server()
const bodies = () => emulator().requests().map(({ body }) => JSON.parse(JSON.stringify(body)))
const title = z.object({ title: z.string() })

test("an object's request keeps the caller's settings, tools and contents beside the schema", async () => {
  await using gemini = make()
  emulator().enqueue({ json: { title: "Bread" } })
  const contents = [
    { role: "user", parts: [{ text: "A" }, { text: "B" }] },
    { role: "model", parts: [{ text: "C" }] },
    { role: "user", parts: [{ text: "D" }] }
  ]
  await gemini.object({
    schema: title,
    model: "gemini-3.7-flash",
    contents,
    systemInstruction: "Be brief.",
    generationConfig: { temperature: 0.5, topK: 3 },
    safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
    tools: [{ googleSearch: {} }],
    toolConfig: { retrievalConfig: { languageCode: "de" } }
  })
  const [entry] = emulator().requests()
  expect(entry?.path).toContain("gemini-3.7-flash")
  const [body] = bodies()
  expect(body.contents).toEqual(contents)
  expect(body.systemInstruction.parts).toEqual([{ text: "Be brief." }])
  expect(body.generationConfig).toMatchObject({
    temperature: 0.5,
    topK: 3,
    responseMimeType: "application/json",
    responseJsonSchema: { properties: { title: { type: "string" } } }
  })
  expect(body.safetySettings).toHaveLength(1)
  expect(body.tools).toEqual([{ googleSearch: {} }])
  expect(body.toolConfig).toEqual({ retrievalConfig: { languageCode: "de" } })
})

test("what nobody set is not sent", async () => {
  await using gemini = make()
  emulator().enqueue({ json: { title: "Bread" } }, "Fine.")
  await gemini.object({ schema: title, contents: "A recipe" })
  await gemini.generate({ contents: "Hello", tools: { now: { execute: () => "12:00" } } })
  const [object, tools] = bodies()
  expect(Object.keys(object).toSorted()).toEqual(["contents", "generationConfig"])
  expect(Object.keys(object.generationConfig).toSorted()).toEqual(["responseJsonSchema", "responseMimeType"])
  expect(tools.generationConfig).toBeUndefined()
  expect(tools.tools).toHaveLength(1)
})

test("the caller's configuration of tools goes before the loop's, field by field", async () => {
  await using gemini = make()
  emulator().enqueue("Fine.")
  await gemini.generate({
    contents: "Hello",
    tools: { now: { execute: () => "12:00" } },
    toolConfig: { functionCallingConfig: { mode: "VALIDATED" } }
  })
  expect(bodies()[0].toolConfig).toEqual({ functionCallingConfig: { mode: "VALIDATED" } })
})

test("a second round has what was asked once, the answer and what was wrong with it", async () => {
  await using gemini = make()
  emulator().enqueue({ text: JSON.stringify({ title: 5 }) }, { json: { title: "Bread" } })
  await gemini.object({ schema: title, contents: "A recipe" })
  const [first, second] = bodies()
  expect(first.contents).toEqual([{ role: "user", parts: [{ text: "A recipe" }] }])
  expect(second.contents.map(({ role }: { readonly role: string }) => role)).toEqual(["user", "model", "user"])
  expect(second.contents[0]).toEqual(first.contents[0])
  expect(second.contents[1].parts[0].text).toBe(JSON.stringify({ title: 5 }))
  expect(JSON.stringify(second)).not.toContain("asked on the wire")
})
