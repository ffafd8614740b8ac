/**
 * The events of a stream, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric } from "../../internal/wire/leaves.ts"
import { Delta } from "../Delta.ts"
import { Step } from "../Step.ts"
import { InteractionError, InteractionUsage } from "./InteractionTypes.ts"

/**
 * `ErrorEvent` of the wire, of the type "error".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ErrorEvent = Schema.Struct({
  error: field(InteractionError),
  event_id: field(Schema.String),
  event_type: Schema.Literal("error")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ErrorEvent extends Schema.Schema.Type<typeof ErrorEvent> {}

/**
 * `EventInteraction`: the wire's `InteractionSseEventInteraction`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const EventInteraction = Schema.Struct({
  agent: field(Schema.String),
  continuation_token: field(Schema.String),
  created: field(Schema.String),
  id: field(Schema.String),
  model: field(Schema.String),
  object: field(Schema.String),
  service_tier: enumField<"flex" | "standard" | "priority" | "deferred">(),
  status: enumField<
    | "in_progress"
    | "requires_action"
    | "completed"
    | "failed"
    | "cancelled"
    | "incomplete"
    | "budget_exceeded"
    | "queued"
    | "requires_continuation"
  >(),
  steps: field(Schema.Array(Step)),
  updated: field(Schema.String),
  usage: field(InteractionUsage)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface EventInteraction extends Schema.Schema.Type<typeof EventInteraction> {}

/**
 * `InteractionCompletedEvent` of the wire, of the type "interaction.completed".
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionCompletedEvent = Schema.Struct({
  event_id: field(Schema.String),
  event_type: Schema.Literal("interaction.completed"),
  interaction: field(EventInteraction)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface InteractionCompletedEvent extends Schema.Schema.Type<typeof InteractionCompletedEvent> {}

/**
 * `InteractionCreatedEvent` of the wire, of the type "interaction.created".
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionCreatedEvent = Schema.Struct({
  event_id: field(Schema.String),
  event_type: Schema.Literal("interaction.created"),
  interaction: field(EventInteraction)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface InteractionCreatedEvent extends Schema.Schema.Type<typeof InteractionCreatedEvent> {}

/**
 * `InteractionStatusEvent`: the wire's `InteractionStatusUpdate`, of the type "interaction.status_update".
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionStatusEvent = Schema.Struct({
  continuation_token: field(Schema.String),
  event_id: field(Schema.String),
  event_type: Schema.Literal("interaction.status_update"),
  interaction_id: field(Schema.String),
  status: enumField<
    | "in_progress"
    | "requires_action"
    | "completed"
    | "failed"
    | "cancelled"
    | "incomplete"
    | "budget_exceeded"
    | "queued"
    | "requires_continuation"
  >(),
  usage: field(InteractionUsage)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface InteractionStatusEvent extends Schema.Schema.Type<typeof InteractionStatusEvent> {}

/**
 * `StepDeltaMetadata` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const StepDeltaMetadata = Schema.Struct({
  total_usage: field(InteractionUsage)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface StepDeltaMetadata extends Schema.Schema.Type<typeof StepDeltaMetadata> {}

/**
 * `StepDeltaEvent`: the wire's `StepDelta`, of the type "step.delta".
 *
 * @category schemas
 * @since 0.2.0
 */
export const StepDeltaEvent = Schema.Struct({
  delta: field(Delta),
  event_id: field(Schema.String),
  event_type: Schema.Literal("step.delta"),
  index: numeric,
  metadata: field(StepDeltaMetadata)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface StepDeltaEvent extends Schema.Schema.Type<typeof StepDeltaEvent> {}

/**
 * `StepStartEvent`: the wire's `StepStart`, of the type "step.start".
 *
 * @category schemas
 * @since 0.2.0
 */
export const StepStartEvent = Schema.Struct({
  event_id: field(Schema.String),
  event_type: Schema.Literal("step.start"),
  index: numeric,
  step: field(Step)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface StepStartEvent extends Schema.Schema.Type<typeof StepStartEvent> {}

/**
 * `StepStopEvent`: the wire's `StepStop`, of the type "step.stop".
 *
 * @category schemas
 * @since 0.2.0
 */
export const StepStopEvent = Schema.Struct({
  event_id: field(Schema.String),
  event_type: Schema.Literal("step.stop"),
  index: numeric,
  step_usage: field(InteractionUsage),
  usage: field(InteractionUsage)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface StepStopEvent extends Schema.Schema.Type<typeof StepStopEvent> {}
