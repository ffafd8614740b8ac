/** Schemas of any library as one of Effect's codecs over JSON, and as the JSON Schema that Gemini is told. */
import * as GeminiSchema from "effect-gemini-ai/GeminiSchema"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import type { StandardSchemaV1 } from "effect/StandardSchema"
import type { AnySchema, JsonSchema } from "../AnySchema.ts"
import * as Failure from "./failure.ts"

export interface Read {
  /** Decodes JSON to the value of the schema; asynchronously where its library does. */
  readonly codec: Schema.ConstraintCodec<unknown, unknown, never, unknown>
  /** What Gemini is told. */
  readonly jsonSchema: JsonSchema
  /** The schema as it is, for a model of `effect/ai`. */
  readonly schema: Schema.Codec<unknown, unknown>
  /** The schema that unfinished values are decoded by. */
  readonly partial: Schema.Top
}

/** The place of a schema in what the caller wrote. */
export interface Place {
  readonly method: string
  readonly field: string
}

/** Throws a GeminiError that names the place if this is not a schema, or none that JSON Schema can say. */
export const read = (schema: AnySchema, given: JsonSchema | undefined, place: Place): Read => {
  if (isEffect(schema)) {
    const { codec, jsonSchema } = refusing(place, () => GeminiSchema.toCodecGemini(schema))
    return { codec, jsonSchema: given === undefined ? jsonSchema : toGemini(given, place), schema, partial: schema }
  }
  const standard = isStandard(schema) ? schema["~standard"] : undefined
  if (standard === undefined) {
    return refuse(place, "expected a Standard Schema (Zod, Valibot, ArkType, …) or a schema of Effect's")
  }
  const json = given ?? refusing(place, () => saidBy(schema, standard))
  if (json === undefined) {
    const { vendor } = standard
    return refuse(
      place,
      `this schema (${vendor}) cannot say itself as JSON Schema, which Gemini is told: ${remedy(vendor)}`
    )
  }
  const codec = checked(standard)
  return { codec, schema: codec, jsonSchema: toGemini(json, place), partial: outline(json, json) }
}

const refuse = ({ field, method }: Place, description: string): never => {
  throw Failure.invalid(method, field, description)
}

const refusing = <A>(place: Place, make: () => A): A => {
  try {
    return make()
  } catch (error) {
    return refuse(place, error instanceof Error ? error.message : String(error))
  }
}

// Services that its decoding might need are excluded by the type of AnySchema.
const isEffect = (schema: AnySchema): schema is Schema.Codec<unknown, unknown> => Schema.isSchema(schema)

const remedy = (vendor: string): string =>
  vendor === "valibot"
    ? "wrap it in toStandardJsonSchema(…) of @valibot/to-json-schema"
    : "update its library, or give the JSON Schema beside it as `jsonSchema`"

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

// ArkType's schemas are functions.
const isStandard = (schema: unknown): schema is StandardSchemaV1 => {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null) return false
  const standard: unknown = Reflect.get(schema, "~standard")
  return isObject(standard) && typeof standard["validate"] === "function"
}

/** By the standard for it, or by the methods that Zod and ArkType had before there was one. */
const saidBy = (schema: AnySchema, standard: StandardSchemaV1.Props): JsonSchema | undefined => {
  const converter: unknown = Reflect.get(standard, "jsonSchema")
  if (isObject(converter) && typeof converter["input"] === "function") {
    const said: unknown = converter["input"]({ target: "draft-2020-12" })
    if (isObject(said)) return said
  }
  for (const [name, argument] of [["toJSONSchema", { io: "input" }], ["toJsonSchema", undefined]] as const) {
    const method: unknown = Reflect.get(schema, name)
    const said: unknown = typeof method === "function" ? method.call(schema, argument) : undefined
    if (isObject(said)) return said
  }
  return undefined
}

const toGemini = (schema: JsonSchema, place: Place): JsonSchema =>
  refusing(place, () => GeminiSchema.fromJsonSchema({ ...schema }))

/** A value as its library checks it, with every issue and its place in the message. */
const checked = (standard: StandardSchemaV1.Props): Schema.Codec<unknown, unknown> =>
  Schema.Json.pipe(Schema.decodeTo(Schema.Unknown, {
    decode: SchemaGetter.transformEffect((value, options) =>
      Effect.flatMap(
        Effect.promise(async () => standard.validate(value)),
        (result) =>
          result.issues === undefined
            ? Effect.succeed(result.value)
            : Effect.fail(new SchemaIssue.InvalidValue({ message: said(result.issues) }, value, options))
      )
    ),
    encode: SchemaGetter.forbidden(() => "a checked value is not written again")
  }))

const said = (issues: ReadonlyArray<StandardSchemaV1.Issue>): string =>
  issues.map(({ message, path }) => path === undefined || path.length === 0 ? message : `${message} at ${pathOf(path)}`)
    .join("\n")

const pathOf = (path: NonNullable<StandardSchemaV1.Issue["path"]>): string =>
  path.map((step) => {
    const key = typeof step === "object" ? step.key : step
    return typeof key === "number" ? `[${key}]` : `.${String(key)}`
  }).join("").replace(/^\./, "")

/** How deep an outline goes; what lies deeper is shown when it is whole. */
const deepest = 16

/** The structs and arrays of a JSON Schema, in which unfinished values are looked for. */
const outline = (schema: unknown, root: JsonSchema, depth = 0): Schema.Top => {
  if (!isObject(schema) || depth > deepest) return Schema.Json
  const ref = schema["$ref"]
  if (typeof ref === "string") return outline(target(ref, root), root, depth + 1)
  const properties = schema["properties"]
  if (isObject(properties)) {
    return Schema.Struct(Object.fromEntries(
      Object.entries(properties).map(([key, value]) => [key, Schema.optionalKey(outline(value, root, depth + 1))])
    ))
  }
  return isObject(schema["items"]) ? Schema.Array(outline(schema["items"], root, depth + 1)) : Schema.Json
}

/** What a reference within the document points at. */
const target = (ref: string, root: JsonSchema): unknown => {
  if (!ref.startsWith("#")) return undefined
  return ref.slice(1).split("/").filter((step) => step !== "").reduce<unknown>((at, step) => {
    const key = step.replaceAll("~1", "/").replaceAll("~0", "~")
    return isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined
  }, root)
}
