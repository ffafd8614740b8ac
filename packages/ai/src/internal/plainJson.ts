/**
 * Any value as JSON, or the place where it is not JSON. What `JSON.stringify` would leave out, empty or refuse is named
 * by its path instead. Pure.
 */
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"

/** The first place that JSON has no value for. */
export interface Unwritable {
  /** As Effect writes paths: `["a"][0]`. */
  readonly path: string
  /** What stands there. */
  readonly what: string
}

/** No result is nested deeper; what seems to be is a cycle. */
const maxDepth = 500

const named = (value: object): string => {
  const constructor: unknown = value.constructor
  return typeof constructor === "function" && constructor.name !== "" ? `a ${constructor.name}` : "an object"
}

/** Whether `JSON.stringify` would write less than there is: a Map is `{}` to it. */
const isOpaque = (value: object): boolean => {
  if (ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set || value instanceof Error) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype !== Object.prototype && prototype !== null && Object.keys(value).length === 0
}

class Walk {
  readonly #path: Array<string | number> = []
  failure: Unwritable | undefined

  json(value: unknown): Schema.Json {
    if (this.failure !== undefined) return null
    switch (typeof value) {
      case "string":
      case "boolean":
        return value
      case "number":
        return Number.isFinite(value) ? value : this.#refuse(String(value))
      case "undefined":
        return null
      case "object":
        return value === null ? null : this.#object(value)
      case "bigint":
        return this.#refuse("a BigInt")
      default:
        return this.#refuse(`a ${typeof value}`)
    }
  }

  #object(value: object): Schema.Json {
    if (this.#path.length >= maxDepth) return this.#refuse("a value that is nested without end")
    if (Array.isArray(value)) return value.map((item: unknown, i) => this.#at(i, item))
    if ("toJSON" in value && typeof value.toJSON === "function") {
      try {
        const written: unknown = value.toJSON()
        return written === value ? this.#refuse(named(value)) : this.json(written)
      } catch {
        return this.#refuse(named(value))
      }
    }
    if (isOpaque(value)) return this.#refuse(named(value))
    const known = Object.entries(value).filter(([, item]) => item !== undefined)
    return Object.fromEntries(known.map(([key, item]) => [key, this.#at(key, item)]))
  }

  #at(key: string | number, value: unknown): Schema.Json {
    this.#path.push(key)
    const out = this.json(value)
    this.#path.pop()
    return out
  }

  #refuse(what: string): null {
    this.failure ??= { what, path: this.#path.slice(0, 20).map((key) => `[${JSON.stringify(key)}]`).join("") }
    return null
  }
}

/** Keys that are `undefined` are left out, and so is nothing else. */
export const make = (value: unknown): Result.Result<Schema.Json, Unwritable> => {
  const walk = new Walk()
  const out = walk.json(value)
  return walk.failure === undefined ? Result.succeed(out) : Result.fail(walk.failure)
}
