/** Attachments as parts of a request; what is too large for it is uploaded first. */
import type { Services } from "effect-gemini/FetchGemini"
import * as Files from "effect-gemini/files/Files"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Part from "effect-gemini/wire/Part"
import * as Effect from "effect/Effect"
import type { PlatformError } from "effect/PlatformError"
import type * as Scope from "effect/Scope"
import { CommandFailed } from "../CommandFailed.ts"
import type { Server } from "../server.ts"
import { type Attachment, largestInline, largestInlineSum } from "./Attachment.ts"

/** Whether it goes by upload, given what the attachments before it have put into the request. */
const isUploaded = ({ content, size = 0 }: Attachment, before: number): boolean =>
  content._tag === "Path" ||
  (content._tag !== "Address" && (size > largestInline || before + size > largestInlineSum))

/** The attachments that go by upload. */
export const uploads = (attachments: ReadonlyArray<Attachment>): ReadonlyArray<Attachment> => {
  let inline = 0
  return attachments.filter((attachment) => {
    if (isUploaded(attachment, inline)) return true
    inline += attachment.content._tag === "Address" ? 0 : attachment.size ?? 0
    return false
  })
}

const inlinePart = ({ content, mimeType, name }: Attachment): Part.Part | undefined => {
  switch (content._tag) {
    case "Text":
      return Part.text(`${name}:\n\n${content.text}`)
    case "Bytes":
      return Part.bytes(content.bytes, mimeType ?? "application/octet-stream")
    case "Address":
      return content.uri.startsWith("files/") ? undefined : Part.file(content.uri)
    case "Path":
      return undefined
  }
}

/** Whether the server has to be asked about an attachment before the question can be. */
export const needsServer = (attachments: ReadonlyArray<Attachment>): boolean =>
  uploads(attachments).length > 0 || attachments.some((attachment) => inlinePart(attachment) === undefined)

/** The parts of attachments of which none needs the server. */
export const inlineParts = (attachments: ReadonlyArray<Attachment>): ReadonlyArray<Part.Part> =>
  attachments.flatMap((attachment) => inlinePart(attachment) ?? [])

const failed = (from: string) => (error: GeminiError): GeminiError | CommandFailed =>
  error.reason._tag === "NotFound"
    ? new CommandFailed({
      exitCode: 1,
      text: `${from}: there is no such file, here or at the API; \`gemini-fx files list\` shows those that this key has`
    })
    : error

/**
 * The parts, in order. What was uploaded is deleted when the scope closes, unless `isKept`: the API would keep it for 48
 * hours. `tell` is called before each upload.
 */
export const parts = Effect.fnUntraced(function*<E, R>(
  attachments: ReadonlyArray<Attachment>,
  options: { readonly isKept: boolean; readonly tell: (attachment: Attachment) => Effect.Effect<void, E, R> }
): Effect.fn.Return<ReadonlyArray<Part.Part>, GeminiError | CommandFailed | E, Files.Files | Scope.Scope | R> {
  const large = new Set(uploads(attachments))
  return yield* Effect.forEach(attachments, (attachment) =>
    Effect.gen(function*() {
      const inline = large.has(attachment) ? undefined : inlinePart(attachment)
      if (inline !== undefined) return inline
      const files = yield* Files.Files
      const { content, from, mimeType, name } = attachment
      if (content._tag === "Address") {
        const { file } = yield* Effect.mapError(files.get(content.uri), failed(from))
        return Part.file(file.uri ?? content.uri, file.mimeType ?? undefined)
      }
      yield* options.tell(attachment)
      const source = content._tag === "Path"
        ? content.path
        : content._tag === "Bytes"
        ? content.bytes
        : new TextEncoder().encode(content.text)
      const upload = options.isKept ? files.upload : files.uploadScoped
      const { handle } = yield* upload(source, { mimeType, displayName: name })
      // A video is read for some seconds before it can be asked about.
      const { file } = yield* files.awaitActive(handle)
      return Part.file(file.uri ?? "", file.mimeType ?? mimeType)
    }))
})

/**
 * Asks the server with the parts. Where none of them needs it before, nothing of the Files API is set up. What was
 * uploaded is deleted in the end.
 */
export const provided = <A, E>(
  server: Server,
  attachments: ReadonlyArray<Attachment>,
  tell: (attachment: Attachment | undefined) => Effect.Effect<void, PlatformError>,
  use: (parts: ReadonlyArray<Part.Part>) => Effect.Effect<A, E, Services>
): Effect.Effect<A, E | GeminiError | CommandFailed | PlatformError> =>
  needsServer(attachments)
    ? parts(attachments, { isKept: false, tell }).pipe(
      Effect.tap(() => tell(undefined)),
      Effect.flatMap(use),
      Effect.scoped,
      Effect.provide(server.withFiles)
    )
    : Effect.provide(use(inlineParts(attachments)), server.layer)
