/**
 * Redis is gone for ten seconds, under each policy, while two processes ask for twice their quota over four minutes.
 * The time is the test's, also for Redis. The Redis is a real one; between it and the processes stands a gate that
 * answers nothing while it is shut. The outcome of each policy is printed.
 */
import { assert, describe, it } from "@effect/vitest"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import type * as RedisLaneStore from "effect-gemini/limits/RedisLaneStore"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { Redis } from "effect/persistence/Redis"
import * as Result from "effect/Result"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as TestClock from "effect/testing/TestClock"
import * as RedisStore from "../../src/internal/limiter/redisStore.ts"
import { told } from "./RedisClock.ts"
import * as RedisServer from "./RedisServer.ts"

const start = Date.UTC(2026, 6, 1, 12)
const tick = 500
const rpm = 120
const end = 240_000
/** In the middle of a quota that is being used; and when all of it is. */
const [inUse, spent] = [70_000, 90_000]
const print = (line: string) => Effect.sync(() => process.stdout.write(`${line}\n`))

const most = (times: ReadonlyArray<number>, window: number): number =>
  Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + window).length))

const play = Effect.fnUntraced(function*(options: RedisLaneStore.Options, goneAt: number) {
  const backAt = goneAt + 10_000
  const redis = yield* Redis
  let isGone = false
  const gated: Redis["Service"] = {
    ...redis,
    send: (command, ...args) => Effect.suspend(() => isGone ? Effect.never : redis.send(command, ...args)),
    eval: (script) => {
      const run = redis.eval(script)
      return (...params) => Effect.suspend(() => isGone ? Effect.never : run(...params))
    }
  }
  /** On the same connection: when it answers, what was sent before it was answered, and those who waited ran. */
  const answered = Effect.andThen(
    Effect.orDie(redis.send("PING")),
    Effect.forEach([1, 2, 3, 4, 5], () => Effect.yieldNow, { discard: true })
  ).pipe(
    // A step may load its script first, and the next one may wait for it.
    Effect.repeat({ times: 3 })
  )

  const process = Effect.gen(function*() {
    const { status, store } = yield* RedisStore.make(options, told).pipe(Effect.provideService(Redis, gated))
    return { status, limiter: yield* RateLimiter.make().pipe(Effect.provideService(LaneStore.LaneStore, store)) }
  })
  const processes = [yield* process, yield* process]
  const admission: RateLimiter.Admission = {
    lane: {
      project: "p",
      location: "global",
      quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
      family: "generate"
    },
    limits: { rpm, tpm: Infinity, rpd: Infinity, concurrency: Infinity },
    tokens: 1,
    maxWait: 0
  }
  const sent: Array<number> = []
  const refused = new Map<string, number>()
  let seenDown = Infinity
  let seenUp = Infinity
  for (let time = 0; time < end; time += tick) {
    isGone = time >= goneAt && time < backAt
    yield* Effect.orDie(redis.send("SET", "clock", String(start + time)))
    yield* TestClock.setTime(time)
    yield* answered
    for (const { limiter } of processes) {
      const call = limiter.use(admission, () => Effect.map(Clock.currentTimeMillis, (now) => sent.push(now)))
      yield* Effect.forkChild(
        Effect.matchEffect(call, {
          onSuccess: () => Effect.void,
          onFailure: ({ reason }) =>
            Effect.sync(() => void refused.set(reason._tag, (refused.get(reason._tag) ?? 0) + 1))
        }),
        { startImmediately: true }
      )
      yield* answered
    }
    const isDown = processes.some(({ status }) => SubscriptionRef.getUnsafe(status)._tag === "Down")
    if (isDown) seenDown = Math.min(seenDown, time)
    else if (time > goneAt && seenDown < Infinity) seenUp = Math.min(seenUp, time)
  }
  const outage = sent.filter((at) => at >= goneAt && at < backAt).length
  const figures = {
    outage,
    uncounted: sent.filter((at) => at >= goneAt && at <= seenUp).length,
    refused: Object.fromEntries(refused),
    inWindow: most(sent, 60_000),
    /** What was asked was twice the quota. */
    used: sent.length / (rpm * end / 60_060),
    seenDown: seenDown - goneAt,
    seenUp: seenUp - backAt
  }
  yield* print(
    `Redis gone for 10 s, ${options.whenDown}: ${outage} calls went meanwhile, at most ${figures.inWindow} of ${rpm} in ` +
      `any minute, ${(figures.used * 100).toFixed(1)} % of the quota used in four minutes; seen after ` +
      `${figures.seenDown} ms, back after ${figures.seenUp} ms; ${JSON.stringify(figures.refused)}`
  )
  return figures
})

if (!RedisServer.isInstalled) {
  describe("Redis gone for ten seconds", () => {
    it.skip(`is survived by each policy (${RedisServer.skipReason})`, () => {})
  })
}

describe.runIf(RedisServer.isInstalled)("Redis gone for ten seconds", () => {
  const options = { timeout: "500 millis", probeEvery: "1 second" } as const

  it.effect(
    "`closed`: nothing goes that nobody counts, and all goes on within a probe of its return",
    () =>
      Effect.gen(function*() {
        const { inWindow, outage, refused, seenDown, seenUp, used } = yield* play(
          { ...options, whenDown: "closed" },
          inUse
        )
        assert.isAtMost(inWindow, rpm)
        assert.strictEqual(outage, 0)
        assert.isAbove(refused["LimiterUnavailable"] ?? 0, 30)
        // A step that is late, and then a ping that is.
        assert.isAtMost(seenDown, 1_000)
        assert.isAtMost(seenUp, 1_750)
        assert.isAtLeast(used, 0.95)
      }).pipe(Effect.provide(RedisServer.layer)),
    60_000
  )

  it.effect("`open`: all goes, and what went is counted when it is back", () =>
    Effect.gen(function*() {
      const { inWindow, outage, refused, seenUp, uncounted } = yield* play({ ...options, whenDown: "open" }, spent)
      assert.isAtLeast(outage, 36)
      assert.isUndefined(refused["LimiterUnavailable"])
      // Above the quota by what went uncounted, and by no more.
      assert.isAbove(inWindow, rpm)
      assert.isAtMost(inWindow, rpm + uncounted)
      assert.isAtMost(seenUp, 1_750)
    }).pipe(Effect.provide(RedisServer.layer)), 60_000)

  it.effect("`local`: each process goes on within its half, and the quota holds", () =>
    Effect.gen(function*() {
      const { inWindow, outage, refused, used } = yield* play({ ...options, whenDown: "local", localShare: 0.5 }, inUse)
      assert.isAtMost(inWindow, rpm)
      assert.isAtLeast(outage, 36)
      assert.isUndefined(refused["LimiterUnavailable"])
      assert.isAtLeast(used, 0.95)
    }).pipe(Effect.provide(RedisServer.layer)), 60_000)
})
