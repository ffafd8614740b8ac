/**
 * What a test should look at when it ends: whether anything went wrong that no assertion has seen.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"

/**
 * The things that a check looks for.
 *
 * - `unmatched`: requests, and turns of Live, that no rule matched
 * - `refused`: those that the judge refused, and those whose answer could not be given
 * - `unused`: rules of the space that have not answered
 * - `waiting`: answers of the queue that nobody took
 * - `open`: requests, streams and sessions that have not ended
 *
 * @category schemas
 * @since 0.2.0
 */
export const Concern = Schema.Literals(["unmatched", "refused", "unused", "waiting", "open"])

/**
 * @category models
 * @since 0.2.0
 */
export type Concern = typeof Concern.Type

/** A request, or a turn of a Live connection, and what went wrong with it. */
const Incident = Schema.Struct({
  id: Schema.Int.annotate({ description: "of the request, or of the Live connection" }),
  live: Schema.Boolean,
  what: Schema.String,
  why: Schema.String
})

/**
 * What was found. `text` says it to a person.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Remains = Schema.Struct({
  ok: Schema.Boolean,
  text: Schema.String,
  unmatched: Schema.Array(Incident),
  refused: Schema.Array(Incident),
  unused: Schema.Array(Schema.String),
  waiting: Schema.Int,
  open: Schema.Int
}).annotate({ identifier: "Remains" })

/**
 * @category models
 * @since 0.2.0
 */
export interface Remains extends Schema.Schema.Type<typeof Remains> {}
