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

it("a count of no token lowers nothing that is known", () => {
  const estimate = estimateOf({ contents: [Content.user("x".repeat(800))] })
  const known = new Corrections()
  known.hear(estimate, { promptTokenCount: 2_000 }, true)
  for (let answer = 0; answer < 40; answer++) known.hear(estimate, { promptTokenCount: 0 }, true)
  assert.strictEqual(known.applied(estimate, 1_000_000), 2_000)
})

describe("what is given back near midnight", () => {
  it("is no longer counted for either day, however often", () => {
    const window = make()
    const positions = [1, 2, 3].map(() => window.take(midnight - 10, limits, 5))
    for (const position of positions.toReversed()) window.cancel(position, midnight - 10)
    assert.deepInclude(window.read(midnight - 1, limits), { requests: 0, tokens: 0, today: 0, inFlight: 0 })
    assert.strictEqual(todayAt(window, midnight + margin), 0)
  })

  it("of what was charged counts for both days, too, and is not below nothing", () => {
    const window = make()
    window.charge(midnight - margin, 3, [5, 6])
    assert.deepInclude(window.read(midnight - 1, limits), { requests: 2, tokens: 11, today: 5, inFlight: 0 })
    assert.strictEqual(todayAt(window, midnight + margin), 5)
    const early = make()
    early.charge(midnight - margin - 1, 3, [5])
    assert.strictEqual(todayAt(early, midnight - 1), 4)
    assert.strictEqual(todayAt(early, midnight + margin), 0)
    const position = early.take(midnight + 10, limits, 1)
    early.cancel(position, midnight + 10)
    early.cancel(position, midnight + 10)
    assert.strictEqual(todayAt(early, midnight + 20), 0)
  })
})

describe("a lane's minute", () => {
  const noon = midnight + 12 * 3_600_000
  const span = 60_000 + margin
  const stays = { ...limits, rpm: 100, tpm: 100_000 }

  it("keeps the places of its entries where there are more than sixteen, and forgets each at its own time", () => {
    const window = make()
    const wide = { ...stays, rpd: Infinity, concurrency: 100 }
    const positions = Array.from({ length: 40 }, (_, nth) => window.take(noon + nth, wide, nth + 1))
    assert.deepStrictEqual(positions, Array.from({ length: 40 }, (_, nth) => nth))
    window.settle(noon + 50, 20, 21, 1_000)
    window.cancel(30, noon + 30)
    assert.deepInclude(window.read(noon + 50, wide), { requests: 39, tokens: 820 - 21 + 1_000 - 31, inFlight: 39 })
    assert.deepInclude(window.read(noon + span - 1, wide), { requests: 39 })
    assert.deepInclude(window.read(noon + span, wide), { requests: 38, tokens: 820 - 21 + 1_000 - 31 - 1 })
    assert.deepInclude(window.read(noon + span + 19, wide), { requests: 19 })
    assert.deepInclude(window.read(noon + span + 20, wide), { requests: 18, tokens: 820 - 231 - 31 })
    assert.deepInclude(window.read(noon + span + 39, wide), { requests: 0, tokens: 0 })
  })

  it("owes a count that comes late and is higher, and nothing for one that is lower", () => {
    const window = make()
    const position = window.take(noon, stays, 10)
    window.settle(noon + span - 1, position, 10, 15)
    assert.strictEqual(window.read(noon + span - 1, stays).tokens, 15)
    window.settle(noon + span, position, 15, 15)
    assert.strictEqual(window.read(noon + span, stays).tokens, 0)
    window.settle(noon + span, position, 15, 5)
    assert.strictEqual(window.read(noon + span, stays).tokens, 0)
    window.settle(noon + span, position, 15, 22)
    assert.deepInclude(window.read(noon + span, stays), { requests: 0, tokens: 7 })
    assert.strictEqual(window.read(noon + 2 * span - 1, stays).tokens, 7)
    assert.strictEqual(window.read(noon + 2 * span, stays).tokens, 0)
  })

  it("has room at its bounds, and none above them; a request above the whole budget goes alone", () => {
    const taken = (bound: object, tokens: ReadonlyArray<number>) => {
      const window = make()
      return tokens.map((each) => window.take(noon, { ...limits, ...bound }, each) >= 0)
    }
    assert.deepStrictEqual(taken({ rpm: 2 }, [1, 1, 1]), [true, true, false])
    assert.deepStrictEqual(taken({ rpd: 2 }, [1, 1, 1]), [true, true, false])
    assert.deepStrictEqual(taken({ concurrency: 2 }, [1, 1, 1]), [true, true, false])
    assert.deepStrictEqual(taken({ tpm: 10 }, [4, 6, 1]), [true, true, false])
    assert.deepStrictEqual(taken({ tpm: 10 }, [4, 7, 6]), [true, false, true])
    assert.deepStrictEqual(taken({ tpm: 10 }, [11, 1]), [true, false])
    assert.deepStrictEqual(taken({ tpm: 10 }, [1, 11]), [true, false])
    assert.deepStrictEqual(taken({ rpm: 0 }, [1]), [false])
  })

  it("says when a refused request may ask again: by the entry that must leave, the day, a pause, or a call's end", () => {
    const asked = (bound: object, tokens: number, change: (window: LaneWindow) => void = () => {}) => {
      const window = make()
      window.take(noon, stays, 4)
      window.take(noon + 100, stays, 6)
      change(window)
      assert.isBelow(window.take(noon + 200, { ...stays, ...bound }, tokens), 0)
      return [window.retryAt, window.resetAt] as const
    }
    assert.deepStrictEqual(asked({ rpm: 2 }, 1), [noon + span, undefined])
    assert.deepStrictEqual(asked({ rpm: 1 }, 1), [noon + 100 + span, undefined])
    assert.deepStrictEqual(asked({ tpm: 10 }, 4), [noon + span, undefined])
    assert.deepStrictEqual(asked({ tpm: 10 }, 5), [noon + 100 + span, undefined])
    assert.deepStrictEqual(asked({ tpm: 10 }, 11), [noon + 100 + span, undefined])
    assert.deepStrictEqual(asked({ rpm: 2, tpm: 10 }, 5), [noon + 100 + span, undefined])
    assert.deepStrictEqual(asked({ concurrency: 2 }, 1), [Infinity, undefined])
    const tomorrow = midnight + 86_400_000
    assert.deepStrictEqual(asked({ rpd: 2 }, 1), [tomorrow, tomorrow])
    assert.deepStrictEqual(asked({ rpd: 2, rpm: 2 }, 1), [tomorrow, tomorrow])
    assert.deepStrictEqual(asked({}, 1, (window) => window.pause(noon + 150, 70)), [noon + 220, undefined])
    assert.deepStrictEqual(asked({ rpm: 2 }, 1, (window) => window.pause(noon + 150, 70)), [noon + span, undefined])
    assert.deepStrictEqual(asked({}, 1, (window) => window.park(noon + 500)), [noon + 500, noon + 500])
    assert.deepStrictEqual(asked({ rpd: 2 }, 1, (window) => window.park(tomorrow + 1)), [tomorrow + 1, tomorrow + 1])
    assert.deepStrictEqual(asked({ rpm: 2 }, 1, (window) => window.park(noon + 200)), [noon + span, undefined])
  })

  it("pauses twice as long with each refusal that names no delay, up to a minute, and anew after a quiet minute", () => {
    const window = make()
    let now = noon
    const pauses: Array<number> = []
    for (let refusal = 0; refusal < 8; refusal++) {
      window.pause(now, undefined)
      pauses.push(window.pausedUntil - now)
      // What is refused meanwhile says the same.
      window.pause(window.pausedUntil - 1, undefined)
      now = window.pausedUntil
    }
    assert.deepStrictEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
    const quiet = window.pausedUntil + span
    window.pause(quiet - 1, undefined)
    assert.strictEqual(window.pausedUntil, quiet - 1 + 60_000)
    const later = window.pausedUntil + span
    window.pause(later, undefined)
    assert.strictEqual(window.pausedUntil, later + 1_000)
    // A delay that is named is kept, and shortens none.
    window.pause(later, 5_000)
    assert.strictEqual(window.pausedUntil, later + 5_000)
    window.pause(later, 3_000)
    assert.strictEqual(window.pausedUntil, later + 5_000)
    assert.isBelow(window.take(later + 4_999, stays, 1), 0)
    assert.isAtLeast(window.take(later + 5_000, stays, 1), 0)
  })

  it("shows what is taken, what was learned, and until when nothing goes", () => {
    const window = make()
    window.take(noon, stays, 40)
    assert.deepStrictEqual(window.read(noon, stays), {
      requests: 1,
      tokens: 40,
      today: 1,
      inFlight: 1,
      freeIn: 0,
      parkedUntil: undefined,
      exhausted: false,
      learned: undefined
    })
    window.teach(noon, { counts: "requests", limit: 20 }, stays)
    const learned = window.read(noon, stays).learned
    assert.deepInclude(learned, { rpm: 20, tpm: undefined, risesAt: noon + 10 * span })
    assert.strictEqual(learned?.until, noon + 17 * span)
    window.teach(noon + 1, { counts: "tokens", limit: 50_000 }, stays)
    assert.deepInclude(window.read(noon + 1, stays).learned, { rpm: 20, tpm: 50_000, risesAt: noon + 10 * span })
    window.pause(noon + 1, 100)
    assert.deepInclude(window.read(noon + 100, stays), { parkedUntil: noon + 101, exhausted: false, freeIn: 1 })
    window.park(noon + 200)
    assert.deepInclude(window.read(noon + 101, stays), { parkedUntil: noon + 200, exhausted: true, freeIn: 99 })
    assert.deepInclude(window.read(noon + 200, stays), { parkedUntil: undefined, exhausted: false, freeIn: 0 })
    assert.isTrue(window.read(noon + 200, { ...stays, rpd: 1 }).exhausted)
    assert.isFalse(window.read(noon + 200, { ...stays, rpd: 2 }).exhausted)
    assert.strictEqual(
      window.read(noon + 200, { ...stays, rpd: Infinity }, { requests: 20, tokens: 1 }).freeIn,
      span - 200
    )
  })
})
