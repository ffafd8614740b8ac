/**
 * Decisions in the words of Gemini's `decisions`, and its answers in those of `effect/ai`. Pure.
 *
 * An answer that does not fit its question is handed on as it came: `effect/ai` says what is wrong with it.
 */
import * as DecisionRequest from "effect-gemini/decisions/DecisionRequest"
import * as DecisionResponse from "effect-gemini/decisions/DecisionResponse"
import type * as Decision from "effect/ai/Decision"
import type * as DecisionModel from "effect/ai/DecisionModel"
import * as Prompt from "effect/ai/Prompt"
import * as Result from "effect/Result"
import * as DecisionIds from "./decisionIds.ts"
import { filePart } from "./filePart.ts"

/** A decision that has a question of Gemini's. */
export type Askable = Exclude<Decision.Any, Decision.Locate>

export const isAskable = (decision: Decision.Any): decision is Askable =>
  decision._tag !== "Locate" && DecisionIds.count(decision) <= DecisionRequest.mostCriteria

interface Asked {
  readonly key: string
  readonly id: string
  readonly decision: Askable
  readonly question: DecisionRequest.DecisionQuestion
  readonly options: ReadonlyArray<DecisionIds.Option>
}

const { isOptionId } = DecisionRequest

const questionOf = (
  named: string,
  decision: Askable,
  options: ReadonlyArray<DecisionIds.Option>
): DecisionRequest.DecisionQuestion => {
  const instructions = DecisionIds.words(decision.instructions) || named
  switch (decision._tag) {
    case "Classify":
      return {
        type: "choice",
        instructions,
        criteria: Object.fromEntries(options.map(({ id, text }) => [id, text]))
      }
    case "Rate":
      return {
        type: "score",
        instructions,
        // Answers have the label, so the model is told it.
        criteria: options.map(({ id, name, text }) => id === name && text !== name ? `${name}: ${text}` : text)
      }
    case "Probability":
      return {
        type: "noul",
        instructions,
        ...(decision.criteria === undefined ? {} : {
          criteria: {
            true_description: DecisionIds.words(decision.criteria.true),
            false_description: DecisionIds.words(decision.criteria.false)
          }
        })
      }
  }
}

/** The questions, with what is needed to read their answers. */
export const questions = (decisions: ReadonlyArray<readonly [key: string, Askable]>): ReadonlyArray<Asked> => {
  const ids = DecisionIds.make(decisions.map(([key]) => key), "question", isOptionId)
  return decisions.map(([key, decision], index) => {
    const options = decision._tag === "Probability" ? [] : DecisionIds.options(decision, isOptionId)
    const id = ids[index] ?? key
    return { key, id, decision, options, question: questionOf(key || id, decision, options) }
  })
}

const media = ({ image }: DecisionModel.ProviderImage): DecisionRequest.DecisionMedia => {
  const { fileData, inlineData } = filePart(Prompt.makePart("file", image))
  const mimeType = inlineData?.mimeType ?? fileData?.mimeType
  return {
    type: "image",
    ...(mimeType ? { mime_type: mimeType } : {}),
    ...(inlineData?.data ? { data: inlineData.data } : {}),
    ...(fileData?.fileUri ? { uri: fileData.fileUri } : {})
  }
}

/** The input as its JSON, each image behind the text by which the JSON refers to it. */
export const input = ({ images = [], state }: DecisionModel.ProviderOptions): DecisionRequest.DecisionInput => {
  // A text that is empty would be refused.
  const text = typeof state === "string" && state !== "" ? state : JSON.stringify(state)
  return images.length === 0 ? text : [
    { type: "text", text },
    ...images.flatMap((image) => [{ type: "text" as const, text: `Image ${image.reference}:` }, media(image)])
  ]
}

const numberOf = (value: number | string | null | undefined): number =>
  value === null || value === undefined ? Number.NaN : Number(value)

/** An answer that does not fit, with what it has. */
const asItCame = (answer: DecisionResponse.WireDecision, { options }: Asked): DecisionModel.ProviderAnswer => {
  const given = answer.probabilities
  const probabilities = given === undefined || given === null ? undefined : DecisionIds.byName(
    options,
    ({ id }, index) => {
      const key = answer.type === "score" ? String(index) : id
      return Object.hasOwn(given, key) ? numberOf(given[key]) : undefined
    }
  )
  switch (answer.type) {
    case "choice":
      return {
        _tag: "Classify",
        label: options.find(({ id }) => id === answer.choice)?.name ?? answer.choice ?? "",
        probabilities
      }
    case "score":
      return { _tag: "Rate", rating: numberOf(answer.score), probabilities }
    default:
      return { _tag: "Probability", probability: numberOf(answer.noul) }
  }
}

/** The answer to a question; undefined if there is none. */
export const answer = (
  asked: Asked,
  answer: DecisionResponse.WireDecision | undefined
): DecisionModel.ProviderAnswer | undefined => {
  if (answer === undefined) return undefined
  const read = DecisionResponse.read(asked.question, answer)
  if (Result.isFailure(read)) return asItCame(answer, asked)
  const { options } = asked
  const { confidence } = read.success
  switch (read.success.type) {
    case "noul":
      return { _tag: "Probability", probability: read.success.noul }
    case "choice": {
      const { choice, probabilities } = read.success
      return {
        _tag: "Classify",
        label: options.find(({ id }) => id === choice)?.name ?? choice,
        probabilities: DecisionIds.byName(options, ({ id }) => probabilities[id]),
        confidence
      }
    }
    case "score": {
      const { probabilities, score } = read.success
      return {
        _tag: "Rate",
        rating: score,
        probabilities: DecisionIds.byName(options, (_, index) => probabilities[index]),
        confidence
      }
    }
  }
}
