/**
 * Tool names that Gemini takes, and the way back.
 *
 * A toolkit may name a tool anything: MCP servers send names with spaces, slashes and far
 * more than 64 characters. A name that is fine stays as it is; any other becomes its
 * readable beginning and a hash of the whole. Different names never become one, and
 * every wire name leads back to its own.
 *
 * @since 0.1.0
 */

/**
 * Longest name that every version of the API takes, in characters.
 *
 * @category constants
 * @since 0.1.0
 */
export const maxLength = 64

const fine = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/

/**
 * Whether Gemini takes a name as it is.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isFine = (name: string): boolean => fine.test(name)

// FNV-1a over UTF-16 units, twice with different seeds: stable over versions and machines.
const fnv = (text: string, seed: number): string => {
  let hash = seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(36).padStart(7, "0")
}

const shortened = (name: string, salt: number): string => {
  const hash = fnv(`${salt}${name}`, 0x811c9dc5) + fnv(`${name}${salt}`, 0x9747b28c)
  const readable = name.replace(/[^A-Za-z0-9_.:-]+/g, "_").replace(/^[^A-Za-z_]/, "_$&")
  return `${readable.slice(0, maxLength - hash.length - 1)}_${hash}`
}

/**
 * Both directions of one set of names. A name that is not in the set passes unchanged.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolNames {
  readonly toWire: (name: string) => string
  readonly fromWire: (name: string) => string
}

/**
 * The names of one request. A wire name depends on the name alone, whatever the others
 * are, unless two would collide.
 *
 * ```ts
 * import * as ToolName from "effect-gemini-ai/ToolName"
 *
 * const names = ToolName.make(["weather", "files/read all"])
 * console.log(names.toWire("weather"), names.fromWire(names.toWire("files/read all"))) // weather files/read all
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (names: Iterable<string>): ToolNames => {
  const all = new Set(names)
  const wireOf = new Map<string, string>()
  const nameOf = new Map<string, string>()
  for (const name of all) {
    if (isFine(name)) nameOf.set(name, name)
  }
  for (const name of all) {
    if (isFine(name)) continue
    let salt = 0
    let wire = shortened(name, salt)
    while (nameOf.has(wire)) wire = shortened(name, ++salt)
    wireOf.set(name, wire)
    nameOf.set(wire, name)
  }
  return {
    toWire: (name) => wireOf.get(name) ?? name,
    fromWire: (wire) => nameOf.get(wire) ?? wire
  }
}
