import { assert, describe, it } from "@effect/vitest"
import { Refusals } from "../../src/internal/members/Refusals.ts"

const site = { member: "a", model: "gemini-2.5-flash", family: "generate" }
const right = Date.UTC(2026, 10, 28, 20)

describe("a member that was left out while the clock was ahead", () => {
  it.each([["a minute", 60_000], ["a day", 86_400_000], ["years", 4 * 365 * 86_400_000]] as const)(
    "is looked at again when its wait is over: set back by %s",
    (_, back) => {
      const refusals = new Refusals(() => {})
      refusals.refused(site.member, right + back, right + back)
      assert.deepStrictEqual(refusals.at(site, right + back + 10_000), { of: "key", opensIn: 20_000 })
      // How much of the wait has passed is not known any more.
      assert.deepStrictEqual(refusals.at(site, right), { of: "key", opensIn: 30_000 })
      assert.deepStrictEqual(refusals.at(site, right + 29_999), { of: "key", opensIn: 1 })
      assert.isUndefined(refusals.at(site, right + 30_000))
      // One call looks again, and its refusal makes the wait longer.
      refusals.enter(site, right + 30_000)
      assert.deepStrictEqual(refusals.at(site, right + 30_000), { of: "key", opensIn: 30_000 })
      refusals.refused(site.member, right + 30_000, right + 31_000)
      assert.deepStrictEqual(refusals.at(site, right + 31_000), { of: "key", opensIn: 60_000 })
    }
  )
})

it("tells who waits when a key is let in again, and only then", () => {
  let told = 0
  const refusals = new Refusals(() => {
    told++
  })
  refusals.answered(site)
  refusals.readmit("a")
  assert.strictEqual(told, 0)
  refusals.refused(site.member, right, right)
  refusals.answered({ ...site, member: "b" })
  refusals.readmit("b")
  assert.strictEqual(told, 0)
  refusals.answered(site)
  assert.strictEqual(told, 1)
  refusals.modelMissing(site, right, right)
  refusals.readmit("a")
  assert.strictEqual(told, 2)
})

it("remembers ten thousand, and forgets the one that was refused longest ago", () => {
  const refusals = new Refusals(() => {})
  const at = (nth: number, now: number) => refusals.at({ ...site, member: `m${nth}` }, now)
  for (let nth = 0; nth < 10_000; nth++) refusals.refused(`m${nth}`, right, right)
  // The first one looks again and is refused once more: it is the latest now.
  refusals.enter({ ...site, member: "m0" }, right + 30_000)
  refusals.refused("m0", right + 30_000, right + 30_000)
  assert.deepStrictEqual([at(1, right), at(9_999, right)].map((left) => left?.opensIn), [30_000, 30_000])
  refusals.refused("new", right, right)
  assert.isUndefined(at(1, right))
  assert.deepStrictEqual(at(0, right + 30_000), { of: "key", opensIn: 60_000 })
  assert.deepStrictEqual(at(2, right), { of: "key", opensIn: 30_000 })
})
