/** Arguments as they come in pieces, JSON that has not ended, and values that JSON has no word for. */
import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ArgsFold, steps } from "../src/internal/ArgsFold.ts"
import { partialDecode } from "../src/internal/partialDecode.ts"
import * as PartialJson from "../src/internal/partialJson.ts"
import * as PlainJson from "../src/internal/plainJson.ts"

describe("a path of a piece of arguments", () => {
  for (
    const [path, expected] of [
      ["$", []],
      ["$.a", ["a"]],
      ["$.a.b", ["a", "b"]],
      ["$.a[0]", ["a", 0]],
      ["$.a[10][2].b", ["a", 10, 2, "b"]],
      ["$['a b']", ["a b"]],
      ["$[\"a b\"]", ["a b"]],
      ["$['it\\'s']", ["it's"]],
      ["$[\"a\\\"b\"].c", ["a\"b", "c"]],
      ["$['']", [""]],
      ["$[\"\"].x", ["", "x"]],
      ["$['a\\\\b']", ["a\\b"]]
    ] as const
  ) it(path, () => assert.deepStrictEqual(steps(path), expected))
})

type Piece = Parameters<ArgsFold["add"]>[0]
const folded = (...pieces: ReadonlyArray<Piece>) => {
  const fold = new ArgsFold()
  const deltas = pieces.map((piece) => {
    fold.add(piece)
    return fold.delta()
  })
  return { args: fold.args(), deltas, end: fold.end() }
}

describe("the pieces of a call's arguments", () => {
  it("are values of every kind, each at its place", () => {
    const { args, deltas, end } = folded(
      { jsonPath: "$.text", stringValue: "a" },
      { jsonPath: "$.number", numberValue: 1.5 },
      { jsonPath: "$.zero", numberValue: 0 },
      { jsonPath: "$.yes", boolValue: true },
      { jsonPath: "$.no", boolValue: false },
      { jsonPath: "$.nothing", nullValue: "NULL_VALUE" },
      { jsonPath: "$.list[0]", stringValue: "x" },
      { jsonPath: "$.list[1].b", numberValue: null, stringValue: "y" },
      { jsonPath: "$.empty", stringValue: "" }
    )
    const expected = {
      text: "a",
      number: 1.5,
      zero: 0,
      yes: true,
      no: false,
      nothing: null,
      list: ["x", { b: "y" }],
      empty: ""
    }
    assert.deepStrictEqual(args, expected)
    assert.strictEqual(deltas.join("") + end, JSON.stringify(expected))
  })

  it("of a text are put together, and its end is certain once it does not go on", () => {
    const { args, deltas, end } = folded(
      { jsonPath: "$.a", stringValue: "one ", willContinue: true },
      { jsonPath: "$.a", stringValue: "two", willContinue: true },
      { jsonPath: "$.a", stringValue: "", willContinue: false }
    )
    assert.deepStrictEqual(args, { a: "one two" })
    assert.deepStrictEqual(deltas, ["{\"a\":\"one ", "two", "\""])
    assert.strictEqual(end, "}")
  })

  it("of a value that is none goes in its place: a number after a text, an object after a number", () => {
    assert.deepStrictEqual(
      folded({ jsonPath: "$.a", stringValue: "x" }, { jsonPath: "$.a", numberValue: 1 }).args,
      { a: 1 }
    )
    assert.deepStrictEqual(
      folded({ jsonPath: "$.a", numberValue: 1 }, { jsonPath: "$.a", stringValue: "x" }).args,
      { a: "x" }
    )
    const { args, deltas, end } = folded({ jsonPath: "$.a", numberValue: 1 }, { jsonPath: "$.a.b", numberValue: 2 })
    assert.deepStrictEqual(args, { a: { b: 2 } })
    // What was shown was not so: nothing more can be shown.
    assert.deepStrictEqual([deltas, end], [["{\"a\":1", ""], ""])
  })

  it("that lead nowhere are left out: a key of a list, too wide a gap, too deep a path", () => {
    const list: Piece = { jsonPath: "$.a[0]", numberValue: 1 }
    assert.deepStrictEqual(folded(list, { jsonPath: "$.a.b", numberValue: 2 }).args, { a: [1] })
    const wide = (place: number) => folded(list, { jsonPath: `$.a[${place}]`, numberValue: 2 }).args["a"]
    assert.lengthOf(wide(1_001) as ArrayLike<unknown>, 1_002)
    assert.lengthOf(wide(1_002) as ArrayLike<unknown>, 1)
    const deep = (levels: number) => folded({ jsonPath: `$${".a".repeat(levels)}`, numberValue: 1 }).args
    assert.deepStrictEqual(Object.keys(deep(200)), ["a"])
    assert.deepStrictEqual(deep(201), {})
    assert.deepStrictEqual(folded({ numberValue: 1 }, { jsonPath: "$", numberValue: 1 }).args, {})
  })

  it("may be named like what every object has", () => {
    const { args } = folded({ jsonPath: "$.__proto__.a", numberValue: 1 }, { jsonPath: "$.toString", stringValue: "x" })
    assert.deepStrictEqual(Object.keys(args), ["__proto__", "toString"])
    assert.deepStrictEqual(JSON.stringify(args), "{\"__proto__\":{\"a\":1},\"toString\":\"x\"}")
  })

  it("that are long are written again only when they have grown by a thirty-second", () => {
    const fold = new ArgsFold()
    const add = (length: number) => {
      fold.add({ jsonPath: "$.a", stringValue: "x".repeat(length), willContinue: true })
      return fold.delta().length
    }
    // With these bytes, its key and its quotes it is 4096 long, which is not yet long.
    assert.strictEqual(add(4_096 - 8), 4_096 - 8 + 6)
    assert.strictEqual(add(1), 1)
    const written = 4_097
    assert.strictEqual(add((written >> 5) - 2), 0)
    assert.strictEqual(add(0), (written >> 5) - 2)
    assert.strictEqual(fold.end(), "\"}")
  })
})

describe("JSON that has not ended", () => {
  const value = (text: string) => PartialJson.parse(text)
  for (
    const [text, expected, complete] of [
      ["{", {}, false],
      ["{}", {}, true],
      [" { } ", {}, true],
      ["{\"a", {}, false],
      ["{\"a\"", {}, false],
      ["{\"a\":", {}, false],
      ["{\"a\":1", {}, false],
      ["{\"a\":1,", { a: 1 }, false],
      ["{\"a\":1 ", { a: 1 }, false],
      ["{\"a\":-1.5e3}", { a: -1_500 }, true],
      ["{\"a\":tru", {}, false],
      ["{\"a\":true", { a: true }, false],
      ["{\"a\":false,\"b\":null}", { a: false, b: null }, true],
      ["{\"a\":\"x", { a: "x" }, false],
      ["{\"a\":\"x\"", { a: "x" }, false],
      ["{\"a\":{\"b\":[1,{\"c\":\"d", { a: { b: [1, { c: "d" }] } }, false],
      ["[", [], false],
      ["[]", [], true],
      ["[1", [], false],
      ["[1,", [1], false],
      ["[1,\"a", [1, "a"], false],
      ["[1 , 2 ]", [1, 2], true],
      ["[[1],[2", [[1], []], false],
      ["\"a\\", "a", false],
      ["\"a\\\"b", "a\"b", false],
      ["\"a\\u00e", "a", false],
      ["\"a\\u00e9", "aé", false],
      ["\"a\\ud83d", "a", false],
      ["\"a\\ud83d\\ude0", "a", false],
      ["\"a\\ud83d\\ude00", "a😀", false],
      ["\"a\ud83d", "a", false],
      ["\"a\\n\"", "a\n", true],
      ["true", true, true],
      ["1", undefined, undefined],
      ["", undefined, undefined],
      ["tru", undefined, undefined],
      ["nonsense", undefined, undefined],
      ["\"a\nb\"", undefined, undefined]
    ] as const
  ) {
    it(JSON.stringify(text), () => {
      const found = value(text)
      assert.deepStrictEqual(found?.value, expected)
      assert.strictEqual(found?.complete, complete)
    })
  }

  it("tells which entry is the last one, and whether it has ended", () => {
    assert.deepInclude(value("{\"a\":1,\"b\":\"x")?.last, { key: "b" })
    assert.isFalse(value("{\"a\":1,\"b\":\"x")?.last?.partial.complete)
    assert.isTrue(value("{\"a\":1,\"b\":\"x\"")?.last?.partial.complete)
    assert.deepInclude(value("[1,[2")?.last, { key: 1 })
    assert.isUndefined(value("{\"a\":1}")?.last)
    assert.isUndefined(value("[")?.last)
    assert.deepStrictEqual(Object.keys(value("{\"__proto__\":1,")?.value ?? {}), ["__proto__"])
  })
})

describe("of an object that has not ended", () => {
  const Whole = Schema.Struct({
    n: Schema.NumberFromString,
    text: Schema.optionalKey(Schema.String),
    choice: Schema.optional(Schema.Literals(["one", "two"])),
    list: Schema.mutableKey(Schema.Array(Schema.Struct({ at: Schema.Date }))),
    inner: Schema.optionalKey(Schema.Struct({ a: Schema.String, b: Schema.String })),
    record: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  })
  const shown = (text: string) => {
    const partial = PartialJson.parse(text)
    return partial === undefined ? undefined : Option.getOrUndefined(partialDecode(Whole, partial))
  }
  it("what has ended is decoded by its schema, and what does not fit is left out", () => {
    assert.deepStrictEqual(shown("{\"n\":\"1\",\"text\":\"a\",\"other\":1,"), { n: 1, text: "a" })
    assert.deepStrictEqual(shown("{\"n\":5,"), {})
    assert.deepStrictEqual(shown("{\"record\":{\"a\":\"b\"},"), { record: { a: "b" } })
  })
  it("a text that has not ended is given where its schema takes it", () => {
    assert.deepStrictEqual(shown("{\"text\":\"a"), { text: "a" })
    assert.deepStrictEqual(shown("{\"choice\":\"on"), {})
    assert.deepStrictEqual(shown("{\"choice\":\"one\""), { choice: "one" })
  })
  it("structs and lists are given as far as they came, and a record only whole", () => {
    assert.deepStrictEqual(shown("{\"inner\":{\"a\":\"x\",\"b\":\"y"), { inner: { a: "x", b: "y" } })
    assert.deepStrictEqual(shown("{\"inner\":{\"a\":\"x\""), { inner: { a: "x" } })
    assert.deepStrictEqual(shown("{\"inner\":{\"a\":\"x\"}"), {})
    const day = "\"2026-11-30T00:00:00.000Z\""
    const at = new Date("2026-11-30T00:00:00.000Z")
    assert.deepStrictEqual(shown(`{"list":[{"at":${day}},{"at":5},{"at":${day}`), { list: [{ at }, { at }] })
    assert.deepStrictEqual(shown("{\"list\":["), { list: [] })
    assert.deepStrictEqual(shown("{\"list\":{\"a"), {})
    assert.deepStrictEqual(shown("{\"record\":{\"a\":\"b\""), {})
  })
  const Item = Schema.Struct({ at: Schema.String })
  for (
    const [name, list] of Object.entries({
      "a list": Schema.Array(Item),
      "a list that may be missing": Schema.optionalKey(Schema.Array(Item)),
      "a list that may be undefined": Schema.optional(Schema.Array(Item)),
      "a list or null": Schema.NullOr(Schema.Array(Item)),
      "a list, undefined or null": Schema.optional(Schema.NullOr(Schema.Array(Item))),
      "a mutable list": Schema.mutable(Schema.Array(Item)),
      "a list at a mutable key": Schema.mutableKey(Schema.Array(Item)),
      "a branded list": Schema.Array(Item).pipe(Schema.brand("List")),
      "a list with a check": Schema.optionalKey(Schema.Array(Item).check(Schema.isMinLength(1))),
      "a list that is not empty": Schema.NonEmptyArray(Item),
      "a list of what differs": Schema.UniqueArray(Item)
    })
  ) {
    it(`the elements are given before their list has ended: ${name}`, () => {
      const partial = PartialJson.parse("{\"list\":[{\"at\":\"x\"},{\"at\":\"y")
      const found = partial && Option.getOrUndefined(partialDecode(Schema.Struct({ list }), partial))
      assert.deepStrictEqual(found, { list: [{ at: "x" }, { at: "y" }] })
    })
  }
  for (
    const [name, inner] of Object.entries({
      "a struct that may be undefined": Schema.optional(Item),
      "a struct or null": Schema.NullOr(Item),
      "a branded struct": Item.pipe(Schema.brand("Item"))
    })
  ) {
    it(`the fields are given before their struct has ended: ${name}`, () => {
      const partial = PartialJson.parse("{\"inner\":{\"at\":\"x")
      const found = partial && Option.getOrUndefined(partialDecode(Schema.Struct({ inner }), partial))
      assert.deepStrictEqual(found, { inner: { at: "x" } })
    })
  }
  it("what may be one of several structs waits for its end", () => {
    const partial = PartialJson.parse("{\"inner\":{\"at\":\"x")
    const schema = Schema.Struct({ inner: Schema.Union([Item, Schema.Struct({ b: Schema.String })]) })
    assert.deepStrictEqual(partial && Option.getOrUndefined(partialDecode(schema, partial)), {})
  })
  it("which is no object nothing is shown", () => {
    assert.isUndefined(shown("[1,"))
    assert.isUndefined(shown("5"))
  })
})

describe("a value as JSON", () => {
  const written = (value: unknown) => Result.getOrElse(PlainJson.make(value), (failure) => failure as never) as unknown
  class Own {
    readonly a = 1
  }
  class Empty {
    method() {
      return 1
    }
  }
  class Itself {
    toJSON() {
      return this
    }
  }
  class Throws {
    toJSON() {
      throw new Error("no")
    }
  }
  const day = new Date(0)
  for (
    const [name, value, expected] of [
      ["text", "a", "a"],
      ["booleans", [true, false], [true, false]],
      ["numbers", [0, -1.5], [0, -1.5]],
      ["null", null, null],
      ["nothing", undefined, null],
      ["nothing in a list", [undefined, 1], [null, 1]],
      ["nothing at a key", { a: undefined, b: 1 }, { b: 1 }],
      ["a date", { day }, { day: day.toJSON() }],
      ["an object of a class with fields", new Own(), { a: 1 }],
      ["an object without a prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
      ["an empty one without a prototype", Object.create(null), {}],
      ["an empty object", {}, {}]
    ] as const
  ) it(`${name} is written`, () => assert.deepStrictEqual(written(value), expected))

  for (
    const [value, what] of [
      [Number.NaN, "NaN"],
      [Infinity, "Infinity"],
      [1n, "a BigInt"],
      [() => 1, "a function"],
      [Symbol("s"), "a symbol"],
      [new Map(), "a Map"],
      [new Set(), "a Set"],
      [new Error("x"), "a Error"],
      [new Uint8Array(2), "a Uint8Array"],
      [new Empty(), "a Empty"],
      [new Itself(), "a Itself"],
      [new Throws(), "a Throws"]
    ] as const
  ) {
    it(`${what} is refused, by the path of the first one`, () => {
      assert.deepStrictEqual(written(value), { what, path: "" })
      assert.deepStrictEqual(written({ a: [1, value], b: 1n }), { what, path: "[\"a\"][1]" })
    })
  }

  it("that is nested is refused where it has no end, and no earlier", () => {
    const nested = (levels: number) => {
      let value: unknown = "x"
      for (let level = 0; level < levels; level++) value = [value]
      return value
    }
    assert.isTrue(Result.isSuccess(PlainJson.make(nested(500))))
    assert.deepStrictEqual(written(nested(501)), { what: "a value that is nested without end", path: "[0]".repeat(20) })
  })
})
