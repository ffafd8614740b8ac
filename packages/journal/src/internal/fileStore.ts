/**
 * Journals in files. A run is the folder `ID/`: `journal.jsonl` with one line for each append, `blobs/SHA`, and
 * `lock`, an empty file on which SQLite takes the kernel's lock.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { Busy, Corrupt, Exists, type JournalErrorReason, NotFound, WrongSequence } from "../JournalErrorReason.ts"
import type { End, JournalStore, Line, StoreReader } from "../JournalStore.ts"
import * as DirectFile from "./DirectFile.ts"
import { blobs } from "./fileBlobs.ts"
import {
  checkInfo,
  ensureFolder,
  type Files,
  type Info,
  isMissing,
  isThere,
  type LogFile,
  makeFolder,
  reasonOf
} from "./fileFolder.ts"
import { headOf, lastWriter } from "./fileHead.ts"
import type { KernelLock } from "./fileLock.ts"
import { FileLog } from "./FileLog.ts"
import { FileWriter } from "./FileWriter.ts"
import { isId } from "./id.ts"
import { begun, endOf, whoIs } from "./line.ts"
import { encode } from "./runtime.ts"

export interface Settings {
  readonly directory: string
  readonly sync: boolean
  /** Milliseconds between two looks at a file that is followed. */
  readonly poll: number
  readonly lock: KernelLock | undefined
}

const noRun = new NotFound({ what: "run" })

interface Opened {
  readonly file: LogFile
  readonly info: Info
}

const opened = (
  fs: Files,
  path: string,
  flag: "r" | "a+"
): Effect.Effect<Opened, JournalErrorReason, Scope.Scope> =>
  Effect.mapError(fs.open(path, { flag, mode: 0o600 }), (error) => isMissing(error) ? noRun : reasonOf(error)).pipe(
    Effect.flatMap((file) =>
      Effect.flatMap(
        Effect.mapError(file.stat, reasonOf),
        (info) => Effect.as(checkInfo(path, info, "File"), { file, info })
      )
    )
  )

/** Looks at what is there before it opens it, because opening follows a link, and waits for the other end of a pipe. */
const openedSafely = (
  fs: Files,
  path: string,
  flag: "r" | "a+"
): Effect.Effect<Opened, JournalErrorReason, Scope.Scope> =>
  Effect.flatMap(
    isThere(fs, path, "File"),
    (there) => there || flag === "a+" ? opened(fs, path, flag) : Effect.fail(noRun)
  )

/** Opens a regular file that belongs to this user; a link is refused. */
export const openFile = (
  fs: Files,
  path: string,
  flag: "r" | "a+"
): Effect.Effect<LogFile, JournalErrorReason, Scope.Scope> =>
  Effect.map(openedSafely(fs, path, flag), ({ file }) => file)

export const make = Effect.fnUntraced(
  function*(settings: Settings): Effect.fn.Return<JournalStore, never, FileSystem.FileSystem> {
    const fs = yield* FileSystem.FileSystem
    const { directory, lock, poll, sync } = settings
    let files: Files = fs
    // Without a lock somebody may write at any time, and nothing is known for sure.
    let isProven = lock === undefined
    const folderOf = (id: string) => `${directory}/${id}`
    const journalOf = (id: string) => `${folderOf(id)}/journal.jsonl`

    /** Succeeds if the run's folder is there, and fails with NotFound if it is not. */
    const find = (id: string): Effect.Effect<void, JournalErrorReason> =>
      Effect.flatMap(
        Effect.andThen(isThere(files, directory, "Directory"), (there) =>
          there ? isThere(files, folderOf(id), "Directory") : Effect.succeed(false)),
        (there) =>
          there ? Effect.void : Effect.fail(noRun)
      )

    const hold = (id: string): Effect.Effect<void, JournalErrorReason, Scope.Scope> => {
      if (lock === undefined) return Effect.void
      const path = `${folderOf(id)}/lock`
      // A lock file that exists is never opened here: closing it would drop a lock that this process holds.
      const made = Effect.flatMap(
        lock.make(path),
        (isNew) => isNew ? Effect.void : Effect.asVoid(isThere(files, path, "File"))
      )
      const busy = (reason: JournalErrorReason): Effect.Effect<never, JournalErrorReason> =>
        reason._tag === "Busy"
          ? Effect.flatMap(Effect.scoped(lastWriter(files, journalOf(id))), (by) => Effect.fail(new Busy(whoIs(by))))
          : Effect.fail(reason)
      // The lock is tried twice, because a writer that has just taken it may not have written its name yet.
      return Effect.andThen(made, Effect.catch(lock.acquire(path), () => Effect.catch(lock.acquire(path), busy)))
    }

    const open = Effect.fnUntraced(function*(
      id: string,
      mode: "create" | "resume",
      opening: (end: End) => readonly [line: Line, text: string]
    ): Effect.fn.Return<FileWriter, JournalErrorReason, Scope.Scope> {
      const path = journalOf(id)
      let isNew = false
      if (mode === "create") {
        yield* ensureFolder(files, directory, true)
        isNew = yield* makeFolder(files, folderOf(id))
      } else {
        yield* find(id)
        if (!(yield* isThere(files, path, "File"))) return yield* noRun
      }
      yield* hold(id).pipe(
        Effect.catch((reason) =>
          mode === "create" && reason._tag === "Busy" && reason.since !== undefined
            ? Effect.fail(new Exists())
            : Effect.fail(reason)
        )
      )
      // In a folder that was just made there is nothing to look at: its mode keeps other users out.
      const { file, info } = yield* (isNew ? opened : openedSafely)(files, path, "a+")
      const log = new FileLog(file)
      // In a folder that was just made nobody has left anything, unless another process was faster.
      if (!isNew || info.size > 0n) {
        if (mode === "create" && (yield* log.next).lines.length > 0) return yield* new Exists()
        yield* log.skip
        if (mode === "resume" && log.chain.next === 0) return yield* noRun
        if (lock !== undefined) yield* blobs(fs, folderOf(id), sync).sweep(mode)
      }
      while (true) {
        const [line, text] = opening(log.chain.end)
        const writer = new FileWriter({ file, log, locked: lock !== undefined, sync }, line.by)
        const lost = yield* Effect.matchEffect(writer.append(line, text), {
          onSuccess: () => Effect.succeed(false),
          // Without a lock another writer may open the run at the same time: the one that is first in the file has the
          // number.
          onFailure: (reason) =>
            reason._tag !== "TakenOver" && reason._tag !== "WrongSequence"
              ? Effect.fail(reason)
              : mode === "create"
              ? Effect.fail(new Exists())
              : Effect.succeed(true)
        })
        if (lost) continue
        if (sync) yield* syncFolders(fs, [folderOf(id), directory])
        if (!isProven) {
          isProven = true
          const bytes = encode(`${text}\n`)
          const direct = DirectFile.files(path, log.offset - bytes.length, bytes)
          if (direct !== undefined) {
            files = direct
            writer.moveTo(yield* Effect.mapError(files.open(path, { flag: "a+" }), reasonOf))
          }
        }
        return writer
      }
    })

    const read = Effect.fnUntraced(function*(
      id: string,
      from: number
    ): Effect.fn.Return<StoreReader, JournalErrorReason, Scope.Scope> {
      const path = journalOf(id)
      yield* find(id)
      const file = yield* openFile(fs, path, "r")
      const { ino } = yield* Effect.mapError(file.stat, reasonOf)
      const log = new FileLog(file)
      const pull: StoreReader["pull"] = Effect.suspend(() =>
        Effect.flatMap(log.next, ({ ended, lines }) => {
          const found = lines.filter((line) => endOf(line) > from)
          return found.length > 0 || ended ? Effect.succeed(found) : pull
        })
      )
      const wait: StoreReader["wait"] = Effect.suspend(() =>
        Effect.sleep(poll).pipe(
          Effect.andThen(Effect.mapError(fs.stat(path), (error) => isMissing(error) ? noRun : reasonOf(error))),
          Effect.flatMap((info): Effect.Effect<void, JournalErrorReason> => {
            // The run was removed and created anew.
            if (Option.getOrUndefined(info.ino) !== Option.getOrUndefined(ino)) return Effect.fail(noRun)
            const size = Number(info.size)
            if (size < log.offset) {
              return Effect.fail(new Corrupt({ seq: log.chain.next, description: "the file became shorter" }))
            }
            return size === log.offset + log.rest ? wait : Effect.void
          })
        )
      )
      const begins = yield* begun(pull)
      // A run without a whole line is just being created.
      if (log.chain.next === 0) return yield* noRun
      return { pull: begins, wait }
    })

    const head = (id: string) =>
      Effect.andThen(
        find(id),
        Effect.scoped(
          Effect.flatMap(openFile(fs, journalOf(id), "r"), (file) =>
            Effect.flatMap(blobs(fs, folderOf(id), sync).size, (bytes) =>
              headOf(id, file, bytes, lock !== undefined)))
        )
      )

    const remove = Effect.fnUntraced(function*(id: string, next?: number) {
      yield* find(id)
      yield* hold(id)
      if (next !== undefined) {
        const end = yield* head(id)
        if (end.next !== next) return yield* new WrongSequence({ expected: end.next, given: next })
      }
      const was = yield* isThere(fs, journalOf(id), "File")
      // The journal goes after the blobs: after a death in between the run is still in the list, and can be removed again.
      for (const path of [`${folderOf(id)}/blobs`, journalOf(id), folderOf(id)]) {
        yield* Effect.mapError(fs.remove(path, { recursive: true, force: true }), reasonOf)
      }
      if (!was) return yield* noRun
    }, Effect.scoped)

    return {
      open,
      read,
      list: (prefix, after, limit) =>
        Effect.flatMap(isThere(fs, directory, "Directory"), (there) =>
          there
            ? Effect.map(
              Effect.mapError(fs.readDirectory(directory), reasonOf),
              (names) =>
                names.filter((name) => isId(name) && name.startsWith(prefix) && name > after).sort().slice(0, limit)
            )
            : Effect.succeed([])),
      head,
      remove,
      putBlob: (id, digest, bytes) => Effect.andThen(find(id), blobs(fs, folderOf(id), sync).put(digest, bytes)),
      getBlob: (id, digest) => Effect.andThen(find(id), blobs(fs, folderOf(id), sync).get(digest))
    }
  }
)

/**
 * Syncs the folders, so that a power cut does not lose the names of files either. Some systems cannot do that and need
 * not.
 */
const syncFolders = (fs: FileSystem.FileSystem, folders: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.forEach(
    folders,
    (path) => Effect.ignore(Effect.scoped(Effect.flatMap(fs.open(path, { flag: "r" }), (file) => file.sync))),
    { discard: true }
  )
