import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const live = "gemini-3.8-live"
const http = "gemini-3.8-flash"

const run = <A, E>(
  effect: Effect.Effect<A, E, GeminiClient.GeminiClient | Emulator.Emulator>,
  options: Emulator.Options
) =>
  Effect.provide(
    effect,
    Layer.unwrap(
      Effect.map(Emulator.Emulator, ({ url }) =>
        NodeGemini.layer({ apiKey: Redacted.make("test-key"), tier: "tier3", baseUrl: url, retry: { attempts: 1 } }))
    ).pipe(Layer.provideMerge(Emulator.layerServer(options)))
  )

const overloaded = { error: { code: 503 } }

describe("fallback", () => {
  it.live("from HTTP to Live on an outage, and the answer tells of both ways", () =>
    run(
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const told: Array<string> = []
        const answer = yield* gemini.generate({ model: http, contents: "Hi" }, {
          fallback: {
            transport: "live",
            model: live,
            observe: (error) => Effect.sync(() => told.push(error.reason._tag))
          }
        })
        assert.strictEqual(answer.text, "by Live")
        assert.strictEqual(answer.model, live)
        assert.deepStrictEqual(told, ["Overloaded"])
        assert.deepStrictEqual(answer.attempts, [
          { model: http, status: 503, reason: "Overloaded" },
          { model: live, status: 200, transport: "live" }
        ])
      }),
      { answers: [overloaded, "by Live"] }
    ))

  it.live("from Live to HTTP, streamed, before the first chunk", () =>
    run(
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const chunks = yield* Stream.runCollect(
          gemini.generateStream({ model: live, contents: "Hi" }, { fallback: { transport: "http", model: http } })
        )
        assert.strictEqual(chunks.map(({ text }) => text).join(""), "by HTTP")
        assert.strictEqual(chunks.filter(({ finished }) => finished).length, 1)
      }),
      { answers: [overloaded, "by HTTP"] }
    ))

  it.live("not for what the other way would refuse too, and not unless it is asked for", () =>
    run(
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const emulator = yield* Emulator.Emulator
        const fallback = { transport: "live", model: live } as const
        const wrong = yield* Effect.flip(
          gemini.generate({ model: http, contents: "Hi", generationConfig: { temperature: 9 } }, { fallback })
        )
        assert.strictEqual(wrong.reason._tag, "InvalidRequest")
        const alone = yield* Effect.flip(gemini.generate({ model: http, contents: "Hi" }))
        assert.strictEqual(alone.reason._tag, "Overloaded")
        assert.strictEqual((yield* emulator.live.connections).length, 0)
        const both = yield* Effect.flip(
          gemini.generate({ model: http, contents: "Hi" }, { fallback: { ...fallback, model: "gemini-9-live" } })
        )
        assert.deepStrictEqual(both.attempts.map(({ reason, transport }) => [reason, transport]), [
          ["Overloaded", undefined],
          ["Live", "live"]
        ])
      }),
      { answers: [overloaded, overloaded] }
    ))
})
