/**
 * What may follow a failure: for every reason the table says whether the same way is asked again, whether another
 * member, model or transport may answer, what a circuit makes of it, and whether a stream may begin anew. The expected
 * rows were written before the table was asked.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import * as LiveReason from "effect-gemini/errors/LiveErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as Failures from "../../src/internal/call/failures.ts"
import { outcomeOf } from "../../src/internal/members/circuit.ts"

type GeminiErrorReason = GeminiError["reason"]

type Row = readonly [
  retry: boolean,
  member: boolean,
  model: boolean,
  circuit: string,
  transport: boolean,
  restart: boolean
]

const no = false
const yes = true

/** What is expected where nothing but the reason is known: no status, no option of the call. */
const expected: ReadonlyArray<readonly [reason: GeminiErrorReason, ...row: Row]> = [
  [new Reason.MissingApiKey(), no, no, no, "Ignored", no, no],
  [new Reason.LiveNotProvided(), no, no, no, "Ignored", no, no],
  [new Reason.InvalidRequest({ fields: [] }), no, no, yes, "Ignored", no, no],
  [new Reason.Unsupported({ capability: "x" }), no, no, yes, "Ignored", no, no],
  [new Reason.NotFound({ nearMatches: [] }), no, no, yes, "Ignored", no, no],
  [new Reason.Unauthenticated({}), no, yes, no, "Ignored", no, no],
  [new Reason.RateLimited({ violations: [] }), yes, yes, no, "Ignored", yes, no],
  [new Reason.QuotaExhausted({ violations: [] }), no, yes, no, "Ignored", yes, no],
  [new Reason.RequestTooLarge({ estimatedTokens: 2, limit: 1 }), no, no, no, "Ignored", no, no],
  [new Reason.Unpriced({ model: "m", budget: "b" }), no, no, no, "Ignored", no, no],
  [new Reason.LimiterFull({ waiting: 1, limit: 1 }), no, no, no, "Ignored", yes, no],
  [new Reason.LimiterUnavailable({ store: "redis" }), no, no, no, "Ignored", no, no],
  [new Reason.Overloaded({}), yes, yes, no, "Failure", yes, yes],
  [new Reason.ServerError({ status: 500 }), yes, yes, no, "Failure", yes, yes],
  [new Reason.ServerError({ status: 499 }), no, no, no, "Ignored", no, no],
  [new Reason.Network({ code: "ECONNRESET" }), yes, yes, no, "Failure", yes, yes],
  [new Reason.TimedOut({ phase: "idle" }), yes, yes, no, "Failure", yes, yes],
  [new Reason.TimedOut({ phase: "total" }), no, no, no, "Ignored", no, no],
  // Until now the other transport was not asked, though a 503 in the same place went there.
  [new Reason.StreamInterrupted({ received: [] }), yes, yes, no, "Failure", yes, yes],
  [new Reason.InvalidResponse({ path: "$", expected: "JSON" }), no, no, no, "Ignored", no, no],
  [new Reason.ResponseTooLarge({ what: "body", limit: 1 }), no, no, no, "Success", no, no],
  [new Reason.PromptBlocked({ blockReason: "SAFETY" }), no, no, no, "Success", no, no],
  [new Reason.ResponseBlocked({ finishReason: "SAFETY" }), no, no, no, "Success", no, no],
  [new Reason.ToolCallRejected({ finishReason: "MALFORMED_FUNCTION_CALL" }), no, no, no, "Success", no, no],
  // Until now a Live answer that broke behind its first chunk could not begin anew.
  [new Reason.Live({ reason: new LiveReason.Network({}) }), yes, yes, no, "Failure", yes, yes],
  [new Reason.Live({ reason: new LiveReason.SessionClosed() }), no, no, no, "Ignored", no, no]
]

const errorOf = (reason: GeminiErrorReason, status?: number): GeminiError =>
  new GeminiError({ method: "generateContent", attempts: [], reason, ...(status === undefined ? {} : { status }) })

const plain = { waitForQuota: false, toolCalls: false }

describe("what may follow a failure", () => {
  it("every reason has a row here", () => {
    assert.deepStrictEqual(
      new Set(expected.map(([reason]) => reason._tag)).size,
      Reason.GeminiErrorReason.members.length
    )
  })

  for (const [reason, ...row] of expected) {
    const detail = "phase" in reason ? ` ${reason.phase}` : "status" in reason ? ` ${reason.status}` : ""
    it(`${reason._tag}${detail}: retry, member, model, circuit, transport, restart = ${row.join(", ")}`, () => {
      const error = errorOf(reason)
      assert.deepStrictEqual([
        Failures.mayBeAskedAgain(error, plain),
        Failures.helpsMember(error),
        Failures.helpsModel(error),
        outcomeOf(error)._tag,
        Failures.helpsTransport(error),
        Failures.helpsRestart(error)
      ], row)
    })
  }

  it("a day's quota is waited for, and a rejected call asked again, only where the call says so", () => {
    const quota = errorOf(new Reason.QuotaExhausted({ violations: [] }))
    const call = errorOf(new Reason.ToolCallRejected({ finishReason: "UNEXPECTED_TOOL_CALL" }))
    assert.isTrue(Failures.mayBeAskedAgain(quota, { ...plain, waitForQuota: true }))
    assert.isFalse(Failures.mayBeAskedAgain(quota, { ...plain, toolCalls: true }))
    assert.isTrue(Failures.mayBeAskedAgain(call, { ...plain, toolCalls: true }))
    assert.isFalse(Failures.mayBeAskedAgain(call, { ...plain, waitForQuota: true }))
  })

  it("a 499 is our own hanging up and is not undone, whatever its reason", () => {
    assert.isFalse(Failures.mayBeAskedAgain(errorOf(new Reason.Overloaded({}), 499), plain))
  })

  it("a permit is given back whole only for what never left this process", () => {
    const unsent = expected.filter(([reason]) => Failures.isUnsent(errorOf(reason))).map(([reason]) => reason._tag)
    assert.deepStrictEqual(unsent, [
      "MissingApiKey",
      "LiveNotProvided",
      "InvalidRequest",
      "Unsupported",
      "RequestTooLarge",
      "Unpriced",
      "LimiterFull",
      "LimiterUnavailable"
    ])
    assert.isFalse(Failures.isUnsent(errorOf(new Reason.InvalidRequest({ fields: [] }), 400)))
  })
})
