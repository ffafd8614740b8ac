/** Objects by schemas of any library, whole and as they come, against an emulator over real sockets. */
import { toStandardJsonSchema } from "@valibot/to-json-schema"
import { type } from "arktype"
import { GeminiError } from "effect-gemini-promises"
import * as Schema from "effect/Schema"
import * as v from "valibot"
import { describe, expect, test } from "vitest"
import { z } from "zod"
import { all, last, reasonOf, rejected, server } from "./server.ts"

const { emulator, make } = server()

const schemas = {
  zod: z.object({ title: z.string(), minutes: z.number().int(), steps: z.array(z.string()) }),
  valibot: toStandardJsonSchema(
    v.object({ title: v.string(), minutes: v.pipe(v.number(), v.integer()), steps: v.array(v.string()) })
  ),
  arktype: type({ title: "string", minutes: "number.integer", steps: "string[]" }),
  effect: Schema.Struct({ title: Schema.String, minutes: Schema.Int, steps: Schema.Array(Schema.String) }),
  "effect as a Standard Schema": Schema.toStandardSchemaV1(
    Schema.Struct({ title: Schema.String, minutes: Schema.Int, steps: Schema.Array(Schema.String) })
  )
}
const recipe = { title: "Bread", minutes: 60, steps: ["knead", "bake"] }
const pieces = JSON.stringify(recipe).match(/.{1,9}/g) ?? []

describe("each library", () => {
  for (const [library, schema] of Object.entries(schemas)) {
    test(`${library}: whole`, async () => {
      await using gemini = make()
      emulator().enqueue({ json: recipe })
      const { answer, repairs, value } = await gemini.object({ schema, contents: "A recipe for bread" })
      expect(value).toEqual(recipe)
      expect(repairs).toBe(0)
      expect(answer.usage?.totalTokens).toBeGreaterThan(0)
      const [entry] = emulator().requests()
      expect(entry?.body).toMatchObject({
        contents: [{ role: "user", parts: [{ text: "A recipe for bread" }] }],
        generationConfig: {
          responseMimeType: "application/json",
          responseJsonSchema: { type: "object", properties: { title: { type: "string" } } }
        }
      })
    })

    test(`${library}: as it comes`, async () => {
      await using gemini = make()
      emulator().enqueue({ chunks: [...pieces.slice(0, -1), last(pieces.at(-1) ?? "")] })
      const chunks = await all(gemini.objectStream({ schema, contents: "A recipe for bread" }))
      expect(chunks.at(-1)).toEqual({ finished: true, value: recipe })
      expect(chunks.slice(0, -1).every(({ finished }) => !finished)).toBe(true)
      expect(chunks.map(({ value }) => value.title)).toContain("Bread")
      expect(chunks.some(({ finished, value }) => !finished && value.steps?.[0] === "knead")).toBe(true)
    })

    test(`${library}: an answer that does not fit is asked for again, with what was wrong`, async () => {
      await using gemini = make()
      emulator().enqueue({ text: JSON.stringify({ ...recipe, minutes: 1.5 }) }, { json: recipe })
      const { repairs, value } = await gemini.object({ schema, contents: "A recipe for bread" })
      expect(value).toEqual(recipe)
      expect(repairs).toBe(1)
      const second = JSON.stringify(emulator().requests()[1]?.body)
      expect(second).toContain("A recipe for bread")
      expect(second).toContain("does not fit the schema")
      expect(second).toContain("minutes")
    })

    test(`${library}: one that never fits is an InvalidResponse that says where`, async () => {
      await using gemini = make()
      const wrong = { text: JSON.stringify({ ...recipe, minutes: "soon" }) }
      emulator().enqueue(wrong, wrong, { chunks: [last(wrong.text)] })
      const error = await rejected(gemini.object({ schema, contents: "A recipe for bread", repairs: 1 }))
      expect(reasonOf(error)).toBe("InvalidResponse")
      expect(error).toMatchObject({ message: expect.stringContaining("minutes"), usage: expect.anything() })
      const streamed = await rejected(all(gemini.objectStream({ schema, contents: "A recipe for bread" })))
      expect(reasonOf(streamed)).toBe("InvalidResponse")
      expect(streamed).toMatchObject({ message: expect.stringContaining("minutes") })
    })
  }
})

test("what a schema transforms is transformed, and may be asynchronous", async () => {
  await using gemini = make()
  const schema = z.object({ day: z.string().transform(async (text) => new Date(text)) })
  emulator().enqueue({ json: { day: "2026-11-29" } })
  const { value } = await gemini.object({ schema, contents: "Which day is it?" })
  expect(value.day).toEqual(new Date("2026-11-29"))
})

test("the elements of a list are given before it has ended, by every library", async () => {
  await using gemini = make()
  for (const [library, schema] of Object.entries(schemas)) {
    const text = JSON.stringify(recipe)
    const cut = text.indexOf("\"bake") + 3
    emulator().enqueue({ chunks: [text.slice(0, cut), last(text.slice(cut))] })
    const [first] = await all(gemini.objectStream({ schema, contents: "A recipe for bread" }))
    expect(first, library).toEqual({ finished: false, value: { ...recipe, steps: ["knead", "ba"] } })
  }
})

test("a list is an object, too", async () => {
  await using gemini = make()
  emulator().enqueue({ json: ["a", "b"] }, { json: ["a", "b"] })
  expect((await gemini.object({ schema: z.array(z.string()), contents: "Letters" })).value).toEqual(["a", "b"])
  expect((await gemini.object({ schema: Schema.Array(Schema.String), contents: "Letters" })).value).toEqual(["a", "b"])
})

test("keys that the schema leaves open are kept", async () => {
  await using gemini = make()
  const schema = z.object({ prices: z.record(z.string(), z.number()) }).loose()
  const value = { prices: { bread: 3 }, more: true }
  const text = JSON.stringify(value)
  emulator().enqueue({ text }, { chunks: [text.slice(0, 20), last(text.slice(20))] })
  expect((await gemini.object({ schema, contents: "Prices" })).value).toEqual(value)
  expect((await all(gemini.objectStream({ schema, contents: "Prices" }))).at(-1)?.value).toEqual(value)
})

test("references and recursion", async () => {
  await using gemini = make()
  const Node = z.object({
    name: z.string(),
    get children() {
      return z.array(Node)
    }
  })
  const value = { name: "a", children: [{ name: "b", children: [] }] }
  const text = JSON.stringify(value)
  emulator().enqueue({ text }, { chunks: [text.slice(0, 34), last(text.slice(34))] })
  expect((await gemini.object({ schema: Node, contents: "A tree" })).value).toEqual(value)
  const chunks = await all(gemini.objectStream({ schema: Node, contents: "A tree" }))
  expect(chunks.at(-1)).toEqual({ finished: true, value })
  expect(chunks[0]?.value.name).toBe("a")
})

test("an answer that was cut says so, and is not asked for again", async () => {
  await using gemini = make()
  emulator().enqueue({ text: "{\"title\": \"Br", finishReason: "MAX_TOKENS" })
  const error = await rejected(gemini.object({ schema: schemas.zod, contents: "A recipe for bread" }))
  expect(reasonOf(error)).toBe("InvalidResponse")
  expect(error).toMatchObject({ reason: { finishReason: "MAX_TOKENS" } })
  expect(emulator().requests()).toHaveLength(1)
})

test("an error of the wire is the GeminiError itself, also in the middle of a stream", async () => {
  await using gemini = make({ retry: { attempts: 1 } })
  emulator().enqueue({ error: { code: 503 } })
  const error = await rejected(gemini.object({ schema: schemas.zod, contents: "A recipe" }))
  expect(error).toBeInstanceOf(GeminiError)
  expect(reasonOf(error)).toBe("Overloaded")
  emulator().enqueue({ chunks: pieces.slice(0, 3), fault: { cut: { chunks: 2 } } })
  const cut = await rejected(all(gemini.objectStream({ schema: schemas.zod, contents: "A recipe" })))
  expect(reasonOf(cut)).toBe("StreamInterrupted")
})

test("a schema that is none is refused before anything is sent", async () => {
  await using gemini = make()
  const error = await rejected(Reflect.apply(gemini.object, gemini, [{ schema: {}, contents: "A recipe" }]))
  expect(error).toMatchObject({ message: expect.stringContaining("schema: expected a Standard Schema") })
  const plain = v.object({ title: v.string() })
  const silent = await rejected(gemini.object({ schema: plain, contents: "A recipe" }))
  expect(silent).toMatchObject({ message: expect.stringContaining("@valibot/to-json-schema") })
  emulator().enqueue({ json: { title: "Bread" } })
  const jsonSchema = { type: "object", properties: { title: { type: "string" } }, required: ["title"] }
  expect((await gemini.object({ schema: plain, jsonSchema, contents: "A recipe" })).value).toEqual({ title: "Bread" })
  expect(emulator().requests()).toHaveLength(1)
})
