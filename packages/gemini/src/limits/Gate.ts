/**
 * What stands between a permit and its attempt, such as a budget: it may refuse, and hears what
 * answers are charged.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { GeminiError } from "../GeminiError.ts"
import type * as RateLimiter from "../RateLimiter.ts"

/**
 * How an attempt ended.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ending {
  readonly exit: Exit.Exit<unknown, unknown>
  /** Whether it was handed to the transport. */
  readonly sent: boolean
  /** Whether it had one answer: what was charged last is then the whole of it, if it succeeded. */
  readonly isWhole: boolean
}

/**
 * What one attempt holds of one gate.
 *
 * @category models
 * @since 0.1.0
 */
export interface Hold {
  /** Hears of each answer, and of a stream of each chunk. */
  readonly charge: (answer: RateLimiter.Charged) => void
  readonly end: (ending: Ending) => Effect.Effect<void>
}

/**
 * What an attempt that has its permit passes before it is sent, such as a budget.
 *
 * @category models
 * @since 0.1.0
 */
export interface Gate {
  /** Refuses by failing. It runs uninterruptibly, but for what it restores: then it holds nothing. */
  readonly enter: (
    admission: RateLimiter.Admission,
    restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ) => Effect.Effect<Hold, GeminiError>
}

/**
 * How a permit is taken where gates stand: the outermost is entered first.
 *
 * @category models
 * @since 0.1.0
 */
export type Pass = (
  gates: ReadonlyArray<Gate>,
  acquire: RateLimiter.Service["acquire"],
  admission: RateLimiter.Admission,
  isWhole: boolean
) => Effect.Effect<RateLimiter.Permit, GeminiError, Scope.Scope>

/**
 * Gates, and how they are passed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Gates {
  readonly gates: ReadonlyArray<Gate>
  readonly pass: Pass
}

/**
 * What stands between every permit of a limiter and its attempt where it is provided, such as a
 * `Budget`: it may refuse, and hears what answers are charged.
 *
 * @category services
 * @since 0.1.0
 */
export class Guard extends Context.Service<Guard, Gates>()("effect-gemini/limits/Gate/Guard") {}

/**
 * The same for the attempts of a scope alone, within those of the {@link Guard}: see `Budget.within`.
 *
 * @category services
 * @since 0.1.0
 */
export const Within: Context.Reference<Gates | undefined> = /* @__PURE__ */ Context.Reference<Gates | undefined>(
  "effect-gemini/limits/Gate/Within",
  { defaultValue: () => undefined }
)
