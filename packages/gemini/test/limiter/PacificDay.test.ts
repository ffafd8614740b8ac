import { assert, describe, it } from "@effect/vitest"
import { backAt } from "../../src/internal/google/pacificDay.ts"

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
