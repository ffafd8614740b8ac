/** What `concurrency: "quota"` promises: workers start as their lane admits them, and wait nowhere else. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as Team from "effect-gemini-agents/Team"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Journal from "effect-gemini-journal/Journal"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"

const model = "gemini-3.8-flash"
const limits = { rpm: 10, tpm: 1e9, rpd: 1e9, concurrency: 100 }
const count = 50

const call = Array.from({ length: count }, (_, index) => ({ name: "worker", args: { task: `task ${index}` } }))

/** The server's own quota is that of the lane, so that it refuses whatever comes too early. */
const served = GeminiLanguageModel.layer({ model }).pipe(
  Layer.provideMerge(
    GeminiClient.layer({ apiKey: Redacted.make("k"), limits: { [model]: limits }, retry: { attempts: 1 } }).pipe(
      Layer.provideMerge(Emulator.layerHttpClient({
        quotas: { tier: "tier1", models: { [model]: { rpm: 10, tpm: 1e9 } } },
        rules: [
          { name: "boss", when: { system: { contains: "You are boss." } }, plan: [{ call }, { say: "all is done" }] },
          { name: "other", when: { system: { contains: "You are other." } }, plan: [{ say: "here I am" }] },
          { name: "worker", when: { system: { contains: "You are worker." } }, plan: [{ say: "done" }] },
          { name: "patient", when: { system: { contains: "You are patient." } }, plan: [{ say: "done", delay: 5_000 }] }
        ]
      }))
    )
  ),
  Layer.provideMerge(Journal.layerMemory()),
  Layer.orDie
)

// A worker may take ten seconds: in a queue of minutes it would be over.
const worker = Agent.make({ name: "worker", instructions: "You are worker.", bounds: { time: "10 seconds" } })
const boss = Agent.make({ name: "boss", instructions: "You are boss." })
const other = Agent.make({ name: "other", instructions: "You are other." })

/** How many requests wait in the lane, after others had a turn: what makes them is on the pool of threads in part. */
const waiting = Effect.promise(() => new Promise((resolve) => setImmediate(resolve))).pipe(
  Effect.andThen(RateLimiter.RateLimiter.use(({ snapshot }) => snapshot)),
  Effect.map((lanes) => lanes.reduce((sum, { waiting }) => sum + waiting, 0))
)

/** Plays to the end of it, second by second, and says how many seconds it took. */
const passed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    for (let seconds = 0;; seconds++) {
      if (fiber.pollUnsafe() !== undefined) return { value: yield* Fiber.join(fiber), seconds }
      yield* TestClock.adjust("1 second")
    }
  })

describe(`a manager with ${count} workers on 10 requests a minute`, () => {
  it.effect("has no 429, uses its lane, and no worker's time runs out in a queue", () =>
    Effect.gen(function*() {
      const team = Team.manager(boss, { worker }, { concurrency: "quota" })
      const { seconds, value } = yield* passed(Agent.run(team, "go", { id: "m" }))
      const emulator = yield* Emulator.Emulator
      const requests = yield* emulator.requests
      assert.strictEqual(value.text, "all is done")
      const ended = value.records.flatMap((record) => record._tag === "CallEnded" ? [record] : [])
      assert.lengthOf(ended, count)
      assert.isTrue(ended.every(({ isFailure }) => !isFailure))
      assert.lengthOf(requests, count + 2)
      assert.isTrue(requests.every(({ status }) => status === 200))
      // Ten requests go in each window, from the beginning of the first to that of the last.
      const windows = Math.ceil((count + 2) / 10)
      const used = (windows - 1) * 10 / (seconds / 6)
      assert.isAtLeast(used, 0.97, `${seconds} s`)
    }).pipe(Effect.provide(served)), 120_000)

  it.effect("would have workers whose time runs out, if they did not start by quota", () =>
    Effect.gen(function*() {
      const team = Team.manager(boss, { worker })
      const { value } = yield* passed(Agent.run(team, "go", { id: "m" }))
      const failed = value.records.filter((record) => record._tag === "CallEnded" && record.isFailure)
      assert.isAbove(failed.length, count / 2)
    }).pipe(Effect.provide(served)), 120_000)

  it.effect(
    "goes before its workers, also where these ask again",
    () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        // A worker that began asks twice more, when its answer has come: that waits in the lane.
        const patient = Agent.make({ name: "patient", instructions: "You are patient." })
        const thrice = Team.sequence(patient, patient, patient)
        const run = yield* Effect.forkChild(
          Agent.run(Team.manager(boss, { worker: thrice }, { concurrency: "quota" }), "go", { id: "m" })
        )
        yield* emulator.awaitRequests(10)
        yield* TestClock.adjust("5 seconds")
        yield* Effect.repeat(waiting, { until: (n) => n > 3 })
        const manager = Team.manager(other, { worker: thrice }, { concurrency: "quota" })
        const { seconds } = yield* passed(Agent.run(manager, "go", { id: "o" }))
        // Its requests that the emulator holds would wait for the clock.
        yield* Fiber.interrupt(run)
        assert.isAtMost(seconds, 60)
        // The ten of the first minute, and then at once.
        const asked = (yield* emulator.requests).map(({ body }) => JSON.stringify(body))
        assert.strictEqual(asked.findIndex((body) => body.includes("You are other.")), 10)
      }).pipe(Effect.provide(served)),
    120_000
  )
})

describe("agents of a team at once", () => {
  it.effect("start by quota too", () =>
    Effect.gen(function*() {
      const all = Team.all(Object.fromEntries(Array.from({ length: 25 }, (_, index) => [`w${index}`, worker])), {
        concurrency: "quota"
      })
      const { seconds, value } = yield* passed(Agent.run(all, "go", { id: "a" }))
      assert.lengthOf(Object.keys(value.value), 25)
      assert.isAtMost(seconds, 123)
    }).pipe(Effect.provide(served)), 120_000)

  it.effect("start at once where no limiter is", () =>
    Effect.gen(function*() {
      const shout = Agent.fromEffect({ name: "shout" }, (text) => Effect.succeed(text.toUpperCase()))
      const all = Team.all({ a: shout, b: shout }, { concurrency: "quota" })
      assert.deepStrictEqual((yield* Agent.run(all, "x")).value, { a: "X", b: "X" })
    }).pipe(Effect.provide(served)))
})
