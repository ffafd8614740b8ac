/** What a failure closes for the call that met it, what it says of the member, and what an answer makes good again. */
import { assert, describe, it } from "@effect/vitest"
import type { CallEvent } from "effect-gemini/call/CallOptions"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as RetryKernel from "../../src/internal/call/retry.ts"
import type { Route } from "../../src/internal/members/Route.ts"
import * as Lanes from "./scriptedLanes.ts"

const error = (reason: Reason.GeminiErrorReason, status?: number, retryAfter?: number) =>
  new GeminiError({
    method: "generateContent",
    attempts: [],
    reason,
    ...(status === undefined ? {} : { status }),
    ...(retryAfter === undefined ? {} : { retryAfter: Duration.millis(retryAfter) })
  })
const overloaded = error(new Reason.Overloaded({ description: "busy" }), 503)
const refused = error(new Reason.Unauthenticated({}), 401)
const forbidden = error(new Reason.Unauthenticated({ description: "not yours" }), 403)
const missing = error(new Reason.NotFound({ nearMatches: [], description: "no such model" }), 404)
const invalid = error(new Reason.InvalidRequest({ fields: [] }), 400)
const policy = RetryKernel.policy(undefined, undefined)

/** Takes a permit, and gives it back. */
const asked = (route: Route) => Effect.scoped(route.acquire)
/** The call fails where it is, and is told when it may try again. */
const fails = (route: Route, failure: GeminiError, more: Partial<RetryKernel.FailedAttempt> = {}) =>
  Effect.map(
    route.learn(failure),
    (error) =>
      route.delayAfter(policy, { error, failures: 1, remaining: Infinity, waitForQuota: false, random: 0, ...more })
  )
const opens = (route: Route) =>
  Effect.map(route.look, (found) =>
    Object.fromEntries(
      found.map(({ failures, opensIn, way }) => [`${way.member.name}/${way.model}`, [failures, opensIn]])
    ))
const a = `a/${Lanes.model}`
const b = `b/${Lanes.model}`

describe("after a failure", () => {
  it.effect("another way is tried at once, and the same one after its own delay", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const route = lanes.route()
      yield* asked(route)
      assert.strictEqual(yield* fails(route, overloaded), 0)
      assert.deepStrictEqual(yield* opens(route), { [a]: [1, 500], [b]: [0, 0] })
      yield* asked(route)
      assert.strictEqual(route.taken.member.name, "b")
      assert.strictEqual(yield* fails(route, error(overloaded.reason, 503, 9_000), { failures: 2 }), 500)
      assert.deepStrictEqual(yield* opens(route), { [a]: [1, 500], [b]: [1, 9_000] })
    }))

  it.effect("the only way is waited for, if that is soon enough", () =>
    Effect.gen(function*() {
      for (const [remaining, delay] of [[501, 500], [500, undefined]] as const) {
        const lanes = yield* Lanes.make({ a: {} })
        const route = lanes.route()
        yield* asked(route)
        assert.strictEqual(yield* fails(route, overloaded, { remaining }), delay)
      }
    }))

  it.effect("there are as many attempts as the failure, else the ask, else the policy says", () =>
    Effect.gen(function*() {
      const rows = [
        [{ failures: 2 }, {}, 0],
        [{ failures: 3 }, {}, undefined],
        [{ failures: 3 }, { attempts: 4 }, 0],
        [{ failures: 4 }, { attempts: 4 }, undefined],
        [{ failures: 1, attempts: 1 }, { attempts: 4 }, undefined],
        [{ failures: 4, attempts: 5 }, { attempts: 4 }, 0],
        [{ failures: NaN }, {}, undefined]
      ] as const
      for (const [failure, ask, delay] of rows) {
        const lanes = yield* Lanes.make({ a: {}, b: {} })
        const route = lanes.route(undefined, ask)
        yield* asked(route)
        assert.strictEqual(yield* fails(route, overloaded, failure), delay, JSON.stringify([failure, ask]))
      }
    }))

  it.effect("nobody is asked again before anybody was, nor after what every member would refuse", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const route = lanes.route()
      assert.strictEqual(yield* route.learn(refused), refused)
      assert.isUndefined(yield* fails(route, overloaded))
      assert.isUndefined(route.current)
      assert.isUndefined(route.way())
      assert.throws(() => route.taken, "no permit was given")
      yield* asked(route)
      assert.deepStrictEqual(route.way(), { model: Lanes.model, member: "a" })
      assert.isUndefined(yield* fails(route, invalid))
      assert.deepStrictEqual(yield* opens(route), { [a]: [0, 0], [b]: [0, 0] })
    }))

  it.effect("a refused key closes every model of its member for the call", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} }, { models: [Lanes.model, Lanes.other] })
      const route = lanes.route(undefined, { isNamed: true })
      yield* asked(route)
      assert.strictEqual(yield* fails(route, refused), 0)
      assert.deepStrictEqual(yield* opens(route), {
        [a]: [1, Infinity],
        [b]: [0, 0],
        [`a/${Lanes.other}`]: [0, Infinity],
        [`b/${Lanes.other}`]: [0, 0]
      })
    }))

  it.effect("nobody waits for a key that was refused before", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      lanes.refusals.refused("b", 0, 0)
      const route = lanes.route()
      yield* asked(route)
      assert.strictEqual(yield* fails(route, overloaded), 500)
      assert.isUndefined(yield* fails(route, refused))
    }))

  it.effect("a circuit is waited for, unless the caller named who answers else and all are open", () =>
    Effect.gen(function*() {
      const fallback = { fallback: { transport: "http", model: "gemini-2.5-flash" } } as const
      for (const [options, both, alone] of [[undefined, 500, 5_000], [fallback, 500, undefined]] as const) {
        const lanes = yield* Lanes.make({ a: {}, b: {} })
        yield* lanes.open(lanes.way(1))
        const route = lanes.route(options)
        assert.strictEqual(route.hasFallback, options !== undefined)
        yield* asked(route)
        assert.strictEqual(yield* fails(route, overloaded), both)
        yield* lanes.open(lanes.way(0))
        assert.strictEqual(yield* fails(route, overloaded), alone)
      }
    }))
})

describe("a model that a member does not have", () => {
  it.effect("is asked of another one that may have it, and of none otherwise", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const route = lanes.route()
      yield* asked(route)
      assert.strictEqual(yield* fails(route, missing), 0)
      assert.deepStrictEqual(yield* opens(route), { [a]: [1, Infinity], [b]: [0, 0] })
      yield* asked(route)
      assert.strictEqual(route.taken.member.name, "b")
      assert.isUndefined(yield* fails(route, missing, { failures: 2 }))
    }))

  it.effect("is not asked of one that is known not to have it, nor for what one member keeps", () =>
    Effect.gen(function*() {
      const known = yield* Lanes.make({ a: {}, b: {} })
      known.refusals.modelMissing({ member: "b", model: Lanes.model, family: "generate" }, 0, 0)
      const route = known.route()
      yield* asked(route)
      assert.isUndefined(yield* fails(route, missing))
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const held = lanes.route(undefined, { isHeld: true })
      yield* asked(held)
      assert.isUndefined(yield* fails(held, missing))
    }))

  it.effect("is answered by the model that was asked for, where it was a fallback", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {} }, { models: [Lanes.other, Lanes.model] })
      for (const failure of [missing, invalid]) {
        const route = lanes.route(undefined, { isNamed: true })
        yield* asked(route)
        assert.strictEqual(route.taken.model, Lanes.other)
        assert.strictEqual(yield* fails(route, failure), 0)
      }
    }))
})

describe("what is learnt of a member", () => {
  const rows = [
    ["a refused key", refused, false, true, { of: "key", opensIn: 30_000 }],
    ["a key that is not let at the model", forbidden, false, true, { of: "key", opensIn: 30_000 }],
    ["a model that it does not have", missing, false, false, { of: "model", opensIn: 30_000 }],
    ["a refused key, where something is held there", refused, true, true, { of: "key", opensIn: 30_000 }],
    ["nothing of the key by a 403 about something held", forbidden, true, true, undefined],
    ["nothing of the model by a 404 about something held", missing, true, false, undefined],
    ["nothing by an outage", overloaded, false, false, undefined]
  ] as const
  for (const [name, failure, isHeld, isKeyRefused, refusal] of rows) {
    it.effect(`is ${name}`, () =>
      Effect.gen(function*() {
        const lanes = yield* Lanes.make({ a: {}, b: {} })
        const route = lanes.route(undefined, { isHeld })
        yield* asked(route)
        const told = yield* route.learn(failure)
        assert.strictEqual(
          told.reason._tag === "NotFound" ? told.reason.member : undefined,
          isHeld && failure === missing ? "a" : undefined
        )
        assert.strictEqual(lanes.way(0).member.isKeyRefused, isKeyRefused)
        assert.isFalse(lanes.way(1).member.isKeyRefused)
        const site = { member: "a", model: Lanes.model, family: "generate" }
        assert.deepStrictEqual(lanes.refusals.at(site, 0), refusal)
        yield* route.succeeded()
        assert.isFalse(lanes.way(0).member.isKeyRefused)
        assert.isTrue(lanes.refusals.isEmpty)
      }))
  }

  it.effect("is how its circuit stands: an outage, an answer, and a stream that breaks behind its first chunk", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {} })
      const state = Effect.map(lanes.circuits.state(lanes.way(0).circuit("generate")), ({ state }) => state)
      const read = (chunks: Stream.Stream<number, GeminiError>) =>
        Effect.gen(function*() {
          const route = lanes.route()
          const scope = yield* Scope.make()
          yield* Scope.provide(route.acquire, scope)
          yield* Effect.exit(Stream.runDrain(route.judged(chunks)))
          yield* Scope.close(scope, Exit.void)
        })
      const broken = (failure: GeminiError) => Stream.concat(Stream.make(1), Stream.fail(failure))
      yield* read(Stream.fail(overloaded))
      yield* read(Stream.fail(overloaded))
      // An answer begins the count anew.
      yield* read(Stream.make(1, 2))
      yield* read(Stream.fail(overloaded))
      yield* read(Stream.fail(overloaded))
      assert.strictEqual(yield* state, "closed")
      yield* read(broken(invalid))
      yield* read(Stream.fail(overloaded))
      yield* read(Stream.fail(overloaded))
      assert.strictEqual(yield* state, "closed")
      yield* read(Stream.fail(invalid))
      assert.strictEqual(yield* state, "closed")
      yield* read(Stream.fail(overloaded))
      assert.strictEqual(yield* state, "open")
    }))
})

describe("a way", () => {
  it.effect("that looked passable and was not is closed for a millisecond, and for no less than it was", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const route = lanes.route()
      yield* asked(route)
      yield* route.rejected(lanes.way(1))
      assert.deepStrictEqual(yield* opens(route), { [a]: [0, 0], [b]: [0, 1] })
      yield* fails(route, overloaded)
      yield* route.rejected(lanes.way(0))
      assert.deepStrictEqual(yield* opens(route), { [a]: [1, 500], [b]: [0, 1] })
    }))

  it.effect("is the only one for a call that stays", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const route = lanes.route()
      yield* asked(route)
      route.stay()
      assert.deepStrictEqual(yield* opens(route), { [a]: [0, 0], [b]: [0, Infinity] })
    }))

  it.effect("is looked at again by one call, and by no other meanwhile", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      lanes.refusals.refused("a", 0, 0)
      const route = lanes.route()
      assert.isFalse(route.looksAgain(lanes.way(0), 29_999))
      assert.isTrue(route.looksAgain(lanes.way(0), 30_000))
      assert.isFalse(lanes.route().looksAgain(lanes.way(0), 30_000))
    }))

  it.effect("that a call takes is counted there, and told with all candidates as they stood", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: { admitsIn: 4 }, b: {} })
      const events: Array<CallEvent> = []
      const route = lanes.route({ observe: (event) => Effect.sync(() => void events.push(event)) })
      yield* asked(route)
      assert.deepStrictEqual([lanes.way(0).member.calls, lanes.way(1).member.calls], [0, 1])
      const candidate = { location: "global", model: Lanes.model, circuit: "closed", isKeyRefused: false } as const
      assert.deepStrictEqual(events, [{
        _tag: "Chosen",
        member: "b",
        model: Lanes.model,
        candidates: [
          { member: "b", project: "b", headroom: { admitsIn: 0, waiting: 0, free: 1 }, availableIn: 0, ...candidate },
          {
            member: "a",
            project: "a",
            headroom: { admitsIn: 4, waiting: 0, free: 1 },
            excluded: "quota",
            availableIn: 4,
            ...candidate
          }
        ]
      }])
    }))
})

describe("the calls of a key", () => {
  it.effect("stay beside who answered them, move to who answers instead, and leave who died in this call", () =>
    Effect.gen(function*() {
      const members = { a: { project: "p" }, b: { project: "p" }, c: {} }
      const lanes = yield* Lanes.make({ p: {}, c: {} }, { members })
      const owner = () => lanes.table.owners.get("sticky:s")
      const call = (avoid: ReadonlyArray<string>, sticky: string | undefined) =>
        Effect.gen(function*() {
          const route = lanes.route(undefined, { avoid, sticky })
          yield* asked(route)
          yield* route.succeeded()
          return route.taken.member.name
        })
      yield* lanes.route(undefined, { sticky: "s" }).succeeded()
      assert.isUndefined(owner())
      assert.strictEqual(yield* call([], undefined), "a")
      assert.isUndefined(owner())
      assert.strictEqual(yield* call(["b", "c"], "s"), "a")
      assert.strictEqual(owner(), "a")
      // Whoever sees the same state may answer, and the key stays where it was.
      assert.strictEqual(yield* call(["a"], "s"), "b")
      assert.strictEqual(owner(), "a")
      const dying = lanes.route(undefined, { sticky: "s" })
      yield* asked(dying)
      yield* fails(dying, overloaded)
      assert.deepStrictEqual((yield* opens(dying))[`c/${Lanes.model}`], [0, Infinity])
      yield* asked(dying)
      yield* fails(dying, overloaded)
      assert.deepStrictEqual((yield* opens(dying))[`c/${Lanes.model}`], [0, 0])
      yield* asked(dying)
      yield* dying.succeeded()
      assert.strictEqual(owner(), "c")
    }))
})
