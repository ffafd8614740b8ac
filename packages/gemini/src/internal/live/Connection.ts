/**
 * One connection from the dial to its end: the handshake, the deadlines, and the close.
 *
 * Messages that come before `setupComplete` (the API sends none, a proxy may) are kept in
 * order, as many as may wait unread. A connection that nobody took over is closed.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type { LiveErrorReason } from "../../errors/LiveErrorReason.ts"
import * as Reason from "../../errors/LiveErrorReason.ts"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import { alarm } from "../limiter/alarm.ts"
import * as LiveClose from "./close.ts"
import * as LiveSocket from "./LiveSocket.ts"
import { type Timed, Timers } from "./Timers.ts"

export interface Options extends LiveSocket.Options {
  /** In milliseconds. */
  readonly connect: number
  /** From the setup to its `setupComplete`, in milliseconds. */
  readonly setup: number
}

/** What is watched while a session uses it. Times in milliseconds, `Infinity` for none. */
export interface Watch {
  readonly idle: number
  readonly ping: { readonly interval: number; readonly timeout: number }
  /** 0: none came. */
  readonly lastMessageAt: number
  readonly onRoundTrip: (millis: number) => void
}

/** How long a close handshake may take before the connection is cut. */
const grace = 1_000

export const ours = (reason: LiveErrorReason, mayRedial: boolean): LiveClose.Ending => ({
  _tag: "Ours",
  reason,
  mayRedial
})

/** What a frame that waits costs beside its bytes. */
const frameCost = 64

const noop = (): void => undefined

const isEnding = (dialled: LiveSocket.LiveSocket | LiveClose.Ending): dialled is LiveClose.Ending => "_tag" in dialled

export class Connection implements Timed {
  deadline = Infinity
  sessionId: string | undefined
  readonly #options: Options
  readonly #context: Context.Context<never>
  readonly #clock: Clock.Clock
  readonly #timers: Timers
  #socket: LiveSocket.LiveSocket | undefined
  #early: Array<LiveSocket.Frame> = []
  #earlyBytes = 0
  #onDeadline: (now: number) => void = noop
  #watch: Watch | undefined
  #since = 0
  #pongAt = 0
  #pingAt = Infinity
  #pingedAt: number | undefined
  #leaveBy: { readonly at: number; readonly ending: LiveClose.Ending } | undefined

  constructor(options: Options, context: Context.Context<never>, clock: Clock.Clock) {
    this.#options = options
    this.#context = context
    this.#clock = clock
    this.#timers = Timers.of(clock)
  }

  get isOpen(): boolean {
    return this.#socket?.isOpen === true
  }

  /** Bytes handed over and not yet sent. */
  get buffered(): number {
    return this.#socket?.buffered ?? 0
  }

  onDeadline(now: number): void {
    this.deadline = Infinity
    this.#onDeadline(now)
  }

  /** Dials and shakes hands; calls back once. */
  dial(setup: LiveProtocol.Setup, done: (ending: LiveClose.Ending | undefined) => void): void {
    const dialled = LiveSocket.LiveSocket.dial(this.#options)
    if (isEnding(dialled)) return done(dialled)
    const socket = this.#socket = dialled
    const finish = (ending: LiveClose.Ending | undefined): void => {
      this.#until(Infinity, noop)
      socket.hold()
      done(ending)
    }
    this.#until(this.#now() + this.#options.connect, () => finish({ _tag: "Timeout" }))
    socket.onOpen = () => {
      this.#until(this.#now() + this.#options.setup, () => {
        const ending = ours(new Reason.TimedOut({ phase: "setup" }), true)
        socket.hold()
        socket.abort(ending)
        finish(ending)
      })
      socket.post(LiveProtocol.encode({ setup }))
    }
    socket.listen({
      onFrame: (frame) => {
        const message = LiveProtocol.decode(frame)
        if (Result.isFailure(message)) {
          const { expected, path } = message.failure
          return finish(ours(new Reason.InvalidServerMessage({ path, expected }), false))
        }
        const { setupComplete } = message.success
        if (!setupComplete) {
          this.#early.push(frame)
          this.#earlyBytes += frame.length + frameCost
          if (this.#earlyBytes <= this.#options.inboundLimit) return
          this.#early = []
          const reason = new Reason.ResponseTooLarge({ what: "setup", limit: this.#options.inboundLimit })
          finish(ours(reason, false))
          return socket.abort(ours(reason, false))
        }
        this.sessionId = setupComplete.sessionId ?? undefined
        finish(undefined)
      },
      onEnd: finish
    })
  }

  /** Reads what came, then what comes; also again, behind `hold`. */
  listen(listener: LiveSocket.Listener): void {
    const early = this.#early
    this.#early = []
    this.#since = this.#now()
    for (const frame of early) listener.onFrame(frame)
    this.#socket?.listen(listener)
  }

  hold(): void {
    this.#socket?.hold()
  }

  /** Ends it when nothing comes for too long, or when its peer does not answer pings. */
  watch(watch: Watch): void {
    const socket = this.#socket
    if (socket === undefined) return
    const now = this.#now()
    this.#watch = watch
    this.#since = this.#pongAt = now
    if (socket.canPing) this.#pingAt = now + watch.ping.interval
    socket.onPong = () => {
      this.#pongAt = this.#now()
      if (this.#pingedAt !== undefined) watch.onRoundTrip(this.#pongAt - this.#pingedAt)
      this.#pingedAt = undefined
      this.#pingAt = this.#pongAt + watch.ping.interval
    }
    this.#onDeadline = (now) => this.#check(now)
    this.#next()
  }

  /** Ends it at a time, if it is not left before. */
  leaveBy(at: number, ending: LiveClose.Ending): void {
    this.#leaveBy = { at, ending }
    this.#next()
  }

  /** Reads nothing more. The listener hears of it as this ending. */
  leave(ending: LiveClose.Ending): void {
    this.#socket?.leave(ending)
  }

  /** Ends it at once, without a handshake. The listener hears of it as this ending. */
  abort(ending: LiveClose.Ending): void {
    this.#socket?.abort(ending)
  }

  /** Sends. `done` is called when the frame has left this process, or with why it will not. */
  send(text: string, done: (ending: LiveClose.Ending | undefined) => void): void {
    const socket = this.#socket
    socket?.send(text, (ending) => {
      if (ending === undefined && socket.isFull) this.#drained(socket, done)
      else done(ending)
    })
  }

  /** Sends what the end of the connection will tell of, if it does not arrive. */
  post(text: string): void {
    this.#socket?.post(text)
  }

  /** The close handshake, within the grace; by force where it is in vain. */
  close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const socket = this.#socket
      this.#until(Infinity, noop)
      if (socket === undefined) return Effect.void
      return Effect.callback<void>((resume) => {
        const over = (): void => {
          this.#until(Infinity, noop)
          resume(Effect.void)
        }
        socket.onClosed = over
        if (socket.close()) return over()
        return this.#until(this.#now() + grace, () => {
          socket.cut()
          over()
        })
      })
    })
  }

  /** Where no callback says so, it is looked at. */
  #drained(socket: LiveSocket.LiveSocket, done: (ending: undefined) => void): void {
    if (socket.isFull) alarm(this.#context, this.#clock, 5, () => this.#drained(socket, done))
    else done(undefined)
  }

  #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  #until(deadline: number, onDeadline: (now: number) => void): void {
    this.#onDeadline = onDeadline
    this.#set(deadline)
  }

  #set(deadline: number): void {
    this.deadline = deadline
    if (deadline === Infinity) this.#timers.forget(this)
    else this.#timers.watch(this, this.#context)
  }

  #check(now: number): void {
    const [socket, watch, leaveBy] = [this.#socket, this.#watch, this.#leaveBy]
    if (socket === undefined || watch === undefined) return
    if (leaveBy !== undefined && now >= leaveBy.at) return socket.leave(leaveBy.ending)
    const { idle, ping } = watch
    if (this.#pingedAt !== undefined && now >= this.#pingedAt + ping.timeout) {
      // While nothing is read, no pong is seen either: that is no sign of death.
      if (!socket.isHeld && this.#heardAt(watch) < this.#pingedAt) {
        return socket.abort(ours(new Reason.TimedOut({ phase: "ping" }), true))
      }
      this.#pingedAt = undefined
      this.#pingAt = now + ping.interval
    }
    if (now >= this.#pingAt && this.#pingedAt === undefined) {
      this.#pingedAt = now
      socket.ping()
    }
    if (socket.isHeld) this.#since = now
    if (now >= this.#silentSince(watch) + idle) {
      return socket.abort(ours(new Reason.TimedOut({ phase: "idle" }), true))
    }
    this.#next()
  }

  #silentSince(watch: Watch): number {
    return Math.max(watch.lastMessageAt, this.#since)
  }

  #heardAt(watch: Watch): number {
    return Math.max(this.#pongAt, this.#silentSince(watch))
  }

  #next(): void {
    const watch = this.#watch
    if (watch === undefined) return
    const pong = this.#pingedAt === undefined ? this.#pingAt : this.#pingedAt + watch.ping.timeout
    this.#set(Math.min(pong, this.#silentSince(watch) + watch.idle, this.#leaveBy?.at ?? Infinity))
  }
}

export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Whoever gets it owns it, and closes it. To be called where nothing is interrupted, with
 * what allows it: else one that is open already could be lost on its way to the owner.
 */
export const open = (
  options: Options,
  setup: LiveProtocol.Setup,
  restore: Restore
): Effect.Effect<Connection, LiveClose.Verdict> =>
  Effect.withFiber((fiber) => {
    const connection = new Connection(options, fiber.context, fiber.getRef(Clock.Clock))
    const dialled = Effect.callback<Connection, LiveClose.Verdict>((resume) => {
      connection.dial(setup, (ending) => {
        resume(
          ending === undefined
            ? Effect.succeed(connection)
            : Effect.fail(LiveClose.verdict(ending, { isSetUp: false, goAway: undefined }))
        )
      })
    })
    return Effect.onExitPrimitive(
      restore(dialled),
      (exit) => Exit.isSuccess(exit) ? undefined : connection.close()
    )
  })
