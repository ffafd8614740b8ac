/**
 * Reads a JSON value whose shape is not known, such as a request that was judged, by the rules of the wire, which take
 * `system_instruction` for `systemInstruction`.
 */

export type Json = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The member at a path, or undefined where nothing lies there. */
export const at = (value: unknown, ...path: ReadonlyArray<string>): unknown => {
  let here = value
  for (const key of path) {
    if (!isObject(here) || !Object.hasOwn(here, key)) return undefined
    here = here[key]
  }
  return here
}

export const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

export const text = (value: unknown): string | undefined => typeof value === "string" ? value : undefined

/** Numbers may come as strings. */
export const number = (value: unknown): number | undefined => {
  const n = typeof value === "string" && value !== "" ? Number(value) : value
  return typeof n === "number" && Number.isFinite(n) ? n : undefined
}

/** The fields that are maps: their keys are the caller's own and stay as they are. */
const free = new Set([
  "args",
  "response",
  "properties",
  "labels",
  "partMetadata",
  "parametersJsonSchema",
  "responseJsonSchema"
])

const camel = (name: string): string =>
  name.replace(/(?<=[A-Za-z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase())

/** The same value with the names of its fields in camelCase. */
export const normalized = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(normalized)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      const name = camel(key)
      return [name, free.has(name) ? member : normalized(member)]
    })
  )
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const names = Object.keys(value)
  if (names.length > 1) names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return Object.fromEntries(names.map((name) => [name, sorted(value[name])]))
}

/** The texts of bodies, each of which is asked for several times while one request is answered. */
const texts = new WeakMap<object, string>()

/** One and the same text for equal values, with their keys sorted. The value may not change afterwards. */
export const canonical = (value: unknown): string => {
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? ""
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = JSON.stringify(sorted(value))
  texts.set(value, text)
  return text
}
