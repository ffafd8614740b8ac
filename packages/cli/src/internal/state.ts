/** The results of an unfinished run, kept in a file of the user's choice. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { ActResult } from "effect-gemini-narrative/ActResult"
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
        Effect.flatMap((text) => fs.writeFileString(file, `${text}\n`)),
        Effect.mapError(failed("cannot be written"))
      ),
    done: Effect.mapError(Effect.ignore(fs.remove(file, { force: true })), failed("cannot be removed"))
  }
})
