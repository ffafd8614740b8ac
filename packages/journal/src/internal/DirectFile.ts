/**
 * The files of a journal by `node:fs`, on the calling thread. A small append goes into the kernel's page cache in 2 µs of
 * CPU there, and in 17 by way of Node's pool of threads; a look at the file takes 1 against 20 (Node 24.21, 2026-11-29).
 *
 * They are used only after what was written through the `FileSystem` of the context was found again at the same place by
 * `node:fs`: a `FileSystem` that keeps its bytes elsewhere, or in another form, goes on to be asked for everything.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type PlatformError, systemError } from "effect/PlatformError"
import type { BigIntStats } from "node:fs"
import type { Files, Info, LogFile } from "./fileFolder.ts"
import { nodeFs } from "./runtime.ts"

type NodeFs = NonNullable<ReturnType<typeof nodeFs>>

/** The largest append that the calling thread writes: a larger one would keep it from its other work. */
export const largest = 65_536

const tags: Readonly<Record<string, "NotFound" | "AlreadyExists">> = { ENOENT: "NotFound", EEXIST: "AlreadyExists" }

const toError = (method: string, cause: unknown): PlatformError => {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""
  const _tag = Object.hasOwn(tags, code) ? tags[code] ?? "Unknown" : "Unknown"
  return systemError({ _tag, module: "FileSystem", method, cause })
}

const attempt = <A>(method: string, act: () => A): Effect.Effect<A, PlatformError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(act())
    } catch (error) {
      return Effect.fail(toError(method, error))
    }
  })

/** On the pool: what a disk may take long for. */
const awaited = <A>(
  method: string,
  act: (done: (error: unknown, value: A) => void) => void
): Effect.Effect<A, PlatformError> =>
  Effect.callback((resume) =>
    act((error, value) => resume(error === null ? Effect.succeed(value) : Effect.fail(toError(method, error))))
  )

const typeOf = (stats: BigIntStats): Info["type"] =>
  stats.isFile()
    ? "File"
    : stats.isDirectory()
    ? "Directory"
    : stats.isSymbolicLink()
    ? "SymbolicLink"
    : stats.isFIFO()
    ? "FIFO"
    : "Unknown"

const infoOf = (stats: BigIntStats): Info => ({
  type: typeOf(stats),
  size: stats.size,
  mode: Number(stats.mode),
  uid: Option.some(Number(stats.uid)),
  ino: Option.some(stats.ino),
  nlink: Option.some(stats.nlink)
})

const bigint = { bigint: true } as const

const fileOf = (fs: NodeFs, fd: number): LogFile => ({
  stat: attempt("stat", () => infoOf(fs.fstatSync(fd, bigint))),
  // The length is synced with the bytes, as a journal needs; times are not, which takes most of a whole sync.
  sync: awaited<void>("sync", (done) => fs.fdatasync(fd, (error) => done(error))),
  truncate: (length = 0) => attempt("truncate", () => fs.ftruncateSync(fd, length)),
  place: (bytes) =>
    attempt("write", () => {
      const written = fs.writeSync(fd, bytes)
      const { nlink, size } = fs.fstatSync(fd)
      return { written, size, names: nlink }
    }),
  write: (bytes) =>
    bytes.length <= largest
      ? attempt("write", () => fs.writeSync(fd, bytes))
      : awaited("write", (done) => fs.write(fd, bytes, done)),
  readAlloc: (size, { position = 0n } = {}) =>
    attempt("read", () => {
      // No more than there is: a journal is mostly shorter than what is asked for.
      const rest = fs.fstatSync(fd).size - Number(position)
      const bytes = new Uint8Array(Math.max(0, Math.min(size, rest)))
      const length = fs.readSync(fd, bytes, 0, bytes.length, Number(position))
      return length === 0 ? Option.none() : Option.some(bytes.subarray(0, length))
    })
})

/** The files, if the one at `path` ends with `bytes` from `position` on. */
export const files = (path: string, position: number, bytes: Uint8Array): Files | undefined => {
  const fs = nodeFs()
  if (fs === undefined) return undefined
  const { O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDONLY, O_RDWR } = fs.constants
  const safe = O_NOFOLLOW | O_NONBLOCK
  const found = new Uint8Array(bytes.length + 1)
  try {
    const fd = fs.openSync(path, O_RDONLY | safe)
    try {
      const length = fs.readSync(fd, found, 0, found.length, position)
      if (length !== bytes.length || bytes.some((byte, i) => byte !== found[i])) return undefined
    } finally {
      fs.closeSync(fd)
    }
  } catch {
    return undefined
  }
  return {
    lstat: (path) => attempt("lstat", () => infoOf(fs.lstatSync(path, bigint))),
    makeDirectory: (path, options) => Effect.asVoid(attempt("makeDirectory", () => fs.mkdirSync(path, options))),
    open: (path, { flag, mode }) =>
      Effect.map(
        Effect.acquireRelease(
          attempt(
            "open",
            () => fs.openSync(path, (flag === "r" ? O_RDONLY : O_RDWR | O_APPEND | O_CREAT) | safe, mode)
          ),
          (fd) => Effect.sync(() => fs.closeSync(fd))
        ),
        (fd) => fileOf(fs, fd)
      )
  }
}
