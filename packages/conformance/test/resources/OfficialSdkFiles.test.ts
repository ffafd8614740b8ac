/**
 * Files of `@google/genai` 3.3: its requests and ours are equal but for differences that are named with their reason, and
 * it works against the emulator.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { type File as SdkFile, GoogleGenAI } from "@google/genai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Files from "effect-gemini/files/Files"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type AskedRequest, equal } from "./equalRequests.ts"

const chunk = 8 * 1024 * 1024

const bytesOf = (size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff
  return bytes
}

const folder = mkdtempSync(join(tmpdir(), "effect-gemini-sdk-"))
const small = join(folder, "a note.txt")
const large = join(folder, "large.txt")
beforeAll(() => {
  writeFileSync(small, "Hello, file")
  writeFileSync(large, bytesOf(2 * chunk + 5))
})
afterAll(() => rmSync(folder, { recursive: true }))

const sdkOf = (baseUrl: string) => new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl, apiVersion: "v1beta" } })

const oursOf =
  (baseUrl: string) => <A>(use: (files: Files.FilesService) => Effect.Effect<A, GeminiError>): Promise<A> =>
    Effect.runPromise(
      Files.Files.use(use).pipe(
        Effect.provide(
          Files.layer().pipe(
            Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl })),
            Layer.provide(NodeGemini.layerHttpClient()),
            Layer.merge(NodeServices.layer)
          )
        )
      )
    )

const file = { name: "files/abc", mimeType: "text/plain", state: "ACTIVE", sizeBytes: "11" }

/** Answers as the API does, as far as both clients look at the answer. */
const answer = ({ headers, method, path, query }: AskedRequest, url: string) => {
  const command = headers["x-goog-upload-command"]
  if (command === "start") {
    return {
      headers: {
        "x-goog-upload-status": "active",
        "x-goog-upload-url": `${url}/upload/v1beta/files?upload_id=1&upload_protocol=resumable`,
        "x-goog-upload-chunk-granularity": String(chunk)
      }
    }
  }
  if (command === "upload") return { headers: { "x-goog-upload-status": "active" } }
  if (command === "upload, finalize") return { headers: { "x-goog-upload-status": "final" }, body: { file } }
  if (path.endsWith(":download")) {
    return { headers: { "content-type": "text/plain" }, body: new TextEncoder().encode("bytes") }
  }
  if (path.endsWith(":register")) return { body: { files: [file] } }
  if (method === "DELETE") return { body: {} }
  if (path === "/v1beta/files") {
    return { body: query["pageToken"] === undefined ? { files: [file], nextPageToken: "two" } : { files: [file] } }
  }
  return { body: file }
}

type Sdk = ReturnType<typeof sdkOf>["files"]

const pairs: ReadonlyArray<
  readonly [
    name: string,
    theirs: (files: Sdk) => Promise<unknown>,
    ours: (files: Files.FilesService) => Effect.Effect<unknown, GeminiError>,
    reasons?: Readonly<Record<string, string>>
  ]
> = [
  [
    "an upload by path",
    (files) => files.upload({ file: small }),
    (files) => files.upload(small),
    {
      "*.body.file.name: undefined → \"files/":
        "each upload of ours has a name of its own choice, by which a lost answer is settled",
      "*.headers.x-goog-upload-file-name: \"a note.txt\" → \"a%20note.txt\"":
        "a header takes no other letters than Latin ones, so ours is percent-encoded",
      "*.headers.x-goog-upload-file-name: \"a note.txt\" → undefined": "the server has it from the start"
    }
  ],
  [
    "an upload of a Blob with name, type and display name",
    (files) =>
      files.upload({
        file: new Blob(["Hello, file"]),
        config: { name: "abc", mimeType: "text/markdown", displayName: "A file" }
      }),
    (files) =>
      files.upload(new Blob(["Hello, file"]), { name: "abc", mimeType: "text/markdown", displayName: "A file" })
  ],
  [
    "an upload in three chunks",
    (files) => files.upload({ file: large, config: { name: "files/abc" } }),
    (files) => files.upload(large, { name: "files/abc" }),
    {
      "*.headers.x-goog-upload-file-name: \"large.txt\" → undefined": "the server has it from the start"
    }
  ],
  ["get", (files) => files.get({ name: "files/abc" }), (files) => files.get("files/abc")],
  ["delete", (files) => files.delete({ name: "abc" }), (files) => files.delete("abc")],
  [
    "a list over its pages",
    async (files) => {
      for await (const _ of await files.list({ config: { pageSize: 7 } }));
    },
    (files) => Stream.runDrain(files.list({ pageSize: 7 }))
  ],
  [
    "a download",
    (files) => files.download({ file: "files/abc", downloadPath: join(folder, "out") }),
    (files) => Stream.runDrain(files.download("files/abc")),
    {
      "*.path: \"/v1beta/files/abc:download\" → \"/download/v1beta/files/abc:download\"":
        "the former is answered with a redirect to the latter, and no redirect gets our key"
    }
  ],
  [
    "a registration",
    (files) =>
      files.registerFiles({
        uris: ["gs://bucket/a"],
        auth: { getRequestHeaders: () => Promise.resolve(new Headers({ authorization: "Bearer token" })) }
      }),
    (files) => files.register(["gs://bucket/a"], Redacted.make("token"))
  ]
]

describe("requests of the official SDK and ours are equal", () => {
  for (const [name, theirs, ours, reasons] of pairs) {
    it(name, () =>
      equal(name, answer, {
        official: (url) => theirs(sdkOf(url).files),
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

  const hashOf = ({ sha256Hash = "" }: SdkFile) => Buffer.from(sha256Hash, "base64").toString()

  it("uploads 30 MB by path and as a Blob", async () => {
    const bytes = bytesOf(30_000_000)
    const path = join(folder, "thirty.mp4")
    writeFileSync(path, bytes)
    const { files } = sdkOf(emulator.url)
    const sha = createHash("sha256").update(bytes).digest("hex")
    const byPath = await files.upload({ file: path, config: { displayName: "Thirty" } })
    const asBlob = await files.upload({ file: new Blob([bytes], { type: "video/mp4" }) })
    assert.deepStrictEqual([byPath, asBlob].map(hashOf), [sha, sha])
    assert.deepStrictEqual([byPath.mimeType, byPath.displayName, byPath.state], ["video/mp4", "Thirty", "PROCESSING"])
    emulator.adjust("5 seconds")
    assert.strictEqual((await files.get({ name: byPath.name ?? "" })).state, "ACTIVE")
  })

  it("lists over pages, deletes, and hears of a missing file what Google says", async () => {
    emulator.clear()
    const { files } = sdkOf(emulator.url)
    for (let i = 0; i < 5; i++) await files.upload({ file: small, config: { name: `f${i}` } })
    const names: Array<string | undefined> = []
    for await (const { name } of await files.list({ config: { pageSize: 2 } })) names.push(name)
    assert.deepStrictEqual(names, ["files/f0", "files/f1", "files/f2", "files/f3", "files/f4"])
    await files.delete({ name: "files/f0" })
    const missing = await files.get({ name: "files/f0" }).then(() => "", String)
    assert.match(missing, /403.*You do not have permission to access the File f0 or it may not exist/s)
    const taken = await files.upload({ file: small, config: { name: "f1" } }).then(() => "", String)
    assert.match(taken, /409/)
  })

  it("downloads a generated file by its name and by its address", async () => {
    const { files } = sdkOf(emulator.url)
    const bytes = bytesOf(3_000_000)
    const name = emulator.files.add({ mimeType: "video/mp4", source: "GENERATED", bytes: [bytes] })
    const { downloadUri = "" } = await files.get({ name })
    for (const file of [name, { downloadUri, name }]) {
      const downloadPath = join(folder, "got.mp4")
      await files.download({ file, downloadPath })
      assert.isTrue(readFileSync(downloadPath).equals(bytes))
    }
  })

  it("registers, and uses what it has in a call", async () => {
    const sdk = sdkOf(emulator.url)
    const auth = { getRequestHeaders: () => Promise.resolve(new Headers({ authorization: "Bearer token" })) }
    const registered = await sdk.files.registerFiles({ uris: ["gs://bucket/a"], auth })
    assert.strictEqual(registered.files?.[0]?.uri, "gs://bucket/a")
    const { mimeType = "", uri = "" } = await sdk.files.upload({ file: small })
    const answer = await sdk.models.generateContent({
      model: "gemini-3.8-flash",
      contents: [{ role: "user", parts: [{ text: "Read it" }, { fileData: { fileUri: uri, mimeType } }] }]
    })
    assert.isString(answer.text)
  })
})
