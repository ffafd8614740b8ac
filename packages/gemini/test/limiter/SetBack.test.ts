/**
 * A clock that is set back: by a minute, a day, years; in memory, in a file, in Redis; while a call waits, while the lane
 * is parked, while a lease runs. What lies ahead is moved back with it or bounded, so that nothing stands still until the
 * date that was wrong.
 *
 * Timers go on meanwhile, as those of a machine do: the test's clock moves them, and a skew makes the time of the day.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as FileLaneStore from "effect-gemini/limits/FileLaneStore"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { Redis } from "effect/persistence/Redis"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { nextPacificMidnight } from "../../src/internal/google/pacificDay.ts"
import * as RedisStore from "../../src/internal/limiter/redisStore.ts"
import { told } from "./RedisClock.ts"
import * as RedisServer from "./RedisServer.ts"

const hour = 3_600_000
const day = 24 * hour
const lease = 3 * hour
const window: LaneStore.Window = { window: 60_000, margin: 60 }
const span = window.window + window.margin
/** Noon in California. */
const right = Date.UTC(2026, 10, 28, 20)
const unlimited: Tier.Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const key: LaneStore.LaneKey = {
  project: "p",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}

interface Ground {
  /** What one process has: a store, until its scope ends. */
  readonly store: Effect.Effect<LaneStore.Service, unknown, Scope.Scope>
  /** The time of the day has changed. */
  readonly told: (now: number) => Effect.Effect<void>
  /** Whether another process's calls in flight are counted. */
  readonly isShared: boolean
}

const memory: Effect.Effect<Ground> = Effect.sync(() => {
  const lanes = new Map<string, LaneStore.StoredLane>()
  const store: LaneStore.Service = {
    open: (key, window) => {
      const name = JSON.stringify(key)
      const lane = lanes.get(name) ?? LaneStore.memory.open(key, window)
      lanes.set(name, lane)
      return lane
    }
  }
  return { store: Effect.succeed(store), told: () => Effect.void, isShared: false }
})

const file: Effect.Effect<Ground, unknown, Scope.Scope> = Effect.gen(function*() {
  const files = yield* FileSystem.FileSystem
  const directory = yield* files.makeTempDirectoryScoped()
  const store = Effect.provide(FileLaneStore.make({ directory, lease }), NodeFileSystem.layer)
  return { store, told: () => Effect.void, isShared: true }
}).pipe(Effect.provide(NodeFileSystem.layer))

const redis: Effect.Effect<Ground, unknown, Scope.Scope> = Effect.gen(function*() {
  const service = Context.get(yield* Layer.build(RedisServer.layer), Redis)
  return {
    store: Effect.provideService(
      Effect.map(RedisStore.make({ lease, timeout: "30 days" }, told), ({ store }) => store),
      Redis,
      service
    ),
    told: (now) => Effect.orDie(service.send("SET", "clock", String(now))),
    isShared: true
  }
})

const grounds: ReadonlyArray<readonly [string, Effect.Effect<Ground, unknown, Scope.Scope>]> = [
  ["memory", memory],
  ["a file", file],
  ...(RedisServer.isInstalled ? [["Redis", redis] as const] : [])
]
if (!RedisServer.isInstalled) {
  describe("a clock that is set back, in Redis", () => {
    it.skip(`stops nothing (${RedisServer.skipReason})`, () => {})
  })
}

/** Real time: of what a file or Redis takes. */
const eventually = (holds: () => boolean): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const look = () => {
      if (holds()) resume(Effect.void)
      else setTimeout(look, 2)
    }
    look()
  })

const setting = Effect.fnUntraced(function*(ground: Ground) {
  const test = yield* Clock.Clock
  let skew = 0
  const clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => test.currentTimeMillisUnsafe() + skew,
    currentTimeMillis: Effect.map(test.currentTimeMillis, (now) => now + skew),
    currentTimeNanosUnsafe: () => test.currentTimeNanosUnsafe() + BigInt(skew) * 1_000_000n,
    currentTimeNanos: Effect.map(test.currentTimeNanos, (now) => now + BigInt(skew) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => test.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: test.monotonicTimeNanos,
    sleep: (duration) => test.sleep(duration)
  }
  const tell = Effect.suspend(() => ground.told(clock.currentTimeMillisUnsafe()))
  return {
    clock,
    now: () => clock.currentTimeMillisUnsafe(),
    set: (time: number) =>
      Effect.suspend(() => {
        skew += time - clock.currentTimeMillisUnsafe()
        return tell
      }),
    /** Timers ring on the way. */
    pass: (millis: number) =>
      Effect.suspend(() => {
        const to = clock.currentTimeMillisUnsafe() + millis
        return Effect.andThen(ground.told(to), Effect.provideService(TestClock.adjust(millis), Clock.Clock, test))
      })
  }
})

const laneOf = (store: LaneStore.Service, now: () => number) => {
  const lane = store.open(key, window)
  const ask = (limits: Partial<Tier.Limits>) => lane.reserve({ limits: { ...unlimited, ...limits }, tokens: 1 }, now())
  return {
    lane,
    taken: (limits: Partial<Tier.Limits>) =>
      Effect.map(ask(limits), (answer) => {
        if (answer._tag === "Refused") return assert.fail(`refused for ${answer.retryIn} ms`)
        return answer
      }),
    refused: (limits: Partial<Tier.Limits>) =>
      Effect.map(ask(limits), (answer) => {
        if (answer._tag === "Reserved") return assert.fail("taken")
        return answer
      })
  }
}

const table = [["a minute", 60_000], ["a day", day], ["years", 4 * 365 * day]] as const

describe.each(grounds)("a clock that was ahead, in %s", (_, ground) => {
  const promise = (
    name: string,
    body: (at: Effect.Success<ReturnType<typeof setting>>, ground: Ground, back: number) => Effect.Effect<
      void,
      unknown,
      Scope.Scope
    >
  ) => {
    for (const [what, back] of table) {
      it.effect(`${name}: set back by ${what}`, () =>
        Effect.gen(function*() {
          const made = yield* ground
          const at = yield* setting(made)
          yield* at.set(right + back)
          yield* Effect.provideService(body(at, made, back), Clock.Clock, at.clock)
        }).pipe(Effect.scoped))
    }
  }

  promise("a call that waits goes when its window has passed", (at, { store }) =>
    Effect.gen(function*() {
      const limiter = yield* Effect.provideService(RateLimiter.make(), LaneStore.LaneStore, yield* store)
      const admission: RateLimiter.Admission = { lane: key, limits: { ...unlimited, rpm: 1 }, tokens: 1 }
      yield* limiter.use(admission, () => Effect.void)
      let went = false
      const waiting = yield* Effect.forkChild(limiter.use(admission, () => Effect.sync(() => void (went = true))), {
        startImmediately: true
      })
      yield* at.pass(10_000)
      // A lane knows the time of its last step, and what passed between that and the next one it does not.
      assert.strictEqual((yield* limiter.snapshot)[0]?.waiting, 1)
      yield* at.set(right)
      assert.strictEqual((yield* limiter.snapshot)[0]?.waiting, 1)
      const { reason } = yield* Effect.flip(limiter.use({ ...admission, maxWait: 0 }, () => Effect.void))
      assert.strictEqual(reason._tag, "RateLimited")
      yield* at.pass(span - 10_000 - 1_000)
      assert.isFalse(went)
      yield* at.pass(1_000)
      yield* eventually(() => went)
      yield* Fiber.join(waiting)
    }))

  promise("a lane that is parked stands no longer than a day", (at, { store }) =>
    Effect.gen(function*() {
      const limiter = yield* Effect.provideService(RateLimiter.make(), LaneStore.LaneStore, yield* store)
      const admission: RateLimiter.Admission = { lane: key, limits: unlimited, tokens: 1 }
      yield* limiter.feedback(key, { _tag: "QuotaExhausted", resetAt: at.now() + 2 * hour })
      let went = false
      yield* Effect.forkChild(
        limiter.use({ ...admission, whenExhausted: "wait" }, () => Effect.sync(() => void (went = true))),
        { startImmediately: true }
      )
      yield* at.set(right)
      assert.strictEqual((yield* limiter.snapshot)[0]?.waiting, 1)
      const { reason } = yield* Effect.flip(limiter.use({ ...admission, maxWait: 0 }, () => Effect.void))
      if (reason._tag === "QuotaExhausted") assert.isAtMost(reason.resetAt ?? Infinity, at.now() + 25 * hour)
      else assert.strictEqual(reason._tag, "RateLimited")
      for (let hours = 0; hours < 26; hours++) yield* at.pass(hour)
      yield* eventually(() => went)
      yield* limiter.use({ ...admission, maxWait: 0 }, () => Effect.void)
    }))

  promise("a pause and what was learned keep what is left of them", (at, { store }) =>
    Effect.gen(function*() {
      const { lane, refused, taken } = laneOf(yield* store, at.now)
      yield* lane.pause(30_000, at.now())
      yield* lane.teach({ counts: "requests", limit: 5 }, { ...unlimited, rpm: 6 }, at.now())
      yield* at.pass(10_000)
      assert.strictEqual((yield* refused({})).retryIn, 20_000)
      yield* at.set(right)
      assert.strictEqual((yield* refused({})).retryIn, 20_000)
      yield* at.pass(20_000)
      yield* taken({})
      const { learned } = yield* lane.read({ ...unlimited, rpm: 6 }, at.now())
      assert.strictEqual((learned?.risesAt ?? 0) - at.now(), 10 * span - 30_000)
    }))

  promise("the day that is spent ends at the midnight that comes", (at, { store }) =>
    Effect.gen(function*() {
      const { lane, refused, taken } = laneOf(yield* store, at.now)
      yield* lane.release(yield* taken({ rpd: 1 }), at.now())
      yield* at.set(right)
      const { resetAt } = yield* refused({ rpd: 1 })
      assert.strictEqual(resetAt, nextPacificMidnight(right))
      // A call that is given back gives its place of the day back, too, and no more than that.
      yield* lane.cancel(yield* taken({ rpd: 2 }), at.now())
      yield* refused({ rpd: 1 })
      yield* lane.release(yield* taken({ rpd: 2 }), at.now())
      for (let days = 1; days <= 5; days++) {
        yield* at.pass(day)
        for (let i = 0; i < 5; i++) yield* lane.release(yield* taken({ rpd: 5 }), at.now())
        yield* refused({ rpd: 5 })
      }
    }))

  promise(
    "a call in flight is counted until it ends, and a dead process's until its lease does",
    (at, { isShared, store }) =>
      Effect.gen(function*() {
        const dying = yield* Scope.make()
        const dead = laneOf(yield* Scope.provide(store, dying), at.now)
        const { lane, refused, taken } = laneOf(yield* store, at.now)
        const limits = { concurrency: 2 }
        if (isShared) yield* dead.taken(limits)
        yield* Scope.close(dying, Exit.void)
        const mine = [yield* taken(limits), ...(isShared ? [] : [yield* taken(limits)])]
        yield* at.pass(hour)
        yield* refused(limits)
        yield* at.set(right)
        yield* refused(limits)
        if (isShared) {
          yield* at.pass(hour)
          yield* refused(limits)
          yield* at.pass(hour)
          mine.push(yield* taken(limits))
          yield* refused(limits)
        }
        for (const one of mine) yield* lane.release(one, at.now())
        yield* taken(limits)
        yield* taken(limits)
      })
  )
})
