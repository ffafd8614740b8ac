/**
 * The classes of reasons. A reason is known by the name of its error and its own tag, which is said once.
 */
import * as Schema from "effect/Schema"

const of = (error: string) =>
<Self>() =>
<const Tag extends string, const Fields extends Schema.Struct.Fields>(
  tag: Tag,
  fields: Fields
) => Schema.TaggedError<Self>(`effect-gemini/${error}/${tag}`)(tag, fields)

/** A reason of a `GeminiError`. */
export const geminiReason = of("GeminiError")

/** A reason of a `LiveError`. */
export const liveReason = of("LiveError")
