/**
 * Contents of steps: text, images, sound, documents, video, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { openUnion, type Unfamiliar } from "../../internal/interactions/openUnion.ts"
import { enumField, field, numeric, openName, Struct } from "../../internal/wire/leaves.ts"
import { Annotation } from "./AnnotationTypes.ts"

/**
 * `AudioContent` of the wire, of the type "audio".
 *
 * @category schemas
 * @since 0.2.0
 */
export const AudioContent = Schema.Struct({
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
  sample_rate: numeric,
  type: Schema.Literal("audio"),
  uri: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AudioContent extends Schema.Schema.Type<typeof AudioContent> {}

/**
 * `DocumentContent` of the wire, of the type "document".
 *
 * @category schemas
 * @since 0.2.0
 */
export const DocumentContent = Schema.Struct({
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
export interface DocumentContent extends Schema.Schema.Type<typeof DocumentContent> {}

/**
 * `ImageContent` of the wire, of the type "image".
 *
 * @category schemas
 * @since 0.2.0
 */
export const ImageContent = Schema.Struct({
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
export interface ImageContent extends Schema.Schema.Type<typeof ImageContent> {}

/**
 * `StaticMediaProcessing` of the wire, of the type "static".
 *
 * @category schemas
 * @since 0.2.0
 */
export const StaticMediaProcessing = Schema.Struct({
  end_offset: field(Schema.String),
  fps: numeric,
  start_offset: field(Schema.String),
  type: Schema.Literal("static")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface StaticMediaProcessing extends Schema.Schema.Type<typeof StaticMediaProcessing> {}

/**
 * `StepFailure`: the wire's `Status`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const StepFailure = Schema.Struct({
  code: numeric,
  details: field(Schema.Array(Struct)),
  message: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface StepFailure extends Schema.Schema.Type<typeof StepFailure> {}

/**
 * `TextContent` of the wire, of the type "text".
 *
 * @category schemas
 * @since 0.2.0
 */
export const TextContent = Schema.Struct({
  annotations: field(Schema.Array(Annotation)),
  text: field(Schema.String),
  type: Schema.Literal("text")
})

/**
 * @category models
 * @since 0.2.0
 */
export interface TextContent extends Schema.Schema.Type<typeof TextContent> {}

/**
 * `VideoProcessing`: the wire's `MediaProcessing`, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const VideoProcessing = StaticMediaProcessing

/**
 * @category models
 * @since 0.2.0
 */
export type VideoProcessing = typeof VideoProcessing.Type

/**
 * `VideoContent` of the wire, of the type "video".
 *
 * @category schemas
 * @since 0.2.0
 */
export const VideoContent = Schema.Struct({
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
  >(),
  name: field(Schema.String),
  processing: field(Schema.Union([VideoProcessing, openName<"static" | "agentic">()])),
  resolution: enumField<"low" | "medium" | "high" | "ultra_high">(),
  type: Schema.Literal("video"),
  uri: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface VideoContent extends Schema.Schema.Type<typeof VideoContent> {}

/**
 * `InteractionContent`: the wire's `Content`, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionContent: Schema.Codec<InteractionContent> = openUnion([
  AudioContent,
  DocumentContent,
  ImageContent,
  TextContent,
  VideoContent
])

/**
 * @category models
 * @since 0.2.0
 */
export type InteractionContent = AudioContent | DocumentContent | ImageContent | TextContent | VideoContent | Unfamiliar

/**
 * `FunctionResultSubcontent` of the wire, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FunctionResultSubcontent: Schema.Codec<FunctionResultSubcontent> = openUnion([
  AudioContent,
  DocumentContent,
  ImageContent,
  TextContent,
  VideoContent
])

/**
 * @category models
 * @since 0.2.0
 */
export type FunctionResultSubcontent =
  | AudioContent
  | DocumentContent
  | ImageContent
  | TextContent
  | VideoContent
  | Unfamiliar

/**
 * `ThoughtSummaryContent` of the wire, in any of its forms.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ThoughtSummaryContent: Schema.Codec<ThoughtSummaryContent> = openUnion([ImageContent, TextContent])

/**
 * @category models
 * @since 0.2.0
 */
export type ThoughtSummaryContent = ImageContent | TextContent | Unfamiliar
