/**
 * The choice of the cheapest way, against an oracle that knows what it knows, and against one that knows the future.
 *
 * 40 worlds of 50 calls here, 4,000 under `pnpm prove 17.3`.
 */
import { assert, describe, it } from "@effect/vitest"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as WayChoice from "../../src/internal/batches/wayChoice.ts"

const line = "17.3"
const worlds = sizeOf(line, { test: 40, prove: 4_000 })
const situations = sizeOf(line, { test: 3_000, prove: 300_000 })

let state = seedOf(line, 1_703)
const random = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return state / 2 ** 32
}
const between = (low: number, high: number): number => low + random() * (high - low)
/** A number between two, each of their magnitudes alike. */
const spread = (low: number, high: number): number => Math.exp(between(Math.log(low), Math.log(high)))
const pick = <A>(...items: ReadonlyArray<A>): A | undefined => items[Math.floor(random() * items.length)]

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const lead = 10 * minute

type Way = WayChoice.ServingWay

/** What a way takes, as the rule's own words say it: the least time in which nine of ten of those seen were done. */
const needed = (seen: ReadonlyArray<WayChoice.Seen>, now: number, otherwise: number): number => {
  const fresh = seen.filter(({ at }) => at > now - 24 * hour)
  if (fresh.length < 5) return otherwise
  const times = fresh.map(({ millis }) => millis)
  const isEnough = (bound: number) => times.filter((millis) => millis <= bound).length >= 0.9 * times.length
  return Math.min(...times.filter(isEnough), Infinity)
}

const said: Readonly<Record<Way, number>> = {
  batch: 24 * hour,
  flex: 15 * minute,
  standard: minute,
  priority: minute / 2
}

/** Every way by itself, with all that a way may be refused for; then the cheapest of those that are left. */
const oracle = ({ committed, end, failed, history, now, prices }: WayChoice.Situation): Way => {
  const need = (way: Way) => needed(history[way], now, said[way])
  const cap = prices.priority ?? 2 * (prices.standard ?? 0)
  const left: Array<{ readonly way: Way; readonly price: number }> = []
  for (const way of ["batch", "flex"] as const) {
    const price = prices[way]
    if (price === undefined) continue
    if (failed.has(way)) continue
    if (need(way) > end - now - lead) continue
    if (price > (prices.standard ?? Infinity)) continue
    if (committed + price + (prices.standard ?? Infinity) > cap) continue
    left.push({ way, price })
  }
  let best: (typeof left)[number] | undefined
  for (const one of left) {
    const isBetter = best === undefined || one.price < best.price ||
      one.price === best.price && need(one.way) < need(best.way)
    if (isBetter) best = one
  }
  if (best !== undefined) return best.way
  const canPay = prices.priority !== undefined && committed + prices.priority <= cap
  if (failed.has("priority") || !canPay) return "standard"
  if (failed.has("standard")) return "priority"
  return need("standard") > end - now && need("priority") < need("standard") ? "priority" : "standard"
}

const someHistory = (now: number): WayChoice.History => {
  const some = (typical: number) =>
    Array.from({ length: Math.floor(between(0, 30)) }, () => ({
      millis: random() < 0.1 ? Infinity : spread(typical / 10, typical * 10),
      at: now - between(0, 30 * hour)
    }))
  return { batch: some(4 * hour), flex: some(5 * minute), standard: some(30 * second), priority: some(10 * second) }
}

const pricesOf = (): WayChoice.Situation["prices"] => {
  const batch = pick(0.5, 0.5, 0.4, undefined)
  const flex = pick(0.5, 0.5, 0.6, undefined)
  const priority = pick(1.8, 1.5, 2.5, undefined)
  return {
    ...(batch === undefined ? {} : { batch }),
    ...(flex === undefined ? {} : { flex }),
    standard: 1,
    ...(priority === undefined ? {} : { priority })
  }
}

describe("the choice", () => {
  it(`is that of an oracle that knows what it knows, in ${situations} situations`, () => {
    const count: Partial<Record<Way, number>> = {}
    for (let i = 0; i < situations; i++) {
      const now = 1e12
      const situation: WayChoice.Situation = {
        now,
        end: now + spread(second, 40 * hour),
        lead,
        prices: pricesOf(),
        committed: pick(0, 0, 0.5, 1) ?? 0,
        history: someHistory(now),
        failed: new Set(WayChoice.ways.filter(() => random() < 0.15))
      }
      const { way } = WayChoice.choose(situation)
      assert.strictEqual(way, oracle(situation), JSON.stringify(situation))
      count[way] = (count[way] ?? 0) + 1
    }
    process.stdout.write(`choices: ${JSON.stringify(count)}\n`)
    // Every way was chosen somewhere, so the comparison was about all of them.
    for (const way of WayChoice.ways) assert.isAbove(count[way] ?? 0, situations / 500)
  })

  it("forgets what is older than a day, and keeps the newest hundred", () => {
    let history = WayChoice.nothing
    for (let at = 0; at < 300; at++) history = WayChoice.saw(history, "flex", { millis: 1, at: at * minute })
    assert.lengthOf(history.flex, 100)
    assert.strictEqual(WayChoice.needOf(history, "flex", 300 * minute), 1)
    assert.strictEqual(WayChoice.needOf(history, "flex", 300 * minute + 24 * hour), said.flex)
    assert.lengthOf(WayChoice.saw(history, "flex", { millis: 2, at: 100 * hour }).flex, 1)
  })
})

/** One call of a world: how long each way would take, which of them would fail, and what a cut batch may cost. */
interface Fate {
  readonly takes: Readonly<Record<Way, number>>
  readonly fails: ReadonlySet<Way>
  readonly isBilledWhenCut: boolean
}

const quantile = (numbers: ReadonlyArray<number>, share: number): number =>
  [...numbers].sort((a, b) => a - b)[Math.ceil(share * numbers.length) - 1] ?? Number.NaN

describe("calls in worlds of all kinds", () => {
  it(`miss no deadline that standard would have met, and cost no more than priority, in ${worlds} worlds`, () => {
    const ratios: Array<number> = []
    const ways: Partial<Record<Way, number>> = {}
    let [calls, missed, possible, saved] = [0, 0, 0, 0]
    for (let world = 0; world < worlds; world++) {
      const prices = { batch: 0.5, flex: pick(0.5, 0.6) ?? 0.5, standard: 1, priority: pick(1.5, 1.8, 2.5) ?? 1.8 }
      const typical = {
        batch: spread(5 * minute, 20 * hour),
        flex: spread(20 * second, 20 * minute),
        standard: spread(2 * second, 2 * minute)
      }
      const stuck = pick(0, 0.02, 0.3) ?? 0
      const shed = pick(0, 0.05, 0.5) ?? 0
      let history = WayChoice.nothing
      let now = 1e12
      for (let call = 0; call < 50; call++) {
        const standard = Math.min(lead, typical.standard * spread(0.3, 6))
        const fate: Fate = {
          takes: {
            batch: random() < stuck ? Infinity : typical.batch * spread(0.2, 5),
            flex: typical.flex * spread(0.3, 4),
            standard,
            // It is never slower than the standard way would have been for the same request.
            priority: standard * between(0.1, 1)
          },
          fails: new Set(random() < shed ? ["flex" as const] : []),
          isBilledWhenCut: random() < 0.3
        }
        const end = now + spread(30 * second, 36 * hour)
        const failed = new Set<Way>()
        let [at, cost, committed] = [now, 0, 0]
        for (let answered = false; !answered;) {
          const { until, way } = WayChoice.choose({ now: at, end, lead, prices, committed, history, failed })
          const from = at
          if (fate.fails.has(way)) {
            at += 5 * second
            history = WayChoice.saw(history, way, { millis: Infinity, at })
            failed.add(way)
          } else if (at + fate.takes[way] > until) {
            at = until
            history = WayChoice.saw(history, way, { millis: Infinity, at })
            failed.add(way)
            if (way !== "batch" || fate.isBilledWhenCut) {
              committed += prices[way]
              cost += prices[way]
            }
          } else {
            at += fate.takes[way]
            history = WayChoice.saw(history, way, { millis: at - from, at })
            cost += prices[way]
            ways[way] = (ways[way] ?? 0) + 1
            answered = true
          }
        }
        calls++
        assert.isAtMost(cost, prices.priority + 1e-9)
        const within = (way: Way) => !fate.fails.has(way) && now + fate.takes[way] <= end
        if (within("standard")) assert.isAtMost(at, end, JSON.stringify({ fate, end: end - now }))
        const best = Math.min(...WayChoice.ways.filter(within).map((way) => prices[way]))
        if (best < Infinity) {
          possible++
          if (at > end) missed++
          else ratios.push(cost / best)
        }
        saved += 1 - cost
        now = Math.max(at, now + spread(minute, 3 * hour))
      }
    }
    const share = (part: number, all = calls) => `${(100 * part / all).toFixed(1)} %`
    process.stdout.write(
      `${calls} calls: ${WayChoice.ways.map((way) => `${way} ${share(ways[way] ?? 0)}`).join(", ")}; ` +
        `${
          share(saved)
        } of the standard price saved; of ${possible} that any way could answer in time ${missed} missed\n` +
        `cost, by that of who knows the future: as little ${
          share(ratios.filter((ratio) => ratio <= 1).length, ratios.length)
        }, ` +
        `median ${quantile(ratios, 0.5).toFixed(2)}, 90 % ${quantile(ratios, 0.9).toFixed(2)}, ` +
        `99 % ${quantile(ratios, 0.99).toFixed(2)}, most ${quantile(ratios, 1).toFixed(2)}\n`
    )
    assert.isAbove(saved / calls, 0)
  }, sizeOf(line, { test: 20_000, prove: 600_000 }))
})
