/**
 * The life of a session's connections: read one to its end, and, where the caller asked
 * for it, dial the next. Everything that waits here waits by the Clock.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Latch from "effect/Latch"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import { LiveError } from "../LiveError.ts"
import * as Reason from "../LiveErrorReason.ts"
import * as LiveProtocol from "../LiveProtocol.ts"
import type { Status } from "../LiveSession.ts"
import * as LiveClose from "./liveClose.ts"
import type { Connection } from "./liveConnection.ts"
import type { LiveLink } from "./LiveLink.ts"
import type { LiveLimits } from "./liveLimits.ts"
import type { SessionCore } from "./SessionCore.ts"
import { estimateTokens } from "./tokenEstimate.ts"

export interface Reconnect {
  readonly schedule: Schedule.Schedule<unknown, LiveError>
  readonly budget: number
}

export interface Options {
  readonly model: string
  readonly core: SessionCore
  readonly link: LiveLink
  readonly limits: LiveLimits
  /** Dials, with the handle that restores the state. */
  readonly dial: (handle: string | undefined) => Effect.Effect<Connection, LiveClose.Verdict, Scope.Scope>
  readonly reconnect: Reconnect | undefined
  /** Closed: nothing is read. */
  readonly gate: Latch.Latch
  /** In milliseconds, `Infinity` for none. */
  readonly idle: number
  readonly ping: { readonly interval: number; readonly timeout: number }
  readonly pendingTools: () => number
  readonly setStatus: (status: Status) => Effect.Effect<void>
  readonly onRoundTrip: (millis: number) => void
  readonly onReconnect: () => void
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

const ours = (reason: Reason.LiveErrorReason, mayRedial: boolean): LiveClose.Ending => ({
  _tag: "Ours",
  reason,
  mayRedial
})

/** Reads a connection to its end. */
const read = (
  { core, gate }: Options,
  connection: Connection,
  clock: Clock.Clock
): Effect.Effect<never, LiveClose.Ending> => {
  const { socket } = connection
  const take = (frames: ReadonlyArray<string | Uint8Array>): Effect.Effect<void, LiveClose.Ending> => {
    const now = clock.currentTimeMillisUnsafe()
    for (const frame of frames) {
      const reason = core.receive(frame, now)
      if (reason === undefined) continue
      const ending = ours(reason, false)
      return Effect.andThen(socket.abort(ending), Effect.fail(ending))
    }
    return Effect.void
  }
  const batch = Effect.flatMap(Effect.andThen(gate.await, socket.pull), take)
  return Effect.andThen(take(connection.early), Effect.forever(batch, { disableYield: true }))
}

/** Ends a connection on which nothing comes for too long, or whose peer does not answer pings. */
const watch = (options: Options, connection: Connection, clock: Clock.Clock): Effect.Effect<void> => {
  const { core, gate, idle, ping } = options
  const { socket } = connection
  const since = clock.currentTimeMillisUnsafe()
  const isPaused = () => !gate.isOpen() || socket.isPaused()
  const lastSign = { at: since }
  socket.onPong = () => {
    lastSign.at = clock.currentTimeMillisUnsafe()
  }
  const heard = (): number => Math.max(lastSign.at, core.lastMessageAt ?? 0, since)

  const beat: Effect.Effect<void> = Effect.suspend(() => {
    const sentAt = clock.currentTimeMillisUnsafe()
    socket.onPong = () => {
      lastSign.at = clock.currentTimeMillisUnsafe()
      options.onRoundTrip(lastSign.at - sentAt)
      socket.onPong = () => undefined
    }
    socket.ping?.()
    // While nothing is read, no pong is seen either: that is no sign of death.
    return Effect.andThen(
      Effect.sleep(ping.timeout),
      Effect.suspend(() =>
        heard() >= sentAt || isPaused()
          ? Effect.void
          : socket.abort(ours(new Reason.TimedOut({ phase: "ping" }), true))
      )
    )
  })
  const heartbeat = socket.ping === undefined || !(ping.interval < Infinity)
    ? Effect.void
    : Effect.forever(Effect.andThen(Effect.sleep(ping.interval), beat))

  const silence: Effect.Effect<void> = Effect.suspend(() => {
    const now = clock.currentTimeMillisUnsafe()
    const left = isPaused() ? idle : Math.max(core.lastMessageAt ?? 0, since) + idle - now
    return left > 0
      ? Effect.andThen(Effect.sleep(left), silence)
      : socket.abort(ours(new Reason.TimedOut({ phase: "idle" }), true))
  })
  return Effect.asVoid(Effect.all([heartbeat, idle < Infinity ? silence : Effect.void], { concurrency: 2 }))
}

/** After a goAway: ends the connection when nobody waits for anything, at the latest before it is ended for us. */
const leave = (options: Options, connection: Connection, timeLeft: number | undefined): Effect.Effect<void> => {
  const { core, pendingTools } = options
  const left = timeLeft ?? unsaidTime
  const quiet = Effect.callback<void>((resume) => {
    const check = (): void => {
      if (core.turns.isQuiet && pendingTools() === 0) resume(Effect.void)
    }
    core.hooks.quiet = check
    check()
    return Effect.sync(() => {
      core.hooks.quiet = () => undefined
    })
  })
  return Effect.andThen(
    Effect.timeoutOrElse(quiet, { duration: Math.max(0, left - margin(left)), orElse: () => Effect.void }),
    connection.socket.leave(planned)
  )
}

/** Runs until there is no connection any more, and says why. */
export const run = (options: Options, first: Connection, scope: Scope.Scope): Effect.Effect<LiveError> =>
  Effect.gen(function*() {
    const { core, link, model, reconnect } = options
    const clock = yield* Clock.Clock
    let connection = first
    let attempts = 0
    while (true) {
      const ending = yield* readWatched(options, connection, clock)
      const isPlanned = ending === planned
      const verdict = LiveClose.verdict(ending, { isSetUp: true, goAway: core.goAway })
      const error = errorOf("session", model, verdict)
      link.set(undefined)
      const loss = core.lose(error)
      // The old socket is closed before the new one is dialled: a handle is refused while it is open.
      yield* connection.close(Exit.void)
      if (reconnect === undefined || !verdict.mayRedial) return error
      if (core.progress > 0) attempts = 0
      core.progress = 0
      const redialled = yield* redial({ ...options, reconnect }, scope, { error, isPlanned, attempts })
      attempts = redialled.attempts
      if (redialled.connection === undefined) return redialled.error
      connection = redialled.connection
      options.onReconnect()
      core.emit({
        _tag: "Reconnected",
        isStateRestored: core.turns.handle !== undefined,
        unacknowledged: loss.unacknowledged
      })
      yield* options.setStatus({ _tag: "Open", sessionId: connection.sessionId, isPaused: !options.gate.isOpen() })
      // A failure here is the reader's to see: the turns are still there to be sent again.
      for (const turn of loss.resend) {
        yield* Effect.ignore(
          options.limits.message(estimateTokens({ contents: turn.message.clientContent?.turns ?? [] }))
        )
        turn.index = link.nextIndex
        yield* Effect.ignore(link.write(connection, LiveProtocol.encode(turn.message)))
      }
      link.set(connection)
    }
  })

const readWatched = (
  options: Options,
  connection: Connection,
  clock: Clock.Clock
): Effect.Effect<LiveClose.Ending> =>
  Effect.scoped(Effect.gen(function*() {
    const fork = yield* FiberSet.makeRuntime<never>()
    options.core.hooks.goAway = (timeLeft) => {
      if (options.reconnect !== undefined) fork(leave(options, connection, timeLeft))
    }
    yield* Effect.forkScoped(watch(options, connection, clock))
    return yield* Effect.flip(read(options, connection, clock))
  }))

interface Redialled {
  readonly connection: Connection | undefined
  readonly error: LiveError
  readonly attempts: number
}

const redial = Effect.fnUntraced(function*(
  options: Options & { readonly reconnect: Reconnect },
  scope: Scope.Scope,
  lost: { readonly error: LiveError; readonly isPlanned: boolean; readonly attempts: number }
): Effect.fn.Return<Redialled> {
  const { core, model, reconnect } = options
  const step = yield* Schedule.toStep(reconnect.schedule)
  let { attempts, error } = lost
  let isPlanned = lost.isPlanned
  while (attempts < reconnect.budget) {
    attempts++
    core.emit({ _tag: "Reconnecting", attempt: attempts, reason: isPlanned ? undefined : error.reason })
    yield* options.setStatus({ _tag: "Reconnecting", attempt: attempts })
    if (!isPlanned) {
      const now = yield* Clock.currentTimeMillis
      const delay = yield* Pull.catchDone(
        Effect.map(step(now, error), ([, delay]): Duration.Duration | undefined => delay),
        () => Effect.succeed(undefined)
      )
      if (delay === undefined) return { connection: undefined, error, attempts }
      yield* Effect.sleep(delay)
    }
    isPlanned = false
    const dialled = yield* Effect.result(Scope.provide(options.dial(core.turns.handle), scope))
    if (dialled._tag === "Success") return { connection: dialled.success, error, attempts }
    error = errorOf("reconnect", model, dialled.failure)
    if (!dialled.failure.mayRedial) return { connection: undefined, error, attempts }
  }
  return { connection: undefined, error, attempts }
})
