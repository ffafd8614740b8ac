/**
 * Every finish reason, with content and without, of a unary call, a stream and `effect/ai`: the
 * table of `fixtures/finishReasons.ts`, and what came, printed side by side.
 */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as GoogleGenAI from "@google/genai"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import type { GenerateContentResponse } from "effect-gemini/wire/GenerateContent"
import type { AiError } from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Fs from "node:fs"
import { table } from "../fixtures/finishReasons.ts"

const model = "gemini-3.8-flash"
const request = { model, contents: "x" }

const services = GeminiLanguageModel.layer({ model }).pipe(
  Layer.provideMerge(GeminiClient.layer({ apiKey: Redacted.make("test-key"), tier: "tier3" })),
  Layer.provideMerge(Emulator.layerHttpClient())
)

const text = "half an answer"

const response = (finishReason: string, isEmpty: boolean): GenerateContentResponse => ({
  candidates: [{
    ...(isEmpty ? {} : { content: { role: "model", parts: [{ text }] } }),
    finishReason,
    finishMessage: "why",
    index: 0
  }],
  usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 1, totalTokenCount: 8 },
  modelVersion: model
})

/** The error of a call: its usage and what it keeps are asserted where they are due. */
const failed = (isEmpty: boolean, keeps: boolean) => (error: GeminiError): string => {
  assert.strictEqual(error.usage?.totalTokens, 8)
  const { reason } = error
  if ("response" in reason && keeps) {
    assert.strictEqual(reason.response?.candidates?.[0]?.content?.parts?.[0]?.text, isEmpty ? undefined : text)
    assert.strictEqual(reason.description, "why")
  }
  return reason._tag
}

const aiFailed = ({ reason }: AiError): string => reason._tag

const unary = (finishReason: string, isEmpty: boolean) =>
  Effect.flatMap(GeminiClient.GeminiClient, (gemini) => gemini.generate(request)).pipe(
    Effect.match({
      onFailure: failed(isEmpty, true),
      onSuccess: (answer) => {
        assert.strictEqual(answer.finishReason, finishReason)
        assert.strictEqual(answer.text, isEmpty ? "" : text)
        return "answer"
      }
    })
  )

const streamed = (finishReason: string, isEmpty: boolean) =>
  Effect.gen(function*() {
    let said = ""
    let last: GeminiClient.StreamChunk | undefined
    const chunks = (yield* GeminiClient.GeminiClient).generateStream(request)
    const outcome = yield* Effect.match(
      Stream.runForEach(chunks, (chunk) =>
        Effect.sync(() => {
          said += chunk.text
          last = chunk
        })),
      { onFailure: failed(isEmpty, true), onSuccess: () => "answer" }
    )
    // What came was delivered, whatever came of it.
    assert.strictEqual(said, isEmpty ? "" : text)
    assert.strictEqual(last?.finished, outcome === "answer")
    if (outcome === "answer") assert.strictEqual(last?.finishReason, finishReason)
    return outcome
  })

const generated = (isEmpty: boolean) =>
  Effect.match(LanguageModel.generateText({ prompt: "x" }), {
    onFailure: aiFailed,
    onSuccess: (answer) => {
      assert.strictEqual(answer.text, isEmpty ? "" : text)
      return answer.finishReason
    }
  })

const generatedStream = (isEmpty: boolean) =>
  Effect.gen(function*() {
    let said = ""
    let reason = "none"
    return yield* Effect.match(
      Stream.runForEach(LanguageModel.streamText({ prompt: "x" }), (part) =>
        Effect.sync(() => {
          if (part.type === "text-delta") said += part.delta
          if (part.type === "finish") reason = part.reason
        })),
      {
        onFailure: aiFailed,
        onSuccess: () => {
          assert.strictEqual(said, isEmpty ? "" : text)
          return reason
        }
      }
    )
  })

describe("the table of finish reasons", () => {
  it("has every name of the discovery document, where it lies beside us", () => {
    const file = new URL("../../../../../shared/gemini/discovery-v1beta.json", import.meta.url)
    if (!Fs.existsSync(file)) return
    const { schemas } = JSON.parse(Fs.readFileSync(file, "utf8"))
    const names: ReadonlyArray<string> = schemas.Candidate.properties.finishReason.enum
    assert.isAbove(names.length, 19)
    assert.deepStrictEqual(names.filter((name) => !Object.hasOwn(table, name)), [])
  })

  it("has every name of the SDK", () => {
    assert.deepStrictEqual(Object.keys(GoogleGenAI.FinishReason).filter((name) => !Object.hasOwn(table, name)), [])
  })
})

const cases = Object.entries(table).flatMap(([reason, row]) => [
  [reason, "with content", false, row.content] as const,
  [reason, "empty", true, row.empty] as const
])

/** Past the tests' own console. */
const print = (cells: ReadonlyArray<string>) => {
  process.stdout.write(`${cells.map((cell, i) => cell.padEnd(i === 0 ? 26 : 21)).join("").trimEnd()}\n`)
}

describe("a finish reason", () => {
  beforeAll(() => print(["reason", "parts", "expected", "unary", "stream", "expected (effect/ai)", "unary", "stream"]))

  it.effect.each(cases)("%s, %s", ([finishReason, what, isEmpty, expected]) =>
    Effect.gen(function*() {
      const answer = { response: response(finishReason, isEmpty) }
      yield* (yield* Emulator.Emulator).enqueue(answer, answer, answer, answer)
      const came = {
        unary: yield* unary(finishReason, isEmpty),
        stream: yield* streamed(finishReason, isEmpty),
        ai: yield* generated(isEmpty),
        aiStream: yield* generatedStream(isEmpty)
      }
      print([finishReason, what, expected.client, came.unary, came.stream, expected.ai, came.ai, came.aiStream])
      assert.deepStrictEqual(came, {
        unary: expected.client,
        stream: expected.client,
        ai: expected.ai,
        aiStream: expected.ai
      })
    }).pipe(Effect.provide(Layer.fresh(services))))

  it.effect("that nobody knows leaves a stream an answer where an earlier chunk has content", () =>
    Effect.gen(function*() {
      yield* (yield* Emulator.Emulator).enqueue({ chunks: [text, response("OTHER", true)] })
      assert.strictEqual(yield* streamed("OTHER", false), "answer")
    }).pipe(Effect.provide(Layer.fresh(services))))
})
