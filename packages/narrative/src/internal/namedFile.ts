/**
 * The files that a narrative names. Somebody else may have written the narrative, and the files that it names are
 * sent to a server. So a file is opened only if it lies in a folder that may be read, is a regular file and is not too
 * large, and its bytes must be of the kind that the narrative says.
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Base64 from "./base64.ts"
import * as MediaType from "./mediaType.ts"

/** A file that was read. */
export interface NamedFile {
  /** The type, as its bytes tell it. */
  readonly mediaType: string
  readonly size: number
  /** Its bytes in base64, encoded once however often the file is named; a text as it is. */
  readonly data: string
}

/** Why a file cannot be one of a narrative's. */
export interface FileProblem {
  readonly what: string
  readonly hint?: string
}

const mebibyte = 1024 * 1024

/** The largest file, in bytes. */
export const largest: number = 20 * mebibyte
/**
 * The most bytes that the files of one act may have together (one that is named twice counts twice), and also all
 * files of a narrative, which are held in memory. Gemini takes 100 MB of inline data in a request (November
 * 2026).
 */
export const largestSum: number = 100 * mebibyte

/** A number of bytes as messages say it. */
export const shown = (bytes: number): string => `${bytes / mebibyte} MiB`

const nouns: { readonly [Type in FileSystem.File.Type]?: string } = {
  Directory: "is a folder",
  FIFO: "is a pipe, not a file",
  Socket: "is a socket, not a file",
  CharacterDevice: "is a device, not a file",
  BlockDevice: "is a device, not a file"
}

/**
 * Says what a file is if it is not a regular file, else undefined. Such a file is not opened: reading it may wait, or
 * go on, for ever.
 */
export const notRegular = ({ type }: Pick<FileSystem.File.Info, "type">): string | undefined =>
  type === "File" ? undefined : nouns[type] ?? "is not a regular file"

/** Why the file system refused. */
export const why = ({ reason: { _tag } }: PlatformError): string =>
  _tag === "NotFound" ? "there is no such file" : _tag === "BadResource" ? "is a folder" : `cannot be read (${_tag})`

const relative = "the path is relative to the narrative's folder"

const decoder = new TextDecoder("utf-8", { fatal: true })

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Reads at most so many bytes: a file may grow after its size was asked, and the files of /proc tell no size. */
const bounded = (fs: FileSystem.FileSystem, path: string, most: number) =>
  Effect.map(
    Stream.runCollect(fs.stream(path, { bytesToRead: most })),
    (chunks) => {
      const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
      let at = 0
      for (const chunk of chunks) {
        bytes.set(chunk, at)
        at += chunk.length
      }
      return bytes
    }
  )

/** Reads files. Only files below `folder` (the narrative's own) or below one of `others` are opened. */
export const reader = Effect.fnUntraced(function*(
  folder: string,
  others: ReadonlyArray<string>
): Effect.fn.Return<
  (kind: MediaType.FileKind, name: string) => Effect.Effect<Result.Result<NamedFile, FileProblem>>,
  never,
  FileSystem.FileSystem | Path.Path
> {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  // A folder that is not there allows nothing.
  const roots = yield* Effect.forEach([folder, ...others], (root) => Effect.option(fs.realPath(root)))
  const isBelow = (file: string): boolean =>
    roots.some((root) => {
      if (root._tag === "None") return false
      const way = paths.relative(root.value, file)
      return way !== ".." && !way.startsWith(`..${paths.sep}`) && !paths.isAbsolute(way)
    })

  let all = 0
  const read = Effect.fnUntraced(function*(
    kind: MediaType.FileKind,
    name: string
  ): Effect.fn.Return<NamedFile, FileProblem | PlatformError> {
    // If the name is that of a link, its target must be allowed.
    const file = yield* fs.realPath(paths.resolve(folder, name))
    if (!isBelow(file)) {
      return yield* Effect.fail({
        what: `${name}: lies outside the narrative's folder`,
        hint: "move it there, or allow its folder: --inputs-from on the command line, inputsFrom in a program"
      })
    }
    const info = yield* fs.stat(file)
    const other = notRegular(info)
    if (other !== undefined) return yield* Effect.fail({ what: `${name}: ${other}`, hint: relative })
    const tooLarge: FileProblem = { what: `${name}: is larger than ${shown(largest)}`, hint: "make it smaller" }
    if (ByteSize.toBigInt(info.size) > largest) return yield* Effect.fail(tooLarge)
    if (ByteSize.toBigInt(info.size) > largestSum - all) {
      return yield* Effect.fail({
        what: `${name}: the files of this narrative are larger than ${shown(largestSum)} together`,
        hint: "make them smaller, or play their acts from several narratives"
      })
    }
    const bytes = yield* bounded(fs, file, largest + 1)
    if (bytes.length > largest) return yield* Effect.fail(tooLarge)
    all += bytes.length
    if (bytes.length === 0) return yield* Effect.fail({ what: `${name}: is empty` })
    const mediaType = MediaType.ofBytes(kind, bytes)
    const data = kind === "text" ? textOf(bytes) : Base64.encode(bytes)
    const { noun, types } = MediaType.expected[kind]
    return mediaType === undefined || data === undefined
      ? yield* Effect.fail({
        what: `${name}: its bytes are not those of ${noun}`,
        hint: kind === "pdf" || kind === "text" ? types : `one of ${types}`
      })
      : { mediaType, size: bytes.length, data }
  })

  return (kind, name) =>
    Effect.result(
      Effect.mapError(read(kind, name), (error): FileProblem =>
        "what" in error ? error : { what: `${name}: ${why(error)}`, hint: relative })
    )
})
