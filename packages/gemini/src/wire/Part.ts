/**
 * Parts: the pieces that a turn is made of, and their constructors.
 *
 * A part holds exactly one data field (`text`, `inlineData`, `functionCall`, …) and
 * any modifiers (`thought`, `thoughtSignature`, `videoMetadata`, …). The schemas
 * describe the wire value; a received part keeps every key it came with, so it can
 * be sent back as it was. Thought signatures depend on that: never move one to
 * another part, never merge two parts.
 *
 * @since 0.1.0
 */
import * as Base64 from "effect/encoding/Base64"
import * as Schema from "effect/Schema"
import { enumField, field, numeric, Struct } from "../internal/wire/leaves.ts"

/**
 * Bytes inside the message: base64 data and its media type.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Blob = Schema.Struct({
  mimeType: field(Schema.String),
  data: field(Schema.String),
  displayName: field(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Blob extends Schema.Schema.Type<typeof Blob> {}

/**
 * A file by address: a Files API URI, a YouTube URL, or an `https:`/`gs:` URI.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FileData = Schema.Struct({
  mimeType: field(Schema.String),
  fileUri: field(Schema.String),
  displayName: field(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface FileData extends Schema.Schema.Type<typeof FileData> {}

/**
 * One piece of streamed call arguments (Vertex): a JSON path and the value, or a
 * piece of the string, that belongs there.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PartialArg = Schema.Struct({
  jsonPath: field(Schema.String),
  stringValue: field(Schema.String),
  numberValue: numeric,
  boolValue: field(Schema.Boolean),
  nullValue: field(Schema.Unknown),
  willContinue: field(Schema.Boolean)
})

/**
 * A call that the model asks for. Streamed calls may come in pieces: `name` only in
 * the first, arguments as `partialArgs`, `{}` as the end marker.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FunctionCall = Schema.Struct({
  id: field(Schema.String),
  name: field(Schema.String),
  args: field(Struct),
  partialArgs: field(Schema.Array(PartialArg)),
  willContinue: field(Schema.Boolean)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface FunctionCall extends Schema.Schema.Type<typeof FunctionCall> {}

/**
 * How a handled part of media is to be processed.
 *
 * @category models
 * @since 0.1.0
 */
export type MediaProcessing = "STATIC" | "AGENTIC"

/**
 * Media inside a function's result.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FunctionResponsePart = Schema.Struct({
  inlineData: field(Blob),
  fileData: field(FileData),
  mediaProcessing: enumField<MediaProcessing>()
})

/**
 * The result of a call. By convention the keys of `response` are `output` or `error`;
 * `willContinue` and `scheduling` are for non-blocking calls of the Live API.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FunctionResponse = Schema.Struct({
  id: field(Schema.String),
  name: field(Schema.String),
  response: field(Struct),
  parts: field(Schema.Array(FunctionResponsePart)),
  willContinue: field(Schema.Boolean),
  scheduling: enumField<"SILENT" | "WHEN_IDLE" | "INTERRUPT">()
})

/**
 * @category models
 * @since 0.1.0
 */
export interface FunctionResponse extends Schema.Schema.Type<typeof FunctionResponse> {}

/**
 * Code that the model wrote for the code execution tool.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ExecutableCode = Schema.Struct({
  id: field(Schema.String),
  language: enumField<"PYTHON">(),
  code: field(Schema.String)
})

/**
 * The result of running an `ExecutableCode`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CodeExecutionResult = Schema.Struct({
  id: field(Schema.String),
  outcome: enumField<"OUTCOME_OK" | "OUTCOME_FAILED" | "OUTCOME_DEADLINE_EXCEEDED">(),
  output: field(Schema.String)
})

/**
 * The server-side tools.
 *
 * @category models
 * @since 0.1.0
 */
export type ToolType =
  | "GOOGLE_SEARCH_WEB"
  | "GOOGLE_SEARCH_IMAGE"
  | "URL_CONTEXT"
  | "GOOGLE_MAPS"
  | "FILE_SEARCH"
  | "MEDIA_PROCESSING"

/**
 * A call of a server-side tool, made visible by `toolConfig.includeServerSideToolInvocations`.
 * It must be echoed back in the history.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolCall = Schema.Struct({
  id: field(Schema.String),
  toolType: enumField<ToolType>(),
  toolName: field(Schema.String),
  args: field(Struct)
})

/**
 * The answer of a server-side tool; echoed back like its `ToolCall`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolResponse = Schema.Struct({
  id: field(Schema.String),
  toolType: enumField<ToolType>(),
  response: field(Struct)
})

/**
 * A section of a video and how densely it is sampled. Offsets are durations like
 * `"10s"`; `fps` is in (0, 24].
 *
 * @category schemas
 * @since 0.1.0
 */
export const VideoMetadata = Schema.Struct({
  startOffset: field(Schema.String),
  endOffset: field(Schema.String),
  fps: numeric
})

/**
 * The resolution at which the model looks at a part's media.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MediaResolution = Schema.Struct({
  level: enumField<
    "MEDIA_RESOLUTION_LOW" | "MEDIA_RESOLUTION_MEDIUM" | "MEDIA_RESOLUTION_HIGH" | "MEDIA_RESOLUTION_ULTRA_HIGH"
  >()
})

const WordInfo = Schema.Struct({
  word: field(Schema.String),
  startOffset: field(Schema.String),
  endOffset: field(Schema.String)
})

/**
 * A transcript of speech, with the times of words if they were asked for.
 *
 * @category schemas
 * @since 0.1.0
 */
export const AudioTranscription = Schema.Struct({
  speakerLabel: field(Schema.String),
  text: field(Schema.String),
  words: field(Schema.Array(WordInfo)),
  finished: field(Schema.Boolean),
  languageCode: field(Schema.String),
  startOffset: field(Schema.String),
  endOffset: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface AudioTranscription extends Schema.Schema.Type<typeof AudioTranscription> {}

/**
 * Who speaks, and in which style.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SpeechMetadata = Schema.Struct({
  speaker: field(Schema.String),
  style: field(Schema.String)
})

/**
 * One part of a content.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Part = Schema.Struct({
  text: field(Schema.String),
  inlineData: field(Blob),
  fileData: field(FileData),
  functionCall: field(FunctionCall),
  functionResponse: field(FunctionResponse),
  executableCode: field(ExecutableCode),
  codeExecutionResult: field(CodeExecutionResult),
  toolCall: field(ToolCall),
  toolResponse: field(ToolResponse),
  audioTranscription: field(AudioTranscription),
  speechMetadata: field(SpeechMetadata),
  thought: field(Schema.Boolean),
  thoughtSignature: field(Schema.String),
  partMetadata: field(Struct),
  mediaResolution: field(MediaResolution),
  mediaProcessing: enumField<MediaProcessing>(),
  videoMetadata: field(VideoMetadata)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Part extends Schema.Schema.Type<typeof Part> {}

/**
 * A text part.
 *
 * @category constructors
 * @since 0.1.0
 */
export const text = (text: string): Part => ({ text })

/**
 * Bytes of any media type, sent inside the request (up to 100 MB in all).
 *
 * @category constructors
 * @since 0.1.0
 */
export const bytes = (data: Uint8Array, mimeType: string): Part => ({
  inlineData: { mimeType, data: Base64.encode(data) }
})

/**
 * An image from its bytes.
 *
 * ```ts
 * import * as Content from "effect-gemini/wire/Content"
 * import * as Part from "effect-gemini/wire/Part"
 *
 * const png = new Uint8Array([137, 80, 78, 71])
 * const turn = Content.user([Part.text("What is this?"), Part.image(png, "image/png")])
 * console.log(turn.parts?.length) // 2
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const image = (data: Uint8Array, mimeType = "image/png"): Part => bytes(data, mimeType)

/**
 * An image by its address, which the server fetches.
 *
 * @category constructors
 * @since 0.1.0
 */
export const imageUrl = (url: string | URL, mimeType?: string): Part => file(String(url), mimeType)

/**
 * A file by its address: `file.uri` of an uploaded file, a YouTube URL, or an
 * `https:`/`gs:` URI. The media type may be left out for uploaded files.
 *
 * @category constructors
 * @since 0.1.0
 */
export const file = (uri: string, mimeType?: string): Part => ({
  fileData: { fileUri: uri, ...(mimeType === undefined ? {} : { mimeType }) }
})

/**
 * A call that a model made, for histories written by hand. Calls that a model really
 * made are sent back as received (`Content.model(answer…)`), with their signatures.
 *
 * @category constructors
 * @since 0.1.0
 */
export const functionCall = (
  name: string,
  args: Readonly<Record<string, unknown>>,
  options?: { readonly id?: string | undefined; readonly thoughtSignature?: string | undefined }
): Part => ({
  functionCall: { ...(options?.id === undefined ? {} : { id: options.id }), name, args },
  ...(options?.thoughtSignature === undefined ? {} : { thoughtSignature: options.thoughtSignature })
})

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * The result of a call, matched to it by `id` if the call had one, else by name and
 * order. The API takes only objects: anything else is wrapped as `{ output: … }`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const functionResponse = (
  call: string | FunctionCall,
  response: unknown,
  media?: ReadonlyArray<typeof FunctionResponsePart.Type>
): Part => {
  const { id, name } = typeof call === "string" ? { id: undefined, name: call } : call
  return {
    functionResponse: {
      ...(id === undefined || id === null ? {} : { id }),
      ...(name === undefined || name === null ? {} : { name }),
      response: isObject(response) ? response : { output: response ?? null },
      ...(media === undefined ? {} : { parts: media })
    }
  }
}

/**
 * The failure of a call, in the form in which the model is told.
 *
 * @category constructors
 * @since 0.1.0
 */
export const functionError = (call: string | FunctionCall, message: string): Part =>
  functionResponse(call, { error: message })
