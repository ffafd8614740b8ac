/**
 * The events of an interaction's stream: it is created, its status changes, its steps start, grow and stop, and it is
 * completed or fails.
 *
 * Which events there are follows `@google/genai` 3.3.0 and Google's guides (2026-11), which spell events of a status
 * also `interaction.in_progress`. An event that is not known is kept as it came.
 *
 * ```ts
 * import * as InteractionEvent from "effect-gemini/interactions/InteractionEvent"
 *
 * const event: InteractionEvent.InteractionEvent = {
 *   event_type: "step.delta",
 *   index: 1,
 *   delta: { type: "text", text: "Hello" },
 *   event_id: "evt_7"
 * }
 * console.log(InteractionEvent.text(event), InteractionEvent.id(event)) // Hello evt_7
 * ```
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { openEvents, type UnfamiliarEvent } from "../internal/interactions/openUnion.ts"
import * as Types from "./types/EventTypes.ts"
import type { InteractionUsage } from "./types/InteractionTypes.ts"

const spelled = <const Spelling extends string>(spelling: Spelling) =>
  Schema.Struct({ ...Types.InteractionStatusEvent.fields, event_type: Schema.Literal(spelling) })

/**
 * An event of a status whose name spells the status (Google's guides, 2026).
 *
 * @category models
 * @since 0.2.0
 */
export interface SpelledStatusEvent extends Omit<Types.InteractionStatusEvent, "event_type"> {
  readonly event_type:
    | "interaction.in_progress"
    | "interaction.queued"
    | "interaction.requires_action"
    | "interaction.requires_continuation"
}

/**
 * One event of a stream.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionEvent: Schema.Codec<InteractionEvent> = openEvents([
  Types.StepDeltaEvent,
  Types.StepStartEvent,
  Types.StepStopEvent,
  Types.InteractionStatusEvent,
  Types.InteractionCreatedEvent,
  Types.InteractionCompletedEvent,
  Types.ErrorEvent,
  spelled("interaction.in_progress"),
  spelled("interaction.queued"),
  spelled("interaction.requires_action"),
  spelled("interaction.requires_continuation")
])

/**
 * One event. `event_type` tells the kinds apart, and `event_id`, where there is one, is what a stream is resumed by.
 *
 * @category models
 * @since 0.2.0
 */
export type InteractionEvent =
  | Types.StepDeltaEvent
  | Types.StepStartEvent
  | Types.StepStopEvent
  | Types.InteractionStatusEvent
  | Types.InteractionCreatedEvent
  | Types.InteractionCompletedEvent
  | Types.ErrorEvent
  | SpelledStatusEvent
  | UnfamiliarEvent

/**
 * How an interaction stands. In `requires_action` it waits for results of functions, in `requires_continuation` the
 * server stopped at its own cap; both are over for the server, and another interaction goes on. A status that is not
 * known here is kept.
 *
 * @category models
 * @since 0.2.0
 */
export type InteractionStatus = NonNullable<Types.EventInteraction["status"]>

const over: ReadonlySet<unknown> = new Set([
  "completed",
  "failed",
  "cancelled",
  "incomplete",
  "budget_exceeded",
  "requires_action",
  "requires_continuation"
])

/**
 * Whether nothing more comes of an interaction in this status.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isOver = (status: InteractionStatus | null | undefined): boolean => over.has(status)

/**
 * The id of the event, if it has one.
 *
 * @category getters
 * @since 0.2.0
 */
export const id = (event: InteractionEvent): string | undefined =>
  "event_id" in event ? event.event_id || undefined : undefined

/**
 * The id of the interaction that the event names, if it names one.
 *
 * @category getters
 * @since 0.2.0
 */
export const interactionId = (event: InteractionEvent): string | undefined =>
  ("interaction" in event ? event.interaction?.id : "interaction_id" in event ? event.interaction_id : undefined) ||
  undefined

/**
 * The status that the event tells, under any of its spellings.
 *
 * @category getters
 * @since 0.2.0
 */
export const status = (event: InteractionEvent): InteractionStatus | undefined => {
  if ("interaction" in event) return event.interaction?.status ?? undefined
  if (!("interaction_id" in event) && !("status" in event)) return spelling(event.event_type)
  return event.status ?? spelling(event.event_type)
}

const spelling = (type: string): InteractionStatus | undefined => {
  const name = /^interaction\.(in_progress|queued|requires_action|requires_continuation)$/.exec(type)?.[1]
  return name
}

/**
 * The token to go on with that the event brings, if it brings one.
 *
 * @category getters
 * @since 0.2.0
 */
export const continuationToken = (event: InteractionEvent): string | undefined =>
  ("interaction" in event
    ? event.interaction?.continuation_token
    : "continuation_token" in event
    ? event.continuation_token
    : undefined) || undefined

/**
 * The text that the event adds to the model's output, else none.
 *
 * @category getters
 * @since 0.2.0
 */
export const text = (event: InteractionEvent): string =>
  event.event_type === "step.delta" && event.delta?.type === "text" ? event.delta.text ?? "" : ""

/**
 * What the event counts of the whole interaction so far, if it counts.
 *
 * @category getters
 * @since 0.2.0
 */
export const usage = (event: InteractionEvent): InteractionUsage | undefined => {
  if (event.event_type === "step.delta") return event.metadata?.total_usage ?? undefined
  if ("interaction" in event) return event.interaction?.usage ?? undefined
  return "usage" in event ? event.usage ?? undefined : undefined
}
