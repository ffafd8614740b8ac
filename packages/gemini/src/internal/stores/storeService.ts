/**
 * The methods about stores and their documents, over the calls of `resources`.
 */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"
import type { FileSearchStoresService, KeptDocument, KeptStore } from "../../stores/FileSearchStores.ts"
import * as Wire from "../../wire/FileSearchStore.ts"
import { count } from "../../wire/Usage.ts"
import { invalid } from "../resources/invalid.ts"
import { paged } from "../resources/paged.ts"
import * as DocumentUploads from "./documentUploads.ts"
import * as StoreNames from "./storeNames.ts"

const longestName = 512

/** The most stores or documents of a page. */
const page = 20

/** How many documents an error names of those that are inside. */
const shown = 5

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

/** A name that nothing else bears, by which a store is found if the answer to its create was lost. */
const uniqueName: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, letters.length - 1), 24),
  (places) => `store-${places.map((place) => letters.charAt(place)).join("")}`
)

const Nothing = Schema.Struct({})

export const make = (http: ResourceHttp.Service, retry: GeminiConfig.Retry | undefined): FileSearchStoresService => {
  const memberOf = (member: string | undefined) => member === undefined ? {} : { member }
  const keptStore = (store: Wire.FileSearchStore, member: string | undefined): KeptStore => ({
    store,
    handle: { name: store.name, ...memberOf(member) }
  })
  const keptDocument = (document: Wire.StoreDocument, member: string | undefined): KeptDocument => ({
    document,
    handle: { name: document.name, ...memberOf(member) }
  })

  const get: FileSearchStoresService["get"] = (input, options) => {
    const method = "fileSearchStores.get"
    return Effect.flatMap(StoreNames.named("store", method, input), ({ handle, path }) =>
      Effect.map(
        http.ask({ method, httpMethod: "GET", path, of: [handle], answer: Wire.FileSearchStore }, options),
        ({ member, value }) => keptStore(value, member)
      ))
  }

  const getDocument: FileSearchStoresService["getDocument"] = (input, options) => {
    const method = "documents.get"
    return Effect.flatMap(StoreNames.named("document", method, input), ({ handle, path }) =>
      Effect.map(
        http.ask({ method, httpMethod: "GET", path, of: [handle], answer: Wire.StoreDocument }, options),
        ({ member, value }) => keptDocument(value, member)
      ))
  }

  const documents: FileSearchStoresService["documents"] = (input, { pageSize = page, ...options } = {}) => {
    const method = "documents.list"
    return Stream.unwrap(Effect.map(StoreNames.named("store", method, input), ({ handle, path }) =>
      paged(
        http,
        {
          method,
          path: `${path}/documents`,
          query: { pageSize },
          of: [handle],
          answer: Wire.ListDocumentsResponse
        },
        ({ documents }, member) => (documents ?? []).map((document) => keptDocument(document, member)),
        options
      )))
  }

  /** The error of a store that has documents, with what is inside; the error as it came if that cannot be told. */
  const explained = (error: GeminiError, handle: StoreNames.Named["handle"]): Effect.Effect<never, GeminiError> => {
    const { reason } = error
    if (reason._tag !== "InvalidRequest" || !/non-empty/i.test(reason.description ?? "")) return Effect.fail(error)
    return Effect.matchEffect(
      Effect.all([get(handle), Stream.runCollect(Stream.take(documents(handle), shown))]),
      {
        onFailure: () => Effect.fail(error),
        onSuccess: ([{ store }, inside]) => {
          const counts = [store.activeDocumentsCount, store.pendingDocumentsCount, store.failedDocumentsCount].map(
            count
          )
          const all = Math.max(inside.length, counts.reduce((sum, one) => sum + one, 0))
          const names = inside.map(({ document }) => JSON.stringify(document.displayName ?? document.name))
          const more = all > inside.length ? `, and ${all - inside.length} more` : ""
          const description = `${reason.description}: ${all} documents are inside (${names.join(", ")}${more}); ` +
            "force deletes them, too"
          return Effect.fail(
            error.withReason(new Reason.InvalidRequest({ fields: [{ field: "force", description }], description }))
          )
        }
      }
    )
  }

  const uploads = DocumentUploads.make(http, retry, { documents, getDocument })

  return {
    create: ({ displayName: own, embeddingModel } = {}, options) => {
      const method = "fileSearchStores.create"
      return Effect.gen(function*() {
        if ((own?.length ?? 0) > longestName) {
          return yield* invalid(method, "displayName", `expected at most ${longestName} characters`)
        }
        const displayName = own ?? (yield* uniqueName)
        const { member, value } = yield* http.create({
          method,
          path: "fileSearchStores",
          body: {
            displayName,
            ...(embeddingModel === undefined
              ? {}
              : { embeddingModel: embeddingModel.includes("/") ? embeddingModel : `models/${embeddingModel}` })
          },
          answer: Wire.FileSearchStore,
          // A name of the caller's own may stand for several stores.
          settle: own === undefined ? { displayName, path: "fileSearchStores", items: "fileSearchStores" } : undefined
        }, options)
        return keptStore(value, member)
      })
    },
    get,
    list: ({ pageSize = page, ...options } = {}) =>
      paged(
        http,
        {
          method: "fileSearchStores.list",
          path: "fileSearchStores",
          query: { pageSize },
          answer: Wire.ListFileSearchStoresResponse
        },
        ({ fileSearchStores }, member) => (fileSearchStores ?? []).map((store) => keptStore(store, member)),
        options
      ),
    delete: (input, { force, ...options } = {}) => {
      const method = "fileSearchStores.delete"
      return Effect.flatMap(StoreNames.named("store", method, input), ({ handle, path }) =>
        http.ask({
          method,
          httpMethod: "DELETE",
          path,
          query: { force },
          of: [handle],
          body: {},
          answer: Nothing
        }, options).pipe(Effect.asVoid, Effect.catch((error) => explained(error, handle))))
    },
    documents,
    getDocument,
    deleteDocument: (input, { force = true, ...options } = {}) => {
      const method = "documents.delete"
      return Effect.flatMap(StoreNames.named("document", method, input), ({ handle, path }) =>
        Effect.asVoid(http.ask({
          method,
          httpMethod: "DELETE",
          path,
          query: { force },
          of: [handle],
          body: {},
          answer: Nothing
        }, options)))
    },
    ...uploads,
    downloadMedia: (input, options) => {
      const method = "fileSearchStores.downloadMedia"
      return Stream.unwrap(
        Effect.map(
          StoreNames.named("media", method, input),
          ({ handle, path, query }) =>
            http.download({ method, path, query: { ...query, alt: "media" }, of: [handle] }, options)
        )
      )
    }
  }
}
