/**
 * What an answer cost, item by item, in exact decimals.
 *
 * Prices are dated data with a source, or your own. What has no price is there with its
 * count and no amount, and makes the total `isPartial`: an unknown model costs `undefined`,
 * never nothing. The prices are the paid tier's list prices. Monthly free allowances (of
 * search queries, for instance) are not known here and not taken off.
 *
 * ```ts
 * import * as Cost from "effect-gemini/Cost"
 * import * as BigDecimal from "effect/BigDecimal"
 *
 * const cost = Cost.of("gemini-2.5-pro", {
 *   usageMetadata: { promptTokenCount: 1_000, candidatesTokenCount: 200, thoughtsTokenCount: 300 }
 * })
 * cost.total && BigDecimal.format(cost.total) // => "0.00625"
 * ```
 *
 * @since 0.1.0
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Option from "effect/Option"
import type * as GenerateContent from "./GenerateContent.ts"
import * as PriceTable from "./internal/priceTable.ts"
import * as Usage from "./Usage.ts"

/**
 * Dollars for a million tokens by modality, as a decimal text. `any` is for all that are not named.
 *
 * @category models
 * @since 0.1.0
 */
export type Rates = Readonly<Record<string, string>>

/**
 * One model's prices from a day on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Price {
  /** The first day (ISO, UTC). Left out: since ever. */
  readonly from?: string | undefined
  readonly input: Rates
  /** Thoughts are text. */
  readonly output: Rates
  /** Of input that came from a cache. Its storage is billed by the hour and in no answer. */
  readonly cached?: string | undefined
  /** Where the prompt is longer than so many tokens, these instead. */
  readonly long?: {
    readonly above: number
    readonly input: Rates
    readonly output: Rates
    readonly cached?: string | undefined
  } | undefined
  /** Dollars for one search query, or for one prompt that was grounded. */
  readonly grounding?: { readonly unit: "query" | "prompt"; readonly price: string } | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Prices {
  /** The day (ISO, UTC) on which they were read, and where. */
  readonly asOf: string
  readonly source: string
  /** By concrete model, the earliest first. */
  readonly models: Readonly<Record<string, ReadonlyArray<Price>>>
}

/**
 * The prices that come with this version.
 *
 * @category constants
 * @since 0.1.0
 */
export const prices: Prices = { asOf: PriceTable.asOf, source: PriceTable.source, models: PriceTable.table }

/**
 * @category models
 * @since 0.1.0
 */
export interface Item {
  readonly kind: "input" | "cached" | "toolUse" | "output" | "thoughts" | "grounding"
  /** Of tokens. `any`: the server did not say. */
  readonly modality?: string | undefined
  /** Tokens, queries or prompts. */
  readonly count: number
  /** Dollars; `undefined`: no price is known. */
  readonly amount: BigDecimal.BigDecimal | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Cost {
  readonly currency: "USD"
  readonly items: ReadonlyArray<Item>
  /** The sum of what has a price; `undefined` where nothing has. */
  readonly total: BigDecimal.BigDecimal | undefined
  /** Something is in it that has no price. */
  readonly isPartial: boolean
}

/** What of an answer is charged. */
type Charged = Pick<GenerateContent.GenerateContentResponse, "usageMetadata" | "candidates" | "modelVersion">

const million = 6

/** `price` is of `10 ^ scale` units. What is no decimal is no price. */
const amountOf = (count: number, price: string | undefined, scale: number): BigDecimal.BigDecimal | undefined => {
  const decimal = price === undefined ? undefined : Option.getOrUndefined(BigDecimal.fromString(price))
  return decimal &&
    BigDecimal.normalize(BigDecimal.multiply(decimal, BigDecimal.make(BigInt(Math.round(count)), scale)))
}

const summed = (items: ReadonlyArray<Item>): Cost => {
  const amounts = items.flatMap(({ amount }) => amount === undefined ? [] : [amount])
  return {
    currency: "USD",
    items,
    total: amounts.length === 0 ? undefined : BigDecimal.normalize(BigDecimal.sumAll(amounts)),
    isPartial: amounts.length < items.length
  }
}

type Details = Usage.UsageMetadata["promptTokensDetails"]

/** Tokens by modality; what the details leave out is `any`. */
const byModality = (total: number, details: Details, less: Details): ReadonlyArray<readonly [string, number]> => {
  const counts = new Map<string, number>()
  const add = (modality: unknown, tokens: number): void => {
    const name = typeof modality === "string" ? modality : "any"
    counts.set(name, (counts.get(name) ?? 0) + tokens)
  }
  for (const { modality, tokenCount } of details ?? []) add(modality, Usage.count(tokenCount))
  for (const { modality, tokenCount } of less ?? []) add(modality, -Usage.count(tokenCount))
  const known = [...counts].filter(([, tokens]) => tokens > 0)
  const rest = total - known.reduce((sum, [, tokens]) => sum + tokens, 0)
  // Details that do not add up say nothing.
  if (rest < 0) return total > 0 ? [["any", total]] : []
  return rest > 0 ? [...known, ["any", rest]] : known
}

/** Where the server did not name the modality it is text, unless modalities differ in price. */
const rateOf = (rates: Rates | undefined, modality: string): string | undefined => {
  if (rates === undefined) return undefined
  if (modality !== "any") return rates[modality] ?? rates["any"]
  const all = new Set(Object.values(rates))
  return rates["any"] ?? (all.size === 1 ? [...all][0] : undefined)
}

const priceOn = (known: ReadonlyArray<Price> | undefined, day: string): Price | undefined =>
  known?.findLast(({ from }) => from === undefined || from <= day)

/**
 * What an answer cost: of a call, or of a stream's last chunk with usage. The model is the
 * concrete one that answered (`modelVersion`) if that has a price, else the given one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (
  model: string,
  response: Charged,
  options: {
    readonly prices?: Prices | undefined
    /** When it was called, for prices that change: milliseconds since the epoch. Default: the prices' own day. */
    readonly at?: number | undefined
  } = {}
): Cost => {
  const { usageMetadata: metadata } = response
  const { asOf, models } = options.prices ?? prices
  const day = options.at === undefined ? asOf : new Date(options.at).toISOString().slice(0, 10)
  const isStandard = metadata?.trafficType !== "PROVISIONED_THROUGHPUT" &&
    [undefined, null, "standard", "unspecified"].some((tier) => metadata?.serviceTier === tier)
  // Other tiers of service have other prices, which nobody states by model.
  const price = isStandard ? priceOn(models[response.modelVersion ?? ""] ?? models[model], day) : undefined
  const items: Array<Item> = []
  if (metadata != null) {
    const usage = Usage.fromMetadata(metadata)
    const rates = price?.long !== undefined && usage.promptTokens > price.long.above ? price.long : price
    const tokens = (kind: Item["kind"], counts: ReadonlyArray<readonly [string, number]>, of: Rates | undefined) => {
      for (const [modality, count] of counts) {
        items.push({ kind, modality, count, amount: amountOf(count, rateOf(of, modality), million) })
      }
    }
    tokens(
      "input",
      byModality(usage.promptTokens - usage.cachedTokens, metadata.promptTokensDetails, metadata.cacheTokensDetails),
      rates?.input
    )
    tokens(
      "cached",
      byModality(usage.cachedTokens, undefined, undefined),
      rates?.cached === undefined ? undefined : { any: rates.cached }
    )
    tokens(
      "toolUse",
      byModality(usage.toolUsePromptTokens, metadata.toolUsePromptTokensDetails, undefined),
      rates?.input
    )
    tokens("output", byModality(usage.candidatesTokens, metadata.candidatesTokensDetails, undefined), rates?.output)
    tokens("thoughts", usage.thoughtsTokens > 0 ? [["TEXT", usage.thoughtsTokens]] : [], rates?.output)
  }
  const queries = (response.candidates ?? []).reduce(
    (sum, candidate) => sum + (candidate.groundingMetadata?.webSearchQueries?.length ?? 0),
    0
  )
  if (queries > 0) {
    const grounding = price?.grounding
    const count = grounding?.unit === "prompt" ? 1 : queries
    items.push({ kind: "grounding", count, amount: amountOf(count, grounding?.price, 0) })
  }
  return summed(items)
}

/**
 * Several costs as one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const all = (costs: Iterable<Cost>): Cost => summed([...costs].flatMap(({ items }) => items))
