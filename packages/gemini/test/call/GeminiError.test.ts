import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import * as LiveReason from "effect-gemini/errors/LiveErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import { LiveError } from "effect-gemini/LiveError"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Schema from "effect/Schema"

const failure = (reason: Reason.GeminiErrorReason) =>
  new GeminiError({ method: "generateContent", model: "gemini-3.8-flash", attempts: [], reason })

/** A call that fails for one reason, typed as any call is. */
const call = (reason: Reason.GeminiErrorReason): Effect.Effect<string, GeminiError> => Effect.fail(failure(reason))

const violation = { quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier", quotaDimensions: { model: "m" } }
const resetAt = Date.UTC(2026, 10, 23, 8)

describe("a user catches a reason by its tag and has what the reason knows", () => {
  it.effect("MissingApiKey", () =>
    Effect.gen(function*() {
      const caught = yield* call(new Reason.MissingApiKey()).pipe(
        Effect.catchReason("GeminiError", "MissingApiKey", (reason) => Effect.succeed(reason.message))
      )
      assert.include(caught, "GEMINI_API_KEY")
    }))

  it.effect("Unauthenticated: Google's cause", () =>
    Effect.gen(function*() {
      const caught = yield* call(new Reason.Unauthenticated({ description: "bad key", code: "API_KEY_INVALID" })).pipe(
        Effect.catchReason("GeminiError", "Unauthenticated", (reason) => Effect.succeed(reason.code ?? ""))
      )
      assert.strictEqual(caught, "API_KEY_INVALID")
    }))

  it.effect("InvalidRequest: the paths", () =>
    Effect.gen(function*() {
      const caught = yield* call(
        new Reason.InvalidRequest({ fields: [{ field: "contents[0].parts[0]", description: "is empty" }] })
      ).pipe(
        Effect.catchReason("GeminiError", "InvalidRequest", (reason) =>
          Effect.succeed(
            reason.fields.map((f) => f.field).join() + reason.message
          ))
      )
      assert.strictEqual(caught, "contents[0].parts[0]contents[0].parts[0]: is empty")
    }))

  it.effect("NotFound: a name to try instead", () =>
    Effect.gen(function*() {
      const caught = yield* call(new Reason.NotFound({ nearMatches: ["gemini-3.8-flash"] })).pipe(
        Effect.catchReason("GeminiError", "NotFound", (reason) => Effect.succeed(reason.nearMatches[0] ?? ""))
      )
      assert.strictEqual(caught, "gemini-3.8-flash")
    }))

  it.effect("RateLimited and QuotaExhausted: wait, or give up until the reset", () =>
    Effect.gen(function*() {
      const handled = (reason: Reason.GeminiErrorReason) =>
        call(reason).pipe(
          Effect.catchReasons("GeminiError", {
            RateLimited: (_, error) => Effect.succeed(`wait ${error.retryAfter ?? "a little"}`),
            QuotaExhausted: ({ resetAt, violations }) => Effect.succeed(`${violations[0]?.quotaId} until ${resetAt}`)
          })
        )
      assert.strictEqual(yield* handled(new Reason.RateLimited({ violations: [] })), "wait a little")
      assert.strictEqual(
        yield* handled(new Reason.QuotaExhausted({ violations: [violation], resetAt })),
        `${violation.quotaId} until ${resetAt}`
      )
    }))

  it.effect("RequestTooLarge, LimiterFull and LimiterUnavailable: nothing was sent", () =>
    Effect.gen(function*() {
      const handled = (reason: Reason.GeminiErrorReason) =>
        call(reason).pipe(
          Effect.unwrapReason("GeminiError"),
          Effect.catchTags({
            RequestTooLarge: ({ estimatedTokens, limit }) => Effect.succeed(`${estimatedTokens} > ${limit}`),
            LimiterFull: ({ waiting }) => Effect.succeed(`${waiting} wait`),
            LimiterUnavailable: ({ code, store }) => Effect.succeed(`${store} says ${code}`)
          })
        )
      assert.strictEqual(yield* handled(new Reason.RequestTooLarge({ estimatedTokens: 9, limit: 5 })), "9 > 5")
      assert.strictEqual(yield* handled(new Reason.LimiterFull({ waiting: 7, limit: 7 })), "7 wait")
      assert.strictEqual(
        yield* handled(new Reason.LimiterUnavailable({ store: "redis", code: "LOADING" })),
        "redis says LOADING"
      )
    }))

  it.effect("Overloaded: another model", () =>
    Effect.gen(function*() {
      const caught = yield* call(new Reason.Overloaded({})).pipe(
        Effect.catchReason("GeminiError", "Overloaded", () => Effect.succeed("from another model"))
      )
      assert.strictEqual(caught, "from another model")
    }))

  it.effect("ServerError, Network and TimedOut", () =>
    Effect.gen(function*() {
      const handled = (reason: Reason.GeminiErrorReason) =>
        call(reason).pipe(Effect.catchReasons("GeminiError", {
          ServerError: ({ status }) => Effect.succeed(`HTTP ${status}`),
          Network: ({ code }) => Effect.succeed(`${code}`),
          TimedOut: ({ phase }) => Effect.succeed(phase)
        }))
      assert.strictEqual(yield* handled(new Reason.ServerError({ status: 500 })), "HTTP 500")
      assert.strictEqual(yield* handled(new Reason.Network({ code: "ECONNRESET" })), "ECONNRESET")
      assert.strictEqual(yield* handled(new Reason.TimedOut({ phase: "firstByte" })), "firstByte")
    }))

  it.effect("InvalidResponse: where and what", () =>
    Effect.gen(function*() {
      const caught = yield* call(new Reason.InvalidResponse({ path: "candidates[0]", expected: "object" })).pipe(
        Effect.catchReason("GeminiError", "InvalidResponse", ({ message }) => Effect.succeed(message))
      )
      assert.strictEqual(caught, "expected object at candidates[0]")
    }))

  it.effect("PromptBlocked, ResponseBlocked and ToolCallRejected: what Google calls it", () =>
    Effect.gen(function*() {
      const handled = (reason: Reason.GeminiErrorReason) =>
        call(reason).pipe(Effect.catchReasons("GeminiError", {
          PromptBlocked: ({ blockReason }) => Effect.succeed(blockReason),
          ResponseBlocked: ({ finishReason, response }) => Effect.succeed(`${finishReason} ${response?.responseId}`),
          ToolCallRejected: ({ finishReason }) => Effect.succeed(finishReason)
        }))
      assert.strictEqual(yield* handled(new Reason.PromptBlocked({ blockReason: "SAFETY" })), "SAFETY")
      const blocked = new Reason.ResponseBlocked({ finishReason: "SPII", response: { responseId: "r" } })
      assert.strictEqual(yield* handled(blocked), "SPII r")
      const rejected = new Reason.ToolCallRejected({ finishReason: "MALFORMED_FUNCTION_CALL" })
      assert.strictEqual(yield* handled(rejected), "MALFORMED_FUNCTION_CALL")
    }))

  it.effect("StreamInterrupted: what came, and how much of it was let go", () =>
    Effect.gen(function*() {
      const caught = yield* call(new Reason.StreamInterrupted({ received: [{}, {}], dropped: 3 })).pipe(
        Effect.catchReason("GeminiError", "StreamInterrupted", (reason) =>
          Effect.succeed([reason.received.length, reason.dropped ?? 0, reason.message].join()))
      )
      assert.strictEqual(caught, "2,3,the stream ended before the answer did, after 5 chunks")
    }))

  it.effect("Unsupported, LiveNotProvided and Live", () =>
    Effect.gen(function*() {
      const handled = (reason: Reason.GeminiErrorReason) =>
        call(reason).pipe(Effect.catchReasons("GeminiError", {
          Unsupported: ({ capability }) => Effect.succeed(capability),
          LiveNotProvided: ({ message }) => Effect.succeed(message),
          Live: ({ code, reason }) => Effect.succeed(`${reason._tag} ${code}`)
        }))
      assert.strictEqual(yield* handled(new Reason.Unsupported({ capability: "predict" })), "predict")
      assert.include(yield* handled(new Reason.LiveNotProvided()), "NodeGemini.layer")
      const live = new Reason.Live({ code: 1007, reason: new LiveReason.Handshake({ code: 1007, text: "API key" }) })
      assert.strictEqual(yield* handled(live), "Handshake 1007")
      assert.isFalse(live.isRetryable)
    }))

  it("plain TypeScript switches on the tag", () => {
    const { reason } = failure(new Reason.TimedOut({ phase: "idle" }))
    switch (reason._tag) {
      case "TimedOut":
        return assert.strictEqual(reason.phase, "idle")
      default:
        return assert.fail(reason._tag)
    }
  })
})

describe("whether trying again may help", () => {
  const retryable: ReadonlyArray<readonly [Reason.GeminiErrorReason, boolean]> = [
    [new Reason.MissingApiKey(), false],
    [new Reason.Unauthenticated({}), false],
    [new Reason.InvalidRequest({ fields: [] }), false],
    [new Reason.NotFound({ nearMatches: [] }), false],
    [new Reason.RateLimited({ violations: [] }), true],
    [new Reason.QuotaExhausted({ violations: [] }), false],
    [new Reason.RequestTooLarge({ estimatedTokens: 1, limit: 1 }), false],
    [new Reason.Unpriced({ model: "m", budget: "b" }), false],
    [new Reason.LimiterFull({ waiting: 1, limit: 1 }), true],
    [new Reason.LimiterUnavailable({ store: "redis", code: "ECONNREFUSED" }), true],
    [new Reason.Overloaded({}), true],
    [new Reason.ServerError({ status: 500 }), true],
    [new Reason.ServerError({ status: 499 }), false],
    [new Reason.Network({}), true],
    [new Reason.TimedOut({ phase: "attempt" }), true],
    [new Reason.TimedOut({ phase: "total" }), false],
    [new Reason.InvalidResponse({ path: "", expected: "JSON" }), false],
    [new Reason.ResponseTooLarge({ what: "errorBody", limit: 10 }), false],
    [new Reason.PromptBlocked({ blockReason: "SAFETY" }), false],
    [new Reason.ResponseBlocked({ finishReason: "SAFETY" }), false],
    [new Reason.ToolCallRejected({ finishReason: "MALFORMED_FUNCTION_CALL" }), true],
    [new Reason.StreamInterrupted({ received: [] }), true],
    [new Reason.Unsupported({ capability: "x" }), false],
    [new Reason.LiveNotProvided(), false],
    [new Reason.Live({ reason: new LiveReason.Network({}) }), true]
  ]

  it.each(retryable.map(([reason, expected]) => [reason._tag, expected, reason] as const))(
    "%s: %s, and the message says something",
    (_, expected, reason) => {
      assert.strictEqual(failure(reason).isRetryable, expected)
      assert.isAbove(reason.message.length, 10)
    }
  )

  it.effect.each(retryable)("$0._tag goes through JSON and back", ([reason]) =>
    Effect.gen(function*() {
      const codec = Schema.toCodecJson(GeminiError)
      const error = failure(reason)
      const back = yield* Schema.decodeUnknownEffect(codec)(
        JSON.parse(JSON.stringify(yield* Schema.encodeEffect(codec)(error)))
      )
      assert.strictEqual(back.message, error.message)
      assert.deepStrictEqual(back.reason, reason)
    }))

  it("every reason of the union is in the list", () => {
    const listed = new Set(retryable.map(([reason]) => reason._tag))
    assert.strictEqual(listed.size, Reason.GeminiErrorReason.members.length)
  })
})

describe("the envelope", () => {
  const error = new GeminiError({
    method: "generateContent",
    model: "gemini-3.8-flash",
    status: 429,
    googleStatus: "RESOURCE_EXHAUSTED",
    retryAfter: Duration.seconds(20),
    attempts: [],
    reason: new Reason.RateLimited({ description: "slow down", violations: [violation] })
  })

  it("says in one line what happened and what to do", () => {
    assert.strictEqual(
      error.message,
      "generateContent (gemini-3.8-flash) [HTTP 429] RateLimited: slow down Retry after 20 s."
    )
  })

  it("gets its attempts without losing a field or the place where it failed", () => {
    const attempts = [{ model: "gemini-3.8-flash", status: 429 }, { model: "gemini-3.8-flash", status: 429 }]
    const whole = error.withAttempts(attempts)
    assert.deepStrictEqual(whole.attempts, attempts)
    assert.isTrue(Equal.equals(whole.withAttempts([]), error))
    const frames = (stack: string | undefined) => stack?.slice(stack.indexOf("\n    at "))
    assert.strictEqual(frames(whole.stack), frames(error.stack))
    assert.include(whole.stack ?? "", "After 2 attempts.")
    assert.include(Cause.pretty(Cause.fail(whole)), "After 2 attempts.")
  })

  it.effect("goes through JSON and back", () =>
    Effect.gen(function*() {
      const codec = Schema.toCodecJson(GeminiError)
      const json = JSON.stringify(yield* Schema.encodeEffect(codec)(error))
      const back = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(json))
      assert.instanceOf(back, GeminiError)
      assert.instanceOf(back.reason, Reason.RateLimited)
      assert.strictEqual(back.message, error.message)
    }))

  it("hands on its fields alone, whatever else somebody has written on it", () => {
    const marked = Object.assign(failure(new Reason.MissingApiKey()), { note: "seen" })
    Object.defineProperty(marked, "stack", { value: marked.stack, enumerable: true, writable: true })
    const copy = marked.withAttempts([{ model: "gemini-3.8-flash" }])
    assert.deepStrictEqual(Object.keys(copy), ["_tag", "method", "model", "attempts", "reason"])
    assert.isFalse(Object.hasOwn(copy, "note"))
  })
})

describe("a LiveError", () => {
  it.effect("is caught by reason too", () =>
    Effect.gen(function*() {
      const failed: Effect.Effect<string, LiveError> = Effect.fail(
        new LiveError({ method: "connect", code: 1011, reason: new LiveReason.Interrupted({ code: 1011, text: "x" }) })
      )
      const caught = yield* failed.pipe(
        Effect.catchReason("LiveError", "Interrupted", (reason, error) =>
          Effect.succeed(`${reason.text} ${error.isRetryable}`))
      )
      assert.strictEqual(caught, "x true")
    }))

  it.each([[1000, true], [1006, true], [1007, false], [1008, false], [1011, true], [1012, true]] as const)(
    "close code %i may pass: %s",
    (code, expected) => {
      assert.strictEqual(new LiveReason.Handshake({ code, text: "" }).isRetryable, expected)
      assert.strictEqual(new LiveReason.Interrupted({ code, text: "" }).isRetryable, expected)
    }
  )

  it("every reason says something", () => {
    const reasons: ReadonlyArray<LiveReason.LiveErrorReason> = [
      new LiveReason.Connection({ kind: "refused", status: 403 }),
      new LiveReason.Handshake({ code: 1007, text: "API key not valid." }),
      new LiveReason.InvalidServerMessage({ path: "serverContent", expected: "object" }),
      new LiveReason.ServerDisconnect({ timeLeft: Duration.seconds(9) }),
      new LiveReason.Interrupted({ code: 1006, text: "" }),
      new LiveReason.SessionClosed(),
      new LiveReason.SessionInUse(),
      new LiveReason.Overflow({ bytes: 2, limit: 1 }),
      new LiveReason.ResponseTooLarge({ what: "frame", limit: 1 }),
      new LiveReason.TimedOut({ phase: "setup" }),
      new LiveReason.InvalidSetup({ fields: [{ field: "setup.model", description: "is empty" }] }),
      new LiveReason.Limited({ description: "no session is free" }),
      new LiveReason.NoAnswer(),
      new LiveReason.Network({ code: "ECONNREFUSED" })
    ]
    assert.strictEqual(reasons.length, LiveReason.LiveErrorReason.members.length)
    for (const reason of reasons) assert.isAbove(reason.message.length, 10, reason._tag)
  })
})
