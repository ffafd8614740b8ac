import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import {
  LimiterFull,
  QuotaExhausted,
  RateLimited,
  RequestTooLarge,
  Unsupported
} from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import type { Refusal, Reservation } from "../../limits/LaneStore.ts"
import type { Admission, Permit } from "../../limits/Permit.ts"
import { isCountable } from "../wire/countable.ts"
import { alarm } from "./alarm.ts"
import { type Decision, isMade } from "./decision.ts"
import { isPossible } from "./headroom.ts"
import type { LaneQueue } from "./LaneQueue.ts"
import type { OwnLimits, OwnShare } from "./OwnLimits.ts"

const refusalOf = (answer: Decision): Refusal | undefined => answer._tag === "Refused" ? answer : undefined

/** One call's place in its lane: queued, then holding a reservation, then ended. */
export class Ticket implements Permit {
  admission: Admission
  lane: LaneQueue
  /** The call's own limits, where it brings any. */
  own: OwnLimits | undefined
  /** What it took of them, from when it asks its lane. */
  share: OwnShare | undefined = undefined
  /** Whether it stands aside, because its own limits have no room. */
  isAside = false
  readonly context: Context.Context<never>
  readonly clock: Clock.Clock
  state: "arriving" | "queued" | "holding" | "ended" = "arriving"
  /** Makes the error of a call that does not wait, or waits at most for the store's first answer. */
  refuse: ((retryIn: number) => GeminiError) | undefined = undefined
  previous: Ticket | undefined = undefined
  next: Ticket | undefined = undefined

  #reservation: Reservation | undefined = undefined
  /** What was known of its tokens when they were estimated. */
  #revision: number | undefined
  #isSent = false
  #result: Exit.Exit<void, GeminiError> | undefined = undefined
  #resume: ((exit: Exit.Exit<void, GeminiError>) => void) | undefined = undefined
  #stopDeadline: (() => void) | undefined = undefined

  constructor(admission: Admission, lane: LaneQueue, context: Context.Context<never>, clock: Clock.Clock) {
    this.admission = admission
    this.lane = lane
    this.own = admission.own === undefined ? undefined : lane.owns.of(admission.own, clock.currentTimeMillisUnsafe())
    this.#revision = admission.party?.revision
    this.context = context
    this.clock = clock
  }

  /** Whether more was learnt of its tokens since they were estimated. */
  get isStale(): boolean {
    return this.admission.party?.revision !== this.#revision
  }

  /** Estimates its tokens anew. */
  renew(): void {
    const { again, party, tokens } = this.admission
    this.#revision = party?.revision
    this.admission = { ...this.admission, tokens: again?.().tokens ?? tokens }
  }

  get isBatch(): boolean {
    return this.admission.priority === "batch"
  }

  now(): number {
    return this.clock.currentTimeMillisUnsafe()
  }

  /** Takes a permit at once if nobody waits and there is room; otherwise it gives the effect that waits. */
  enter(): Effect.Effect<void, GeminiError> | undefined {
    const { admission, lane } = this
    if (lane.isClosed) return Effect.fail(this.closed)
    // This is asked before the store is, because a request that is larger than a budget of nothing would go alone.
    const { impossible } = this
    if (impossible !== undefined) return Effect.fail(impossible)
    if (lane.waiting > 0 || lane.isHeld) return this.#queue(undefined)
    const refusal = this.own?.take(this)
    if (refusal !== undefined) return this.#queue(undefined, refusal, true)
    const answer = lane.store.reserve(admission, this.now())
    if (!isMade(answer)) {
      const wait = this.#queue(answer)
      // A call that does not wait leaves what it took.
      if (this.state === "arriving") this.share?.of.undo(this)
      return wait
    }
    if (Exit.isSuccess(answer) && answer.value._tag === "Reserved") return this.hold(answer.value)
    this.share?.of.undo(this)
    return Exit.isFailure(answer) ? answer : this.#queue(answer, refusalOf(answer.value))
  }

  /** Why its limits can never admit it, if that is so. */
  get impossible(): GeminiError | undefined {
    const { limits, oversize, own = limits, tokens } = this.admission
    if (!isPossible(own, tokens)) return this.exhausted(undefined)
    return oversize === "reject" && tokens > own.tpm
      ? this.#error(new RequestTooLarge({ estimatedTokens: tokens, limit: own.tpm }))
      : undefined
  }

  /** The error of a call that does not wait for the next day, while the day of its lane is known to be spent. */
  get spent(): GeminiError | undefined {
    const { limits, whenExhausted } = this.admission
    const resetAt = whenExhausted === "wait" ? undefined : this.lane.spentUntil(limits, this.now())
    return resetAt === undefined ? undefined : this.exhausted(resetAt)
  }

  /** Goes on to the lane where its party is counted now. It must be in no queue. */
  moveTo(lane: LaneQueue): void {
    this.share?.of.undo(this)
    this.lane = lane
    this.admission = { ...this.admission, ...this.admission.again?.() }
    this.#revision = this.admission.party?.revision
    this.own = this.admission.own === undefined ? undefined : lane.owns.of(this.admission.own, this.now())
  }

  hold(reservation: Reservation): undefined {
    this.state = "holding"
    this.#reservation = reservation
    const { party } = this.admission
    if (party !== undefined) party.given++
  }

  /** Notes that the request is handed over: from here on what was taken stays counted. */
  send(): this {
    this.#isSent = true
    return this
  }

  /** Ends the wait. */
  finish(exit: Exit.Exit<void, GeminiError>): void {
    if (Exit.isFailure(exit)) this.state = "ended"
    this.#stopDeadline?.()
    this.#result = exit
    this.#resume?.(exit)
    this.#goneFrom(this.own)
  }

  /** Lets the next call with the same limits of its own come back. */
  #goneFrom(own: OwnLimits | undefined): void {
    own?.leave(this)
    own?.callBack()
  }

  /**
   * Gives back what must be given back, whatever state the ticket is in. The result is an effect if the store needs
   * one.
   */
  end(): Effect.Effect<void> | undefined {
    const { lane, share, state } = this
    this.state = "ended"
    if (state === "queued") {
      this.#stopDeadline?.()
      lane.leave(this)
      this.#goneFrom(this.own)
    }
    const reservation = this.#reservation
    if (state !== "holding" || reservation === undefined) return undefined
    share?.of.end(this, this.#isSent)
    if (this.#isSent) return this.#changed(lane.store.release(reservation, this.now()))
    // What was given back can no longer be settled.
    this.#reservation = undefined
    const { lane: key, party } = this.admission
    if (party !== undefined && party.given > 0 && party.lane === key) party.given--
    return this.#changed(lane.store.cancel(reservation, this.now()))
  }

  readonly settle = (tokens: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (this.#reservation === undefined || !isCountable(tokens)) return Effect.void
      const { share } = this
      share?.of.settle(share, tokens, this.now())
      return this.#changed(this.lane.store.settle(this.#reservation, tokens, this.now())) ?? Effect.void
    })

  get cancel(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#isSent = false
      return this.end() ?? Effect.void
    })
  }

  /** The error of a call that waits when the limiter closes, or that comes later. */
  get closed(): GeminiError {
    return this.#error(
      new Unsupported({
        capability: "calls after closing",
        description: "this limiter is closed: its layer's scope has ended, build the layer again"
      })
    )
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
    answer: Effect.Effect<Decision, GeminiError> | undefined,
    refusal?: Refusal,
    isOwn = false
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
      // A store that is still being asked, for this call or one before, may have room, so only a refusal of its own
      // counts.
      if (refusal !== undefined || lane.isStuck) return Effect.fail(refuse(refusal?.retryIn))
      this.refuse = refuse
    }
    this.state = "queued"
    if (isOwn && refusal !== undefined) this.own?.setAside(this, refusal.retryIn)
    else lane.enqueue(this, answer)
    if (this.#result !== undefined) return Exit.isSuccess(this.#result) ? undefined : this.#result
    if (maxWait > 0 && maxWait < Infinity) {
      this.#stopDeadline = alarm(this.context, this.clock, maxWait, () => {
        if (this.state !== "queued") return
        const error = this.#tooLate(maxWait, undefined)
        this.state = "ended"
        this.lane.leave(this)
        this.finish(Exit.fail(error))
      })
    }
    const waited = Effect.callback<void, GeminiError>((resume) => {
      if (this.#result === undefined) this.#resume = resume
      else resume(this.#result)
    })
    return admission.onWait === undefined
      ? waited
      : Effect.andThen(admission.onWait({ lane: lane.key, until: this.#expected }), waited)
  }

  /** When it is expected to go, as far as is known. */
  get #expected(): number | undefined {
    return this.isAside ? this.own?.expected : this.lane.expected
  }

  #full(waiting: number): GeminiError {
    return this.#error(new LimiterFull({ waiting, limit: this.admission.maxQueue ?? Infinity }))
  }

  #tooLate(maxWait: number, retryIn: number | undefined): GeminiError {
    const { lane } = this
    const now = this.now()
    const resetAt = lane.spentUntil(this.admission.limits, now)
    if (resetAt !== undefined) return this.exhausted(resetAt)
    const expected = this.#expected
    const wait = retryIn ?? (expected === undefined ? Infinity : Math.max(0, expected - now))
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

  /** Lets the lane look again, because something may be free now. */
  #changed(done: Effect.Effect<void>): Effect.Effect<void> | undefined {
    const { lane } = this
    if (!isMade(done)) return Effect.andThen(done, Effect.sync(() => lane.pump()))
    if (lane.waiting > 0) lane.pump()
    return undefined
  }
}
