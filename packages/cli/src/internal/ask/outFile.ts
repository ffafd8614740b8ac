/** The file of `--out`: looked at before anything is asked, and written whole or not at all. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import { dirname } from "node:path"
import { CommandFailed } from "../CommandFailed.ts"

const usage = (path: string, says: string) =>
  new CommandFailed({ exitCode: 2, text: `--out${path === "" ? "" : ` ${path}`}: ${says}` })

/** Refuses a path that cannot be written, as far as that can be seen before it is. */
export const check = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  if (path === "") return yield* usage(path, "expected the name of a file, got \"\"")
  const there = yield* Effect.option(fs.stat(path))
  if (Option.isSome(there)) {
    if (there.value.type === "Directory") return yield* usage(path, "is a folder; name a file in it")
    yield* Effect.mapError(fs.access(path, { writable: true }), () => usage(path, "may not be written"))
    return
  }
  const folder = dirname(path)
  const above = yield* Effect.option(fs.stat(folder))
  if (Option.isNone(above)) return yield* usage(path, `there is no folder ${folder}`)
  if (above.value.type !== "Directory") return yield* usage(path, `${folder} is not a folder`)
  yield* Effect.mapError(
    fs.access(folder, { writable: true }),
    () => usage(path, `the folder ${folder} may not be written`)
  )
})

/** Devices and pipes, such as /dev/stderr, are written to as they are. */
export const write = Effect.fnUntraced(function*(path: string, content: string | Uint8Array) {
  const fs = yield* FileSystem.FileSystem
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  const there = yield* Effect.option(fs.stat(path))
  const failed = () => usage(path, "cannot be written any more")
  if (Option.isSome(there) && there.value.type !== "File") {
    return yield* Effect.mapError(fs.writeFile(path, bytes), failed)
  }
  // A link stays one: what it points to is written.
  const target = Option.isSome(there) ? yield* Effect.orElseSucceed(fs.realPath(path), () => path) : path
  const part = `${target}.part`
  yield* fs.writeFile(part, bytes, Option.isSome(there) ? { mode: there.value.mode & 0o777 } : undefined).pipe(
    Effect.andThen(fs.rename(part, target)),
    Effect.onError(() => Effect.ignore(fs.remove(part))),
    Effect.mapError(failed)
  )
})
