/**
 * What is kept of a store and of its documents, and how the API shows them.
 */
import type * as Json from "../json.ts"
import type { StoredBytes } from "./Depot.ts"
import { timestamp } from "./endpoint.ts"
import type * as Shelf from "./Shelf.ts"

export interface StoreRecord extends Shelf.Kept {
  readonly displayName?: string | undefined
  readonly embeddingModel: string
  readonly created: number
  readonly updated: number
}

export interface DocumentRecord extends Shelf.Kept {
  readonly store: string
  readonly displayName?: string | undefined
  readonly mimeType: string
  readonly size: number
  readonly metadata: ReadonlyArray<unknown>
  readonly created: number
  /** Until then it is STATE_PENDING. */
  readonly activeAt: number
  /** From `activeAt` on it is STATE_FAILED. */
  readonly isFailed: boolean
  /** Its passages as JSON, or the bytes of an image. */
  readonly bytes: StoredBytes
  /** The id under which an image can be downloaded. */
  readonly media?: string | undefined
}

export const stateOf = ({ activeAt, isFailed }: DocumentRecord, now: number): "PENDING" | "ACTIVE" | "FAILED" =>
  now < activeAt ? "PENDING" : isFailed ? "FAILED" : "ACTIVE"

const count = (name: string, value: number): Json.Json => value === 0 ? {} : { [name]: String(value) }

/** The store as JSON. Counts that are zero are left out. */
export const shownStore = (store: StoreRecord, documents: ReadonlyArray<DocumentRecord>, now: number): Json.Json => {
  const { created, displayName, embeddingModel, name, updated } = store
  const within = (state: string) => documents.filter((document) => stateOf(document, now) === state).length
  return {
    name,
    ...(displayName === undefined ? {} : { displayName }),
    createTime: timestamp(created),
    updateTime: timestamp(updated),
    ...count("activeDocumentsCount", within("ACTIVE")),
    ...count("pendingDocumentsCount", within("PENDING")),
    ...count("failedDocumentsCount", within("FAILED")),
    ...count("sizeBytes", documents.reduce((sum, { size }) => sum + size, 0)),
    embeddingModel
  }
}

export const shown = (document: DocumentRecord, now: number): Json.Json => {
  const { activeAt, created, displayName, metadata, mimeType, name, size } = document
  return {
    name,
    ...(displayName === undefined ? {} : { displayName }),
    ...(metadata.length === 0 ? {} : { customMetadata: metadata }),
    createTime: timestamp(created),
    updateTime: timestamp(Math.max(created, Math.min(now, activeAt))),
    state: `STATE_${stateOf(document, now)}`,
    ...count("sizeBytes", size),
    mimeType
  }
}
