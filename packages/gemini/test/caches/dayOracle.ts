/**
 * Days of calls at random, and what an oracle says of them. It shares nothing with the rule: each answer is worked out anew
 * from the times of the calls.
 */
import type { PrefixPrices } from "../../src/internal/caches/PayOff.ts"

const day = 86_400_000

/** mulberry32 */
export const dice = (seed: number) => {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** The times of a day's calls, in milliseconds: steady, in bursts, in office hours, or a few at random. */
export const randomDay = (seed: number): { readonly times: ReadonlyArray<number>; readonly rest: number } => {
  const random = dice(seed)
  const kind = Math.floor(random() * 5)
  const rest = random() < 0.5 ? 0 : random() * 0.6
  const times: Array<number> = []
  let now = random() * day / 12
  const mean = 60_000 * 2 ** (random() * 9)
  while (now < day && times.length < 150) {
    times.push(Math.floor(now))
    const spread = -Math.log(1 - random())
    switch (kind) {
      case 0:
        now += mean
        break
      case 1:
        now += random() < 0.75 ? 20_000 * spread : 3 * mean * spread
        break
      case 2:
        now += mean * spread * (now % day > 0.3 * day && now % day < 0.75 * day ? 0.3 : 6)
        break
      case 3:
        now += day * random() / 3
        break
      default:
        now += mean * spread
    }
  }
  return { times, rest }
}

/** The least that the calls of a day can cost for whoever knows all of them: kept or not kept between any two of them. */
export const leastOfDay = (prices: PrefixPrices, times: ReadonlyArray<number>): number => {
  const [without, kept] = standings(prices, times)
  return Math.min(without, kept)
}

/** The least for the calls so far without a cache after the last one, and with one. */
const standings = (
  { cached, creation, inline, storage }: PrefixPrices,
  times: ReadonlyArray<number>
): readonly [without: number, kept: number] => {
  let without = 0
  let kept = Number.POSITIVE_INFINITY
  times.forEach((time, i) => {
    const stored = storage * (time - (times[i - 1] ?? time))
    const before = Math.min(without, kept)
    const cheapest = Math.min(kept + stored, before + creation)
    without = before + inline
    kept = cheapest + cached
  })
  return [Math.min(without, kept), kept]
}

/** What is known at the last of these calls: the choices at the others, `undefined` where a cache was there. */
const shouldCreate = (
  prices: PrefixPrices,
  times: ReadonlyArray<number>,
  choices: ReadonlyArray<boolean | undefined>,
  beside: number
): boolean | undefined => {
  const { cached, creation, inline, storage } = prices
  const hold = Math.min(creation, inline - cached) / storage
  const now = times.at(-1) ?? 0
  const lives: Array<{ readonly from: number; until: number }> = []
  choices.forEach((choice, i) => {
    const time = times[i] ?? 0
    const last = lives.at(-1)
    if (choice === true) lives.push({ from: time, until: time + hold })
    else if (choice === undefined && last !== undefined) last.until = time + hold
  })
  if (now < (lives.at(-1)?.until ?? 0)) return undefined
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? time)).slice(-8)
  const short = gaps.filter((gap) => gap <= hold).length
  if ((short + 1) / (gaps.length + 2) >= 0.5) return true
  const inlined = choices.filter((choice) => choice === false).length
  const stored = lives.reduce((sum, { from, until }) => sum + storage * (until - from), 0)
  const paid = inlined * inline + (choices.length - inlined) * cached + lives.length * creation + stored
  // Twice the least is left over if this call goes inline, and if then a cache is made for another one that is the last.
  const least = leastOfDay(prices, times)
  const once = 2 * least - (paid + inline)
  const twice = 2 * leastOfDay(prices, [...times, now]) - (paid + inline + creation + cached + storage * hold)
  return Math.min(once, twice) + choices.length * beside < -1e-9 * inline
}

/** At each call, whether a cache is made; `undefined` where one is there. Every answer is worked out anew. */
export const choicesOf = (
  prices: PrefixPrices,
  times: ReadonlyArray<number>,
  beside: number
): ReadonlyArray<boolean | undefined> => {
  const choices: Array<boolean | undefined> = []
  for (let i = 0; i < times.length; i++) choices.push(shouldCreate(prices, times.slice(0, i + 1), choices, beside))
  return choices
}
