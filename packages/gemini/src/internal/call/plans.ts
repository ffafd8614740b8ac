/**
 * What is read of an answer, the same for a client of one model and for one over members:
 * its tokens, how it finished, and whether it is an answer at all.
 */
import * as Effect from "effect/Effect"
import type { GeminiError } from "../../GeminiError.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type * as CountTokens from "../../wire/CountTokens.ts"
import * as Embedding from "../../wire/Embedding.ts"
import * as GenerateContent from "../../wire/GenerateContent.ts"
import * as Usage from "../../wire/Usage.ts"
import * as Finish from "../http/finish.ts"

type Response = GenerateContent.GenerateContentResponse

const isFinished = (response: Response): boolean => GenerateContent.finishReason(response) !== undefined

const charged = (response: Response): RateLimiter.Charged => response

/** Answers that have no finish and no tokens of the lane. */
const whole = { isFinished: () => false, inputTokens: () => undefined, rejection: () => undefined } as const

/** `model` is the one that answers; `heard` is told what it calls itself, which may move its lane. */
export const generation = (
  method: string,
  model: () => string,
  heard: (modelVersion: string | null | undefined) => void
) => ({
  method,
  inputTokens: (response: Response): number | undefined => {
    heard(response.modelVersion)
    const tokens = response.usageMetadata?.promptTokenCount
    return tokens == null ? undefined : Usage.count(tokens)
  },
  usage: GenerateContent.usage,
  charged,
  isFinished,
  says: Finish.says,
  rejection: (response: Response, said?: boolean) => Finish.rejection({ method, model: model() }, response, said)
})

type Count = (request: CountTokens.CountTokensRequest) => Effect.Effect<
  { readonly value: CountTokens.CountTokensResponse },
  GeminiError
>

/** A whole request as the server counts it: with its instruction and tools. */
export const counted =
  (model: string, count: Count) =>
  (request: GenerateContent.GenerateContentRequest): Effect.Effect<CountTokens.CountTokensResponse, GeminiError> =>
    Effect.map(count({ generateContentRequest: { ...request, model: `models/${model}` } }), ({ value }) => value)

export const counting = { ...whole, method: "countTokens" } as const

export const embedding = {
  ...whole,
  method: "batchEmbedContents",
  inputTokens: Embedding.promptTokens,
  charged: ({ usageMetadata }: Embedding.BatchEmbedContentsResponse): RateLimiter.Charged => ({
    usageMetadata: usageMetadata && {
      ...usageMetadata,
      // Embeddings spell it without the s.
      promptTokensDetails: usageMetadata.promptTokensDetails ?? usageMetadata.promptTokenDetails
    }
  })
} as const
