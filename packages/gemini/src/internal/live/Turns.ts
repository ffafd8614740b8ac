/**
 * The turns of a session between client and server, and what becomes of them when the
 * connection is lost. Pure.
 *
 * A turn is acknowledged when a resumable update follows its completion: the handle then
 * holds it. A text turn that nothing was said to, sent after the last handle, is unknown to
 * the state that the handle restores: it is sent again. Where content had begun, or a
 * handle was given out after it was sent, the model may have acted on it: it is not.
 */
import type { ClientMessage } from "../../live/LiveProtocol.ts"

export interface Turn<Sink> {
  readonly message: ClientMessage
  /** Its place among the client's messages; the setup is 0. */
  index: number
  state: "waiting" | "begun"
  /** Whether a handle was given out since it was sent. */
  maybeKept: boolean
  /** Who reads the answer, if that is one view. */
  sink: Sink | undefined
}

export interface Loss<Sink> {
  /** To be sent again, in order. */
  readonly resend: ReadonlyArray<Turn<Sink>>
  /** Cut, and not to be sent again. */
  readonly interrupted: ReadonlyArray<Turn<Sink>>
  /** Answered, and not known to be kept by the server. */
  readonly unacknowledged: number
}

export class Turns<Sink> {
  /** The latest one that can be resumed. */
  handle: string | undefined
  /** Those that are not complete, the oldest first. */
  #open: Array<Turn<Sink>> = []
  /** Complete since the last handle; without resumption all of them, so they are only counted. */
  #complete = 0
  /** A turn of the model's that no message of ours asked for: speech. */
  #isUnasked = false
  #consumed: number | undefined

  constructor(handle: string | undefined) {
    this.handle = handle
  }

  open(message: ClientMessage, index: number, sink: Sink | undefined): Turn<Sink> {
    const turn: Turn<Sink> = { message, index, state: "waiting", maybeKept: false, sink }
    this.#open.push(turn)
    return turn
  }

  /** The turn that the server speaks to. */
  get current(): Turn<Sink> | undefined {
    return this.#open[0]
  }

  /** Whether nobody waits for an answer. */
  get isQuiet(): boolean {
    return this.current === undefined && !this.#isUnasked
  }

  /** The server said something. */
  content(): Turn<Sink> | undefined {
    const turn = this.current
    if (turn === undefined) this.#isUnasked = true
    else turn.state = "begun"
    return turn
  }

  /** The server ended a turn. */
  complete(): Turn<Sink> | undefined {
    const turn = this.#open.shift()
    this.#isUnasked = false
    if (turn !== undefined) this.#complete++
    return turn
  }

  /** A resumable update acknowledges what was complete; an index says exactly how far. */
  update(handle: string | undefined, consumed: number | undefined): void {
    if (handle === undefined) return
    this.handle = handle
    this.#consumed = consumed
    this.#complete = 0
    for (const turn of this.#open) turn.maybeKept = true
  }

  /** The view is no longer read; its turn goes on at the server. */
  abandon(sink: Sink): void {
    for (const turn of this.#open) if (turn.sink === sink) turn.sink = undefined
  }

  /** The connection is gone. What is to be sent again stays, the rest is forgotten. */
  lose(): Loss<Sink> {
    const consumed = this.#consumed
    const mayHaveRun = (turn: Turn<Sink>): boolean =>
      turn.state === "begun" || (consumed === undefined ? turn.maybeKept : turn.index <= consumed)
    const interrupted = this.#open.filter(mayHaveRun)
    const resend = this.#open.filter((turn) => !mayHaveRun(turn))
    const unacknowledged = this.#complete
    this.#open = resend
    this.#complete = 0
    this.#isUnasked = false
    return { resend, interrupted, unacknowledged }
  }

  get sinks(): ReadonlyArray<Sink> {
    return this.#open.flatMap(({ sink }) => sink === undefined ? [] : [sink])
  }
}
