/** Blobs of one run: files named after their SHA-256, whole as soon as they have their name. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Random from "effect/Random"
import { type JournalErrorReason, NotFound } from "../JournalErrorReason.ts"
import { ensureFolder, isMissing, isThere, reasonOf } from "./fileFolder.ts"
import { isDigest } from "./id.ts"

/** The name of a blob that is being written. */
const isPart = (name: string): boolean => name.endsWith(".part") && isDigest(name.slice(0, name.indexOf(".")))

export const blobs = (fs: FileSystem.FileSystem, run: string, sync: boolean) => {
  const folder = `${run}/blobs`
  const pathOf = (digest: string) => `${folder}/${digest}`
  // Looked at first: what is in the folder that a link leads to is not ours to count, let alone to remove.
  const names = Effect.flatMap(isThere(fs, folder, "Directory"), (there) =>
    there
      ? Effect.catch(
        fs.readDirectory(folder),
        (error) => isMissing(error) ? Effect.succeed<Array<string>>([]) : Effect.fail(reasonOf(error))
      )
      : Effect.succeed<Array<string>>([]))

  const put = Effect.fnUntraced(function*(
    digest: string,
    bytes: Uint8Array
  ): Effect.fn.Return<void, JournalErrorReason> {
    yield* ensureFolder(fs, folder, false)
    if (yield* isThere(fs, pathOf(digest), "File")) return
    // Under another name until all of it is there; a name of its own, because two may put the same bytes at once.
    const part = `${pathOf(digest)}.${(yield* Random.nextIntBetween(0, 2 ** 48)).toString(36)}.part`
    const written = Effect.scoped(
      Effect.flatMap(
        fs.open(part, { flag: "wx", mode: 0o600 }),
        (file) => Effect.andThen(file.writeAll(bytes), sync ? file.sync : Effect.void)
      )
    )
    yield* Effect.uninterruptible(Effect.mapError(
      Effect.tapError(
        Effect.andThen(written, fs.rename(part, pathOf(digest))),
        () => Effect.ignore(fs.remove(part, { force: true }))
      ),
      reasonOf
    ))
  })

  const get = Effect.fnUntraced(function*(digest: string): Effect.fn.Return<Uint8Array, JournalErrorReason> {
    if (!(yield* isThere(fs, folder, "Directory")) || !(yield* isThere(fs, pathOf(digest), "File"))) {
      return yield* new NotFound({ what: "blob" })
    }
    return yield* Effect.mapError(
      fs.readFile(pathOf(digest)),
      (error) => isMissing(error) ? new NotFound({ what: "blob" }) : reasonOf(error)
    )
  })

  const size = Effect.flatMap(names, (names) =>
    Effect.map(
      Effect.forEach(names, (name) =>
        // One that goes meanwhile counts nothing.
        Effect.orElseSucceed(Effect.map(fs.stat(`${folder}/${name}`), (info) => Number(info.size)), () => 0)),
      (sizes) => sizes.reduce((sum, size) => sum + size, 0)
    ))

  /** What a death left half-written; and all of them where the run before was removed only in part. */
  const sweep = (mode: "create" | "resume") =>
    Effect.flatMap(names, (names) =>
      Effect.forEach(
        names.filter((name) => isPart(name) || mode === "create" && isDigest(name)),
        (name) => Effect.mapError(fs.remove(`${folder}/${name}`, { force: true }), reasonOf),
        { discard: true }
      ))

  return { put, get, size, sweep }
}
