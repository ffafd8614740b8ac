/**
 * When a cache pays: the rule against an oracle that knows only what it knows, and against one that knows the whole day.
 */
import { assert, describe, it } from "@effect/vitest"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import { PayOff, type PrefixPrices } from "../../src/internal/caches/PayOff.ts"
import { choicesOf, leastOfDay, randomDay } from "./dayOracle.ts"

const days = sizeOf("16.4", { test: 2_000, prove: 100_000 })
const seed = seedOf("16.4", 20_261_129)

const hour = 3_600_000

/** Prices of a prefix in shares of one inline call; storage by the hour. */
const priced = (cached: number, creation: number, storage: number): PrefixPrices => ({
  inline: 1,
  cached,
  creation,
  storage: storage / hour
})

const prices = [priced(0.1, 1, 0.67), priced(0.1, 1, 3.4), priced(0.25, 1, 3.6), priced(0.1, 0.6, 2), priced(0.5, 1, 1)]

/** Plays a day: calls at these times, each with what it costs beside the prefix. */
const played = (of: PrefixPrices, times: ReadonlyArray<number>, rest: number) => {
  const rule = new PayOff(of)
  let until = -1
  let created = 0
  const choices: Array<boolean | undefined> = []
  for (const now of times) {
    rule.arrived(now)
    let isHit = now < until
    const choice = isHit ? undefined : rule.shouldCreate(now)
    choices.push(choice)
    if (choice === true) {
      isHit = true
      created++
      until = now + rule.hold
      rule.created(now, until)
    }
    rule.served(now, { isHit, rest })
    if (isHit) {
      until = now + rule.hold
      rule.endsAt(now, until)
    }
  }
  rule.endsAt(Math.max(until, times.at(-1) ?? 0), until)
  return { choices, created, paid: rule.paid, uncached: rule.uncached }
}

describe("when a cache pays", () => {
  it("chooses as an oracle does that knows only what the rule knows", () => {
    for (let day = 0; day < days / 10; day++) {
      const { rest, times } = randomDay(seed + day)
      const of = prices[day % prices.length] ?? priced(0.1, 1, 1)
      assert.deepStrictEqual(played(of, times, rest).choices, choicesOf(of, times, rest), `day ${day}`)
    }
  })

  it("never costs more than twice what the day costs whoever knows all of it", () => {
    let most = 0
    for (let day = 0; day < days; day++) {
      const { rest, times } = randomDay(seed + day)
      const of = prices[day % prices.length] ?? priced(0.1, 1, 1)
      const { paid } = played(of, times, rest)
      const beside = rest * times.length
      const ratio = (paid + beside) / (leastOfDay(of, times) + beside)
      assert.isAtMost(ratio, 2 + 1e-9, `day ${day}`)
      most = Math.max(most, ratio)
    }
    process.stdout.write(`PayOff: at most ${most.toFixed(3)} times the least in ${days} days\n`)
  })

  it("holds the bound against calls that come just after the cache has gone, and against pairs", () => {
    for (const of of prices) {
      const { hold } = new PayOff(of)
      const gaps: ReadonlyArray<ReadonlyArray<number>> = [[hold + 1], [0, hold + 1], [hold + 1, hold - 1], [
        0,
        0,
        3 * hold
      ]]
      for (const pattern of gaps) {
        let now = 0
        const times = Array.from({ length: 40 }, (_, i) => now += pattern[i % pattern.length] ?? 0)
        assert.isAtMost(played(of, times, 0).paid / leastOfDay(of, times), 2 + 1e-9)
      }
    }
  })

  it("saves most of a busy day, and gives caches up where the calls come too late for them", () => {
    const of = priced(0.1, 1, 0.67)
    const { hold } = new PayOff(of)
    const busy = played(of, Array.from({ length: 100 }, (_, i) => i * 60_000), 0.1)
    assert.isBelow(busy.paid, 0.15 * busy.uncached)
    const sparse = played(of, Array.from({ length: 50 }, (_, i) => i * 2 * hold), 0.1)
    assert.isAtMost(sparse.created, 6)
    assert.isBelow(sparse.paid, 1.15 * sparse.uncached)
  })
})
