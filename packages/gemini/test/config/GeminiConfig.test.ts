import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"

const environment = (variables: Record<string, string>) => ConfigProvider.layer(ConfigProvider.fromUnknown(variables))

const keyOf = (options: GeminiConfig.Options) => options.apiKey && Redacted.value(options.apiKey)

/** What is logged meanwhile. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const messages: Array<string> = []
    const logger = Logger.layer([Logger.make(({ message }) => void messages.push(String(message)))])
    return Effect.map(Effect.provide(effect, logger), (value) => ({ value, messages }))
  })

describe("the environment", () => {
  it.effect("GEMINI_API_KEY wins over GOOGLE_API_KEY, with one warning when they differ", () =>
    Effect.gen(function*() {
      const { messages, value } = yield* logged(GeminiConfig.load())
      assert.strictEqual(keyOf(value), "one")
      assert.deepStrictEqual(messages, [
        "GEMINI_API_KEY and GOOGLE_API_KEY are both set and differ: GEMINI_API_KEY is used"
      ])
    }).pipe(Effect.provide(environment({ GEMINI_API_KEY: "one", GOOGLE_API_KEY: "two" }))))

  it.effect("two keys that are the same are no reason to warn", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* logged(GeminiConfig.load())).messages, [])
    }).pipe(Effect.provide(environment({ GEMINI_API_KEY: "one", GOOGLE_API_KEY: "one" }))))

  it.effect("an explicit key wins without looking at the others", () =>
    Effect.gen(function*() {
      const { messages, value } = yield* logged(GeminiConfig.load({ apiKey: Redacted.make("mine") }))
      assert.strictEqual(keyOf(value), "mine")
      assert.deepStrictEqual(messages, [])
    }).pipe(Effect.provide(environment({ GEMINI_API_KEY: "one", GOOGLE_API_KEY: "two" }))))

  it.effect("an empty variable is none, and so is an option that is undefined", () =>
    Effect.gen(function*() {
      const options = yield* GeminiConfig.load({ apiKey: undefined, baseUrl: undefined })
      assert.strictEqual(keyOf(options), "two")
      assert.strictEqual(options.baseUrl, "http://127.0.0.1:1")
      assert.strictEqual(options.apiVersion, "v1")
    }).pipe(Effect.provide(environment({
      GEMINI_API_KEY: "",
      GOOGLE_API_KEY: "two",
      GEMINI_BASE_URL: "",
      GOOGLE_GEMINI_BASE_URL: "http://127.0.0.1:1",
      GEMINI_API_VERSION: "v1"
    }))))

  it.effect("without a key the layer builds: the call says that it is missing", () =>
    Effect.gen(function*() {
      assert.isUndefined((yield* GeminiConfig.load()).apiKey)
    }).pipe(Effect.provide(environment({}))))
})

describe("options that cannot be meant", () => {
  it.effect.each<[GeminiConfig.Options, string]>([
    [{ defaultModel: "gpt 5" }, "defaultModel: \"gpt 5\" cannot be a model name"],
    [{ retry: { attempts: -1 } }, "retry.attempts: expected a whole number of at least 1, got -1 (number)"],
    [{ retry: { factor: 0.5 } }, "retry.factor: expected a number of at least 1, got 0.5 (number)"],
    [{ timeouts: { idle: -3 } }, "timeouts.idle: expected a duration like \"30 seconds\", got -3 (number)"],
    [{ baseUrl: "localhost:80" }, "baseUrl: expected an http or https URL, got \"localhost:80\" (string)"],
    [{ apiVersion: "/v1" }, "apiVersion: expected a version like \"v1beta\", got \"/v1\" (string)"]
  ])("layerConfig fails with the field and the value: %j", ([options, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(FetchGemini.layerConfig(options))))
      assert.strictEqual(error._tag, "ConfigError")
      assert.include(error.message, message)
    }).pipe(Effect.provide(environment({}))))
})
