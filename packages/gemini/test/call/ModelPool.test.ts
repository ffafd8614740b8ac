import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import type { ModelClient } from "effect-gemini/ModelClient"
import * as ModelPool from "effect-gemini/ModelPool"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import * as Scheduler from "effect/Scheduler"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const key = (model: string, member = "default"): ModelPool.ClientKey => ({
  member,
  model: Result.getOrThrow(ModelId.parse(model))
})

const never = new GeminiError({ method: "test", attempts: [], reason: new Reason.Network({}) })

const clientOf = (model: ModelId.ModelId): ModelClient => ({
  model,
  generate: () => Effect.fail(never),
  generateStream: () => Stream.fail(never),
  countTokens: () => Effect.fail(never),
  embed: () => Effect.fail(never)
})

/** A way to create clients that counts, and does what a test wants before each creation. */
const counting = (before: (key: ModelPool.ClientKey, nth: number) => Effect.Effect<void, GeminiError>) => {
  const counts = new Map<string, number>()
  const create = (key: ModelPool.ClientKey) =>
    Effect.suspend(() => {
      const nth = (counts.get(key.model) ?? 0) + 1
      counts.set(key.model, nth)
      return Effect.as(before(key, nth), clientOf(key.model))
    })
  return { counts, create }
}

describe("ModelPool", () => {
  it.effect("2,000 fibers asking for 50 models at once: one creation a model", () =>
    Effect.gen(function*() {
      const { counts, create } = counting(() => Effect.sleep("1 second"))
      const pool = yield* ModelPool.makeWith(create)
      const fibers = yield* Effect.forEach(
        Array.from({ length: 2_000 }, (_, i) => key(`gemini-${i % 50}`)),
        (key) => Effect.forkChild(pool.get(key))
      )
      const clients = yield* Effect.raceFirst(
        Effect.forEach(fibers, Fiber.join),
        Effect.forever(Effect.andThen(Effect.yieldNow, TestClock.adjust("1 second")))
      )
      assert.strictEqual(counts.size, 50)
      assert.deepStrictEqual([...counts.values()], Array.from({ length: 50 }, () => 1))
      assert.strictEqual(new Set(clients).size, 50)
      clients.forEach((client, i) => assert.strictEqual(client.model, `gemini-${i % 50}`))
    }))

  it.effect("a failing creation reaches every waiter, and the next caller tries again", () =>
    Effect.gen(function*() {
      const { counts, create } = counting((_, nth) =>
        Effect.andThen(Effect.yieldNow, nth === 1 ? Effect.fail(never) : Effect.void)
      )
      const pool = yield* ModelPool.makeWith(create)
      const exits = yield* Effect.all(
        Array.from({ length: 20 }, () => Effect.exit(pool.get(key("gemini-a")))),
        { concurrency: "unbounded" }
      )
      assert.isTrue(exits.every((exit) => Exit.isFailure(exit)))
      assert.strictEqual(counts.get("gemini-a"), 1)
      assert.strictEqual(yield* pool.size, 0)
      assert.strictEqual((yield* pool.get(key("gemini-a"))).model, "gemini-a")
      assert.strictEqual(counts.get("gemini-a"), 2)
    }))

  it.effect("a warm model answers at once while another is being created", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { create } = counting((key) => key.model === "gemini-cold" ? Deferred.await(gate) : Effect.void)
      const pool = yield* ModelPool.makeWith(create)
      const warm = yield* pool.get(key("gemini-warm"))
      const cold = yield* Effect.forkChild(pool.get(key("gemini-cold")), { startImmediately: true })
      // runSync throws if the hit has to wait for anything.
      assert.strictEqual(Effect.runSync(pool.get(key("gemini-warm"))), warm)
      assert.strictEqual((yield* pool.get(key("gemini-new"))).model, "gemini-new")
      assert.isUndefined(cold.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(cold)).model, "gemini-cold")
    }))

  it.effect("interrupting the creator hands over: the waiters get the client it began", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { counts, create } = counting(() => Deferred.await(gate))
      const pool = yield* ModelPool.makeWith(create)
      const creator = yield* Effect.forkChild(pool.get(key("gemini-a")), { startImmediately: true })
      const waiters = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => Effect.forkChild(pool.get(key("gemini-a")), { startImmediately: true })
      )
      yield* Fiber.interrupt(creator)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(creator)))
      const late = yield* Effect.forkChild(pool.get(key("gemini-a")), { startImmediately: true })
      yield* Deferred.succeed(gate, undefined)
      const clients = yield* Effect.forEach([...waiters, late], Fiber.join)
      assert.strictEqual(new Set(clients).size, 1)
      assert.strictEqual(counts.get("gemini-a"), 1)
    }))

  it.effect("interrupting a caller at any step of a miss leaves no entry without a creator", () =>
    Effect.gen(function*() {
      for (let steps = 0; steps < 120; steps++) {
        const { create } = counting(() => Effect.yieldNow)
        const pool = yield* ModelPool.makeWith(create)
        // Yielding every few operations (fewer than three never get on), a fiber can be
        // interrupted between any two of them.
        const creator = yield* Effect.forkChild(
          Effect.provideService(pool.get(key("gemini-a")), Scheduler.MaxOpsBeforeYield, 3 + steps % 3)
        )
        for (let i = 0; i < steps / 3; i++) yield* Effect.yieldNow
        creator.interruptUnsafe()
        const client = yield* pool.get(key("gemini-a"))
        assert.strictEqual(client.model, "gemini-a")
      }
    }))

  it.effect("the pool never holds more than its capacity: the one idle longest makes room", () =>
    Effect.gen(function*() {
      const { counts, create } = counting(() => Effect.void)
      const pool = yield* ModelPool.makeWith(create, { capacity: 3 })
      for (const model of ["gemini-a", "gemini-b", "gemini-c", "gemini-a", "gemini-d"]) yield* pool.get(key(model))
      assert.strictEqual(yield* pool.size, 3)
      yield* pool.get(key("gemini-a"))
      assert.strictEqual(counts.get("gemini-a"), 1)
      yield* pool.get(key("gemini-b"))
      assert.strictEqual(counts.get("gemini-b"), 2)
      for (let i = 0; i < 1_000; i++) yield* pool.get(key(`gemini-${i}`, `member-${i % 7}`))
      assert.strictEqual(yield* pool.size, 3)
    }))

  it.effect.prop(
    "keeps those that were asked for last, and forgets one for each that is new",
    { seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 })) },
    ({ seed }) =>
      Effect.gen(function*() {
        let state = seed
        const below = (limit: number) => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) % limit
        const { counts, create } = counting(() => Effect.void)
        const capacity = 1 + below(12)
        const pool = yield* ModelPool.makeWith(create, { capacity })
        const kept: Array<string> = []
        const created = new Map<string, number>()
        for (let step = 0; step < 200; step++) {
          const model = `gemini-${below(20)}`
          const at = kept.indexOf(model)
          if (at >= 0) kept.splice(at, 1)
          else created.set(model, (created.get(model) ?? 0) + 1)
          kept.push(model)
          if (kept.length > capacity) kept.shift()
          yield* pool.get(key(model))
          assert.deepStrictEqual(Object.fromEntries(counts), Object.fromEntries(created), `seed ${seed}, step ${step}`)
          assert.strictEqual(yield* pool.size, kept.length)
        }
      }),
    { arbitrary: { runs: 20 } }
  )

  it.effect("a client that is being created is not evicted, and the excess goes when it is done", () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { counts, create } = counting((key) =>
        key.model.startsWith("gemini-slow") ? Deferred.await(gate) : Effect.void
      )
      const pool = yield* ModelPool.makeWith(create, { capacity: 2 })
      const slow = yield* Effect.forEach(
        ["gemini-slow-1", "gemini-slow-2", "gemini-slow-3"],
        (model) => Effect.forkChild(pool.get(key(model)), { startImmediately: true })
      )
      yield* pool.get(key("gemini-a"))
      yield* Deferred.succeed(gate, undefined)
      const clients = yield* Effect.forEach(slow, Fiber.join)
      assert.deepStrictEqual(clients.map((client) => client.model), ["gemini-slow-1", "gemini-slow-2", "gemini-slow-3"])
      assert.isTrue([...counts.values()].every((n) => n === 1))
      assert.isAtMost(yield* pool.size, 2)
    }))

  it.effect("two members do not share a client", () =>
    Effect.gen(function*() {
      const { create } = counting(() => Effect.void)
      const pool = yield* ModelPool.makeWith(create)
      assert.notStrictEqual(yield* pool.get(key("gemini-a", "one")), yield* pool.get(key("gemini-a", "two")))
    }))
})
