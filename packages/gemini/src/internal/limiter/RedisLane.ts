/**
 * One lane in Redis. Each step is one script; Redis counts, by its own clock.
 *
 * This process keeps three things of its own: which of its calls are in flight, to renew their leases; what it heard
 * last (`HeardLane`); and the lane by which it goes on while Redis is away (`OfflineLane`).
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Redis } from "effect/persistence/Redis"
import { LimiterUnavailable } from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as LaneStore from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { countable } from "../wire/countable.ts"
import { HeardLane } from "./HeardLane.ts"
import { type Day, dayOf, field, type LaneAddress, type LaneScripts, type ScriptReply } from "./laneScript.ts"
import { LaneSteps, type Outcome } from "./LaneSteps.ts"
import { OfflineLane, type WhenAway } from "./OfflineLane.ts"
import { RedisBatch } from "./RedisBatch.ts"
import { RedisReservation } from "./RedisReservation.ts"
import { StepRefused, type StoreLink } from "./StoreLink.ts"

export interface RedisParts extends WhenAway {
  readonly redis: Redis["Service"]
  readonly scripts: LaneScripts
  readonly link: StoreLink
  /** How long a lease holds, in milliseconds. */
  readonly lease: number
  /** How often a call asks again while other processes hold all concurrency, in milliseconds. */
  readonly poll: number
  /** The lanes with calls in flight. */
  readonly busy: Set<RedisLane>
  /** The fibers whose steps are under way to Redis. */
  readonly away: Set<Fiber.Fiber<unknown, unknown>>
}

/** A step that nobody waits for: what Redis refuses is not told, as if Redis had not answered. */
const unlessRefused = <A>(step: Effect.Effect<A | undefined, StepRefused>): Effect.Effect<A | undefined> =>
  Effect.catch(step, () => Effect.undefined)

export class RedisLane implements LaneStore.StoredLane {
  readonly #shared: RedisParts
  readonly #key: LaneStore.LaneKey
  readonly #place: LaneAddress
  readonly #heard: HeardLane
  readonly #offline: OfflineLane
  /** What was granted to this process and has calls in flight. */
  readonly #held = new Set<RedisBatch>()
  readonly #steps: LaneSteps
  #day: Day | undefined

  constructor(shared: RedisParts, key: LaneStore.LaneKey, { margin, window }: LaneStore.Window, name: string) {
    this.#shared = shared
    this.#key = key
    this.#place = {
      window: `${name}:window`,
      leases: `${name}:leases`,
      span: window + margin,
      margin,
      lease: shared.lease
    }
    this.#heard = new HeardLane(window + margin)
    this.#offline = new OfflineLane(shared, key, { window, margin })
    const { away, link, poll, redis, scripts } = shared
    this.#steps = new LaneSteps({
      away,
      poll,
      send: (steps) =>
        Effect.andThen(
          this.#catchUp,
          link.ask(this.#today((day) => redis.eval(scripts.steps)(this.#place, day, steps)))
        ),
      heard: (told, now) => this.#heard.hear(told, now)
    })
  }

  reserve(ask: LaneStore.Claim, now: number): Effect.Effect<LaneStore.Reservation | LaneStore.Refusal, GeminiError> {
    return Effect.map(
      this.reserveAll([ask], now),
      ([answer]) => answer ?? { _tag: "Refused", retryIn: this.#shared.poll, resetAt: undefined }
    )
  }

  reserveAll(
    asks: ReadonlyArray<LaneStore.Claim>,
    now: number
  ): Effect.Effect<ReadonlyArray<LaneStore.Reservation | LaneStore.Refusal>, GeminiError> {
    const refusal = this.#heard.refusal(now)
    if (refusal !== undefined) return Exit.succeed([refusal])
    const wants = asks.map(({ limits, tokens }) => ({ limits, tokens: Math.ceil(countable(tokens)) }))
    return Effect.callback((resume) => {
      let isGone = false
      this.#steps.ask(
        {
          wants,
          done: (outcomes) => {
            const [ask] = asks
            if (outcomes instanceof StepRefused) return resume(this.#unavailable(ask?.method, outcomes.code))
            const answers = outcomes?.map((outcome, i) => this.#answer(outcome, wants[i]?.tokens ?? 0, now))
            if (isGone) {
              for (const answer of answers ?? []) if (answer._tag === "Reserved") void this.cancel(answer, now)
            }
            resume(
              answers !== undefined
                ? Effect.succeed(answers)
                : ask === undefined
                ? Effect.succeed([])
                : Effect.map(this.#byItself(ask, wants[0]?.tokens ?? 0), (answer) => [answer])
            )
          }
        },
        now,
        asks[0]?.limits
      )
      return Effect.sync(() => {
        isGone = true
      })
    })
  }

  settle(reservation: LaneStore.Reservation, counted: number, now: number): Effect.Effect<void> {
    const tokens = Math.ceil(countable(counted))
    if (!this.#owns(reservation) || tokens === reservation.tokens) return Exit.void
    const before = reservation.tokens
    reservation.tokens = tokens
    if (reservation.local !== undefined) void this.#offline.counted.settle(reservation.local, tokens, now)
    const { batch } = reservation
    if (batch !== undefined) {
      batch.settle(before, tokens)
      this.#steps.tell(batch, now)
    }
    return Exit.void
  }

  release(reservation: LaneStore.Reservation, now: number): Effect.Effect<void> {
    if (!this.#owns(reservation) || !reservation.isInFlight) return Exit.void
    reservation.isInFlight = false
    if (reservation.local !== undefined) void this.#offline.counted.release(reservation.local, now)
    const { batch } = reservation
    if (batch === undefined) return Exit.void
    batch.release()
    this.#heard.release()
    this.#changed(batch, now)
    return Exit.void
  }

  cancel(reservation: LaneStore.Reservation, now: number): Effect.Effect<void> {
    if (!this.#owns(reservation) || !reservation.isInFlight) return Exit.void
    reservation.isInFlight = false
    if (reservation.local !== undefined) void this.#offline.counted.cancel(reservation.local, now)
    const { batch, tokens } = reservation
    if (batch === undefined) {
      this.#offline.forget(reservation)
      return Exit.void
    }
    batch.cancel(tokens)
    this.#changed(batch, now)
    return Exit.void
  }

  charge(earlier: number, tokens: ReadonlyArray<number>, now: number): Effect.Effect<void> {
    void this.#offline.counted.charge(earlier, tokens, now)
    const whole = tokens.map((each) => Math.ceil(countable(each)))
    return this.#step((redis, { charge }) => this.#today((day) => redis.eval(charge)(this.#place, day, earlier, whole)))
  }

  pause(retryAfter: number | undefined, now: number): Effect.Effect<void> {
    void this.#offline.counted.pause(retryAfter, now)
    return this.#step(
      (redis, { pause }) => redis.eval(pause)(this.#place, retryAfter),
      () => this.#heard.pause(now + (retryAfter ?? 1_000))
    )
  }

  park(resetAt: number, now: number): Effect.Effect<void> {
    void this.#offline.counted.park(resetAt, now)
    return this.#step(
      (redis, { park }) => redis.eval(park)(this.#place, resetAt),
      () => this.#heard.park(resetAt)
    )
  }

  teach(lesson: LaneStore.Lesson, limits: Limits, now: number): Effect.Effect<void> {
    this.#offline.teach(lesson, limits, now)
    return this.#step((redis, { teach }) => redis.eval(teach)(this.#place, lesson, limits))
  }

  read(limits: Limits, now: number): Effect.Effect<LaneStore.Reading> {
    return Effect.callback((resume) => {
      this.#steps.ask(
        {
          wants: [],
          done: (outcomes) =>
            resume(
              outcomes === undefined
                ? this.#offline.read(limits, now)
                : Effect.succeed(this.#heard.reading(limits, this.#dayEnd, now))
            )
        },
        now,
        limits
      )
    })
  }

  seen(limits: Limits, wanted: LaneStore.Wanted, now: number): LaneStore.Reading {
    const { link, whenDown } = this.#shared
    if (link.down === undefined) return this.#heard.seen(limits, wanted, this.#dayEnd, now)
    return whenDown === "closed"
      ? { ...this.#heard.reading(limits, this.#dayEnd, now), freeIn: Infinity, parkedUntil: Infinity }
      : this.#offline.seen(limits, wanted, now)
  }

  /** Whether the lane can be forgotten: Redis keeps what it counts. */
  isIdle(_: Limits, now: number): boolean {
    return this.#held.size === 0 && this.#heard.refusal(now) === undefined && this.#offline.isIdle(now)
  }

  /** Renews the leases of the calls in flight. */
  get renew(): Effect.Effect<void> {
    return this.#step((redis, { renew }) => redis.eval(renew)(this.#place, [...this.#held]))
  }

  #step(
    f: (redis: Redis["Service"], scripts: LaneScripts) => Effect.Effect<unknown, unknown>,
    unanswered?: () => void
  ): Effect.Effect<void> {
    const { link, redis, scripts } = this.#shared
    return Effect.map(unlessRefused(link.ask(f(redis, scripts))), (reply) => {
      if (reply === undefined) unanswered?.()
    })
  }

  /**
   * Runs a step with the day. The server may be in another day than this process's clock; it says so, and is asked
   * again.
   */
  #today(f: (day: Day) => Effect.Effect<ScriptReply, unknown>): Effect.Effect<ScriptReply, unknown> {
    const ask = Effect.flatMap(Clock.currentTimeMillis, (now) => f(this.#day ??= dayOf(now)))
    return Effect.flatMap(ask, (reply) => {
      if (reply[0] !== "day") return Effect.succeed(reply)
      this.#day = dayOf(field(reply, 1))
      return f(this.#day)
    })
  }

  get #dayEnd(): number {
    return this.#day?.end ?? Infinity
  }

  #answer(outcome: Outcome, tokens: number, now: number): LaneStore.Reservation | LaneStore.Refusal {
    if (!(outcome instanceof RedisBatch)) {
      const { resetAt, retryIn } = outcome
      return { _tag: "Refused", retryIn, resetAt: resetAt === 0 ? undefined : resetAt }
    }
    this.#held.add(outcome)
    this.#shared.busy.add(this)
    return new RedisReservation(this, outcome, outcome.at, tokens, this.#offline.mirror(tokens, now))
  }

  /** Fails a call that Redis does not count. What it refuses to count goes nowhere, whatever `whenDown` says. */
  #unavailable(method = "acquire", code: string | undefined): Effect.Effect<never, GeminiError> {
    return Effect.fail(
      new GeminiError({
        method,
        model: this.#key.quotaModel,
        attempts: [],
        reason: new LimiterUnavailable({ store: "redis", ...(code === undefined ? {} : { code }) })
      })
    )
  }

  /** Takes a reservation from this process's own count, because Redis is down. */
  #byItself(
    ask: LaneStore.Claim,
    tokens: number
  ): Effect.Effect<LaneStore.Reservation | LaneStore.Refusal, GeminiError> {
    const { link, poll, whenDown } = this.#shared
    if (whenDown === "closed") return this.#unavailable(ask.method, link.down?.code ?? "TIMEOUT")
    return Effect.flatMap(
      Clock.currentTimeMillis,
      (now) =>
        Effect.map(this.#offline.reserve(ask, tokens, now), (answer) => {
          // Only the return of Redis may let the call go earlier, and nothing tells the queue of that.
          if (answer._tag === "Refused") return { ...answer, retryIn: Math.min(answer.retryIn, poll * 10) }
          const reservation = new RedisReservation(this, undefined, now, tokens, answer)
          this.#offline.keep(reservation, now)
          return reservation
        })
    )
  }

  /** Tells Redis, which is back, what was sent without it. */
  get #catchUp(): Effect.Effect<void> {
    return Clock.clockWith((clock) => {
      const { link, redis, scripts } = this.#shared
      return link.down !== undefined ? Effect.void : this.#offline.catchUp((earlier, tokens) =>
        Effect.map(
          unlessRefused(link.ask(this.#today((day) => redis.eval(scripts.charge)(this.#place, day, earlier, tokens)))),
          (reply) => reply !== undefined
        ), clock.currentTimeMillisUnsafe())
    })
  }

  /** A call of the batch has ended. */
  #changed(batch: RedisBatch, now: number): void {
    if (batch.inFlight === 0) this.#held.delete(batch)
    if (this.#held.size === 0) this.#shared.busy.delete(this)
    this.#steps.tell(batch, now)
  }

  #owns(reservation: LaneStore.Reservation): reservation is RedisReservation {
    return reservation instanceof RedisReservation && reservation.lane === this
  }
}
