/** An upload from its start to its last answer, at its edges: each header, each status, and who is asked about it. */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import type { UploadHandle } from "effect-gemini/files/UploadHandle"
import { GeminiError } from "effect-gemini/GeminiError"
import type * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as StoreService from "../../src/internal/stores/storeService.ts"
import * as Resumable from "../../src/internal/uploads/resumable.ts"
import * as Source from "../../src/internal/uploads/source.ts"
import * as StartUpload from "../../src/internal/uploads/startUpload.ts"
import { unmentioned } from "./notedHttp.ts"

const error = (reason: Reason.GeminiErrorReason, status?: number) =>
  new GeminiError({ method: "m", attempts: [], reason, ...(status === undefined ? {} : { status }) })
const lost = error(new Reason.Network({ code: "ECONNRESET", description: "reset" }))
const missing = error(new Reason.NotFound({ nearMatches: [] }), 404)
const invalid = error(new Reason.InvalidRequest({ fields: [] }), 400)
const refused = error(new Reason.Unauthenticated({}), 401)

interface Said {
  readonly value?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly member?: string
  readonly isSettled?: boolean
}

/** Answers one after the other, the last of them for ever. */
const make = (...answers: ReadonlyArray<Said | GeminiError>) => {
  const asked: Array<Readonly<Record<string, unknown>>> = []
  let nth = 0
  const answer = ({ answer: _answer, body, ...request }: ResourceHttp.Ask<unknown> | ResourceHttp.Create<unknown>) =>
    Effect.suspend(() => {
      const bytes = body instanceof Uint8Array ? [...body] : body
      asked.push(unmentioned({ ...request, ...(bytes === undefined ? {} : { body: bytes }) }))
      const said = answers[Math.min(nth++, answers.length - 1)] ?? {}
      if (said instanceof GeminiError) return Effect.fail(said)
      const { headers = {}, isSettled, member, value = {} } = said
      return Effect.succeed({ value, headers: Headers.fromInput(headers), member, isSettled, attempts: [] })
    })
  const http = { members: [], ask: answer, create: answer } as unknown as ResourceHttp.Service
  return { asked, http }
}
const expectedOf = ({ reason }: GeminiError) => reason._tag === "InvalidResponse" ? reason.path : reason._tag

describe("the start of an upload", () => {
  const begin = { path: "files", body: { a: 1 }, name: "files/a", mimeType: undefined, size: undefined }
  const start = (said: Said, more: Partial<StartUpload.Start> = {}) => {
    const { asked, http } = make(said)
    return Effect.map(
      Effect.result(StartUpload.start({ http, method: "files.upload", options: undefined }, { ...begin, ...more })),
      (result) => ({ asked, result: result._tag === "Success" ? result.success : expectedOf(result.failure) })
    )
  }
  const url = "http://u.test/1"
  const headers = { "x-goog-upload-url": url }
  it.effect("announces what is known, and no more, and its handle has what the server said", () =>
    Effect.gen(function*() {
      const plain = yield* start({ headers })
      const protocol = { "x-goog-upload-protocol": "resumable", "x-goog-upload-command": "start" }
      const request = { method: "files.upload", root: "/upload", path: "files", body: { a: 1 } }
      assert.deepStrictEqual(plain.asked, [{ ...request, httpMethod: "POST", isRepeatable: true, headers: protocol }])
      assert.deepStrictEqual(plain.result, { name: "files/a", url, granularity: 262_144 })
      const full = yield* start(
        { headers: { ...headers, "x-goog-upload-chunk-granularity": "8" }, member: "m" },
        { size: 5, mimeType: "text/plain", fileName: "ü.txt", of: ["files/b"], settle: { name: "files/a" } }
      )
      assert.deepStrictEqual(full.asked, [{
        ...request,
        of: ["files/b"],
        settle: { name: "files/a" },
        headers: {
          ...protocol,
          "x-goog-upload-header-content-length": "5",
          "x-goog-upload-header-content-type": "text/plain",
          "x-goog-upload-file-name": "%C3%BC.txt"
        }
      }])
      assert.deepStrictEqual(full.result, {
        name: "files/a",
        url,
        granularity: 8,
        size: 5,
        mimeType: "text/plain",
        member: "m"
      })
    }))
  it.effect("fails without an address, where its name is taken, and by a unit that no buffer has", () =>
    Effect.gen(function*() {
      const unit = (said: string) => start({ headers: { ...headers, "x-goog-upload-chunk-granularity": said } })
      assert.strictEqual((yield* start({})).result, "x-goog-upload-url")
      assert.strictEqual((yield* start({ headers: { "x-goog-upload-url": "" } })).result, "x-goog-upload-url")
      const settle = { name: "files/a" }
      assert.strictEqual((yield* start({ headers, isSettled: true }, { settle })).result, "InvalidRequest")
      for (const said of ["0", String(64 * 1024 * 1024 + 1)]) {
        assert.strictEqual((yield* unit(said)).result, "x-goog-upload-chunk-granularity")
      }
      for (
        const [said, granularity] of [["1", 1], ["67108864", 67_108_864], ["x", 262_144], ["1.5", 262_144], [
          "1234567890123456",
          262_144
        ]] as const
      ) assert.deepStrictEqual((yield* unit(said)).result, { name: "files/a", url, granularity })
    }))
})

describe("the bytes of an upload", () => {
  const Answer = Schema.Struct({ file: Schema.Struct({ name: Schema.String }) })
  const file = { file: { name: "files/a" } }
  const handle: UploadHandle = { name: "files/a", url: "http://u.test/1", granularity: 4, member: "m" }
  const active = (received?: number): Said => ({
    headers: {
      "x-goog-upload-status": "Active",
      ...(received === undefined ? {} : { "x-goog-upload-size-received": String(received) })
    }
  })
  const final: Said = { value: file, headers: { "x-goog-upload-status": "FINAL" } }
  const status = (said: string): Said => ({ headers: { "x-goog-upload-status": said } })
  const run = (
    answers: ReadonlyArray<Said | GeminiError>,
    { find, isNew = true, size = 6, ...more }: {
      readonly find?: Effect.Effect<typeof Answer.Type, GeminiError>
      readonly isNew?: boolean
      readonly size?: number
      readonly handle?: UploadHandle
      readonly attempts?: number
    } = {}
  ) =>
    Effect.gen(function*() {
      const { asked, http } = make(...answers)
      const source = yield* Source.open<never>("m", Uint8Array.from({ length: size }, (_, nth) => nth), undefined)
      const { attempts = 2 } = more
      const told = yield* Effect.result(Stream.runCollect(Resumable.run(
        {
          http,
          method: "files.upload",
          answer: Answer,
          options: undefined,
          retry: { attempts, baseDelay: 0, maxDelay: 0 },
          ...(find === undefined ? {} : { find })
        },
        more.handle ?? handle,
        source,
        { isNew, largest: 100, chunk: 4 }
      )))
      return {
        asked,
        commands: asked.map(({ headers }) => Object.values(headers ?? {}).join("@")),
        told: told._tag === "Success" ? told.success : undefined,
        failure: told._tag === "Failure" ? told.failure : undefined
      }
    })
  it.effect("go at their offsets to who has the upload, and each progress tells the handle and how far it is", () =>
    Effect.gen(function*() {
      const { asked, told } = yield* run([active(), final])
      const request = {
        method: "files.upload",
        httpMethod: "POST",
        url: "http://u.test/1",
        of: [{ name: "files/a", member: "m" }],
        isRepeatable: false
      }
      assert.deepStrictEqual(asked, [
        { ...request, headers: { "x-goog-upload-command": "upload", "x-goog-upload-offset": "0" }, body: [0, 1, 2, 3] },
        {
          ...request,
          headers: { "x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "4" },
          body: [4, 5]
        }
      ])
      const progress = { handle, size: 6 }
      assert.deepStrictEqual(told, [
        { ...progress, sent: 0, answer: undefined },
        { ...progress, sent: 4, answer: undefined },
        { ...progress, sent: 6, answer: file }
      ])
      const { member: _, ...alone } = handle
      const one = yield* run([active(), final], { handle: alone })
      assert.deepStrictEqual(one.asked[0]?.["of"], [{ name: "files/a" }])
    }))
  it.effect("go on from where the server is, once it was asked, and stop where it is at their end", () =>
    Effect.gen(function*() {
      const four = yield* run([active(4), final], { isNew: false })
      assert.deepStrictEqual(four.commands, ["query", "upload, finalize@4"])
      assert.deepStrictEqual(four.told?.map(({ sent }) => sent), [4, 6])
      const again = yield* run([lost, active(0), active(), final], { isNew: false })
      assert.deepStrictEqual(again.commands, ["query", "query", "upload@0", "upload, finalize@4"])
      const found = yield* run([status("final")], { isNew: false, find: Effect.succeed(file) })
      assert.deepStrictEqual(found.told, [{ handle, sent: 6, size: 6, answer: file }])
      const half = yield* run([lost, active(2), active(), final])
      assert.deepStrictEqual(half.commands, ["upload@0", "query", "upload@2", "upload, finalize@4"])
      const judged = yield* run([invalid, active(0)])
      assert.deepStrictEqual([judged.commands, judged.failure], [["upload@0", "query"], invalid])
      // It stands elsewhere than we thought: the bytes go there.
      const elsewhere = yield* run([invalid, active(4), final])
      assert.deepStrictEqual(elsewhere.commands, ["upload@0", "query", "upload, finalize@4"])
      const denied = yield* run([refused])
      assert.deepStrictEqual([denied.commands, denied.failure], [["upload@0"], refused])
    }))
  it.effect("end by what the server says of the upload, and by what may exist where nothing can be found out", () =>
    Effect.gen(function*() {
      const asked = (said: Said | GeminiError, find?: Effect.Effect<typeof Answer.Type, GeminiError>) =>
        Effect.map(run([said], { isNew: false, ...(find === undefined ? {} : { find }) }), ({ failure }) => [
          failure && expectedOf(failure),
          failure?.mayExist
        ])
      const mayExist = { name: "files/a", member: "m" }
      assert.deepStrictEqual(yield* asked(active()), ["x-goog-upload-size-received", undefined])
      assert.deepStrictEqual(yield* asked(status("cancelled")), ["InvalidRequest", undefined])
      assert.deepStrictEqual(yield* asked(status("other")), ["x-goog-upload-status", undefined])
      assert.deepStrictEqual(yield* asked({}), ["x-goog-upload-status", undefined])
      assert.deepStrictEqual(yield* asked(status("final")), ["x-goog-upload-status", mayExist])
      assert.deepStrictEqual(yield* asked(status("final"), Effect.fail(refused)), ["x-goog-upload-status", mayExist])
      assert.deepStrictEqual(yield* asked(status("final"), Effect.fail(missing)), ["x-goog-upload-status", undefined])
      assert.deepStrictEqual(yield* asked(missing), ["NotFound", mayExist])
      assert.deepStrictEqual(yield* asked(refused), ["Unauthenticated", undefined])
      const last = yield* run([active(), lost], { attempts: 1 })
      assert.deepStrictEqual([last.failure?.reason._tag, last.failure?.mayExist], ["Network", mayExist])
      const first = yield* run([lost], { attempts: 1 })
      assert.deepStrictEqual([first.failure?.reason._tag, first.failure?.mayExist], ["Network", undefined])
      // An answer that is none of the upload's is asked about, and then nothing is known.
      const wrong = yield* run([{ ...final, value: {} }], { size: 3 })
      assert.deepStrictEqual(wrong.commands, ["upload, finalize@0", "query"])
      assert.deepStrictEqual(wrong.failure?.mayExist, mayExist)
    }))
})

describe("a store that is not empty", () => {
  const nonEmpty = error(new Reason.InvalidRequest({ description: "Cannot delete non-empty store", fields: [] }), 400)
  const removed = (...answers: ReadonlyArray<Said | GeminiError>) =>
    Effect.map(
      Effect.flip(StoreService.make(make(...answers).http, undefined).delete("s")),
      ({ reason }) => reason._tag === "InvalidRequest" ? reason.description : reason._tag
    )
  const store = (more: object) => ({ value: { name: "fileSearchStores/s", ...more } })
  const inside = (count: number, more: object = {}) => ({
    value: { documents: Array.from({ length: count }, (_, nth) => ({ name: `d${nth}`, ...more })) }
  })
  it.effect("says what is inside, and how many more", () =>
    Effect.gen(function*() {
      const said = "Cannot delete non-empty store"
      const end = "force deletes them, too"
      const two = yield* removed(nonEmpty, store({}), inside(2))
      assert.strictEqual(two, `${said}: 2 documents are inside ("d0", "d1"); ${end}`)
      const counts = { activeDocumentsCount: "4", pendingDocumentsCount: 2, failedDocumentsCount: 1 }
      const many = yield* removed(nonEmpty, store(counts), inside(6, { displayName: "D" }))
      assert.strictEqual(many, `${said}: 7 documents are inside ("D", "D", "D", "D", "D", and 2 more); ${end}`)
      assert.strictEqual(yield* removed(nonEmpty, refused), said)
      assert.strictEqual(yield* removed(refused), "Unauthenticated")
      assert.isUndefined(yield* removed(invalid))
    }))
})

describe("a document whose last answer was lost", () => {
  const begun: Said = { headers: { "x-goog-upload-url": "http://u.test/1" } }
  const document = {
    name: "d",
    displayName: "D",
    mimeType: "text/plain",
    sizeBytes: "3",
    createTime: "1970-01-01T00:00:00Z"
  }
  const upload = (...documents: ReadonlyArray<object>) =>
    Effect.gen(function*() {
      const { http } = make(begun, lost, { headers: { "x-goog-upload-status": "final" } }, { value: { documents } })
      const stores = StoreService.make(http, { baseDelay: 0, maxDelay: 0 })
      return yield* Effect.match(
        stores.upload("s", new Uint8Array(3), { mimeType: "text/plain", displayName: "D" }),
        { onFailure: ({ mayExist, reason }) => [reason._tag, mayExist], onSuccess: ({ operation }) => operation }
      )
    })
  it.effect("is the only new one that is as it was announced", () =>
    Effect.gen(function*() {
      const made = { name: "d", done: true, response: { documentName: "d", parent: "fileSearchStores/s" } }
      assert.deepStrictEqual<unknown>(yield* upload(document), made)
      const others = [
        { ...document, displayName: "E" },
        { ...document, mimeType: "text/csv" },
        { ...document, sizeBytes: "4" },
        { ...document, createTime: "1969-12-31T23:54:59Z" },
        { ...document, createTime: undefined }
      ]
      assert.deepStrictEqual(yield* upload(...others, document), made)
      assert.deepStrictEqual(yield* upload({ ...document, createTime: "1969-12-31T23:55:00Z" }), made)
      const unknown = ["InvalidResponse", { name: "fileSearchStores/s" }]
      assert.deepStrictEqual<unknown>(yield* upload(document, document), unknown)
      for (const other of others) assert.deepStrictEqual<unknown>(yield* upload(other), unknown)
      assert.deepStrictEqual<unknown>(yield* upload(), unknown)
    }))
  it.effect("is refused before by what is known of it", () =>
    Effect.gen(function*() {
      const stores = StoreService.make(make(begun).http, undefined)
      for (
        const [more, field] of [
          [{ size: 4 }, "size"],
          [{ size: -1 }, "size"],
          [{ displayName: "x".repeat(513) }, "displayName"],
          [{ mimeType: undefined }, "mimeType"],
          [{ mimeType: "text" }, "mimeType"]
        ] as const
      ) {
        const told = yield* Effect.flip(stores.upload("s", new Uint8Array(3), { mimeType: "text/plain", ...more }))
        assert.strictEqual(told.reason._tag === "InvalidRequest" ? told.reason.fields[0]?.field : "", field)
      }
    }))
})
