import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Fault from "effect-gemini-emulator/Fault"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"

const text = (prompt: string) => [{ role: "user", parts: [{ text: prompt }] }]
const tools = [{
  functionDeclarations: [{ name: "look_up", parametersJsonSchema: { type: "object", properties: { a: {} } } }]
}]

/** One request of every kind that the generator answers. */
const requests: ReadonlyArray<readonly [path: string, body?: unknown]> = [
  ["gemini-3.8-flash:generateContent", { contents: text("Hello") }],
  ["gemini-3.8-flash:generateContent", { contents: text("look_up it"), tools }],
  ["gemini-3.8-flash:generateContent", {
    contents: text("News"),
    tools: [{ googleSearch: {} }, { codeExecution: {} }]
  }],
  ["gemini-3.8-flash:streamGenerateContent?alt=sse", { contents: text("Hello") }],
  ["gemini-3.8-flash:streamGenerateContent", {
    contents: text("Hello"),
    generationConfig: { candidateCount: 2, thinkingConfig: { includeThoughts: true } }
  }],
  ["gemini-3.8-flash:streamGenerateContent?alt=sse", {
    contents: text("Hello"),
    generationConfig: {
      responseMimeType: "application/json",
      responseSchema: { type: "ARRAY", items: { type: "NUMBER" } }
    }
  }],
  ["gemini-3.1-flash-image:generateContent", {
    contents: text("A cat"),
    generationConfig: { responseModalities: ["TEXT", "IMAGE"] }
  }],
  ["gemini-3.8-flash:countTokens", { contents: text("Hello") }],
  ["gemini-embedding-001:embedContent", { content: { parts: [{ text: "Hello" }] } }],
  ["gemini-embedding-2:batchEmbedContents", {
    requests: [{ model: "models/gemini-embedding-2", content: { parts: [{ text: "Hello" }] } }]
  }],
  ["gemini-none:generateContent", { contents: text("Hello") }],
  ["", undefined]
]

/** The bytes of every answer in a row. */
const play = Effect.gen(function*() {
  const { url } = yield* Emulator.Emulator
  const bodies: Array<string> = []
  for (const [path, body] of requests) {
    const target = `${url}/v1beta/models${path === "" ? "" : `/${path}`}`
    const request = body === undefined
      ? HttpClientRequest.get(target)
      : HttpClientRequest.post(target).pipe(HttpClientRequest.bodyJsonUnsafe(body))
    const response = yield* HttpClient.execute(HttpClientRequest.setHeader(request, "x-goog-api-key", "key"))
    bodies.push(Buffer.from(yield* response.arrayBuffer).toString("base64"))
  }
  return bodies
})

const inMemory = (seed: string, faults: ReadonlyArray<Fault.Fault> = []) =>
  play.pipe(Effect.provide(Emulator.layerHttpClient({ seed, faults }), { local: true }))
const overSockets = (seed: string, faults: ReadonlyArray<Fault.Fault> = []) =>
  play.pipe(
    Effect.provide(Layer.merge(Emulator.layerServer({ seed, faults }), FetchHttpClient.layer), { local: true })
  )

describe("two runs with the same seed and clock give identical bytes", () => {
  it.effect("in memory, over sockets, and in both alike; another seed gives others", () =>
    Effect.gen(function*() {
      const first = yield* inMemory("one")
      assert.strictEqual(first.length, requests.length)
      assert.deepStrictEqual(yield* inMemory("one"), first)
      assert.deepStrictEqual(yield* overSockets("one"), first)
      assert.deepStrictEqual(yield* overSockets("one"), first)
      const other = yield* inMemory("two")
      assert.notStrictEqual(other[0], first[0])
      assert.notStrictEqual(other[8], first[8])
    }))

  it.effect("also where a model is overloaded for a share of its requests", () =>
    Effect.gen(function*() {
      const faults = [Fault.overload("gemini-3.8-flash", { share: 0.5 })]
      const first = yield* inMemory("one", faults)
      assert.deepStrictEqual(yield* inMemory("one", faults), first)
      assert.deepStrictEqual(yield* overSockets("one", faults), first)
      const well = yield* inMemory("one")
      const hit = first.filter((body, i) => body !== well[i]).length
      assert.isTrue(hit > 0 && hit < 7, `${hit} of 7`)
    }))
})
