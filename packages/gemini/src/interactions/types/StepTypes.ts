/**
 * The steps of an interaction, and what their calls and results hold, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { field, Struct } from "../../internal/wire/leaves.ts"
import { FunctionResultSubcontent, InteractionContent, StepFailure, ThoughtSummaryContent } from "./ContentTypes.ts"

/**
 * `FunctionCallStep` of the wire, of the type "function_call".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FunctionCallStep = Schema.Struct({
  arguments: field(Struct),
  id: field(Schema.String),
  name: field(Schema.String),
  type: Schema.Literal("function_call")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FunctionCallStep extends Schema.Schema.Type<typeof FunctionCallStep> {}

/**
 * `FunctionResultStepResult` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FunctionResultStepResult = Struct

/**
 * @category models
 * @since 0.2.0
 */
export interface FunctionResultStepResult extends Schema.Schema.Type<typeof FunctionResultStepResult> {}

/**
 * `FunctionResultStep` of the wire, of the type "function_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FunctionResultStep = Schema.Struct({
  call_id: field(Schema.String),
  is_error: field(Schema.Boolean),
  name: field(Schema.String),
  result: field(Schema.Union([Schema.Array(FunctionResultSubcontent), FunctionResultStepResult, Schema.String])),
  type: Schema.Literal("function_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FunctionResultStep extends Schema.Schema.Type<typeof FunctionResultStep> {}

/**
 * `ModelOutputStep` of the wire, of the type "model_output".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ModelOutputStep = Schema.Struct({
  content: field(Schema.Array(InteractionContent)),
  error: field(StepFailure),
  type: Schema.Literal("model_output")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ModelOutputStep extends Schema.Schema.Type<typeof ModelOutputStep> {}

/**
 * `ThoughtStep` of the wire, of the type "thought".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ThoughtStep = Schema.Struct({
  signature: field(Schema.String),
  summary: field(Schema.Array(ThoughtSummaryContent)),
  type: Schema.Literal("thought")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ThoughtStep extends Schema.Schema.Type<typeof ThoughtStep> {}

/**
 * `UserInputStep` of the wire, of the type "user_input".
 *
 * @category schemas
 * @since 0.2.0
 */
export const UserInputStep = Schema.Struct({
  content: field(Schema.Array(InteractionContent)),
  type: Schema.Literal("user_input")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface UserInputStep extends Schema.Schema.Type<typeof UserInputStep> {}
