/**
 * A client in a process of its own: `upload URL BYTES HANDLE [KILL]`, `bare URL BYTES`, `download URL NAME`.
 *
 * `upload` begins an upload and keeps its handle in the file HANDLE, or goes on with the one that lies there; it says a
 * line at each progress. It dies by kill -9 when KILL bytes have been read from its source. `bare` is the least that an upload costs: undici, one request. At the end each says its time,
 * and by how much it grew at most.
 */

import Undici from "@effect/platform-node/Undici"
import * as Files from "effect-gemini/files/Files"
import * as UploadHandle from "effect-gemini/files/UploadHandle"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs"
import { Readable } from "node:stream"
import { pieces } from "./largeBytes.ts"

const [what, url = "", amount = "0", place = "", killAt = "0", seeks = ""] = process.argv.slice(2)
const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)

const retry = { attempts: 10, baseDelay: "5 millis", maxDelay: "50 millis" } as const
const files = Files.layer({ retry }).pipe(
  Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl: url, retry })),
  Layer.provide(NodeGemini.layerHttpClient())
)

function* source(from: number): Generator<Uint8Array> {
  let read = from
  for (const piece of pieces(Number(amount), from)) {
    read += piece.length
    if (Number(killAt) > 0 && read >= Number(killAt)) process.kill(process.pid, "SIGKILL")
    yield piece
  }
}

const upload = Files.Files.use((files) =>
  Effect.gen(function*() {
    const opened = (offset: number) => Stream.fromIterable(source(offset), { chunkSize: 1 })
    const bytes = seeks === "seeks" ? opened : opened(0)
    const kept = existsSync(place) ? JSON.parse(readFileSync(place, "utf8")) : undefined
    const progress = kept === undefined
      ? files.uploadProgress(bytes, { mimeType: "text/plain", size: Number(amount) })
      : files.resumeProgress(yield* Schema.decodeUnknownEffect(UploadHandle.UploadHandle)(kept), bytes)
    yield* Stream.runForEach(progress, ({ file, handle, sent }) =>
      Effect.sync(() => {
        if (!existsSync(place)) {
          writeFileSync(`${place}.new`, JSON.stringify(handle))
          renameSync(`${place}.new`, place)
        }
        say({ sent, ...(file === undefined ? {} : { name: file.file.name }) })
      }))
  })
)

/** Begins an upload and sends everything in one request. */
const bare = Effect.promise(async () => {
  const start = await Undici.request(`${url}/upload/v1beta/files`, {
    method: "POST",
    headers: {
      "x-goog-api-key": "key",
      "x-goog-upload-protocol": "resumable",
      "x-goog-upload-command": "start",
      "x-goog-upload-header-content-length": amount,
      "x-goog-upload-header-content-type": "text/plain"
    },
    body: "{}"
  })
  await start.body.dump()
  const response = await Undici.request(String(start.headers["x-goog-upload-url"]), {
    method: "POST",
    headers: {
      "content-length": amount,
      "x-goog-upload-command": "upload, finalize",
      "x-goog-upload-offset": "0"
    },
    body: Readable.from(pieces(Number(amount)), { objectMode: false })
  })
  if (response.statusCode !== 200) throw new Error(await response.body.text())
  await response.body.dump()
})

const download = Files.Files.use((files) =>
  Effect.gen(function*() {
    const hash = createHash("sha256")
    yield* Stream.runForEach(files.download(amount), (bytes) => Effect.sync(() => hash.update(bytes)))
    say({ sha256: hash.digest("hex") })
  })
)

const program = what === "upload"
  ? Effect.provide(upload, files)
  : what === "download"
  ? Effect.provide(download, files)
  : bare

// The first call loads what every later one has.
await Effect.runPromise(
  Files.Files.use((files) => Stream.runDrain(files.list())).pipe(Effect.provide(files), Effect.ignore)
)
globalThis.gc?.()
const idle = process.memoryUsage().rss
let most = idle
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage().rss)
}, 5)
const from = performance.now()
await Effect.runPromise(program)
clearInterval(watch)
say({ millis: performance.now() - from, grown: Math.max(most, process.memoryUsage().rss) - idle })
process.exit(0)
