/**
 * Contents: the turns of a conversation, those of the user and those of the model.
 *
 * The schemas describe the wire value and validate it; they never rewrite it.
 * A received content keeps every key it came with, also keys that this version
 * does not know, so that it can be sent back as it was (thought signatures
 * depend on that).
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { field } from "../internal/wire/leaves.ts"
import { Part } from "./Part.ts"

/**
 * A turn: its parts and who speaks (`user` or `model`).
 *
 * @category schemas
 * @since 0.1.0
 */
export const Content = Schema.Struct({
  role: field(Schema.String),
  parts: field(Schema.Array(Part))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Content extends Schema.Schema.Type<typeof Content> {}

/**
 * The three forms that callers may pass wherever contents are expected: a string (one user turn), parts (one user
 * turn) or whole contents.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = string | ReadonlyArray<Part> | ReadonlyArray<Content>

/**
 * A user turn.
 *
 * ```ts
 * import * as Content from "effect-gemini/wire/Content"
 * import * as Part from "effect-gemini/wire/Part"
 *
 * const contents = [
 *   Content.user("What is 2 + 2?"),
 *   Content.model("4"),
 *   Content.user([Part.text("And this?"), Part.imageUrl("https://example.org/sum.png")])
 * ]
 * contents.map((content) => content.role) // => ["user", "model", "user"]
 * ```
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

// This never throws, because a program without types may pass anything; the request's check then says what is wrong.
const isContents = (input: ReadonlyArray<Part> | ReadonlyArray<Content>): input is ReadonlyArray<Content> =>
  Array.isArray(input) && input.length > 0 &&
  input.every((item: unknown) => typeof item === "object" && item !== null && ("parts" in item || "role" in item))

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
  if (input === undefined || input === null) return []
  return isParts(input) ? (input.length === 0 ? [] : [user(input)]) : input
}
