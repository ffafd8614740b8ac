/**
 * A file search store, its documents, and the answers of the methods about them (REST reference and `@google/genai` 3.3,
 * November 2026).
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric } from "../internal/wire/leaves.ts"

/**
 * A store: `name` is `fileSearchStores/ID`, which goes into the `fileSearchStoreNames` of a `fileSearch` tool. Counts that
 * are zero are left out.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileSearchStore = Schema.Struct({
  name: Schema.String,
  displayName: field(Schema.String),
  embeddingModel: field(Schema.String),
  createTime: field(Schema.String),
  updateTime: field(Schema.String),
  activeDocumentsCount: numeric,
  pendingDocumentsCount: numeric,
  failedDocumentsCount: numeric,
  sizeBytes: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface FileSearchStore extends Schema.Schema.Type<typeof FileSearchStore> {}

/**
 * What is said of a document beside its text: a text, a number or a list of texts under a key.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CustomMetadata = Schema.Struct({
  key: field(Schema.String),
  stringValue: field(Schema.String),
  stringListValue: field(Schema.Struct({ values: field(Schema.Array(Schema.String)) })),
  numericValue: numeric
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CustomMetadata extends Schema.Schema.Type<typeof CustomMetadata> {}

/**
 * Where a document is in its life. Unlike those of a file these names have a prefix.
 *
 * @category models
 * @since 0.2.0
 */
export type DocumentState = "STATE_PENDING" | "STATE_ACTIVE" | "STATE_FAILED"

/**
 * A document of a store: `name` is `fileSearchStores/ID/documents/ID`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const StoreDocument = Schema.Struct({
  name: Schema.String,
  displayName: field(Schema.String),
  customMetadata: field(Schema.Array(CustomMetadata)),
  state: enumField<DocumentState>(),
  sizeBytes: numeric,
  mimeType: field(Schema.String),
  createTime: field(Schema.String),
  updateTime: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface StoreDocument extends Schema.Schema.Type<typeof StoreDocument> {}

/**
 * One page of stores.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListFileSearchStoresResponse = Schema.Struct({
  fileSearchStores: field(Schema.Array(FileSearchStore)),
  nextPageToken: field(Schema.String)
})

/**
 * One page of documents.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListDocumentsResponse = Schema.Struct({
  documents: field(Schema.Array(StoreDocument)),
  nextPageToken: field(Schema.String)
})

const states: Readonly<Record<number, DocumentState>> = { 1: "STATE_PENDING", 2: "STATE_ACTIVE", 3: "STATE_FAILED" }

/**
 * The state by its name, also where the answer has its number.
 *
 * @category getters
 * @since 0.2.0
 */
export const stateOf = ({ state }: StoreDocument): string | undefined =>
  typeof state === "number" ? states[state] ?? String(state) : state ?? undefined
