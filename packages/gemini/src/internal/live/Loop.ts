/**
 * The life of a session's connections: it reads one to its end and, if the caller asked for it, dials the next.
 * Everything that waits here waits by the Clock. While a connection lasts there is no fiber: frames are taken in where
 * they arrive.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Reason from "../../errors/LiveErrorReason.ts"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type { Status } from "../../live/LiveSession.ts"
import type { LiveError } from "../../LiveError.ts"
import { alarm } from "../limiter/alarm.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import * as LiveClose from "./close.ts"
import type { Link } from "./Link.ts"
import * as LiveConnection from "./LiveConnection.ts"
import type { Frame, Listener } from "./LiveSocket.ts"
import { soon } from "./microtask.ts"
import * as Redial from "./Redial.ts"
import type { SessionCore } from "./SessionCore.ts"
import type { LiveLimits } from "./sessionLimits.ts"
import { Voice } from "./Voice.ts"

export interface Options {
  readonly model: string
  readonly reconnect: Redial.RedialPolicy | undefined
  /** How long nothing may come while an answer is due, in milliseconds; `Infinity` for no limit. */
  readonly idle: number
  /** How long nothing may come at all, in milliseconds; `Infinity` for no limit. */
  readonly silence: number
  readonly ping: { readonly interval: number; readonly timeout: number }
}

/** What the session does for its loop. */
export interface Owner {
  readonly limits: LiveLimits
  readonly dial: Redial.DialByHandle
  /** How many calls are not answered: they run here, or the program answers them. */
  readonly pendingTools: () => number
  readonly status: { readonly set: (status: Status) => void }
  /** Tells that the connection was left for the next one, or that there is one again. */
  readonly between: (isBetween: boolean) => void
  /** Ends the session: there will be no further connection. */
  readonly end: (error: LiveError) => Effect.Effect<void>
}

/** The ending of a connection that we end ourselves after a goAway. */
const planned: LiveClose.ConnectionEnd = { _tag: "Ours", reason: new Reason.ServerDisconnect({}), mayRedial: true }

/** The time that is left after a goAway that names none, in milliseconds. */
const unsaidTime = 5_000

/** How long leaving waits for the handle that holds the last turn, in milliseconds. It comes behind the turn. */
const handleTime = 5_000

/** How much of the time left is kept back for closing and dialling. */
const margin = (timeLeft: number): number => Math.min(1_500, timeLeft / 3)

export class Loop implements Listener, LiveConnection.Watch {
  roundTrip: number | undefined
  reconnects = 0
  readonly #options: Options
  readonly #owner: Owner
  readonly #core: SessionCore
  readonly #link: Link
  readonly #context: Context.Context<never>
  readonly #clock: Clock.Clock
  #isPaused = false
  #isLeaving = false
  #isFresh = false
  readonly #voice = new Voice()
  /** Ends the wait for the end of what the user says, or for the handle that holds the last turn. */
  #stopWaiting: (() => void) | undefined
  /** When the connection of now, or the last one, was taken over. */
  #begunAt: number
  readonly #redial: Redial.Redial | undefined
  #redialling: Fiber.Fiber<void> | undefined

  constructor(options: Options, owner: Owner, core: SessionCore, link: Link, fiber: Fiber.Fiber<unknown, unknown>) {
    this.#options = options
    this.#owner = owner
    this.#core = core
    this.#link = link
    this.#context = fiber.context
    this.#clock = fiber.getRef(Clock.Clock)
    this.#begunAt = this.#clock.currentTimeMillisUnsafe()
    this.#redial = options.reconnect === undefined ? undefined : new Redial.Redial(options.reconnect, {
      method: "reconnect",
      model: options.model,
      dial: (handle, restore) => owner.dial(handle, restore),
      holder: core.turns,
      onAttempt: (attempt, reason) => {
        core.emit({ _tag: "Reconnecting", attempt, reason })
        owner.status.set({ _tag: "Reconnecting", attempt })
      }
    })
  }

  /** When the connection of now was opened, in milliseconds of the Clock. */
  get connectedAt(): number | undefined {
    return this.#link.connection === undefined ? undefined : this.#begunAt
  }

  get idle(): number {
    return this.#options.idle
  }

  get silence(): number {
    return this.#options.silence
  }

  get isDue(): boolean {
    return this.#core.turns.isDue && this.#owner.pendingTools() === 0
  }

  get ping(): Options["ping"] {
    return this.#options.ping
  }

  get lastMessageAt(): number {
    return this.#core.lastMessageAt ?? 0
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** Reads a connection to its end. */
  begin(connection: LiveConnection.LiveConnection): void {
    this.#isLeaving = false
    this.#stopWaiting?.()
    this.#stopWaiting = undefined
    this.#begunAt = this.#clock.currentTimeMillisUnsafe()
    connection.watch(this)
    if (!this.#isPaused) connection.listen(this)
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    const { connection } = this.#link
    if (isPaused) connection?.hold()
    else connection?.listen(this)
  }

  /** The connection ended while it was held: what had come is read now, because the end stands behind it. */
  onLost(): void {
    this.#link.connection?.listen(this)
  }

  /** An answer of the server is due from now on. */
  wait(): void {
    this.#link.connection?.wait()
  }

  onRoundTrip(millis: number): void {
    this.roundTrip = millis
  }

  onFrame(frame: Frame): void {
    let refused: Reason.LiveErrorReason | undefined
    try {
      if (!this.#isFresh) this.#hear()
      refused = this.#core.receive(frame)
    } catch {
      // A bug of ours must not leave those who wait without an end.
      refused = new Reason.Network({ description: "the session broke inside the library" })
    }
    if (refused !== undefined) this.#link.connection?.abort(LiveConnection.ours(refused, false))
  }

  /** Takes frames in. All frames of one read of the socket come at one time. */
  #hear(): void {
    this.#isFresh = true
    this.#core.lastMessageAt = this.#clock.currentTimeMillisUnsafe()
    soon(() => {
      this.#isFresh = false
    })
  }

  onEnd(ending: LiveClose.ConnectionEnd): void {
    const { connection } = this.#link
    if (connection === undefined) return
    this.#stopWaiting?.()
    this.#stopWaiting = undefined
    const redial = this.#redial
    const verdict = LiveClose.verdict(ending, { isSetUp: true, goAway: this.#core.goAway })
    const error = Redial.errorOf("session", this.#options.model, verdict)
    const isPlanned = ending === planned
    this.#owner.between(isPlanned && redial !== undefined)
    this.#link.set(undefined)
    const loss = this.#core.lose(error)
    redial?.lasted(this.#clock.currentTimeMillisUnsafe() - this.#begunAt, this.#core.progress > 0)
    this.#core.progress = 0
    const next = redial === undefined || !(isPlanned || redial.mayFollow(error, verdict.mayRedial))
      ? Effect.uninterruptible(this.#owner.end(error))
      : this.#restore(redial, error, isPlanned, loss)
    // The old socket is closed before the new one is dialled, because a handle is refused while that socket is open.
    this.#redialling = Effect.runForkWith(this.#context)(
      Effect.andThen(Effect.uninterruptible(connection.close()), next)
    )
  }

  /** Waits for nothing more. The result interrupts the fiber that dials, if there is one, unless it is the one that asks. */
  stop(): Effect.Effect<void> | undefined {
    this.#stopWaiting?.()
    const redialling = this.#redialling
    return redialling === undefined
      ? undefined
      : Effect.withFiber((fiber) => redialling === fiber ? Effect.void : Fiber.interrupt(redialling))
  }

  #restore(
    redial: Redial.Redial,
    error: LiveError,
    isPlanned: boolean,
    loss: ReturnType<SessionCore["lose"]>
  ): Effect.Effect<void> {
    const core = this.#core
    return Effect.uninterruptibleMask(Effect.fnUntraced({ self: this }, function*(restore) {
      const redialled = yield* Effect.result(redial.again(error, isPlanned, restore))
      if (redialled._tag === "Failure") return yield* this.#owner.end(redialled.failure)
      const { connection, isStateRestored } = redialled.success
      if (this.#link.isOver) return yield* connection.close()
      this.reconnects++
      const isVoid = isStateRestored ? 0 : core.forgetState()
      const resend = isStateRestored ? loss.resend : loss.resend.filter(({ message }) => !message.toolResponse)
      core.emit({
        _tag: "Reconnected",
        isStateRestored,
        unacknowledged: loss.unacknowledged + isVoid
      })
      this.#link.renumber()
      this.#owner.status.set({ _tag: "Open", sessionId: connection.sessionId, isPaused: this.#isPaused })
      // A failure here is seen by the reader: the turns are still there to be sent again.
      const again = Effect.forEach(resend, (said) =>
        Effect.andThen(
          Effect.ignore(
            this.#owner.limits.message(
              estimateTokens({ contents: said.message.clientContent?.turns ?? [] }),
              (reason) => reason
            )
          ),
          Effect.suspend(() => {
            if (!core.isWanted(said)) return Effect.void
            said.index = this.#link.nextIndex
            core.emit({ _tag: "Resent", message: said.message })
            return Effect.ignore(this.#link.write(connection, LiveProtocol.encode(said.message)))
          })
        ), { discard: true })
      yield* Effect.onExitPrimitive(
        restore(again),
        (exit) => exit._tag === "Failure" ? connection.close() : undefined
      )
      this.#link.set(connection)
      this.#owner.between(false)
      this.begin(connection)
    }))
  }

  /** The server says that it will end the connection, with so many milliseconds left. */
  goAway(timeLeft: number | undefined): void {
    if (this.#options.reconnect === undefined) return
    const left = timeLeft ?? unsaidTime
    const now = this.#clock.currentTimeMillisUnsafe()
    this.#isLeaving = true
    // The other half of the time is for a moment in which nobody waits for an answer.
    this.#voice.listen(now, left / 2)
    this.#link.connection?.leaveBy(now + Math.max(0, left - margin(left)), planned)
    this.leave()
  }

  /** Sound of the user leaves; `pcm` are its samples, where they are known. */
  sounded(pcm: Uint8Array | undefined): void {
    this.#voice.sounded(this.#clock.currentTimeMillisUnsafe(), pcm)
  }

  /** The program says that the user begins to speak, or has ended. */
  active(isActive: boolean): void {
    this.#voice.active(isActive)
  }

  /**
   * Leaves a connection that the server will end, if no turn, no tool and no voice needs it any more. The handle that
   * holds the last turn is waited for, because without it the next connection would not know what was said.
   */
  leave(hasWaited = false): void {
    if (!this.#mayLeave) return
    const speaks = this.#voice.left(this.#clock.currentTimeMillisUnsafe())
    if (speaks > 0) return this.#leaveIn(speaks, false)
    if (hasWaited || this.#core.turns.unacknowledged === 0) return this.#link.connection?.leave(planned)
    this.#leaveIn(handleTime, true)
  }

  #leaveIn(millis: number, hasWaited: boolean): void {
    this.#stopWaiting ??= alarm(this.#context, this.#clock, millis, () => {
      this.#stopWaiting = undefined
      this.leave(hasWaited)
    })
  }

  get #mayLeave(): boolean {
    return this.#isLeaving && this.#core.turns.isQuiet && this.#owner.pendingTools() === 0
  }
}
