/**
 * What is asked of `decisions`: one input, and the questions about it.
 *
 * The fields are in snake_case, as this part of Google's API has them. They are those of `@google/genai` 3.3.0
 * (2026-11-12, `gaos/decisions`).
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { field, oneOf, openName, record } from "../internal/wire/leaves.ts"

/**
 * A text of the input or of instructions.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DecisionText = Schema.Struct({ type: Schema.Literal("text"), text: Schema.String })

/**
 * @category models
 * @since 0.2.0
 */
export interface DecisionText extends Schema.Schema.Type<typeof DecisionText> {}

/**
 * Media of the input: base64 `data`, or the `uri` of a file, with its type.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DecisionMedia = Schema.Struct({
  type: oneOf(["image", "audio", "video", "document"]),
  mime_type: field(Schema.String),
  data: field(Schema.String),
  uri: field(Schema.String),
  resolution: field(openName<"low" | "medium" | "high" | "ultra_high">())
})

/**
 * @category models
 * @since 0.2.0
 */
export interface DecisionMedia extends Schema.Schema.Type<typeof DecisionMedia> {}

const DecisionContent = Schema.Union([DecisionText, DecisionMedia])

/**
 * A text, or contents of texts and media. It is evaluated once for all questions.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DecisionInput = Schema.Union([Schema.String, DecisionContent, Schema.Array(DecisionContent)])

/**
 * @category models
 * @since 0.2.0
 */
export type DecisionInput = typeof DecisionInput.Type

const instructions = Schema.Union([Schema.String, DecisionText, Schema.Array(DecisionText)])

/**
 * A question of yes or no. Google calls it `noul`; its answer is the probability of yes.
 *
 * @category schemas
 * @since 0.2.0
 */
export const NoulQuestion = Schema.Struct({
  type: Schema.Literal("noul"),
  instructions,
  criteria: field(
    Schema.Struct({ true_description: field(Schema.String), false_description: field(Schema.String) })
  )
})

/**
 * @category models
 * @since 0.2.0
 */
export interface NoulQuestion extends Schema.Schema.Type<typeof NoulQuestion> {}

/**
 * A choice of one among 2 to 255 options. `criteria` has their ids, each with its description.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ChoiceQuestion = Schema.Struct({
  type: Schema.Literal("choice"),
  instructions,
  criteria: record(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ChoiceQuestion extends Schema.Schema.Type<typeof ChoiceQuestion> {}

/**
 * A place on a scale of 2 to 255 levels, which `criteria` describes from the lowest, level 0, on.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ScoreQuestion = Schema.Struct({
  type: Schema.Literal("score"),
  instructions,
  criteria: Schema.Array(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface ScoreQuestion extends Schema.Schema.Type<typeof ScoreQuestion> {}

/**
 * One question about the input.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DecisionQuestion = Schema.Union([NoulQuestion, ChoiceQuestion, ScoreQuestion])

/**
 * @category models
 * @since 0.2.0
 */
export type DecisionQuestion = typeof DecisionQuestion.Type

/**
 * The body of a request, without its model.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DecisionRequest = Schema.Struct({ input: DecisionInput, questions: record(DecisionQuestion) })

/**
 * @category models
 * @since 0.2.0
 */
export interface DecisionRequest extends Schema.Schema.Type<typeof DecisionRequest> {}

/**
 * The most options of a choice, and levels of a score.
 *
 * @category constants
 * @since 0.2.0
 */
export const mostCriteria = 255

/**
 * Whether a text may be the id of an option: it is not empty, has no control characters, and no blanks at its ends.
 *
 * @category predicates
 * @since 0.2.0
 */
export const isOptionId = (id: string): boolean => id !== "" && id.trim() === id && !/\p{Cc}/u.test(id)

type Violation = { readonly field: string; readonly description: string }

const isBlank = (instructions: NoulQuestion["instructions"]): boolean =>
  typeof instructions === "string"
    ? instructions === ""
    : Array.isArray(instructions) && instructions.length === 0

const problems = (at: string, question: DecisionQuestion): ReadonlyArray<Violation> => {
  const found: Array<Violation> = []
  const report = (field: string, description: string) => found.push({ field: `${at}.${field}`, description })
  if (isBlank(question.instructions)) report("instructions", "at least one text is needed")
  if (question.type === "noul") return found
  const { criteria, type } = question
  const count = Array.isArray(criteria) ? criteria.length : Object.keys(criteria).length
  const what = type === "choice" ? "options" : "levels"
  if (count < 2 || count > mostCriteria) report("criteria", `2 to ${mostCriteria} ${what} are needed, not ${count}`)
  if (type === "score") {
    criteria.forEach((level, index) => {
      if (level === "") report(`criteria[${index}]`, "a level needs a description")
    })
  } else {
    for (const id of Object.keys(criteria)) {
      if (!isOptionId(id)) {
        report(
          `criteria[${JSON.stringify(id)}]`,
          "an option's id is not empty and has neither control characters nor blanks at its ends"
        )
      }
    }
  }
  return found
}

/**
 * What the server is known to refuse in a request, each with its place; none if it would take it.
 *
 * @category predicates
 * @since 0.2.0
 */
export const violations = ({ input, questions }: DecisionRequest): ReadonlyArray<Violation> => [
  ...(Array.isArray(input) && input.length === 0
    ? [{ field: "input", description: "at least one content is needed" }]
    : []),
  ...(Object.keys(questions).length === 0
    ? [{ field: "questions", description: "at least one question is needed" }]
    : []),
  ...Object.entries(questions).flatMap(([id, question]) => problems(`questions.${id}`, question))
]
