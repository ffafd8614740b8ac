/** File search stores as any HTTP client meets them: documents, states, what is found, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpMethod from "effect/http/HttpMethod"
import * as TestClock from "effect/testing/TestClock"
import * as MetadataFilter from "../src/internal/resources/metadataFilter.ts"

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: Readonly<Record<string, unknown>> & {
    readonly name?: string
    readonly done?: boolean
    readonly response?: Readonly<Record<string, string>>
    readonly candidates?: ReadonlyArray<{
      readonly groundingMetadata?: {
        readonly groundingChunks?: ReadonlyArray<{ readonly retrievedContext: Readonly<Record<string, unknown>> }>
      }
    }>
    readonly error?: { readonly code: number; readonly status?: string; readonly message: string }
  }
}

const ask = Effect.fnUntraced(function*(
  verb: HttpMethod.HttpMethod,
  path: string,
  options: {
    readonly json?: unknown
    readonly bytes?: Uint8Array
    readonly headers?: Readonly<Record<string, string>>
    readonly key?: string
  } = {}
): Effect.fn.Return<Answer, unknown, Emulator.Emulator | HttpClient.HttpClient> {
  const { url } = yield* Emulator.Emulator
  const { bytes, headers = {}, json, key = "key" } = options
  const request = HttpClientRequest.make(verb)(path.startsWith("http") ? path : `${url}/v1beta/${path}`).pipe(
    HttpClientRequest.setHeaders({ "x-goog-api-key": key, ...headers }),
    (request) => json === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, json),
    (request) => bytes === undefined ? request : HttpClientRequest.bodyUint8Array(request, bytes)
  )
  const response = yield* HttpClient.execute(request)
  const text = yield* response.text
  return { status: response.status, headers: response.headers, body: text.startsWith("{") ? JSON.parse(text) : {} }
})

const createStore = (displayName?: string) => ask("POST", "fileSearchStores", { json: { displayName } })

const upload = Effect.fnUntraced(function*(
  store: string,
  content: string | Uint8Array,
  body: Readonly<Record<string, unknown>> = { mimeType: "text/plain" }
) {
  const { url } = yield* Emulator.Emulator
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
  const start = yield* ask("POST", `${url}/upload/v1beta/${store}:uploadToFileSearchStore`, {
    json: body,
    headers: {
      "x-goog-upload-protocol": "resumable",
      "x-goog-upload-command": "start",
      "x-goog-upload-header-content-length": String(bytes.length),
      "x-goog-upload-header-content-type": String(body["mimeType"])
    }
  })
  if (start.status !== 200) return start
  return yield* ask("POST", start.headers["x-goog-upload-url"] ?? "", {
    bytes,
    headers: { "x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0" }
  })
})

const search = (text: string, fileSearch: object) =>
  ask("POST", "models/gemini-3.8-flash:generateContent", {
    json: { contents: [{ role: "user", parts: [{ text }] }], tools: [{ fileSearch }] }
  })

const found = ({ body }: Answer) =>
  (body.candidates?.[0]?.groundingMetadata?.groundingChunks ?? []).map(({ retrievedContext }) => retrievedContext)

const emulated = (options: Emulator.Options = {}) => Effect.provide(Emulator.layerHttpClient(options))

const message = ({ body }: Answer) => `${body.error?.code} ${body.error?.status} ${body.error?.message}`

describe("file search stores", () => {
  it.effect("are called after their display name, and leave zeros out", () =>
    Effect.gen(function*() {
      const { body } = yield* createStore("Manuals of 2026!")
      assert.match(body.name ?? "", /^fileSearchStores\/manualsof2026-[a-z0-9]{12}$/)
      assert.deepStrictEqual<unknown>(body, {
        name: body.name,
        displayName: "Manuals of 2026!",
        createTime: "1970-01-01T00:00:00Z",
        updateTime: "1970-01-01T00:00:00Z",
        embeddingModel: "models/gemini-embedding-001"
      })
      yield* upload(String(body.name), "Paris is the capital of France.")
      const { body: counted } = yield* ask("GET", String(body.name))
      assert.deepInclude(counted, { activeDocumentsCount: "1", sizeBytes: "31" })
    }).pipe(emulated()))

  it.effect("answer the last byte of an upload with an operation, which is not called after the document", () =>
    Effect.gen(function*() {
      const { body: { name: store = "" } } = yield* createStore("test")
      const { body } = yield* upload(store, "Paris", { mimeType: "text/plain", displayName: "Paris.txt" })
      const { documentName = "" } = body.response ?? {}
      assert.match(documentName, new RegExp(`^${store}/documents/paristxt-[a-z0-9]{12}$`))
      assert.match(body.name ?? "", new RegExp(`^${store}/upload/operations/[a-z0-9]+$`))
      assert.notStrictEqual(documentName.split("/").at(-1), body.name?.split("/").at(-1))
      assert.deepStrictEqual<unknown>(body.response, {
        "@type": "type.googleapis.com/google.ai.generativelanguage.v1main.UploadToFileSearchStoreResponse",
        parent: store,
        documentName,
        mimeType: "text/plain",
        sizeBytes: "5"
      })
      assert.deepStrictEqual<unknown>((yield* ask("GET", String(body.name))).body.done, true)
      assert.deepInclude((yield* ask("GET", documentName)).body, { displayName: "Paris.txt", state: "STATE_ACTIVE" })
    }).pipe(emulated()))

  it.effect("have documents that are STATE_PENDING by the clock, and STATE_FAILED where nothing can be read", () =>
    Effect.gen(function*() {
      const { body: { name: store = "" } } = yield* createStore()
      const good = yield* upload(store, "Paris")
      const bad = yield* upload(store, new Uint8Array([0xff, 0xfe, 0]))
      assert.deepStrictEqual<unknown>([good.body, bad.body].map(({ done, response }) => [done, response]), [
        [undefined, undefined],
        [undefined, undefined]
      ])
      const states = ask("GET", `${store}/documents`).pipe(
        Effect.map(({ body }) => (body["documents"] as ReadonlyArray<{ state: string }>).map(({ state }) => state))
      )
      assert.deepStrictEqual(yield* states, ["STATE_PENDING", "STATE_PENDING"])
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* states, ["STATE_ACTIVE", "STATE_FAILED"])
      assert.deepInclude((yield* ask("GET", store)).body, { activeDocumentsCount: "1", failedDocumentsCount: "1" })
      assert.property((yield* ask("GET", String(bad.body.name))).body, "error")
    }).pipe(emulated({ documentProcessing: 3_000 })))

  it.effect("take files, which must be there", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { body: { name: store = "" } } = yield* createStore()
      const bytes = [new TextEncoder().encode("Lyon lies on the Rhône.")]
      const fileName = yield* emulator.files.add({ mimeType: "text/plain", bytes, displayName: "Lyon" })
      const { body } = yield* ask("POST", `${store}:importFile`, { json: { fileName } })
      assert.match(body.name ?? "", new RegExp(`^${store}/operations/`))
      assert.strictEqual(body.response?.["documentName"]?.startsWith(`${store}/documents/lyon-`), true)
      const missing = yield* ask("POST", `${store}:importFile`, { json: { fileName: "files/none" } })
      assert.match(message(missing), /^403 PERMISSION_DENIED You do not have permission to access the File none/)
    }).pipe(emulated()))

  it.effect("are not deleted with something inside, unless that is forced", () =>
    Effect.gen(function*() {
      const { body: { name: store = "" } } = yield* createStore()
      const { body } = yield* upload(store, "Paris")
      const document = body.response?.["documentName"] ?? ""
      assert.strictEqual(
        message(yield* ask("DELETE", store, { json: {} })),
        "400 FAILED_PRECONDITION Cannot delete non-empty FileSearchStore"
      )
      assert.strictEqual(
        message(yield* ask("DELETE", document, { json: {} })),
        "400 FAILED_PRECONDITION Cannot delete non-empty Document"
      )
      assert.strictEqual((yield* ask("DELETE", `${document}?force=true`, { json: {} })).status, 200)
      assert.strictEqual((yield* ask("DELETE", store, { json: {} })).status, 200)
      assert.match(message(yield* ask("GET", store)), /^403 .*it may not exist/)
    }).pipe(emulated()))

  it.effect("belong to one project", () =>
    Effect.gen(function*() {
      const { body: { name: store = "" } } = yield* createStore()
      assert.strictEqual((yield* ask("GET", store, { key: "other" })).status, 403)
      assert.deepStrictEqual<unknown>((yield* ask("GET", "fileSearchStores", { key: "other" })).body, {})
    }).pipe(emulated({ projects: { one: { keys: ["key"] }, two: { keys: ["other"] } } })))

  it.effect("refuse misspelt fields, odd chunks, too much metadata, and more than there is room for", () =>
    Effect.gen(function*() {
      const { body: { name: store = "" } } = yield* createStore()
      const metadata = Array.from({ length: 21 }, (_, i) => ({ key: `k${i}`, stringValue: "v" }))
      const refused = [
        yield* upload(store, "x", { mimeType: "text/plain", metadata: [] }),
        yield* upload(store, "x", { chunkingConfig: { whiteSpaceConfig: { maxTokensPerChunk: 513 } } }),
        yield* upload(store, "x", {
          chunkingConfig: { whiteSpaceConfig: { maxTokensPerChunk: 5, maxOverlapTokens: 5 } }
        }),
        yield* upload(store, "x", { customMetadata: metadata }),
        yield* upload(store, "x", { customMetadata: [{ key: "a", stringValue: "v", numericValue: 1 }] }),
        yield* upload(store, "x".repeat(101)),
        yield* upload("fileSearchStores/none", "x")
      ]
      assert.deepStrictEqual(refused.map(({ status }) => status), [400, 400, 400, 400, 400, 429, 403])
      assert.match(message(yield* upload(store, "x".repeat(101))), /Corpus has reached the storage limit of 100 bytes/)
    }).pipe(emulated({ storeBytes: 100 })))
})

describe("a file search", () => {
  const library = Effect.gen(function*() {
    const { body: { name: store = "" } } = yield* createStore("cities")
    yield* upload(store, "Paris is the capital of France.\fThe Eiffel Tower stands in Paris.", {
      mimeType: "text/plain",
      displayName: "France",
      customMetadata: [{ key: "author", stringValue: "x" }, { key: "year", numericValue: 2020 }]
    })
    yield* upload(store, "Berlin is the capital of Germany.", {
      mimeType: "text/plain",
      displayName: "Germany",
      customMetadata: [{ key: "author", stringValue: "y" }, { key: "year", numericValue: 1990 }]
    })
    return store
  })

  it.effect("finds the passages with the question's words, and cites document, page and text", () =>
    Effect.gen(function*() {
      const store = yield* library
      const answer = yield* search("Where does the Eiffel Tower stand?", { fileSearchStoreNames: [store], topK: 1 })
      assert.deepStrictEqual(found(answer), [{
        title: "France",
        text: "The Eiffel Tower stands in Paris.",
        fileSearchStore: store,
        pageNumber: 2,
        customMetadata: [{ key: "author", stringValue: "x" }, { key: "year", numericValue: 2020 }]
      }])
      assert.include(JSON.stringify(answer.body), "The documents say: \\\"The Eiffel Tower stands in Paris.\\\"")
    }).pipe(emulated()))

  it.effect("looks only where the filter lets it", () =>
    Effect.gen(function*() {
      const store = yield* library
      const titles = (metadataFilter: string) =>
        Effect.map(search("capital", { fileSearchStoreNames: [store], metadataFilter }), (answer) =>
          found(answer).map(({ title }) => title))
      assert.deepStrictEqual(yield* titles("author = \"x\" AND year > 2000"), ["France"])
      assert.deepStrictEqual(yield* titles("year < 2000"), ["Germany"])
      assert.deepStrictEqual(yield* titles("author = \"z\""), [])
      assert.match(message(yield* search("x", { fileSearchStoreNames: [store], metadataFilter: "author ~ x" })), /^400/)
    }).pipe(emulated()))

  it.effect("needs a store that is there: an empty list is a 400", () =>
    Effect.gen(function*() {
      yield* library
      assert.match(message(yield* search("x", { fileSearchStoreNames: [] })), /^400 INVALID_ARGUMENT/)
      assert.match(message(yield* search("x", { fileSearchStoreNames: ["fileSearchStores/none"] })), /^403/)
    }).pipe(emulated()))

  it.effect("gives an image by its media id", () =>
    Effect.gen(function*() {
      const { body: { name: store = "" } } = yield* createStore()
      const bytes = new Uint8Array([1, 2, 3])
      yield* upload(store, bytes, { mimeType: "image/png", displayName: "tower" })
      const [image] = found(yield* search("the tower", { fileSearchStoreNames: [store] }))
      const media = String(image?.["mediaId"])
      assert.match(media, new RegExp(`^${store}/media/[a-z0-9]+$`))
      const got = yield* ask("GET", `${media}?alt=media`)
      assert.deepInclude(got.headers, { "content-type": "image/png", "content-length": "3" })
    }).pipe(emulated()))

  it("reads filters with NOT, OR, lists and parentheses, and knows what is none", () => {
    const metadata = [
      { key: "author", stringValue: "Ann \"A\" Lee" },
      { key: "tags", stringListValue: { values: ["a", "b"] } },
      { key: "year", numericValue: 1999.5 }
    ]
    const judged = [
      "author = \"Ann \\\"A\\\" Lee\"",
      "tags:b",
      "tags = c OR (year >= 1999.5 AND NOT author = x)",
      "year != 2000",
      "NOT (year < 2000)",
      "missing = 1"
    ].map((filter) => MetadataFilter.parse(filter)?.(metadata))
    assert.deepStrictEqual(judged, [true, true, true, true, false, false])
    const wrong = ["=", "a =", "a = b c", "(a = b", "a = \"b", "a = b AND", "a ~ b"].map(MetadataFilter.parse)
    assert.deepStrictEqual(wrong, wrong.map(() => undefined))
  })
})
