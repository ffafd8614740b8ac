/**
 * Calls that wait for members: what one of them may not take from the others, and what ends a wait.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

const model = "gemini-3.8-flash"
const unlimited = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

const member = (name: string, rest: Partial<Members.Member> = {}): Members.Member => ({
  name,
  apiKey: Redacted.make(`secret-${name}`),
  ...rest
})
const projects = { a: { keys: ["secret-a"] }, b: { keys: ["secret-b"] } }

const services = (options: Partial<Members.Options> = {}) =>
  Members.layer({ tier: "tier3", members: [member("a"), member("b")], ...options }).pipe(
    Layer.provideMerge(Emulator.layerHttpClient({ projects }))
  )

const generate = (options?: Parameters<GeminiClient.Service["generate"]>[1]) =>
  GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "Hi" }, options))
const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const sentTo = Effect.flatMap(
  Emulator.Emulator,
  (emulator) => Effect.map(emulator.requests, (requests) => requests.map(({ project }) => project))
)

describe("a call that waits for one member", () => {
  it.effect("holds up none that may go to another", () =>
    Effect.gen(function*() {
      const pinned = generate().pipe(MemberCall.set({ member: "a" }))
      yield* pinned
      const waiting = yield* start(pinned)
      yield* TestClock.adjust("1 second")
      const free = yield* start(generate())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* sentTo, ["a", "b"])
      yield* Fiber.join(free)
      // What waits goes when its lane is free.
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(waiting)
      assert.deepStrictEqual(yield* sentTo, ["a", "b", "a"])
    }).pipe(Effect.provide(services({
      members: [member("a", { limits: { [model]: { ...unlimited, rpm: 1 } } }), member("b")]
    }))))
})

describe("a day's quota that is spent at every member", () => {
  it.effect("fails at once, whatever maxWait is, and says when it is back", () =>
    Effect.gen(function*() {
      yield* Effect.andThen(generate(), generate())
      const call = yield* start(Effect.zip(Effect.flip(generate({ maxWait: "30 seconds" })), Clock.currentTimeMillis))
      yield* TestClock.adjust("1 minute")
      const [error, at] = yield* Fiber.join(call)
      assert.strictEqual(error.reason._tag, "QuotaExhausted")
      assert.isTrue(error.reason._tag === "QuotaExhausted" && error.reason.resetAt !== undefined)
      assert.strictEqual(at, 0)
    }).pipe(Effect.provide(services({ limits: { [model]: { ...unlimited, rpd: 1 } } }))))

  it.effect("is told to those who do not wait for the next day, though another call does", () =>
    Effect.gen(function*() {
      yield* Effect.andThen(generate(), generate())
      const patient = yield* start(generate({ whenExhausted: "wait" }))
      yield* TestClock.adjust("1 second")
      const hasty = yield* start(Effect.flip(generate()))
      yield* TestClock.adjust("1 second")
      assert.isDefined(hasty.pollUnsafe())
      assert.strictEqual((yield* Fiber.join(hasty)).reason._tag, "QuotaExhausted")
      yield* TestClock.adjust("24 hours")
      yield* Fiber.join(patient)
    }).pipe(Effect.provide(services({ limits: { [model]: { ...unlimited, rpd: 1 } } }))))

  it.effect("is told while calls wait in line for a minute's", () =>
    Effect.gen(function*() {
      const calls = yield* Effect.forEach(
        Array.from({ length: 6 }),
        () => start(Effect.match(generate(), { onFailure: ({ reason }) => reason._tag, onSuccess: () => "ok" }))
      )
      yield* TestClock.adjust("5 minutes")
      assert.deepStrictEqual(
        yield* Effect.forEach(calls, Fiber.join),
        ["ok", "ok", "ok", "ok", "QuotaExhausted", "QuotaExhausted"]
      )
    }).pipe(Effect.provide(services({ limits: { [model]: { ...unlimited, rpm: 1, rpd: 2 } } }))))

  it.effect("is looked at again when the day turns, though the call waits for another member's minute meanwhile", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.parse("2026-07-02T06:59:30Z"))
      // One goes to each, which spends the day of the one and the minute of the other.
      yield* Effect.andThen(generate(), generate())
      const call = yield* start(generate())
      yield* TestClock.adjust("29 seconds")
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(call)
      assert.deepStrictEqual((yield* sentTo).toSorted(), ["a", "a", "b"])
    }).pipe(Effect.provide(services({
      members: [
        member("a", { limits: { [model]: { ...unlimited, rpd: 1 } } }),
        member("b", { limits: { [model]: { ...unlimited, rpm: 1 } } })
      ]
    }))))
})
