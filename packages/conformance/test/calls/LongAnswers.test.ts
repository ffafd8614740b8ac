/**
 * Answers above the cap of gemini-4-argon, as the emulator has it, through every door: whole, and
 * each hop with a permit, a budget and a deadline like any request.
 */
import { assert, describe, it } from "@effect/vitest"
import * as AgentLoop from "effect-gemini-ai/AgentLoop"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Budget from "effect-gemini/Budget"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const model = "gemini-4-argon"
const prompt = "emulator:words 2000"
const request = { model, contents: prompt }
const hops = 3

/** The words that the emulator says. */
const said = Array.from({ length: 2_000 }, (_, i) => `word${i + 1}${(i + 1) % 12 === 0 ? "." : ""}`).join(" ")

const services = (emulator: Emulator.Options = {}, options: Parameters<typeof GeminiClient.layer>[0] = {}) =>
  GeminiLanguageModel.layer({ model }).pipe(
    Layer.provideMerge(GeminiClient.layer({ apiKey: Redacted.make("test-key"), tier: "tier3", ...options })),
    Layer.provideMerge(Emulator.layerHttpClient(emulator))
  )

const requests = Effect.flatMap(Emulator.Emulator, (emulator) => Effect.map(emulator.requests, (all) => all.length))

describe("a long answer is whole", () => {
  it.effect("unary, and as a stream, with the usage of all hops", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const answer = yield* gemini.generate(request)
      assert.strictEqual(answer.text, said)
      assert.deepStrictEqual([answer.finishReason, answer.hops, answer.attempts.length], ["STOP", hops, hops])
      assert.isUndefined(answer.response.candidates?.[0]?.continuationToken)
      const chunks = yield* Stream.runCollect(gemini.generateStream(request))
      assert.strictEqual(chunks.map(({ text }) => text).join(""), said)
      assert.deepStrictEqual(chunks.filter(({ finished }) => finished).map(({ hops }) => hops), [hops])
      assert.deepStrictEqual(chunks.at(-1)?.usage, answer.usage)
      assert.strictEqual(yield* requests, 2 * hops)
    }).pipe(Effect.provide(services())))

  it.effect("with its sources, each support at the source that it is of", () =>
    Effect.gen(function*() {
      const answer = yield* (yield* GeminiClient.GeminiClient).generate({ ...request, tools: [{ googleSearch: {} }] })
      const { content, groundingMetadata } = answer.response.candidates?.[0] ?? {}
      // Every hop cites the same two sources.
      assert.strictEqual(groundingMetadata?.groundingChunks?.length, 2)
      assert.strictEqual(groundingMetadata?.groundingSupports?.length, 2 * hops)
      for (const { groundingChunkIndices, segment } of groundingMetadata?.groundingSupports ?? []) {
        assert.isBelow(Number(groundingChunkIndices?.[0]), 2)
        assert.include(content?.parts?.[Number(segment?.partIndex ?? 0)]?.text, segment?.text)
      }
    }).pipe(Effect.provide(services())))

  it.effect("of effect/ai, and of a loop with tools", () =>
    Effect.gen(function*() {
      const answer = yield* LanguageModel.generateText({ prompt })
      assert.deepStrictEqual([answer.text, answer.finishReason], [said, "stop"])
      const parts = yield* Stream.runCollect(LanguageModel.streamText({ prompt }))
      assert.strictEqual(parts.flatMap((part) => part.type === "text-delta" ? [part.delta] : []).join(""), said)
      assert.strictEqual(parts.filter(({ type }) => type === "finish").length, 1)
      const add = Tool.make("add", { parameters: Schema.Struct({ a: Schema.Finite }), success: Schema.Finite })
      const toolkit = Toolkit.make(add)
      const result = yield* Effect.provide(
        AgentLoop.run({ prompt, toolkit }),
        toolkit.toLayer({ add: ({ a }) => Effect.succeed(a) })
      )
      assert.deepStrictEqual([result.text, result.steps, result.end], [said, 1, { _tag: "Answered", reason: "stop" }])
      // Tokens of the loop are those of all hops: the declared tool is in the prompt of each.
      const output = answer.usage.outputTokens.text ?? 0
      assert.isAbove(result.tokens, (answer.usage.inputTokens.total ?? 0) + output)
      assert.strictEqual(yield* requests, 3 * hops)
    }).pipe(Effect.provide(services())))

  it.effect("of a narrative's act, and what the next act is given", () =>
    Effect.gen(function*() {
      const narrative = yield* Narrative.parse(`
model = "${model}"
[[acts]]
name = "long"
prompt = "${prompt}"
[[acts]]
name = "next"
prompt = "In short, then"
inputs = [{ act = "long" }]
`)
      const { acts } = yield* Narrative.execute(narrative)
      assert.deepStrictEqual([acts[0]?.text, acts[0]?.finishReason], [said, "STOP"])
      const last = (yield* (yield* Emulator.Emulator).requests).at(-1)
      assert.include(JSON.stringify(last?.body), said)
      const events = yield* Stream.runCollect(Narrative.executeStream(narrative))
      const chunks = events.flatMap((event) => event._tag === "Chunk" && event.act === "long" ? [event.text] : [])
      assert.strictEqual(chunks.join(""), said)
    }).pipe(Effect.provide(services())))
})

describe("a hop that nobody follows", () => {
  it.effect("says how to go on, and goes on where the caller says so", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const first = yield* gemini.generate(request, { continuation: "off" })
      const chunks = yield* Stream.runCollect(gemini.generateStream(request, { continuation: "off" }))
      const continuationToken = first.response.candidates?.[0]?.continuationToken
      assert.deepStrictEqual([first.finishReason, first.hops], ["CONTINUATION", 1])
      assert.strictEqual(chunks.map(({ text }) => text).join(""), first.text)
      assert.strictEqual(chunks.at(-1)?.response.candidates?.[0]?.continuationToken, continuationToken)
      const rest = yield* gemini.generate({ ...request, continuationToken })
      assert.strictEqual(first.text + rest.text, said)
      assert.strictEqual(rest.hops, hops - 1)
      const ai = yield* GeminiLanguageModel.withConfigOverride(LanguageModel.generateText({ prompt }), {
        call: { continuation: "off" }
      })
      const finish = ai.content.find((part) => part.type === "finish")
      assert.strictEqual(finish?.reason, "pause")
      assert.strictEqual(finish?.metadata.google?.continuationToken, continuationToken)
    }).pipe(Effect.provide(services())))
})

describe("each hop is a request", () => {
  const calls = {
    unary: (gemini: GeminiClient.Service) => Effect.asVoid(gemini.generate(request)),
    stream: (gemini: GeminiClient.Service) => Stream.runDrain(gemini.generateStream(request))
  }

  it.effect.each(Object.entries(calls))(
    "that takes a permit and gives it back, %s",
    ([, call]) =>
      Effect.gen(function*() {
        yield* call(yield* GeminiClient.GeminiClient)
        const [lane] = yield* (yield* RateLimiter.RateLimiter).snapshot
        assert.strictEqual(lane?.used.requests, hops)
        assert.strictEqual(lane?.used.inFlight, 0)
      }).pipe(Effect.provide(services({}, { limits: { [model]: { concurrency: 1 } } })))
  )

  it.effect.each(Object.entries(calls))("that waits for its turn, %s", ([, call]) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(call(yield* GeminiClient.GeminiClient), { startImmediately: true })
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual(yield* requests, 2)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* requests, hops)
    }).pipe(Effect.provide(services({}, { limits: { [model]: { rpm: 2 } } }))))

  it.effect.each(Object.entries(calls))(
    "that a budget may refuse, %s: what came is kept",
    ([name, call]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(call(yield* GeminiClient.GeminiClient))
        assert.strictEqual(error.reason._tag, "QuotaExhausted")
        assert.strictEqual(yield* requests, 2)
        assert.isAbove(error.received?.length ?? 0, name === "unary" ? 1 : 2)
        assert.isAbove(error.usage?.candidatesTokens ?? 0, 4_000)
        assert.deepStrictEqual(error.attempts.map(({ status }) => status), [200, 200])
        const [spent] = yield* (yield* Budget.Budget).read
        assert.strictEqual(spent?.tokens, error.usage?.totalTokens)
      }).pipe(Effect.provide(
        GeminiClient.layer({ apiKey: Redacted.make("test-key"), tier: "tier3" }).pipe(
          Layer.provideMerge(Budget.layer({ tokens: 4_200, per: "day", outputTokens: 100 })),
          Layer.provideMerge(Emulator.layerHttpClient())
        )
      ))
  )

  it.effect.each(Object.entries(calls))("of a call that has one deadline, %s", ([, call]) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Effect.flip(call(yield* GeminiClient.GeminiClient)), {
        startImmediately: true
      })
      yield* TestClock.adjust("5 seconds")
      const error = yield* Fiber.join(fiber)
      assert.deepInclude({ ...error.reason }, { _tag: "TimedOut", phase: "total" })
      assert.strictEqual(yield* requests, 3)
      assert.isAbove(error.received?.length ?? 0, 1)
    }).pipe(Effect.provide(services({ faults: [{ delay: 2_000 }] }, { timeouts: { total: "5 seconds" } }))))

  it.effect.each(Object.entries(calls))(
    "that stays with the member whose token it sends, %s",
    ([, call]) =>
      Effect.gen(function*() {
        yield* call(yield* GeminiClient.GeminiClient)
        const log = yield* (yield* Emulator.Emulator).requests
        assert.deepStrictEqual(new Set(log.map(({ project }) => project)).size, 1)
        assert.strictEqual(log.length, hops)
      }).pipe(Effect.provide(
        Members.layer({
          tier: "tier3",
          fallbackModels: { [model]: ["gemini-3.8-flash"] },
          members: ["a", "b", "c"].map((name) => ({ name, apiKey: Redacted.make(`key-${name}`) }))
        }).pipe(Layer.provideMerge(Emulator.layerHttpClient({
          projects: { a: { keys: ["key-a"] }, b: { keys: ["key-b"] }, c: { keys: ["key-c"] } }
        })))
      ))
  )
})
