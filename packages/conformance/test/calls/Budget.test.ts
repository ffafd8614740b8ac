/** A budget before a whole client: what it refuses never reaches the server. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Budget from "effect-gemini/Budget"
import * as Cost from "effect-gemini/Cost"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const model = "gemini-2.5-pro"
const usageMetadata = {
  promptTokenCount: 1_000,
  candidatesTokenCount: 200,
  thoughtsTokenCount: 300,
  totalTokenCount: 1_500
}
const response = {
  candidates: [{ content: { role: "model", parts: [{ text: "done" }] }, finishReason: "STOP" }],
  usageMetadata,
  modelVersion: model
}
const price = Cost.of(model, { usageMetadata }).total ?? BigDecimal.make(0n, 0)
const request = { model, contents: "count me" }

const options = { tier: "tier3", apiKey: Redacted.make("key") } as const
const clients: Readonly<Record<string, Layer.Layer<GeminiClient.GeminiClient, never, HttpClient.HttpClient>>> = {
  "one client": GeminiClient.layer(options),
  "several members": Members.layer({
    tier: "tier3",
    members: [{ name: "a", apiKey: Redacted.make("key-a") }, { name: "b", apiKey: Redacted.make("key-b") }]
  })
}

describe.each(Object.entries(clients))("a budget before %s", (_, client) => {
  it.effect("is charged for calls and streams by what was counted, then refuses without a request", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const gemini = yield* GeminiClient.GeminiClient
      yield* emulator.enqueue({ response }, { response })
      yield* gemini.generate(request)
      yield* Stream.runDrain(gemini.generateStream(request))
      const [spending] = yield* (yield* Budget.Budget).read
      assert.strictEqual(spending?.tokens, 3_000)
      assert.isTrue(BigDecimal.equals(spending?.money ?? price, BigDecimal.sum(price, price)))
      assert.isFalse(spending?.isPartial)
      for (const call of [gemini.generate(request), Stream.runDrain(gemini.generateStream(request))]) {
        const error = yield* Effect.flip(call)
        assert.deepInclude({ ...error.reason }, { _tag: "QuotaExhausted", budget: "trial" })
        assert.deepStrictEqual(error.attempts, [])
      }
      yield* gemini.countTokens(request)
      assert.deepStrictEqual(
        (yield* emulator.requests).map(({ path }) => path.split(":")[1]),
        ["generateContent", "streamGenerateContent", "countTokens"]
      )
    }).pipe(
      Effect.provide(
        client.pipe(
          Layer.provideMerge(Budget.layer({ name: "trial", money: "0.02", per: "total", outputTokens: 1_000 })),
          Layer.provideMerge(Emulator.layerHttpClient())
        )
      )
    ))
})
