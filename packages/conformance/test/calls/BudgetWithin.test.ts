/**
 * Everything that is an attempt passes the budgets around it, whichever way it goes: calls, streams, retries, continued
 * answers, embeddings and calls over Live, of one client and of members.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Budget from "effect-gemini/Budget"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Members from "effect-gemini/Members"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { chunk } from "../fixtures/continuations.ts"

const model = "gemini-2.5-pro"
const request = {
  model,
  contents: "count me",
  generationConfig: { maxOutputTokens: 500 }
}
const options = { tier: "tier3", apiKey: Redacted.make("key"), retry: { baseDelay: "1 millis" } } as const
const clients: Readonly<Record<string, Layer.Layer<GeminiClient.GeminiClient, never, HttpClient.HttpClient>>> = {
  "one client": GeminiClient.layer(options),
  "several members": Members.layer({
    ...options,
    members: [{ name: "a", apiKey: Redacted.make("key-a") }, { name: "b", apiKey: Redacted.make("key-b") }]
  })
}

const tokensOf = (name: string) => Effect.map(Budget.spending(name), (spending) => spending?.tokens ?? 0)
/** What of the budget an effect used. */
const used = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const before = yield* tokensOf("run")
    yield* effect
    return (yield* tokensOf("run")) - before
  })
const gemini = GeminiClient.GeminiClient

describe.each(Object.entries(clients))("within a budget, over %s", (_, client) => {
  const within = <A, E>(effect: Effect.Effect<A, E, GeminiClient.GeminiClient | Emulator.Emulator>) =>
    effect.pipe(
      Budget.within({ name: "run", tokens: 100_000, outputTokens: 500 }),
      Budget.within({ name: "team", money: "5", outputTokens: 500, countInput: "server" }),
      Effect.provide(client.pipe(Layer.provideMerge(Emulator.layerHttpClient())))
    )

  it.live("calls, streams, retries and embeddings are charged what the server counted", () =>
    within(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const generate = gemini.use((gemini) => gemini.generate(request))
      const once = yield* used(generate)
      const { usage } = yield* generate
      assert.strictEqual(once, usage?.totalTokens)
      assert.strictEqual(yield* used(gemini.use((gemini) => Stream.runDrain(gemini.generateStream(request)))), once)
      // An attempt that the server refused is charged nothing.
      yield* emulator.addFault({ when: { method: "generateContent", times: 1 }, status: 503 })
      const tried = yield* used(generate)
      assert.strictEqual(tried, once)
      assert.isAbove((yield* emulator.requests).filter(({ status }) => status === 503).length, 0)
      const team = yield* Budget.spending("team")
      assert.deepStrictEqual([team?.isPartial, team?.isEstimated, team?.reserved.tokens], [false, false, 0])
      // Embeddings of this model bring no count.
      assert.isAbove(
        yield* used(
          gemini.use((gemini) => gemini.embed({ model: "gemini-embedding-001", contents: "words to embed" }))
        ),
        0
      )
      assert.strictEqual(yield* used(gemini.use((gemini) => gemini.countTokens(request))), 0)
    })))

  it.live("each hop of an answer that goes on is an attempt", () =>
    within(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const continued = { ...request, model: "gemini-3.8-flash" }
      const hops = [
        { chunks: [chunk("one ", 1, { token: "t1", finishReason: "CONTINUATION" })] },
        { chunks: [chunk("two", 2, { finishReason: "STOP" })] }
      ]
      yield* emulator.enqueue(...hops, ...hops)
      assert.strictEqual(yield* used(gemini.use((gemini) => gemini.generate(continued))), 11 + 12)
      assert.strictEqual(
        yield* used(gemini.use((gemini) => Stream.runDrain(gemini.generateStream(continued)))),
        11 + 12
      )
      assert.strictEqual((yield* emulator.requests).length, 4)
    })))

  it.live("a stream that its reader leaves is charged no less than it reserved", () =>
    within(Effect.gen(function*() {
      const left = yield* used(
        gemini.use((gemini) => Stream.runDrain(Stream.take(gemini.generateStream(request), 1)))
      )
      assert.isAtLeast(left, 500)
      const run = yield* Budget.spending("run")
      assert.deepStrictEqual([run?.isEstimated, run?.reserved.tokens], [true, 0])
    })))

  it.live("a call that does not fit is refused once and sent nowhere, by whatever is asked", () =>
    within(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const calls: ReadonlyArray<Effect.Effect<unknown, GeminiError, GeminiClient.GeminiClient>> = [
        gemini.use((gemini) => gemini.generate(request)),
        gemini.use((gemini) => Stream.runDrain(gemini.generateStream(request))),
        gemini.use((gemini) => gemini.embed({ model: "gemini-embedding-001", contents: "words to embed" }))
      ]
      for (const call of calls) {
        const error = yield* Effect.flip(Budget.within({ name: "none", tokens: 1 })(call))
        assert.deepInclude({ ...error.reason }, {
          _tag: "QuotaExhausted",
          budget: "none"
        })
        const unpriced = yield* Effect.flip(
          Budget.within({ name: "ours", money: "1", prices: { asOf: "2026-11-01", source: "ours", models: {} } })(call)
        )
        assert.deepInclude({ ...unpriced.reason }, {
          _tag: "Unpriced",
          budget: "ours"
        })
      }
      assert.deepStrictEqual(yield* emulator.requests, [])
      assert.strictEqual(yield* tokensOf("run"), 0)
    })))

  it.live("calls that would rather wait are all answered while reservations alone are in their way", () =>
    within(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const call = gemini.use((gemini) => gemini.generate(request, { whenExhausted: "wait" }))
      const answers = yield* Budget.within({ name: "tight", tokens: 1_100, outputTokens: 500 })(
        Effect.all([call, call, call, call], { concurrency: "unbounded" })
      )
      const sum = answers.reduce((sum, { usage }) => sum + (usage?.totalTokens ?? NaN), 0)
      assert.isBelow(sum, 1_100)
      assert.strictEqual(yield* tokensOf("run"), sum)
      assert.strictEqual((yield* emulator.requests).length, 4)
    })))

  it.live("the server counts near the limit, and what it counts is not charged", () =>
    within(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const call = gemini.use((gemini) => gemini.generate(request))
      yield* Budget.within({ name: "near", tokens: 520, outputTokens: 500, countInput: "server" })(call)
      assert.deepStrictEqual(
        (yield* emulator.requests).map(({ apiMethod }) => apiMethod),
        ["countTokens", "generateContent"]
      )
    })))
})

describe("within a budget, over Live", () => {
  it.live("a routed call is charged what its turn counted", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const spent = Effect.gen(function*() {
        const answer = yield* gemini.use((gemini) =>
          gemini.generate({ model: "gemini-3.8-live", contents: "one two three" })
        )
        const run = yield* Budget.spending("run")
        assert.isAbove(run?.tokens ?? 0, 0)
        assert.strictEqual(run?.tokens, answer.usage?.totalTokens)
        assert.deepStrictEqual([run?.isEstimated, run?.isPartial, run?.reserved.tokens], [false, false, 0])
      })
      yield* spent.pipe(
        Budget.within({ name: "run", money: "1", outputTokens: 500 }),
        Effect.provide(NodeGemini.layer({ ...options, baseUrl: url }))
      )
    }).pipe(Effect.provide(Emulator.layerServer())))
})
