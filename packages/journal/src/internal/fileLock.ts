/**
 * A lock that the kernel frees at its owner's death: an exclusive SQLite transaction on a side file, which stays empty.
 *
 * SQLite takes the lock by fcntl, on a file system of this machine; one on the network may lie about it. Such a lock
 * belongs to the process, and closing any descriptor of that file in the same process drops it. So only SQLite, which
 * keeps account of its own descriptors, ever opens the file here. A second opening in the same process is refused like
 * one in another process.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { DatabaseSync } from "node:sqlite"
import { Busy, type JournalErrorReason, Unavailable } from "../JournalErrorReason.ts"
import { reasonOfCode } from "./fileFolder.ts"
import { nodeFs } from "./runtime.ts"

export interface KernelLock {
  /** Makes the file for this user alone. Succeeds with false if it is there: it is not opened then. */
  readonly make: (path: string) => Effect.Effect<boolean, JournalErrorReason>
  /** Holds the lock on an existing file until the scope ends. Fails with Busy at once if somebody has it. */
  readonly acquire: (path: string) => Effect.Effect<void, JournalErrorReason, Scope.Scope>
}

const SQLITE_BUSY = 5

const codeOf = (error: unknown): number | undefined =>
  typeof error === "object" && error !== null && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode
    : undefined

const take = (Database: typeof DatabaseSync, path: string): Effect.Effect<DatabaseSync, JournalErrorReason> =>
  Effect.suspend(() => {
    let database: DatabaseSync | undefined
    try {
      database = new Database(path, { timeout: 0 })
      // Nothing is ever written, so SQLite need not make a journal file of its own beside it.
      database.exec("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE")
      return Effect.succeed(database)
    } catch (error) {
      database?.close()
      const code = codeOf(error)
      return Effect.fail(
        code === SQLITE_BUSY
          ? new Busy({})
          : new Unavailable({ code: code === undefined ? "SQLITE" : `SQLITE ${code}` })
      )
    }
  })

const load = (): typeof DatabaseSync | undefined => {
  try {
    return typeof process === "undefined" ? undefined : process.getBuiltinModule("node:sqlite")?.DatabaseSync
  } catch {
    return undefined
  }
}

const make = (fs: NonNullable<ReturnType<typeof nodeFs>>, path: string): Effect.Effect<boolean, JournalErrorReason> =>
  Effect.suspend(() => {
    try {
      fs.closeSync(fs.openSync(path, "wx", 0o600))
      return Effect.succeed(true)
    } catch (error) {
      const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "UNKNOWN"
      return code === "EEXIST" ? Effect.succeed(false) : Effect.fail(reasonOfCode(code))
    }
  })

/** The lock, or undefined on a runtime without `node:sqlite`: there the order of appends decides who writes. */
export const kernelLock = (): KernelLock | undefined => {
  const Database = load()
  const fs = nodeFs()
  return Database === undefined || fs === undefined ? undefined : {
    make: (path) => make(fs, path),
    acquire: (path) =>
      Effect.asVoid(Effect.acquireRelease(take(Database, path), (database) => Effect.sync(() => database.close())))
  }
}
