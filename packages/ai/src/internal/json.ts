/** Wire values as JSON. */
import type * as Schema from "effect/Schema"
import type { JsonOf } from "../GeminiMetadata.ts"

/**
 * A value that was parsed from JSON, or that its schema accepted as it came. The wire types allow `undefined` only
 * where a key may be missing, and a parsed value never holds it.
 */
export const parsed = <A>(value: A): JsonOf<A> => value as JsonOf<A>

/** The same for an object whose keys are copied into another one. */
export const object = (value: object): Schema.JsonObject => value as Schema.JsonObject

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
