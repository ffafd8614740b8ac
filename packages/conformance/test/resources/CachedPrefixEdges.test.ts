/**
 * A prefix at its edges: what may be opened, which prefixes are one, how long a refusal counts, and caches that others
 * made of what this process cannot price.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as CachedPrefix from "effect-gemini/caches/CachedPrefix"
import * as CacheIndex from "effect-gemini/caches/CacheIndex"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { settled } from "../members/simulation.ts"
import { client, emulated, methods, model, open, start, textOf } from "./cachedPrefix.ts"

const begun = TestClock.setTime(start)
const asked = { contents: "Which page?" }
const minute = 60_000

const creates = Effect.map(methods, (all) => all.filter((method) => method === "caches.create").length)
const bodies = Emulator.Emulator.use((emulator) =>
  Effect.map(emulator.requests, (requests) => requests.map(({ apiMethod, body }) => [apiMethod, body] as const))
)
const opened = (request: CachedPrefix.PrefixRequest) =>
  CachedPrefix.CachedPrefix.use((prefixes) => prefixes.open(request))

describe("a prefix", () => {
  it.effect("is contents, an instruction or tools, and not nothing", () =>
    Effect.gen(function*() {
      yield* begun
      const tools = [{ functionDeclarations: [{ name: "f" }] }]
      for (const request of [{ contents: "a" }, { systemInstruction: "a" }, { tools }]) {
        yield* opened({ model, ...request })
      }
      for (const request of [{}, { contents: [] }, { tools: [] }, { toolConfig: {} }]) {
        const { reason } = yield* Effect.flip(opened({ model, ...request }))
        assert.deepInclude(reason, { _tag: "InvalidRequest" })
        assert.include(reason.message, "contents")
      }
      assert.include((yield* Effect.flip(opened({ model: "no model", contents: "a" }))).reason.message, "model")
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("goes inline with all that it says, and before what the call says", () =>
    Effect.gen(function*() {
      yield* begun
      const tools = [{ functionDeclarations: [{ name: "f" }] }]
      const toolConfig = { functionCallingConfig: { mode: "NONE" } }
      const systemInstruction = { parts: [{ text: "Be brief." }] }
      const whole = yield* opened({ model, contents: "a", systemInstruction, tools, toolConfig })
      yield* whole.generate(asked)
      const own = { role: "user", parts: [{ text: "Which page?" }] }
      assert.deepStrictEqual((yield* bodies).at(-1)?.[1], {
        contents: [{ role: "user", parts: [{ text: "a" }] }, own],
        systemInstruction,
        tools,
        toolConfig
      })
      const instructed = yield* opened({ model, systemInstruction: "Be brief." })
      yield* instructed.generate(asked)
      assert.deepStrictEqual((yield* bodies).at(-1)?.[1], { contents: [own], systemInstruction })
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("is the same in whatever order its keys stand, and another one with any other value", () =>
    Effect.gen(function*() {
      yield* begun
      const contents = textOf(5_000)
      const count = Effect.fnUntraced(function*(declaration: { readonly name: string; readonly description: string }) {
        const one = yield* opened({ model, contents, tools: [{ functionDeclarations: [declaration] }] })
        yield* one.generate(asked)
        return (yield* one.stats).created
      })
      assert.strictEqual(yield* count({ name: "f", description: "b" }), 1)
      assert.strictEqual(yield* count({ description: "b", name: "f" }), 0)
      assert.strictEqual(yield* count({ description: "c", name: "f" }), 1)
      assert.strictEqual(yield* creates, 2)
    }).pipe(Effect.scoped, Effect.provide(emulated())))
})

describe("a cache that the server refuses to make is asked for again", () => {
  const refusals: ReadonlyArray<readonly [name: string, fault: Fault.Fault, after: number]> = [
    ["an hour after a request that it does not take", { status: 400 }, 60 * minute],
    ["an hour after a model that it does not have", { status: 404 }, 60 * minute],
    ["an hour after a key that it does not know", { status: 401 }, 60 * minute],
    ["an hour after a key that may not", { status: 403 }, 60 * minute],
    ["a minute after an outage", { status: 503 }, minute],
    ["when it said", {
      error: {
        code: 429,
        status: "RESOURCE_EXHAUSTED",
        message: "later",
        details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "90s" }]
      }
    }, 90_000]
  ]
  it.effect.each(refusals)("%s", ([, fault, after]) =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "caches.create" }, ...fault })
      const manual = yield* open()
      const ask = Effect.gen(function*() {
        const call = yield* Effect.forkChild(manual.generate(asked))
        yield* settled
        // It looks for what a lost answer may have made.
        for (let look = 0; look < 3 && call.pollUnsafe() === undefined; look++) {
          yield* TestClock.adjust(5_000)
          yield* settled
        }
        yield* Fiber.join(call)
      })
      yield* ask
      assert.strictEqual(yield* creates, 1)
      assert.strictEqual((yield* manual.stats).without, "refused")
      const refused = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
      yield* TestClock.setTime(refused + after - 15_001)
      yield* ask
      assert.strictEqual(yield* creates, 1)
      yield* TestClock.setTime(refused + after)
      yield* ask
      assert.strictEqual(yield* creates, 2)
    }).pipe(Effect.scoped, Effect.provide(emulated())))
})

describe("a cache whose making tells little", () => {
  it.effect("has the tokens that were counted, where its answer has none", () =>
    Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({
        when: { method: "caches.create" },
        body: JSON.stringify({ name: "cachedContents/bare", model: `models/${model}` })
      })
      const manual = yield* open()
      yield* manual.generate(asked)
      assert.deepInclude(yield* manual.stats, { created: 1, tokens: 5_006, fallbacks: 1 })
    }).pipe(Effect.scoped, Effect.provide(emulated())))

  it.effect("is used as others made it, also where this process knows no price, and given up when it is lost", () => {
    const asks = { times: 0 }
    let known: CacheIndex.IndexedCache | undefined = {
      name: "cachedContents/theirs",
      tokens: 5_000,
      expires: start + 60 * minute
    }
    const index = Layer.succeed(CacheIndex.CacheIndex, {
      isShared: true,
      get: () =>
        Effect.sync(() => {
          asks.times++
          return known
        }),
      set: (_, cache) =>
        Effect.sync(() => {
          known = cache
        }),
      once: () => Effect.die("nobody makes one")
    })
    return Effect.gen(function*() {
      yield* begun
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "generateContent", times: 1 }, status: 404 })
      const manual = yield* open(5_000, "gemini-robotics-er-2-preview")
      yield* manual.generate(asked)
      assert.deepInclude(yield* manual.stats, { calls: 1, hits: 0, fallbacks: 1, without: "lost", paid: 0, saved: 0 })
      yield* settled
      assert.strictEqual(known?.expires, start)
      // A prefix without a price is not looked for again.
      const before = asks.times
      for (let call = 0; call < 3; call++) {
        yield* TestClock.adjust(minute)
        yield* manual.generate(asked)
      }
      assert.strictEqual((yield* manual.stats).without, "unpriced")
      assert.strictEqual(asks.times, before + 1)
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.provideMerge(client().pipe(Layer.provide(index)), Emulator.layerHttpClient()))
    )
  })
})
