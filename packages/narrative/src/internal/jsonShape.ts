/** What stands at a path of a JSON value, as far as its JSON Schema tells. Pure. */
import type { JsonPath } from "../Reference.ts"
import { nearest } from "./nearest.ts"

export type JsonSchema = Readonly<Record<string, unknown>>

/** `any` where the schema leaves open what stands there. */
export type Shape = { readonly _tag: "Known"; readonly schema: JsonSchema } | { readonly _tag: "Any" }

export type Found =
  | Shape
  /** Nothing can stand there: the path is right up to `at` keys of it. */
  | { readonly _tag: "Never"; readonly at: number; readonly what: string; readonly hint: string }

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const any: Shape = { _tag: "Any" }

export const known = (schema: JsonSchema): Shape => ({ _tag: "Known", schema })

/** A reference inside the schema: `#/$defs/step`. */
const follow = (schema: JsonSchema, root: JsonSchema): JsonSchema => {
  let now = schema
  for (let hops = 0; hops < 20; hops++) {
    const ref = now["$ref"]
    if (typeof ref !== "string" || !ref.startsWith("#")) return now
    let target: unknown = root
    for (const key of ref.slice(1).split("/").filter((part) => part !== "")) {
      target = isSchema(target) || Array.isArray(target) ? Reflect.get(target, decodeURIComponent(key)) : undefined
    }
    if (!isSchema(target)) return {}
    now = target
  }
  return {}
}

/** A schema may refer to itself: each one is looked at once. */
const branches = (
  schema: JsonSchema,
  root: JsonSchema,
  seen: Set<JsonSchema> = new Set()
): ReadonlyArray<JsonSchema> => {
  const own = follow(schema, root)
  if (seen.has(own)) return []
  seen.add(own)
  const more = (["anyOf", "oneOf", "allOf"] as const).flatMap((key) => {
    const list = own[key]
    return Array.isArray(list) ? list.filter(isSchema) : []
  })
  return more.length === 0 ? [own] : [own, ...more.flatMap((branch) => branches(branch, root, seen))]
}

const typesOf = (schemas: ReadonlyArray<JsonSchema>): ReadonlySet<string> =>
  new Set(
    schemas.flatMap(({ type }) => Array.isArray(type) ? type.map(String) : typeof type === "string" ? [type] : [])
  )

const describe = (types: ReadonlySet<string>): string => [...types].filter((type) => type !== "null").join(" or ")

const merged = (found: ReadonlyArray<JsonSchema>): JsonSchema => found.length === 1 ? found[0] ?? {} : { anyOf: found }

/** One key further. */
const step = (schema: JsonSchema, key: string | number, root: JsonSchema, way: string, at: number): Found => {
  const all = branches(schema, root)
  const types = typesOf(all)
  const never = (what: string, hint: string): Found => ({ _tag: "Never", at, what, hint })
  if (typeof key === "number") {
    const items = all.flatMap((branch) => {
      const { items, prefixItems } = branch
      const own = Array.isArray(prefixItems) ? prefixItems[key] : undefined
      return isSchema(own) ? [own] : isSchema(items) ? [items] : []
    })
    if (items.length > 0) return known(merged(items))
    if (types.size === 0 || types.has("array")) return any
    return never(`${way} is not a list: its schema says ${describe(types)}`, `leave [${key}] out`)
  }
  if (key === "length" && types.size === 1 && types.has("array")) return known({ type: "integer" })
  const names = all.flatMap(({ properties }) => isSchema(properties) ? Object.keys(properties) : [])
  const fields = all.flatMap(({ properties }) => {
    const field = isSchema(properties) && Object.hasOwn(properties, key) ? properties[key] : undefined
    return isSchema(field) ? [field] : field === true ? [{}] : []
  })
  if (fields.length > 0) return known(merged(fields))
  const extra = all.flatMap(({ additionalProperties }) => isSchema(additionalProperties) ? [additionalProperties] : [])
  if (extra.length > 0) return known(merged(extra))
  if (all.some(({ additionalProperties }) => additionalProperties === true)) return any
  if (names.length > 0) {
    const near = nearest(key, names)
    return never(
      `${way} has no "${key}"`,
      near === undefined ? `its schema has ${names.join(", ")}` : `did you mean "${near}"?`
    )
  }
  if (types.has("array")) return never(`${way} is a list, which has no "${key}"`, `take one of it: ${way}[0].${key}`)
  if (types.size === 0 || types.has("object")) return any
  return never(`${way} has no fields: its schema says ${describe(types)}`, `leave .${key} out`)
}

/** What stands at the path; `name` is what messages call the whole. */
export const at = (shape: Shape, path: JsonPath, name: string): Found => {
  if (shape._tag === "Any") return any
  const root = shape.schema
  let now: Found = shape
  let way = name
  for (const [index, key] of path.entries()) {
    if (now._tag !== "Known") return now
    now = step(now.schema, key, root, way, index)
    way += typeof key === "number" ? `[${key}]` : `.${key}`
  }
  if (now._tag !== "Known" || now.schema === root) return now
  // What is found keeps the definitions that it may refer to.
  const { $defs, definitions } = root
  return known({
    ...($defs === undefined ? {} : { $defs }),
    ...(definitions === undefined ? {} : { definitions }),
    ...now.schema
  })
}

/** The types that may stand there; empty if the schema leaves that open. */
export const types = (shape: Shape): ReadonlySet<string> =>
  shape._tag === "Any" ? new Set() : typesOf(branches(shape.schema, shape.schema))

/** The values that may stand there, where the schema lists them. */
export const values = (shape: Shape): ReadonlyArray<unknown> | undefined => {
  if (shape._tag === "Any") return undefined
  const lists = branches(shape.schema, shape.schema).map(({ const: only, enum: list }) =>
    Array.isArray(list) ? list : only === undefined ? undefined : [only]
  )
  const found = lists.filter((list) => list !== undefined)
  return found.length === 0 ? undefined : found.flat()
}

/** What the items of a list are; undefined if it is not a list. */
export const items = (shape: Shape): Shape | undefined => {
  if (shape._tag === "Any") return any
  const found = step(shape.schema, 0, shape.schema, "", 0)
  return found._tag === "Never" ? undefined : found
}

/** A schema that a value which is written out fits. */
const schemaOf = (value: unknown): JsonSchema =>
  Array.isArray(value)
    ? { type: "array", items: schemaOfAll(value) }
    : isSchema(value)
    ? {
      type: "object",
      properties: Object.fromEntries(Object.entries(value).map(([key, field]) => [key, schemaOf(field)]))
    }
    : { type: typeof value }

const schemaOfAll = (values: ReadonlyArray<unknown>): JsonSchema => merged(values.map(schemaOf))

/** What is known of the values of a list that is written out. */
export const ofValues = (list: ReadonlyArray<unknown>): Shape => known(schemaOfAll(list))
