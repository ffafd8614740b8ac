/**
 * generateContent and streamGenerateContent: request, response and the views
 * derived from a response.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, openName, record } from "../internal/wire/leaves.ts"
import * as Candidate from "./Candidate.ts"
import { Content } from "./Content.ts"
import { GenerationConfig } from "./GenerationConfig.ts"
import type * as Part from "./Part.ts"
import { SafetyRating, SafetySetting } from "./Safety.ts"
import { Tool, ToolConfig } from "./Tool.ts"
import * as Usage from "./Usage.ts"

/**
 * The body of generateContent and streamGenerateContent. `cachedContent`
 * (`cachedContents/…`) excludes `systemInstruction`, `tools` and `toolConfig`, which are
 * then part of the cache.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GenerateContentRequest = Schema.Struct({
  contents: Schema.Array(Content),
  systemInstruction: field(Content),
  tools: field(Schema.Array(Tool)),
  toolConfig: field(ToolConfig),
  safetySettings: field(Schema.Array(SafetySetting)),
  generationConfig: field(GenerationConfig),
  cachedContent: field(Schema.String),
  serviceTier: field(openName<Usage.ServiceTier>()),
  store: field(Schema.Boolean),
  labels: field(record(Schema.String)),
  continuationToken: field(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface GenerateContentRequest extends Schema.Schema.Type<typeof GenerateContentRequest> {}

/**
 * Why a prompt was blocked, as far as documented in August 2026. The enum is open.
 *
 * @category models
 * @since 0.1.0
 */
export type BlockReason =
  | "SAFETY"
  | "OTHER"
  | "BLOCKLIST"
  | "PROHIBITED_CONTENT"
  | "IMAGE_SAFETY"
  | "MODEL_ARMOR"
  | "JAILBREAK"

/**
 * How the prompt was rated, and why it was blocked; then the response has no candidates.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PromptFeedback = Schema.Struct({
  blockReason: enumField<BlockReason>(),
  blockReasonMessage: field(Schema.String),
  safetyRatings: field(Schema.Array(SafetyRating))
})

/**
 * The life of the model that answered; sent for models near retirement.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ModelStatus = Schema.Struct({
  modelStage: enumField<
    "UNSTABLE_EXPERIMENTAL" | "EXPERIMENTAL" | "PREVIEW" | "STABLE" | "LEGACY" | "DEPRECATED" | "RETIRED"
  >(),
  message: field(Schema.String),
  retirementTime: field(Schema.String)
})

/**
 * A response of generateContent, or one chunk of a stream: both have the same shape.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GenerateContentResponse = Schema.Struct({
  candidates: field(Schema.Array(Candidate.Candidate)),
  promptFeedback: field(PromptFeedback),
  usageMetadata: field(Usage.UsageMetadata),
  modelVersion: field(Schema.String),
  responseId: field(Schema.String),
  modelStatus: field(ModelStatus),
  createTime: field(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface GenerateContentResponse extends Schema.Schema.Type<typeof GenerateContentResponse> {}

/**
 * The parts of the first candidate, as received.
 *
 * @category getters
 * @since 0.1.0
 */
export const parts = (response: GenerateContentResponse): ReadonlyArray<Part.Part> =>
  response.candidates?.[0]?.content?.parts ?? []

const joined = (response: GenerateContentResponse, thoughts: boolean): string => {
  let out = ""
  for (const part of parts(response)) {
    if (typeof part.text === "string" && (part.thought === true) === thoughts) out += part.text
  }
  return out
}

/**
 * The text of the first candidate without its thoughts.
 *
 * @category getters
 * @since 0.1.0
 */
export const text = (response: GenerateContentResponse): string => joined(response, false)

/**
 * The thought summaries of the first candidate (`thinkingConfig.includeThoughts`).
 *
 * @category getters
 * @since 0.1.0
 */
export const thoughts = (response: GenerateContentResponse): string => joined(response, true)

/**
 * The calls that the first candidate asks for, in order. The end markers of streamed
 * calls (`functionCall: {}`) are left out.
 *
 * @category getters
 * @since 0.1.0
 */
export const functionCalls = (response: GenerateContentResponse): ReadonlyArray<Part.FunctionCall> => {
  const out: Array<Part.FunctionCall> = []
  for (const { functionCall } of parts(response)) {
    if (functionCall?.name || functionCall?.args || functionCall?.partialArgs) out.push(functionCall)
  }
  return out
}

/**
 * The media that the first candidate holds (base64), without the images of thoughts.
 *
 * @category getters
 * @since 0.1.0
 */
export const media = (response: GenerateContentResponse): ReadonlyArray<Part.Blob> => {
  const out: Array<Part.Blob> = []
  for (const part of parts(response)) if (part.inlineData && part.thought !== true) out.push(part.inlineData)
  return out
}

/**
 * The first candidate's finish reason by name, if it has one yet.
 *
 * @category getters
 * @since 0.1.0
 */
export const finishReason = (
  response: GenerateContentResponse
): Candidate.FinishReason | (string & {}) | undefined => Candidate.finishReason(response.candidates?.[0])

// Proto numbers, for `$alt=json;enum-encoding=int`.
const blockReasons: ReadonlyArray<string> = [
  "BLOCK_REASON_UNSPECIFIED",
  "SAFETY",
  "OTHER",
  "BLOCKLIST",
  "PROHIBITED_CONTENT",
  "IMAGE_SAFETY"
]

/**
 * Why the prompt was blocked, by name, if it was.
 *
 * @category getters
 * @since 0.1.0
 */
export const blockReason = (response: GenerateContentResponse): BlockReason | (string & {}) | undefined => {
  const reason = response.promptFeedback?.blockReason
  if (typeof reason === "string") return reason === "" ? undefined : reason
  return typeof reason === "number" ? blockReasons[reason] ?? String(reason) : undefined
}

/**
 * The usage of a response in plain numbers.
 *
 * @category getters
 * @since 0.1.0
 */
export const usage = (response: GenerateContentResponse): Usage.Usage | undefined =>
  response.usageMetadata ? Usage.fromMetadata(response.usageMetadata) : undefined
