import { assert, describe, it } from "@effect/vitest"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import * as RedisLaneStore from "effect-gemini/limits/RedisLaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Redis } from "effect/persistence/Redis"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { nextPacificMidnight } from "../../src/internal/google/pacificDay.ts"
import * as LaneScript from "../../src/internal/limiter/laneScript.ts"
import { RedisReservation } from "../../src/internal/limiter/RedisReservation.ts"
import * as RedisStore from "../../src/internal/limiter/redisStore.ts"
import { laneStoreSuite } from "./LaneStoreSuite.ts"
import { setClock, told } from "./RedisClock.ts"
import * as RedisServer from "./RedisServer.ts"

/** An hour before the day of 23 hours begins. */
const start = Date.UTC(2026, 2, 8, 7)

const window: LaneStore.Window = { window: 60_000, margin: 60 }
const unlimited: Tier.Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const key: LaneStore.LaneKey = {
  project: "p",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}

/** A process of its own: its store, and what it says of a lane. */
const process = Effect.fnUntraced(function*(options: RedisLaneStore.Options, scripts = told) {
  const { status, store } = yield* RedisStore.make(options, scripts)
  const lane = store.open(key, window)
  return {
    lane,
    status,
    ask: (limits: Partial<Tier.Limits>, tokens = 1) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => lane.reserve({ limits: { ...unlimited, ...limits }, tokens }, now)
      )
  }
})

const refusal = (answer: LaneStore.Reservation | LaneStore.Refusal): LaneStore.Refusal => {
  if (answer._tag === "Reserved") throw new Error("expected a refusal")
  return answer
}
const reservation = (answer: LaneStore.Reservation | LaneStore.Refusal): LaneStore.Reservation => {
  if (answer._tag === "Refused") throw new Error(`refused for ${answer.retryIn} ms`)
  return answer
}

if (!RedisServer.isInstalled) {
  describe("lanes in Redis", () => {
    it.skip(`keep every promise of a lane store (${RedisServer.skipReason})`, () => {})
  })
}

if (RedisServer.isInstalled) {
  let move: (millis: number) => Effect.Effect<void> = () => Effect.void
  let now = start
  laneStoreSuite("Redis", {
    layer: Layer.effect(
      LaneStore.LaneStore,
      Effect.gen(function*() {
        const context = yield* Effect.context<Redis>()
        move = (millis) => Effect.provide(setClock(now += Math.ceil(millis)), context)
        yield* move(0)
        return (yield* RedisStore.make({}, told)).store
      })
    ).pipe(Layer.provide(RedisServer.layer)),
    window,
    now: Effect.sync(() => now),
    pass: (millis) => move(millis)
  })
}

describe.runIf(RedisServer.isInstalled)("a lane in Redis", () => {
  const seeds = { seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 })) }

  it.effect.prop(
    "answers as the lane in memory does, whatever is done to both",
    seeds,
    ({ seed }) =>
      Effect.gen(function*() {
        let state = seed
        const below = (limit: number) => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) % limit
        let time = start
        yield* setClock(time)
        const { lane } = yield* process({ lease: "30 days" })
        const memory = LaneStore.memory.open(key, window)
        const limits = { rpm: 8, tpm: 500, rpd: 60, concurrency: 6 }
        const held: Array<readonly [LaneStore.Reservation, LaneStore.Reservation]> = []
        for (let step = 0; step < 150; step++) {
          const kind = below(10)
          const one = held[below(Math.max(1, held.length))]
          if (kind <= 1) {
            // Now and then a night passes, or the clock is set back.
            time += below(40) === 0 ? 6 * 3_600_000 : below(8) === 0 ? -below(5_000) : below(20_000)
            yield* setClock(time)
          } else if (kind <= 5) {
            const tokens = below(30) === 0 ? 700 : below(150)
            const mine = yield* lane.reserve({ limits, tokens }, time)
            const its = yield* memory.reserve({ limits, tokens }, time)
            assert.strictEqual(mine._tag, its._tag)
            if (mine._tag === "Reserved" && its._tag === "Reserved") held.push([mine, its])
            if (mine._tag === "Refused" && its._tag === "Refused" && its.retryIn < Infinity) {
              assert.deepStrictEqual({ ...mine, retryIn: Math.max(1, mine.retryIn) }, {
                ...its,
                retryIn: Math.max(1, its.retryIn)
              })
            }
          } else if (one !== undefined && kind <= 8) {
            const [mine, its] = one
            if (kind === 6) {
              const tokens = below(300)
              yield* lane.settle(mine, tokens, time)
              yield* memory.settle(its, tokens, time)
            } else {
              held.splice(held.indexOf(one), 1)
              const end = below(3) === 0 ? "cancel" : "release"
              yield* lane[end](mine, time)
              yield* memory[end](its, time)
            }
          } else if (kind === 9 && below(4) === 0) {
            const retryAfter = below(2) === 0 ? undefined : below(3_000)
            yield* lane.pause(retryAfter, time)
            yield* memory.pause(retryAfter, time)
          } else if (kind === 9 && below(3) === 0) {
            const counts = below(2) === 0 ? "requests" as const : "tokens" as const
            const lesson = { counts, limit: below(3) === 0 ? undefined : below(counts === "tokens" ? 700 : 10) }
            yield* lane.teach(lesson, limits, time)
            yield* memory.teach(lesson, limits, time)
          }
          const { freeIn: _, ...mine } = yield* lane.read(limits, time)
          const { freeIn: __, ...its } = yield* memory.read(limits, time)
          assert.deepStrictEqual(mine, its, `step ${step}`)
        }
      }).pipe(Effect.provide(RedisServer.layer)),
    { arbitrary: { runs: 6 }, timeout: 60_000 }
  )

  it.effect("is counted by Redis's clock: a process whose own is decades off agrees", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* Clock.currentTimeMillis, 0)
      const { ask } = yield* process({}, LaneScript.make())
      yield* ask({ rpd: 1 })
      const [seconds] = yield* Redis.use((redis) => redis.send<ReadonlyArray<string>>("TIME"))
      assert.strictEqual(refusal(yield* ask({ rpd: 1 })).resetAt, nextPacificMidnight(Number(seconds) * 1000))
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("keeps the age of what it counts when the clock is set back: entries, pauses, what was learned", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const { ask, lane } = yield* process({})
      reservation(yield* ask({ rpm: 1 }))
      yield* setClock(start - 5_000)
      assert.strictEqual(refusal(yield* ask({ rpm: 1 })).retryIn, 60_060)
      yield* lane.pause(10_000, 0)
      yield* lane.teach({ counts: "requests", limit: 5 }, { ...unlimited, rpm: 6 }, 0)
      yield* setClock(start - 7_000)
      assert.strictEqual(refusal(yield* ask({})).retryIn, 10_000)
      const { learned } = yield* lane.read({ ...unlimited, rpm: 6 }, 0)
      assert.deepStrictEqual(learned, { rpm: 5, tpm: undefined, risesAt: 600_600, until: 600_600 })
      yield* setClock(start + 3_000)
      reservation(yield* ask({}))
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("asks for many in one script, in order, and ends with the first that does not fit", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const { lane } = yield* process({})
      const limits = { ...unlimited, tpm: 100 }
      const ask = (tokens: number) => ({ limits, tokens })
      const reserveAll = (asks: ReadonlyArray<LaneStore.Claim>) => lane.reserveAll?.(asks, 0) ?? Effect.succeed([])
      const answers = yield* reserveAll([ask(40), ask(50), ask(20), ask(10)])
      assert.deepStrictEqual(answers.map(({ _tag }) => _tag), ["Reserved", "Reserved", "Refused"])
      assert.strictEqual((yield* lane.read(limits, 0)).tokens, 90)
      // Two groups in one script: what the one is refused the other may have.
      const first = yield* Effect.forkChild(reserveAll([ask(5)]), { startImmediately: true })
      const groups = yield* Effect.forEach([[ask(50), ask(1)], [ask(5)]], (group) => reserveAll(group), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(groups.map((group) => group.map(({ _tag }) => _tag)), [["Refused"], ["Reserved"]])
      yield* Fiber.join(first)
    }).pipe(Effect.provide(RedisServer.layer)))

  it.live("is exact by Redis's clock while three processes ask without a pause, and uses what there is", () =>
    Effect.gen(function*() {
      const short = { window: 240, margin: 10 }
      const times: Array<number> = []
      const end = (yield* Clock.currentTimeMillis) + 2_000
      const asking = Effect.gen(function*() {
        const lane = (yield* RedisStore.make({}, LaneScript.make())).store.open(key, short)
        const ask = { limits: { ...unlimited, rpm: 50, concurrency: 40 }, tokens: 1 }
        while ((yield* Clock.currentTimeMillis) < end) {
          for (const answer of yield* lane.reserveAll?.([ask, ask, ask, ask, ask], 0) ?? Effect.succeed([])) {
            if (!(answer instanceof RedisReservation)) continue
            times.push(answer.at)
            yield* lane.settle(answer, 2, 0)
            yield* lane.release(answer, 0)
          }
        }
      })
      yield* Effect.all([asking, asking, asking], { concurrency: "unbounded" })
      times.sort((a, b) => a - b)
      const most = times.map((from, i) => times.slice(i).findIndex((at) => at >= from + 250))
      assert.isAtMost(Math.max(...most), 50)
      assert.isAtLeast(times.length, 50 * 7)
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("keeps what a script gave back when the same script looks further into the window", () =>
    Effect.gen(function*() {
      const { ask, lane } = yield* process({})
      const taken: Array<LaneStore.Reservation> = []
      for (const [after, tokens] of [[0, 10], [1_000, 20], [2_000, 30], [30_000, 40]] as const) {
        yield* setClock(start + after)
        taken.push(reservation(yield* ask({}, tokens)))
      }
      // What is asked while a script is under way goes together with the next one.
      const away = yield* Effect.forkChild(lane.read(unlimited, start), { startImmediately: true })
      const [, , third] = taken
      if (third !== undefined) void lane.cancel(third, start)
      refusal(yield* ask({ tpm: 5 }, 100))
      yield* Fiber.join(away)
      yield* setClock(start + 2_000 + 60_060)
      const { requests, tokens } = yield* lane.read(unlimited, start)
      assert.deepStrictEqual([requests, tokens], [1, 40])
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("gives back what came for one who asked and is gone", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const { ask, lane } = yield* process({})
      const gone = yield* Effect.forkChild(ask({}), { startImmediately: true })
      yield* Fiber.interrupt(gone)
      const seen = yield* lane.read(unlimited, 0)
      const { inFlight, requests } = seen.requests === 0 ? seen : yield* lane.read(unlimited, 0)
      assert.deepStrictEqual({ inFlight, requests }, { inFlight: 0, requests: 0 })
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("gives a dead process's concurrency free after `lease`; what it sent stays counted", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const dying = yield* Scope.make()
      const first = yield* Scope.provide(process({ lease: "10 seconds" }), dying)
      const second = yield* process({ lease: "10 seconds" })
      reservation(yield* first.ask({ concurrency: 1 }))
      yield* Scope.close(dying, Exit.void)
      yield* setClock(start + 9_999)
      assert.strictEqual(refusal(yield* second.ask({ concurrency: 1 })).retryIn, 1)
      yield* setClock(start + 10_000)
      reservation(yield* second.ask({ concurrency: 1 }))
      assert.strictEqual((yield* second.lane.read(unlimited, 0)).requests, 2)
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("keeps the concurrency of a call that takes longer than its lease", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const first = yield* process({ lease: "9 seconds" })
      const second = yield* process({ lease: "9 seconds" })
      const mine = reservation(yield* first.ask({ concurrency: 1 }))
      for (let seconds = 3; seconds <= 30; seconds += 3) {
        yield* setClock(start + seconds * 1_000)
        yield* TestClock.adjust("3 seconds")
        // On the same connection, so the renewal is through when it answers.
        yield* Redis.use((redis) => redis.send("PING"))
        refusal(yield* second.ask({ concurrency: 1 }))
        // What is renewed still goes away by itself, should this process die now.
        for (const name of yield* Redis.use((redis) => redis.send<ReadonlyArray<string>>("KEYS", "*:leases"))) {
          const expiry = yield* Redis.use((redis) => redis.send<number>("PTTL", name))
          assert.isAbove(expiry, 0)
          assert.isAtMost(expiry, 10_000)
        }
      }
      yield* first.lane.release(mine, 0)
      reservation(yield* second.ask({ concurrency: 1 }))
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("is two keys that hold the window alone and expire", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const { ask, lane } = yield* process({ prefix: "here:" })
      for (let minute = 0; minute < 5; minute++) {
        yield* setClock(start + minute * 60_060)
        const all = yield* Effect.forEach(Array.from({ length: 40 }), () => ask({ rpm: 40 }))
        for (const one of all) yield* lane.release(reservation(one), 0)
      }
      const redis = yield* Redis
      // The ends of calls are on their way; who asks how the lane stands waits for them.
      yield* lane.read(unlimited, 0)
      const names = yield* redis.send<ReadonlyArray<string>>("KEYS", "here:*")
      assert.deepStrictEqual(names, ["here:{p/global/gemini-2.5-flash/generate}:window"])
      assert.isAtMost(yield* redis.send<number>("HLEN", names[0] ?? ""), 40 + 1)
      const expiry = yield* redis.send<number>("PTTL", names[0] ?? "")
      assert.isAbove(expiry, 60_060)
      assert.isAtMost(expiry, 25 * 3_600_000 + 61_060)
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("goes on when Redis has forgotten its scripts", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const { ask } = yield* process({})
      reservation(yield* ask({ rpm: 2 }))
      yield* Redis.use((redis) => redis.send("SCRIPT", "FLUSH"))
      reservation(yield* ask({ rpm: 2 }))
      refusal(yield* ask({ rpm: 2 }))
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("is found by the limiter and by a client built over it", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const admission = { lane: key, limits: { ...unlimited, rpm: 1 }, tokens: 1, maxWait: 0 }
      yield* limiter.use(admission, () => Effect.void)
      yield* limiter.snapshot
      const names = yield* Redis.use((redis) => redis.send<ReadonlyArray<string>>("KEYS", "*"))
      assert.deepStrictEqual(names, ["gemini:{p/global/gemini-2.5-flash/generate}:window"])
      const error = yield* Effect.flip(limiter.use(admission, () => Effect.void))
      assert.strictEqual(error.reason._tag, "RateLimited")
    }).pipe(
      Effect.provide(
        RateLimiter.layer.pipe(Layer.provide(RedisLaneStore.layer()), Layer.provideMerge(RedisServer.layer))
      )
    ))
})

/** Real time: what a socket that says nothing does is the promise. */
describe.runIf(RedisServer.isInstalled)("while Redis does not answer", () => {
  const options = { timeout: "100 millis", probeEvery: "50 millis" } as const

  const outage = Effect.fnUntraced(function*(more: RedisLaneStore.Options) {
    const server = yield* RedisServer.start()
    const context = yield* Layer.build(
      RedisLaneStore.layer({ ...options, ...more }).pipe(Layer.provide(RedisServer.layerOf(server.url)))
    )
    const limiter = yield* RateLimiter.make().pipe(Effect.provide(context))
    const store = Context.get(context, RedisLaneStore.RedisLaneStore)
    const call = (limits: Partial<Tier.Limits>) =>
      limiter.use(
        { lane: key, limits: { ...unlimited, ...limits }, tokens: 1, maxWait: "300 millis" },
        () => Effect.void
      )
    return {
      call,
      freeze: server.freeze,
      status: store.status,
      /** Lets Redis answer again, and waits until the store has seen it. */
      thaw: Effect.gen(function*() {
        const isUp = yield* store.changes.pipe(
          Stream.filter((status) => status._tag === "Up"),
          Stream.take(1),
          Stream.runDrain,
          Effect.forkChild({ startImmediately: true })
        )
        yield* server.thaw
        yield* Fiber.join(isUp)
      }),
      used: Effect.map(limiter.snapshot, ([lane]) => lane?.used.requests)
    }
  })

  it.live("`closed` refuses with LimiterUnavailable, says so, and goes on when it is back", () =>
    Effect.gen(function*() {
      const { call, freeze, status, thaw, used } = yield* outage({ whenDown: "closed" })
      yield* call({ rpm: 3 })
      yield* freeze
      const { method, model, reason } = yield* Effect.flip(call({ rpm: 3 }))
      assert.deepInclude({ ...reason }, { _tag: "LimiterUnavailable", store: "redis", code: "TIMEOUT" })
      assert.deepStrictEqual([method, model], ["acquire", key.quotaModel])
      const before = yield* Clock.currentTimeMillis
      assert.strictEqual((yield* Effect.flip(call({ rpm: 3 }))).reason._tag, "LimiterUnavailable")
      assert.isBelow(
        (yield* Clock.currentTimeMillis) - before,
        90,
        "nothing waits for a Redis that is known to be down"
      )
      assert.deepInclude(yield* status, { _tag: "Down", code: "TIMEOUT" })
      yield* thaw
      assert.deepStrictEqual(yield* status, { _tag: "Up" })
      yield* call({ rpm: 3 })
      assert.isAtLeast((yield* used) ?? 0, 2)
    }))

  it.live("`open` lets calls go, and counts them when it is back", () =>
    Effect.gen(function*() {
      const { call, freeze, thaw, used } = yield* outage({ whenDown: "open" })
      yield* call({ rpm: 3 })
      yield* freeze
      yield* Effect.forEach([1, 2, 3, 4, 5], () => call({ rpm: 3 }))
      yield* thaw
      assert.strictEqual((yield* Effect.flip(call({ rpm: 3 }))).reason._tag, "RateLimited")
      assert.isAtLeast((yield* used) ?? 0, 6)
    }))

  it.live("`local` counts by itself within its share, what it had sent before included", () =>
    Effect.gen(function*() {
      const { call, freeze, thaw, used } = yield* outage({ whenDown: "local", localShare: 0.5 })
      yield* call({ rpm: 8 })
      yield* freeze
      yield* Effect.forEach([1, 2, 3], () => call({ rpm: 8 }))
      assert.strictEqual((yield* Effect.flip(call({ rpm: 8 }))).reason._tag, "RateLimited")
      yield* thaw
      yield* call({ rpm: 8 })
      assert.isAtLeast((yield* used) ?? 0, 5)
    }))

  it.live("a call that was in flight when it went still ends", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.start()
      const context = yield* Layer.build(
        RedisLaneStore.layer(options).pipe(Layer.provide(RedisServer.layerOf(server.url)))
      )
      const limiter = yield* RateLimiter.make().pipe(Effect.provide(context))
      const before = yield* Clock.currentTimeMillis
      yield* limiter.use({ lane: key, limits: unlimited, tokens: 1 }, (permit) =>
        Effect.andThen(server.freeze, permit.settle(5)))
      assert.isBelow((yield* Clock.currentTimeMillis) - before, 1_000)
      // Effect's client waits for a last answer when it closes.
      yield* server.thaw
    }))
})
