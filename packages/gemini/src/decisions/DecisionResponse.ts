/**
 * What `decisions` answers: a calibrated probability for each thing that could be, as received, and read by its question.
 *
 * Which fields an answer has follows `@google/genai` 3.3.0 (2026-11-12, `gaos/decisions`).
 *
 * @since 0.2.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { enumField, field, NumberOrString, numeric, record } from "../internal/wire/leaves.ts"
import * as Usage from "../wire/Usage.ts"
import type { ChoiceQuestion, DecisionQuestion, NoulQuestion, ScoreQuestion } from "./DecisionRequest.ts"

/**
 * One answer as it came. Which fields it has depends on its `type`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WireDecision = Schema.Struct({
  type: enumField<DecisionQuestion["type"]>(),
  noul: numeric,
  choice: field(Schema.String),
  score: numeric,
  probabilities: field(record(NumberOrString)),
  legend: field(record(Schema.String)),
  confidence: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface WireDecision extends Schema.Schema.Type<typeof WireDecision> {}

const byModality = field(Schema.Array(Schema.Struct({ modality: enumField<string>(), tokens: numeric })))

/**
 * The response as it came. `answers` are missing where the input was blocked, of which `prompt_feedback` tells.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DecisionResponse = Schema.Struct({
  answers: field(record(WireDecision)),
  prompt_feedback: field(Schema.Struct({
    block_reason: enumField<"safety" | "other" | "blocklist" | "prohibited_content" | "image_safety">(),
    block_reason_message: field(Schema.String)
  })),
  usage: field(Schema.Struct({
    total_input_tokens: numeric,
    total_cached_tokens: numeric,
    total_output_tokens: numeric,
    total_tool_use_tokens: numeric,
    total_thought_tokens: numeric,
    total_tokens: numeric,
    input_tokens_by_modality: byModality,
    cached_tokens_by_modality: byModality,
    output_tokens_by_modality: byModality
  }))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface DecisionResponse extends Schema.Schema.Type<typeof DecisionResponse> {}

/**
 * How likely yes is: Google gives 0.01 to 0.99. `confidence` is that of the likelier side.
 *
 * @category models
 * @since 0.2.0
 */
export interface NoulAnswer {
  readonly type: "noul"
  readonly noul: number
  readonly confidence: number
}

/**
 * The likeliest option, and how likely each one is. The probabilities sum to 1.
 *
 * @category models
 * @since 0.2.0
 */
export interface ChoiceAnswer<Option extends string = string> {
  readonly type: "choice"
  readonly choice: Option
  readonly probabilities: { readonly [O in Option]: number }
  readonly confidence: number
}

/**
 * The mean place on the scale, from 0 to the highest level, and how likely each level is, by its index. The
 * probabilities sum to 1.
 *
 * @category models
 * @since 0.2.0
 */
export interface ScoreAnswer {
  readonly type: "score"
  readonly score: number
  readonly probabilities: ReadonlyArray<number>
  readonly confidence: number
}

/**
 * The answer to a question.
 *
 * @category models
 * @since 0.2.0
 */
export type DecisionAnswer<Q extends DecisionQuestion = DecisionQuestion> = Q extends NoulQuestion ? NoulAnswer
  : Q extends ChoiceQuestion ? ChoiceAnswer<keyof Q["criteria"] & string>
  : Q extends ScoreQuestion ? ScoreAnswer
  : never

/** What was expected in an answer, and where. */
interface Misfit {
  readonly path: string
  readonly expected: string
}

const misfit = (path: string, expected: string): Result.Result<never, Misfit> => Result.fail({ path, expected })

const isPart = (value: number): boolean => value >= 0 && value <= 1

/** A number of an answer. Unlike a counter's, one that is left out is not a 0. */
const numberOf = (value: number | string | null | undefined): number =>
  value === null || value === undefined || value === "" ? Number.NaN : Number(value)

/** How far from 1 a sum may be for each of its parts: Google rounds, and nobody says to how many places. */
const rounding = 0.005

/** The probabilities of some ids, in their order, scaled to the sum of 1. */
const distribution = (
  { probabilities }: WireDecision,
  ids: ReadonlyArray<string>
): Result.Result<ReadonlyArray<number>, Misfit> => {
  const given = probabilities ?? {}
  const parts: Array<number> = []
  for (const id of ids) {
    const part = numberOf(Object.hasOwn(given, id) ? given[id] : undefined)
    if (!isPart(part)) return misfit(`probabilities.${id}`, "a probability from 0 to 1")
    parts.push(part)
  }
  const sum = parts.reduce((a, b) => a + b, 0)
  return sum === 0 || Math.abs(sum - 1) > rounding * ids.length
    ? misfit("probabilities", `parts of 1, got ${sum} together`)
    : Result.succeed(parts.map((part) => part / sum))
}

const confidenceOf = ({ confidence }: WireDecision, computed: number): number => {
  const given = numberOf(confidence)
  return isPart(given) ? given : computed
}

const noulOf = (answer: WireDecision): Result.Result<NoulAnswer, Misfit> => {
  const noul = numberOf(answer.noul)
  return isPart(noul)
    ? Result.succeed({ type: "noul", noul, confidence: confidenceOf(answer, Math.max(noul, 1 - noul)) })
    : misfit("noul", "a probability from 0 to 1")
}

const choiceOf = (answer: WireDecision, { criteria }: ChoiceQuestion): Result.Result<ChoiceAnswer, Misfit> => {
  const ids = Object.keys(criteria)
  const { choice } = answer
  if (typeof choice !== "string" || !ids.includes(choice)) return misfit("choice", "the id of an option")
  return Result.map(distribution(answer, ids), (parts) => ({
    type: "choice",
    choice,
    probabilities: Object.fromEntries(ids.map((id, index) => [id, parts[index] ?? 0])),
    confidence: confidenceOf(answer, Math.max(...parts))
  }))
}

const scoreOf = (answer: WireDecision, { criteria }: ScoreQuestion): Result.Result<ScoreAnswer, Misfit> => {
  const highest = criteria.length - 1
  const score = numberOf(answer.score)
  // The last digit of a rounded mean may be above the highest level.
  if (!(score >= 0 && score <= highest + rounding)) return misfit("score", `a number from 0 to ${highest}`)
  return Result.map(distribution(answer, criteria.map((_, level) => String(level))), (probabilities) => ({
    type: "score",
    score: Math.min(score, highest),
    probabilities,
    confidence: confidenceOf(answer, Math.max(...probabilities))
  }))
}

/**
 * The answer to a question out of what came; a failure says where it is not one. Probabilities that are rounded are
 * scaled to the sum of 1.
 *
 * @category conversions
 * @since 0.2.0
 */
export const read = (
  question: DecisionQuestion,
  answer: WireDecision | undefined
): Result.Result<DecisionAnswer, Misfit> => {
  if (answer === undefined) return misfit("", "an answer, got none")
  if (answer.type !== question.type) {
    return misfit("type", `"${question.type}", got ${JSON.stringify(answer.type ?? null).slice(0, 100)}`)
  }
  switch (question.type) {
    case "noul":
      return noulOf(answer)
    case "choice":
      return choiceOf(answer, question)
    case "score":
      return scoreOf(answer, question)
  }
}

/**
 * Why the input was blocked, if it was.
 *
 * @category getters
 * @since 0.2.0
 */
export const blockReason = ({ prompt_feedback: feedback }: DecisionResponse): string | undefined =>
  feedback?.block_reason === undefined || feedback.block_reason === null || feedback.block_reason === ""
    ? undefined
    : String(feedback.block_reason)

type Modalities = NonNullable<DecisionResponse["usage"]>["input_tokens_by_modality"]

const details = (tokens: Modalities) =>
  tokens?.map(({ modality, tokens: tokenCount }) => ({
    ...(modality === undefined || modality === null ? {} : { modality: String(modality).toUpperCase() }),
    ...(tokenCount === undefined ? {} : { tokenCount })
  }))

/**
 * The counted tokens under the names that the rest of the API has for them, if they were counted.
 *
 * @category conversions
 * @since 0.2.0
 */
export const usageMetadata = ({ usage }: DecisionResponse): Usage.UsageMetadata | undefined =>
  usage === undefined || usage === null ? undefined : {
    promptTokenCount: usage.total_input_tokens,
    cachedContentTokenCount: usage.total_cached_tokens,
    candidatesTokenCount: usage.total_output_tokens,
    toolUsePromptTokenCount: usage.total_tool_use_tokens,
    thoughtsTokenCount: usage.total_thought_tokens,
    totalTokenCount: usage.total_tokens,
    promptTokensDetails: details(usage.input_tokens_by_modality),
    cacheTokensDetails: details(usage.cached_tokens_by_modality),
    candidatesTokensDetails: details(usage.output_tokens_by_modality)
  }

/**
 * The counted tokens in numbers, if they were counted.
 *
 * @category conversions
 * @since 0.2.0
 */
export const usage = (response: DecisionResponse): Usage.Usage | undefined => {
  const metadata = usageMetadata(response)
  return metadata && Usage.fromMetadata(metadata)
}
