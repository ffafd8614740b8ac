/**
 * The folders of file journals, and whether they may be used: prompts and answers lie in them, so a link, a pipe, or a
 * file that another user can write, is refused before anything is read or written.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import { type JournalErrorReason, StorageFull, Unavailable, Unsafe } from "../JournalErrorReason.ts"
import { uid } from "./runtime.ts"

/** What is asked about a file or folder. */
export interface Info {
  readonly type: FileSystem.File.Type
  readonly size: bigint
  readonly mode: number
  readonly uid: Option.Option<number>
  readonly ino: Option.Option<bigint>
  readonly nlink: Option.Option<bigint>
}

/** What a journal needs of its open file. */
export interface LogFile extends Pick<FileSystem.File, "readAlloc" | "sync" | "truncate" | "write"> {
  readonly stat: Effect.Effect<Info, PlatformError>
  /**
   * Writes at the end and looks at the file in one step, where the file can: how many of the bytes were written, the
   * file's size then, and how many names it has.
   */
  readonly place?: ((bytes: Uint8Array) => Effect.Effect<Appended, PlatformError>) | undefined
}

export interface Appended {
  readonly written: number
  readonly size: number
  readonly names: number
}

/** The part of a `FileSystem` that opens a journal. */
export interface Files {
  readonly lstat: (path: string) => Effect.Effect<Info, PlatformError>
  readonly makeDirectory: (
    path: string,
    options: { readonly recursive?: boolean; readonly mode: number }
  ) => Effect.Effect<void, PlatformError>
  readonly open: (
    path: string,
    options: { readonly flag: "r" | "a+"; readonly mode?: number }
  ) => Effect.Effect<LogFile, PlatformError, Scope.Scope>
}

const full = new Set(["ENOSPC", "EDQUOT", "EFBIG", "ENOMEM"])

/** The system's error code. Its message is left out, because it holds paths. */
const codeOf = ({ reason }: PlatformError): string => {
  const cause = "cause" in reason ? reason.cause : undefined
  return typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : reason._tag
}

export const reasonOfCode = (code: string): JournalErrorReason =>
  full.has(code) ? new StorageFull({ code }) : new Unavailable({ code })

export const reasonOf = (error: PlatformError): JournalErrorReason => reasonOfCode(codeOf(error))

export const isMissing = (error: PlatformError): boolean => error.reason._tag === "NotFound"

const nameOf: Record<FileSystem.File.Type, string> = {
  File: "is a file",
  Directory: "is a folder",
  SymbolicLink: "is a link",
  BlockDevice: "is a device",
  CharacterDevice: "is a device",
  FIFO: "is a pipe",
  Socket: "is a socket",
  Unknown: "is neither a file nor a folder"
}

const problemOf = (info: Info, type: "File" | "Directory"): string | undefined => {
  if (info.type !== type) {
    return `${nameOf[info.type]}: the journal uses only ${type === "File" ? "files" : "folders"} of its own`
  }
  const me = uid()
  if (me === undefined) return undefined
  const owner = Option.getOrElse(info.uid, () => me)
  if (owner !== me) {
    return `belongs to user ${owner}, and this is user ${me}: run as that user, or choose another folder`
  }
  return (info.mode & 0o022) === 0 ? undefined : "may be written by other users: take that right away (chmod go-w)"
}

export const checkInfo = (
  path: string,
  info: Info,
  type: "File" | "Directory"
): Effect.Effect<void, JournalErrorReason> => {
  const description = problemOf(info, type)
  return description === undefined ? Effect.void : Effect.fail(new Unsafe({ path, description }))
}

/** Whether the path exists. Fails if it does but is not safe to use. */
export const isThere = (
  fs: Files,
  path: string,
  type: "File" | "Directory"
): Effect.Effect<boolean, JournalErrorReason> =>
  Effect.matchEffect(fs.lstat(path), {
    onFailure: (error): Effect.Effect<boolean, JournalErrorReason> =>
      isMissing(error) ? Effect.succeed(false) : Effect.fail(reasonOf(error)),
    onSuccess: (info) => Effect.as(checkInfo(path, info, type), true)
  })

/** Makes a folder for this user alone. Succeeds with false if it is there already, and is safe to use. */
export const makeFolder = (
  fs: Files,
  path: string
): Effect.Effect<boolean, JournalErrorReason> =>
  Effect.matchEffect(fs.makeDirectory(path, { mode: 0o700 }), {
    onFailure: (error): Effect.Effect<boolean, JournalErrorReason> =>
      error.reason._tag === "AlreadyExists"
        ? Effect.as(isThere(fs, path, "Directory"), false)
        : Effect.fail(reasonOf(error)),
    onSuccess: () => Effect.succeed(true)
  })

/** Makes the folder for this user alone, if it is not there. */
export const ensureFolder = (
  fs: Files,
  path: string,
  recursive: boolean
): Effect.Effect<void, JournalErrorReason> =>
  Effect.flatMap(
    isThere(fs, path, "Directory"),
    (there) =>
      there ? Effect.void : Effect.matchEffect(fs.makeDirectory(path, { recursive, mode: 0o700 }), {
        onFailure: (error): Effect.Effect<void, JournalErrorReason> =>
          // Another process was faster: the folder that it made is checked like any other.
          error.reason._tag === "AlreadyExists"
            ? Effect.asVoid(isThere(fs, path, "Directory"))
            : Effect.fail(reasonOf(error)),
        onSuccess: () => Effect.void
      })
  )
