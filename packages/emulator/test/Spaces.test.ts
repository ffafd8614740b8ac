import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeSocket from "@effect/platform-node/NodeSocket"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { connect, path as livePath } from "./LiveWire.ts"
import { flash, prompt } from "./Wire.ts"

const body = prompt("Hi")

/** The path of a base URL, headers and a query: the ways to choose. */
interface Way {
  readonly base?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: string
}

const call = Effect.fnUntraced(function*({ base = "", headers = { "x-goog-api-key": "any" }, query = "" }: Way = {}) {
  const { url } = yield* Emulator.Emulator
  const response = yield* HttpClientRequest.post(
    `${url}${base}/v1beta/models/${flash}:generateContent${query}`
  ).pipe(
    HttpClientRequest.setHeaders(headers),
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute
  )
  const json = JSON.parse(yield* response.text)
  const text: string = json.candidates?.[0]?.content.parts[0].text ?? json.error.message
  return { status: response.status, text }
})

const ways: ReadonlyArray<readonly [string, Way]> = [
  ["the base URL", { base: "/spaces/one" }],
  ["the base URL before a region", { base: "/spaces/one/locations/europe-west4" }],
  ["the base URL behind a region", { base: "/locations/europe-west4/spaces/one" }],
  ["the header", { headers: { "x-goog-api-key": "any", "x-emulator-space": "one" } }],
  ["the key", { headers: { "x-goog-api-key": "space:one" } }],
  ["the key of the query", { headers: {}, query: "?key=space:one" }],
  ["a bearer", { headers: { authorization: "Bearer space:one" } }],
  ["a token of the header", { headers: { "x-goog-api-key": "any", authorization: "Token space:one" } }],
  ["a token of the query", { query: "?access_token=space:one" }],
  ["several that agree", { base: "/spaces/one", headers: { "x-goog-api-key": "space:one", "x-emulator-space": "one" } }]
]

describe("a space is chosen", () => {
  for (const [name, way] of ways) {
    it.effect(`by ${name}`, () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const one = yield* emulator.space("one")
        yield* one.enqueue("for one")
        yield* emulator.enqueue("for all others")
        assert.deepStrictEqual(yield* call(way), { status: 200, text: "for one" })
        assert.deepStrictEqual(yield* call(), { status: 200, text: "for all others" })
        assert.deepStrictEqual((yield* one.requests).map(({ space }) => space), ["one"])
        assert.deepStrictEqual((yield* emulator.requests).map(({ space }) => space), ["default"])
      }).pipe(Effect.provide(Emulator.layerHttpClient({ keys: { valid: ["any"] } }))))
  }

  it.effect("by one way alone: two that disagree are a 400, and count in none", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (
        const way of [
          { base: "/spaces/one", headers: { "x-goog-api-key": "any", "x-emulator-space": "two" } },
          { base: "/spaces/one", headers: { "x-goog-api-key": "space:two" } },
          { headers: { "x-goog-api-key": "space:one" }, query: "?key=space:two" },
          { headers: { "x-emulator-space": "default", "x-goog-api-key": "space:one" } },
          { headers: { "x-goog-api-key": "any", authorization: "Bearer space:one" }, base: "/spaces/two" },
          {
            headers: { "x-goog-api-key": "any", "x-emulator-space": "one" },
            query: "?access_token=auth_tokens/space:two:ab"
          }
        ]
      ) {
        const { status, text } = yield* call(way)
        assert.strictEqual(status, 400)
        assert.match(
          text,
          /^The .* chooses the space "(one|two|default)", and the .* "(one|two)": a request has one\.$/
        )
      }
      for (const name of ["", ".", "a/b", "-x", "é", "x".repeat(101)]) {
        const { status, text } = yield* call({ headers: { "x-goog-api-key": `space:${name}` } })
        assert.strictEqual(status, 400)
        assert.include(text, "cannot name a space")
      }
      const { refused, spaces } = yield* emulator.spaces
      assert.deepStrictEqual(spaces.map(({ name, requests }) => [name, requests]), [["default", 0]])
      assert.strictEqual(refused, 12)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("by a token that was given out there, also over sockets", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const one = yield* emulator.space("one")
      const made = yield* HttpClientRequest.post(`${emulator.url}/v1alpha/auth_tokens`).pipe(
        HttpClientRequest.setHeaders({ "x-goog-api-key": "space:one" }),
        HttpClientRequest.bodyJsonUnsafe({}),
        HttpClient.execute
      )
      const token = JSON.parse(yield* made.text).name
      const address = emulator.url.replace("http", "ws") + livePath("v1alpha", "BidiGenerateContentConstrained")
      const client = yield* connect({}, `${address}?access_token=${token}`)
      assert.property(client.first, "setupComplete")
      assert.deepStrictEqual((yield* one.live.connections).map(({ space }) => space), ["one"])
      assert.deepStrictEqual(yield* emulator.live.connections, [])
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.mergeAll(
        Emulator.layerServer(),
        NodeHttpClient.layerUndici,
        NodeSocket.layerWebSocketConstructor
      ))
    ))
})

describe("a space has for itself", () => {
  it.effect("its faults, quotas, clock, seed and options", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const one = yield* emulator.space("one", { seed: "one", quotas: { models: { "*": { rpm: 2 } } } })
      const two = yield* emulator.space("two")
      yield* two.addFault({ status: 503 })
      yield* call({ base: "/spaces/one" })
      assert.deepStrictEqual((yield* call({ base: "/spaces/one" })).status, 200)
      assert.deepStrictEqual((yield* call({ base: "/spaces/one" })).status, 429)
      assert.deepStrictEqual((yield* call({ base: "/spaces/two" })).status, 503)
      for (let i = 0; i < 3; i++) assert.strictEqual((yield* call()).status, 200)
      const [seeded] = yield* one.requests
      assert.strictEqual(seeded?.status, 200)
      assert.notStrictEqual(seeded?.responseText, (yield* emulator.requests)[0]?.responseText)
      yield* one.adjust("1 minute")
      assert.strictEqual((yield* call({ base: "/spaces/one" })).status, 200)
      assert.deepStrictEqual((yield* one.requests).map(({ time }) => time), [0, 0, 0, 60_000])
      assert.deepStrictEqual((yield* two.requests).map(({ time }) => time), [0])
      yield* two.clear
      assert.deepStrictEqual((yield* one.counters).total, 4)
      assert.strictEqual((yield* call({ base: "/spaces/two" })).status, 200)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("what the emulator was started with, but for the answers that wait in a list", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call({ base: "/spaces/any" })).status, 429)
      assert.strictEqual((yield* call({ base: "/spaces/other" })).status, 429)
      assert.notInclude((yield* call({ base: "/spaces/any" })).text, "waits")
      assert.strictEqual((yield* call()).status, 429)
      assert.strictEqual((yield* call()).text, "waits")
    }).pipe(Effect.provide(
      Emulator.layerHttpClient({ answers: ["waits"], faults: [{ when: { times: 1 }, status: 429 }] })
    )))

  it.effect("its Live sessions: what is sent into one is sent into no other", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const one = yield* emulator.space("one")
      const address = (space: string) => `ws://emulator.invalid/spaces/${space}${livePath()}?key=any`
      const mine = yield* connect({}, address("one"))
      const other = yield* connect({}, address("two"))
      yield* one.live.close(1012, "restart")
      assert.strictEqual((yield* mine.closed).code, 1012)
      assert.strictEqual(other.ws.readyState, 1)
      assert.isTrue(yield* emulator.endSpace("two"))
      assert.deepStrictEqual(yield* other.closed, { code: 1001, reason: "The space \"two\" has ended." })
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerMemory())))
})

describe("a space ends", () => {
  const late = { base: "/spaces/one" }

  it.effect("ten minutes after its last request, and says so in a 410 until it is asked for again", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* call(late)
      yield* TestClock.adjust(599_999)
      assert.strictEqual((yield* call(late)).status, 200)
      yield* TestClock.adjust(599_999)
      assert.strictEqual((yield* call(late)).status, 200)
      yield* TestClock.adjust(600_000)
      const gone = yield* call(late)
      assert.strictEqual(gone.status, 410)
      assert.strictEqual(
        gone.text,
        "The space \"one\" has ended: 10 minutes have passed since its last request, stream or session."
      )
      assert.strictEqual((yield* call()).status, 200)
      assert.deepInclude(yield* emulator.spaces, { ended: 1, evicted: 0, refused: 1 })
      yield* (yield* emulator.space("one")).enqueue("anew")
      assert.deepStrictEqual(yield* call(late), { status: 200, text: "anew" })
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("not while a stream or a session is open", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const client = yield* connect(
        {},
        `ws://emulator.invalid/spaces/live${livePath()}?key=any`
      )
      const response = yield* HttpClientRequest.post(
        `${emulator.url}/spaces/stream/v1beta/models/${flash}:streamGenerateContent?alt=sse`
      ).pipe(
        HttpClientRequest.setHeader("x-goog-api-key", "any"),
        HttpClientRequest.bodyJsonUnsafe(body),
        HttpClient.execute
      )
      yield* call({ base: "/spaces/idle" })
      yield* TestClock.adjust("1 hour")
      const names = Effect.map(emulator.spaces, ({ spaces }) => spaces.map(({ name, open }) => [name, open]))
      assert.deepStrictEqual(yield* names, [["default", 0], ["live", 1], ["stream", 1]])
      yield* response.text
      client.ws.close()
      yield* (yield* emulator.space("live")).live.awaitClosed(1)
      assert.deepStrictEqual(yield* names, [["default", 0], ["stream", 0], ["live", 0]])
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* names, [["default", 0]])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerMemory({ live: { lifetime: 1e9 } }))))

  it.effect("when it is told to; the default one never", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      assert.isFalse(yield* emulator.endSpace("one"))
      yield* call(late)
      assert.isTrue(yield* emulator.endSpace("one"))
      assert.include((yield* call(late)).text, "it was told to")
      assert.include((yield* Effect.flip(emulator.endSpace("default"))).message, "never ends")
      assert.include((yield* Effect.flip(emulator.space("default", { seed: "x" }))).message, "started with")
      assert.include((yield* Effect.flip(emulator.space("a b"))).message, "cannot name a space")
      yield* TestClock.adjust("10 days")
      assert.strictEqual((yield* call()).status, 200)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))

  it.effect("beyond 10,000 where it has been idle the longest", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      for (let i = 0; i < 10_000; i++) yield* emulator.space(`s${i}`)
      yield* call({ base: "/spaces/s0" })
      assert.strictEqual((yield* call({ base: "/spaces/new" })).status, 200)
      assert.include((yield* call({ base: "/spaces/s1" })).text, "it had been idle the longest")
      assert.strictEqual((yield* call({ base: "/spaces/s0" })).status, 200)
      assert.deepInclude(yield* emulator.spaces, { ended: 1, evicted: 1 })
    }).pipe(Effect.provide(Emulator.layerHttpClient())), 60_000)
})

describe("the clock of a space", () => {
  it.effect("that has stood goes on from the time at which it stood, for what was moved meanwhile too", () =>
    Effect.gen(function*() {
      const { adjust, clock, setFrozen } = yield* (yield* Emulator.Emulator).space("one")
      const time = Effect.map(clock, (now) => now.time)
      yield* TestClock.adjust(1000)
      yield* setFrozen(true)
      yield* setFrozen(true)
      yield* TestClock.adjust(5000)
      assert.strictEqual(yield* time, 1000)
      yield* setFrozen(false)
      assert.strictEqual(yield* time, 1000)
      yield* setFrozen(false)
      yield* TestClock.adjust(100)
      assert.strictEqual(yield* time, 1100)
      yield* adjust(50)
      yield* setFrozen(true)
      yield* TestClock.adjust(7000)
      yield* adjust(20)
      assert.strictEqual(yield* time, 1170)
      yield* setFrozen(false)
      assert.strictEqual(yield* time, 1170)
    }).pipe(Effect.provide(Emulator.layerHttpClient())))
})

describe("without Effect", () => {
  it("a space is an emulator like any other", async () => {
    const gemini = await Standalone.start()
    const one = gemini.space("one", { chunkDelay: 1 })
    one.enqueue("for one")
    const response = await fetch(`${one.url}/v1beta/models/${flash}:generateContent?key=any`, {
      method: "POST",
      body: JSON.stringify(body)
    })
    assert.include(await response.text(), "for one")
    assert.deepStrictEqual([gemini.requests().length, one.requests().length], [0, 1])
    assert.isTrue(gemini.endSpace("one"))
    assert.throws(() => gemini.space("a b"), /cannot name a space/)
    await gemini.stop()
  })
})
