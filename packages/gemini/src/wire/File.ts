/**
 * A file that the API keeps, and the answers of the methods about files (REST reference and `@google/genai` 3.3,
 * November 2026).
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric } from "../internal/wire/leaves.ts"

/**
 * Where a file is in its life. Only a video is PROCESSING at first; a FAILED file has an `error`.
 *
 * @category models
 * @since 0.2.0
 */
export type FileState = "PROCESSING" | "ACTIVE" | "FAILED"

/**
 * How a file came to be there. Only generated files can be downloaded.
 *
 * @category models
 * @since 0.2.0
 */
export type FileSource = "UPLOADED" | "GENERATED" | "REGISTERED"

/**
 * The error of a failed file or operation: `google.rpc.Status`, whose `code` is not an HTTP status.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RpcStatus = Schema.Struct({
  code: numeric,
  message: field(Schema.String),
  details: field(Schema.Array(Schema.Unknown))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface RpcStatus extends Schema.Schema.Type<typeof RpcStatus> {}

/**
 * A file: `name` is `files/ID`, `uri` goes into a `fileData` part, `expirationTime` is 48 hours after the upload,
 * `sha256Hash` is the base64 of the hexadecimal digits (see {@link sha256}), and `downloadUri` is there for generated files
 * alone.
 *
 * @category schemas
 * @since 0.2.0
 */
export const File = Schema.Struct({
  name: Schema.String,
  displayName: field(Schema.String),
  mimeType: field(Schema.String),
  sizeBytes: numeric,
  createTime: field(Schema.String),
  updateTime: field(Schema.String),
  expirationTime: field(Schema.String),
  sha256Hash: field(Schema.String),
  uri: field(Schema.String),
  downloadUri: field(Schema.String),
  state: enumField<FileState>(),
  source: enumField<FileSource>(),
  videoMetadata: field(Schema.Struct({ videoDuration: field(Schema.String) })),
  error: field(RpcStatus)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface File extends Schema.Schema.Type<typeof File> {}

/**
 * One page of files; the last has no `nextPageToken`, an empty one no `files`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListFilesResponse = Schema.Struct({
  files: field(Schema.Array(File)),
  nextPageToken: field(Schema.String)
})

/**
 * The files that a registration made.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RegisterFilesResponse = Schema.Struct({ files: field(Schema.Array(File)) })

const states: Readonly<Record<number, FileState>> = { 1: "PROCESSING", 2: "ACTIVE", 10: "FAILED" }

/**
 * The state by its name, also where the answer has its number.
 *
 * @category getters
 * @since 0.2.0
 */
export const stateOf = ({ state }: File): string | undefined =>
  typeof state === "number" ? states[state] ?? String(state) : state ?? undefined

/**
 * The SHA-256 of the file's bytes in hexadecimal digits; undefined if the answer has none that can be read. The API
 * writes the base64 of those digits; the base64 of the bytes themselves is understood, too.
 *
 * ```ts
 * import * as File from "effect-gemini/wire/File"
 *
 * const hex = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
 * console.log(File.sha256({ name: "files/a", sha256Hash: btoa(hex) }) === hex) // true
 * ```
 *
 * @category getters
 * @since 0.2.0
 */
export const sha256 = ({ sha256Hash }: File): string | undefined => {
  if (sha256Hash === undefined || sha256Hash === null || !/^[\w+/-]+=*$/.test(sha256Hash)) return undefined
  try {
    const text = atob(sha256Hash.replaceAll("-", "+").replaceAll("_", "/"))
    if (/^[0-9a-fA-F]{64}$/.test(text)) return text.toLowerCase()
    return text.length === 32
      ? Array.from(text, (byte) => byte.charCodeAt(0).toString(16).padStart(2, "0")).join("")
      : undefined
  } catch {
    return undefined
  }
}
