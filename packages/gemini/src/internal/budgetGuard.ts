/**
 * A budget before a limiter: reserves a call's estimate before it asks for a permit, and
 * settles it by what the server counted when the permit ends.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type * as Budget from "../Budget.ts"
import * as Cost from "../Cost.ts"
import { GeminiError } from "../GeminiError.ts"
import { InvalidRequest, QuotaExhausted } from "../GeminiErrorReason.ts"
import type * as RateLimiter from "../RateLimiter.ts"
import * as Usage from "../Usage.ts"
import { nextPacificMidnight } from "./pacificDay.ts"

const scale = 12

/** Rounded up to a picodollar. */
const picodollars = (money: BigDecimal.BigDecimal): bigint =>
  BigDecimal.scale(BigDecimal.round(money, { scale, mode: "ceil" }), scale).value

const dollars = (money: bigint): BigDecimal.BigDecimal => BigDecimal.normalize(BigDecimal.make(money, scale))

/** Of the tokens estimated or counted. */
const textOnly = (tokens: number) => [{ modality: "TEXT" as const, tokenCount: tokens }]

const none: Budget.Spent = { tokens: 0, money: 0n, isPartial: false }

/** Counts in this process. */
export const memory = (): Budget.Store => {
  const periods = new Map<string, Budget.Spent & { readonly endsAt: number }>()
  const add = (key: string, { isPartial, money, tokens }: Budget.Spent, endsAt: number, now: number): void => {
    const known = periods.get(key)
    if (known === undefined) {
      // A period that is begun is the time to forget those that are over.
      for (const [other, spent] of periods) if (spent.endsAt <= now) periods.delete(other)
    }
    const before = known ?? none
    periods.set(key, {
      tokens: before.tokens + tokens,
      money: before.money + money,
      isPartial: before.isPartial || isPartial,
      endsAt
    })
  }
  return {
    reserve: (key, amount, limits, endsAt) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const spent = periods.get(key) ?? none
        const fits = spent.tokens + amount.tokens <= (limits.tokens ?? Infinity) &&
          (limits.money === undefined || spent.money + amount.money <= limits.money)
        if (fits) add(key, { ...amount, isPartial: false }, endsAt, now)
        return fits
      }),
    settle: (key, amount, endsAt) => Effect.map(Clock.currentTimeMillis, (now) => add(key, amount, endsAt, now)),
    read: (key) => Effect.sync(() => periods.get(key) ?? none)
  }
}

const nextMonth = (now: number): number => {
  const date = new Date(now)
  const first = (month: number) => nextPacificMidnight(Date.UTC(date.getUTCFullYear(), month, 1))
  // The first hours of a month by UTC are the last of the one before in Los Angeles.
  const turn = first(date.getUTCMonth())
  return turn > now ? turn : first(date.getUTCMonth() + 1)
}

const periodEnd = (per: Budget.Options["per"], now: number): number =>
  per === "day" ? nextPacificMidnight(now) : per === "month" ? nextMonth(now) : Infinity

/** What a call of a budget holds from its reservation to its end. */
class Slot {
  sent = false
  metadata: RateLimiter.Charged["usageMetadata"] = undefined
  candidates: RateLimiter.Charged["candidates"] = undefined
  modelVersion: RateLimiter.Charged["modelVersion"] = undefined

  readonly key: string
  readonly endsAt: number
  readonly reserved: Budget.Amount
  constructor(key: string, endsAt: number, reserved: Budget.Amount) {
    this.key = key
    this.endsAt = endsAt
    this.reserved = reserved
  }

  /** The last count is the whole one; what was searched for may stand in an earlier chunk. */
  charge = (answer: RateLimiter.Charged): void => {
    this.metadata = answer.usageMetadata ?? this.metadata
    this.modelVersion = answer.modelVersion ?? this.modelVersion
    if (answer.candidates?.some(({ groundingMetadata }) => groundingMetadata != null) === true) {
      this.candidates = answer.candidates
    }
  }

  permit(inner: RateLimiter.Permit): RateLimiter.Permit {
    this.sent = true
    return {
      settle: inner.settle,
      charge: (answer) => {
        // Another budget may stand behind this one.
        inner.charge?.(answer)
        this.charge(answer)
      },
      cancel: Effect.suspend(() => {
        this.sent = false
        return inner.cancel
      })
    }
  }
}

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** The server refused: nothing was charged. */
const isRefused = (exit: Exit.Exit<unknown, unknown>): boolean => {
  if (Exit.isSuccess(exit)) return false
  return exit.cause.reasons.some((reason) =>
    Cause.isFailReason(reason) && reason.error instanceof GeminiError && reason.error.status !== undefined
  )
}

/** What the counts of a budget are found by: two of one name and one kind of period would be one. */
export const nameOf = ({ name = "default", per }: Budget.Options): string => `${per} ${name}`

export const make = (options: Budget.Options, store: Budget.Store, isTwice = false) => {
  const { by, outputTokens = 1_000, per, prices, unpriced = "count" } = options
  const name = options.name ?? "default"
  const money = typeof options.money === "string"
    ? Option.getOrUndefined(BigDecimal.fromString(options.money))
    : options.money
  const problem = isTwice
    ? { field: "budget.name", description: `another budget per ${per} is called "${name}", too: name them apart` }
    : options.money !== undefined && (money === undefined || BigDecimal.isNegative(money))
    ? { field: "budget.money", description: `expected an amount of dollars such as "5.00", got "${options.money}"` }
    : options.tokens !== undefined && !(options.tokens >= 0)
    ? { field: "budget.tokens", description: `expected a number of tokens, got ${options.tokens}` }
    : undefined
  const limits = {
    ...(options.tokens === undefined ? {} : { tokens: options.tokens }),
    ...(money === undefined ? {} : { money: picodollars(money) })
  }
  const keys = new Map<string, string | undefined>()
  let endsAt = -Infinity

  const cost = (model: string, charged: RateLimiter.Charged, at: number): Budget.Spent => {
    const { isPartial, total } = money === undefined
      ? { isPartial: false, total: undefined }
      : Cost.of(model, charged, { prices, at })
    return {
      tokens: charged.usageMetadata == null ? 0 : Math.ceil(Usage.fromMetadata(charged.usageMetadata).totalTokens),
      money: total === undefined ? 0n : picodollars(total),
      isPartial
    }
  }

  const estimate = (input: number, output: number): RateLimiter.Charged => ({
    usageMetadata: {
      promptTokenCount: input,
      promptTokensDetails: textOnly(input),
      candidatesTokenCount: output,
      candidatesTokensDetails: textOnly(output),
      totalTokenCount: input + output
    }
  })

  const refusal = (admission: RateLimiter.Admission, now: number, description: string) =>
    new GeminiError({
      method: admission.method ?? "acquire",
      model: admission.lane.quotaModel,
      attempts: [],
      reason: new QuotaExhausted({
        description,
        violations: [],
        budget: name,
        ...(endsAt === Infinity ? {} : { resetAt: endsAt })
      }),
      ...(endsAt === Infinity ? {} : { retryAfter: Duration.millis(endsAt - now) })
    })

  const keyOf = (scope: string | undefined): string =>
    [name, ...(scope === undefined ? [] : [scope])].map(encodeURIComponent).join("/") +
    (endsAt === Infinity ? "" : `@${per}-${new Date(endsAt).toISOString().slice(0, 10)}`)

  /** Interrupted only while it waits: what was reserved has to reach whoever gives it back. */
  const reserve = (admission: RateLimiter.Admission, restore: Restore): Effect.Effect<Slot, GeminiError> =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (now >= endsAt) {
        endsAt = periodEnd(per, now)
        keys.clear()
      }
      const { lane, tokens } = admission
      if (problem !== undefined) {
        const reason = new InvalidRequest({ fields: [problem] })
        return Effect.fail(new GeminiError({ method: admission.method ?? "acquire", attempts: [], reason }))
      }
      const output = lane.family === "generate" ? outputTokens : 0
      const amount = cost(lane.quotaModel, estimate(Math.max(0, tokens || 0), output), now)
      if (amount.isPartial && unpriced === "refuse") {
        return Effect.fail(
          refusal(admission, now, `${lane.quotaModel} has no price, and the budget ${name} refuses what has none.`)
        )
      }
      const scope = by?.(admission)
      const key = keyOf(scope)
      keys.set(key, scope)
      const asked = Effect.mapError(
        store.reserve(key, amount, limits, endsAt),
        ({ reason }) =>
          new GeminiError({ method: admission.method ?? "acquire", model: lane.quotaModel, attempts: [], reason })
      )
      return Effect.flatMap(asked, (fits) => {
        if (fits) return Effect.succeed(new Slot(key, endsAt, amount))
        const error = refusal(admission, now, `the budget ${name} is spent.`)
        const wait = endsAt - now
        const maxWait = admission.maxWait === undefined ? Infinity : Duration.toMillis(admission.maxWait)
        if (admission.whenExhausted !== "wait" || wait > maxWait || wait === Infinity) return Effect.fail(error)
        const told = admission.onWait?.({ lane, until: endsAt }) ?? Effect.void
        return Effect.andThen(restore(Effect.andThen(told, Effect.sleep(wait))), reserve(admission, restore))
      })
    })

  const end = (slot: Slot, { lane, tokens }: RateLimiter.Admission, exit: Exit.Exit<unknown, unknown>) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      const { candidates, metadata, modelVersion } = slot
      const used = !slot.sent || (metadata == null && isRefused(exit))
        ? none
        : metadata == null
        ? cost(lane.quotaModel, estimate(Math.max(0, tokens || 0), 0), now)
        : cost(lane.quotaModel, { usageMetadata: metadata, candidates, modelVersion }, now)
      return store.settle(slot.key, {
        tokens: used.tokens - slot.reserved.tokens,
        money: used.money - slot.reserved.money,
        isPartial: used.isPartial
      }, slot.endsAt)
    })

  const guard = (limiter: RateLimiter.Service): RateLimiter.Service => ({
    ...limiter,
    acquire: (admission) =>
      admission.lane.family === "count" ?
        limiter.acquire(admission) :
        Effect.flatMap(Effect.scope, (scope) =>
          Effect.uninterruptibleMask((restore) =>
            Effect.flatMap(reserve(admission, restore), (slot) =>
              Scope.addFinalizerExit(scope, (exit) =>
                end(slot, admission, exit)).pipe(
                  Effect.andThen(restore(limiter.acquire(admission))),
                  Effect.map((permit) =>
                    slot.permit(permit)
                  )
                ))
          )),
    use: (admission, f) =>
      admission.lane.family === "count" ?
        limiter.use(admission, f) :
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(reserve(admission, restore), (slot) =>
            Effect.onExit(
              restore(limiter.use(admission, (permit) => f(slot.permit(permit)))),
              (exit) => end(slot, admission, exit)
            ))
        )
  })

  const read: Effect.Effect<ReadonlyArray<Budget.Spending>, GeminiError> = Effect.flatMap(
    Clock.currentTimeMillis,
    (now) =>
      Effect.forEach(now < endsAt ? [...keys] : [], ([key, scope]) =>
        Effect.map(store.read(key), (spent) => ({
          name,
          by: scope,
          tokens: spent.tokens,
          money: dollars(spent.money),
          isPartial: spent.isPartial,
          limits: { tokens: options.tokens, money },
          resetAt: endsAt === Infinity ? undefined : endsAt
        })))
  )

  return { guard, read }
}
