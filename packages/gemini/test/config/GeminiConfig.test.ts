import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
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

describe("options that are a Config", () => {
  const provided = environment({
    MY_KEY: "mine",
    MY_URL: "http://127.0.0.1:2",
    MY_VERSION: "v2",
    GEMINI_API_KEY: "other"
  })

  it.effect("are read where they say, and the environment's key is not looked at", () =>
    Effect.gen(function*() {
      const { apiVersion, baseUrl, ...options } = yield* GeminiConfig.load({
        apiKey: Config.Redacted("MY_KEY"),
        baseUrl: Config.String("MY_URL"),
        apiVersion: Config.String("MY_VERSION"),
        tier: "tier1"
      })
      assert.strictEqual(keyOf(options), "mine")
      assert.deepStrictEqual({ apiVersion, baseUrl, tier: options.tier }, {
        apiVersion: "v2",
        baseUrl: "http://127.0.0.1:2",
        tier: "tier1"
      })
    }).pipe(Effect.provide(provided)))

  it.effect("that give nothing leave it to the environment", () =>
    Effect.gen(function*() {
      const apiKey = Config.Redacted("NO_KEY").pipe(Config.withDefault(undefined))
      assert.strictEqual(keyOf(yield* GeminiConfig.load({ apiKey })), "other")
    }).pipe(Effect.provide(provided)))

  it.effect("that are missing fail the layer by their name", () =>
    Effect.gen(function*() {
      const options = { apiKey: Config.Redacted("NO_KEY") }
      const layers = [
        FetchGemini.layerConfig(options),
        NodeGemini.layerConfig(options),
        GeminiClient.layerConfig(options).pipe(Layer.provide(FetchHttpClient.layer))
      ]
      for (const layer of layers) {
        assert.include(String(yield* Effect.flip(Effect.scoped(Layer.build(layer)))), "NO_KEY")
      }
    }).pipe(Effect.provide(provided)))

  it.effect("that are wrong fail it as values do", () =>
    Effect.gen(function*() {
      const wrong = GeminiConfig.load({ apiKey: Config.Redacted("MY_KEY"), baseUrl: Config.String("MY_VERSION") })
      assert.include(String(yield* Effect.flip(wrong)), "baseUrl")
    }).pipe(Effect.provide(provided)))
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

  it.effect("two keys that are the same bring no warning", () =>
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
    [{ baseUrl: "http://127.0.0.1:1/v1", apiVersion: "v1beta" }, "baseUrl: ends in the version v1"],
    [{ baseUrl: "http://127.0.0.1:1/v1beta/models/" }, "baseUrl: ends in the path of models"],
    [{ apiVersion: "/v1" }, "apiVersion: expected a version like \"v1beta\", or \"\""]
  ])("layerConfig fails with the field and the value: %j", ([options, message]) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(Layer.build(FetchGemini.layerConfig(options))))
      assert.strictEqual(error._tag, "ConfigError")
      assert.include(error.message, message)
    }).pipe(Effect.provide(environment({}))))
})

describe("countInput", () => {
  it("is estimate or server, for a client and for a call", () => {
    const wrong: GeminiConfig.Options = JSON.parse("{\"countInput\":\"guess\"}")
    const expected = { field: "countInput", description: "expected \"estimate\" or \"server\", got \"guess\" (string)" }
    assert.deepStrictEqual(GeminiConfig.problem(wrong), expected)
    assert.deepStrictEqual(GeminiConfig.problemOfCall(JSON.parse("{\"countInput\":\"guess\"}")), expected)
    for (const countInput of ["estimate", "server", undefined] as const) {
      assert.isUndefined(GeminiConfig.problem({ countInput }))
      assert.isUndefined(GeminiConfig.problemOfCall({ countInput }))
    }
  })
})
