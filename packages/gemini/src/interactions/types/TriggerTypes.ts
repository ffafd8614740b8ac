/**
 * Triggers, which run an agent by a clock, and their executions, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric } from "../../internal/wire/leaves.ts"
import { CreateAgentInteraction } from "./InteractionTypes.ts"

/**
 * `TriggerExecution` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TriggerExecution = Schema.Struct({
  end_time: field(Schema.String),
  environment_id: field(Schema.String),
  error: field(Schema.String),
  id: field(Schema.String),
  interaction_id: field(Schema.String),
  scheduled_time: field(Schema.String),
  start_time: field(Schema.String),
  status: enumField<"in_progress" | "completed" | "failed" | "skipped" | "timed_out">(),
  trigger_id: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface TriggerExecution extends Schema.Schema.Type<typeof TriggerExecution> {}

/**
 * `ListTriggerExecutionsResponse` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListTriggerExecutionsResponse = Schema.Struct({
  next_page_token: field(Schema.String),
  trigger_executions: field(Schema.Array(TriggerExecution))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ListTriggerExecutionsResponse extends Schema.Schema.Type<typeof ListTriggerExecutionsResponse> {}

/**
 * `TriggerResource`: the wire's `Trigger`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TriggerResource = Schema.Struct({
  consecutive_failure_count: numeric,
  create_time: field(Schema.String),
  display_name: field(Schema.String),
  environment_id: field(Schema.String),
  execution_timeout_seconds: numeric,
  id: field(Schema.String),
  interaction: field(CreateAgentInteraction),
  last_pause_time: field(Schema.String),
  last_resume_time: field(Schema.String),
  last_run_time: field(Schema.String),
  max_consecutive_failures: numeric,
  next_run_time: field(Schema.String),
  previous_interaction_id: field(Schema.String),
  schedule: field(Schema.String),
  status: enumField<"active" | "paused" | "error">(),
  time_zone: field(Schema.String),
  update_time: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface TriggerResource extends Schema.Schema.Type<typeof TriggerResource> {}

/**
 * `ListTriggersResponse` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListTriggersResponse = Schema.Struct({
  next_page_token: field(Schema.String),
  triggers: field(Schema.Array(TriggerResource))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ListTriggersResponse extends Schema.Schema.Type<typeof ListTriggersResponse> {}

/**
 * `TriggerCreateParams` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TriggerCreateParams = Schema.Struct({
  display_name: field(Schema.String),
  environment_id: field(Schema.String),
  execution_timeout_seconds: numeric,
  interaction: field(CreateAgentInteraction),
  max_consecutive_failures: numeric,
  schedule: field(Schema.String),
  time_zone: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface TriggerCreateParams extends Schema.Schema.Type<typeof TriggerCreateParams> {}

/**
 * `TriggerUpdate` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TriggerUpdate = Schema.Struct({
  display_name: field(Schema.String),
  status: enumField<"active" | "paused" | "error">()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface TriggerUpdate extends Schema.Schema.Type<typeof TriggerUpdate> {}
