/** What of a narrative is only sums: which acts may be played now, and which records are known by a look at their fields. */
import * as Schema from "effect/Schema"
import { assert, describe, it } from "vitest"
import * as ActRecords from "../src/internal/actRecords.ts"
import { Ready } from "../src/internal/Ready.ts"
import { ActAnswered, ActAsked } from "../src/RunRecord.ts"

const act = (name: string, needs: ReadonlyArray<string> = [], mayLack?: ReadonlyArray<string>) => ({
  name,
  needs,
  mayLack
})

const taken = (ready: Ready<ReturnType<typeof act>>): ReadonlyArray<string> => {
  const names: Array<string> = []
  for (let next = ready.take(); next !== undefined; next = ready.take()) names.push(next.name)
  return names
}

describe("the acts that may be played", () => {
  it("are those whose needs are done, in the order of the file", () => {
    const acts = [act("d", ["a", "b"]), act("a"), act("b"), act("c", ["a", "a", "elsewhere"])]
    const ready = new Ready(acts)
    const [d, a, b, c] = acts
    if (d === undefined || a === undefined || b === undefined || c === undefined) return assert.fail("four acts")
    assert.deepStrictEqual(["a", "b", "c", "none"].map((name) => ready.usersOf(name)), [2, 1, 0, 0])
    assert.deepStrictEqual(taken(ready), ["a", "b"])
    ready.done(a)
    assert.deepStrictEqual(taken(ready), ["c"])
    ready.back(c)
    ready.done(b)
    assert.deepStrictEqual(taken(ready), ["d", "c"])
    for (const each of [c, d, a]) ready.back(each)
    ready.back(act("none"))
    assert.deepStrictEqual(taken(ready), ["d", "a", "c"])
    ready.done(c)
    assert.deepStrictEqual(taken(ready), [])
  })

  it("lack what was left out only where they may, and say because of which act they are left out", () => {
    const acts = [
      act("a"),
      act("b", ["a"]),
      act("c", ["b", "x"]),
      act("d", ["a", "x"], ["a"]),
      act("e", ["d"], ["d"]),
      act("x")
    ]
    const ready = new Ready(acts)
    assert.deepStrictEqual(taken(ready), ["a", "x"])
    assert.deepStrictEqual(ready.skip(act("a")), [{ act: "b", because: "a" }, { act: "c", because: "b" }])
    assert.deepStrictEqual(taken(ready), [])
    // Of what is gone nothing is played, though its other needs are done.
    ready.done(act("x"))
    assert.deepStrictEqual(taken(ready), ["d"])
    assert.deepStrictEqual(ready.skip(act("d")), [])
    assert.deepStrictEqual(taken(ready), ["e"])
  })
})

describe("a record that is known by its fields", () => {
  const usage = {
    promptTokens: 1,
    cachedTokens: 0,
    toolUsePromptTokens: 0,
    thoughtsTokens: 0,
    candidatesTokens: 2,
    totalTokens: 3
  }
  const asked = { _tag: "ActAsked", act: "a", key: "k", attempt: 1, estimate: { tokens: 5 } }
  const answered = {
    _tag: "ActAnswered",
    act: "a",
    key: "k",
    output: { text: "x" },
    sha256: "s",
    model: "m",
    charged: { tokens: 5, dollars: "0.1" },
    startedAt: 1,
    duration: 2
  }
  const full = {
    ...answered,
    output: { sha256: "s", bytes: 9 },
    finishReason: "STOP",
    usage,
    cost: "0.1",
    attempts: [{ model: "m", member: "one", status: 503, reason: "Overloaded" }, { model: "m" }]
  }
  const kinds = [
    ["asked", ActRecords.isAsked, Schema.is(ActAsked), [asked, {
      ...asked,
      mayHaveRun: true,
      model: "m",
      estimate: { tokens: 5, dollars: "0.1" }
    }]],
    ["answered", ActRecords.isAnswered, Schema.is(ActAnswered), [answered, full]]
  ] as const
  const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === "object" && value !== null

  /** The value with each field, however deep it lies, in turn left out or of another kind, and with one more. */
  const spoilt = (value: unknown): ReadonlyArray<unknown> => {
    if (!isObject(value)) return [null, true, {}, [], typeof value === "string" ? 5 : "text", NaN]
    const entries = Object.entries(value)
    const with_ = (name: string, field: unknown): unknown =>
      Array.isArray(value)
        ? value.map((each, i) => String(i) === name ? field : each)
        : { ...value, [name]: field }
    return [
      ...entries.flatMap(([name, field]) => spoilt(field).map((other) => with_(name, other))),
      ...Array.isArray(value) ?
        [{}] :
        entries.map(([name]) => Object.fromEntries(entries.filter(([other]) => other !== name))),
      ...Array.isArray(value) ? [] : [{ ...value, more: 1 }]
    ]
  }

  for (const [name, is, isBySchema, whole] of kinds) {
    it(`and was ${name}, is one by its schema too, and nothing else is taken for one`, () => {
      for (const value of whole) {
        assert.isTrue(is(value), JSON.stringify(value))
        assert.isTrue(isBySchema(value))
        for (const other of spoilt(value)) {
          if (is(other)) assert.isTrue(isBySchema(other), JSON.stringify(other))
          if (isObject(other) && "more" in other) assert.isFalse(is(other), "a field that is none of its own")
        }
      }
      for (const other of [undefined, null, "x", 5, [], {}, [asked]]) assert.isFalse(is(other))
    })
  }

  it("is known without its schema where it is whole, also without what it may lack", () => {
    for (const key of ["finishReason", "usage", "cost", "attempts"] as const) {
      const { [key]: _, ...rest } = full
      assert.isTrue(ActRecords.isAnswered(rest), key)
    }
    assert.isFalse(ActRecords.isAsked(answered))
    assert.isFalse(ActRecords.isAnswered(asked))
    assert.isFalse(ActRecords.isAsked({ ...asked, mayHaveRun: false }))
  })
})
