/**
 * Rules in a file: TOML or JSON, the same Schema.
 *
 * ```toml
 * [[rule]]
 * name = "looks the weather up"
 * when = { tools = "get_weather", text = { contains = "weather" }, step = 0 }
 * reply = { calls = [{ name = "get_weather", args = { city = "{{ text | after 'in ' | word }}" } }] }
 *
 * [[rule]]
 * when = { after = "get_weather" }
 * reply = "It is {{ result.get_weather.celsius }} °C."
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Toml from "effect/encoding/Toml"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { readFile, stat } from "node:fs/promises"
import * as Problems from "./internal/problems.ts"
import * as Ready from "./internal/rules/ready.ts"
import * as Rule from "./Rule.ts"
import { RuleError } from "./RuleError.ts"

/**
 * A scenario as its file holds it: rules in order, what happens to other requests, and values for templates.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Scenario = Schema.Struct({
  $schema: Schema.optional(Schema.String).annotateKey({ description: "for editors; not read" }),
  rule: Schema.optional(Schema.Array(Rule.Rule)).annotateKey({
    description: "asked in order; the first that matches answers"
  }),
  otherwise: Schema.optional(Schema.Literals(["refuse", "generate"])).annotateKey({
    description: "what happens to a request that no rule matches: a 501 (default), or a generated answer"
  }),
  vars: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)).annotateKey({
    description: "values for templates: {{ vars.NAME }}"
  })
}).annotate({ identifier: "Scenario" })

/**
 * @category models
 * @since 0.1.0
 */
export interface Scenario extends Schema.Schema.Type<typeof Scenario> {}

/** The largest file of rules, in bytes: nobody writes a larger one by hand. */
const largest = 16 * 1024 * 1024

const find = Problems.find(Scenario)

/** Optional fields may be left out; they may not be null. */
const withoutNull = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(withoutNull)
  if (typeof schema !== "object" || schema === null) return schema
  const { anyOf, ...rest } = Object.fromEntries(
    Object.entries(schema).map(([name, value]) => [name, withoutNull(value)])
  )
  if (!Array.isArray(anyOf)) return rest
  const options = anyOf.filter((option) => JSON.stringify(option) !== "{\"type\":\"null\"}")
  return options.length === 1 ? { ...rest, ...options[0] } : { ...rest, anyOf: options }
}

/**
 * The JSON Schema (2020-12) of a scenario, for editors and for programs in other languages that write rules.
 *
 * @category schemas
 * @since 0.1.0
 */
export const jsonSchema = (): Readonly<Record<string, unknown>> => {
  const { definitions, schema } = Schema.toJsonSchemaDocument(Scenario, { onExcessProperty: "error" })
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Rules of effect-gemini-emulator",
    ...Object(withoutNull(schema)),
    $defs: withoutNull(definitions)
  }
}

/**
 * A scenario from a value that was read elsewhere. Fails with every mistake in it.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromUnknown = (value: unknown, source?: string): Effect.Effect<Scenario, RuleError> =>
  Effect.suspend(() => {
    const named = source === undefined ? {} : { source }
    const problems = find(value)
    if (problems.length > 0) return Effect.fail(new RuleError({ ...named, problems }))
    const scenario = value as Scenario
    return Effect.as(
      Ready.attempt(() => Ready.make(scenario.rule ?? [], { root: "rule", vars: scenario.vars, source })),
      scenario
    )
  })

/**
 * A scenario from the text of a file. Fails with every mistake in it.
 *
 * @category parsing
 * @since 0.1.0
 */
export const fromText = (text: string, format: "toml" | "json", source?: string): Effect.Effect<Scenario, RuleError> =>
  Effect.suspend(() => {
    const refuse = (message: string) =>
      Effect.fail(new RuleError({ ...(source === undefined ? {} : { source }), problems: [{ path: "", message }] }))
    if (format === "toml") {
      const parsed = Toml.parse(text)
      return Result.isSuccess(parsed)
        ? fromUnknown(parsed.success, source)
        : refuse(`this is not valid TOML: ${parsed.failure.message}`)
    }
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      return refuse(`this is not valid JSON: ${error instanceof Error ? error.message : String(error)}`)
    }
    return fromUnknown(value, source)
  })

/**
 * Reads the scenario in a file whose name ends in `.toml` or `.json`. Fails with RuleError.
 *
 * @category constructors
 * @since 0.1.0
 */
export const load = (path: string): Effect.Effect<Scenario, RuleError> => {
  const [, format] = /\.(toml|json)$/i.exec(path) ?? []
  const refuse = (message: string) => new RuleError({ source: path, problems: [{ path: "", message }] })
  if (format === undefined) return Effect.fail(refuse("the name of a scenario ends in .toml or .json"))
  return Effect.tryPromise({
    try: async () => {
      const found = await stat(path)
      if (!found.isFile()) throw new Error("this is not a regular file")
      if (found.size > largest) throw new Error(`this file is larger than ${largest} bytes`)
      return await readFile(path, "utf8")
    },
    catch: (error) =>
      refuse(
        error instanceof Error && "code" in error && error.code === "ENOENT"
          ? "there is no such file"
          : error instanceof Error
          ? error.message
          : String(error)
      )
  }).pipe(Effect.flatMap((text) => fromText(text, format.toLowerCase() === "toml" ? "toml" : "json", path)))
}

/**
 * The scenario in a file, now and each time that the file has changed; or what is wrong with it. The file is looked at
 * twice a second.
 *
 * @category constructors
 * @since 0.1.0
 */
export const follow = (path: string): Stream.Stream<Result.Result<Scenario, RuleError>> => {
  const mark = Effect.promise(async () => {
    try {
      const { ino, mtimeMs, size } = await stat(path)
      return `${ino} ${mtimeMs} ${size}`
    } catch {
      return ""
    }
  })
  return Stream.fromEffectSchedule(mark, Schedule.spaced(500)).pipe(
    Stream.changes,
    Stream.mapEffect(() => Effect.result(load(path)))
  )
}
