/** A run at a glance: its first and last line, without reading what is between them. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Head } from "../Entry.ts"
import { Corrupt, type JournalErrorReason, NotFound } from "../JournalErrorReason.ts"
import type { Line } from "../JournalStore.ts"
import { type Files, isThere, type LogFile, reasonOf } from "./fileFolder.ts"
import { FileLog, readAt } from "./FileLog.ts"
import { endOf, parse, writerOf } from "./line.ts"

const newline = 10
const decoder = new TextDecoder()

/** How many bytes an opening has at most: a writer's id and a state are short. */
const opening = 1_024

const firstLine = (file: LogFile): Effect.Effect<Line, JournalErrorReason> =>
  Effect.flatMap(readAt(file, 0, opening), (bytes): Effect.Effect<Line, JournalErrorReason> => {
    const text = decoder.decode(bytes).split("\n").find((line) => line !== "")
    return text === undefined || bytes.indexOf(newline) < 0
      ? Effect.fail(new NotFound({ what: "run" }))
      : Effect.fromResult(parse(text))
  })

/** The last whole line, by reading backwards in growing steps. */
const lastLine = (file: LogFile, size: number, step = 4_096): Effect.Effect<Line, JournalErrorReason> =>
  Effect.flatMap(readAt(file, Math.max(0, size - step), Math.min(step, size)), (bytes) => {
    let end = bytes.lastIndexOf(newline)
    while (end > 0) {
      const start = bytes.lastIndexOf(newline, end - 1) + 1
      if (start === 0 && step < size) break
      const line = parse(decoder.decode(bytes.subarray(start, end)))
      if (Result.isSuccess(line)) return Effect.succeed(line.success)
      if (line.failure._tag === "NewerVersion") return Effect.fail(line.failure)
      end = start - 1
    }
    return step < size
      ? lastLine(file, size, step * 4)
      : Effect.fail(new Corrupt({ description: "there is no whole line" }))
  })

const sizeOf = (file: LogFile): Effect.Effect<number, JournalErrorReason> =>
  Effect.mapError(Effect.map(file.stat, (info) => Number(info.size)), reasonOf)

/** Who wrote last; undefined if nobody has yet. */
export const lastWriter = (fs: Files, path: string) =>
  Effect.orElseSucceed(
    Effect.flatMap(isThere(fs, path, "File"), (there) =>
      there
        ? Effect.flatMap(
          Effect.mapError(fs.open(path, { flag: "r" }), reasonOf),
          (file) => Effect.flatMap(sizeOf(file), (size) => Effect.map(lastLine(file, size), ({ by }) => by))
        )
        : Effect.undefined),
    () => undefined
  )

export const headOf = Effect.fnUntraced(function*(
  id: string,
  file: LogFile,
  blobs: number,
  locked: boolean
): Effect.fn.Return<Head, JournalErrorReason> {
  const first = yield* firstLine(file)
  const size = yield* sizeOf(file)
  const common = { id, createdAt: first.at, bytes: size + blobs }
  if (locked) {
    const last = yield* lastLine(file, size)
    const state = last.state === undefined ? {} : { state: last.state }
    return { ...common, next: endOf(last), updatedAt: last.at, ...state, writer: writerOf(last.by) }
  }
  // Without a lock the last line may be one that does not count, so all lines are read.
  const log = new FileLog(file)
  let updatedAt = first.at
  while (true) {
    const { ended, lines } = yield* log.next
    updatedAt = lines.at(-1)?.at ?? updatedAt
    if (ended) return { ...common, ...log.chain.end, updatedAt, writer: writerOf(log.chain.by ?? first.by) }
  }
})
