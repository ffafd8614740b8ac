// The real client and the Live emulator without a socket: ten minutes of a session pass at once.
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const text = "gemini-robotics-er-2-streaming-preview"

const layer = (options: Emulator.Options = {}) =>
  Layer.provideMerge(
    GeminiLive.layer({ apiKey: Redacted.make("key"), tier: "tier3" }),
    [Emulator.layerWebSocketConstructor(options), RateLimiter.layer]
  )

const test = (
  name: string,
  options: Emulator.Options,
  body: Effect.Effect<void, unknown, GeminiLive.GeminiLive | Emulator.Emulator | Scope.Scope>
) => it.effect(name, () => Effect.provide(Effect.scoped(body), layer(options)))

const connect = <R = never>(options: GeminiLive.ConnectOptions<R> = {}) =>
  GeminiLive.GeminiLive.use((live) => live.connect({ model: text, ...options }))

const watch = (events: Stream.Stream<LiveEvent, unknown>) => {
  const seen: Array<LiveEvent> = []
  return Effect.as(
    Effect.forkScoped(Effect.exit(Stream.runForEach(events, (event) => Effect.sync(() => seen.push(event)))), {
      startImmediately: true
    }),
    () => seen.map(({ _tag }) => _tag)
  )
}

describe("the client against the Live emulator, in memory", () => {
  test(
    "turn after turn, with usage, and a clean close",
    {},
    Effect.gen(function*() {
      const { live } = yield* Emulator.Emulator
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* connect()
        assert.include((yield* session.ask("What about tides?")).text, "What about tides?")
        const answer = yield* session.ask("emulator:recall")
        assert.strictEqual(answer.text, "What about tides? | emulator:recall")
        assert.isAbove(answer.usage?.totalTokens ?? 0, 0)
      }))
      const [entry] = yield* live.awaitClosed(1)
      assert.deepInclude(entry, { code: 1000, closedBy: "client", turns: 2 })
    })
  )

  test(
    "a model that only speaks answers by its transcription",
    {},
    Effect.gen(function*() {
      const session = yield* connect({ model: "gemini-3.8-live" })
      assert.strictEqual((yield* session.ask("emulator:say loud and clear")).text, "loud and clear")
    })
  )

  test(
    "functions are run and their answers spoken",
    {},
    Effect.gen(function*() {
      const functions = LiveTools.make({
        weather: { description: "Weather", handle: () => Effect.succeed("fog") },
        time: { description: "Time", handle: () => Effect.fail("no clock") }
      })
      const session = yield* connect({ functions })
      const { text } = yield* session.ask("Ask weather and time")
      assert.include(text, "weather returned {\"output\":\"fog\"}")
      assert.include(text, "no clock")
    })
  )

  test(
    "ten sessions of ten minutes in a row, one conversation: goAway is heeded, nothing is forgotten",
    {},
    Effect.gen(function*() {
      const session = yield* connect({ reconnect: { schedule: Schedule.spaced("1 second") } })
      const tags = yield* watch(session.events)
      const said: Array<string> = []
      for (let i = 0; i < 10; i++) {
        said.push(`word${i}`)
        yield* session.ask(`word${i}`)
        yield* TestClock.adjust("10 minutes")
        yield* TestClock.adjust("5 seconds")
      }
      const recall = yield* session.ask("emulator:recall")
      assert.strictEqual(recall.text, [...said, "emulator:recall"].join(" | "))
      const { live } = yield* Emulator.Emulator
      const counters = yield* live.counters
      assert.isAtLeast(counters.total, 10)
      assert.strictEqual(counters.largestConcurrent, 1)
      assert.strictEqual(counters.turns, 11)
      assert.isAtLeast(tags().filter((tag) => tag === "Reconnected").length, 9)
    })
  )

  test(
    "a connection that drops in the middle of a turn: the caller hears of it",
    { live: { chunkDelay: 100 }, faults: [{ cut: { at: "turn", chunks: 2 } }] },
    Effect.gen(function*() {
      const session = yield* connect()
      const asked = yield* Effect.forkChild(Effect.flip(session.ask("emulator:words 60")), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(asked)
      assert.strictEqual(error.reason._tag, "Interrupted")
      assert.strictEqual(error.code, 1006)
    })
  )

  test(
    "more sessions than the server allows: its words, and code 1011",
    { quotas: { sessions: 1 } },
    Effect.gen(function*() {
      yield* connect()
      const error = yield* Effect.flip(connect())
      assert.strictEqual(error.reason._tag, "Handshake")
      assert.strictEqual(error.code, 1011)
      assert.include(error.message, "You exceeded your current quota")
    })
  )
})
