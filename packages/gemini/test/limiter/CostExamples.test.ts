/**
 * Twenty bills worked out by hand from the pages that the prices name, with the arithmetic of each beside it. Prices
 * are dollars for a million tokens, unless the comment says otherwise.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cost from "effect-gemini/Cost"
import * as BigDecimal from "effect/BigDecimal"

type Answer = Parameters<typeof Cost.of>[1]
type Usage = NonNullable<Answer["usageMetadata"]>

const tokens = (modality: "TEXT" | "IMAGE" | "VIDEO" | "AUDIO", tokenCount: number) => ({ modality, tokenCount })
const grounded = (...webSearchQueries: ReadonlyArray<string>): Answer["candidates"] => [
  { groundingMetadata: { webSearchQueries } }
]
const maps: Answer["candidates"] = [{
  groundingMetadata: { groundingChunks: [{ maps: { uri: "https://maps.google.com" } }] }
}]

interface Example {
  readonly what: string
  readonly model: string
  readonly usage?: Usage
  readonly candidates?: Answer["candidates"]
  readonly options?: Cost.Options
  readonly total: string | undefined
  readonly isPartial?: boolean
}

const examples: ReadonlyArray<Example> = [
  {
    what: "text in, text and thoughts out: 10,000 x 0.75 + (2,000 + 3,000) x 3.75",
    model: "gemini-3.8-flash",
    usage: { promptTokenCount: 10_000, candidatesTokenCount: 2_000, thoughtsTokenCount: 3_000 },
    total: "0.02625"
  },
  {
    what: "the same after the price rose: 10,000 x 1.50 + 5,000 x 7.50",
    model: "gemini-3.8-flash",
    usage: { promptTokenCount: 10_000, candidatesTokenCount: 2_000, thoughtsTokenCount: 3_000 },
    options: { at: Date.parse("2027-01-01T00:00:00Z") },
    total: "0.0525"
  },
  {
    what: "a prompt half cached: 50,000 x 0.75 + 50,000 x 0.075 + 1,000 x 3.75",
    model: "gemini-3.8-flash",
    usage: { promptTokenCount: 100_000, cachedContentTokenCount: 50_000, candidatesTokenCount: 1_000 },
    total: "0.045"
  },
  {
    what: "a prompt of 200,000 tokens is short: 200,000 x 1.25 + 1,000 x 10",
    model: "gemini-2.5-pro",
    usage: { promptTokenCount: 200_000, candidatesTokenCount: 1_000 },
    total: "0.26"
  },
  {
    what: "a long prompt, its output too: 300,000 x 2.50 + 1,000 x 15",
    model: "gemini-2.5-pro",
    usage: { promptTokenCount: 300_000, candidatesTokenCount: 1_000 },
    total: "0.765"
  },
  {
    what: "a long prompt from a cache: 1 x 2.50 + 249,999 x 0.25",
    model: "gemini-2.5-pro",
    usage: { promptTokenCount: 250_000, cachedContentTokenCount: 249_999 },
    total: "0.06250225"
  },
  {
    what: "audio beside text: 1,000 x 0.30 + 9,000 x 1.00 + 500 x 2.50",
    model: "gemini-2.5-flash",
    usage: {
      promptTokenCount: 10_000,
      promptTokensDetails: [tokens("TEXT", 1_000), tokens("AUDIO", 9_000)],
      candidatesTokenCount: 500
    },
    total: "0.01055"
  },
  {
    what: "cached audio beside new text: 2,000 x 0.30 + 8,000 x 0.10",
    model: "gemini-2.5-flash",
    usage: {
      promptTokenCount: 10_000,
      cachedContentTokenCount: 8_000,
      promptTokensDetails: [tokens("TEXT", 2_000), tokens("AUDIO", 8_000)],
      cacheTokensDetails: [tokens("AUDIO", 8_000)]
    },
    total: "0.0014"
  },
  {
    what: "images and video at the price of text: (1,290 + 25,800 + 10) x 0.10 + 100 x 0.40",
    model: "gemini-2.5-flash-lite",
    usage: {
      promptTokenCount: 27_100,
      promptTokensDetails: [tokens("IMAGE", 1_290), tokens("VIDEO", 25_800), tokens("TEXT", 10)],
      candidatesTokenCount: 100
    },
    total: "0.00275"
  },
  {
    what: "an image that comes out: 100 x 2.00 + 1,120 x 120 + 50 x 12",
    model: "gemini-3-pro-image-preview",
    usage: {
      promptTokenCount: 100,
      promptTokensDetails: [tokens("TEXT", 100)],
      candidatesTokenCount: 1_170,
      candidatesTokensDetails: [tokens("IMAGE", 1_120), tokens("TEXT", 50)]
    },
    total: "0.1352"
  },
  {
    what: "speech that comes out: 200 x 0.50 + 4,000 x 9.00",
    model: "gemini-3.8-flash-tts",
    usage: {
      promptTokenCount: 200,
      promptTokensDetails: [tokens("TEXT", 200)],
      candidatesTokenCount: 4_000,
      candidatesTokensDetails: [tokens("AUDIO", 4_000)]
    },
    total: "0.0361"
  },
  {
    what: "a Live turn: 750 x 3.00 + 258 x 1.00 + 1,500 x 12.00 + 40 x 4.50",
    model: "gemini-3.8-live",
    usage: {
      promptTokenCount: 1_008,
      promptTokensDetails: [tokens("AUDIO", 750), tokens("VIDEO", 258)],
      candidatesTokenCount: 1_540,
      candidatesTokensDetails: [tokens("AUDIO", 1_500), tokens("TEXT", 40)]
    },
    total: "0.020688"
  },
  {
    what: "embeddings: 123,457 x 0.15",
    model: "gemini-embedding-001",
    usage: { promptTokenCount: 123_457 },
    total: "0.01851855"
  },
  {
    what: "embeddings of text and a picture: 300 x 0.20 + 258 x 0.45",
    model: "gemini-embedding-2-preview",
    usage: { promptTokenCount: 558, promptTokensDetails: [tokens("TEXT", 300), tokens("IMAGE", 258)] },
    total: "0.0001761"
  },
  {
    what: "three queries of Gemini 3 at 14 dollars a thousand: 100 x 2.00 + 100 x 12.00 + 3 x 0.014 dollars",
    model: "gemini-3.1-pro-preview",
    usage: { promptTokenCount: 100, candidatesTokenCount: 100 },
    candidates: grounded("a", "b", "c"),
    total: "0.0434"
  },
  {
    what: "one grounded prompt of Gemini 2.5, however many queries, at 35 dollars a thousand",
    model: "gemini-2.5-pro",
    candidates: grounded("a", "b", "c"),
    total: "0.035"
  },
  {
    what: "a prompt that was grounded with Google Maps, at 25 dollars a thousand",
    model: "gemini-2.5-flash",
    candidates: maps,
    total: "0.025"
  },
  {
    what: "a batch, whose cached tokens are not halved: 6,000 x 0.15 + 4,000 x 0.03 + 2,000 x 1.25",
    model: "gemini-2.5-flash",
    usage: {
      promptTokenCount: 10_000,
      cachedContentTokenCount: 4_000,
      promptTokensDetails: [tokens("TEXT", 10_000)],
      cacheTokensDetails: [tokens("TEXT", 4_000)],
      candidatesTokenCount: 2_000
    },
    options: { mode: "batch" },
    total: "0.00352"
  },
  {
    what: "flex, at half of all tokens: (9,000 x 0.75 + 1,000 x 0.075 + 333 x 3.75) x 0.5",
    model: "gemini-3.8-flash",
    usage: { promptTokenCount: 10_000, cachedContentTokenCount: 1_000, candidatesTokenCount: 333, serviceTier: "flex" },
    total: "0.004036875"
  },
  {
    what: "priority, whose price no page states: nothing is known",
    model: "gemini-3.8-flash",
    usage: { promptTokenCount: 10_000, candidatesTokenCount: 333, serviceTier: "priority" },
    total: undefined,
    isPartial: true
  }
]

describe("a bill worked out by hand", () => {
  it.each(examples)("$what ($model)", ({ candidates, isPartial = false, model, options, total, usage }) => {
    const cost = Cost.of(model, { usageMetadata: usage, candidates }, options)
    assert.strictEqual(cost.total && BigDecimal.format(cost.total), total)
    assert.strictEqual(cost.isPartial, isPartial)
  })

  const storage = (model: string, count: number, duration: Parameters<typeof Cost.storage>[1]["duration"]) => {
    const { total } = Cost.storage(model, { tokens: count, duration })
    return total && BigDecimal.format(total)
  }

  it("for the storage of a cache goes by the million tokens and hour, up to the picodollar", () => {
    // 2,000,000 x 4.50 / 1,000,000 x 24 hours.
    assert.strictEqual(storage("gemini-2.5-pro", 2_000_000, "1 day"), "216")
    // 4,096 x 0.50 / 1,000,000 x 1/4 hour.
    assert.strictEqual(storage("gemini-3.8-flash", 4_096, "15 minutes"), "0.000512")
    // 1 x 1.00 / 1,000,000 x 1 / 3,600,000 hour is 0.27... picodollars.
    assert.strictEqual(storage("gemini-2.5-flash", 1, "1 millis"), "0.000000000001")
    assert.strictEqual(storage("gemini-3.5-flash", 1_000, "1 hour"), undefined)
    assert.strictEqual(storage("gemini-2.5-flash", NaN, "1 hour"), "0")
  })
})

describe("the prices", () => {
  it("each name the public page that states them and a day", () => {
    for (const [model, known] of Object.entries(Cost.prices.models)) {
      for (const price of known) {
        for (const stated of [price, price.batch, price.flex, price.priority]) {
          if (stated === undefined) continue
          assert.match(stated.source ?? "", /^https:\/\/ai\.google\.dev\//, model)
          assert.match(stated.asOf ?? "", /^2026-\d\d-\d\d$/, model)
        }
      }
    }
    assert.deepStrictEqual(Cost.of("gemini-2.5-flash", {}).stated, {
      source: "https://ai.google.dev/gemini-api/docs/pricing",
      asOf: "2026-03-30"
    })
    assert.deepStrictEqual(Cost.of("gemini-2.5-flash", {}, { mode: "flex" }).stated, {
      source: "https://ai.google.dev/gemini-api/docs/optimization",
      asOf: "2026-10-07"
    })
  })

  it("are looked for among a table's own: names of JavaScript's are names without a price", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"]) {
      const cost = Cost.of(name, { usageMetadata: { promptTokenCount: 5 }, modelVersion: name })
      assert.strictEqual(cost.total, undefined)
      assert.strictEqual(cost.stated, undefined)
      assert.strictEqual(storageOf(name), undefined)
      const odd: Usage = { promptTokenCount: 5, promptTokensDetails: [{ modality: name, tokenCount: 5 }] }
      assert.strictEqual(Cost.of("gemini-2.5-flash", { usageMetadata: odd }).total, undefined)
      const served = Cost.of("gemini-2.5-flash", { usageMetadata: { promptTokenCount: 5, serviceTier: name } })
      assert.isTrue(served.isPartial)
    }
  })

  const storageOf = (model: string) => Cost.storage(model, { tokens: 1, duration: "1 hour" }).total

  it("of a modality that the server did not say are none, or the dearest", () => {
    const usageMetadata = { promptTokenCount: 1_000_000 }
    assert.strictEqual(Cost.of("gemini-2.5-flash", { usageMetadata }).total, undefined)
    const { total } = Cost.of("gemini-2.5-flash", { usageMetadata }, { unnamed: "dearest" })
    assert.strictEqual(total && BigDecimal.format(total), "1")
  })

  it("that are not amounts count as missing, not as nothing", () => {
    for (const rate of ["", " ", "1,5", "free"]) {
      const prices = { asOf: "2026-11-01", source: "ours", models: { mine: [{ input: { any: rate }, output: {} }] } }
      assert.strictEqual(Cost.of("mine", { usageMetadata: { promptTokenCount: 5 } }, { prices }).total, undefined)
    }
  })
})
