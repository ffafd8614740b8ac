/**
 * What a budget counts: tokens, and money in picodollars, which are whole numbers, so that sums
 * are exact. Amounts round up.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type * as Budget from "../../Budget.ts"
import * as Cost from "../../Cost.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type * as BudgetStore from "../../limits/BudgetStore.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import * as CountTokens from "../../wire/CountTokens.ts"
import type { GenerateContentRequest } from "../../wire/GenerateContent.ts"
import * as Usage from "../../wire/Usage.ts"
import * as OptionCheck from "../config/optionCheck.ts"
import { countable, isCountable } from "../wire/countable.ts"

const scale = 12

const picodollars = (money: BigDecimal.BigDecimal): bigint =>
  BigDecimal.scale(BigDecimal.round(money, { scale, mode: "ceil" }), scale).value

const dollars = (money: bigint): BigDecimal.BigDecimal => BigDecimal.normalize(BigDecimal.make(money, scale))

const decimal = (money: BigDecimal.BigDecimal | string | undefined): BigDecimal.BigDecimal | undefined => {
  if (typeof money !== "string") return money
  return money.trim() === "" ? undefined : Option.getOrUndefined(BigDecimal.fromString(money))
}

export const none: BudgetStore.Amount = { tokens: 0, money: 0n }

export type Problem = GeminiConfig.Problem

const amountProblem = (
  field: string,
  { money, tokens }: {
    readonly money?: BigDecimal.BigDecimal | string | undefined
    readonly tokens?: number | undefined
  }
): Problem | undefined => {
  const known = decimal(money)
  return money !== undefined && (known === undefined || BigDecimal.isNegative(known))
    ? { field: `${field}.money`, description: `expected an amount of dollars such as "5.00", got "${money}"` }
    : tokens !== undefined && !(tokens >= 0)
    ? { field: `${field}.tokens`, description: `expected a number of tokens, got ${tokens}` }
    : undefined
}

const { anything, oneOf, only } = OptionCheck

const names = only({
  name: anything,
  per: oneOf("day", "month", "total"),
  by: anything,
  tokens: anything,
  money: anything,
  outputTokens: anything,
  countInput: oneOf("estimate", "server"),
  unpriced: oneOf("count", "refuse"),
  prices: anything,
  spent: anything
})

export const problem = (options: Budget.Limits & { readonly spent?: Budget.Used | undefined }): Problem | undefined =>
  names(options, "budget") ?? amountProblem("budget", options) ??
    (options.outputTokens !== undefined && !(options.outputTokens >= 0)
      ? { field: "budget.outputTokens", description: `expected a number of tokens, got ${options.outputTokens}` }
      : options.spent === undefined
      ? undefined
      : amountProblem("budget.spent", options.spent))

export const used = ({ money, tokens }: Budget.Used): BudgetStore.Amount => {
  const known = decimal(money)
  return { tokens: tokens ?? 0, money: known === undefined ? 0n : picodollars(known) }
}

export const limits = ({ money, tokens }: Budget.Limits): Partial<BudgetStore.Amount> => {
  const known = decimal(money)
  return {
    ...(tokens === undefined ? {} : { tokens }),
    ...(known === undefined ? {} : { money: picodollars(known) })
  }
}

/** What the server counted, or is thought to have counted, as an amount of this budget. */
export const charged = (
  { money, prices }: Budget.Limits,
  model: string,
  answer: RateLimiter.Charged,
  at: number
): BudgetStore.Amount & { readonly isPartial: boolean } => {
  const { isPartial, total } = money === undefined
    ? { isPartial: false, total: undefined }
    : Cost.of(model, answer, { prices, at, unnamed: "dearest" })
  return {
    tokens: answer.usageMetadata == null ? 0 : Math.ceil(Usage.fromMetadata(answer.usageMetadata).totalTokens),
    money: total === undefined ? 0n : picodollars(total),
    isPartial
  }
}

type Details = Usage.UsageMetadata["promptTokensDetails"]

const asText = (tokens: number): Details => [{ modality: "TEXT", tokenCount: tokens }]

/** The output tokens that an attempt reserves: no answer is longer than its request allows. */
const output = ({ outputTokens = 1_000 }: Budget.Limits, { asks, lane: { family } }: RateLimiter.Admission): number => {
  if (family !== "generate" && asks === undefined) return 0
  const { candidateCount, maxOutputTokens } = asks?.request.generationConfig ?? {}
  const most = maxOutputTokens == null
    ? Infinity
    : Usage.count(maxOutputTokens) * Math.max(1, Usage.count(candidateCount))
  return countable(Math.min(outputTokens, most > 0 ? most : Infinity))
}

const reservation = (
  options: Budget.Limits,
  admission: RateLimiter.Admission,
  at: number,
  input: number,
  details: Details
): BudgetStore.Amount & { readonly isPartial: boolean } => {
  const more = output(options, admission) * (admission.rows ?? 1)
  const usageMetadata = {
    promptTokenCount: input,
    promptTokensDetails: details,
    candidatesTokenCount: more,
    totalTokenCount: input + more,
    serviceTier: admission.rows === undefined ? admission.asks?.request.serviceTier : "batch"
  }
  return charged(options, admission.lane.quotaModel, { usageMetadata }, at)
}

export const estimated = (options: Budget.Limits, admission: RateLimiter.Admission, at: number) => {
  const input = countable(admission.tokens)
  return reservation(options, admission, at, input, asText(input))
}

/**
 * The most input that any model took by November 2026, which is also the most that a file behind an address can count.
 */
const window = 2_097_152

/** Whether a request holds something that is not text, and so may count for more than its length. */
const holdsMedia = (value: unknown): boolean => {
  if (typeof value !== "object" || value === null) return false
  if (Array.isArray(value)) return value.some(holdsMedia)
  return Object.entries(value).some(([key, inner]) =>
    inner != null && (key === "fileData" || key === "inlineData" || key === "cachedContent" || holdsMedia(inner))
  )
}

/** The most that the input could be counted as: a token of text has at least one byte. */
export const atMost = (
  options: Budget.Limits,
  admission: RateLimiter.Admission,
  request: GenerateContentRequest,
  at: number
): BudgetStore.Amount => {
  try {
    if (holdsMedia(request)) return reservation(options, admission, at, window, undefined)
    const bytes = new TextEncoder().encode(JSON.stringify(request)).length
    return reservation(options, admission, at, bytes, asText(bytes))
  } catch {
    // A request that holds itself is not JSON, and is refused before it is sent.
    return estimated(options, admission, at)
  }
}

export const counted = (
  options: Budget.Limits,
  admission: RateLimiter.Admission,
  count: CountTokens.CountTokensResponse,
  at: number
): BudgetStore.Amount => {
  // Cached tokens cost less, but only the answer tells whether they are still in the cache.
  const input = CountTokens.totalTokens(count)
  if (!isCountable(input)) return estimated(options, admission, at)
  return reservation(options, admission, at, input, count.promptTokensDetails ?? asText(input))
}

export const spending = (
  options: Budget.Limits,
  of: Pick<Budget.Spending, "name" | "by" | "resetAt">,
  { held, isEstimated, isPartial, money, tokens }: BudgetStore.Spent
): Budget.Spending => ({
  ...of,
  tokens,
  money: dollars(money),
  reserved: { tokens: held.tokens, money: dollars(held.money) },
  isPartial,
  isEstimated,
  limits: { tokens: options.tokens, money: decimal(options.money) }
})
