/** What a failure comes out as: those of the model of `effect/ai` as errors of the call, and each reason as a status. */
import { errorResponse, GeminiError, LiveError } from "effect-gemini-promises"
import * as AnswerReason from "effect-gemini/errors/AnswerErrorReason"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import * as LimiterReason from "effect-gemini/errors/LimiterErrorReason"
import * as LiveReason from "effect-gemini/errors/LiveErrorReason"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as AiError from "effect/ai/AiError"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import { describe, expect, test } from "vitest"
import * as AiFailure from "../src/internal/aiFailure.ts"
import * as Failure from "../src/internal/failure.ts"
import { WireClient } from "../src/internal/WireClient.ts"
import { rejected, server } from "./server.ts"

const { emulator, make } = server()

describe("a reason is the status", () => {
  const live = new LiveReason.NoAnswer({})
  const reasons: ReadonlyArray<readonly [number, Reason.GeminiErrorReason]> = [
    [400, new Reason.InvalidRequest({ fields: [{ field: "contents", description: "is empty" }] })],
    [400, new Reason.NotFound({ nearMatches: [] })],
    [400, new Reason.Unsupported({ capability: "x" })],
    [413, new LimiterReason.RequestTooLarge({ estimatedTokens: 2, limit: 1 })],
    [422, new AnswerReason.PromptBlocked({ blockReason: "SAFETY" })],
    [422, new AnswerReason.ResponseBlocked({ finishReason: "SAFETY" })],
    [429, new Reason.RateLimited({ violations: [] })],
    [429, new LimiterReason.LimiterFull({ waiting: 1, limit: 1 })],
    [429, new Reason.QuotaExhausted({ violations: [] })],
    [500, new Reason.MissingApiKey({})],
    [500, new Reason.Unauthenticated({})],
    [500, new Reason.LiveNotProvided({})],
    [500, new LimiterReason.Unpriced({ model: "m", budget: "b" })],
    [502, new AnswerReason.InvalidResponse({ path: "", expected: "JSON" })],
    [502, new AnswerReason.ResponseTooLarge({ what: "body", limit: 1 })],
    [502, new AnswerReason.ToolCallRejected({ finishReason: "MALFORMED_FUNCTION_CALL" })],
    [502, new AnswerReason.StreamInterrupted({ received: [] })],
    [502, new Reason.ServerError({ status: 500 })],
    [502, new Reason.Network({})],
    [502, new Reason.Live({ reason: live })],
    [503, new Reason.Overloaded({})],
    [503, new LimiterReason.LimiterUnavailable({ store: "redis" })],
    [504, new Reason.TimedOut({ phase: "attempt" })]
  ]
  for (const [status, reason] of reasons) {
    test(`${reason._tag} is a ${status}, and what is no affair of the caller's is not told`, async () => {
      const response = errorResponse(new GeminiError({ method: "generateContent", attempts: [], reason }))
      expect(response.status).toBe(status)
      expect(response.headers.has("retry-after")).toBe(false)
      expect(await response.json()).toEqual({
        reason: reason._tag,
        message: status === 500 ? "the service is not set up to answer" : reason.message
      })
    })
  }
  test("the wait that is told is rounded up to whole seconds", () => {
    const after = (millis: number) =>
      errorResponse(
        new GeminiError({
          method: "generateContent",
          attempts: [],
          reason: new Reason.RateLimited({ violations: [] }),
          retryAfter: Duration.millis(millis)
        })
      ).headers.get("retry-after")
    expect([0, 1, 999, 1_000, 1_001].map(after)).toEqual(["0", "1", "1", "1", "2"])
  })
  test("any other error is thrown as it is", () => {
    for (const error of [new Error("x"), "text", undefined, new LiveError({ method: "connect", reason: live })]) {
      let thrown: unknown = "nothing"
      try {
        errorResponse(error)
      } catch (caught) {
        thrown = caught
      }
      expect(thrown).toBe(error)
    }
  })
})

describe("a failure of the model of effect/ai", () => {
  const failed = (reason: AiError.AiErrorReason) => AiError.make({ module: "m", method: "n", reason })
  const answered = async () => {
    await using gemini = make()
    emulator().enqueue({ text: "half", finishReason: "MAX_TOKENS" })
    const client = await gemini.effect(GeminiClient.GeminiClient)
    const wire = new WireClient(client, { contents: "Hello" }, undefined)
    await gemini.effect(wire.service.generate({ contents: "asked on the wire" }))
    if (wire.answer === undefined) throw new Error("there is no answer")
    return { wire, answer: wire.answer }
  }
  const unasked = async () => {
    await using gemini = make()
    return new WireClient(await gemini.effect(GeminiClient.GeminiClient), { contents: "Hello" }, undefined)
  }
  const of = (wire: WireClient, error: unknown): GeminiError => {
    const given = AiFailure.of("generateContent", wire)(error)
    if (given instanceof GeminiError) return given
    throw new Error("it is no GeminiError")
  }

  test("names the schema, or the parameter, that cannot be sent", async () => {
    const wire = await unasked()
    const fieldsOf = (reason: AiError.AiErrorReason) => of(wire, failed(reason)).reason
    expect(fieldsOf(new AiError.UnsupportedSchemaError({ description: "no dates" }))).toMatchObject({
      _tag: "InvalidRequest",
      fields: [{ field: "schema", description: expect.stringContaining("no dates") }]
    })
    expect(fieldsOf(new AiError.InvalidRequestError({ parameter: "topK", description: "too high" }))).toMatchObject({
      _tag: "InvalidRequest",
      fields: [{ field: "topK", description: expect.stringContaining("too high") }]
    })
    expect(fieldsOf(new AiError.InvalidRequestError({ description: "too high" }))).toMatchObject({
      _tag: "InvalidRequest",
      fields: [{ field: "request" }]
    })
  })

  test("without an answer has no model, no usage, no attempt, no finish and no response", async () => {
    const error = of(await unasked(), failed(new AiError.ContentPolicyError({ description: "no" })))
    expect(error).toMatchObject({ method: "generateContent", attempts: [] })
    expect(error.model).toBeUndefined()
    expect(error.usage).toBeUndefined()
    expect(error.reason).toMatchObject({ _tag: "ResponseBlocked", finishReason: "OTHER" })
    expect("response" in error.reason).toBe(false)
  })

  test("has the model, the usage, the attempts, the finish and the response of the last answer", async () => {
    const { answer, wire } = await answered()
    const error = of(wire, failed(new AiError.ContentPolicyError({ description: "no" })))
    expect(error.model).toBe(answer.model)
    expect(error.usage).toEqual(answer.usage)
    expect(error.usage?.totalTokens).toBeGreaterThan(0)
    expect(error.attempts).toEqual(answer.attempts)
    expect(error.attempts).toHaveLength(1)
    expect(error.reason).toMatchObject({ _tag: "ResponseBlocked", finishReason: "MAX_TOKENS" })
    expect(error.reason).toHaveProperty("response", answer.response)
  })

  test("says what was expected in the place of an object, with the finish that the provider tells", async () => {
    const { wire } = await answered()
    const google = { reason: "Incomplete", finishReason: "RECITATION" }
    const metadata = { google }
    for (
      const [reason, description, finishReason] of [
        [new AiError.InvalidRequestError({ description: "it was cut", metadata }), "it was cut", "RECITATION"],
        [new AiError.InvalidOutputError({ description: "a number" }), "a number", "MAX_TOKENS"],
        [new AiError.UnknownError({ metadata: { google: null } }), expect.stringMatching(/./), "MAX_TOKENS"],
        [
          new AiError.ToolNotFoundError({ toolName: "x", availableTools: [] }),
          expect.stringContaining("x"),
          "MAX_TOKENS"
        ]
      ] as const
    ) {
      expect(of(wire, failed(reason)).reason, reason._tag).toMatchObject({
        _tag: "InvalidResponse",
        path: "",
        expected: "an object that fits the schema",
        description,
        finishReason
      })
    }
  })

  test("is the error of the wire where the last request failed, and any other error is itself", async () => {
    await using gemini = make({ retry: { attempts: 1 } })
    const wire = new WireClient(await gemini.effect(GeminiClient.GeminiClient), { contents: "Hello" }, undefined)
    emulator().enqueue({ error: { code: 503 } }, { text: "Hello" })
    const error = await rejected(gemini.effect(wire.service.generate({ contents: "asked on the wire" })))
    const any = failed(new AiError.ContentPolicyError({ description: "no" }))
    expect(AiFailure.of("generateContent", wire)(any)).toBe(error)
    await gemini.effect(wire.service.generate({ contents: "asked on the wire" }))
    expect(AiFailure.of("generateContent", wire)(any)).not.toBe(error)
    const other = new Error("a defect")
    expect(AiFailure.of("generateContent", wire)(other)).toBe(other)
  })
})

describe("what a promise rejects with", () => {
  test("is the failure, the defect, or that the client was closed", () => {
    const error = new Error("x")
    expect(Failure.of(Cause.fail(error))).toBe(error)
    expect(Failure.of(Cause.die(error))).toBe(error)
    expect(Failure.of(Cause.combine(Cause.interrupt(1), Cause.fail(error)))).toBe(error)
    expect(Failure.of(Cause.interrupt(1))).toMatchObject({ method: "close", reason: { _tag: "Unsupported" } })
  })
})
