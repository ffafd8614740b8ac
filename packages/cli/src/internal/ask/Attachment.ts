/**
 * What is attached to a question: a file, an address, or stdin. Its bytes say what it is. Mistakes are found here, before
 * anything is sent.
 */
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { basename } from "node:path"
import { CommandFailed } from "../CommandFailed.ts"
import { cleanLine } from "../Shown.ts"
import { bytes as sizeOf } from "../UploadBar.ts"
import { byteType, sample, textOf } from "./byteType.ts"

/** Where the content is. */
export type Material =
  | { readonly _tag: "Text"; readonly text: string }
  /** Small enough to be in the request, or in need of an upload all the same. */
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  /** A file that is uploaded from where it lies. */
  | { readonly _tag: "Path"; readonly path: string }
  /** Google fetches it itself: a YouTube video, an object of Cloud Storage, an uploaded file. */
  | { readonly _tag: "Address"; readonly uri: string }

export interface Attachment {
  /** As the person named it. */
  readonly from: string
  /** What the model is told of it. */
  readonly name: string
  /** Undefined: Google finds out. */
  readonly mimeType: string | undefined
  /** In bytes; undefined where Google fetches it. */
  readonly size: number | undefined
  readonly content: Material
}

const mebibyte = 1024 * 1024

/** The largest file that goes in the request; larger ones are uploaded. Google takes 100 MB in all (November 2026). */
export const largestInline = 8 * mebibyte
/** The most that all attachments of a request bring within it. */
export const largestInlineSum = 20 * mebibyte
/** The most that is read from stdin or an address, which is held in memory. */
export const largestRead = 100 * mebibyte
/** The most that the API keeps of one file. */
export const largestFile = 2 * 1024 * mebibyte

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

const joined = (chunks: ReadonlyArray<Uint8Array>): Uint8Array => {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}

/** All bytes of a stream, or a failure where there are more than `largestRead`. */
export const bounded = <E, R>(from: string, stream: Stream.Stream<Uint8Array, E, R>) =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return Stream.runForEach(stream, (chunk) => {
      size += chunk.length
      if (size > largestRead) {
        return Effect.fail(usage(
          `${from}: is larger than ${
            sizeOf(largestRead)
          }, the most that is held in memory; save it, and attach the file`
        ))
      }
      return Effect.sync(() => void chunks.push(chunk))
    }).pipe(Effect.map(() => joined(chunks)))
  })

/** An attachment of bytes that are there whole. */
export const ofBytes = Effect.fnUntraced(function*(
  from: string,
  name: string,
  bytes: Uint8Array
): Effect.fn.Return<Attachment, CommandFailed> {
  if (bytes.length === 0) return yield* usage(`${from}: is empty`)
  const { kind, mimeType } = yield* Effect.promise(() => byteType(bytes, true))
  if (kind === "other") return yield* unreadable(from, mimeType)
  const text = kind === "text" ? textOf(bytes, true) : undefined
  if (kind === "text" && text === undefined) return yield* unreadable(from, "application/octet-stream")
  const isLarge = bytes.length > largestInline
  return {
    from,
    name,
    mimeType,
    size: bytes.length,
    content: text !== undefined && !isLarge ? { _tag: "Text", text } : { _tag: "Bytes", bytes }
  }
})

const unreadable = (from: string, mimeType: string) =>
  usage(
    `${from}: ${
      mimeType === "application/octet-stream"
        ? "its bytes are of no kind that Gemini reads"
        : `is ${mimeType} by its bytes, which Gemini does not read`
    }\n  it reads images, PDF and office documents, sound, video, and text in UTF-8`
  )

const why = ({ reason: { _tag } }: PlatformError): string =>
  _tag === "NotFound"
    ? "there is no such file"
    : _tag === "PermissionDenied"
    ? "may not be read"
    : `cannot be read (${_tag})`

const nouns: { readonly [Type in FileSystem.File.Type]?: string } = {
  Directory: "is a folder; name the files in it",
  Socket: "is a socket, not a file",
  CharacterDevice: "is a device, not a file",
  BlockDevice: "is a device, not a file"
}

const ofPath = Effect.fnUntraced(function*(path: string) {
  const fs = yield* FileSystem.FileSystem
  const unread = (error: PlatformError) => usage(`${path}: ${why(error)}`)
  const info = yield* Effect.mapError(fs.stat(path), unread)
  const noun = nouns[info.type]
  if (noun !== undefined) return yield* usage(`${path}: ${noun}`)
  const name = cleanLine(basename(path))
  const size = Number(ByteSize.toBigInt(info.size))
  if (size > largestFile) {
    return yield* usage(`${path}: is larger than ${sizeOf(largestFile)}, the most that the API keeps`)
  }
  if (size <= largestInline) {
    // A file may grow after it was asked for its size, and a pipe or a file of /proc tells none.
    return yield* ofBytes(path, name, yield* bounded(path, Stream.mapError(fs.stream(path), unread)))
  }
  const head = joined(
    yield* Effect.mapError(Stream.runCollect(fs.stream(path, { bytesToRead: sample })), unread)
  )
  const { kind, mimeType } = yield* Effect.promise(() => byteType(head, false))
  if (kind === "other") return yield* unreadable(path, mimeType)
  const attachment: Attachment = { from: path, name, mimeType, size, content: { _tag: "Path", path } }
  return attachment
})

/** The name by which what came over stdin is spoken of. */
export const stdinName = "stdin"

const ofStdin = Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  if (yield* stdio.stdinIsTerminal) {
    return yield* usage("-a -: stdin is the terminal; pipe something in, or name a file")
  }
  const bytes = yield* bounded(
    stdinName,
    Stream.mapError(stdio.stdin, ({ reason }) => usage(`stdin: cannot be read (${reason._tag})`))
  )
  return yield* ofBytes(stdinName, stdinName, bytes)
})

const isYouTube = (url: URL): boolean => /^(?:(?:www|m)\.)?youtube\.com$|^youtu\.be$/.test(url.hostname)

const ofAddress = Effect.fnUntraced(function*(from: string) {
  const url = URL.canParse(from) ? new URL(from) : undefined
  if (url === undefined) return yield* usage(`${from}: is not a URL`)
  if (url.username !== "" || url.password !== "") {
    return yield* usage(
      `-a: a URL with a password in it is not fetched; fetch it yourself, and pipe it: curl … | gemini-fx ask -a -`
    )
  }
  if (url.protocol === "gs:" || isYouTube(url)) {
    const attachment: Attachment = {
      from,
      name: from,
      mimeType: undefined,
      size: undefined,
      content: { _tag: "Address", uri: from }
    }
    return attachment
  }
  const { fetched } = yield* Effect.promise(() => import("./fetched.ts"))
  const bytes = yield* fetched(from, url)
  return yield* ofBytes(from, cleanLine(basename(url.pathname)) || url.hostname, bytes)
})

const uploaded = (from: string): Attachment => ({
  from,
  name: from,
  mimeType: undefined,
  size: undefined,
  content: { _tag: "Address", uri: from }
})

/** What `-a` names: a path, `-` for stdin, an `https:` or `gs:` address, a YouTube video, `files/ID`. */
export const read = (
  from: string
): Effect.Effect<Attachment, CommandFailed, FileSystem.FileSystem | Stdio.Stdio> =>
  Effect.suspend((): Effect.Effect<Attachment, CommandFailed, FileSystem.FileSystem | Stdio.Stdio> => {
    if (from === "-") return ofStdin
    if (from === "") return Effect.fail(usage("-a: expected a file, an address, or - for stdin, got \"\""))
    if (/^(?:https?|gs):\/\//i.test(from)) return ofAddress(from)
    return Effect.catchIf(
      ofPath(from),
      // A file of this machine that is called so comes first.
      () => /^files\/[a-z0-9][a-z0-9-]{0,39}$/.test(from),
      () => Effect.succeed(uploaded(from))
    )
  })

/** All that `-a` names, in order. Stdin can be read once. */
export const readAll = Effect.fnUntraced(function*(from: ReadonlyArray<string>) {
  if (from.filter((one) => one === "-").length > 1) {
    return yield* usage("-a - is there twice, and stdin can be read once")
  }
  return yield* Effect.forEach(from, read)
})

/** What comes over stdin; undefined where nothing does. */
export const readOptional = Effect.fnUntraced(function*(stdin: Stream.Stream<Uint8Array, PlatformError>) {
  const bytes = yield* bounded(
    stdinName,
    Stream.mapError(stdin, ({ reason }) => usage(`stdin: cannot be read (${reason._tag})`))
  )
  return bytes.length === 0 ? undefined : yield* ofBytes(stdinName, stdinName, bytes)
})
