/**
 * Members from the beginning to the end: what they use of their concurrency, what pools share,
 * and what closing leaves behind.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Budget from "effect-gemini/Budget"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { pass } from "./simulation.ts"

const model = "gemini-3.8-flash"
const member = (name: string, project = name): Members.Member => ({
  name,
  project,
  apiKey: Redacted.make(`key-${name}`)
})
const members = [member("a"), member("b")]
const projects = { a: { keys: ["key-a", "key-a2"] }, b: { keys: ["key-b"] } }
const limits = (rest: object) => ({
  [model]: { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity, ...rest }
})
const generate = GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "Hi" }))

describe("concurrency", () => {
  it.effect("a place that a call leaves is taken at once, wherever it is", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const calls = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 1_000 }), () => generate, { concurrency: 20, discard: true }),
        { startImmediately: true }
      )
      yield* pass("60 seconds", "500 millis")
      yield* Fiber.interrupt(calls)
      const requests = yield* emulator.requests
      // Calls of a second each, two at once in each of two projects.
      const done = requests.filter(({ outcome }) => outcome === "complete").length
      assert.isAtLeast(done, 0.95 * 4 * 60)
      assert.isAtMost(done, 4 * 60)
      for (const project of ["a", "b"]) {
        const moments = requests.filter((request) => request.project === project).flatMap(({ closedAt, time }) => [
          [time, 1] as const,
          [closedAt ?? Infinity, -1] as const
        ])
        let open = 0
        for (const [, change] of moments.toSorted(([a, x], [b, y]) => a - b || x - y)) {
          open += change
          assert.isAtMost(open, 2)
        }
      }
    }).pipe(Effect.provide(
      Members.layer({ members: [...members, member("a2", "a")], limits: limits({ concurrency: 2 }) }).pipe(
        Layer.provideMerge(Emulator.layerHttpClient({ projects, faults: [{ delay: 1_000 }] }))
      )
    )))
})

describe("what is built on the client", () => {
  it.effect("goes over members, and what is set around it reaches the calls that it makes", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ error: { code: 503 }, when: { project: "a" } })
      const ask = LanguageModel.generateText({ prompt: "one two three" })
      assert.include((yield* ask).text, "one two three")
      yield* ask.pipe(MemberCall.set({ member: "b" }))
      const requests = yield* emulator.requests
      assert.deepStrictEqual(requests.map(({ project }) => project), ["a", "b", "b"])
    }).pipe(Effect.provide(
      GeminiLanguageModel.layer({ model }).pipe(
        Layer.provideMerge(Members.layer({ members, tier: "tier3" })),
        Layer.provideMerge(Emulator.layerHttpClient({ projects }))
      )
    )))
})

describe("an alias", () => {
  it.effect("that answers as another model is counted there once for each call", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const limiter = yield* RateLimiter.RateLimiter
      const gemini = yield* GeminiClient.GeminiClient
      const response = {
        candidates: [{ content: { role: "model", parts: [{ text: "Hi" }] }, finishReason: "STOP" }],
        modelVersion: "gemini-3.9-flash"
      }
      const ask = gemini.generate({ model: "gemini-flash-latest", contents: "Hi" })
      for (let calls = 1; calls <= 4; calls++) {
        yield* emulator.enqueue({ response })
        yield* ask
        const lane = (yield* limiter.snapshot).find(({ lane }) => lane.quotaModel === "gemini-3.9-flash")
        assert.strictEqual(lane?.used.requests, calls)
      }
    }).pipe(Effect.provide(
      Members.layer({ members: [member("a"), member("a2", "a")], tier: "tier3" }).pipe(
        Layer.provideMerge(Emulator.layerHttpClient({ projects }))
      )
    )))
})

describe("a budget", () => {
  it.effect("holds for all members together, and is settled by what each counted", () =>
    Effect.gen(function*() {
      const budget = yield* Budget.Budget
      const answers = yield* Effect.forEach([1, 2, 3, 4], () => generate)
      const used = answers.reduce((sum, { usage }) => sum + (usage?.totalTokens ?? 0), 0)
      const [reading] = yield* budget.read
      assert.strictEqual(reading?.tokens, used)
      assert.deepStrictEqual(answers.map(({ attempts }) => attempts[0]?.member), ["a", "b", "a", "b"])
      const error = yield* Effect.flip(Effect.forever(generate))
      assert.strictEqual(error.reason._tag, "QuotaExhausted")
    }).pipe(Effect.provide(
      Members.layer({ members, tier: "tier3" }).pipe(
        Layer.provideMerge(Budget.layer({ tokens: 2_000, per: "day" })),
        Layer.provideMerge(Emulator.layerHttpClient({ projects }))
      )
    )))
})

describe("a CircuitBreakerStore in the context", () => {
  it.effect("is shared: what one pool found out, another one knows", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ error: { code: 503 }, when: { project: "a" } })
      const pool = Members.layer({ members, tier: "tier3" })
      const ask = Effect.provide(generate, Layer.fresh(pool))
      for (let i = 0; i < 3; i++) yield* ask
      const before = (yield* emulator.requests).length
      const answer = yield* ask
      assert.deepStrictEqual(answer.attempts.map(({ member }) => member), ["b"])
      assert.strictEqual((yield* emulator.requests).length, before + 1)
    }).pipe(Effect.provide(
      Layer.merge(Emulator.layerHttpClient({ projects }), CircuitBreaker.layerStoreMemory())
    )))
})

describe("a CircuitBreakerStore that does not answer", () => {
  const silent = Layer.succeed(CircuitBreaker.CircuitBreakerStore, {
    admit: () => Effect.never,
    record: () => Effect.never,
    state: () =>
      Effect.fail(
        new CircuitBreaker.CircuitBreakerError({
          reason: new CircuitBreaker.CircuitBreakerStoreError({ message: "away" })
        })
      )
  })

  it.effect("opens no circuit, and holds a call up for a second, past an interruption too", () =>
    Effect.gen(function*() {
      const started = yield* Clock.currentTimeMillis
      const call = yield* Effect.forkChild(generate, { startImmediately: true })
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 milli")
      assert.strictEqual((yield* Fiber.join(call)).attempts[0]?.member, "a")
      assert.strictEqual((yield* Clock.currentTimeMillis) - started, 1_000)

      const interrupted = yield* Effect.forkChild(generate, { startImmediately: true })
      yield* TestClock.adjust("10 millis")
      const ending = yield* Effect.forkChild(Fiber.interrupt(interrupted), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(ending)
    }).pipe(Effect.provide(
      Members.layer({ members, tier: "tier3" }).pipe(
        Layer.provideMerge(Layer.merge(Emulator.layerHttpClient({ projects }), silent))
      )
    )))
})

describe("closing the layer", () => {
  it.effect("ends those who wait at once, lets those in flight end, and leaves nothing", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(
        Members.layerNoLimiter({ members, limits: limits({ rpm: 1 }), drain: "5 seconds" }),
        scope
      )
      const limiter = yield* RateLimiter.RateLimiter
      const call = Effect.provide(generate, context)
      const [first, second, third] = yield* Effect.forEach(
        [1, 2, 3],
        () => Effect.forkChild(Effect.exit(call), { startImmediately: true })
      )
      if (first === undefined || second === undefined || third === undefined) return assert.fail("no fibers")
      yield* TestClock.adjust("100 millis")
      const closed = yield* Deferred.make<void>()
      yield* Effect.forkChild(Effect.andThen(Scope.close(scope, Exit.void), Deferred.succeed(closed, void 0)), {
        startImmediately: true
      })
      yield* TestClock.adjust("2 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(first)))
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(second)))
      const waited = yield* Effect.flip(Effect.flatten(Fiber.join(third)))
      assert.strictEqual(waited.reason._tag, "Unsupported")
      yield* Deferred.await(closed)
      assert.deepStrictEqual(
        (yield* limiter.snapshot).map(({ used, waiting }) => [used.inFlight, waiting]),
        [[0, 0], [0, 0]]
      )
      const late = yield* Effect.flip(call)
      assert.strictEqual(late.reason._tag, "Unsupported")
    }).pipe(Effect.provide(
      Layer.merge(RateLimiter.layer, Emulator.layerHttpClient({ projects, faults: [{ delay: 1_000 }] }))
    )))
})
