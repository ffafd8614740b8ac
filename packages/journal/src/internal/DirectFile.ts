/**
 * A second descriptor of a journal's file, used by the calling thread itself. A small append goes into the kernel's page
 * cache in 2 µs of CPU there, and in 17 by way of Node's pool of threads; the look at the size after it takes 1 against
 * 20 (Node 24.21, 2026-11-29).
 *
 * It is used only where what was written through the `FileSystem` of the context is found again at the same place by
 * `node:fs`: a `FileSystem` that keeps its bytes elsewhere, or in another form, goes on to be asked for every append.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { JournalErrorReason } from "../JournalErrorReason.ts"
import { reasonOfCode } from "./fileFolder.ts"
import { nodeFs } from "./runtime.ts"

export interface DirectFile {
  /** How many of the bytes were written, at the end of the file. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<number, JournalErrorReason>
  readonly stat: Effect.Effect<{ readonly size: number; readonly isThere: boolean }, JournalErrorReason>
}

/** The largest append that the calling thread writes: a larger one would keep it from its other work. */
export const largest = 65_536

const codeOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : "UNKNOWN"

const attempt = <A>(act: () => A): Effect.Effect<A, JournalErrorReason> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(act())
    } catch (error) {
      return Effect.fail(reasonOfCode(codeOf(error)))
    }
  })

/** The file at `path`, if it holds `bytes` at `position` and ends there; else undefined. It is closed with the scope. */
export const open = (
  path: string,
  position: number,
  bytes: Uint8Array
): Effect.Effect<DirectFile | undefined, never, Scope.Scope> => {
  const fs = nodeFs()
  if (fs === undefined) return Effect.succeed(undefined)
  const { O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0, O_RDWR } = fs.constants
  const opened = Effect.acquireRelease(
    Effect.sync(() => {
      try {
        return fs.openSync(path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK)
      } catch {
        return undefined
      }
    }),
    (fd) => Effect.sync(() => fd === undefined ? undefined : fs.closeSync(fd))
  )
  return Effect.map(opened, (fd): DirectFile | undefined => {
    if (fd === undefined) return undefined
    const found = new Uint8Array(bytes.length + 1)
    try {
      const length = fs.readSync(fd, found, 0, found.length, position)
      if (length !== bytes.length || bytes.some((byte, i) => byte !== found[i])) return undefined
    } catch {
      return undefined
    }
    return {
      write: (bytes) => attempt(() => fs.writeSync(fd, bytes)),
      stat: attempt(() => {
        const { nlink, size } = fs.fstatSync(fd)
        return { size, isThere: nlink > 0 }
      })
    }
  })
}
