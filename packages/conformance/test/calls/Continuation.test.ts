/**
 * Answers that a server breaks off (`fixtures/continuations.ts`), followed to their end: unary, as
 * a stream and through `effect/ai`, with what came printed beside what was expected.
 */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type { AiError } from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { type Outcome, type Row, table } from "../fixtures/continuations.ts"

const model = "gemini-3.8-flash"
const request = { model, contents: "x", generationConfig: { temperature: 0 } }

const services = ({ answers, faults = [], options }: Row) =>
  GeminiLanguageModel.layer({ model, config: { temperature: 0, call: options } }).pipe(
    Layer.provideMerge(
      GeminiClient.layer({ apiKey: Redacted.make("test-key"), tier: "tier3", retry: { baseDelay: 0 } })
    ),
    Layer.provideMerge(Emulator.layerHttpClient({ answers, faults }))
  )

/** The text that an error keeps. */
const kept = ({ reason, received }: GeminiError): string => {
  if ("response" in reason && reason.response !== undefined) return GenerateContent.text(reason.response)
  const responses: ReadonlyArray<GenerateContent.GenerateContentResponse> = Object(
    reason._tag === "StreamInterrupted" ? reason.received : received ?? []
  )
  return responses.map(GenerateContent.text).join("")
}

/** Same body, one token more. */
const tokensSent = Effect.gen(function*() {
  const bodies = (yield* (yield* Emulator.Emulator).requests).map(({ body }) => Object(body))
  const [first] = bodies
  for (const { continuationToken: _, ...body } of bodies) assert.deepStrictEqual(body, first)
  return bodies.map(({ continuationToken }) => continuationToken ?? "-").join(" ")
})

const isContinued = (sent: string) => new Set(sent.split(" ")).size

const unary = ({ options }: Row) =>
  Effect.gen(function*() {
    const gemini = yield* GeminiClient.GeminiClient
    const [text, end, attempts, hops, usage] = yield* Effect.match(gemini.generate(request, options), {
      onFailure: (error) => [kept(error), error.reason._tag, error.attempts, 0, error.usage] as const,
      onSuccess: (answer) => [answer.text, "answer", answer.attempts, answer.hops, answer.usage] as const
    })
    const sent = yield* tokensSent
    assert.strictEqual(attempts.length, sent.split(" ").length)
    if (hops > 0) {
      assert.strictEqual(hops, isContinued(sent))
      assert.strictEqual(usage?.promptTokens, 10 * hops)
      assert.strictEqual(usage?.totalTokens, (usage?.promptTokens ?? 0) + (usage?.candidatesTokens ?? 0))
    }
    return [text, sent, end]
  })

const streamed = ({ options }: Row) =>
  Effect.gen(function*() {
    const gemini = yield* GeminiClient.GeminiClient
    const chunks: Array<GeminiClient.StreamChunk> = []
    const [end, attempts] = yield* Effect.match(
      Stream.runForEach(gemini.generateStream(request, options), (chunk) => Effect.sync(() => chunks.push(chunk))),
      {
        onFailure: (error) => {
          // What came is the reader's already, and stands in the error once more.
          if (error.reason._tag === "StreamInterrupted") {
            assert.strictEqual(kept(error), chunks.map(({ text }) => text).join(""))
            assert.isUndefined(error.reason.dropped)
          }
          return [error.reason._tag, error.attempts.length] as const
        },
        onSuccess: () => ["answer", undefined] as const
      }
    )
    const sent = yield* tokensSent
    const last = chunks.at(-1)
    assert.deepStrictEqual(chunks.filter(({ finished }) => finished), end === "answer" && last ? [last] : [])
    if (attempts !== undefined) assert.strictEqual(attempts, sent.split(" ").length)
    if (end === "answer") assert.strictEqual(last?.hops, isContinued(sent))
    const counts = chunks.map(({ usage }) => usage?.totalTokens ?? 0)
    assert.deepStrictEqual(counts, counts.toSorted((a, b) => a - b))
    return [chunks.map(({ text }) => text).join(""), sent, end]
  })

const aiFailed = ({ reason }: AiError) => ["", reason._tag] as const

const generated = Effect.gen(function*() {
  const [text, end] = yield* Effect.match(LanguageModel.generateText({ prompt: "x" }), {
    onFailure: aiFailed,
    onSuccess: (answer) => [answer.text, answer.finishReason] as const
  })
  return [text, yield* tokensSent, end]
})

const generatedStream = Effect.gen(function*() {
  let text = ""
  let reason = ""
  const end = yield* Effect.match(
    Stream.runForEach(LanguageModel.streamText({ prompt: "x" }), (part) =>
      Effect.sync(() => {
        if (part.type === "text-delta") text += part.delta
        if (part.type === "finish") reason += part.reason
      })),
    { onFailure: (error) => aiFailed(error)[1], onSuccess: () => reason }
  )
  return [text, yield* tokensSent, end]
})

/** What `effect/ai` is to say: text and tokens as the client does; an error keeps no text there. */
const aiOutcome = ([text, sent, end]: Outcome, said: string, keepsText: boolean): Outcome => [
  end === "answer" || end === "ResponseBlocked" || keepsText ? text : "",
  sent,
  said
]

/** Past the tests' own console. */
const print = (cells: ReadonlyArray<string>) => {
  process.stdout.write(`${cells.map((cell, i) => cell.padEnd(i === 0 ? 48 : i === 1 ? 10 : 22)).join(" ").trimEnd()}\n`)
}

const held = Effect.fnUntraced(function*<R>(
  name: string,
  way: string,
  expected: Outcome,
  call: Effect.Effect<ReadonlyArray<string>, never, R>
) {
  const came = yield* call
  print([name, way, ...expected, "|", ...came])
  assert.deepStrictEqual(came, [...expected])
})

describe("a server breaks an answer off", () => {
  beforeAll(() => print(["script", "way", "expected", "", "", "| came"]))

  describe.each(Object.entries(table))("%s", (name, row) => {
    it.effect("unary", () => Effect.provide(held(name, "unary", row.unary, unary(row)), services(row)))

    it.effect("stream", () => Effect.provide(held(name, "stream", row.stream, streamed(row)), services(row)))

    it.effect("effect/ai", () =>
      Effect.provide(held(name, "ai unary", aiOutcome(row.unary, row.ai[0], false), generated), services(row)))

    it.effect("effect/ai, stream", () =>
      Effect.provide(held(name, "ai stream", aiOutcome(row.stream, row.ai[1], true), generatedStream), services(row)))
  })
})
