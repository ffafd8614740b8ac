import { assert, describe, it } from "@effect/vitest"
import { backAt, nextPacificMidnight } from "../../src/internal/google/pacificDay.ts"

const midnight = Date.UTC(2026, 5, 2, 7)
const next = Date.UTC(2026, 5, 3, 7)
const second = 1_000
const minute = 60 * second

describe("a day that is spent is back", () => {
  it("at the next midnight in Los Angeles, whatever delay is suggested", () => {
    for (const retryAfter of [undefined, 0, 20 * second]) {
      assert.strictEqual(backAt({ now: midnight - 1, retryAfter }), midnight)
      assert.strictEqual(backAt({ now: midnight - 12 * 60 * minute, retryAfter }), midnight)
      assert.strictEqual(backAt({ now: midnight + 5 * minute, retryAfter }), next)
    }
  })

  it("shortly after, where it is said in the first five minutes of a day", () => {
    for (const now of [midnight, midnight + second, midnight + 5 * minute - 1]) {
      assert.strictEqual(backAt({ now }), now + minute)
      assert.strictEqual(backAt({ now, retryAfter: 20 * second }), now + 20 * second)
      assert.strictEqual(backAt({ now, retryAfter: 0 }), now + second)
      assert.strictEqual(backAt({ now, retryAfter: 60 * minute }), now + minute)
    }
  })

  it("at the server's midnight, where it says its time", () => {
    // Our clock is ahead, by seconds and by hours; then it is behind.
    assert.strictEqual(backAt({ now: midnight + 200, date: midnight - 5 * second }), midnight + 200 + 5 * second)
    assert.strictEqual(backAt({ now: next - 1, date: midnight - second }), next - 1 + second)
    assert.strictEqual(backAt({ now: midnight - 1, date: midnight + 60 * minute }), midnight - 1 + 23 * 60 * minute)
    // By its own clock the day has just begun.
    assert.strictEqual(backAt({ now: midnight - minute, date: midnight + second }), midnight)
  })

  it("on days of 23 and 25 hours", () => {
    // On 8 March and on 1 November 2026 the clocks change at two in the morning.
    assert.strictEqual(backAt({ now: Date.UTC(2026, 2, 8, 9) }), Date.UTC(2026, 2, 9, 7))
    assert.strictEqual(backAt({ now: Date.UTC(2026, 10, 1, 8) }), Date.UTC(2026, 10, 2, 8))
  })

  it("within 25 hours, whatever the server says of its time", () => {
    for (const date of [0, -1e12, 4e12, 8.64e15 - 1e9]) {
      const at = backAt({ now: midnight - 12 * 60 * minute, date })
      assert.isAbove(at, midnight - 12 * 60 * minute)
      assert.isAtMost(at, midnight + 13 * 60 * minute)
    }
  })
})

/** The next midnight by the time zone of `Intl`. */
const intl = new Intl.DateTimeFormat("en-US", {
  timeZone: "America/Los_Angeles",
  hourCycle: "h23",
  year: "numeric",
  month: "numeric",
  day: "numeric",
  hour: "numeric"
})
const parts = (at: number): Record<string, number> =>
  Object.fromEntries(intl.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
const byIntl = (at: number): number => {
  const { day = 0, month = 0, year = 0 } = parts(at)
  const summer = Date.UTC(year, month - 1, day + 1, 7)
  return parts(summer)["hour"] === 0 ? summer : Date.UTC(year, month - 1, day + 1, 8)
}

describe("the next midnight", () => {
  it("is the one of the time zone from 2007 to 2037, in the middle of days and around each change of the clocks", () => {
    const instants: Array<number> = []
    for (let at = Date.UTC(2007, 2, 1); at < Date.UTC(2037, 0, 1); at += 29 * 60 * minute + 1) instants.push(at)
    for (let year = 2007; year < 2037; year++) {
      // The first change lies between the 8th and the 14th of March, the second between the 1st and the 7th of November.
      for (const [month, first] of [[2, 8], [10, 1]] as const) {
        for (let day = first; day < first + 7; day++) {
          for (let hours = 6; hours <= 11; hours++) {
            for (const off of [-1, 0, 1]) instants.push(Date.UTC(year, month, day, hours) + off)
          }
        }
      }
    }
    const wrong = instants.filter((at) => nextPacificMidnight(at) !== byIntl(at))
    assert.deepStrictEqual(wrong.map((at) => new Date(at).toISOString()), [])
  })

  it("needs no time zone, which takes a program 12 to 25 ms to load", () => {
    const { DateTimeFormat } = Intl
    try {
      Intl.DateTimeFormat = undefined as never
      assert.strictEqual(nextPacificMidnight(midnight), next)
    } finally {
      Intl.DateTimeFormat = DateTimeFormat
    }
  })
})
