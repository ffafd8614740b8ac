import { assert, describe, it } from "@effect/vitest"
import { Network } from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as TestClock from "effect/testing/TestClock"
import { laneStoreSuite } from "./LaneStoreSuite.ts"

/** A store that answers later, as one over a network does. */
const later = (stored: LaneStore.StoredLane): LaneStore.StoredLane => {
  const after = <A, E>(f: () => Effect.Effect<A, E>) => Effect.andThen(Effect.yieldNow, Effect.suspend(f))
  return {
    reserve: (ask, now) => after(() => stored.reserve(ask, now)),
    settle: (reservation, tokens, now) => after(() => stored.settle(reservation, tokens, now)),
    release: (reservation, now) => after(() => stored.release(reservation, now)),
    cancel: (reservation, now) => after(() => stored.cancel(reservation, now)),
    pause: (retryAfter, now) => after(() => stored.pause(retryAfter, now)),
    park: (resetAt, now) => after(() => stored.park(resetAt, now)),
    read: (limits, now) => after(() => stored.read(limits, now)),
    teach: (lesson, limits, now) => after(() => stored.teach(lesson, limits, now)),
    charge: (earlier, tokens, now) => after(() => stored.charge(earlier, tokens, now)),
    seen: (limits, wanted, now) => stored.seen(limits, wanted, now),
    isIdle: (limits, now) => stored.isIdle(limits, now)
  }
}

const far = Layer.succeed(LaneStore.LaneStore, {
  open: (key, window) => later(LaneStore.memory.open(key, window))
})

/** The same, asked for several at once, as the one over Redis is. */
const together = (stored: LaneStore.StoredLane): LaneStore.StoredLane => ({
  ...later(stored),
  reserveAll: (asks, now) =>
    Effect.gen(function*() {
      yield* Effect.yieldNow
      const answers: Array<LaneStore.Reservation | LaneStore.Refusal> = []
      for (const ask of asks) {
        const answer = yield* stored.reserve(ask, now)
        answers.push(answer)
        if (answer._tag === "Refused") break
      }
      return answers
    })
})

const farTogether = Layer.succeed(LaneStore.LaneStore, {
  open: (key, window) => together(LaneStore.memory.open(key, window))
})

const harness = { window: { window: 60_000, margin: 60 }, now: Clock.currentTimeMillis, pass: TestClock.adjust }

laneStoreSuite("memory", { ...harness, layer: LaneStore.layerMemory })
laneStoreSuite("memory that answers later", { ...harness, layer: far })

const lane: RateLimiter.LaneKey = {
  project: "p",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}
const admission: RateLimiter.Admission = {
  lane,
  limits: { rpm: 2, tpm: 1_000, rpd: 100, concurrency: 10 },
  tokens: 10
}
const timed = (limiter: RateLimiter.Service) => limiter.use(admission, () => Clock.currentTimeMillis)
const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Long enough for the store to have answered everyone, in no time of the clock. */
const answered = Effect.forEach(Array.from({ length: 100 }), () => Effect.yieldNow, { discard: true })

const limiterOver = (store: Layer.Layer<LaneStore.LaneStore>) => RateLimiter.layerStore().pipe(Layer.provide(store))

describe.each(
  [
    ["one at a time", far],
    ["several at once", farTogether]
  ] as const
)("a limiter over a store that answers later, %s", (_, far) => {
  it.effect("admits in order, at the same times", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const order: Array<number> = []
      const fibers = yield* Effect.forEach([0, 1, 2, 3, 4], (i) =>
        start(Effect.tap(timed(limiter), () => Effect.sync(() => order.push(i)))))
      yield* answered
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [0, 0, 60_060, 60_060, 120_120])
      assert.deepStrictEqual(order, [0, 1, 2, 3, 4])
    }).pipe(Effect.provide(limiterOver(far))))

  it.effect("asks it for a call that does not wait, and refuses by its answer", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const now = { ...admission, maxWait: 0 }
      const full = { ...admission, maxQueue: 0 }
      yield* limiter.use(now, () => Effect.void)
      yield* limiter.use(full, () => Effect.void)
      const reasons = yield* Effect.forEach([now, full], (admission) =>
        Effect.flip(limiter.use(admission, () => Effect.void)))
      assert.deepStrictEqual(
        reasons.map((error) =>
          error.reason._tag
        ),
        ["RateLimited", "LimiterFull"]
      )
      assert.strictEqual((yield* limiter.snapshot)[0]?.waiting, 0)
    }).pipe(Effect.provide(limiterOver(far))))

  it.effect("has room for calls that do not wait, while it is asked for others", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const answers = (more: Partial<RateLimiter.Admission>) =>
        Effect.gen(function*() {
          const calls = yield* Effect.forEach(
            [1, 2, 3, 4],
            () => start(Effect.result(limiter.use({ ...admission, ...more }, () => Effect.void)))
          )
          yield* answered
          const results = yield* Effect.forEach(calls, Fiber.join)
          return results.map((result) => Result.isSuccess(result) ? "went" : result.failure.reason._tag)
        })
      assert.deepStrictEqual(yield* answers({ maxWait: 0 }), ["went", "went", "RateLimited", "RateLimited"])
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* answers({ maxQueue: 0 }), ["went", "went", "LimiterFull", "LimiterFull"])
      // One that waits is in the way of those who do not, at once.
      const patient = yield* start(timed(limiter))
      yield* answered
      const hasty = yield* start(Effect.exit(limiter.use({ ...admission, maxWait: 0 }, () => Effect.void)))
      assert.isDefined(hasty.pollUnsafe())
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* Fiber.join(patient), 120_000 + 60_060)
      assert.strictEqual((yield* limiter.snapshot)[0]?.waiting, 0)
    }).pipe(Effect.provide(limiterOver(far))))

  it.effect("admits by priority and in order, and passes over those who left while it was asked", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const order: Array<string> = []
      const call = (name: string, more: Partial<RateLimiter.Admission> = {}) =>
        start(
          limiter.use({ ...admission, limits: { ...admission.limits, rpm: 30 }, ...more }, () =>
            Effect.sync(() => order.push(name)))
        )
      const one = { limits: { ...admission.limits, rpm: 30, concurrency: 4 } }
      const holders = yield* Effect.forEach(
        [1, 2, 3, 4],
        () => start(limiter.use({ ...admission, ...one }, () => Effect.never))
      )
      yield* answered
      const batch = yield* Effect.forEach([0, 1, 2], (i) => call(`b${i}`, { ...one, priority: "batch" }))
      const calls = yield* Effect.forEach(Array.from({ length: 20 }, (_, i) => i), (i) => call(`i${i}`, one))
      yield* answered
      for (const holder of holders) holder.interruptUnsafe()
      // The question for the first of them is on its way.
      yield* Effect.yieldNow
      yield* Effect.yieldNow
      for (const fiber of calls.slice(1, 4)) fiber.interruptUnsafe()
      yield* Effect.forEach([...batch, ...calls], Fiber.await)
      yield* answered
      const of = (letter: string) =>
        order.filter((name) => name.startsWith(letter)).map((name) => Number(name.slice(1)))
      assert.deepStrictEqual(of("i"), of("i").toSorted((a, b) => a - b))
      assert.includeMembers(of("i"), [0, ...Array.from({ length: 16 }, (_, i) => i + 4)])
      assert.deepStrictEqual(of("b"), [0, 1, 2])
      // After eight interactive ones at most.
      assert.isAtMost(order.indexOf("b0"), 8)
      const [now] = yield* limiter.snapshot
      assert.deepStrictEqual([now?.used.inFlight, now?.used.requests, now?.waiting], [0, 4 + order.length, 0])
    }).pipe(Effect.provide(limiterOver(far))))

  it.effect("gives back what came for a caller that had gone", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const gone = yield* start(timed(limiter))
      yield* Fiber.interrupt(gone)
      assert.strictEqual(yield* timed(limiter), 0)
      yield* answered
      const [now] = yield* limiter.snapshot
      assert.deepStrictEqual(now?.used, { requests: 1, tokens: 10, today: 1, inFlight: 0 })
      assert.strictEqual(now?.waiting, 0)
    }).pipe(Effect.provide(limiterOver(far))))

  it.effect("asks on while there are answers, and gives back what came for those who left", () =>
    Effect.gen(function*() {
      const slow = Layer.succeed(LaneStore.LaneStore, {
        open: (key: LaneStore.LaneKey, window: LaneStore.Window) => {
          const stored = together(LaneStore.memory.open(key, window))
          const { reserveAll } = stored
          return reserveAll === undefined ? stored : {
            ...stored,
            reserveAll: (asks: ReadonlyArray<LaneStore.Claim>, now: number) => Effect.delay(reserveAll(asks, now), 10)
          }
        }
      })
      const limiter = yield* RateLimiter.make().pipe(Effect.provide(slow))
      const order: Array<number> = []
      const many = { ...admission, limits: { ...admission.limits, rpm: 30, concurrency: 100 } }
      const calls = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, i) => i),
        (i) =>
          start(limiter.use(many, () => Effect.andThen(Effect.sync(() => order.push(i)), Effect.sleep("1 minute"))))
      )
      // One went alone, then one, then two; the next four are being asked for.
      yield* TestClock.adjust(25)
      yield* Effect.forEach(calls.slice(5, 7), Fiber.interrupt)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(order, [0, 1, 2, 3, 4, ...Array.from({ length: 25 }, (_, i) => i + 7)])
      const [now] = yield* limiter.snapshot
      assert.deepStrictEqual([now?.used.requests, now?.used.inFlight, now?.waiting], [30, 30, 8])
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(order.length, 38)
    }))

  it.effect("fails the call that the store failed, and goes on with the next", () => {
    let asked = 0
    const failing = Layer.succeed(LaneStore.LaneStore, {
      open: (key: LaneStore.LaneKey, window: LaneStore.Window) => {
        const stored = later(LaneStore.memory.open(key, window))
        const broken = new GeminiError({
          method: "acquire",
          attempts: [],
          reason: new Network({ code: "ECONNREFUSED" })
        })
        return {
          ...stored,
          reserve: (ask: LaneStore.Claim, now: number) =>
            asked++ === 0 ? Effect.andThen(Effect.yieldNow, Effect.fail(broken)) : stored.reserve(ask, now)
        }
      }
    })
    return Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const first = yield* start(Effect.exit(timed(limiter)))
      const second = yield* start(timed(limiter))
      yield* answered
      assert.isTrue(Exit.isFailure(yield* Fiber.join(first)))
      assert.strictEqual(yield* Fiber.join(second), 0)
    }).pipe(Effect.provide(limiterOver(failing)))
  })
})
