/**
 * List prices of the paid tier in US dollars, of one million tokens where no other unit
 * is named. Data only.
 *
 * From Google's page https://ai.google.dev/gemini-api/docs/pricing as transcribed on
 * 2026-10-07 (api-evangelist/deepmind, plans/deepmind-plans-pricing.yml, and
 * api-evangelist/gemini of 2026-09-20). What that leaves out of a model that it has is
 * from pages that quote the same one: the outputs of 2.5 Pro and 2.5 Flash and the input
 * of 2.5 Flash-Lite (morphllm.com/gemini-api-pricing, deploybase.ai/articles/gemini-api-pricing-2026),
 * the cached input of 3.8 Flash (BerriAI/litellm discussion 39357). A price that none of
 * them states is not here, and what it would price is unpriced.
 */
import type { Prices } from "../Cost.ts"

/** The day (ISO, UTC) of the transcription. */
export const asOf = "2026-10-07"
export const source = "https://ai.google.dev/gemini-api/docs/pricing"

/** Grounding with Google Search: Gemini 3 counts queries, Gemini 2.5 grounded prompts. */
const perQuery = { unit: "query", price: "0.014" } as const

export const table: Prices["models"] = {
  "gemini-3.8-flash": [
    { from: "2026-09-02", input: { any: "0.75" }, output: { TEXT: "3.75" }, cached: "0.075", grounding: perQuery },
    { from: "2027-01-01", input: { any: "1.50" }, output: { TEXT: "7.50" }, grounding: perQuery }
  ],
  "gemini-3.5-flash": [{ input: { any: "1.50" }, output: { TEXT: "9.00" }, grounding: perQuery }],
  "gemini-3.5-flash-lite": [{ input: { any: "0.30" }, output: { TEXT: "2.50" }, grounding: perQuery }],
  "gemini-3.1-pro-preview": [{
    input: { any: "2.00" },
    output: { TEXT: "12.00" },
    long: { above: 200_000, input: { any: "4.00" }, output: { TEXT: "18.00" } },
    grounding: perQuery
  }],
  "gemini-2.5-pro": [{
    input: { any: "1.25" },
    output: { TEXT: "10.00" },
    long: { above: 200_000, input: { any: "2.50" }, output: { TEXT: "15.00" } },
    grounding: { unit: "prompt", price: "0.025" }
  }],
  "gemini-2.5-flash": [{
    input: { TEXT: "0.30", IMAGE: "0.30", VIDEO: "0.30", AUDIO: "1.00" },
    output: { TEXT: "2.50" },
    grounding: { unit: "prompt", price: "0.035" }
  }],
  "gemini-2.5-flash-lite": [{
    input: { TEXT: "0.10" },
    output: { TEXT: "0.40" },
    grounding: { unit: "prompt", price: "0.035" }
  }]
}
