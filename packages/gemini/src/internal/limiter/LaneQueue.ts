/**
 * The queue in front of a stored lane: who may go, and when to ask again.
 *
 * Invariants: a ticket is in the queue exactly while it is `queued`. Only the head asks
 * the store. Every change that may let the head go (an arrival, a call that ended, a
 * smaller count, a departure, the alarm) calls `pump`, which is never entered twice: a
 * fiber that it wakes runs at once and may come back to it.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { GeminiError } from "../../GeminiError.ts"
import type { LaneKey, Refusal, Reservation, StoredLane, Window } from "../../limits/LaneStore.ts"
import type { Party } from "../../limits/Permit.ts"
import type { Limits } from "../../limits/Tier.ts"
import { alarm } from "./alarm.ts"
import { type Decision, isMade } from "./decision.ts"
import { longestPark } from "./LaneWindow.ts"
import { OwnLimitsMap } from "./OwnLimitsMap.ts"
import type { Ticket } from "./Ticket.ts"
import { WaitingList } from "./WaitingList.ts"

/** How many tickets ask a store far away in one question. */
const mostAtOnce = 64

/** The limits of a lane that was told of a 429 before it admitted anything. */
const unknown: Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

export class LaneQueue {
  readonly key: LaneKey
  readonly store: StoredLane
  /** Those of the last admission. */
  limits: Limits = unknown

  readonly list = new WaitingList<Ticket>()

  #pumping = false
  #again = false
  /** Whether a store further away is being asked. Something may change meanwhile, so its refusal may be stale. */
  #asking = false
  #changed = false
  /** How many effects are changing what is counted, or telling calls what a store answered. Nobody asks meanwhile. */
  #holds = 0
  /** What calls with limits of their own take of those. */
  readonly owns: OwnLimitsMap
  /** Whether the head was refused and waits, so that whoever comes now must wait behind it. */
  isStuck = false
  /**
   * How many tickets ask in one question: one after a refusal, so that processes take turns, and then twice as many
   * each time.
   */
  #atOnce = 1

  #alarm: { readonly at: number; readonly clock: Clock.Clock; readonly cancel: () => void } | undefined
  /** Until when the day's quota was found spent, for tickets whose day allows no more than that. */
  #spent: { readonly until: number; readonly rpd: number } | undefined
  isClosed = false

  constructor(key: LaneKey, store: StoredLane, window: Window) {
    this.key = key
    this.store = store
    this.owns = new OwnLimitsMap(this, window)
  }

  /** How many are in line. */
  get waiting(): number {
    return this.list.size
  }

  /** How many wait, those included who stand aside. */
  get waitingInAll(): number {
    return this.waiting + this.owns.aside
  }

  get isHeld(): boolean {
    return this.#holds > 0
  }

  /** When the head is expected to go, as far as is known. */
  get expected(): number | undefined {
    return this.#alarm?.at
  }

  isIdle(now: number): boolean {
    return this.waiting === 0 && this.store.isIdle(this.limits, now) &&
      this.owns.isIdle(now)
  }

  /** When the day that is spent for this ticket is over. */
  spentUntil(limits: Limits, now: number): number | undefined {
    const spent = this.#spent
    if (spent === undefined || limits.rpd > spent.rpd) return undefined
    // What lies further ahead was said before the clock was set back.
    return now < spent.until && spent.until <= now + longestPark ? spent.until : undefined
  }

  /** Puts a ticket into the queue. `answer` is what the store said to it if the queue was empty. */
  enqueue(ticket: Ticket, answer: Effect.Effect<Decision, GeminiError> | undefined): void {
    this.list.enter(ticket)
    if (this.list.head !== ticket) return
    if (answer === undefined || this.#take(ticket, answer)) this.pump()
  }

  /** Puts a ticket that stood aside before the others. */
  comeBack(ticket: Ticket): void {
    this.list.enterFirst(ticket)
    this.pump()
  }

  /** Takes the calls of a party that wait in another lane, and lets nobody go until they are counted. */
  receive(party: Party, from: LaneQueue, counted: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      for (const ticket of from.#dismiss(party)) {
        ticket.moveTo(this)
        this.list.enter(ticket)
      }
      this.#holds++
      this.#tell((ticket) => ticket.impossible ?? ticket.spent)
      return Effect.ensuring(
        counted,
        Effect.sync(() => {
          this.#holds--
          this.pump()
          from.#look()
        })
      )
    })
  }

  #dismiss(party: Party): ReadonlyArray<Ticket> {
    const isTheirs = ({ admission }: Ticket) => admission.party === party
    const going = this.list.select((ticket) => isTheirs(ticket) ? ticket : undefined).map(([ticket]) => ticket)
    for (const ticket of going) {
      ticket.own?.leave(ticket)
      this.list.leave(ticket)
    }
    const aside = this.owns.select(isTheirs)
    for (const ticket of aside) ticket.own?.leave(ticket)
    this.isStuck = false
    return [...going, ...aside]
  }

  /** Looks again at everything that waits. */
  #look(): void {
    this.pump()
    this.owns.callBack()
  }

  leave(ticket: Ticket): void {
    // Who stands aside is not in line.
    if (ticket.isAside) return
    const wasHead = this.list.head === ticket
    this.list.leave(ticket)
    if (!wasHead) return
    this.isStuck = false
    this.pump()
  }

  /** Lets everyone go, in order, who can go now. */
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

  /** Tells those who did not ask to wait for the next day that the day's quota is spent. */
  exhaust(until: number, rpd: number): void {
    const known = this.#spent?.until === until ? this.#spent.rpd : -1
    if (known >= rpd) return
    this.#spent = { until, rpd }
    this.#tell((ticket) =>
      ticket.admission.whenExhausted !== "wait" && ticket.admission.limits.rpd <= rpd
        ? ticket.exhausted(until)
        : undefined
    )
    this.owns.tell(({ admission }) =>
      admission.whenExhausted !== "wait" && admission.limits.rpd <= rpd ? until : undefined
    )
  }

  close(): void {
    this.isClosed = true
    this.#disarm()
    this.owns.close()
    for (let ticket = this.list.head; ticket !== undefined; ticket = this.list.head) {
      this.list.leave(ticket)
      ticket.finish(Exit.fail(ticket.closed))
    }
  }

  /** Asks the store for the head, and says whether to go on with the next one. */
  #next(): boolean {
    const head = this.list.head
    if (head === undefined) {
      this.#disarm()
      return false
    }
    if (this.#asking || this.isHeld) {
      this.#changed = true
      return false
    }
    this.#renew(head)
    const refusal = head.own?.take(head)
    if (refusal !== undefined) return this.#standAside(head, refusal)
    if (head.own !== undefined || this.store.reserveAll === undefined || this.waiting === 1) {
      return this.#take(head, this.store.reserve(head.admission, head.now()))
    }
    // A call with limits of its own asks alone.
    const heads = this.list.heads(this.#atOnce)
    const ownAt = heads.findIndex(({ own }) => own !== undefined)
    const asked = ownAt < 0 ? heads : heads.slice(0, ownAt)
    for (const ticket of asked) this.#renew(ticket)
    return this.#takeAll(asked, this.store.reserveAll(asked.map(({ admission }) => admission), head.now()), head)
  }

  /** Lets a ticket ask by what is known now: its tokens were estimated when it came. */
  #renew(ticket: Ticket): void {
    if (ticket.isStale) this.list.resize(ticket, () => ticket.renew())
  }

  /** Takes the head out of the line, for which its own limits have no room. */
  #standAside(head: Ticket, { resetAt, retryIn }: Refusal): boolean {
    this.list.leave(head)
    this.isStuck = false
    if (resetAt !== undefined && head.admission.whenExhausted !== "wait") {
      head.finish(Exit.fail(head.exhausted(resetAt)))
    } else if (head.refuse !== undefined) head.finish(Exit.fail(head.refuse(retryIn)))
    else head.own?.setAside(head, retryIn)
    return true
  }

  /** Whether a ticket is still in line here, now that the store has answered. */
  #has(ticket: Ticket): boolean {
    return ticket.state === "queued" && ticket.lane === this && !ticket.isAside
  }

  #takeAll(
    asked: ReadonlyArray<Ticket>,
    answers: Effect.Effect<ReadonlyArray<Decision>, GeminiError>,
    head: Ticket
  ): boolean {
    return this.#wait(head, answers, (exit) => {
      // All of them leave the queue before the first one runs and changes it.
      const granted: Array<Ticket> = []
      const rest: Array<readonly [Ticket, Exit.Exit<Decision, GeminiError>]> = []
      asked.forEach((ticket, i) => {
        if (Exit.isFailure(exit)) return rest.push([ticket, Exit.failCause(exit.cause)])
        const answer = exit.value[i]
        if (answer?._tag !== "Reserved" || !this.#has(ticket)) {
          return answer === undefined ? undefined : rest.push([ticket, Exit.succeed(answer)])
        }
        this.#leave(ticket, answer)
        return granted.push(ticket)
      })
      this.#atOnce = Math.min(mostAtOnce, this.#atOnce * 2)
      const isStuck = rest.map(([ticket, exit]) => !this.#answered(ticket, exit)).includes(true)
      for (const ticket of granted) ticket.finish(Exit.void)
      return !isStuck
    })
  }

  /** Takes a ticket out of the queue, with what it asked for. */
  #leave(ticket: Ticket, reservation: Reservation): void {
    this.#spent = undefined
    this.isStuck = false
    this.list.admit(ticket)
    ticket.hold(reservation)
  }

  #take(head: Ticket, answer: Effect.Effect<Decision, GeminiError>): boolean {
    if (isMade(answer)) return this.#answered(head, answer)
    return this.#wait(head, answer, (exit) => this.#answered(head, exit))
  }

  /**
   * Waits for a store further away, which nobody else asks meanwhile. `heard` says whether to go on with the next one.
   */
  #wait<A>(
    head: Ticket,
    answer: Effect.Effect<A, GeminiError>,
    heard: (exit: Exit.Exit<A, GeminiError>) => boolean
  ): boolean {
    this.#asking = true
    this.#changed = false
    Effect.runForkWith(head.context)(answer).addObserver((exit) => {
      this.#asking = false
      // Calls that go now may end at once and come again: all that they want goes into one question, after the last of them.
      this.#holds++
      const goesOn = heard(exit)
      this.#holds--
      if (goesOn || this.#changed) this.pump()
    })
    return false
  }

  #answered(head: Ticket, exit: Exit.Exit<Decision, GeminiError>): boolean {
    const isQueued = this.#has(head)
    if (head.share !== undefined && (Exit.isFailure(exit) || exit.value._tag === "Refused" || !isQueued)) {
      head.share.of.undo(head)
    }
    if (Exit.isFailure(exit)) {
      if (isQueued) {
        this.list.leave(head)
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
        // The ticket left while a store further away answered.
        const cancelled = this.store.cancel(answer, head.now())
        if (!isMade(cancelled)) Effect.runForkWith(head.context)(cancelled)
      }
      return true
    }
    if (answer.resetAt !== undefined) this.exhaust(answer.resetAt, head.admission.limits.rpd)
    if (!this.#has(head)) return true
    // Those who come back from aside, or from another lane, may not have heard that the day is spent.
    if (answer.resetAt !== undefined && head.admission.whenExhausted !== "wait") {
      this.list.leave(head)
      head.finish(Exit.fail(head.exhausted(answer.resetAt)))
      return true
    }
    if (head.refuse !== undefined) {
      this.list.leave(head)
      head.finish(Exit.fail(head.refuse(answer.retryIn)))
      return true
    }
    if (answer.retryIn === Infinity) this.#disarm()
    else this.#arm(head, Math.max(1, answer.retryIn))
    this.isStuck = true
    this.#atOnce = 1
    if (this.list.hasty > 0) this.#tell(({ refuse }) => refuse?.(answer.retryIn))
    return false
  }

  /** Ends the tickets in the queue for which there is an error. */
  #tell(errorOf: (ticket: Ticket) => GeminiError | undefined): void {
    for (const [ticket, error] of this.list.select(errorOf)) {
      // A caller that is told runs at once, and may take others out of the queue with it.
      if (!this.#has(ticket)) continue
      this.list.leave(ticket)
      ticket.finish(Exit.fail(error))
    }
  }

  /**
   * Sets the lane's one alarm. An alarm that is early enough stays: it finds the head not ready and sets the next one.
   */
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
