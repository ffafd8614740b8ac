import { assert, describe, it } from "@effect/vitest"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Content from "effect-gemini/wire/Content"
import type { GenerateContentRequest } from "effect-gemini/wire/GenerateContent"
import * as Part from "effect-gemini/wire/Part"
import * as Tool from "effect-gemini/wire/Tool"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync } from "node:fs"
import * as RequestCheck from "../../src/internal/http/requestCheck.ts"

const contents = [Content.user("Hello")]
const model = Result.getOrThrow(ModelId.parse("gemini-3.8-flash"))
const embedding = Result.getOrThrow(ModelId.parse("gemini-embedding-2"))
const paths = (violations: ReadonlyArray<RequestCheck.Violation>) => violations.map((violation) => violation.field)

// A program in plain JavaScript has no types to hold it back.
const untyped = (request: object): GenerateContentRequest => Object.assign({ contents }, request)

describe("what the server refuses is refused before anything leaves, with the path", () => {
  const declaration = { name: "f" }
  const cases: ReadonlyArray<readonly [string, GenerateContentRequest, ReadonlyArray<string>]> = [
    ["no contents", { contents: [] }, ["contents"]],
    ["a turn without parts", { contents: [Content.user([])] }, ["contents[0].parts"]],
    ["an empty part", { contents: [...contents, Content.user([{}])] }, ["contents[1].parts[0]"]],
    [
      "a part that is only modifiers",
      { contents: [Content.user([{ thought: true, thoughtSignature: "c2ln" }])] },
      ["contents[0].parts[0]"]
    ],
    [
      "a part with two data fields",
      { contents: [Content.user([{ ...Part.text("a"), ...Part.file("files/a") }])] },
      ["contents[0].parts[0]"]
    ],
    ["an unknown role", { contents: [{ role: "assistant", parts: [Part.text("a")] }] }, ["contents[0].role"]],
    ["a text of another type", untyped({ contents: [{ parts: [{ text: 5 }] }] }), ["contents[0].parts[0].text"]],
    ["contents of another type", untyped({ contents: "Hello" }), ["contents"]],
    [
      "an fps of 0",
      { contents: [Content.user([{ ...Part.file("files/a"), videoMetadata: { fps: 0 } }])] },
      ["contents[0].parts[0].videoMetadata.fps"]
    ],
    [
      "both kinds of response schema",
      { contents, generationConfig: { responseSchema: { type: "STRING" }, responseJsonSchema: {} } },
      ["generationConfig.responseJsonSchema"]
    ],
    [
      "JSON Schema among alternatives",
      untyped({ generationConfig: { responseSchema: { anyOf: [{ type: "STRING" }, { oneOf: [] }], items: null } } }),
      ["generationConfig.responseSchema.anyOf[1].oneOf"]
    ],
    [
      "JSON Schema in the OpenAPI subset",
      untyped({ generationConfig: { responseSchema: { properties: { a: { items: { $ref: "#" } } } } } }),
      ["generationConfig.responseSchema.properties.a.items.$ref"]
    ],
    [
      "both kinds of parameters",
      { contents, tools: [Tool.functions([{ ...declaration, parameters: {}, parametersJsonSchema: {} }])] },
      ["tools[0].functionDeclarations[0].parametersJsonSchema"]
    ],
    [
      "both kinds of response",
      { contents, tools: [Tool.functions([{ ...declaration, response: {}, responseJsonSchema: {} }])] },
      ["tools[0].functionDeclarations[0].responseJsonSchema"]
    ],
    [
      "function names outside the alphabet or too long",
      { contents, tools: [Tool.functions([{ name: "a b" }, { name: "" }, { name: "x".repeat(129) }])] },
      [0, 1, 2].map((index) => `tools[0].functionDeclarations[${index}].name`)
    ],
    [
      "thinking by level and by budget",
      { contents, generationConfig: { thinkingConfig: { thinkingLevel: "LOW", thinkingBudget: 5 } } },
      ["generationConfig.thinkingConfig.thinkingBudget"]
    ],
    [
      "one voice and several",
      { contents, generationConfig: { speechConfig: { voiceConfig: {}, multiSpeakerVoiceConfig: {} } } },
      ["generationConfig.speechConfig.multiSpeakerVoiceConfig"]
    ],
    [
      "what a cache holds already",
      { contents, cachedContent: "cachedContents/a", systemInstruction: Content.user("x"), tools: [], toolConfig: {} },
      ["systemInstruction", "tools", "toolConfig"]
    ],
    [
      "a system instruction that is not text",
      { contents, systemInstruction: Content.user([Part.image(new Uint8Array([1]))]) },
      ["systemInstruction.parts[0].inlineData"]
    ],
    [
      "six stop sequences",
      { contents, generationConfig: { stopSequences: ["1", "2", "3", "4", "5", "6"] } },
      ["generationConfig.stopSequences"]
    ],
    [
      "numbers out of range",
      { contents, generationConfig: { temperature: 2.1, logprobs: 21 } },
      ["generationConfig.temperature", "generationConfig.logprobs"]
    ],
    [
      "a category set twice",
      {
        contents,
        safetySettings: ["OFF", "BLOCK_NONE"].map((threshold) => ({ category: "HARM_CATEGORY_HARASSMENT", threshold }))
      },
      ["safetySettings[1].category"]
    ],
    [
      "allowed names in mode AUTO",
      { contents, toolConfig: { functionCallingConfig: { allowedFunctionNames: ["f"] } } },
      ["toolConfig.functionCallingConfig.allowedFunctionNames"]
    ],
    [
      "half a time range",
      { contents, tools: [{ googleSearch: { timeRangeFilter: { startTime: "2026-01-01T00:00:00Z" } } }] },
      ["tools[0].googleSearch.timeRangeFilter"]
    ]
  ]
  it.each(cases)("%s", (_, request, expected) => {
    assert.deepStrictEqual(paths(RequestCheck.generateContent(request)), expected)
  })

  it("countTokens: neither, both, or a whole request of no model", () => {
    assert.deepStrictEqual(paths(RequestCheck.countTokens({})), ["contents"])
    const whole = { model: "models/gemini-3.8-flash", contents }
    assert.deepStrictEqual(paths(RequestCheck.countTokens({ contents, generateContentRequest: whole })), [
      "generateContentRequest"
    ])
    assert.deepStrictEqual(
      paths(RequestCheck.countTokens({ generateContentRequest: { model: "a/b", contents: [] } })),
      [
        "generateContentRequest.model",
        "generateContentRequest.contents"
      ]
    )
    assert.deepStrictEqual(RequestCheck.countTokens({ generateContentRequest: whole }), [])
  })

  it("embeddings: an empty content, no entries, an entry for another model", () => {
    assert.deepStrictEqual(paths(RequestCheck.embedContent({ content: {} })), ["content.parts"])
    const check = RequestCheck.batchEmbedContents(embedding)
    assert.deepStrictEqual(paths(check({ requests: [] })), ["requests"])
    const content = Content.user("x")
    assert.deepStrictEqual(paths(check({ requests: [{ content }, { model, content }, { content: {} }] })), [
      "requests[1].model",
      "requests[2].content.parts"
    ])
    assert.deepStrictEqual(check({ requests: [{ model: "models/gemini-embedding-2", content }] }), [])
  })
})

describe("a refused request", () => {
  const methods: ReadonlyArray<
    readonly [string, (http: GeminiHttp.Service) => Effect.Effect<unknown, GeminiError>, string]
  > = [
    ["generateContent", (http) => http.generateContent({ model: "m", contents: [] }), "contents"],
    [
      "generateContentStream",
      (http) => Stream.runDrain(http.generateContentStream({ model: "m", contents: [] })),
      "contents"
    ],
    ["countTokens", (http) => http.countTokens({ model: "m" }), "contents"],
    ["embedContent", (http) => http.embedContent({ model: "m", content: {} }), "content.parts"],
    ["batchEmbedContents", (http) => http.batchEmbedContents({ model: "m", requests: [] }), "requests"],
    ["of a name that is not a model's", (http) => http.generateContent({ model: "a/b", contents }), "model"],
    ["of no model at all", (http) => http.getModel({ model: "" }), "model"]
  ]

  it.effect.each(methods)("never leaves: %s", ([, call, field]) =>
    Effect.gen(function*() {
      const http = yield* GeminiHttp.make({ apiKey: Redacted.make("key") }).pipe(
        Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.die("a request was sent")))
      )
      const { reason } = yield* Effect.flip(call(http))
      assert.strictEqual(reason._tag === "InvalidRequest" ? reason.fields[0]?.field : reason._tag, field)
    }))
})

describe("contents in any form", () => {
  it.effect("go out as the wire has them, and the counted request's model too", () =>
    Effect.gen(function*() {
      const bodies: Array<unknown> = []
      const client = HttpClient.make((request) =>
        Effect.sync(() => {
          if (request.body._tag === "Uint8Array") bodies.push(JSON.parse(new TextDecoder().decode(request.body.body)))
          return HttpClientResponse.fromWeb(request, Response.json({}))
        })
      )
      const http = yield* GeminiHttp.make({ apiKey: Redacted.make("key") }).pipe(
        Effect.provideService(HttpClient.HttpClient, client)
      )
      yield* http.generateContent({ model: "m", contents: "Hello" })
      yield* http.countTokens({ model: "m", contents: [Part.text("Hello")] })
      yield* http.countTokens({ model: "m", generateContentRequest: { model: "m", contents } })
      assert.deepStrictEqual(bodies, [
        { contents },
        { contents },
        { generateContentRequest: { model: "models/m", contents } }
      ])
    }))
})

describe("what is unusual but possible goes out", () => {
  const cases: ReadonlyArray<readonly [string, GenerateContentRequest]> = [
    ["a content without a role", { contents: [{ parts: [Part.text("a")] }] }],
    ["an empty text of the model", { contents: [...contents, Content.model(""), ...contents] }],
    ["an echo without parts", { contents: [...contents, { role: "model" }, ...contents] }],
    ["an echo of an empty part", { contents: [...contents, { role: "model", parts: [{}] }] }],
    ["an echo with nulls", { contents: [{ role: null, parts: [{ text: "a", thought: null }] }] }],
    ["a part of a kind of tomorrow", untyped({ contents: [{ role: "user", parts: [{ hologram: {} }] }] })],
    ["fields of tomorrow", untyped({ aura: 1, generationConfig: { aura: 1 }, tools: [{ aura: {} }] })],
    ["nulls", untyped({ tools: null, systemInstruction: null, generationConfig: { temperature: null } })],
    ["a part of video settings alone", { contents: [Content.user([{ videoMetadata: { fps: 2 } }])] }],
    ["an empty config", { contents, generationConfig: {} }],
    ["enum values of tomorrow", {
      contents,
      serviceTier: "turbo",
      generationConfig: { responseModalities: ["SMELL"] }
    }],
    ["a speaker beside a text", { contents: [Content.user([{ text: "a", speechMetadata: { speaker: "A" } }])] }]
  ]
  it.each(cases)("%s", (_, request) => assert.deepStrictEqual(RequestCheck.generateContent(request), []))

  const folder = new URL("../../../../../shared/corpus/", import.meta.url)
  it.skipIf(!existsSync(folder))(
    "every recorded request that the server took (skipped where ../shared/corpus is not there)",
    () => {
      const index: ReadonlyArray<{ file: string; op: string; provenance: string; status: number }> = JSON.parse(
        readFileSync(new URL("index.json", folder), "utf8")
      )
      let checked = 0
      for (const { file, op, provenance, status } of index) {
        if (status !== 200 || provenance !== "recorded" || !op.endsWith("enerateContent") || op.startsWith("batch")) {
          continue
        }
        const { id, request } = JSON.parse(readFileSync(new URL(file, folder), "utf8"))
        if (!Array.isArray(request.body?.contents)) continue
        // The server also takes one object where a list belongs; our types do not offer that.
        const lists = JSON.parse(
          JSON.stringify(request.body),
          (key, value) => ["parts", "tools"].includes(key) && value !== null && !Array.isArray(value) ? [value] : value
        )
        checked++
        assert.deepStrictEqual(RequestCheck.generateContent(lists), [], id)
      }
      assert.isAbove(checked, 100)
    }
  )
})
