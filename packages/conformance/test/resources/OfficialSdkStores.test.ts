/**
 * File search stores of `@google/genai` 3.3: its requests and ours are equal but for differences that are named with their
 * reason, and it works against the emulator.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { GoogleGenAI } from "@google/genai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as FileSearchStores from "effect-gemini/stores/FileSearchStores"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type AskedRequest, equal } from "./equalRequests.ts"

const model = "gemini-3.8-flash"
const folder = mkdtempSync(join(tmpdir(), "effect-gemini-stores-"))
const note = join(folder, "a note.txt")
beforeAll(() => writeFileSync(note, "Paris is the capital of France."))
afterAll(() => rmSync(folder, { recursive: true }))

const sdkOf = (baseUrl: string) => new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl, apiVersion: "v1beta" } })

const oursOf = (baseUrl: string) =>
<A>(
  use: (stores: FileSearchStores.FileSearchStoresService) => Effect.Effect<A, GeminiError>
): Promise<A> =>
  Effect.runPromise(
    FileSearchStores.FileSearchStores.use(use).pipe(
      Effect.provide(
        FileSearchStores.layer().pipe(
          Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl })),
          Layer.provide(NodeGemini.layerHttpClient()),
          Layer.merge(NodeServices.layer)
        )
      )
    )
  )

const name = "fileSearchStores/abc"
const store = { name, displayName: "Manuals" }
const document = { name: `${name}/documents/d`, state: "STATE_ACTIVE" }
const operation = { name: `${name}/upload/operations/o`, done: true, response: { documentName: document.name } }

const answer = ({ headers, method, path, query }: AskedRequest, url: string) => {
  const command = headers["x-goog-upload-command"]
  if (command === "start") {
    return {
      headers: {
        "x-goog-upload-status": "active",
        "x-goog-upload-url": `${url}${path}?upload_id=1&upload_protocol=resumable`,
        "x-goog-upload-chunk-granularity": "8388608"
      }
    }
  }
  if (command === "upload, finalize") return { headers: { "x-goog-upload-status": "final" }, body: operation }
  if (path.includes("/media/")) return { body: new TextEncoder().encode("bytes") }
  if (method === "DELETE") return { body: {} }
  if (path.endsWith(":importFile")) return { body: operation }
  const more = query["pageToken"] === undefined ? { nextPageToken: "two" } : {}
  if (method === "GET" && path === "/v1beta/fileSearchStores") return { body: { fileSearchStores: [store], ...more } }
  if (path.endsWith("/documents")) return { body: { documents: [document], ...more } }
  return { body: path.includes("/documents/") ? document : store }
}

const metadata = [{ key: "author", stringValue: "x" }, { key: "year", numericValue: 2026 }, {
  key: "tags",
  stringListValue: { values: ["a", "b"] }
}]
const chunkingConfig = { whiteSpaceConfig: { maxTokensPerChunk: 100, maxOverlapTokens: 10 } }
const ours = { metadata: { author: "x", year: 2026, tags: ["a", "b"] }, chunking: { words: 100, overlap: 10 } }

const pairs: ReadonlyArray<
  readonly [
    name: string,
    theirs: (sdk: GoogleGenAI["fileSearchStores"]) => Promise<unknown>,
    ours: (stores: FileSearchStores.FileSearchStoresService) => Effect.Effect<unknown, GeminiError>,
    reasons?: Readonly<Record<string, string>>
  ]
> = [
  [
    "a create",
    (stores) => stores.create({ config: { displayName: "Manuals", embeddingModel: "models/gemini-embedding-2" } }),
    (stores) => stores.create({ displayName: "Manuals", embeddingModel: "gemini-embedding-2" })
  ],
  [
    "a create without a name",
    (stores) => stores.create({}),
    (stores) => stores.create(),
    {
      "*.body.displayName: undefined → \"store-":
        "a store of ours has a display name that nothing else bears, by which a lost answer is settled"
    }
  ],
  ["get", (stores) => stores.get({ name }), (stores) => stores.get(name)],
  [
    "a list over its pages",
    async (stores) => {
      for await (const _ of await stores.list({ config: { pageSize: 7 } }));
    },
    (stores) => Stream.runDrain(stores.list({ pageSize: 7 }))
  ],
  ["delete", (stores) => stores.delete({ name }), (stores) => stores.delete(name)],
  [
    "delete by force",
    (stores) => stores.delete({ name, config: { force: true } }),
    (stores) => stores.delete(name, { force: true })
  ],
  [
    "an upload by path with everything",
    (stores) =>
      stores.uploadToFileSearchStore({
        fileSearchStoreName: name,
        file: note,
        config: { displayName: "A note", customMetadata: metadata, chunkingConfig, mimeType: "text/plain" }
      }),
    (stores) => stores.upload(name, note, { displayName: "A note", mimeType: "text/plain", ...ours }),
    {
      "*.headers.x-goog-upload-file-name: \"a note.txt\" → \"a%20note.txt\"":
        "a header takes no other letters than Latin ones, so ours is percent-encoded",
      "*.headers.x-goog-upload-file-name: \"a note.txt\" → undefined": "the server has it from the start"
    }
  ],
  [
    "an upload of a Blob",
    (stores) =>
      stores.uploadToFileSearchStore({
        fileSearchStoreName: name,
        file: new Blob(["Paris"]),
        config: { mimeType: "text/markdown" }
      }),
    (stores) => stores.upload(name, new Blob(["Paris"]), { mimeType: "text/markdown" })
  ],
  [
    "an import",
    (stores) =>
      stores.importFile({
        fileSearchStoreName: name,
        fileName: "files/a",
        config: { customMetadata: metadata, chunkingConfig }
      }),
    (stores) => stores.importFile(name, "files/a", ours)
  ],
  [
    "a document",
    (stores) => stores.documents.get({ name: document.name }),
    (stores) => stores.getDocument(document.name)
  ],
  [
    "documents over their pages",
    async (stores) => {
      for await (const _ of await stores.documents.list({ parent: name, config: { pageSize: 7 } }));
    },
    (stores) => Stream.runDrain(stores.documents(name, { pageSize: 7 }))
  ],
  [
    "a document's end",
    (stores) => stores.documents.delete({ name: document.name, config: { force: true } }),
    (stores) => stores.deleteDocument(document.name)
  ],
  [
    "media",
    (stores) => stores.downloadMedia(`${name}/media/m?x=1`),
    (stores) => Stream.runDrain(stores.downloadMedia(`${name}/media/m?x=1`))
  ]
]

describe("requests of the official SDK and ours are equal", () => {
  for (const [name, theirs, ours, reasons] of pairs) {
    it(name, () =>
      equal(name, answer, {
        official: (url) => theirs(sdkOf(url).fileSearchStores),
        ours: (url) => oursOf(url)(ours),
        reasons
      }))
  }
})

describe("the official SDK works against the emulator", () => {
  let emulator: Awaited<ReturnType<typeof Standalone.start>>
  beforeAll(async () => {
    emulator = await Standalone.start()
  })
  afterAll(() => emulator.stop())

  it("makes a store, brings documents into it by upload and import, and has an answer cite them", async () => {
    const sdk = sdkOf(emulator.url)
    const { name = "" } = await sdk.fileSearchStores.create({ config: { displayName: "Cities" } })
    let operation = await sdk.fileSearchStores.uploadToFileSearchStore({
      fileSearchStoreName: name,
      file: note,
      config: { displayName: "France", customMetadata: [{ key: "year", numericValue: 2026 }] }
    })
    while (operation.done !== true) operation = await sdk.operations.get({ operation })
    assert.match(operation.response?.documentName ?? "", /\/documents\/france-/)
    const file = await sdk.files.upload({
      file: new Blob(["Berlin is the capital of Germany."], { type: "text/plain" }),
      config: { displayName: "Germany" }
    })
    const imported = await sdk.fileSearchStores.importFile({ fileSearchStoreName: name, fileName: file.name ?? "" })
    assert.match(imported.response?.documentName ?? "", /\/documents\/germany-/)
    const answer = await sdk.models.generateContent({
      model,
      contents: "What is the capital of Germany?",
      config: { tools: [{ fileSearch: { fileSearchStoreNames: [name], topK: 1 } }] }
    })
    const chunk = answer.candidates?.[0]?.groundingMetadata?.groundingChunks?.[0]?.retrievedContext
    assert.deepInclude(chunk, { title: "Germany", text: "Berlin is the capital of Germany." })
  })

  it("lists stores and documents over pages, gets them, and deletes them", async () => {
    emulator.clear()
    const { fileSearchStores } = sdkOf(emulator.url)
    const { name = "" } = await fileSearchStores.create({ config: { displayName: "a" } })
    for (const displayName of ["b", "c"]) await fileSearchStores.create({ config: { displayName } })
    const stores: Array<string | undefined> = []
    for await (const { displayName } of await fileSearchStores.list({ config: { pageSize: 2 } })) {
      stores.push(displayName)
    }
    assert.deepStrictEqual(stores, ["a", "b", "c"])
    for (const displayName of ["x", "y", "z"]) {
      await fileSearchStores.uploadToFileSearchStore({ fileSearchStoreName: name, file: note, config: { displayName } })
    }
    const documents: Array<string> = []
    for await (
      const { name: document = "" } of await fileSearchStores.documents.list({
        parent: name,
        config: { pageSize: 2 }
      })
    ) documents.push(document)
    assert.strictEqual(documents.length, 3)
    const [first = ""] = documents
    assert.strictEqual((await fileSearchStores.documents.get({ name: first })).displayName, "x")
    assert.match(
      await fileSearchStores.delete({ name }).then(() => "", String),
      /Cannot delete non-empty FileSearchStore/
    )
    await fileSearchStores.documents.delete({ name: first, config: { force: true } })
    await fileSearchStores.delete({ name, config: { force: true } })
    assert.match(await fileSearchStores.get({ name }).then(() => "", String), /403/)
  })

  it("downloads the blob behind a citation", async () => {
    const sdk = sdkOf(emulator.url)
    const { name = "" } = await sdk.fileSearchStores.create({ config: { embeddingModel: "models/gemini-embedding-2" } })
    await sdk.fileSearchStores.uploadToFileSearchStore({
      fileSearchStoreName: name,
      file: new Blob([new Uint8Array([1, 2, 3])], { type: "image/png" }),
      config: { displayName: "tower" }
    })
    const answer = await sdk.models.generateContent({
      model,
      contents: "Show the tower",
      config: { tools: [{ fileSearch: { fileSearchStoreNames: [name] } }] }
    })
    const { mediaId = "" } = answer.candidates?.[0]?.groundingMetadata?.groundingChunks?.[0]?.retrievedContext ?? {}
    assert.deepStrictEqual(await sdk.fileSearchStores.downloadMedia(mediaId), new Uint8Array([1, 2, 3]))
  })
})
