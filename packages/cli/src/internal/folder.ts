/**
 * Folders that the command keeps files in: they are its user's, whoever else is on the machine. In
 * `/tmp` anybody may have made the folder first, with links in it to files of the user's.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"

/** The permissions that a folder must not give to others. A folder above it may belong to a group. */
const refused = { private: 0o077, shared: 0o002 }

/**
 * Makes the folder if it is not there, for its user alone, and says what keeps it from being used. Undefined: nothing
 * does, or it could not be made, which will show when it is used.
 */
export const prepare = Effect.fnUntraced(function*(directory: string, kind: keyof typeof refused) {
  const files = yield* FileSystem.FileSystem
  yield* Effect.ignore(files.makeDirectory(directory, { recursive: true, mode: 0o700 }))
  return yield* problem(directory, kind)
})

/** What keeps a folder that is there from being used. */
export const problem = Effect.fnUntraced(function*(directory: string, kind: keyof typeof refused) {
  const files = yield* FileSystem.FileSystem
  const info = yield* Effect.option(files.lstat(directory))
  if (Option.isNone(info)) return undefined
  const { mode, type, uid } = info.value
  if (type === "SymbolicLink") return `${directory} is a link`
  if (type !== "Directory") return `${directory} is not a folder`
  // Where there are no users, as on Windows, there are no permissions to look at either.
  const me = process.getuid?.()
  if (me === undefined || Option.isNone(uid)) return undefined
  if (uid.value !== me) return `${directory} belongs to another user`
  return (mode & refused[kind]) === 0 ? undefined : `${directory} is open to other users (chmod 700 closes it)`
})
