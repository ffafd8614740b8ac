/**
 * A budget as a gate before an attempt: it reserves the estimate before the attempt is sent, and settles it at the end
 * by what the server counted.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Budget from "../../Budget.ts"
import { InvalidRequest, QuotaExhausted, Unpriced } from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as BudgetStore from "../../limits/BudgetStore.ts"
import type * as Gate from "../../limits/Gate.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type * as CountTokens from "../../wire/CountTokens.ts"
import { nextPacificMidnight } from "../google/pacificDay.ts"
import * as BudgetAmount from "./amount.ts"
import { BudgetHold } from "./BudgetHold.ts"

const nextMonth = (now: number): number => {
  const date = new Date(now)
  const first = (month: number) => nextPacificMidnight(Date.UTC(date.getUTCFullYear(), month, 1))
  // By UTC the first hours of a month belong to the month before in Los Angeles.
  const turn = first(date.getUTCMonth())
  return turn > now ? turn : first(date.getUTCMonth() + 1)
}

const periodEnd = (per: Budget.Options["per"], now: number): number =>
  per === "day" ? nextPacificMidnight(now) : per === "month" ? nextMonth(now) : Infinity

/**
 * After so many milliseconds a call may try again that had no room beside what others reserved. Other processes give
 * theirs back without a word to this one.
 */
const heldFor = 1_000

/** After so many milliseconds without use, the budget of a scope may be forgotten. */
const forgottenAfter = 30 * 86_400_000

/** The options of every kind of budget. The budget of a scope has no period. */
export interface Options extends Budget.Limits {
  readonly name?: string | undefined
  readonly per?: Budget.Options["per"] | undefined
  readonly by?: Budget.Options["by"]
}

export interface BudgetGate {
  readonly name: string
  readonly gate: Gate.Gate
  readonly read: Effect.Effect<ReadonlyArray<Budget.Spending>, GeminiError>
  /** What is wrong with its options. */
  readonly problem: BudgetAmount.Problem | undefined
  /** Raises what is counted to this, where it is less. */
  readonly atLeast: (used: Budget.Used) => Effect.Effect<void, GeminiError>
}

/**
 * The name by which the counts of a budget are found: two budgets with one name and one kind of period would be the
 * same.
 */
export const nameOf = ({ name = "default", per }: Options): string => `${per} ${name}`

/** A prefix of this process for the ids of its attempts: within a fleet no two attempts may have the same id. */
let process: string | undefined
let attempts = 0
const nextId = (): string => `${process ??= globalThis.crypto.randomUUID()}-${++attempts}`

/** What the server counted of requests: what is known for one budget is known for the others that an attempt must fit. */
const known = new WeakMap<object, CountTokens.CountTokensResponse>()

export const make = (options: Options, store: BudgetStore.Service, isTwice = false): BudgetGate => {
  const { by, per } = options
  const name = options.name ?? "default"
  const limits = BudgetAmount.limits(options)
  const problem = isTwice
    ? {
      field: "budget.name",
      description: `another budget ${
        per === undefined ? "around it" : `per ${per}`
      } is called "${name}", too: name them apart`
    }
    : BudgetAmount.problem(options)
  const prefix = per === undefined ? ["within", name] : [name]
  const keys = new Map<string, string | undefined>()
  let endsAt = -Infinity
  let latest = -Infinity

  /** Moves on to the current period, or back to it where the clock was set back. */
  const turn = (now: number): void => {
    if (per === undefined) endsAt = now + forgottenAfter
    else if (now >= endsAt || now < latest) {
      const end = periodEnd(per, now)
      if (end !== endsAt) keys.clear()
      endsAt = end
    }
    latest = now
  }
  const resetAt = (): number | undefined => per === undefined || endsAt === Infinity ? undefined : endsAt

  const keyOf = (scope: string | undefined): string =>
    [...prefix, ...(scope === undefined ? [] : [scope])].map(encodeURIComponent).join("/") +
    (resetAt() === undefined ? "" : `@${per}-${new Date(endsAt).toISOString().slice(0, 10)}`)

  const failure = (
    admission: RateLimiter.Admission,
    reason: GeminiError["reason"],
    retryIn?: number
  ): Effect.Effect<never, GeminiError> =>
    Effect.fail(
      new GeminiError({
        method: admission.method ?? "acquire",
        model: admission.lane.quotaModel,
        attempts: [],
        reason,
        ...(retryIn === undefined ? {} : { retryAfter: Duration.millis(retryIn) })
      })
    )

  /** Whether no period has room for so much, however little was spent of it. */
  const isTooLarge = ({ money, tokens }: BudgetStore.Amount): boolean =>
    tokens > (limits.tokens ?? Infinity) || limits.money !== undefined && money > limits.money

  const refusal = (
    admission: RateLimiter.Admission,
    amount: BudgetStore.Amount,
    why: "held" | "spent",
    now: number
  ) => {
    if (isTooLarge(amount)) {
      const description = `a call of this size is larger than the whole budget ${name}.`
      return failure(admission, new QuotaExhausted({ description, violations: [], budget: name }))
    }
    const until = resetAt()
    return why === "held"
      ? failure(
        admission,
        new QuotaExhausted({
          description: `the budget ${name} has no room beside what calls in flight reserved of it.`,
          violations: [],
          budget: name
        }),
        heldFor
      )
      : failure(
        admission,
        new QuotaExhausted({
          description: `the budget ${name} is spent.`,
          violations: [],
          budget: name,
          ...(until === undefined ? {} : { resetAt: until })
        }),
        until === undefined ? undefined : until - now
      )
  }

  const enter: Gate.Gate["enter"] = (admission, restore) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      turn(now)
      if (problem !== undefined) {
        const reason = new InvalidRequest({ fields: [problem] })
        return Effect.fail(new GeminiError({ method: admission.method ?? "acquire", attempts: [], reason }))
      }
      const { lane: { quotaModel: model } } = admission
      const estimated = BudgetAmount.estimated(options, admission, now)
      if (estimated.isPartial && (options.unpriced ?? "refuse") === "refuse") {
        const mode = admission.rows === undefined ? admission.asks?.request.serviceTier ?? undefined : "batch"
        return failure(admission, new Unpriced({ model, budget: name, ...(mode === undefined ? {} : { mode }) }))
      }
      const scope = by?.(admission)
      const key = keyOf(scope)
      keys.set(key, scope)
      const id = nextId()
      const ends = endsAt
      const reserve = (amount: BudgetStore.Amount): Effect.Effect<BudgetStore.Reserved, GeminiError> =>
        Effect.mapError(
          store.reserve(key, { id, amount }, limits, ends),
          ({ reason }) => new GeminiError({ method: admission.method ?? "acquire", model, attempts: [], reason })
        )
      // The rows of a batch are not counted one by one.
      const isCountable = options.countInput === "server" && admission.rows === undefined
      const counts = isCountable ? admission.asks : undefined
      /** By the server's count, if it was asked for one: also one that another budget asked for since. */
      const exactly = (): BudgetStore.Amount | undefined => {
        const input = counts && known.get(counts.request)
        return input && BudgetAmount.counted(options, admission, input, now)
      }
      const held = (amount: BudgetStore.Amount): Gate.Hold =>
        new BudgetHold({
          options,
          admission,
          reserved: () => exactly() ?? amount,
          settle: (used) => store.settle(key, { id, amount: used }, ends)
        })
      // While there is room for all that the input could be, nobody has to count it.
      const first = counts === undefined
        ? estimated
        : exactly() ?? BudgetAmount.atMost(options, admission, counts.request, now)
      return Effect.flatMap(reserve(first), (answer) => {
        if (answer === "reserved") return Effect.succeed(held(first))
        if (counts === undefined || known.has(counts.request)) return refusal(admission, first, answer, now)
        return Effect.flatMap(restore(counts.count(counts.request)), (counted) => {
          known.set(counts.request, counted)
          const exact = BudgetAmount.counted(options, admission, counted, now)
          return Effect.flatMap(
            reserve(exact),
            (answer) => answer === "reserved" ? Effect.succeed(held(exact)) : refusal(admission, exact, answer, now)
          )
        })
      })
    })

  const spending = (scope: string | undefined, spent: BudgetStore.Spent): Budget.Spending =>
    BudgetAmount.spending(options, { name, by: scope, resetAt: resetAt() }, spent)

  const read: BudgetGate["read"] = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    if (per === undefined) return Effect.map(store.read(keyOf(undefined)), (spent) => [spending(undefined, spent)])
    return Effect.forEach(
      now < endsAt ? [...keys] : [],
      ([key, scope]) => Effect.map(store.read(key), (spent) => spending(scope, spent))
    )
  })

  return {
    name,
    gate: { enter },
    read,
    problem,
    atLeast: (used) =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        turn(now)
        return store.atLeast(keyOf(undefined), BudgetAmount.used(used), endsAt)
      })
  }
}
