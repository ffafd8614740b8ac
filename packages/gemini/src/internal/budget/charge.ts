/**
 * What a count costs, item by item: the price that holds on the day, for the way in which the call was served.
 */
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type {
  Charged,
  Cost,
  GroundingPrice,
  Item,
  ModePrices,
  Options,
  Price,
  Prices,
  Rates,
  Stated
} from "../../Cost.ts"
import * as ModelAlias from "../../models/ModelAlias.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as Usage from "../../wire/Usage.ts"

const million = 6

/** An entry of the table itself: a model or a modality may be called `constructor`. */
const own = <A>(table: Readonly<Record<string, A>> | undefined, key: string): A | undefined =>
  table !== undefined && Object.hasOwn(table, key) ? table[key] : undefined

/** A count that a caller or a server gives; anything but a finite number counts as zero. */
const whole = (count: number): bigint => Number.isFinite(count) ? BigInt(Math.round(Math.max(0, count))) : 0n

const decimalOf = (price: string | undefined): BigDecimal.BigDecimal | undefined =>
  price === undefined || price.trim() === "" ? undefined : Option.getOrUndefined(BigDecimal.fromString(price))

/** An amount of money. `price` is for `10 ^ scale` units; text that is not a decimal counts as no price. */
const amountOf = (
  count: number,
  price: string | undefined,
  scale: number,
  share?: string
): BigDecimal.BigDecimal | undefined => {
  const decimal = decimalOf(price)
  const part = share === undefined ? BigDecimal.make(1n, 0) : decimalOf(share)
  if (decimal === undefined || part === undefined) return undefined
  const amount = BigDecimal.multiply(decimal, BigDecimal.make(whole(count), scale))
  return BigDecimal.normalize(share === undefined ? amount : BigDecimal.multiply(amount, part))
}

export const summed = (items: ReadonlyArray<Item>): Cost => {
  const amounts = items.flatMap(({ amount }) => amount === undefined ? [] : [amount])
  return {
    currency: "USD",
    items,
    total: amounts.length === 0 ? undefined : BigDecimal.normalize(BigDecimal.sumAll(amounts)),
    isPartial: amounts.length < items.length
  }
}

type Details = Usage.UsageMetadata["promptTokensDetails"]

/** The tokens by modality. Tokens that the details leave out count as `any`. */
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
  // Details that do not add up are not believed.
  if (rest < 0) return total > 0 ? [["any", total]] : []
  return rest > 0 ? [...known, ["any", rest]] : known
}

/** The highest price in a table of them. */
const dearest = (rates: Rates): string | undefined => {
  let most: readonly [rate: string, decimal: BigDecimal.BigDecimal] | undefined
  for (const rate of Object.values(rates)) {
    const decimal = decimalOf(rate)
    if (decimal !== undefined && (most === undefined || BigDecimal.isGreaterThan(decimal, most[1]))) {
      most = [rate, decimal]
    }
  }
  return most?.[0]
}

/** The rate for a modality. If the server did not name it, it is text, unless the modalities differ in price. */
const rateOf = (rates: Rates | undefined, modality: string, unnamed: Options["unnamed"]): string | undefined => {
  if (rates === undefined) return undefined
  const any = own(rates, "any")
  if (modality !== "any") return own(rates, modality) ?? any
  const all = [...new Set(Object.values(rates))]
  if (any !== undefined || all.length === 1) return any ?? all[0]
  return unnamed === "dearest" ? dearest(rates) : undefined
}

const priceOn = (known: ReadonlyArray<Price> | undefined, day: string): Price | undefined =>
  known?.findLast(({ from }) => from === undefined || from <= day)

/** The prices of a model, or else of the model whose version or alias the name is. */
const pricesOf = (models: Prices["models"], name: string): ReadonlyArray<Price> | undefined => {
  const known = own(models, name)
  if (known !== undefined) return known
  const model = ModelId.parse(name)
  return Result.isFailure(model)
    ? undefined
    : own(models, model.success) ?? own(models, ModelAlias.stableModel(model.success))
}

/** The price on a day, of the model that answered, or else of the one that was asked for. */
const priceOf = (
  model: string,
  answered: string | null | undefined,
  options: Options,
  { asOf, models }: Prices
): Price | undefined => {
  const day = options.at === undefined ? asOf : new Date(options.at).toISOString().slice(0, 10)
  return priceOn((answered == null ? undefined : pricesOf(models, answered)) ?? pricesOf(models, model), day)
}

/** The prices of a way of serving, and the share of them that is paid. */
interface Served extends Stated {
  readonly prices: ModePrices
  readonly share?: string | undefined
  readonly cachedShare?: string | undefined
}

const served = (price: Price | undefined, mode: string): Served | undefined => {
  if (price === undefined || mode === "standard") {
    return price && { prices: price, source: price.source, asOf: price.asOf }
  }
  const other = mode === "batch" || mode === "flex" || mode === "priority" ? price[mode] : undefined
  if (other === undefined) return undefined
  return "share" in other
    ? { prices: price, share: other.share, cachedShare: other.cachedShare, source: other.source, asOf: other.asOf }
    : { prices: other, source: other.source, asOf: other.asOf }
}

/** The way of serving. Provisioned throughput is paid by time, so its tokens have no price. */
const modeOf = (metadata: Charged["usageMetadata"], { mode }: Options): string =>
  metadata?.trafficType === "PROVISIONED_THROUGHPUT"
    ? "provisioned"
    : mode ?? (metadata?.serviceTier == null || metadata.serviceTier === "unspecified"
      ? "standard"
      : String(metadata.serviceTier))

const groundings = (response: Charged, price: Price | undefined): ReadonlyArray<Item> => {
  const all = (response.candidates ?? []).flatMap(({ groundingMetadata }) => groundingMetadata ?? [])
  const queries = all.reduce(
    (sum, { imageSearchQueries, webSearchQueries }) =>
      sum + (webSearchQueries?.length ?? 0) + (imageSearchQueries?.length ?? 0),
    0
  )
  const item = (kind: "grounding" | "maps", found: number, known: GroundingPrice | undefined): ReadonlyArray<Item> => {
    if (found === 0) return []
    const count = known?.unit === "prompt" ? 1 : found
    return [{ kind, count, amount: amountOf(count, known?.price, 0) }]
  }
  const maps = all.some(({ groundingChunks }) => groundingChunks?.some(({ maps }) => maps != null) === true)
  return [...item("grounding", queries, price?.grounding), ...item("maps", maps ? 1 : 0, price?.maps)]
}

const stated = (cost: Cost, how: Served | undefined, { asOf, source }: Prices): Cost =>
  how === undefined ? cost : { ...cost, stated: { source: how.source ?? source, asOf: how.asOf ?? asOf } }

export const of = (model: string, response: Charged, options: Options, prices: Prices): Cost => {
  const { usageMetadata: metadata } = response
  const price = priceOf(model, response.modelVersion, options, prices)
  const how = served(price, modeOf(metadata, options))
  const items: Array<Item> = []
  if (metadata != null) {
    const usage = Usage.fromMetadata(metadata)
    const long = how?.prices.long
    const rates = long !== undefined && usage.promptTokens > long.above ? long : how?.prices
    const tokens = (
      kind: Item["kind"],
      counts: ReadonlyArray<readonly [string, number]>,
      of: Rates | undefined,
      share = how?.share
    ) => {
      for (const [modality, count] of counts) {
        items.push({
          kind,
          modality,
          count,
          amount: amountOf(count, rateOf(of, modality, options.unnamed), million, share)
        })
      }
    }
    const { cached, thoughts } = rates ?? {}
    tokens(
      "input",
      byModality(usage.promptTokens - usage.cachedTokens, metadata.promptTokensDetails, metadata.cacheTokensDetails),
      rates?.input
    )
    const isCachedPriced = how?.share === undefined || how.cachedShare !== undefined
    const cachedRates = !isCachedPriced ? undefined : typeof cached === "string" ? { any: cached } : cached
    tokens(
      "cached",
      byModality(usage.cachedTokens, metadata.cacheTokensDetails, undefined),
      cachedRates,
      how?.cachedShare
    )
    tokens(
      "toolUse",
      byModality(usage.toolUsePromptTokens, metadata.toolUsePromptTokensDetails, undefined),
      rates?.input
    )
    tokens("output", byModality(usage.candidatesTokens, metadata.candidatesTokensDetails, undefined), rates?.output)
    tokens(
      "thoughts",
      usage.thoughtsTokens > 0 ? [["TEXT", usage.thoughtsTokens]] : [],
      thoughts === undefined ? rates?.output : { any: thoughts }
    )
  }
  return stated(summed([...items, ...groundings(response, price)]), how, prices)
}

const hour = 3_600_000n
/** Amounts by the hour are rounded up to the picodollar. */
const pico = 12

export const storage = (
  model: string,
  kept: { readonly tokens: number; readonly duration: Duration.Input },
  options: Options,
  prices: Prices
): Cost => {
  const price = priceOf(model, undefined, options, prices)
  const how = served(price, options.mode ?? "standard")
  const rate = how?.share === undefined ? decimalOf(how?.prices.storage) : undefined
  const millis = whole(Duration.toMillis(Duration.fromInputUnsafe(kept.duration)))
  const rounded = rate &&
    BigDecimal.scale(BigDecimal.multiply(rate, BigDecimal.make(whole(kept.tokens), million)), pico + million)
  const per = hour * 10n ** BigInt(million)
  const amount = rounded && BigDecimal.normalize(BigDecimal.make((rounded.value * millis + per - 1n) / per, pico))
  return stated(summed([{ kind: "storage", modality: "any", count: kept.tokens, amount }]), how, prices)
}
