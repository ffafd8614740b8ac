/**
 * The queue in front of a stored lane.
 *
 * Invariants: a ticket is in the queue exactly while it is `queued`. Only the head asks
 * the store. Every change that may let the head go (an arrival, a call that ended, a
 * smaller count, a departure, the alarm) calls `pump`, which is never entered twice: a
 * fiber that it wakes runs at once and may come back to it.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { GeminiError } from "../../GeminiError.ts"
import type { LaneKey, Refusal, Reservation, StoredLane } from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import type { Admission, Feedback, Headroom, LaneSnapshot, Options } from "../../RateLimiter.ts"
import { alarm } from "./alarm.ts"
import { headroom, interactiveInRow } from "./headroom.ts"
import { countable } from "./LaneWindow.ts"
import { lessonsOf } from "./learned.ts"
import type { Ticket } from "./Ticket.ts"

/** Of a store far away, in one question. */
const mostAtOnce = 64

/** Nothing stops a lane longer, whatever a server says: a Pacific day has 25 hours at most. */
const longestPark = 25 * 3_600_000

/** Of a lane that was told of a 429 before it admitted anything. */
const unknown: Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

export type Answer = Reservation | Refusal

/** Whether the store has answered already, on the call. */
export const isAnswer = <A, E>(effect: Effect.Effect<A, E>): effect is Exit.Exit<A, E> => Exit.isExit(effect)

class Queue {
  first: Ticket | undefined = undefined
  last: Ticket | undefined = undefined
  length = 0
  tokens = 0
}

export class LaneQueue {
  readonly key: LaneKey
  readonly store: StoredLane
  /** Of the last admission. */
  limits: Limits = unknown

  readonly #interactive = new Queue()
  readonly #batch = new Queue()
  /** Interactive admissions since a batch call waits. */
  #inRow = 0

  #pumping = false
  #again = false
  /** A store further away is being asked; something changed meanwhile, so its refusal may be stale. */
  #asking = false
  #changed = false
  /** The head was refused and waits, and whoever comes now would have to wait behind it. */
  isStuck = false
  /** In one question: one after a refusal, so that processes take turns, then twice as many each time. */
  #atOnce = 1
  /** How many in the queue are not willing to wait behind it. */
  #hasty = 0

  #alarm: { readonly at: number; readonly clock: Clock.Clock; readonly cancel: () => void } | undefined
  /** The day's quota was found spent until then, for tickets whose day allows no more than that. */
  #spent: { readonly until: number; readonly rpd: number } | undefined
  isClosed = false

  readonly #span: number

  constructor(key: LaneKey, store: StoredLane, span: number) {
    this.key = key
    this.store = store
    this.#span = span
  }

  get waiting(): number {
    return this.#interactive.length + this.#batch.length
  }

  /** When the head is expected to go, as far as is known. */
  get expected(): number | undefined {
    return this.#alarm?.at
  }

  isIdle(now: number): boolean {
    return this.waiting === 0 && this.store.isIdle(this.limits, now)
  }

  /** When the day that is spent for this ticket is over. */
  spentUntil(limits: Limits, now: number): number | undefined {
    return this.#spent !== undefined && now < this.#spent.until && limits.rpd <= this.#spent.rpd
      ? this.#spent.until
      : undefined
  }

  /** `answer` is what the store said to a ticket that came to an empty queue. */
  enqueue(ticket: Ticket, answer: Effect.Effect<Answer, GeminiError> | undefined): void {
    const queue = this.#queueOf(ticket)
    ticket.previous = queue.last
    if (queue.last === undefined) queue.first = ticket
    else queue.last.next = ticket
    queue.last = ticket
    queue.length++
    if (ticket.refuse !== undefined) this.#hasty++
    queue.tokens += countable(ticket.admission.tokens)
    if (this.#head() !== ticket) return
    if (answer === undefined || this.#take(ticket, answer)) this.pump()
  }

  leave(ticket: Ticket): void {
    const wasHead = this.#head() === ticket
    this.#unlink(ticket)
    if (!wasHead) return
    this.isStuck = false
    this.pump()
  }

  /** Lets everyone go who can go now, in order. */
  pump(): void {
    if (this.isClosed) return
    if (this.#pumping) {
      this.#again = true
      return
    }
    this.#pumping = true
    do {
      this.#again = false
      while (this.#next()) { /* one admission a turn */ }
    } while (this.#again)
    this.#pumping = false
  }

  /** The day's quota is spent: those who did not ask to wait for the next are told. */
  exhaust(until: number, rpd: number): void {
    if (this.#spent !== undefined && this.#spent.until >= until && this.#spent.rpd >= rpd) return
    this.#spent = { until, rpd }
    this.#tell((ticket) =>
      ticket.admission.whenExhausted !== "wait" && ticket.admission.limits.rpd <= rpd
        ? ticket.exhausted(until)
        : undefined
    )
  }

  close(): void {
    this.isClosed = true
    this.#disarm()
    for (let ticket = this.#head(); ticket !== undefined; ticket = this.#head()) {
      this.#unlink(ticket)
      ticket.finish(Exit.interrupt())
    }
  }

  snapshot(now: number): Effect.Effect<LaneSnapshot> {
    const { key, limits } = this
    return Effect.map(this.store.read(limits, now), (reading) => ({
      lane: key,
      limits,
      used: {
        requests: reading.requests,
        tokens: reading.tokens,
        today: reading.today,
        inFlight: reading.inFlight
      },
      debt: Math.max(0, reading.tokens - limits.tpm),
      waiting: this.waiting,
      nextFree: reading.freeIn === Infinity ? undefined : now + reading.freeIn,
      parkedUntil: reading.parkedUntil,
      isExhausted: reading.exhausted,
      phase: reading.parkedUntil !== undefined
        ? "cooldown"
        : reading.learned === undefined
        ? "inactive"
        : now < reading.learned.risesAt
        ? "learned"
        : "probing",
      learned: reading.learned
    }))
  }

  /** By the server. */
  refused(feedback: Feedback, learn: Options["learn"], now: number): Effect.Effect<void> {
    if (feedback._tag === "QuotaExhausted") {
      const resetAt = Math.min(feedback.resetAt, now + longestPark) || now
      return Effect.andThen(this.store.park(resetAt, now), Effect.sync(() => this.exhaust(resetAt, Infinity)))
    }
    const { limits = this.limits, quotas, retryAfter } = feedback
    const pause = this.store.pause(
      retryAfter === undefined ? undefined : Math.min(Duration.toMillis(retryAfter), longestPark),
      now
    )
    if (learn === "off") return pause
    const lessons = lessonsOf(quotas, learn)
    return lessons.length === 0 ? pause : Effect.andThen(
      pause,
      Effect.forEach(lessons, (lesson) => this.store.teach(lesson, limits, now), { discard: true })
    )
  }

  /** So many of the last requests are the other lane's; their tokens are not known apart, so all of them are. */
  moveTo(other: LaneQueue, requests: number, now: number): Effect.Effect<void> {
    return Effect.flatMap(this.store.read(this.limits, now), (reading) => {
      const count = Math.min(requests, reading.requests)
      const earlier = Math.max(0, Math.min(requests, reading.today) - count)
      const tokens = Array.from({ length: count }, () => reading.tokens / count)
      return count + earlier === 0 ? Effect.void : other.store.charge(earlier, tokens, now)
    })
  }

  headroom(ask: Pick<Admission, "limits" | "priority" | "tokens">, now: number): Headroom {
    return headroom(this.store, this.#span, this.#interactive, this.#batch, ask, now)
  }

  /** Asks for the head; whether to go on with the next one. */
  #next(): boolean {
    const head = this.#head()
    if (head === undefined) {
      this.#disarm()
      return false
    }
    if (this.#asking) {
      this.#changed = true
      return false
    }
    if (this.store.reserveAll === undefined || this.waiting === 1) {
      return this.#take(head, this.store.reserve(head.admission, head.now()))
    }
    const asked = this.#heads()
    return this.#takeAll(asked, this.store.reserveAll(asked.map(({ admission }) => admission), head.now()), head)
  }

  /** Those that go next, in order. */
  #heads(): ReadonlyArray<Ticket> {
    const heads: Array<Ticket> = []
    let interactive = this.#interactive.first
    let batch = this.#batch.first
    let inRow = this.#inRow
    while (heads.length < this.#atOnce) {
      if (batch !== undefined && (interactive === undefined || inRow >= interactiveInRow)) {
        heads.push(batch)
        batch = batch.next
        inRow = 0
      } else if (interactive !== undefined) {
        heads.push(interactive)
        interactive = interactive.next
        inRow++
      } else break
    }
    return heads
  }

  #takeAll(
    asked: ReadonlyArray<Ticket>,
    answers: Effect.Effect<ReadonlyArray<Answer>, GeminiError>,
    { context }: Ticket
  ): boolean {
    this.#asking = true
    this.#changed = false
    Effect.runForkWith(context)(answers).addObserver((exit) => {
      // All of them leave the queue before the first one runs, and changes it.
      const granted: Array<Ticket> = []
      const rest: Array<readonly [Ticket, Exit.Exit<Answer, GeminiError>]> = []
      asked.forEach((ticket, i) => {
        if (Exit.isFailure(exit)) return rest.push([ticket, Exit.failCause(exit.cause)])
        const answer = exit.value[i]
        if (answer?._tag !== "Reserved" || ticket.state !== "queued") {
          return answer === undefined ? undefined : rest.push([ticket, Exit.succeed(answer)])
        }
        this.#leave(ticket, answer)
        return granted.push(ticket)
      })
      this.#asking = false
      this.#atOnce = Math.min(mostAtOnce, this.#atOnce * 2)
      const isStuck = rest.map(([ticket, exit]) => !this.#answered(ticket, exit)).includes(true)
      for (const ticket of granted) ticket.finish(Exit.void)
      if (!isStuck || this.#changed) this.pump()
    })
    return false
  }

  /** With what it asked for. */
  #leave(ticket: Ticket, reservation: Reservation): void {
    this.#spent = undefined
    this.isStuck = false
    this.#inRow = ticket.isBatch ? 0 : this.#inRow + 1
    this.#unlink(ticket)
    ticket.hold(reservation)
  }

  #take(head: Ticket, answer: Effect.Effect<Answer, GeminiError>): boolean {
    if (isAnswer(answer)) return this.#answered(head, answer)
    this.#asking = true
    this.#changed = false
    Effect.runForkWith(head.context)(answer).addObserver((exit) => {
      this.#asking = false
      if (this.#answered(head, exit) || this.#changed) this.pump()
    })
    return false
  }

  #answered(head: Ticket, exit: Exit.Exit<Answer, GeminiError>): boolean {
    const isQueued = head.state === "queued"
    if (Exit.isFailure(exit)) {
      if (isQueued) {
        this.#unlink(head)
        head.finish(exit)
      }
      return true
    }
    const answer = exit.value
    if (answer._tag === "Reserved") {
      if (isQueued) {
        this.#leave(head, answer)
        head.finish(Exit.void)
      } else {
        // It left while a store further away answered.
        const cancelled = this.store.cancel(answer, head.now())
        if (!isAnswer(cancelled)) Effect.runForkWith(head.context)(cancelled)
      }
      return true
    }
    if (answer.resetAt !== undefined) this.exhaust(answer.resetAt, head.admission.limits.rpd)
    if (head.state !== "queued") return true
    if (head.refuse !== undefined) {
      this.#unlink(head)
      head.finish(Exit.fail(head.refuse(answer.retryIn)))
      return true
    }
    if (answer.retryIn === Infinity) this.#disarm()
    else this.#arm(head, Math.max(1, answer.retryIn))
    this.isStuck = true
    this.#atOnce = 1
    if (this.#hasty > 0) this.#tell(({ refuse }) => refuse?.(answer.retryIn))
    return false
  }

  /** Ends those in the queue that there is an error for. */
  #tell(errorOf: (ticket: Ticket) => GeminiError | undefined): void {
    const told: Array<readonly [Ticket, GeminiError]> = []
    for (const queue of [this.#interactive, this.#batch]) {
      for (let ticket = queue.first; ticket !== undefined; ticket = ticket.next) {
        const error = errorOf(ticket)
        if (error !== undefined) told.push([ticket, error])
      }
    }
    for (const [ticket, error] of told) {
      // One that is told runs at once, and may take others out of the queue with it.
      if (ticket.state !== "queued") continue
      this.#unlink(ticket)
      ticket.finish(Exit.fail(error))
    }
  }

  #head(): Ticket | undefined {
    const { first } = this.#interactive
    return first === undefined || (this.#inRow >= interactiveInRow && this.#batch.first !== undefined)
      ? this.#batch.first
      : first
  }

  #queueOf(ticket: Ticket): Queue {
    return ticket.isBatch ? this.#batch : this.#interactive
  }

  #unlink(ticket: Ticket): void {
    const queue = this.#queueOf(ticket)
    if (ticket.previous === undefined) queue.first = ticket.next
    else ticket.previous.next = ticket.next
    if (ticket.next === undefined) queue.last = ticket.previous
    else ticket.next.previous = ticket.previous
    ticket.previous = undefined
    ticket.next = undefined
    queue.length--
    if (ticket.refuse !== undefined) this.#hasty--
    queue.tokens -= countable(ticket.admission.tokens)
    if (this.#batch.first === undefined) this.#inRow = 0
  }

  /** One alarm a lane. One that is early enough stays: it finds the head not ready and sets the next. */
  #arm(head: Ticket, millis: number): void {
    const at = head.now() + millis
    if (this.#alarm !== undefined && this.#alarm.at <= at && this.#alarm.clock === head.clock) return
    this.#disarm()
    const cancel = alarm(head.context, head.clock, millis, () => {
      this.#alarm = undefined
      this.pump()
    })
    this.#alarm = { at, clock: head.clock, cancel }
  }

  #disarm(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
  }
}
