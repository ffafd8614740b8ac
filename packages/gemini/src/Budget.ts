/**
 * A budget of tokens or money: a call that does not fit is refused before anything is sent.
 *
 * Provided to a client by {@link layer} it holds for all its calls; around an effect by
 * {@link within} for the calls in it, and budgets nest as scopes do. Each attempt, a retry too,
 * reserves its estimate in all of them once it has its lane's permit (the input, and
 * `outputTokens` for the answer, or the request's `maxOutputTokens` if that is less) and is
 * settled by what the server counted, priced by {@link Cost}. A call that does not fit beside what
 * is spent and reserved fails with QuotaExhausted, whose `budget` is the name;
 * `whenExhausted: "wait"` waits for the next period.
 *
 * It may be overshot by what the calls in flight cost more than they reserved. With
 * `maxOutputTokens` set to no more than `outputTokens` no answer is longer than what it reserved,
 * so that only estimates of the input that were too low are left; with `countInput: "server"`
 * not even those: while there is room for all that a request could be counted as, it reserves
 * that, and near the limit the server counts it first. Two things are known with the answer alone
 * and are excluded from this by name: `grounding` and `maps`, which are billed by the query, and
 * `toolUse`, what Google's own tools put into the prompt. They are charged all the same.
 *
 * A call that ended without a whole count (the caller left, a deadline passed, the stream was cut, a 200 had no usage)
 * is charged the larger of its reservation and what was seen of it, and the reading says `isEstimated`. A call that
 * the server refused, or that was never sent, costs nothing. countTokens is free. Of Live sessions only the estimated
 * input is counted: their answers come without a call to charge them to.
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
import * as BudgetGuard from "./internal/budget/guard.ts"
import * as BudgetStores from "./internal/budget/store.ts"
import * as Guarded from "./internal/call/guarded.ts"
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
  /** What this process's calls used in the present period, and others that share the store. */
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
export interface Store {
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
 * Where budgets are counted, as a service. Without one {@link layer} and {@link within} count in memory.
 *
 * @category services
 * @since 0.1.0
 */
export class BudgetStore extends Context.Service<BudgetStore, Store>()("effect-gemini/Budget/BudgetStore") {}

/**
 * A store in memory: all budgets of one name in this process share one count, whenever they begin. Without a store
 * each {@link within} counts for itself.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<BudgetStore> = /* @__PURE__ */ Layer.sync(BudgetStore, BudgetStores.memory)

/**
 * The services that {@link layer} provides: the budgets to be read, and the guard that stands before every attempt.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options | ReadonlyArray<Options>) {
  const store = Option.getOrElse(yield* Effect.serviceOption(BudgetStore), BudgetStores.memory)
  const list: ReadonlyArray<Options> = "per" in options ? [options] : options
  const isTwice = (one: Options): boolean =>
    list.some((other) => other !== one && BudgetGuard.nameOf(other) === BudgetGuard.nameOf(one))
  const guards = list.map((one) => BudgetGuard.make(one, store, isTwice(one)))
  return Context.make(Budget, {
    read: Effect.map(Effect.forEach(guards, ({ read }) => read), (spent) => spent.flat())
  }).pipe(
    Context.add(Gate.Guard, { gates: guards.map(({ gate }) => gate), pass: Guarded.pass })
  )
})

/**
 * One budget, or several that a call must all fit. If a limit is not an amount, or two budgets have the same name and
 * `per`, every call fails with InvalidRequest.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options | ReadonlyArray<Options>): Layer.Layer<Budget | Gate.Guard> =>
  Layer.effectContext(make(options))

/** The budgets around a fiber, the outermost first. */
const Around: Context.Reference<ReadonlyArray<BudgetGuard.Guard>> = /* @__PURE__ */ Context.Reference<
  ReadonlyArray<BudgetGuard.Guard>
>("effect-gemini/Budget/Around", { defaultValue: () => [] })

/**
 * A budget for the calls of an effect, through whatever client: streams that it runs, calls over
 * Live, embeddings and retries among them. It stands within those that are around it already, so
 * that a team's holds for its agents' and theirs for each of their runs; each attempt must fit all
 * of them. {@link spendings} and {@link spending} read them.
 *
 * It is counted in the {@link BudgetStore} of the context, where all of one name are one budget (and
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
      const guard = BudgetGuard.make(options, store, around.some(({ name }) => name === options.name))
      if (guard.problem !== undefined) {
        const reason = new InvalidRequest({ fields: [guard.problem] })
        return Effect.fail(new GeminiError({ method: "Budget.within", attempts: [], reason }))
      }
      const guards = [...around, guard]
      const guarded = Effect.provideContext(
        effect,
        Context.make(Around, guards).pipe(
          Context.add(Gate.Within, { gates: guards.map(({ gate }) => gate), pass: Guarded.pass })
        )
      )
      return options.spent === undefined ? guarded : Effect.andThen(guard.atLeast(options.spent), guarded)
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
 * {@link BudgetStore} of the context counts under that name. `undefined`: nobody counts it.
 *
 * @category getters
 * @since 0.1.0
 */
export const spending = (name: string): Effect.Effect<Spending | undefined, GeminiError> =>
  Effect.withFiber((fiber) => {
    const around = fiber.getRef(Around).find((guard) => guard.name === name)
    const store = Context.getOption(fiber.context, BudgetStore)
    const guard = around ?? (Option.isSome(store) ? BudgetGuard.make({ name }, store.value) : undefined)
    return guard === undefined ? Effect.undefined : Effect.map(guard.read, ([spent]) => spent)
  })
