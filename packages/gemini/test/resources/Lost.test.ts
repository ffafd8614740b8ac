/**
 * Which failures leave it open whether the server did what was asked.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as Lost from "../../src/internal/resources/lost.ts"

const failed = (reason: Reason.GeminiErrorReason, status?: number): GeminiError =>
  new GeminiError({ method: "files.create", attempts: [], reason, ...(status === undefined ? {} : { status }) })

const network = (code?: string) =>
  failed(new Reason.Network({ description: "", ...(code === undefined ? {} : { code }) }))

describe("a request that failed", () => {
  it.each<readonly [name: string, error: GeminiError, verdict: "unsent" | "refused" | "lost"]>([
    ["no key", failed(new Reason.MissingApiKey()), "unsent"],
    ["a bad request of ours", failed(new Reason.InvalidRequest({ fields: [] })), "unsent"],
    ["no connection", network("ECONNREFUSED"), "unsent"],
    ["no such host", network("ENOTFOUND"), "unsent"],
    ["the deadline of the connection", failed(new Reason.TimedOut({ phase: "connect" })), "unsent"],
    ["400", failed(new Reason.InvalidRequest({ fields: [] }), 400), "refused"],
    ["401", failed(new Reason.Unauthenticated({}), 401), "refused"],
    ["404", failed(new Reason.NotFound({ nearMatches: [] }), 404), "refused"],
    ["409", failed(new Reason.InvalidRequest({ fields: [] }), 409), "refused"],
    ["429", failed(new Reason.RateLimited({ violations: [] }), 429), "refused"],
    ["408", failed(new Reason.ServerError({ status: 408 }), 408), "lost"],
    ["499", failed(new Reason.ServerError({ status: 499 }), 499), "lost"],
    ["500", failed(new Reason.ServerError({ status: 500 }), 500), "lost"],
    ["503", failed(new Reason.Overloaded({}), 503), "lost"],
    ["a connection that broke", network("ECONNRESET"), "lost"],
    ["a connection of which nothing is known", network(), "lost"],
    ["the deadline of the attempt", failed(new Reason.TimedOut({ phase: "attempt" })), "lost"],
    ["an answer that cannot be read", failed(new Reason.InvalidResponse({ path: "", expected: "JSON" })), "lost"],
    ["an answer that is too large", failed(new Reason.ResponseTooLarge({ what: "body", limit: 1 })), "lost"]
  ])("with %s", (_, error, verdict) => {
    assert.strictEqual(Lost.isUnsent(error) ? "unsent" : Lost.isLost(error) ? "lost" : "refused", verdict)
    assert.strictEqual(Lost.isLost(error), verdict === "lost")
  })

  it.each<readonly [error: GeminiError, isMissing: boolean]>([
    [failed(new Reason.NotFound({ nearMatches: [] }), 404), true],
    [
      failed(
        new Reason.Unauthenticated({
          description: "You do not have permission to access the File files/x or it may not exist."
        }),
        403
      ),
      true
    ],
    [failed(new Reason.Unauthenticated({ description: "CachedContent not found (or permission denied)" }), 403), true],
    [failed(new Reason.Unauthenticated({ description: "API key not valid" }), 403), false],
    [
      failed(
        new Reason.Unauthenticated({
          description: "Permission denied on resource project p (or it may not exist).",
          code: "CONSUMER_INVALID"
        }),
        403
      ),
      false
    ],
    [failed(new Reason.Unauthenticated({ description: "The consumer was not found" }), 401), false]
  ])("is NotFound with the member that was asked, if the resource is missing", (error, isMissing) => {
    const worded = Lost.worded(error, "b")
    assert.strictEqual(
      worded.reason._tag === "NotFound" ? worded.reason.member : undefined,
      isMissing ? "b" : undefined
    )
    assert.strictEqual(worded.status, error.status)
  })

  it("keeps what else NotFound says", () => {
    const reason = new Reason.NotFound({
      description: "no such model",
      nearMatches: ["gemini-3.8-flash"],
      transport: "live"
    })
    const worded = Lost.worded(failed(reason, 404), "b")
    assert.deepStrictEqual(worded.reason, new Reason.NotFound({ ...reason, member: "b" }))
    assert.include(worded.message, "gemini-3.8-flash")
  })
})
