/**
 * Which way of serving is the cheapest that is still in time, by what was seen so far. Pure.
 *
 * Two things always hold. There is time left for the standard way: whatever is tried before it ends `lead` before the
 * deadline. And all that was paid and may still have to be paid is no more than the dearest way alone would have cost, so
 * what might be billed twice is tried only where there is room for that.
 */

/** The ways, from the slowest to the fastest. */
export const ways = ["batch", "flex", "standard", "priority"] as const

export type ServingWay = (typeof ways)[number]

/** What was seen of one way: how long it took, `Infinity` where it did not come to an answer; and when. */
export interface Seen {
  readonly millis: number
  readonly at: number
}

export type History = Readonly<Record<ServingWay, ReadonlyArray<Seen>>>

export const nothing: History = { batch: [], flex: [], standard: [], priority: [] }

/** How many are remembered of a way, and for how long: what was seen is of use while the server is as it was. */
const most = 100
export const remembered = 86_400_000

/** From so many on, what was seen says how long a way takes; before that, what Google says does. */
const enough = 5

/** Nine of ten take no longer. */
const share = 0.9

/**
 * How long the ways take if nothing is known: batches within 24 hours, flex within 15 minutes (Google's targets of 2026);
 * a minute, and half of it, are ours.
 */
const targets: Readonly<Record<ServingWay, number>> = {
  batch: 24 * 3_600_000,
  flex: 15 * 60_000,
  standard: 60_000,
  priority: 30_000
}

export const saw = (history: History, way: ServingWay, seen: Seen): History => ({
  ...history,
  [way]: [...history[way].filter(({ at }) => seen.at - at < remembered), seen].slice(-most)
})

/** How long a way takes, at most, nine times of ten. */
export const needOf = (history: History, way: ServingWay, now: number): number => {
  const seen = history[way].filter(({ at }) => now - at < remembered).map(({ millis }) => millis).sort((a, b) => a - b)
  return seen.length < enough ? targets[way] : seen[Math.ceil(share * seen.length) - 1] ?? Infinity
}

export interface Situation {
  readonly now: number
  /** The deadline, milliseconds since the epoch as all times here. */
  readonly end: number
  /** How much time is kept for the standard way. */
  readonly lead: number
  /** What each way costs, in one unit; a way without a price is not chosen. */
  readonly prices: Readonly<Partial<Record<ServingWay, number>>>
  /** What may have to be paid for what was tried before. */
  readonly committed: number
  readonly history: History
  /** Ways that failed this call already, and are not tried again. */
  readonly failed: ReadonlySet<ServingWay>
}

export interface Choice {
  readonly way: ServingWay
  /** When it is given up for another way; `Infinity`: never. */
  readonly until: number
}

/** The most that all ways together may cost. */
export const mostOf = ({ priority, standard = 0 }: Situation["prices"]): number => priority ?? 2 * standard

/** Ways that leave the time and the money for the standard one, if they do not come to an answer. */
const isEarly = (way: ServingWay): boolean => way === "batch" || way === "flex"

export const choose = (situation: Situation): Choice => {
  const { committed, end, failed, history, lead, now, prices } = situation
  const { priority, standard = Infinity } = prices
  const last = end - lead
  const early = ways.filter(isEarly).flatMap((way) => {
    const price = prices[way]
    if (price === undefined || failed.has(way) || price > standard) return []
    const need = needOf(history, way, now)
    const isInTime = now + need <= last
    const isPayable = committed + price + standard <= mostOf(prices)
    return isInTime && isPayable ? [{ way, price, need }] : []
  }).sort((a, b) => a.price - b.price || a.need - b.need)
  const [first] = early
  if (first !== undefined) return { way: first.way, until: last }
  const isFasterNeeded = failed.has("standard") || now + needOf(history, "standard", now) > end
  const isFaster = needOf(history, "priority", now) < needOf(history, "standard", now) || failed.has("standard")
  const isPayable = priority !== undefined && committed + priority <= mostOf(prices)
  return {
    way: isFasterNeeded && isFaster && isPayable && !failed.has("priority") ? "priority" : "standard",
    until: Infinity
  }
}
