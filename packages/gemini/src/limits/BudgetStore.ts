/**
 * Where budgets are counted: in this process's memory, or somewhere that processes share.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { GeminiError } from "../GeminiError.ts"
import * as BudgetStores from "../internal/budget/store.ts"

/**
 * Tokens, and money in picodollars (10 ^ -12): whole numbers, so that sums are exact.
 *
 * @category models
 * @since 0.1.0
 */
export interface Amount {
  readonly tokens: number
  readonly money: bigint
}

/**
 * What one attempt used.
 *
 * @category models
 * @since 0.1.0
 */
export interface Charge extends Amount {
  /** Whether it used something without a price. */
  readonly isPartial: boolean
  /** Whether it ended without a whole count. */
  readonly isEstimated: boolean
}

/**
 * What a store holds of one period.
 *
 * @category models
 * @since 0.1.0
 */
export interface Spent extends Charge {
  /** The part that is reserved by attempts that have not ended. */
  readonly held: Amount
}

/**
 * The outcome of a reservation: it was made, or refused because of what is spent, or because of what is spent and
 * reserved together.
 *
 * @category models
 * @since 0.1.0
 */
export type Reserved = "reserved" | "spent" | "held"

/**
 * Where budgets are counted. `key` names budget, `by` and period; it may be forgotten some
 * time after `endsAt` (milliseconds since the epoch, or `Infinity`).
 *
 * Each attempt has an `id` of its own. Its amounts are set, not added, so that a step whose outcome is unknown can be
 * repeated and counts once.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Reserves the amount atomically, if the sum stays within the limits, and tells whether it did. */
  readonly reserve: (
    key: string,
    slot: { readonly id: string; readonly amount: Amount },
    limits: Partial<Amount>,
    endsAt: number
  ) => Effect.Effect<Reserved, GeminiError>
  /**
   * Replaces the reservation by what the attempt used, whatever the limits are. It never fails: an amount that it
   * could not store is kept and stored later.
   */
  readonly settle: (
    key: string,
    slot: { readonly id: string; readonly amount: Charge },
    endsAt: number
  ) => Effect.Effect<void>
  /** Raises the count to the amount if it is lower. */
  readonly atLeast: (key: string, amount: Amount, endsAt: number) => Effect.Effect<void, GeminiError>
  readonly read: (key: string) => Effect.Effect<Spent, GeminiError>
}

/**
 * Where budgets are counted, as a service. Without one `Budget.layer` and `Budget.within` count in memory.
 *
 * @category services
 * @since 0.1.0
 */
export class BudgetStore extends Context.Service<BudgetStore, Service>()("effect-gemini/limits/BudgetStore") {}

/**
 * A store in memory: all budgets of one name in this process share one count, whenever they begin. Without a store
 * each `Budget.within` counts for itself.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<BudgetStore> = /* @__PURE__ */ Layer.sync(BudgetStore, BudgetStores.memory)
