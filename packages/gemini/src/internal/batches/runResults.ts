/**
 * The results of a run: as lines that are kept, and as a reader has them.
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { RunResult } from "../../batches/RunOptions.ts"
import type { GeminiError } from "../../GeminiError.ts"
import { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import * as Failed from "../resources/failed.ts"
import * as Guard from "../wire/guard.ts"
import * as RunRecord from "./runRecord.ts"

const method = "batchRun"

const guard = /* @__PURE__ */ Guard.make(GenerateContentResponse)
const decodeLine = /* @__PURE__ */ Schema.decodeUnknownResult(RunRecord.ResultLine)

/** The error of a row as it is kept: by its HTTP status and its words, so that it reads the same when it is read again. */
export const kept = (error: GeminiError): { readonly code: number; readonly message: string } => ({
  code: error.status ?? (error.reason._tag === "InvalidRequest" ? 400 : 500),
  message: error.reason.message
})

/** A line as its result; a line that no run wrote has none. */
export const resultOf = (line: RunRecord.ResultLine, place: number): RunResult => {
  const { attempts, key, response, row, via } = line
  const common = { key, row, place, via, attempts }
  const read = guard(response)
  return response !== undefined && Result.isSuccess(read)
    ? { ...common, _tag: "Success", response: read.success }
    : { ...common, _tag: "Failure", error: Failed.errorOf(method, line.error) }
}

export const linesOf = (bytes: Uint8Array): ReadonlyArray<string> =>
  new TextDecoder().decode(bytes).split("\n").filter((line) => line !== "")

const parsed = (text: string): ReadonlyArray<RunRecord.ResultLine> => {
  const line = decodeLine(JSON.parse(text))
  return Result.isSuccess(line) ? [line.success] : []
}

/** The lines of a record. */
export const read = (
  { blob, text }: RunRecord.ResultsRecord,
  get: (blob: string) => Effect.Effect<Uint8Array, JournalError>
): Effect.Effect<ReadonlyArray<RunRecord.ResultLine>, JournalError> =>
  Effect.map(
    blob === undefined ? Effect.succeed(new TextEncoder().encode(text ?? "")) : get(blob),
    (bytes) => linesOf(bytes).flatMap(parsed)
  )

/** The results of records, from a place on. Records before it are not read. */
export const replayed = (
  records: Stream.Stream<RunRecord.RunRecord, JournalError>,
  get: (blob: string) => Effect.Effect<Uint8Array, JournalError>,
  from: number
): Stream.Stream<RunResult, JournalError> =>
  Stream.suspend(() => {
    let next = 0
    return Stream.flattenIterable(Stream.mapEffect(records, (record) => {
      if (record._tag !== "Results") return Effect.succeed([])
      const first = next
      next += record.count
      if (next <= from) return Effect.succeed([])
      return Effect.map(read(record, get), (lines) =>
        lines.map((line, index) => resultOf(line, first + index)).filter(({ place }) => place >= from))
    }))
  })
