/** A server that holds a real key spends it for clients without one, and for nobody else's pages. */
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { WebSocket } from "ws"

const secret = "real-upstream-key-1234567890"

const live = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"

const start = Effect.fnUntraced(function*(options: Emulator.Options = {}, holds = true) {
  const file = join(mkdtempSync(join(tmpdir(), "cassette-key-")), "cassette.jsonl")
  // Only the real key is good there, and the one that a client of its own has.
  const keys = { valid: [secret, "clients-own-key"] }
  const upstream = yield* Emulator.Emulator.pipe(
    Effect.provide(yield* Layer.build(Emulator.layerServer({ keys })))
  )
  const cassette = yield* Cassette.open({
    file,
    mode: "new",
    upstream: upstream.url,
    allowRecord: true,
    ...(holds ? { upstreamKey: Redacted.make(secret) } : {})
  })
  const emulator = yield* Emulator.Emulator.pipe(
    Effect.provide(yield* Layer.build(Layer.fresh(Emulator.layerServer({ ...options, cassette }))))
  )
  const models = (headers: Record<string, string> = {}, query = "") =>
    Effect.promise(() => fetch(`${emulator.url}/v1beta/models${query}`, { headers }).then(({ status }) => status))
  const opens = (headers: Record<string, string> = {}, query = "") =>
    Effect.promise(() =>
      new Promise<number>((resolve) => {
        const ws = new WebSocket(`${emulator.url.replace("http", "ws")}${live}${query}`, { headers })
        ws.on("unexpected-response", (_, { statusCode = 0 }) => {
          resolve(statusCode)
          ws.terminate()
        })
        ws.on("error", () => resolve(0))
        ws.on("open", () => ws.send(JSON.stringify({ setup: { model: "models/gemini-3.8-live" } })))
        ws.on("message", () => {
          resolve(101)
          ws.terminate()
        })
        ws.on("close", (code) => resolve(code))
      })
    )
  return { file, upstream, emulator, models, opens }
})

describe("the key of the upstream", () => {
  it.live("goes in place of no key and of the emulator's own, and never in place of the client's", () =>
    Effect.gen(function*() {
      const { emulator, file, models, opens, upstream } = yield* start()
      assert.deepStrictEqual(
        [
          yield* models(),
          yield* models({ "x-goog-api-key": "emulator" }),
          yield* models({ "x-goog-api-key": "space:default" }),
          yield* models({}, "?key=emulator"),
          yield* models({ authorization: "Bearer space:default" }),
          yield* models({ "x-goog-api-key": "clients-own-key" }),
          // A key of the client's that is wrong is the client's matter.
          yield* models({ "x-goog-api-key": "wrong" }),
          yield* models({}, "?key=wrong")
        ],
        [200, 200, 200, 200, 200, 200, 400, 400]
      )
      assert.deepStrictEqual([yield* opens(), yield* opens({}, "?key=emulator"), yield* opens({}, "?key=wrong")], [
        101,
        101,
        1007
      ])
      assert.isAbove((yield* upstream.requests).length, 0)
      const told = JSON.stringify([yield* emulator.requests, yield* emulator.live.connections])
      assert.notInclude(told + readFileSync(file, "utf8"), secret)
      assert.notInclude(readFileSync(file, "utf8"), "clients-own-key")
    }).pipe(Effect.scoped))

  it.live("is spent for no page of another origin, whatever the options say, over HTTP and Live", () =>
    Effect.gen(function*() {
      const foreign: ReadonlyArray<Record<string, string>> = [
        { origin: "https://evil.example" },
        { origin: "null" },
        { "sec-fetch-site": "cross-site" },
        { "sec-fetch-site": "same-site" },
        { origin: "http://localhost:1" }
      ]
      for (const options of [{}, { foreignPages: "answer" } as const]) {
        const { emulator, models, opens, upstream } = yield* start(options)
        for (const headers of foreign) {
          assert.strictEqual(yield* models(headers), 403, JSON.stringify(headers))
          assert.strictEqual(yield* opens(headers), 403, JSON.stringify(headers))
        }
        // A browser that asks first is told nothing either.
        const asked = yield* Effect.promise(() =>
          fetch(`${emulator.url}/v1beta/models`, { method: "OPTIONS", headers: { origin: "https://evil.example" } })
        )
        assert.strictEqual(asked.status, 403)
        assert.strictEqual((yield* upstream.requests).length, 0)
        assert.strictEqual(yield* models({ origin: emulator.url, "sec-fetch-site": "same-origin" }), 200)
        assert.strictEqual(yield* models({ "sec-fetch-site": "none" }), 200)
      }
      // Without a key of its own it answers as Google does.
      const open = yield* start({}, false)
      assert.strictEqual(
        yield* open.models({ origin: "https://evil.example", "x-goog-api-key": "clients-own-key" }),
        200
      )
    }).pipe(Effect.scoped))

  it.live("is spent for the holders of keys alone, where keys are named", () =>
    Effect.gen(function*() {
      const { models, opens, upstream } = yield* start({ keys: { valid: ["clients-own-key"] } })
      assert.deepStrictEqual(
        [
          yield* models(),
          yield* models({ "x-goog-api-key": "emulator" }),
          yield* models({ "x-goog-api-key": "space:default" }),
          yield* opens()
        ],
        [403, 400, 400, 403]
      )
      assert.strictEqual((yield* upstream.requests).length, 0)
      assert.strictEqual(yield* models({ "x-goog-api-key": "clients-own-key" }), 200)
    }).pipe(Effect.scoped))
})
