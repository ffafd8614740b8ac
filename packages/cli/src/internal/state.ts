/** The results of an unfinished run, kept in a file of the user's choice. */
import { ActResult } from "effect-gemini-narrative/ActResult"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import { CommandFailed } from "./CommandFailed.ts"

const State = Schema.fromJsonString(Schema.Struct({ acts: Schema.Array(ActResult) }))
const decode = Schema.decodeEffect(State)
const encode = Schema.encodeEffect(State)

export interface State {
  readonly results: ReadonlyArray<ActResult>
  /** Keeps one more result. */
  readonly keep: (result: ActResult) => Effect.Effect<void, CommandFailed>
  /** The run is complete: nothing is left to resume. */
  readonly done: Effect.Effect<void, CommandFailed>
}

/**
 * Writes the whole text or nothing of it: if the disk is full, or the process ends in the middle, the old text stays.
 * If the file is a link, its target is written.
 */
const replace = Effect.fnUntraced(function*(fs: FileSystem.FileSystem, file: string, text: string) {
  const target = yield* Effect.orElseSucceed(fs.realPath(file), () => file)
  const next = `${target}.${process.pid}-${(yield* Random.nextIntBetween(0, 2 ** 32)).toString(36)}`
  const write = Effect.scoped(Effect.gen(function*() {
    const handle = yield* fs.open(next, { flag: "wx" })
    yield* handle.writeAll(new TextEncoder().encode(text))
    yield* handle.sync
  }))
  yield* Effect.gen(function*() {
    yield* write
    yield* fs.rename(next, target)
  }).pipe(
    Effect.onError(() => Effect.ignore(fs.remove(next, { force: true }))),
    // A step that has begun is also ended, also at Ctrl-C, because the other file would be left behind otherwise.
    Effect.uninterruptible
  )
})

export const none: State = { results: [], keep: () => Effect.void, done: Effect.void }

export const open = Effect.fnUntraced(function*(
  file: string
): Effect.fn.Return<State, CommandFailed, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const failed = (what: string) => () => new CommandFailed({ exitCode: 2, text: `${file}: ${what}` })
  const exists = yield* Effect.mapError(fs.exists(file), failed("cannot be read"))
  const results = exists
    ? yield* fs.readFileString(file).pipe(
      Effect.flatMap(decode),
      Effect.map(({ acts }) => acts),
      Effect.mapError(failed("this is not a state that gemini-fx wrote: name another file, or delete it to start anew"))
    )
    : []
  const all = [...results]
  return {
    results,
    keep: (result) =>
      Effect.suspend(() => {
        all.push(result)
        return encode({ acts: all })
      }).pipe(
        Effect.flatMap((text) => replace(fs, file, `${text}\n`)),
        Effect.mapError(failed("cannot be written; what was kept before is still in it"))
      ),
    done: Effect.mapError(Effect.ignore(fs.remove(file, { force: true })), failed("cannot be removed"))
  }
})
