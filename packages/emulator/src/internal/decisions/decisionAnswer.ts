/**
 * Answers decisions by words: what an option, a level or a statement has in common with the input makes it likelier.
 *
 * A test that changes the input's words sees the answer change, and one that does not sees the same numbers again.
 */
import * as Answer from "../../Answer.ts"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as Tokens from "../answers/tokens.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as DecisionRequest from "./decisionRequest.ts"

/** Endings that are cut off, so that "charged" and "charges" are one word. */
const ending = /(?:ing|ed|es|s)$/

/** Words that say nothing of the subject. */
const empty = new Set(["the", "and", "for", "are", "was", "this", "that", "with", "which", "what", "should", "has"])

const stems = (text: string): ReadonlySet<string> =>
  new Set(
    (text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []).filter((word) => !empty.has(word))
      .map((word) => word.length > 4 ? word.replace(ending, "") : word)
  )

/** How many words two texts have in common. */
const common = (input: ReadonlySet<string>, text: string): number => {
  let count = 0
  for (const word of stems(text)) if (input.has(word)) count++
  return count
}

/** How much likelier one word in common makes something, as the exponent of e. */
const perWord = 1.5

const rounded = (value: number): number => Math.round(value * 10_000) / 10_000

/** Probabilities of four places whose sum is 1: the largest one takes what rounding leaves. */
const shares = (weights: ReadonlyArray<number>): ReadonlyArray<number> => {
  const highest = Math.max(...weights)
  const parts = weights.map((weight) => Math.exp(weight - highest))
  const sum = parts.reduce((a, b) => a + b, 0)
  const shares = parts.map((part) => rounded(part / sum))
  const likeliest = shares.indexOf(Math.max(...shares))
  const rest = rounded(1 - shares.reduce((a, b) => a + b, 0))
  return shares.map((share, index) => index === likeliest ? rounded(share + rest) : share)
}

const noul = (input: ReadonlySet<string>, question: unknown, doubt: number): Json.Json => {
  const said = DecisionRequest.wordsOf(Json.at(question, "instructions"))
  const yes = Json.text(Json.at(question, "criteria", "true_description")) ?? ""
  const no = Json.text(Json.at(question, "criteria", "false_description")) ?? ""
  const evidence = common(input, `${said} ${yes}`) - common(input, no) - 0.5
  const likely = rounded(Math.min(0.99, Math.max(0.01, 1 / (1 + Math.exp(-perWord * evidence - doubt)))))
  return { type: "noul", noul: likely, confidence: rounded(Math.max(likely, 1 - likely)) }
}

const choice = (input: ReadonlySet<string>, question: unknown, doubts: () => number): Json.Json => {
  const criteria = Json.at(question, "criteria")
  const options = Json.isObject(criteria) ? Object.entries(criteria) : []
  const parts = shares(
    options.map(([id, said]) => perWord * common(input, `${id} ${Json.text(said) ?? ""}`) + doubts())
  )
  const confidence = Math.max(...parts)
  return {
    type: "choice",
    choice: options[parts.indexOf(confidence)]?.[0],
    probabilities: Object.fromEntries(options.map(([id], index) => [id, parts[index]])),
    confidence
  }
}

const score = (input: ReadonlySet<string>, question: unknown, doubts: () => number): Json.Json => {
  const levels = Json.list(Json.at(question, "criteria")).map((level) => Json.text(level) ?? "")
  const parts = shares(levels.map((level) => perWord * common(input, level) + doubts()))
  const indexed = (values: ReadonlyArray<unknown>) => Object.fromEntries(values.map((value, level) => [level, value]))
  return {
    type: "score",
    score: rounded(parts.reduce((sum, part, level) => sum + part * level, 0)),
    probabilities: indexed(parts),
    legend: indexed(levels),
    confidence: Math.max(...parts)
  }
}

/** The response to a body that was judged. */
export const make = (body: unknown, seed: string): Json.Json => {
  const said = DecisionRequest.wordsOf(Json.at(body, "input"))
  const input = stems(said)
  const counts = Tokens.ofRequest(DecisionRequest.like(body))
  const tokens = Tokens.total(counts)
  const answers = DecisionRequest.questionsOf(body).map(([id, question]) => {
    const dice = Dice.make(`${seed} ${said} ${id}`)
    // A tenth of a word, so that no two options are exactly as likely.
    const doubts = () => dice.next() * perWord / 10
    switch (Json.text(Json.at(question, "type"))) {
      case "choice":
        return [id, choice(input, question, doubts)]
      case "score":
        return [id, score(input, question, doubts)]
      default:
        return [id, noul(input, question, doubts())]
    }
  })
  return {
    answers: Object.fromEntries(answers),
    usage: {
      total_input_tokens: tokens,
      total_output_tokens: 0,
      total_tokens: tokens,
      input_tokens_by_modality: Tokens.details(counts).map(({ modality, tokenCount }) => ({
        modality: modality.toLowerCase(),
        tokens: tokenCount
      }))
    }
  }
}

/** The fields of an answer that say all of it. */
const whole = ["response", "chunks", "error", "raw"] as const

/**
 * The script's answer to a request, completed: what says nothing of the body gets the generator's. A text alone cannot
 * decide anything. Answers to other methods stay as they are.
 */
export const completed = (
  { body, method }: EmulatorRequest,
  given: Answer.Answer | undefined,
  seed: string
): Answer.Answer | undefined => {
  if (method !== DecisionRequest.method) return given
  const answer = given === undefined ? {} : Answer.fields(given)
  return whole.some((field) => answer[field] !== undefined) ? answer : { ...answer, response: make(body, seed) }
}
