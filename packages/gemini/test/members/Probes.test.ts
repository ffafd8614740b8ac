/** How long an attempt may be silent that finds out how its member is, and who answers in its place then. */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { Admitted } from "../../src/internal/members/admission.ts"
import * as Probe from "../../src/internal/members/probe.ts"
import * as Lanes from "./scriptedLanes.ts"

type Made = Effect.Success<ReturnType<typeof Lanes.make>>

const begin = (lanes: Made, isProbe = true, began = 0) => {
  const verdicts: Array<CircuitBreaker.Outcome["_tag"]> = []
  const admitted: Admitted = {
    way: lanes.way(0),
    permit: { settle: () => Effect.void, cancel: Effect.void },
    verdict: ({ _tag }) => void verdicts.push(_tag),
    isProbe,
    began
  }
  return { admitted, verdicts }
}

/** When the attempt ended, and by what; `undefined` while it goes on. */
const ended = <A, E>(attempt: Effect.Effect<A, E>, after: number) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.zip(Effect.flip(attempt), Clock.currentTimeMillis), {
      startImmediately: true
    })
    yield* TestClock.adjust(after - 1)
    assert.isUndefined(fiber.pollUnsafe())
    yield* TestClock.adjust(1)
    if (fiber.pollUnsafe() !== undefined) return yield* Fiber.join(fiber)
    yield* Fiber.interrupt(fiber)
    return undefined
  })

describe("an attempt that is silent", () => {
  it.effect("goes on without a deadline of its own where it is no probe", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const { admitted, verdicts } = begin(lanes, false)
      const attempt = Effect.never
      assert.strictEqual(Probe.within(lanes.route(), admitted, attempt), attempt)
      assert.deepStrictEqual(verdicts, [])
    }))

  it.effect("ends after a minute where another way is open, and its circuit hears of it", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const { admitted, verdicts } = begin(lanes)
      const route = lanes.route()
      yield* route.look
      const [error, at] = (yield* ended(Probe.within(route, admitted, Effect.never), 60_000)) ?? []
      assert.deepStrictEqual(error?.reason, new Reason.TimedOut({ phase: "attempt" }))
      assert.deepStrictEqual([error?.method, error?.model, error?.attempts], ["generateContent", Lanes.model, []])
      assert.strictEqual(at, 60_000)
      assert.deepStrictEqual(verdicts, ["Failure"])
    }))

  it.effect("has half of what is left of the call, counted from where it began", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const { admitted, verdicts } = begin(lanes, true, 0)
      yield* TestClock.adjust("1 second")
      const route = lanes.route(undefined, { total: 30_000 })
      yield* route.look
      const [, at] = (yield* ended(Probe.within(route, admitted, Effect.never), 14_000)) ?? []
      assert.strictEqual(at, 15_000)
      assert.deepStrictEqual(verdicts, ["Failure"])
    }))

  it.effect("says nothing of its member where it had little time", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const { admitted, verdicts } = begin(lanes)
      const route = lanes.route(undefined, { total: 40_000 })
      yield* route.look
      yield* TestClock.adjust("31 seconds")
      yield* route.look
      const late = begin(lanes, true, 31_000)
      const [, at] = (yield* ended(Probe.within(route, late.admitted, Effect.never), 4_500)) ?? []
      assert.strictEqual(at, 35_500)
      assert.deepStrictEqual([...verdicts, ...late.verdicts], [])
      assert.strictEqual(admitted.began, 0)
    }))

  it.effect("goes on where nobody else can answer, though its circuit hears of it, unless the caller named who else", () =>
    Effect.gen(function*() {
      const fallback = { fallback: { transport: "http", model: "gemini-2.5-flash" } } as const
      const shut = {
        "the other's circuit is open": (lanes: Made) => lanes.open(lanes.way(1)),
        "the other has no room in time": (lanes: Made) =>
          Effect.sync(() => {
            lanes.script("b").admitsIn = Infinity
          }),
        "its key was refused": (lanes: Made) =>
          Effect.map(Clock.currentTimeMillis, (now) => lanes.refusals.refused("b", now, now + 60_000))
      }
      for (const [name, close] of Object.entries(shut)) {
        for (const options of [undefined, fallback]) {
          const lanes = yield* Lanes.make({ a: {}, b: {} }, { circuit: { openFor: "2 minutes" } })
          const { admitted, verdicts } = begin(lanes, true, yield* Clock.currentTimeMillis)
          const route = lanes.route(options)
          yield* route.look
          yield* close(lanes)
          const end = yield* ended(Probe.within(route, admitted, Effect.never), 60_000)
          assert.strictEqual(end === undefined, options === undefined, name)
          assert.deepStrictEqual(verdicts, ["Failure"], name)
        }
      }
    }))

  it.effect("goes on alone: it is no other way of itself", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {} })
      const { admitted } = begin(lanes)
      const route = lanes.route()
      yield* route.look
      assert.isUndefined(yield* ended(Probe.within(route, admitted, Effect.never), 60_000))
    }))

  it.effect("is answered where it answers in time", () =>
    Effect.gen(function*() {
      const lanes = yield* Lanes.make({ a: {}, b: {} })
      const { admitted, verdicts } = begin(lanes)
      const fiber = yield* Effect.forkChild(
        Probe.within(lanes.route(), admitted, Effect.as(Effect.sleep(59_999), "hi"))
      )
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), "hi")
      assert.deepStrictEqual(verdicts, [])
    }))
})

it.effect("a stream has that deadline for its first chunk alone", () =>
  Effect.gen(function*() {
    const lanes = yield* Lanes.make({ a: {}, b: {} })
    const { admitted, verdicts } = begin(lanes)
    const chunks = Stream.concat(Stream.make(1), Stream.fromEffect(Effect.as(Effect.sleep("10 minutes"), 2)))
    const slow = yield* Effect.forkChild(Stream.runCollect(Probe.begunWithin(lanes.route(), admitted, chunks)))
    yield* TestClock.adjust("10 minutes")
    assert.deepStrictEqual(yield* Fiber.join(slow), [1, 2])
    assert.deepStrictEqual(verdicts, [])
    const late = begin(lanes, true, 600_000)
    const silent = Stream.runCollect(Probe.begunWithin(lanes.route(), late.admitted, Stream.fromEffect(Effect.never)))
    const [error] = (yield* ended(silent, 60_000)) ?? []
    assert.strictEqual(error?.reason._tag, "TimedOut")
  }))
