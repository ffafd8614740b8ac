/**
 * Keeps bytes for all spaces of one emulator: small ones in memory, larger ones in a temporary folder. Its bound is one
 * for all. Whoever writes beyond it makes the oldest go.
 */
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"

/** Bytes that are kept, until they are dropped. */
export interface StoredBytes {
  readonly size: number
  /** In hexadecimal digits. */
  readonly sha256: string
  /** Reads them piece by piece, as they are asked for. It throws once they are dropped. */
  readonly read: () => Iterable<Uint8Array>
  readonly drop: () => void
}

/** Bytes that are still coming. */
export interface Writer {
  readonly size: () => number
  readonly write: (piece: Uint8Array) => void
  /** Ends the writing. The bytes are kept from now on, and `evicted` is called if they have to make room. */
  readonly finish: (evicted: () => void) => StoredBytes
  readonly drop: () => void
}

export interface Depot {
  readonly writer: () => Writer
  /** How many bytes it holds. */
  readonly held: () => number
  /** How many of those that were kept had to make room. */
  readonly evicted: () => number
  /** Removes everything, with the folder. */
  readonly close: () => void
}

/** Larger bytes lie in the folder. */
const inMemory = 1024 * 1024
const piece = 256 * 1024

/** The default bound: what a project may have with Google, 20 GB. */
export const standard = 20_000_000_000

export const make = (limit: number = standard): Depot => {
  let folder: string | undefined
  let count = 0
  let held = 0
  let evictions = 0
  const finished = new Set<{ readonly evict: () => void }>()
  const writers = new Set<() => void>()
  const pathOf = () => {
    folder ??= Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-gemini-emulator-"))
    return Path.join(folder, String(count++))
  }
  const makeRoom = () => {
    for (const oldest of finished) {
      if (held <= limit) return
      evictions++
      oldest.evict()
    }
  }
  const writer = (): Writer => {
    const hash = createHash("sha256")
    let pieces: Array<Uint8Array> = []
    let file: { readonly path: string; fd: number | undefined } | undefined
    let size = 0
    let isGone = false
    const shut = () => {
      if (file?.fd !== undefined) Fs.closeSync(file.fd)
      if (file !== undefined) file.fd = undefined
    }
    const drop = () => {
      if (isGone) return
      isGone = true
      writers.delete(drop)
      held -= size
      pieces = []
      shut()
      if (file !== undefined) Fs.rmSync(file.path, { force: true })
    }
    const put = (bytes: Uint8Array) => {
      const fd = file?.fd
      if (fd === undefined) return
      for (let at = 0; at < bytes.length;) at += Fs.writeSync(fd, bytes, at)
    }
    function* read(): Generator<Uint8Array> {
      if (isGone) throw new Error("these bytes are no longer kept")
      if (file === undefined) return yield* pieces
      const fd = Fs.openSync(file.path, "r")
      try {
        for (;;) {
          const buffer = new Uint8Array(piece)
          const count = Fs.readSync(fd, buffer)
          if (count === 0) return
          yield buffer.subarray(0, count)
        }
      } finally {
        Fs.closeSync(fd)
      }
    }
    writers.add(drop)
    return {
      size: () => size,
      write: (bytes) => {
        if (isGone || bytes.length === 0) return
        hash.update(bytes)
        size += bytes.length
        held += bytes.length
        if (file === undefined && size > inMemory) {
          const path = pathOf()
          file = { path, fd: Fs.openSync(path, "wx", 0o600) }
          for (const kept of pieces) put(kept)
          pieces = []
        }
        if (file === undefined) pieces.push(bytes.slice())
        else put(bytes)
        if (held > limit) makeRoom()
      },
      finish: (evicted) => {
        shut()
        writers.delete(drop)
        const entry = {
          evict: () => {
            finished.delete(entry)
            drop()
            evicted()
          }
        }
        if (!isGone) finished.add(entry)
        return {
          size,
          sha256: hash.digest("hex"),
          read,
          drop: () => {
            finished.delete(entry)
            drop()
          }
        }
      },
      drop
    }
  }
  return {
    writer,
    held: () => held,
    evicted: () => evictions,
    close: () => {
      for (const drop of writers) drop()
      finished.clear()
      if (folder !== undefined) Fs.rmSync(folder, { recursive: true, force: true })
      folder = undefined
      held = 0
    }
  }
}
