import { assert, describe, it } from "@effect/vitest"
import type * as GeminiError from "effect-gemini/GeminiError"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { far } from "./farStore.ts"

const limits: Tier.Limits = { rpm: 6, tpm: 1_000, rpd: 100, concurrency: 10 }
const lane: RateLimiter.LaneKey = {
  project: "p",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}
const ask = (more: Partial<RateLimiter.Admission> = {}): RateLimiter.Admission => ({
  lane,
  limits,
  tokens: 10,
  ...more
})
const own = (some: Partial<Tier.Limits>, more: Partial<RateLimiter.Admission> = {}) =>
  ask({ own: { ...limits, ...some }, ...more })

/** The window and its margin. */
const turn = 60_060
const day = 8 * 3_600_000

const timed = (limiter: RateLimiter.Service, admission: RateLimiter.Admission) =>
  limiter.use(admission, () => Clock.currentTimeMillis)

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Lets a store that lies further away answer. */
const settled = Effect.replicateEffect(Effect.yieldNow, 100, { discard: true })

const reasonOf = <A>(effect: Effect.Effect<A, GeminiError.GeminiError>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

describe.each([["in memory", LaneStore.memory], ["far away", far]])(
  "limits of a call's own, over a store %s",
  (_, store) => {
    const limiter = (name: string, body: (it: RateLimiter.Service) => Effect.Effect<void, unknown, Scope.Scope>) =>
      it.effect(name, () =>
        RateLimiter.RateLimiter.use(body).pipe(
          Effect.provide(RateLimiter.layerStore().pipe(Layer.provide(Layer.succeed(LaneStore.LaneStore, store))))
        ))
    const times = Effect.fnUntraced(
      function*(limiter: RateLimiter.Service, asks: ReadonlyArray<RateLimiter.Admission>) {
        const fibers = yield* Effect.forEach(asks, (one) => start(timed(limiter, one)))
        yield* settled
        for (let i = 0; i < 4; i++) yield* Effect.andThen(TestClock.adjust(turn), settled)
        return yield* Effect.forEach(fibers, Fiber.join)
      }
    )

    limiter(
      "bound the calls that bring them together, and nobody else waits behind",
      (limiter) =>
        Effect.gen(function*() {
          const few = { rpm: 2 }
          const asks = [own(few), own(few), own(few), ask(), own(few), ask(), own({ rpm: 3 }), ask()]
          assert.deepStrictEqual(yield* times(limiter, asks), [0, 0, turn, 0, turn, 0, 0, 0])
          const [now] = yield* limiter.snapshot
          assert.deepStrictEqual(now?.used, { requests: 0, tokens: 0, today: 8, inFlight: 0 })
          assert.strictEqual(now?.waiting, 0)
        })
    )

    limiter("count in the lane, and wait for it in their turn", (limiter) =>
      Effect.gen(function*() {
        const few = own({ rpm: 5 })
        const asks = [few, few, few, ask(), ask(), ask(), few, ask(), few]
        assert.deepStrictEqual(yield* times(limiter, asks), [0, 0, 0, 0, 0, 0, turn, turn, turn])
      }))

    limiter(
      "of concurrency and of tokens hold, and make room as calls end and are counted",
      (limiter) =>
        Effect.gen(function*() {
          const one = own({ concurrency: 1 })
          const first = yield* start(limiter.use(one, () => Effect.sleep("3 seconds")))
          const second = yield* start(timed(limiter, one))
          const other = yield* start(timed(limiter, ask()))
          yield* TestClock.adjust("1 minute")
          yield* Fiber.join(first)
          assert.deepStrictEqual([yield* Fiber.join(second), yield* Fiber.join(other)], [3_000, 0])

          const small = own({ tpm: 100 }, { tokens: 60 })
          const third = yield* start(limiter.use(small, (permit) => Effect.delay(permit.settle(40), "2 seconds")))
          const fourth = yield* start(timed(limiter, small))
          const fifth = yield* start(timed(limiter, small))
          yield* TestClock.adjust("2 minutes")
          yield* Fiber.join(third)
          assert.deepStrictEqual([yield* Fiber.join(fourth), yield* Fiber.join(fifth)], [62_000, 62_000 + turn])
        })
    )

    limiter(
      "of a day that are spent fail, or wait for the next day, and spend nobody else's",
      (limiter) =>
        Effect.gen(function*() {
          const once = { rpd: 1 }
          yield* timed(limiter, own(once))
          const reason = yield* reasonOf(timed(limiter, own(once)))
          assert.strictEqual(reason._tag === "QuotaExhausted" && reason.resetAt, day)
          const patient = yield* start(timed(limiter, own(once, { whenExhausted: "wait" })))
          const told = yield* start(reasonOf(timed(limiter, own(once))))
          assert.strictEqual(yield* timed(limiter, ask()), 0)
          assert.strictEqual((yield* Fiber.join(told))._tag, "QuotaExhausted")
          yield* TestClock.adjust("9 hours")
          assert.isAtLeast(yield* Fiber.join(patient), day)
        })
    )

    limiter("of a day are told to those that stand aside for a minute's", (limiter) =>
      Effect.gen(function*() {
        const few = { rpm: 1, rpd: 2 }
        yield* timed(limiter, own(few))
        const second = yield* start(timed(limiter, own(few)))
        const third = yield* start(reasonOf(timed(limiter, own(few))))
        const fourth = yield* start(timed(limiter, own(few, { whenExhausted: "wait" })))
        yield* TestClock.adjust(turn)
        assert.strictEqual(yield* Fiber.join(second), turn)
        yield* TestClock.adjust(0)
        assert.strictEqual((yield* Fiber.join(third))._tag, "QuotaExhausted")
        yield* limiter.feedback(lane, { _tag: "QuotaExhausted", resetAt: 2 * day })
        yield* TestClock.adjust("17 hours")
        assert.strictEqual(yield* Fiber.join(fourth), 2 * day)
      }))

    limiter("stand aside no longer than maxWait, and leave nothing behind", (limiter) =>
      Effect.gen(function*() {
        const one = { rpm: 1 }
        yield* timed(limiter, own(one))
        assert.strictEqual((yield* reasonOf(timed(limiter, own(one, { maxWait: 0 }))))._tag, "RateLimited")
        const impatient = yield* start(Effect.flip(timed(limiter, own(one, { maxWait: "20 seconds" }))))
        const leaves = yield* start(timed(limiter, own(one)))
        const stays = yield* start(timed(limiter, own(one)))
        assert.strictEqual((yield* limiter.snapshot)[0]?.waiting, 3)
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual((yield* Fiber.join(impatient)).reason._tag, "RateLimited")
        yield* Fiber.interrupt(leaves)
        assert.strictEqual((yield* limiter.snapshot)[0]?.waiting, 1)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(stays), turn)
        const [now] = yield* limiter.snapshot
        assert.deepStrictEqual([now?.waiting, now?.used.requests, now?.used.inFlight], [0, 1, 0])
      }))

    limiter("are given back whole by a call that is never sent", (limiter) =>
      Effect.gen(function*() {
        const one = own({ rpm: 1, concurrency: 1 })
        yield* limiter.use(one, (permit) => permit.cancel)
        assert.strictEqual(yield* timed(limiter, one), 0)
        // One that its lane refuses takes nothing of them.
        const full = own({ rpm: 2 }, { limits: { ...limits, rpm: 1 }, maxWait: 0 })
        yield* Effect.flip(timed(limiter, full))
        yield* Effect.flip(timed(limiter, full))
        yield* TestClock.adjust(turn)
        assert.strictEqual(yield* timed(limiter, own({ rpm: 2 })), turn)
        assert.strictEqual(yield* timed(limiter, own({ rpm: 2 })), turn)
        assert.strictEqual((yield* reasonOf(timed(limiter, own({ rpm: 2 }, { maxWait: 0 }))))._tag, "RateLimited")
      }))

    limiter("that can never admit the call refuse it", (limiter) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* reasonOf(timed(limiter, own({ rpm: 0 }))))._tag, "QuotaExhausted")
        const large = yield* reasonOf(timed(limiter, own({ tpm: 5 }, { oversize: "reject" })))
        assert.deepInclude({ ...large }, { _tag: "RequestTooLarge", estimatedTokens: 10, limit: 5 })
      }))

    limiter(
      "let interactive calls go before batch calls, and the first to come first",
      (limiter) =>
        Effect.gen(function*() {
          const one = { rpm: 1 }
          const asks = [own(one), own(one, { priority: "batch" }), own(one), own(one)]
          assert.deepStrictEqual(yield* times(limiter, asks), [0, 3 * turn, turn, 2 * turn])
        })
    )

    limiter("are seen by a question", (limiter) =>
      Effect.gen(function*() {
        yield* timed(limiter, own({ rpm: 1 }))
        yield* TestClock.adjust(60)
        assert.strictEqual((yield* limiter.headroom(own({ rpm: 1 }))).admitsIn, 60_000)
        assert.strictEqual((yield* limiter.headroom(own({ rpm: 2 }))).admitsIn, 0)
        assert.strictEqual((yield* limiter.headroom(ask())).admitsIn, 0)
        assert.strictEqual((yield* limiter.headroom(own({ rpm: 0 }))).admitsIn, Infinity)
      }))

    it.effect("wait no more when the limiter closes", () =>
      Effect.gen(function*() {
        const scope = yield* Effect.scope
        const built = yield* Effect.scoped(Effect.gen(function*() {
          const limiter = yield* Effect.provideService(RateLimiter.make(), LaneStore.LaneStore, store)
          yield* timed(limiter, own({ rpm: 1 }))
          return yield* Effect.forkIn(reasonOf(timed(limiter, own({ rpm: 1 }))), scope, { startImmediately: true })
        }))
        assert.strictEqual((yield* Fiber.join(built))._tag, "Unsupported")
      }))

    it.effect.prop(
      "hold in every window, whatever is asked, cut and counted",
      { seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 })) },
      ({ seed }) =>
        Effect.gen(function*() {
          let state = seed
          const below = (limit: number): number => {
            state = (state * 48_271) % (2 ** 31 - 1)
            return state % limit
          }
          const [cut, cancelled, left] = [1, 2, 3]
          const owns: ReadonlyArray<Partial<Tier.Limits> | undefined> = [
            undefined,
            { rpm: 2 },
            { rpm: 3, concurrency: 1 },
            { tpm: 25 }
          ]
          const sent: Array<{ readonly kind: number; readonly at: number }> = []
          const flying = [0, 0, 0, 0]
          const limiter = yield* RateLimiter.RateLimiter
          const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
          for (let i = 0; i < 40; i++) {
            const kind = below(4)
            const lasts = below(30_000)
            const end = below(4)
            yield* TestClock.adjust(below(8_000))
            const some = owns[kind]
            const call = limiter.use(
              some === undefined ? ask() : own(some),
              (permit) =>
                Effect.gen(function*() {
                  if (end === cancelled) {
                    return yield* permit.cancel
                  }
                  sent.push({ kind, at: yield* Clock.currentTimeMillis })
                  assert.isAtMost(flying[kind] = (flying[kind] ?? 0) + 1, some?.concurrency ?? limits.concurrency)
                  yield* Effect.ensuring(
                    end === cut ? Effect.andThen(Effect.sleep(lasts), Effect.fail("cut")) : Effect.sleep(lasts),
                    Effect.sync(() => void (flying[kind] = (flying[kind] ?? 0) - 1))
                  )
                })
            )
            const bounded = end === left ? Effect.timeoutOption(call, lasts) : call
            fibers.push(yield* start(Effect.exit(bounded)))
          }
          yield* TestClock.adjust("1 hour")
          for (const fiber of fibers) {
            assert.isDefined(fiber.pollUnsafe(), "a call waits for ever")
          }
          for (const { at } of sent) {
            const seen = sent.filter((other) => other.at <= at && other.at > at - turn)
            assert.isAtMost(seen.length, limits.rpm)
            owns.forEach((some, kind) => {
              const theirs = seen.filter((other) => other.kind === kind).length
              assert.isAtMost(theirs, Math.min(some?.rpm ?? Infinity, Math.floor((some?.tpm ?? Infinity) / 10)))
            })
          }
          const [now] = yield* limiter.snapshot
          assert.deepStrictEqual([now?.waiting ?? 0, now?.used.inFlight ?? 0], [0, 0])
          // Nothing of their own limits is left taken, so each of them goes at once.
          const free = yield* Effect.forEach([1, 2, 3], (kind) =>
            Effect.exit(timed(limiter, own({ ...owns[kind] }, { maxWait: 0 }))))
          assert.isTrue(store !== LaneStore.memory || free.every(Exit.isSuccess))
        }).pipe(
          Effect.provide(RateLimiter.layerStore().pipe(Layer.provide(Layer.succeed(LaneStore.LaneStore, store)))),
          Effect.scoped
        ),
      { arbitrary: { runs: 25 }, timeout: 60_000 }
    )
  }
)
