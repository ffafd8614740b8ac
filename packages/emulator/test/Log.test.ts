import { assert, describe, it, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as LiveLog from "effect-gemini-emulator/LiveLog"
import * as RequestLog from "effect-gemini-emulator/RequestLog"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { inspect } from "node:util"
import * as Allowance from "../src/internal/log/Allowance.ts"
import { awaitEntry } from "../src/internal/log/awaitEntry.ts"
import { ask, connect } from "./LiveWire.ts"
import { flash, post, prompt } from "./Wire.ts"

const arrival = (time: number, bodyText = "{}", connection = 0) => ({
  time,
  method: "POST",
  path: "/",
  apiMethod: "generateContent",
  model: flash,
  space: "default",
  project: "default",
  region: "global",
  bodyBytes: new TextEncoder().encode(bodyText),
  headersText: "{\"x-own\":\"kept\"}",
  connection
})

const answered = (log: RequestLog.RequestLog, time: number, bytes: number) => {
  const handle = log.add(arrival(time, `{"n":${time}}`))
  handle.head(200, "application/json")
  handle.sent(new Uint8Array(bytes), time)
  handle.close("complete", time)
  return handle
}

layer(Emulator.layerMemory({ chunkDelay: 100 }))("an entry", (it) => {
  it.effect("has the answer, whole and in pieces with their times, and who gave it", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue({ chunks: ["One ", "two"] })
      const call = yield* Effect.forkChild(
        Effect.flatMap(
          post(`/v1beta/models/${flash}:streamGenerateContent?alt=sse`, prompt("Hi")),
          (response) => response.text
        ),
        { startImmediately: true }
      )
      yield* TestClock.adjust(1000)
      const sent = yield* Fiber.join(call)
      const [entry] = yield* emulator.awaitClosed(1)
      assert.isDefined(entry)
      assert.strictEqual(entry.responseText, sent)
      assert.deepStrictEqual(
        entry.response,
        sent.split("\r\n\r\n").slice(0, 2).map((each) => JSON.parse(each.slice(6)))
      )
      assert.deepStrictEqual(entry.verdict, { by: "queue" })
      assert.strictEqual(entry.space, "default")
      const [first, second] = entry.chunks
      assert.strictEqual(entry.chunks.length, 2)
      assert.strictEqual((second?.time ?? 0) - (first?.time ?? 0), 100)
      assert.strictEqual(entry.bytesSent, (first?.bytes.length ?? 0) + (second?.bytes.length ?? 0))
    }))

  it.effect("says why a request was refused: the judge, a fault, a header of the emulator's own", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.clear
      const path = `/v1beta/models/${flash}:generateContent`
      const refused = [
        yield* post(path, { contents: [] }),
        yield* post(path, prompt("Hi"), { "x-emulator-fault": "{\"status\":503}" }),
        yield* post(path, prompt("Hi"), { "x-emulator-answer": "{\"txt\":\"no\"}" })
      ]
      for (const response of refused) yield* response.text
      const verdicts = (yield* emulator.awaitClosed(3)).map(({ verdict }) => verdict)
      assert.deepStrictEqual(verdicts.map((verdict) => verdict?.by), ["judge", "fault", "misuse"])
      assert.include(verdicts[0]?.refused, "contents is not specified")
      assert.include(verdicts[2]?.refused, "txt")
    }))

  it.effect("keeps no token that is as good as a key, only how long the answer was", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.clear
      const { name } = JSON.parse(yield* (yield* post("/v1alpha/auth_tokens", {})).text)
      const [entry] = yield* emulator.awaitClosed(1)
      assert.match(name, /^auth_tokens\//)
      assert.isAbove(entry?.bytesSent ?? 0, 20)
      assert.notInclude(inspect(entry, { depth: 9 }) + JSON.stringify(entry) + entry?.responseText, name.slice(12))
    }))

  it.effect("looks like plain data to console.log and JSON", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.clear
      yield* (yield* post(`/v1beta/models/${flash}:countTokens`, prompt("Hi"))).text
      const [entry] = yield* emulator.awaitClosed(1)
      assert.deepInclude(JSON.parse(JSON.stringify(entry)), {
        apiMethod: "countTokens",
        body: prompt("Hi"),
        response: { totalTokens: 1, promptTokensDetails: [{ modality: "TEXT", tokenCount: 1 }] }
      })
      assert.include(inspect(entry), "totalTokens: 1")
    }))

  it.effect("of a Live connection says who answered each turn", () =>
    Effect.scoped(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const client = yield* connect()
      yield* emulator.enqueue("Scripted")
      for (const words of ["One", "Two"]) {
        yield* client.send(ask(words))
        const turn = yield* Effect.forkChild(client.turn, { startImmediately: true })
        yield* TestClock.adjust(5000)
        yield* Fiber.join(turn)
      }
      const [entry] = yield* emulator.live.connections
      assert.deepStrictEqual(entry?.verdicts, [{ by: "queue" }, { by: "generator" }])
    })))
})

describe("the log", () => {
  it("keeps as many of the newest as it is told to", () => {
    for (const [remember, kept] of [[3, [7, 8, 9]], [0, []], [undefined, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]] as const) {
      const log = RequestLog.make({ remember })
      for (let i = 0; i < 10; i++) log.add(arrival(i))
      assert.deepStrictEqual(log.entries().map(({ id }) => id), [...kept])
    }
  })

  it("drops the oldest where its bytes are used up, counts what it dropped, and goes on counting all", () => {
    const log = RequestLog.make({ allowance: Allowance.make(100_000) })
    for (let i = 0; i < 200; i++) answered(log, i, 1000)
    const kept = log.entries()
    const { byMethod, byOutcome, dropped, total } = log.counters()
    assert.strictEqual(kept.at(-1)?.id, 199)
    assert.strictEqual(kept[0]?.id, dropped)
    assert.strictEqual(kept.length + dropped, 200)
    assert.isAtLeast(kept.length, 30)
    assert.isAtMost(kept.length, 70)
    assert.deepStrictEqual([total, byMethod, byOutcome], [200, { generateContent: 200 }, { complete: 200 }])
    assert.strictEqual(log.closed(), 200)
  })

  it("whoever still holds an entry that was dropped is told, where there is no more to read", () => {
    const log = RequestLog.make({ allowance: Allowance.make(100_000) })
    answered(log, 0, 1000)
    const held = log.at(0)
    assert.deepStrictEqual([held?.body, held?.chunks.length, held?.responseText.length], [{ n: 0 }, 1, 1000])
    for (let i = 1; i < 200; i++) answered(log, i, 1000)
    assert.isUndefined(log.at(0))
    assert.deepStrictEqual([held?.id, held?.status], [0, 200])
    assert.throws(() => held?.body, "the log has dropped request 0: it keeps as much as logBytes allows")
    assert.throws(() => held?.response, "the log has dropped request 0")
    const kept = log.entries()
    log.clear()
    assert.deepStrictEqual(kept.at(-1)?.body, { n: 199 })
  })

  it("an answer without end is dropped while it is sent, and its end is still counted", () => {
    const log = RequestLog.make({ allowance: Allowance.make(50_000) })
    const endless = log.add(arrival(0))
    for (let i = 0; i < 1000; i++) endless.sent(new Uint8Array(1000), i)
    assert.deepStrictEqual(log.entries(), [])
    assert.deepStrictEqual(log.counters().byOutcome, { open: 1 })
    endless.close("aborted", 1000)
    assert.deepStrictEqual(log.counters().byOutcome, { aborted: 1 })
    answered(log, 1, 10)
    assert.deepStrictEqual(log.entries().map(({ id }) => id), [1])
  })

  it("a loud log that shares its bytes with a quiet one costs that one nothing", () => {
    const allowance = Allowance.make(100_000)
    const quiet = RequestLog.make({ allowance })
    const loud = RequestLog.make({ allowance })
    for (let i = 0; i < 5; i++) answered(quiet, i, 1000)
    for (let i = 0; i < 1000; i++) answered(loud, i, 1000)
    assert.strictEqual(quiet.entries().length, 5)
    assert.isAtMost(allowance.held(), 100_000)
    loud.end()
    quiet.end()
    assert.strictEqual(allowance.held(), 0)
  })

  it("bounds Live messages too: of an open connection the older half goes first", () => {
    const allowance = Allowance.make(100_000)
    const log = LiveLog.make({ allowance })
    const { apiMethod, path, project, region, space, time } = arrival(0)
    const open = () => log.add({ time, path, space, project, region, apiMethod, version: "v1beta", headers: {} })
    const first = open()
    for (let i = 0; i < 1000; i++) log.message(first, { from: "client", time: i, message: { i } }, 100)
    const [entry] = log.entries()
    assert.strictEqual((entry?.messages.length ?? 0) + (entry?.droppedMessages ?? 0), 1000)
    assert.deepStrictEqual(entry?.messages.at(-1)?.message, { i: 999 })
    assert.isAtMost(allowance.held(), 100_000)
    log.close(first, { code: 1000, reason: "", by: "client" }, 1)
    const second = open()
    for (let i = 0; i < 1000; i++) log.message(second, { from: "server", time: i, message: { i } }, 100)
    assert.deepStrictEqual(log.entries().map(({ id }) => id), [1])
    const { dropped, messagesFromClients, messagesFromServer, total } = log.counters()
    assert.deepStrictEqual([total, dropped, messagesFromClients, messagesFromServer], [2, 1, 1000, 1000])
  })

  it("an entry that was open before a clear does not count after it", () => {
    const log = RequestLog.make()
    const before = log.add(arrival(0))
    log.clear()
    before.sent(new Uint8Array(1000), 1)
    before.close("complete", 1)
    assert.deepStrictEqual([log.arrived(), log.closed(), log.counters().total], [0, 0, 0])
  })

  it("a name that a client makes up is counted as any other, and there is a bound on how many", () => {
    const log = RequestLog.make()
    for (let i = 0; i < 1100; i++) log.add({ ...arrival(i), model: `model-${i}` })
    log.add({ ...arrival(0), model: "__proto__" })
    const { byModel } = log.counters()
    assert.strictEqual(Object.values(byModel).reduce((sum, count) => sum + count, 0), 1101)
    assert.isAtMost(Object.keys(byModel).length, 1001)
  })

  it("knows the largest count in any rolling window, and at one time", () => {
    const entry = (time: number, closedAt?: number) => ({ time, closedAt })
    const times = [0, 10, 59_999, 60_000, 60_005, 60_009, 120_020].map((time) => entry(time))
    assert.strictEqual(RequestLog.largestInWindow(times, 60_000), 5)
    assert.strictEqual(RequestLog.largestInWindow(times, 1), 1)
    assert.strictEqual(RequestLog.largestInWindow([], 1), 0)
    assert.strictEqual(RequestLog.largestConcurrency([entry(0, 10), entry(5, 20), entry(10, 11), entry(30)]), 2)
  })

  it.effect("a wait for the next entry looks at that one alone, whatever was there before", () =>
    Effect.gen(function*() {
      const log = RequestLog.make()
      for (let i = 0; i < 100_000; i++) log.add(arrival(i))
      let looked = 0
      const waiting = yield* Effect.forkChild(
        awaitEntry(log, (entry) => {
          looked++
          return entry.outcome === "complete"
        }, 100_000),
        { startImmediately: true }
      )
      answered(log, 100_000, 10)
      assert.strictEqual((yield* Fiber.join(waiting)).id, 100_000)
      assert.isAtMost(looked, 2)
      assert.strictEqual((yield* awaitEntry(log, ({ id }) => id === 7)).id, 7)
    }))
})
