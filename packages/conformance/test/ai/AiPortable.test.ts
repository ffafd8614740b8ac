/** One program on effect/ai alone: on Gemini, on a fake, and on a plan over two models. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as ExecutionPlan from "effect/ExecutionPlan"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { handlers, program } from "../fixtures/portable.ts"

const model = "gemini-3.8-flash"
const client = GeminiClient.layer({ apiKey: Redacted.make("key"), tier: "tier3", retry: { attempts: 1 } }).pipe(
  Layer.provideMerge(Emulator.layerHttpClient())
)

const expected: Effect.Success<typeof program> = {
  sums: [5],
  told: "It is 5.",
  reason: "stop",
  streamed: "It is 5.",
  value: { sum: 5 }
}

const said = (parts: ReadonlyArray<Readonly<Record<string, unknown>>>) => ({
  response: { candidates: [{ content: { role: "model", parts }, finishReason: "STOP" }] }
})

const usage = {
  inputTokens: { total: 1, uncached: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined }
}

const fake = Layer.effect(
  LanguageModel.LanguageModel,
  Effect.suspend(() => {
    let calls = 0
    const finish = (reason: Response.FinishReason): Response.FinishPartEncoded => ({ type: "finish", reason, usage })
    return LanguageModel.make({
      generateText: ({ responseFormat }) =>
        Effect.sync((): Array<Response.PartEncoded> => {
          if (responseFormat.type === "json") return [{ type: "text", text: "{\"sum\":5}" }, finish("stop")]
          return calls++ === 0
            ? [{ type: "tool-call", id: "1", name: "add", params: { a: 2, b: 3 } }, finish("tool-calls")]
            : [{ type: "text", text: "It is 5." }, finish("stop")]
        }),
      streamText: () =>
        Stream.fromIterable<Response.StreamPartEncoded>([
          { type: "text-start", id: "0" },
          { type: "text-delta", id: "0", delta: "It is 5." },
          { type: "text-end", id: "0" },
          finish("stop")
        ])
    })
  })
)

describe("a program on effect/ai alone", () => {
  it.effect("runs on Gemini", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue(
        said([{ functionCall: { name: "add", args: { a: 2, b: 3 } }, thoughtSignature: "c2ln" }]),
        said([{ text: "It is 5." }]),
        said([{ text: "It is " }, { text: "5." }]),
        said([{ text: "{\"sum\":5}" }])
      )
      assert.deepStrictEqual(yield* program, expected)
    }).pipe(Effect.provide([GeminiLanguageModel.model(model).pipe(Layer.provideMerge(client)), handlers])))

  it.effect("runs unchanged on a fake provider", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* program, expected)
    }).pipe(Effect.provide([fake, handlers])))

  it.effect("goes on to the second model of a plan when the first is overloaded", () =>
    Effect.gen(function*() {
      const { addFault, requests } = yield* Emulator.Emulator
      yield* addFault({ status: 503, when: { model: "gemini-3.1-pro-preview" } })
      const plan = ExecutionPlan.make(
        { provide: GeminiLanguageModel.model("gemini-3.1-pro-preview"), attempts: 2 },
        { provide: GeminiLanguageModel.model(model) }
      )
      const answer = yield* LanguageModel.generateText({ prompt: "hello" }).pipe(Effect.withExecutionPlan(plan))
      assert.include(answer.text, model)
      assert.deepStrictEqual((yield* requests).map((entry) => entry.model), [
        "gemini-3.1-pro-preview",
        "gemini-3.1-pro-preview",
        model
      ])
    }).pipe(Effect.provide(client)))
})
