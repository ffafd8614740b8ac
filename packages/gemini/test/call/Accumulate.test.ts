import { assert, describe, it } from "@effect/vitest"
import * as Accumulate from "effect-gemini/call/Accumulate"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { existsSync, readdirSync, readFileSync } from "node:fs"

type Response = GenerateContent.GenerateContentResponse

const partsOf = (responses: ReadonlyArray<Response>) =>
  responses.flatMap((response) => response.candidates?.[0]?.content?.parts ?? [])

const Piece = Schema.Struct({
  text: Schema.optionalKey(Schema.String),
  thought: Schema.optionalKey(Schema.Boolean),
  thoughtSignature: Schema.optionalKey(Schema.String),
  functionCall: Schema.optionalKey(Schema.Struct({ name: Schema.optionalKey(Schema.String) }))
})

describe("accumulate loses no part and no signature", () => {
  it.effect.prop("parts are the received ones, in order, whatever the chunking", {
    chunks: Schema.Array(Schema.Array(Piece))
  }, ({ chunks }) =>
    Effect.sync(() => {
      const responses = chunks.map((parts) => ({ candidates: [{ content: { role: "model", parts } }] }))
      const folded = partsOf([Accumulate.fromChunks(responses)])
      const received = partsOf(responses)
      assert.strictEqual(folded.length, received.length)
      folded.forEach((part, i) => assert.strictEqual(part, received[i]))
    }))

  it.effect.prop("one chunk is its own response, unknown keys and nulls included", {
    parts: Schema.Array(Piece),
    extra: Schema.NullOr(Schema.String)
  }, ({ extra, parts }) =>
    Effect.sync(() => {
      const chunk = {
        candidates: [{ content: { parts, future: extra }, finishReason: extra, index: null }],
        usageMetadata: { promptTokenCount: "3", future: extra },
        promptFeedback: null,
        turnToken: extra
      }
      assert.deepStrictEqual<unknown>(Accumulate.fromChunks([chunk]), chunk)
    }))

  it.effect("a stream folds to text, last usage and finish reason", () =>
    Effect.gen(function*() {
      const chunk = (text: string, more: object, candidateTokens: number) => ({
        candidates: [{ content: { role: "model", parts: [{ text }] }, ...more }],
        usageMetadata: {
          promptTokenCount: 2,
          candidatesTokenCount: candidateTokens,
          totalTokenCount: 2 + candidateTokens
        },
        responseId: "r"
      })
      const folded = yield* Accumulate.accumulate(Stream.make<ReadonlyArray<Response>>(
        chunk("a", { citationMetadata: { citationSources: [{ uri: "u1" }] } }, 1),
        chunk("b", { finishReason: "STOP", citationMetadata: { citationSources: [{ uri: "u2" }] } }, 2),
        chunk("c", { finishReason: null }, 3),
        { usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 4, totalTokenCount: 6 } }
      ))
      assert.deepStrictEqual<unknown>(folded, {
        candidates: [{
          content: { role: "model", parts: [{ text: "a" }, { text: "b" }, { text: "c" }] },
          finishReason: "STOP",
          citationMetadata: { citationSources: [{ uri: "u1" }, { uri: "u2" }] }
        }],
        usageMetadata: { promptTokenCount: 2, candidatesTokenCount: 4, totalTokenCount: 6 },
        responseId: "r"
      })
    }))

  it("grounding grows: new sources are appended, so that the indices of later supports hold", () => {
    const source = (uri: string) => ({ web: { uri } })
    const support = (...groundingChunkIndices: ReadonlyArray<number>) => ({ groundingChunkIndices })
    const chunk = (groundingMetadata: object | null) => ({ candidates: [{ groundingMetadata }] })
    const fold = (...all: ReadonlyArray<object | null>) =>
      Accumulate.fromChunks(all.map(chunk)).candidates?.[0]?.groundingMetadata
    const whole = {
      groundingChunks: [source("a"), source("b"), source("c")],
      groundingSupports: [support(0), support(1, 2)],
      webSearchQueries: ["q"]
    }
    const first = { groundingChunks: [source("a")], groundingSupports: [support(0)] }
    assert.deepStrictEqual<unknown>(
      fold({}, first, null, {
        groundingChunks: [source("b"), source("c")],
        groundingSupports: [support(1, 2)],
        webSearchQueries: ["q"]
      }, {}),
      whole
    )
    // A server that repeats what it had sent.
    assert.deepStrictEqual<unknown>(fold(first, whole), whole)
    assert.deepStrictEqual<unknown>(fold(whole, whole), whole)
  })

  it("log probabilities that repeat are not taken for a repetition", () => {
    const chunk = { candidates: [{ logprobsResult: { chosenCandidates: [{ token: "ha" }] } }] }
    const folded = Accumulate.fromChunks([chunk, chunk]).candidates?.[0]?.logprobsResult?.chosenCandidates
    assert.lengthOf(folded ?? [], 2)
  })

  it("several candidates are folded apart", () => {
    const folded = Accumulate.fromChunks([
      { candidates: [{ index: 1, content: { parts: [{ text: "b" }] } }] },
      { candidates: [{ content: { parts: [{ text: "a" }] } }, { index: 1, content: { parts: [{ text: "c" }] } }] }
    ])
    assert.deepStrictEqual(folded.candidates?.map((c) => c.content?.parts?.map((part) => part.text)), [["b", "c"], [
      "a"
    ]])
  })

  it("twenty thousand chunks fold in linear time", () => {
    const chunk = { candidates: [{ content: { parts: [{ text: "x" }] } }] }
    const start = process.cpuUsage()
    const folded = Accumulate.fromChunks(Array.from({ length: 20_000 }, () => chunk))
    assert.strictEqual(partsOf([folded]).length, 20_000)
    assert.isBelow(process.cpuUsage(start).user, 2_000_000)
  })
})

const corpus = `${import.meta.dirname}/../../../../../shared/corpus/cases`

describe.skipIf(!existsSync(corpus))("recorded streams (skipped where ../shared/corpus is not)", () => {
  const streams = (existsSync(corpus) ? readdirSync(corpus) : []).flatMap((source) =>
    readdirSync(`${corpus}/${source}`).flatMap((file) => {
      const { provenance, response } = JSON.parse(readFileSync(`${corpus}/${source}/${file}`, "utf8"))
      if (response.kind !== "sse") return []
      const chunks: Array<Response> = String(response.sse).split(/\r?\n\r?\n/).flatMap((event) => {
        try {
          const chunk = JSON.parse(event.replace(/^data: ?/, ""))
          return Array.isArray(chunk.candidates) ? [chunk] : []
        } catch {
          return []
        }
      })
      return [{ file, chunks, isRecorded: provenance === "recorded" }]
    })
  )

  it("every signature of every recorded stream is still on its part", () => {
    let signatures = 0
    for (const { chunks, file } of streams) {
      const received = partsOf(chunks)
      signatures += received.filter((part) => part.thoughtSignature !== undefined).length
      assert.deepStrictEqual(partsOf([Accumulate.fromChunks(chunks)]), received, file)
    }
    assert.isAbove(signatures, 50)
  })

  it("of every grounded stream all sources are there, each support's index among them", () => {
    const groundingOf = ({ candidates }: Response) => candidates?.[0]?.groundingMetadata
    let grounded = 0
    for (const { chunks, file, isRecorded } of streams) {
      const received = chunks.map(groundingOf).filter((metadata) => (metadata?.groundingChunks?.length ?? 0) > 0)
      if (received.length === 0 || !isRecorded) continue
      grounded++
      // What `Grounding` says of the streams recorded so far.
      assert.lengthOf(received, 1, file)
      const folded = groundingOf(Accumulate.fromChunks(chunks))
      assert.deepStrictEqual(folded?.groundingChunks, received[0]?.groundingChunks, file)
      const indices = folded?.groundingSupports?.flatMap((support) => support.groundingChunkIndices ?? []) ?? []
      assert.isBelow(Math.max(-1, ...indices.map(Number)), folded?.groundingChunks?.length ?? 0, file)
    }
    assert.isAbove(grounded, 4)
  })
})
