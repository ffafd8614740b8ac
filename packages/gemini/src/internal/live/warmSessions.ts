/**
 * Sessions that are dialled ahead: they are set up, and nothing was said in them yet. A stateless call takes one of its
 * own configuration; then the next one is dialled. So no call ever sees what another one said.
 *
 * A waiting session holds a place among the model's sessions. It never waits for that place, and gives it up as soon as
 * somebody else has to wait for one.
 */
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Reason from "../../errors/LiveErrorReason.ts"
import type { ConnectOptions, TransportOptions, Warm } from "../../GeminiLive.ts"
import { LiveError } from "../../LiveError.ts"
import * as ModelAlias from "../../models/ModelAlias.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as RateLimiter from "../../RateLimiter.ts"
import * as LiveEndpoint from "./endpoint.ts"
import type * as LiveConnection from "./LiveConnection.ts"
import type * as LiveOpen from "./open.ts"
import * as LiveLimits from "./sessionLimits.ts"
import type { Opened } from "./SessionOperations.ts"
import type * as LiveCheck from "./setupCheck.ts"

type Dial = Effect.Effect<Opened, LiveError, Scope.Scope>

/** Takes a session for one call: one of this configuration that waits, or else the one that `dial` opens. */
export type Take = (connect: ConnectOptions, dial: Dial) => Dial

interface Spare {
  readonly quotaModel: string
  readonly scope: Scope.Closeable
  /** Completes when the dialling has ended; `undefined` if it failed. */
  readonly dialled: Deferred.Deferred<Opened | undefined>
  /** The fiber that dials, and then waits until the session has been idle for too long. */
  fiber: Fiber.Fiber<void> | undefined
}

/** Stops dialling, or closes the session that was dialled. */
const end = (spare: Spare): Effect.Effect<void> =>
  Effect.suspend(() =>
    Effect.andThen(
      spare.fiber === undefined ? Effect.void : Fiber.interrupt(spare.fiber),
      Scope.close(spare.scope, Exit.void)
    )
  )

const defaults = { idle: 60_000, sessions: 4 }

const problem = ({ idle, sessions }: Warm): LiveCheck.SetupProblem | undefined => {
  const time = idle === undefined ? Option.some(Duration.zero) : Duration.fromInput(idle)
  if (Option.isNone(time) || !(Duration.toMillis(time.value) >= 0)) {
    return { field: "warm.idle", description: `expected a duration like "1 minute"` }
  }
  return sessions === undefined || (Number.isInteger(sessions) && sessions >= 1)
    ? undefined
    : { field: "warm.sessions", description: "expected a whole number of at least 1" }
}

/** The key of a configuration; undefined for one that cannot be written as JSON, which dialling will refuse. */
const keyOf = (connect: ConnectOptions): string | undefined => {
  try {
    return JSON.stringify(connect)
  } catch {
    return undefined
  }
}

const quotaModelOf = (name: string | undefined): string => {
  const model = ModelId.parse(name ?? "")
  return Result.isFailure(model) ? "" : ModelAlias.quotaModel(model.success)
}

/** A dead session is found before its minute is over, and one whose pong takes the 30 s that were measured is not. */
const ping = { interval: "15 seconds", timeout: "40 seconds" } as const

const refuse = (violation: LiveCheck.SetupProblem): Take => ({ model }) =>
  Effect.fail(
    new LiveError({
      method: "connect",
      ...(model === undefined ? {} : { model }),
      reason: new Reason.InvalidSetup({ fields: [violation] })
    })
  )

const cold: Take = (_, dial) => dial

export const make = Effect.fnUntraced(function*(
  options: TransportOptions,
  open: LiveOpen.Open,
  place: LiveOpen.SessionOwner
): Effect.fn.Return<Take, never, Scope.Scope | RateLimiter.RateLimiter> {
  const { apiKey, warm = false } = options
  // A token is good for a number of sessions, and those that nobody takes would use it up.
  const isToken = Redacted.isRedacted(apiKey) && LiveEndpoint.isToken(Redacted.value(apiKey))
  if (warm === false || isToken) return cold
  const given = warm === true ? {} : warm
  const wrong = problem(given)
  if (wrong !== undefined) return refuse(wrong)
  const idle = given.idle ?? defaults.idle
  const most = given.sessions ?? defaults.sessions

  /** The waiting sessions by configuration, the oldest first. */
  const spares = new Map<string, Spare>()
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      const left = Array.from(spares.values())
      spares.clear()
      return Effect.forEach(left, ({ scope }) => Scope.close(scope, Exit.void), {
        concurrency: "unbounded",
        discard: true
      })
    })
  )
  const run = yield* FiberSet.makeRuntime<never>()

  const drop = (key: string, spare: Spare): void => {
    spares.delete(key)
    run(Effect.uninterruptible(end(spare)))
  }

  const dropOldest = (isMeant: (spare: Spare) => boolean): void => {
    for (const [key, spare] of spares) {
      if (isMeant(spare)) return drop(key, spare)
    }
  }
  yield* LiveLimits.whenFull(yield* RateLimiter.RateLimiter, {
    ...place,
    giveUp: (quotaModel) => dropOldest((spare) => spare.quotaModel === quotaModel)
  })
  let isClosed = false
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      isClosed = true
    })
  )

  const wait = (key: string, spare: Spare, connect: ConnectOptions): Effect.Effect<void> =>
    // The call that has just taken a session goes first.
    Effect.andThen(Effect.yieldNow, Scope.provide(open({ ...connect, ping }, "spare"), spare.scope)).pipe(
      Effect.onExit((exit) => Deferred.succeed(spare.dialled, Exit.isSuccess(exit) ? exit.value : undefined)),
      Effect.andThen(Effect.suspend(() => spares.get(key) === spare ? Effect.sleep(idle) : Effect.void)),
      Effect.ignore,
      Effect.andThen(Effect.uninterruptible(Effect.suspend(() => {
        if (spares.get(key) !== spare) return Effect.void
        spares.delete(key)
        return Scope.close(spare.scope, Exit.void)
      })))
    )

  // Dials the next session in the context of the call, which says who measures sessions.
  const dialNext = (key: string, connect: ConnectOptions, context: Context.Context<never>): void => {
    // A call may outlive the layer.
    if (isClosed || spares.has(key)) return
    if (spares.size >= most) dropOldest(() => true)
    const spare: Spare = {
      quotaModel: quotaModelOf(connect.model),
      scope: Scope.makeUnsafe(),
      dialled: Deferred.makeUnsafe(),
      fiber: undefined
    }
    spares.set(key, spare)
    spare.fiber = run(Effect.provideContext(wait(key, spare, connect), context))
  }

  const taken = (spare: Spare, dial: Dial, restore: LiveConnection.Restore): Dial =>
    Effect.flatMap(Effect.scope, (scope) =>
      Effect.andThen(
        Scope.addFinalizer(scope, end(spare)),
        Effect.flatMap(restore(Deferred.await(spare.dialled)), (opened) => {
          spare.fiber?.interruptUnsafe()
          if (opened?.isFresh === true) return Effect.succeed(opened)
          // The session died while it waited, or will end soon; nothing was said in it.
          run(Effect.uninterruptible(end(spare)))
          return restore(dial)
        })
      ))

  return (connect, dial) =>
    // No interruption may come between taking a session out of the map and seeing to its end.
    Effect.uninterruptibleMask((restore) =>
      Effect.contextWith((context: Context.Context<never>) => {
        const key = keyOf(connect)
        if (key === undefined) return restore(dial)
        const next = () => Effect.sync(() => dialNext(key, connect, context))
        const spare = spares.get(key)
        if (spare === undefined) return Effect.tap(restore(dial), next)
        spares.delete(key)
        return Effect.tap(taken(spare, dial, restore), next)
      })
    )
})
