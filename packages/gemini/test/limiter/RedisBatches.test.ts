/**
 * What is asked together goes to Redis in one script, and what that grants is one entry and one lease there. The promises
 * of a lane hold for each call of it all the same.
 */
import { assert, describe, it } from "@effect/vitest"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import type * as RedisLaneStore from "effect-gemini/limits/RedisLaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Redis } from "effect/persistence/Redis"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as RedisStore from "../../src/internal/limiter/redisStore.ts"
import { setClock, told } from "./RedisClock.ts"
import * as RedisServer from "./RedisServer.ts"

const send = (...[command, ...args]: readonly [string, ...ReadonlyArray<string>]) =>
  Redis.use((redis) => Effect.orDie(redis.send<unknown>(command, ...args)))
/** An hour before the day of 23 hours begins. */
const start = Date.UTC(2026, 2, 8, 7)

const window: LaneStore.Window = { window: 60_000, margin: 60 }
const span = window.window + window.margin
const unlimited: Tier.Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const key: LaneStore.LaneKey = {
  project: "p",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}
const name = "gemini:{p/global/gemini-2.5-flash/generate}"

type Answers = ReadonlyArray<LaneStore.Reservation | LaneStore.Refusal>

/** A process of its own, its clock at `start` whatever Redis's says. */
const process = Effect.fnUntraced(function*(options: RedisLaneStore.Options = {}) {
  const { store } = yield* RedisStore.make(options, told)
  const lane = store.open(key, window)
  const reserveAll = (asks: ReadonlyArray<LaneStore.Claim>): Effect.Effect<Answers, unknown> =>
    lane.reserveAll?.(asks, start) ?? assert.fail("a lane in Redis is asked for many at once")
  return {
    lane,
    reserveAll,
    ask: (limits: Partial<Tier.Limits> = {}, tokens = 1) =>
      lane.reserve({ limits: { ...unlimited, ...limits }, tokens }, start),
    /** Takes so many in one script. */
    take: (count: number, limits: Partial<Tier.Limits> = {}, tokens = 1) =>
      Effect.map(
        reserveAll(Array.from({ length: count }, () => ({ limits: { ...unlimited, ...limits }, tokens }))),
        (answers) => answers.map(reservation)
      ),
    read: Effect.map(
      lane.read(unlimited, start),
      ({ inFlight, requests, today, tokens }) => ({ inFlight, requests, today, tokens })
    )
  }
})

const reservation = (answer: LaneStore.Reservation | LaneStore.Refusal): LaneStore.Reservation =>
  answer._tag === "Reserved" ? answer : assert.fail(`refused for ${answer.retryIn} ms`)
const tags = (answers: Answers) => answers.map(({ _tag }) => _tag)
const nothing = { inFlight: 0, requests: 0, today: 0, tokens: 0 }

/** The Redis of the context, whose scripts go another way while `way.now` says so. */
type Going = "on" | "unanswered" | "unheard"
const behind = (way: { now: Going }) =>
  Effect.map(Redis, (redis) =>
    Redis.of({
      ...redis,
      eval: (script) => (...params) =>
        Effect.suspend(() => {
          if (way.now === "on") return redis.eval(script)(...params)
          return way.now === "unheard" ? Effect.never : Effect.andThen(redis.eval(script)(...params), Effect.never)
        })
    }))

/** Lets the time of the test pass until the effect ends, and real Redis answer in between. */
const pumped = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    for (let step = 0; fiber.pollUnsafe() === undefined && step < 1_000; step++) {
      for (let turn = 0; turn < 3; turn++) {
        yield* send("PING")
        yield* Effect.yieldNow
      }
      yield* TestClock.adjust("50 millis")
    }
    return yield* Fiber.join(fiber)
  })

if (!RedisServer.isInstalled) {
  describe("what is asked of Redis together", () => {
    it.skip(`is counted as one (${RedisServer.skipReason})`, () => {})
  })
}

describe.runIf(RedisServer.isInstalled)("what is asked of Redis together", () => {
  const seeds = { seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 })) }

  it.effect.prop(
    "is granted, refused, settled and given back as the lane in memory does it one by one",
    seeds,
    ({ seed }) =>
      Effect.gen(function*() {
        let state = seed
        const below = (limit: number) => (state = (Math.imul(state, 48271) >>> 0) % 2147483647) % limit
        let time = start
        yield* send("DEL", `${name}:window`, `${name}:leases`)
        yield* setClock(time)
        const { lane, reserveAll } = yield* process({ lease: "30 days" })
        const memory = LaneStore.memory.open(key, window)
        const tiers = [
          { rpm: 20, tpm: 1_500, rpd: 200, concurrency: 12 },
          { rpm: 14, tpm: 900, rpd: 150, concurrency: 9 }
        ] as const
        const held: Array<readonly [LaneStore.Reservation, LaneStore.Reservation]> = []
        const counts = { granted: 0, refused: 0, mixed: 0 }
        for (let step = 0; step < 60; step++) {
          time += below(30) === 0 ? 6 * 3_600_000 : below(10) === 0 ? -below(5_000) : below(15_000)
          yield* setClock(time)
          // One script is under way, and all that follows goes with the next one.
          const away = yield* Effect.forkChild(lane.read(tiers[0], time), { startImmediately: true })
          for (let n = below(6); n > 0 && held.length > 0; n--) {
            const one = held[below(held.length)]
            if (one === undefined) break
            const [mine, its] = one
            const kind = below(3)
            if (kind === 0) {
              const tokens = below(300)
              yield* lane.settle(mine, tokens, time)
              yield* memory.settle(its, tokens, time)
            } else {
              held.splice(held.indexOf(one), 1)
              yield* lane[kind === 1 ? "cancel" : "release"](mine, time)
              yield* memory[kind === 1 ? "cancel" : "release"](its, time)
            }
          }
          const groups = Array.from({ length: below(4) }, () =>
            Array.from({ length: 1 + below(5) }, () => ({
              limits: tiers[below(4) === 0 ? 1 : 0],
              tokens: below(30) === 0 ? 2_000 : below(200)
            })))
          const asked = yield* Effect.forEach(groups, (group) =>
            Effect.forkChild(reserveAll(group), {
              startImmediately: true
            }))
          yield* Fiber.join(away)
          const answers = yield* Effect.forEach(asked, (fiber) => Fiber.join(fiber))
          for (const [i, group] of groups.entries()) {
            const mine = answers[i] ?? []
            const its: Array<LaneStore.Reservation | LaneStore.Refusal> = []
            for (const ask of group) {
              const answer = yield* memory.reserve(ask, time)
              its.push(answer)
              if (answer._tag === "Refused") break
            }
            assert.deepStrictEqual(tags(mine), tags(its), `seed ${seed}, step ${step}`)
            its.forEach((answer, at) => {
              const mineHere = mine[at]
              if (answer._tag === "Reserved" && mineHere?._tag === "Reserved") held.push([mineHere, answer])
              if (answer._tag === "Refused" && mineHere?._tag === "Refused" && answer.retryIn < Infinity) {
                assert.deepStrictEqual(
                  { ...mineHere, retryIn: Math.max(1, mineHere.retryIn) },
                  { ...answer, retryIn: Math.max(1, answer.retryIn) }
                )
              }
            })
            const granted = its.filter(({ _tag }) => _tag === "Reserved").length
            counts.granted += granted
            counts.refused += its.length - granted
            if (granted > 0 && granted < its.length) counts.mixed++
          }
          const { freeIn: _, ...mine } = yield* lane.read(tiers[0], time)
          const { freeIn: __, ...its } = yield* memory.read(tiers[0], time)
          assert.deepStrictEqual(mine, its, `seed ${seed}, step ${step}`)
        }
        assert.isAbove(counts.granted, 20, JSON.stringify(counts))
        assert.isAbove(counts.mixed, 3, JSON.stringify(counts))
      }).pipe(Effect.provide(RedisServer.layer)),
    { arbitrary: { runs: 8 }, timeout: 120_000 }
  )

  it.effect("is one entry and one lease in Redis, and one word tells what became of it", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const { lane, read, take } = yield* process()
      const taken = yield* take(50, {}, 10)
      assert.strictEqual(yield* send("ZCARD", `${name}:leases`), 1)
      assert.strictEqual(yield* send("HLEN", `${name}:window`), 1 + 1)
      // The first goes at once; the rest is one word of the next script.
      for (const one of taken) {
        yield* lane.settle(one, 7, start)
        yield* lane.release(one, start)
      }
      assert.deepStrictEqual(yield* read, { inFlight: 0, requests: 50, today: 50, tokens: 350 })
      assert.strictEqual(yield* send("ZCARD", `${name}:leases`), 0)
      yield* setClock(start + span)
      assert.deepStrictEqual(yield* read, { ...nothing, today: 50 })
      assert.strictEqual(yield* send("HLEN", `${name}:window`), 1)
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("gives back what came for the one who left meanwhile, and nothing of the others", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const { ask, lane, read } = yield* process()
      const away = yield* Effect.forkChild(lane.read(unlimited, start), { startImmediately: true })
      const asking = yield* Effect.forEach([10, 20, 30], (tokens) =>
        Effect.forkChild(ask({}, tokens), {
          startImmediately: true
        }))
      const [first, second, third] = asking
      if (first === undefined || second === undefined || third === undefined) return assert.fail("three ask")
      yield* Fiber.interrupt(second)
      yield* Fiber.join(away)
      const one = reservation(yield* Fiber.join(first))
      yield* Fiber.join(third)
      // The return goes to Redis behind the answer.
      yield* read
      assert.deepStrictEqual(yield* read, { inFlight: 2, requests: 2, today: 2, tokens: 40 })
      yield* lane.cancel(one, start)
      // What has ended ends once, whatever is said of it again.
      yield* lane.cancel(one, start)
      yield* lane.release(one, start)
      assert.deepStrictEqual(yield* read, { inFlight: 1, requests: 1, today: 1, tokens: 30 })
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("is given to those in the limiter's queue who still wait", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const { store } = yield* RedisStore.make({}, told)
      const limiter = yield* Effect.provideService(RateLimiter.make(), LaneStore.LaneStore, store)
      const limits = { ...unlimited, rpm: 5 }
      let went = 0
      const calls = yield* Effect.forEach(
        Array.from({ length: 12 }),
        () =>
          Effect.forkChild(limiter.use({ lane: key, limits, tokens: 1 }, () => Effect.sync(() => void went++)), {
            startImmediately: true
          })
      )
      // Two of those who are being asked for leave while the script is under way.
      for (const call of [calls[1], calls[4]]) if (call !== undefined) yield* Fiber.interrupt(call)
      yield* pumped(Effect.whileLoop({ while: () => went < 5, body: () => Effect.sleep(10), step: () => {} }))
      yield* pumped(limiter.snapshot)
      const { read } = yield* process()
      assert.strictEqual(went, 5)
      assert.deepStrictEqual(yield* read, { inFlight: 0, requests: 5, today: 5, tokens: 5 })
      for (const call of calls) yield* Fiber.interrupt(call)
    }).pipe(Effect.scoped, Effect.provide(RedisServer.layer)))

  it.effect("takes one script for all calls that end as they are admitted and come again", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const redis = yield* Redis
      let scripts = 0
      const { store } = yield* Effect.provideService(
        RedisStore.make({}, told),
        Redis,
        Redis.of({
          ...redis,
          eval: (script) => (...params) => {
            scripts++
            return redis.eval(script)(...params)
          }
        })
      )
      const limiter = yield* Effect.provideService(RateLimiter.make(), LaneStore.LaneStore, store)
      const rounds = 20
      yield* pumped(Effect.forEach(
        Array.from({ length: 16 * rounds }),
        () => limiter.use({ lane: key, limits: unlimited, tokens: 2 }, (permit) => permit.settle(1)),
        { concurrency: 16, discard: true }
      ))
      // The first call asks alone, the number asked for together doubles until it is all, and the last ends are told.
      assert.isAtMost(scripts, rounds + 7)
      const { read } = yield* process()
      assert.deepStrictEqual(yield* pumped(read), { inFlight: 0, requests: 320, today: 320, tokens: 320 })
    }).pipe(Effect.scoped, Effect.provide(RedisServer.layer)))

  it.effect("counts against the limits for all who asked when the reply is lost, until lease and window are over", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const way: { now: Going } = { now: "on" }
      const lost = yield* Effect.provideServiceEffect(
        process({ timeout: "500 millis", lease: "10 seconds" }),
        Redis,
        behind(way)
      )
      const other = yield* process({ lease: "10 seconds" })
      yield* lost.read
      way.now = "unanswered"
      assert.isTrue(Exit.isFailure(yield* pumped(Effect.exit(lost.take(3, { concurrency: 3, rpm: 4 }, 10)))))
      way.now = "on"
      assert.deepStrictEqual(yield* other.read, { inFlight: 3, requests: 3, today: 3, tokens: 30 })
      assert.strictEqual((yield* other.ask({ concurrency: 3 }))._tag, "Refused")
      // Nobody renews what nobody knows of.
      yield* setClock(start + 10_000)
      const one = reservation(yield* other.ask({ concurrency: 1, rpm: 4 }))
      assert.strictEqual((yield* other.ask({ rpm: 4 }))._tag, "Refused")
      yield* other.lane.release(one, start)
      yield* setClock(start + span)
      assert.deepStrictEqual(yield* other.read, { inFlight: 0, requests: 1, today: 4, tokens: 1 })
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect.each([
    { of: "in the window", after: 0, requests: 3, tokens: 330 },
    // Only what the last word corrects upward is owed.
    { of: "after the window", after: span, requests: 0, tokens: 100 }
  ])("is told whole by the next word when one is lost $of", ({ after, requests, tokens }) =>
    Effect.gen(function*() {
      yield* setClock(start)
      const way: { now: Going } = { now: "on" }
      const { lane, read, take } = yield* Effect.provideServiceEffect(
        process({ timeout: "500 millis", lease: "5 minutes" }),
        Redis,
        behind(way)
      )
      const other = yield* process()
      const [first, second, third, ...unsent] = yield* take(5, {}, 100)
      if (first === undefined || second === undefined || third === undefined) return assert.fail("five are taken")
      yield* setClock(start + after)
      for (const kind of ["unheard", "unanswered"] as const) {
        way.now = kind
        yield* lane.settle(first, kind === "unheard" ? 40 : 30, start)
        yield* lane.release(kind === "unheard" ? first : second, start)
        const back = unsent.pop()
        if (back !== undefined) yield* lane.cancel(back, start)
        // Who asks how the lane stands waits until that script is given up.
        yield* pumped(lane.read(unlimited, start))
      }
      way.now = "on"
      yield* lane.settle(third, 200, start)
      yield* read
      assert.deepStrictEqual(yield* other.read, { inFlight: 1, requests, today: 3, tokens })
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("ends with its lease, all of it, and its owner's word after that frees nothing a second time", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const dying = yield* Scope.make()
      const first = yield* Scope.provide(process({ lease: "10 seconds" }), dying)
      const second = yield* process({ lease: "10 seconds" })
      const taken = yield* first.take(3, { concurrency: 3 })
      const [one, ...rest] = taken
      if (one !== undefined) yield* first.lane.release(one, start)
      yield* first.read
      yield* Scope.close(dying, Exit.void)
      yield* setClock(start + 9_999)
      assert.strictEqual((yield* second.read).inFlight, 2)
      yield* second.take(1, { concurrency: 3 })
      assert.strictEqual((yield* second.ask({ concurrency: 3 }))._tag, "Refused")
      yield* setClock(start + 10_000)
      assert.strictEqual((yield* second.read).inFlight, 1)
      yield* second.take(2, { concurrency: 3 })
      // The process was only slow.
      for (const late of rest) yield* first.lane.release(late, start)
      yield* first.read
      assert.deepStrictEqual(yield* second.read, { inFlight: 3, requests: 6, today: 6, tokens: 6 })
      assert.strictEqual((yield* second.ask({ concurrency: 3 }))._tag, "Refused")
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("is renewed for those of its calls that go on, longer than the window, and by a clock that is set back", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const first = yield* process({ lease: "9 seconds" })
      const second = yield* process({ lease: "9 seconds" })
      const taken = yield* first.take(4, { concurrency: 4 }, 5)
      const [one, two, three, four] = taken
      if (one === undefined || two === undefined || three === undefined || four === undefined) {
        return assert.fail("four are taken")
      }
      let now = start
      for (let turn = 1; turn <= 30; turn++) {
        now += turn === 10 ? -3_600_000 : 3_000
        yield* setClock(now)
        yield* TestClock.adjust("3 seconds")
        // On the same connection, so the renewal is through when it answers.
        yield* send("PING")
        if (turn === 5) yield* first.lane.release(one, start)
        if (turn === 25) yield* first.lane.cancel(two, start)
        assert.strictEqual((yield* first.read).inFlight, turn < 5 ? 4 : turn < 25 ? 3 : 2)
        assert.strictEqual((yield* second.read).inFlight, turn < 5 ? 4 : turn < 25 ? 3 : 2)
      }
      assert.deepStrictEqual(yield* second.read, { inFlight: 2, requests: 0, today: 3, tokens: 0 })
      // A correction upward that comes after the window is owed, and one downward is not.
      yield* first.lane.settle(three, 25, start)
      yield* first.lane.settle(four, 1, start)
      yield* first.lane.release(three, start)
      yield* first.lane.release(four, start)
      yield* first.read
      assert.deepStrictEqual(yield* second.read, { inFlight: 0, requests: 0, today: 3, tokens: 20 })
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("is counted in flight again when Redis has lost its data, by its owner's renewal", () =>
    Effect.gen(function*() {
      for (const lost of [["window"], ["leases"], ["window", "leases"]]) {
        yield* setClock(start)
        const { ask, lane, read, take } = yield* process({ lease: "9 seconds" })
        const taken = yield* take(3, { concurrency: 3 })
        for (const key of lost) yield* send("DEL", `${name}:${key}`)
        yield* TestClock.adjust("3 seconds")
        yield* send("PING")
        assert.strictEqual((yield* read).inFlight, 3, lost.join())
        assert.strictEqual((yield* ask({ concurrency: 3 }))._tag, "Refused")
        for (const one of taken) yield* lane.release(one, start)
        assert.strictEqual((yield* read).inFlight, 0, lost.join())
        yield* send("DEL", `${name}:window`, `${name}:leases`)
      }
    }).pipe(Effect.provide(RedisServer.layer)))

  it.effect("keeps its last word when an earlier one comes after it", () =>
    Effect.gen(function*() {
      yield* setClock(start)
      const { lane, read, take } = yield* process()
      const [first, second] = yield* take(2, {}, 100)
      if (first === undefined || second === undefined) return assert.fail("two are taken")
      const redis = yield* Redis
      const place = { window: `${name}:window`, leases: `${name}:leases`, span, margin: window.margin, lease: 15_000 }
      const day = { start: start - 12 * 3_600_000, end: start + 12 * 3_600_000 }
      // The first word of the batch, as a script that was under way for long would bring it.
      const [position = ""] = yield* redis.send<ReadonlyArray<string>>("ZRANGE", `${name}:leases`, "0", "0")
      const word = { position, at: start, number: 1, tokens: 110, requests: 2, inFlight: 2, owed: 10, cancelled: 0 }
      yield* lane.settle(first, 10, start)
      yield* read
      yield* lane.settle(second, 500, start)
      yield* lane.cancel(first, start)
      yield* read
      const before = yield* read
      assert.deepStrictEqual(before, { inFlight: 1, requests: 1, today: 1, tokens: 500 })
      yield* redis.eval(told.steps)(place, day, { words: [word], runs: [], limits: unlimited, poll: 100 })
      assert.deepStrictEqual(yield* read, before)
    }).pipe(Effect.provide(RedisServer.layer)))
})
