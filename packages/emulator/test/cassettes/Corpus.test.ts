/**
 * Traffic that others recorded, played by a cassette: every byte, and every piece where it was, in memory and on sockets;
 * then recorded anew through a second emulator, and played again.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Recording from "effect-gemini-emulator/cassettes/Recording"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { existsSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bytesOf, type Got, httpOf, isLive, live, rawCall } from "./wireClient.ts"

const folder = `${import.meta.dirname}/../../../../../shared/corpus/cases`

/** Cases whose request is not known are asked for by their place alone. */
const isKnown = (exchange: Recording.Recording): boolean =>
  isLive(exchange) || exchange.request.body !== undefined || exchange.request.method !== "POST"

const expected = (exchange: Recording.Http): Got => ({
  status: exchange.response.status ?? 0,
  type: exchange.response.headers["content-type"],
  pieces: exchange.response.chunks.map(([, piece]) => Buffer.from(bytesOf(piece))).filter((piece) => piece.length > 0),
  end: exchange.response.end
})

const same = (found: Got, wanted: Got, isSocket: boolean): string | undefined => {
  if (found.status !== wanted.status) return `status ${found.status} for ${wanted.status}`
  if (found.type !== wanted.type) return `type ${found.type} for ${wanted.type}`
  if (found.end !== wanted.end) return `end ${found.end} for ${wanted.end}`
  if (!Buffer.concat(found.pieces).equals(Buffer.concat(wanted.pieces))) return "other bytes"
  const cuts = (all: ReadonlyArray<Uint8Array>) => {
    let at = 0
    return all.map((piece) => (at += piece.length))
  }
  // A kernel hands a large piece over in several, but never two pieces as one chunk.
  const seen = new Set(cuts(found.pieces))
  if (!cuts(wanted.pieces).every((cut) => seen.has(cut))) return "other cuts"
  return isSocket || found.pieces.length === wanted.pieces.length ? undefined : "more cuts"
}

const server = (options: Cassette.Options) =>
  Layer.unwrap(Effect.map(Cassette.open(options), (cassette) => Emulator.layerServer({ cassette })))

/** Asks for each exchange in its order, and says which answers are not what was recorded. */
const wrong = Effect.fnUntraced(function*(url: string, exchanges: ReadonlyArray<Recording.Recording>) {
  const found: Array<string> = []
  for (const exchange of exchanges) {
    if (isLive(exchange)) {
      const frames = yield* live(url, exchange)
      const wanted = exchange.frames.filter(([, from]) => from === "s").map((frame) => Buffer.from(bytesOf(frame[3])))
      const equal = frames.length === wanted.length &&
        frames.every((frame, i) => frame.equals(wanted[i] ?? Buffer.alloc(0)))
      if (!equal) found.push(`${exchange.n} ${exchange.live.path}: ${frames.length} frames for ${wanted.length}`)
      continue
    }
    const problem = same(yield* rawCall(url, httpOf(exchange)), expected(exchange), true)
    if (problem !== undefined) found.push(`${exchange.n} ${exchange.request.path}: ${problem}`)
  }
  return found
})

describe.skipIf(!existsSync(folder))("recorded traffic is played to the byte", () => {
  it.effect("in memory: every piece is where it was", () =>
    Effect.gen(function*() {
      const exchanges = yield* Cassette.read(folder)
      const played = { strict: 0, order: 0 }
      for (const match of ["strict", "order"] as const) {
        const cassette = yield* Cassette.open({ file: folder, match })
        const found = yield* Effect.gen(function*() {
          const client = yield* HttpClient.HttpClient
          const found: Array<string> = []
          for (const exchange of exchanges) {
            if (isLive(exchange) || (match === "strict" && !isKnown(exchange))) continue
            const { body, headers, method, url } = httpOf(exchange)
            const request = HttpClientRequest.make(method as "POST")(`http://local${url}`).pipe(
              HttpClientRequest.setHeaders({ ...headers, "x-goog-api-key": "key" }),
              body.length === 0
                ? (same) => same
                : HttpClientRequest.bodyUint8Array(body, headers["content-type"] ?? "application/json")
            )
            const response = yield* client.execute(request)
            const got = yield* Stream.runCollect(response.stream)
            const problem = same(
              {
                status: response.status,
                type: response.headers["content-type"],
                pieces: got.map((piece) => Buffer.from(piece)),
                end: "complete"
              },
              expected(exchange),
              false
            )
            if (problem === undefined) played[match]++
            else found.push(`${match} ${exchange.n} ${exchange.request.path}: ${problem}`)
          }
          return found
        }).pipe(Effect.provide(Emulator.layerHttpClient({ cassette }), { local: true }))
        assert.deepStrictEqual(found, [])
      }
      assert.isAbove(played.strict, 500)
      assert.strictEqual(played.order, exchanges.filter((exchange) => !isLive(exchange)).length)
    }).pipe(Effect.scoped), 60_000)

  it.live(
    "on sockets, HTTP and Live, and again as it was recorded through a second emulator",
    () =>
      Effect.gen(function*() {
        const exchanges = yield* Cassette.read(folder)
        const file = join(mkdtempSync(join(tmpdir(), "cassette-corpus-")), "again.jsonl")
        const first = yield* Layer.build(server({ file: folder, match: "order" }))
        const { url: upstream } = yield* Emulator.Emulator.pipe(Effect.provide(first))
        // Nothing is taken out, because what others recorded holds addresses that would be.
        const redaction = { rules: [], variables: [] }
        yield* Effect.gen(function*() {
          const recorder = yield* Emulator.Emulator
          assert.deepStrictEqual(yield* wrong(recorder.url, exchanges), [])
        }).pipe(
          Effect.provide(server({ file, mode: "record", upstream, redaction, allowRecord: true }), { local: true })
        )
        const again = yield* Cassette.read(file)
        assert.strictEqual(again.length, exchanges.length)
        yield* Effect.gen(function*() {
          const player = yield* Emulator.Emulator
          assert.deepStrictEqual(yield* wrong(player.url, exchanges), [])
        }).pipe(Effect.provide(server({ file, match: "order", redaction }), { local: true }))
      }).pipe(Effect.scoped),
    120_000
  )
})
