import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as TestClock from "effect/testing/TestClock"
import { existsSync, readFileSync } from "node:fs"
import * as Wire from "./LiveWire.ts"

const general = "Request contains an invalid argument."
const address = (query: string, version = "v1beta") => `ws://emulator.invalid${Wire.path(version)}${query}`

/** How a connection ends whose first messages are these. */
const ending = Effect.fnUntraced(function*(
  messages: ReadonlyArray<unknown>,
  to = address("?key=key"),
  headers?: Readonly<Record<string, string>>
) {
  const client = yield* Wire.dial(to, headers)
  for (const message of messages) yield* client.send(message)
  return yield* client.closed
})

const setup = (more: Readonly<Record<string, unknown>> = {}) => ({ setup: { model: Wire.robot, ...more } })

describe("what is refused, after the upgrade, with a close frame", () => {
  const cases: ReadonlyArray<readonly [string, ReadonlyArray<unknown>, number, string]> = [
    ["something else first", [Wire.ask("hi")], 1007, general],
    ["a second setup", [setup(), setup()], 1007, general],
    ["nothing that is known", [setup(), {}], 1007, general],
    ["no JSON", ["{"], 1007, "Invalid JSON payload received. Unexpected end of string. Expected an object key or }."],
    [
      "an unknown field",
      [setup({ generationConfig: { temprature: 1 } })],
      1007,
      "Invalid JSON payload received. Unknown name \"temprature\" at 'setup.generation_config': Cannot find field."
    ],
    [
      "two kinds in one message",
      [setup(), { clientContent: {}, toolResponse: {} }],
      1007,
      "Invalid value (oneof), oneof field 'message_type' is already set. Cannot set 'toolResponse'"
    ],
    [
      "a model without Live",
      [setup({ model: "models/gemini-3.8-flash" })],
      1008,
      "models/gemini-3.8-flash is not found for API version v1beta, or is not supported for bidiGenerateContent. Call ModelService"
    ],
    [
      "a setting of generateContent",
      [setup({ generationConfig: { responseSchema: {} } })],
      1007,
      "response_schema is not supported in the live api."
    ],
    ["two modalities", [setup({ generationConfig: { responseModalities: ["TEXT", "AUDIO"] } })], 1007, general],
    [
      "text of a model that only speaks",
      [setup({ model: Wire.live38, generationConfig: { responseModalities: ["TEXT"] } })],
      1007,
      general
    ],
    ["user text in clientContent on 3.x", [setup({ model: Wire.live38 }), Wire.ask("hi")], 1007, general],
    [
      "a behavior that the model has not",
      [setup({
        model: "models/gemini-3.1-flash-live-preview",
        tools: [{ functionDeclarations: [{ name: "f", behavior: "NON_BLOCKING" }] }]
      })],
      1007,
      general
    ],
    ["a picture as audio", [setup(), { realtimeInput: { audio: { mimeType: "image/png", data: "" } } }], 1007, general],
    ["activityStart with automatic detection", [setup(), { realtimeInput: { activityStart: {} } }], 1007, general]
  ]
  for (const [name, messages, code, reason] of cases) {
    it.effect(name, () =>
      Effect.gen(function*() {
        const end = yield* ending(messages)
        assert.deepStrictEqual(end, { code, reason: reason.slice(0, 123) })
      }).pipe(Effect.provide(Emulator.layerWebSocketConstructor())))
  }

  it.effect("the key, wherever it stands", () =>
    Effect.gen(function*() {
      const key = Effect.fnUntraced(function*(query: string, headers?: Readonly<Record<string, string>>) {
        return yield* ending([], address(query), headers)
      })
      const invalid = { code: 1007, reason: "API key not valid. Please pass a valid API key." }
      assert.deepStrictEqual(yield* key("?key=bad"), invalid)
      assert.deepStrictEqual(yield* key("", { "x-goog-api-key": "bad" }), invalid)
      assert.strictEqual((yield* key("")).code, 1008)
      assert.deepStrictEqual(yield* key("?key=old"), {
        code: 1007,
        reason: "API key expired. Please renew the API key."
      })
      assert.deepStrictEqual(yield* key("?key=leaked"), {
        code: 1008,
        reason: "Your API key was reported as leaked. Please use another API key."
      })
      const log = yield* (yield* Wire.control).connections
      assert.notInclude(JSON.stringify(log), "bad")
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor({
      keys: { valid: ["key"], expired: ["old"], leaked: ["leaked"] }
    }))))

  it.effect("more sessions than the tier has, more turns of text than the quota has", () =>
    Effect.gen(function*() {
      const first = yield* Wire.connect()
      const second = yield* Wire.connect()
      const third = yield* ending([setup()])
      assert.strictEqual(third.code, 1011)
      assert.match(third.reason ?? "", /^You exceeded your current quota, please check your plan and billing details\./)
      second.ws.close()
      yield* second.closed
      yield* Wire.connect()
      for (const text of ["one", "two"]) {
        yield* first.send(Wire.ask(text))
        yield* first.turn
      }
      yield* first.send({ realtimeInput: { text: "three" } })
      assert.strictEqual((yield* first.closed).code, 1011)
      yield* TestClock.adjust("1 minute")
      const again = yield* Wire.connect()
      yield* again.send(Wire.ask("four"))
      yield* again.turn
      assert.strictEqual((yield* (yield* Wire.control).counters).largestConcurrent, 2)
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor({
      quotas: { sessions: 2, models: { "*": { rpm: 2 } } }
    }))))

  it.effect("a path that is none of the API's: the upgrade itself, with 404", () =>
    Effect.gen(function*() {
      const client = yield* Wire.dial("ws://emulator.invalid/ws/nothing")
      assert.deepStrictEqual(yield* client.closed, { code: 1006, reason: "" })
      assert.strictEqual((yield* (yield* Wire.control).connections).length, 0)
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor())))
})

describe("history that is announced is taken on models that take clientContent for nothing else", () => {
  it.effect("and is not answered", () =>
    Effect.gen(function*() {
      const client = yield* Wire.connect({
        model: Wire.live38,
        generationConfig: {},
        outputAudioTranscription: {},
        historyConfig: { initialHistoryInClientContent: true }
      })
      yield* client.send(Wire.ask("My name is Ada"))
      yield* client.send({ realtimeInput: { text: "emulator:recall" } })
      const spoken = (yield* client.turn).map(({ serverContent }) => serverContent?.outputTranscription?.text ?? "")
      assert.strictEqual(spoken.join(""), "My name is Ada | emulator:recall")
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor())))
})

describe("ephemeral tokens", () => {
  const create = Effect.fnUntraced(function*(body: unknown) {
    const response = yield* HttpClientRequest.post("http://emulator.invalid/v1alpha/auth_tokens").pipe(
      HttpClientRequest.setHeader("x-goog-api-key", "key"),
      HttpClientRequest.bodyJsonUnsafe(body),
      HttpClient.execute
    )
    const json: { readonly name: string; readonly error?: { readonly message: string } } = JSON.parse(
      yield* response.text
    )
    return json
  })
  const constrained = (name: string) =>
    `ws://emulator.invalid${Wire.path("v1alpha", "BidiGenerateContentConstrained")}?access_token=${name}`
  const layer = Emulator.layerMemory()

  it.effect("without a setup: the client's; once, and within a minute", () =>
    Effect.gen(function*() {
      const one = yield* create({})
      const two = yield* create({})
      const first = yield* Wire.connect({}, constrained(one.name))
      yield* first.send(Wire.ask("emulator:say hello"))
      assert.strictEqual(Wire.textOf(yield* first.turn), "hello")
      assert.strictEqual((yield* ending([setup()], constrained(one.name))).code, 1008)
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual((yield* ending([setup()], constrained(two.name))).code, 1008)
      assert.strictEqual((yield* ending([setup()], constrained("auth_tokens/none"))).code, 1008)
      assert.strictEqual((yield* create({ expireTime: "2100-01-01T00:00:00Z" })).error?.message, general)
    }).pipe(Effect.provide(layer)))

  it.effect("with a setup: it replaces the client's; with a mask: only the fields named", () =>
    Effect.gen(function*() {
      const generationConfig = { responseModalities: ["TEXT"], temperature: 0.5 }
      const bidiGenerateContentSetup = { model: Wire.robot, generationConfig }
      const whole = yield* create({ uses: 0, bidiGenerateContentSetup })
      const masked = yield* create({
        uses: 0,
        bidiGenerateContentSetup,
        fieldMask: "generation_config.response_modalities"
      })
      // The client's own model does not exist, and its settings are refused.
      const wrong = setup({ model: "models/none", generationConfig: { stopSequences: ["a"] } })
      const client = yield* Wire.dial(constrained(whole.name))
      yield* client.send(wrong)
      assert.deepStrictEqual((yield* client.message).setupComplete, {})
      assert.strictEqual((yield* ending([wrong], constrained(masked.name))).code, 1008)
      const text = yield* Wire.connect(
        { generationConfig: { responseModalities: ["AUDIO"] } },
        constrained(masked.name)
      )
      yield* text.send(Wire.ask("emulator:say in words"))
      assert.strictEqual(Wire.textOf(yield* text.turn), "in words")
    }).pipe(Effect.provide(layer)))
})

const folder = new URL("../../../../shared/corpus/", import.meta.url)

describe("recorded client messages", () => {
  if (!existsSync(folder)) {
    it.skip("../shared/corpus is not there: nothing recorded was sent", () => undefined)
    return
  }
  interface Recorded {
    readonly id: string
    readonly response: {
      readonly frames: ReadonlyArray<
        { readonly from: "client" | "server"; readonly data: Readonly<Record<string, unknown>> }
      >
    }
  }
  const index: ReadonlyArray<{ readonly file: string; readonly op: string }> = JSON.parse(
    readFileSync(new URL("index.json", folder), "utf8")
  )
  const cases = index.filter(({ op }) => op === "live").map(({ file }): Recorded =>
    JSON.parse(readFileSync(new URL(file, folder), "utf8"))
  )
  it.effect(`all of ${cases.length} sessions are taken`, () =>
    Effect.gen(function*() {
      let sent = 0
      for (const { id, response } of cases) {
        const messages = response.frames.filter(({ from }) => from === "client").map(({ data }) => data)
        const [first, ...rest] = messages
        if (first === undefined) continue
        const client = yield* Wire.dial()
        yield* client.send(first)
        assert.isDefined((yield* client.message).setupComplete, id)
        for (const message of rest) {
          // Calls of other servers have ids that this one never gave out.
          yield* client.send(JSON.stringify(message).replace(/"id":"[^"]*",/g, ""))
        }
        sent += messages.length
        yield* TestClock.adjust("1 second")
        assert.strictEqual(
          client.ws.readyState,
          1,
          `${id}: ${JSON.stringify((yield* (yield* Wire.control).connections).at(-1))}`
        )
        client.ws.close()
      }
      process.stdout.write(`recorded Live messages: ${sent} of ${cases.length} sessions taken\n`)
      assert.isAbove(sent, cases.length)
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor({
      models: { ...ModelTable.current, acceptAnyModel: true }
    }))))
})
