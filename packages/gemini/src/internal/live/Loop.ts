/**
 * The life of a session's connections: reads one to its end, and, where the caller asked for
 * it, dials the next. Everything that waits here waits by the Clock. While a connection lasts
 * there is no fiber: frames are taken in where they arrive.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Reason from "../../errors/LiveErrorReason.ts"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type { Status } from "../../live/LiveSession.ts"
import { LiveError } from "../../LiveError.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import * as LiveClose from "./close.ts"
import * as LiveConnection from "./Connection.ts"
import type { LiveLimits } from "./limits.ts"
import type { Link } from "./Link.ts"
import type { Frame, Listener } from "./LiveSocket.ts"
import type { SessionCore } from "./SessionCore.ts"

export interface Reconnect {
  readonly schedule: Schedule.Schedule<unknown, LiveError>
  readonly budget: number
}

export interface Options {
  readonly model: string
  readonly limits: LiveLimits
  /** Dials, with the handle that restores the state. Whoever gets the connection closes it. */
  readonly dial: (
    handle: string | undefined,
    restore: LiveConnection.Restore
  ) => Effect.Effect<LiveConnection.Connection, LiveClose.Verdict>
  readonly reconnect: Reconnect | undefined
  /** In milliseconds, `Infinity` for none. */
  readonly idle: number
  readonly ping: { readonly interval: number; readonly timeout: number }
}

/** What the session has to do with it. */
export interface Owner {
  readonly pendingTools: () => number
  readonly setStatus: (status: Status) => void
  /** There will be no other connection. */
  readonly end: (error: LiveError) => Effect.Effect<void>
}

/** The connection that we end ourselves after a goAway. */
const planned: LiveClose.Ending = { _tag: "Ours", reason: new Reason.ServerDisconnect({}), mayRedial: true }

/** What a goAway leaves us that says nothing of time, in milliseconds. */
const unsaidTime = 5_000

/** Kept back of the time left, for the close and the dialling. */
const margin = (timeLeft: number): number => Math.min(1_500, timeLeft / 3)

export const errorOf = (method: string, model: string, verdict: LiveClose.Verdict): LiveError =>
  new LiveError({
    method,
    model,
    ...(verdict.code === undefined ? {} : { code: verdict.code }),
    reason: verdict.reason
  })

interface Redialled {
  readonly connection: LiveConnection.Connection | undefined
  readonly error: LiveError
}

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
  /** Without a connected turn or a new handle in between. */
  #attempts = 0
  #redialling: Fiber.Fiber<void> | undefined

  constructor(options: Options, owner: Owner, core: SessionCore, link: Link, fiber: Fiber.Fiber<unknown, unknown>) {
    this.#options = options
    this.#owner = owner
    this.#core = core
    this.#link = link
    this.#context = fiber.context
    this.#clock = fiber.getRef(Clock.Clock)
    core.hooks.goAway = (timeLeft) => this.#goAway(timeLeft)
    core.hooks.quiet = () => this.#leave()
  }

  get idle(): number {
    return this.#options.idle
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

  /** Reads a connection, to its end. */
  begin(connection: LiveConnection.Connection): void {
    this.#isLeaving = false
    connection.watch(this)
    if (!this.#isPaused) connection.listen(this)
  }

  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    const { connection } = this.#link
    if (isPaused) connection?.hold()
    else connection?.listen(this)
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
      // A bug of ours must not leave those who wait waiting.
      refused = new Reason.Network({ description: "the session broke inside the library" })
    }
    if (refused !== undefined) this.#link.connection?.abort(LiveConnection.ours(refused, false))
  }

  /** The frames of one read of the socket come at one time. */
  #hear(): void {
    this.#isFresh = true
    this.#core.lastMessageAt = this.#clock.currentTimeMillisUnsafe()
    queueMicrotask(() => {
      this.#isFresh = false
    })
  }

  onEnd(ending: LiveClose.Ending): void {
    const { connection } = this.#link
    if (connection === undefined) return
    const verdict = LiveClose.verdict(ending, { isSetUp: true, goAway: this.#core.goAway })
    const error = errorOf("session", this.#options.model, verdict)
    this.#link.set(undefined)
    const loss = this.#core.lose(error)
    const { reconnect } = this.#options
    const next = reconnect === undefined || !verdict.mayRedial
      ? Effect.uninterruptible(this.#owner.end(error))
      : this.#restore(reconnect, error, ending === planned, loss)
    // The old socket is closed before the new one is dialled: a handle is refused while it is open.
    this.#redialling = Effect.runForkWith(this.#context)(
      Effect.andThen(Effect.uninterruptible(connection.close()), next)
    )
  }

  /** Interrupts what dials, unless it is the one that asks. */
  get stop(): Effect.Effect<void> {
    return Effect.withFiber((fiber) =>
      this.#redialling === undefined || this.#redialling === fiber ? Effect.void : Fiber.interrupt(this.#redialling)
    )
  }

  #restore(
    reconnect: Reconnect,
    error: LiveError,
    isPlanned: boolean,
    loss: ReturnType<SessionCore["lose"]>
  ): Effect.Effect<void> {
    const core = this.#core
    return Effect.uninterruptibleMask(Effect.fnUntraced({ self: this }, function*(restore) {
      if (core.progress > 0) this.#attempts = 0
      core.progress = 0
      const redialled = yield* this.#redial(reconnect, error, isPlanned, restore)
      const { connection } = redialled
      if (connection === undefined) return yield* this.#owner.end(redialled.error)
      if (this.#link.isOver) return yield* connection.close()
      this.reconnects++
      core.emit({
        _tag: "Reconnected",
        isStateRestored: core.turns.handle !== undefined,
        unacknowledged: loss.unacknowledged
      })
      this.#owner.setStatus({ _tag: "Open", sessionId: connection.sessionId, isPaused: this.#isPaused })
      // A failure here is the reader's to see: the turns are still there to be sent again.
      const again = Effect.forEach(loss.resend, (turn) =>
        Effect.andThen(
          Effect.ignore(
            this.#options.limits.message(
              estimateTokens({ contents: turn.message.clientContent?.turns ?? [] }),
              (reason) => reason
            )
          ),
          Effect.suspend(() => {
            turn.index = this.#link.nextIndex
            return Effect.ignore(this.#link.write(connection, LiveProtocol.encode(turn.message)))
          })
        ), { discard: true })
      yield* Effect.onExitPrimitive(
        restore(again),
        (exit) => exit._tag === "Failure" ? connection.close() : undefined
      )
      this.#link.set(connection)
      this.begin(connection)
    }))
  }

  #redial(
    reconnect: Reconnect,
    lost: LiveError,
    isPlanned: boolean,
    restore: LiveConnection.Restore
  ): Effect.Effect<Redialled> {
    const core = this.#core
    return Effect.gen({ self: this }, function*() {
      const step = yield* Schedule.toStep(reconnect.schedule)
      let error = lost
      let isFirst = isPlanned
      while (this.#attempts < reconnect.budget) {
        this.#attempts++
        const attempt = this.#attempts
        core.emit({ _tag: "Reconnecting", attempt, reason: isFirst ? undefined : error.reason })
        this.#owner.setStatus({ _tag: "Reconnecting", attempt })
        if (!isFirst) {
          const now = this.#clock.currentTimeMillisUnsafe()
          const delay = yield* restore(Pull.catchDone(
            Effect.map(step(now, error), ([, delay]): Duration.Duration | undefined => delay),
            () => Effect.as(Effect.void, undefined)
          ))
          if (delay === undefined) break
          yield* restore(Effect.sleep(delay))
        }
        isFirst = false
        const dialled = yield* Effect.result(this.#options.dial(core.turns.handle, restore))
        if (dialled._tag === "Success") return { connection: dialled.success, error }
        error = errorOf("reconnect", this.#options.model, dialled.failure)
        if (!dialled.failure.mayRedial) break
      }
      return { connection: undefined, error }
    })
  }

  /** Ends the connection when nobody waits for anything, at the latest before it is ended for us. */
  #goAway(timeLeft: number | undefined): void {
    if (this.#options.reconnect === undefined) return
    const left = timeLeft ?? unsaidTime
    this.#isLeaving = true
    this.#link.connection?.leaveBy(this.#clock.currentTimeMillisUnsafe() + Math.max(0, left - margin(left)), planned)
    this.#leave()
  }

  #leave(): void {
    if (this.#isLeaving && this.#core.turns.isQuiet && this.#owner.pendingTools() === 0) {
      this.#link.connection?.leave(planned)
    }
  }
}
