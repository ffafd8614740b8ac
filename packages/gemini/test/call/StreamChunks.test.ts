import { assert, describe, it } from "@effect/vitest"
import type { StreamChunk } from "effect-gemini/call/Answer"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import type { GenerateContentResponse } from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { streamChunks } from "../../src/internal/call/ChunkFold.ts"

const wire = (text: string, finishReason?: string, promptTokens?: number): GenerateContentResponse => ({
  candidates: [{
    content: { role: "model", parts: [{ text }] },
    ...(finishReason === undefined ? {} : { finishReason })
  }],
  ...(promptTokens === undefined ? {} : { usageMetadata: { promptTokenCount: promptTokens } })
})

const cut = new GeminiError({
  method: "generateContentStream",
  attempts: [],
  reason: new Reason.StreamInterrupted({ received: [] })
})

const chunksOf = (source: Stream.Stream<GenerateContentResponse, GeminiError>) =>
  Effect.suspend(() => {
    const chunks: Array<StreamChunk> = []
    return Effect.map(
      Effect.result(Stream.runForEach(
        streamChunks(source, (error) => error),
        (chunk) => Effect.sync(() => void chunks.push(chunk))
      )),
      (result) => ({ chunks, result })
    )
  })

const seen = (chunks: ReadonlyArray<StreamChunk>) =>
  chunks.map(({ finishReason, finished, text, usage }) => [text, finished, finishReason, usage?.promptTokens])

describe("StreamChunk", () => {
  it.effect("a stream is not over at its first finish reason: later text flows, the last reason and usage win", () =>
    Effect.gen(function*() {
      const { chunks } = yield* chunksOf(Stream.make(
        wire("one ", undefined, 3),
        wire("two ", "MAX_TOKENS", 4),
        wire("three ", undefined),
        wire("four", "STOP", 9),
        wire("")
      ))
      assert.deepStrictEqual(seen(chunks), [
        ["one ", false, undefined, 3],
        ["two ", false, undefined, 4],
        ["three ", false, undefined, undefined],
        ["four", false, undefined, 9],
        ["", true, "STOP", 9]
      ])
    }))

  it.effect("a stream that breaks after a finish reason delivers what was held, and has no finished chunk", () =>
    Effect.gen(function*() {
      const { chunks, result } = yield* chunksOf(
        Stream.concat(Stream.make(wire("one "), wire("two", "STOP")), Stream.fail(cut))
      )
      assert.deepStrictEqual(seen(chunks), [["one ", false, undefined, undefined], [
        "two",
        false,
        undefined,
        undefined
      ]])
      assert.isTrue(result._tag === "Failure" && result.failure === cut)
    }))

  it.effect("a stream that only a later candidate finished has one finished chunk, the last", () =>
    Effect.gen(function*() {
      const two = {
        candidates: [{ index: 0, content: { parts: [{ text: "one" }] } }, { index: 1, finishReason: "MAX_TOKENS" }]
      }
      const { chunks } = yield* chunksOf(Stream.make(two))
      assert.deepStrictEqual(seen(chunks), [["one", true, "MAX_TOKENS", undefined]])
      const later = yield* chunksOf(Stream.make(wire("one", "STOP"), two))
      assert.deepStrictEqual(seen(later.chunks), [["one", false, undefined, undefined], [
        "one",
        true,
        "STOP",
        undefined
      ]])
    }))

  it.effect("a chunk before any finish reason is not held back", () =>
    Effect.gen(function*() {
      const first = yield* Stream.runHead(
        streamChunks(Stream.concat(Stream.make(wire("now")), Stream.never), (error) => error)
      )
      assert.isTrue(first._tag === "Some" && first.value.text === "now")
    }))

  const responses = Schema.Array(Schema.Struct({
    text: Schema.String,
    finish: Schema.Literals(["", "", "", "STOP", "MAX_TOKENS"])
  }))

  it.effect.prop(
    "whatever the finish reasons and the grouping: all text in order, exactly one finished chunk, the last",
    { parts: responses, size: Schema.Literals([1, 2, 3, 100]) },
    ({ parts, size }) =>
      Effect.gen(function*() {
        const all = [
          ...parts.map(({ finish, text }) => wire(text, finish === "" ? undefined : finish)),
          wire("", "STOP")
        ]
        const { chunks } = yield* chunksOf(Stream.rechunk(Stream.fromIterable(all), size))
        assert.deepStrictEqual(chunks.map((chunk) => chunk.response), all)
        assert.deepStrictEqual(chunks.map((chunk) => chunk.finished), all.map((_, i) => i === all.length - 1))
        assert.strictEqual(chunks.at(-1)?.finishReason, "STOP")
      })
  )
})
