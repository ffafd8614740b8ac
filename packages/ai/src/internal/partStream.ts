/**
 * A stream's chunks as parts of `effect/ai`, inside the span that `effect/ai` made for them.
 */
import * as UsageSpan from "effect-gemini/call/UsageSpan"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import type * as AiError from "effect/ai/AiError"
import type * as Response from "effect/ai/Response"
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { Context } from "./responseToParts.ts"
import { StreamFold } from "./StreamFold.ts"
import { annotateResponse, annotateUsage } from "./telemetry.ts"
import * as ToolParams from "./toolParams.ts"

/** What is known of one call. */
export interface ModelCall {
  readonly parts: Context
  readonly judging: ToolParams.Judging
  readonly span: Tracer.Span
  /** Tells an error of the client's. */
  readonly error: (error: GeminiError) => AiError.AiError
  /** Tells why a part is refused. */
  readonly refused: (reason: AiError.AiErrorReason) => AiError.AiError
}

type Parts = Arr.NonEmptyReadonlyArray<Response.StreamPartEncoded>
type Next = Pull.Pull<Parts, AiError.AiError>

export const partStream = (
  chunks: Stream.Stream<GeminiClient.StreamChunk, GeminiError>,
  { error: toAiError, judging, parts: context, refused, span }: ModelCall
): Stream.Stream<Response.StreamPartEncoded, AiError.AiError> =>
  Stream.transformPull(chunks, (pull, scope) => {
    const fold = new StreamFold(context)
    let over = false
    let failure: AiError.AiError | undefined
    const given = (parts: Parts): Next => {
      annotateResponse(span, parts)
      const at = ToolParams.undeclared(parts, judging)
      if (at < 0) return Effect.mapError(ToolParams.toolParams(parts, judging), refused)
      failure = refused(ToolParams.notFound(parts[at], judging))
      const before = parts.slice(0, at)
      return Arr.isArrayNonEmpty(before)
        ? Effect.mapError(ToolParams.toolParams(before, judging), refused)
        : Effect.fail(failure)
    }
    const last = (reason?: string): Next => {
      over = true
      const out: Array<Response.StreamPartEncoded> = []
      fold.end(out, reason)
      return Arr.isArrayNonEmpty(out) ? given(out) : Cause.done()
    }
    const read: Next = Pull.matchEffect(pull, {
      onSuccess: (received): Next => {
        const out: Array<Response.StreamPartEncoded> = []
        for (const chunk of received) fold.push(chunk.response, out)
        return Arr.isArrayNonEmpty(out) ? given(out) : read
      },
      onFailure: (cause) => {
        const error = Result.getOrUndefined(Cause.findError(cause))
        if (error?.reason._tag === "ResponseBlocked") return last(error.reason.finishReason)
        return Effect.failCause(Cause.map(cause, toAiError))
      },
      onDone: () => last()
    })
    // A stream that nobody reads to its end has no part that says what it used.
    const ended = Effect.sync(() => {
      if (!over) annotateUsage(span, fold.usage)
    })
    return Effect.as(
      Scope.addFinalizer(scope, ended),
      Effect.suspend((): Next => failure !== undefined ? Effect.fail(failure) : over ? Cause.done() : read)
    )
  }).pipe(
    // `effect/ai` gives the span and leaves it to the provider to make it the parent.
    Stream.provideService(Tracer.ParentSpan, span),
    Stream.provideService(UsageSpan.isOutside, true)
  )
