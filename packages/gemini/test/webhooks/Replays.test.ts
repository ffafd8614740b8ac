/** The ids that were seen: one suite for memory and Redis, and what is particular to each. */
import { assert, describe, it } from "@effect/vitest"
import * as RedisReplays from "effect-gemini/webhooks/RedisReplays"
import * as Replays from "effect-gemini/webhooks/Replays"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Redis } from "effect/persistence/Redis"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as RedisServer from "../limiter/RedisServer.ts"

const suite = (name: string, make: Effect.Effect<Replays.ReplaysService, unknown, Scope.Scope>) => {
  describe(`ids in ${name}`, () => {
    it.live("are claimed once, by one of many at once, and again after they were given up", () =>
      Effect.gen(function*() {
        const replays = yield* make
        const claims = yield* Effect.forEach(
          Array.from({ length: 40 }),
          () => replays.claim("one", 60_000),
          { concurrency: "unbounded" }
        )
        const [claim, ...more] = claims.filter((found) => found !== undefined)
        assert.lengthOf(more, 0)
        assert.isUndefined(yield* replays.claim("one", 60_000))
        assert.isDefined(yield* replays.claim("two", 60_000))
        yield* claim?.release ?? Effect.die("nobody has the claim")
        const next = yield* replays.claim("one", 60_000)
        assert.isDefined(next)
        // Who has lost a claim does not give up that of the next one.
        yield* claim?.release ?? Effect.void
        assert.isUndefined(yield* replays.claim("one", 60_000))
      }))
  })
}

suite("memory", Effect.sync(Replays.makeMemory))

describe("ids in memory", () => {
  it.effect("are kept to the last millisecond, and then forgotten", () =>
    Effect.gen(function*() {
      const replays = Replays.makeMemory({ capacity: 2 })
      yield* replays.claim("long", 10_000)
      yield* replays.claim("short", 1_000)
      const full = yield* Effect.flip(replays.claim("third", 1_000))
      assert.strictEqual(full.status, 503)
      assert.isTrue(full.isRetryable)
      yield* TestClock.adjust(1_000)
      assert.isUndefined(yield* replays.claim("short", 1_000))
      yield* TestClock.adjust(1)
      // It stands behind one that is kept longer.
      assert.isDefined(yield* replays.claim("third", 1_000))
      assert.isUndefined(yield* replays.claim("long", 1_000))
    }))
})

describe.runIf(RedisServer.isInstalled)("ids in Redis", () => {
  suite(
    "Redis",
    Effect.gen(function*() {
      const context = yield* Layer.build(RedisServer.layer)
      return yield* Effect.provide(RedisReplays.make({ prefix: "test:" }), context)
    })
  )

  it.live("are shared by processes, and expire", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* RedisReplays.make(), yield* RedisReplays.make()]
      assert.isDefined(yield* one.claim("id", 600_000))
      assert.isUndefined(yield* other.claim("id", 600_000))
      const redis = yield* Redis
      const left = Number(yield* redis.send("PTTL", "gemini:webhook:id"))
      assert.isAtMost(left, 600_000)
      assert.isAbove(left, 590_000)
    }).pipe(Effect.provide(RedisServer.layer)))

  it.live("that cannot be asked refuse for now, and a claim that may have been made is given up", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.start()
      const context = yield* Layer.build(RedisServer.layerOf(server.url))
      const replays = yield* Effect.provide(RedisReplays.make({ timeout: "200 millis" }), context)
      assert.isDefined(yield* replays.claim("before", 60_000))
      yield* server.freeze
      const error = yield* Effect.flip(replays.claim("during", 60_000))
      assert.strictEqual(
        error.message,
        "webhook ReplaysUnavailable: the ids of deliveries in redis cannot be asked (TIMEOUT); the delivery will come again"
      )
      yield* server.thaw
      assert.isUndefined(yield* replays.claim("before", 60_000))
      assert.isDefined(yield* replays.claim("during", 60_000))
      assert.isUndefined(yield* replays.claim("during", 60_000))
    }))
})
