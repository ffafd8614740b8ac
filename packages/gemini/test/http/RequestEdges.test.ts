/** Requests at the bounds of what is sent: each number at its edge, each field that one API lacks, and each path. */
import { assert, describe, it } from "@effect/vitest"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Differences from "../../src/internal/http/apiDifferences.ts"
import * as RequestCheck from "../../src/internal/http/requestCheck.ts"

const contents = [{ role: "user", parts: [{ text: "Hi" }] }]
const model = Result.getOrThrow(ModelId.parse("gemini-3.8-flash"))
const generate = (more: object) => RequestCheck.generateContent({ contents, ...more })
const config = (generationConfig: object) => generate({ generationConfig })
const fieldsOf = (found: ReadonlyArray<RequestCheck.Violation>) => found.map(({ field }) => field)

describe("a number", () => {
  const rows: ReadonlyArray<readonly [string, object, boolean]> = [
    ["temperature", { temperature: 0 }, true],
    ["temperature", { temperature: 2 }, true],
    ["temperature", { temperature: -0.01 }, false],
    ["temperature", { temperature: 2.01 }, false],
    ["temperature", { temperature: null }, true],
    ["logprobs", { logprobs: 0 }, true],
    ["logprobs", { logprobs: 20 }, true],
    ["logprobs", { logprobs: -1 }, false],
    ["logprobs", { logprobs: 21 }, false],
    ["stopSequences", { stopSequences: Array.from({ length: 5 }, String) }, true],
    ["stopSequences", { stopSequences: Array.from({ length: 6 }, String) }, false],
    ["stopSequences", { stopSequences: [] }, true]
  ]
  for (const [field, given, isTaken] of rows) {
    it(`is ${isTaken ? "sent" : "refused"}: ${JSON.stringify(given)}`, () => {
      assert.deepStrictEqual(fieldsOf(config(given)), isTaken ? [] : [`generationConfig.${field}`])
    })
  }
  it("of frames a second is above 0 and at most 24", () => {
    for (const [fps, isTaken] of [[0, false], [0.01, true], [24, true], [24.01, false], [null, true]] as const) {
      const parts = [{ fileData: { fileUri: "files/a" }, videoMetadata: { fps } }]
      const found = fieldsOf(generate({ contents: [{ role: "user", parts }] }))
      assert.deepStrictEqual(found, isTaken ? [] : ["contents[0].parts[0].videoMetadata.fps"])
    }
  })
  it("is told with its bounds", () => {
    assert.deepStrictEqual(config({ temperature: 3 }), [{
      field: "generationConfig.temperature",
      description: "is from 0 to 2, not 3"
    }])
    assert.deepStrictEqual(config({ stopSequences: Array.from({ length: 7 }, String) }), [{
      field: "generationConfig.stopSequences",
      description: "at most 5, not 7"
    }])
  })
})

describe("a turn", () => {
  const turn = (content: object) => fieldsOf(generate({ contents: [...contents, content] }))
  it("has a role of three, or none, and text that says something unless it is signed", () => {
    const parts = [{ text: "Hi" }]
    for (const role of ["user", "function", "", null, undefined]) {
      assert.deepStrictEqual(turn({ ...(role === undefined ? {} : { role }), parts }), [], String(role))
    }
    assert.deepStrictEqual(turn({ role: "system", parts }), ["contents[1].role"])
    assert.deepStrictEqual(turn({ role: "user", parts: [{ text: "" }] }), ["contents[1].parts[0].text"])
    assert.deepStrictEqual(turn({ role: "user", parts: [{ text: "", thoughtSignature: "c2ln" }] }), [])
    assert.deepStrictEqual(turn({ role: "user", parts: null }), ["contents[1].parts"])
  })
  it("of the model is an echo, and passes whatever it holds", () => {
    for (const parts of [[], [{}], [{ text: "" }], [{ text: "a", fileData: { fileUri: "files/a" } }]]) {
      assert.deepStrictEqual(turn({ role: "model", parts }), [])
    }
  })
  it("has one kind of data in each part, which its modifiers may go with", () => {
    const data = { fileData: { fileUri: "files/a" } }
    assert.deepStrictEqual(turn({ role: "user", parts: [{ ...data, thought: true, text: null }] }), [])
    assert.deepStrictEqual(turn({ role: "user", parts: [{ text: "a" }, { ...data, text: "a" }] }), [
      "contents[1].parts[1]"
    ])
    assert.deepStrictEqual(turn({ role: "user", parts: [{ text: "a", somethingNew: {} }] }), [])
    assert.deepStrictEqual(turn({ role: "user", parts: [{ somethingNew: {} }] }), [])
  })
})

describe("settings that go together", () => {
  it("are refused for the second of each two, and null is none", () => {
    const schemas = { responseSchema: {}, responseJsonSchema: {}, _responseJsonSchema: {} }
    assert.deepStrictEqual(config(schemas), [
      { field: "generationConfig.responseJsonSchema", description: "cannot be sent beside responseSchema" },
      { field: "generationConfig._responseJsonSchema", description: "cannot be sent beside responseSchema" },
      { field: "generationConfig._responseJsonSchema", description: "cannot be sent beside responseJsonSchema" }
    ])
    assert.deepStrictEqual(config({ responseSchema: null, responseJsonSchema: {} }), [])
    assert.deepStrictEqual(generate({ cachedContent: null, tools: [] }), [])
    assert.deepStrictEqual(generate({ tools: [], toolConfig: {} }), [])
    assert.deepStrictEqual(config({ thinkingConfig: { thinkingLevel: "LOW" }, speechConfig: { voiceConfig: {} } }), [])
    assert.deepStrictEqual(config({ thinkingConfig: null, speechConfig: null }), [])
  })
  it("allow names where the mode is one of those that take them", () => {
    const calling = (functionCallingConfig: object) => fieldsOf(generate({ toolConfig: { functionCallingConfig } }))
    const allowedFunctionNames = ["f"]
    const field = "toolConfig.functionCallingConfig.allowedFunctionNames"
    for (const mode of ["ANY", "VALIDATED"]) assert.deepStrictEqual(calling({ mode, allowedFunctionNames }), [])
    for (const mode of ["AUTO", "NONE", undefined]) {
      assert.deepStrictEqual(calling({ ...(mode === undefined ? {} : { mode }), allowedFunctionNames }), [field])
    }
    assert.deepStrictEqual(calling({ mode: "AUTO", allowedFunctionNames: [] }), [])
    assert.deepStrictEqual(calling({}), [])
  })
  it("name functions of 1 to 128 characters, and ranges with both ends or none", () => {
    const named = (name: string) => fieldsOf(generate({ tools: [{ functionDeclarations: [{ name }] }] }))
    for (const name of ["a", "aZ09_:.-", "x".repeat(128)]) assert.deepStrictEqual(named(name), [])
    for (const name of ["", "x".repeat(129), "ä"]) assert.lengthOf(named(name), 1)
    const range = (timeRangeFilter: object | null) =>
      fieldsOf(generate({ tools: [{ googleSearch: { timeRangeFilter } }] }))
    const [startTime, endTime] = ["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]
    for (const given of [null, {}, { startTime, endTime }]) assert.deepStrictEqual(range(given), [])
    for (const given of [{ startTime }, { endTime }, { startTime: null, endTime }]) assert.lengthOf(range(given), 1)
  })
  it("set each category once", () => {
    const [one, two] = ["HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH"]
    const set = (...categories: ReadonlyArray<string | undefined>) =>
      generate({ safetySettings: categories.map((category) => ({ category, threshold: "OFF" })) })
    assert.deepStrictEqual(set(one, two), [])
    assert.deepStrictEqual(set(one, two, one), [{
      field: "safetySettings[2].category",
      description: `${one} is set twice`
    }])
  })
})

describe("entries of a batch of vectors", () => {
  const content = { parts: [{ text: "Hi" }] }
  const check = (...requests: ReadonlyArray<object>) =>
    fieldsOf(RequestCheck.batchEmbedContents(model)({ requests: requests.map((entry) => ({ content, ...entry })) }))
  it("are of the model of the call, by its name or its resource, and get it where they name none", () => {
    assert.deepStrictEqual(check({}, { model }, { model: `models/${model}` }), [])
    assert.deepStrictEqual(check({}, { model: "gemini-embedding-2" }), ["requests[1].model"])
    assert.deepStrictEqual(check({ content: {} }), ["requests[0].content.parts"])
    const given = { requests: [{ content }, { content, model: "own" }] }
    assert.deepStrictEqual(RequestCheck.withModels("models/x", given), {
      requests: [{ content, model: "models/x" }, { content, model: "own" }]
    })
  })
})

describe("a field that the Gemini API does not have", () => {
  const lacked = (body: unknown, method = "generateContent", asked = "gemini-3.8-flash") =>
    Differences.lackedByGemini({ body, method, model: asked })
  const rows: ReadonlyArray<readonly [object, string]> = [
    [{ modelArmorConfig: {} }, "modelArmorConfig"],
    [
      { contents: [{ parts: [{}, { functionCall: { willContinue: true } }] }] },
      "contents[0].parts[1].functionCall.willContinue"
    ],
    [
      { contents: [{}, { parts: [{ functionCall: { partialArgs: [] } }] }] },
      "contents[1].parts[0].functionCall.partialArgs"
    ],
    [{ generationConfig: { imageConfig: { prominentPeople: "x" } } }, "generationConfig.imageConfig.prominentPeople"],
    [{ safetySettings: [{}, { method: "SEVERITY" }] }, "safetySettings[1].method"],
    [{ tools: [{}, { googleSearch: { excludeDomains: [] } }] }, "tools[1].googleSearch.excludeDomains"],
    [{ tools: [{ googleMaps: { authConfig: { oauthConfig: {} } } }] }, "tools[0].googleMaps.authConfig.oauthConfig"],
    [{ sessionResumption: { transparent: false } }, "sessionResumption.transparent"],
    [{ generateContentRequest: { modelArmorConfig: {} } }, "generateContentRequest.modelArmorConfig"],
    [
      { batch: { inputConfig: { requests: { requests: [{}, { request: { modelArmorConfig: {} } }] } } } },
      "batch.inputConfig.requests.requests[1].request.modelArmorConfig"
    ]
  ]
  for (const [body, field] of rows) {
    it(`is named by its place: ${field}`, () => {
      const found = lacked(body)
      assert.strictEqual(found?.capability, `${field} on the Gemini API`)
      assert.match(found?.description ?? "", /is not supported on the Gemini API: ask Vertex AI, or /)
    })
  }
  it("is none where it is null, is the name of something else, or stands in what is no object", () => {
    for (
      const body of [
        undefined,
        null,
        "modelArmorConfig",
        5,
        {},
        { modelArmorConfig: null, outputConfig: undefined },
        Object.create({ modelArmorConfig: {} }),
        { contents: "modelArmorConfig", tools: [null, "x"] },
        { contents: [{ parts: [{ text: "modelArmorConfig" }] }], tools: [{ googleSearch: {} }] },
        { generateContentRequest: null, batch: { inputConfig: null } }
      ]
    ) assert.isUndefined(lacked(body), JSON.stringify(body))
  })
  it("may be a method or a kind of model", () => {
    assert.deepInclude(lacked({}, "computeTokens"), {
      capability: "computeTokens on the Gemini API",
      description: "computeTokens is on Vertex AI alone: ask it there (effect-gemini/Vertex)"
    })
    for (const name of ["projects/p/x", "publishers/google/models/x", "endpoints/5"]) {
      assert.strictEqual(lacked({}, "generateContent", name)?.capability, `the model ${name} on the Gemini API`)
    }
    assert.isUndefined(lacked({}, "generateContent", "my/projects/x"))
  })
  it("is told of a session's setup in the same words", () => {
    assert.deepStrictEqual(Differences.setupProblems({ model: "x" }), [])
    assert.deepStrictEqual(Differences.setupProblems({ explicitVadSignal: true }), [{
      field: "setup.explicitVadSignal",
      description: "is not supported on the Gemini API: ask Vertex AI, or leave it out"
    }])
    assert.deepStrictEqual(
      Differences.find(Differences.geminiOnly, [{}, { store: true }], "requests"),
      { field: "requests[1].store", instead: "leave it out" }
    )
  })
})

describe("the methods of GeminiHttp", () => {
  /** A service over a client that answers so, and the requests that it got. */
  const make = Effect.fnUntraced(function*(...answers: ReadonlyArray<object>) {
    const sent: Array<readonly [method: string, path: string, body: unknown]> = []
    const left = [...answers]
    const client = HttpClient.make((request, url) => {
      const bytes = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "null"
      sent.push([request.method, url.pathname + url.search, JSON.parse(bytes)])
      return Effect.succeed(HttpClientResponse.fromWeb(request, Response.json(left.shift() ?? {})))
    })
    const http = yield* GeminiHttp.make({ apiKey: Redacted.make("k"), baseUrl: "http://a.test" }).pipe(
      Effect.provideService(HttpClient.HttpClient, client)
    )
    return { http, sent }
  })
  const failed = (error: GeminiError) =>
    error.reason._tag === "InvalidRequest"
      ? [error.method, error.reason.fields[0]?.field]
      : [error.method, error.reason]

  it.effect("list models by the page and the size that are asked, to the last page", () =>
    Effect.gen(function*() {
      const pages = [{ models: [{ name: "models/a" }], nextPageToken: "t" }, { nextPageToken: "u" }, {
        models: [{ name: "models/b" }],
        nextPageToken: ""
      }]
      const all = yield* make(...pages)
      assert.deepStrictEqual((yield* Stream.runCollect(all.http.listModels())).map(({ name }) => name), [
        "models/a",
        "models/b"
      ])
      assert.deepStrictEqual(all.sent, [
        ["GET", "/v1beta/models", null],
        ["GET", "/v1beta/models?pageToken=t", null],
        ["GET", "/v1beta/models?pageToken=u", null]
      ])
      const sized = yield* make({ nextPageToken: "t" }, {})
      yield* Stream.runDrain(sized.http.listModels({ pageSize: 2, pageToken: "s" }))
      assert.deepStrictEqual(sized.sent.map(([, path]) => path), [
        "/v1beta/models?pageSize=2&pageToken=s",
        "/v1beta/models?pageSize=2&pageToken=t"
      ])
      const endless = yield* make({ nextPageToken: "t" }, { nextPageToken: "t" })
      const error = yield* Effect.flip(Stream.runDrain(endless.http.listModels()))
      assert.deepStrictEqual(
        error.reason._tag === "InvalidResponse" ? [error.method, error.reason.path] : error.reason,
        ["listModels", "nextPageToken"]
      )
      assert.lengthOf(endless.sent, 2)
    }))

  it.effect("send each its own path and body, with the name of the model in the path", () =>
    Effect.gen(function*() {
      const { http, sent } = yield* make({}, {}, {}, { embedding: { values: [] } }, { embeddings: [] }, {
        name: "models/x"
      })
      const content = { parts: [{ text: "Hi" }] }
      yield* http.generateContent({ model: `models/${model}`, contents: "Hi" })
      yield* Effect.ignore(Stream.runDrain(http.generateContentStream({ model, contents: "Hi" })))
      yield* Effect.ignore(http.countTokens({ model, generateContentRequest: { model, contents } }))
      yield* http.embedContent({ model, content })
      yield* Effect.ignore(http.batchEmbedContents({ model, requests: [{ content }] }))
      yield* http.getModel({ model })
      const at = `/v1beta/models/${model}`
      assert.deepStrictEqual(sent, [
        ["POST", `${at}:generateContent`, { contents }],
        ["POST", `${at}:streamGenerateContent?alt=sse`, { contents }],
        ["POST", `${at}:countTokens`, { generateContentRequest: { model: `models/${model}`, contents } }],
        ["POST", `${at}:embedContent`, { content }],
        ["POST", `${at}:batchEmbedContents`, { requests: [{ content, model: `models/${model}` }] }],
        ["GET", at, null]
      ])
    }))

  it.effect("send nothing for a name of no model or an option that cannot be meant, and say which", () =>
    Effect.gen(function*() {
      const { http, sent } = yield* make()
      const request = { model: "no name!", contents: "Hi" }
      const wrong = { timeouts: { attempt: -1 } }
      const content = { parts: [{ text: "Hi" }] }
      const calls: ReadonlyArray<
        readonly [string, (name: string, options?: typeof wrong) => Effect.Effect<unknown, GeminiError>]
      > = [
        ["generateContent", (model, options) => http.generateContent({ ...request, model }, options)],
        [
          "generateContentStream",
          (model, options) => Stream.runDrain(http.generateContentStream({ ...request, model }, options))
        ],
        ["countTokens", (model, options) => http.countTokens({ ...request, model }, options)],
        ["embedContent", (model, options) => http.embedContent({ model, content }, options)],
        [
          "batchEmbedContents",
          (model, options) => http.batchEmbedContents({ model, requests: [{ content }] }, options)
        ],
        ["getModel", (model, options) => http.getModel({ model }, options)]
      ]
      for (const [method, call] of calls) {
        assert.deepStrictEqual(failed(yield* Effect.flip(call("no name!"))), [method, "model"])
        assert.deepStrictEqual(failed(yield* Effect.flip(call(model, wrong))), [method, "timeouts.attempt"])
      }
      const listed = Stream.runDrain(http.listModels(undefined, wrong))
      assert.deepStrictEqual(failed(yield* Effect.flip(listed)), ["listModels", "timeouts.attempt"])
      assert.deepStrictEqual(sent, [])
    }))
})
