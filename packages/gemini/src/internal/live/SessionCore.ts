/**
 * A session between its frames and its readers: what each message means for the turns, the event queue and the tools.
 * Pure but for the callbacks; the shell around it does the I/O.
 */
import * as Result from "effect/Result"
import type { LiveErrorReason } from "../../errors/LiveErrorReason.ts"
import * as Reason from "../../errors/LiveErrorReason.ts"
import * as LiveEvent from "../../live/LiveEvent.ts"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import { LiveError } from "../../LiveError.ts"
import type { FunctionCall, Part } from "../../wire/Part.ts"
import * as Usage from "../../wire/Usage.ts"
import { Asides } from "./Asides.ts"
import { CallLedger } from "./CallLedger.ts"
import type { Hooks, Options } from "./coreOptions.ts"
import { EventQueue, isOfModel, isSound } from "./EventQueue.ts"
import type { QueueEnd } from "./InboundQueue.ts"
import { Playback } from "./Playback.ts"
import type { Reader } from "./Reader.ts"
import type { Turn } from "./Turn.ts"
import * as TurnFold from "./TurnFold.ts"
import { type Loss, type Repeatable, Turns } from "./Turns.ts"

type Event = LiveEvent.LiveEvent

/** The size that an event of this side counts as. */
const smallEvent = 64

const noParts: ReadonlyArray<Part> = []
const noCalls: ReadonlyArray<FunctionCall> = []

export class SessionCore {
  readonly model: string
  readonly events: EventQueue
  readonly turns: Turns<Reader>
  readonly calls = new CallLedger()
  readonly #asides = new Asides()
  readonly received = { messages: 0, bytes: 0 }
  lastMessageAt: number | undefined
  flushed = 0
  goAway: { readonly timeLeft: number | undefined } | undefined
  /** How many turns were completed on this connection. */
  progress = 0
  #isMuted = false
  /** Whether the model was silenced since the last text: its answer may have been given to nobody. */
  #isHushed = false
  /** The turn that was last told to have begun. */
  #spoken: Turn<Reader> | undefined
  readonly #playback = new Playback()
  #isSettling = false
  /** Whether sound was sent since the last turn, of which the server may say nothing. */
  #hasSound = false
  /** Whether the history that is not answered is still to come. */
  #isHistoryDue: boolean
  readonly #options: Options
  readonly #hooks: Hooks

  /** `handle`: the state from which the session goes on. */
  constructor(options: Options, hooks: Hooks, handle?: string) {
    this.#options = options
    this.#hooks = hooks
    this.model = options.model
    this.#isHistoryDue = options.takesHistory
    this.events = new EventQueue(options.inboundLimit)
    this.turns = new Turns(handle)
  }

  openTurn(message: LiveProtocol.ClientMessage, index: number, reader: Reader | undefined): void {
    this.#isMuted = false
    this.#isHushed = false
    this.#hooks.turnOpened(this.turns.open(message, index, reader))
  }

  /** Finds out whether the server answers a message, which is the next one to leave. */
  isAnswered({ clientContent, realtimeInput }: LiveProtocol.ClientMessage): boolean {
    if (!clientContent) return !!realtimeInput?.text
    const isHistory = this.#isHistoryDue
    this.#isHistoryDue = false
    return clientContent.turnComplete === true && !isHistory
  }

  /** Takes note of a message that is about to leave and is not answered, so that a lost connection finds it. */
  say(message: LiveProtocol.ClientMessage, index: number, bytes: number): void {
    if (!this.#options.mayRepeat) return
    if (message.clientContent) this.#asides.add(message, index, bytes)
    // Answers of functions are noted when they leave, if they can be said again.
    else if (!this.#options.isTransparent || !message.toolResponse) this.#asides.count()
  }

  /** Whether the answers of functions are noted, so that they are said again where the server has not read them. */
  get notesAnswers(): boolean {
    return this.#options.isTransparent && this.#options.mayRepeat
  }

  /** Takes note of answers of functions that are about to leave. */
  note(message: LiveProtocol.ClientMessage, index: number, bytes: number): void {
    const responses = message.toolResponse?.functionResponses ?? []
    this.#asides.add(message, index, bytes, responses.every((response) => this.calls.isKept(response)))
  }

  /** Tells that the next connection begins without the state, and gives how many answers of functions are void there. */
  forgetState(): number {
    this.#hooks.toolLost(this.calls.forget())
    return this.#asides.forgetAnswers()
  }

  /** Finds out whether something is still to be said again. If its caller has given up, that is told and it is not. */
  isWanted(repeatable: Repeatable): boolean {
    if (!repeatable.isGivenUp) return true
    this.turns.drop(repeatable)
    this.emit({ _tag: "TurnInterrupted", mayHaveRun: true, message: repeatable.message })
    return false
  }

  /** Tells that the answer of a function leaves. `speaks`: the model will say something to it. */
  answering(call: Pick<FunctionCall, "id" | "name">, speaks: boolean): void {
    this.turns.answering(call, speaks, this.#hooks.waitsFor(call.name ?? ""))
    this.#watchSilence()
  }

  /** Tells that the user has said something which the model will answer. */
  heard(): void {
    this.turns.heard()
    this.#watchSilence()
  }

  /** Tells that sound is sent. */
  sounded(): void {
    this.#hasSound = this.#options.hearsInSilence
  }

  /** Takes a frame in. The result is the reason why the session cannot go on, if it cannot. */
  receive(frame: string | Uint8Array): LiveErrorReason | undefined {
    const bytes = frame.length
    this.received.messages++
    this.received.bytes += bytes
    const decoded = LiveProtocol.decode(frame)
    if (Result.isFailure(decoded)) {
      const { expected, path } = decoded.failure
      if (this.#options.unreadable === "fail") return new Reason.InvalidServerMessage({ path, expected })
      return this.emit({ _tag: "Unreadable", path, expected })
    }
    return this.#message(decoded.success, bytes)
  }

  /** Gives the readers an event. The result is the Overflow, if there was no room. */
  emit(event: Event, bytes = smallEvent): LiveErrorReason | undefined {
    return this.events.push(event, bytes) ? undefined : overflow(this.events, bytes)
  }

  /** Takes the rest of the model's turn away, because the user has spoken up. */
  cancel(): void {
    this.#isMuted = this.turns.isDue
    this.#isHushed ||= this.#isMuted
    this.#flush(isOfModel)
  }

  /** The server has said nothing for as long as the options allow. */
  settle(): void {
    const { doubt } = this.turns
    for (const turn of this.turns.settle()) {
      turn.overlap ??= doubt
      const isUnanswered = turn.kind === "text" && turn.state === "waiting" && turn.reader?.isFilled === false
      if (isUnanswered && !this.#isHushed) this.turns.wait(turn)
      else this.#finish(turn, "STOP")
    }
    if (!this.turns.isDue) this.#isMuted = false
    this.#watchSilence()
    this.#hooks.quiet()
  }

  /** Tells that the connection is gone: the turns that it cut fail, and their readers are told. */
  lose(error: LiveError): Loss<Reader> {
    this.goAway = undefined
    this.#isMuted = false
    this.#hooks.toolLost(this.calls.lose())
    const loss = this.turns.lose()
    const asides = this.#asides.lose()
    for (const { message, reader } of loss.interrupted) {
      reader?.fail(error)
      if (message !== undefined) this.emit({ _tag: "TurnInterrupted", mayHaveRun: true, message })
    }
    this.#watchSilence()
    return {
      interrupted: loss.interrupted,
      resend: [...loss.resend, ...asides.resend].sort((one, other) => one.index - other.index),
      unacknowledged: loss.unacknowledged + asides.unacknowledged
    }
  }

  /** Ends everything. Without an error this side has ended the session. */
  end(error: LiveError | undefined, closed: () => LiveError): void {
    const end: QueueEnd<LiveError> = error === undefined ? { _tag: "Done" } : { _tag: "Failed", error }
    this.events.end(end)
    for (const reader of this.turns.readers) reader.fail(error ?? closed())
  }

  #message(message: LiveProtocol.ServerMessage, bytes: number): LiveErrorReason | undefined {
    const { goAway, serverContent: content, sessionResumptionUpdate: update, toolCall, toolCallCancellation } = message
    if (update) this.#update(update)
    const calls = toolCall?.functionCalls ?? noCalls
    const parts = content?.modelTurn?.parts ?? noParts
    const isHeard = TurnFold.isSpeech(message)
    if (isHeard) {
      // What was silenced is over where nobody speaks: the answer to this is another turn.
      if (this.turns.current?.state !== "begun") this.#isMuted = false
      this.turns.heard()
    }
    if (content?.interrupted) this.#interrupt()
    if (calls.length > 0 || parts.length > 0) this.#endUnended()
    const speaks = calls.length > 0 || TurnFold.isAnswer(content)
    const turn = speaks ? this.turns.content(this.#begun) : this.turns.current
    if (speaks && turn !== undefined) this.#note(turn, content, parts, calls)
    const ends = content?.turnComplete === true && turn !== undefined && this.turns.mayEnd
    const goesOn = ends && this.#goesOn(turn, content)
    const finishReason = ends && !goesOn ? TurnFold.finishReason(content, turn.isInterrupted) : undefined
    const refused = this.#deliver(message, bytes, turn, calls, finishReason)
    if (refused !== undefined) return refused
    if (calls.length > 0) {
      this.calls.asked(calls)
      this.#hooks.toolCall(calls)
    }
    if (toolCallCancellation?.ids) this.#takeBack(toolCallCancellation.ids)
    if (ends && !goesOn) this.#complete(turn, undefined)
    if (ends || isHeard || content?.generationComplete || this.#isSettling) this.#watchSilence()
    if (goAway) {
      this.goAway = { timeLeft: LiveProtocol.millis(goAway.timeLeft) }
      this.#hooks.goAway(this.goAway.timeLeft)
    }
    if (update) this.#hooks.quiet()
    return undefined
  }

  readonly #begun = (turn: Turn<Reader>, follower: Turn<Reader> | undefined): void => {
    turn.reader?.own()
    follower?.reader?.doubt()
    this.#playback.reset()
    if (turn.message === undefined || turn === this.#spoken) return
    this.#spoken = turn
    this.#hooks.turnBegun(turn)
  }

  #note(
    turn: Turn<Reader>,
    content: LiveProtocol.ServerContent | null | undefined,
    parts: ReadonlyArray<Part>,
    calls: ReadonlyArray<FunctionCall>
  ): void {
    if (parts.length > 0) this.#playback.add(parts, this.lastMessageAt ?? 0)
    if (calls.length > 0) turn.calls = [...turn.calls, ...calls]
    // A function that was answered before the end of what is said is still to be spoken of.
    if (parts.length > 0 || calls.length > 0 || content?.outputTranscription?.text) {
      turn.hasWords = true
      turn.isUnspoken = false
    }
    if (content?.generationComplete) turn.isGenerated = true
    else if (turn.isGenerated && (parts.length > 0 || calls.length > 0)) turn.isGenerated = false
  }

  #interrupt(): void {
    const turn = this.turns.current
    if (turn !== undefined) turn.isInterrupted = true
    this.#flush(isSound)
  }

  /** Words come for a text although the turn before it has no end: the server has left it out. */
  #endUnended(): void {
    const turn = this.turns.unended
    if (turn !== undefined) this.#complete(turn, "STOP")
  }

  /**
   * Finds out whether an answer goes on after `turnComplete`: a function of the turn still runs, or its answer has left
   * and the model has not spoken of it, which it does later (livekit/agents#3192). A turn that the user interrupted, or
   * that the server stopped for a reason, is over.
   */
  #goesOn(turn: Turn<Reader>, content: LiveProtocol.ServerContent): boolean {
    if (turn.isInterrupted || turn.state !== "begun" || TurnFold.statedReason(content) !== undefined) return false
    const awaited = turn.reader === undefined ? noCalls : this.#hooks.awaited(turn.calls)
    if (awaited.length > 0) this.turns.hold(awaited)
    else if (turn.isUnspoken) this.turns.requeue()
    else return false
    this.#isMuted = false
    return true
  }

  /** Stops the calls that the model takes back. A view that waited for the last of them ends, as nothing follows. */
  #takeBack(ids: ReadonlyArray<string>): void {
    this.calls.takenBack(ids)
    this.#hooks.toolCancel(ids)
    const done = this.turns.takeBack(ids)
    for (const turn of done) this.#finish(turn, "STOP")
    if (done.length > 0) this.#hooks.quiet()
  }

  #complete(turn: Turn<Reader>, finishReason: string | undefined): void {
    this.turns.complete()
    this.#asides.answered(turn.kind === "text" ? turn.index : undefined)
    this.progress++
    this.#isMuted = false
    this.#finish(turn, finishReason)
    if (turn.isInterrupted && this.turns.current === undefined) this.turns.doubt = "speech"
    this.#hasSound = false
    this.#hooks.quiet()
  }

  #finish(turn: Turn<Reader>, finishReason: string | undefined): void {
    const { overlap, reader } = turn
    turn.reader = undefined
    reader?.end(finishReason, overlap ?? this.turns.doubt ?? (this.#hasSound ? "speech" : undefined))
  }

  #update(update: NonNullable<LiveProtocol.ServerMessage["sessionResumptionUpdate"]>): void {
    const { lastConsumedClientMessageIndex: consumed, newHandle, resumable } = update
    if (resumable !== true || !newHandle) return
    const index = consumed === undefined || consumed === null ? undefined : Usage.count(consumed)
    this.turns.update(newHandle, index)
    if (index !== undefined) this.calls.keep()
    this.#asides.update(index)
    this.#options.onHandle?.(newHandle)
  }

  #watchSilence(): void {
    const what = this.turns.unsettled
    if (what === undefined && !this.#isSettling) return
    this.#isSettling = what !== undefined
    const playing = what === "end" ? this.#playback.left(this.lastMessageAt ?? 0) : 0
    this.#hooks.settleWithin(what === undefined ? undefined : this.#options.turnEnd + playing)
  }

  #deliver(
    message: LiveProtocol.ServerMessage,
    bytes: number,
    turn: Turn<Reader> | undefined,
    calls: ReadonlyArray<FunctionCall>,
    finishReason: string | undefined
  ): LiveErrorReason | undefined {
    const reader = turn?.reader
    const follower = this.turns.follower?.reader
    if (turn !== undefined && finishReason === "STOP" && !turn.hasWords) this.#failSilent(turn)
    else if (!this.#isMuted || message.serverContent?.turnComplete) {
      if (reader?.take(message, bytes, finishReason) === false) return overflow(reader, bytes)
      if (follower?.take(message, bytes, undefined) === false) return overflow(follower, bytes)
    }
    // Nobody here runs functions: the view ends with the calls, and the caller goes on from there.
    if (turn !== undefined && calls.length > 0 && !this.#options.hasTools) this.#finish(turn, "STOP")
    // A view has the message, and nobody reads events. To make them all the same cost more than all the rest of a chunk
    // (November 2026: 2.6 times the CPU of raw ws with them, 1.2 without).
    const isUnread = reader !== undefined && !this.events.isRead
    if (isUnread && !message.goAway && !message.sessionResumptionUpdate) return undefined
    const events = LiveEvent.fromMessage(message)
    const share = Math.ceil(bytes / Math.max(1, events.length))
    for (const event of events) {
      if (this.#isMuted && isOfModel(event)) continue
      if (isUnread && event._tag !== "GoAway" && event._tag !== "Resumption") continue
      if (!this.events.take(event, share)) return overflow(this.events, share)
    }
    return undefined
  }

  /** The server has ended a turn in which it said nothing, and gave no reason: that is not an answer. */
  #failSilent(turn: Turn<Reader>): void {
    const { reader } = turn
    turn.reader = undefined
    reader?.fail(new LiveError({ method: "session", model: this.model, reason: new Reason.NoAnswer() }))
  }

  #flush(isUnwanted: (event: Event) => boolean): void {
    this.flushed += this.events.discard(isUnwanted) + (this.turns.current?.reader?.silence() ?? 0)
  }
}

const overflow = (
  { bytes, limit }: { readonly bytes: number; readonly limit: number },
  more: number
): LiveErrorReason => new Reason.Overflow({ bytes: bytes + more, limit })
