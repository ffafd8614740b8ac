/**
 * A budget of tokens or money: a call that does not fit is refused before anything is sent.
 *
 * A budget of {@link layer} holds for all calls of a client, and one of {@link within} for the calls in one effect;
 * budgets nest as scopes do. Once an attempt, a retry too, has its lane's permit, it reserves its estimate in all of
 * them: the input, and `outputTokens` for the answer, or the request's `maxOutputTokens` if that is less. It is settled
 * by what the server counted, priced by {@link Cost}. A call that does not fit beside what is spent and reserved fails
 * with QuotaExhausted, whose `budget` is the name. With `whenExhausted: "wait"` it waits, without a permit: until the next
 * period if the budget is spent, and until others give back enough if their reservations alone are in its way.
 *
 * A budget may be overshot by what the calls in flight cost more than they reserved. If `maxOutputTokens` is no more
 * than `outputTokens`, no answer is longer than what it reserved, and only estimates of the input may be too low. With
 * `countInput: "server"` they are not either: while there is room for all that a request could be counted as, it
 * reserves that, and near the limit the server counts it first. Two things are known only with the answer, and are
 * excluded from this by name: `grounding` and `maps`, which are billed by the query, and `toolUse`, what Google's own
 * tools put into the prompt. They are charged all the same.
 *
 * A call that ended without a whole count (the caller left, a deadline passed, the stream was cut, a 200 had no usage)
 * is charged the larger of its reservation and what was seen of it, and the reading says `isEstimated`. It may have cost
 * more than that only if its answer was allowed to be longer than `outputTokens`. A call that the server refused, or that
 * found no way to it, costs nothing. countTokens is free. A Live session is charged only for its estimated input, because
 * its answers come without a call to charge them to.
 *
 * A budget of money refuses calls to models without a price, with Unpriced; `unpriced: "count"` lets them go.
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
 * A budget in memory belongs to this process and begins anew with it. `RedisBudgetStore` shares budgets.
 *
 * @since 0.1.0
 */
import type * as BigDecimal from "effect/BigDecimal"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Cost from "./Cost.ts"
import { InvalidRequest } from "./errors/GeminiErrorReason.ts"
import { GeminiError } from "./GeminiError.ts"
import * as BudgetGate from "./internal/budget/budgetGate.ts"
import * as BudgetStores from "./internal/budget/store.ts"
import * as Guarded from "./internal/call/guarded.ts"
import { BudgetStore } from "./limits/BudgetStore.ts"
import * as Gate from "./limits/Gate.ts"
import type * as RateLimiter from "./RateLimiter.ts"

/**
 * The limits of a budget, and how they are kept.
 *
 * @category options
 * @since 0.1.0
 */
export interface Limits {
  /** Tokens of all kinds together: input, tool use, thoughts and output. */
  readonly tokens?: number | undefined
  /** US dollars, as a decimal or its text. */
  readonly money?: BigDecimal.BigDecimal | string | undefined
  /** Output tokens that a generation reserves while it runs. Default 1,000. */
  readonly outputTokens?: number | undefined
  /**
   * How input tokens are counted before a call. `estimate`, the default: by the length of the input. `server`: near
   * the limit by countTokens, so that input never overshoots the limit.
   */
  readonly countInput?: "estimate" | "server" | undefined
  /**
   * How a budget of `money` treats a model without a price. `refuse`, the default: the call fails with Unpriced.
   * `count`: the call goes, and the reading is `isPartial`.
   */
  readonly unpriced?: "count" | "refuse" | undefined
  /** Default: the prices of this version. */
  readonly prices?: Cost.Prices | undefined
}

/**
 * A budget for all calls of a client: its limits, its period and what shares it.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends Limits {
  /**
   * The name in errors, in readings and in a shared store. Budgets with the same `per` need different names. Default
   * `default`.
   */
  readonly name?: string | undefined
  /** Days and months turn at midnight in Los Angeles, as quotas and Google's bills do. */
  readonly per: "day" | "month" | "total"
  /**
   * Gives a key for each call, such as its model; each key has a budget of its own. Default: one budget for all calls.
   */
  readonly by?: ((admission: RateLimiter.Admission) => string) | undefined
}

/**
 * What was used: tokens, and dollars as a decimal or its text.
 *
 * @category models
 * @since 0.1.0
 */
export interface Used {
  readonly tokens?: number | undefined
  readonly money?: BigDecimal.BigDecimal | string | undefined
}

/**
 * A budget for the calls of one effect: its limits, its name and what was already spent of it.
 *
 * @category options
 * @since 0.1.0
 */
export interface WithinOptions extends Limits {
  /** The name in errors, in readings and in a shared store. */
  readonly name: string
  /**
   * What was used before, for example by a run that goes on after a restart: the budget begins with at least this. A
   * store that has counted more keeps its own figure, so giving it twice counts once.
   */
  readonly spent?: Used | undefined
}

/**
 * What a budget was used for in its present period, as it is read at one moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Spending {
  readonly name: string
  /** The key that `by` gave. */
  readonly by: string | undefined
  /** Tokens used, with the estimates of the calls in flight. */
  readonly tokens: number
  /** US dollars used, with the estimates of the calls in flight. */
  readonly money: BigDecimal.BigDecimal
  /** The part of both that calls in flight have reserved. */
  readonly reserved: { readonly tokens: number; readonly money: BigDecimal.BigDecimal }
  /** Whether something without a price was used, so that `money` is less than the bill. */
  readonly isPartial: boolean
  /** Whether some call ended without a whole count and is charged by estimate. */
  readonly isEstimated: boolean
  readonly limits: { readonly tokens: number | undefined; readonly money: BigDecimal.BigDecimal | undefined }
  /** When the next period begins (milliseconds since the epoch); `undefined`: never. */
  readonly resetAt: number | undefined
}

/**
 * Reads the budgets that {@link layer} was given.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** What the calls of this process, and of others that share the store, used in the present period. */
  readonly read: Effect.Effect<ReadonlyArray<Spending>, GeminiError>
}

/**
 * The budgets of a client as a service, to be read; {@link layer} provides it and puts them before the client's calls.
 *
 * @category services
 * @since 0.1.0
 */
export class Budget extends Context.Service<Budget, Service>()("effect-gemini/Budget") {}

/**
 * The services that {@link layer} provides: the budgets to be read, and the gates that stand before every attempt.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options | ReadonlyArray<Options>) {
  const store = Option.getOrElse(yield* Effect.serviceOption(BudgetStore), BudgetStores.memory)
  const list: ReadonlyArray<Options> = "per" in options ? [options] : options
  const isTwice = (one: Options): boolean =>
    list.some((other) => other !== one && BudgetGate.nameOf(other) === BudgetGate.nameOf(one))
  const budgets = list.map((one) => BudgetGate.make(one, store, isTwice(one)))
  return Context.make(Budget, {
    read: Effect.map(Effect.forEach(budgets, ({ read }) => read), (spent) => spent.flat())
  }).pipe(
    Context.add(Gate.Gates, { gates: budgets.map(({ gate }) => gate), pass: Guarded.pass })
  )
})

/**
 * One budget, or several that a call must all fit. If a limit is not an amount, or two budgets have the same name and
 * `per`, every call fails with InvalidRequest.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options | ReadonlyArray<Options>): Layer.Layer<Budget | Gate.Gates> =>
  Layer.effectContext(make(options))

/** The budgets around a fiber, the outermost first. */
const Around: Context.Reference<ReadonlyArray<BudgetGate.BudgetGate>> = /* @__PURE__ */ Context.Reference<
  ReadonlyArray<BudgetGate.BudgetGate>
>("effect-gemini/Budget/Around", { defaultValue: () => [] })

/**
 * A budget for the calls of an effect, through whatever client: streams that it runs, calls over
 * Live, embeddings and retries among them. It stands within those that are around it already, so
 * that a team's holds for its agents' and theirs for each of their runs; each attempt must fit all
 * of them. {@link spendings} and {@link spending} read them.
 *
 * It is counted in the `BudgetStore` of the context, where all of one name are one budget (and
 * one that nobody used for 30 days may be forgotten), else for this effect alone.
 *
 * Fails with InvalidRequest if a limit is not an amount, or a budget around this one has the same name.
 *
 * ```ts
 * import * as Budget from "effect-gemini/Budget"
 * import * as GeminiClient from "effect-gemini/GeminiClient"
 * import * as Effect from "effect/Effect"
 *
 * const run = Effect.gen(function*() {
 *   const gemini = yield* GeminiClient.GeminiClient
 *   const { text } = yield* gemini.generate({
 *     contents: "Plan a week in Lisbon.",
 *     generationConfig: { maxOutputTokens: 800 }
 *   })
 *   return { text, cost: (yield* Budget.spending("run"))?.money }
 * }).pipe(
 *   Budget.within({ name: "run", money: "0.05", outputTokens: 800 }),
 *   Budget.within({ name: "team", money: "20", countInput: "server" })
 * )
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const within =
  (options: WithinOptions) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | GeminiError, R> =>
    Effect.withFiber((fiber) => {
      const around = fiber.getRef(Around)
      const store = Option.getOrElse(Context.getOption(fiber.context, BudgetStore), BudgetStores.memory)
      const budget = BudgetGate.make(options, store, around.some(({ name }) => name === options.name))
      if (budget.problem !== undefined) {
        const reason = new InvalidRequest({ fields: [budget.problem] })
        return Effect.fail(new GeminiError({ method: "Budget.within", attempts: [], reason }))
      }
      const budgets = [...around, budget]
      const bounded = Effect.provideContext(
        effect,
        Context.make(Around, budgets).pipe(
          Context.add(Gate.Within, { gates: budgets.map(({ gate }) => gate), pass: Guarded.pass })
        )
      )
      return options.spent === undefined ? bounded : Effect.andThen(budget.atLeast(options.spent), bounded)
    })

/**
 * What the budgets around this effect were used for, the outermost first.
 *
 * @category getters
 * @since 0.1.0
 */
export const spendings: Effect.Effect<ReadonlyArray<Spending>, GeminiError> = /* @__PURE__ */ Effect.withFiber(
  (fiber) => Effect.map(Effect.forEach(fiber.getRef(Around), ({ read }) => read), (spent) => spent.flat())
)

/**
 * What the budget of a name was used for: one of those around this, else what the
 * `BudgetStore` of the context counts under that name. `undefined`: nobody counts it.
 *
 * @category getters
 * @since 0.1.0
 */
export const spending = (name: string): Effect.Effect<Spending | undefined, GeminiError> =>
  Effect.withFiber((fiber) => {
    const around = fiber.getRef(Around).find((budget) => budget.name === name)
    const store = Context.getOption(fiber.context, BudgetStore)
    const budget = around ?? (Option.isSome(store) ? BudgetGate.make({ name }, store.value) : undefined)
    return budget === undefined ? Effect.undefined : Effect.map(budget.read, ([spent]) => spent)
  })
