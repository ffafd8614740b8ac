/** Blobs of one run: files named after their SHA-256. A file gets that name only when it is whole. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Random from "effect/Random"
import { type JournalErrorReason, NotFound } from "../JournalErrorReason.ts"
import { ensureFolder, isMissing, isThere, reasonOf } from "./fileFolder.ts"
import { isDigest } from "./id.ts"

/** Whether a name is that of a blob that is still being written. */
const isPart = (name: string): boolean => name.endsWith(".part") && isDigest(name.slice(0, name.indexOf(".")))

export const blobs = (fs: FileSystem.FileSystem, run: string, sync: boolean) => {
  const folder = `${run}/blobs`
  const pathOf = (digest: string) => `${folder}/${digest}`
  // The folder itself is looked at first: where a link leads, the files are not ours to count, let alone to remove.
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
    // The bytes lie under another name until all of them are there. That name is random, because two writers may put
    // the same bytes at once.
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
        // A blob that is removed meanwhile counts as nothing.
        Effect.orElseSucceed(Effect.map(fs.stat(`${folder}/${name}`), (info) => Number(info.size)), () => 0)),
      (sizes) => sizes.reduce((sum, size) => sum + size, 0)
    ))

  /**
   * Removes the blobs that a dead process left half-written; for `create` all of them, because an earlier run of this
   * id may have been removed only in part.
   */
  const sweep = (mode: "create" | "resume") =>
    Effect.flatMap(names, (names) =>
      Effect.forEach(
        names.filter((name) => isPart(name) || mode === "create" && isDigest(name)),
        (name) => Effect.mapError(fs.remove(`${folder}/${name}`, { force: true }), reasonOf),
        { discard: true }
      ))

  return { put, get, size, sweep }
}
