/** A line of the journal as text, and back. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Entry, Writer } from "../Entry.ts"
import { Corrupt, type JournalErrorReason, NewerVersion } from "../JournalErrorReason.ts"
import type { Line, StoreReader } from "../JournalStore.ts"

/** The version of the lines themselves; the records in them have their own. */
export const format = 1

/** The first sequence number after a line. */
export const endOf = (line: Line): number => line.seq + (line.opened ? 1 : line.records.length)

const quoted = (key: string, text: string | undefined): string =>
  text === undefined ? "" : `,"${key}":${JSON.stringify(text)}`

/** The line as text; `records` are JSON already. Short keys come first, for people who read the file. */
export const print = (
  { at, by, of, opened, seq, state, version }: Omit<Line, "records">,
  records: ReadonlyArray<string>
): string => {
  const owner = of === undefined || version === undefined ? "" : `${quoted("of", of)},"version":${version}`
  const head = `{"v":${format},"seq":${seq},"at":${at}${quoted("by", by)}`
  return opened
    ? `${head},"opened":true${quoted("state", state)}${owner}}`
    : `${head}${quoted("state", state)}${owner},"records":[${records.join(",")}]}`
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A line from its text. Every field is checked, because the file may have been edited, or not be a journal of ours. */
export const parse = (text: string): Result.Result<Line, Corrupt | NewerVersion> => {
  const value = parsed(text)
  const damaged = (description: string) => Result.fail(new Corrupt({ description }))
  if (typeof value !== "object" || value === null) return damaged("a line is not a JSON object")
  if (!("v" in value) || !isCount(value.v) || !("seq" in value) || !isCount(value.seq)) {
    return damaged("a line has no format or no sequence number")
  }
  const { seq, v } = value
  if (v > format) return Result.fail(new NewerVersion({ name: "journal", found: v, known: format, seq }))
  if (!("at" in value) || typeof value.at !== "number" || !("by" in value) || typeof value.by !== "string") {
    return Result.fail(new Corrupt({ seq, description: "a line has no time or no writer" }))
  }
  const state = "state" in value && typeof value.state === "string" ? { state: value.state } : {}
  const common = { seq, at: value.at, by: value.by, ...state }
  if ("opened" in value && value.opened === true) return Result.succeed({ ...common, opened: true, records: [] })
  if (
    !("of" in value) || typeof value.of !== "string" || !("version" in value) || !isCount(value.version) ||
    !("records" in value) || !Array.isArray(value.records) || value.records.length === 0
  ) return Result.fail(new Corrupt({ seq, description: "a line holds no records" }))
  const records: ReadonlyArray<unknown> = value.records
  return Result.succeed({ ...common, opened: false, of: value.of, version: value.version, records })
}

/** The lines of a store up to one that cannot be read. Fails if that is the first. */
export const parseAll = (
  texts: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<Line>, Corrupt | NewerVersion> => {
  const lines: Array<Line> = []
  for (const text of texts) {
    const line = parse(text)
    if (Result.isSuccess(line)) lines.push(line.success)
    else if (lines.length === 0) return Effect.fail(line.failure)
    else break
  }
  return Effect.succeed(lines)
}

/** Pulls once at the beginning, so that a missing run is known then; the first pull of the reader gives those lines. */
export const begun = (pull: StoreReader["pull"]): Effect.Effect<StoreReader["pull"], JournalErrorReason> =>
  Effect.map(pull, (first) => {
    let given: ReadonlyArray<Line> = first
    return Effect.suspend(() => {
      const lines = given
      given = []
      return lines.length === 0 ? pull : Effect.succeed(lines)
    })
  })

/** `PID.SINCE.RANDOM`, so that the last line of a journal tells who has it. `random` is below 2 ** 48. */
export const writerId = (pid: number | undefined, since: number, random: number): string =>
  `${pid ?? 0}.${since.toString(36)}.${random.toString(36).padStart(10, "0")}`

export const writerOf = (by: string): Writer => {
  const match = /^(\d{1,10})\.([0-9a-z]{1,10})\.[0-9a-z]+$/.exec(by)
  if (match === null) return { id: by }
  const [, pid = "", since = ""] = match
  return { id: by, since: parseInt(since, 36), ...(pid === "0" ? {} : { pid: Number(pid) }) }
}

/** The pid of a writer and the time of its opening, as errors name them. */
export const whoIs = (by: string | undefined): { readonly pid?: number; readonly since?: number } => {
  if (by === undefined) return {}
  const { id: _id, ...who } = writerOf(by)
  return who
}

/** The entry that readers get for an opening. */
export const openingOf = (line: Line): Entry<never> => ({
  _tag: line.seq === 0 ? "Started" : "Resumed",
  seq: line.seq,
  at: line.at,
  writer: writerOf(line.by)
})
