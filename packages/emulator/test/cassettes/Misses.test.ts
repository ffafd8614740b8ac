/** Whoever asks for what is not recorded reads which recording is nearest, how it differs, and what records just that. */
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { mkdtempSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Wire from "../LiveWire.ts"
import { converse } from "./liveClient.ts"
import { type Call, rawCall } from "./wireClient.ts"

const temporary = () => join(mkdtempSync(join(tmpdir(), "cassette-misses-")), "it's one.jsonl")

const call = (
  text: string,
  { method = "generateContent", model = "gemini-3.8-flash", ...more }: Record<string, unknown> = {}
): Call => ({
  method: "POST",
  url: `/v1beta/models/${model}:${method}`,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify({ contents: [{ role: "user", parts: [{ text }] }], ...more }))
})

const server = (cassette: Cassette.Cassette) => Emulator.layerServer({ cassette })

/** Records these calls, then asks for those; gives what the messages say. */
const missed = Effect.fnUntraced(function*(
  recorded: ReadonlyArray<Call>,
  asked: ReadonlyArray<Call>,
  options: Partial<Cassette.Options> = {}
) {
  const file = temporary()
  const upstream = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Emulator.layerServer())))
  const recorder = yield* Cassette.open({ file, mode: "once", upstream: upstream.url, allowRecord: true })
  yield* Effect.gen(function*() {
    const { url } = yield* Emulator.Emulator
    for (const each of recorded) yield* rawCall(url, each)
  }).pipe(Effect.provide(server(recorder), { local: true }))
  // A mode that would record is a replay as soon as there is a file.
  const player = yield* Cassette.open({ file, mode: "once", ...options })
  return yield* Effect.gen(function*() {
    const emulator = yield* Emulator.Emulator
    const texts = yield* Effect.forEach(
      asked,
      (each) =>
        Effect.map(rawCall(emulator.url, each), ({ pieces, status }) => {
          assert.strictEqual(status, 501)
          const { message } = JSON.parse(Buffer.concat(pieces).toString("utf8")).error
          return String(message).replaceAll(file, "FILE").replaceAll(file.replace("'", "'\\''"), "FILE")
        })
    )
    const log = yield* emulator.requests
    const check = yield* emulator.check(["unused"])
    return { texts, log, check, summary: yield* player.summary }
  }).pipe(Effect.provide(server(player), { local: true }))
})

const record = "To record just this: effect-gemini-emulator --cassette 'FILE' --mode new --upstream " +
  "https://generativelanguage.googleapis.com"

describe("what is not recorded", () => {
  it.live("by words, by another model, by another shape, by another method, and used up", () =>
    Effect.gen(function*() {
      const { check, log, summary, texts } = yield* missed(
        [call("Hello there"), call("Good night", { generationConfig: { temperature: 0 } })],
        [
          call("Hello here"),
          call("Hello there", { model: "gemini-3.7-pro" }),
          call("Good night", { generationConfig: { temperature: 0, topK: 3 }, labels: { a: "b" } }),
          call("Hello there", { method: "countTokens" })
        ]
      )
      const at = "POST /v1beta/models/gemini-3.8-flash:generateContent"
      assert.deepStrictEqual(texts, [
        `The cassette FILE: ${at}: the nearest recording is line 2, which differs in contents[0].parts[0].text: ` +
        `recorded "Hello there", asked "Hello here". ${record}`,
        "The cassette FILE: POST /v1beta/models/gemini-3.7-pro:generateContent: the nearest recording is line 2, " +
        `which differs in the model: recorded gemini-3.8-flash, asked gemini-3.7-pro. ${record}`,
        `The cassette FILE: ${at}: the nearest recording is line 3, which differs in generationConfig.topK: recorded ` +
        `nothing, asked 3; labels: recorded nothing, asked {"a":"b"}. ${record}`,
        "The cassette FILE: POST /v1beta/models/gemini-3.8-flash:countTokens: nothing is recorded of this method and " +
        `path; recorded are ${at}. ${record}`
      ])
      assert.strictEqual(summary.missed, 4)
      assert.deepStrictEqual(log.map(({ verdict }) => [verdict?.by, verdict?.refused?.includes("cassette")]), [
        ["cassette", true],
        ["cassette", true],
        ["cassette", true],
        ["cassette", true]
      ])
      // The check at a test's end says it, too.
      assert.strictEqual(check.refused.length, 4)
      const twice = yield* missed([call("once")], [call("two")])
      assert.include(twice.texts[0], "line 2")
    }).pipe(Effect.scoped))

  it.live("a Live session: its close frame is short, and the summary has the whole", () =>
    Effect.gen(function*() {
      const file = temporary()
      const upstream = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Emulator.layerServer())))
      const setup = { setup: { model: Wire.robot, generationConfig: { responseModalities: ["TEXT"] } } }
      const says = [setup, Wire.ask("emulator:words 5")]
      const session = (cassette: Cassette.Cassette, says: ReadonlyArray<unknown>) =>
        Effect.gen(function*() {
          const emulator = yield* Emulator.Emulator
          const heard = yield* converse(emulator.url, { says, until: "turnComplete" })
          return { heard, connections: yield* emulator.live.connections }
        }).pipe(Effect.provide(server(cassette), { local: true }))
      const recorder = yield* Cassette.open({ file, mode: "record", upstream: upstream.url, allowRecord: true })
      const recorded = yield* session(recorder, says)
      assert.strictEqual(recorded.connections[0]?.turns, 1)
      assert.strictEqual(recorded.connections[0]?.code, 1000)
      assert.isDefined(recorded.connections[0]?.setUpAt)
      // While it records, nothing that is said is in the log.
      assert.notInclude(JSON.stringify(recorded.connections), "emulator:words")
      const other = yield* Cassette.open({ file })
      const first = yield* session(other, [{ setup: { ...setup.setup, model: "models/gemini-9-live" } }])
      const second = yield* session(other, [setup, Wire.ask("emulator:words 6")])
      assert.deepStrictEqual([first.heard.code, second.heard.code], [1008, 1008])
      assert.isAtMost(first.heard.reason.length, 123)
      assert.deepStrictEqual((yield* other.summary).misses.map((miss) => miss.slice(miss.indexOf(": ") + 2)), [
        "none begins with this message; the nearest is line 2, which differs in setup.model: recorded " +
        `"${Wire.robot}", asked "models/gemini-9-live"`,
        "message 2 of the client differs in clientContent.turns[0].parts[0].text: recorded \"emulator:words 5\", " +
        "asked \"emulator:words 6\""
      ])
      assert.include(second.connections[0]?.verdicts[0]?.refused, "differs in clientContent")
      const whole = yield* session(yield* Cassette.open({ file }), says)
      assert.strictEqual(whole.heard.bytes, recorded.heard.bytes)
      assert.include(JSON.stringify(whole.connections), "emulator:words 5")
    }).pipe(Effect.scoped))
})

describe("where CI is set", () => {
  const inCi = <A, E, R>(value: string, effect: Effect.Effect<A, E, R>) =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const before = process.env["CI"]
        process.env["CI"] = value
        return before
      }),
      () => effect,
      (before) =>
        Effect.sync(() => {
          if (before === undefined) delete process.env["CI"]
          else process.env["CI"] = before
        })
    )
  const upstream = "https://generativelanguage.googleapis.com"

  it.live("every mode that would ask is refused, unless it is allowed to, and replays go on", () =>
    Effect.gen(function*() {
      const { texts } = yield* missed([call("Hello")], [])
      assert.deepStrictEqual(texts, [])
      for (const mode of ["new", "record", "once", "pass"] as const) {
        const file = temporary()
        const error = yield* inCi("true", Effect.flip(Cassette.open({ file, mode, upstream })))
        assert.strictEqual(
          error.message,
          `${file}: mode "${mode}" would ask generativelanguage.googleapis.com, and the variable CI is set: record at ` +
            "home, or allow it"
        )
        const { summary } = yield* inCi("true", Cassette.open({ file, mode, upstream, allowRecord: true }))
        assert.strictEqual((yield* summary).mode, mode)
      }
      for (const value of ["", "false"]) {
        yield* inCi(value, Cassette.open({ file: temporary(), mode: "once", upstream }))
      }
    }).pipe(Effect.scoped))

  it.live("`once` plays a file that is there, and asks nobody", () =>
    Effect.gen(function*() {
      const file = temporary()
      const up = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Emulator.layerServer())))
      const options = { file, mode: "once", upstream: up.url } as const
      const go = Effect.fnUntraced(function*(cassette: Cassette.Cassette) {
        const { url } = yield* Effect.provide(Emulator.Emulator, yield* Layer.build(Layer.fresh(server(cassette))))
        return (yield* rawCall(url, call("Hello"))).status
      })
      assert.strictEqual(yield* go(yield* Cassette.open({ ...options, allowRecord: true })), 200)
      assert.strictEqual(yield* go(yield* inCi("1", Cassette.open(options))), 200)
      assert.strictEqual((yield* up.requests).length, 1)
    }).pipe(Effect.scoped))
})

describe("how large it may become", () => {
  it.live("what has no room is answered and counted, and what is smaller still goes in", () =>
    Effect.gen(function*() {
      const file = temporary()
      const up = yield* Emulator.Emulator.pipe(
        Effect.provide(
          yield* Layer.build(Emulator.layerServer({ answers: ["a", "b".repeat(5000), "c".repeat(90_000), "d"] }))
        )
      )
      const limit = 4000
      const cassette = yield* Cassette.open({ file, mode: "record", upstream: up.url, allowRecord: true, limit })
      const { url } = yield* Effect.provide(Emulator.Emulator, yield* Layer.build(server(cassette)))
      const statuses = yield* Effect.forEach(["1", "2", "3", "4"], (text) =>
        Effect.map(rawCall(url, call(text)), ({ status }) => status))
      assert.deepStrictEqual(statuses, [200, 200, 200, 200])
      const { bytes, dropped, recorded, limit: said } = yield* cassette.summary
      assert.deepStrictEqual([recorded, dropped, said], [2, 2, limit])
      assert.strictEqual(bytes, statSync(file).size)
      assert.isAtMost(bytes, limit)
    }).pipe(Effect.scoped))
})
