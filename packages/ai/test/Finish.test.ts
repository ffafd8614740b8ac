/** How an answer ended: every reason, every counter and every field that comes with it, at once and chunk by chunk. */
import { assert, describe, it } from "@effect/vitest"
import * as Candidate from "effect-gemini/wire/Candidate"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Usage from "effect-gemini/wire/Usage"
import type * as Response from "effect/ai/Response"
import * as Finish from "../src/internal/FinishFold.ts"

const fold = (...responses: ReadonlyArray<GenerateContent.GenerateContentResponse>) => {
  const out = new Finish.FinishFold()
  for (const response of responses) out.add(response)
  return out
}
const candidate = (one: Candidate.Candidate): GenerateContent.GenerateContentResponse => ({ candidates: [one] })
const detailsOf = (...responses: ReadonlyArray<GenerateContent.GenerateContentResponse>) =>
  fold(...responses).part(false).metadata?.google
const of = (...all: ReadonlyArray<Candidate.Candidate>) => detailsOf(...all.map(candidate))

describe("the reason of an end", () => {
  // What it is without and with calls for functions, for every name that is documented.
  const reasons: Readonly<Record<Candidate.FinishReason, readonly [Response.FinishReason, Response.FinishReason]>> = {
    STOP: ["stop", "tool-calls"],
    MAX_TOKENS: ["length", "length"],
    SAFETY: ["content-filter", "content-filter"],
    RECITATION: ["content-filter", "content-filter"],
    LANGUAGE: ["content-filter", "content-filter"],
    OTHER: ["other", "other"],
    BLOCKLIST: ["content-filter", "content-filter"],
    PROHIBITED_CONTENT: ["content-filter", "content-filter"],
    SPII: ["content-filter", "content-filter"],
    MALFORMED_FUNCTION_CALL: ["error", "error"],
    IMAGE_SAFETY: ["content-filter", "content-filter"],
    IMAGE_PROHIBITED_CONTENT: ["content-filter", "content-filter"],
    IMAGE_OTHER: ["content-filter", "content-filter"],
    NO_IMAGE: ["content-filter", "content-filter"],
    IMAGE_RECITATION: ["content-filter", "content-filter"],
    UNEXPECTED_TOOL_CALL: ["error", "error"],
    TOO_MANY_TOOL_CALLS: ["error", "error"],
    MISSING_THOUGHT_SIGNATURE: ["error", "error"],
    MALFORMED_RESPONSE: ["error", "error"],
    ESCALATION: ["content-filter", "content-filter"],
    MODEL_ARMOR: ["content-filter", "content-filter"],
    PUP_LIMITED_DISABLED: ["content-filter", "content-filter"],
    CONTINUATION: ["pause", "pause"]
  }
  const rows: ReadonlyArray<
    readonly [reason: string | undefined, expected: readonly [Response.FinishReason, Response.FinishReason]]
  > = [
    ...Object.entries(reasons),
    [undefined, ["unknown", "tool-calls"]],
    ["FINISH_REASON_UNSPECIFIED", ["other", "other"]],
    ["A_REASON_OF_NEXT_YEAR", ["other", "other"]],
    ["toString", ["other", "other"]]
  ]
  for (const [reason, [plain, calling]] of rows) {
    it(`${reason}: ${plain}, and ${calling} where functions are called`, () => {
      assert.strictEqual(Finish.finishReason(reason, false), plain)
      assert.strictEqual(Finish.finishReason(reason, true), calling)
    })
  }

  it("is the last one that was given, and chunks without one take nothing away", () => {
    const ended = fold(candidate({ finishReason: "MAX_TOKENS" }), candidate({}), { usageMetadata: {} })
    assert.strictEqual(ended.reason, "MAX_TOKENS")
    assert.strictEqual(ended.part(false).reason, "length")
    assert.strictEqual(
      fold(candidate({ finishReason: "STOP" }), candidate({ finishReason: "SAFETY" })).reason,
      "SAFETY"
    )
    assert.isUndefined(fold(candidate({}), { candidates: [] }).reason)
    assert.deepStrictEqual(detailsOf(), {})
    assert.deepStrictEqual(of({}), {})
    assert.strictEqual(of({ finishReason: "A_REASON_OF_NEXT_YEAR" })?.finishReason, "A_REASON_OF_NEXT_YEAR")
  })
})

describe("what was counted", () => {
  const counted = {
    promptTokenCount: 1000,
    cachedContentTokenCount: 300,
    candidatesTokenCount: 20,
    toolUsePromptTokenCount: 70,
    thoughtsTokenCount: 5,
    totalTokenCount: 1095
  }
  const whole = {
    inputTokens: { uncached: 770, total: 1070, cacheRead: 300, cacheWrite: undefined },
    outputTokens: { total: 25, text: 20, reasoning: 5 }
  }

  it("keeps what tools put into the prompt, what came out of the cache, and the thoughts", () => {
    assert.deepStrictEqual(fold({ usageMetadata: counted }).used, whole)
    assert.deepStrictEqual(fold({ usageMetadata: counted }).part(false).usage, whole)
  })

  it("tells every counter apart: each alone changes the numbers that are made of it", () => {
    const alone = (name: keyof typeof counted) => fold({ usageMetadata: { [name]: 7 } }).used
    const none = {
      inputTokens: { uncached: 0, total: 0, cacheRead: 0, cacheWrite: undefined },
      outputTokens: { total: 0, text: 0, reasoning: 0 }
    }
    const { inputTokens, outputTokens } = none
    assert.deepStrictEqual(alone("promptTokenCount"), {
      ...none,
      inputTokens: { ...inputTokens, uncached: 7, total: 7 }
    })
    assert.deepStrictEqual(alone("toolUsePromptTokenCount"), alone("promptTokenCount"))
    assert.deepStrictEqual(alone("cachedContentTokenCount"), {
      ...none,
      inputTokens: { ...inputTokens, uncached: -7, cacheRead: 7 }
    })
    assert.deepStrictEqual(alone("candidatesTokenCount"), {
      ...none,
      outputTokens: { ...outputTokens, total: 7, text: 7 }
    })
    assert.deepStrictEqual(alone("thoughtsTokenCount"), {
      ...none,
      outputTokens: { ...outputTokens, total: 7, reasoning: 7 }
    })
    assert.deepStrictEqual(alone("totalTokenCount"), none)
  })

  it("is unknown, and no zero, where the server counted nothing", () => {
    const unknown = {
      inputTokens: { uncached: undefined, total: undefined, cacheRead: undefined, cacheWrite: undefined },
      outputTokens: { total: undefined, text: undefined, reasoning: undefined }
    }
    assert.deepStrictEqual(fold(candidate({})).used, unknown)
    assert.deepStrictEqual(fold({ usageMetadata: null }).used, unknown)
    assert.notProperty(of({}), "usageMetadata")
  })

  it("is what the last chunk counts, and what earlier ones did that it left out; every counter as received", () => {
    const received = fold({ usageMetadata: counted }, { usageMetadata: { candidatesTokenCount: 21 } })
    assert.strictEqual(received.used.outputTokens.total, 26)
    assert.strictEqual(received.used.inputTokens.total, 1070)
    const all = {
      ...counted,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 1000 }],
      cacheTokensDetails: [{ modality: "TEXT", tokenCount: 300 }],
      candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 20 }],
      toolUsePromptTokensDetails: [{ modality: "DOCUMENT", tokenCount: 70 }],
      serviceTier: "flex",
      trafficType: "ON_DEMAND"
    } satisfies Usage.UsageMetadata
    assert.sameMembers(Object.keys(all), Object.keys(Usage.UsageMetadata.fields))
    assert.deepStrictEqual(detailsOf({ usageMetadata: all })?.usageMetadata, all)
  })
})

describe("what is said of the answer as a whole", () => {
  it("its id, its model and its time, where there is one", () => {
    assert.deepStrictEqual(
      Finish.responseMetadata({ responseId: "r", modelVersion: "m", createTime: "2026-11-29T22:00:00Z" }),
      { type: "response-metadata", id: "r", modelId: "m", timestamp: "2026-11-29T22:00:00Z" }
    )
    const none = { type: "response-metadata" }
    assert.deepStrictEqual(Finish.responseMetadata({}), none)
    assert.deepStrictEqual(Finish.responseMetadata({ responseId: "", modelVersion: "", createTime: "" }), none)
    assert.deepStrictEqual(Finish.responseMetadata({ createTime: "yesterday" }), none)
    assert.deepStrictEqual(Finish.responseMetadata({ responseId: null, modelVersion: null, createTime: null }), none)
  })

  // Every field of a candidate by its schema: what of it stands at the end, and what stands somewhere else.
  const grounded = { webSearchQueries: ["q"] }
  const kept = {
    finishReason: "STOP",
    finishMessage: "why",
    safetyRatings: [{ category: "HARM_CATEGORY_HARASSMENT", probability: "NEGLIGIBLE" }],
    citationMetadata: { citations: [{ uri: "https://a.example/" }] },
    groundingMetadata: grounded,
    urlContextMetadata: { urlMetadata: [{ retrievedUrl: "https://a.example/" }] },
    avgLogprobs: -0.25,
    logprobsResult: { logProbabilitySum: -1 },
    continuationToken: "token"
  } satisfies Candidate.Candidate
  const elsewhere: Readonly<Partial<Record<keyof Candidate.Candidate, string>>> = {
    content: "its parts are the answer's",
    index: "there is one candidate",
    tokenCount: "the usage counts",
    groundingAttributions: "of the retired question-answering models"
  }

  it("every field of a candidate and of a response has its place", () => {
    assert.sameMembers([...Object.keys(kept), ...Object.keys(elsewhere)], Object.keys(Candidate.Candidate.fields))
    assert.deepStrictEqual(of(kept), kept)
    assert.deepStrictEqual(of({ content: { parts: [] }, index: 0, tokenCount: 3, groundingAttributions: [] }), {})
    assert.sameMembers(Object.keys(GenerateContent.GenerateContentResponse.fields), [
      "candidates",
      "promptFeedback",
      "usageMetadata",
      "modelVersion",
      "responseId",
      "createTime",
      // No part of effect/ai has a field for it.
      "modelStatus"
    ])
    const promptFeedback = { blockReason: "SAFETY", blockReasonMessage: "no", safetyRatings: [] } as const
    assert.deepStrictEqual(detailsOf({ promptFeedback }), { promptFeedback })
    assert.deepStrictEqual(detailsOf({ promptFeedback }, candidate({}), { promptFeedback: null }), { promptFeedback })
  })

  for (const name of Object.keys(kept)) {
    it(`${name} alone, and none where it is null`, () => {
      const one = Object.fromEntries(Object.entries(kept).filter(([key]) => key === name))
      assert.deepStrictEqual(of(one), one)
      // A later chunk that does not have it leaves it.
      assert.deepStrictEqual(of(one, {}), one)
      assert.deepStrictEqual(of({ [name]: null }), {})
    })
  }

  it("an average of zero is one", () => {
    assert.deepStrictEqual(of({ avgLogprobs: 0 }), { avgLogprobs: 0 })
  })

  it("only the first candidate counts", () => {
    assert.deepStrictEqual(detailsOf({ candidates: [{ finishMessage: "a" }, { finishMessage: "b" }] }), {
      finishMessage: "a"
    })
  })
})

const web = (n: number) => ({ web: { uri: `https://s${n}.example/`, title: `Source ${n}` } })

describe("lists that grow chunk by chunk", () => {
  const segment = (n: number) => ({ segment: { endIndex: n }, groundingChunkIndices: [0] })
  const chunksOf = (...all: ReadonlyArray<ReadonlyArray<number>>) =>
    of(...all.map((some) => ({ groundingMetadata: { groundingChunks: some.map(web) } })))?.groundingMetadata
      ?.groundingChunks
  const supportsOf = (...all: ReadonlyArray<ReadonlyArray<number>>) =>
    of(...all.map((some) => ({ groundingMetadata: { groundingSupports: some.map(segment) } })))?.groundingMetadata
      ?.groundingSupports

  it("new sources and stretches follow the earlier ones", () => {
    assert.deepStrictEqual(chunksOf([1], [2, 3]), [1, 2, 3].map(web))
    assert.deepStrictEqual(supportsOf([1, 2], [3]), [1, 2, 3].map(segment))
  })

  it("a list that is repeated, grown or not, stands once", () => {
    assert.deepStrictEqual(chunksOf([1, 2], [1, 2]), [1, 2].map(web))
    assert.deepStrictEqual(chunksOf([1], [1, 2]), [1, 2].map(web))
    assert.deepStrictEqual(supportsOf([1], [1, 2]), [1, 2].map(segment))
  })

  it("a shorter list that begins alike is new", () => {
    assert.deepStrictEqual(chunksOf([1, 2], [1]), [1, 2, 1].map(web))
  })

  it("what a chunk leaves out stays, and no empty list is made", () => {
    assert.deepStrictEqual(chunksOf([1], []), [web(1)])
    const metadata = of(
      { groundingMetadata: { groundingChunks: [web(1)], webSearchQueries: ["a"] } },
      { groundingMetadata: { groundingSupports: [segment(1)], webSearchQueries: ["b"] } },
      { groundingMetadata: null }
    )?.groundingMetadata
    assert.deepStrictEqual(metadata, {
      groundingChunks: [web(1)],
      groundingSupports: [segment(1)],
      webSearchQueries: ["b"]
    })
    const empty = of({ groundingMetadata: { imageSearchQueries: ["a"] } }, {
      groundingMetadata: { webSearchQueries: [] }
    })
    assert.deepStrictEqual(empty?.groundingMetadata, { imageSearchQueries: ["a"], webSearchQueries: [] })
  })

  it("citations of both names", () => {
    const cited = (uri: string) => ({ uri })
    const metadata = (...all: ReadonlyArray<NonNullable<Candidate.Candidate["citationMetadata"]>>) =>
      of(...all.map((citationMetadata) => ({ citationMetadata })))?.citationMetadata
    assert.deepStrictEqual(metadata({ citations: [cited("a")] }, { citations: [cited("b")] }), {
      citations: [cited("a"), cited("b")]
    })
    assert.deepStrictEqual(
      metadata({ citationSources: [cited("a")] }, { citationSources: [cited("a"), cited("b")] }),
      { citationSources: [cited("a"), cited("b")] }
    )
    assert.deepStrictEqual(metadata({ citationSources: [cited("a")] }, { citations: [cited("b")] }), {
      citationSources: [cited("a")],
      citations: [cited("b")]
    })
    assert.deepStrictEqual(metadata({ citations: [cited("a")] }, { citationSources: [cited("b")] }), {
      citations: [cited("a")],
      citationSources: [cited("b")]
    })
    assert.deepStrictEqual(of({ citationMetadata: { citations: [cited("a")] } }, { citationMetadata: null }), {
      citationMetadata: { citations: [cited("a")] }
    })
  })

  it("probabilities, repeated tokens too: each chunk has its own", () => {
    const token = (text: string) => ({ token: text, logProbability: -1 })
    const results = (...all: ReadonlyArray<NonNullable<Candidate.Candidate["logprobsResult"]>>) =>
      of(...all.map((logprobsResult) => ({ logprobsResult })))?.logprobsResult
    assert.deepStrictEqual(
      results(
        { chosenCandidates: [token("a")], topCandidates: [{ candidates: [token("a")] }], logProbabilitySum: -1 },
        { chosenCandidates: [token("a"), token("b")], topCandidates: [{ candidates: [token("b")] }] },
        { logProbabilitySum: -3 }
      ),
      {
        chosenCandidates: [token("a"), token("a"), token("b")],
        topCandidates: [{ candidates: [token("a")] }, { candidates: [token("b")] }],
        logProbabilitySum: -3
      }
    )
    assert.deepStrictEqual(of({ logprobsResult: { chosenCandidates: [token("a")] } }, { logprobsResult: null }), {
      logprobsResult: { chosenCandidates: [token("a")] }
    })
  })
})

describe("stretches in one of several parts", () => {
  const said = (...parts: ReadonlyArray<string | { readonly thought: string } | undefined>) => ({
    parts: parts.map((part) =>
      part === undefined
        ? { inlineData: { mimeType: "image/png", data: "AQID" } }
        : typeof part === "string"
        ? { text: part }
        : { text: part.thought, thought: true }
    )
  })
  const segments = (content: NonNullable<Candidate.Candidate["content"]>, ...all: ReadonlyArray<object | undefined>) =>
    of({
      content,
      groundingMetadata: { groundingSupports: all.map((segment) => segment === undefined ? {} : { segment }) }
    })?.groundingMetadata?.groundingSupports?.map(({ segment }) => segment)

  it("count by bytes in the whole text, to which thoughts and pictures add nothing", () => {
    const content = said("漢", { thought: "so" }, undefined, "ab", "cd")
    assert.deepStrictEqual(
      segments(content, { partIndex: 3, startIndex: 1, endIndex: 2 }, { partIndex: 4, endIndex: 2, text: "cd" }),
      [{ startIndex: 4, endIndex: 5 }, { startIndex: 5, endIndex: 7, text: "cd" }]
    )
  })

  it("stay as they are in the first part, in no part, behind the last one and before the first", () => {
    const stay = [{ partIndex: 0, endIndex: 1 }, { endIndex: 1 }, undefined, { partIndex: 2, endIndex: 1 }, {
      partIndex: -1,
      endIndex: 1
    }]
    assert.deepStrictEqual(segments(said("ab", "cd"), ...stay, { partIndex: 1, endIndex: 1 }), [
      ...stay,
      { startIndex: 2, endIndex: 3 }
    ])
  })

  it("without an end have none", () => {
    assert.deepStrictEqual(segments(said("ab", "cd"), { partIndex: 1, endIndex: null }), [{
      startIndex: 2,
      endIndex: null
    }])
    assert.deepStrictEqual(segments(said("ab", "cd"), { partIndex: 1, startIndex: 1 }), [{ startIndex: 3 }])
  })

  it("count over the parts of all chunks", () => {
    const supports = detailsOf(
      candidate({ content: said("ab") }),
      candidate({}),
      { usageMetadata: {} },
      candidate({ content: {} }),
      candidate({
        content: said("cd"),
        groundingMetadata: { groundingSupports: [{ segment: { partIndex: 1, endIndex: 1 } }] }
      })
    )?.groundingMetadata?.groundingSupports
    assert.deepStrictEqual(supports, [{ segment: { startIndex: 2, endIndex: 3 } }])
  })
})

describe("sources", () => {
  const address = "https://a.example/"
  const url = (title: string) => ({ sourceType: "url", url: address, title })
  const document = (title: string) => ({ sourceType: "document", mediaType: "text/plain", title })
  const cases: ReadonlyArray<readonly [name: string, chunk: object, expected: object | undefined]> = [
    ["a page", { web: { uri: address, title: "A" } }, url("A")],
    ["a page without a title", { web: { uri: address } }, url(address)],
    ["a page with an empty title", { web: { uri: address, title: "" } }, url(address)],
    ["a page whose address is none", { web: { uri: "a.example", title: "A" } }, undefined],
    ["a page without an address", { web: { title: "A" } }, undefined],
    ["a page without an address, and a place", { web: {}, maps: { uri: address, title: "P" } }, url("P")],
    ["a place", { maps: { uri: address, title: "P" } }, url("P")],
    ["a place without an address", { maps: { title: "P" } }, undefined],
    ["a picture by its page", { image: { sourceUri: address, imageUri: "https://b.example/", title: "I" } }, url("I")],
    ["a picture by itself", { image: { imageUri: address, title: "I" } }, url("I")],
    ["a picture without a title", { image: { sourceUri: address } }, url(address)],
    ["a picture without an address", { image: { title: "I" } }, undefined],
    ["a document at an address", { retrievedContext: { uri: address, title: "D" } }, url("D")],
    ["a document of a store", { retrievedContext: { title: "D", text: "…" } }, document("D")],
    ["a document whose address is none", { retrievedContext: { uri: "stores/a", title: "D" } }, document("D")],
    ["a document without a title", { retrievedContext: { uri: "stores/a" } }, document("stores/a")],
    ["a document without anything", { retrievedContext: {} }, document("document")],
    ["nothing", {}, undefined]
  ]
  for (const [name, chunk, expected] of cases) {
    it(`${name}: ${expected === undefined ? "none" : "one, with its chunk and its place"}`, () => {
      assert.deepStrictEqual<object | undefined>(
        Finish.source(chunk, 4, "id"),
        expected === undefined
          ? undefined
          : { type: "source", id: "id", ...expected, metadata: { google: { groundingChunk: chunk, index: 4 } } }
      )
    })
  }

  const sourcesOf = (...chunks: ReadonlyArray<object>) => {
    let n = 0
    return fold(candidate({ groundingMetadata: { groundingChunks: chunks } })).sources(() => `id${n++}`)
  }

  it("each address and each document stand once, under the place of the first chunk that names them", () => {
    const found = sourcesOf(
      {},
      web(1),
      { retrievedContext: { title: "D" } },
      web(1),
      { retrievedContext: { title: "D" } },
      web(2),
      { retrievedContext: { title: "E" } }
    )
    assert.deepStrictEqual(
      found.map(({ id, metadata, title }) => [id, title, metadata?.google?.index]),
      [["id0", "Source 1", 1], ["id1", "D", 2], ["id2", "Source 2", 5], ["id3", "E", 6]]
    )
  })

  it("two pages of one title are two, and a page under two titles is one", () => {
    const page = (uri: string, title: string) => ({ web: { uri, title } })
    const found = sourcesOf(
      page("https://a.example/", "T"),
      page("https://b.example/", "T"),
      page("https://a.example/", "U")
    )
    assert.deepStrictEqual(found.map(({ metadata }) => metadata?.google?.index), [0, 1])
  })

  it("are none without grounding, and where the grounding names none", () => {
    assert.deepStrictEqual(fold().sources(() => "id"), [])
    assert.deepStrictEqual(fold(candidate({ groundingMetadata: { webSearchQueries: ["q"] } })).sources(() => "id"), [])
    assert.deepStrictEqual(fold(candidate({})).sources(() => "id"), [])
  })
})
