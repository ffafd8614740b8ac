/** Which requests a fault is meant for, when it is on, and the faults that are made by name. */
import { assert, describe, it } from "@effect/vitest"
import type * as EmulatorRequest from "effect-gemini-emulator/EmulatorRequest"
import * as Fault from "effect-gemini-emulator/Fault"
import * as FaultFields from "../src/internal/faultFields.ts"

const request: EmulatorRequest.EmulatorRequest = {
  method: "generateContent",
  version: "v1beta",
  resource: "models/m",
  model: "m",
  key: "k",
  space: "default",
  project: "p",
  region: "west",
  headers: {},
  query: new URLSearchParams(),
  body: undefined
}

describe("a fault hits", () => {
  const wanted = { method: "generateContent", model: "m", key: "k", project: "p", region: "west" }

  it("every request, where it names none", () => {
    assert.isTrue(Fault.matches(undefined, request))
    assert.isTrue(Fault.matches({}, request))
  })

  it("the request that has all that it names", () => assert.isTrue(Fault.matches(wanted, request)))

  for (const [name, value] of Object.entries(wanted)) {
    it(`by its ${name} alone, and none with another ${name}`, () => {
      assert.isTrue(Fault.matches({ [name]: value }, request))
      assert.isFalse(Fault.matches({ [name]: "other" }, request))
      assert.isFalse(Fault.matches({ ...wanted, [name]: "other" }, request))
      assert.isFalse(Fault.matches({ ...wanted, [name]: "" }, request))
    })
  }

  it("every field of its condition is a request's, or a time or a count", () => {
    assert.sameMembers(Object.keys(FaultFields.When.fields), [
      ...Object.keys(wanted),
      "from",
      "until",
      "share",
      "nth",
      "times"
    ])
    // Those are left aside here.
    assert.isTrue(Fault.matches({ from: 9, until: 1, share: 0, nth: 7, times: 0 }, request))
  })
})

describe("a fault is on", () => {
  it("from its first millisecond until before its last", () => {
    const on = [99, 100, 199, 200].map((time) => Fault.isOn({ from: 100, until: 200 }, time))
    assert.deepStrictEqual(on, [false, true, true, false])
  })

  it("for ever on the side that has no time", () => {
    assert.deepStrictEqual([99, 100, 1e15].map((time) => Fault.isOn({ from: 100 }, time)), [false, true, true])
    assert.deepStrictEqual([-1e15, 199, 200].map((time) => Fault.isOn({ until: 200 }, time)), [true, true, false])
    assert.isTrue(Fault.isOn({}, 0))
    assert.isTrue(Fault.isOn(undefined, 0))
    assert.isFalse(Fault.isOn({ from: 0 }, -1))
    assert.isFalse(Fault.isOn({ until: 0 }, 0))
  })
})

describe("a value that is no fault", () => {
  it("and no object at all", () => {
    for (const value of [undefined, null, 1, "x", [], true]) {
      assert.deepStrictEqual(Fault.problems(value), [{
        path: "",
        message: "expected an object with the fields of a fault, such as { \"status\": 503 }"
      }])
    }
  })

  it("by a share below none and above all; none, all and some are shares", () => {
    for (const share of [0, 0.5, 1]) assert.isUndefined(Fault.problem({ when: { share } }))
    for (const share of [-0.001, 1.001]) {
      assert.deepStrictEqual(Fault.problems({ when: { share } }).map(({ path }) => path), ["when.share"])
    }
  })

  it("by several mistakes at once, each with its place", () => {
    assert.deepStrictEqual(
      Fault.problems({ status: "x", cut: { chunk: 1 }, batch: { state: "gone" } }).map(({ path }) => path),
      ["status", "cut.chunk", "batch.state"]
    )
    assert.deepStrictEqual(Fault.problems({}), [])
    assert.isUndefined(Fault.problem({}))
  })
})

describe("faults by name", () => {
  it("an overload of a model, at the times and places that were said", () => {
    assert.deepStrictEqual(Fault.overload("m"), { when: { model: "m" }, status: 503 })
    const options = { region: "west", share: 0.5, from: 1, until: 2 }
    assert.deepStrictEqual(Fault.overload("m", options), { when: { ...options, model: "m" }, status: 503 })
  })

  it("an outage of a region, in each of its ways", () => {
    const time = { from: 1, until: 2 }
    const when = { ...time, region: "west" }
    const unavailable = { when, error: { code: 503, message: "The service is currently unavailable." } }
    assert.deepStrictEqual(Fault.outage("west", time), unavailable)
    assert.deepStrictEqual(Fault.downs.map((down) => Fault.outage("west", { ...time, down })), [
      unavailable,
      { when, reset: true },
      { when, halfOpen: true }
    ])
    assert.deepStrictEqual(Fault.outage("west").when, { region: "west" })
  })

  it("a Live connection that is aborted, anywhere or at a place, for all or for some", () => {
    const close = { code: 1008, reason: "The operation was aborted." }
    assert.deepStrictEqual(Fault.aborted(), { close })
    assert.deepStrictEqual(Fault.aborted({ at: "turn", chunks: 2 }, { key: "k" }), {
      when: { key: "k" },
      close: { at: "turn", chunks: 2, ...close }
    })
  })

  it("are faults", () => {
    for (
      const fault of [Fault.overload("m"), Fault.outage("a"), Fault.outage("a", { down: "hang" }), Fault.aborted()]
    ) assert.deepStrictEqual(Fault.problems(fault), [])
  })
})
