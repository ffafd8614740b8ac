/**
 * The way to a store that other processes share: whether it answers, and since when not.
 *
 * A step is given so long; one that fails or takes longer makes the store down, and then
 * nothing waits for it: a probe asks alone until it answers again. A step runs in a fiber
 * of its own, because calls that end are past interruption and must end all the same.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { alarm } from "./alarm.ts"

export type Status =
  | { readonly _tag: "Up" }
  | {
    readonly _tag: "Down"
    /** Milliseconds since the epoch. */
    readonly since: number
    /** The connection's or the store's, such as ECONNREFUSED or TIMEOUT. */
    readonly code: string
  }

export const up: Status = { _tag: "Up" }

/** A code from whatever was thrown. Its words stay behind: they may hold an address. */
export const codeOf = (error: unknown): string => {
  for (let cause = error, depth = 0; typeof cause === "object" && cause !== null && depth < 5; depth++) {
    if ("code" in cause && typeof cause.code === "string") return cause.code
    // Redis opens its errors with a word of capitals: LOADING, READONLY, OOM, NOAUTH.
    const word = "message" in cause && typeof cause.message === "string" ? /^[A-Z]{3,}\b/.exec(cause.message) : null
    if (word !== null) return word[0]
    const inner: unknown = "cause" in cause ? cause.cause : undefined
    if (inner === undefined) return cause instanceof Error ? cause.name : "UNKNOWN"
    cause = inner
  }
  return "UNKNOWN"
}

export interface Options {
  /** Milliseconds. */
  readonly timeout: number
  readonly probeEvery: number
  readonly ping: Effect.Effect<unknown, unknown>
  /** What the timeout is measured by. Default: the caller's. */
  readonly clock?: Clock.Clock | undefined
}

/**
 * How the step ends, or `TIMEOUT` where it takes so many milliseconds. It runs in a fiber of its own,
 * which is interrupted then and not waited for.
 */
export const timed = <A, E>(
  step: Effect.Effect<A, E>,
  millis: number,
  clock?: Clock.Clock
): Effect.Effect<Exit.Exit<A, E> | "TIMEOUT"> =>
  Effect.withFiber((caller) =>
    Effect.callback((resume) => {
      const fiber = Effect.runForkWith(caller.context)(step)
      const stop = alarm(caller.context, clock ?? caller.getRef(Clock.Clock), millis, () => {
        resume(Effect.succeed("TIMEOUT"))
        fiber.interruptUnsafe()
      })
      fiber.addObserver((exit) => {
        stop()
        resume(Effect.succeed(exit))
      })
    })
  )

export class StoreLink {
  readonly status: SubscriptionRef.SubscriptionRef<Status>
  readonly #options: Options
  readonly #scope: Scope.Scope

  constructor(options: Options, status: SubscriptionRef.SubscriptionRef<Status>, scope: Scope.Scope) {
    this.#options = options
    this.status = status
    this.#scope = scope
  }

  get down(): Extract<Status, { readonly _tag: "Down" }> | undefined {
    const status = SubscriptionRef.getUnsafe(this.status)
    return status._tag === "Down" ? status : undefined
  }

  /** What the store answers; `undefined` where it does not. */
  run<A>(step: Effect.Effect<A, unknown>): Effect.Effect<A | undefined> {
    return Effect.suspend(() => {
      if (this.down !== undefined) return Effect.undefined
      return Effect.flatMap(this.#timed(step), (exit) =>
        exit === "TIMEOUT"
          ? this.#lost(exit)
          : Exit.isSuccess(exit)
          ? Effect.succeed(exit.value)
          : this.#lost(codeOf(exit.cause.reasons.map((reason) => "error" in reason ? reason.error : reason)[0])))
    })
  }

  #timed<A>(step: Effect.Effect<A, unknown>): Effect.Effect<Exit.Exit<A, unknown> | "TIMEOUT"> {
    return timed(step, this.#options.timeout, this.#options.clock)
  }

  #lost(code: string): Effect.Effect<undefined> {
    return Effect.flatMap(Clock.currentTimeMillis, (since) => {
      if (this.down !== undefined) return Effect.undefined
      return SubscriptionRef.set(this.status, { _tag: "Down", since, code }).pipe(
        Effect.andThen(Effect.forkIn(this.#probe(), this.#scope)),
        Effect.as(undefined)
      )
    })
  }

  #probe(): Effect.Effect<void> {
    return Effect.sleep(this.#options.probeEvery).pipe(
      Effect.andThen(this.#timed(this.#options.ping)),
      Effect.flatMap((exit) =>
        exit !== "TIMEOUT" && Exit.isSuccess(exit) ? SubscriptionRef.set(this.status, up) : this.#probe()
      )
    )
  }
}
