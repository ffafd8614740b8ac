/**
 * One connection from the dial to its end: the handshake, the deadlines, and the close.
 *
 * Messages that come before `setupComplete` are kept in order, as many as may wait unread. (The API sends none, but a
 * proxy may.) A connection that nobody took over is closed.
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
  /** The deadline of the dial, in milliseconds. */
  readonly connect: number
  /** The deadline from the setup to its `setupComplete`, in milliseconds. */
  readonly setup: number
}

/** What is watched while a session uses the connection. Times are in milliseconds, `Infinity` for none. */
export interface Watch {
  /** How long nothing may come while an answer is due. */
  readonly idle: number
  /** How long nothing may come, whatever the session does. */
  readonly silence: number
  /** Whether the server is to say something: the session waits for it, and not it for the session. */
  readonly isDue: boolean
  readonly ping: { readonly interval: number; readonly timeout: number }
  /** When the last message came; 0 if none did. */
  readonly lastMessageAt: number
  readonly onRoundTrip: (millis: number) => void
  /** The connection is over while it is held: to listen again gives what was held, and then the end. */
  readonly onLost: () => void
}

/** How long a close handshake may take before the connection is cut. */
const grace = 1_000

export const ours = (reason: LiveErrorReason, mayRedial: boolean): LiveClose.ConnectionEnd => ({
  _tag: "Ours",
  reason,
  mayRedial
})

/** What a waiting frame costs besides its bytes. */
const frameCost = 64

const isEnding = (dialled: LiveSocket.LiveSocket | LiveClose.ConnectionEnd): dialled is LiveClose.ConnectionEnd =>
  "_tag" in dialled

export class LiveConnection implements Timed, LiveSocket.SocketOwner, LiveSocket.Listener {
  deadline = Infinity
  sessionId: string | undefined
  readonly #options: Options
  readonly #context: Context.Context<never>
  readonly #clock: Clock.Clock
  readonly #timers: Timers
  #socket: LiveSocket.LiveSocket | undefined
  #early: Array<LiveSocket.Frame> = []
  #earlyBytes = 0
  /** The message of the setup, until it is sent. */
  #setup: string | undefined
  /** Whom the handshake calls back, until it does. */
  #done: ((ending: LiveClose.ConnectionEnd | undefined) => void) | undefined
  #watch: Watch | undefined
  /** Who waits until nothing is left of the connection. */
  #closing: ((over: Effect.Effect<void>) => void) | undefined
  /** Since when the connection is listened to. */
  #since = 0
  /** Since when an answer is due. */
  #dueSince = 0
  #pingAt = Infinity
  #pingedAt: number | undefined
  /** What had been received when the last ping was sent. */
  #receivedThen = 0
  #leaveBy: { readonly at: number; readonly ending: LiveClose.ConnectionEnd } | undefined

  constructor(options: Options, context: Context.Context<never>, clock: Clock.Clock) {
    this.#options = options
    this.#context = context
    this.#clock = clock
    this.#timers = Timers.of(clock)
  }

  get isOpen(): boolean {
    return this.#socket?.isOpen === true
  }

  /** How many bytes were handed over and are not sent yet. */
  get buffered(): number {
    return this.#socket?.buffered ?? 0
  }

  onDeadline(now: number): void {
    this.deadline = Infinity
    if (this.#closing !== undefined) {
      this.#socket?.cut()
      this.#over()
    } else if (this.#done !== undefined) this.#late()
    else this.#check(now)
  }

  /** Dials and shakes hands by the message of a setup, and then calls back once. */
  dial(setup: string, done: (ending: LiveClose.ConnectionEnd | undefined) => void): void {
    const dialled = LiveSocket.LiveSocket.dial(this.#options, this)
    if (isEnding(dialled)) return done(dialled)
    this.#socket = dialled
    this.#setup = setup
    this.#done = done
    this.#set(this.#now() + this.#options.connect)
    dialled.listen(this)
  }

  onOpen(): void {
    const setup = this.#setup
    this.#setup = undefined
    if (setup === undefined || this.#done === undefined) return
    this.#set(this.#now() + this.#options.setup)
    this.#socket?.post(setup)
  }

  /** Takes a frame in before the session does. */
  onFrame(frame: LiveSocket.Frame): void {
    const message = LiveProtocol.decode(frame)
    if (Result.isFailure(message)) {
      const { expected, path } = message.failure
      return this.#finish(ours(new Reason.InvalidServerMessage({ path, expected }), false))
    }
    const { setupComplete } = message.success
    if (!setupComplete) {
      this.#early.push(frame)
      this.#earlyBytes += frame.length + frameCost
      if (this.#earlyBytes <= this.#options.inboundLimit) return
      this.#early = []
      const reason = new Reason.ResponseTooLarge({ what: "setup", limit: this.#options.inboundLimit })
      this.#finish(ours(reason, false))
      return this.#socket?.abort(ours(reason, false))
    }
    this.sessionId = setupComplete.sessionId ?? undefined
    this.#finish(undefined)
  }

  /** The connection ended before the session took it over. */
  onEnd(ending: LiveClose.ConnectionEnd): void {
    this.#finish(ending)
  }

  onPong(): void {
    const watch = this.#watch
    if (watch === undefined) return
    const now = this.#now()
    if (this.#pingedAt !== undefined) watch.onRoundTrip(now - this.#pingedAt)
    this.#pingedAt = undefined
    this.#pingAt = now + watch.ping.interval
    // The next ping may be due before this one had to be answered.
    this.#next()
  }

  onLost(): void {
    this.#watch?.onLost()
  }

  onClosed(): void {
    if (this.#closing !== undefined) this.#over()
  }

  /** Reads what came, and then what comes; it is called again after `hold`. */
  listen(listener: LiveSocket.Listener): void {
    const early = this.#early
    this.#early = []
    this.#since = this.#dueSince = this.#now()
    for (const frame of early) listener.onFrame(frame)
    this.#socket?.listen(listener)
  }

  hold(): void {
    this.#socket?.hold()
  }

  /** Ends the connection when nothing comes for too long, or when its peer does not answer pings. */
  watch(watch: Watch): void {
    const socket = this.#socket
    if (socket === undefined) return
    const now = this.#now()
    this.#watch = watch
    this.#since = this.#dueSince = now
    if (socket.canPing) this.#pingAt = now + watch.ping.interval
    this.#next()
  }

  /** Counts the time in which an answer is due from now on. */
  wait(): void {
    if (this.#watch !== undefined && this.#watch.idle !== Infinity) this.#dueSince = this.#now()
  }

  /** Ends the connection at a time, if it is not left before. */
  leaveBy(at: number, ending: LiveClose.ConnectionEnd): void {
    this.#leaveBy = { at, ending }
    this.#next()
  }

  /** Reads nothing more. The listener is told this ending. */
  leave(ending: LiveClose.ConnectionEnd): void {
    this.#socket?.leave(ending)
  }

  /** Ends the connection at once, without a handshake. The listener is told this ending. */
  abort(ending: LiveClose.ConnectionEnd): void {
    this.#socket?.abort(ending)
  }

  /** Sends a frame. `done` is called when the frame has left this process, or with the reason why it will not. */
  send(text: string, done: (ending: LiveClose.ConnectionEnd | undefined) => void): void {
    const socket = this.#socket
    socket?.send(text, (ending) => {
      if (ending === undefined && socket.isFull) this.#drained(socket, done)
      else done(ending)
    })
  }

  /** Sends a frame. If it does not arrive, the end of the connection tells that. */
  post(text: string): void {
    this.#socket?.post(text)
  }

  /** Closes by a handshake within the grace, and by force if that fails. */
  close(): Effect.Effect<void> {
    return Effect.callback<void>((resume) => {
      // A pong that still comes must move no deadline.
      this.#watch = undefined
      this.deadline = Infinity
      this.#closing = resume
      const socket = this.#socket
      if (socket === undefined || socket.close()) return this.#over()
      this.#set(this.#now() + grace)
    })
  }

  /** Waits until everything was sent. Where no callback tells that, it looks. */
  #drained(socket: LiveSocket.LiveSocket, done: (ending: undefined) => void): void {
    if (socket.isFull) alarm(this.#context, this.#clock, 5, () => this.#drained(socket, done))
    else done(undefined)
  }

  #now(): number {
    return this.#clock.currentTimeMillisUnsafe()
  }

  /** Ends the handshake. What comes from now on waits for whoever listens. */
  #finish(ending: LiveClose.ConnectionEnd | undefined): void {
    const done = this.#done
    if (done === undefined) return
    this.#done = undefined
    this.deadline = Infinity
    this.#socket?.hold()
    done(ending)
  }

  /** The dial, or the setup, takes too long. */
  #late(): void {
    const socket = this.#socket
    if (this.#setup !== undefined) return this.#finish(socket?.refusal ?? { _tag: "Timeout" })
    const ending = ours(new Reason.TimedOut({ phase: "setup" }), true)
    socket?.hold()
    socket?.abort(ending)
    this.#finish(ending)
  }

  #set(deadline: number): void {
    this.deadline = deadline
    if (deadline !== Infinity) this.#timers.watch(this, this.#context)
  }

  /** Nothing is left of the connection, and no deadline follows. */
  #over(): void {
    const closing = this.#closing
    this.#closing = undefined
    this.deadline = Infinity
    this.#timers.forget(this)
    closing?.(Effect.void)
  }

  #check(now: number): void {
    const [socket, watch, leaveBy] = [this.#socket, this.#watch, this.#leaveBy]
    if (socket === undefined || watch === undefined) return
    if (leaveBy !== undefined && now >= leaveBy.at) return socket.leave(leaveBy.ending)
    if (!this.#ping(socket, watch, now)) return socket.abort(ours(new Reason.TimedOut({ phase: "ping" }), true))
    if (socket.isHeld) this.#since = now
    if (socket.isHeld || !watch.isDue) this.#dueSince = now
    if (now >= this.#heardAt(watch, this.#dueSince) + watch.idle) {
      return socket.abort(ours(new Reason.TimedOut({ phase: "idle" }), true))
    }
    if (now >= this.#heardAt(watch, this.#since) + watch.silence) {
      return socket.abort(ours(new Reason.TimedOut({ phase: "silence" }), true))
    }
    this.#next()
  }

  /** Sends the ping that is due, and says whether the peer may be alive. Whatever comes after a ping answers it. */
  #ping(socket: LiveSocket.LiveSocket, { ping }: Watch, now: number): boolean {
    if (this.#pingedAt !== undefined && now >= this.#pingedAt + ping.timeout) {
      if (!socket.isStopped && socket.received === this.#receivedThen) return false
      this.#pingedAt = undefined
      this.#pingAt = now + ping.interval
    }
    if (now < this.#pingAt || this.#pingedAt !== undefined) return true
    // A transport that is paused shows no pong.
    if (socket.isStopped && socket.peek()) {
      this.#pingAt = now + ping.interval
      return true
    }
    this.#pingedAt = now
    this.#receivedThen = socket.received
    socket.ping()
    return true
  }

  #heardAt(watch: Watch, since: number): number {
    return Math.max(watch.lastMessageAt, since)
  }

  #next(): void {
    const watch = this.#watch
    if (watch === undefined) return
    this.#set(Math.min(
      this.#pingedAt === undefined ? this.#pingAt : this.#pingedAt + watch.ping.timeout,
      this.#heardAt(watch, this.#dueSince) + watch.idle,
      this.#heardAt(watch, this.#since) + watch.silence,
      this.#leaveBy?.at ?? Infinity
    ))
  }
}

export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/**
 * Opens a connection. Whoever gets it owns it and must close it. It is called where nothing can be interrupted, with a
 * function that allows interruption; otherwise a connection that is open already could be lost on its way to the owner.
 */
export const open = (
  options: Options,
  setup: string,
  restore: Restore
): Effect.Effect<LiveConnection, LiveClose.CloseVerdict> =>
  Effect.withFiber((fiber) => {
    const connection = new LiveConnection(options, fiber.context, fiber.getRef(Clock.Clock))
    const dialled = Effect.callback<LiveConnection, LiveClose.CloseVerdict>((resume) => {
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
