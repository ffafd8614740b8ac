/**
 * How far an interaction has been followed, as data: with it another process goes on behind the last event that this one
 * had.
 *
 * ```ts
 * import * as InteractionHandle from "effect-gemini/interactions/InteractionHandle"
 * import * as Schema from "effect/Schema"
 *
 * const kept = "{\"name\":\"interactions/v1_abc\",\"lastEventId\":\"evt_7\",\"since\":0}"
 * const handle = Schema.decodeUnknownSync(InteractionHandle.InteractionHandle)(JSON.parse(kept))
 * console.log(handle.lastEventId) // evt_7
 * ```
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { type Input, make as handleOf } from "../resources/ResourceHandle.ts"

/**
 * The interaction (`interactions/ID`, and the member that made it, where there are several), the id of the last event
 * that had one, and how many events came since. With `polled` the interaction is asked for as a whole, because it has
 * no stream. Plain JSON, for a journal.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionHandle = Schema.Struct({
  name: Schema.String,
  member: Schema.optionalKey(Schema.String),
  lastEventId: Schema.optionalKey(Schema.String),
  since: Schema.Natural,
  polled: Schema.optionalKey(Schema.Boolean)
})

/**
 * @category models
 * @since 0.2.0
 */
export type InteractionHandle = typeof InteractionHandle.Type

/**
 * The handle of an interaction of which nothing has been followed yet, such as one that `Interactions.create` made in the
 * background.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (interaction: Input): InteractionHandle => ({
  ...(typeof interaction === "string" ? handleOf(interaction) : handleOf(interaction.name, interaction.member)),
  since: 0
})
