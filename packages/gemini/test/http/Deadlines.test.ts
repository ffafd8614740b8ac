import { assert, describe, it } from "@effect/vitest"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { Deadlines } from "../../src/internal/http/Deadlines.ts"

const request = { model: "gemini-3.8-flash", contents: [{ role: "user", parts: [{ text: "Hi" }] }] }
const chunk = (finishReason?: string) =>
  JSON.stringify({ candidates: [{ content: { parts: [{ text: "a" }] }, ...(finishReason ? { finishReason } : {}) }] })
const event = (finishReason?: string) => new TextEncoder().encode(`data: ${chunk(finishReason)}\n\n`)

/** Lets promises of the body's reader run: they know no Clock. */
const settle = Effect.promise(() => new Promise<void>((resume) => void setImmediate(resume)))

const pass = (seconds: number) => Effect.andThen(settle, Effect.andThen(TestClock.adjust(`${seconds} seconds`), settle))

/** A client whose response head comes after `head` seconds, with a body that the test writes. */
const make = Effect.fnUntraced(function*(head: number, timeouts: GeminiConfig.Timeouts) {
  let writer: ReadableStreamDefaultController<Uint8Array> | undefined
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      writer = controller
    }
  })
  const client = HttpClient.make((sent) =>
    Effect.as(Effect.sleep(`${head} seconds`), HttpClientResponse.fromWeb(sent, new Response(body)))
  )
  const http = yield* GeminiHttp.make({ apiKey: Redacted.make("k"), timeouts }).pipe(
    Effect.provideService(HttpClient.HttpClient, client)
  )
  return { http, write: (bytes: Uint8Array) => Effect.sync(() => writer?.enqueue(bytes)), end: () => writer?.close() }
})

const all = { connect: "1 second", firstByte: "3 seconds", idle: "2 seconds", attempt: "10 seconds" } as const

const runs = {
  unary: (http: GeminiHttp.Service) => Effect.asVoid(http.generateContent(request)),
  stream: (http: GeminiHttp.Service) => Stream.runDrain(http.generateContentStream(request))
}

describe.each(Object.entries(runs))("deadlines follow the Clock: %s", (_, run) => {
  const ending = (fiber: Fiber.Fiber<void, GeminiError>) =>
    Effect.map(
      Effect.flip(Fiber.join(fiber)),
      ({ reason }): object => reason._tag === "TimedOut" ? { _tag: reason._tag, phase: reason.phase } : reason
    )

  for (const phase of ["connect", "firstByte", "attempt"] as const) {
    it.effect(`no head: ${phase}, at its time and not before`, () =>
      Effect.gen(function*() {
        const { http } = yield* make(1_000, { [phase]: "5 seconds" })
        const fiber = yield* Effect.forkChild(run(http))
        yield* pass(4.999)
        assert.isUndefined(fiber.pollUnsafe())
        yield* pass(0.001)
        assert.deepStrictEqual(yield* ending(fiber), { _tag: "TimedOut", phase })
      }))
  }

  it.effect("a head without a body: firstByte", () =>
    Effect.gen(function*() {
      const { http } = yield* make(0.5, { connect: "1 second", firstByte: "3 seconds" })
      const fiber = yield* Effect.forkChild(run(http))
      yield* pass(0.5)
      yield* pass(2.499)
      assert.isUndefined(fiber.pollUnsafe())
      yield* pass(0.001)
      assert.deepStrictEqual(yield* ending(fiber), { _tag: "TimedOut", phase: "firstByte" })
    }))

  it.effect("a body that falls silent: idle, counted from its last piece", () =>
    Effect.gen(function*() {
      const { http, write } = yield* make(0.5, all)
      const fiber = yield* Effect.forkChild(run(http))
      yield* pass(0.5)
      yield* write(event())
      yield* pass(1.5)
      yield* write(event())
      yield* pass(1.5)
      assert.isUndefined(fiber.pollUnsafe())
      yield* pass(0.5)
      assert.deepStrictEqual(yield* ending(fiber), { _tag: "TimedOut", phase: "idle" })
    }))

  it.effect("a body that never ends: attempt", () =>
    Effect.gen(function*() {
      const { http, write } = yield* make(0.5, all)
      const fiber = yield* Effect.forkChild(run(http))
      yield* pass(0.5)
      for (let i = 0; i < 9; i++) {
        yield* write(event())
        yield* pass(1)
      }
      assert.isUndefined(fiber.pollUnsafe())
      yield* pass(0.5)
      assert.deepStrictEqual(yield* ending(fiber), { _tag: "TimedOut", phase: "attempt" })
    }))

  it.effect("a call's own deadline wins over the layer's, and in time nothing fails", () =>
    Effect.gen(function*() {
      const { end, http, write } = yield* make(4, { connect: "1 second" })
      const fiber = yield* Effect.forkChild(
        http.generateContentStream(request, { timeouts: { connect: "5 seconds" } }).pipe(Stream.runCount)
      )
      yield* pass(4)
      yield* write(event("STOP"))
      end()
      assert.strictEqual(yield* Fiber.join(fiber), 1)
    }))
})

describe("what counts as idle", () => {
  it.effect("a slow consumer is not a silent server", () =>
    Effect.gen(function*() {
      const { end, http, write } = yield* make(0, { idle: "2 seconds" })
      const start = yield* Clock.currentTimeMillis
      const fiber = yield* Effect.forkChild(
        Stream.runForEach(http.generateContentStream(request), () => Effect.sleep("1 minute"))
      )
      yield* pass(0)
      for (const finishReason of [undefined, "STOP"]) {
        yield* write(event(finishReason))
        yield* pass(30)
        assert.isUndefined(fiber.pollUnsafe())
        yield* pass(30)
      }
      end()
      yield* Fiber.join(fiber)
      assert.isAtLeast((yield* Clock.currentTimeMillis) - start, 120_000)
    }))

  it("a piece costs no timer: the sleeper looks again when the last idle limit has passed", () => {
    const deadlines = new Deadlines({ idle: 1_000 }, 0)
    assert.deepStrictEqual(deadlines.next(0), { at: 1_000 })
    deadlines.begun()
    deadlines.waiting(400)
    assert.deepStrictEqual(deadlines.next(1_000), { at: 1_400, phase: "idle" })
    deadlines.received()
    assert.deepStrictEqual(deadlines.next(1_400), { at: 2_400 })
  })

  it("nothing set, nothing watched", () => {
    assert.isUndefined(new Deadlines({}, 0).next(0))
  })
})
