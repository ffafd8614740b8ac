/**
 * What a tool gave reaches the model as its schema's JSON: unary, streamed, and out of a stored chat. The column of what
 * is expected was filled in before anything ran. The suite prints the table.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import type * as AiError from "effect/ai/AiError"
import * as Chat from "effect/ai/Chat"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { print } from "./printed.ts"
import { answer, bodies, call, contents, type Json, partsOf, record, services, signature } from "./scripted.ts"

interface Row {
  readonly schema: Schema.Codec<unknown, unknown>
  readonly value: unknown
  /** The response of the wire's functionResponse; a text is part of the error's message. */
  readonly expected: Json | string
}

const row = <A, I>(schema: Schema.Codec<A, I>, value: NoInfer<A>, expected: Json | string): Row => ({
  schema: schema as unknown as Schema.Codec<unknown, unknown>,
  value,
  expected
})

class Person extends Schema.Class<Person>("Person")({ name: Schema.String, born: Schema.Date }) {}

interface Tree {
  readonly value: bigint
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  value: Schema.BigInt,
  children: Schema.Array(Schema.suspend(() => Tree))
})

const Meters = Schema.Finite.pipe(Schema.brand("Meters"))
class Opaque {
  readonly #inside = 1
  get inside() {
    return this.#inside
  }
}

const epoch = new Date(0)
const iso = "1970-01-01T00:00:00.000Z"

const rows: Readonly<Record<string, Row>> = {
  "String": row(Schema.String, "text", { output: "text" }),
  "Struct": row(Schema.Struct({ a: Schema.Finite }), { a: 1 }, { a: 1 }),
  "Array": row(Schema.Array(Schema.Boolean), [true], { output: [true] }),
  "Void (the default)": row(Schema.Void, undefined, { output: null }),
  "Number, NaN": row(Schema.Number, NaN, { output: "NaN" }),
  "ReadonlyMap": row(Schema.ReadonlyMap(Schema.String, Schema.Finite), new Map([["a", 1]]), { output: [["a", 1]] }),
  "ReadonlySet": row(Schema.ReadonlySet(Schema.String), new Set(["a"]), { output: ["a"] }),
  "HashMap": row(Schema.HashMap(Schema.String, Schema.BigInt), HashMap.make(["a", 1n]), { output: [["a", "1"]] }),
  "Date": row(Schema.Struct({ at: Schema.Date }), { at: epoch }, { at: iso }),
  "DateTimeUtc": row(Schema.Struct({ at: Schema.DateTimeUtc }), { at: DateTime.makeUnsafe(0) }, { at: iso }),
  "Uint8Array": row(Schema.Struct({ b: Schema.Uint8Array }), { b: new Uint8Array([0, 1, 2]) }, { b: "AAEC" }),
  "Option": row(Schema.Option(Schema.Date), Option.some(epoch), { _tag: "Some", value: iso }),
  "Duration": row(Schema.Duration, Duration.millis(5), { _tag: "Millis", value: 5 }),
  "BigInt": row(Schema.Struct({ n: Schema.BigInt }), { n: 5n }, { n: "5" }),
  "URL": row(Schema.URL, new URL("https://a.b/c"), { output: "https://a.b/c" }),
  "RegExp": row(Schema.RegExp, /a/g, { source: "a", flags: "g" }),
  "ErrorInstance": row(Schema.ErrorInstance(), new TypeError("why"), { name: "TypeError", message: "why" }),
  "Result": row(Schema.Result(Schema.BigInt, Schema.String), Result.succeed(1n), { _tag: "Success", success: "1" }),
  "Cause": row(Schema.Cause(Schema.String, Schema.Unknown), Cause.fail("x"), {
    output: [{ _tag: "Fail", error: "x" }]
  }),
  "Class": row(Person, new Person({ name: "Ada", born: epoch }), { name: "Ada", born: iso }),
  "recursive": row(Tree, { value: 1n, children: [{ value: 2n, children: [] }] }, {
    value: "1",
    children: [{ value: "2", children: [] }]
  }),
  "branded": row(Meters, Meters.make(3), { output: 3 }),
  "union of Date and text": row(Schema.Union([Schema.Date, Schema.String]), epoch, { output: iso }),
  "tuple with undefined": row(Schema.Tuple([Schema.UndefinedOr(Schema.String), Schema.BigInt]), [undefined, 1n], {
    output: [null, "1"]
  }),
  "a text of a number": row(Schema.FiniteFromString, 12, { output: "12" }),
  "Unknown, as JSON": row(Schema.Unknown, { a: [1, { b: null }], c: undefined }, { a: [1, { b: null }] }),
  "Unknown, a Date in it": row(Schema.Unknown, { at: epoch }, { at: iso }),
  "Unknown, a Map in it": row(Schema.Unknown, { a: [new Map()] }, `a Map at ["a"][0] is not JSON`),
  "Unknown, a BigInt in it": row(Schema.Unknown, { a: { b: 1n } }, `a BigInt at ["a"]["b"] is not JSON`),
  "Unknown, NaN in it": row(Schema.Unknown, [NaN], `NaN at [0] is not JSON`),
  "Any, bytes": row(Schema.Any, { a: new Uint8Array(1) }, `a Uint8Array at ["a"] is not JSON`),
  "an instance that shows nothing": row(
    Schema.Struct({ o: Schema.instanceOf(Opaque) }),
    { o: new Opaque() },
    `a Opaque at ["o"] is not JSON`
  ),
  "a symbol of no registry": row(Schema.Symbol, Symbol("a"), "a symbol is not JSON")
}

const ways = ["unary", "streamed", "stored"] as const
type Way = typeof ways[number]

const sentResult = Effect.map(
  contents,
  (all) =>
    all.flatMap(partsOf).map((part) => record(part["functionResponse"])["response"]).find((sent) => sent !== undefined)
)

const message = (error: AiError.AiError | Schema.SchemaError): string =>
  "reason" in error && error.reason._tag === "ToolResultEncodingError"
    ? `${error.reason._tag}: ${error.reason.description}`
    : error.message

/** What the second turn's request says of the result, or the error of the turn that made it; and the chat's life after. */
const run = (name: string, given: Row, way: Way) => {
  const toolkit = Toolkit.make(Tool.make("tool", { success: given.schema }))
  let n = 0
  const answers = () => answer(n++ === 0 ? [call("tool", {}, "1", signature)] : [{ text: "fine" }])
  return Effect.gen(function*() {
    let chat: Chat.Chat = yield* Chat.empty
    const turn = way === "streamed"
      ? Stream.runDrain(chat.streamText({ prompt: "go", toolkit }))
      : Effect.asVoid(chat.generateText({ prompt: "go", toolkit }))
    const first = yield* Effect.result(turn)
    if (Result.isFailure(first)) {
      assert.lengthOf(yield* bodies, 1, `${name}: nothing is sent after the error`)
      // The turn failed, and the chat goes on.
      assert.strictEqual((yield* chat.generateText({ prompt: "so?", toolkit })).text, "fine")
      return message(first.failure)
    }
    if (way === "stored") chat = yield* Chat.fromJson(yield* chat.exportJson)
    yield* chat.generateText({ prompt: "so?", toolkit })
    return yield* sentResult
  }).pipe(
    Effect.catch((error) => Effect.succeed(message(error))),
    Effect.provide([services({ answers }), toolkit.toLayer({ tool: () => Effect.succeed(given.value) })])
  )
}

const printed: Array<ReadonlyArray<string>> = []

describe("what a tool gave", () => {
  const cells = Object.entries(rows).flatMap(([name, given]) => ways.map((way) => [name, way, given] as const))

  it.effect.each(cells)("%s, %s", ([name, way, given]) =>
    Effect.gen(function*() {
      const got = yield* run(name, given, way)
      const expected = typeof given.expected === "string" ? given.expected : JSON.stringify(given.expected)
      printed.push([name, way, expected, typeof got === "string" ? got : JSON.stringify(got)])
      if (typeof given.expected === "string") assert.include(got, `ToolResultEncodingError`)
      if (typeof given.expected === "string") assert.include(got, given.expected)
      else assert.deepStrictEqual(got, given.expected)
    }))

  afterAll(() => print({ title: "29.3 results", columns: ["type", "way", "expected", "got"], rows: printed }))
})
