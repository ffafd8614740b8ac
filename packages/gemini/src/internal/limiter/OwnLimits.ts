/**
 * The limits that some calls of a lane bring for themselves, below the lane's: how much of them those calls took, and
 * who of them stands aside.
 *
 * A call whose own limits have no room stands aside, so that nobody waits behind it. It comes back to the front of the
 * queue when they have room for it, one call at a time, and then asks like everybody else.
 */
import type * as Clock from "effect/Clock"
import * as Exit from "effect/Exit"
import type { Reading, Refusal, Wanted, Window } from "../../limits/LaneStore.ts"
import type { Limits } from "../../limits/Tier.ts"
import { countable } from "../wire/countable.ts"
import { alarm } from "./alarm.ts"
import type { LaneQueue } from "./LaneQueue.ts"
import { LaneWindow } from "./LaneWindow.ts"
import type { Ticket } from "./Ticket.ts"
import { WaitingList } from "./WaitingList.ts"

/** What a call took of its own limits. */
export interface OwnShare {
  readonly of: OwnLimits
  readonly position: number
  readonly at: number
  tokens: number
}

const room = ({ admission }: Ticket): Wanted => ({ requests: 1, tokens: countable(admission.tokens) })

export class OwnLimits {
  readonly limits: Limits
  readonly #lane: LaneQueue
  readonly #window: LaneWindow
  readonly #aside = new WaitingList<Ticket>()
  /** The call that came back to the queue, until it goes. */
  #called: Ticket | undefined
  #alarm: { readonly at: number; readonly clock: Clock.Clock; readonly cancel: () => void } | undefined

  constructor(lane: LaneQueue, limits: Limits, { margin, window }: Window) {
    this.#lane = lane
    this.limits = limits
    this.#window = new LaneWindow(window, margin)
  }

  /** How many stand aside. */
  get aside(): number {
    return this.#aside.size
  }

  /** When the first that stands aside is expected back, as far as is known. */
  get expected(): number | undefined {
    return this.#alarm?.at
  }

  isIdle(now: number): boolean {
    return this.aside === 0 && this.#called === undefined && this.#window.isIdle(now, this.limits)
  }

  /** How the window of these calls stands. */
  read(now: number, wanted: Wanted): Reading {
    return this.#window.read(now, this.limits, wanted)
  }

  /** Takes for a call, or says why it cannot. */
  take(ticket: Ticket): Refusal | undefined {
    const now = ticket.now()
    if (this.aside > 0 && this.#called !== ticket) {
      const { exhausted } = this.read(now, room(ticket))
      const retryIn = this.#alarm === undefined ? Infinity : Math.max(1, this.#alarm.at - now)
      return { _tag: "Refused", retryIn, resetAt: exhausted ? this.#window.resetAt : undefined }
    }
    const tokens = countable(ticket.admission.tokens)
    const position = this.#window.take(now, this.limits, tokens)
    if (position < 0) {
      return { _tag: "Refused", retryIn: this.#window.retryAt - now, resetAt: this.#window.resetAt }
    }
    ticket.share = { of: this, position, at: now, tokens }
    return undefined
  }

  /** Gives back what a call took, because its lane had no room. */
  undo(ticket: Ticket): void {
    const { share } = ticket
    ticket.share = undefined
    if (share !== undefined) this.#window.cancel(share.position, share.at)
  }

  settle(share: OwnShare, tokens: number, now: number): void {
    this.#window.settle(now, share.position, share.tokens, tokens)
    share.tokens = tokens
    this.callBack()
  }

  /** Ends a call: one that was sent stays counted. */
  end(ticket: Ticket, isSent: boolean): void {
    if (isSent) this.#window.release()
    else this.undo(ticket)
    this.callBack()
  }

  /** Lets a call that waits stand aside. */
  setAside(ticket: Ticket, retryIn: number): void {
    ticket.isAside = true
    if (this.#called === ticket) {
      this.#called = undefined
      this.#aside.enterFirst(ticket)
    } else this.#aside.enter(ticket)
    if (this.#aside.head === ticket && this.#called === undefined) this.#arm(ticket, retryIn)
  }

  /** Takes a call out that does not stand aside any more, or that is not the one to go. */
  leave(ticket: Ticket): void {
    if (this.#called === ticket) this.#called = undefined
    if (!ticket.isAside) return
    ticket.isAside = false
    this.#aside.leave(ticket)
  }

  /** Lets the first that stands aside come back, if there is room for it. */
  callBack(): void {
    if (this.#called !== undefined || this.#lane.isClosed) return
    const head = this.#aside.head
    if (head === undefined) return this.#disarm()
    const { exhausted, freeIn } = this.read(head.now(), room(head))
    if (freeIn <= 0) {
      this.#disarm()
      this.#called = head
      this.#aside.admit(head)
      head.isAside = false
      this.#lane.comeBack(head)
      return
    }
    this.#arm(head, freeIn)
    const { resetAt } = this.#window
    if (exhausted && resetAt !== undefined) {
      this.tell((ticket) => ticket.admission.whenExhausted === "wait" ? undefined : resetAt)
    }
  }

  /** The calls that stand aside and of which `isMeant` holds. */
  select(isMeant: (ticket: Ticket) => boolean): ReadonlyArray<Ticket> {
    return this.#aside.select((ticket) => isMeant(ticket) ? ticket : undefined).map(([ticket]) => ticket)
  }

  close(): void {
    this.#disarm()
    for (let ticket = this.#aside.head; ticket !== undefined; ticket = this.#aside.head) {
      this.leave(ticket)
      ticket.finish(Exit.fail(ticket.closed))
    }
  }

  /** Ends those that stand aside for which there is a time when the day's quota is back. */
  tell(resetAtOf: (ticket: Ticket) => number | undefined): void {
    for (const [ticket, resetAt] of this.#aside.select(resetAtOf)) {
      // A caller that is told runs at once, and may take others with it.
      if (ticket.state !== "queued" || !ticket.isAside) continue
      this.leave(ticket)
      ticket.finish(Exit.fail(ticket.exhausted(resetAt)))
    }
  }

  #arm(head: Ticket, millis: number): void {
    if (millis === Infinity) return this.#disarm()
    const wait = Math.max(1, millis)
    const at = head.now() + wait
    if (this.#alarm !== undefined && this.#alarm.at <= at && this.#alarm.clock === head.clock) return
    this.#disarm()
    const cancel = alarm(head.context, head.clock, wait, () => {
      this.#alarm = undefined
      this.callBack()
    })
    this.#alarm = { at, clock: head.clock, cancel }
  }

  #disarm(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
  }
}
