import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Socket from "effect/socket/Socket"
import * as TestClock from "effect/testing/TestClock"
import { WebSocket } from "ws"
import * as Wire from "./LiveWire.ts"

/** Over real sockets, by the `ws` package, and in memory: a fault means the same in both. */
const realSockets = (options: Emulator.Options) =>
  Layer.merge(
    Emulator.layerServer(options),
    Layer.succeed(Socket.WebSocketConstructor, (url, given) => {
      const headers = typeof given === "object" && !Array.isArray(given) ? given.headers ?? {} : {}
      return new WebSocket(url, { headers })
    })
  )

const address = Effect.map(
  Emulator.Emulator,
  ({ url }) => `${url.replace("http://", "ws://")}${Wire.path()}?key=key`
)

const places = ["setup", "turn", "idle"] as const

/** What the client sees of a fault at this place: the messages before it, and how it ends. */
const play = Effect.fnUntraced(function*(place: (typeof places)[number]) {
  const client = yield* Wire.dial(yield* address)
  const seen: Array<string> = []
  yield* client.send({ setup: { model: Wire.robot, generationConfig: { responseModalities: ["TEXT"] } } })
  if (place === "turn") yield* client.send(Wire.ask("emulator:words 60"))
  while (true) {
    const arrival = yield* client.take
    if ("closed" in arrival) return { seen, ...arrival.closed }
    seen.push(Object.keys(arrival.message.serverContent ?? arrival.message)[0] ?? "?")
  }
})

/** What came before the end. */
const before: Readonly<Record<(typeof places)[number], ReadonlyArray<string>>> = {
  setup: [],
  turn: ["setupComplete", "modelTurn", "modelTurn"],
  idle: ["setupComplete"]
}

const chunksOf = { setup: {}, turn: { chunks: 2 }, idle: {} }

const ends: ReadonlyArray<
  readonly [name: string, fault: (at: Fault.After) => Fault.Fault, code: number, text: string]
> = [
  ["drop", (at) => ({ cut: at }), 1006, ""],
  ["reset", (at) => ({ reset: at }), 1006, ""],
  ...([1000, 1001, 1007, 1008, 1011, 1012, 1013, 1014] as const).map((code) =>
    [
      `close ${code}`,
      (at: Fault.After): Fault.Fault => ({ close: { ...at, code, reason: "why" } }),
      code,
      "why"
    ] as const
  ),
  ["close 1005", (at) => ({ close: { ...at, code: 1005 } }), 1005, ""],
  ["close 1006", (at) => ({ close: { ...at, code: 1006 } }), 1006, ""]
]

for (const carrier of ["in memory", "over sockets"] as const) {
  const layerOf = (options: Emulator.Options) =>
    carrier === "in memory" ? Emulator.layerWebSocketConstructor(options) : realSockets(options)

  describe(`a connection that ends, ${carrier}`, () => {
    for (const [name, fault, code, reason] of ends) {
      for (const at of places) {
        it.live(`${name}, ${at}`, () =>
          Effect.gen(function*() {
            assert.deepStrictEqual(yield* play(at), { seen: [...before[at]], code, reason })
            const [entry] = yield* (yield* Wire.control).awaitClosed(1)
            assert.strictEqual(entry?.code, code)
            assert.strictEqual(entry?.closedBy, name.startsWith("close") ? "server" : "network")
          }).pipe(
            Effect.scoped,
            Effect.provide(layerOf({ live: { chunkDelay: 1 }, faults: [fault({ at, ...chunksOf[at] })] }))
          ))
      }
    }
  })

  describe(`a connection that drops, ${carrier}`, () => {
    for (const [chunks, seen] of [[0, []], [1, before.idle], [3, before.turn]] as const) {
      it.live(`after ${chunks} messages`, () =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* play("turn"), { seen: [...seen], code: 1006, reason: "" })
        }).pipe(Effect.scoped, Effect.provide(layerOf({ faults: [{ cut: { chunks } }] }))))
    }
  })

  describe(`frames, ${carrier}`, () => {
    const frames = (faults: ReadonlyArray<Fault.Fault>) =>
      Effect.gen(function*() {
        const client = yield* Wire.dial(yield* address)
        yield* client.send({ setup: { model: Wire.robot } })
        const [first, second] = [yield* client.take, yield* Effect.timeoutOption(client.take, 50)]
        return { first, second }
      }).pipe(Effect.scoped, Effect.provide(layerOf({ faults })))

    it.live("text in place of binary", () =>
      Effect.gen(function*() {
        const { first } = yield* frames([{ textFrames: true }])
        assert.deepInclude(first, { binary: false, message: { setupComplete: {} } })
      }))

    it.live("in fragments", () =>
      Effect.gen(function*() {
        const { first } = yield* frames([{ fragments: 5 }])
        assert.deepInclude(first, { binary: true, message: { setupComplete: {} } })
      }))

    it.live("garbage, then what was due", () =>
      Effect.gen(function*() {
        const { first, second } = yield* frames([{ garbage: { at: "setup", text: "no json" } }])
        assert.deepInclude(first, { text: "no json", binary: false })
        assert.strictEqual(second._tag, "Some")
      }))
  })

  describe(`silence, ${carrier}`, () => {
    it.live("a stall answers pings; half-open does not", () =>
      Effect.gen(function*() {
        const pongs = Effect.fnUntraced(function*(fault: Fault.Fault) {
          const layer = layerOf({ faults: [fault] })
          return yield* Effect.gen(function*() {
            const client = yield* Wire.connect({}, yield* address)
            const { ws } = client
            let count = 0
            if (!("ping" in ws) || !("on" in ws)) throw new Error("it is not a ws")
            const { on, ping } = Object(ws)
            on.call(ws, "pong", () => count++)
            yield* client.send(Wire.ask("anybody?"))
            ping.call(ws)
            yield* Effect.sleep(50)
            const answered = yield* Effect.timeoutOption(client.take, 20)
            const { terminate } = Object(ws)
            terminate.call(ws)
            return { count, answered: answered._tag }
          }).pipe(Effect.scoped, Effect.provide(layer))
        })
        assert.deepStrictEqual(yield* pongs({ stall: { at: "idle" } }), { count: 1, answered: "None" })
        assert.deepStrictEqual(yield* pongs({ halfOpen: { at: "idle" } }), { count: 0, answered: "None" })
      }))
  })

  describe(`a slow reader, ${carrier}`, () => {
    it.live("lets the client's data wait: bufferedAmount grows, the callback comes late", () =>
      Effect.gen(function*() {
        const client = yield* Wire.connect({}, yield* address)
        const { ws } = client
        const data = "A".repeat(400_000)
        const message = JSON.stringify({ realtimeInput: { audio: { mimeType: "audio/pcm;rate=16000", data } } })
        let flushed = 0
        let all = () => {}
        const done = new Promise<void>((resolve) => {
          all = resolve
        })
        const { send } = Object(ws)
        const started = yield* Clock.currentTimeMillis
        for (let i = 0; i < 40; i++) {
          send.call(ws, message, () => {
            if (++flushed === 40) all()
          })
        }
        yield* Effect.sleep(50)
        assert.isBelow(flushed, 40)
        yield* Effect.promise(() => done)
        assert.isAbove((yield* Clock.currentTimeMillis) - started, 100)
        Object(ws).terminate()
      }).pipe(
        Effect.scoped,
        Effect.provide(layerOf({ faults: [{ slowRead: { millis: 1, bytes: 40_000 } }] }))
      ), 20_000)
  })

  describe(`an upgrade that is refused, ${carrier}`, () => {
    it.live("with a status, which only ws tells", () =>
      Effect.gen(function*() {
        const construct = yield* Socket.WebSocketConstructor
        const ws = construct(yield* address)
        const heard = yield* Effect.promise(() =>
          new Promise<string>((resolve) => {
            ws.addEventListener("error", (event) => resolve(String(Object(event).message)))
          })
        )
        assert.strictEqual(heard, "Unexpected server response: 503")
      }).pipe(Effect.provide(layerOf({ faults: [{ status: 503 }] }))))
  })
}

describe("which connections are meant", () => {
  it.effect("by model, known from the setup on; the nth; so many times", () =>
    Effect.gen(function*() {
      const { addFault } = yield* Emulator.Emulator
      yield* addFault({
        when: { method: "bidiGenerateContent", model: "gemini-robotics-er-2-streaming-preview", nth: 2, times: 1 },
        close: { at: "setup", code: 1013 }
      })
      const codes: Array<number | undefined> = []
      for (const model of [Wire.live25, Wire.robot, Wire.robot, Wire.robot]) {
        const client = yield* Wire.dial()
        yield* client.send({ setup: { model } })
        const arrival = yield* client.take
        codes.push("closed" in arrival ? arrival.closed.code : undefined)
      }
      assert.deepStrictEqual(codes, [undefined, undefined, 1013, undefined])
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor())))

  it.effect("asked for by the client, in a header; a stall of so many milliseconds, by the clock", () =>
    Effect.gen(function*() {
      const client = yield* Wire.dial(undefined, {
        "x-emulator-fault": JSON.stringify({ stall: { at: "setup", millis: 5000 } })
      })
      yield* client.send({ setup: { model: Wire.robot } })
      yield* TestClock.adjust(4999)
      const { connections } = yield* Wire.control
      assert.isUndefined((yield* connections)[0]?.setUpAt)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual((yield* client.message).setupComplete, {})
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor())))
})

describe("a fault that was asked for wrongly", () => {
  it.live("is said, and not passed over", () =>
    Effect.gen(function*() {
      const ws = new WebSocket(yield* address, { headers: { "x-emulator-fault": "{\"cute\":{}}" } })
      const heard = yield* Effect.promise(() =>
        new Promise<string>((resolve) => {
          ws.on("error", ({ message }) => resolve(message))
        })
      )
      assert.strictEqual(heard, "Unexpected server response: 400")
    }).pipe(Effect.provide(realSockets({}))))
})

describe("the end of the layer", () => {
  it.live("closes what is open, for both sides", () =>
    Effect.gen(function*() {
      for (const layer of [Emulator.layerWebSocketConstructor(), realSockets({})]) {
        const client = yield* Effect.provide(Effect.flatMap(address, (to) => Wire.connect({}, to)), layer)
        assert.strictEqual((yield* client.closed).code, 1006)
      }
    }).pipe(Effect.scoped))
})
