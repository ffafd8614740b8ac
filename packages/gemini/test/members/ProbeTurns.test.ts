import { assert, describe, it } from "@effect/vitest"
import type { CircuitState } from "../../src/internal/members/circuit.ts"
import { ProbeTurns } from "../../src/internal/members/ProbeTurns.ts"

const closed: CircuitState = { state: "closed", retryIn: 0 }
const open = (retryIn: number): CircuitState => ({ state: "open", retryIn })
const ready: CircuitState = { state: "halfOpen", retryIn: 0 }
const probed: CircuitState = { state: "halfOpen", retryIn: 1_000 }

const waits = (turns: ProbeTurns, circuits: Readonly<Record<string, CircuitState>>, now: number) =>
  turns.held(Object.entries(circuits), now).map(({ retryIn }) => retryIn)

describe("where every way is behind a circuit", () => {
  it("one is probed, and the next when its share of the time is over that it was left alone", () => {
    const turns = new ProbeTurns()
    waits(turns, { a: open(60_000), b: open(60_000), c: open(60_000) }, 0)
    assert.deepStrictEqual(waits(turns, { a: ready, b: ready, c: ready }, 60_000), [0, 0, 0])
    turns.began("a", 60_000)
    assert.deepStrictEqual(waits(turns, { a: open(60_000), b: ready, c: ready }, 60_010), [60_000, 19_990, 19_990])
    assert.deepStrictEqual(waits(turns, { a: open(40_010), b: ready, c: ready }, 80_000), [40_010, 0, 0])
    turns.began("b", 80_000)
    assert.deepStrictEqual(waits(turns, { a: open(40_010), b: open(60_000), c: ready }, 80_000), [
      40_010,
      60_000,
      20_000
    ])
  })

  it("nobody else is probed meanwhile, for ten seconds at most", () => {
    const turns = new ProbeTurns()
    waits(turns, { a: open(5_000), b: open(5_000) }, 0)
    turns.began("a", 5_000)
    assert.deepStrictEqual(waits(turns, { a: probed, b: ready }, 14_999), [1_000, 1_000])
    assert.deepStrictEqual(waits(turns, { a: probed, b: ready }, 15_000), [1_000, 0])
  })

  it("it is so for those alone that a call can go to", () => {
    const turns = new ProbeTurns()
    waits(turns, { a: open(60_000), b: open(60_000) }, 0)
    turns.began("a", 60_000)
    assert.deepStrictEqual(waits(turns, { b: ready }, 60_001), [0])
    assert.deepStrictEqual(waits(turns, { b: ready, c: ready }, 60_001), [0, 0])
  })

  it("a clock that was set back holds nobody", () => {
    const turns = new ProbeTurns()
    waits(turns, { a: open(60_000), b: open(60_000) }, 1_000_000)
    turns.began("a", 1_060_000)
    assert.deepStrictEqual(waits(turns, { a: open(60_000), b: ready }, 0), [60_000, 0])
  })
})

describe("where a way is free", () => {
  it("nobody is held, and what was seen of its circuit is forgotten", () => {
    const turns = new ProbeTurns()
    waits(turns, { a: open(60_000), b: open(60_000) }, 0)
    turns.began("a", 60_000)
    assert.deepStrictEqual(waits(turns, { a: closed, b: ready }, 60_001), [0, 0])
    assert.deepStrictEqual(waits(turns, { a: ready, b: ready }, 60_002), [0, 0])
  })
})

it("a probe that is under way puts off nobody once it is over", () => {
  const turns = new ProbeTurns()
  turns.began("a", 0)
  waits(turns, { a: probed, b: open(1_000) }, 0)
  assert.strictEqual(waits(turns, { a: ready, b: open(1_000) }, 100)[0], 0)
})
