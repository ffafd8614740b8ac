/**
 * Objects that a model wrote, checked by a schema.
 *
 * @since 0.3.0
 */
import type { Answer } from "effect-gemini/call/Answer"
import type { AnySchema, Output, Unfinished } from "./AnySchema.ts"

/**
 * An object, and the answer that it was in.
 *
 * @category models
 * @since 0.3.0
 */
export interface ObjectAnswer<T> {
  readonly value: T
  /** How often the model was asked again because its answer did not fit the schema. */
  readonly repairs: number
  readonly answer: Answer
}

/**
 * An object as it comes: what is known of it so far, and at last the whole.
 *
 * @category models
 * @since 0.3.0
 */
export type ObjectChunk<S extends AnySchema> =
  | { readonly finished: false; readonly value: Unfinished<S> }
  | { readonly finished: true; readonly value: Output<S> }
