/**
 * The pieces of which a stream makes steps, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric, Struct } from "../../internal/wire/leaves.ts"
import { Annotation } from "./AnnotationTypes.ts"
import { FunctionResultSubcontent, InteractionContent } from "./ContentTypes.ts"

/**
 * `ArgumentsDelta` of the wire, of the type "arguments_delta".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ArgumentsDelta = Schema.Struct({
  arguments: field(Schema.String),
  type: Schema.Literal("arguments_delta")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ArgumentsDelta extends Schema.Schema.Type<typeof ArgumentsDelta> {}

/**
 * `AudioDelta` of the wire, of the type "audio".
 *
 * @category schemas
 * @since 0.2.0
 */
export const AudioDelta = Schema.Struct({
  channels: numeric,
  data: field(Schema.String),
  mime_type: enumField<
    | "audio/wav"
    | "audio/mp3"
    | "audio/aiff"
    | "audio/aac"
    | "audio/ogg"
    | "audio/flac"
    | "audio/mpeg"
    | "audio/m4a"
    | "audio/l16"
    | "audio/opus"
    | "audio/alaw"
    | "audio/mulaw"
    | "audio/webm"
  >(),
  rate: numeric,
  sample_rate: numeric,
  type: Schema.Literal("audio"),
  uri: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AudioDelta extends Schema.Schema.Type<typeof AudioDelta> {}

/**
 * `DocumentDelta` of the wire, of the type "document".
 *
 * @category schemas
 * @since 0.2.0
 */
export const DocumentDelta = Schema.Struct({
  data: field(Schema.String),
  mime_type: enumField<
    | "application/pdf"
    | "text/csv"
    | "application/vnd.openxmlformats-officedocument.presentationml.presentation"
    | "application/vnd.ms-powerpoint"
    | "application/vnd.oasis.opendocument.presentation"
    | "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    | "application/msword"
    | "application/vnd.openxmlformats-officedocument.wordprocessingml.template"
    | "application/vnd.oasis.opendocument.text"
    | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    | "application/vnd.ms-excel"
    | "application/vnd.oasis.opendocument.spreadsheet"
  >(),
  type: Schema.Literal("document"),
  uri: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface DocumentDelta extends Schema.Schema.Type<typeof DocumentDelta> {}

/**
 * `FunctionResultDeltaResult` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FunctionResultDeltaResult = Struct

/**
 * @category models
 * @since 0.2.0
 */
export interface FunctionResultDeltaResult extends Schema.Schema.Type<typeof FunctionResultDeltaResult> {}

/**
 * `FunctionResultDelta` of the wire, of the type "function_result".
 *
 * @category schemas
 * @since 0.2.0
 */
export const FunctionResultDelta = Schema.Struct({
  is_error: field(Schema.Boolean),
  name: field(Schema.String),
  result: field(Schema.Union([Schema.Array(FunctionResultSubcontent), FunctionResultDeltaResult, Schema.String])),
  type: Schema.Literal("function_result")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FunctionResultDelta extends Schema.Schema.Type<typeof FunctionResultDelta> {}

/**
 * `ImageDelta` of the wire, of the type "image".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ImageDelta = Schema.Struct({
  data: field(Schema.String),
  mime_type: enumField<
    "image/png" | "image/jpeg" | "image/webp" | "image/heic" | "image/heif" | "image/gif" | "image/bmp" | "image/tiff"
  >(),
  resolution: enumField<"low" | "medium" | "high" | "ultra_high">(),
  type: Schema.Literal("image"),
  uri: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ImageDelta extends Schema.Schema.Type<typeof ImageDelta> {}

/**
 * `TextAnnotationDelta` of the wire, of the type "text_annotation_delta".
 *
 * @category schemas
 * @since 0.2.0
 */
export const TextAnnotationDelta = Schema.Struct({
  annotations: field(Schema.Array(Annotation)),
  type: Schema.Literal("text_annotation_delta")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface TextAnnotationDelta extends Schema.Schema.Type<typeof TextAnnotationDelta> {}

/**
 * `TextDelta` of the wire, of the type "text".
 *
 * @category schemas
 * @since 0.2.0
 */
export const TextDelta = Schema.Struct({
  text: field(Schema.String),
  type: Schema.Literal("text")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface TextDelta extends Schema.Schema.Type<typeof TextDelta> {}

/**
 * `ThoughtSignatureDelta` of the wire, of the type "thought_signature".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ThoughtSignatureDelta = Schema.Struct({
  signature: field(Schema.String),
  type: Schema.Literal("thought_signature")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ThoughtSignatureDelta extends Schema.Schema.Type<typeof ThoughtSignatureDelta> {}

/**
 * `ThoughtSummaryDelta` of the wire, of the type "thought_summary".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ThoughtSummaryDelta = Schema.Struct({
  content: field(InteractionContent),
  type: Schema.Literal("thought_summary")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ThoughtSummaryDelta extends Schema.Schema.Type<typeof ThoughtSummaryDelta> {}

/**
 * `VideoDelta` of the wire, of the type "video".
 *
 * @category schemas
 * @since 0.2.0
 */
export const VideoDelta = Schema.Struct({
  data: field(Schema.String),
  mime_type: enumField<
    | "video/mp4"
    | "video/mpeg"
    | "video/mpg"
    | "video/mov"
    | "video/avi"
    | "video/x-flv"
    | "video/webm"
    | "video/wmv"
    | "video/3gpp"
    | "video/jpeg2000"
  >(),
  resolution: enumField<"low" | "medium" | "high" | "ultra_high">(),
  type: Schema.Literal("video"),
  uri: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface VideoDelta extends Schema.Schema.Type<typeof VideoDelta> {}
