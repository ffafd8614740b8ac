import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { LimiterFull, QuotaExhausted, RateLimited, RequestTooLarge } from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import type { Refusal, Reservation } from "../../limits/LaneStore.ts"
import type { Admission, Permit } from "../../RateLimiter.ts"
import { alarm } from "./alarm.ts"
import { isPossible } from "./headroom.ts"
import { type Answer, isAnswer, type LaneQueue } from "./LaneQueue.ts"

/** One call's place in its lane: queued, then holding a reservation, then ended. */
export class Ticket implements Permit {
  readonly admission: Admission
  readonly lane: LaneQueue
  readonly context: Context.Context<never>
  readonly clock: Clock.Clock
  state: "arriving" | "queued" | "holding" | "ended" = "arriving"
  /** The error of a call that does not wait: at most the store's first answer. */
  refuse: ((retryIn: number) => GeminiError) | undefined = undefined
  previous: Ticket | undefined = undefined
  next: Ticket | undefined = undefined

  #reservation: Reservation | undefined = undefined
  #isSent = false
  #result: Exit.Exit<void, GeminiError> | undefined = undefined
  #resume: ((exit: Exit.Exit<void, GeminiError>) => void) | undefined = undefined
  #stopDeadline: (() => void) | undefined = undefined

  constructor(admission: Admission, lane: LaneQueue, context: Context.Context<never>, clock: Clock.Clock) {
    this.admission = admission
    this.lane = lane
    this.context = context
    this.clock = clock
  }

  get isBatch(): boolean {
    return this.admission.priority === "batch"
  }

  now(): number {
    return this.clock.currentTimeMillisUnsafe()
  }

  /** Takes a permit at once where nobody waits and the budget is free; else gives what to wait for. */
  enter(): Effect.Effect<void, GeminiError> | undefined {
    const { admission, lane } = this
    if (lane.isClosed) return Effect.interrupt
    // Asked before the store is: what is larger than a budget of nothing would go alone.
    if (!isPossible(admission.limits, admission.tokens)) return Effect.fail(this.exhausted(undefined))
    if (admission.oversize === "reject" && admission.tokens > admission.limits.tpm) {
      const reason = new RequestTooLarge({ estimatedTokens: admission.tokens, limit: admission.limits.tpm })
      return Effect.fail(this.#error(reason))
    }
    if (lane.waiting > 0) return this.#queue(undefined)
    const answer = lane.store.reserve(admission, this.now())
    if (!isAnswer(answer)) return this.#queue(answer)
    if (Exit.isFailure(answer)) return answer
    if (answer.value._tag === "Refused") return this.#queue(answer, answer.value)
    this.hold(answer.value)
    return undefined
  }

  hold(reservation: Reservation): void {
    this.state = "holding"
    this.#reservation = reservation
  }

  /** Handed over: from here on what was taken stays counted. */
  send(): this {
    this.#isSent = true
    return this
  }

  /** The wait is over. */
  finish(exit: Exit.Exit<void, GeminiError>): void {
    if (Exit.isFailure(exit)) this.state = "ended"
    this.#stopDeadline?.()
    this.#result = exit
    this.#resume?.(exit)
  }

  /** Gives back what is to be given back, whatever the ticket's state; an effect if the store needs one. */
  end(): Effect.Effect<void> | undefined {
    const { lane, state } = this
    this.state = "ended"
    if (state === "queued") {
      this.#stopDeadline?.()
      lane.leave(this)
    }
    const reservation = this.#reservation
    if (state !== "holding" || reservation === undefined) return undefined
    if (this.#isSent) return this.#changed(lane.store.release(reservation, this.now()))
    // What was given back can no longer be settled.
    this.#reservation = undefined
    return this.#changed(lane.store.cancel(reservation, this.now()))
  }

  readonly settle = (tokens: number): Effect.Effect<void> =>
    Effect.suspend(() =>
      this.#reservation !== undefined && tokens >= 0 && tokens < Infinity
        ? this.#changed(this.lane.store.settle(this.#reservation, tokens, this.now())) ?? Effect.void
        : Effect.void
    )

  get cancel(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isSent = false
      return this.end() ?? Effect.void
    })
  }

  exhausted(resetAt: number | undefined): GeminiError {
    const { quotaModel } = this.lane.key
    return this.#error(
      new QuotaExhausted({
        description: resetAt === undefined
          ? `the limits of ${quotaModel} allow no request at all: choose another model, or set its limits`
          : `the day's quota of ${quotaModel} is spent; whenExhausted: "wait" waits for the next.`,
        violations: [],
        ...(resetAt === undefined ? {} : { resetAt })
      }),
      resetAt === undefined ? undefined : resetAt - this.now()
    )
  }

  #queue(
    answer: Effect.Effect<Answer, GeminiError> | undefined,
    refusal?: Refusal
  ): Effect.Effect<void, GeminiError> | undefined {
    const { admission, lane } = this
    const { limits } = admission
    const resetAt = refusal?.resetAt ?? lane.spentUntil(limits, this.now())
    if (resetAt !== undefined && admission.whenExhausted !== "wait") return Effect.fail(this.exhausted(resetAt))
    const maxWait = admission.maxWait === undefined
      ? Infinity
      : Duration.toMillis(Duration.fromInputUnsafe(admission.maxWait))
    const refuse = maxWait <= 0
      ? (retryIn?: number) => this.#tooLate(maxWait, retryIn)
      : lane.waiting >= (admission.maxQueue ?? Infinity)
      ? () => this.#full(lane.waiting)
      : undefined
    if (refuse !== undefined) {
      // A store that is still being asked, for this call or one before, may have room; only its refusal is one.
      if (refusal !== undefined || lane.isStuck) return Effect.fail(refuse(refusal?.retryIn))
      this.refuse = refuse
    }
    this.state = "queued"
    lane.enqueue(this, answer)
    if (this.#result !== undefined) return Exit.isSuccess(this.#result) ? undefined : this.#result
    if (maxWait > 0 && maxWait < Infinity) {
      this.#stopDeadline = alarm(this.context, this.clock, maxWait, () => {
        if (this.state !== "queued") return
        const error = this.#tooLate(maxWait, undefined)
        this.state = "ended"
        lane.leave(this)
        this.finish(Exit.fail(error))
      })
    }
    const waited = Effect.callback<void, GeminiError>((resume) => {
      if (this.#result === undefined) this.#resume = resume
      else resume(this.#result)
    })
    return admission.onWait === undefined
      ? waited
      : Effect.andThen(admission.onWait({ lane: lane.key, until: lane.expected }), waited)
  }

  #full(waiting: number): GeminiError {
    return this.#error(new LimiterFull({ waiting, limit: this.admission.maxQueue ?? Infinity }))
  }

  #tooLate(maxWait: number, retryIn: number | undefined): GeminiError {
    const { lane } = this
    const now = this.now()
    const resetAt = lane.spentUntil(this.admission.limits, now)
    if (resetAt !== undefined) return this.exhausted(resetAt)
    const wait = retryIn ?? (lane.expected === undefined ? Infinity : Math.max(0, lane.expected - now))
    const description = maxWait <= 0
      ? `the quota of ${lane.key.quotaModel} is in use, and maxWait is 0`
      : `the quota of ${lane.key.quotaModel} gave no permit within ${maxWait} ms (maxWait)`
    return this.#error(new RateLimited({ description, violations: [] }), wait)
  }

  #error(reason: GeminiError["reason"], retryIn = Infinity): GeminiError {
    return new GeminiError({
      method: this.admission.method ?? "acquire",
      model: this.lane.key.quotaModel,
      attempts: [],
      reason,
      ...(retryIn < Infinity ? { retryAfter: Duration.millis(retryIn) } : {})
    })
  }

  /** Something may be free now. */
  #changed(done: Effect.Effect<void>): Effect.Effect<void> | undefined {
    const { lane } = this
    if (!isAnswer(done)) return Effect.andThen(done, Effect.sync(() => lane.pump()))
    if (lane.waiting > 0) lane.pump()
    return undefined
  }
}
