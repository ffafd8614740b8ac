/**
 * What is recorded of one call: its span, the parent of its attempts' spans, and its
 * metrics. There is none where no tracer is installed and no metrics are asked for, so a
 * call that nobody watches pays for two look-ups, and its chunks for one comparison.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { GeminiError } from "../../GeminiError.ts"
import * as AttemptSpan from "./attemptSpan.ts"
import { type CallWatch, geminiProvider, type ProviderOf, type Recipient, Recorder } from "./recorder.ts"

/** Who makes a call. */
interface Client {
  readonly model: string | undefined
  readonly provider?: ProviderOf | undefined
}

export class CallRecord {
  /** Who measures the call, if anybody does. */
  readonly watch: CallWatch | undefined
  readonly #clock: Clock.Clock
  readonly #attributes: Readonly<Record<string, string>>
  readonly #provider: ProviderOf
  #askedAt = 0
  #waited = 0

  constructor(
    fiber: Fiber.Fiber<unknown, unknown>,
    recorder: Recorder | undefined,
    method: string,
    { model, provider = () => geminiProvider }: Client
  ) {
    this.#clock = fiber.getRef(Clock.Clock)
    this.#provider = provider
    this.#attributes = AttemptSpan.attributes({ method, model }, provider(undefined))
    this.watch = recorder?.call(fiber, this.#attributes)
  }

  /** Tells that an attempt asks for its permit. */
  asked(): void {
    this.#askedAt = this.#clock.currentTimeMillisUnsafe()
  }

  /** Tells that the attempt has its permit and is sent. */
  sent(way: Recipient): void {
    const waited = this.#clock.currentTimeMillisUnsafe() - this.#askedAt
    this.#waited += waited
    this.watch?.sent(way, waited, this.#provider(way.member))
  }

  ended(
    exit: Exit.Exit<unknown, unknown>,
    { attempts, target, way }: CallSummary,
    span: Tracer.Span | undefined
  ): void {
    const error = errorOf(exit)
    if (span !== undefined) {
      span.attribute("gemini.attempts", error?.attempts.length || attempts)
      if (way.member !== undefined) {
        span.attribute("gemini.member", way.member)
        span.attribute("gen_ai.provider.name", this.#provider(way.member))
        if (way.model !== target) span.attribute("gemini.fallback.model", way.model)
      }
      span.attribute("gemini.wait", this.#waited / 1_000)
      if (error !== undefined) span.attribute("error.type", error.reason._tag)
    }
    this.watch?.used(error?.usage)
    this.watch?.ended(Exit.isSuccess(exit) ? undefined : error?.reason._tag ?? "interrupted")
  }

  get spanOptions(): Tracer.SpanOptionsNoTrace {
    return { kind: "internal", attributes: this.#attributes }
  }
}

const errorOf = (exit: Exit.Exit<unknown, unknown>): GeminiError | undefined => {
  const error = Exit.isSuccess(exit) ? undefined : Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  return error instanceof GeminiError ? error : undefined
}

/** The record of a call, if anybody watches. */
export const of = (
  fiber: Fiber.Fiber<unknown, unknown>,
  method: string,
  client: Client
): CallRecord | undefined => {
  const recorder = fiber.getRef(Recorder)
  return recorder !== undefined || AttemptSpan.isTraced(fiber)
    ? new CallRecord(fiber, recorder, method, client)
    : undefined
}

interface CallSummary {
  readonly method: string
  readonly target: string
  readonly attempts: number
  /** The way of the last attempt: after a fallback its model is another one. */
  readonly way: Recipient
}

/** The record of a call with one answer, around the effect. */
export const unary = <A>(
  fiber: Fiber.Fiber<unknown, unknown>,
  record: CallRecord,
  recorded: CallSummary,
  call: Effect.Effect<A, GeminiError>
): Effect.Effect<A, GeminiError> => {
  if (!AttemptSpan.isTraced(fiber)) {
    return Effect.onExit(call, (exit) => Effect.sync(() => record.ended(exit, recorded, undefined)))
  }
  return Effect.useSpan(
    `${recorded.method} ${recorded.target}`,
    record.spanOptions,
    (span) =>
      Effect.withParentSpan(call, span, { captureStackTrace: false }).pipe(
        Effect.onExit((exit) => Effect.sync(() => record.ended(exit, recorded, span)))
      )
  )
}

/** The record of a streamed call, for the scope of the stream. The result is the parent of its attempts' spans. */
export const stream = (
  fiber: Fiber.Fiber<unknown, unknown>,
  record: CallRecord,
  recorded: CallSummary,
  scope: Scope.Scope
): Effect.Effect<Tracer.Span | undefined> => {
  const ending = (span: Tracer.Span | undefined) =>
    Effect.as(
      Scope.addFinalizerExit(scope, (exit) =>
        Effect.sync(() =>
          record.ended(Exit.isFailure(exit) ? Pull.doneExitFromCause(exit.cause) : exit, recorded, span)
        )),
      span
    )
  return AttemptSpan.isTraced(fiber)
    ? Effect.flatMap(
      Scope.provide(Effect.makeSpanScoped(`${recorded.method} ${recorded.target}`, record.spanOptions), scope),
      ending
    )
    : ending(undefined)
}
