/** Objects streamed and repaired. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as StructuredOutput from "effect-gemini-ai/StructuredOutput"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const model = "gemini-3.8-flash"
const services = GeminiLanguageModel.layer({ model }).pipe(
  Layer.provideMerge(GeminiClient.layer({ apiKey: Redacted.make("key"), tier: "tier3", retry: { attempts: 1 } })),
  Layer.provideMerge(Emulator.layerHttpClient())
)

const Recipe = Schema.Struct({
  title: Schema.String,
  baked: Schema.Date,
  minutes: Schema.Finite,
  note: Schema.optionalKey(Schema.NullOr(Schema.String)),
  steps: Schema.Array(Schema.Struct({ text: Schema.String, done: Schema.Boolean }))
})

const json = JSON.stringify({
  title: "Bread \"of\" é😀 rye",
  baked: "2026-11-01T00:00:00.000Z",
  minutes: 125,
  note: null,
  steps: [{ text: "mix\nwell", done: true }, { text: "bake", done: false }]
})

/** Every chunking into pieces of n characters. */
const pieces = (n: number) => Array.from({ length: Math.ceil(json.length / n) }, (_, i) => json.slice(i * n, i * n + n))

const chunk = (text: string, finishReason?: string) => ({
  candidates: [{
    content: { role: "model", parts: [{ text }] },
    index: 0,
    ...(finishReason === undefined ? {} : { finishReason })
  }]
})

describe("a streamed object", () => {
  it.effect("grows, and its last element is the unary result, however it is cut", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue({ text: json })
      const { value } = yield* LanguageModel.generateObject({ prompt: "bread", schema: Recipe })
      for (const n of [1, 2, 3, 7, 50, 1000]) {
        yield* enqueue({ chunks: [...pieces(n).map((piece) => chunk(piece)), chunk("", "STOP")] })
        const elements = yield* Stream.runCollect(StructuredOutput.stream({ prompt: "bread", schema: Recipe }))
        assert.deepStrictEqual(elements.at(-1), value)
        if (n > 7) continue
        assert.isAbove(elements.length, 10)
        // A string never shrinks, a date is never half of one, steps never get fewer.
        let [title, steps] = ["", 0]
        for (const element of elements) {
          assert.isTrue((element.title ?? "").startsWith(title))
          assert.isTrue(element.baked === undefined || element.baked instanceof Date)
          assert.isTrue(element.minutes === undefined || element.minutes === 125)
          assert.isAtLeast(element.steps?.length ?? 0, steps)
          title = element.title ?? ""
          steps = element.steps?.length ?? 0
        }
      }
    }).pipe(Effect.provide(services)))

  it.effect("that does not fit is an error after what was certain", () =>
    Effect.gen(function*() {
      const { enqueue } = yield* Emulator.Emulator
      yield* enqueue({ text: "{\"title\":\"Bread\"}" })
      const error = yield* Effect.flip(Stream.runDrain(StructuredOutput.stream({ prompt: "bread", schema: Recipe })))
      assert.strictEqual(error.reason._tag, "StructuredOutputError")
    }).pipe(Effect.provide(services)))
})

describe("a repaired object", () => {
  it.effect("is asked for again with what was wrong, and counted", () =>
    Effect.gen(function*() {
      const { enqueue, requests } = yield* Emulator.Emulator
      yield* enqueue({ text: "{\"title\":1}" }, { text: json })
      const { repairs, value } = yield* StructuredOutput.generate({ prompt: "bread", schema: Recipe })
      assert.strictEqual(repairs, 1)
      assert.strictEqual(value.minutes, 125)
      assert.include(JSON.stringify((yield* requests)[1]?.body), "does not fit the schema")
    }).pipe(Effect.provide(services)))

  it.effect("is given up after the allowed number of repairs", () =>
    Effect.gen(function*() {
      const { enqueue, requests } = yield* Emulator.Emulator
      yield* enqueue({ text: "{}" }, { text: "{}" }, { text: "{}" }, { text: json })
      const error = yield* Effect.flip(StructuredOutput.generate({ prompt: "bread", schema: Recipe, repairs: 2 }))
      assert.strictEqual(error.reason._tag, "StructuredOutputError")
      assert.lengthOf(yield* requests, 3)
    }).pipe(Effect.provide(services)))
})
