/** What an error of the client says in the words of `effect/ai`, and what becomes of it when it is tried again. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiAiError from "effect-gemini-ai/GeminiAiError"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Reasons from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as AiError from "effect/ai/AiError"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionPlan from "effect/ExecutionPlan"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { bodies, client, type Json, key, model, record, services } from "./scripted.ts"

const attempt = { model: "m" }

interface More {
  readonly attempts?: number
  readonly fields?: Partial<Pick<GeminiError, "status" | "googleStatus" | "method">>
}

const told = (reason: Reasons.GeminiErrorReason, { attempts = 1, fields = {} }: More = {}) =>
  GeminiAiError.fromGeminiError("M", "f")(
    new GeminiError({
      method: "generateContent",
      ...("method" in fields ? {} : { model: "m" }),
      ...fields,
      attempts: Array.from({ length: attempts }, () => attempt),
      retryAfter: Duration.seconds(9),
      reason
    })
  )

const google = ({ reason }: AiError.AiError): Json =>
  record("metadata" in reason ? record(reason.metadata)["google"] : undefined)

const violation = { quotaMetric: "requests", quotaId: "PerDay", quotaValue: "15", quotaDimensions: { model: "m" } }

const rows: ReadonlyArray<readonly [name: string, reason: Reasons.GeminiErrorReason, tag: string, kept: Json]> = [
  [
    "RateLimited",
    new Reasons.RateLimited({ violations: [violation], description: "Quota exceeded for metric X, limit 15" }),
    "RateLimitError",
    { description: "Quota exceeded for metric X, limit 15", violations: [violation], retryAfter: 9000 }
  ],
  [
    "QuotaExhausted of the server's",
    new Reasons.QuotaExhausted({ violations: [violation], resetAt: 1e12, links: ["https://a.b"] }),
    "QuotaExhaustedError",
    { violations: [violation], resetAt: 1e12, links: ["https://a.b"] }
  ],
  [
    "QuotaExhausted of a budget of the program's own",
    new Reasons.QuotaExhausted({ violations: [], budget: "team-a", description: "the budget team-a is spent" }),
    "QuotaExhaustedError",
    { budget: "team-a", description: "the budget team-a is spent" }
  ],
  [
    "LimiterFull",
    new Reasons.LimiterFull({ waiting: 5, limit: 5 }),
    "RateLimitError",
    { limit: 5, description: "5 calls already wait for this model's quota (at most 5): shed load or raise maxQueue" }
  ],
  ["Unpriced", new Reasons.Unpriced({ model: "m", budget: "team-a" }), "InvalidRequestError", { budget: "team-a" }],
  [
    "RequestTooLarge",
    new Reasons.RequestTooLarge({ estimatedTokens: 9, limit: 5 }),
    "InvalidRequestError",
    { limit: 5 }
  ],
  [
    "InvalidRequest",
    new Reasons.InvalidRequest({ fields: [{ field: "a" }, { field: "b", description: "is bad" }] }),
    "InvalidRequestError",
    { fields: [{ field: "a" }, { field: "b", description: "is bad" }] }
  ],
  ["NotFound", new Reasons.NotFound({ nearMatches: ["gemini-3.8-flash"] }), "InvalidRequestError", {
    nearMatches: ["gemini-3.8-flash"]
  }],
  ["Unauthenticated", new Reasons.Unauthenticated({ links: ["https://a.b"] }), "AuthenticationError", {
    links: ["https://a.b"]
  }],
  ["Overloaded", new Reasons.Overloaded({}), "InternalProviderError", { retryAfter: 9000 }],
  ["ServerError", new Reasons.ServerError({ description: "so it is" }), "InternalProviderError", {
    description: "so it is",
    retryAfter: 9000
  }],
  ["ResponseBlocked", new Reasons.ResponseBlocked({ finishReason: "SAFETY" }), "ContentPolicyError", {
    finishReason: "SAFETY"
  }],
  [
    "ToolCallRejected",
    new Reasons.ToolCallRejected({ finishReason: "MALFORMED_FUNCTION_CALL" }),
    "InvalidOutputError",
    {
      finishReason: "MALFORMED_FUNCTION_CALL"
    }
  ]
]

describe("an error", () => {
  it.effect.each(rows)("%s keeps what it says", ([, reason, tag, kept]) =>
    Effect.gen(function*() {
      const error = told(reason, { fields: { status: 429 } })
      assert.strictEqual(error.reason._tag, tag)
      assert.deepInclude(google(error), { reason: reason._tag, description: reason.message, attempts: 1, ...kept })
      // It can be stored and read again.
      const codec = Schema.toCodecJson(AiError.AiError)
      const json = JSON.parse(JSON.stringify(yield* Schema.encodeEffect(codec)(error)))
      assert.deepStrictEqual(google(yield* Schema.decodeUnknownEffect(codec)(json)), google(error))
    }))

  it("has the answer's status, where its class has a place for it", () => {
    for (const [, reason, tag] of rows) {
      const { reason: given } = told(reason, { fields: { status: 418 } })
      if (tag !== "InvalidOutputError") {
        assert.deepStrictEqual(
          "http" in given ? given.http : undefined,
          { response: { status: 418, headers: {} } },
          tag
        )
      }
      const silent = told(reason).reason
      assert.isUndefined("http" in silent ? silent.http : undefined)
    }
  })

  it("has Google's words as the answer's body, where the answer was Google's", () => {
    const reason = new Reasons.InvalidRequest({ description: "no such field", fields: [] })
    const httpOf = (fields: NonNullable<More["fields"]>) => {
      const { reason: given } = told(reason, { fields })
      return "http" in given ? given.http : undefined
    }
    assert.deepStrictEqual(httpOf({ status: 400, googleStatus: "INVALID_ARGUMENT" }), {
      response: { status: 400, headers: {} },
      body: "{\"error\":{\"code\":400,\"message\":\"no such field\",\"status\":\"INVALID_ARGUMENT\"}}"
    })
    assert.deepStrictEqual(httpOf({ status: 400 }), { response: { status: 400, headers: {} } })
    assert.isUndefined(httpOf({ googleStatus: "INVALID_ARGUMENT" }))
  })

  it("says what was asked: the method, on the model", () => {
    const request = (more?: More) => google(told(new Reasons.Overloaded({}), more))["request"]
    assert.strictEqual(request(), "models/m:generateContent")
    assert.strictEqual(request({ fields: { method: "listModels" } }), "listModels")
  })

  it.effect("of a server says so end to end, without the key", () =>
    Effect.gen(function*() {
      const { addFault } = yield* Emulator.Emulator
      yield* addFault({ error: { code: 429, message: `API key ${key} is over its quota` } })
      const error = yield* Effect.flip(LanguageModel.generateText({ prompt: "a secret prompt" }))
      assert.isString(google(error)["description"])
      const everything = `${JSON.stringify(error)} ${String(error)} ${error.stack}`
      assert.include(everything, "API key <key> is over its quota")
      assert.notInclude(everything, key)
      assert.notInclude(everything, "secret prompt")
      assert.strictEqual("http" in error.reason ? error.reason.http?.response?.status : undefined, 429)
    }).pipe(Effect.provide(services())))
})

/** A call on a clock of the test's, which goes on as far as the call waits. */
const settled = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(call, { startImmediately: true })
    yield* TestClock.adjust("10 minutes")
    return yield* Fiber.join(fiber)
  })

describe("a retry around a call", () => {
  const failing = { faults: [{ status: 500 }] }
  const calls: Readonly<
    Record<string, Effect.Effect<unknown, AiError.AiError, LanguageModel.LanguageModel | EmbeddingModel.EmbeddingModel>>
  > = {
    text: LanguageModel.generateText({ prompt: "x" }),
    stream: Stream.runDrain(LanguageModel.streamText({ prompt: "x" })),
    embed: Effect.flatMap(EmbeddingModel.EmbeddingModel, (service) => service.embed("x")),
    embedMany: Effect.flatMap(EmbeddingModel.EmbeddingModel, (service) => service.embedMany(["x"]))
  }
  const retried = <A, R>(call: Effect.Effect<A, AiError.AiError, R>) =>
    Effect.retry(call, { times: 2, while: ({ isRetryable }) => isRetryable })

  const all = (attempts: number, retryExhausted?: boolean) =>
    Layer.merge(
      GeminiLanguageModel.layer({ model, config: { retryExhausted } }),
      GeminiEmbeddingModel.layer({ model: "gemini-embedding-001", config: { retryExhausted } })
    ).pipe(Layer.provideMerge(client(failing, attempts)), Layer.orDie)

  for (const [name, call] of Object.entries(calls)) {
    it.effect(`${name}: does not multiply with the client's own`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(settled(retried(call)))
        assert.strictEqual((yield* bodies).length, 3)
        assert.strictEqual(error.reason._tag, "InternalProviderError")
        assert.isFalse(error.isRetryable)
        assert.strictEqual(google(error)["attempts"], 3)
      }).pipe(Effect.provide(all(3))))

    it.effect(`${name}: is the only one where the client makes one attempt`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(settled(retried(call)))
        assert.strictEqual((yield* bodies).length, 3)
        assert.isTrue(error.isRetryable)
      }).pipe(Effect.provide(all(1))))

    it.effect(`${name}: multiplies where it is asked to`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(settled(retried(call)))
        assert.strictEqual((yield* bodies).length, 9)
        assert.isTrue(error.isRetryable)
      }).pipe(Effect.provide(all(3, true))))
  }

  it.effect("in a plan goes to the next model after the client's own attempts", () =>
    Effect.gen(function*() {
      const plan = ExecutionPlan.make(
        {
          provide: GeminiLanguageModel.model("gemini-3.8-flash"),
          attempts: 2,
          while: ({ isRetryable }: AiError.AiError) => isRetryable
        },
        { provide: GeminiLanguageModel.model("gemini-2.5-flash") }
      )
      yield* settled(Effect.withExecutionPlan(LanguageModel.generateText({ prompt: "x" }), plan))
      const { requests } = yield* Emulator.Emulator
      assert.deepStrictEqual((yield* requests).map((entry) => entry.model), [
        ...Array.from({ length: 3 }, () => "gemini-3.8-flash"),
        "gemini-2.5-flash"
      ])
    }).pipe(Effect.provide(client({ faults: [{ status: 500, when: { model: "gemini-3.8-flash" } }] }, 3))))

  it("is left to the client at its second attempt, and not at its first", () => {
    assert.deepStrictEqual([1, 2, 3].map((attempts) => told(new Reasons.Overloaded({}), { attempts }).isRetryable), [
      true,
      false,
      false
    ])
    assert.isFalse(told(new Reasons.InvalidRequest({ fields: [] })).isRetryable)
  })
})
