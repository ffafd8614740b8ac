/**
 * File search stores and their documents: uploads, imports, states by the clock, and what a search finds in them.
 */
import * as GoogleError from "../../GoogleError.ts"
import * as Json from "../json.ts"
import type { StoredBytes } from "./Depot.ts"
import * as DocumentRecord from "./DocumentRecord.ts"
import * as DocumentText from "./documentText.ts"
import type { Call, Endpoint, ResourceReply, Room } from "./endpoint.ts"
import type { Files } from "./files.ts"
import * as Ids from "./ids.ts"
import * as Refusals from "./refusals.ts"
import * as Shelf from "./Shelf.ts"
import * as StoreSearch from "./storeSearch.ts"
import type { Announced } from "./uploads.ts"

export interface Options {
  /** Milliseconds for which a document is STATE_PENDING. Default 0: small ones were ACTIVE at once (recorded 2026). */
  readonly processing?: number | undefined
  /** The most bytes of all documents of a project. Absent: any number. */
  readonly bytes?: number | undefined
}

export interface Stores {
  readonly endpoint: Endpoint
  readonly list: (now: number) => ReadonlyArray<{ readonly project: string; readonly document: Json.Json }>
  readonly dropped: () => number
  /** What a request finds in the stores that it names, or why Google would not take it. */
  readonly search: (
    body: Json.Json,
    of: { readonly project: string; readonly now: number }
  ) => { readonly found: ReadonlyArray<Json.Json> | undefined } | { readonly refusal: GoogleError.Refusal }
}

const embedding = ["models/gemini-embedding-001", "models/gemini-embedding-2"]
const longestName = 512
const mostMetadata = 20
/** The most bytes of one document: 100 MB, by the guide. */
const largest = 100 * 1024 * 1024

/** The start of an id: the letters of the display name, as in the ids that were recorded in 2025 and 2026. */
const slug = (displayName: string | undefined): string | undefined =>
  displayName?.toLowerCase().replace(/[^a-z0-9]/g, "").slice(0, 27) || undefined

/** How a body asks for a document to be cut; `undefined` if it may not be. */
const chunkingOf = (body: Json.Json): DocumentText.Chunking | undefined => {
  const config = Json.at(body, "chunkingConfig", "whiteSpaceConfig")
  const words = Json.number(Json.at(config, "maxTokensPerChunk")) ?? DocumentText.standard.words
  const overlap = Json.number(Json.at(config, "maxOverlapTokens")) ?? Math.min(DocumentText.standard.overlap, words - 1)
  return words >= 1 && words <= 512 && overlap >= 0 && overlap < words ? { words, overlap } : undefined
}

const isMetadata = (entries: ReadonlyArray<unknown>): boolean => {
  const keys = entries.map((entry) => Json.text(Json.at(entry, "key")) ?? "")
  return entries.length <= mostMetadata && !keys.includes("") && new Set(keys).size === keys.length
}

const storeOf = (name: string): string => /^fileSearchStores\/[^/:]+/.exec(name)?.[0] ?? ""

export const make = (
  { depot, operations, seed, uploads }: Room,
  files: Pick<Files, "unusable" | "shelf">,
  { bytes: mostBytes, processing = 0 }: Options = {}
): Stores => {
  const nextId = Ids.maker(`${seed}\nstores`)
  const documents = Shelf.make<DocumentRecord.DocumentRecord>({
    pageSize: 10,
    largestPage: 20,
    left: ({ bytes }) => bytes.drop()
  })
  const stores = Shelf.make<DocumentRecord.StoreRecord>({ pageSize: 10, largestPage: 20 })
  /** Whether any store was ever made here. As long as none was, requests may name stores of Google's. */
  let isUsed = false

  const within = (store: string, now: number) => documents.all(now).filter((document) => document.store === store)

  const withStore = (
    call: Call,
    use: (store: DocumentRecord.StoreRecord) => ResourceReply
  ): ResourceReply => {
    const name = storeOf(call.name)
    const store = stores.find(call.project, name, call.now)
    return store === undefined ? { refusal: Refusals.storeMissing(name) } : use(store)
  }

  const withDocument = (call: Call, use: (document: DocumentRecord.DocumentRecord) => ResourceReply): ResourceReply =>
    withStore(call, () => {
      const document = documents.find(call.project, call.name, call.now)
      return document === undefined
        ? {
          refusal: Refusals.documentMissing(call.name),
          note: documents.wasDropped(call.name) ? "The emulator dropped this document: it had no more room." : undefined
        }
        : use(document)
    })

  /** Why a document may not be made of so many bytes. */
  const refusalOf = (call: Call, size: number): GoogleError.Refusal | undefined => {
    const { body, name, now, project } = call
    if (stores.find(project, name, now) === undefined) return Refusals.storeMissing(name)
    const displayName = Json.text(body["displayName"]) ?? ""
    const isGood = displayName.length <= longestName && isMetadata(Json.list(body["customMetadata"])) &&
      chunkingOf(body) !== undefined && size <= largest
    if (!isGood) return GoogleError.invalidArgument()
    const held = documents.all(now).reduce((sum, one) => one.project === project ? sum + one.size : sum, 0)
    return mostBytes !== undefined && held + size > mostBytes ? Refusals.storageFull(mostBytes) : undefined
  }

  /** Makes a document of bytes, and the operation that tells of it. */
  const put = (
    call: Call,
    raw: { readonly size: number; readonly read: () => Iterable<Uint8Array> },
    given: { readonly mimeType: string; readonly displayName: string | undefined; readonly method: string }
  ): Json.Json => {
    const { body, name: store, now, project } = call
    const { displayName, method, mimeType } = given
    const id = `${slug(displayName) ?? nextId()}-${nextId()}`
    const name = `${store}/documents/${id}`
    const isImage = mimeType.startsWith("image/")
    const whole = Buffer.concat([...raw.read()])
    const passages = isImage
      ? []
      : DocumentText.passages(whole, mimeType, chunkingOf(body) ?? DocumentText.standard)
    const writer = depot.writer()
    writer.write(isImage ? whole : Buffer.from(JSON.stringify(passages ?? [])))
    const bytes: StoredBytes = writer.finish(() => documents.evict(name))
    const activeAt = now + processing
    documents.add({
      name,
      store,
      project,
      displayName,
      mimeType,
      size: raw.size,
      metadata: Json.list(body["customMetadata"]),
      created: now,
      activeAt,
      isFailed: passages === undefined,
      bytes,
      media: isImage ? `${store}/media/${nextId(24)}` : undefined
    }, now)
    const kind = method === "importFile" ? "ImportFileResponse" : "UploadToFileSearchStoreResponse"
    return operations.begin(
      // An operation is not called after the document that it makes.
      { project, now, parent: method === "importFile" ? store : `${store}/upload` },
      {
        after: processing,
        outcome: passages === undefined
          ? { error: { code: 3, message: `Failed to process the document: unsupported content of ${mimeType}.` } }
          : {
            response: {
              "@type": `type.googleapis.com/google.ai.generativelanguage.v1main.${kind}`,
              parent: store,
              documentName: name,
              ...(method === "importFile" ? {} : { mimeType, sizeBytes: String(raw.size) })
            }
          }
      }
    )
  }

  uploads.accept({
    method: "fileSearchStores.uploadToFileSearchStore",
    path: /^(fileSearchStores\/[^/:]+):uploadToFileSearchStore$/,
    begin: ({ call, size }, pending) => refusalOf(call, pending + (size ?? 0)),
    finish: ({ call, fileName, mimeType }: Announced, keep, now) => {
      const kept = keep(() => undefined)
      const refusal = refusalOf(call, kept.size)
      if (refusal !== undefined) {
        kept.drop()
        return { refusal }
      }
      const operation = put({ ...call, now }, kept, {
        mimeType: Json.text(call.body["mimeType"]) ?? mimeType ?? "application/octet-stream",
        displayName: Json.text(call.body["displayName"]) ?? (fileName === "" ? undefined : fileName),
        method: "upload"
      })
      kept.drop()
      // What is done at once has its response and no `done` (recorded 2025 and 2026).
      const { done: _, ...body } = operation
      return { body }
    }
  })

  const importFile = (call: Call): ResourceReply => {
    const { body, now, project } = call
    const given = Json.text(body["fileName"]) ?? ""
    const fileName = given.startsWith("files/") ? given : `files/${given}`
    const file = files.shelf.find(project, fileName, now)
    const unusable = file === undefined
      ? GoogleError.fileForbidden(fileName.slice(6))
      : files.unusable(fileName, project, now)
    const refusal = refusalOf(call, file?.bytes?.size ?? 0) ?? unusable
    if (refusal !== undefined || file === undefined) return { refusal: refusal ?? GoogleError.invalidArgument() }
    const bytes = file.bytes
    return {
      body: put(call, { size: bytes?.size ?? 0, read: () => bytes?.read() ?? [] }, {
        mimeType: file.mimeType,
        displayName: file.displayName,
        method: "importFile"
      })
    }
  }

  const page = <A extends Shelf.Kept>(
    shelf: Shelf.Shelf<A>,
    { now, project, query }: Call,
    field: string,
    shown: (item: A) => Json.Json,
    under?: string
  ): ResourceReply => {
    const found = shelf.page(project, query, now, under)
    if (found.refusal !== undefined) return found
    const { items, nextPageToken } = found
    return {
      body: {
        ...(items.length === 0 ? {} : { [field]: items.map(shown) }),
        ...(nextPageToken === undefined ? {} : { nextPageToken })
      }
    }
  }

  const shownStore = (store: DocumentRecord.StoreRecord, now: number) =>
    DocumentRecord.shownStore(store, within(store.name, now), now)

  const endpoint: Endpoint = {
    routes: [
      { verb: "POST", path: /^fileSearchStores\/*$/, method: "fileSearchStores.create" },
      { verb: "GET", path: /^fileSearchStores\/*$/, method: "fileSearchStores.list" },
      { verb: "POST", path: /^(fileSearchStores\/[^/:]+):importFile$/, method: "fileSearchStores.importFile" },
      { verb: "GET", path: /^(fileSearchStores\/[^/:]+)$/, method: "fileSearchStores.get" },
      { verb: "DELETE", path: /^(fileSearchStores\/[^/:]+)$/, method: "fileSearchStores.delete" },
      { verb: "GET", path: /^(fileSearchStores\/[^/:]+)\/documents\/*$/, method: "documents.list" },
      { verb: "GET", path: /^(fileSearchStores\/[^/:]+\/documents\/[^/:]+)$/, method: "documents.get" },
      { verb: "DELETE", path: /^(fileSearchStores\/[^/:]+\/documents\/[^/:]+)$/, method: "documents.delete" },
      { verb: "GET", path: /^(fileSearchStores\/[^/:]+\/media\/[^/:]+)$/, method: "media.download" }
    ],
    methods: {
      "fileSearchStores.create": ({ body, now, project }) => {
        const displayName = Json.text(body["displayName"])
        const embeddingModel = Json.text(body["embeddingModel"]) ?? "models/gemini-embedding-001"
        if ((displayName ?? "").length > longestName || !embedding.includes(embeddingModel)) {
          return { refusal: GoogleError.invalidArgument() }
        }
        const start = slug(displayName)
        const name = `fileSearchStores/${start === undefined ? "" : `${start}-`}${nextId()}`
        const store = { name, project, displayName, embeddingModel, created: now, updated: now }
        isUsed = true
        stores.add(store, now)
        return { body: shownStore(store, now) }
      },
      "fileSearchStores.get": (call) => withStore(call, (store) => ({ body: shownStore(store, call.now) })),
      "fileSearchStores.list": (call) => page(stores, call, "fileSearchStores", (store) => shownStore(store, call.now)),
      "fileSearchStores.delete": (call) =>
        withStore(call, (store) => {
          const inside = within(store.name, call.now)
          if (inside.length > 0 && call.query.get("force") !== "true") {
            return { refusal: Refusals.notEmpty("FileSearchStore") }
          }
          for (const { name } of inside) documents.remove(call.project, name, call.now)
          stores.remove(call.project, store.name, call.now)
          return { body: {} }
        }),
      "fileSearchStores.importFile": importFile,
      "documents.list": (call) =>
        withStore(call, (store) =>
          page(
            documents,
            call,
            "documents",
            (document) => DocumentRecord.shown(document, call.now),
            `${store.name}/documents/`
          )),
      "documents.get": (call) => withDocument(call, (document) => ({ body: DocumentRecord.shown(document, call.now) })),
      "documents.delete": (call) =>
        withDocument(call, (document) => {
          const isEmpty = DocumentRecord.stateOf(document, call.now) !== "ACTIVE"
          if (!isEmpty && call.query.get("force") !== "true") return { refusal: Refusals.notEmpty("Document") }
          documents.remove(call.project, document.name, call.now)
          return { body: {} }
        }),
      "media.download": (call) =>
        withStore(call, () => {
          const found = documents.all(call.now).find(({ media, project }) =>
            media === call.name && project === call.project
          )
          if (found === undefined) return { refusal: Refusals.documentMissing(call.name) }
          if (call.query.get("alt") !== "media") return { body: {} }
          return { bytes: found.bytes.read(), size: found.bytes.size, mimeType: found.mimeType }
        })
    },
    clear: () => {
      documents.clear()
      stores.clear()
      isUsed = false
    }
  }

  return {
    endpoint,
    list: (now) =>
      documents.all(now).map((document) => ({
        project: document.project,
        document: DocumentRecord.shown(document, now)
      })),
    dropped: documents.dropped,
    search: (body, { now, project }) => {
      const asked = Json.list(body["tools"]).flatMap((tool) => {
        const search = Json.at(tool, "fileSearch")
        return search === undefined ? [] : [search]
      })
      if (asked.length === 0) return { found: undefined }
      const names = asked.flatMap((search) => Json.list(Json.at(search, "fileSearchStoreNames")).map(String))
      // An empty list of stores is refused (REST reference).
      if (names.length === 0) return { refusal: GoogleError.invalidArgument() }
      if (!isUsed) return { found: undefined }
      const missing = names.find((name) => stores.find(project, name, now) === undefined)
      if (missing !== undefined) return { refusal: Refusals.storeMissing(missing) }
      return StoreSearch.search(
        body,
        asked,
        (store) => within(store, now).filter((document) => DocumentRecord.stateOf(document, now) === "ACTIVE")
      )
    }
  }
}
