/**
 * Where `effect/ai` 4.1 itself is the limit: what it does today, shown without this provider. Each has an issue text in
 * docs/upstream; a row that turns red says that Effect has mended it.
 */
import * as AiError from "effect/ai/AiError"
import * as Chat from "effect/ai/Chat"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Response from "effect/ai/Response"
import * as ResponseIdTracker from "effect/ai/ResponseIdTracker"
import * as Tokenizer from "effect/ai/Tokenizer"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RequestResolver from "effect/RequestResolver"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Point } from "./contractSetup.ts"

const usage = {
  inputTokens: { total: 1, uncached: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined }
}
const finish = (reason: Response.FinishReason): Response.FinishPartEncoded => ({ type: "finish", reason, usage })

/** A provider that gives these parts, and the spans that its stream is under. */
const fake = (parts: ReadonlyArray<Response.PartEncoded>, parents: Array<string> = []) =>
  Layer.effect(
    LanguageModel.LanguageModel,
    LanguageModel.make({
      generateText: () => Effect.succeed([...parts]),
      streamText: () =>
        Stream.unwrap(Effect.map(Effect.exit(Effect.currentParentSpan), (parent) => {
          parents.push(parent._tag === "Success" && parent.value._tag === "Span" ? parent.value.name : "none")
          return Stream.fromIterable<Response.StreamPartEncoded>([finish("stop")])
        }))
    })
  )

const tag = (error: unknown): string =>
  AiError.isAiError(error) ? `${error.reason._tag} ${error.isRetryable ? "retryable" : "final"}` : "SchemaError"

const called = (name: string, params: unknown): Response.PartEncoded => ({ type: "tool-call", id: "1", name, params })

const stored = (tool: Tool.Any, handler: () => Effect.Effect<unknown>, params: unknown) => {
  const toolkit = Toolkit.make(tool)
  return Effect.gen(function*() {
    const chat = yield* Chat.empty
    yield* chat.generateText({ prompt: "go", toolkit: toolkit as never })
    const json = yield* chat.exportJson
    yield* Chat.fromJson(json)
    return /"result":([^,]*)/.exec(json)?.[1] ?? "stored"
  }).pipe(
    Effect.catch((error) => Effect.succeed(tag(error))),
    Effect.provide([
      fake([called(tool.name, params), finish("tool-calls")]),
      toolkit.toLayer({ [tool.name]: handler } as never)
    ])
  ) as Effect.Effect<string>
}

export const limits: ReadonlyArray<readonly [...Point, issue: string]> = [
  [
    "a rate limit has no description",
    "false false",
    () =>
      Effect.sync(() =>
        [AiError.RateLimitError, AiError.QuotaExhaustedError].map(({ fields }) => "description" in fields).join(" ")
      ),
    "rate-limit-description"
  ],
  [
    "a provider's error cannot be marked as final",
    "true",
    () => Effect.sync(() => String(new AiError.InternalProviderError({ description: "after 3 attempts" }).isRetryable)),
    "retryable-field"
  ],
  [
    "a BigInt argument cannot be stored",
    "InvalidOutputError retryable",
    () =>
      stored(
        Tool.make("a", { parameters: Schema.Struct({ n: Schema.BigInt }), success: Schema.String }),
        () => Effect.succeed("x"),
        { n: 1n }
      ),
    "stored-tool-values"
  ],
  [
    "a Void result cannot be read again",
    "SchemaError",
    () => stored(Tool.make("a"), () => Effect.void, {}),
    "stored-tool-values"
  ],
  [
    "a Map as a result is stored as nothing",
    "{}",
    () =>
      stored(
        Tool.make("a", { success: Schema.ReadonlyMap(Schema.String, Schema.String) }),
        () => Effect.succeed(new Map([["a", "b"]])),
        {}
      ),
    "stored-tool-values"
  ],
  [
    "a blocked object is a retryable misfit",
    "StructuredOutputError retryable",
    () =>
      Effect.match(LanguageModel.generateObject({ prompt: "x", schema: Schema.Struct({ a: Schema.String }) }), {
        onFailure: tag,
        onSuccess: () => "success"
      }).pipe(Effect.provide(fake([finish("content-filter")]))),
    "object-ends"
  ],
  ["a stream is beside its span", "outer", () => {
    const parents: Array<string> = []
    return Stream.runDrain(LanguageModel.streamText({ prompt: "x" })).pipe(
      Effect.withSpan("outer"),
      Effect.provide(fake([], parents)),
      Effect.map(() => parents.join())
    )
  }, "stream-span"],
  [
    "a prompt is cut in an exchange, without its system message",
    "assistant",
    () =>
      Tokenizer.make({ tokenize: ({ content }) => Effect.succeed(content.map((_, i) => i)) }).truncate([
        { role: "system", content: "a" },
        { role: "user", content: "b" },
        { role: "assistant", content: "c" }
      ], 1).pipe(Effect.map(({ content }) => content.map(({ role }) => role).join(" "))),
    "truncate"
  ],
  ["a cache of embeddings ignores settings", "1 request", () =>
    Effect.gen(function*() {
      let count = 0
      class Setting extends Context.Service<Setting, string>()("test/Setting") {}
      const model = yield* EmbeddingModel.make({
        batchKey: (context) => Context.getOrUndefined(context, Setting),
        embedMany: ({ inputs }) =>
          Effect.sync(() => {
            count++
            return { results: inputs.map(() => [1]), usage: { inputTokens: undefined } }
          })
      })
      const resolver = yield* RequestResolver.withCache(model.resolver, { capacity: 10 })
      for (const setting of ["a", "b"]) {
        yield* Effect.request(new EmbeddingModel.EmbeddingRequest({ input: "x" }), resolver).pipe(
          Effect.provideService(Setting, setting)
        )
      }
      return `${count} request`
    }), "embedding-cache"],
  ["bad arguments that nobody runs do not name their tool", "InvalidOutputError retryable", () => {
    const toolkit = Toolkit.make(
      Tool.make("a", { parameters: Schema.Struct({ n: Schema.String }), success: Schema.String })
    )
    return Effect.match(LanguageModel.generateText({ prompt: "x", toolkit, disableToolCallResolution: true }), {
      onFailure: tag,
      onSuccess: () => "success"
    }).pipe(
      Effect.provide([fake([called("a", {}), finish("tool-calls")]), toolkit.toLayer({ a: () => Effect.succeed("x") })])
    )
  }, "disabled-resolution"],
  ["a refused request is sent twice", "3 requests", () => {
    let count = 0
    const model = LanguageModel.make({
      generateText: () =>
        count++ === 0
          ? Effect.succeed<Array<Response.PartEncoded>>([
            { type: "response-metadata", id: "r" },
            { type: "text", text: "x" },
            finish("stop")
          ])
          : Effect.fail(AiError.make({ module: "M", method: "f", reason: new AiError.InvalidRequestError({}) })),
      streamText: () => Stream.empty
    })
    return Effect.gen(function*() {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "one" })
      yield* Effect.exit(chat.generateText({ prompt: "two" }))
      return `${count} requests`
    }).pipe(
      Effect.provideServiceEffect(LanguageModel.LanguageModel, model),
      Effect.provideServiceEffect(ResponseIdTracker.ResponseIdTracker, ResponseIdTracker.make)
    )
  }, "incremental-fallback"],
  [
    "an error has no place for its request",
    "false",
    () => Effect.sync(() => String("request" in AiError.HttpContext.fields)),
    ""
  ],
  [
    "an answer's metadata has no request",
    "false",
    () => Effect.sync(() => String("request" in Response.ResponseMetadataPart.fields)),
    ""
  ]
]
