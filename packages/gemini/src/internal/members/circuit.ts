/**
 * One circuit for each member and model, made of Effect's CircuitBreaker. A call enters, and later says how it went;
 * any other end counts for nothing.
 *
 * Only an outage opens a circuit: overload, a failing server, no connection, no answer in time. A refused request or a
 * spent quota says nothing about the member's health.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../../GeminiError.ts"
import { isJudged, isOutage } from "../call/failures.ts"
import { alarm } from "../limiter/alarm.ts"
import * as SteadyStore from "./steadyStore.ts"
import type { Signal } from "./WaitingRoom.ts"

/** How a circuit stands. `retryIn`, in milliseconds, is there if it lets nobody through now. */
export interface CircuitState {
  readonly state: "closed" | "open" | "halfOpen"
  readonly retryIn: number
}

/** Tells how a call went. Only the first time counts. */
export type HealthReport = (outcome: CircuitBreaker.Outcome) => void

export interface Circuits {
  /**
   * Whether the circuit is closed and no failure was told of it. It is never true over a store that others write to, too.
   */
  readonly isUntouched: (key: string) => boolean
  /**
   * Whether none of these circuits has opened, as far as this process was told, whatever failures were told of them. It is
   * never true over a store that others write to, too. A call may hear of one that opened a moment ago only when it enters.
   */
  readonly areClosed: (keys: () => ReadonlyArray<string>) => boolean
  readonly state: (key: string) => Effect.Effect<CircuitState>
  /** Lets a call in, and gives the function that says how it went. `undefined` means that the circuit is open. */
  readonly enter: (key: string) => Effect.Effect<HealthReport | undefined>
  /** The signals of those who wait for a change of state. */
  readonly watchers: Set<Signal>
  /** Tells them of a change. */
  readonly changed: () => void
}

export interface Options {
  readonly trip?: CircuitBreaker.TripPolicy | undefined
  readonly openFor?: Duration.Input | Schedule.Schedule<unknown, number> | undefined
}

export const outcomeOf = (error: GeminiError): CircuitBreaker.Outcome =>
  isOutage(error)
    ? CircuitBreaker.failure({ retryAfter: error.retryAfter })
    : isJudged(error)
    ? CircuitBreaker.success
    : CircuitBreaker.ignored

export const closed: CircuitState = { state: "closed", retryIn: 0 }

/** How long a call waits for a store to let it in, in milliseconds. */
const patience = 1_000

/** How often a circuit that another process probes is looked at, in milliseconds. */
const lookAgain = 1_000

/** How long a circuit is open: 5 s, then twice as long each time the probe fails, a minute at most. */
const openFor = Schedule.min([Schedule.exponential("5 seconds"), Schedule.spaced("1 minute")])

const stateOf = (state: CircuitBreaker.State): CircuitState => {
  switch (state._tag) {
    case "Closed":
      return closed
    case "Open":
      return { state: "open", retryIn: Duration.toMillis(state.retryAfter) }
    case "HalfOpen":
      return { state: "halfOpen", retryIn: state.probing ? lookAgain : 0 }
  }
}

const watched = (): Pick<Circuits, "watchers" | "changed"> => {
  const watchers = new Set<Signal>()
  return {
    watchers,
    changed: () => {
      for (const watcher of watchers) watcher.notify()
    }
  }
}

/** Circuits that never open. */
const none = (): Circuits => ({
  isUntouched: () => true,
  areClosed: () => true,
  state: () => Effect.succeed(closed),
  enter: () => Effect.succeed(() => {}),
  ...watched()
})

export const make = Effect.fnUntraced(function*(
  options: Options,
  isShared: boolean
): Effect.fn.Return<Circuits, never, Scope.Scope | CircuitBreaker.CircuitBreakerStore> {
  const tripPolicy = options.trip ?? CircuitBreaker.consecutive(3)
  const breaker = yield* CircuitBreaker.make({
    tripPolicy,
    openDuration: options.openFor ?? openFor,
    maxOpenDuration: "2 minutes"
  })
  const { changed, watchers } = watched()
  // Circuits of which a failure was told, with how many failures are not yet written down.
  const touched = new Map<string, number>()
  const told = (key: string, outcome: CircuitBreaker.Outcome): void => {
    if (outcome._tag === "Failure") touched.set(key, (touched.get(key) ?? 0) + 1)
  }
  /** After an attempt was written down: a circuit that closed again is as good as new. */
  const written = (key: string, outcome: CircuitBreaker.Outcome): Effect.Effect<void> =>
    Effect.suspend(() => {
      const pending = touched.get(key)
      if (pending === undefined) return Effect.void
      if (outcome._tag === "Failure") touched.set(key, pending - 1)
      return outcome._tag !== "Success" ? Effect.void : Effect.map(state(key), (now) => {
        if (now !== closed) return
        opened.delete(key)
        if (touched.get(key) === 0) touched.delete(key)
      })
    })
  // If the store does not answer, the circuit stays closed.
  const state = (key: string): Effect.Effect<CircuitState> =>
    Effect.match(breaker.state(key), { onFailure: () => closed, onSuccess: stateOf })
  // How often each circuit opened, was probed and closed. A store ignores what is told of a call from before.
  const epochs = new Map<string, number>()
  // Circuits that opened and have not closed again.
  const opened = new Set<string>()
  yield* Effect.forkScoped(
    Stream.runForEach(breaker.transitions, ({ key, to }) =>
      Effect.sync(() => {
        if (to === "Closed") opened.delete(key)
        else opened.add(key)
        epochs.set(key, (epochs.get(key) ?? 0) + 1)
        changed()
      })),
    { startImmediately: true }
  )
  const isUntouched = (key: string): boolean => !isShared && !touched.has(key)
  const enter: Circuits["enter"] = (key) =>
    Effect.suspend(() => {
      const entered = Deferred.makeUnsafe<boolean>()
      const outcome = Deferred.makeUnsafe<CircuitBreaker.Outcome>()
      const watched = Effect.suspend(() => {
        Deferred.doneUnsafe(entered, Effect.succeed(true))
        return Deferred.await(outcome)
      }).pipe(
        breaker.execute({ key, classify: (exit) => Exit.isSuccess(exit) ? exit.value : CircuitBreaker.ignored }),
        Effect.exit,
        Effect.flatMap((exit) => {
          if (Exit.isFailure(exit)) {
            Deferred.doneUnsafe(entered, Effect.succeed(false))
            return Effect.void
          }
          // A probe that says nothing frees its place, but the state does not change.
          if (exit.value._tag === "Ignored") changed()
          return written(key, exit.value)
        })
      )
      const within = Effect.withFiber((caller: Fiber.Fiber<unknown, unknown>) => {
        if (Deferred.isDoneUnsafe(entered)) return Deferred.await(entered)
        // If the store does not answer, the circuit stays closed, and is not told how the call went.
        const stop = alarm(caller.context, caller.getRef(Clock.Clock), patience, () => {
          Deferred.doneUnsafe(outcome, Effect.succeed(CircuitBreaker.ignored))
          Deferred.doneUnsafe(entered, Effect.succeed(true))
        })
        return Effect.tap(Deferred.await(entered), () => Effect.sync(stop))
      })
      return Effect.forkDetach(watched, { startImmediately: true }).pipe(
        Effect.andThen(within),
        Effect.map((isIn): HealthReport | undefined =>
          isIn
            ? (said) => {
              if (Deferred.isDoneUnsafe(outcome)) return
              told(key, said)
              Deferred.doneUnsafe(outcome, Effect.succeed(said))
            }
            : undefined
        ),
        // A call that was let in must be able to say how it went, so it waits for the store even if it is
        // interrupted.
        Effect.uninterruptible
      )
    })
  return {
    watchers,
    changed,
    isUntouched,
    areClosed: (keys) => !isShared && (opened.size === 0 || !keys().some((key) => opened.has(key))),
    state,
    // A success among successes changes nothing where failures in a row are counted, so that most calls need not enter:
    // who has something else to say enters with it, unless the circuit has been open meanwhile.
    enter: (key) =>
      tripPolicy._tag !== "Consecutive" || !isUntouched(key) ? enter(key) : Effect.withFiber((fiber) => {
        const began = epochs.get(key)
        let isTold = false
        return Effect.succeed((said: CircuitBreaker.Outcome) => {
          if (isTold) return
          isTold = true
          if (said._tag === "Ignored" || said._tag === "Success" && isUntouched(key) || epochs.get(key) !== began) {
            return
          }
          Effect.runForkWith(fiber.context)(Effect.map(enter(key), (report) => report?.(said)))
        })
      })
  }
})

/** Circuits over the store of the context, which processes may share, or else in memory. */
export const fromContext = (options: Options | false = {}): Effect.Effect<Circuits, never, Scope.Scope> =>
  options === false ? Effect.sync(none) : Effect.flatMap(
    Effect.serviceOption(CircuitBreaker.CircuitBreakerStore),
    Option.match({
      onNone: () => Effect.provide(make(options, false), SteadyStore.layer),
      onSome: (store) => Effect.provideService(make(options, true), CircuitBreaker.CircuitBreakerStore, store)
    })
  )
