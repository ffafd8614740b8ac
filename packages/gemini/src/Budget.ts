/**
 * A budget of tokens or money: a call that does not fit is refused before anything is sent.
 *
 * Provided to a client, it stands before the limiter's lanes. Each attempt reserves its
 * estimate (the input, and `outputTokens` for the answer) and is settled by what the server
 * counted, priced by {@link Cost}. A call that does not fit beside what is spent and reserved
 * fails with QuotaExhausted, whose `budget` is the name; `whenExhausted: "wait"` waits for the
 * next period.
 *
 * It may be overshot by what the calls in flight cost more than they reserved: nobody knows
 * an answer's length before it is there. With n calls at once that is at most n times the
 * longest answer less `outputTokens`; set `maxOutputTokens` and reserve as much, and it is
 * overshot only by estimates of the input that were too low.
 *
 * What ended without a count costs nothing where the server refused it or nothing was sent,
 * else its estimated input. countTokens is free. Of Live sessions only the estimated input is
 * counted: their answers come without a call to charge them to.
 *
 * ```ts
 * import * as Budget from "effect-gemini/Budget"
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Layer from "effect/Layer"
 *
 * const gemini = FetchGemini.layerConfig({ tier: "tier1" }).pipe(
 *   Layer.provideMerge(Budget.layer({ money: "5.00", per: "day", outputTokens: 2_000 }))
 * )
 * ```
 *
 * In memory a budget is this process's, and new with it. `RedisBudgetStore` shares it.
 *
 * @since 0.1.0
 */
import type * as BigDecimal from "effect/BigDecimal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Cost from "./Cost.ts"
import type { GeminiError } from "./GeminiError.ts"
import * as BudgetGuard from "./internal/budgetGuard.ts"
import * as RateLimiter from "./RateLimiter.ts"

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** What errors, readings and a shared store call it; two of one `per` need two. Default `default`. */
  readonly name?: string | undefined
  /** Of all kinds together: input, tool use, thoughts and output. */
  readonly tokens?: number | undefined
  /** Dollars, as a decimal or its text. */
  readonly money?: BigDecimal.BigDecimal | string | undefined
  /** Days and months turn at midnight in Los Angeles, as quotas and Google's bills do. */
  readonly per: "day" | "month" | "total"
  /** A budget for each of what this says of a call, such as its model. Default: one for all. */
  readonly by?: ((admission: RateLimiter.Admission) => string) | undefined
  /** Output tokens that a generation reserves while it runs. Default 1,000. */
  readonly outputTokens?: number | undefined
  /**
   * What has no price, with `money`: `count`, the default, lets it go and makes the reading
   * `isPartial`; `refuse` fails a call to a model without a price.
   */
  readonly unpriced?: "count" | "refuse" | undefined
  /** Default: the prices of this version. */
  readonly prices?: Cost.Prices | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Spending {
  readonly name: string
  /** What `by` said. */
  readonly by: string | undefined
  /** With the estimates of the calls in flight. */
  readonly tokens: number
  /** Dollars, with the estimates of the calls in flight. */
  readonly money: BigDecimal.BigDecimal
  /** Something without a price was used: `money` is less than the bill. */
  readonly isPartial: boolean
  readonly limits: { readonly tokens: number | undefined; readonly money: BigDecimal.BigDecimal | undefined }
  /** When it is whole again (milliseconds since the epoch); `undefined`: never. */
  readonly resetAt: number | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** What this process's calls used in the present period, and others that share the store. */
  readonly read: Effect.Effect<ReadonlyArray<Spending>, GeminiError>
}

/**
 * @category services
 * @since 0.1.0
 */
export class Budget extends Context.Service<Budget, Service>()("effect-gemini/Budget") {}

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
 * What a store holds of one period.
 *
 * @category models
 * @since 0.1.0
 */
export interface Spent extends Amount {
  readonly isPartial: boolean
}

/**
 * Where budgets are counted. `key` names budget, `by` and period; it may be forgotten some
 * time after `endsAt` (milliseconds since the epoch, or `Infinity`).
 *
 * @category models
 * @since 0.1.0
 */
export interface Store {
  /** Adds the amount if both stay within the limits, atomically; says whether it did. */
  readonly reserve: (key: string, amount: Amount, limits: Partial<Amount>, endsAt: number) => Effect.Effect<
    boolean,
    GeminiError
  >
  /** Adds what may be negative, whatever the limits. Never fails: what it could not tell it keeps. */
  readonly settle: (key: string, amount: Spent, endsAt: number) => Effect.Effect<void>
  readonly read: (key: string) => Effect.Effect<Spent, GeminiError>
}

/**
 * Looked for by {@link layer}; without it budgets are counted in memory.
 *
 * @category services
 * @since 0.1.0
 */
export class BudgetStore extends Context.Service<BudgetStore, Store>()("effect-gemini/Budget/BudgetStore") {}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options | ReadonlyArray<Options>) {
  const store = Option.getOrElse(yield* Effect.serviceOption(BudgetStore), BudgetGuard.memory)
  const list: ReadonlyArray<Options> = "per" in options ? [options] : options
  const isTwice = (one: Options): boolean =>
    list.some((other) => other !== one && BudgetGuard.nameOf(other) === BudgetGuard.nameOf(one))
  const guards = list.map((one) => BudgetGuard.make(one, store, isTwice(one)))
  return Context.make(Budget, {
    read: Effect.map(Effect.forEach(guards, ({ read }) => read), (spent) => spent.flat())
  }).pipe(
    Context.add(RateLimiter.Guard, (limiter) => guards.reduceRight((inner, { guard }) => guard(inner), limiter))
  )
})

/**
 * One budget, or several that a call must all fit. One whose limit is no amount, or whose name
 * and `per` are another one's, fails every call with InvalidRequest.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options | ReadonlyArray<Options>): Layer.Layer<Budget | RateLimiter.Guard> =>
  Layer.effectContext(make(options))
