/**
 * Calls over several members: where they go, and what a failing member costs. In memory, under
 * TestClock; `MembersOverSockets.test.ts` has the same over real ones.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Fault from "effect-gemini-emulator/Fault"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { pass } from "./simulation.ts"

const model = "gemini-3.8-flash"
const unlimited = { tpm: Infinity, rpd: Infinity, concurrency: Infinity }

const member = (name: string, project = name, rest: Partial<Members.Member> = {}): Members.Member => ({
  name,
  project,
  apiKey: Redacted.make(`key-${name}`),
  ...rest
})

const keys = (...names: ReadonlyArray<string>) => names.map((name) => `key-${name}`)

const services = (options: Members.Options, emulator: Emulator.Options = {}) =>
  Members.layer({ tier: "tier3", ...options }).pipe(Layer.provideMerge(Emulator.layerHttpClient(emulator)))

const generate = (options?: Parameters<GeminiClient.Service["generate"]>[1]) =>
  GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "one two three" }, options))

/** Runs a call to its end under a clock that somebody has to move. */
const ended = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const began = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.forkChild(
      Effect.flatMap(Effect.result(call), (result) =>
        Effect.map(Clock.currentTimeMillis, (now) => ({ result, time: now - began }))),
      { startImmediately: true }
    )
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust("100 millis")
    }
    return yield* Fiber.join(fiber)
  })

const countBy = <A>(items: ReadonlyArray<A>, key: (item: A) => string | undefined) =>
  Object.fromEntries([...Map.groupBy(items, key)].map(([key, list]) => [key, list.length]))

describe("three members of two projects", () => {
  const quotas = { models: { [model]: { rpm: 100 } } }
  const limits = { [model]: { rpm: 100, ...unlimited } }
  const members = [member("a1", "a"), member("a2", "a"), member("b")]
  const projects = { a: { keys: keys("a1", "a2"), quotas }, b: { keys: keys("b"), quotas } }

  it.effect("use at least 95 % of the sum of the quotas, and no request is refused", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const minutes = 10
      const calls = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 4_000 }), () => generate(), { concurrency: 50, discard: true }),
        { startImmediately: true }
      )
      yield* pass(`${minutes} minutes`, "500 millis")
      yield* Fiber.interrupt(calls)
      const requests = yield* emulator.requests
      assert.deepStrictEqual(countBy(requests, ({ status }) => `${status}`), { 200: requests.length })
      const byProject = countBy(requests, ({ project }) => project)
      assert.isAtLeast(byProject["a"] ?? 0, 0.95 * 100 * minutes)
      assert.isAtLeast(byProject["b"] ?? 0, 0.95 * 100 * minutes)
      assert.isAtMost(byProject["a"] ?? 0, 100 * minutes)
      assert.isAtMost(byProject["b"] ?? 0, 100 * minutes)
    }).pipe(Effect.provide(services({ members, limits }, { projects }))))

  it.effect("share the quota of their project: two of one take turns in it", () =>
    Effect.gen(function*() {
      const answers = yield* Effect.forEach(Array.from({ length: 60 }), () => generate())
      const went = countBy(answers, ({ attempts }) => attempts.at(-1)?.member)
      assert.deepStrictEqual(went["b"], 30)
      assert.deepStrictEqual(went["a1"], 15)
      assert.deepStrictEqual(went["a2"], 15)
    }).pipe(Effect.provide(services({ members, limits }, { projects }))))
})

describe("a region that is down for an hour", () => {
  const emulatorUrl = "http://emulator.invalid"
  const region = (name: string) => member(name, "one", { location: name, baseUrl: `${emulatorUrl}/locations/${name}` })
  const minute = 60_000
  const begins = 10 * minute
  const ends = 70 * minute
  const downs = ["unavailable", "reset", "hang"] as const

  it.effect.each(downs)(
    "%s: no call fails, calls go to the other region at once, traffic returns within a minute",
    (down) =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const calls: Array<{ readonly at: number; readonly took: number; readonly member: string | undefined }> = []
        const failures: Array<unknown> = []
        const call = Effect.gen(function*() {
          const at = yield* Clock.currentTimeMillis
          const answer = yield* generate()
          const now = yield* Clock.currentTimeMillis
          calls.push({ at, took: now - at, member: answer.attempts.at(-1)?.member })
        }).pipe(Effect.catch((error) => Effect.sync(() => failures.push(error))))
        const traffic = yield* Effect.forkChild(
          Effect.forever(Effect.andThen(Effect.forkChild(call), Effect.sleep("5 seconds"))),
          { startImmediately: true }
        )
        yield* pass("80 minutes", "2500 millis")
        yield* Fiber.interrupt(traffic)

        const during = calls.filter(({ at }) => at >= begins && at < ends)
        const back = calls.find(({ at, member }) => at >= ends && member === "west")
        const sent = (yield* emulator.requests).filter(({ region, time }) =>
          region === "west" && time >= begins && time < ends
        ).length
        assert.deepStrictEqual(failures, [])
        assert.isTrue(
          calls.filter(({ at }) => at < begins).every(({ member }) => member === "west")
        )
        assert.isTrue(during.every(({ member }) => member === "east"))
        assert.isAtMost(sent, 3 + 65)
        // What fails at once costs no call any time; what hangs costs those few that find out.
        assert.strictEqual(Math.max(...during.map(({ took }) => took)), down === "hang" ? 5_000 : 0)
        assert.strictEqual(during.filter(({ took }) => took > 0).length, down === "hang" ? sent : 0)
        assert.isAtMost((back?.at ?? Infinity) - ends, 62_000)
      }).pipe(Effect.provide(services({
        members: [region("west"), region("east")],
        timeouts: { attempt: "5 seconds" }
      }, { faults: [Fault.outage("west", { down, from: begins, until: ends })] }))),
    { timeout: 120_000 }
  )
})

describe("fair share", () => {
  const limits = { [model]: { rpm: 60, ...unlimited } }
  const callers = ["few", "some", "many"]
  const waiting = { few: 40, some: 200, many: 1_000 }

  it.effect("callers that wait get equal admissions, however many calls each has waiting", () =>
    Effect.gen(function*() {
      const admitted: Array<string> = []
      const calls = yield* Effect.forkChild(
        Effect.forEach(
          Object.entries(waiting).toReversed(),
          ([caller, count]) =>
            Effect.forEach(
              Array.from({ length: count }),
              () => Effect.tap(generate(), () => Effect.sync(() => admitted.push(caller))),
              { concurrency: "unbounded", discard: true }
            ).pipe(MemberCall.set({ caller })),
          { concurrency: "unbounded", discard: true }
        ),
        { startImmediately: true }
      )
      // What the first minute gave, it gave before anybody waited.
      yield* TestClock.adjust("1 second")
      const first = admitted.length
      assert.strictEqual(first, 120)
      yield* pass("60 seconds", "500 millis")
      yield* Fiber.interrupt(calls)
      const counts = countBy(admitted.slice(first), (caller) => caller)
      assert.deepStrictEqual(callers.map((caller) => counts[caller]), [40, 40, 40])
    }).pipe(Effect.provide(services({ members: [member("a"), member("b")], limits }))))

  it.effect("within a caller first come, first served; batch calls are slowed, never starved", () =>
    Effect.gen(function*() {
      const admitted: Array<string> = []
      const call = (name: string, priority: "interactive" | "batch") =>
        Effect.forkChild(Effect.tap(generate({ priority }), () => Effect.sync(() => admitted.push(name))), {
          startImmediately: true
        })
      yield* Effect.forEach(Array.from({ length: 60 }), () => generate(), { discard: true })
      for (let i = 0; i < 4; i++) yield* call(`batch ${i}`, "batch")
      for (let i = 0; i < 30; i++) yield* call(`interactive ${i}`, "interactive")
      yield* pass("61 seconds", "500 millis")
      const interactive = admitted.filter((name) => name.startsWith("i"))
      assert.deepStrictEqual(interactive, Array.from({ length: 30 }, (_, i) => `interactive ${i}`))
      assert.deepStrictEqual(
        admitted.flatMap((name, i) => name.startsWith("b") ? [i] : []),
        [8, 17, 26, 33]
      )
    }).pipe(Effect.provide(services({ members: [member("a")], limits }))))
})

describe("a stream", () => {
  const streamed = Effect.flatMap(
    GeminiClient.GeminiClient,
    (gemini) => Stream.runCollect(gemini.generateStream({ model, contents: "one two three four five six seven" }))
  )

  it.effect("goes to the next member before its first chunk", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ error: { code: 503 }, when: { times: 1 } })
      const { result, time } = yield* ended(streamed)
      assert.strictEqual(result._tag, "Success")
      assert.strictEqual(time, 0)
      assert.deepStrictEqual((yield* emulator.requests).map(({ project }) => project), ["a", "b"])
    }).pipe(Effect.provide(services({ members: [member("a"), member("b")] }, {
      projects: { a: { keys: keys("a") }, b: { keys: keys("b") } }
    }))))

  it.effect("stays where it is after its first chunk", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ reset: { chunks: 1 }, when: { times: 1 } })
      const { result } = yield* ended(streamed)
      assert.strictEqual(result._tag === "Failure" ? result.failure.reason._tag : "ok", "StreamInterrupted")
      assert.deepStrictEqual(
        result._tag === "Failure" ? result.failure.attempts.map(({ member }) => member) : [],
        ["a"]
      )
      assert.strictEqual((yield* emulator.requests).length, 1)
    }).pipe(Effect.provide(services({ members: [member("a"), member("b")] }))))
})
