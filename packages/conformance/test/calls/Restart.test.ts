import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Restart from "effect-gemini/call/Restart"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const request = { model: "gemini-3.8-flash", contents: "one two three four five six seven eight nine ten" }

const serve = (names: ReadonlyArray<string>) =>
  Members.layer({
    tier: "tier3",
    members: names.map((name) => ({ name, project: name, apiKey: Redacted.make(`key-${name}`) }))
  }).pipe(Layer.provideMerge(Emulator.layerHttpClient({
    answers: () => "one two three four five six seven eight nine ten eleven twelve",
    projects: Object.fromEntries(names.map((name) => [name, { keys: [`key-${name}`] }]))
  })))
const services = serve(["a", "b"])

/** What came, a restart as `|`, and how it ended. */
const told = (options?: Restart.Options) =>
  Effect.gen(function*() {
    const gemini = yield* GeminiClient.GeminiClient
    const events: Array<string> = []
    let finished = 0
    const error: GeminiError | undefined = yield* Restart.stream(gemini, request, options).pipe(
      Stream.runForEach((event) =>
        Effect.sync(() => {
          if (!Restart.isRestart(event) && event.finished) finished++
          events.push(Restart.isRestart(event) ? "|" : event.text)
        })
      ),
      Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
    )
    return { text: events.join(""), finished, error }
  })

const projects = Effect.flatMap(
  Emulator.Emulator,
  (emulator) => Effect.map(emulator.requests, (requests) => requests.map(({ project }) => project))
)

describe("a stream that may begin anew", () => {
  it.effect("says so, and goes to another member: what follows is the whole answer", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ reset: { chunks: 1 }, when: { project: "a" } })
      const { error, finished, text } = yield* told()
      assert.isUndefined(error)
      assert.strictEqual(finished, 1)
      const [first = "", second = ""] = text.split("|")
      assert.strictEqual(second, "one two three four five six seven eight nine ten eleven twelve")
      assert.isAbove(first.length, 0)
      assert.isTrue(second.startsWith(first))
      assert.deepStrictEqual(yield* projects, ["a", "b"])
    }).pipe(Effect.provide(services)))

  it.effect("avoids whom the caller avoids, too", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ reset: { chunks: 1 }, when: { project: "b" } })
      const { error } = yield* told().pipe(MemberCall.set({ avoid: ["a"] }))
      assert.isUndefined(error)
      assert.deepStrictEqual(yield* projects, ["b", "c"])
    }).pipe(Effect.provide(serve(["a", "b", "c"]))))

  it.effect("no more often than asked, and the error tells every attempt", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ reset: { chunks: 1 } })
      const { error, finished, text } = yield* told({ restarts: 2 })
      assert.strictEqual(error?.reason._tag, "StreamInterrupted")
      assert.strictEqual(finished, 0)
      assert.strictEqual(text.split("|").length, 3)
      assert.deepStrictEqual(error?.attempts.map(({ member }) => member), yield* projects)
      assert.strictEqual(error?.attempts.length, 3)
    }).pipe(Effect.provide(services)))

  it.effect("not for what would break again", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ errorAfter: { code: 400, chunks: 1 } })
      const { error, text } = yield* told({ restarts: 5 })
      assert.strictEqual(error?.reason._tag, "InvalidRequest")
      assert.notInclude(text, "|")
      assert.strictEqual((yield* projects).length, 1)
    }).pipe(Effect.provide(services)))

  it.effect("within the total deadline of the call, all beginnings together", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ stall: { chunks: 1 } })
      const call = yield* Effect.forkChild(
        told({ restarts: 9, timeouts: { idle: "4 seconds", total: "10 seconds" } }),
        { startImmediately: true }
      )
      for (let i = 0; i < 40; i++) yield* TestClock.adjust("500 millis")
      const { error, text } = yield* Fiber.join(call)
      assert.strictEqual(error?.reason._tag === "TimedOut" ? error.reason.phase : error?.reason._tag, "total")
      assert.strictEqual(text.split("|").length, 3)
    }).pipe(Effect.provide(services)))
})
