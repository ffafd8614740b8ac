/**
 * How a session outlives its connections, against the Live emulator in memory: under the clock of the test, an hour of
 * slow pongs passes at once. Each expectation was filled in before it was run.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Fault from "effect-gemini-emulator/Fault"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { watch } from "./liveClient.ts"

const text = "gemini-robotics-er-2-streaming-preview"

const reconnect = { schedule: Schedule.spaced("1 second") } as const

const within = <A, E>(
  options: Emulator.Options,
  body: Effect.Effect<A, E, GeminiLive.GeminiLive | Emulator.Emulator | Scope.Scope>
) =>
  Effect.provide(
    Effect.scoped(body),
    Layer.provideMerge(
      GeminiLive.layer({ apiKey: Redacted.make("key"), tier: "tier3" }),
      [Emulator.layerWebSocketConstructor(options), RateLimiter.layer]
    )
  )

const connect = <R = never>(options: GeminiLive.ConnectOptions<R> = {}) =>
  GeminiLive.GeminiLive.use((live) => live.connect({ model: text, ...options }))

const connections = Effect.flatMap(Emulator.Emulator, ({ live }) => live.connections)

/** Lets what is due by now happen. Nothing here needs a socket. */
const pass = (time: `${number} ${"millis" | "second" | "seconds" | "minutes"}`) =>
  Effect.andThen(TestClock.adjust(time), Effect.yieldNow)

describe("pongs", () => {
  it.effect.each([8_000, 30_000, 59_000])("that take %i ms end no session in an hour", (pongDelay) =>
    within(
      { live: { pongDelay, lifetime: 7_200_000 } },
      Effect.gen(function*() {
        const session = yield* connect({ reconnect })
        for (let minute = 0; minute < 60; minute++) yield* pass("1 minutes")
        assert.strictEqual((yield* session.ask("emulator:say still here")).text, "still here")
        assert.strictEqual((yield* connections).length, 1)
      })
    ))

  it.effect("that take longer than a minute end it, as nothing else comes", () =>
    within(
      { live: { pongDelay: 61_000, lifetime: 7_200_000 } },
      Effect.gen(function*() {
        const session = yield* connect()
        yield* pass("20 seconds")
        yield* pass("59 seconds")
        assert.strictEqual((yield* session.status)._tag, "Open")
        yield* pass("1 second")
        const status = yield* session.status
        assert.deepInclude(status._tag === "Closed" ? status.error?.reason : undefined, {
          _tag: "TimedOut",
          phase: "ping"
        })
      })
    ))
})

describe("the end of a connection that the server did not announce", () => {
  const closes: ReadonlyArray<readonly [code: number, reason: string]> = [
    [1008, "The operation was aborted."],
    [1008, "Operation is not implemented, or supported, or enabled."],
    [1011, "Deadline expired before operation could complete."]
  ]

  it.effect.each(closes)("%i %s: it is dialled again, and the conversation is remembered", ([code, reason]) =>
    within(
      { live: { lifetime: 60_000, goAwayBefore: 0, lifetimeClose: { code, reason } } },
      Effect.gen(function*() {
        const session = yield* connect({ reconnect })
        const { seen } = yield* watch(session.events)
        yield* session.ask("my name is Ada")
        yield* pass("60 seconds")
        yield* pass("1 second")
        assert.strictEqual((yield* session.ask("emulator:recall")).text, "my name is Ada | emulator:recall")
        const tags = seen.flatMap((event) => event._tag.startsWith("Reconnect") ? [event] : [])
        assert.deepInclude(tags[0]?._tag === "Reconnecting" ? tags[0].reason : undefined, {
          _tag: "Interrupted",
          code,
          text: reason
        })
        assert.deepStrictEqual(tags[1], { _tag: "Reconnected", isStateRestored: true, unacknowledged: 0 })
        assert.deepStrictEqual((yield* connections).map(({ code }) => code), [code, undefined])
      })
    ))

  it.effect.each(closes)("%i %s: without reconnection it is the error, with its words", ([code, reason]) =>
    within(
      { live: { lifetime: 60_000, goAwayBefore: 0, lifetimeClose: { code, reason } } },
      Effect.gen(function*() {
        const session = yield* connect()
        yield* pass("60 seconds")
        const status = yield* session.status
        const error = status._tag === "Closed" ? status.error : undefined
        assert.deepStrictEqual([error?.reason._tag, error?.code, error?.isRetryable], ["Interrupted", code, true])
        assert.include(error?.message, reason)
      })
    ))

  it.effect("in the middle of a turn: the turn is told, and the session goes on", () =>
    within(
      { live: { chunkDelay: 100 }, faults: [Fault.aborted({ at: "turn", chunks: 2 })] },
      Effect.gen(function*() {
        const session = yield* connect({ reconnect })
        const { tags } = yield* watch(session.events)
        const asked = yield* Effect.forkChild(Effect.flip(session.ask("emulator:words 60")), { startImmediately: true })
        yield* pass("1 second")
        const error = yield* Fiber.join(asked)
        assert.deepStrictEqual([error.reason._tag, error.code], ["Interrupted", 1008])
        yield* pass("1 second")
        assert.deepStrictEqual(tags().filter((tag) => /Reconnect|TurnInt/.test(tag)), [
          "TurnInterrupted",
          "Reconnecting",
          "Reconnected"
        ])
      })
    ))
})

describe("a handle that the server refuses", () => {
  const options: Emulator.Options = { live: { lifetime: 60_000, goAwayBefore: 0, handleRefusal: {} } }

  it.effect("ends the session with the refusal", () =>
    within(
      options,
      Effect.gen(function*() {
        const session = yield* connect({ reconnect })
        yield* session.ask("my name is Ada")
        yield* pass("60 seconds")
        yield* pass("1 second")
        const status = yield* session.status
        assert.deepInclude(status._tag === "Closed" ? status.error?.reason : undefined, {
          _tag: "Handshake",
          code: 1008,
          text: "Requested entity was not found."
        })
        assert.strictEqual((yield* connections).length, 2)
      })
    ))

  it.effect("is followed by a session that remembers nothing, and says so", () =>
    within(
      options,
      Effect.gen(function*() {
        const session = yield* connect({ reconnect: { ...reconnect, onLostState: "fresh" } })
        const { seen } = yield* watch(session.events)
        yield* session.ask("my name is Ada")
        yield* pass("60 seconds")
        yield* pass("1 second")
        assert.strictEqual((yield* session.ask("emulator:recall")).text, "emulator:recall")
        const said = seen.find(({ _tag }) => _tag === "Reconnected")
        assert.deepStrictEqual(said, { _tag: "Reconnected", isStateRestored: false, unacknowledged: 0 })
        assert.deepStrictEqual((yield* connections).map(({ resumed }) => resumed), [false, false, false])
      })
    ))
})

describe("a function whose connection ends while it runs", () => {
  it.effect.each([text, "gemini-2.5-flash-native-audio-preview-12-2025", "gemini-3.8-live"])(
    "is interrupted, and the session goes on: %s",
    (model) =>
      within(
        { live: { lifetime: 60_000, goAwayBefore: 0 } },
        Effect.gen(function*() {
          const called = yield* Deferred.make<void>()
          const done = yield* Deferred.make<string>()
          let interrupted = 0
          const session = yield* connect({
            model,
            reconnect,
            functions: LiveTools.make({
              get_weather: {
                description: "The weather",
                handle: () =>
                  Effect.andThen(Deferred.succeed(called, undefined), Deferred.await(done)).pipe(
                    Effect.onInterrupt(() => Effect.sync(() => interrupted++))
                  )
              }
            })
          })
          const { count } = yield* watch(session.events)
          const asked = yield* Effect.forkChild(Effect.exit(session.ask("Call get_weather")), {
            startImmediately: true
          })
          while (!(yield* Deferred.isDone(called))) yield* pass("100 millis")
          yield* pass("60 seconds")
          yield* pass("1 second")
          assert.strictEqual(count("Reconnected"), 1)
          assert.strictEqual(interrupted, 1)
          assert.strictEqual((yield* Fiber.join(asked))._tag, "Failure")
          yield* Deferred.succeed(done, "sunny")
          const again = yield* Effect.forkChild(session.ask("emulator:say still here"), { startImmediately: true })
          for (let i = 0; i < 100 && again.pollUnsafe() === undefined; i++) yield* pass("100 millis")
          assert.strictEqual((yield* Fiber.join(again)).text, "still here")
          assert.deepStrictEqual((yield* connections).map(({ code }) => code), [1008, undefined])
        })
      )
  )
})
