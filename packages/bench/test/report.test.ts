import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { baselineOf, worse } from "../src/harness/report.ts"
import { median } from "../src/harness/sample.ts"
import { busiest } from "../src/limiter/peers.ts"
import type { Figure } from "../src/rows.ts"

const higher: Figure = { row: "chunks-40", subject: "http-undici", value: 0.9, unit: "× floor", better: "higher" }
const lower: Figure = { row: "unary", subject: "http-undici", value: 2, unit: "× floor", better: "lower" }

describe("the check against the baseline", () => {
  const baseline = baselineOf([higher, lower])

  it("passes what is 14 % worse and reports what is 16 % worse, in either direction", () => {
    assert.deepStrictEqual(worse(baseline, [{ ...higher, value: 0.9 * 0.86 }, { ...lower, value: 2 * 1.14 }]), [])
    assert.deepStrictEqual(
      worse(baseline, [{ ...higher, value: 0.9 * 0.84 }, { ...lower, value: 2 * 1.16 }]).map(({ key }) => key),
      ["chunks-40 | http-undici", "unary | http-undici"]
    )
  })

  it("compares a figure in microseconds by its ratio within the run", () => {
    const first: Figure = { row: "first-chunk", subject: "http-undici", value: 100, unit: "µs", better: "lower" }
    const before = baselineOf([{ ...first, checked: 3 }])
    assert.deepStrictEqual(worse(before, [{ ...first, value: 500, checked: 3 }]), [])
    assert.strictEqual(worse(before, [{ ...first, checked: 4 }]).length, 1)
  })

  it("lets the gate's noise pass, and the bundle, which has none, only by its own tolerance", () => {
    const bundle: Figure = { row: "bundle", subject: "x", value: 80, unit: "kB", better: "lower", tolerance: 0.1 }
    const before = baselineOf([higher, bundle])
    assert.deepStrictEqual(worse(before, [{ ...higher, value: 0.9 * 0.7 }, { ...bundle, value: 87 }], 0.35), [])
    assert.strictEqual(worse(before, [{ ...higher, value: 0.9 * 0.6 }, { ...bundle, value: 89 }], 0.35).length, 2)
  })

  it("says nothing about rows that the baseline does not know", () => {
    assert.deepStrictEqual(worse({}, [higher]), [])
  })
})

it("the median of an even number of rounds lies between the middle two", () => {
  assert.strictEqual(median([4, 1, 2, 3]), 2.5)
})

it("the floor has at most 60 lines and no Effect", () => {
  const source = readFileSync(new URL("../src/subjects/floor.ts", import.meta.url), "utf8")
  assert.isAtMost(source.trimEnd().split("\n").length, 60)
  assert.notMatch(source, /from "effect/)
})

describe("the most in a rolling window", () => {
  it("counts what lies within one window, whatever its start", () => {
    assert.strictEqual(busiest([0, 1, 2, 1000, 1001, 1002], 1000), 3)
    assert.strictEqual(busiest([0, 900, 901, 999, 1000, 1899], 1000), 5)
    assert.strictEqual(busiest([], 1000), 0)
  })
})
