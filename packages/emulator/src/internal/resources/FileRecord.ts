/**
 * What is kept of a file, and how the API shows it.
 */
import type * as Json from "../json.ts"
import type * as Depot from "./Depot.ts"
import { timestamp } from "./endpoint.ts"
import type * as Shelf from "./Shelf.ts"

export interface FileRecord extends Shelf.Kept {
  readonly displayName?: string | undefined
  readonly mimeType: string
  readonly source: "UPLOADED" | "GENERATED" | "REGISTERED"
  readonly created: number
  /** When it was last changed. */
  readonly updated: number
  /** Until then it is PROCESSING. */
  readonly activeAt: number
  /** The reason of its failure; it is FAILED from `activeAt` on. */
  readonly error?: { readonly code: number; readonly message: string } | undefined
  /** The bytes; a registered file has none here. */
  readonly bytes?: Depot.StoredBytes | undefined
  /** The address in Cloud Storage of a registered file. */
  readonly uri?: string | undefined
}

/** How long a file is kept: 48 hours. */
export const lifetime = 48 * 3_600_000

const origin = "https://generativelanguage.googleapis.com"

export const isVideo = (mimeType: string): boolean => mimeType.startsWith("video/")

export const stateOf = ({ activeAt, error }: FileRecord, now: number): "PROCESSING" | "ACTIVE" | "FAILED" =>
  now < activeAt ? "PROCESSING" : error === undefined ? "ACTIVE" : "FAILED"

/** The file as JSON. Its hash is the base64 of the hexadecimal digits, not of the bytes. */
export const shown = (file: FileRecord, now: number, version: string): Json.Json => {
  const { activeAt, bytes, created, displayName, error, expires, mimeType, name, source, updated } = file
  const state = stateOf(file, now)
  const uri = file.uri ?? `${origin}/${version}/${name}`
  return {
    name,
    ...(displayName === undefined ? {} : { displayName }),
    mimeType,
    ...(bytes === undefined
      ? {}
      : { sizeBytes: String(bytes.size), sha256Hash: Buffer.from(bytes.sha256).toString("base64") }),
    createTime: timestamp(created),
    updateTime: timestamp(state === "PROCESSING" ? updated : Math.max(updated, activeAt)),
    ...(expires === undefined ? {} : { expirationTime: timestamp(expires) }),
    uri,
    ...(source === "GENERATED" ? { downloadUri: `${origin}/${version}/${name}:download?alt=media` } : {}),
    state,
    source,
    ...(state === "ACTIVE" && isVideo(mimeType) ? { videoMetadata: { videoDuration: "1s" } } : {}),
    ...(state === "FAILED" && error !== undefined ? { error } : {})
  }
}
