/**
 * How good an agent is: it plays cases several times, scorers look at each run, and a report says how sure their means
 * are and whether they are worse than those of an earlier report.
 *
 * The same cases run on a scripted model in CI and on Gemini by hand: the evaluation takes the model from its context.
 * The client's lanes keep the quota, so `concurrency` needs no care for it.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Evaluation from "effect-gemini-agents/Evaluation"
 * import * as Scorer from "effect-gemini-agents/Scorer"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const clerk = Agent.make({ name: "clerk", instructions: "Answer with a number alone." })
 * const program = Evaluation.run({
 *   agent: clerk,
 *   cases: [{ name: "sum", input: "2 and 3?", expected: "5" }],
 *   scorers: [Scorer.exact, Scorer.steps(2), Scorer.judge({ rubric: "The answer is short." })],
 *   repeats: 5
 * }).pipe(Effect.map((report) => console.log(Evaluation.print(report))))
 *
 * const gemini = GeminiLanguageModel.model("gemini-3.8-flash").pipe(Layer.provide(FetchGemini.layerConfig()))
 * program.pipe(Effect.provide(gemini), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 */
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { AgentError } from "./AgentError.ts"
import type { Agent } from "./AgentOptions.ts"
import type { Answer } from "./Answer.ts"
import type { Bounds } from "./Bounds.ts"
import { type EvaluationCase, EvaluationError } from "./EvaluationCase.ts"
import type { EvaluationReport, PlayedCase, PlayedRun, ScoreSummary } from "./EvaluationReport.ts"
import * as Tokens from "./internal/tokens.ts"
import * as Wilson from "./internal/wilson.ts"
import type { Score, Scorer } from "./Scorer.ts"

/**
 * What is evaluated and how often.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<I, A, T, E, R, C, E2, R2> {
  readonly agent: Agent<I, A, T, E, R, C>
  readonly cases: ReadonlyArray<EvaluationCase<NoInfer<I>>>
  readonly scorers: ReadonlyArray<Scorer<NoInfer<I>, NoInfer<A>, E2, R2>>
  /** How often each case is played. Default 1. */
  readonly repeats?: number | undefined
  /** How many runs are played at once. Default 4. */
  readonly concurrency?: number | "unbounded" | undefined
  /** Bounds of each run that take the place of the agent's own. */
  readonly bounds?: Bounds | undefined
}

const problem = (
  cases: ReadonlyArray<{ readonly name: string }>,
  scorers: ReadonlyArray<{ readonly name: string }>,
  repeats: number
): string | undefined => {
  if (cases.length === 0) return "there are no cases"
  if (!Number.isSafeInteger(repeats) || repeats < 1) return "repeats is a whole number from 1"
  const twice = <A>(of: ReadonlyArray<A>) => of.find((name, i) => of.indexOf(name) !== i)
  const name = twice(cases.map(({ name }) => name))
  if (name !== undefined) return `two cases have the name ${JSON.stringify(name)}`
  const scorer = twice(scorers.map(({ name }) => name))
  return scorer === undefined ? undefined : `two scorers have the name ${JSON.stringify(scorer)}`
}

/** Scores beyond the ends, or none at all, are a scorer's mistake. */
const bounded = ({ score, why }: Score): Score => {
  const known = Number.isFinite(score) ? Math.min(1, Math.max(0, score)) : 0
  return why === undefined ? { score: known } : { score: known, why: why.slice(0, 1_000) }
}

const noUsage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0 }

const outcomeOf = (error: unknown): string => {
  if (error instanceof AgentError) return error.reason._tag
  const tag: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "_tag") : undefined
  return typeof tag === "string" ? tag : "Failed"
}

const stopped = (error: unknown, millis: number, scorers: ReadonlyArray<{ readonly name: string }>): PlayedRun => {
  const outcome = outcomeOf(error)
  const why = error instanceof Error ? error.message.slice(0, 1_000) : outcome
  return {
    id: error instanceof AgentError ? error.id : "",
    outcome,
    text: "",
    steps: 0,
    millis,
    usage: noUsage,
    scores: Object.fromEntries(scorers.map(({ name }) => [name, { score: 0, why }]))
  }
}

const played = <I, A, T, E, R, C, E2, R2>(
  { agent, bounds, scorers }: Options<I, A, T, E, R, C, E2, R2>,
  of: EvaluationCase<I>
): Effect.Effect<PlayedRun, E2, R | R2 | LanguageModel.LanguageModel> =>
  Effect.gen(function*() {
    const from = yield* Clock.currentTimeMillis
    const result: Result.Result<Answer<A>, AgentError<T> | E> = yield* Effect.result(
      agent.begin(of.input, bounds === undefined ? {} : { bounds })
    )
    const millis = (yield* Clock.currentTimeMillis) - from
    if (Result.isFailure(result)) return stopped(result.failure, millis, scorers)
    const answer = result.success
    const scores: Record<string, Score> = {}
    for (const { name, score } of scorers) scores[name] = bounded(yield* score({ case: of, answer }))
    const { id, isPartial, steps, text, usage } = answer
    return { id, outcome: isPartial ? "partial" : "answered", text, steps, millis, usage, scores }
  })

const mean = (values: ReadonlyArray<number>): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

const summary = (runs: ReadonlyArray<PlayedRun>, scorer: string): ScoreSummary => {
  const all = mean(runs.map(({ scores }) => scores[scorer]?.score ?? 0))
  return { mean: all, ...Wilson.interval(all, runs.length), n: runs.length }
}

/**
 * Plays every case `repeats` times and scores each run. A run that stops without an answer is part of the report, with
 * the reason and the score 0; what a scorer fails with ends the evaluation.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <I, A, T, E, R, C, E2 = never, R2 = never>(
  options: Options<I, A, T, E, R, C, E2, R2>
): Effect.Effect<EvaluationReport, EvaluationError | E2, R | R2 | LanguageModel.LanguageModel> =>
  Effect.gen(function*() {
    const { agent, cases, concurrency = 4, repeats = 1, scorers } = options
    const why = problem(cases, scorers, repeats)
    if (why !== undefined) return yield* new EvaluationError({ why })
    const plays = cases.flatMap((of) => Array.from({ length: repeats }, () => of))
    const runs = yield* Effect.forEach(plays, (of) => played(options, of), { concurrency })
    const byCase = cases.map(({ name }, i): PlayedCase => ({
      name,
      runs: runs.slice(i * repeats, (i + 1) * repeats)
    }))
    return {
      version: 1,
      agent: agent.name,
      at: yield* Clock.currentTimeMillis,
      scores: Object.fromEntries(scorers.map(({ name }) => [name, summary(runs, name)])),
      answered: mean(runs.map(({ outcome }) => outcome === "answered" ? 1 : 0)),
      usage: runs.reduce((sum, { usage }) => Tokens.add(sum, usage), noUsage),
      cases: byCase
    }
  })

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`

/**
 * The report as lines of text: each scorer's mean with its interval of 95 %, the cases that fell short with why, and what
 * it cost.
 *
 * @category conversions
 * @since 0.1.0
 */
export const print = (report: EvaluationReport): string => {
  const { agent, cases, scores, usage } = report
  const all = cases.flatMap(({ runs }) => runs)
  const lines = [`${agent}: ${cases.length} cases, ${all.length} runs, ${percent(report.answered)} answered`]
  for (const [name, { high, low, mean }] of Object.entries(scores)) {
    lines.push(`  ${name}: ${percent(mean)} (${percent(low)} to ${percent(high)})`)
  }
  for (const { name, runs } of cases) {
    for (const { outcome, scores } of runs) {
      const short = Object.entries(scores).filter(([, { score }]) => score < 1)
      if (short.length === 0) continue
      const said = short.map(([scorer, { score, why = "" }]) => `${scorer} ${percent(score)}${why && `: ${why}`}`)
      lines.push(`  ${name}${outcome === "answered" ? "" : ` (${outcome})`}: ${said.join("; ")}`)
    }
  }
  const dollars = usage.dollars === undefined ? "" : `, $${usage.dollars}`
  lines.push(`  ${usage.inputTokens} tokens in, ${usage.outputTokens} out${dollars}`)
  return lines.join("\n")
}
