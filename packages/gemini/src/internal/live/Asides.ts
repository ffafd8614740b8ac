/**
 * What was said to the server without asking for an answer, such as turns of a history, until the server's state holds
 * it; and the answers of functions, where the server says how far it has read. After a lost connection it is said again
 * where the restored state does not know it; what the state may know is not said twice, and counted. Pure.
 */
import type { ClientMessage } from "../../live/LiveProtocol.ts"
import type { Repeatable } from "./Turns.ts"

/** How many bytes of it are kept to be said again. The server's own context is of that size. */
const limit = 1 << 20

class Aside implements Repeatable {
  readonly message: ClientMessage
  index: number
  readonly bytes: number
  /** Whether the server has answered a text that was sent behind it, so that the next handle holds it. */
  isHeard = false
  /** Whether a handle was given out since it was sent. */
  maybeKept = false
  /** Whether the state of the latest handle knows what it answers; what answers nothing needs no such knowledge. */
  isKnown: boolean
  readonly isGivenUp = false

  constructor(message: ClientMessage, index: number, bytes: number, isKnown: boolean) {
    this.isKnown = isKnown
    this.message = message
    this.index = index
    this.bytes = bytes
  }
}

export class Asides {
  #said: Array<Aside> = []
  #bytes = 0
  /** How many messages were sent since the last answer or handle that nobody can say again, such as functions' answers. */
  #others = 0
  /** How many were too many to be kept. */
  #dropped = 0

  /** `isKnown`: the state of the latest handle holds the calls that the message answers, if it answers any. */
  add(message: ClientMessage, index: number, bytes: number, isKnown = true): void {
    this.#said.push(new Aside(message, index, bytes, isKnown))
    this.#bytes += bytes
    while (this.#bytes > limit && this.#said.length > 1) {
      this.#bytes -= this.#said.shift()?.bytes ?? 0
      this.#dropped++
    }
  }

  /** Counts a message that cannot be said again. */
  count(): void {
    this.#others++
  }

  /** Tells that the server has answered a text; `index` is its place among the client's messages, if a text was answered. */
  answered(index: number | undefined): void {
    this.#others = 0
    if (index === undefined) return
    for (const aside of this.#said) if (aside.index < index) aside.isHeard = true
  }

  /** Takes a resumable update. `consumed` is the last of the client's messages that the state holds, if the server says. */
  update(consumed: number | undefined): void {
    this.#others = 0
    this.#dropped = 0
    this.#keep(this.#said.filter(({ index, isHeard }) => consumed === undefined ? !isHeard : index > consumed))
    for (const aside of this.#said) {
      if (consumed === undefined) aside.maybeKept = true
      // The calls came before their answers, and so before this handle.
      else aside.isKnown = true
    }
  }

  /** Forgets the answers of functions, because the connection of now knows no calls, and tells how many they are. */
  forgetAnswers(): number {
    const kept = this.#said.filter(({ message }) => !message.toolResponse)
    const forgotten = this.#said.length - kept.length
    this.#keep(kept)
    return forgotten
  }

  /** Tells that the connection is gone, and gives what is said again and how much is not. */
  lose(): { readonly resend: ReadonlyArray<Repeatable>; readonly unacknowledged: number } {
    const again = this.#said.filter(({ isKnown, maybeKept }) => isKnown && !maybeKept)
    const unacknowledged = this.#said.length - again.length + this.#others + this.#dropped
    this.#keep(again)
    this.#others = 0
    this.#dropped = 0
    for (const aside of again) aside.isHeard = false
    return { resend: again, unacknowledged }
  }

  #keep(said: Array<Aside>): void {
    this.#said = said
    this.#bytes = said.reduce((all, { bytes }) => all + bytes, 0)
  }
}
