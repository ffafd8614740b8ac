/**
 * How a process is told what somebody decided about an act of its run: by a small file in the run's folder, named after
 * the act's key, which it looks for. It stays until the decision is in the journal, whoever writes it there.
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Decision } from "../Decision.ts"
import { ofText } from "./digest.ts"

export interface DecisionSign {
  readonly give: (id: string, key: string, decision: Decision) => Effect.Effect<void, unknown>
  readonly take: (id: string, key: string) => Effect.Effect<void>
  /** What somebody decided, if the file is there and whole. */
  readonly look: (id: string, key: string) => Effect.Effect<Decision | undefined>
  /** Returns once the file is there and whole. */
  readonly seen: (id: string, key: string) => Effect.Effect<Decision>
}

/** Milliseconds between two looks. */
const poll = 200

/** No reason that somebody types is longer, in bytes. */
const largest = 65_536

const Written = Schema.fromJsonString(Schema.Struct({ key: Schema.String, decision: Decision }))
const read = Schema.decodeUnknownOption(Written)
const write = Schema.encodeSync(Written)

export const make = (fs: FileSystem.FileSystem, directory: string): DecisionSign => {
  const path = (id: string, key: string) =>
    Effect.map(ofText(key), (digest) => `${directory}/${id}/decision-${digest.slice(0, 16)}`)
  const look = (id: string, key: string): Effect.Effect<Decision | undefined> =>
    Effect.gen(function*() {
      const file = yield* path(id, key)
      const { size, type } = yield* fs.stat(file)
      if (type !== "File" || ByteSize.toBigInt(size) > largest) return undefined
      const found = read(yield* fs.readFileString(file))
      return Option.isSome(found) && found.value.key === key ? found.value.decision : undefined
    }).pipe(Effect.orElseSucceed(() => undefined))
  const seen = (id: string, key: string): Effect.Effect<Decision> =>
    Effect.flatMap(
      look(id, key),
      (found) => found === undefined ? Effect.andThen(Effect.sleep(poll), seen(id, key)) : Effect.succeed(found)
    )
  return {
    give: (id, key, decision) =>
      Effect.flatMap(path(id, key), (file) => fs.writeFileString(file, write({ key, decision }), { mode: 0o600 })),
    take: (id, key) => Effect.flatMap(path(id, key), (file) => Effect.ignore(fs.remove(file, { force: true }))),
    look,
    seen
  }
}
