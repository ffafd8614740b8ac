/**
 * What is recorded of one call: its span, the parent of its attempts' spans, and its
 * metrics. There is none where no tracer is installed and no metrics are asked for, so a
 * call that nobody watches pays for two look-ups, and its chunks for one comparison.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { type Attempt, GeminiError } from "../../GeminiError.ts"
import type { Usage } from "../../wire/Usage.ts"
import * as AttemptSpan from "./attemptSpan.ts"
import { type Attributes, type Measure, Recorder } from "./recorder.ts"

/** Where an attempt goes. */
type Way = Pick<Attempt, "model" | "member">

export class CallRecord {
  readonly #context: Context.Context<never>
  readonly #clock: Clock.Clock
  readonly #recorder: Recorder | undefined
  readonly #attributes: Readonly<Record<string, string>>
  readonly #startedAt: number
  #askedAt = 0
  #sentAt = 0
  #hasChunk = false
  #waited = 0
  #way: Way | undefined
  #failure: string | undefined
  #usage: Usage | undefined

  constructor(
    fiber: Fiber.Fiber<unknown, unknown>,
    recorder: Recorder | undefined,
    method: string,
    model: string | undefined
  ) {
    this.#context = fiber.context
    this.#clock = fiber.getRef(Clock.Clock)
    this.#recorder = recorder
    this.#attributes = {
      "gen_ai.operation.name": AttemptSpan.operationOf(method),
      "gen_ai.provider.name": "gcp.gemini",
      ...(model === undefined ? {} : { "gen_ai.request.model": model })
    }
    this.#startedAt = this.#now()
  }

  /** An attempt asks for its permit. */
  asked(): void {
    this.#askedAt = this.#now()
  }

  /** It has it, and goes out; another way than the attempt before it is a fallback. */
  sent(way: Way): void {
    const { model, member } = way
    const before = this.#way
    this.#way = way
    if (before !== undefined && (before.model !== model || before.member !== member)) {
      this.#observe("fallbacks", 1, {
        "error.type": this.#failure,
        "gemini.fallback.model": model === before.model ? undefined : model,
        "gemini.member": member === before.member ? undefined : member
      })
    }
    this.#sentAt = this.#now()
    this.#waited += this.#sentAt - this.#askedAt
    this.#observe("wait", (this.#sentAt - this.#askedAt) / 1_000)
  }

  /** Of an answer, or of a stream's chunks as they come: the last one counts. */
  used(usage: Usage | undefined): void {
    if (usage !== undefined) this.#usage = usage
  }

  chunk(): void {
    if (this.#hasChunk) return
    this.#hasChunk = true
    this.#observe("timeToFirstChunk", (this.#now() - this.#sentAt) / 1_000)
  }

  retried(error: GeminiError): void {
    this.#failure = error.reason._tag
    this.#observe("retries", 1, { "error.type": error.reason._tag })
  }

  ended(exit: Exit.Exit<unknown, unknown>, { attempts, target, way }: Recorded, span: Tracer.Span | undefined): void {
    const error = errorOf(exit)
    this.used(error?.usage)
    if (span !== undefined) {
      span.attribute("gemini.attempts", error?.attempts.length || attempts)
      if (way.member !== undefined) {
        span.attribute("gemini.member", way.member)
        if (way.model !== target) span.attribute("gemini.fallback.model", way.model)
      }
      span.attribute("gemini.wait", this.#waited / 1_000)
      if (error !== undefined) span.attribute("error.type", error.reason._tag)
    }
    if (this.#recorder === undefined) return
    const failure = Exit.isSuccess(exit) ? undefined : error?.reason._tag ?? "interrupted"
    this.#observe("operationDuration", (this.#now() - this.#startedAt) / 1_000, { "error.type": failure })
    if (this.#usage === undefined) return
    const { candidatesTokens, promptTokens, thoughtsTokens, toolUsePromptTokens } = this.#usage
    this.#observe("tokenUsage", promptTokens + toolUsePromptTokens, { "gen_ai.token.type": "input" })
    this.#observe("tokenUsage", candidatesTokens + thoughtsTokens, { "gen_ai.token.type": "output" })
  }

  get spanOptions(): Tracer.SpanOptionsNoTrace {
    return { kind: "internal", attributes: this.#attributes }
  }

  #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #observe(measure: Measure, value: number, more?: Attributes): void {
    this.#recorder?.(measure, value, { ...this.#attributes, ...more }, this.#context)
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
  model: string | undefined
): CallRecord | undefined => {
  const recorder = fiber.getRef(Recorder)
  return recorder !== undefined || AttemptSpan.isTraced(fiber)
    ? new CallRecord(fiber, recorder, method, model)
    : undefined
}

interface Recorded {
  readonly method: string
  readonly target: string
  readonly attempts: number
  /** Of the last attempt: its model is another one after a fallback. */
  readonly way: Way
}

/** Around a call with one answer. */
export const unary = <A>(
  fiber: Fiber.Fiber<unknown, unknown>,
  record: CallRecord,
  recorded: Recorded,
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

/** For the scope of a stream; the answer is the parent of its attempts. */
export const stream = (
  fiber: Fiber.Fiber<unknown, unknown>,
  record: CallRecord,
  recorded: Recorded,
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
