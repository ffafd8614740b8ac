/**
 * A run as people read it: as a tree, as Thought, Action and Observation, as a page, and beside another run.
 *
 * All of it is made from the run's records. With the journal's times (`read`) it says how long each thing took; records
 * alone (`of`) have no times.
 *
 * ```ts
 * import * as Trace from "effect-gemini-agents/Trace"
 *
 * const trace = Trace.of([
 *   { _tag: "Begun", at: 0, agent: "clerk", input: "2 and 3?", instructions: "You add.", tools: {}, bounds: {} },
 *   { _tag: "Finished", value: "5", text: "5" }
 * ])
 * console.log(Trace.print(trace))
 * // clerk: "2 and 3?"
 * // answer: "5"
 * ```
 *
 * @since 0.1.0
 */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import type * as Prompt from "effect/ai/Prompt"
import type * as Effect from "effect/Effect"
import type { AgentRecord, TimedRecord } from "./AgentRecord.ts"
import * as History from "./internal/history.ts"
import * as TraceLines from "./internal/traceLines.ts"
import * as TracePage from "./internal/tracePage.ts"
import * as StepCall from "./StepCall.ts"

/**
 * Records without times, such as an error's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const of = (records: ReadonlyArray<AgentRecord>): ReadonlyArray<TimedRecord> =>
  records.map((record) => ({ record, at: undefined }))

/**
 * The records of a run as the journal has them, those that it was forked from first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (id: string): Effect.Effect<ReadonlyArray<TimedRecord>, JournalError, Journal.Journal> =>
  Journal.Journal.use((journal) => History.read(journal, id))

/**
 * The run as lines of text: what was asked and called, how long it took, tokens and dollars, and where it waited.
 * `width` cuts texts; default 100.
 *
 * @category conversions
 * @since 0.1.0
 */
export const print = (
  trace: ReadonlyArray<TimedRecord>,
  options: { readonly width?: number | undefined } = {}
): string => {
  const lines = TraceLines.of(trace).map(({ depth, text, took }) =>
    `${"  ".repeat(depth)}${TraceLines.cut(text, options.width ?? 100)}${took === undefined ? "" : ` (${took})`}`
  )
  return lines.join("\n")
}

/**
 * One turn of the ReAct pattern.
 *
 * @category models
 * @since 0.1.0
 */
export interface Turn {
  /** What the model thought, or said beside its calls; empty if it did neither. */
  readonly thought: string
  readonly actions: ReadonlyArray<{
    readonly tool: string
    readonly params: unknown
    /** The result; `undefined` while the call has none. */
    readonly observation: unknown
    readonly isFailure: boolean
  }>
}

const wordsOf = (messages: ReadonlyArray<Prompt.Message>): string =>
  messages.flatMap((message) =>
    message.role === "assistant"
      ? message.content.flatMap((part) => part.type === "text" || part.type === "reasoning" ? [part.text] : [])
      : []
  ).filter((text) => text !== "").join("\n")

/**
 * The run as Thought, Action and Observation. Its answer is the last turn, which has no action.
 *
 * @category conversions
 * @since 0.1.0
 */
export const react = (trace: ReadonlyArray<TimedRecord>): ReadonlyArray<Turn> => {
  const ends = new Map(
    trace.flatMap(({ record }) => record._tag === "CallEnded" ? [[record.call, record] as const] : [])
  )
  return trace.flatMap(({ record }) => {
    if (record._tag !== "Answered" || (record.use !== "calls" && record.use !== "text")) return []
    const calls = record.use === "calls" ? StepCall.callsOf(record.step, record.messages) : []
    const actions = calls.map(({ call, name, params }) => {
      const ended = ends.get(call)
      return { tool: name, params, observation: ended?.result, isFailure: ended?.isFailure ?? false }
    })
    return [{ thought: wordsOf(record.messages), actions }]
  })
}

/**
 * The run as one page that needs nothing else: a timeline (where times are known), waits, tokens, dollars, and every text
 * behind its line. Texts of the model and of tools are escaped.
 *
 * @category conversions
 * @since 0.1.0
 */
export const html = (
  trace: ReadonlyArray<TimedRecord>,
  options: { readonly title?: string | undefined } = {}
): string => TracePage.of(trace, options.title)

/**
 * The first place at which two runs differ.
 *
 * @category models
 * @since 0.1.0
 */
export interface Difference {
  /** The place of the record, from 0. */
  readonly at: number
  /** The path inside the record, such as `messages[0].content[1].params.city`; empty if one run has no such record. */
  readonly path: string
  readonly a: unknown
  readonly b: unknown
}

/**
 * The first record in which two runs differ, by what the records hold; `undefined` if they are equal.
 *
 * @category conversions
 * @since 0.1.0
 */
export const diff = (a: ReadonlyArray<AgentRecord>, b: ReadonlyArray<AgentRecord>): Difference | undefined => {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [left, right] = [a[at], b[at]]
    const found = TraceLines.difference(left, right)
    if (found !== undefined) return { at, ...found }
  }
  return undefined
}
