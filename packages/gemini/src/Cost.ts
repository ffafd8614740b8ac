/**
 * The cost of an answer, item by item, in exact decimals.
 *
 * Prices are dated data with a source, or your own. An item without a price has a count and no amount, and makes the
 * total `isPartial`: an unknown model costs `undefined`, never nothing. The prices are the paid tier's list prices.
 * Monthly free allowances (of search queries, for instance) are not known here and not taken off.
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
import type * as BigDecimal from "effect/BigDecimal"
import type * as Duration from "effect/Duration"
import * as Charge from "./internal/budget/charge.ts"
import { hopsOf } from "./internal/call/hops.ts"
import * as PriceTable from "./internal/google/priceTable.ts"
import type * as Permit from "./limits/Permit.ts"

/**
 * Dollars for a million tokens by modality, as a decimal text. `any` is for all that are not named.
 *
 * @category models
 * @since 0.1.0
 */
export type Rates = Readonly<Record<string, string>>

/**
 * Where a price is stated, and when it was read there.
 *
 * @category models
 * @since 0.1.0
 */
export interface Stated {
  /** The public page. Left out: that of the {@link Prices}. */
  readonly source?: string | undefined
  /** The day (ISO, UTC). Left out: that of the {@link Prices}. */
  readonly asOf?: string | undefined
}

/**
 * Prices of tokens. Kinds that are left out have no price.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenPrices {
  readonly input: Rates
  readonly output: Rates
  /** The price of a million tokens of thoughts. Left out: that of text output. */
  readonly thoughts?: string | undefined
  /** The price of input that came from a cache; a text is one price for all modalities. */
  readonly cached?: Rates | string | undefined
  /** The price of keeping a million tokens in a cache for an hour, which no answer tells. */
  readonly storage?: string | undefined
}

/**
 * The prices of one way of serving.
 *
 * @category models
 * @since 0.1.0
 */
export interface ModePrices extends TokenPrices, Stated {
  /** The prices that hold instead when the prompt is longer than `above` tokens. */
  readonly long?: TokenPrices & { readonly above: number } | undefined
}

/**
 * A way of serving whose price is stated as a part of the standard one: a decimal text such as "0.5".
 *
 * @category models
 * @since 0.1.0
 */
export interface Share extends Stated {
  /** The share of the standard prices of input and output. */
  readonly share: string
  /** The share of the standard price of cached input. Left out: such input has no price. */
  readonly cachedShare?: string | undefined
}

/**
 * The price of being grounded: a dollar amount for one search query, or for one grounded prompt.
 *
 * @category models
 * @since 0.1.0
 */
export interface GroundingPrice {
  readonly unit: "query" | "prompt"
  readonly price: string
}

/**
 * One model's prices from a day on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Price extends ModePrices {
  /** The first day (ISO, UTC) of these prices. Left out: they have always held. */
  readonly from?: string | undefined
  /** The price of grounding with Google Search. */
  readonly grounding?: GroundingPrice | undefined
  /** The price of grounding with Google Maps. */
  readonly maps?: GroundingPrice | undefined
  readonly batch?: ModePrices | Share | undefined
  readonly flex?: ModePrices | Share | undefined
  readonly priority?: ModePrices | Share | undefined
}

/**
 * The prices of models, with the day and the page they were read.
 *
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
 * How a call was served. The answers of a batch do not say that they are; the other ways are in `usageMetadata`.
 *
 * @category models
 * @since 0.1.0
 */
export type Mode = "standard" | "batch" | "flex" | "priority"

/**
 * One item of a cost: a count of one kind, and what it costs.
 *
 * @category models
 * @since 0.1.0
 */
export interface Item {
  readonly kind: "input" | "cached" | "toolUse" | "output" | "thoughts" | "grounding" | "maps" | "storage"
  /** The modality of tokens. `any`: the server did not say. */
  readonly modality?: string | undefined
  /** Tokens, queries or prompts. */
  readonly count: number
  /** Dollars; `undefined`: no price is known. */
  readonly amount: BigDecimal.BigDecimal | undefined
}

/**
 * What an answer cost: its items and their sum, in US dollars.
 *
 * @category models
 * @since 0.1.0
 */
export interface Cost {
  readonly currency: "USD"
  readonly items: ReadonlyArray<Item>
  /** The sum of the items that have a price; `undefined` if none has. */
  readonly total: BigDecimal.BigDecimal | undefined
  /** Whether an item has no price. */
  readonly isPartial: boolean
  /** Where the prices of its tokens are stated; `undefined`: nowhere that is known. */
  readonly stated?: { readonly source: string; readonly asOf: string } | undefined
}

/**
 * The fields of an answer by which it is charged.
 *
 * @category models
 * @since 0.1.0
 */
export type Charged = Permit.Charged

/**
 * Which prices are used, for which day, and for which way of serving.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly prices?: Prices | undefined
  /** When the call was made, in milliseconds since the epoch, for prices that change. Default: the prices' own day. */
  readonly at?: number | undefined
  /** How the call was served. Default: what the answer says, else `standard`. */
  readonly mode?: Mode | undefined
  /**
   * How tokens without a modality are priced if the model's modalities differ in price: not at all (`unpriced`, the
   * default), or as the `dearest` of them.
   */
  readonly unnamed?: "unpriced" | "dearest" | undefined
}

/**
 * The cost of a call's answer, or of the last chunk with usage of a stream. The model is the concrete one that
 * answered (`modelVersion`) if that has a price, else the given one. An alias has its target's price, and a numbered
 * stable version (`gemini-2.5-flash-001`) its model's; a preview has its own or none. An answer of several hops costs
 * what they do, each priced for itself.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (model: string, response: Charged, options: Options = {}): Cost => {
  const { charged } = hopsOf(response)
  const ofHop = (hop: Charged): Cost => Charge.of(model, hop, options, options.prices ?? prices)
  if (charged.length === 1) return ofHop(response)
  const costs = charged.map(ofHop)
  return { ...all(costs), stated: costs.find(({ stated }) => stated !== undefined)?.stated }
}

/**
 * The cost of keeping tokens in a cache for some time, which no answer tells; it is rounded up to a picodollar.
 *
 * ```ts
 * import * as Cost from "effect-gemini/Cost"
 * import * as BigDecimal from "effect/BigDecimal"
 *
 * const { total } = Cost.storage("gemini-2.5-pro", { tokens: 100_000, duration: "90 minutes" })
 * total && BigDecimal.format(total) // => "0.675"
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const storage = (
  model: string,
  kept: { readonly tokens: number; readonly duration: Duration.Input },
  options: Options = {}
): Cost => Charge.storage(model, kept, options, options.prices ?? prices)

/**
 * The sum of several costs, with the items of all.
 *
 * @category combinators
 * @since 0.1.0
 */
export const all = (costs: Iterable<Cost>): Cost => Charge.summed([...costs].flatMap(({ items }) => items))
