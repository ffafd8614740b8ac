/**
 * The settings of a request: generation, formats of the output, agents, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { openUnion, type Unfamiliar } from "../../internal/interactions/openUnion.ts"
import { enumField, field, numeric, openName, Struct } from "../../internal/wire/leaves.ts"
import { AllowedTools } from "./ToolTypes.ts"

/**
 * `AudioFormat`: the wire's `AudioResponseFormat`, of the type "audio".
 *
 * @category schemas
 * @since 0.2.0
 */
export const AudioFormat = Schema.Struct({
  bit_rate: numeric,
  delivery: enumField<"inline" | "uri">(),
  mime_type: enumField<"audio/mp3" | "audio/ogg_opus" | "audio/l16" | "audio/wav" | "audio/alaw" | "audio/mulaw">(),
  sample_rate: numeric,
  type: Schema.Literal("audio")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AudioFormat extends Schema.Schema.Type<typeof AudioFormat> {}

/**
 * `InteractionImageConfig`: the wire's `ImageConfig`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionImageConfig = Schema.Struct({
  aspect_ratio: enumField<
    "1:1" | "2:3" | "3:2" | "3:4" | "4:3" | "4:5" | "5:4" | "9:16" | "16:9" | "21:9" | "1:8" | "8:1" | "1:4" | "4:1"
  >(),
  image_size: enumField<"1K" | "2K" | "4K" | "512">()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface InteractionImageConfig extends Schema.Schema.Type<typeof InteractionImageConfig> {}

/**
 * `SpeakerVoice`: the wire's `SpeechConfig`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SpeakerVoice = Schema.Struct({
  language: field(Schema.String),
  speaker: field(Schema.String),
  voice: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface SpeakerVoice extends Schema.Schema.Type<typeof SpeakerVoice> {}

/**
 * `SpeakerVoices`: the wire's `SpeakerConfig`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SpeakerVoices = Schema.Struct({
  speakers: field(Schema.Array(SpeakerVoice))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface SpeakerVoices extends Schema.Schema.Type<typeof SpeakerVoices> {}

/**
 * `ToolChoiceConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ToolChoiceConfig = Schema.Struct({
  allowed_tools: field(AllowedTools)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ToolChoiceConfig extends Schema.Schema.Type<typeof ToolChoiceConfig> {}

/**
 * `SmartTranscriptionMode` of the wire, of the type "smart".
 *
 * @category schemas
 * @since 0.2.0
 */
export const SmartTranscriptionMode = Schema.Struct({
  source_text: field(Schema.String),
  type: Schema.Literal("smart")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface SmartTranscriptionMode extends Schema.Schema.Type<typeof SmartTranscriptionMode> {}

/**
 * `VerbatimTranscriptionMode` of the wire, of the type "verbatim".
 *
 * @category schemas
 * @since 0.2.0
 */
export const VerbatimTranscriptionMode = Schema.Struct({
  diarization_mode: field(Schema.String),
  timestamp_granularities: field(Schema.Array(Schema.String)),
  type: Schema.Literal("verbatim")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface VerbatimTranscriptionMode extends Schema.Schema.Type<typeof VerbatimTranscriptionMode> {}

/**
 * `TranscriptionMode` of the wire, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TranscriptionMode: Schema.Codec<TranscriptionMode> = openUnion([
  SmartTranscriptionMode,
  VerbatimTranscriptionMode
])

/**
 * @category models
 * @since 0.2.0
 */
export type TranscriptionMode = SmartTranscriptionMode | VerbatimTranscriptionMode | Unfamiliar

/**
 * `TranscriptionConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TranscriptionConfig = Schema.Struct({
  adaptation_phrases: field(Schema.Array(Schema.String)),
  custom_vocabulary: field(Schema.Array(Schema.String)),
  diarization_mode: field(Schema.String),
  language_codes: field(Schema.Array(Schema.String)),
  language_hints: field(Schema.Array(Schema.String)),
  mode: field(Schema.Union([TranscriptionMode, openName<"verbatim" | "smart">()])),
  timestamp_granularities: field(Schema.Array(Schema.String))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface TranscriptionConfig extends Schema.Schema.Type<typeof TranscriptionConfig> {}

/**
 * `VideoConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VideoConfig = Schema.Struct({
  task: enumField<"text_to_video" | "image_to_video" | "reference_to_video" | "edit" | "extend" | "upscale">()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface VideoConfig extends Schema.Schema.Type<typeof VideoConfig> {}

/**
 * `InteractionConfig`: the wire's `GenerationConfig`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionConfig = Schema.Struct({
  image_config: field(InteractionImageConfig),
  max_output_tokens: numeric,
  seed: numeric,
  speech_config: field(Schema.Union([SpeakerVoices, Schema.Array(SpeakerVoice)])),
  stop_sequences: field(Schema.Array(Schema.String)),
  temperature: numeric,
  thinking_level: enumField<"minimal" | "low" | "medium" | "high" | "xhigh">(),
  thinking_summaries: enumField<"auto" | "none">(),
  tool_choice: field(Schema.Union([ToolChoiceConfig, openName<"auto" | "any" | "none" | "validated">()])),
  top_p: numeric,
  transcription_config: field(TranscriptionConfig),
  video_config: field(VideoConfig)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface InteractionConfig extends Schema.Schema.Type<typeof InteractionConfig> {}

/**
 * `ImageFormat`: the wire's `ImageResponseFormat`, of the type "image".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ImageFormat = Schema.Struct({
  aspect_ratio: enumField<
    "1:1" | "2:3" | "3:2" | "3:4" | "4:3" | "4:5" | "5:4" | "9:16" | "16:9" | "21:9" | "1:8" | "8:1" | "1:4" | "4:1"
  >(),
  delivery: enumField<"inline" | "uri">(),
  image_size: enumField<"512" | "1K" | "2K" | "4K">(),
  mime_type: enumField<"image/jpeg">(),
  type: Schema.Literal("image")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ImageFormat extends Schema.Schema.Type<typeof ImageFormat> {}

/**
 * `InteractionSafety`: the wire's `SafetySetting`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionSafety = Schema.Struct({
  method: enumField<"severity" | "probability">(),
  threshold: enumField<"block_low_and_above" | "block_medium_and_above" | "block_only_high" | "block_none" | "off">(),
  type: enumField<
    | "hate_speech"
    | "dangerous_content"
    | "harassment"
    | "sexually_explicit"
    | "civic_integrity"
    | "image_hate"
    | "image_dangerous_content"
    | "image_harassment"
    | "image_sexually_explicit"
    | "jailbreak"
  >()
})

/**
 * @category models
 * @since 0.2.0
 */
export interface InteractionSafety extends Schema.Schema.Type<typeof InteractionSafety> {}

/**
 * `TextFormat`: the wire's `TextResponseFormat`, of the type "text".
 *
 * @category schemas
 * @since 0.2.0
 */
export const TextFormat = Schema.Struct({
  mime_type: enumField<"application/json" | "text/plain">(),
  schema: field(Struct),
  type: Schema.Literal("text")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface TextFormat extends Schema.Schema.Type<typeof TextFormat> {}

/**
 * `VideoFormat`: the wire's `VideoResponseFormat`, of the type "video".
 *
 * @category schemas
 * @since 0.2.0
 */
export const VideoFormat = Schema.Struct({
  aspect_ratio: enumField<"16:9" | "9:16">(),
  delivery: enumField<"inline" | "uri">(),
  duration: field(Schema.String),
  gcs_uri: field(Schema.String),
  resolution: enumField<"360p" | "720p" | "1080p" | "4k">(),
  type: Schema.Literal("video")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface VideoFormat extends Schema.Schema.Type<typeof VideoFormat> {}

/**
 * `WebhookConfig` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookConfig = Schema.Struct({
  uris: field(Schema.Array(Schema.String)),
  user_metadata: field(Struct)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface WebhookConfig extends Schema.Schema.Type<typeof WebhookConfig> {}

/**
 * `OutputFormat`: the wire's `ResponseFormat`, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const OutputFormat = Schema.Union([AudioFormat, ImageFormat, TextFormat, VideoFormat, Struct])

/**
 * @category models
 * @since 0.2.0
 */
export type OutputFormat = typeof OutputFormat.Type
