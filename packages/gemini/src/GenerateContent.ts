/**
 * generateContent and streamGenerateContent: request, response and the views
 * derived from a response.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Content } from "./Content.ts"
import * as Usage from "./Usage.ts"

/**
 * Generation settings, as the wire has them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GenerationConfig = Schema.Struct({
  temperature: Schema.optionalKey(Schema.Finite),
  topP: Schema.optionalKey(Schema.Finite),
  topK: Schema.optionalKey(Schema.Finite),
  candidateCount: Schema.optionalKey(Schema.Finite),
  maxOutputTokens: Schema.optionalKey(Schema.Finite),
  stopSequences: Schema.optionalKey(Schema.Array(Schema.String)),
  seed: Schema.optionalKey(Schema.Finite),
  responseMimeType: Schema.optionalKey(Schema.String)
})

/**
 * The body of generateContent and streamGenerateContent.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GenerateContentRequest = Schema.Struct({
  contents: Schema.Array(Content),
  systemInstruction: Schema.optionalKey(Content),
  generationConfig: Schema.optionalKey(GenerationConfig)
})

/**
 * @category models
 * @since 0.1.0
 */
export type GenerateContentRequest = typeof GenerateContentRequest.Type

/**
 * One candidate. `finishReason` is an open enum: a value that Google adds
 * tomorrow arrives as the string it is.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Candidate = Schema.Struct({
  content: Schema.optionalKey(Content),
  finishReason: Schema.optionalKey(Schema.String),
  finishMessage: Schema.optionalKey(Schema.String),
  index: Schema.optionalKey(Schema.Finite)
})

/**
 * Why a prompt was blocked; then the response has no candidates.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PromptFeedback = Schema.Struct({
  blockReason: Schema.optionalKey(Schema.String),
  blockReasonMessage: Schema.optionalKey(Schema.String)
})

/**
 * A response of generateContent, or one chunk of a stream: both have the same shape.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GenerateContentResponse = Schema.Struct({
  candidates: Schema.optionalKey(Schema.Array(Candidate)),
  promptFeedback: Schema.optionalKey(PromptFeedback),
  usageMetadata: Schema.optionalKey(Usage.UsageMetadata),
  modelVersion: Schema.optionalKey(Schema.String),
  responseId: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type GenerateContentResponse = typeof GenerateContentResponse.Type

/**
 * The text of the first candidate without its thoughts.
 *
 * @category getters
 * @since 0.1.0
 */
export const text = (response: GenerateContentResponse): string => {
  const parts = response.candidates?.[0]?.content?.parts
  if (parts === undefined) return ""
  let out = ""
  for (const part of parts) if (part.text !== undefined && part.thought !== true) out += part.text
  return out
}

/**
 * The first candidate's finish reason, if it has one yet.
 *
 * @category getters
 * @since 0.1.0
 */
export const finishReason = (response: GenerateContentResponse): string | undefined =>
  response.candidates?.[0]?.finishReason

/**
 * The usage of a response in plain numbers.
 *
 * @category getters
 * @since 0.1.0
 */
export const usage = (response: GenerateContentResponse): Usage.Usage | undefined =>
  response.usageMetadata === undefined ? undefined : Usage.fromMetadata(response.usageMetadata)
