/**
 * The source of a run: read once, from where the run is, and cut into jobs.
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BatchRow } from "../../batches/Batches.ts"
import type { RunOptions } from "../../batches/RunOptions.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { ModelId } from "../../models/ModelId.ts"
import { invalid } from "../resources/invalid.ts"
import * as BatchRows from "./batchRows.ts"
import * as JobRows from "./JobRows.ts"
import * as RunRecord from "./runRecord.ts"
import * as RunResults from "./runResults.ts"
import type { RunWriter } from "./RunWriter.ts"

const method = "batchRun"

/** A row's key has its places in front when it is sent. */
const longestKey = 1_000

/** The next row, or undefined at the end of the source. */
const reader = <E, R>(
  rows: RunOptions<E, R>["rows"],
  isRead: boolean
): Effect.Effect<
  { readonly next: Effect.Effect<BatchRow | undefined, E, R>; readonly isEnded: () => boolean },
  never,
  R | Scope.Scope
> =>
  Effect.map(
    Stream.toPull<BatchRow, E, R>(isRead ? Stream.empty : Stream.isStream(rows) ? rows : Stream.fromIterable(rows)),
    (pull) => {
      let ahead: ReadonlyArray<BatchRow> = []
      let at = 0
      let isOver = isRead
      const next: Effect.Effect<BatchRow | undefined, E, R> = Effect.suspend(() => {
        if (at < ahead.length) return Effect.succeed(ahead[at++])
        if (isOver) return Effect.undefined
        return pull.pipe(
          Effect.catchIf(Cause.isDone, () => Effect.succeed<ReadonlyArray<BatchRow>>([])),
          Effect.flatMap((rows) => {
            isOver = rows.length === 0
            ahead = rows
            at = 0
            return next
          })
        )
      })
      return { next, isEnded: () => isOver && at >= ahead.length }
    }
  )

/**
 * Gives an effect that cuts the next job, or gives undefined where the source has no more. Rows that cannot be sent have
 * their error as their result at once.
 */
export const make = <E, R>(
  writer: RunWriter,
  model: ModelId,
  { id, job, rows }: RunOptions<E, R>
): Effect.Effect<
  Effect.Effect<RunRecord.OpenJob | undefined, GeminiError | JournalError | E, R>,
  GeminiError | E,
  R | Scope.Scope
> =>
  Effect.gen(function*() {
    const { bytes: mostBytes = 256 * 1024 * 1024, rows: mostRows = 10_000 } = job ?? {}
    const before = writer.state()
    const { isEnded, next } = yield* reader(rows, before.isAllRead)

    if (!before.isAllRead) {
      let hash = ""
      for (let at = 0; at < before.read; at++) {
        const row = yield* next
        if (row === undefined) break
        hash = RunRecord.hashed(hash, String(row.key))
      }
      if (hash !== before.hash) {
        return yield* invalid(method, "rows", `they are not the ${before.read} rows that the run ${id} has read before`)
      }
    }

    return Effect.gen(function*(): Effect.fn.Return<RunRecord.OpenJob | undefined, GeminiError | JournalError | E, R> {
      if (isEnded()) return undefined
      const sent = JobRows.writer(writer.log)
      const refused: Array<RunRecord.ResultLine> = []
      const { read: before } = writer.state()
      let { hash } = writer.state()
      let read = 0
      while (sent.rows() < mostRows && sent.bytes() < mostBytes) {
        const row = yield* next
        if (row === undefined) break
        const at = before + read++
        const key = String(row?.key)
        hash = RunRecord.hashed(hash, key)
        const wire = key.length > longestKey
          ? Result.fail(invalid(method, `rows[${at}].key`, `expected at most ${longestKey} characters`))
          : BatchRows.generate(method, row, at, model)
        if (Result.isSuccess(wire)) yield* sent.add({ row: at, key, request: wire.success.request })
        else {
          const error = RunResults.kept(wire.failure)
          refused.push({ place: -1, row: at, key: key.slice(0, longestKey), via: "batch", attempts: 0, error })
        }
      }
      const blobs = yield* sent.end
      const ended: ReadonlyArray<RunRecord.RunRecord> = isEnded() ? [{ _tag: "SourceEnded" }] : []
      if (read === 0) {
        yield* writer.write(ended)
        return undefined
      }
      const cut = writer.cut({ attempt: 1, rows: sent.rows(), blobs, read, hash })
      const said = refused.length === 0 ? [] : [yield* writer.results(cut.job, refused)]
      yield* writer.write([cut, ...said, ...ended], refused)
      return writer.state().open.get(cut.job)
    })
  })
