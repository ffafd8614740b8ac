/** The doctor names what costs most, offers a schema that costs less, and what is words there is still checked. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as GeminiSchema from "effect-gemini-ai/GeminiSchema"
import * as SchemaDoctor from "effect-gemini-ai/SchemaDoctor"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import type * as JsonSchema from "effect/JsonSchema"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as RandomSchemas from "./randomSchemas.ts"
import * as Facts from "./schemaFacts.ts"

type Node = Readonly<Record<string, unknown>>

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && !Array.isArray(value)

const keywords: Readonly<Record<SchemaDoctor.Cost["constraint"], ReadonlyArray<string>>> = {
  items: ["minItems", "maxItems"],
  bounds: ["minimum", "maximum"],
  format: ["format"],
  enum: ["enum"]
}

/** The schema without some keywords at one place: a copy, edited by hand. */
const without = (schema: JsonSchema.JsonSchema, keys: ReadonlyArray<string>, gone: ReadonlyArray<string>) => {
  const copy: JsonSchema.JsonSchema = structuredClone(schema)
  let at: unknown = copy
  for (const key of keys) at = Reflect.get(Object(at), key)
  for (const key of gone) Reflect.deleteProperty(Object(at), key)
  return copy
}

/** Every place of a schema at which a constraint could go, found without the doctor. */
const places = (node: unknown, keys: ReadonlyArray<string> = []): ReadonlyArray<
  readonly [
    keys: ReadonlyArray<string>,
    constraint: SchemaDoctor.Cost["constraint"]
  ]
> => {
  if (Array.isArray(node)) return node.flatMap((each, i) => places(each, [...keys, String(i)]))
  if (!isNode(node)) return []
  const own = (["items", "bounds", "format", "enum"] as const).filter((constraint) =>
    keywords[constraint].some((key) => node[key] !== undefined) &&
    !(constraint === "format" && node["enum"] !== undefined)
  )
  return [
    ...own.map((constraint) => [keys, constraint] as const),
    ...Object.entries(node).flatMap(([key, value]) => {
      if (["properties", "$defs"].includes(key)) {
        return Object.entries(Object(value)).flatMap(([name, inner]) => places(inner, [...keys, key, name]))
      }
      return ["items", "anyOf", "oneOf", "prefixItems", "additionalProperties"].includes(key)
        ? places(value, [...keys, key])
        : []
    })
  ]
}

const said = (seed: number, dialect: GeminiSchema.Dialect): JsonSchema.JsonSchema | undefined =>
  Result.getOrUndefined(Result.try(() => {
    const json = GeminiSchema.fromJsonSchema(RandomSchemas.make(seed))
    return dialect === "json" ? json : { ...GeminiSchema.toOpenApi(json) }
  }))

describe("what costs most", () => {
  for (const dialect of ["json", "openapi"] as const) {
    it(`is named as trying each by hand names it, over 1,000 random schemas in the dialect ${dialect}`, () => {
      let named = 0
      for (let seed = 1; seed <= 1_000; seed++) {
        const schema = said(seed, dialect)
        if (schema === undefined) continue
        const { costliest, costs, states } = SchemaDoctor.examine(schema)
        assert.strictEqual(states, SchemaDoctor.states(schema))
        const tried = places(schema).map(([keys, constraint]) => {
          const less = SchemaDoctor.states(without(schema, keys, keywords[constraint]))
          return { at: `${keys.join("/")} ${constraint}`, states: states - less }
        })
        const most = Math.max(0, ...tried.map(({ states }) => states))
        assert.strictEqual(costliest?.states ?? 0, most, `seed ${seed}: ${JSON.stringify(schema)}`)
        // The same places with the same costs, no place more.
        assert.deepStrictEqual(
          costs.map(({ constraint, keys, states }) => `${keys.join("/")} ${constraint} ${states}`).toSorted(),
          tried.map(({ at, states }) => `${at} ${states}`).toSorted(),
          `seed ${seed}`
        )
        if (most > 0) named++
      }
      process.stdout.write(`${dialect}: something costs most in ${named} of 1,000 random schemas\n`)
      assert.isAbove(named, 200)
    })
  }

  it("is said with its path", () => {
    const { jsonSchema } = GeminiSchema.toCodecGemini(Schema.Struct({
      kind: Schema.Literals(["a", "b"]),
      rows: Schema.Array(Schema.Struct({ cells: Schema.Array(Schema.String).check(Schema.isMaxLength(30)) })).check(
        Schema.isMaxLength(40)
      )
    }))
    const { costliest, fits } = SchemaDoctor.examine(jsonSchema)
    assert.isFalse(fits)
    assert.deepInclude(costliest, { path: "rows", constraint: "items" })
    assert.strictEqual(
      SchemaDoctor.examine({ type: "object", properties: { a: { type: "string" } } }).costliest,
      undefined
    )
  })
})

describe("the estimate", () => {
  const strings = (maxItems: number) => ({ type: "array", items: { type: "string" }, maxItems })
  const fields = (count: number, of: (i: number) => unknown) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`field_${i}`, of(i)]))
  const tool = (properties: object) => ({ type: "object", properties })
  const one = (count: number, maxItems: number) => [tool(fields(count, () => strings(maxItems)))]
  /** Values of so many words, none the same as another. */
  const values = (words: number, i: number) =>
    Array.from({ length: 3 }, (_, j) => Array.from({ length: words }, (_, k) => `wording${i}${j}${k}`).join("_"))
  const enums = (tools: number, each: number, words: number) =>
    Array.from({ length: tools }, (_, t) =>
      tool({
        target: { type: "string" },
        count: { type: "integer" },
        enabled: { type: "boolean" },
        ...fields(each, (i) => ({ type: "string", enum: values(words, t * each + i) }))
      }))
  // Public measurements, gemini-3-flash-preview: googleapis/python-genai#2170 and #2133, March 2026.
  const measured: ReadonlyArray<readonly [name: string, tools: ReadonlyArray<JsonSchema.JsonSchema>, passed: boolean]> =
    [
      ["one list of 971", one(1, 971), true],
      ["one list of 972", one(1, 972), false],
      ["one list of 980", one(1, 980), false],
      ["8 lists of 119", one(8, 119), true],
      ["8 lists of 120", one(8, 120), false],
      ["10 lists of 95", one(10, 95), true],
      ["10 lists of 98", one(10, 98), false],
      ["50 lists of 19", one(50, 19), true],
      ["50 lists of 20", one(50, 20), false],
      ["20 numbers of at most 200", [tool(fields(20, () => ({ type: "integer", maximum: 200 })))], true],
      ["80 enums of one word", enums(20, 4, 1), true],
      ["48 enums of two words", enums(12, 4, 2), true],
      ["60 enums of two words", enums(15, 4, 2), false],
      ["45 enums of three words", enums(15, 3, 3), true],
      ["60 enums of three words", enums(15, 4, 3), false],
      ["30 enums of four words", enums(10, 3, 4), true],
      ["40 enums of four words", enums(10, 4, 4), false],
      ["45 enums of four words", enums(15, 3, 4), false]
    ]
  for (const [name, tools, passed] of measured) {
    it(`of ${name}, which ${passed ? "passed" : "were refused"}, is right within a tenth`, () => {
      // A tool of such a short name is declared at 47.
      const states = tools.reduce((sum, schema) => sum + 47 + SchemaDoctor.states(schema), 0)
      if (passed) assert.isAtMost(states, SchemaDoctor.budget * 1.1)
      else assert.isAtLeast(states, SchemaDoctor.budget * 0.9)
    })
  }

  it("ends for schemas that contain themselves, and for numbers beyond all bounds", () => {
    const tree = {
      $ref: "#/$defs/Tree",
      $defs: { Tree: { type: "array", items: { $ref: "#/$defs/Tree" }, maxItems: 9 } }
    }
    assert.isAbove(SchemaDoctor.states(tree), 0)
    for (const maxItems of [1e300, "1e30", "x", -5, Number.NaN, null]) {
      const states = SchemaDoctor.states({ type: "array", items: { type: "string" }, maxItems })
      assert.isTrue(Number.isFinite(states) && states > 0, String(maxItems))
    }
    let deep: JsonSchema.JsonSchema = { type: "string" }
    for (let i = 0; i < 30; i++) deep = { type: "array", items: deep, maxItems: 100 }
    assert.isTrue(Number.isFinite(SchemaDoctor.states(deep)))
  })
})

describe("a relaxed schema", () => {
  it("fits, or has nothing left to give; it holds nothing that is refused, and a schema that fits is itself", () => {
    let relaxedOnes = 0
    for (let seed = 1; seed <= 1_000; seed++) {
      for (const dialect of ["json", "openapi"] as const) {
        const schema = said(seed, dialect)
        if (schema === undefined) continue
        const limit = 40
        const { fits, inWords, relaxed, states } = SchemaDoctor.examine(schema, limit)
        if (fits) {
          assert.strictEqual(relaxed, schema)
          continue
        }
        const again = SchemaDoctor.examine(relaxed, limit)
        assert.isTrue(again.fits || again.costliest === undefined, `seed ${seed}: ${JSON.stringify(relaxed)}`)
        assert.strictEqual(states - inWords.reduce((sum, cost) => sum + cost.states, 0), again.states)
        assert.deepStrictEqual(dialect === "json" ? Facts.jsonSchema(relaxed) : Facts.openApi(relaxed), [])
        if (inWords.length > 0) relaxedOnes++
      }
    }
    assert.isAbove(relaxedOnes, 300)
  })

  it("says what it gave up, and the codec still checks it", () => {
    const Rows = Schema.Struct({
      rows: Schema.Array(Schema.Literals(["first", "second"])).check(Schema.isMaxLength(2))
    })
    const { codec, jsonSchema } = GeminiSchema.toCodecGemini(Rows)
    const { inWords, relaxed } = SchemaDoctor.examine(jsonSchema, 0)
    assert.deepStrictEqual(inWords.map(({ constraint, path }) => [path, constraint]), [["rows[]", "enum"], [
      "rows",
      "items"
    ]])
    const text = JSON.stringify(relaxed)
    assert.notInclude(text, "maxItems")
    assert.notInclude(text, "\"enum\"")
    assert.include(text, "at most 2 items")
    assert.include(text, "one of \\\"first\\\", \\\"second\\\"")
    assert.isTrue(Result.isFailure(Schema.decodeUnknownResult(codec)({ rows: ["third"] })))
    assert.isTrue(Result.isFailure(Schema.decodeUnknownResult(codec)({ rows: ["first", "first", "first"] })))
  })
})

describe("a request whose schemas are too large", () => {
  const model = "gemini-3.8-flash"
  const Report = Schema.Struct({
    title: Schema.String,
    rows: Schema.Array(Schema.Struct({ name: Schema.String, score: Schema.Int })).check(Schema.isMaxLength(500))
  })
  const Kit = Toolkit.make(
    Tool.make("file", {
      parameters: Schema.Struct({ names: Schema.Array(Schema.String).check(Schema.isMaxLength(2_000)) })
    }),
    Tool.make("now", { success: Schema.String })
  )
  const services = (config: GeminiLanguageModel.Config.Settings = {}) =>
    GeminiLanguageModel.layer({ model, config }).pipe(
      Layer.provideMerge(GeminiClient.layer({ apiKey: Redacted.make("key"), tier: "tier3", retry: { attempts: 1 } })),
      Layer.provideMerge(Emulator.layerHttpClient())
    )
  const body = Effect.flatMap(
    Emulator.Emulator,
    ({ requests }) => Effect.map(requests, (entries) => Object(entries.at(-1)?.body))
  )
  const ask = LanguageModel.generateObject({ prompt: "report", schema: Report })
  const call = LanguageModel.generateText({ prompt: "file", toolkit: Kit, disableToolCallResolution: true })
  const refuseWith = (message: string) =>
    Emulator.Emulator.use(({ addFault }) => addFault({ when: { times: 1 }, error: { code: 400, message } }))
  const refuse = refuseWith("Request contains an invalid argument.")

  it.effect("is sent whole, and its refusal names what costs most and what to do", () =>
    Effect.gen(function*() {
      yield* refuse
      const error = yield* Effect.flip(ask)
      assert.include(error.message, "invalid argument")
      assert.match(error.message, /estimated at \d+ states.*"items" at rows in the answer.*largeSchemas: "relax"/s)
      assert.strictEqual((yield* body).generationConfig.responseJsonSchema.properties.rows.maxItems, 500)
      yield* refuse
      const called = yield* Effect.flip(call)
      assert.include(called.message, "\"items\" at names in the parameters of the tool \"file\"")
    }).pipe(Effect.provide(services())))

  it.effect("another refusal, and one of small schemas, is told as it is", () =>
    Effect.gen(function*() {
      yield* refuse
      const small = yield* Effect.flip(
        LanguageModel.generateObject({ prompt: "a", schema: Schema.Struct({ a: Schema.Int }) })
      )
      assert.notInclude(small.message, "states")
      yield* refuseWith("The image is broken.")
      assert.notInclude((yield* Effect.flip(ask)).message, "states")
    }).pipe(Effect.provide(services())))

  for (const schemaDialect of ["json", "openapi"] as const) {
    it.effect(`asks for less with largeSchemas "relax", in the dialect ${schemaDialect}, and checks the rest here`, () =>
      Effect.gen(function*() {
        const { enqueue } = yield* Emulator.Emulator
        const rows = (length: number) =>
          JSON.stringify({ title: "t", rows: Array.from({ length }, () => ({ name: "n", score: 1 })) })
        const answer = (text: string) => ({
          response: { candidates: [{ content: { parts: [{ text }] }, finishReason: "STOP" }] }
        })
        yield* enqueue(answer(rows(500)), answer(rows(501)))
        assert.lengthOf((yield* ask).value.rows, 500)
        const sent = (yield* body).generationConfig
        assert.notInclude(JSON.stringify(sent), "maxItems")
        assert.include(JSON.stringify(sent), "at most 500 items")
        assert.strictEqual((yield* Effect.flip(ask)).reason._tag, "StructuredOutputError")
        yield* Effect.exit(call)
        const { tools } = yield* body
        assert.include(JSON.stringify(tools), "at most 2000 items")
        // What fits beside it is sent as it is.
        assert.lengthOf(tools[0].functionDeclarations, 2)
      }).pipe(Effect.provide(services({ largeSchemas: "relax", schemaDialect }))))
  }

  it.effect("that fits is not touched", () =>
    Effect.gen(function*() {
      const Small = Schema.Struct({ rows: Schema.Array(Schema.String).check(Schema.isMaxLength(5)) })
      const Fits = Toolkit.make(Tool.make("small", { parameters: Small }))
      yield* LanguageModel.generateText({ prompt: "a", toolkit: Fits, disableToolCallResolution: true })
      assert.include(JSON.stringify((yield* body).tools), "\"maxItems\":5")
    }).pipe(Effect.provide(services({ largeSchemas: "relax" }))))
})
