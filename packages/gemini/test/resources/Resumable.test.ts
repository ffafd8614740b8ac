/**
 * Resumable uploads against a model of the server, with faults at random: every byte arrives once, and who sends what
 * twice is bounded. The chunks are small here, and the rest is as it is.
 */
import { assert, describe, it } from "@effect/vitest"
import type { UploadHandle } from "effect-gemini/files/UploadHandle"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Resumable from "../../src/internal/uploads/resumable.ts"
import * as Source from "../../src/internal/uploads/source.ts"
import * as StartUpload from "../../src/internal/uploads/startUpload.ts"

const unit = 4
const chunk = 16

const dice = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

type Fate = "good" | "cut" | "lost" | "busy" | "garbage"

/** A server that keeps whole units of what a broken connection leaves, and has one upload. */
const server = (fate: (command: string) => Fate, random: (below: number) => number, loses = false) => {
  let kept: Array<number> = []
  let status: "active" | "final" | "cancelled" = "active"
  const seen = { requests: 0, bytes: 0, faults: 0 }
  const headers = () => ({
    "x-goog-upload-status": status,
    "x-goog-upload-size-received": String(kept.length)
  })
  const file = () =>
    new Response(JSON.stringify({ file: { name: "files/a", size: kept.length } }), { headers: headers() })
  const answer = (verb: string, command: string, offset: number, body: Uint8Array): Response | "broken" => {
    seen.requests++
    if (verb === "GET") {
      return status === "final"
        ? new Response(JSON.stringify({ name: "files/a", size: kept.length }))
        : new Response(JSON.stringify({ error: { code: 403, message: "it may not exist." } }), { status: 403 })
    }
    const what = fate(command)
    if (what !== "good") seen.faults++
    if (what === "busy") return new Response("{}", { status: 503 })
    if (command === "query") return what === "good" ? new Response("", { headers: headers() }) : "broken"
    if (command === "cancel") {
      status = "cancelled"
      return new Response("", { headers: headers() })
    }
    if (status !== "active") return new Response("{}", { status: 410 })
    if (offset !== kept.length) return new Response("{}", { status: 400, headers: headers() })
    const isLast = command.endsWith("finalize")
    if (what === "cut") {
      const arrived = random(body.length + 1)
      seen.bytes += arrived
      kept.push(...body.subarray(0, arrived - arrived % unit))
      if (loses) kept = []
      return "broken"
    }
    seen.bytes += body.length
    if (!isLast && body.length % unit !== 0) return new Response("{}", { status: 400 })
    kept.push(...body)
    if (isLast) status = "final"
    if (what === "lost") return "broken"
    if (what === "garbage") return new Response("<html>", { headers: headers() })
    return isLast ? file() : new Response("", { headers: headers() })
  }
  const client = HttpClient.make((request) =>
    Effect.suspend(() => {
      const { body, headers, method } = request
      const bytes = body._tag === "Uint8Array" ? body.body.slice() : new Uint8Array()
      const answered = answer(
        method,
        headers["x-goog-upload-command"] ?? "",
        Number(headers["x-goog-upload-offset"]),
        bytes
      )
      return answered === "broken"
        ? Effect.fail(
          new HttpClientError.HttpClientError({
            reason: new HttpClientError.TransportError({
              request,
              cause: Object.assign(new Error("reset"), { code: "ECONNRESET" })
            })
          })
        )
        : Effect.succeed(HttpClientResponse.fromWeb(request, answered))
    })
  )
  return { client, kept: () => Uint8Array.from(kept), status: () => status, seen }
}

const Answer = Schema.Struct({ file: Schema.Struct({ name: Schema.String }) })

const handle: UploadHandle = { name: "files/a", url: "/upload/v1beta/files?upload_id=1", granularity: unit }

/** How the bytes are given: in random pieces, or so that any of them can be had at once. */
const ways = ["pieces", "bytes", "blob"] as const

/** Runs an upload of these bytes, and gives what it told. */
const upload = (
  client: HttpClient.HttpClient,
  bytes: Uint8Array,
  random: (below: number) => number,
  options: {
    readonly attempts: number
    readonly size?: number
    readonly isNew?: boolean
    readonly way?: typeof ways[number] | undefined
  }
) =>
  Effect.gen(function*() {
    const http = yield* ResourceHttp.ResourceHttp
    const pieces: Array<Uint8Array> = []
    for (let at = 0; at < bytes.length;) {
      const next = at + 1 + random(30)
      pieces.push(bytes.subarray(at, next))
      at = next
    }
    const given = options.way === "bytes"
      ? bytes
      : options.way === "blob"
      ? new Blob([Uint8Array.from(bytes)])
      : Stream.fromIterable(pieces)
    const source = yield* Source.open("files.upload", given, options.size)
    const sized = options.size === undefined ? handle : { ...handle, size: options.size }
    return yield* Stream.runCollect(Resumable.run(
      {
        http,
        method: "files.upload",
        answer: Answer,
        find: Effect.map(
          http.ask({ method: "files.get", httpMethod: "GET", path: "files/a", answer: Answer.fields.file }),
          ({ value }) => ({ file: value })
        ),
        options: undefined,
        retry: { attempts: options.attempts, baseDelay: 0, maxDelay: 0 }
      },
      sized,
      source,
      { isNew: options.isNew ?? true, largest: 1_000, chunk }
    ))
  }).pipe(
    Effect.provide(Layer.provide(
      ResourceHttp.layer({
        apiKey: Redacted.make("key"),
        baseUrl: "http://server.invalid",
        retry: { attempts: 1 }
      }),
      Layer.succeed(HttpClient.HttpClient, client)
    ))
  )

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff)

describe("a resumable upload", () => {
  it.live("brings every byte once through faults at random, and sends at most a chunk twice for each", () =>
    Effect.gen(function*() {
      let faults = 0
      for (let seed = 1; seed <= 300; seed++) {
        const random = dice(seed)
        const bytes = bytesOf([0, 1, 15, 16, 17, 32, 33, 64, 100][random(9)] ?? 0)
        const fates = ["good", "good", "good", "cut", "lost", "busy", "garbage"] as const
        const one = server(() => fates[random(fates.length)] ?? "good", random)
        const told = yield* upload(one.client, bytes, random, {
          attempts: 40,
          way: ways[random(3)],
          ...(random(2) === 0 ? {} : { size: bytes.length })
        })
        const where = `seed ${seed}`
        assert.deepStrictEqual(one.kept(), bytes, where)
        assert.strictEqual(one.status(), "final", where)
        assert.deepStrictEqual(told.at(-1)?.answer?.file.name, "files/a", where)
        assert.strictEqual(told.at(-1)?.sent, bytes.length, where)
        assert.lengthOf(told.filter(({ answer }) => answer !== undefined), 1, where)
        const sent = told.map(({ sent }) => sent)
        assert.deepStrictEqual(sent, [...sent].sort((a, b) => a - b), where)
        assert.isAtMost(one.seen.bytes - bytes.length, one.seen.faults * chunk, where)
        faults += one.seen.faults
      }
      assert.isAbove(faults, 400)
    }))

  it.live("goes on from where the server is, whatever that is", () =>
    Effect.gen(function*() {
      for (let n = 0; n <= 64 / unit * 3; n++) {
        const had = Math.floor(n / 3) * unit
        const random = dice(n + 1)
        const one = server(() => "good", random)
        const bytes = bytesOf(70)
        // Another process has sent so many bytes.
        yield* HttpClient.HttpClient.use((client) =>
          client.execute(
            HttpClientRequest.post("http://server.invalid/upload").pipe(
              HttpClientRequest.setHeaders({ "x-goog-upload-command": "upload", "x-goog-upload-offset": "0" }),
              HttpClientRequest.bodyUint8Array(bytes.subarray(0, had))
            )
          )
        ).pipe(Effect.provideService(HttpClient.HttpClient, one.client))
        yield* upload(one.client, bytes, random, { attempts: 1, isNew: false, way: ways[n % 3] })
        assert.deepStrictEqual(one.kept(), bytes, `had ${had}`)
        assert.strictEqual(one.seen.bytes, bytes.length)
      }
    }))

  it.live("fails after so many attempts without a byte more, also with a server that loses what it had", () =>
    Effect.gen(function*() {
      for (const loses of [false, true]) {
        const random = dice(3)
        const one = server((command) => command === "upload" ? "cut" : "good", loses ? random : () => 0, loses)
        const error = yield* Effect.flip(upload(one.client, bytesOf(64), random, { attempts: 5 }))
        assert.deepInclude(error.reason, { _tag: "Network", code: "ECONNRESET" })
        assert.isAtMost(one.seen.requests, 60)
      }
    }))

  it.live("does not believe that the server has more than was sent, and takes no size that is not that of the source", () =>
    Effect.gen(function*() {
      const random = dice(5)
      const lying = HttpClient.make((request) =>
        Effect.succeed(HttpClientResponse.fromWeb(
          request,
          request.headers["x-goog-upload-command"] === "query"
            ? new Response("", {
              headers: { "x-goog-upload-status": "active", "x-goog-upload-size-received": "1000000" }
            })
            : new Response("{}", { status: 503 })
        ))
      )
      const error = yield* Effect.flip(upload(lying, bytesOf(64), random, { attempts: 3 }))
      assert.deepInclude(error.reason, { _tag: "InvalidResponse", path: "x-goog-upload-size-received" })
      for (const way of ways) {
        for (const size of [0, 15, 16, 63, 65]) {
          const one = server(() => "good", random)
          const wrong = yield* Effect.flip(upload(one.client, bytesOf(64), random, { attempts: 1, size, way }))
          assert.strictEqual(wrong.reason._tag, "InvalidRequest", `${way} ${size}`)
          assert.strictEqual(one.status(), "cancelled", `${way} ${size}`)
        }
        const large = yield* Effect.flip(
          upload(server(() => "good", random).client, bytesOf(1_001), random, { attempts: 1, way })
        )
        assert.include(large.message, "more than the 1000 bytes")
        yield* upload(server(() => "good", random).client, bytesOf(1_000), random, { attempts: 1, way })
      }
    }))

  it.live("gives a Blob in pieces of 256 kB from any offset on, to the last byte", () =>
    Effect.scoped(Effect.gen(function*() {
      const piece = 256 * 1024
      for (const [size, offset] of [[0, 0], [1, 0], [piece, 0], [piece + 1, 0], [piece * 2, 5], [10, 10]] as const) {
        const bytes = bytesOf(size)
        const { at } = yield* Source.open("files.upload", new Blob([Uint8Array.from(bytes)]), undefined)
        const next = yield* at(offset)
        const sizes: Array<number> = []
        const found: Array<number> = []
        for (let got = yield* next; got !== undefined; got = yield* next) {
          sizes.push(got.length)
          for (const byte of got) found.push(byte)
        }
        const left = size - offset
        const whole = Array.from({ length: Math.floor(left / piece) }, () => piece)
        assert.deepStrictEqual(sizes, left % piece === 0 ? whole : [...whole, left % piece])
        assert.deepStrictEqual(Uint8Array.from(found), bytes.subarray(offset))
      }
    })))

  it.live("sends bytes in memory as parts of them, which are not copied", () =>
    Effect.gen(function*() {
      const bytes = bytesOf(40)
      const buffers: Array<unknown> = []
      const { client } = server(() => "good", dice(1))
      const noting = HttpClient.make((request) => {
        if (request.body._tag === "Uint8Array" && request.headers["x-goog-upload-offset"] !== undefined) {
          buffers.push(request.body.body.buffer)
        }
        return client.execute(request)
      })
      yield* upload(noting, bytes, dice(1), { attempts: 1, way: "bytes" })
      assert.lengthOf(buffers, 3)
      for (const buffer of buffers) assert.strictEqual(buffer, bytes.buffer)
    }))

  it.live("refuses a Blob that throws, or gives fewer bytes than it says it has, and does not repeat what it threw", () =>
    Effect.gen(function*() {
      class Torn extends Blob {
        override slice(): Blob {
          return new Blob([new Uint8Array(3)])
        }
      }
      class Gone extends Blob {
        override slice(): Blob {
          throw new Error("secret")
        }
      }
      for (const blob of [new Torn([bytesOf(64)]), new Gone([bytesOf(64)])]) {
        const { at, whole } = yield* Source.open<never>("files.upload", blob, undefined)
        const first = Effect.flatten(at(0))
        const part = Effect.suspend(() => whole === undefined ? Effect.undefined : whole.slice(0, 16))
        for (const read of [part, first]) {
          const error = yield* Effect.flip(Effect.scoped(read))
          assert.strictEqual(error.reason._tag, "InvalidRequest")
          assert.include(error.message, "the Blob could not be read")
          assert.notInclude(JSON.stringify(error), "secret")
        }
      }
    }))

  it.live("takes no unit of chunks that would fill the memory", () =>
    Effect.gen(function*() {
      const http = yield* ResourceHttp.ResourceHttp
      const error = yield* Effect.flip(StartUpload.start(
        { http, method: "files.upload", options: undefined },
        { path: "files", body: {}, name: "files/a", mimeType: "text/plain", size: 1 }
      ))
      assert.deepInclude(error.reason, { _tag: "InvalidResponse", path: "x-goog-upload-chunk-granularity" })
    }).pipe(
      Effect.provide(Layer.provide(
        ResourceHttp.layer({ apiKey: Redacted.make("key"), baseUrl: "http://server.invalid" }),
        Layer.succeed(
          HttpClient.HttpClient,
          HttpClient.make((request) =>
            Effect.succeed(HttpClientResponse.fromWeb(
              request,
              new Response("", {
                headers: { "x-goog-upload-url": "/upload/1", "x-goog-upload-chunk-granularity": "10000000000" }
              })
            ))
          )
        )
      ))
    ))
})
