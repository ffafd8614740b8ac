/** The spans of a call through `effect/ai`: one tree, in which tokens stand once, named as the conventions name them. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { answer, model, services } from "./scripted.ts"

/**
 * The attributes of a client's span that we write, as OpenTelemetry's registry lists them (open-telemetry/
 * semantic-conventions, docs/registry/attributes/gen-ai.md as of 2026-08-20, which says that they have moved to
 * semantic-conventions-genai under the same names). None of them is declared stable yet.
 */
const conventions: ReadonlySet<string> = new Set([
  "gen_ai.operation.name",
  "gen_ai.output.type",
  "gen_ai.provider.name",
  "gen_ai.request.frequency_penalty",
  "gen_ai.request.max_tokens",
  "gen_ai.request.model",
  "gen_ai.request.presence_penalty",
  "gen_ai.request.seed",
  "gen_ai.request.stop_sequences",
  "gen_ai.request.stream",
  "gen_ai.request.temperature",
  "gen_ai.request.top_k",
  "gen_ai.request.top_p",
  "gen_ai.response.finish_reasons",
  "gen_ai.response.id",
  "gen_ai.response.model",
  "gen_ai.usage.cache_read.input_tokens",
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.output_tokens",
  "gen_ai.usage.reasoning.output_tokens"
])

const usage = {
  promptTokenCount: 100,
  cachedContentTokenCount: 40,
  candidatesTokenCount: 7,
  thoughtsTokenCount: 9,
  toolUsePromptTokenCount: 11,
  totalTokenCount: 127
}
const counted = {
  "gen_ai.usage.input_tokens": 111,
  "gen_ai.usage.output_tokens": 16,
  "gen_ai.usage.cache_read.input_tokens": 40,
  "gen_ai.usage.reasoning.output_tokens": 9
}

const settings = {
  temperature: 0.2,
  topP: 0.9,
  topK: 40,
  maxOutputTokens: 99,
  stopSequences: ["z"],
  seed: 3,
  frequencyPenalty: 0.1,
  presencePenalty: 0.1
}

const parentOf = (span: Tracer.Span): string | undefined => {
  const parent = span.parent._tag === "Some" ? span.parent.value : undefined
  return parent?._tag === "Span" ? parent.name : undefined
}

const recorded = <A, E, R>(call: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const exit = yield* Effect.exit(Effect.withTracer(call, tracer))
    const used = spans.flatMap((span) => {
      const all = Object.fromEntries([...span.attributes].filter(([name]) => name.startsWith("gen_ai.usage.")))
      return Object.keys(all).length === 0 ? [] : [[span.name, all] as const]
    })
    const names = new Set(spans.flatMap(({ attributes }) => [...attributes.keys()]))
    return { exit, spans, used, names, tree: spans.map((span) => `${parentOf(span) ?? "-"} > ${span.name}`) }
  })

const said = () => ({ response: { ...answer([{ text: "{\"a\":\"1\"}" }]).response, usageMetadata: usage } })
const layer = services({ answers: said }, settings)

const inside = (outer: string, method: string) => [
  `- > ${outer}`,
  `${outer} > ${method} ${model}`,
  `${method} ${model} > generate_content ${model}`
]

describe("the spans of a call", () => {
  it.effect("text", () =>
    Effect.gen(function*() {
      const { tree, used } = yield* recorded(LanguageModel.generateText({ prompt: "x" }))
      assert.deepStrictEqual(tree, inside("LanguageModel.generateText", "generateContent"))
      assert.deepStrictEqual(used, [["LanguageModel.generateText", counted]])
    }).pipe(Effect.provide(layer)))

  it.effect("an object", () =>
    Effect.gen(function*() {
      const { tree, used } = yield* recorded(
        LanguageModel.generateObject({ prompt: "x", schema: Schema.Struct({ a: Schema.String }) })
      )
      assert.deepStrictEqual(tree, inside("LanguageModel.generateObject", "generateContent"))
      assert.deepStrictEqual(used, [["LanguageModel.generateObject", counted]])
    }).pipe(Effect.provide(layer)))

  it.effect("a stream", () =>
    Effect.gen(function*() {
      const { tree, used } = yield* recorded(Stream.runDrain(LanguageModel.streamText({ prompt: "x" })))
      assert.deepStrictEqual(tree, inside("LanguageModel.streamText", "generateContentStream"))
      assert.deepStrictEqual(used, [["LanguageModel.streamText", counted]])
    }).pipe(Effect.provide(layer)))

  it.effect("a stream under a span of the program's", () =>
    Effect.gen(function*() {
      const { tree } = yield* recorded(
        Effect.withSpan(Stream.runDrain(LanguageModel.streamText({ prompt: "x" })), "outer")
      )
      assert.deepStrictEqual(tree.slice(0, 3), [
        "- > outer",
        "outer > LanguageModel.streamText",
        `LanguageModel.streamText > generateContentStream ${model}`
      ])
    }).pipe(Effect.provide(layer)))

  it.effect("a stream that is not read to its end says what it used so far", () =>
    Effect.gen(function*() {
      const { used } = yield* recorded(
        LanguageModel.streamText({ prompt: "x" }).pipe(
          Stream.takeUntil((part) => part.type === "text-delta"),
          Stream.runDrain
        )
      )
      assert.deepStrictEqual(used, [["LanguageModel.streamText", counted]])
    }).pipe(
      Effect.provide(services({
        answers: () => ({
          chunks: [{ candidates: [{ content: { parts: [{ text: "some" }] } }], usageMetadata: usage }, said().response]
        })
      }))
    ))

  it.effect("an answer that was blocked is counted once", () =>
    Effect.gen(function*() {
      const text = yield* recorded(LanguageModel.generateText({ prompt: "x" }))
      assert.deepStrictEqual(text.used.map(([name]) => name), ["LanguageModel.generateText"])
      const object = yield* recorded(
        LanguageModel.generateObject({ prompt: "x", schema: Schema.Struct({ a: Schema.String }) })
      )
      assert.deepStrictEqual(object.used.map(([name]) => name), ["LanguageModel.generateObject"])
      const stream = yield* recorded(Stream.runDrain(LanguageModel.streamText({ prompt: "x" })))
      assert.deepStrictEqual(stream.used.map(([name]) => name), ["LanguageModel.streamText"])
    }).pipe(
      Effect.provide(services({ answers: () => answer([{ text: "x" }], { finishReason: "SAFETY" }), judge: false }))
    ))

  it.effect("a call of the client's own counts on its attempt", () =>
    Effect.gen(function*() {
      const { used } = yield* recorded(GeminiClient.GeminiClient.use((gemini) => gemini.generate({ contents: "x" })))
      assert.deepStrictEqual(used.map(([name]) => name), [`generate_content ${model}`])
    }).pipe(Effect.provide(layer)))
})

describe("the attributes of generative AI", () => {
  it.effect("are those of the conventions, and all that the settings and the answer say", () =>
    Effect.gen(function*() {
      const unary = yield* recorded(LanguageModel.generateText({ prompt: "x" }))
      const stream = yield* recorded(Stream.runDrain(LanguageModel.streamText({ prompt: "x" })))
      const ours = [...stream.names].filter((name) => name.startsWith("gen_ai.")).sort()
      assert.deepStrictEqual(ours, [...conventions].sort())
      assert.deepStrictEqual(
        [...unary.names].filter((name) => name.startsWith("gen_ai.")).sort(),
        ours.filter((name) => name !== "gen_ai.request.stream")
      )
    }).pipe(Effect.provide(layer)))

  const failing: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown, LanguageModel.LanguageModel>]> = [
    ["text", LanguageModel.generateText({ prompt: "x" })],
    ["a stream", Stream.runDrain(LanguageModel.streamText({ prompt: "x" }))],
    ["an object", LanguageModel.generateObject({ prompt: "x", schema: Schema.Struct({ a: Schema.String }) })]
  ]

  it.effect.each(failing)("say why %s failed, sent or not", ([, call]) =>
    Effect.gen(function*() {
      const sent = yield* recorded(call)
      assert.strictEqual(sent.spans[0]?.attributes.get("error.type"), "InvalidRequestError")
      const refused = yield* recorded(
        GeminiLanguageModel.withConfigOverride(call, {
          responseMimeType: "application/json",
          model: "gemini-2.5-flash"
        })
      )
      assert.strictEqual(refused.spans[0]?.attributes.get("error.type"), "InvalidRequestError")
    }).pipe(Effect.provide(services({ faults: [{ status: 400 }] }))))
})
