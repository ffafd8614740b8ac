import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Retry from "../../src/internal/call/retry.ts"

const failed = (reason: Reason.GeminiErrorReason, retryAfter?: number, status?: number): GeminiError =>
  new GeminiError({
    method: "generateContent",
    attempts: [],
    ...(retryAfter === undefined ? {} : { retryAfter: Duration.millis(retryAfter) }),
    ...(status === undefined ? {} : { status }),
    reason
  })

const defaults = Retry.policy(undefined, undefined)
const overloaded = new Reason.Overloaded({})
const after = (error: GeminiError, options: Partial<Retry.FailedAttempt> = {}, policy = defaults) =>
  Retry.delayAfter(policy, { error, failures: 1, remaining: Infinity, waitForQuota: false, random: 0, ...options })

describe("retry", () => {
  it("defaults: 3 attempts, from 1 second to 60, doubling", () => {
    assert.deepStrictEqual(defaults, {
      attempts: 3,
      baseDelay: 1_000,
      maxDelay: 60_000,
      factor: 2,
      maxRetryAfter: 120_000,
      toolCalls: false
    })
  })

  it("a number of attempts that is none ends the call", () => {
    assert.isUndefined(after(failed(overloaded), {}, { ...defaults, attempts: Number.NaN }))
  })

  it("the server's delay wins over the backoff, up to maxRetryAfter", () => {
    assert.strictEqual(after(failed(overloaded, 39_000)), 39_000)
    assert.strictEqual(after(failed(overloaded, 120_000)), 120_000)
    assert.isUndefined(after(failed(overloaded, 120_001)))
    assert.strictEqual(after(failed(overloaded, 0)), 0)
  })

  it("a delay that the deadline does not leave is not slept", () => {
    assert.strictEqual(after(failed(overloaded, 5_000), { remaining: 5_001 }), 5_000)
    assert.isUndefined(after(failed(overloaded, 5_000), { remaining: 5_000 }))
    assert.isUndefined(after(failed(overloaded), { remaining: 400 }))
  })

  it("a spent day is tried again only by those who wait for it, a tool call only by those who opted in", () => {
    const spent = failed(new Reason.QuotaExhausted({ violations: [] }), 21_000)
    assert.isUndefined(after(spent))
    assert.strictEqual(after(spent, { waitForQuota: true }), 0)
    const rejected = failed(new Reason.ToolCallRejected({ finishReason: "MALFORMED_FUNCTION_CALL" }))
    assert.isUndefined(after(rejected))
    assert.strictEqual(after(rejected, {}, Retry.policy({ toolCalls: true }, undefined)), 500)
  })

  it("a cancelled request (499) and a passed total deadline are not tried again", () => {
    assert.isUndefined(after(failed(new Reason.ServerError({}), undefined, 499)))
    assert.isUndefined(after(failed(new Reason.TimedOut({ phase: "total" }))))
    assert.strictEqual(after(failed(new Reason.TimedOut({ phase: "firstByte" }))), 500)
  })

  it.effect.prop(
    "the backoff lies between half and the whole of its step, and never above maxDelay",
    {
      failures: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2_000 })),
      random: Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.999_999 }))
    },
    ({ failures, random }) =>
      Effect.sync(() => {
        const whole = Math.min(60_000, 1_000 * 2 ** (failures - 1))
        const delay = Retry.backoff(defaults, failures, random)
        assert.isAtLeast(delay, whole / 2)
        assert.isBelow(delay, whole)
      })
  )
})
