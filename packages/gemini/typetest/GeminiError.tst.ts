import type { GeminiErrorReason } from "effect-gemini/errors/GeminiErrorReason"
import type { LiveErrorReason } from "effect-gemini/errors/LiveErrorReason"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "tstyche"

declare const call: Effect.Effect<string, GeminiError>

describe("the reasons of a GeminiError", () => {
  it("are these and no others", () => {
    expect<GeminiErrorReason["_tag"]>().type.toBe<
      | "MissingApiKey"
      | "Unauthenticated"
      | "InvalidRequest"
      | "NotFound"
      | "RateLimited"
      | "QuotaExhausted"
      | "RequestTooLarge"
      | "LimiterFull"
      | "LimiterUnavailable"
      | "Unpriced"
      | "Overloaded"
      | "ServerError"
      | "Network"
      | "TimedOut"
      | "InvalidResponse"
      | "ResponseTooLarge"
      | "PromptBlocked"
      | "ResponseBlocked"
      | "ToolCallRejected"
      | "StreamInterrupted"
      | "Unsupported"
      | "LiveNotProvided"
      | "Live"
    >()
  })

  it("leave nothing over when each is caught", () => {
    const value = () => Effect.succeed("")
    const caught = call.pipe(
      Effect.unwrapReason("GeminiError"),
      Effect.catchTags({
        MissingApiKey: value,
        Unauthenticated: value,
        InvalidRequest: value,
        NotFound: value,
        RateLimited: value,
        QuotaExhausted: value,
        RequestTooLarge: value,
        LimiterFull: value,
        LimiterUnavailable: value,
        Unpriced: value,
        Overloaded: value,
        ServerError: value,
        Network: value,
        TimedOut: value,
        InvalidResponse: value,
        ResponseTooLarge: value,
        PromptBlocked: value,
        ResponseBlocked: value,
        ToolCallRejected: value,
        StreamInterrupted: value,
        Unsupported: value,
        LiveNotProvided: value,
        Live: value
      })
    )
    expect(caught).type.toBe<Effect.Effect<string>>()
  })

  it("leave the others when one is caught", () => {
    const caught = call.pipe(Effect.catchReason("GeminiError", "RateLimited", () => Effect.succeed("")))
    expect(caught).type.toBe<Effect.Effect<string, GeminiError>>()
  })
})

describe("the reasons of a LiveError", () => {
  it("are these and no others", () => {
    expect<LiveErrorReason["_tag"]>().type.toBe<
      | "InvalidSetup"
      | "Connection"
      | "Handshake"
      | "InvalidServerMessage"
      | "ServerDisconnect"
      | "Interrupted"
      | "SessionClosed"
      | "SessionInUse"
      | "Overflow"
      | "NoAnswer"
      | "ResponseTooLarge"
      | "Limited"
      | "TimedOut"
      | "Network"
    >()
  })
})
