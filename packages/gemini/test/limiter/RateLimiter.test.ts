import { assert, describe, it } from "@effect/vitest"
import { RateLimited } from "effect-gemini/errors/GeminiErrorReason"
import * as GeminiError from "effect-gemini/GeminiError"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { Lane } from "../../src/internal/limiter/Lane.ts"

const limits: Tier.Limits = { rpm: 2, tpm: 1_000, rpd: 100, concurrency: 10 }
const model = Result.getOrThrow(ModelId.parse("gemini-2.5-flash"))
const lane: RateLimiter.LaneKey = { project: "p", location: "global", quotaModel: model, family: "generate" }
const ask = (more: Partial<RateLimiter.Admission> = {}): RateLimiter.Admission => ({
  lane,
  limits,
  tokens: 10,
  ...more
})

/** The window and its margin. */
const turn = 60_060

const limiter = (name: string, body: (it: RateLimiter.Service) => Effect.Effect<void, unknown, Scope.Scope>) =>
  it.effect(name, () => RateLimiter.RateLimiter.use(body).pipe(Effect.provide(RateLimiter.layer)))

/** Takes a permit and says when it came. */
const timed = (limiter: RateLimiter.Service, admission: RateLimiter.Admission) =>
  limiter.use(admission, () => Clock.currentTimeMillis)

const reasonOf = <A>(effect: Effect.Effect<A, GeminiError.GeminiError>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("a lane", () => {
  limiter(
    "lets the third of two a minute wait a window and its margin",
    Effect.fnUntraced(function*(limiter) {
      const fibers = yield* Effect.forEach([1, 2, 3, 4, 5], () => start(timed(limiter, ask())))
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual(yield* Effect.forEach(fibers, Fiber.join), [0, 0, turn, turn, 2 * turn])
    })
  )

  limiter(
    "counts input tokens, and settles them by the server's count",
    Effect.fnUntraced(function*(limiter) {
      yield* limiter.use(ask({ tokens: 900 }), (permit) => permit.settle(100))
      assert.strictEqual(yield* timed(limiter, ask({ tokens: 900 })), 0)
      const [one] = yield* limiter.snapshot
      assert.strictEqual(one?.used.tokens, 1_000)
    })
  )

  limiter(
    "pays a debt before the next admission",
    Effect.fnUntraced(function*(limiter) {
      yield* limiter.use(ask(), (permit) => Effect.andThen(permit.settle(500), permit.settle(1_500)))
      assert.strictEqual((yield* limiter.snapshot)[0]?.debt, 500)
      const next = yield* start(timed(limiter, ask()))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* Fiber.join(next), turn)
    })
  )

  limiter(
    "charges a correction that comes after the window from then on",
    Effect.fnUntraced(function*(limiter) {
      const slow = yield* start(limiter.use(ask(), (permit) => Effect.delay(permit.settle(1_100), "2 minutes")))
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(slow)
      const next = yield* start(timed(limiter, ask()))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* Fiber.join(next), 120_000 + turn)
    })
  )

  limiter(
    "runs what is larger than the whole budget alone, or refuses it",
    Effect.fnUntraced(function*(limiter) {
      yield* timed(limiter, ask())
      const large = yield* start(timed(limiter, ask({ tokens: 5_000 })))
      const behind = yield* start(timed(limiter, ask()))
      yield* TestClock.adjust("3 minutes")
      assert.deepStrictEqual([yield* Fiber.join(large), yield* Fiber.join(behind)], [turn, 2 * turn])
      const reason = yield* reasonOf(timed(limiter, ask({ tokens: 5_000, oversize: "reject" })))
      assert.strictEqual(reason._tag, "RequestTooLarge")
    })
  )

  limiter(
    "holds concurrency until a call ends, however it ends",
    Effect.fnUntraced(function*(limiter) {
      const one = ask({ limits: { ...limits, rpm: 100, concurrency: 1 } })
      const stuck = yield* start(limiter.use(one, () => Effect.never))
      const second = yield* start(limiter.use(one, () => Effect.fail("broken")))
      const third = yield* start(timed(limiter, one))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(stuck)
      assert.isTrue(Exit.isFailure(yield* Fiber.await(second)))
      assert.strictEqual(yield* Fiber.join(third), 1_000)
      const [now] = yield* limiter.snapshot
      assert.deepStrictEqual(now?.used, { requests: 3, tokens: 30, today: 3, inFlight: 0 })
    })
  )

  limiter(
    "gives everything of an interrupted waiter back",
    Effect.fnUntraced(function*(limiter) {
      yield* timed(limiter, ask())
      const large = yield* start(timed(limiter, ask({ tokens: 1_000 })))
      const small = yield* start(timed(limiter, ask()))
      yield* Fiber.interrupt(large)
      assert.strictEqual(yield* Fiber.join(small), 0)
      const [now] = yield* limiter.snapshot
      assert.deepStrictEqual(now?.used, { requests: 2, tokens: 20, today: 2, inFlight: 0 })
      assert.strictEqual(now?.waiting, 0)
    })
  )

  limiter(
    "takes a cancelled permit back whole",
    Effect.fnUntraced(function*(limiter) {
      yield* limiter.use(ask(), (permit) => Effect.andThen(permit.cancel, permit.settle(500)))
      yield* Effect.scoped(Effect.flatMap(limiter.acquire(ask()), (permit) => permit.cancel))
      const [now] = yield* limiter.snapshot
      assert.deepStrictEqual(now?.used, { requests: 0, tokens: 0, today: 0, inFlight: 0 })
    })
  )

  limiter(
    "keeps a permit for the time of a scope",
    Effect.fnUntraced(function*(limiter) {
      const one = ask({ limits: { ...limits, concurrency: 1 } })
      const scope = yield* Scope.make()
      yield* Scope.provide(limiter.acquire(one), scope)
      const next = yield* start(timed(limiter, one))
      yield* TestClock.adjust("5 seconds")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* Fiber.join(next), 5_000)
    })
  )
})

describe("waiting", () => {
  limiter(
    "lets interactive calls before batch, and every ninth admission be batch",
    Effect.fnUntraced(function*(limiter) {
      const slow = (priority: RateLimiter.Priority) => ask({ priority, limits: { ...limits, rpm: 1 } })
      yield* timed(limiter, slow("interactive"))
      const order: Array<string> = []
      const call = (priority: RateLimiter.Priority) =>
        start(limiter.use(slow(priority), () => Effect.sync(() => order.push(priority[0] ?? ""))))
      yield* Effect.forEach([1, 2], () => call("batch"))
      yield* Effect.forEach(Array.from({ length: 17 }), () => call("interactive"))
      yield* TestClock.adjust("20 minutes")
      assert.strictEqual(order.join(""), "iiiiiiiibiiiiiiiibi")
    })
  )

  limiter(
    "ends after maxWait in RateLimited with the time that is left",
    Effect.fnUntraced(function*(limiter) {
      yield* Effect.forEach([1, 2], () => timed(limiter, ask()))
      const late = yield* start(Effect.flip(timed(limiter, ask({ maxWait: "10 seconds" }))))
      yield* TestClock.adjust("10 seconds")
      const error = yield* Fiber.join(late)
      assert.strictEqual(error.reason._tag, "RateLimited")
      assert.deepStrictEqual(error.retryAfter, Duration.millis(turn - 10_000))
      const atOnce = yield* Effect.flip(timed(limiter, ask({ maxWait: 0 })))
      assert.strictEqual(atOnce.reason._tag, "RateLimited")
      assert.strictEqual((yield* limiter.snapshot)[0]?.waiting, 0)
    })
  )

  limiter(
    "refuses with LimiterFull beyond maxQueue, at once",
    Effect.fnUntraced(function*(limiter) {
      yield* Effect.forEach([1, 2], () => timed(limiter, ask()))
      yield* start(timed(limiter, ask({ maxQueue: 1 })))
      const reason = yield* reasonOf(timed(limiter, ask({ maxQueue: 1 })))
      assert.strictEqual(reason._tag === "LimiterFull" && reason.waiting, 1)
    })
  )

  limiter(
    "is told to onWait, with the time as far as it is known",
    Effect.fnUntraced(function*(limiter) {
      const told: Array<number | undefined> = []
      const onWait: RateLimiter.Admission["onWait"] = ({ until }) => Effect.sync(() => told.push(until))
      yield* Effect.forEach([1, 2], () => timed(limiter, ask({ onWait })))
      const third = yield* start(timed(limiter, ask({ onWait })))
      assert.deepStrictEqual(told, [turn])
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* Fiber.join(third), turn)
    })
  )

  it.effect("ends with the layer: those who wait get an error, those who come later too, and nobody is interrupted", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(RateLimiter.layer, scope)
      const limiter = yield* Effect.provideContext(RateLimiter.RateLimiter, context)
      yield* Effect.forEach([1, 2], () => timed(limiter, ask()))
      const waiting = yield* start(Effect.flip(timed(limiter, ask({ maxWait: "1 hour" }))))
      yield* Scope.close(scope, Exit.void)
      for (const error of [yield* Fiber.join(waiting), yield* Effect.flip(timed(limiter, ask()))]) {
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.include(error.message, "this limiter is closed")
      }
    }))
})

describe("a 429", () => {
  limiter(
    "for the moment starts nothing before retryAfter, and leaves those in flight alone",
    Effect.fnUntraced(function*(
      limiter
    ) {
      const running = yield* start(limiter.use(ask(), () => Effect.as(Effect.sleep("5 seconds"), "done")))
      yield* limiter.feedback(lane, { _tag: "RateLimited", retryAfter: Duration.seconds(53) })
      const next = yield* start(timed(limiter, ask()))
      assert.strictEqual((yield* limiter.snapshot)[0]?.parkedUntil, 53_000)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(running), "done")
      assert.strictEqual(yield* Fiber.join(next), 53_000)
    })
  )

  const told = (quotas: ReadonlyArray<LaneStore.Lesson>): RateLimiter.Feedback => ({
    _tag: "RateLimited",
    retryAfter: Duration.seconds(10),
    quotas
  })
  const ten: Tier.Limits = { ...limits, rpm: 10, rpd: 1_000 }
  const state = (limiter: RateLimiter.Service) =>
    Effect.map(limiter.snapshot, ([lane]) => [lane?.phase, lane?.learned?.rpm, lane?.learned?.tpm])

  limiter(
    "that names a limit below the tier's is kept to: cooldown, learned, probing, forgotten",
    Effect.fnUntraced(function*(limiter) {
      yield* timed(limiter, ask({ limits: ten }))
      assert.deepStrictEqual(yield* state(limiter), ["inactive", undefined, undefined])
      yield* limiter.feedback(lane, told([{ counts: "requests", limit: 4 }, { counts: "tokens", limit: 200 }]))
      assert.deepStrictEqual(yield* state(limiter), ["cooldown", 4, 200])
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* state(limiter), ["learned", 4, 200])
      const fibers = yield* Effect.forEach([1, 2, 3, 4, 5], () => start(timed(limiter, ask({ limits: ten }))))
      yield* TestClock.adjust("3 minutes")
      const times = yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(times, [10_000, 10_000, 10_000, turn, 10_000 + turn])
      yield* TestClock.adjust(7 * turn)
      assert.deepStrictEqual(yield* state(limiter), ["probing", 5, 300])
      yield* TestClock.adjust(8 * turn)
      assert.deepStrictEqual(yield* state(limiter), ["inactive", undefined, undefined])
    })
  )

  limiter(
    "that names the tier's limit, or none, teaches nothing: a tier that is right is not slowed down",
    Effect.fnUntraced(function*(limiter) {
      yield* timed(limiter, ask({ limits: ten }))
      for (const limit of [10, 500, 0, -1, NaN, Infinity, undefined]) {
        yield* limiter.feedback(lane, told([{ counts: "requests", limit }]))
      }
      yield* limiter.feedback(lane, told([]))
      assert.deepStrictEqual(yield* state(limiter), ["cooldown", undefined, undefined])
      const fibers = yield* Effect.forEach(Array.from({ length: 9 }), () => start(timed(limiter, ask({ limits: ten }))))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(new Set(yield* Effect.forEach(fibers, Fiber.join)), new Set([10_000]))
    })
  )

  it.effect("teaches what the window counted where it is asked to, and nothing where it is off", () =>
    Effect.gen(function*() {
      for (const learn of ["counted", "off"] as const) {
        const limiter = yield* Effect.provide(RateLimiter.make({ learn }), LaneStore.layerMemory)
        yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => timed(limiter, ask({ limits: ten })))
        const silent: RateLimiter.Feedback = { _tag: "RateLimited", retryAfter: Duration.seconds(10) }
        yield* limiter.feedback(lane, silent)
        yield* limiter.feedback(lane, silent)
        assert.deepStrictEqual(yield* state(limiter), ["cooldown", learn === "off" ? undefined : 4, undefined])
        yield* limiter.feedback(lane, told([{ counts: "requests", limit: 3 }]))
        assert.deepStrictEqual(yield* state(limiter), ["cooldown", learn === "off" ? undefined : 3, undefined])
      }
    }))

  limiter(
    "teaches by the lane's limits, whatever the last call set for itself",
    Effect.fnUntraced(function*(limiter) {
      const own = new Lane({
        limiter,
        project: lane.project,
        location: lane.location,
        quotaModel: lane.quotaModel,
        isAlias: false,
        limits: (_, call) => call?.limits === undefined ? ten : { ...ten, rpm: 1 }
      }, lane.family)
      const refused = new GeminiError.GeminiError({
        method: "generateContent",
        attempts: [],
        reason: new RateLimited({
          violations: [{ quotaId: "GenerateRequestsPerMinutePerProjectPerModel", quotaValue: "4" }]
        })
      })
      yield* Effect.scoped(own.meter("m", () => 1, { limits: {} }).acquire)
      yield* own.learn(refused)
      yield* Effect.exit(limiter.use(ask({ limits: ten, maxWait: 0 }), () => Effect.void))
      assert.strictEqual((yield* state(limiter))[1], 4)
    })
  )

  it.effect("teaches of the quota that it names, and of no other one", () =>
    Effect.gen(function*() {
      const learned = Effect.fnUntraced(function*(quotas: ReadonlyArray<LaneStore.Lesson>) {
        const limiter = yield* Effect.provide(RateLimiter.make({ learn: "counted" }), LaneStore.layerMemory)
        yield* Effect.forEach([1, 2, 3, 4, 5, 6], () => timed(limiter, ask({ limits: ten, tokens: 50 })))
        yield* limiter.feedback(lane, told(quotas))
        return (yield* state(limiter)).slice(1)
      })
      assert.deepStrictEqual(yield* learned([{ counts: "tokens", limit: undefined }]), [undefined, 299])
      assert.deepStrictEqual(yield* learned([{ counts: "requests", limit: undefined }]), [5, undefined])
      assert.deepStrictEqual(
        yield* learned([{ counts: "tokens", limit: undefined }, { counts: "requests", limit: 3 }]),
        [3, 299]
      )
      // Of one that nothing here counts, such as the tokens of answers.
      assert.deepStrictEqual(yield* learned([]), [undefined, undefined])
    }))

  limiter(
    "parks and pauses for 25 hours at most, whatever it says",
    Effect.fnUntraced(function*(limiter) {
      const day = 25 * 3_600_000
      yield* limiter.feedback(lane, { _tag: "QuotaExhausted", resetAt: NaN })
      assert.strictEqual((yield* limiter.snapshot)[0]?.parkedUntil, undefined)
      yield* limiter.feedback(lane, { _tag: "RateLimited", retryAfter: Duration.infinity })
      assert.strictEqual((yield* limiter.snapshot)[0]?.parkedUntil, day)
      yield* TestClock.adjust(1)
      yield* limiter.feedback(lane, { _tag: "QuotaExhausted", resetAt: Infinity })
      assert.strictEqual((yield* limiter.snapshot)[0]?.parkedUntil, day + 1)
    })
  )

  limiter(
    "without details pauses for a second, and twice as long the next time",
    Effect.fnUntraced(function*(limiter) {
      const blank: RateLimiter.Feedback = { _tag: "RateLimited", retryAfter: undefined }
      yield* limiter.feedback(lane, blank)
      yield* limiter.feedback(lane, blank)
      const first = yield* start(timed(limiter, ask()))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(first), 1_000)
      yield* limiter.feedback(lane, blank)
      const second = yield* start(timed(limiter, ask()))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(second), 3_000)
    })
  )

  limiter(
    "for the day fails those who wait, but not those who asked to",
    Effect.fnUntraced(function*(limiter) {
      yield* Effect.forEach([1, 2], () => timed(limiter, ask()))
      const failing = yield* start(reasonOf(timed(limiter, ask())))
      const patient = yield* start(timed(limiter, ask({ whenExhausted: "wait" })))
      const impatient = yield* start(
        reasonOf(timed(limiter, ask({ whenExhausted: "wait", maxWait: "1 hour" })))
      )
      yield* limiter.feedback(lane, { _tag: "QuotaExhausted", resetAt: 8 * 3_600_000 })
      const reason = yield* Fiber.join(failing)
      assert.strictEqual(reason._tag === "QuotaExhausted" && reason.resetAt, 8 * 3_600_000)
      assert.strictEqual((yield* reasonOf(timed(limiter, ask())))._tag, "QuotaExhausted")
      yield* TestClock.adjust("9 hours")
      assert.strictEqual(yield* Fiber.join(patient), 8 * 3_600_000)
      assert.strictEqual((yield* Fiber.join(impatient))._tag, "QuotaExhausted")
    })
  )
})

describe("callers that end together", () => {
  const together = (limiter: RateLimiter.Service) =>
    Effect.gen(function*() {
      yield* Effect.forEach([1, 2], () => timed(limiter, ask()))
      // The first failure interrupts the others, from within the limiter's own loop.
      return yield* start(Effect.exit(Effect.forEach(
        Array.from({ length: 20 }, (_, i) => i),
        (i) => timed(limiter, ask({ priority: i % 3 === 0 ? "batch" : "interactive" })),
        { concurrency: "unbounded" }
      )))
    })

  limiter(
    "leave an empty queue when the day is spent",
    Effect.fnUntraced(function*(limiter) {
      const group = yield* together(limiter)
      yield* limiter.feedback(lane, { _tag: "QuotaExhausted", resetAt: 3_600_000 })
      assert.isTrue(Exit.isFailure(yield* Fiber.join(group)))
      const [now] = yield* limiter.snapshot
      assert.deepStrictEqual([now?.waiting, now?.used.requests, now?.used.inFlight], [0, 2, 0])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* timed(limiter, ask()), 3_600_000)
    })
  )

  it.effect("leave an empty queue when the layer closes, and take nothing", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(RateLimiter.layer, scope)
      const limiter = yield* Effect.provideContext(RateLimiter.RateLimiter, context)
      const group = yield* together(limiter)
      yield* TestClock.adjust("30 seconds")
      yield* Scope.close(scope, Exit.void)
      yield* Fiber.join(group)
      const [now] = yield* limiter.snapshot
      assert.deepStrictEqual([now?.waiting, now?.used.requests, now?.used.inFlight], [0, 2, 0])
    }))
})

describe("the day", () => {
  limiter(
    "is spent after rpd requests and turns at midnight Pacific",
    Effect.fnUntraced(function*(limiter) {
      const few = { ...limits, rpm: 100, rpd: 3 }
      yield* Effect.forEach([1, 2, 3], () => timed(limiter, ask({ limits: few })))
      const reason = yield* reasonOf(timed(limiter, ask({ limits: few })))
      assert.strictEqual(reason._tag === "QuotaExhausted" && reason.resetAt, 8 * 3_600_000)
      const patient = yield* start(timed(limiter, ask({ limits: few, whenExhausted: "wait" })))
      yield* TestClock.adjust("8 hours")
      assert.strictEqual(yield* Fiber.join(patient), 8 * 3_600_000)
    })
  )

  limiter(
    "counts what leaves within a margin of midnight for both days",
    Effect.fnUntraced(function*(limiter) {
      const few = { ...limits, rpm: 100, rpd: 3 }
      yield* TestClock.setTime(8 * 3_600_000 - 10)
      yield* timed(limiter, ask({ limits: few }))
      yield* TestClock.adjust("10 millis")
      assert.strictEqual((yield* limiter.snapshot)[0]?.used.today, 1)
    })
  )

  limiter(
    "that allows nothing is refused at once, without a time",
    Effect.fnUntraced(function*(limiter) {
      for (const none of [{ rpm: 0 }, { tpm: 0 }, { rpd: 0 }, { concurrency: 0 }]) {
        const reason = yield* reasonOf(
          timed(limiter, ask({ limits: { ...limits, ...none }, tokens: 5, whenExhausted: "wait" }))
        )
        assert.strictEqual(reason._tag === "QuotaExhausted" && reason.resetAt, undefined)
        assert.include(reason.message, "allow no request at all")
      }
    })
  )
})

describe("lanes", () => {
  limiter(
    "keep the age of what they count when the machine's clock is set back",
    Effect.fnUntraced(function*(limiter) {
      yield* TestClock.setTime(10_000_000)
      yield* Effect.forEach([1, 2], () => timed(limiter, ask()))
      yield* TestClock.setTime(4_000_000)
      const next = yield* start(timed(limiter, ask()))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* Fiber.join(next), 4_000_000 + turn)
    })
  )

  limiter(
    "are forgotten when they count nothing any more, and only then",
    Effect.fnUntraced(function*(limiter) {
      const named = (name: string) =>
        timed(limiter, ask({ lane: { ...lane, quotaModel: Result.getOrThrow(ModelId.parse(name)) } }))
      yield* Effect.forEach(Array.from({ length: 1_000 }), (_, i) => named(`model-${i}`))
      assert.strictEqual((yield* limiter.snapshot).length, 1_000)
      yield* TestClock.adjust("25 hours")
      yield* Effect.forEach(Array.from({ length: 1_100 }), (_, i) => named(`other-${i}`))
      assert.isAtMost((yield* limiter.snapshot).length, 1_200)
    })
  )

  it.live("leave no timer behind when nobody waits", () =>
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      const timers = () => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length
      const before = timers()
      yield* Effect.forEach([1, 2], () => timed(limiter, ask()))
      const waiting = yield* Effect.forEach([1, 2, 3], () => start(timed(limiter, ask({ maxWait: "1 hour" }))))
      assert.strictEqual(timers() - before, 4)
      yield* Fiber.interruptAll(waiting)
      assert.strictEqual(timers(), before)
    }).pipe(Effect.provide(RateLimiter.layer)))
})
