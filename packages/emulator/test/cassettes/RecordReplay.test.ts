/** What is recorded of a server that misbehaves is played with the same bytes and the same end. */
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { spawn } from "node:child_process"
import { appendFileSync, mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as Dice from "../../src/internal/Dice.ts"
import * as Wire from "../LiveWire.ts"
import { converse } from "./liveClient.ts"
import { type Call, type Got, rawCall } from "./wireClient.ts"

const temporary = () => join(mkdtempSync(join(tmpdir(), "cassette-replay-")), "cassette.jsonl")

const call = (text: string, method = "streamGenerateContent?alt=sse"): Call => ({
  method: "POST",
  url: `/v1beta/models/gemini-3.8-flash:${method}`,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify({ contents: [{ role: "user", parts: [{ text }] }] }))
})

interface Case {
  readonly fault: Fault.Fault
  readonly end: Got["end"]
  readonly leaves?: "first piece" | number
  /** What is asked, where the fault is one of something that the server keeps. Such answers hold the time. */
  readonly calls?: ReadonlyArray<Call>
}

const get = (path: string): Call => ({ method: "GET", url: `/v1beta/${path}`, headers: {}, body: new Uint8Array() })
const post = (path: string, body: unknown): Call => ({
  method: "POST",
  url: `/v1beta/${path}`,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify(body))
})

const inBatch = { request: { contents: [{ parts: [{ text: "Hi" }] }] } }
const batch = {
  batch: { displayName: "one", inputConfig: { requests: { requests: [{ ...inBatch, metadata: { key: "1" } }] } } }
}

const of = (fault: Fault.Fault, end: Got["end"] = "complete"): Case => ({ fault, end })

/** The rows of the table in the README. A stream that stalls ends when its client leaves. */
const rows: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  when: {
    "another model": of({ when: { model: "none" }, status: 500 }),
    "the second time": of({ when: { nth: 2, times: 1 }, status: 503 })
  },
  status: {
    "400": of({ status: 400 }),
    "429 with headers": of({ status: 429, headers: { "retry-after": "2" } }),
    "503 inside a stream": of({ status: 503, inside: true })
  },
  error: { "with details": of({ error: { code: 429, message: "ä", details: [{ "@type": "x" }] }, inside: true }) },
  delay: { "of an answer": of({ delay: 20 }), "of a reset": of({ delay: 20, reset: true }, "reset") },
  stall: {
    "for ever": { ...of({ stall: { chunks: 1 } }, "aborted"), leaves: "first piece" },
    "within a chunk": { ...of({ stall: { bytes: 70 } }, "aborted"), leaves: "first piece" },
    "for a while": of({ stall: { chunks: 1, millis: 20 } })
  },
  cut: {
    "before a chunk": of({ cut: { chunks: 0 } }, "cut"),
    "in the stream": of({ cut: { chunks: 1 } }, "cut"),
    "within a chunk": of({ cut: { bytes: 50 } }, "cut"),
    "an end that looks like one": of({ cut: { chunks: 1, clean: true } })
  },
  reset: {
    "before the head": of({ reset: true }, "reset"),
    "in the stream": of({ stall: { chunks: 1, millis: 20 }, reset: { chunks: 1 } }, "reset"),
    "within a chunk": of({ stall: { bytes: 50, millis: 20 }, reset: { bytes: 50 } }, "reset")
  },
  garbage: {
    bytes: of({ garbage: { chunks: 1 } }),
    text: of({ garbage: { bytes: 30, text: "%%%" } }),
    "and a cut": of({ delay: 5, garbage: { chunks: 1 }, cut: { chunks: 2 } }, "cut")
  },
  errorAfter: {
    "the last event": of({ errorAfter: { code: 500 } }),
    "a chunk": of({ errorAfter: { code: 499, chunks: 1 } })
  },
  body: { "a page of HTML": of({ status: 502, headers: { "content-type": "text/html" }, body: "<html>Bad</html>" }) },
  headers: { "another type": of({ headers: { "content-type": "text/plain" } }) },
  cutRequest: { "in the body": of({ cutRequest: { bytes: 20 } }, "reset") },
  slowRead: { "a few bytes at a time": of({ slowRead: { millis: 1, bytes: 20 } }) },
  batch: {
    "that fails": {
      ...of({ batch: { state: "failed" } }),
      calls: [post("models/gemini-3.8-flash:batchGenerateContent", batch), get("batches")]
    }
  },
  interaction: {
    "that fails": {
      ...of({ interaction: { state: "failed" } }),
      calls: [
        post("interactions", { model: "gemini-3.8-flash", input: "Hi" }),
        post("interactions", { model: "gemini-3.8-flash", input: "Ho", stream: true })
      ]
    }
  },
  // A delivery is no exchange of the client's: what the client asks is recorded as ever.
  webhook: { "a delivery": of({ when: { method: "webhooks.delivery" }, webhook: { lose: true } }) },
  halfOpen: { "no answer": { ...of({ halfOpen: true }, "aborted"), leaves: 40 } }
}

const server = (options: Cassette.Options) =>
  Layer.unwrap(Effect.map(Cassette.open(options), (cassette) => Emulator.layerServer({ cassette })))

const whole = ({ end, pieces, status, type }: Got) => ({
  status,
  type,
  end,
  text: Buffer.concat(pieces).toString("latin1")
})

describe("record and replay", () => {
  it("the table is that of the README, row by row", () => {
    const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8")
    const [, after = ""] = readme.split("\n## Faults\n")
    const named = [...(after.split("\n## ")[0] ?? "").matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name)
    )
    assert.deepStrictEqual(named.toSorted(), Object.keys(rows).toSorted())
  })

  for (const [row, cases] of Object.entries(rows)) {
    describe(row, () => {
      it.live.each(Object.entries(cases))("%s", ([, { calls: own, end, fault, leaves }]) =>
        Effect.gen(function*() {
          const methods = ["streamGenerateContent?alt=sse", "streamGenerateContent", "generateContent"]
          for (const method of own === undefined ? methods : methods.slice(0, 1)) {
            const file = temporary()
            const faulty = Emulator.layerServer({ faults: [fault] })
            const upstream = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(faulty)))
            const bare = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Layer.fresh(faulty))))
            const calls = own ?? [call("one two three four five six seven eight", method), call("nine ten", method)]
            const all = (url: string) => Effect.forEach(calls, (each) => Effect.map(rawCall(url, each, leaves), whole))
            const via = (layer: ReturnType<typeof server>) =>
              Effect.flatMap(Emulator.Emulator, ({ url }) => all(url)).pipe(Effect.provide(layer, { local: true }))
            const recorded = yield* via(server({ file, mode: "record", upstream: upstream.url, allowRecord: true }))
            // The client of the recorder is told what a client of the server itself is told.
            if (own === undefined) assert.deepStrictEqual(recorded, yield* all(bare.url))
            else assert.deepStrictEqual(recorded.map(({ status }) => status), own.map(() => 200))
            // A unary answer is one chunk, so a place behind it is its end.
            if (method.startsWith("stream")) assert.strictEqual(recorded[0]?.end, end)
            assert.deepStrictEqual(yield* via(server({ file })), recorded)
          }
        }).pipe(Effect.scoped))
    })
  }

  it.live("fifty calls at the same time get the same answers, three times, and each recording is played once", () =>
    Effect.gen(function*() {
      const file = temporary()
      const upstream = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Emulator.layerServer())))
      // Every second call is equal to the one before it.
      const calls = Array.from({ length: 50 }, (_, i) => call(`question ${i >> 1}`))
      const ask = Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        const got = yield* Effect.forEach(calls, (each) => rawCall(url, each), { concurrency: 50 })
        return { url, texts: got.map((each) => whole(each)) }
      })
      const { texts: recorded } = yield* ask.pipe(
        Effect.provide(server({ file, mode: "record", upstream: upstream.url, allowRecord: true }), { local: true })
      )
      for (let round = 0; round < 3; round++) {
        const cassette = yield* Cassette.open({ file })
        const more = yield* Effect.gen(function*() {
          const { texts, url } = yield* ask
          assert.deepStrictEqual(texts, recorded)
          return yield* rawCall(url, call("question 0"))
        }).pipe(Effect.provide(Emulator.layerServer({ cassette }), { local: true }))
        assert.strictEqual(more.status, 501)
        assert.match(whole(more).text, /all 2 of its recordings \(lines \d+, \d+\) have been played already/)
        const { played, unused } = yield* cassette.summary
        assert.deepStrictEqual([played, unused], [50, []])
      }
    }).pipe(Effect.scoped))

  it.live(
    "a kill -9 in the middle of a recording loses the exchange that was open, and no other",
    () =>
      Effect.gen(function*() {
        const file = temporary()
        const upstream = yield* Emulator.Emulator.pipe(
          Effect.provide(
            yield* Layer.build(
              Emulator.layerServer({ faults: [{ when: { model: "gemini-3.7-pro" }, stall: { chunks: 1 } }] })
            )
          )
        )
        const child = spawn(process.execPath, [join(import.meta.dirname, "recorderProcess.ts"), file, upstream.url])
        const url = yield* Effect.promise(() =>
          new Promise<string>((resolve) => child.stdout.once("data", (line) => resolve(String(line).trim())))
        )
        for (let i = 0; i < 5; i++) yield* rawCall(url, call(`question ${i}`))
        // This one never ends.
        yield* Effect.forkScoped(
          rawCall(url, { ...call("open"), url: "/v1beta/models/gemini-3.7-pro:streamGenerateContent?alt=sse" })
        )
        // One session has ended, and one is open.
        const setup = { setup: { model: Wire.robot, generationConfig: { responseModalities: ["TEXT"] } } }
        const ended = yield* converse(url, { says: [setup, Wire.ask("emulator:words 3")], until: "turnComplete" })
        yield* Effect.forkScoped(converse(url, { says: [setup] }))
        yield* upstream.awaitRequests(6)
        yield* upstream.live.awaitClosed(1)
        yield* upstream.live.awaitLog((all) => all.length === 2)
        child.kill("SIGKILL")
        yield* Effect.promise(() => new Promise((resolve) => child.once("exit", resolve)))
        const kept = yield* Cassette.read(file)
        assert.strictEqual(kept.length, 6)
        assert.strictEqual(kept.filter((each) => "live" in each)[0]?.close?.code, ended.code)
        // A write that the kill has torn is left out, and what is recorded later stands behind it.
        appendFileSync(file, "{\"n\":6,\"request\":{\"meth")
        yield* Effect.gen(function*() {
          const { url } = yield* Emulator.Emulator
          const played = yield* rawCall(url, call("question 3"))
          const asked = yield* rawCall(url, call("question 9"))
          assert.deepStrictEqual([played.status, asked.status], [200, 200])
        }).pipe(
          Effect.provide(server({ file, mode: "new", upstream: upstream.url, allowRecord: true }), { local: true })
        )
        assert.strictEqual((yield* Cassette.read(file)).length, 7)
        assert.strictEqual(readFileSync(file, "utf8").split("\n").length, 10)
      }).pipe(Effect.scoped),
    60_000
  )

  it.live(
    "a kill -9 among many calls at once loses none that was answered",
    () =>
      Effect.gen(function*() {
        const dice = Dice.make(String(seedOf("26.2", 2602)))
        const upstream = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Emulator.layerServer())))
        for (let round = 0; round < sizeOf("26.2", { test: 2, prove: 40 }); round++) {
          const file = temporary()
          const child = spawn(process.execPath, [join(import.meta.dirname, "recorderProcess.ts"), file, upstream.url])
          const url = yield* Effect.promise(() =>
            new Promise<string>((resolve) => child.stdout.once("data", (line) => resolve(String(line).trim())))
          )
          const most = dice.int(1, 60)
          const answered = new Map<string, string>()
          let asked = 0
          const client = Effect.gen(function*() {
            while (child.exitCode === null && child.signalCode === null) {
              const text = `question ${asked++}`
              const got = yield* rawCall(url, call(text))
              if (got.end !== "complete") return
              answered.set(text, whole(got).text)
              if (answered.size === most) child.kill("SIGKILL")
            }
          })
          yield* Effect.all(Array.from({ length: 8 }, () => client), { concurrency: "unbounded" })
          const kept = new Map((yield* Cassette.read(file)).flatMap((each) =>
            "live" in each ? [] : [[
              JSON.parse(String(each.request.body)).contents[0].parts[0].text,
              each.response.chunks.map(([, piece]) => piece).join("")
            ]]
          ))
          assert.isAtLeast(answered.size, most)
          for (const [text, body] of answered) assert.strictEqual(kept.get(text), body, `${text} of round ${round}`)
        }
      }).pipe(Effect.scoped),
    120_000
  )

  it.live("a recording that cannot be written costs the client nothing, is counted, and spoils no other", () =>
    Effect.gen(function*() {
      const file = temporary()
      const large = "x".repeat(100_000)
      const upstream = yield* Emulator.Emulator.pipe(
        Effect.provide(yield* Layer.build(Emulator.layerServer({ answers: ["first", "second"] })))
      )
      // Large pieces lie in a folder of this name, which cannot be made where a file has it.
      appendFileSync(`${file}.blobs`, "")
      const cassette = yield* Cassette.open({ file, mode: "record", upstream: upstream.url, allowRecord: true })
      const got = yield* Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        return yield* Effect.forEach([large, "small"], (text) => rawCall(url, call(text, "generateContent")))
      }).pipe(Effect.provide(Emulator.layerServer({ cassette }), { local: true }))
      assert.deepStrictEqual(got.map((each) => /first|second/.exec(whole(each).text)?.[0]), ["first", "second"])
      assert.deepStrictEqual(got.map(({ end }) => end), ["complete", "complete"])
      const { dropped, recorded } = yield* cassette.summary
      assert.deepStrictEqual([dropped, recorded], [1, 1])
      assert.strictEqual((yield* Cassette.read(file)).length, 1)
    }).pipe(Effect.scoped))
})
