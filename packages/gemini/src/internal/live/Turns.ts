/**
 * The ledger of a session's turns: what asked the model to speak, in the order in which the server hears of it, which of
 * these the server is answering, and what becomes of them when the connection is lost. Pure.
 *
 * The protocol does not say what a turn answers. The order says it where one thing at a time was asked. Where several
 * wait when the server begins to speak, it may answer the first of them or several at once. A reader that waits behind
 * others therefore gets each turn that begins as one that may be its own, and is sure only when nothing stands before it,
 * or when the server stays silent afterwards (`settle`).
 *
 * A turn is acknowledged when a resumable update follows its completion: the handle then holds it. A text turn is sent
 * again if it was sent after the last handle, nothing was said to it yet, and somebody still wants it, because the state
 * that the handle restores does not know it. If content had begun, or a handle was given out after it was sent, or a turn
 * ended that may have answered it, the model may have acted on it, and it is not sent again.
 */
import type { ClientMessage } from "../../live/LiveProtocol.ts"
import type { FunctionCall } from "../../wire/Part.ts"
import { Turn, type TurnKind } from "./Turn.ts"

/** What was said and can be said again on the next connection. */
export interface Repeatable {
  readonly message: ClientMessage
  /** Its place among the client's messages on one connection; the setup is 0. */
  index: number
  /** Whether nobody wants it any more. */
  readonly isGivenUp: boolean
}

export interface Loss<Reader> {
  /** What is sent again, in order. */
  readonly resend: ReadonlyArray<Repeatable>
  /** The turns that were cut and are not sent again. */
  readonly interrupted: ReadonlyArray<Turn<Reader>>
  /** How many turns the server has not said that it keeps: it answered them, or they were speech that it heard. */
  readonly unacknowledged: number
}

/** How many unanswered calls of turns that are over are remembered. */
const remembered = 256

const isRepeatable = <Reader>(turn: Turn<Reader>): turn is Turn<Reader> & Repeatable => turn.message !== undefined

export class Turns<Reader> {
  /** The latest handle that can be resumed. */
  handle: string | undefined
  /** The turns that are not complete, in the order in which the server hears of them. */
  #open: Array<Turn<Reader>> = []
  /** The turns whose functions still run although the server has ended them; their readers wait for what follows. */
  #held: Array<Turn<Reader>> = []
  /**
   * That the user spoke while texts waited, so that nobody can tell in which order the server hears them, or interrupted
   * the model and may be answered next. It holds until the server has been silent.
   */
  doubt: "speech" | undefined
  /** The calls of turns that are over, for whose answers the model may still wait. */
  #asked: Array<FunctionCall> = []
  /** The turn whose reader waits behind the one that is spoken, which may answer both. */
  #follower: Turn<Reader> | undefined
  /**
   * How many turns were completed since the last handle. They are only counted, because without resumption these are
   * all turns.
   */
  #complete = 0
  #consumed: number | undefined

  constructor(handle: string | undefined) {
    this.handle = handle
  }

  open(message: ClientMessage, index: number, reader: Reader | undefined): Turn<Reader> {
    const turn = new Turn<Reader>("text", message, index, reader)
    this.#open.push(turn)
    return turn
  }

  /** The turn to which the server is speaking, or will speak next. */
  get current(): Turn<Reader> | undefined {
    return this.#open[0]
  }

  /** The turn whose reader waits behind the current one, which may answer both. */
  get follower(): Turn<Reader> | undefined {
    return this.#follower
  }

  /** Whether nobody waits for an answer. */
  get isQuiet(): boolean {
    return this.#held.length === 0 && this.#open.every(({ state }) => state === "over")
  }

  /** Whether the server owes an answer: it has begun one, or was sent a text that nothing can have answered yet. */
  get isDue(): boolean {
    return this.#held.length > 0 ||
      this.#open.some(({ kind, maybeAnswered, state }) =>
        state === "begun" || (state === "waiting" && kind === "text" && !maybeAnswered)
      )
  }

  /** How many turns were answered without a sign that the server keeps them. */
  get unacknowledged(): number {
    return this.#complete
  }

  /** A turn that has everything but its end, while a text waits behind it: words that come now are to the text. */
  get unended(): Turn<Reader> | undefined {
    const [turn, next] = this.#open
    return turn?.isGenerated === true && turn.state === "begun" && turn.calls.length === 0 && next?.kind === "text"
      ? turn
      : undefined
  }

  /** Whether an end is the current turn's. The second end of a turn whose functions run is not that of the next text. */
  get mayEnd(): boolean {
    const turn = this.#open[0]
    return turn !== undefined && (turn.state !== "waiting" || turn.kind === "speech" || this.#held.length === 0)
  }

  /** What only silence can tell: that a turn has ended, or which texts it answered. */
  get unsettled(): "end" | "answers" | undefined {
    const turn = this.#open[0]
    if (turn?.state === "begun") return turn.isGenerated && turn.calls.length === 0 ? "end" : undefined
    const isDoubtful = this.#open.some((turn) => turn.state === "waiting" && this.#isDoubtful(turn))
    return isDoubtful || this.doubt !== undefined ? "answers" : undefined
  }

  /** Tells that the user has said something which the model will answer. */
  heard(): void {
    const [turn] = this.#open
    if (this.#open.some(({ kind }) => kind === "text")) this.doubt = "speech"
    // The transcription of what is being answered may come behind the answer's beginning.
    if (turn?.state === "begun" && turn.kind === "speech") return
    this.#expect("speech")
  }

  /** Tells that the server said something, and gives the turn that it belongs to. `began` is told of a turn that begins. */
  content(began: (turn: Turn<Reader>, follower: Turn<Reader> | undefined) => void): Turn<Reader> {
    if (this.#open[0]?.state === "over") this.complete()
    let turn = this.#open[0]
    if (turn === undefined) this.#open.push(turn = new Turn<Reader>("speech", undefined, 0, undefined))
    if (turn.state === "waiting") {
      this.#begin(turn)
      began(turn, this.#follower)
    }
    return turn
  }

  /** Tells that the server ended a turn, and gives that turn. */
  complete(): Turn<Reader> | undefined {
    const turn = this.#open[0]
    if (turn === undefined) return undefined
    this.#end()
    if (turn.state !== "waiting" || turn.message !== undefined) this.#complete++
    return turn
  }

  /** Keeps a turn that the server ended, because functions of it still run and it will speak of their answers. */
  hold(calls: ReadonlyArray<FunctionCall>): void {
    const turn = this.#open[0]
    if (turn === undefined) return
    // The calls that are not waited for may still be answered.
    turn.calls = turn.calls.filter((call) => !calls.includes(call))
    this.#end()
    this.#complete++
    turn.calls = calls
    this.#held.push(turn)
  }

  /** Puts a turn that the server ended behind the others, because its functions were answered and it will speak of that. */
  requeue(): void {
    const turn = this.#open[0]
    if (turn === undefined) return
    this.#end()
    this.#complete++
    this.#again(turn)
  }

  /** Tells that a call is being answered. `speaks`: the model will say something to that, in this turn or a later one. */
  answering(call: Pick<FunctionCall, "id" | "name">, speaks: boolean, waits: boolean): void {
    const turn = [...this.#open, ...this.#held].find(({ calls }) => calls.some((asked) => isSame(asked, call)))
    if (turn === undefined) {
      const left = without(this.#asked, call)
      if (left.length < this.#asked.length && speaks) this.#expect("functions")
      this.#asked = left
      return
    }
    turn.calls = without(turn.calls, call)
    if (!this.#held.includes(turn)) {
      if (speaks && !waits) turn.isUnspoken = true
    } else if (turn.calls.length === 0) {
      this.#held = this.#held.filter((other) => other !== turn)
      this.#again(turn)
    }
  }

  /** Tells that the model takes calls back, and gives the turns that waited for nothing else. */
  takeBack(ids: ReadonlyArray<string>): ReadonlyArray<Turn<Reader>> {
    for (const turn of [...this.#open, ...this.#held]) {
      if (turn.calls.length > 0) turn.calls = turn.calls.filter(({ id }) => typeof id !== "string" || !ids.includes(id))
    }
    this.#asked = this.#asked.filter(({ id }) => typeof id !== "string" || !ids.includes(id))
    const done = this.#held.filter(({ calls }) => calls.length === 0)
    if (done.length > 0) this.#held = this.#held.filter(({ calls }) => calls.length > 0)
    return done
  }

  /** Tells that the server has said nothing for long enough, and gives the turns whose readers have their answers. */
  settle(): ReadonlyArray<Turn<Reader>> {
    const [turn] = this.#open
    if (turn?.state === "begun") {
      if (this.unsettled === undefined) return []
      turn.state = "over"
      this.#mayBeAnswered(turn)
      return [turn]
    }
    this.doubt = undefined
    const [done, open] = [[] as Array<Turn<Reader>>, [] as Array<Turn<Reader>>]
    for (const turn of this.#open) (turn.state === "waiting" && this.#isDoubtful(turn) ? done : open).push(turn)
    this.#open = open
    return done
  }

  /** Leaves a turn to wait, of which {@link settle} thought that it had its answer. */
  wait(turn: Turn<Reader>): void {
    turn.maybeAnswered = false
    this.#open.push(turn)
  }

  /** Takes a resumable update, which acknowledges what was complete; an index says exactly how far. */
  update(handle: string | undefined, consumed: number | undefined): void {
    if (handle === undefined) return
    this.handle = handle
    this.#consumed = consumed
    this.#complete = 0
    for (const turn of this.#open) turn.maybeKept = true
  }

  /** Tells that a view is no longer read; its turn goes on at the server, and is not asked for again. */
  abandon(reader: Reader): void {
    if (this.#open.length === 0 && this.#held.length === 0) return
    for (const turn of [...this.#open, ...this.#held]) {
      if (turn.reader !== reader) continue
      turn.reader = undefined
      turn.isGivenUp = true
      if (this.#follower === turn) this.#follower = undefined
    }
    this.#held = this.#held.filter(({ reader }) => reader !== undefined)
  }

  /** Forgets a turn that is not sent again after all. */
  drop(turn: Repeatable): void {
    this.#open = this.#open.filter((other) => other !== turn)
  }

  /** Tells that the connection is gone. Turns that are sent again stay, and the rest is forgotten. */
  lose(): Loss<Reader> {
    const mayHaveRun = (turn: Turn<Reader>): boolean =>
      turn.kind !== "text" || turn.state !== "waiting" || turn.isGivenUp || turn.maybeAnswered || this.#isKept(turn)
    const isCut = ({ message, reader, state }: Turn<Reader>): boolean =>
      state !== "over" && (message !== undefined || reader !== undefined)
    const resend = this.#open.filter((turn) => !mayHaveRun(turn))
    const interrupted = [...this.#held, ...this.#open.filter(mayHaveRun)].filter(isCut)
    const untold = this.#open.filter(({ kind, state }) => kind === "speech" || state === "over").length
    const unacknowledged = this.#complete + untold
    this.#open = resend
    this.#held = []
    this.#asked = []
    this.doubt = undefined
    this.#follower = undefined
    for (const turn of resend) turn.isUnder = false
    this.#complete = 0
    // Messages are counted anew on each connection, and the handle of this one knows none of the next.
    if (this.#consumed !== undefined) this.#consumed = 0
    return { resend: resend.filter(isRepeatable), interrupted, unacknowledged }
  }

  get readers(): ReadonlyArray<Reader> {
    return [...this.#open, ...this.#held].flatMap(({ reader }) => reader === undefined ? [] : [reader])
  }

  #isKept(turn: Turn<Reader>): boolean {
    return this.#consumed === undefined ? turn.maybeKept : turn.index <= this.#consumed
  }

  #isDoubtful(turn: Turn<Reader>): boolean {
    return turn.kind !== "text" || turn.maybeAnswered
  }

  /** Expects the model to speak without a text of ours, once for all that it hears before it does. */
  #expect(kind: TurnKind): void {
    const last = this.#open.at(-1)
    if (last?.kind === kind && last.state === "waiting" && last.message === undefined && !last.isUnder) return
    this.#open.push(new Turn<Reader>(kind, undefined, 0, undefined))
  }

  #again(turn: Turn<Reader>): void {
    turn.kind = "functions"
    turn.state = "waiting"
    turn.isGenerated = false
    turn.isUnspoken = false
    this.#open.push(turn)
  }

  #begin(turn: Turn<Reader>): void {
    turn.state = "begun"
    turn.isInterrupted = false
    turn.maybeAnswered = false
    turn.overlap = undefined
    for (const other of this.#open) {
      if (other === turn) continue
      other.isUnder = true
      turn.overlap ??= other.kind
      other.overlap = turn.kind
      if (other.reader !== undefined) this.#follower = other
    }
  }

  #end(): void {
    const turn = this.#open.shift()
    this.#follower = undefined
    if (turn === undefined) return
    this.#mayBeAnswered(turn)
    if (turn.calls.length > 0) this.#asked = [...this.#asked, ...turn.calls].slice(-remembered)
  }

  /** What was sent before a turn began may be answered by it, unless it was cut before its end. */
  #mayBeAnswered(turn: Turn<Reader>): void {
    for (const other of this.#open) {
      if (other.isUnder && !turn.isInterrupted) other.maybeAnswered = true
      other.isUnder = false
    }
  }
}

/** The calls but for one, or for all that have its id. */
const without = (
  calls: ReadonlyArray<FunctionCall>,
  call: Pick<FunctionCall, "id" | "name">
): Array<FunctionCall> => {
  const place = calls.findIndex((asked) => isSame(asked, call))
  return calls.filter((asked, i) => call.id ? asked.id !== call.id : i !== place)
}

const isSame = (asked: FunctionCall, call: Pick<FunctionCall, "id" | "name">): boolean =>
  asked.id ? asked.id === call.id : !call.id && asked.name === call.name
