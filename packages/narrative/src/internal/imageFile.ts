/**
 * The image files that a narrative names. A narrative may be somebody else's, and what it names is
 * sent to a server: so a file is opened only if it lies in a folder that may be read, is a regular
 * file and not too large, and its bytes have to be those of an image.
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as ImageType from "./imageType.ts"

/** An image that was read. */
export interface Image {
  /** What its bytes say. */
  readonly mediaType: string
  readonly size: number
  /** In base64, made once however often it is named. */
  readonly data: string
}

/** Why a file cannot be one of a narrative's images. */
export interface Refusal {
  readonly what: string
  readonly hint?: string
}

const mebibyte = 1024 * 1024

/** In bytes, of one file. */
export const largest: number = 20 * mebibyte
/**
 * In bytes, of an act's images, one that is named twice counted twice, and of a narrative's files,
 * which are held in memory. Gemini takes 100 MB of inline data in a request (November 2026).
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

/** What is no regular file, and so is not opened: reading it may wait, or go on, for ever. */
export const notRegular = ({ type }: Pick<FileSystem.File.Info, "type">): string | undefined =>
  type === "File" ? undefined : nouns[type] ?? "is not a regular file"

/** Why the file system refused. */
export const why = ({ reason: { _tag } }: PlatformError): string =>
  _tag === "NotFound" ? "there is no such file" : _tag === "BadResource" ? "is a folder" : `cannot be read (${_tag})`

const relative = "the path is relative to the narrative's folder"

/** At most so many bytes: a file may grow after its size was asked, and one of /proc has none. */
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

/** Reads images of the narrative in `folder`, of which and of `others` only what lies below is opened. */
export const reader = Effect.fnUntraced(function*(
  folder: string,
  others: ReadonlyArray<string>
): Effect.fn.Return<
  (name: string) => Effect.Effect<Result.Result<Image, Refusal>>,
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
  const read = Effect.fnUntraced(function*(name: string): Effect.fn.Return<Image, Refusal | PlatformError> {
    // What a link leads to is what counts.
    const file = yield* fs.realPath(paths.resolve(folder, name))
    if (!isBelow(file)) {
      return yield* Effect.fail({
        what: `${name}: lies outside the narrative's folder`,
        hint: "move it there, or allow its folder: --inputs-from on the command line, inputsFrom in a program"
      })
    }
    const info = yield* fs.stat(file)
    const noun = notRegular(info)
    if (noun !== undefined) return yield* Effect.fail({ what: `${name}: ${noun}`, hint: relative })
    const tooLarge: Refusal = { what: `${name}: is larger than ${shown(largest)}`, hint: "make it smaller" }
    if (ByteSize.toBigInt(info.size) > largest) return yield* Effect.fail(tooLarge)
    if (ByteSize.toBigInt(info.size) > largestSum - all) {
      return yield* Effect.fail({
        what: `${name}: the images of this narrative are larger than ${shown(largestSum)} together`,
        hint: "make them smaller, or play their acts from several narratives"
      })
    }
    const bytes = yield* bounded(fs, file, largest + 1)
    if (bytes.length > largest) return yield* Effect.fail(tooLarge)
    all += bytes.length
    if (bytes.length === 0) return yield* Effect.fail({ what: `${name}: is empty` })
    const mediaType = ImageType.ofBytes(bytes)
    return mediaType === undefined
      ? yield* Effect.fail({
        what: `${name}: its bytes are not those of an image that Gemini reads`,
        hint: `one of ${ImageType.all.join(", ")}`
      })
      : { mediaType, size: bytes.length, data: Base64.encode(bytes) }
  })

  return (name) =>
    Effect.result(
      Effect.mapError(read(name), (error): Refusal =>
        "what" in error ? error : { what: `${name}: ${why(error)}`, hint: relative })
    )
})
