/**
 * Who answers the loop's questions: the model, or the records of an earlier run. The tools of both are in the loop's
 * toolbox.
 */
import * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Reason from "../AgentErrorReason.ts"
import type { AgentRecord, UnusableWhy, Usage } from "../AgentRecord.ts"
import type { AgentState } from "../AgentState.ts"
import type { Compaction } from "../Compaction.ts"
import * as Compact from "./compact.ts"
import { google, refusedBy } from "./googleError.ts"
import * as Money from "./money.ts"
import * as Question from "./question.ts"
import { FirstQuestion } from "./QuotaDoor.ts"
import type { StepSettings } from "./spec.ts"
import * as Tokens from "./tokens.ts"

/** An answer, when it came (milliseconds since the epoch), and what it cost by the prices of that day. */
export interface AnswerAt extends Omit<Question.StepAnswer, "counted" | "charged"> {
  readonly at: number
  readonly usage: Usage
}

const timed = ({ charged, counted, ...answer }: Question.StepAnswer, at: number): AnswerAt => ({
  ...answer,
  at,
  usage: Tokens.usageOf(answer.model, counted, at, charged)
})

/** A question without an answer: its record, and why the run stops if the model is not asked again. */
export class Unanswered {
  readonly _tag = "Unanswered"
  readonly record: Extract<AgentRecord, { readonly _tag: "AskFailed" }>
  readonly reason: Reason.AgentErrorReason<never>

  constructor(record: Unanswered["record"], reason: Unanswered["reason"]) {
    this.record = record
    this.reason = reason
  }
}

/** A shorter summary would say too little of a history. */
const leastSummary = 256

export interface Summary {
  readonly text: string
  readonly usage: Usage | undefined
}

export interface Actor<E, R> {
  readonly ask: (
    question: Question.Question,
    settings: StepSettings<E, R>,
    state: AgentState
  ) => Effect.Effect<AnswerAt, Unanswered | E, R>
  readonly summarize: (
    going: ReadonlyArray<Prompt.Message>,
    compaction: Compaction<E, R>,
    settings: StepSettings<E, R>,
    state: AgentState
  ) => Effect.Effect<Summary, Unanswered | E, R>
}

/** A call that the server refused to pass on is asked for again. */
const whyOf = (error: AiError.AiError): UnusableWhy | undefined =>
  error.reason._tag === "InvalidOutputError" && google(error).reason === "ToolCallRejected"
    ? "MalformedCall"
    : undefined

/** Whether this budget refused the attempt. */
export const isRefusedBy = (budget: string, error: AiError.AiError): boolean => refusedBy(error) === budget

/** An answer as long as the budgets around it pay for. */
const asked = (question: Question.Question) => {
  const fitting = Money.fitting(Question.ask(question), question.least, refusedBy)
  return Effect.flatMap(FirstQuestion, (tell) => Effect.andThen(tell, fitting))
}

const reasonOf = (error: AiError.AiError, { bounds, usage }: AgentState, budget: string): Unanswered["reason"] =>
  bounds.money !== undefined && isRefusedBy(budget, error)
    ? new Reason.MoneyLimit({ limit: bounds.money, used: usage.dollars ?? "0" })
    : error.reason._tag === "ContentPolicyError"
    ? new Reason.Blocked({ cause: error })
    : new Reason.ModelFailed({ cause: error })

const unanswered = (step: number, state: AgentState, budget: string) => (error: AiError.AiError): Unanswered => {
  const why = whyOf(error)
  return new Unanswered({
    _tag: "AskFailed",
    step,
    reason: error.reason._tag,
    message: error.reason.message.slice(0, 2_000),
    ...(why === undefined ? {} : { why })
  }, reasonOf(error, state, budget))
}

const withModel = <A, E1, R1, E, R>(
  asked: Effect.Effect<A, E1, R1>,
  model: StepSettings<E, R>["model"]
): Effect.Effect<A, E1 | E, R1 | R> => model === undefined ? asked : Effect.provide(asked, model)

/** The model. `budget` is the name of the budget that bounds the run's money, as the client's errors give it. */
export const model = <E, R>(budget: string): Actor<E, R | LanguageModel.LanguageModel> => ({
  ask: (question, { model }, state) =>
    withModel(
      Effect.mapError(asked(question), unanswered(question.step, state, budget)),
      model
    ).pipe(
      Effect.flatMap((answer) => Effect.map(Clock.currentTimeMillis, (at) => timed(answer, at)))
    ),
  summarize: (going, compaction, settings, state) => {
    if (compaction.summarize !== undefined) {
      return Effect.map(compaction.summarize(going), (text) => ({ text: Compact.summaryOf(text), usage: undefined }))
    }
    const summary = asked({
      step: state.steps,
      messages: [Compact.question(going)],
      instructions: "",
      tools: {},
      toolChoice: undefined,
      least: leastSummary,
      tell: undefined
    })
    return withModel(
      Effect.mapError(summary, unanswered(state.steps, state, budget)),
      compaction.model ?? settings.model
    ).pipe(
      Effect.flatMap((answer) =>
        Effect.map(Clock.currentTimeMillis, (at) => ({
          text: Compact.summaryOf(answer.text === "" ? Compact.transcript(going) : answer.text),
          usage: timed(answer, at).usage
        }))
      )
    )
  }
})
