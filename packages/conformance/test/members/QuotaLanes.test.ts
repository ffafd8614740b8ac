/**
 * Lanes as a server sees them that counts for itself, through a whole client and over members: names that stand for
 * other models, and calls with limits of their own.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Server from "./scriptedServer.ts"
import { pass } from "./simulation.ts"

type Client = (
  limits: object,
  defaultModel: string
) => Layer.Layer<GeminiClient.GeminiClient, never, HttpClient.HttpClient>

const clients: Readonly<Record<string, Client>> = {
  "one client": (limits: object, defaultModel: string) =>
    GeminiClient.layer({ apiKey: Redacted.make("key"), tier: tierOf(limits), defaultModel }),
  members: (limits: object, defaultModel: string) =>
    Members.layer({ members: [{ name: "a", apiKey: Redacted.make("key") }], tier: tierOf(limits), defaultModel })
}

const tierOf = (limits: object) => ({
  name: "test",
  limits: { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: 20, ...limits },
  models: {}
})

const alias = "gemini-flash-latest"
const target = "gemini-2.5-flash"

describe.each(Object.entries(clients))("over %s", (_, client) => {
  it.effect.each([
    { asked: alias, counted: target, how: "which is only known from its first answer" },
    { asked: alias, counted: "gemini-3.8-flash", how: "which was guessed right" },
    { asked: target, counted: target, how: "by its own name" }
  ])("all that wait for $asked keep the quotas of $counted, $how", ({ asked, counted }) =>
    Effect.gen(function*() {
      const server = Server.make(() => ({ body: Server.answered(10, counted), after: 500, countedFor: counted }))
      yield* Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const calls = Effect.forEach(
          Array.from({ length: 60 }),
          () => Effect.exit(gemini.generate({ contents: "x" })),
          {
            concurrency: "unbounded",
            discard: true
          }
        )
        const first = yield* Effect.forkChild(calls, { startImmediately: true })
        yield* pass("2 seconds", "500 millis")
        const second = yield* Effect.forkChild(calls, { startImmediately: true })
        yield* pass("8 minutes", "1 second")
        assert.deepStrictEqual(server.hits.length, 50)
        assert.deepStrictEqual(Server.busiest(server.hits).requests, 12)
        yield* Fiber.interruptAll([first, second])
      }).pipe(Effect.provide(client({ rpm: 12, rpd: 50 }, asked).pipe(Layer.provide(server.layer))))
    }))

  it.effect.each([1, 10, 50])(
    "an alias that changes its target every %i answers keeps the quota of each",
    (every) =>
      Effect.gen(function*() {
        let answers = 0
        const server = Server.make(() => {
          const counted = Math.floor(answers++ / every) % 2 === 0 ? target : "gemini-3.8-flash"
          return { body: Server.answered(10, counted), after: 300, countedFor: counted }
        })
        yield* Effect.gen(function*() {
          const gemini = yield* GeminiClient.GeminiClient
          const worker = Effect.forever(Effect.exit(gemini.generate({ contents: "x" })))
          const fibers = yield* Effect.forEach(Array.from({ length: 15 }), () => Effect.forkChild(worker))
          yield* pass("5 minutes", "300 millis")
          yield* Fiber.interruptAll(fibers)
          for (const model of [target, "gemini-3.8-flash"]) {
            assert.isAtMost(Server.busiest(server.hits.filter((hit) => hit.countedFor === model)).requests, 30, model)
          }
          // The calls of the present minute may go by either lane, so at least one of them is used up.
          assert.isAtLeast(server.hits.length, 30 * 5 - 15)
        }).pipe(Effect.provide(client({ rpm: 30 }, alias).pipe(Layer.provide(server.layer))))
      })
  )

  it.effect.each([
    { what: "limits of its own", options: { limits: { rpm: 10 } } },
    { what: "a tier of its own", options: { tier: "free" } as const }
  ])("a call in a hundred with $what takes nothing from the others", ({ options }) =>
    Effect.gen(function*() {
      const server = Server.make(() => ({ body: Server.answered(10, target), after: 100 }))
      let calls = 0
      let ownCalls = 0
      yield* Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const call = Effect.suspend(() =>
          ++calls % 100 === 0
            ? Effect.tap(gemini.generate({ contents: "own" }, options), () => Effect.sync(() => void ownCalls++))
            : gemini.generate({ contents: "x" })
        )
        const fibers = yield* Effect.forEach(
          Array.from({ length: 30 }),
          () => Effect.forkChild(Effect.forever(Effect.exit(call)))
        )
        yield* pass("3 minutes", "1 second")
        yield* Fiber.interruptAll(fibers)
        assert.strictEqual(server.hits.length, 3 * 300)
        assert.isAtLeast(ownCalls, 8)
        assert.strictEqual(Server.busiest(server.hits).requests, 300)
      }).pipe(Effect.provide(client({ rpm: 300, concurrency: 50 }, target).pipe(Layer.provide(server.layer))))
    }))

  it.effect("calls with limits of their own keep them, however many there are, and the others have the rest", () =>
    Effect.gen(function*() {
      const server = Server.make(() => ({ body: Server.answered(10, target), after: 100 }))
      yield* Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const worker = (contents: string, limits?: object) =>
          Effect.forkChild(Effect.forever(Effect.exit(gemini.generate({ contents }, { limits }))))
        const fibers = yield* Effect.forEach(
          Array.from({ length: 10 }),
          () => Effect.all([worker("own", { rpm: 10 }), worker("x")])
        )
        yield* pass("5 minutes", "1 second")
        yield* Fiber.interruptAll(fibers.flat())
        const own = server.hits.filter(({ text }) => text.includes("own"))
        assert.strictEqual(Server.busiest(own).requests, 10)
        assert.strictEqual(own.length, 50)
        assert.strictEqual(server.hits.length, 5 * 60)
      }).pipe(Effect.provide(client({ rpm: 60 }, target).pipe(Layer.provide(server.layer))))
    }))
})
