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
import type * as BigDecimal from "effect/BigDecimal"
import type * as Duration from "effect/Duration"
import type * as GenerateContent from "./wire/GenerateContent.ts"
import * as Charge from "./internal/budget/charge.ts"
import { hopsOf } from "./internal/call/hops.ts"
import * as PriceTable from "./internal/google/priceTable.ts"

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
 * What tokens cost. What is left out is unpriced.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenPrices {
  readonly input: Rates
  readonly output: Rates
  /** Of a million tokens of thoughts. Left out: the price of text that comes out. */
  readonly thoughts?: string | undefined
  /** Of input that came from a cache; a text is one price for all modalities. */
  readonly cached?: Rates | string | undefined
  /** Of keeping a million tokens in a cache for an hour, which no answer tells. */
  readonly storage?: string | undefined
}

/**
 * The prices of one way of serving.
 *
 * @category models
 * @since 0.1.0
 */
export interface ModePrices extends TokenPrices, Stated {
  /** Where the prompt is longer than so many tokens, these instead. */
  readonly long?: TokenPrices & { readonly above: number } | undefined
}

/**
 * A way of serving whose price is stated as a part of the standard one: a decimal text such as "0.5".
 *
 * @category models
 * @since 0.1.0
 */
export interface Share extends Stated {
  /** Of what goes in and comes out. */
  readonly share: string
  /** Of what came from a cache. Left out: unpriced. */
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
  /** The first day (ISO, UTC). Left out: since ever. */
  readonly from?: string | undefined
  /** With Google Search. */
  readonly grounding?: GroundingPrice | undefined
  /** With Google Maps. */
  readonly maps?: GroundingPrice | undefined
  readonly batch?: ModePrices | Share | undefined
  readonly flex?: ModePrices | Share | undefined
  readonly priority?: ModePrices | Share | undefined
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
 * How a call was served. Batches say so nowhere in their answers; the others are in `usageMetadata`.
 *
 * @category models
 * @since 0.1.0
 */
export type Mode = "standard" | "batch" | "flex" | "priority"

/**
 * @category models
 * @since 0.1.0
 */
export interface Item {
  readonly kind: "input" | "cached" | "toolUse" | "output" | "thoughts" | "grounding" | "maps" | "storage"
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
  /** Where the prices of its tokens are stated; `undefined`: nowhere that is known. */
  readonly stated?: { readonly source: string; readonly asOf: string } | undefined
}

/**
 * What of an answer is charged.
 *
 * @category models
 * @since 0.1.0
 */
export type Charged = Pick<GenerateContent.GenerateContentResponse, "usageMetadata" | "candidates" | "modelVersion">

/**
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly prices?: Prices | undefined
  /** When it was called, for prices that change: milliseconds since the epoch. Default: the prices' own day. */
  readonly at?: number | undefined
  /** How it was served. Default: what the answer says, else `standard`. */
  readonly mode?: Mode | undefined
  /**
   * Tokens whose modality the server did not say, of a model whose modalities differ in price:
   * `unpriced`, the default, or as the `dearest` of them.
   */
  readonly unnamed?: "unpriced" | "dearest" | undefined
}

/**
 * What an answer cost: of a call, or of a stream's last chunk with usage. The model is the
 * concrete one that answered (`modelVersion`) if that has a price, else the given one. An answer
 * of several hops costs what they do, each priced for itself.
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
 * What it cost to keep so many tokens in a cache for a while, which no answer tells; rounded up
 * to a picodollar.
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
 * Several costs as one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const all = (costs: Iterable<Cost>): Cost => Charge.summed([...costs].flatMap(({ items }) => items))
