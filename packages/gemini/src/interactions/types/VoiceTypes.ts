/**
 * Voices, prebuilt and made, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field } from "../../internal/wire/leaves.ts"
import { InteractionUsage } from "./InteractionTypes.ts"

/**
 * `AudioData` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const AudioData = Schema.Struct({
  data: field(Schema.String),
  mime_type: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AudioData extends Schema.Schema.Type<typeof AudioData> {}

/**
 * `PromptedVoice` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const PromptedVoice = Schema.Struct({
  base_voice: field(Schema.String),
  input: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface PromptedVoice extends Schema.Schema.Type<typeof PromptedVoice> {}

/**
 * `ReplicatedVoice` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ReplicatedVoice = Schema.Struct({
  consent_audio: field(AudioData),
  source_audio: field(AudioData)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ReplicatedVoice extends Schema.Schema.Type<typeof ReplicatedVoice> {}

/**
 * `VoiceInput` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VoiceInput = Schema.Struct({
  accent: field(Schema.String),
  context: field(Schema.String),
  description: field(Schema.String),
  display_name: field(Schema.String),
  gender: field(Schema.String),
  language_code: field(Schema.String),
  model: field(Schema.String),
  persona: field(Schema.String),
  pitch: enumField<"low" | "medium" | "high">(),
  prompted: field(PromptedVoice),
  region_code: field(Schema.String),
  replicated: field(ReplicatedVoice),
  sample_audio: field(AudioData),
  type: enumField<"replicated" | "prompted" | "prebuilt">()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface VoiceInput extends Schema.Schema.Type<typeof VoiceInput> {}

/**
 * `CreateVoiceRequest` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CreateVoiceRequest = Schema.Struct({
  store: field(Schema.Boolean),
  voice: field(VoiceInput)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CreateVoiceRequest extends Schema.Schema.Type<typeof CreateVoiceRequest> {}

/**
 * `VoiceOutput` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VoiceOutput = Schema.Struct({
  accent: field(Schema.String),
  context: field(Schema.String),
  description: field(Schema.String),
  display_name: field(Schema.String),
  expire_time: field(Schema.String),
  gender: field(Schema.String),
  id: field(Schema.String),
  key: field(Schema.String),
  language_code: field(Schema.String),
  model: field(Schema.String),
  persona: field(Schema.String),
  pitch: enumField<"low" | "medium" | "high">(),
  prompted: field(PromptedVoice),
  region_code: field(Schema.String),
  sample_audio: field(AudioData),
  type: enumField<"replicated" | "prompted" | "prebuilt">(),
  usage: field(InteractionUsage)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface VoiceOutput extends Schema.Schema.Type<typeof VoiceOutput> {}

/**
 * `ListVoicesResponse` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListVoicesResponse = Schema.Struct({
  next_page_token: field(Schema.String),
  voices: field(Schema.Array(VoiceOutput))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ListVoicesResponse extends Schema.Schema.Type<typeof ListVoicesResponse> {}
