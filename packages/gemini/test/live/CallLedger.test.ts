import { assert, describe, it } from "@effect/vitest"
import { CallLedger } from "../../src/internal/live/CallLedger.ts"

const call = (name: string, id?: string) => ({ name, ...(id === undefined ? {} : { id }) })

describe("the calls of a session", () => {
  it("are lost with their connection, until another one asks for them", () => {
    const ledger = new CallLedger()
    const [one, other] = [call("f", "one"), call("f", "other")]
    ledger.asked([one, other])
    ledger.answered(one)
    assert.deepStrictEqual(ledger.lose(), [other])
    assert.deepStrictEqual([ledger.isGone(one), ledger.isGone(other), ledger.size], [false, true, 0])
    ledger.asked([other])
    assert.isFalse(ledger.isGone(other))
    assert.deepStrictEqual(ledger.lose(), [other])
    assert.deepStrictEqual(ledger.lose(), [])
  })

  it("outlive their connection where a handle's state holds them, until that state is gone", () => {
    const ledger = new CallLedger()
    const [one, other] = [call("f", "one"), call("f", "other")]
    ledger.asked([one])
    ledger.keep()
    ledger.asked([other])
    assert.deepStrictEqual([ledger.isKept(one), ledger.isKept(other)], [true, false])
    assert.deepStrictEqual(ledger.lose(), [other])
    assert.deepStrictEqual([ledger.isGone(one), ledger.isGone(other), ledger.size], [false, true, 1])
    assert.deepStrictEqual(ledger.lose(), [])
    assert.deepStrictEqual(ledger.forget(), [one])
    assert.isTrue(ledger.isGone(one))
    assert.isFalse(ledger.isKept(one))
  })

  it("are answered by their id, all that have it, or one by one by their name", () => {
    const ledger = new CallLedger()
    ledger.asked([call("f", "1"), call("f", "1"), call("f"), call("f"), call("g")])
    ledger.answered({ id: "1", name: "f" })
    assert.strictEqual(ledger.size, 3)
    ledger.answered({ name: "f" })
    assert.strictEqual(ledger.size, 2)
    ledger.answered({ id: "unknown", name: "g" })
    assert.strictEqual(ledger.size, 2)
    assert.deepStrictEqual(ledger.lose(), [call("f"), call("g")])
    assert.isFalse(ledger.isGone(call("f")))
  })

  it("that are taken back or answered are nobody's any more", () => {
    const ledger = new CallLedger()
    ledger.asked([call("f", "1"), call("f", "2"), call("f")])
    ledger.takenBack(["1", ""])
    ledger.answered({ id: "2", name: "f" })
    assert.deepStrictEqual(ledger.lose(), [call("f")])
    assert.deepStrictEqual([ledger.isGone(call("f", "1")), ledger.isGone(call("f", "2"))], [false, false])
  })

  it("are remembered within a bound, the newest first", () => {
    const ledger = new CallLedger()
    const ids = Array.from({ length: 4_097 }, (_, index) => `c${index}`)
    for (const id of ids) ledger.asked([call("f", id)])
    assert.strictEqual(ledger.size, 4_096)
    assert.strictEqual(ledger.lose().length, 4_096)
    ledger.asked([call("f", "last")])
    ledger.lose()
    assert.deepStrictEqual(["c0", "c1", "c2", "last"].map((id) => ledger.isGone({ id })), [false, false, true, true])
  })
})
