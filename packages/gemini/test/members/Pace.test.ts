import { assert, describe, it } from "@effect/vitest"
import { Pace } from "../../src/internal/members/Pace.ts"

const way = "a/model"
const kind = "generateContent model"

describe("an attempt that ends without a byte", () => {
  it("hangs after ten seconds, or after half of the call's time", () => {
    const pace = new Pace()
    assert.deepStrictEqual([9_999, 10_000].map((now) => pace.hangs(way, 0, now, Infinity)), [false, true])
    assert.deepStrictEqual([1_999, 2_000].map((now) => pace.hangs(way, 0, now, 4_000)), [false, true])
  })

  it("says nothing if somebody else was answered there since it began", () => {
    const pace = new Pace()
    pace.answered(way, kind, 0, 5_000)
    assert.isTrue(pace.hangs(way, 5_000, 15_000, Infinity))
    assert.isFalse(pace.hangs(way, 4_999, 15_000, Infinity))
    assert.isTrue(pace.hangs("b/model", 4_999, 15_000, Infinity))
  })
})

describe("a probe", () => {
  it("may be silent for twice the slowest answer, ten seconds at least, half of what is left at most", () => {
    const pace = new Pace()
    assert.strictEqual(pace.probe(kind, Infinity), 60_000)
    assert.strictEqual(pace.probe(kind, 10_000), 5_000)
    pace.answered(way, kind, 0, 500)
    assert.strictEqual(pace.probe(kind, Infinity), 10_000)
    pace.answered(way, kind, 0, 20_000)
    assert.strictEqual(pace.probe(kind, Infinity), 40_000)
    assert.strictEqual(pace.probe(kind, 60_000), 30_000)
  })

  it("is never cut before an answer could come, however little time its call has", () => {
    const pace = new Pace()
    pace.answered(way, kind, 0, 500)
    assert.strictEqual(pace.probe(kind, 600), 500)
  })

  it("tells that the member hangs only if it was given its time", () => {
    const pace = new Pace()
    pace.answered(way, kind, 0, 500)
    assert.deepStrictEqual([100, 1_999, 2_000].map((waited) => pace.tells(kind, waited, 30_000)), [false, false, true])
    assert.deepStrictEqual([999, 1_000].map((waited) => pace.tells(kind, waited, 4_000)), [false, true])
    pace.answered(way, kind, 0, 3_000)
    assert.deepStrictEqual([5_999, 6_000].map((waited) => pace.tells(kind, waited, Infinity)), [false, true])
  })

  it("is no call with less time left than an answer takes, or than its silence must last to tell something", () => {
    const pace = new Pace()
    assert.strictEqual(pace.needed(kind, Infinity), 10_000)
    assert.strictEqual(pace.needed(kind, 39_000), 9_750)
    pace.answered(way, kind, 0, 500)
    assert.strictEqual(pace.needed(kind, 30_000), 2_000)
    assert.strictEqual(pace.needed(kind, 4_000), 1_000)
    assert.strictEqual(pace.needed(kind, 800), 400)
    assert.isTrue(pace.tells(kind, pace.needed(kind, 30_000), 30_000))
    pace.answered(way, kind, 0, 9_000)
    assert.strictEqual(pace.needed(kind, 30_000), 9_000)
  })
})

it("forgets an old slow answer by a tenth with each quicker one", () => {
  const pace = new Pace()
  pace.answered(way, kind, 0, 10_000)
  pace.answered(way, kind, 0, 100)
  assert.strictEqual(pace.needed(kind, 30_000), 9_000)
})
