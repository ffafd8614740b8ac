/**
 * An interaction as the API answers it: its status, its steps, what it used, and what it echoes of the request.
 *
 * ```ts
 * import * as Interaction from "effect-gemini/interactions/Interaction"
 *
 * const interaction: Interaction.Interaction = {
 *   id: "v1_abc",
 *   status: "completed",
 *   steps: [{ type: "model_output", content: [{ type: "text", text: "Bern" }] }]
 * }
 * console.log(Interaction.text(interaction)) // Bern
 * ```
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import type { GeminiError } from "../GeminiError.ts"
import { enumField, field, fits, record } from "../internal/wire/leaves.ts"
import * as Usage from "../wire/Usage.ts"
import type { InteractionStatus } from "./InteractionEvent.ts"
import * as Step from "./Step.ts"
import { AudioContent, ImageContent, VideoContent } from "./types/ContentTypes.ts"
import {
  CreateAgentInteraction,
  CreateModelInteraction,
  InteractionError,
  InteractionUsage
} from "./types/InteractionTypes.ts"

const { input: _, stream: __, store: ___, background: ____, ...asked } = CreateModelInteraction.fields

/**
 * An interaction. The POST answers only its new steps, GET all of them.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Interaction = Schema.Struct({
  ...asked,
  agent: field(Schema.String),
  agent_config: CreateAgentInteraction.fields.agent_config,
  id: field(Schema.String),
  object: field(Schema.String),
  status: enumField<InteractionStatus & string>(),
  created: field(Schema.String),
  updated: field(Schema.String),
  steps: field(Schema.Array(Step.Step)),
  usage: field(InteractionUsage),
  errors: field(Schema.Array(InteractionError)),
  environment_id: field(Schema.String),
  input: CreateModelInteraction.fields.input,
  labels: field(record(Schema.String)),
  output_text: field(Schema.String),
  output_image: field(ImageContent),
  output_audio: field(AudioContent),
  output_video: field(VideoContent),
  continuation_ids: field(Schema.Array(Schema.String))
})

/**
 * An interaction as it came.
 *
 * @category models
 * @since 0.2.0
 */
export interface Interaction extends Schema.Schema.Type<typeof Interaction> {}

/**
 * The steps, in their order.
 *
 * @category getters
 * @since 0.2.0
 */
export const steps = ({ steps }: Interaction): ReadonlyArray<Step.Step> => steps ?? []

/**
 * What the model wrote since the last input of the user or result of a function.
 *
 * @category getters
 * @since 0.2.0
 */
export const text = (interaction: Interaction): string => {
  const all = steps(interaction)
  const from = all.findLastIndex(({ type }) => type === "user_input" || type === "function_result")
  return all.slice(from + 1).map(Step.text).join("")
}

/**
 * The calls of functions that have no result yet. A call that the model made in several interactions stands in each.
 *
 * @category getters
 * @since 0.2.0
 */
export const functionCalls = (interaction: Interaction): ReadonlyArray<Step.PendingCall> => {
  const all = steps(interaction)
  const answered = new Set(all.map((step) => step.type === "function_result" ? step.call_id : undefined))
  return all.map(Step.functionCall).filter((call) => call !== undefined).filter(({ id }) => !answered.has(id))
}

type Modalities = InteractionUsage["input_tokens_by_modality"]

const details = (tokens: Modalities) =>
  tokens?.map(({ modality, tokens: tokenCount }) => ({
    ...(modality === undefined || modality === null ? {} : { modality: String(modality).toUpperCase() }),
    ...(tokenCount === undefined ? {} : { tokenCount })
  }))

/**
 * The counted tokens under the names that the rest of the API has for them, if they were counted.
 *
 * @category conversions
 * @since 0.2.0
 */
export const usageMetadata = (usage: InteractionUsage | null | undefined): Usage.UsageMetadata | undefined =>
  usage === undefined || usage === null ? undefined : {
    promptTokenCount: usage.total_input_tokens,
    cachedContentTokenCount: usage.total_cached_tokens,
    candidatesTokenCount: usage.total_output_tokens,
    toolUsePromptTokenCount: usage.total_tool_use_tokens,
    thoughtsTokenCount: usage.total_thought_tokens,
    totalTokenCount: usage.total_tokens,
    promptTokensDetails: details(usage.input_tokens_by_modality),
    cacheTokensDetails: details(usage.cached_tokens_by_modality),
    candidatesTokensDetails: details(usage.output_tokens_by_modality),
    toolUsePromptTokensDetails: details(usage.tool_use_tokens_by_modality)
  }

/**
 * The counted tokens in numbers, if they were counted.
 *
 * @category getters
 * @since 0.2.0
 */
export const usage = (interaction: Pick<Interaction, "usage">): Usage.Usage | undefined => {
  const metadata = usageMetadata(interaction.usage)
  return metadata && Usage.fromMetadata(metadata)
}

/**
 * What had come of an answer in hops before a later hop failed: its steps and usage so far, the token to go on with
 * (`continuation_token`), the interaction that gave it (`previous_interaction_id`), and the ids of all hops.
 *
 * @category models
 * @since 0.2.0
 */
export interface BrokenHops {
  readonly partial: Interaction
  readonly token: string | undefined
  readonly interactionId: string | undefined
  readonly ids: ReadonlyArray<string>
}

const isInteraction = fits(Interaction)

/**
 * What an error says of the hops before it; `undefined` if it broke no answer in hops. The steps of a stream have been
 * handed out as events, and are not in it.
 *
 * @category getters
 * @since 0.2.0
 */
export const interrupted = (error: GeminiError): BrokenHops | undefined => {
  const hops = (error.received ?? []).filter(isInteraction)
  const owner = hops.findLast(({ continuation_token }) => !!continuation_token)
  if (hops.length === 0) return undefined
  return {
    partial: { ...hops.at(-1), steps: hops.flatMap(steps) },
    token: owner?.continuation_token ?? undefined,
    interactionId: owner?.id || undefined,
    ids: hops.flatMap(({ id }) => id ? [id] : [])
  }
}
