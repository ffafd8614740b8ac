/**
 * How an answer is read, the same for a client of one model and for one over members: its tokens, how it finished, and
 * whether it is an answer at all.
 */
import type * as RateLimiter from "../../RateLimiter.ts"
import * as Embedding from "../../wire/Embedding.ts"
import * as GenerateContent from "../../wire/GenerateContent.ts"
import * as Usage from "../../wire/Usage.ts"
import * as Finish from "../http/finish.ts"

type Response = GenerateContent.GenerateContentResponse

const isFinished = (response: Response): boolean => GenerateContent.finishReason(response) !== undefined

const charged = (response: Response): RateLimiter.Charged => response

/** The plan of answers without a finish and without tokens of the lane. */
export const whole = { isFinished: () => false, inputTokens: () => undefined, rejection: () => undefined } as const

/** Hears an answer, or a chunk of one; `isFinal` is the last count of it. */
export type HearAnswer = (answer: RateLimiter.Charged, isFinal: boolean) => void

/** `model` is the one that answers. `heard` is told every answer, which may move its lane, and how much was counted. */
export const generation = (
  method: string,
  model: () => string,
  heard: HearAnswer
) => ({
  method,
  inputTokens: (response: Response): number | undefined => {
    heard(response, isFinished(response))
    const tokens = response.usageMetadata?.promptTokenCount
    return tokens == null ? undefined : Usage.count(tokens)
  },
  usage: GenerateContent.usage,
  charged,
  isFinished,
  says: Finish.says,
  rejection: (response: Response, said?: boolean) => Finish.rejection({ method, model: model() }, response, said)
})

export const counting = { ...whole, method: "countTokens" } as const

const chargedEmbedding = ({ usageMetadata }: Embedding.BatchEmbedContentsResponse): RateLimiter.Charged => ({
  usageMetadata: usageMetadata && {
    ...usageMetadata,
    // Embeddings spell this field without the s.
    promptTokensDetails: usageMetadata.promptTokensDetails ?? usageMetadata.promptTokenDetails
  }
})

export const embedding = (heard: HearAnswer) => ({
  ...whole,
  method: "batchEmbedContents",
  inputTokens: (response: Embedding.BatchEmbedContentsResponse): number | undefined => {
    heard(chargedEmbedding(response), true)
    return Embedding.promptTokens(response)
  },
  charged: chargedEmbedding
})
