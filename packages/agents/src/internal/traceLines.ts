/** The lines of a trace, one for each thing that happened, and the first difference between two values. Pure. */
import * as Duration from "effect/Duration"
import type { TimedRecord } from "../AgentRecord.ts"
import * as StepCall from "../StepCall.ts"

export interface Line {
  readonly depth: number
  readonly text: string
  /** How long it took. */
  readonly took: string | undefined
  /** What stands behind the line. */
  readonly detail: unknown
}

export const cut = (text: string, width: number): string => {
  const flat = text.replace(/\s+/g, " ").trim()
  return flat.length <= width ? flat : `${flat.slice(0, Math.max(1, width - 1))}…`
}

const between = (from: number | undefined, to: number | undefined): string | undefined =>
  // A clock that was set back tells nothing.
  from === undefined || to === undefined || to < from ? undefined : Duration.format(Duration.millis(to - from))

const json = (value: unknown): string => JSON.stringify(value) ?? ""

export const of = (trace: ReadonlyArray<TimedRecord>): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  const asked = new Map<number, number | undefined>()
  const started = new Map<string, number | undefined>()
  const requested = new Map<string, number | undefined>()
  const names = new Map<string, string>()
  const add = (depth: number, text: string, detail?: unknown, took?: string) =>
    lines.push({ depth, text, detail, took })
  for (const { at, record } of trace) {
    switch (record._tag) {
      case "Begun":
        add(0, `${record.agent}: ${json(record.input)}`, record.instructions)
        break
      case "Continued":
        add(0, "another process goes on")
        break
      case "Forked":
        add(0, `forked from ${record.from} at ${record.seq}`)
        break
      case "Asked":
        asked.set(record.step, at)
        break
      case "Answered": {
        const { inputTokens, outputTokens } = record.usage
        const dollars = record.usage.dollars === undefined ? "" : `, $${record.usage.dollars}`
        const calls = record.use === "calls" ? StepCall.callsOf(record.step, record.messages) : []
        for (const { call, name, params } of calls) names.set(call, `${name}(${json(params)})`)
        const use = record.use === "calls"
          ? `calls ${calls.map(({ name }) => name).join(", ")}`
          : record.use === "text"
          ? "says its answer"
          : `cannot be used: ${record.use}`
        const text = `step ${record.step}: ${record.model ?? "the model"} ${use}, ${inputTokens} in, ` +
          `${outputTokens} out${dollars}`
        add(1, text, record.messages, between(asked.get(record.step), at))
        break
      }
      case "AskFailed":
        add(
          1,
          `step ${record.step}: ${record.reason}: ${record.message}`,
          undefined,
          between(asked.get(record.step), at)
        )
        break
      case "Hinted":
        add(1, `hint: ${record.text}`)
        break
      case "CallStarted":
        started.set(record.call, at)
        if (record.attempt > 1) add(2, `${record.call} begins again, attempt ${record.attempt}`)
        break
      case "CallEnded": {
        const gave = record.mistake ?? (record.isFailure ? "failed" : "gave")
        const text = `${record.call} ${names.get(record.call) ?? ""} ${gave} ${json(record.result)}`
        add(2, text, record.result, between(started.get(record.call), at))
        break
      }
      case "Requested":
        requested.set(record.call, at)
        add(2, `${record.call} ${names.get(record.call) ?? ""} waits for ${record.kind}`, record.reason)
        break
      case "Decided": {
        const waited = between(requested.get(record.call), at)
        add(2, `${record.call}: ${record.by} says ${record.verdict._tag}`, record.verdict, waited)
        break
      }
      case "Compacted":
        add(1, `history made shorter: ${record.before} to ${record.after} tokens`, record.text)
        break
      case "ChildStarted":
        started.set(`child ${record.child}`, at)
        add(1, `${record.child} begins (${record.id})`)
        break
      case "ChildEnded": {
        const { inputTokens, outputTokens } = record.usage
        const dollars = record.usage.dollars === undefined ? "" : `, $${record.usage.dollars}`
        const took = between(started.get(`child ${record.child}`), at)
        const how = record.isFailure
          ? `failed: ${record.why ?? ""}`
          : record.handoff === undefined
          ? "gave its answer"
          : `handed over to ${record.handoff}`
        add(1, `${record.child} ${how}, ${inputTokens} in, ${outputTokens} out${dollars}`, undefined, took)
        break
      }
      case "Progressed":
        add(2, `${record.child} ${cut(record.text, 200)}`, record.value)
        break
      case "SharedUpdated":
        if (record.value !== undefined) add(2, `${record.by} sets ${record.name}: ${json(record.value)}`, record.value)
        break
      case "Finished":
        add(
          0,
          record.handoff === undefined
            ? `${record.isPartial === true ? "partial answer" : "answer"}: ${json(record.value)}`
            : `handed over to ${record.handoff}: ${json(record.value)}`,
          record.text
        )
        break
      case "Stopped":
        add(0, `stopped: ${record.message}`)
        break
    }
  }
  return lines
}

export const textOf = StepCall.textOf

/** The calls of an answer: their names in the run, and the ids that the model gave. */
export const callsOf = (
  { messages, step }: Extract<TimedRecord["record"], { readonly _tag: "Answered" }>
): ReadonlyArray<readonly [call: string, id: string]> =>
  StepCall.callsOf(step, messages).map(({ call, id }) => [call, id])

/** The names of the tools that an answer calls, if its calls are run. */
export const namesOf = (record: Extract<TimedRecord["record"], { readonly _tag: "Answered" }>): ReadonlyArray<string> =>
  record.use === "calls" ? StepCall.callsOf(record.step, record.messages).map(({ name }) => name) : []

interface Found {
  readonly path: string
  readonly a: unknown
  readonly b: unknown
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null

/** The first place at which two JSON values differ. A key that is `undefined` is as one that is missing. */
export const difference = (a: unknown, b: unknown, path = ""): Found | undefined => {
  if (Object.is(a, b)) return undefined
  if (!isObject(a) || !isObject(b) || Array.isArray(a) !== Array.isArray(b)) return { path, a, b }
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const next = Array.isArray(a) ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`
    const left = Object.hasOwn(a, key) ? a[key] : undefined
    const right = Object.hasOwn(b, key) ? b[key] : undefined
    const found = difference(left, right, next)
    if (found !== undefined) return found
  }
  return undefined
}
