/**
 * One lane in Redis. Each step is one script; what it counts is Redis's, by its clock.
 *
 * This process keeps three things of its own: which of its calls are in flight, to renew
 * their leases; the lane by which it goes on while Redis is down, if it may; and what
 * Redis could not be told meanwhile.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Redis } from "effect/persistence/Redis"
import { LimiterUnavailable } from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as LaneStore from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import { isAnswer } from "./LaneQueue.ts"
import { type Day, dayOf, field, type Place, type Reply, type Scripts, step, type Told, told } from "./laneScript.ts"
import { LaneSteps, type Outcome } from "./LaneSteps.ts"
import { countable } from "./LaneWindow.ts"
import { RedisReservation } from "./RedisReservation.ts"
import type { StoreLink } from "./StoreLink.ts"

export interface Shared {
  readonly redis: Redis["Service"]
  readonly scripts: Scripts
  readonly link: StoreLink
  readonly whenDown: "closed" | "open" | "local"
  /** What of the limits this process may use alone. */
  readonly localShare: number
  /** Milliseconds. */
  readonly lease: number
  readonly poll: number
  /** Lanes with calls in flight. */
  readonly busy: Set<RedisLane>
  /** What is under way to Redis. */
  readonly away: Set<Fiber.Fiber<unknown, unknown>>
}

const unlimited: Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

const shareOf = (limits: Limits, share: number): Limits => ({
  rpm: Math.max(1, Math.floor(limits.rpm * share)),
  tpm: Math.max(1, Math.floor(limits.tpm * share)),
  rpd: Math.max(1, Math.floor(limits.rpd * share)),
  concurrency: Math.max(1, Math.floor(limits.concurrency * share))
})

export class RedisLane implements LaneStore.StoredLane {
  readonly #shared: Shared
  readonly #key: LaneStore.LaneKey
  readonly #place: Place
  readonly #alone: LaneStore.StoredLane
  readonly #held = new Set<string>()
  readonly #steps: LaneSteps
  #day: Day | undefined
  /** What a 429 taught while Redis could not be told. */
  #pausedUntil = -Infinity
  #parkedUntil = -Infinity
  /** Sent while Redis was down: it hears of them when it is back. */
  #unheard: Array<RedisReservation> = []
  #unheardBefore = 0
  /** What Redis said of the lane last, and when. */
  #told = told([], 0)
  #toldAt = -Infinity

  constructor(shared: Shared, key: LaneStore.LaneKey, { guard, window }: LaneStore.Window, name: string) {
    this.#shared = shared
    this.#key = key
    this.#place = { window: `${name}:window`, leases: `${name}:leases`, span: window + guard, guard }
    this.#alone = LaneStore.memory.open(key, { window, guard })
    const { away, link, redis, scripts } = shared
    this.#steps = new LaneSteps({
      away,
      send: (steps) =>
        Effect.andThen(
          this.#catchUp,
          link.run(this.#today((day) => redis.eval(scripts.steps)(this.#place, day, steps)))
        ),
      heard: (told, now) => {
        this.#told = told
        this.#toldAt = now
      }
    })
  }

  reserve(ask: LaneStore.Ask, now: number): Effect.Effect<LaneStore.Reservation | LaneStore.Refusal, GeminiError> {
    return Effect.map(
      this.reserveAll([ask], now),
      ([answer]) => answer ?? { _tag: "Refused", retryIn: this.#shared.poll, resetAt: undefined }
    )
  }

  reserveAll(
    asks: ReadonlyArray<LaneStore.Ask>,
    now: number
  ): Effect.Effect<ReadonlyArray<LaneStore.Reservation | LaneStore.Refusal>, GeminiError> {
    const told = Math.max(this.#pausedUntil, this.#parkedUntil)
    if (now < told) {
      const resetAt = now < this.#parkedUntil ? this.#parkedUntil : undefined
      return Exit.succeed([{ _tag: "Refused", retryIn: told - now, resetAt }])
    }
    const { lease, poll } = this.#shared
    const tokens = asks.map((ask) => Math.ceil(countable(ask.tokens)))
    return Effect.callback((resume) => {
      let isGone = false
      this.#steps.add(
        {
          args: [
            ...step.group,
            ...asks.flatMap(({ limits }, i) => step.reserve(limits, tokens[i] ?? 0, lease, poll))
          ],
          reserves: asks.length,
          done: (outcomes) => {
            const [ask] = asks
            const answers = outcomes?.map((outcome, i) => this.#answer(outcome, tokens[i] ?? 0, now))
            if (isGone) {
              for (const answer of answers ?? []) if (answer._tag === "Reserved") void this.cancel(answer, now)
            }
            resume(
              answers !== undefined
                ? Effect.succeed(answers)
                : ask === undefined
                ? Effect.succeed([])
                : Effect.map(this.#byItself(ask, tokens[0] ?? 0), (answer) => [answer])
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
    if (reservation.local !== undefined) void this.#alone.settle(reservation.local, tokens, now)
    const { position } = reservation
    if (position !== undefined) this.#steps.add({ args: step.settle(position, before, tokens), reserves: 0 }, now)
    return Exit.void
  }

  release(reservation: LaneStore.Reservation, now: number): Effect.Effect<void> {
    if (!this.#owns(reservation)) return Exit.void
    if (reservation.local !== undefined) void this.#alone.release(reservation.local, now)
    const { position } = reservation
    if (position === undefined) return Exit.void
    this.#letGo(position)
    if (this.#told.inFlight > 0) this.#told.inFlight--
    this.#steps.add({ args: step.release(position), reserves: 0 }, now)
    return Exit.void
  }

  cancel(reservation: LaneStore.Reservation, now: number): Effect.Effect<void> {
    if (!this.#owns(reservation)) return Exit.void
    if (reservation.local !== undefined) void this.#alone.cancel(reservation.local, now)
    const { at, position } = reservation
    if (position === undefined) {
      this.#unheard = this.#unheard.filter((other) => other !== reservation)
      return Exit.void
    }
    this.#letGo(position)
    this.#steps.add({ args: step.cancel(position, at), reserves: 0 }, now)
    return Exit.void
  }

  charge(earlier: number, tokens: ReadonlyArray<number>, now: number): Effect.Effect<void> {
    void this.#alone.charge(earlier, tokens, now)
    const whole = tokens.map((each) => Math.ceil(countable(each)))
    return this.#step((redis, { charge }) => this.#today((day) => redis.eval(charge)(this.#place, day, earlier, whole)))
  }

  pause(retryAfter: number | undefined, now: number): Effect.Effect<void> {
    void this.#alone.pause(retryAfter, now)
    return this.#step(
      (redis, { pause }) => redis.eval(pause)(this.#place, retryAfter),
      () => {
        this.#pausedUntil = Math.max(this.#pausedUntil, now + (retryAfter ?? 1_000))
      }
    )
  }

  park(resetAt: number, now: number): Effect.Effect<void> {
    void this.#alone.park(resetAt, now)
    return this.#step(
      (redis, { park }) => redis.eval(park)(this.#place, resetAt),
      () => {
        this.#parkedUntil = Math.max(this.#parkedUntil, resetAt)
      }
    )
  }

  teach(lesson: LaneStore.Lesson, limits: Limits, now: number): Effect.Effect<void> {
    const { localShare } = this.#shared
    const limit = lesson.limit === undefined ? undefined : lesson.limit * localShare
    void this.#alone.teach({ ...lesson, limit }, shareOf(limits, localShare), now)
    return this.#step((redis, { teach }) => redis.eval(teach)(this.#place, lesson, limits))
  }

  read(limits: Limits, now: number): Effect.Effect<LaneStore.Reading> {
    const { localShare } = this.#shared
    return Effect.callback((resume) => {
      this.#steps.add(
        {
          args: [],
          reserves: 0,
          done: (outcomes) =>
            resume(
              outcomes === undefined
                ? this.#alone.read(shareOf(limits, localShare), now)
                : Effect.succeed(this.#reading(this.#told, limits, now))
            )
        },
        now,
        limits
      )
    })
  }

  seen(limits: Limits, { requests, tokens }: LaneStore.Wanted, now: number): LaneStore.Reading {
    const { link, localShare, whenDown } = this.#shared
    if (link.down !== undefined && whenDown !== "closed") {
      return this.#alone.seen(whenDown === "open" ? unlimited : shareOf(limits, localShare), { requests, tokens }, now)
    }
    const reading = this.#reading(this.#told, limits, now)
    if (link.down !== undefined) return { ...reading, freeIn: Infinity, parkedUntil: Infinity }
    let at = Math.max(now, reading.parkedUntil ?? 0)
    if (reading.today + requests > limits.rpd) at = Math.max(at, nextPacificMidnight(now))
    // Those that must leave first are taken to be equal, and to leave evenly after the first of them.
    const count = Math.max(1, reading.requests)
    const leaving = Math.max(
      reading.requests + requests - (reading.learned?.rpm ?? limits.rpm),
      Math.ceil((reading.tokens + tokens - (reading.learned?.tpm ?? limits.tpm)) * count / Math.max(1, reading.tokens))
    )
    const first = this.#told.freeIn < Infinity ? this.#told.freeIn : 0
    if (leaving > 0) at = Math.max(at, this.#toldAt + first + (leaving - 1) / count * (this.#place.span - first))
    return { ...reading, freeIn: at - now }
  }

  /** What Redis counts it keeps by itself. */
  isIdle(_: Limits, now: number): boolean {
    return this.#held.size === 0 && this.#unheard.length === 0 && this.#unheardBefore === 0 &&
      now >= Math.max(this.#pausedUntil, this.#parkedUntil) && this.#alone.isIdle(unlimited, now)
  }

  /** The leases of the calls in flight begin anew. */
  get renew(): Effect.Effect<void> {
    return this.#step((redis, { renew }) => redis.eval(renew)(this.#place, this.#shared.lease, [...this.#held]))
  }

  #step(
    f: (redis: Redis["Service"], scripts: Scripts) => Effect.Effect<unknown, unknown>,
    unanswered?: () => void
  ): Effect.Effect<void> {
    const { link, redis, scripts } = this.#shared
    return Effect.map(link.run(f(redis, scripts)), (reply) => {
      if (reply === undefined) unanswered?.()
    })
  }

  /** The server may be in another day than this process's clock: it says so, and is asked again. */
  #today(f: (day: Day) => Effect.Effect<Reply, unknown>): Effect.Effect<Reply, unknown> {
    const ask = Effect.flatMap(Clock.currentTimeMillis, (now) => f(this.#day ??= dayOf(now)))
    return Effect.flatMap(ask, (reply) => {
      if (reply[0] !== "day") return Effect.succeed(reply)
      this.#day = dayOf(field(reply, 1))
      return f(this.#day)
    })
  }

  /** What Redis said last, as it stands now: of the window nothing once that has passed. */
  #reading(told: Told, limits: Limits, now: number): LaneStore.Reading {
    const at = this.#toldAt
    const isPast = now >= at + this.#place.span
    const today = this.#day !== undefined && now >= this.#day.end ? 0 : told.today
    const parkedUntil = Math.max(at + told.parkedFor, this.#parkedUntil)
    const until = Math.max(parkedUntil, at + told.pausedFor, this.#pausedUntil)
    return {
      requests: isPast ? 0 : told.requests,
      tokens: isPast ? 0 : told.tokens,
      today,
      inFlight: told.inFlight,
      freeIn: told.freeIn,
      parkedUntil: until > now ? until : undefined,
      exhausted: parkedUntil > now || today >= limits.rpd,
      learned: now < at + told.goneIn && (told.rpm < limits.rpm || told.tpm < limits.tpm)
        ? {
          rpm: told.rpm < limits.rpm ? told.rpm : undefined,
          tpm: told.tpm < limits.tpm ? told.tpm : undefined,
          risesAt: at + told.risesIn,
          until: at + told.goneIn
        }
        : undefined
    }
  }

  #answer(outcome: Outcome, tokens: number, now: number): LaneStore.Reservation | LaneStore.Refusal {
    if ("retryIn" in outcome) {
      const { resetAt, retryIn } = outcome
      return { _tag: "Refused", retryIn, resetAt: resetAt === 0 ? undefined : resetAt }
    }
    const { at, position } = outcome
    this.#held.add(position)
    this.#shared.busy.add(this)
    const local = this.#shared.whenDown === "local" ? this.#mirror(tokens, now) : undefined
    return new RedisReservation(this, position, at, tokens, local)
  }

  /** Redis is down. */
  #byItself(
    ask: LaneStore.Ask,
    tokens: number
  ): Effect.Effect<LaneStore.Reservation | LaneStore.Refusal, GeminiError> {
    const { link, localShare, whenDown } = this.#shared
    if (whenDown === "closed") {
      const code = link.down?.code
      return Effect.fail(
        new GeminiError({
          method: ask.method ?? "acquire",
          model: this.#key.quotaModel,
          attempts: [],
          reason: new LimiterUnavailable({ store: "redis", ...(code === undefined ? {} : { code }) })
        })
      )
    }
    const limits = whenDown === "open" ? unlimited : shareOf(ask.limits, localShare)
    return Effect.flatMap(
      Clock.currentTimeMillis,
      (now) =>
        Effect.map(this.#alone.reserve({ limits, tokens }, now), (answer) => {
          if (answer._tag === "Refused") {
            // Only Redis's return may let it go earlier, and nothing tells the queue of that.
            return { ...answer, retryIn: Math.min(answer.retryIn, this.#shared.poll * 10) }
          }
          const reservation = new RedisReservation(this, undefined, now, tokens, answer)
          this.#unheard.push(reservation)
          while (this.#unheard[0] !== undefined && this.#unheard[0].at <= now - this.#place.span) {
            this.#unheard.shift()
            this.#unheardBefore++
          }
          return reservation
        })
    )
  }

  /** Tells Redis, back again, what was sent without it: as if it were sent now. */
  get #catchUp(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { link, redis, scripts } = this.#shared
      if (link.down !== undefined || (this.#unheard.length === 0 && this.#unheardBefore === 0)) return Effect.void
      const lately = this.#unheard
      const earlier = this.#unheardBefore
      this.#unheard = []
      this.#unheardBefore = 0
      const step = this.#today((day) =>
        redis.eval(scripts.charge)(this.#place, day, earlier, lately.map(({ tokens }) => tokens))
      )
      return Effect.map(link.run(step), (reply) => {
        if (reply !== undefined) return
        this.#unheard = [...lately, ...this.#unheard]
        this.#unheardBefore += earlier
      })
    })
  }

  /** What Redis granted, in this process's own count too. */
  #mirror(tokens: number, now: number): LaneStore.Reservation | undefined {
    const answer: Effect.Effect<LaneStore.Reservation | LaneStore.Refusal, GeminiError> = this.#alone.reserve(
      { limits: unlimited, tokens },
      now
    )
    return isAnswer(answer) && Exit.isSuccess(answer) && answer.value._tag === "Reserved" ? answer.value : undefined
  }

  #letGo(position: string): void {
    this.#held.delete(position)
    if (this.#held.size === 0) this.#shared.busy.delete(this)
  }

  #owns(reservation: LaneStore.Reservation): reservation is RedisReservation {
    return reservation instanceof RedisReservation && reservation.lane === this
  }
}
