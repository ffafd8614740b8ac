/**
 * What a provider of effect/ai must do, point by point, over the emulator.
 *
 * The points of the Anthropic and OpenAI providers' tests (Effect monorepo, August 2026):
 *   request   the model of the request and a model nobody knows; system messages; texts; files by
 *             URL, by bytes, as PDF; assistant text, reasoning, tool calls; tool results
 *   tools     user-defined and dynamic tools; tools without parameters; choice auto, none,
 *             required, one, one of; the provider's own tools
 *   output    text by default; JSON with a schema
 *   answer    text, several texts; calls and their parameters, reasoning, usage, finish reasons
 *             (stop, length, calls, filtered), sources
 *   stream    the same usage; parameters as valid JSON
 *   settings  overrides merge and win; library settings stay out of the body
 *   errors    400, 401, 403, 429, quota, 5xx, network, undecodable; the key is in none of them
 *   embedding dimensions, order, settings, a wrong number of vectors
 * And of Gemini alone: signatures, results that are not objects, images in results, order of
 * parallel results, blocked prompts, names, grounding.
 */
import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "effect-gemini-ai/AgentLoop"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as GeminiTokenizer from "effect-gemini-ai/GeminiTokenizer"
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as AiError from "effect/ai/AiError"
import * as Chat from "effect/ai/Chat"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import * as Prompt from "effect/ai/Prompt"
import * as Tokenizer from "effect/ai/Tokenizer"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const model = "gemini-3.8-flash"
const key = "secret-key-of-the-test"

const client = (emulator: Emulator.Options = {}) =>
  GeminiClient.layer({ apiKey: Redacted.make(key), tier: "tier3", retry: { attempts: 1 } }).pipe(
    Layer.provideMerge(Emulator.layerHttpClient({ strictSignatures: true, ...emulator }))
  )

const services = (config: GeminiLanguageModel.Config.Settings = {}, emulator: Emulator.Options = {}) =>
  GeminiLanguageModel.layer({ model, config }).pipe(Layer.provideMerge(client(emulator)))

type Json = Readonly<Record<string, unknown>>
const record = (value: unknown): Json =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {}

/** The body of the last request. */
const sent = Effect.flatMap(
  Emulator.Emulator,
  ({ requests }) => Effect.map(requests, (entries) => record(entries.at(-1)?.body))
)

const answer = (parts: ReadonlyArray<Json>, more: Json = {}) => ({
  response: {
    candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0, ...more }],
    usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 3, thoughtsTokenCount: 2, totalTokenCount: 12 },
    modelVersion: model,
    responseId: "response-1"
  }
})

const script = (...answers: ReadonlyArray<ReturnType<typeof answer>>) =>
  Effect.flatMap(Emulator.Emulator, ({ enqueue }) => enqueue(...answers))

const Weather = Tool.make("weather", {
  description: "The weather of a city",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Finite
})
const Now = Tool.make("now", { description: "The time", success: Schema.String })
const toolkit = Toolkit.make(Weather, Now)
const handlers = toolkit.toLayer({
  weather: ({ city }) => Effect.succeed(city.length),
  now: () => Effect.succeed("noon")
})

const call = (name: string, args: Json, signature?: string) => ({
  functionCall: { name, args },
  ...(signature === undefined ? {} : { thoughtSignature: signature })
})

describe("request", () => {
  it.effect("goes to the model, also one that nobody knows", () =>
    Effect.gen(function*() {
      yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
        GeminiLanguageModel.withConfigOverride({ model: "gemini-3.1-pro-preview" })
      )
      const { requests } = yield* Emulator.Emulator
      assert.strictEqual((yield* requests)[0]?.model, "gemini-3.1-pro-preview")
      const error = yield* Effect.flip(
        LanguageModel.generateText({ prompt: "hi" }).pipe(
          GeminiLanguageModel.withConfigOverride({ model: "gemini-of-tomorrow" })
        )
      )
      assert.strictEqual(error.reason._tag, "InvalidRequestError")
    }).pipe(Effect.provide(services())))

  it.effect("says system, text, files and history in Gemini's words", () =>
    Effect.gen(function*() {
      yield* LanguageModel.generateText({
        prompt: [
          { role: "system", content: "be brief" },
          {
            role: "user",
            content: [
              { type: "text", text: "look" },
              { type: "file", mediaType: "image/png", data: new Uint8Array([1, 2, 3]) },
              { type: "file", mediaType: "image/*", data: "AQID" },
              { type: "file", mediaType: "application/pdf", data: new URL("https://example.com/a.pdf") },
              { type: "file", mediaType: "video/mp4", data: "https://generativelanguage.googleapis.com/v1beta/files/f" }
            ]
          },
          { role: "assistant", content: [{ type: "reasoning", text: "hm" }, { type: "text", text: "I see" }] },
          { role: "user", content: "and now?" }
        ]
      })
      const { contents, systemInstruction } = yield* sent
      assert.deepStrictEqual(systemInstruction, { parts: [{ text: "be brief" }] })
      assert.deepStrictEqual(contents, [
        {
          role: "user",
          parts: [
            { text: "look" },
            { inlineData: { mimeType: "image/png", data: "AQID" } },
            { inlineData: { mimeType: "image/jpeg", data: "AQID" } },
            { fileData: { mimeType: "application/pdf", fileUri: "https://example.com/a.pdf" } },
            {
              fileData: {
                mimeType: "video/mp4",
                fileUri: "https://generativelanguage.googleapis.com/v1beta/files/f"
              }
            }
          ]
        },
        { role: "model", parts: [{ text: "hm", thought: true }, { text: "I see" }] },
        { role: "user", parts: [{ text: "and now?" }] }
      ])
    }).pipe(Effect.provide(services())))

  it.effect("has every setting where Gemini looks for it, overrides first, and nothing of the library's", () =>
    Effect.gen(function*() {
      yield* LanguageModel.generateText({ prompt: "hi" }).pipe(
        GeminiLanguageModel.withConfigOverride({ temperature: 1, topK: 3 })
      )
      assert.deepStrictEqual((yield* sent)["generationConfig"], {
        temperature: 1,
        maxOutputTokens: 99,
        thinkingConfig: { thinkingLevel: "LOW", includeThoughts: true },
        topK: 3
      })
      assert.deepStrictEqual(Object.keys(yield* sent).sort(), ["contents", "generationConfig", "safetySettings"])
    }).pipe(Effect.provide(services({
      temperature: 0,
      maxOutputTokens: 99,
      thinkingConfig: { thinkingLevel: "LOW", includeThoughts: true },
      safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
      unsignedCalls: "refuse",
      schemaDialect: "json",
      call: { priority: "batch" }
    }))))
})

describe("tools", () => {
  it.effect("are declared with their schema, and without one where there are no parameters", () =>
    Effect.gen(function*() {
      yield* script(answer([{ text: "fine" }]))
      const dynamic = Tool.dynamic("search", { parameters: { type: "object", properties: { q: { type: "string" } } } })
      const all = Toolkit.make(Weather, Now, dynamic)
      const handled = yield* all.pipe(Effect.provide(all.toLayer({
        weather: () => Effect.succeed(1),
        now: () => Effect.succeed(""),
        search: () => Effect.succeed("")
      })))
      yield* LanguageModel.generateText({ prompt: "hi", toolkit: handled })
      assert.deepStrictEqual((yield* sent)["tools"], [{
        functionDeclarations: [
          {
            name: "weather",
            description: "The weather of a city",
            parametersJsonSchema: {
              type: "object",
              properties: { city: { type: "string" } },
              required: ["city"],
              additionalProperties: false
            }
          },
          { name: "now", description: "The time" },
          { name: "search", parametersJsonSchema: { type: "object", properties: { q: { type: "string" } } } }
        ]
      }])
    }).pipe(Effect.provide(services())))

  const choices = [
    ["auto", undefined],
    ["none", { mode: "NONE" }],
    ["required", { mode: "ANY" }],
    [{ tool: "weather" }, { mode: "ANY", allowedFunctionNames: ["weather"] }],
    [{ mode: "required", oneOf: ["now"] }, { mode: "ANY", allowedFunctionNames: ["now"] }]
  ] as const
  for (const [toolChoice, expected] of choices) {
    it.effect(`choice ${JSON.stringify(toolChoice)}`, () =>
      Effect.gen(function*() {
        yield* script(answer([{ text: "fine" }]))
        yield* LanguageModel.generateText({ prompt: "hi", toolkit, toolChoice })
        assert.deepStrictEqual(record((yield* sent)["toolConfig"])["functionCallingConfig"], expected)
      }).pipe(Effect.provide([services(), handlers])))
  }

  it.effect("of Gemini's own go beside functions, several of them", () =>
    Effect.gen(function*() {
      const all = Toolkit.make(
        Weather,
        GeminiTool.GoogleSearch({}),
        GeminiTool.UrlContext({}),
        GeminiTool.CodeExecution({}),
        GeminiTool.McpServers({ servers: [{ name: "a" }, { name: "b" }] })
      )
      yield* script(answer([{ text: "fine" }]))
      const handled = yield* all.pipe(Effect.provide(all.toLayer({ weather: () => Effect.succeed(1) })))
      yield* LanguageModel.generateText({ prompt: "hi", toolkit: handled })
      const body = yield* sent
      assert.deepStrictEqual((body["tools"] as Array<Json>).slice(1), [
        { googleSearch: {} },
        { urlContext: {} },
        { codeExecution: {} },
        { mcpServers: [{ name: "a" }, { name: "b" }] }
      ])
      assert.deepStrictEqual(body["toolConfig"], { includeServerSideToolInvocations: true })
    }).pipe(Effect.provide(services())))

  it.effect("that a model does not combine are refused before the request, with what to do", () =>
    Effect.gen(function*() {
      const all = Toolkit.make(Weather, GeminiTool.GoogleSearch({}))
      const handled = yield* all.pipe(Effect.provide(all.toLayer({ weather: () => Effect.succeed(1) })))
      const old = GeminiLanguageModel.withConfigOverride({ model: "gemini-2.5-flash" })
      const mixed = yield* Effect.flip(old(LanguageModel.generateText({ prompt: "hi", toolkit: handled })))
      assert.include(mixed.message, "takes only one of function tools and Gemini's own tools")
      const schema = Schema.Struct({ a: Schema.String })
      const json = yield* Effect.flip(old(LanguageModel.generateObject({ prompt: "hi", toolkit, schema })))
      assert.include(json.message, "takes only one of function tools and JSON output")
      assert.lengthOf(yield* Effect.flatMap(Emulator.Emulator, ({ requests }) => requests), 0)
    }).pipe(Effect.provide([services(), handlers])))

  it.effect("results go back together, in the order of the calls, whatever they are", () =>
    Effect.gen(function*() {
      const call = (id: string, name: string) => ({ type: "tool-call" as const, id, name, params: {} })
      const result = (id: string, name: string, value: unknown, isFailure = false) => ({
        type: "tool-result" as const,
        id,
        name,
        result: value,
        isFailure
      })
      yield* LanguageModel.generateText({
        prompt: [
          { role: "user", content: "go" },
          { role: "assistant", content: ["a", "b", "c", "d", "e"].map((id) => call(id, `t_${id}`)) },
          { role: "tool", content: [result("c", "t_c", { x: 1 }), result("a", "t_a", 7), result("e", "t_e", null)] },
          { role: "tool", content: [result("b", "t_b", ["x"]), result("d", "t_d", "no", true)] },
          { role: "user", content: "and?" }
        ]
      })
      const { contents } = yield* sent
      assert.deepStrictEqual(record((contents as Array<Json>)[2])["parts"], [
        { functionResponse: { id: "a", name: "t_a", response: { output: 7 } } },
        { functionResponse: { id: "b", name: "t_b", response: { output: ["x"] } } },
        { functionResponse: { id: "c", name: "t_c", response: { x: 1 } } },
        { functionResponse: { id: "d", name: "t_d", response: { error: "no" } } },
        { functionResponse: { id: "e", name: "t_e", response: { output: null } } }
      ])
    }).pipe(Effect.provide(services())))

  it.effect("a result's image is a part of the response", () =>
    Effect.gen(function*() {
      yield* LanguageModel.generateText({
        prompt: [
          { role: "user", content: "go" },
          { role: "assistant", content: [{ type: "tool-call", id: "a", name: "shot", params: {} }] },
          {
            role: "tool",
            content: [{
              type: "tool-result",
              id: "a",
              name: "shot",
              isFailure: false,
              result: {},
              modelOutput: [
                { type: "text", text: "a picture" },
                { type: "file", mediaType: "image/png", data: "AQID" }
              ]
            }]
          },
          { role: "user", content: "and?" }
        ]
      })
      const { contents } = yield* sent
      assert.deepStrictEqual(record((contents as Array<Json>)[2])["parts"], [{
        functionResponse: {
          id: "a",
          name: "shot",
          response: { output: "a picture" },
          parts: [{ inlineData: { mimeType: "image/png", data: "AQID" } }]
        }
      }])
    }).pipe(Effect.provide(services())))

  it.effect("names that Gemini does not take are mapped there and back", () =>
    Effect.gen(function*() {
      const odd = Tool.make("files/read all", {
        parameters: Schema.Struct({ p: Schema.String }),
        success: Schema.String
      })
      const all = Toolkit.make(odd)
      const handled = yield* all.pipe(Effect.provide(all.toLayer({ "files/read all": ({ p }) => Effect.succeed(p) })))
      yield* script(answer([{ text: "fine" }]))
      yield* LanguageModel.generateText({ prompt: "hi", toolkit: handled })
      const declarations = ((yield* sent)["tools"] as Array<Json>).flatMap((tool) =>
        tool["functionDeclarations"] as Array<Json>
      )
      const name = String(declarations[0]?.["name"])
      assert.match(name, /^files_read_all_\w+$/)
      yield* script(answer([call(name, { p: "x" }, "c2ln")]))
      const response = yield* LanguageModel.generateText({ prompt: "hi", toolkit: handled })
      assert.deepStrictEqual(response.toolResults.map((result) => [result.name, result.result]), [[
        "files/read all",
        "x"
      ]])
    }).pipe(Effect.provide(services())))
})

describe("answer", () => {
  it.effect("has texts, thoughts, calls, usage and metadata", () =>
    Effect.gen(function*() {
      yield* script(answer([
        { text: "thinking", thought: true },
        { text: "one " },
        { text: "two", thoughtSignature: "c2ln" },
        call("weather", { city: "Rome" }, "c2lnMg=="),
        call("now", {})
      ], { safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "LOW" }], avgLogprobs: -0.5 }))
      const response = yield* LanguageModel.generateText({ prompt: "hi", toolkit })
      assert.strictEqual(response.text, "one two")
      assert.strictEqual(response.reasoningText, "thinking")
      assert.strictEqual(response.finishReason, "tool-calls")
      assert.deepStrictEqual(response.toolCalls.map(({ name, params }) => ({ name, params })), [
        { name: "weather", params: { city: "Rome" } },
        { name: "now", params: {} }
      ])
      assert.deepStrictEqual(response.toolResults.map(({ result }) => result), [4, "noon"])
      assert.deepInclude(response.usage, { outputTokens: { total: 5, text: 3, reasoning: 2 } })
      assert.strictEqual(response.usage.inputTokens.total, 7)
      const finish = response.content.find((part) => part.type === "finish")
      assert.strictEqual(finish?.metadata.google?.finishReason, "STOP")
      assert.strictEqual(finish?.metadata.google?.avgLogprobs, -0.5)
      assert.strictEqual(finish?.metadata.google?.safetyRatings?.[0]?.probability, "LOW")
      const metadata = response.content.find((part) => part.type === "response-metadata")
      assert.deepInclude(metadata, { id: "response-1", modelId: model })
    }).pipe(Effect.provide([services(), handlers])))

  it.effect("names its sources, each once", () =>
    Effect.gen(function*() {
      const web = (uri: string) => ({ web: { uri, title: "t" } })
      yield* script(answer([{ text: "it is so" }], {
        groundingMetadata: {
          groundingChunks: [web("https://a.example/"), web("https://a.example/"), web("https://b.example/")]
        }
      }))
      const { content } = yield* LanguageModel.generateText({ prompt: "hi" })
      const urls = content.flatMap((part) => part.type === "source" && part.sourceType === "url" ? [part.url.href] : [])
      assert.deepStrictEqual(urls, ["https://a.example/", "https://b.example/"])
    }).pipe(Effect.provide(services())))

  const reasons = [["MAX_TOKENS", "length"], ["SAFETY", "content-filter"], ["OTHER", "other"]] as const
  for (const [finishReason, reason] of reasons) {
    it.effect(`${finishReason} is ${reason}, streamed too`, () =>
      Effect.gen(function*() {
        yield* script(answer([{ text: "half" }], { finishReason }), answer([{ text: "half" }], { finishReason }))
        const response = yield* LanguageModel.generateText({ prompt: "hi" })
        assert.strictEqual(response.finishReason, reason)
        assert.strictEqual(response.text, "half")
        const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "hi" }))
        const finish = parts.find((part) => part.type === "finish")
        assert.strictEqual(finish?.reason, reason)
      }).pipe(Effect.provide(services())))
  }

  it.effect("streamed, has the same usage, and parameters that are JSON", () =>
    Effect.gen(function*() {
      yield* script(answer([call("weather", { city: "Rome" }, "c2ln")]))
      const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "hi", toolkit }))
      const json = parts.flatMap((part) => part.type === "tool-params-delta" ? [part.delta] : []).join("")
      assert.deepStrictEqual(JSON.parse(json), { city: "Rome" })
      const finish = parts.find((part) => part.type === "finish")
      assert.strictEqual(finish?.usage.outputTokens.total, 5)
      assert.deepStrictEqual(parts.flatMap((part) => part.type === "tool-result" ? [part.result] : []), [4])
    }).pipe(Effect.provide([services(), handlers])))

  it.effect("as an object follows the schema", () =>
    Effect.gen(function*() {
      yield* script(answer([{ text: "{\"name\":\"Ann\",\"born\":\"2000-01-01T00:00:00.000Z\"}" }]))
      const { value } = yield* LanguageModel.generateObject({
        prompt: "who?",
        schema: Schema.Struct({ name: Schema.String, born: Schema.Date })
      })
      assert.deepStrictEqual(value, { name: "Ann", born: new Date("2000-01-01T00:00:00.000Z") })
      const config = record((yield* sent)["generationConfig"])
      assert.strictEqual(config["responseMimeType"], "application/json")
      assert.deepStrictEqual(record(config["responseJsonSchema"])["required"], ["name", "born"])
    }).pipe(Effect.provide(services())))

  it.effect("a schema that cannot be said fails before any request, with its path", () =>
    Effect.gen(function*() {
      const schema = Schema.Struct({ a: Schema.Struct({ b: Schema.Never }) })
      const error = yield* Effect.flip(LanguageModel.generateObject({ prompt: "hi", schema }))
      assert.strictEqual(error.reason._tag, "UnsupportedSchemaError")
      assert.include(error.message, "a.b")
      assert.lengthOf(yield* Effect.flatMap(Emulator.Emulator, ({ requests }) => requests), 0)
    }).pipe(Effect.provide(services())))
})

describe("errors", () => {
  const errors: ReadonlyArray<readonly [status: number, tag: AiError.AiErrorReason["_tag"]]> = [
    [400, "InvalidRequestError"],
    [401, "AuthenticationError"],
    [403, "AuthenticationError"],
    [404, "InvalidRequestError"],
    [429, "RateLimitError"],
    [500, "InternalProviderError"],
    [503, "InternalProviderError"]
  ]
  for (const [status, tag] of errors) {
    it.effect(`${status} is ${tag}, and the key is not in it`, () =>
      Effect.gen(function*() {
        const { addFault } = yield* Emulator.Emulator
        yield* addFault({ status })
        const error = yield* Effect.flip(LanguageModel.generateText({ prompt: "hi" }))
        assert.strictEqual(error.reason._tag, tag)
        assert.notInclude(`${JSON.stringify(error)} ${String(error)} ${error.stack}`, key)
      }).pipe(Effect.provide(services())))
  }

  it.effect("a blocked prompt is a content policy error", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue({ response: { promptFeedback: { blockReason: "SAFETY" } } })
      const error = yield* Effect.flip(LanguageModel.generateText({ prompt: "hi" }))
      assert.strictEqual(error.reason._tag, "ContentPolicyError")
    }).pipe(Effect.provide(services())))

  it.effect("an answer that is not JSON is an invalid response", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue({ raw: { body: "<html>" } })
      const error = yield* Effect.flip(LanguageModel.generateText({ prompt: "hi" }))
      assert.strictEqual(error.reason._tag, "InvalidResponseError")
    }).pipe(Effect.provide(services())))
})

const withoutOptions = (prompt: Prompt.Prompt): Prompt.Prompt =>
  Prompt.make(prompt.content.map((message) =>
    message.role === "assistant"
      ? { ...message, content: message.content.map((part) => ({ ...part, options: {} })) }
      : message
  ))

describe("signatures", () => {
  for (const streamed of [false, true]) {
    it.effect(`survive a chat of parallel and sequential calls, exported and imported${streamed ? ", streamed" : ""}`, () =>
      Effect.gen(function*() {
        let chat: Chat.Chat = yield* Chat.empty
        const step = (prompt: Prompt.RawInput) =>
          streamed
            ? Stream.runDrain(chat.streamText({ prompt, toolkit }))
            : Effect.asVoid(chat.generateText({ prompt, toolkit }))
        yield* step("weather in Paris and now")
        chat = yield* Chat.fromJson(yield* chat.exportJson)
        yield* step([])
        chat = yield* Chat.fromJson(yield* chat.exportJson)
        yield* step("weather in Rome")
        yield* step([])
        const { requests } = yield* Emulator.Emulator
        assert.deepStrictEqual((yield* requests).map(({ status }) => status), [200, 200, 200, 200])
      }).pipe(Effect.provide([services(), handlers])))
  }

  it.effect("that were lost are an error before the request, which names the turn", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "weather in Paris", toolkit })
      yield* Ref.update(chat.history, withoutOptions)
      const error = yield* Effect.flip(chat.generateText({ prompt: [], toolkit }))
      assert.strictEqual(error.reason._tag, "InvalidRequestError")
      assert.include(error.message, "Message 1 of the prompt calls \"weather\"")
      assert.lengthOf(yield* Effect.flatMap(Emulator.Emulator, ({ requests }) => requests), 1)
    }).pipe(Effect.provide([services(), handlers])))

  it.effect("are not asked of calls that another provider made, where the caller says so", () =>
    Effect.gen(function*() {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "weather in Paris", toolkit })
      yield* Ref.update(chat.history, withoutOptions)
      const response = yield* chat.generateText({ prompt: [], toolkit })
      assert.isAbove(response.text.length, 0)
    }).pipe(Effect.provide([services({ unsignedCalls: "mark" }), handlers])))

  it.effect("lost on the way, the emulator refuses the turn", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const { functionCalls } = yield* gemini.generate({
        model,
        contents: "weather in Paris",
        tools: [{ functionDeclarations: [{ name: "weather" }] }]
      })
      const [functionCall] = functionCalls
      assert.isDefined(functionCall)
      const error = yield* Effect.flip(gemini.generate({
        model,
        contents: [
          { role: "user", parts: [{ text: "weather in Paris" }] },
          { role: "model", parts: [{ functionCall }] },
          { role: "user", parts: [{ functionResponse: { name: "weather", response: {} } }] }
        ]
      }))
      assert.include(error.message, "missing a thought_signature")
    }).pipe(Effect.provide(services())))
})

describe("the agent loop", () => {
  const Loop = Toolkit.make(Weather)
  const loopHandlers = Loop.toLayer({ weather: () => Effect.succeed(1) })
  const calls = (n: number) => Array.from({ length: n }, () => answer([call("weather", { city: "Rome" }, "c2ln")]))

  it.effect("ends when the model has nothing to call", () =>
    Effect.gen(function*() {
      yield* script(...calls(2), answer([{ text: "done" }]))
      const result = yield* AgentLoop.run({ prompt: "go", toolkit: Loop })
      assert.deepInclude(result, { end: { _tag: "Answered", reason: "stop" }, text: "done", steps: 3, tokens: 36 })
    }).pipe(Effect.provide([services({}, { strictSignatures: false }), loopHandlers])))

  it.effect("ends at its bounds, and says at which", () =>
    Effect.gen(function*() {
      yield* script(...calls(5))
      const steps = yield* AgentLoop.run({ prompt: "go", toolkit: Loop, steps: 2 })
      assert.deepStrictEqual(steps.end, { _tag: "StepLimit", limit: 2 })
      const tokens = yield* AgentLoop.run({ prompt: "go", toolkit: Loop, tokens: 13 })
      assert.deepStrictEqual(tokens.end, { _tag: "TokenLimit", used: 24, limit: 13 })
      const time = yield* AgentLoop.run({ prompt: "go", toolkit: Loop, time: 0 })
      assert.strictEqual(time.end._tag, "TimeLimit")
    }).pipe(Effect.provide([services({}, { strictSignatures: false }), loopHandlers])))
})

describe("embeddings and tokens", () => {
  const embeddings = GeminiEmbeddingModel.model("gemini-embedding-001", { dimensions: 8, taskType: "CLUSTERING" })

  it.effect("more inputs than a request takes come back in their order", () =>
    Effect.gen(function*() {
      const embedding = yield* EmbeddingModel.EmbeddingModel
      const inputs = Array.from({ length: 250 }, (_, i) => `text ${i}`)
      const many = yield* embedding.embedMany(inputs)
      assert.lengthOf(many.embeddings, 250)
      const { requests } = yield* Emulator.Emulator
      assert.lengthOf(yield* requests, 3)
      const one = yield* embedding.embed("text 249")
      assert.deepStrictEqual(many.embeddings[249]?.vector, one.vector)
      assert.lengthOf(one.vector, 8)
      assert.strictEqual(yield* EmbeddingModel.Dimensions, 8)
      assert.strictEqual(yield* Model.ProviderName, "gcp.gemini")
      const body = record(((yield* sent)["requests"] as Array<Json>)[0])
      assert.deepInclude(body, { taskType: "CLUSTERING", outputDimensionality: 8 })
    }).pipe(Effect.provide(embeddings.pipe(Layer.provideMerge(client())))))

  it.effect("a wrong number of vectors is an error", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue({ response: { embeddings: [{ values: [1] }] } })
      const embedding = yield* EmbeddingModel.EmbeddingModel
      const error = yield* Effect.flip(embedding.embedMany(["a", "b"]))
      assert.strictEqual(error.reason._tag, "InvalidResponseError")
    }).pipe(Effect.provide(embeddings.pipe(Layer.provideMerge(client())))))

  it.effect("a prompt is counted by the server, and truncated by that count", () =>
    Effect.gen(function*() {
      const tokenizer = yield* Tokenizer.Tokenizer
      const count = yield* GeminiTokenizer.count("one two three four", { model })
      assert.deepStrictEqual(
        yield* tokenizer.tokenize("one two three four"),
        Array.from({ length: count }, (_, i) => i)
      )
      const kept = yield* tokenizer.truncate([
        { role: "user", content: "a very long message that will not fit, so that it is left out of the prompt" },
        { role: "user", content: "one two three four" }
      ], count)
      assert.lengthOf(kept.content, 1)
    }).pipe(Effect.provide(GeminiTokenizer.layer({ model }).pipe(Layer.provideMerge(client())))))
})
