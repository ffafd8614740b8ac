/**
 * The way to a store that other processes share: whether it answers, and since when it does not.
 *
 * Each step has a time limit. A step that fails marks the store as down, and then nothing waits for it: only a probe
 * asks, until it answers again. A server whose step takes longer is asked at once whether it is there: one that answers
 * is only slow, and then nobody but this step goes without it. A step runs in a fiber of its own, because calls that are
 * ending cannot be interrupted any more and must end all the same.
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { alarm } from "./alarm.ts"

export type LinkStatus =
  | { readonly _tag: "Up" }
  | {
    readonly _tag: "Down"
    /** Milliseconds since the epoch. */
    readonly since: number
    /** The code of the connection or the store, such as ECONNREFUSED or TIMEOUT. */
    readonly code: string
  }

export const up: LinkStatus = { _tag: "Up" }

/** A store answered one step with an error. It is there, and says nothing of other steps. */
export class StepRefused extends Data.TaggedError("StepRefused")<{ readonly code: string }> {}

/** The words by which a Redis says that it serves nobody for now. Any other error that it answers is about the step. */
const unfit: ReadonlySet<string> = new Set([
  "BUSY",
  "CLUSTERDOWN",
  "DENIED",
  "LOADING",
  "MASTERDOWN",
  "MISCONF",
  "NOAUTH",
  "NOREPLICAS",
  "OOM",
  "READONLY",
  "TRYAGAIN",
  "UNKILLABLE",
  "WRONGPASS"
])

/**
 * The word of capitals that opens an error of Redis. Of an error that a script met, Redis before version 7 puts it behind
 * the place in the script.
 */
const wordOf = (message: string): string | undefined => {
  const [, word] = /^([A-Z]{3,})\b/.exec(message) ?? []
  if (word !== "ERR") return word
  return /@user_script: ?\d+: -?([A-Z]{3,})\b/.exec(message)?.[1] ?? word
}

/**
 * A code for whatever was thrown, and whether it is an answer about the one step. The words are left out, because they
 * may hold an address.
 */
const failureOf = (error: unknown): { readonly code: string; readonly isAnswer: boolean } => {
  for (let cause = error, depth = 0; typeof cause === "object" && cause !== null && depth < 5; depth++) {
    if ("code" in cause && typeof cause.code === "string") return { code: cause.code, isAnswer: false }
    const word = "message" in cause && typeof cause.message === "string" ? wordOf(cause.message) : undefined
    if (word !== undefined) return { code: word, isAnswer: !unfit.has(word) }
    const inner: unknown = "cause" in cause ? cause.cause : undefined
    if (inner === undefined) return { code: cause instanceof Error ? cause.name : "UNKNOWN", isAnswer: false }
    cause = inner
  }
  return { code: "UNKNOWN", isAnswer: false }
}

export interface Options {
  /** How long a step may take, in milliseconds, and then the answer to a ping. */
  readonly timeout: number
  readonly probeEvery: number
  readonly ping: Effect.Effect<unknown, unknown>
  /** The clock that the timeout is measured by. Default: the caller's. */
  readonly clock?: Clock.Clock | undefined
}

/**
 * How the step ends, or `TIMEOUT` if it takes longer than so many milliseconds. It runs in a fiber of its own, which is
 * then interrupted and not waited for.
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
  readonly status: SubscriptionRef.SubscriptionRef<LinkStatus>
  readonly #options: Options
  readonly #scope: Scope.Scope
  /** Asks whether the store is there, for all whose steps are late now. */
  #check: Fiber.Fiber<boolean> | undefined

  constructor(options: Options, status: SubscriptionRef.SubscriptionRef<LinkStatus>, scope: Scope.Scope) {
    this.#options = options
    this.status = status
    this.#scope = scope
  }

  get down(): Extract<LinkStatus, { readonly _tag: "Down" }> | undefined {
    const status = SubscriptionRef.getUnsafe(this.status)
    return status._tag === "Down" ? status : undefined
  }

  /** Runs a step, and gives the store's answer, or `undefined` if it does not answer. Any failure means that. */
  run<A>(step: Effect.Effect<A, unknown>): Effect.Effect<A | undefined> {
    return Effect.catch(this.#run(step, false), () => Effect.undefined)
  }

  /**
   * Does the same for a server, which also answers with errors: one of them fails the step, and no other. `undefined`
   * also means that this one step took too long.
   */
  ask<A>(step: Effect.Effect<A, unknown>): Effect.Effect<A | undefined, StepRefused> {
    return this.#run(step, true)
  }

  /**
   * Asks again, once, if the step alone took too long. It must be one that counts once however often it arrives.
   * `repeated` is told before that: from then on the first may arrive at any time.
   */
  askAgain<A>(
    step: Effect.Effect<A, unknown>,
    repeated?: () => void
  ): Effect.Effect<A | undefined, StepRefused> {
    return Effect.flatMap(this.ask(step), (answer) => {
      if (answer !== undefined || this.down !== undefined) return Effect.succeed(answer)
      repeated?.()
      return this.ask(step)
    })
  }

  #run<A>(step: Effect.Effect<A, unknown>, isServer: boolean): Effect.Effect<A | undefined, StepRefused> {
    return Effect.suspend((): Effect.Effect<A | undefined, StepRefused> => {
      if (this.down !== undefined) return Effect.undefined
      const ended = isServer ? this.#patient(step) : this.#timed(step)
      return Effect.flatMap(ended, (exit): Effect.Effect<A | undefined, StepRefused> => {
        if (exit === "LATE") return Effect.undefined
        if (exit === "TIMEOUT") return this.#lost(exit)
        if (Exit.isSuccess(exit)) return Effect.succeed(exit.value)
        const [reason] = exit.cause.reasons
        const { code, isAnswer } = failureOf(reason !== undefined && "error" in reason ? reason.error : reason)
        return isServer && isAnswer ? Effect.fail(new StepRefused({ code })) : this.#lost(code)
      })
    })
  }

  #timed<A>(step: Effect.Effect<A, unknown>): Effect.Effect<Exit.Exit<A, unknown> | "TIMEOUT"> {
    return timed(step, this.#options.timeout, this.#options.clock)
  }

  /**
   * How the step ends. If it takes longer than its time, it may go on while the server is asked whether it is there:
   * `LATE` means that it is, and `TIMEOUT` that it is not. The reply that a busy process had no time to read comes then.
   */
  #patient<A>(step: Effect.Effect<A, unknown>): Effect.Effect<Exit.Exit<A, unknown> | "LATE" | "TIMEOUT"> {
    const { clock, timeout } = this.#options
    return Effect.withFiber((caller) =>
      Effect.callback((resume) => {
        const run = Effect.runForkWith(caller.context)
        const fiber = run(step)
        const stop = alarm(caller.context, clock ?? caller.getRef(Clock.Clock), timeout, () => {
          const check = this.#check ??= run(this.#isThere)
          check.addObserver((exit) => {
            resume(Effect.succeed(Exit.isSuccess(exit) && exit.value ? "LATE" : "TIMEOUT"))
            fiber.interruptUnsafe()
          })
        })
        fiber.addObserver((exit) => {
          stop()
          resume(Effect.succeed(exit))
        })
      })
    )
  }

  get #isThere(): Effect.Effect<boolean> {
    return Effect.flatMap(this.#timed(this.#options.ping), (exit) => {
      const isThere = exit !== "TIMEOUT" && Exit.isSuccess(exit)
      // Replies come in order: what was read before this one goes on first.
      return Effect.as(Effect.yieldNow, isThere)
    }).pipe(Effect.ensuring(Effect.sync(() => {
      this.#check = undefined
    })))
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
