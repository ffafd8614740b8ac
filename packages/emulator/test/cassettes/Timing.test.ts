/** A recording is played at once, as slowly as it was, or so many times as fast, by the Clock; its bytes are the same. */
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Wire from "../LiveWire.ts"

const setup = { setup: { model: Wire.robot } }

const written = () => {
  const file = join(mkdtempSync(join(tmpdir(), "cassette-timing-")), "cassette.jsonl")
  const exchanges = [
    {
      n: 1,
      request: { method: "POST", path: "/v1beta/models/m:streamGenerateContent?alt=sse", headers: {}, body: "{}" },
      response: {
        status: 200,
        headers: { "content-type": "text/event-stream" },
        answered: 500,
        chunks: [[1000, "data: 1\n\n"], [3000, "data: 2\n\n"]],
        end: "complete",
        ended: 4000
      }
    },
    {
      n: 2,
      live: { path: Wire.path(), headers: {} },
      answered: 1000,
      frames: [
        [1000, "c", "text", JSON.stringify(setup)],
        [2000, "s", "text", "{\"setupComplete\":{}}"]
      ],
      close: { by: "s", code: 1011, reason: "why", ms: 4000 }
    }
  ]
  const head = { cassette: 1, by: "test", redaction: [] }
  writeFileSync(file, [head, ...exchanges].map((each) => `${JSON.stringify(each)}\n`).join(""))
  return file
}

const stream = Effect.gen(function*() {
  const client = yield* HttpClient.HttpClient
  const url = "http://local/v1beta/models/m:streamGenerateContent?alt=sse"
  const request = HttpClientRequest.bodyText(HttpClientRequest.post(url), "{}", "application/json")
  const response = yield* client.execute(request)
  return yield* Stream.mkString(Stream.decodeText(response.stream))
})

const speeds = [["none", 0], ["recorded", 4000], [2, 2000], [0.5, 8000]] as const

describe("timing", () => {
  for (const [timing, millis] of speeds) {
    it.effect(`${timing}: an answer takes ${millis} ms of the Clock`, () =>
      Effect.gen(function*() {
        const cassette = yield* Cassette.open({ file: written(), timing })
        yield* Effect.gen(function*() {
          const fiber = yield* Effect.forkChild(stream, { startImmediately: true })
          if (millis > 0) {
            yield* TestClock.adjust(millis - 1)
            assert.isUndefined(fiber.pollUnsafe())
            yield* TestClock.adjust(1)
          }
          assert.strictEqual(yield* Fiber.join(fiber), "data: 1\n\ndata: 2\n\n")
        }).pipe(Effect.provide(Emulator.layerHttpClient({ cassette })))
      }).pipe(Effect.scoped))

    it.effect(`${timing}: a Live session takes ${millis} ms of it`, () =>
      Effect.gen(function*() {
        const cassette = yield* Cassette.open({ file: written(), timing })
        yield* Effect.gen(function*() {
          const talk = Effect.gen(function*() {
            const client = yield* Wire.dial()
            yield* client.send(setup)
            const { setupComplete } = yield* client.message
            return { setupComplete, ...(yield* client.closed) }
          })
          const fiber = yield* Effect.forkChild(talk, { startImmediately: true })
          // A socket opens and hears in the time between two turns of the event loop.
          const settle = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
          for (let passed = 0; passed < millis - 1; passed += 500) {
            yield* settle
            yield* TestClock.adjust(Math.min(500, millis - 1 - passed))
          }
          yield* settle
          if (millis > 0) assert.isUndefined(fiber.pollUnsafe())
          yield* TestClock.adjust(1)
          assert.deepStrictEqual(yield* Fiber.join(fiber), { setupComplete: {}, code: 1011, reason: "why" })
        }).pipe(Effect.provide(Emulator.layerWebSocketConstructor({ cassette })))
      }).pipe(Effect.scoped))
  }

  it.effect("a speed that is none is refused", () =>
    Effect.gen(function*() {
      for (const timing of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        const error = yield* Effect.flip(Cassette.open({ file: written(), timing }))
        assert.include(error.message, `timing ${timing} is not a speed`)
      }
      for (const limit of [0, -1, Number.NaN]) {
        const error = yield* Effect.flip(Cassette.open({ file: written(), limit }))
        assert.include(error.message, `limit ${limit} leaves no room`)
      }
    }).pipe(Effect.scoped))
})
