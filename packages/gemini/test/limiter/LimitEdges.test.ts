/** What a lane counts of a day to the millisecond, when it may be forgotten, and which limits are none. */
import { assert, describe, it } from "@effect/vitest"
import * as Tier from "effect-gemini/limits/Tier"
import * as Content from "effect-gemini/wire/Content"
import { Corrections } from "../../src/internal/limiter/Corrections.ts"
import { LaneWindow } from "../../src/internal/limiter/LaneWindow.ts"
import { estimateOf } from "../../src/internal/limiter/tokenEstimate.ts"

// Midnight in California.
const midnight = Date.parse("2026-11-30T08:00:00Z")
const margin = 50
const limits: Tier.Limits = { rpm: 10, tpm: 1_000, rpd: 10, concurrency: 10 }
const make = () => new LaneWindow(60_000, margin)
const todayAt = (window: LaneWindow, now: number) => window.read(now, limits).today

describe("a request near midnight", () => {
  it("counts for both days within the margin, and for its own before it", () => {
    for (const [before, after] of [[margin + 1, 0], [margin, 1], [1, 1]] as const) {
      const window = make()
      window.take(midnight - before, limits, 1)
      assert.strictEqual(todayAt(window, midnight - 1), 1, `${before}`)
      assert.strictEqual(todayAt(window, midnight + margin), after, `${before}`)
    }
  })

  it("that was never sent is given back to each day for which it counts", () => {
    const window = make()
    const early = window.take(midnight - margin - 1, limits, 1)
    const late = window.take(midnight - 1, limits, 1)
    window.take(midnight - 1, limits, 1)
    assert.strictEqual(todayAt(window, midnight - 1), 3)
    window.cancel(late, midnight - 1)
    window.cancel(early, midnight - margin - 1)
    assert.strictEqual(todayAt(window, midnight - 1), 1)
    assert.strictEqual(todayAt(window, midnight + margin), 1)
  })

  it("of yesterday takes nothing from today when it is given back", () => {
    const window = make()
    const yesterday = window.take(midnight - 1_000, limits, 1)
    window.take(midnight + 1_000, limits, 1)
    assert.strictEqual(todayAt(window, midnight + 1_000), 1)
    window.cancel(yesterday, midnight - 1_000)
    assert.strictEqual(todayAt(window, midnight + 1_000), 1)
  })
})

describe("a lane may be forgotten", () => {
  const noon = midnight + 12 * 3_600_000

  it("once its minute is empty, its day too where days are limited, and no call is in flight", () => {
    const window = make()
    assert.isTrue(window.isIdle(noon, limits))
    window.take(noon, limits, 1)
    window.release()
    const minute = 60_000 + margin
    assert.isFalse(window.isIdle(noon + minute - 1, { ...limits, rpd: Infinity }))
    assert.isTrue(window.isIdle(noon + minute, { ...limits, rpd: Infinity }))
    assert.isFalse(window.isIdle(noon + minute, limits))
    assert.isTrue(window.isIdle(noon + 86_400_000, limits))
    const busy = make()
    busy.take(noon, limits, 1)
    assert.isFalse(busy.isIdle(noon + 86_400_000, limits))
    busy.release()
    assert.isTrue(busy.isIdle(noon + 86_400_000, limits))
  })
})

it("a limit is a whole number from 0 up, or none, under a name that there is", () => {
  for (const rpm of [0, 1, 2_000, Infinity]) assert.isUndefined(Tier.problem({ rpm, tpm: 1, rpd: 1, concurrency: 1 }))
  for (const rpm of [-1, 0.5, Number.NaN, -Infinity, "5", null, undefined, true]) {
    const problem = Tier.problem({ concurrency: 1, rpm })
    assert.strictEqual(problem?.key, "rpm", String(rpm))
    assert.match(problem?.description ?? "", /^expected a whole number of at least 0, or no limit \(inf\), got /)
  }
  assert.strictEqual(Tier.problem({ rps: 1 })?.key, "rps")
  assert.isUndefined(Tier.problem({ sessions: 3 }))
})

it("a count of no token, or none, teaches nothing", () => {
  const estimate = estimateOf({ contents: [Content.user("x".repeat(800))] })
  for (const metadata of [{ promptTokenCount: 0 }, {}, null, undefined]) {
    const known = new Corrections()
    known.hear(estimate, metadata, true)
    assert.strictEqual(known.revision, 0)
    assert.strictEqual(known.applied(estimate, 1_000_000), 200)
  }
})
