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
import { type Call, type Got, rawCall } from "./wireClient.ts"

const temporary = () => join(mkdtempSync(join(tmpdir(), "cassette-replay-")), "cassette.jsonl")

const call = (text: string, method = "streamGenerateContent?alt=sse"): Call => ({
  method: "POST",
  url: `/v1beta/models/gemini-3.8-flash:${method}`,
  headers: { "content-type": "application/json" },
  body: Buffer.from(JSON.stringify({ contents: [{ role: "user", parts: [{ text }] }] }))
})

/** What goes wrong, and how the exchange must end. */
const faults: Readonly<Record<string, readonly [Fault.Fault, Got["end"]]>> = {
  nothing: [{ when: { model: "none" } }, "complete"],
  "400": [{ status: 400 }, "complete"],
  "429 with headers": [{ status: 429, headers: { "retry-after": "2" } }, "complete"],
  "503 inside a stream": [{ error: { code: 503 }, inside: true }, "complete"],
  "an error after a chunk": [{ errorAfter: { code: 500, chunks: 1 } }, "complete"],
  "a reset before the head": [{ reset: true }, "reset"],
  "a reset in the stream": [{ reset: { chunks: 1 } }, "reset"],
  "a cut in the stream": [{ cut: { chunks: 1 } }, "cut"],
  "a cut within a chunk": [{ cut: { bytes: 150 } }, "cut"],
  "an end that looks like one": [{ cut: { chunks: 1, clean: true } }, "complete"],
  "garbage": [{ garbage: { chunks: 1 } }, "complete"],
  "a page of HTML": [
    { status: 502, headers: { "content-type": "text/html" }, body: "<html>Bad Gateway</html>" },
    "complete"
  ]
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
  it.live.each(Object.entries(faults))("%s", ([, [fault, end]]) =>
    Effect.gen(function*() {
      const file = temporary()
      const upstream = yield* Emulator.Emulator.pipe(
        Effect.provide(yield* Layer.build(Emulator.layerServer({ faults: [fault] })))
      )
      const calls = [call("one two three four five six seven eight"), call("nine ten", "generateContent")]
      const recorded = yield* Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        return yield* Effect.forEach(calls, (each) => rawCall(url, each))
      }).pipe(
        Effect.provide(server({ file, mode: "record", upstream: upstream.url, allowRecord: true }), { local: true })
      )
      // The client of the recorder is told what a client of the server itself is told.
      const direct = yield* rawCall(upstream.url, calls[0] ?? call(""))
      assert.deepStrictEqual(whole(recorded[0] ?? direct), whole(direct))
      assert.strictEqual(recorded[0]?.end, end)
      const played = yield* Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        return yield* Effect.forEach(calls, (each) => rawCall(url, each))
      }).pipe(Effect.provide(server({ file }), { local: true }))
      assert.deepStrictEqual(played.map(whole), recorded.map(whole))
    }).pipe(Effect.scoped))

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
        assert.include(whole(more).text, "all 2 of its recordings have been played already")
        const { played, unused } = yield* cassette.summary
        assert.deepStrictEqual([played, unused], [50, []])
      }
    }).pipe(Effect.scoped))

  it.live("what is not in it is refused with the nearest recording, how it differs, and what records it", () =>
    Effect.gen(function*() {
      const file = temporary()
      const upstream = yield* Emulator.Emulator.pipe(Effect.provide(yield* Layer.build(Emulator.layerServer())))
      yield* Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        yield* rawCall(url, call("Hello there"))
      }).pipe(
        Effect.provide(server({ file, mode: "once", upstream: upstream.url, allowRecord: true }), { local: true })
      )
      const texts = yield* Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        return yield* Effect.forEach(
          [call("Hello here"), call("Hello there", "countTokens")],
          (each) => Effect.map(rawCall(url, each), (got) => JSON.parse(whole(got).text).error.message)
        )
      }).pipe(Effect.provide(server({ file, mode: "once", upstream: upstream.url }), { local: true }))
      assert.deepStrictEqual(texts, [
        `The cassette ${file}: POST /v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse: the nearest recording ` +
        "is number 1, which differs in contents[0].parts[0].text: recorded \"Hello there\", asked \"Hello here\". " +
        `To record it: --cassette ${file} --mode new --upstream URL`,
        `The cassette ${file}: POST /v1beta/models/gemini-3.8-flash:countTokens: nothing is recorded of this method and ` +
        "path; recorded are POST /v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse. " +
        `To record it: --cassette ${file} --mode new --upstream URL`
      ])
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
        yield* upstream.awaitRequests(6)
        child.kill("SIGKILL")
        yield* Effect.promise(() => new Promise((resolve) => child.once("exit", resolve)))
        assert.strictEqual((yield* Cassette.read(file)).length, 5)
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
        assert.strictEqual((yield* Cassette.read(file)).length, 6)
        assert.strictEqual(readFileSync(file, "utf8").split("\n").length, 9)
      }).pipe(Effect.scoped),
    60_000
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

  it.live("asks nobody where CI is set, unless it is allowed to", () =>
    Effect.gen(function*() {
      const before = process.env["CI"]
      process.env["CI"] = "true"
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => {
          if (before === undefined) delete process.env["CI"]
          else process.env["CI"] = before
        })
      )
      const file = temporary()
      const error = yield* Effect.flip(
        Cassette.open({ file, mode: "once", upstream: "https://generativelanguage.googleapis.com" })
      )
      assert.strictEqual(
        error.message,
        `${file}: mode "once" would ask generativelanguage.googleapis.com, and the variable CI is set: record at home, or allow it`
      )
    }).pipe(Effect.scoped))
})
