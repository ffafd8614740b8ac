/**
 * The last table of rate limits that Google published (autumn 2025): per project and model,
 * requests a minute, input tokens a minute, requests a day; null: no limit, or none given.
 * In 2026 the numbers are shown to a project's owner only; a model that the table does not have
 * gets the flash model's row.
 */

export const asOf = "2025-10"

export const fallback = "gemini-2.5-flash"

type Row = readonly [rpm: number | null, tpm: number | null, rpd: number | null]

export const tiers: Readonly<Record<"free" | "tier1" | "tier2" | "tier3", Readonly<Record<string, Row>>>> = {
  free: {
    "gemini-2.5-pro": [2, 125_000, 50],
    "gemini-2.5-flash": [10, 250_000, 250],
    "gemini-2.5-flash-lite": [15, 250_000, 1000],
    "gemini-embedding-001": [100, 30_000, 1000]
  },
  tier1: {
    "gemini-2.5-pro": [150, 2_000_000, 10_000],
    "gemini-2.5-flash": [1000, 1_000_000, 10_000],
    "gemini-2.5-flash-lite": [4000, 4_000_000, null],
    "gemini-2.5-flash-image": [500, 500_000, 2000],
    "gemini-embedding-001": [3000, 1_000_000, null]
  },
  tier2: {
    "gemini-2.5-pro": [1000, 5_000_000, 50_000],
    "gemini-2.5-flash": [2000, 3_000_000, 100_000],
    "gemini-2.5-flash-lite": [10_000, 10_000_000, null],
    "gemini-2.5-flash-image": [2000, 1_500_000, 50_000],
    "gemini-embedding-001": [5000, 5_000_000, null]
  },
  tier3: {
    "gemini-2.5-pro": [2000, 8_000_000, null],
    "gemini-2.5-flash": [10_000, 8_000_000, null],
    "gemini-2.5-flash-lite": [30_000, 30_000_000, null],
    "gemini-2.5-flash-image": [5000, 5_000_000, null],
    "gemini-embedding-001": [10_000, 10_000_000, null]
  }
}

/** What an alias stood for in November 2026: quotas are counted on the model behind it. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ["gemini-flash-latest", "gemini-3.8-flash"],
  ["gemini-flash-lite-latest", "gemini-3.5-flash-lite"],
  ["gemini-pro-latest", "gemini-3.1-pro-preview"]
])

/** Live sessions at one time, per project. For the free tier no number was published then. */
export const sessions: ReadonlyMap<string, number> = new Map([["tier1", 50], ["tier2", 1000], ["tier3", 1000]])
