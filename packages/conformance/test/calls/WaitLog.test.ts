import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as WaitLog from "effect-gemini/limits/WaitLog"
import * as Members from "effect-gemini/Members"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

const environment = ConfigProvider.layer(
  ConfigProvider.fromUnknown({ GEMINI_API_KEY: "test-key", GEMINI_BASE_URL: "http://emulator.invalid" })
)

/** What is logged while twelve calls are made, of which a minute of the free tier takes ten. */
const loggedBy = <E>(
  client: Layer.Layer<GeminiClient.GeminiClient, E, HttpClient.HttpClient>,
  options?: CallOptions
) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.layer([Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${message}`))])
    const calls = Effect.forEach(
      Array.from({ length: 12 }, (_, place) => `Say ${place}`),
      (contents) => GeminiClient.generate({ contents }, options),
      { concurrency: "unbounded", discard: true }
    )
    return Effect.gen(function*() {
      const running = yield* Effect.forkChild(calls)
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(running)
      return lines
    }).pipe(
      Effect.provide(client),
      Effect.provide([Emulator.layerHttpClient(), logger, environment])
    )
  })

const said = (tier: string) =>
  `Info a call waits 61 s for the quota of gemini-3.8-flash: its limits are those of ${tier}. Further waits are not ` +
  "logged; `logWaits: false` ends this"

const free = said("the free tier, since no `tier` is set")

describe("the first wait for quota", () => {
  it.effect("is one line, by Effect's logger, which says whose limits they are", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* loggedBy(GeminiClient.layerConfig()), [free])
      assert.deepStrictEqual(yield* loggedBy(GeminiClient.layerConfig({ tier: "free" })), [said("free")])
    }))

  it.effect("is not told by a client whose options say so, nor for a call that observes its waits", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* loggedBy(GeminiClient.layerConfig({ logWaits: false })), [])
      const observe = () => Effect.void
      assert.deepStrictEqual(yield* loggedBy(GeminiClient.layerConfig(), { observe }), [])
    }))

  it.effect("is told by a client with its options in code if the log is provided", () =>
    Effect.gen(function*() {
      const client = GeminiClient.layer({ apiKey: Redacted.make("test-key"), baseUrl: "http://emulator.invalid" })
      assert.deepStrictEqual(yield* loggedBy(client), [])
      assert.deepStrictEqual(yield* loggedBy(Layer.provide(client, WaitLog.layer)), [free])
    }))

  it.effect("is told over members, too", () =>
    Effect.gen(function*() {
      const members = [{ name: "one", apiKey: Redacted.make("test-key") }]
      assert.deepStrictEqual(yield* loggedBy(Members.layerConfig({ members })), [free])
      assert.deepStrictEqual(yield* loggedBy(Members.layerConfig({ members, logWaits: false })), [])
    }))
})
