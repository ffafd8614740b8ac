import { assert, describe, it } from "@effect/vitest"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { type Call, most, type Outcome, simulate } from "./LaneReference.ts"

const lane: RateLimiter.LaneKey = {
  project: "p",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}

const hour = 3_600_000
const day = 24 * hour

/** Numbers from a seed (mulberry32), so that a failing run is played again exactly. */
const random = (seed: number) => {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  return {
    between: (least: number, most: number) => least + Math.floor(next() * (most - least + 1)),
    chance: (share: number) => next() < share
  }
}

/** Plays calls against the limiter under the test's clock and says what became of each. */
const play = Effect.fnUntraced(function*(calls: ReadonlyArray<Call>, limits: Tier.Limits, length: number) {
  const limiter = yield* RateLimiter.RateLimiter
  const outcomes: Array<Outcome> = []
  const admitted: Array<number> = []

  const body = (call: Call) => (permit: RateLimiter.Permit) =>
    Effect.gen(function*() {
      outcomes[call.id] = { admittedAt: yield* Clock.currentTimeMillis }
      admitted.push(call.id)
      yield* Effect.sleep(call.duration)
      if (call.counted !== undefined) yield* permit.settle(call.counted)
    })

  const one = (call: Call) => {
    const admission: RateLimiter.Admission = {
      lane,
      limits,
      tokens: call.estimate,
      priority: call.priority,
      whenExhausted: "wait",
      maxWait: call.maxWait === undefined ? undefined : Duration.millis(call.maxWait)
    }
    const admittedCall = call.id % 2 === 0
      ? limiter.use(admission, body(call))
      : Effect.scoped(Effect.flatMap(limiter.acquire(admission), body(call)))
    return admittedCall.pipe(
      Effect.catchReason("GeminiError", "RateLimited", () => Effect.sync(() => void (outcomes[call.id] = "late"))),
      Effect.onInterrupt(() => Effect.sync(() => void (outcomes[call.id] ??= "interrupted")))
    )
  }

  const fibers = yield* Effect.forEach(
    calls,
    (call) => Effect.forkChild(Effect.delay(one(call), call.arrival), { startImmediately: true })
  )
  for (const call of calls) {
    const fiber = fibers[call.id]
    if (call.interruptAt === undefined || fiber === undefined) continue
    yield* Effect.forkChild(Effect.delay(Fiber.interrupt(fiber), call.interruptAt), { startImmediately: true })
  }
  yield* TestClock.adjust(length)
  yield* Fiber.awaitAll(fibers)
  // A day and a window later everything must be as if nothing had been.
  yield* TestClock.adjust(2 * day)
  return { outcomes, admitted, left: yield* limiter.snapshot }
})

const seeds = { seed: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 2 ** 31 - 1 })) }

describe("a lane against the reference model", () => {
  // Hours instead of a minute, so that a thousand calls never meet in one millisecond.
  const window = { window: 6 * hour, margin: 10 * 60_000 }

  const played: Array<number> = []

  it.effect.prop(
    "admits the same calls at the same times: 1,000 fibers, mixed costs, priorities, interruptions",
    seeds,
    ({ seed }) =>
      Effect.gen(function*() {
        const { between, chance } = random(seed)
        const limits = { rpm: between(20, 80), tpm: 20_000, rpd: between(120, 250), concurrency: between(3, 12) }
        const settles = chance(0.7)
        const calls = Array.from({ length: 1_000 }, (_, id): Call => {
          const arrival = between(1, 6 * day)
          const estimate = chance(0.02) ? between(20_001, 30_000) : between(0, 1_500)
          return {
            id,
            priority: chance(0.3) ? "batch" : "interactive",
            arrival,
            estimate,
            counted: settles && chance(0.8) ? between(0, 2 * estimate) : undefined,
            duration: chance(0.05) ? between(6 * hour, 9 * hour) : between(1, hour),
            interruptAt: chance(0.25) ? arrival + between(1, chance(0.5) ? hour : day) : undefined,
            maxWait: chance(0.1) ? between(1, 12 * hour) : undefined
          }
        })
        const expected = simulate(calls, limits, window)
        // Two causes in one millisecond have no order that both sides must share.
        if (expected.isAmbiguous) return
        played.push(seed)
        const { admitted, left, outcomes } = yield* play(calls, limits, 30 * day)

        assert.deepStrictEqual(outcomes, expected.outcomes)
        const sent = calls.flatMap((call) => {
          const outcome = outcomes[call.id]
          return typeof outcome === "object" ? [{ ...call, time: outcome.admittedAt }] : []
        })
        assert.isAtMost(most(sent.map(({ time }) => ({ time, amount: 1 })), window.window), limits.rpm)
        if (!settles) {
          const fitting = sent.filter((call) => call.estimate <= limits.tpm)
          const amounts = fitting.map(({ estimate, time }) => ({ time, amount: estimate }))
          assert.isAtMost(most(amounts, window.window), limits.tpm)
        }
        for (const priority of ["interactive", "batch"] as const) {
          const order = admitted.filter((id) => calls[id]?.priority === priority).map((id) => calls[id]?.arrival ?? 0)
          assert.deepStrictEqual(order, order.toSorted((a, b) => a - b))
        }
        assert.deepStrictEqual(left[0]?.used, { requests: 0, tokens: 0, today: 0, inFlight: 0 })
        assert.strictEqual(left[0]?.waiting, 0)
      }).pipe(Effect.provide(RateLimiter.layerWith(window).pipe(Layer.provideMerge(TestClock.layer())))),
    { timeout: 60_000, arbitrary: { runs: 8 } }
  )

  it("was played with at least six of eight seeds", () => assert.isAtLeast(played.length, 6))
})

describe("a minute's window", () => {
  it.effect.each([[60], [600]])(
    "of %i requests is used to 99 % and more by equal costs",
    ([rpm = 0]) =>
      Effect.gen(function*() {
        const limits = { rpm, tpm: rpm * 100, rpd: Infinity, concurrency: Infinity }
        const minutes = 10
        const count = rpm * minutes
        const calls = Array.from({ length: count }, (_, id): Call => ({
          id,
          priority: "interactive",
          arrival: 0,
          estimate: 100,
          counted: 100,
          duration: 1_000,
          interruptAt: undefined,
          maxWait: undefined
        }))
        const { outcomes } = yield* play(calls, limits, 30 * 60_000)
        const times = outcomes.map((outcome) => typeof outcome === "object" ? outcome.admittedAt : NaN)
        // Everything that was asked for at once went out in so many minutes, the last batch not counted.
        const taken = Math.max(...times) / 60_000
        assert.isAtLeast((count - rpm) / rpm / taken, 0.99)
        assert.isAtMost(most(times.map((time) => ({ time, amount: 1 })), 60_000), rpm)
      }).pipe(Effect.provide(RateLimiter.layer)),
    60_000
  )
})

describe("the Pacific day", () => {
  it.effect.each([
    { name: "of 23 hours in March", start: "2027-03-14T08:00:00Z", end: "2027-03-15T07:00:00Z" },
    { name: "of 25 hours in November", start: "2027-11-07T07:00:00Z", end: "2027-11-08T08:00:00Z" },
    { name: "of 24 hours in July", start: "2027-07-01T07:00:00Z", end: "2027-07-02T07:00:00Z" }
  ])("$name keeps rpd, and the next begins at midnight", ({ end, start }) =>
    Effect.gen(function*() {
      const [from, to] = [Date.parse(start), Date.parse(end)]
      const limits = { rpm: 10, tpm: 1_000_000, rpd: 50, concurrency: 10 }
      yield* TestClock.setTime(from - hour)
      const calls = Array.from({ length: 200 }, (_, id): Call => ({
        id,
        priority: "interactive",
        arrival: 0,
        estimate: 100,
        counted: 100,
        duration: 1_000,
        interruptAt: undefined,
        maxWait: undefined
      }))
      const { outcomes } = yield* play(calls, limits, 4 * day)
      const times = outcomes.map((outcome) => typeof outcome === "object" ? outcome.admittedAt : NaN)
      const before = times.filter((time) => time < from)
      const during = times.filter((time) => time >= from && time < to)
      const after = times.filter((time) => time >= to)
      assert.deepStrictEqual([before.length, during.length, after.length], [50, 50, 100])
      assert.strictEqual(Math.min(...during), from)
      assert.strictEqual(Math.min(...after), to)
    }).pipe(Effect.provide(RateLimiter.layer)))
})
