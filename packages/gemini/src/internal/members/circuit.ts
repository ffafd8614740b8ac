/**
 * One circuit a member and model, of Effect's CircuitBreaker. A call enters, and says later
 * how it went; what ended otherwise counts for nothing.
 *
 * Only an outage opens a circuit: overload, a failing server, no connection, no answer in
 * time. A refused request or a spent quota says nothing of the member's health.
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
import type { Signal } from "./Room.ts"

/** How a circuit stands; `retryIn` in milliseconds where it lets nobody through now. */
export interface State {
  readonly state: "closed" | "open" | "halfOpen"
  readonly retryIn: number
}

/** Told once; what comes later changes nothing. */
export type Verdict = (outcome: CircuitBreaker.Outcome) => void

export interface Circuits {
  readonly state: (key: string) => Effect.Effect<State>
  /** The way to say how it went, or `undefined`: the circuit is open. */
  readonly enter: (key: string) => Effect.Effect<Verdict | undefined>
  /** Where state changes are told, to whoever waits for one. */
  readonly watchers: Set<Signal>
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

const closed: State = { state: "closed", retryIn: 0 }

/** How long a call waits for a store to let it in, in milliseconds. */
const patience = 1_000

/** How often a circuit that another process probes is looked at, in milliseconds. */
const lookAgain = 1_000

/** 5 s, then twice as long each time the probe fails, a minute at most. */
const openFor = Schedule.min([Schedule.exponential("5 seconds"), Schedule.spaced("1 minute")])

const stateOf = (state: CircuitBreaker.State): State => {
  switch (state._tag) {
    case "Closed":
      return closed
    case "Open":
      return { state: "open", retryIn: Duration.toMillis(state.retryAfter) }
    case "HalfOpen":
      return { state: "halfOpen", retryIn: state.probing ? lookAgain : 0 }
  }
}

/** Circuits that never open. */
export const none: Circuits = {
  state: () => Effect.succeed(closed),
  enter: () => Effect.succeed(() => {}),
  watchers: new Set()
}

export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<Circuits, never, Scope.Scope | CircuitBreaker.CircuitBreakerStore> {
  const breaker = yield* CircuitBreaker.make({
    tripPolicy: options.trip ?? CircuitBreaker.consecutive(3),
    openDuration: options.openFor ?? openFor,
    maxOpenDuration: "2 minutes"
  })
  const watchers = new Set<Signal>()
  const changed = (): void => {
    for (const watcher of watchers) watcher.notify()
  }
  yield* Effect.forkScoped(Stream.runForEach(breaker.transitions, () => Effect.sync(changed)), {
    startImmediately: true
  })
  return {
    watchers,
    // A store that does not answer opens no circuit.
    state: (key) => Effect.match(breaker.state(key), { onFailure: () => closed, onSuccess: stateOf }),
    enter: (key) =>
      Effect.suspend(() => {
        const entered = Deferred.makeUnsafe<boolean>()
        const outcome = Deferred.makeUnsafe<CircuitBreaker.Outcome>()
        const watched = Effect.suspend(() => {
          Deferred.doneUnsafe(entered, Effect.succeed(true))
          return Deferred.await(outcome)
        }).pipe(
          breaker.execute({ key, classify: (exit) => Exit.isSuccess(exit) ? exit.value : CircuitBreaker.ignored }),
          Effect.exit,
          Effect.map((exit) => {
            if (Exit.isFailure(exit)) Deferred.doneUnsafe(entered, Effect.succeed(false))
            // A probe that says nothing frees its place, which is no transition.
            else if (exit.value._tag === "Ignored") changed()
          })
        )
        const within = Effect.withFiber((caller: Fiber.Fiber<unknown, unknown>) => {
          if (Deferred.isDoneUnsafe(entered)) return Deferred.await(entered)
          // A store that does not answer opens no circuit; nor is it told how it went.
          const stop = alarm(caller.context, caller.getRef(Clock.Clock), patience, () => {
            Deferred.doneUnsafe(outcome, Effect.succeed(CircuitBreaker.ignored))
            Deferred.doneUnsafe(entered, Effect.succeed(true))
          })
          return Effect.tap(Deferred.await(entered), () => Effect.sync(stop))
        })
        return Effect.forkDetach(watched, { startImmediately: true }).pipe(
          Effect.andThen(within),
          Effect.map((isIn): Verdict | undefined =>
            isIn
              ? (said) => {
                Deferred.doneUnsafe(outcome, Effect.succeed(said))
              }
              : undefined
          ),
          // Whoever is in must be able to say how it went, and so waits for a store past its interruption.
          Effect.uninterruptible
        )
      })
  }
})

/** Over the store of the context if there is one, which processes may share, else in memory. */
export const fromContext = (options: Options | false = {}): Effect.Effect<Circuits, never, Scope.Scope> =>
  options === false ? Effect.succeed(none) : Effect.flatMap(
    Effect.serviceOption(CircuitBreaker.CircuitBreakerStore),
    Option.match({
      onNone: () => Effect.provide(make(options), CircuitBreaker.layerStoreMemory()),
      onSome: (store) => Effect.provideService(make(options), CircuitBreaker.CircuitBreakerStore, store)
    })
  )
