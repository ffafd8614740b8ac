/**
 * What a person sees who writes a wrong option or argument. A program without types can write any of these; each is
 * refused before anything is sent, by its place, with what was meant or what there is. The messages stood here before the
 * code that says them: read one that changes as the person would who meets it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Budget from "effect-gemini/Budget"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as Files from "effect-gemini/files/Files"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as Members from "effect-gemini/Members"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

/** What a program without types can pass where a type is expected. */
const untyped = <A>(value: unknown): A => value as A

const base = { apiKey: Redacted.make("test-key"), baseUrl: "http://emulator.invalid" }

const memory = Emulator.layerHttpClient()

/** The message of the call's failure, and how many requests came. */
const refused = <A, E extends { readonly message: string }, R>(
  call: Effect.Effect<A, E, R | Emulator.Emulator>,
  services: Layer.Layer<R, E, Emulator.Emulator | HttpClient.HttpClient>
) =>
  Effect.gen(function*() {
    const { message } = yield* Effect.flip(Effect.asVoid(call))
    const { requests } = yield* Emulator.Emulator
    return { message, sent: (yield* requests).length }
  }).pipe(Effect.provide(Layer.provideMerge(services, memory)))

const ask = GeminiClient.GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello" }))

const withClient = (options: unknown) => refused(ask, GeminiClient.layer(untyped<GeminiConfig.Options>(options)))

const withCall = (options: unknown) =>
  refused(
    GeminiClient.GeminiClient.use((gemini) =>
      gemini.generate({ contents: "Say hello" }, untyped<CallOptions | undefined>(options))
    ),
    GeminiClient.layer(base)
  )

const withRequest = (request: unknown) =>
  refused(
    GeminiClient.GeminiClient.use((gemini) => gemini.generate(untyped<GeminiClient.Request>(request))),
    GeminiClient.layer(base)
  )

const withMembers = (options: object) =>
  refused(ask, Members.layer(untyped<Members.Options>({ members: [{ name: "one", ...base }], ...options })))

/** Rows as they are read, the cause before the message; a test is named by its message. */
const told = <A>(rows: ReadonlyArray<readonly [cause: A, message: string]>): Array<[string, A]> =>
  rows.map(([cause, message]) => [message, cause])

const said = "generateContent InvalidRequest: "

describe("an option of the client", () => {
  it.effect.each(told<unknown>([
    [{ ...base, teir: "tier1" }, "teir: there is no such option. Did you mean \"tier\"?"],
    [{ ...base, apikey: "AIza" }, "apikey: there is no such option. Did you mean \"apiKey\"?"],
    [{ ...base, timeout: "1 second" }, "timeout: there is no such option. Did you mean \"timeouts\"?"],
    [
      { ...base, temperature: 0 },
      "temperature: there is no such option; there are apiKey, baseUrl, apiVersion, destination, defaultModel, limits, timeouts, " +
      "retry, tier, continuation, countInput, bounds, drain, transformClient"
    ],
    [{ ...base, timeouts: { totl: "1 second" } }, "timeouts.totl: there is no such option. Did you mean \"total\"?"],
    [{ ...base, timeouts: 30 }, "timeouts: expected an object, got 30 (number)"],
    [
      { ...base, timeouts: { total: "1 s" } },
      "timeouts.total: expected a duration like \"30 seconds\", got \"1 s\" (string)"
    ],
    [{ ...base, retry: { attemps: 5 } }, "retry.attemps: there is no such option. Did you mean \"attempts\"?"],
    [{ ...base, retry: 5 }, "retry: expected an object, got 5 (number)"],
    [{ ...base, retry: { toolCalls: "yes" } }, "retry.toolCalls: expected true or false, got \"yes\" (string)"],
    [
      { ...base, tier: "tier4" },
      "tier: expected one of free, tier1, tier2, tier3 or limits of your own, got \"tier4\" (string)"
    ],
    [
      { ...base, tier: { name: "ours", limits: { rpm: 1 }, model: {} } },
      "tier.model: there is no such option. Did you mean \"models\"?"
    ],
    [
      { ...base, limits: { "gemini-3.8-flash": { rmp: 10 } } },
      "limits[\"gemini-3.8-flash\"].rmp: no limit has this name; there are rpm, tpm, rpd, concurrency, sessions"
    ],
    [
      { ...base, limits: { rpm: 10 } },
      "limits[\"rpm\"]: expected an object, got 10 (number)"
    ],
    [{ ...base, bounds: { bodyy: 1 } }, "bounds.bodyy: there is no such option. Did you mean \"body\"?"],
    [{ ...base, continuation: "on" }, "continuation: expected \"off\" or { hops }, got \"on\" (string)"],
    [{ ...base, drain: null }, "drain: expected a duration like \"30 seconds\", got null"],
    [{ ...base, transformClient: "proxy" }, "transformClient: expected a function, got \"proxy\" (string)"],
    [
      { ...base, apiKey: "AIza-the-key" },
      "apiKey: expected Redacted.make(…), so that no log shows it, got the key itself"
    ],
    [
      { ...base, apiKey: Config.Redacted("MY_KEY") },
      "apiKey: a Config is read by layerConfig, not by layer"
    ],
    [
      { ...base, defaultModel: "gpt 5" },
      "defaultModel: \"gpt 5\" cannot be a model name: expected \"gemini-…\", " +
      "\"models/gemini-…\" or \"tunedModels/…\""
    ],
    [{ ...base, baseUrl: "localhost:8790" }, "baseUrl: expected an http or https URL, got \"localhost:8790\" (string)"],
    [
      { ...base, members: [] },
      "members: there is no such option; there are apiKey, baseUrl, apiVersion, destination, defaultModel, limits, timeouts, " +
      "retry, tier, continuation, countInput, bounds, drain, transformClient"
    ]
  ]))("%s", ([message, options]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* withClient(options), { message: said + message, sent: 0 })
    }))
})

describe("an option of a call", () => {
  const all = "timeouts, retry, tier, continuation, countInput, limits, priority, maxWait, maxQueue, whenExhausted, " +
    "oversize, headers, transport, fallback, observe"

  it.effect.each(told<unknown>([
    [
      { signal: AbortSignal.abort() },
      "signal: is given where the effect is run: Effect.runPromise(effect, { signal })"
    ],
    [{ maxWiat: "1 second" }, "maxWiat: there is no such option. Did you mean \"maxWait\"?"],
    [{ timeouts: { totl: "1 second" } }, "timeouts.totl: there is no such option. Did you mean \"total\"?"],
    [{ drain: "1 second" }, `drain: there is no such option; there are ${all}`],
    [{ priority: "high" }, "priority: expected \"interactive\" or \"batch\", got \"high\" (string)"],
    [{ maxWait: "soon" }, "maxWait: expected a duration like \"30 seconds\", got \"soon\" (string)"],
    [{ maxQueue: -1 }, "maxQueue: expected a whole number of at least 0, got -1 (number)"],
    [{ whenExhausted: true }, "whenExhausted: expected \"fail\" or \"wait\", got true (boolean)"],
    [{ oversize: "skip" }, "oversize: expected \"alone\" or \"reject\", got \"skip\" (string)"],
    [{ transport: "websocket" }, "transport: expected \"http\" or \"live\", got \"websocket\" (string)"],
    [{ fallback: "gemini-2.5-pro" }, "fallback: expected an object, got \"gemini-2.5-pro\" (string)"],
    [
      { fallback: { transport: "http", modell: "gemini-2.5-pro" } },
      "fallback.modell: there is no such option. Did you mean \"model\"?"
    ],
    [{ headers: "x-team: blue" }, "headers: expected an object, got \"x-team: blue\" (string)"],
    [{ headers: { "x-team": 5 } }, "headers[\"x-team\"]: no header can carry this"],
    [{ observe: true }, "observe: expected a function, got true (boolean)"],
    [
      { limits: { rpm: "10" } },
      "limits.rpm: expected a whole number of at least 0, or no limit (inf), got \"10\" (string)"
    ],
    [{ retry: { attempts: 0 } }, "retry.attempts: expected a whole number of at least 1, got 0 (number)"],
    ["30 seconds", "options: expected an object, got \"30 seconds\" (string)"],
    [["30 seconds"], "options: expected an object, got an array"]
  ]))("%s", ([message, options]) =>
    Effect.gen(function*() {
      const refusal = yield* withCall(options)
      assert.deepStrictEqual({ ...refusal, message: refusal.message.replace(" (gemini-3.8-flash)", "") }, {
        message: said + message,
        sent: 0
      })
    }))
})

describe("a request", () => {
  it.effect.each(told<unknown>([
    [undefined, "contents: at least one content is needed"],
    [{ prompt: "Say hello" }, "contents: at least one content is needed"],
    [{ contents: [] }, "contents: at least one content is needed"],
    [{ contents: 5 }, "contents[0].parts[0]: expected object"],
    [{ contents: ["One", 2] }, "contents[0].parts[1]: expected object"],
    [{ contents: { role: "usr", parts: [{ text: "a" }] } }, "contents[0].role: is \"user\" or \"model\", not \"usr\""],
    [{ contents: "Hi", model: 5 }, "model: expected a model's name, got 5 (number)"],
    [{ contents: "Hi", model: "" }, "model: the model name is empty"],
    [{ contents: "Hi", systemInstruction: 5 }, "systemInstruction: expected object"],
    [{ contents: "Hi", generationConfig: { temperature: 3 } }, "generationConfig.temperature: is from 0 to 2, not 3"],
    [{ contents: "Hi", tools: {} }, "tools: expected array"]
  ]))("%s", ([message, request]) =>
    Effect.gen(function*() {
      const refusal = yield* withRequest(request)
      assert.deepStrictEqual({ ...refusal, message: refusal.message.replace(" (gemini-3.8-flash)", "") }, {
        message: said + message,
        sent: 0
      })
    }))

  it.effect("with a field that the API does not have is refused by the server, by its name", () =>
    Effect.gen(function*() {
      const refusal = yield* withRequest({ contents: "Hi", generationConfig: { temprature: 0 } })
      assert.include(refusal.message, "Unknown name \"temprature\"")
      assert.strictEqual(refusal.sent, 1)
    }))
})

describe("an option of members", () => {
  it.effect.each(told<object>([
    [{ member: [] }, "member: there is no such option. Did you mean \"members\"?"],
    [{ fallbackModel: [] }, "fallbackModel: there is no such option. Did you mean \"fallbackModels\"?"],
    [{ circuit: { openfor: "1 second" } }, "circuit.openfor: there is no such option. Did you mean \"openFor\"?"],
    [
      { members: [{ name: "one", apiKye: "AIza" }] },
      "members[0].apiKye: there is no such option. Did you mean \"apiKey\"?"
    ]
  ]))("%s", ([message, options]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* withMembers(options), {
        message: `members (gemini-3.8-flash) InvalidRequest: ${message}`,
        sent: 0
      })
    }))
})

describe("an option of the bare transport's call", () => {
  it.effect.each(told<unknown>([
    [{ maxWait: "1 second" }, "maxWait: there is no such option; there are timeouts, headers"],
    [{ timeout: "1 second" }, "timeout: there is no such option. Did you mean \"timeouts\"?"]
  ]))("%s", ([message, options]) =>
    Effect.gen(function*() {
      const refusal = yield* refused(
        GeminiHttp.GeminiHttp.use((gemini) =>
          gemini.generateContent(
            { model: "gemini-3.8-flash", contents: "Hi" },
            untyped<GeminiHttp.AttemptOptions | undefined>(options)
          )
        ),
        GeminiHttp.layer(base)
      )
      assert.deepStrictEqual({ ...refusal, message: refusal.message.replace(" (gemini-3.8-flash)", "") }, {
        message: said + message,
        sent: 0
      })
    }))
})

describe("an option of a call about what the server keeps", () => {
  it.effect.each(told<unknown>([
    [{ pagesize: 5 }, "pagesize: there is no such option. Did you mean \"pageSize\"?"],
    [{ maxWiat: "1 second" }, "maxWiat: there is no such option. Did you mean \"maxWait\"?"]
  ]))("%s", ([message, options]) =>
    Effect.gen(function*() {
      const refusal = yield* refused(
        Files.Files.use((files) => Stream.runCollect(files.list(untyped<CallOptions | undefined>(options)))),
        Layer.provide(Files.layer(), ResourceHttp.layer(base))
      )
      assert.deepStrictEqual(refusal, { message: `files.list InvalidRequest: ${message}`, sent: 0 })
    }))
})

describe("an option of a budget", () => {
  it.effect.each(told<object>([
    [{ mony: "5.00" }, "budget.mony: there is no such option. Did you mean \"money\"?"],
    [{ money: "five" }, "budget.money: expected an amount of dollars such as \"5.00\", got \"five\""],
    [{ tokens: 5, per: "hour" }, "budget.per: expected \"day\" or \"month\" or \"total\", got \"hour\" (string)"]
  ]))("%s", ([message, options]) =>
    Effect.gen(function*() {
      const budget = Budget.layer(untyped<Budget.Options>({ per: "day", ...options }))
      const refusal = yield* refused(ask, Layer.provideMerge(GeminiClient.layer(base), budget))
      assert.deepStrictEqual({ ...refusal, message: refusal.message.replace(" (gemini-3.8-flash)", "") }, {
        message: said + message,
        sent: 0
      })
    }))
})

describe("an option of the emulator", () => {
  /** The message of what is thrown. */
  const thrown = (act: Effect.Effect<unknown, unknown, Emulator.Emulator>) =>
    Effect.map(
      Effect.exit(Effect.provide(act, memory)),
      (exit) => exit._tag === "Failure" ? String(exit.cause) : "nothing"
    )

  it.effect.each<[what: string, act: (gemini: Emulator.Service) => Effect.Effect<unknown, unknown>, message: string]>([
    [
      "an answer",
      ({ enqueue }) => enqueue(untyped({ txt: "typo" })),
      "answers[0].txt: there is no such field. Did you mean \"text\"?"
    ],
    [
      "a fault",
      ({ addFault }) => addFault(untyped({ satus: 500 })),
      "faults[0].satus: there is no such field. Did you mean \"status\"?"
    ],
    [
      "a fault's place",
      ({ addFault }) => addFault(untyped({ cut: { chunk: 2 } })),
      "faults[0].cut.chunk: there is no such field. Did you mean \"chunks\"?"
    ],
    [
      "a rule",
      ({ setRules }) => setRules([untyped({ when: { txet: "hi" }, reply: "Hello" })]),
      "rules[0].when.txet: there is no such field. Did you mean \"text\"?"
    ]
  ])("%s", ([, act, message]) =>
    Effect.gen(function*() {
      assert.include(yield* thrown(Emulator.Emulator.use(act)), message)
    }))

  it.effect("of its layer", () =>
    Effect.gen(function*() {
      const layer = Emulator.layerHttpClient(untyped<Emulator.Options>({ chunkDealy: 5 }))
      const exit = yield* Effect.exit(Effect.scoped(Layer.build(layer)))
      assert.include(String(exit), "chunkDealy: there is no such field. Did you mean \"chunkDelay\"?")
    }))
})
