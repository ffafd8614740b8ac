import { assert, describe, it } from "@effect/vitest"
import * as Accumulate from "effect-gemini/call/Accumulate"
import * as Cost from "effect-gemini/Cost"
import type { GenerateContentResponse } from "effect-gemini/wire/GenerateContent"
import * as BigDecimal from "effect/BigDecimal"
import { Continuation } from "../../src/internal/call/Continuation.ts"
import { hopsOf } from "../../src/internal/call/hops.ts"

type Response = GenerateContentResponse
type Candidate = NonNullable<Response["candidates"]>[number]

const hop = (candidate: Candidate, more: Partial<Response> = {}): Response => ({ candidates: [candidate], ...more })

const goesOn = (token: string): Candidate => ({ finishReason: "CONTINUATION", continuationToken: token })

const text = (value: string): Candidate => ({ content: { role: "model", parts: [{ text: value }] } })

const web = (name: string) => ({ web: { uri: `https://${name}.example`, title: name } })

/** What is handed out of hops that come in these chunks. */
const handed = (...hops: ReadonlyArray<ReadonlyArray<Response>>) => {
  const chain = new Continuation(undefined, undefined)
  const pieces = hops.map((chunks, i) => {
    const out = chunks.flatMap((chunk) => [...chain.heard([chunk])])
    assert.strictEqual(chain.end(), i < hops.length - 1)
    return out
  })
  return { chain, pieces: pieces.flat() }
}

/** The answer of hops that came whole. */
const whole = (...hops: ReadonlyArray<Response>): Response => {
  const { chain, pieces } = handed(...hops.map((response) => [response]))
  return chain.whole(pieces)
}

describe("an answer of several hops", () => {
  it("keeps its parts apart and their signatures where they were", () => {
    const parts = [
      [{ text: "one" }, { text: "", thoughtSignature: "c2ln" }],
      [{ text: "two", thoughtSignature: "bmVhcg==" }],
      [{ text: "three" }]
    ]
    const [a = [], b = [], c = []] = parts
    const answer = whole(
      hop({ content: { role: "model", parts: a }, ...goesOn("t1") }),
      hop({ content: { role: "model", parts: b }, ...goesOn("t2") }),
      hop({ content: { role: "model", parts: c }, finishReason: "STOP" })
    )
    assert.deepStrictEqual(answer.candidates?.[0], {
      content: { role: "model", parts: parts.flat() },
      finishReason: "STOP"
    })
    answer.candidates?.[0]?.content?.parts?.forEach((part, i) => assert.strictEqual(part, parts.flat()[i]))
    assert.strictEqual(hopsOf(answer).count, 3)
  })

  it("sums its counters, by modality where the server says it", () => {
    const usage = (n: number, rest: object = {}) => ({
      usageMetadata: {
        promptTokenCount: 10,
        candidatesTokenCount: n,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: 10 }],
        serviceTier: "standard",
        ...rest
      }
    })
    const answer = whole(
      hop(goesOn("t1"), usage(1, { thoughtsTokenCount: "7", totalTokenCount: 18 })),
      hop(goesOn("t2"), usage(2, { promptTokensDetails: [{ modality: "IMAGE", tokenCount: 4 }] })),
      hop({ finishReason: "STOP" }, usage(3))
    )
    assert.deepStrictEqual<unknown>(answer.usageMetadata, {
      promptTokenCount: 30,
      candidatesTokenCount: 6,
      thoughtsTokenCount: 7,
      // The totals that were left out are 12 and 13.
      totalTokenCount: 43,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 20 }, { modality: "IMAGE", tokenCount: 4 }],
      serviceTier: "standard"
    })
  })

  it("prices each hop for itself: two short prompts are not one long one", () => {
    const usageMetadata = { promptTokenCount: 150_000, candidatesTokenCount: 1_000, totalTokenCount: 151_000 }
    const model = "gemini-3.1-pro-preview"
    const more = { usageMetadata, modelVersion: model }
    const one = Cost.of(model, more)
    const answer = whole(hop(goesOn("t1"), more), hop({ finishReason: "STOP" }, more))
    const { isPartial, stated, total } = Cost.of(model, answer)
    const twice = Cost.all([one, one])
    assert.isTrue(total !== undefined && twice.total !== undefined && BigDecimal.equals(total, twice.total))
    assert.deepStrictEqual([isPartial, stated], [one.isPartial, one.stated])
  })

  const supports = (...indices: ReadonlyArray<number>) => [{
    segment: { endIndex: 3, text: "one" },
    groundingChunkIndices: indices
  }]

  it("counts its sources and the parts that they support from the first hop", () => {
    const grounded = (value: string, name: string, query: string): Candidate => ({
      ...text(value),
      groundingMetadata: {
        groundingChunks: [web(name)],
        groundingSupports: supports(0),
        webSearchQueries: [query]
      }
    })
    const answer = whole(
      hop({ ...grounded("one", "a", "q1"), ...goesOn("t1") }),
      hop({ ...grounded("two", "b", "q2"), ...goesOn("t2") }),
      hop({ ...grounded("three", "c", "q3"), finishReason: "STOP" })
    )
    const grounding = answer.candidates?.[0]?.groundingMetadata
    assert.deepStrictEqual(grounding?.groundingChunks, [web("a"), web("b"), web("c")])
    assert.deepStrictEqual(grounding?.webSearchQueries, ["q1", "q2", "q3"])
    assert.deepStrictEqual<unknown>(
      grounding?.groundingSupports?.map(({ groundingChunkIndices, segment }) => [
        groundingChunkIndices?.[0],
        segment?.partIndex ?? 0
      ]),
      [[0, 0], [1, 1], [2, 2]]
    )
  })

  it("tells the new sources alone where a hop repeats all of them, or a chunk those of its hop", () => {
    const sources = (names: string, ...indices: ReadonlyArray<number>): Response =>
      hop({ groundingMetadata: { groundingChunks: [...names].map(web), groundingSupports: supports(...indices) } })
    const { pieces } = handed(
      [sources("ab", 0), hop(goesOn("t1"))],
      // From the first hop on.
      [sources("abc", 2), hop(goesOn("t2"))],
      // From its own start, and then once more.
      [sources("d", 0), sources("de", 1), hop({ finishReason: "STOP" })]
    )
    const { groundingChunks, groundingSupports } = Accumulate.fromChunks(pieces).candidates?.[0]?.groundingMetadata ??
      {}
    assert.deepStrictEqual(groundingChunks, [..."abcde"].map(web))
    const names = groundingSupports?.map(({ groundingChunkIndices }) =>
      groundingChunks?.[Number(groundingChunkIndices?.[0])]?.web?.title
    )
    assert.deepStrictEqual(names, ["a", "c", "d", "e"])
  })

  it("leaves the chunks before the first token alone, each the object that came", () => {
    const chunks = [hop(text("one ")), hop({ ...text("two "), groundingMetadata: { groundingChunks: [web("a")] } })]
    const { pieces } = handed([...chunks, hop({ ...text("three"), finishReason: "STOP" })])
    chunks.forEach((chunk, i) => assert.strictEqual(pieces[i], chunk))
  })

  it("hands out no token that is followed, and no finish but the last", () => {
    const { pieces } = handed(
      [hop({ ...text("one "), continuationToken: "t1" }), hop({ ...text("two "), finishReason: "CONTINUATION" })],
      [hop({ ...text("three"), finishReason: "STOP", finishMessage: "done" })]
    )
    assert.deepStrictEqual(
      pieces.map(({ candidates }) => candidates?.[0]),
      [text("one "), text("two "), { ...text("three"), finishReason: "STOP", finishMessage: "done" }]
    )
  })

  it("ends at a finish of its own, whatever token is beside it", () => {
    const chain = new Continuation(undefined, undefined)
    const chunk = hop({ ...text("one"), finishReason: "STOP", continuationToken: "t1" })
    assert.deepStrictEqual(chain.heard([chunk]), [chunk])
    assert.isFalse(chain.end())
  })

  it("knows the token that the caller began with", () => {
    const chain = new Continuation(undefined, "t1")
    chain.heard([hop(goesOn("t1"))])
    assert.isString(chain.end())
  })
})
