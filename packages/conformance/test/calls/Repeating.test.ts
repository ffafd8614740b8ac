/** A guarded call of the whole client: the server is left, and what came is what is paid. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Budget from "effect-gemini/Budget"
import * as Repetition from "effect-gemini/call/Repetition"
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as RawServer from "./rawServer.ts"

const model = "gemini-3.8-flash"

/** Says the same until the client hangs up; what it has sent by then. */
const endless = (counts: boolean, thought = false) =>
  Effect.gen(function*() {
    const left = yield* Deferred.make<number>()
    const server = yield* RawServer.listen((_, response) => {
      let sent = 0
      response.writeHead(200, { "content-type": "text/event-stream" })
      const timer = setInterval(() => {
        sent++
        response.write(RawServer.event({
          candidates: [{
            content: { role: "model", parts: [{ text: "over and over. ", ...(thought ? { thought } : {}) }] }
          }],
          ...(counts
            ? { usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 4 * sent, totalTokenCount: 3 + 4 * sent } }
            : {}),
          modelVersion: model
        }))
      }, 1)
      response.on("close", () => {
        clearInterval(timer)
        Deferred.doneUnsafe(left, Effect.succeed(sent))
      })
    })
    return { server, left: Deferred.await(left) }
  })

const clients = { fetch: FetchGemini.layer, undici: NodeGemini.layerHttp }

describe.each(Object.entries(clients))("an answer that repeats itself without end, over %s", (_, client) => {
  const layer = (baseUrl: string) =>
    GeminiLanguageModel.layer({ model }).pipe(
      Layer.provideMerge(client({ apiKey: Redacted.make("key-of-the-test"), baseUrl, tier: "tier3" })),
      Layer.provideMerge(Budget.layer({ name: "trial", tokens: 1_000_000, per: "total", outputTokens: 60_000 }))
    )

  for (const counts of [true, false]) {
    it.live(`is left, asked for once, and paid as far as it came, ${counts ? "as it was counted" : "uncounted"}`, () =>
      Effect.scoped(Effect.gen(function*() {
        const { left, server } = yield* endless(counts)
        yield* Effect.gen(function*() {
          let delivered = 0
          const gemini = yield* GeminiClient
          const error = yield* Effect.flip(
            gemini.generateStream({ model, contents: "hi" }).pipe(
              Repetition.guard({ characters: 600 }),
              Stream.runForEach(() => Effect.sync(() => delivered++))
            )
          )
          assert.strictEqual(error._tag, "Repeated")
          if (error._tag === "Repeated") assert.strictEqual(error.piece, 15)
          // 600 characters are 40 pieces of 15.
          assert.isAtLeast(delivered, 40)
          assert.isAtLeast(yield* Effect.timeout(left, "5 seconds"), delivered)
          assert.lengthOf(server.requests, 1)
          const [spending] = yield* (yield* Budget.Budget).read
          // Far below the 60,000 that were reserved for the output: what came, or an estimate of it.
          assert.isAtLeast(spending?.tokens ?? 0, counts ? 4 * delivered : delivered)
          assert.isAtMost(spending?.tokens ?? 0, 60 * delivered)
          assert.strictEqual(spending?.reserved.tokens, 0)
        }).pipe(Effect.provide(layer(server.url)))
      })))
  }

  it.live("in its thoughts is left, too", () =>
    Effect.scoped(Effect.gen(function*() {
      const { left, server } = yield* endless(true, true)
      const asked = GeminiClient.use((gemini) =>
        Stream.runDrain(Repetition.guard()(gemini.generateStream({ model, contents: "hi" })))
      )
      const error = yield* Effect.flip(Effect.provide(asked, layer(server.url)))
      assert.strictEqual(error._tag, "Repeated")
      yield* Effect.timeout(left, "5 seconds")
    })))

  it.live("of effect/ai is left by the text of its parts", () =>
    Effect.scoped(Effect.gen(function*() {
      const { left, server } = yield* endless(true)
      const asked = LanguageModel.streamText({ prompt: "hi" }).pipe(
        Repetition.guardBy((part) => part.type === "text-delta" ? part.delta : ""),
        Stream.runDrain
      )
      const error = yield* Effect.flip(Effect.provide(asked, layer(server.url)))
      assert.strictEqual(error._tag, "Repeated")
      yield* Effect.timeout(left, "5 seconds")
      assert.lengthOf(server.requests, 1)
    })))

  it.live("gives its permit back: the next call is admitted", () =>
    Effect.scoped(Effect.gen(function*() {
      const { server } = yield* endless(true)
      yield* Effect.gen(function*() {
        for (let i = 0; i < 3; i++) {
          const asked = GeminiClient.use((gemini) =>
            Stream.runDrain(
              Repetition.guard({ characters: 200 })(
                gemini.generateStream({ model, contents: "hi" }, { limits: { concurrency: 1 }, maxWait: "5 seconds" })
              )
            )
          )
          assert.strictEqual((yield* Effect.flip(asked))._tag, "Repeated")
        }
        const lanes = yield* RateLimiter.RateLimiter.use(({ snapshot }) => snapshot)
        assert.isTrue(lanes.every(({ used }) => used.inFlight === 0))
      }).pipe(Effect.provide(layer(server.url)))
    })))
})
