/**
 * Bodies → responses or errors: the seam between an HTTP answer and the wire types.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { GeminiError } from "../GeminiError.ts"
import * as Reason from "../GeminiErrorReason.ts"
import * as GenerateContent from "../GenerateContent.ts"
import * as Guard from "./guard.ts"
import { SseSplitter } from "./SseSplitter.ts"
import * as WireError from "./wireError.ts"

const guardResponse = Guard.make(GenerateContent.GenerateContentResponse)

export interface Call {
  readonly method: string
  readonly model: string
}

export const failure = (call: Call, reason: Reason.GeminiErrorReason): GeminiError =>
  new GeminiError({ method: call.method, model: call.model, attempts: [], reason })

const invalid = (call: Call, path: string, expected: string): GeminiError =>
  failure(call, new Reason.InvalidResponse({ path, expected }))

// HttpClientErrors hold the request, and with it key and prompt: only the transport's
// code and words are copied.
export const network = (call: Call, error: HttpClientError.HttpClientError): GeminiError => {
  const cause: unknown = "cause" in error.reason ? error.reason.cause : undefined
  const inner: unknown = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause
  const code = inner instanceof Error && "code" in inner && typeof inner.code === "string" ? inner.code : undefined
  return failure(
    call,
    new Reason.Network({
      ...(code === undefined ? {} : { code }),
      ...(inner instanceof Error ? { description: inner.message } : {})
    })
  )
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A decoded response, or why it is none: not JSON, an error in a 200, a wrong shape, a blocked prompt. */
export const decodeText = (
  call: Call,
  text: string
): Result.Result<GenerateContent.GenerateContentResponse, GeminiError> => {
  const body = parse(text)
  if (body === undefined) return Result.fail(invalid(call, "", "JSON"))
  const response = guardResponse(body)
  if (Result.isFailure(response)) return Result.fail(invalid(call, response.failure.path, response.failure.expected))
  const blockReason = GenerateContent.blockReason(response.success)
  if (blockReason !== undefined) {
    const description = response.success.promptFeedback?.blockReasonMessage ?? undefined
    return Result.fail(
      failure(
        call,
        new Reason.PromptBlocked({ blockReason, ...(description === undefined ? {} : { description }) })
      )
    )
  }
  if (response.success.candidates === undefined && WireError.statusOf(body) !== undefined) {
    return Result.fail(WireError.fromBody({ ...call, httpStatus: 200, body }))
  }
  return Result.succeed(response.success)
}

/** The error of an answer outside 2xx. */
export const httpError = (call: Call, status: number, text: string): GeminiError =>
  WireError.fromBody({ ...call, httpStatus: status, body: parse(text) })

/**
 * SSE bytes → responses. Split, parse and validation are one stage, because a chunk
 * costs less than the seam between two stages (bench: chunks per CPU second).
 * A stream that ends before any finish reason fails with what had been received.
 */
export const decodeEvents = (
  call: Call,
  body: Stream.Stream<Uint8Array, GeminiError>
): Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError> =>
  Stream.transformPull(body, (pull) =>
    Effect.sync(() => {
      type Chunks = Arr.NonEmptyReadonlyArray<GenerateContent.GenerateContentResponse>
      const splitter = new SseSplitter()
      const received: Array<GenerateContent.GenerateContentResponse> = []
      let ended = false
      let finished = false
      let broken: GeminiError | undefined

      const next: Pull.Pull<Chunks, GeminiError> = Effect.suspend(() => {
        if (broken !== undefined) return Effect.fail(broken)
        if (ended) {
          return finished ? Cause.done() : Effect.fail(failure(call, new Reason.StreamInterrupted({ received })))
        }
        return read
      })
      const emit = (events: ReadonlyArray<string>): Pull.Pull<Chunks, GeminiError> => {
        const out: Array<GenerateContent.GenerateContentResponse> = []
        for (const event of events) {
          const decoded = decodeText(call, event)
          if (Result.isFailure(decoded)) {
            broken = decoded.failure
            break
          }
          if (GenerateContent.finishReason(decoded.success) !== undefined) finished = true
          out.push(decoded.success)
        }
        received.push(...out)
        return Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : next
      }
      const read = Pull.matchEffect(pull, {
        onSuccess: (pieces) => emit(pieces.flatMap((piece) => splitter.push(piece))),
        onFailure: (cause) => Effect.failCause(cause),
        onDone: () => {
          ended = true
          return emit(splitter.end())
        }
      })
      return next
    }))
