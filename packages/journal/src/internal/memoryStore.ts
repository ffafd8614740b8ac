/** Journals in this process: the smallest store that keeps every rule. */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Result from "effect/Result"
import { Busy, Exists, type JournalErrorReason, NotFound, TakenOver, WrongSequence } from "../JournalErrorReason.ts"
import type { JournalStore, Line, StoreWriter } from "../JournalStore.ts"
import { Chain } from "./Chain.ts"
import { endOf, parse, whoIs, writerOf } from "./line.ts"
import { byteLength } from "./runtime.ts"

interface MemoryRun {
  readonly lines: Array<Line>
  readonly chain: Chain
  readonly blobs: Map<string, Uint8Array>
  readonly grown: Latch.Latch
  holder: string | undefined
  bytes: number
}

const page = 256

export const make = (): JournalStore => {
  const runs = new Map<string, MemoryRun>()

  const find = (id: string) =>
    Effect.suspend(() => {
      const run = runs.get(id)
      return run === undefined ? Effect.fail(new NotFound({ what: "run" })) : Effect.succeed(run)
    })

  const write = (run: MemoryRun, text: string) => {
    const parsed = parse(text)
    // The line is parsed from the text that a file would hold, so that a test in memory sees what a file would give.
    if (Result.isFailure(parsed)) throw parsed.failure
    run.chain.take(parsed.success)
    run.lines.push(parsed.success)
    run.bytes += byteLength(text) + 1
    run.grown.openUnsafe()
  }

  const writer = (id: string, run: MemoryRun, by: string): StoreWriter => ({
    end: run.chain.end,
    append: (line, text) =>
      Effect.suspend((): Effect.Effect<void, JournalErrorReason> => {
        if (runs.get(id) !== run) return Effect.fail(new NotFound({ what: "run" }))
        // A line that its writer offers again is acknowledged again.
        if (line.seq < run.chain.next && run.lines.some((known) => known.seq === line.seq && known.by === by)) {
          return Effect.void
        }
        if (run.chain.by !== by) return Effect.fail(new TakenOver(whoIs(run.chain.by)))
        if (run.chain.next !== line.seq) {
          return Effect.fail(new WrongSequence({ expected: run.chain.next, given: line.seq }))
        }
        write(run, text)
        return Effect.void
      })
  })

  return {
    open: (id, mode, opening) =>
      Effect.map(
        Effect.acquireRelease(
          Effect.suspend((): Effect.Effect<readonly [MemoryRun, string], JournalErrorReason> => {
            const known = runs.get(id)
            if (known === undefined && mode === "resume") return Effect.fail(new NotFound({ what: "run" }))
            if (known !== undefined && mode === "create") return Effect.fail(new Exists())
            if (known?.holder !== undefined) return Effect.fail(new Busy(whoIs(known.holder)))
            const run = known ?? {
              lines: [],
              chain: new Chain(),
              blobs: new Map<string, Uint8Array>(),
              grown: Latch.makeUnsafe(false),
              holder: undefined,
              bytes: 0
            }
            runs.set(id, run)
            const [line, text] = opening(run.chain.end)
            run.holder = line.by
            write(run, text)
            return Effect.succeed([run, line.by])
          }),
          ([run]) =>
            Effect.sync(() => {
              run.holder = undefined
            })
        ),
        ([run, by]) => writer(id, run, by)
      ),
    read: (id, from) =>
      Effect.map(find(id), (run) => {
        let index = run.lines.findIndex((line) => endOf(line) > from)
        if (index < 0) index = run.lines.length
        return {
          pull: Effect.sync(() => {
            const lines = run.lines.slice(index, index + page)
            index += lines.length
            if (index === run.lines.length) run.grown.closeUnsafe()
            return lines
          }),
          wait: Effect.suspend(() => {
            if (runs.get(id) !== run) return Effect.fail(new NotFound({ what: "run" }))
            return index < run.lines.length ? Effect.void : run.grown.await
          })
        }
      }),
    list: (prefix, after, limit) =>
      Effect.sync(() => [...runs.keys()].filter((id) => id.startsWith(prefix) && id > after).sort().slice(0, limit)),
    head: (id) =>
      Effect.flatMap(find(id), ({ blobs, bytes, chain, lines }) => {
        const first = lines[0]
        const last = lines.at(-1)
        if (first === undefined || last === undefined) return Effect.fail(new NotFound({ what: "run" }))
        return Effect.succeed({
          id,
          ...chain.end,
          createdAt: first.at,
          updatedAt: last.at,
          bytes: [...blobs.values()].reduce((sum, blob) => sum + blob.length, bytes),
          writer: writerOf(last.by)
        })
      }),
    remove: (id, next) =>
      Effect.flatMap(find(id), (run): Effect.Effect<void, JournalErrorReason> => {
        if (run.holder !== undefined) return Effect.fail(new Busy(whoIs(run.holder)))
        if (next !== undefined && next !== run.chain.next) {
          return Effect.fail(new WrongSequence({ expected: run.chain.next, given: next }))
        }
        runs.delete(id)
        run.grown.openUnsafe()
        return Effect.void
      }),
    putBlob: (id, digest, bytes) => Effect.map(find(id), ({ blobs }) => void blobs.set(digest, bytes.slice())),
    getBlob: (id, digest) =>
      Effect.flatMap(find(id), ({ blobs }) => {
        const bytes = blobs.get(digest)
        return bytes === undefined ? Effect.fail(new NotFound({ what: "blob" })) : Effect.succeed(bytes.slice())
      })
  }
}
