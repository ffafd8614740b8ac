/** Files as any HTTP client meets them: uploads header by header, states by the clock, pages, bounds. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { existsSync, readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { generate } from "./Wire.ts"

const unit = 262_144

/** Bytes that are not the same at any two places of a unit. */
const bytesOf = (size: number): Uint8Array => {
  const bytes = new Uint8Array(size)
  for (let i = 0; i < size; i++) bytes[i] = (i * 31 + (i >> 8) * 7 + (i >> 16)) & 0xff
  return bytes
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: { readonly [key: string]: unknown } & {
    readonly file?: Readonly<Record<string, string>>
    readonly error?: { readonly status?: string; readonly code?: number; readonly message: string }
  }
}

type Verb = "GET" | "POST" | "DELETE"

const ask = Effect.fnUntraced(function*(
  verb: Verb,
  path: string,
  options: {
    readonly headers?: Readonly<Record<string, string>>
    readonly json?: unknown
    readonly bytes?: Uint8Array | Stream.Stream<Uint8Array>
    readonly key?: string | null
  } = {}
) {
  const { url } = yield* Emulator.Emulator
  const { bytes, headers = {}, json, key = "key" } = options
  const request = HttpClientRequest.make(verb)(path.startsWith("http") ? path : `${url}${path}`).pipe(
    HttpClientRequest.setHeaders(key === null ? headers : { "x-goog-api-key": key, ...headers }),
    (request) => json === undefined ? request : HttpClientRequest.bodyJsonUnsafe(request, json),
    (request) =>
      bytes === undefined
        ? request
        : bytes instanceof Uint8Array
        ? HttpClientRequest.bodyUint8Array(request, bytes)
        : HttpClientRequest.bodyStream(request, bytes)
  )
  const response = yield* HttpClient.execute(request)
  const text = yield* response.text
  const answer: Answer = {
    status: response.status,
    headers: response.headers,
    body: text.startsWith("{") ? JSON.parse(text) : {}
  }
  return answer
})

const start = (
  size: number | undefined,
  file: unknown = { mimeType: "text/plain" },
  mimeType = "text/plain",
  options: { readonly key?: string; readonly base?: string } = {}
) =>
  ask("POST", `${options.base ?? ""}/upload/v1beta/files`, {
    json: { file },
    key: options.key ?? "key",
    headers: {
      "x-goog-upload-protocol": "resumable",
      "x-goog-upload-command": "start",
      "x-goog-upload-header-content-type": mimeType,
      ...(size === undefined ? {} : { "x-goog-upload-header-content-length": String(size) })
    }
  })

const command = (
  url: string | undefined,
  command: string,
  offset?: number,
  bytes?: Uint8Array | Stream.Stream<Uint8Array>
) =>
  ask("POST", url ?? "", {
    key: null,
    ...(bytes === undefined ? {} : { bytes }),
    headers: {
      "x-goog-upload-command": command,
      ...(offset === undefined ? {} : { "x-goog-upload-offset": String(offset) })
    }
  })

const urlOf = ({ headers }: Answer) => headers["x-goog-upload-url"]
const statusOf = ({ headers }: Answer) => headers["x-goog-upload-status"]
const receivedOf = ({ headers }: Answer) => Number(headers["x-goog-upload-size-received"])

const upload = Effect.fnUntraced(function*(bytes: Uint8Array, file?: unknown, mimeType?: string, key?: string) {
  const started = yield* start(bytes.length, file, mimeType, key === undefined ? {} : { key })
  return yield* command(urlOf(started), "upload, finalize", 0, bytes)
})

const nameOf = ({ body }: Answer): string => String(body.file?.["name"])

const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("effect-gemini-emulator-"))

describe("Files of the emulator", () => {
  it.effect("an upload in chunks is the bytes that were sent, and its hash is the base64 of the hex text", () =>
    Effect.gen(function*() {
      const bytes = bytesOf(3 * unit + 5)
      const started = yield* start(bytes.length, { mimeType: "text/plain", displayName: "Three and a bit" })
      assert.strictEqual(started.status, 200)
      assert.strictEqual(statusOf(started), "active")
      assert.strictEqual(started.headers["x-goog-upload-chunk-granularity"], String(unit))
      const url = urlOf(started)
      assert.match(url ?? "", /\/upload\/v1beta\/files\?upload_id=[a-z0-9]+&upload_protocol=resumable$/)
      const first = yield* command(url, "upload", 0, bytes.subarray(0, 2 * unit))
      assert.deepStrictEqual([first.status, statusOf(first), receivedOf(first)], [200, "active", 2 * unit])
      const last = yield* command(url, "upload, finalize", 2 * unit, bytes.subarray(2 * unit))
      assert.deepStrictEqual([last.status, statusOf(last)], [200, "final"])
      const file = last.body.file ?? {}
      const sha = createHash("sha256").update(bytes).digest("hex")
      assert.strictEqual(file["sha256Hash"], Buffer.from(sha).toString("base64"))
      assert.strictEqual(file["sizeBytes"], String(bytes.length))
      assert.strictEqual(file["displayName"], "Three and a bit")
      assert.strictEqual(file["source"], "UPLOADED")
      assert.match(String(file["name"]), /^files\/[a-z0-9]{12}$/)
      assert.strictEqual(
        Date.parse(String(file["expirationTime"])) - Date.parse(String(file["createTime"])),
        48 * 3.6e6
      )
      const got = yield* ask("GET", `/v1beta/${nameOf(last)}`)
      assert.deepStrictEqual(got.body, file)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("a query says how far an upload is; what a cut leaves counts in whole units", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const bytes = bytesOf(4 * unit)
      const started = yield* start(bytes.length)
      yield* emulator.addFault({
        when: { method: "files.upload.finalize", times: 1 },
        cutRequest: { bytes: 2 * unit + 1000 }
      })
      const cut = yield* Effect.exit(command(urlOf(started), "upload, finalize", 0, bytes))
      assert.strictEqual(cut._tag, "Failure")
      const asked = yield* command(urlOf(started), "query")
      assert.deepStrictEqual([statusOf(asked), receivedOf(asked)], ["active", 2 * unit])
      const rest = yield* command(urlOf(started), "upload, finalize", 2 * unit, bytes.subarray(2 * unit))
      const sha = createHash("sha256").update(bytes).digest("hex")
      assert.strictEqual(rest.body.file?.["sha256Hash"], Buffer.from(sha).toString("base64"))
      assert.deepStrictEqual(yield* emulator.files.uploads, [{
        id: new URL(urlOf(started) ?? "").searchParams.get("upload_id") ?? "",
        project: "default",
        status: "final",
        size: bytes.length,
        received: bytes.length,
        arrived: bytes.length + 1000,
        chunks: 2
      }])
      const again = yield* command(urlOf(started), "query")
      assert.deepStrictEqual([statusOf(again), receivedOf(again)], ["final", bytes.length])
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("wrong offset, odd chunk, wrong length, unknown and finished uploads are refused and change nothing", () =>
    Effect.gen(function*() {
      const bytes = bytesOf(unit + 10)
      const url = urlOf(yield* start(bytes.length))
      const refusals = [
        yield* command(url, "upload", 1, bytes.subarray(0, unit)),
        yield* command(url, "upload", 0, bytes.subarray(0, unit - 1)),
        yield* command(url, "upload, finalize", 0, bytes.subarray(0, 5)),
        yield* command(url?.replace(/upload_id=\w+/, "upload_id=none"), "upload", 0, bytes)
      ]
      assert.deepStrictEqual(refusals.map(({ status }) => status), [400, 400, 400, 404])
      // The five bytes of the finalize were taken: there may be no more of them than were announced.
      assert.deepStrictEqual(refusals.map(receivedOf).slice(0, 3), [0, 0, 5])
      const tooLong = urlOf(yield* start(10))
      const over = yield* command(tooLong, "upload, finalize", 0, bytes.subarray(0, 11))
      assert.deepStrictEqual([over.status, receivedOf(over)], [400, 0])
      const exact = yield* command(tooLong, "upload, finalize", 0, bytes.subarray(0, 10))
      assert.strictEqual(exact.status, 200)
      assert.strictEqual((yield* command(tooLong, "upload", 10, bytes)).status, 410)
      const cancelled = urlOf(yield* start(10))
      assert.strictEqual(statusOf(yield* command(cancelled, "cancel")), "cancelled")
      assert.strictEqual((yield* command(cancelled, "upload, finalize", 0, bytes.subarray(0, 10))).status, 410)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("an empty file is one finalize, and a length that was not announced may be any", () =>
    Effect.gen(function*() {
      const empty = yield* command(urlOf(yield* start(0)), "upload, finalize", 0)
      assert.strictEqual(empty.body.file?.["sizeBytes"], "0")
      const url = urlOf(yield* start(undefined))
      const pieces = Stream.fromIterable([bytesOf(unit), bytesOf(7)])
      const streamed = yield* command(url, "upload, finalize", 0, pieces)
      assert.strictEqual(streamed.body.file?.["sizeBytes"], String(unit + 7))
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("names are chosen by the client or made; a taken one is a 409, an odd one a 400", () =>
    Effect.gen(function*() {
      const made = yield* upload(bytesOf(3), { name: "files/my-own-name" })
      assert.strictEqual(nameOf(made), "files/my-own-name")
      const taken = yield* start(3, { name: "files/my-own-name" })
      assert.deepStrictEqual([taken.status, taken.body.error?.status], [409, "ALREADY_EXISTS"])
      for (const name of ["files/-a", "files/a-", "files/A", "files/a_b", `files/${"a".repeat(41)}`, "files/"]) {
        assert.strictEqual((yield* start(3, { name })).status, 400, name)
      }
      assert.strictEqual((yield* start(3, { name: `files/${"a".repeat(40)}` })).status, 200)
      const misspelt = yield* start(3, { mime: "text/plain" })
      assert.match(misspelt.body.error?.message ?? "", /Unknown name "mime" at 'file'/)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("PROCESSING is only for video, until the clock says so; a failure has its error", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const states: Array<unknown> = []
      for (const mimeType of ["image/png", "text/plain", "application/pdf", "audio/mp3"]) {
        states.push((yield* upload(bytesOf(3), { mimeType }, mimeType)).body.file?.["state"])
      }
      assert.deepStrictEqual(states, ["ACTIVE", "ACTIVE", "ACTIVE", "ACTIVE"])
      const video = yield* upload(bytesOf(3), { mimeType: "video/mp4" }, "video/mp4")
      const bad = yield* upload(bytesOf(3), { mimeType: "video/mp4" }, "video/mp4")
      yield* emulator.files.fail(nameOf(bad), { code: 3, message: "The video could not be read." })
      const get = (answer: Answer) => Effect.map(ask("GET", `/v1beta/${nameOf(answer)}`), ({ body }) => body)
      const use = generate({
        contents: [{
          role: "user",
          parts: [{ text: "See" }, { fileData: { mimeType: "video/mp4", fileUri: String(video.body.file?.["uri"]) } }]
        }]
      })
      yield* emulator.adjust(4_999)
      assert.deepStrictEqual([(yield* get(video))["state"], (yield* get(bad))["state"]], ["PROCESSING", "PROCESSING"])
      const early: unknown = yield* use
      assert.include(JSON.stringify(early), "not in an ACTIVE state")
      yield* emulator.adjust(1)
      assert.deepStrictEqual([(yield* get(video))["state"], (yield* get(bad))["state"]], ["ACTIVE", "FAILED"])
      assert.deepStrictEqual((yield* get(video))["videoMetadata"], { videoDuration: "1s" })
      assert.deepStrictEqual((yield* get(bad))["error"], { code: 3, message: "The video could not be read." })
      assert.isDefined((yield* use).candidates)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("a file that is missing, expired or another project's is a 403, and so is its use", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const name = nameOf(yield* upload(bytesOf(3), undefined, undefined, "one"))
      const statuses = (key: string) =>
        Effect.forEach(
          ["GET", "DELETE"] as const,
          (verb) =>
            Effect.map(ask(verb, `/v1beta/${name}`, { key }), ({ body, status }) => `${status} ${body.error?.status}`)
        )
      const forbidden = ["403 PERMISSION_DENIED", "403 PERMISSION_DENIED"]
      assert.deepStrictEqual(yield* statuses("two"), forbidden)
      assert.deepStrictEqual((yield* ask("GET", "/v1beta/files", { key: "two" })).body, {})
      assert.strictEqual((yield* ask("GET", "/v1beta/files/none", { key: "one" })).status, 403)
      yield* emulator.adjust(48 * 3.6e6 - 1)
      assert.strictEqual((yield* ask("GET", `/v1beta/${name}`, { key: "one" })).status, 200)
      yield* emulator.adjust(1)
      assert.deepStrictEqual(yield* statuses("one"), forbidden)
      const used: unknown = yield* generate({
        contents: [{ parts: [{ fileData: { mimeType: "text/plain", fileUri: `https://x/v1beta/${name}` } }] }]
      })
      assert.include(JSON.stringify(used), "You do not have permission to access the File")
    }).pipe(
      Effect.provide(Emulator.layerHttpClient({ projects: { one: { keys: ["one"] }, two: { keys: ["two"] } } }))
    ))

  it.effect("a list comes in pages of ten, at most a hundred, in the order of the uploads", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (let i = 0; i < 101; i++) {
        yield* emulator.files.add({ name: `files/f${i}`, mimeType: "text/plain", bytes: [bytesOf(1)] })
      }
      const page = (query: string) =>
        Effect.map(ask("GET", `/v1beta/files${query}`), ({ body, status }) => ({
          status,
          names: Array.isArray(body["files"]) ? body["files"].map((file: { name: string }) => file.name) : [],
          token: body["nextPageToken"]
        }))
      assert.lengthOf((yield* page("")).names, 10)
      assert.lengthOf((yield* page("?pageSize=1000")).names, 100)
      const first = yield* page("?pageSize=60")
      const second = yield* page(`?pageSize=60&pageToken=${encodeURIComponent(String(first.token))}`)
      assert.deepStrictEqual(
        [...first.names, ...second.names],
        Array.from({ length: 101 }, (_, i) => `files/f${i}`)
      )
      assert.isUndefined(second.token)
      assert.strictEqual((yield* page("?pageSize=-1")).status, 400)
      assert.strictEqual((yield* page("?pageToken=nonsense")).status, 400)
      assert.strictEqual((yield* page("?page=1")).status, 400)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("only generated files can be downloaded, below /download too", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const bytes = bytesOf(2 * 1024 * 1024)
      const name = yield* emulator.files.add({ mimeType: "video/mp4", source: "GENERATED", bytes: [bytes] })
      for (const path of [`/v1beta/${name}`, `/download/v1beta/${name}`, `/v1/${name}`]) {
        const response = yield* HttpClient.get(`${emulator.url}${path}:download?alt=media`, {
          headers: { "x-goog-api-key": "key" }
        })
        assert.strictEqual(response.headers["content-type"], "video/mp4")
        const got = new Uint8Array(yield* response.arrayBuffer)
        assert.isTrue(Buffer.from(got).equals(bytes))
      }
      assert.strictEqual((yield* ask("GET", `/download/v1beta/${name}`)).status, 404)
      const own = nameOf(yield* upload(bytesOf(3)))
      assert.strictEqual((yield* ask("GET", `/v1beta/${own}:download?alt=media`)).status, 400)
      // The log does not hold the bytes a second time.
      const [entry] = yield* emulator.requests
      assert.deepStrictEqual([entry?.bytesSent, entry?.responseText], [bytes.length, ""])
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("a registration needs a bearer beside the key, and addresses in Cloud Storage", () =>
    Effect.gen(function*() {
      const register = (uris: ReadonlyArray<string>, headers: Readonly<Record<string, string>>) =>
        ask("POST", "/v1beta/files:register", { json: { uris }, headers })
      const bearer = { authorization: "Bearer ya29.token" }
      assert.strictEqual((yield* register(["gs://bucket/one"], {})).status, 401)
      assert.strictEqual((yield* register(["https://x/y"], bearer)).status, 400)
      assert.strictEqual((yield* register([], bearer)).status, 400)
      const made = yield* register(["gs://bucket/one", "gs://bucket/two"], bearer)
      const files = made.body["files"]
      assert.deepStrictEqual(
        Array.isArray(files) ? files.map(({ source, uri }: Record<string, string>) => [source, uri]) : [],
        [["REGISTERED", "gs://bucket/one"], ["REGISTERED", "gs://bucket/two"]]
      )
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("a file has at most 2 GB, and the files of a project 20 GB with what open uploads announce", () =>
    Effect.gen(function*() {
      const largest = 2 * 1024 ** 3
      assert.strictEqual((yield* start(largest + 1)).status, 400)
      for (let i = 0; i < 10; i++) assert.strictEqual((yield* start(largest)).status, 200)
      const full = yield* start(1)
      assert.deepStrictEqual([full.status, full.body.error?.status], [429, "RESOURCE_EXHAUSTED"])
      assert.strictEqual((yield* start(0)).status, 200)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("spaces keep files of their own, and an upload's address leads back to its space", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const mine = yield* emulator.space("mine")
      const started = yield* start(3, undefined, undefined, { key: "space:mine" })
      assert.include(urlOf(started) ?? "", "/spaces/mine/upload/v1beta/files?")
      const name = nameOf(yield* command(urlOf(started), "upload, finalize", 0, bytesOf(3)))
      assert.lengthOf(yield* mine.files.list, 1)
      assert.lengthOf(yield* emulator.files.list, 0)
      assert.strictEqual((yield* ask("GET", `/v1beta/${name}`)).status, 403)
      assert.strictEqual((yield* ask("GET", `/v1beta/${name}`, { key: "space:mine" })).status, 200)
      yield* mine.clear
      assert.lengthOf(yield* mine.files.list, 0)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("beyond its bound the oldest files go, which is told", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const names: Array<string> = []
      for (let i = 0; i < 4; i++) names.push(nameOf(yield* upload(bytesOf(300))))
      const statuses = yield* Effect.forEach(names, (name) =>
        Effect.map(ask("GET", `/v1beta/${name}`), ({ status }) => status))
      assert.deepStrictEqual(statuses, [403, 200, 200, 200])
      assert.strictEqual(yield* emulator.files.dropped, 1)
      const refusals = (yield* emulator.requests).flatMap(({ verdict }) =>
        verdict?.refused ?? []
      )
      assert.match(refusals[0] ?? "", /The emulator dropped this file: it had no more room\./)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ storedBytes: 900 }))))

  it.effect("bytes above 1 MiB lie in a temporary folder, which goes with the emulator", () =>
    Effect.gen(function*() {
      const before = folders()
      yield* Effect.gen(function*() {
        yield* upload(bytesOf(1024 * 1024))
        assert.deepStrictEqual(folders(), before)
        const large = yield* upload(bytesOf(1024 * 1024 + 1))
        const [made = ""] = folders().filter((name) => !before.includes(name))
        assert.lengthOf(readdirSync(`${tmpdir()}/${made}`), 1)
        yield* ask("DELETE", `/v1beta/${nameOf(large)}`)
        assert.lengthOf(readdirSync(`${tmpdir()}/${made}`), 0)
        yield* start(9_000_000)
        assert.isTrue(existsSync(`${tmpdir()}/${made}`))
      }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit })))
      assert.deepStrictEqual(folders(), before)
    }))

  it.effect("an operation is done when the clock says so; an unknown one is a 404", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const get = (name: string) => Effect.map(ask("GET", `/v1beta/${name}`), ({ body }) => body)
      const name = yield* emulator.operations.begin({ parent: "models/veo", after: 1000, response: { a: 1 } })
      assert.match(name, /^models\/veo\/operations\/[a-z0-9]+$/)
      assert.deepStrictEqual(yield* get(name), { name })
      yield* emulator.adjust(1000)
      assert.deepStrictEqual(yield* get(name), { name, done: true, response: { a: 1 } })
      const failed = yield* emulator.operations.begin({
        parent: "fileSearchStores/s/upload",
        error: { code: 3, message: "no" }
      })
      assert.deepStrictEqual(yield* get(failed), { name: failed, done: true, error: { code: 3, message: "no" } })
      assert.strictEqual((yield* ask("GET", "/v1beta/models/veo/operations/none")).status, 404)
      const list = (yield* ask("GET", "/v1beta/models/veo/operations")).body["operations"]
      assert.lengthOf(Array.isArray(list) ? list : [], 1)
      const batch = yield* emulator.operations.begin({ name: "batches/b1", after: 1000 })
      yield* ask("POST", "/v1beta/batches/b1:cancel", { json: {} })
      assert.deepStrictEqual((yield* get(batch))["error"], { code: 1, message: "The operation was cancelled." })
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("a lost last answer leaves the file behind; a fault of the server leaves nothing", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const method = "files.upload.finalize"
      yield* emulator.addFault({ when: { method, times: 1 }, reset: true })
      const lost = yield* Effect.exit(upload(bytesOf(3), { name: "files/lost" }))
      assert.strictEqual(lost._tag, "Failure")
      assert.strictEqual((yield* ask("GET", "/v1beta/files/lost")).status, 200)
      yield* emulator.addFault({ when: { method, times: 1 }, status: 503 })
      assert.strictEqual((yield* upload(bytesOf(3), { name: "files/not" })).status, 503)
      assert.strictEqual((yield* ask("GET", "/v1beta/files/not")).status, 403)
    }).pipe(Effect.provide(Emulator.layerHttpClient({ uploadGranularity: unit }))))

  it.effect("over sockets a client that breaks off leaves whole units behind", () =>
    Effect.gen(function*() {
      const { files } = yield* Emulator.Emulator
      const url = urlOf(yield* start(4 * unit))
      const half = new AbortController()
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(bytesOf(2 * unit + 99)),
        pull: () => new Promise(() => undefined)
      })
      const sent = fetch(url ?? "", {
        method: "POST",
        headers: { "x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0" },
        body,
        signal: half.signal,
        duplex: "half"
      } as RequestInit)
      const arrived = Effect.map(files.uploads, ([upload]) => (upload?.arrived ?? 0) >= 2 * unit + 99)
      yield* Effect.repeat(Effect.andThen(Effect.promise(() => new Promise(setImmediate)), arrived), {
        until: (is) => is
      })
      half.abort()
      yield* Effect.promise(() => sent.catch(() => undefined))
      const asked = yield* command(url, "query")
      assert.strictEqual(receivedOf(asked), 2 * unit)
      const rest = yield* command(url, "upload, finalize", 2 * unit, bytesOf(4 * unit).subarray(2 * unit))
      const sha = createHash("sha256").update(bytesOf(4 * unit)).digest("hex")
      assert.strictEqual(rest.body.file?.["sha256Hash"], Buffer.from(sha).toString("base64"))
    }).pipe(Effect.provide(Layer.merge(Emulator.layerServer({ uploadGranularity: unit }), FetchHttpClient.layer))))
})
