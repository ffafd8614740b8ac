/** From a call to its permit, at its edges: who is asked, what is waited for, and what is given back at every end. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as Reason from "../../src/errors/GeminiErrorReason.ts"
import { GeminiError } from "../../src/GeminiError.ts"
import { admit } from "../../src/internal/members/admission.ts"
import type { Route } from "../../src/internal/members/Route.ts"
import * as Lanes from "./scriptedLanes.ts"

const nothing = { held: 0, room: 0, watchers: 0 }

const refused = (reason: Reason.GeminiErrorReason, retryAfter?: number) =>
  new GeminiError({
    method: "acquire",
    attempts: [],
    reason,
    ...(retryAfter === undefined ? {} : { retryAfter: Duration.millis(retryAfter) })
  })
const limited = (retryAfter?: number) => refused(new Reason.RateLimited({ violations: [] }), retryAfter)
const spent = (budget?: string, retryAfter?: number) =>
  refused(new Reason.QuotaExhausted({ violations: [], ...(budget === undefined ? {} : { budget }) }), retryAfter)
const unpriced = refused(new Reason.Unpriced({ model: Lanes.model, budget: "own" }))

/** Runs a call to its permit. It tells where it went and when, or by what it failed. */
const start = (route: Route, scope: Scope.Scope) =>
  Effect.forkChild(
    Effect.matchEffect(admit(route, scope), {
      onFailure: (error) => Effect.map(Clock.currentTimeMillis, (at) => ({ at, error, to: undefined })),
      onSuccess: ({ way }) =>
        Effect.map(Clock.currentTimeMillis, (at) => ({ at, error: undefined, to: way.member.name }))
    }),
    { startImmediately: true }
  )

/** The same, with the whole of what it held given back at the end. */
const once = (route: Route) =>
  Effect.acquireUseRelease(
    Scope.make(),
    (scope) => Effect.flatMap(start(route, scope), Fiber.join),
    (scope, exit) => Scope.close(scope, exit)
  )

const tellsOf = (error: GeminiError | undefined) => ({
  tag: error?.reason._tag,
  in: error?.retryAfter === undefined ? undefined : Duration.toMillis(error.retryAfter),
  model: error?.model,
  method: error?.method
})

describe("a call that a lane has room for", () => {
  it.effect("asks the first alone, with no time to wait there, and gives all back when its scope ends", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const scope = yield* Scope.make()
      const asks = { request: { contents: [] }, count: () => Effect.never }
      const route = lanes.route({ maxWait: "3 seconds", maxQueue: 7, observe: () => Effect.void }, { asks: () => asks })
      const { to } = yield* Effect.flatMap(start(route, scope), Fiber.join)
      assert.strictEqual(to, "a")
      assert.deepStrictEqual(lanes.rest(), { held: 1, room: 0, watchers: 0 })
      const [admission] = lanes.admissions
      // How long it waits, how many may, and who hears of it is the room's.
      assert.strictEqual(admission?.maxWait, 0)
      assert.isUndefined(admission?.maxQueue)
      assert.isUndefined(admission?.onWait)
      assert.strictEqual(admission?.asks, asks)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(lanes.rest(), nothing)
      assert.deepStrictEqual(lanes.log, ["a asked", "a given", "a ended"])
      assert.deepStrictEqual(lanes.waits, [])
    }))

  it.effect("goes to the next where the first had none left after all, and keeps nothing of the first", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: { gives: () => Effect.fail(limited(10)) }, b: {} })
      assert.strictEqual((yield* once(lanes.route())).to, "b")
      assert.deepStrictEqual(lanes.log, ["a asked", "b asked", "b given", "b ended"])
    }))

  it.effect("asks none that says it has none, unless the call may not wait: then it asks all", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: { gives: () => Effect.fail(limited(10)) }, b: { admitsIn: 1 } })
      lanes.script("a").admitsIn = 1
      const { at, to } = yield* once(lanes.route({ maxWait: 0 }))
      assert.deepStrictEqual([at, to], [0, "b"])
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("that may not wait is told by the lane that opens soonest", () =>
    Effect.gen(function*() {
      for (const [a, b, soonest] of [[30, 20, 20], [20, 30, 20], [undefined, 20, 20], [20, undefined, 20]] as const) {
        const lanes = yield* Lanes.make({
          a: { admitsIn: 1, gives: () => Effect.fail(limited(a)) },
          b: { admitsIn: 1, gives: () => Effect.fail(limited(b)) }
        })
        const { at, error } = yield* once(lanes.route({ maxWait: 0 }))
        assert.deepStrictEqual([at, tellsOf(error).in], [0, soonest])
        assert.deepStrictEqual(lanes.rest(), nothing)
      }
    }))
})

describe("a refusal of the caller's own budget", () => {
  const cases: ReadonlyArray<readonly [string, GeminiError, "wait" | undefined, boolean]> = [
    ["no price is known", unpriced, undefined, true],
    ["the budget is spent", spent("own", 10), undefined, true],
    ["the budget is spent for good, though the call would wait", spent("own"), "wait", true],
    ["the budget is spent, and the call waits", spent("own", 10), "wait", false],
    ["the lane's day is spent", spent(undefined, 10), undefined, false],
    ["the lane is full", limited(10), undefined, false]
  ]
  for (const [name, error, whenExhausted, isOwn] of cases) {
    it.effect(`${isOwn ? "ends the call at once" : "leaves the other member"}: ${name}`, () =>
      Effect.gen(function*() {
        for (const admitsIn of [0, 5]) {
          const lanes = yield* Lanes.make({
            a: { admitsIn, gives: () => Effect.fail(error) },
            b: { admitsIn, gives: () => Effect.sleep(1) }
          })
          const call = yield* Effect.forkChild(once(lanes.route({ whenExhausted })), { startImmediately: true })
          yield* TestClock.adjust(1)
          const { error: got, to } = yield* Fiber.join(call)
          assert.deepStrictEqual([got, to], isOwn ? [error, undefined] : [undefined, "b"])
          assert.deepStrictEqual(lanes.rest(), nothing)
          // Who has room now is asked alone; who waits asks all at once.
          if (isOwn && admitsIn === 0) assert.deepStrictEqual(lanes.log, ["a asked"])
        }
      }))
  }
})

describe("a call that waits in every lane at once", () => {
  it.effect("takes the first permit and leaves the others' queues", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({
        a: { admitsIn: 9, gives: () => Effect.never },
        b: { admitsIn: 9, gives: () => Effect.sleep(20) }
      })
      const call = yield* Effect.forkChild(once(lanes.route()), { startImmediately: true })
      assert.deepStrictEqual(lanes.rest(), { held: 0, room: 1, watchers: 1 })
      assert.deepStrictEqual(lanes.admissions.map(({ maxWait }) => maxWait), [undefined, undefined])
      yield* TestClock.adjust(20)
      assert.deepStrictEqual((yield* Fiber.join(call)).to, "b")
      assert.deepStrictEqual(lanes.log, ["a asked", "b asked", "b given", "a left", "b ended"])
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("gives a second permit back whole if two lanes give one at the same moment", () =>
    Effect.gen(function*() {
      const both = yield* Deferred.make<void>()
      const gives = () => Deferred.await(both)
      const lanes = yield* Lanes.make({ a: { admitsIn: 9, gives }, b: { admitsIn: 9, gives } })
      const scope = yield* Scope.make()
      // The fibers of the two lanes go step by step beside each other.
      const call = yield* Effect.provideService(start(lanes.route(), scope), References.MaxOpsBeforeYield, 3)
      yield* TestClock.adjust(1)
      yield* Deferred.succeed(both, undefined)
      assert.strictEqual((yield* Fiber.join(call)).to, "a")
      assert.deepStrictEqual(lanes.log, ["a asked", "b asked", "a given", "b given", "b cancelled"])
      assert.deepStrictEqual(lanes.rest(), { held: 1, room: 0, watchers: 0 })
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("asks no further lane once one has given its permit at once", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: { admitsIn: 9 }, b: { admitsIn: 9 } })
      assert.strictEqual((yield* once(lanes.route())).to, "a")
      assert.deepStrictEqual(lanes.log, ["a asked", "a given", "a ended"])
    }))

  it.effect("asks a lane once, however many keys and models share it", () =>
    Effect.gen(function*() {
      const shut = { admitsIn: 9, gives: () => Effect.never }
      const lanes = yield* Lanes.make({ a: shut, b: shut }, {
        members: {
          a1: { project: "a" },
          a2: { project: "a" },
          a3: { project: "a", location: "europe-west4" },
          b: {}
        },
        models: [Lanes.model, Lanes.other]
      })
      const call = yield* Effect.forkChild(once(lanes.route()), { startImmediately: true })
      assert.deepStrictEqual(
        lanes.admissions.map(({ lane }) => `${lane.project} ${lane.location} ${lane.quotaModel}`),
        [Lanes.model, Lanes.other].flatMap((name) => [`a global ${name}`, `a europe-west4 ${name}`, `b global ${name}`])
      )
      yield* Fiber.interrupt(call)
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("fails once the last lane has refused it, with the refusal that ends soonest", () =>
    Effect.gen(function*() {
      for (const [a, b] of [[300, 200], [200, 300], [undefined, 200], [200, undefined]] as const) {
        const lanes = yield* Lanes.make({
          a: { admitsIn: 9, gives: () => Effect.fail(spent(undefined, a)) },
          b: { admitsIn: 9, gives: () => Effect.andThen(Effect.sleep(5), Effect.fail(spent(undefined, b))) }
        })
        const began = yield* Clock.currentTimeMillis
        const call = yield* Effect.forkChild(once(lanes.route()), { startImmediately: true })
        yield* TestClock.adjust(4)
        assert.isUndefined(call.pollUnsafe())
        yield* TestClock.adjust(1)
        const { at, error } = yield* Fiber.join(call)
        assert.deepStrictEqual([at - began, tellsOf(error).tag, tellsOf(error).in], [5, "QuotaExhausted", 200])
        assert.deepStrictEqual(lanes.rest(), nothing)
      }
    }))

  it.effect("looks again when a lane that refused it opens, if another still lets it wait", () =>
    Effect.gen(function*() {
      let times = 0
      const lanes = yield* Lanes.make({
        a: { admitsIn: 9, gives: () => times++ === 0 ? Effect.fail(spent(undefined, 30)) : Effect.void },
        b: { admitsIn: 9, gives: () => Effect.never }
      })
      const call = yield* Effect.forkChild(once(lanes.route()), { startImmediately: true })
      yield* TestClock.adjust(29)
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust(1)
      const { at, to } = yield* Fiber.join(call)
      assert.deepStrictEqual([at, to], [30, "a"])
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("does not fail while a closed way opens soon enough, and fails where none does", () =>
    Effect.gen(function*() {
      // The circuit is open for five seconds, and the call waits for one that long or a little less.
      for (const [patience, waits] of [[5_000, true], [4_999, false]] as const) {
        const lanes = yield* Lanes.make({ a: {}, b: { admitsIn: 9, gives: () => Effect.fail(spent()) } })
        yield* lanes.open(lanes.way(0))
        const began = yield* Clock.currentTimeMillis
        const call = yield* Effect.forkChild(once(lanes.route({}, {}, patience)), { startImmediately: true })
        yield* TestClock.adjust(5_000)
        const { at, error, to } = yield* Fiber.join(call)
        assert.deepStrictEqual(
          [at - began, to, tellsOf(error).tag],
          waits ? [5_000, "a", undefined] : [0, undefined, "QuotaExhausted"]
        )
        assert.deepStrictEqual(lanes.rest(), nothing)
      }
    }))
})

describe("a call that is interrupted while it waits", () => {
  const ends: ReadonlyArray<
    readonly [string, number, (lanes: Effect.Success<ReturnType<typeof Lanes.make>>) => Effect.Effect<unknown>]
  > = [
    ["in the lanes", 9, () => Effect.void],
    ["for its turn in the room", 9, (lanes) => Effect.flatMap(Scope.make(), (scope) => start(lanes.route(), scope))],
    ["for circuits that are open", 0, (lanes) => lanes.open(...lanes.ways)]
  ]
  for (const [name, admitsIn, before] of ends) {
    it.effect(`leaves nothing behind: ${name}`, () =>
      Effect.gen(function*() {
        const lanes = yield* Lanes.make({
          a: { admitsIn, gives: () => Effect.never },
          b: { admitsIn, gives: () => Effect.never }
        })
        yield* before(lanes)
        const already = lanes.rest()
        const call = yield* Effect.forkChild(once(lanes.route()), { startImmediately: true })
        yield* TestClock.adjust(1)
        assert.isUndefined(call.pollUnsafe())
        assert.strictEqual(lanes.circuits.watchers.size, already.watchers + 1)
        yield* Fiber.interrupt(call)
        assert.deepStrictEqual(lanes.rest(), already)
      }))
  }

  it.effect("leaves nothing behind at whatever step that is, and a permit that came too late is given back whole", () =>
    Effect.gen(function*() {
      const ends = { admitted: 0, cancelled: 0, before: 0 }
      for (let step = 0; ends.admitted < 3; step++) {
        const lanes = yield* Lanes.make({ a: { admitsIn: 9 }, b: { admitsIn: 9 } })
        const scope = yield* Scope.make()
        // Every third operation lets the other fibers go on, so that the steps are small.
        const call = yield* Effect.provideService(start(lanes.route(), scope), References.MaxOpsBeforeYield, 3)
        for (let nth = 0; nth < step; nth++) yield* Effect.yieldNow
        call.interruptUnsafe()
        if (Exit.isSuccess(yield* Fiber.await(call))) ends.admitted++
        else if (lanes.log.includes("a cancelled")) ends.cancelled++
        else ends.before++
        const { room, watchers } = lanes.rest()
        assert.deepStrictEqual([room, watchers], [0, 0], `step ${step}`)
        yield* Scope.close(scope, Exit.void)
        assert.deepStrictEqual(lanes.rest(), nothing, `step ${step}: ${lanes.log.join(", ")}`)
      }
      for (const [end, times] of Object.entries(ends)) assert.isAbove(times, 0, `no step ended so: ${end}`)
    }))
})

describe("a circuit that opens between the look and the permit", () => {
  it.effect("takes the permit back whole, and the call goes to the next way at once", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      lanes.script("a").gives = () => lanes.open(lanes.way(0))
      const { at, to } = yield* once(lanes.route())
      assert.deepStrictEqual([at, to], [0, "b"])
      assert.deepStrictEqual(lanes.log, ["a asked", "a given", "a cancelled", "b asked", "b given", "b ended"])
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("does so after a wait in the lanes, too, also where a refusal came meanwhile", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: { admitsIn: 9 }, b: { admitsIn: 9, gives: () => Effect.sleep(3) } })
      lanes.script("a").gives = () => Effect.sync(() => lanes.refusals.refused("a", 0, 0))
      const call = yield* Effect.forkChild(once(lanes.route()), { startImmediately: true })
      yield* TestClock.adjust(3)
      const { at, to } = yield* Fiber.join(call)
      assert.deepStrictEqual([at, to], [3, "b"])
      assert.deepStrictEqual(lanes.log.slice(0, 3), ["a asked", "a given", "a cancelled"])
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("says nothing of a probe whose model was refused meanwhile: its place is free again", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      yield* lanes.open(lanes.way(0))
      yield* TestClock.adjust("5 seconds")
      lanes.script("a").gives = () => Effect.sync(() => lanes.refusals.refused("a", 0, 5_000))
      lanes.way(1).member.calls = 5
      assert.strictEqual((yield* once(lanes.route())).to, "b")
      assert.deepStrictEqual(yield* lanes.circuits.state(lanes.way(0).circuit("generate")), {
        state: "halfOpen",
        retryIn: 0
      })
    }))
})

describe("the room in front of the lanes", () => {
  it.effect("has as many as maxQueue says, and the next is told how many wait", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: { admitsIn: 9, gives: () => Effect.never } })
      const scope = yield* Scope.make()
      const calls = [
        yield* start(lanes.route({ maxQueue: 2 }), scope),
        yield* start(lanes.route({ maxQueue: 2 }), scope)
      ]
      const { at, error } = yield* once(lanes.route({ maxQueue: 2 }))
      assert.strictEqual(at, 0)
      assert.deepStrictEqual(error?.reason, new Reason.LimiterFull({ waiting: 2, limit: 2 }))
      assert.strictEqual((yield* once(lanes.route({ maxQueue: 0 }))).error?.reason._tag, "LimiterFull")
      assert.deepStrictEqual(lanes.rest(), { held: 0, room: 2, watchers: 2 })
      yield* Fiber.interruptAll(calls)
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("lets the calls to the lanes one after the other, and passes the turn on at every end", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: { admitsIn: 9, gives: () => Effect.sleep(10) } })
      const scope = yield* Scope.make()
      const first = yield* start(lanes.route(), scope)
      const second = yield* start(lanes.route(), scope)
      const third = yield* start(lanes.route(), scope)
      assert.deepStrictEqual(lanes.log, ["a asked"])
      // The head gives up, so the second's time begins now.
      yield* TestClock.adjust(4)
      yield* Fiber.interrupt(first)
      yield* TestClock.adjust(10)
      assert.strictEqual((yield* Fiber.join(second)).at, 14)
      yield* TestClock.adjust(10)
      assert.strictEqual((yield* Fiber.join(third)).at, 24)
      assert.deepStrictEqual(lanes.rest(), { held: 2, room: 0, watchers: 0 })
    }))

  it.effect("lets nobody past who comes later and would have room", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: { admitsIn: 9, gives: () => Effect.sleep(10) } })
      const scope = yield* Scope.make()
      const first = yield* start(lanes.route(), scope)
      lanes.script("a").admitsIn = 0
      const second = yield* start(lanes.route(), scope)
      assert.deepStrictEqual(lanes.log, ["a asked"])
      yield* TestClock.adjust(10)
      assert.strictEqual((yield* Fiber.join(first)).at, 10)
      yield* TestClock.adjust(10)
      assert.strictEqual((yield* Fiber.join(second)).at, 20)
    }))

  it.effect("tells of a wait once: by observe, else by the pool's own, and until when if that is known", () =>
    Effect.gen(function*() {
      for (const [admitsIn, until] of [[9, 1_009], [Infinity, undefined]] as const) {
        const lanes = yield* Lanes.make({ a: { admitsIn, gives: () => Effect.sleep(1_000) } })
        yield* TestClock.setTime(1_000)
        const events: Array<unknown> = []
        const call = yield* Effect.forkChild(
          once(lanes.route({ observe: (event) => Effect.sync(() => void events.push(event)) })),
          { startImmediately: true }
        )
        const silent = yield* Effect.forkChild(once(lanes.route()), { startImmediately: true })
        yield* TestClock.adjust("5 seconds")
        yield* Fiber.join(call)
        yield* Fiber.join(silent)
        const lane = lanes.way(0).lane("generate").lane
        assert.deepStrictEqual(events, [{ _tag: "Waiting", lane, until }])
        assert.deepStrictEqual(lanes.waits, [lane])
      }
    }))
})

describe("the longest wait", () => {
  it.effect("ends a call in the lanes and one that waits for its turn, at its time and not before", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({
        a: { admitsIn: 700, gives: () => Effect.never },
        b: { admitsIn: 400, gives: () => Effect.never }
      })
      const calls = [
        yield* Effect.forkChild(once(lanes.route({ maxWait: 100 })), { startImmediately: true }),
        yield* Effect.forkChild(once(lanes.route({ maxWait: 100 })), { startImmediately: true })
      ]
      yield* TestClock.adjust(99)
      assert.deepStrictEqual(calls.map((call) => call.pollUnsafe()), [undefined, undefined])
      yield* TestClock.adjust(1)
      for (const call of calls) {
        const { at, error } = yield* Fiber.join(call)
        assert.strictEqual(at, 100)
        assert.deepStrictEqual(tellsOf(error), {
          tag: "RateLimited",
          in: 400,
          model: Lanes.model,
          method: "generateContent"
        })
        assert.strictEqual(
          error?.reason._tag === "RateLimited" ? error.reason.description : undefined,
          `no member gave a permit for ${Lanes.model} within 100 ms (maxWait)`
        )
      }
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("is not over for a permit that comes a millisecond before it", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: { admitsIn: 9, gives: () => Effect.sleep(99) } })
      const call = yield* Effect.forkChild(once(lanes.route({ maxWait: 100 })), { startImmediately: true })
      yield* TestClock.adjust(99)
      assert.strictEqual((yield* Fiber.join(call)).to, "a")
    }))
})

describe("where every way is closed", () => {
  const open = Effect.fnUntraced(function*(
    options: Parameters<Effect.Success<ReturnType<typeof Lanes.make>>["route"]>,
    forward = 5_000
  ) {
    const lanes = yield* Lanes.make({ a: {}, b: {} })
    yield* lanes.open(...lanes.ways)
    const began = yield* Clock.currentTimeMillis
    const call = yield* Effect.forkChild(once(lanes.route(...options)), { startImmediately: true })
    yield* TestClock.adjust(forward)
    const { at, error, to } = yield* Fiber.join(call)
    assert.deepStrictEqual(lanes.rest(), nothing)
    return { after: at - began, error, to }
  })

  it.effect("a call waits as long as it is patient, to the millisecond", () =>
    Effect.gen(function*() {
      const patient = yield* open([{}, {}, 5_000])
      assert.deepStrictEqual([patient.after, patient.to], [5_000, "a"])
      const hasty = yield* open([{}, {}, 4_999])
      assert.strictEqual(hasty.after, 0)
      assert.deepStrictEqual(tellsOf(hasty.error), {
        tag: "Overloaded",
        in: 5_000,
        model: Lanes.model,
        method: "generateContent"
      })
      assert.include(hasty.error?.message ?? "", "(a, b)")
    }))

  it.effect("it waits no longer than maxWait, and not beyond its deadline", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* open([{ maxWait: 5_000 }])).to, "a")
      assert.deepStrictEqual((yield* open([{ maxWait: 4_999 }])).after, 0)
      // At half of twenty seconds it still has the time that an answer takes.
      assert.deepStrictEqual((yield* open([{}, { total: 20_000 }])).to, "a")
      const late = yield* open([{}, { total: 5_000 }])
      assert.deepStrictEqual([late.after, tellsOf(late.error).tag, tellsOf(late.error).in], [0, "Overloaded", 5_000])
    }))

  it.effect("a call with somebody else to answer it does not wait at all", () =>
    Effect.gen(function*() {
      const { after, error } = yield* open([{ fallback: { transport: "live" } }])
      assert.deepStrictEqual([after, error?.reason._tag], [0, "Overloaded"])
    }))

  it.effect("for a moment only, after this call's own failures, it waits though somebody else could answer", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const route = lanes.route({ fallback: { transport: "live" } })
      yield* route.look
      yield* Effect.forEach(lanes.ways, (way) => route.rejected(way))
      const call = yield* Effect.forkChild(once(route), { startImmediately: true })
      yield* TestClock.adjust(1)
      const { at, to } = yield* Fiber.join(call)
      assert.deepStrictEqual([at, to], [1, "a"])
    }))

  it.effect("patience is spent by waiting, and what is left is all that a later wait has", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {} })
      yield* lanes.open(lanes.way(0))
      const route = lanes.route({}, {}, 5_500)
      const call = yield* Effect.forkChild(once(route), { startImmediately: true })
      yield* TestClock.adjust(5_000)
      assert.strictEqual((yield* Fiber.join(call)).to, "a")
      assert.strictEqual(route.patience, 500)
    }))

  it.effect("where the keys are refused it fails at once, and says in how many whole seconds one call looks again", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      lanes.refusals.refused("a", 0, 0)
      yield* TestClock.adjust(500)
      lanes.refusals.refused("b", 500, 500)
      const { at, error } = yield* once(lanes.route())
      assert.deepStrictEqual([at, tellsOf(error).tag, tellsOf(error).in], [500, "Unauthenticated", 29_500])
      assert.strictEqual(
        error?.reason._tag === "Unauthenticated" ? error.reason.description : undefined,
        "the key of every member was refused (a, b), so nothing was sent; one call looks again in 30 s, " +
          "or after Members.readmit"
      )
      assert.deepStrictEqual(lanes.rest(), nothing)
    }))

  it.effect("where one key is refused and the other's circuit is open it waits for the circuit", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      lanes.refusals.refused("a", 0, 0)
      yield* lanes.open(lanes.way(1))
      const call = yield* Effect.forkChild(once(lanes.route()), { startImmediately: true })
      yield* TestClock.adjust(5_000)
      assert.strictEqual((yield* Fiber.join(call)).to, "b")
    }))

  it.effect("is waked by a change: a key that is let in again ends the wait", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      lanes.refusals.refused("a", 0, 0)
      yield* lanes.open(lanes.way(1))
      const call = yield* Effect.forkChild(once(lanes.route()), { startImmediately: true })
      yield* TestClock.adjust(1_000)
      lanes.refusals.readmit("a")
      yield* TestClock.adjust(0)
      const { at, to } = yield* Fiber.join(call)
      assert.deepStrictEqual([at, to], [1_000, "a"])
    }))
})

describe("a permit's end", () => {
  it.effect("tells the circuit of a member that was silent for its time, and of no other", () =>
    Effect.gen(function*() {
      for (const [silent, state] of [[9_999, "closed"], [10_000, "open"]] as const) {
        const lanes = yield* Lanes.make({ a: {} }, { circuit: { trip: { _tag: "Consecutive", failures: 1 } } })
        const scope = yield* Scope.make()
        yield* admit(lanes.route(), scope)
        yield* TestClock.adjust(silent)
        yield* Scope.close(scope, Exit.void)
        yield* Effect.yieldNow
        assert.strictEqual((yield* lanes.circuits.state(lanes.way(0).circuit("generate"))).state, state)
      }
    }))

  it.effect("a permit that a circuit's probe got is known as one, and its time of silence is a probe's", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {} })
      const scope = yield* Scope.make()
      assert.isFalse((yield* admit(lanes.route(), scope)).isProbe)
      yield* lanes.open(lanes.way(0))
      yield* TestClock.adjust(5_000)
      const probe = yield* admit(lanes.route(), scope)
      assert.isTrue(probe.isProbe)
      assert.strictEqual(probe.began, 5_000)
    }))
})
