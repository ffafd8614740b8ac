/** Entries of a run as a stream: the same for reading to the end and for following. */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Entry } from "../Entry.ts"
import type { JournalError } from "../JournalError.ts"
import type { JournalErrorReason } from "../JournalErrorReason.ts"
import type { JournalStore, Line } from "../JournalStore.ts"
import type { Records } from "../Records.ts"
import { errorOf, toError } from "./failure.ts"
import { openingOf, writerOf } from "./line.ts"

const decode = <A>(
  records: Records<A>,
  line: Line,
  from: number
): Result.Result<ReadonlyArray<Entry<A>>, JournalErrorReason> => {
  if (line.opened) return Result.succeed(line.seq < from ? [] : [openingOf(line)])
  const writer = writerOf(line.by)
  const entries: Array<Entry<A>> = []
  for (const [index, value] of line.records.entries()) {
    const seq = line.seq + index
    if (seq < from) continue
    const record = records.decode(line.of, line.version, value, seq)
    if (Result.isFailure(record)) return Result.fail(record.failure)
    entries.push({ _tag: "Recorded", seq, at: line.at, writer, record: record.success })
  }
  return Result.succeed(entries)
}

export const entries = <A>(
  store: JournalStore,
  method: "read" | "follow",
  records: Records<A>,
  id: string,
  from: number
): Stream.Stream<Entry<A>, JournalError> => {
  const asError = toError(method, id)
  return Stream.unwrap(Effect.map(asError(store.read(id, from)), (reader) => {
    /** The failure of a line that cannot be decoded; it comes after the entries before it. */
    let failure: JournalErrorReason | undefined
    const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<Entry<A>>, JournalError> = Effect.suspend(() =>
      failure !== undefined ?
        Effect.fail(errorOf(method, id, failure)) :
        Effect.flatMap(asError(reader.pull), (lines) => {
          const found: Array<Entry<A>> = []
          for (const line of lines) {
            const result = decode(records, line, from)
            if (Result.isFailure(result)) {
              failure = result.failure
              break
            }
            for (const entry of result.success) found.push(entry)
          }
          if (Arr.isArrayNonEmpty(found)) return Effect.succeed(found)
          if (failure !== undefined || lines.length > 0) return pull
          return method === "read" ? Cause.done() : Effect.flatMap(asError(reader.wait), () => pull)
        })
    )
    return Stream.fromPull(Effect.succeed(pull))
  }))
}
