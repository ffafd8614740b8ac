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
 * What callers may pass wherever contents are expected: one turn, or several in order. A content is the turn that it says;
 * strings and parts are a turn of the user, and those next to each other in a list are one.
 *
 * @category models
 * @since 0.1.0
 */
export type Input = string | Part | Content | ReadonlyArray<string | Part | Content>

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

const isPart = (item: string | Part | Content): item is string | Part =>
  typeof item !== "object" || item === null || !("parts" in item || "role" in item)

// Array.isArray does not narrow a ReadonlyArray.
const isList = (input: Input): input is Extract<Input, ReadonlyArray<unknown>> => Array.isArray(input)

/**
 * The wire form of an `Input`.
 *
 * ```ts
 * import * as Content from "effect-gemini/wire/Content"
 *
 * const picture = { fileData: { fileUri: "files/abc" } }
 * Content.fromInput(["What is this?", picture]).length // => 1
 * Content.fromInput([Content.user("2 + 2?"), Content.model("4"), "And 3 + 3?"]).length // => 3
 * ```
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromInput = (input: Input): ReadonlyArray<Content> => {
  // This never throws, because a program without types may pass anything; the request's check then says what is wrong.
  if (input === undefined || input === null) return []
  const turns: Array<Content> = []
  let parts: Array<Part> | undefined
  for (const item of isList(input) ? input : [input]) {
    if (isPart(item)) {
      if (parts === undefined) turns.push({ role: "user", parts: parts = [] })
      parts.push(typeof item === "string" ? { text: item } : item)
    } else {
      parts = undefined
      turns.push(item)
    }
  }
  return turns
}
