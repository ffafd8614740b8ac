/** What a prefix costs by the list prices, in dollars. Pure. */
import * as BigDecimal from "effect/BigDecimal"
import * as Cost from "../../Cost.ts"
import * as Usage from "../../wire/Usage.ts"
import type { PrefixPrices } from "./PayOff.ts"

export interface Counted {
  readonly tokens: number
  readonly details: Usage.UsageMetadata["promptTokensDetails"]
}

const dollars = ({ isPartial, total }: Cost.Cost): number | undefined =>
  total === undefined || isPartial ? undefined : Number(BigDecimal.format(total))

const hour = 3_600_000

/** The prices on a day; `undefined` where one of them is not known. `creation` is a share of the inline price. */
export const of = (
  model: string,
  { details, tokens }: Counted,
  options: { readonly at: number; readonly prices: Cost.Prices | undefined; readonly creation: number }
): PrefixPrices | undefined => {
  const { at, creation, prices } = options
  const how = { at, prices, unnamed: "dearest" } as const
  const usage = { promptTokenCount: tokens, promptTokensDetails: details }
  const inline = dollars(Cost.of(model, { usageMetadata: usage }, how))
  const cached = dollars(Cost.of(model, {
    usageMetadata: { ...usage, cachedContentTokenCount: tokens, cacheTokensDetails: details }
  }, how))
  const storage = dollars(Cost.storage(model, { tokens, duration: hour }, how))
  return inline === undefined || cached === undefined || storage === undefined || !(storage > 0)
    ? undefined
    : { inline, cached, creation: inline * creation, storage: storage / hour }
}

/** What an answer of `count` requests cost: for the prefix in each that was not out of our cache, and beside the prefix. */
export const answered = (
  model: string,
  response: Cost.Charged,
  prefix: PrefixPrices & { readonly tokens: number },
  { count, isHit }: { readonly count: number; readonly isHit: boolean },
  options: { readonly at: number; readonly prices: Cost.Prices | undefined }
): { readonly inline: number; readonly rest: number } => {
  const whole = dollars(Cost.of(model, response, { ...options, unnamed: "dearest" }))
  const usage = response.usageMetadata == null ? undefined : Usage.fromMetadata(response.usageMetadata)
  // The server caches prefixes by itself, too.
  const own = isHit ? 0 : Math.min(1, (usage?.cachedTokens ?? 0) / (count * prefix.tokens))
  const inline = prefix.inline - own * (prefix.inline - prefix.cached)
  const shared = count * (isHit ? prefix.cached : inline)
  return { inline, rest: whole === undefined ? 0 : Math.max(0, whole - shared) }
}
