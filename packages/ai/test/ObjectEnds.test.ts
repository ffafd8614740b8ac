/**
 * What `generateObject`, `StructuredOutput.generate` and `StructuredOutput.stream` make of an answer that was blocked, cut,
 * malformed or right, for twenty schemas. What is expected was filled in before anything ran. The suite prints the table.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as StructuredOutput from "effect-gemini-ai/StructuredOutput"
import type * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { print } from "./printed.ts"
import { answer, bodies, type Json, record, services } from "./scripted.ts"

type Row = readonly [
  name: string,
  schema: Schema.Codec<{ readonly v: unknown }, Json>,
  wire: Schema.Json,
  value: unknown
]

const row = <A, I>(name: string, schema: Schema.Codec<A, I>, wire: Schema.Json, value: NoInfer<A>): Row => [
  name,
  Schema.Struct({ v: schema }) as unknown as Schema.Codec<{ readonly v: unknown }, Json>,
  wire,
  value
]

interface Tree {
  readonly value: number
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  value: Schema.Finite,
  children: Schema.Array(Schema.suspend(() => Tree))
})
class Person extends Schema.Class<Person>("Person")({ name: Schema.String }) {}

const iso = "2020-01-01T00:00:00.000Z"

const rows: ReadonlyArray<Row> = [
  row("String", Schema.String, "text", "text"),
  row("Finite", Schema.Finite, 1.5, 1.5),
  row("Int", Schema.Int, 3, 3),
  row("Boolean", Schema.Boolean, true, true),
  row("Null", Schema.Null, null, null),
  row("Literals", Schema.Literals(["a", "b"]), "b", "b"),
  row("Array", Schema.Array(Schema.String), ["a", "b"], ["a", "b"]),
  row("Tuple", Schema.Tuple([Schema.String, Schema.Finite]), ["a", 1], ["a", 1]),
  row("Struct", Schema.Struct({ a: Schema.String, b: Schema.Finite }), { a: "x", b: 1 }, { a: "x", b: 1 }),
  row("optional", Schema.Struct({ a: Schema.optional(Schema.String) }), { a: "x" }, { a: "x" }),
  row("NullOr", Schema.NullOr(Schema.String), null, null),
  row("Union", Schema.Union([Schema.String, Schema.Finite]), 1, 1),
  row("tagged union", Schema.TaggedUnion({ A: { a: Schema.String }, B: { b: Schema.Finite } }), { _tag: "B", b: 1 }, {
    _tag: "B",
    b: 1
  }),
  row("recursive", Tree, { value: 1, children: [{ value: 2, children: [] }] }, {
    value: 1,
    children: [{ value: 2, children: [] }]
  }),
  row("Class", Person, { name: "Ada" }, new Person({ name: "Ada" })),
  row("Date", Schema.Date, iso, new Date(iso)),
  row("BigInt", Schema.BigInt, "12", 12n),
  row("Option", Schema.Option(Schema.String), { _tag: "Some", value: "x" }, Option.some("x")),
  row("Duration", Schema.Duration, { _tag: "Millis", value: 5 }, Duration.millis(5)),
  row("pattern", Schema.String.check(Schema.isPattern(/^a/)), "abc", "abc")
]

/** How an answer ends, and what must come of it: the error, whether it may be tried again, and the requests that it cost. */
interface End {
  readonly answer: (text: string) => { readonly parts: ReadonlyArray<Json>; readonly more: Json }
  readonly expected: string
}

const half = (text: string): string => text.slice(0, text.length >> 1)

const ends: Readonly<Record<string, End>> = {
  SAFETY: {
    answer: (text) => ({ parts: [{ text: half(text) }], more: { finishReason: "SAFETY" } }),
    expected: "ContentPolicyError final SAFETY 17 tokens, 1 request"
  },
  MAX_TOKENS: {
    answer: (text) => ({ parts: [{ text: half(text) }], more: { finishReason: "MAX_TOKENS" } }),
    expected: "InvalidRequestError final MAX_TOKENS 17 tokens, 1 request"
  },
  malformed: {
    answer: () => ({ parts: [{ text: "{\"w\": {}}" }], more: {} }),
    expected: "StructuredOutputError retryable, 3 requests"
  },
  right: { answer: (text) => ({ parts: [{ text }], more: {} }), expected: "the value, 1 request" }
}

const told = ({ isRetryable, reason }: AiError.AiError): string => {
  const google = record("metadata" in reason ? record(reason.metadata)["google"] : undefined)
  const usage = record(google["usage"])["totalTokens"]
  return [
    reason._tag,
    isRetryable ? "retryable" : "final",
    ...(google["finishReason"] === undefined ? [] : [String(google["finishReason"])]),
    ...(usage === undefined ? [] : [`${String(usage)} tokens`])
  ].join(" ")
}

const cost = Effect.map(bodies, ({ length }) => `${length} request${length === 1 ? "" : "s"}`)

const run = ([, schema, wire, value]: Row, end: End) => {
  const { more, parts } = end.answer(JSON.stringify({ v: wire }))
  const layer = services({ answers: () => answer(parts, more), judge: false })
  const asked = <A>(ask: Effect.Effect<A, AiError.AiError, LanguageModel.LanguageModel>, of: (a: A) => unknown) =>
    Effect.match(ask, {
      onFailure: told,
      onSuccess: (got) => {
        assert.deepStrictEqual(of(got), { v: value })
        return "the value"
      }
    })
  return Effect.all({
    once: asked(LanguageModel.generateObject({ prompt: "x", schema }), ({ value }) => value).pipe(
      Effect.provide(layer)
    ),
    repaired: Effect.gen(function*() {
      const got = yield* asked(StructuredOutput.generate({ prompt: "x", schema, repairs: 2 }), ({ value }) => value)
      return `${got}, ${yield* cost}`
    }).pipe(Effect.provide(layer)),
    streamed: asked(Stream.runCollect(StructuredOutput.stream({ prompt: "x", schema })), (all) => all.at(-1)).pipe(
      Effect.provide(layer)
    )
  })
}

const printed: Array<ReadonlyArray<string>> = []

describe("an object", () => {
  const cells = rows.flatMap((given) => Object.entries(ends).map(([how, end]) => [given[0], how, given, end] as const))

  it.effect.each(cells)("%s, %s", ([name, how, given, end]) =>
    Effect.gen(function*() {
      const { once, repaired, streamed } = yield* run(given, end)
      printed.push([name, how, end.expected, repaired])
      assert.strictEqual(repaired, end.expected)
      const [expected] = end.expected.split(",")
      assert.strictEqual(once, expected)
      assert.strictEqual(streamed, expected)
    }))

  afterAll(() => print({ title: "29.3 objects", columns: ["schema", "end", "expected", "got"], rows: printed }))
})

const schema = Schema.Struct({ a: Schema.String })

const siblings: ReadonlyArray<readonly [name: string, parts: ReadonlyArray<Json>, more: Json, expected: string]> = [
  ["recited", [], { finishReason: "RECITATION" }, "ContentPolicyError final RECITATION 17 tokens"],
  [
    "blocked when it was whole",
    [{ text: "{\"a\":\"x\"}" }],
    { finishReason: "SPII" },
    "ContentPolicyError final SPII 17 tokens"
  ],
  [
    "of thoughts only, cut",
    [{ text: "hm", thought: true }],
    { finishReason: "MAX_TOKENS" },
    "InvalidRequestError final MAX_TOKENS 17 tokens"
  ],
  ["of thoughts only, at its end", [{ text: "hm", thought: true }], {}, "StructuredOutputError retryable"],
  ["cut when it was whole", [{ text: "{\"a\":\"x\"}" }], { finishReason: "MAX_TOKENS" }, "the value"],
  [
    "cut when it was whole, and does not fit",
    [{ text: "{\"b\":1}" }],
    { finishReason: "MAX_TOKENS" },
    "StructuredOutputError retryable"
  ],
  [
    "cut in a number",
    [{ text: "12" }],
    { finishReason: "MAX_TOKENS" },
    "InvalidRequestError final MAX_TOKENS 17 tokens"
  ],
  ["ended for another reason", [{ text: "{\"a\":" }], { finishReason: "OTHER" }, "UnknownError final OTHER 17 tokens"],
  [
    "ended for a reason of next year's",
    [{ text: "{" }],
    { finishReason: "NEW_REASON" },
    "UnknownError final NEW_REASON 17 tokens"
  ],
  ["whole, for a reason of next year's", [{ text: "{\"a\":\"x\"}" }], { finishReason: "NEW_REASON" }, "the value"]
]

describe("an answer", () => {
  it.effect.each(siblings)("%s", ([, parts, more, expected]) => {
    const layer = services({ answers: () => answer(parts, more), judge: false })
    return Effect.gen(function*() {
      const got = yield* Effect.match(LanguageModel.generateObject({ prompt: "x", schema }), {
        onFailure: told,
        onSuccess: () => "the value"
      })
      assert.strictEqual(got, expected)
      const streamed = yield* Effect.match(Stream.runDrain(StructuredOutput.stream({ prompt: "x", schema })), {
        onFailure: told,
        onSuccess: () => "the value"
      })
      assert.strictEqual(streamed, expected)
    }).pipe(Effect.provide(layer))
  })

  it.effect("that was cut names the setting, and how far it came", () =>
    Effect.gen(function*() {
      const { message } = yield* Effect.flip(LanguageModel.generateObject({ prompt: "x", schema }))
      assert.include(
        message,
        "parameter 'maxOutputTokens' ended the answer before the object was whole (MAX_TOKENS at 7 tokens)"
      )
    }).pipe(Effect.provide(services({ answers: () => answer([{ text: "{" }], { finishReason: "MAX_TOKENS" }) }))))

  for (const finishReason of ["MAX_TOKENS", "OTHER", "SAFETY"]) {
    it.effect(`that ended with ${finishReason} keeps what the model wrote, unless it was blocked, and never its thoughts`, () =>
      Effect.gen(function*() {
        const ask = { prompt: "x", schema }
        const whole = yield* Effect.flip(LanguageModel.generateObject(ask))
        const repaired = yield* Effect.flip(StructuredOutput.generate({ ...ask, repairs: 2 }))
        const streamed = yield* Effect.flip(Stream.runDrain(StructuredOutput.stream(ask)))
        for (const { reason } of [whole, repaired, streamed]) {
          const metadata = "metadata" in reason ? record(reason.metadata) : {}
          assert.strictEqual(
            record(metadata["google"])["responseText"],
            finishReason === "SAFETY" ? undefined : "\n{\"a\":\"so far"
          )
        }
      }).pipe(Effect.provide(services({
        answers: () =>
          answer([{ text: "hm", thought: true }, { text: "\n{\"a\":\"so" }, { text: " far" }], { finishReason })
      }))))
  }

  it.effect("of text that was blocked or cut is what came", () =>
    Effect.gen(function*() {
      const response = yield* LanguageModel.generateText({ prompt: "x" })
      assert.deepStrictEqual([response.text, response.finishReason], ["so far", "content-filter"])
    }).pipe(Effect.provide(services({ answers: () => answer([{ text: "so far" }], { finishReason: "SAFETY" }) }))))
})
