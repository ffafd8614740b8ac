/**
 * Decodes the part of an incomplete object that is certain. Pure.
 *
 * An entry that has ended is decoded by its own schema. Of structs and arrays that have not ended, the entries that are
 * certain are decoded. A string that has not ended is given as far as it came, if its schema takes that; anything else
 * is left out until it ends.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Json from "./json.ts"
import type { Partial } from "./partialJson.ts"

type AnySchema = Schema.Codec<unknown, unknown>
type Decode = (value: unknown) => Option.Option<unknown>

const decoders = new WeakMap<Schema.Top, Decode>()

const decoder = (schema: Schema.Top): Decode => {
  const known = decoders.get(schema)
  if (known !== undefined) return known
  // No services are provided here: a codec that needs one fails, and its value is left out until the end.
  const made = Schema.decodeUnknownOption(Schema.toCodecJson(schema as AnySchema))
  decoders.set(schema, made)
  return made
}

const fieldsOf = (schema: Schema.Top): Readonly<Record<string, Schema.Top>> | undefined => {
  const inner = unwrapped(schema)
  return "fields" in inner && Json.isObject(inner.fields)
    ? Object.fromEntries(
      Object.entries(inner.fields).filter((entry): entry is [string, Schema.Top] => Schema.isSchema(entry[1]))
    )
    : undefined
}

const isNothing = ({ ast }: Schema.Top): boolean => ast._tag === "Undefined" || ast._tag === "Null"

/** The struct or list inside `optionalKey(X)`, `optional(X)`, `NullOr(X)`, a brand, a default and their like. */
const unwrapped = (schema: Schema.Top): Schema.Top => {
  if ("fields" in schema || "value" in schema) return schema
  if ("schema" in schema && Schema.isSchema(schema.schema)) return unwrapped(schema.schema)
  const members: ReadonlyArray<unknown> = "members" in schema && Array.isArray(schema.members) ? schema.members : []
  const [only, ...others] = members.filter(Schema.isSchema).filter((member) => !isNothing(member))
  return only === undefined || others.length > 0 ? schema : unwrapped(only)
}

const itemOf = (schema: Schema.Top): Schema.Top | undefined => {
  const inner = unwrapped(schema)
  return inner.ast._tag === "Arrays" && "value" in inner && Schema.isSchema(inner.value) ? inner.value : undefined
}

const wrappers = new WeakMap<Schema.Top, Schema.Top>()

/** The schema of one entry by itself; its key may be optional or have a default. */
const asEntry = (schema: Schema.Top): Schema.Top => {
  const known = wrappers.get(schema)
  if (known !== undefined) return known
  const made = Schema.Struct({ entry: schema })
  wrappers.set(schema, made)
  return made
}

const entryValue = (schema: Schema.Top, value: unknown): Option.Option<unknown> =>
  Option.flatMap(
    decoder(asEntry(schema))({ entry: value }),
    (decoded) => Json.isObject(decoded) && "entry" in decoded ? Option.some(decoded["entry"]) : Option.none()
  )

export const partialDecode = (schema: Schema.Top, partial: Partial): Option.Option<unknown> => {
  const { complete, last, value } = partial
  if (complete) return entryValue(schema, value)
  if (typeof value === "string") return entryValue(schema, value)
  if (Array.isArray(value)) {
    const item = itemOf(schema)
    if (item === undefined) return Option.none()
    return Option.some(value.flatMap((entry: unknown, i) => {
      const decoded = partialDecode(item, last?.key === i ? last.partial : { value: entry, complete: true })
      return Option.isSome(decoded) ? [decoded.value] : []
    }))
  }
  const fields = fieldsOf(schema)
  if (fields === undefined || !Json.isObject(value)) return Option.none()
  const out: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields)) {
    if (!Object.hasOwn(value, name)) continue
    const decoded = partialDecode(field, last?.key === name ? last.partial : { value: value[name], complete: true })
    if (Option.isSome(decoded)) out[name] = decoded.value
  }
  return Option.some(out)
}
