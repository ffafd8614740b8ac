/**
 * List prices of the paid tier in US dollars, for one million tokens where no other unit is named. This module is data
 * only: each price names the page that states it and the day on which that page was read. A price that no page states
 * is not here, and what it would price is unpriced.
 *
 * The day 2026-10-07 stands for a transcription of the page (api-evangelist/deepmind,
 * plans/deepmind-plans-pricing.yml), 2026-09-25 for excerpts of it with which parsers of the page are tested, and
 * 2026-03-30 for a whole copy of it. The prices of 2.5 are the same in all three. Priority is stated only as a range
 * ("75 % to 100 % more than standard"), so no price of it is here.
 */
import type { ModePrices, Price, Prices, Rates, Share } from "../../Cost.ts"

/** The day (ISO, UTC) on which the youngest of the prices was read. */
export const asOf = "2026-10-07"
export const source = "https://ai.google.dev/gemini-api/docs/pricing"

/** "Flex inference: 50 % of standard pricing (billed per token)". */
const flex: Share = {
  share: "0.5",
  cachedShare: "0.5",
  source: "https://ai.google.dev/gemini-api/docs/optimization",
  asOf: "2026-10-07"
}
/** "At 50 % of the standard cost". The page's tables for batches leave the price of cached tokens as it is. */
const batch: Share = {
  share: "0.5",
  source: "https://ai.google.dev/gemini-api/docs/batch-api",
  asOf: "2026-03-30"
}

const october = { source, asOf: "2026-10-07" } as const
const september = { source, asOf: "2026-09-25" } as const
const march = { source, asOf: "2026-03-30" } as const

/** Grounding with Google Search: Gemini 3 counts queries, Gemini 2.5 grounded prompts. */
const perQuery = { unit: "query", price: "0.014" } as const
const perPrompt = { unit: "prompt", price: "0.035" } as const
/** Grounding with Google Maps. */
const mapsPerPrompt = { unit: "prompt", price: "0.025" } as const

/** A price for "text / image / video", and another one for audio. */
const seen = (price: string, audio: string): Rates => ({ TEXT: price, IMAGE: price, VIDEO: price, AUDIO: audio })

/** The Flash models of 2026 share their prices, at half until the end of the year. */
const flashOf2026 = (
  from: string,
  batched: { readonly batch: ModePrices | Share; readonly later: ModePrices | Share }
) =>
  [
    {
      ...september,
      from,
      input: { any: "0.75" },
      output: { TEXT: "3.75" },
      cached: { any: "0.075" },
      storage: "0.50",
      grounding: perQuery,
      batch: batched.batch,
      flex
    },
    {
      ...september,
      from: "2027-01-01",
      input: { any: "1.50" },
      output: { TEXT: "7.50" },
      cached: { any: "0.15" },
      storage: "1.00",
      grounding: perQuery,
      batch: batched.later,
      flex
    }
  ] satisfies ReadonlyArray<Price>

const live: ReadonlyArray<Price> = [{
  ...september,
  input: { TEXT: "0.75", AUDIO: "3.00", IMAGE: "1.00", VIDEO: "1.00" },
  output: { TEXT: "4.50", AUDIO: "12.00" },
  grounding: perQuery
}]

const flashLite25: Price = {
  ...march,
  input: seen("0.10", "0.30"),
  output: { TEXT: "0.40" },
  cached: seen("0.01", "0.03"),
  storage: "1.00",
  grounding: perPrompt,
  batch: {
    ...march,
    input: seen("0.05", "0.15"),
    output: { TEXT: "0.20" },
    cached: seen("0.01", "0.03"),
    storage: "1.00"
  },
  flex
}

const pro31: Price = {
  ...october,
  input: { any: "2.00" },
  output: { TEXT: "12.00" },
  cached: { any: "0.20" },
  storage: "4.50",
  long: {
    above: 200_000,
    input: { any: "4.00" },
    output: { TEXT: "18.00" },
    cached: { any: "0.40" },
    storage: "4.50"
  },
  grounding: perQuery,
  batch: {
    ...march,
    input: { any: "1.00" },
    output: { TEXT: "6.00" },
    cached: { any: "0.20" },
    storage: "4.50",
    long: {
      above: 200_000,
      input: { any: "2.00" },
      output: { TEXT: "9.00" },
      cached: { any: "0.40" },
      storage: "4.50"
    }
  },
  flex
}

export const table: Prices["models"] = {
  "gemini-3.8-flash": flashOf2026("2026-09-02", {
    batch: { ...september, input: { any: "0.375" }, output: { TEXT: "1.875" } },
    later: { ...september, input: { any: "0.75" }, output: { TEXT: "3.75" } }
  }),
  "gemini-3.7-flash": flashOf2026("2026-09-25", { batch, later: batch }),
  "gemini-3.6-flash": flashOf2026("2026-09-25", { batch, later: batch }),
  "gemini-3.5-flash": [{
    ...october,
    input: { any: "1.50" },
    output: { TEXT: "9.00" },
    grounding: perQuery,
    batch,
    flex
  }],
  "gemini-3.5-flash-lite": [{
    ...october,
    input: seen("0.30", "0.30"),
    output: { TEXT: "2.50" },
    grounding: perQuery,
    batch,
    flex
  }],
  "gemini-3.1-pro-preview": [pro31],
  "gemini-3.1-pro-preview-customtools": [pro31],
  "gemini-3.1-flash-lite-preview": [{
    ...march,
    input: seen("0.25", "0.50"),
    output: { TEXT: "1.50" },
    cached: seen("0.025", "0.05"),
    storage: "1.00",
    grounding: perQuery,
    batch: {
      ...march,
      input: seen("0.125", "0.25"),
      output: { TEXT: "0.75" },
      cached: seen("0.0125", "0.025"),
      storage: "0.50"
    },
    flex
  }],
  "gemini-3-flash-preview": [{
    ...march,
    input: seen("0.50", "1.00"),
    output: { TEXT: "3.00" },
    cached: seen("0.05", "0.10"),
    storage: "1.00",
    grounding: perQuery,
    batch: {
      ...march,
      input: seen("0.25", "0.50"),
      output: { TEXT: "1.50" },
      cached: seen("0.05", "0.10"),
      storage: "1.00"
    },
    flex
  }],
  "gemini-3.1-flash-image-preview": [{
    ...march,
    input: { TEXT: "0.50", IMAGE: "0.50" },
    output: { TEXT: "3.00", IMAGE: "60.00" },
    grounding: perQuery,
    batch: { ...march, input: { TEXT: "0.25", IMAGE: "0.25" }, output: { TEXT: "1.50", IMAGE: "30.00" } }
  }],
  "gemini-3-pro-image-preview": [{
    ...march,
    input: { TEXT: "2.00", IMAGE: "2.00" },
    output: { TEXT: "12.00", IMAGE: "120.00" },
    grounding: perQuery,
    batch: { ...march, input: { TEXT: "1.00" }, output: { TEXT: "6.00" } }
  }],
  "gemini-2.5-pro": [{
    ...march,
    input: { any: "1.25" },
    output: { TEXT: "10.00" },
    cached: { any: "0.125" },
    storage: "4.50",
    long: {
      above: 200_000,
      input: { any: "2.50" },
      output: { TEXT: "15.00" },
      cached: { any: "0.25" },
      storage: "4.50"
    },
    grounding: perPrompt,
    maps: mapsPerPrompt,
    batch: {
      ...march,
      input: { any: "0.625" },
      output: { TEXT: "5.00" },
      cached: { any: "0.125" },
      storage: "4.50",
      long: {
        above: 200_000,
        input: { any: "1.25" },
        output: { TEXT: "7.50" },
        cached: { any: "0.25" },
        storage: "4.50"
      }
    },
    flex
  }],
  "gemini-2.5-flash": [{
    ...march,
    input: seen("0.30", "1.00"),
    output: { TEXT: "2.50" },
    cached: seen("0.03", "0.10"),
    storage: "1.00",
    grounding: perPrompt,
    maps: mapsPerPrompt,
    batch: {
      ...march,
      input: seen("0.15", "0.50"),
      output: { TEXT: "1.25" },
      cached: seen("0.03", "0.10"),
      storage: "1.00"
    },
    flex
  }],
  "gemini-2.5-flash-lite": [{ ...flashLite25, maps: mapsPerPrompt }],
  "gemini-2.5-flash-lite-preview-09-2025": [flashLite25],
  "gemini-2.5-flash-image": [{
    ...march,
    input: { TEXT: "0.30", IMAGE: "0.30" },
    output: { TEXT: "2.50", IMAGE: "30.00" },
    batch: { ...march, input: { TEXT: "0.15", IMAGE: "0.15" }, output: { TEXT: "1.25" } }
  }],
  "gemini-2.5-computer-use-preview-10-2025": [{
    ...march,
    input: { any: "1.25" },
    output: { TEXT: "10.00" },
    long: { above: 200_000, input: { any: "2.50" }, output: { TEXT: "15.00" } }
  }],
  "gemini-robotics-er-1.5-preview": [{
    ...march,
    input: seen("0.30", "1.00"),
    output: { TEXT: "2.50" },
    grounding: perPrompt
  }],
  "gemini-3.8-live": live,
  "gemini-3.8-live-extended-thinking": live,
  "gemini-3.1-flash-live-preview": live,
  "gemini-2.5-flash-native-audio-preview-12-2025": [{
    ...march,
    input: { TEXT: "0.50", AUDIO: "3.00", VIDEO: "3.00" },
    output: { TEXT: "2.00", AUDIO: "12.00" }
  }],
  "gemini-3.8-flash-tts": [
    { ...september, input: { TEXT: "0.50" }, output: { AUDIO: "9.00" } },
    { ...september, from: "2027-01-01", input: { TEXT: "1.00" }, output: { AUDIO: "18.00" } }
  ],
  "gemini-2.5-flash-preview-tts": [{
    ...march,
    input: { TEXT: "0.50" },
    output: { AUDIO: "10.00" },
    batch: { ...march, input: { TEXT: "0.25" }, output: { AUDIO: "5.00" } }
  }],
  "gemini-2.5-pro-preview-tts": [{
    ...march,
    input: { TEXT: "1.00" },
    output: { AUDIO: "20.00" },
    batch: { ...march, input: { TEXT: "0.50" }, output: { AUDIO: "10.00" } }
  }],
  "gemini-embedding-2": [{ ...october, input: { TEXT: "0.20" }, output: {} }],
  "gemini-embedding-2-preview": [{
    ...march,
    input: { TEXT: "0.20", IMAGE: "0.45", AUDIO: "6.50", VIDEO: "12.00" },
    output: {}
  }],
  "gemini-embedding-001": [{
    ...march,
    input: { any: "0.15" },
    output: {},
    batch: { ...march, input: { any: "0.075" }, output: {} }
  }]
}
