/**
 * The references of a JSON Schema, all of them to `$defs`. Pure.
 *
 * Gemini knows `$defs` alone. Generators also write `#/definitions/…`, `#` for the whole document and pointers into it
 * (`#/properties/a`, as of a subschema that occurs twice): what such a pointer leads to becomes a definition.
 */
import * as Json from "./json.ts"
import type { Node } from "./jsonDialect.ts"

export interface Local {
  /** Without its definitions. */
  readonly schema: Node
  readonly definitions: ReadonlyMap<string, unknown>
}

/** What stands under these is data, whatever its keys are. */
const data: ReadonlySet<string> = new Set(["enum", "const", "default", "example", "examples"])

const steps = (pointer: string): ReadonlyArray<string> =>
  pointer.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))

const unescaped = (ref: string): string => {
  try {
    return decodeURIComponent(ref)
  } catch {
    return ref
  }
}

const follow = (root: Node, path: ReadonlyArray<string>): unknown => {
  let at: unknown = root
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined
    at = Reflect.get(at, step)
  }
  return at
}

export const local = (source: Node): Local => {
  const definitions = new Map<string, unknown>()
  const pending: Array<readonly [name: string, schema: unknown]> = []

  const names = new Map<string, string>()
  const nameOf = (ref: string): string => {
    const path = steps(unescaped(ref))
    const key = JSON.stringify(path)
    const known = names.get(key)
    if (known !== undefined) return known
    const isDefinition = path.length === 2 && (path[0] === "$defs" || path[0] === "definitions")
    const plain = (isDefinition ? path.slice(1) : ["root", ...path]).join(".").replaceAll(/[^\w.-]/g, "_")
    // Two definitions may differ in what a reference cannot hold.
    const name = definitions.has(plain) ? `${plain}.${names.size}` : plain
    names.set(key, name)
    const found = follow(source, path)
    if (found !== undefined) {
      definitions.set(name, undefined)
      pending.push([name, found])
    }
    return name
  }

  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk)
    if (!Json.isObject(value)) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, entry]) => {
        if (key === "$ref" && typeof entry === "string") {
          return [key, entry.startsWith("#") ? `#/$defs/${nameOf(entry)}` : entry]
        }
        return [key, data.has(key) ? entry : walk(entry)]
      })
    )
  }

  const { $defs: _, definitions: __, ...root } = source
  const schema = walk(root)
  // What is referred to refers on.
  for (const [name, definition] of pending) {
    const isWhole = definition === source
    definitions.set(name, walk(isWhole ? root : definition))
  }
  return { schema: Json.isObject(schema) ? schema : {}, definitions }
}
