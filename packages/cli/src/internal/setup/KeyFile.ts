/**
 * `keys.json`: the API key that `gemini-fx keys set` kept, for this user's eyes alone. A file that others can read is
 * refused, because the key in it is theirs already.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { dirname } from "node:path"
import { CommandFailed } from "../CommandFailed.ts"
import * as Folder from "../folder.ts"
import * as OwnFile from "./ownFile.ts"

const Keys = Schema.fromJsonString(Schema.Struct({ gemini: Schema.optionalKey(Schema.String) }))
const decode = Schema.decodeUnknownOption(Keys)

export type Kept =
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Refused"; readonly why: string }
  | { readonly _tag: "Key"; readonly key: Redacted.Redacted<string> }

export const read = Effect.fnUntraced(function*(path: string): Effect.fn.Return<Kept, never, FileSystem.FileSystem> {
  const found = yield* OwnFile.read(path, "secret")
  if (found._tag !== "Text") return found
  const keys = decode(found.text)
  if (Option.isNone(keys)) return { _tag: "Refused", why: `${path} holds no keys (gemini-fx keys set writes it anew)` }
  return keys.value.gemini === undefined ? { _tag: "Missing" } : { _tag: "Key", key: Redacted.make(keys.value.gemini) }
})

/** What keeps a text from being a key; the text itself is never said. */
export const problem = (key: string): string | undefined => {
  if (key === "") return "nothing came: give the key, as in gemini-fx keys set < key.txt"
  if (/\s/.test(key)) return "a key is one word, and this text has spaces or several lines"
  if (!/^[\x21-\x7e]+$/.test(key)) return "a key has letters, digits and signs only: this text has other characters"
  return key.length > 512 ? "a key is shorter than 512 characters" : undefined
}

/** Keeps the key. The file gets its name only when it is whole, so that a key is never half there. */
export const write = Effect.fnUntraced(function*(path: string, key: Redacted.Redacted<string>) {
  const files = yield* FileSystem.FileSystem
  const refused = (why: string) => new CommandFailed({ exitCode: 2, text: why })
  const inFolder = yield* Folder.prepare(dirname(path), "shared")
  if (inFolder !== undefined) return yield* refused(`${inFolder}, so no key is kept there`)
  const part = `${path}.${process.pid}.part`
  yield* files.writeFileString(part, `${JSON.stringify({ gemini: Redacted.value(key) })}\n`, {
    mode: 0o600,
    flag: "wx"
  })
    .pipe(
      Effect.andThen(files.rename(part, path)),
      Effect.tapError(() => Effect.ignore(files.remove(part))),
      Effect.mapError(({ reason }) => refused(`${path} cannot be written: ${reason._tag}`))
    )
})
