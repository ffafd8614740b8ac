/** Files that only their user may have written: what they say starts processes and sends keys. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"

/** A configuration is read by nobody who could not read it at once. */
const most = 1_048_576

/** The rights that other users must not have. */
const refused = { secret: 0o077, private: 0o022 }

export type Read =
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Refused"; readonly why: string }
  | { readonly _tag: "Text"; readonly text: string }

/** The file's text, if it is a regular file of this user's. A link to one is, because people link their settings. */
export const read = Effect.fnUntraced(function*(
  path: string,
  kind: keyof typeof refused
): Effect.fn.Return<Read, never, FileSystem.FileSystem> {
  const files = yield* FileSystem.FileSystem
  const refuse = (why: string): Read => ({ _tag: "Refused", why: `${path} ${why}` })
  const found = yield* Effect.result(files.stat(path))
  if (found._tag === "Failure") {
    const { _tag } = found.failure.reason
    // Where a part of the path is a file, or a name is too long, nothing is there.
    return _tag === "NotFound" || _tag === "BadResource" ? { _tag: "Missing" } : refuse(`cannot be read: ${_tag}`)
  }
  const { mode, size, type, uid } = found.success
  if (type !== "File") return refuse("is not a file")
  if (size > BigInt(most)) return refuse("is larger than 1 MiB")
  const me = process.getuid?.()
  if (me !== undefined && Option.isSome(uid)) {
    if (uid.value !== me && uid.value !== 0) return refuse("belongs to another user")
    if ((mode & refused[kind]) !== 0) {
      return refuse(
        kind === "secret"
          ? "can be read by other users (chmod 600 closes it)"
          : "can be written by other users (chmod go-w closes it)"
      )
    }
  }
  return yield* files.readFileString(path).pipe(
    Effect.map((text): Read => ({ _tag: "Text", text })),
    Effect.orElseSucceed(() => refuse("cannot be read"))
  )
})
