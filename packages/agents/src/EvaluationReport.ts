/**
 * The report of an evaluation, how it lies in a file, and what is worse in it than in an earlier one.
 *
 * ```ts
 * import * as EvaluationReport from "effect-gemini-agents/EvaluationReport"
 *
 * const empty = { version: 1, agent: "clerk", at: 0, answered: 1, cases: [] } as const
 * const usage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0 }
 * const before = { ...empty, usage, scores: { exact: { mean: 0.9, low: 0.85, high: 0.94, n: 200 } } }
 * const after = { ...empty, usage, scores: { exact: { mean: 0.7, low: 0.63, high: 0.76, n: 200 } } }
 * console.log(EvaluationReport.worse(after, before).map(({ scorer }) => scorer)) // [ "exact" ]
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Schema from "effect/Schema"
import { Usage } from "./AgentRecord.ts"
import { EvaluationError } from "./EvaluationCase.ts"

/**
 * A scorer's mean over `n` runs, and its interval of 95 % (Wilson's).
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScoreSummary = Schema.Struct({
  mean: Schema.Finite,
  low: Schema.Finite,
  high: Schema.Finite,
  n: Schema.Int
})

/**
 * @category models
 * @since 0.1.0
 */
export type ScoreSummary = typeof ScoreSummary.Type

/**
 * One run of a case. `outcome` is `answered`, `partial`, or the tag of the reason why there is no answer.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PlayedRun = Schema.Struct({
  id: Schema.String,
  outcome: Schema.String,
  text: Schema.String,
  steps: Schema.Int,
  millis: Schema.Finite,
  usage: Usage,
  scores: Schema.Record(
    Schema.String,
    Schema.Struct({ score: Schema.Finite, why: Schema.optional(Schema.String) })
  )
})

/**
 * @category models
 * @since 0.1.0
 */
export type PlayedRun = typeof PlayedRun.Type

/**
 * A case with its runs.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PlayedCase = Schema.Struct({ name: Schema.String, runs: Schema.Array(PlayedRun) })

/**
 * @category models
 * @since 0.1.0
 */
export type PlayedCase = typeof PlayedCase.Type

/**
 * The report. `at` is in milliseconds since the epoch, `answered` the share of runs that came to a whole answer.
 *
 * @category schemas
 * @since 0.1.0
 */
export const EvaluationReport = Schema.Struct({
  version: Schema.Literal(1),
  agent: Schema.String,
  at: Schema.Finite,
  scores: Schema.Record(Schema.String, ScoreSummary),
  answered: Schema.Finite,
  usage: Usage,
  cases: Schema.Array(PlayedCase)
})

/**
 * @category models
 * @since 0.1.0
 */
export type EvaluationReport = typeof EvaluationReport.Type

/**
 * A scorer whose mean fell.
 *
 * @category models
 * @since 0.1.0
 */
export interface Worse {
  readonly scorer: string
  readonly before: ScoreSummary
  /** Missing where the scorer is not in the new report. */
  readonly after: ScoreSummary | undefined
}

/**
 * The scorers that are worse than in the baseline: the whole interval lies below the baseline's mean, or, with
 * `tolerance` (a share such as 0.05), the mean lies that much below. A scorer that is gone is worse, too.
 *
 * @category conversions
 * @since 0.1.0
 */
export const worse = (
  report: EvaluationReport,
  baseline: EvaluationReport,
  options: { readonly tolerance?: number | undefined } = {}
): ReadonlyArray<Worse> =>
  Object.entries(baseline.scores).flatMap(([scorer, before]) => {
    const after = Object.hasOwn(report.scores, scorer) ? report.scores[scorer] : undefined
    const { tolerance } = options
    const isWorse = after === undefined ||
      (tolerance === undefined ? after.high < before.mean : after.mean < before.mean - tolerance)
    return isWorse ? [{ scorer, before, after }] : []
  })

const codec = Schema.toCodecJson(EvaluationReport)
const decode = Schema.decodeUnknownEffect(codec)
const encode = Schema.encodeEffect(codec)

/**
 * The report in a file that `write` wrote.
 *
 * @category conversions
 * @since 0.1.0
 */
export const read = (
  path: string
): Effect.Effect<EvaluationReport, EvaluationError | PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const text = yield* files.readFileString(path)
    const damaged = (why: string) => new EvaluationError({ why: `${path} is not a report: ${why}` })
    const json = yield* Effect.try({
      try: (): unknown => JSON.parse(text),
      catch: () => damaged("it is not JSON")
    })
    return yield* Effect.mapError(decode(json), ({ message }) => damaged(message))
  })

/**
 * Writes the report, as JSON that people can read and compare.
 *
 * @category conversions
 * @since 0.1.0
 */
export const write = (
  report: EvaluationReport,
  path: string
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const json = yield* Effect.orDie(encode(report))
    yield* files.writeFileString(path, `${JSON.stringify(json, null, 2)}\n`)
  })
