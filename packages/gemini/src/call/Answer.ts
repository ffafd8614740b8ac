/**
 * The answers of `GeminiClient`: views over the wire response, which is there whole.
 *
 * @since 0.1.0
 */
import type { Attempt } from "../GeminiError.ts"
import { hopsOf } from "../internal/call/hops.ts"
import type { Content } from "../wire/Content.ts"
import * as CountTokens from "../wire/CountTokens.ts"
import * as Embedding from "../wire/Embedding.ts"
import * as GenerateContent from "../wire/GenerateContent.ts"
import type { Blob, FunctionCall } from "../wire/Part.ts"
import { count, type Usage } from "../wire/Usage.ts"

/**
 * One answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Answer {
  /** The first candidate's text without thoughts. */
  readonly text: string
  /**
   * The model's turn as received, thoughts, calls and their signatures in it: what a history holds of the answer, before
   * the next turn of the user.
   */
  readonly content: Content
  /** The calls that the model asks for, in order. */
  readonly functionCalls: ReadonlyArray<FunctionCall>
  /** Images and sounds in the answer, base64 as received. */
  readonly media: ReadonlyArray<Blob>
  /** Summaries of the model's thoughts, where they were asked for. */
  readonly thoughts: string
  /** `STOP` or `MAX_TOKENS` as a rule: abnormal ones are errors. */
  readonly finishReason: string | undefined
  readonly usage: Usage | undefined
  /** The model that answered, as the server names it (an alias names its target). */
  readonly model: string
  /** Every attempt of the call, the successful one last. */
  readonly attempts: ReadonlyArray<Attempt>
  /** How many requests the answer took: more than 1 if the server broke it off and the client went on. */
  readonly hops: number
  /** The wire response as received; several hops are joined into one, with the usage of all. */
  readonly response: GenerateContent.GenerateContentResponse
}

/**
 * One piece of a streamed answer. Exactly one chunk, the last, is `finished`; a stream
 * that fails or is interrupted has none.
 *
 * @category models
 * @since 0.1.0
 */
export interface StreamChunk {
  /** The piece's text without thoughts. */
  readonly text: string
  readonly finished: boolean
  /** The last finish reason that the server gave. It is only on the finished chunk. */
  readonly finishReason?: string
  /** The usage of the stream so far, not of the piece; the finished chunk has the last one that the server gave. */
  readonly usage?: Usage
  /** How many requests the answer took. It is only on the finished chunk. */
  readonly hops?: number
  /** The wire chunk as received. In a later hop its usage and its indices are those of the whole answer so far. */
  readonly response: GenerateContent.GenerateContentResponse
}

/**
 * An answer from a response. `model` is the one that was asked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  response: GenerateContent.GenerateContentResponse,
  model: string,
  attempts: ReadonlyArray<Attempt>
): Answer => ({
  text: GenerateContent.text(response),
  content: { role: "model", parts: [], ...response.candidates?.[0]?.content },
  functionCalls: GenerateContent.functionCalls(response),
  media: GenerateContent.media(response),
  thoughts: GenerateContent.thoughts(response),
  finishReason: GenerateContent.finishReason(response),
  usage: GenerateContent.usage(response),
  model: response.modelVersion ?? model,
  attempts,
  hops: hopsOf(response).count,
  response
})

/**
 * The tokens of a request, counted by the server.
 *
 * @category models
 * @since 0.1.0
 */
export interface TokenCount {
  readonly totalTokens: number
  /** How many of these tokens a cache holds. */
  readonly cachedTokens: number
  readonly model: string
  readonly attempts: ReadonlyArray<Attempt>
  /** The wire response, untouched. */
  readonly response: CountTokens.CountTokensResponse
}

/**
 * A count of tokens from the response of countTokens. `model` is the one that was asked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const tokenCount = (
  response: CountTokens.CountTokensResponse,
  model: string,
  attempts: ReadonlyArray<Attempt>
): TokenCount => ({
  totalTokens: CountTokens.totalTokens(response),
  cachedTokens: count(response.cachedContentTokenCount),
  model,
  attempts,
  response
})

/**
 * Contents as vectors.
 *
 * @category models
 * @since 0.1.0
 */
export interface Embeddings {
  /** One vector for each input, in the order of the inputs. */
  readonly vectors: ReadonlyArray<ReadonlyArray<number>>
  /** Tokens of all inputs, if the server counts them. */
  readonly promptTokens: number | undefined
  readonly model: string
  readonly attempts: ReadonlyArray<Attempt>
  /** The wire response, untouched. */
  readonly response: Embedding.BatchEmbedContentsResponse
}

/**
 * Vectors from the response of batchEmbedContents. `model` is the one that was asked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const embeddings = (
  response: Embedding.BatchEmbedContentsResponse,
  model: string,
  attempts: ReadonlyArray<Attempt>
): Embeddings => ({
  vectors: Embedding.vectors(response),
  promptTokens: Embedding.promptTokens(response),
  model,
  attempts,
  response
})
