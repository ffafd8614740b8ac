import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { post as gemini } from "../Wire.ts"
import { flash, memory, model, post, prompt } from "./wire.ts"

const content = prompt().contents[0]
const part = (more: unknown) => ({ contents: [{ role: "user", parts: [more] }] })
const config = (more: unknown) => ({ ...prompt(), generationConfig: more })
const tool = (more: unknown) => ({ ...prompt(), tools: [more] })

/** The method, the body, and the field that the other API does not know. */
type Case = readonly [method: string, body: unknown, field: string]

const vertexOnly: ReadonlyArray<Case> = [
  ["generateContent", { ...prompt(), modelArmorConfig: {} }, "modelArmorConfig"],
  ["generateContent", config({ audioTimestamp: true }), "audioTimestamp"],
  ["generateContent", config({ routingConfig: { autoMode: {} } }), "routingConfig"],
  ["generateContent", config({ imageConfig: { personGeneration: "ALLOW_ALL" } }), "personGeneration"],
  ["generateContent", tool({ enterpriseWebSearch: {} }), "enterpriseWebSearch"],
  ["generateContent", tool({ retrieval: {} }), "retrieval"],
  ["generateContent", tool({ googleSearch: { excludeDomains: ["a.example"] } }), "excludeDomains"],
  [
    "generateContent",
    { ...prompt(), toolConfig: { functionCallingConfig: { streamFunctionCallArguments: true } } },
    "streamFunctionCallArguments"
  ],
  [
    "generateContent",
    { ...prompt(), safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF", method: "SEVERITY" }] },
    "method"
  ],
  ["countTokens", { ...prompt(), systemInstruction: content }, "systemInstruction"]
]

const geminiOnly: ReadonlyArray<Case> = [
  ["generateContent", { ...prompt(), store: true }, "store"],
  ["generateContent", config({ enableEnhancedCivicAnswers: true }), "enableEnhancedCivicAnswers"],
  ["generateContent", tool({ fileSearch: { fileSearchStoreNames: ["fileSearchStores/a"] } }), "fileSearch"],
  [
    "generateContent",
    { ...prompt(), toolConfig: { includeServerSideToolInvocations: true } },
    "includeServerSideToolInvocations"
  ],
  ["generateContent", part({ text: "Hi", partMetadata: {} }), "partMetadata"],
  ["countTokens", { generateContentRequest: { model: `models/${flash}`, ...prompt() } }, "generateContentRequest"]
]

const unknownName = (text: string, field: string) =>
  JSON.parse(text).error.message.startsWith(`Invalid JSON payload received. Unknown name "${field}"`)

const atGemini = (method: string, body: unknown) =>
  Effect.flatMap(
    gemini(`/v1beta/models/${flash}:${method}`, body),
    (response) => Effect.map(response.text, (text) => ({ status: response.status, text }))
  )

describe("a field that only one API has", () => {
  it.effect("is taken there and refused by the other one, in the words of Google's front end", () =>
    Effect.gen(function*() {
      for (const [method, body, field] of vertexOnly) {
        const here = yield* post(`${model()}:${method}`, body)
        assert.strictEqual(here.status, 200, `${field}: ${here.text}`)
        const there = yield* atGemini(method, body)
        assert.deepStrictEqual([there.status, unknownName(there.text, field)], [400, true], `${field}: ${there.text}`)
      }
      for (const [method, body, field] of geminiOnly) {
        const here = yield* post(`${model()}:${method}`, body)
        assert.deepStrictEqual([here.status, unknownName(here.text, field)], [400, true], `${field}: ${here.text}`)
        const there = yield* atGemini(method, body)
        assert.notInclude(there.text, "Unknown name", field)
      }
    }).pipe(memory()))

  it.effect("of a wrong kind is told with Vertex AI's package", () =>
    Effect.gen(function*() {
      const { body } = yield* post(`${model()}:generateContent`, config({ thinkingConfig: { thinkingLevel: "A_LOT" } }))
      assert.include(
        body.error.message,
        "(type.googleapis.com/google.cloud.aiplatform.v1beta1.ThinkingConfig.ThinkingLevel), \"A_LOT\""
      )
    }).pipe(memory()))

  it.effect("decides what else is taken: tools of both kinds need no word, and calls may stay unanswered", () =>
    Effect.gen(function*() {
      const mixed = tool({ googleSearch: {}, functionDeclarations: [{ name: "look_up" }] })
      assert.strictEqual((yield* post(`${model()}:generateContent`, mixed)).status, 200)
      assert.strictEqual((yield* atGemini("generateContent", mixed)).status, 400)
      const call = (thoughtSignature?: string) => ({
        contents: [
          content,
          { role: "model", parts: [{ functionCall: { name: "look_up", args: {} }, thoughtSignature }] },
          content
        ]
      })
      assert.strictEqual((yield* post(`${model()}:generateContent`, call("AAAA"))).status, 200)
      assert.strictEqual((yield* atGemini("generateContent", call("AAAA"))).status, 400)
      const unsigned = yield* post(`${model()}:generateContent`, {
        contents: [
          ...call().contents.slice(0, 2),
          { role: "user", parts: [{ functionResponse: { name: "look_up", response: {} } }] }
        ]
      })
      assert.match(
        unsigned.body.error.message,
        /^Unable to submit request because function call .* in the 2\. content block/
      )
    }).pipe(memory()))
})
