/** What a budget in Redis still has to tell it: charges that are late, slots that may be forgotten, and when it is quiet. */
import { assert, describe, it } from "@effect/vitest"
import { Ledger } from "../../src/internal/budget/Ledger.ts"

const charge = (tokens: number, isPartial = false, isEstimated = false) => ({
  tokens,
  money: BigInt(tokens),
  isPartial,
  isEstimated
})
const nothing = charge(0)
const stands = ({ isLate, isQuiet }: Ledger) => ({ isLate, isQuiet })
const late = { isLate: true, isQuiet: false }
const waits = { isLate: false, isQuiet: false }
const quiet = { isLate: false, isQuiet: true }

describe("a budget's ledger", () => {
  it("is quiet only when nothing is late and every attempt is known to be counted", () => {
    const steps: ReadonlyArray<readonly [step: (ledger: Ledger) => void, of: object]> = [
      [(ledger) => ledger.unasked("a"), waits],
      [(ledger) => ledger.unsure("a"), waits],
      [(ledger) => ledger.release("a"), late],
      [(ledger) => ledger.postpone("a", charge(1), true), late],
      [(ledger) => ledger.keepLate([["a", charge(1)]]), late],
      [(ledger) => ledger.keepKnown(["a"]), quiet],
      [(ledger) => ledger.counted([["a", charge(1)]]), quiet]
    ]
    assert.deepStrictEqual(stands(new Ledger()), quiet)
    for (const [step, of] of steps) {
      const ledger = new Ledger()
      step(ledger)
      assert.deepStrictEqual(stands(ledger), of, String(step))
      ledger.takeLate()
      ledger.counted([["a", charge(1)]])
      assert.deepStrictEqual(stands(ledger), quiet, String(step))
    }
  })

  it("tells a charge that is late under its own slot, and those that were never asked for in one", () => {
    const ledger = new Ledger()
    ledger.postpone("a", charge(1), false)
    ledger.postpone("b", charge(2), true)
    for (const id of ["c", "d"]) ledger.unasked(id)
    ledger.postpone("c", charge(4, true), true)
    ledger.postpone("d", charge(8, false, true), true)
    // It was let go without Redis, and was sent to it after all.
    ledger.unasked("e")
    ledger.postpone("e", charge(16), false)
    assert.deepStrictEqual(ledger.takeLate(), [
      ["a", charge(1)],
      ["b", charge(2)],
      ["e", charge(16)],
      ["c-1", charge(12, true, true)]
    ])
    assert.deepStrictEqual(ledger.takeLate(), [])
    // The next outage has a slot of its own.
    ledger.unasked("f")
    ledger.postpone("f", charge(32), true)
    assert.deepStrictEqual(ledger.takeLate(), [["f-2", charge(32)]])
    // Those that Redis may have got stay until it is known.
    assert.deepStrictEqual(stands(ledger), waits)
    ledger.counted([["a", charge(1)], ["e", charge(16)]])
    assert.deepStrictEqual(stands(ledger), quiet)
  })

  it("tells five hundred at a time, the one of an outage among them where there is room", () => {
    const ledger = new Ledger()
    for (let nth = 0; nth < 501; nth++) ledger.postpone(`a${nth}`, charge(nth), true)
    ledger.unasked("b")
    ledger.postpone("b", charge(1), true)
    const first = ledger.takeLate()
    assert.deepStrictEqual([first.length, first[499]?.[0], stands(ledger)], [500, "a499", late])
    assert.deepStrictEqual(ledger.takeLate().map(([id]) => id), ["a500", "b-1"])
    const full = new Ledger()
    for (let nth = 0; nth < 500; nth++) full.postpone(`a${nth}`, charge(nth), true)
    full.unasked("b")
    full.postpone("b", charge(1), true)
    assert.lengthOf(full.takeLate(), 500)
    assert.deepStrictEqual(full.takeLate(), [["b-1", charge(1)]])
  })

  it("keeps what a step told in vain, and gives back a reservation whatever became of it", () => {
    const ledger = new Ledger()
    ledger.release("a")
    assert.deepStrictEqual(ledger.takeLate(), [["a", nothing]])
    ledger.keepLate([["a", nothing], ["b", charge(2)]])
    assert.deepStrictEqual(ledger.takeLate(), [["a", nothing], ["b", charge(2)]])
    assert.deepStrictEqual(stands(ledger), waits)
    ledger.counted([["a", nothing]])
    assert.deepStrictEqual(stands(ledger), waits)
    ledger.counted([["b", charge(2)]])
    assert.deepStrictEqual(stands(ledger), quiet)
  })

  it("lets Redis forget the slots that were counted at once, five hundred at a time, and not those that may come again", () => {
    const ledger = new Ledger()
    assert.strictEqual(ledger.endsAt, Infinity)
    ledger.unsure("sent")
    const slots = Array.from({ length: 501 }, (_, nth) => [`a${nth}`, nothing] as const)
    ledger.counted([["sent", nothing], ...slots])
    assert.deepStrictEqual(ledger.takeKnown(), slots.slice(0, 500).map(([id]) => id))
    assert.deepStrictEqual(ledger.takeKnown(), ["a500"])
    assert.deepStrictEqual(ledger.takeKnown(), [])
    ledger.keepKnown(["x", "y"])
    ledger.counted([["z", nothing]])
    assert.deepStrictEqual(ledger.takeKnown(), ["x", "y", "z"])
    // It is known now, and would be forgotten if it were counted once more.
    ledger.counted([["sent", nothing]])
    assert.deepStrictEqual(ledger.takeKnown(), ["sent"])
  })
})
