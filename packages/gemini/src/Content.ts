/**
 * Contents and parts: what is said to a model and what it says back.
 *
 * The schemas describe the wire value and validate it; they never rewrite it.
 * A received part keeps every key it came with, also keys that this version
 * does not know, so that it can be sent back as it was (thought signatures
 * depend on that).
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * Bytes inside the message: base64 data and its media type.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Blob = Schema.Struct({
  mimeType: Schema.optionalKey(Schema.String),
  data: Schema.optionalKey(Schema.String)
})

/**
 * One part of a content. Exactly one data field is set, plus modifiers.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Part = Schema.Struct({
  text: Schema.optionalKey(Schema.String),
  inlineData: Schema.optionalKey(Blob),
  thought: Schema.optionalKey(Schema.Boolean),
  thoughtSignature: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Part = typeof Part.Type

/**
 * A turn: its parts and who speaks (`user` or `model`).
 *
 * @category schemas
 * @since 0.1.0
 */
export const Content = Schema.Struct({
  role: Schema.optionalKey(Schema.String),
  parts: Schema.optionalKey(Schema.Array(Part))
})

/**
 * @category models
 * @since 0.1.0
 */
export type Content = typeof Content.Type

/**
 * What callers may pass wherever contents are expected: a string (one user turn),
 * parts (one user turn) or whole contents.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = string | ReadonlyArray<Part> | ReadonlyArray<Content>

/**
 * A user turn.
 *
 * @category constructors
 * @since 0.1.0
 */
export const user = (input: string | ReadonlyArray<Part>): Content => ({
  role: "user",
  parts: typeof input === "string" ? [{ text: input }] : input
})

/**
 * A model turn, for histories written by hand.
 *
 * @category constructors
 * @since 0.1.0
 */
export const model = (input: string | ReadonlyArray<Part>): Content => ({
  role: "model",
  parts: typeof input === "string" ? [{ text: input }] : input
})

const isContents = (input: ReadonlyArray<Part> | ReadonlyArray<Content>): input is ReadonlyArray<Content> =>
  input.length > 0 && input.every((item) => "parts" in item || "role" in item)

const isParts = (input: ReadonlyArray<Part> | ReadonlyArray<Content>): input is ReadonlyArray<Part> =>
  !isContents(input)

/**
 * The wire form of an `Input`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromInput = (input: Input): ReadonlyArray<Content> => {
  if (typeof input === "string") return [user(input)]
  return isParts(input) ? (input.length === 0 ? [] : [user(input)]) : input
}
