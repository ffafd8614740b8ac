/**
 * What Gemini says and takes beyond the words of `effect/ai`, typed under the key `google`:
 * metadata of response parts, options of prompt parts and messages, metadata of errors.
 *
 * Importing any module of this package brings the types along. The values are JSON, so a
 * `Chat` that is exported and imported keeps them; thought signatures travel this way.
 *
 * @since 0.1.0
 */
import type { DecisionResponse } from "effect-gemini/decisions/DecisionResponse"
import type * as Candidate from "effect-gemini/wire/Candidate"
import type * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type * as Grounding from "effect-gemini/wire/Grounding"
import type * as Part from "effect-gemini/wire/Part"
import type * as Safety from "effect-gemini/wire/Safety"
import type * as Usage from "effect-gemini/wire/Usage"
import type * as Response from "effect/ai/Response"
import "effect/ai/AiError"
import "effect/ai/DecisionModel"
import "effect/ai/Prompt"
import "effect/ai/Response"
import type * as Schema from "effect/Schema"

/**
 * A wire type as plain JSON: metadata may hold no `undefined`.
 *
 * @category utility types
 * @since 0.1.0
 */
export type JsonOf<T> = unknown extends T ? Schema.Json
  : T extends string | number | boolean | null ? T
  : T extends ReadonlyArray<infer A> ? ReadonlyArray<JsonOf<A>>
  : T extends object ? { readonly [K in keyof T]: JsonOf<Exclude<T[K], undefined>> }
  : never

/**
 * What a part of the conversation had on the wire beside what `effect/ai` has a field for.
 * It is sent back with the part; leave it where it is.
 *
 * @category models
 * @since 0.1.0
 */
export type PartDetails = {
  /** The model's signature over its thoughts. It belongs to this part and to no other. */
  readonly thoughtSignature?: string
  /** The part's other fields (media resolution, video section, part metadata, …). */
  readonly fields?: Schema.JsonObject
  /**
   * The whole wire part. It is kept for calls and their server-side results, and for parts that `effect/ai` has no
   * kind for (those are empty texts). It goes back as it is.
   */
  readonly part?: Schema.JsonObject
}

/**
 * What a caller may say of a text or file part of a prompt.
 *
 * @category models
 * @since 0.1.0
 */
export type InputDetails = PartDetails & {
  /** The resolution at which the model looks at the media. */
  readonly mediaResolution?: JsonOf<typeof Part.MediaResolution.Type>
  /** The section of a video, and how densely it is sampled. */
  readonly videoMetadata?: JsonOf<typeof Part.VideoMetadata.Type>
}

/**
 * How an answer ended, and all that came with it.
 *
 * @category models
 * @since 0.1.0
 */
export type FinishDetails = {
  /** Gemini's own word for the reason. */
  readonly finishReason?: Candidate.FinishReason | (string & {})
  readonly finishMessage?: string
  /** The token to continue with, where the answer was cut and nobody followed (`continuation: "off"`). */
  readonly continuationToken?: string
  readonly safetyRatings?: ReadonlyArray<JsonOf<Safety.SafetyRating>>
  readonly promptFeedback?: JsonOf<typeof GenerateContent.PromptFeedback.Type>
  readonly groundingMetadata?: JsonOf<Grounding.GroundingMetadata>
  readonly citationMetadata?: JsonOf<typeof Grounding.CitationMetadata.Type>
  readonly urlContextMetadata?: JsonOf<typeof Grounding.UrlContextMetadata.Type>
  readonly avgLogprobs?: number | string
  readonly logprobsResult?: JsonOf<typeof Candidate.LogprobsResult.Type>
  /** The counters as received; the standard ones are in the part's `usage`. */
  readonly usageMetadata?: JsonOf<Usage.UsageMetadata>
}

/**
 * Where a source comes from, as the grounding says it.
 *
 * @category models
 * @since 0.1.0
 */
export type SourceDetails = {
  readonly groundingChunk?: JsonOf<Grounding.GroundingChunk>
  /** Its place in `groundingMetadata.groundingChunks`. */
  readonly index?: number
}

/**
 * How decisions were answered, and all that was counted.
 *
 * @category models
 * @since 0.2.0
 */
export type DecisionDetails = {
  /**
   * Who answered each decision: `native`, a model for decisions by its calibrated probabilities, or `structured`, a
   * language model that wrote them down.
   */
  readonly answeredBy: { readonly [decision: string]: "native" | "structured" }
  /** The counters of the native call as received; both calls together are in the response's `usage`. */
  readonly usage?: JsonOf<NonNullable<DecisionResponse["usage"]>>
}

/**
 * What is known of a failed call; never what the request said, a header or the key.
 *
 * @category models
 * @since 0.1.0
 */
export type ErrorDetails = {
  /** The tag of the `GeminiError` reason, or `Incomplete`: an answer that ended before its object did. */
  readonly reason: string
  /** What the server or the client says of it; some reasons of `AiError` have no field for it. */
  readonly description?: string
  /** What was asked: Google's method, on the model. */
  readonly request?: string
  readonly model?: string
  readonly status?: number
  readonly googleStatus?: string
  readonly requestId?: string
  /** How many attempts the client made. It makes no further one by itself. */
  readonly attempts?: number
  /** Milliseconds after which the server asks to come again. */
  readonly retryAfter?: number
  readonly finishReason?: string
  /** What the model wrote of the object before its answer was cut, without its thoughts. */
  readonly responseText?: string
  readonly usage?: { [Counter in keyof Usage.Usage]: number }
  /** The quotas that were reached, as the server names them. */
  readonly violations?: Array<{
    quotaMetric?: string
    quotaId?: string
    quotaValue?: string
    quotaDimensions?: { [name: string]: string }
  }>
  /** The budget of the program's own that is spent, or that knows no price. */
  readonly budget?: string
  /** Milliseconds since the epoch at which the quota or the budget is whole again. */
  readonly resetAt?: number
  /** The fields of the request that the server refused. */
  readonly fields?: Array<{ field: string; description?: string }>
  /** Names that are like the one that was not found. */
  readonly nearMatches?: Array<string>
  /** What was reached: calls that may wait, tokens of a request, bytes of an answer. */
  readonly limit?: number
  /** Pages that explain the refusal. */
  readonly links?: Array<string>
}

/**
 * The metadata of all providers with ours among them. An interface that says `google?` itself beside the index signature
 * of `effect/ai` is refused in projects without `exactOptionalPropertyTypes`, where the property may also be undefined;
 * one that inherits both from a mapped type holds with and without the flag.
 */
type Beside<Metadata, Details> = Whole<Metadata & { readonly google?: Details | null }>
type Whole<T> = { readonly [Key in keyof T]: T[Key] }

declare module "effect/ai/Response" {
  export interface TextPartMetadata extends Beside<ProviderMetadata, PartDetails> {}
  export interface TextStartPartMetadata extends Beside<ProviderMetadata, PartDetails> {}
  export interface ReasoningPartMetadata extends Beside<ProviderMetadata, PartDetails> {}
  export interface ReasoningStartPartMetadata extends Beside<ProviderMetadata, PartDetails> {}
  export interface FilePartMetadata extends Beside<ProviderMetadata, PartDetails> {}
  export interface ToolCallPartMetadata extends Beside<ProviderMetadata, PartDetails> {}
  export interface ToolResultPartMetadata extends Beside<ProviderMetadata, PartDetails> {}
  export interface UrlSourcePartMetadata extends Beside<ProviderMetadata, SourceDetails> {}
  export interface DocumentSourcePartMetadata extends Beside<ProviderMetadata, SourceDetails> {}
  export interface FinishPartMetadata extends Beside<ProviderMetadata, FinishDetails> {}
}

declare module "effect/ai/DecisionModel" {
  export interface DecideResponseMetadata extends Beside<Response.ProviderMetadata, DecisionDetails> {}
}

declare module "effect/ai/Prompt" {
  export interface TextPartOptions extends Beside<ProviderOptions, InputDetails> {}
  export interface ReasoningPartOptions extends Beside<ProviderOptions, PartDetails> {}
  export interface FilePartOptions extends Beside<ProviderOptions, InputDetails> {}
  export interface ToolCallPartOptions extends Beside<ProviderOptions, PartDetails> {}
  export interface ToolResultPartOptions extends Beside<ProviderOptions, PartDetails> {}
}

declare module "effect/ai/AiError" {
  export interface RateLimitErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
  export interface QuotaExhaustedErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
  export interface AuthenticationErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
  export interface ContentPolicyErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
  export interface InvalidRequestErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
  export interface InvalidResponseErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
  export interface InternalProviderErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
  export interface InvalidOutputErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
  export interface UnsupportedSchemaErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
  export interface UnknownErrorMetadata extends Beside<ProviderMetadata, ErrorDetails> {}
}
