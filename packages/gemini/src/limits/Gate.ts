/**
 * Checks between a permit and its attempt, such as a budget: they may refuse the attempt, and are told what its
 * answers are charged.
 *
 * This module is for builders of gates; programs use `Budget`.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { GeminiError } from "../GeminiError.ts"
import type { Admission, Charged, Permit } from "./Permit.ts"

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
  /** Whether the attempt has one answer only: if it succeeded, the last charge is then all of it. */
  readonly isWhole: boolean
}

/**
 * One attempt's hold on one gate, from its entry to its end.
 *
 * @category models
 * @since 0.1.0
 */
export interface Hold {
  /** Takes each answer, or each chunk of a stream. */
  readonly charge: (answer: Charged) => void
  readonly end: (ending: Ending) => Effect.Effect<void>
}

/**
 * A check that an attempt passes between its permit and its sending, such as a budget.
 *
 * @category models
 * @since 0.1.0
 */
export interface Gate {
  /**
   * Lets the attempt in, or refuses it by failing. It runs uninterruptibly, except where it calls `restore`; it must
   * hold nothing there.
   */
  readonly enter: (
    admission: Admission,
    restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ) => Effect.Effect<Hold, GeminiError>
}

/**
 * Takes a permit through gates, of which the outermost is entered first.
 *
 * @category models
 * @since 0.1.0
 */
export type Pass = (
  gates: ReadonlyArray<Gate>,
  acquire: (admission: Admission) => Effect.Effect<Permit, GeminiError, Scope.Scope>,
  admission: Admission,
  isWhole: boolean
) => Effect.Effect<Permit, GeminiError, Scope.Scope>

/**
 * Gates, and how they are passed.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  readonly gates: ReadonlyArray<Gate>
  readonly pass: Pass
}

/**
 * The gates of a limiter, such as a `Budget`: where this service is provided, every attempt passes them after its
 * permit.
 *
 * @category services
 * @since 0.1.0
 */
export class Gates extends Context.Service<Gates, Service>()("effect-gemini/limits/Gate/Gates") {}

/**
 * The gates of one effect's attempts only, inside those of the {@link Gates}: see `Budget.within`.
 *
 * @category services
 * @since 0.1.0
 */
export const Within: Context.Reference<Service | undefined> = /* @__PURE__ */ Context.Reference<Service | undefined>(
  "effect-gemini/limits/Gate/Within",
  { defaultValue: () => undefined }
)
