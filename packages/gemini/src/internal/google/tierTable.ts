/**
 * Quotas by tier. This module is data only.
 *
 * Google publishes no table any more (AI Studio shows each project its own). These are the rows of the last published
 * one, a copy of about October 2025. Models that came later have the tier's own line, which is that of the flash model.
 * Concurrency is not one of Google's quotas: it bounds how many calls one process opens at once.
 */
import type { Limits, Tier, TierName } from "../../limits/Tier.ts"

/** The month (ISO) of the published table. */
export const asOf = "2025-10"

const none = Infinity

const row = (rpm: number, tpm: number, rpd: number, concurrency: number): Limits => ({ rpm, tpm, rpd, concurrency })

/** The tier's own line. It also has the number of Live sessions, which are counted by tier. */
const line = (rpm: number, tpm: number, rpd: number, concurrency: number, sessions: number): Limits => ({
  ...row(rpm, tpm, rpd, concurrency),
  sessions
})

export const table: Readonly<Record<TierName, Tier>> = {
  free: {
    name: "free",
    limits: row(10, 250_000, 250, 8),
    models: {
      "gemini-2.5-pro": row(2, 125_000, 50, 8),
      "gemini-2.5-flash": row(10, 250_000, 250, 8),
      "gemini-2.5-flash-lite": row(15, 250_000, 1_000, 8),
      "gemini-embedding-001": row(100, 30_000, 1_000, 8)
    }
  },
  tier1: {
    name: "tier1",
    limits: line(1_000, 1_000_000, 10_000, 64, 50),
    models: {
      "gemini-2.5-pro": row(150, 2_000_000, 10_000, 64),
      "gemini-2.5-flash": row(1_000, 1_000_000, 10_000, 64),
      "gemini-2.5-flash-lite": row(4_000, 4_000_000, none, 64),
      "gemini-2.5-flash-image": row(500, 500_000, 2_000, 64),
      "gemini-embedding-001": row(3_000, 1_000_000, none, 64)
    }
  },
  tier2: {
    name: "tier2",
    limits: line(2_000, 3_000_000, 100_000, 128, 1_000),
    models: {
      "gemini-2.5-pro": row(1_000, 5_000_000, 50_000, 128),
      "gemini-2.5-flash": row(2_000, 3_000_000, 100_000, 128),
      "gemini-2.5-flash-lite": row(10_000, 10_000_000, none, 128),
      "gemini-2.5-flash-image": row(2_000, 1_500_000, 50_000, 128),
      "gemini-embedding-001": row(5_000, 5_000_000, none, 128)
    }
  },
  tier3: {
    name: "tier3",
    limits: line(10_000, 8_000_000, none, 256, 1_000),
    models: {
      "gemini-2.5-pro": row(2_000, 8_000_000, none, 256),
      "gemini-2.5-flash": row(10_000, 8_000_000, none, 256),
      "gemini-2.5-flash-lite": row(30_000, 30_000_000, none, 256),
      "gemini-2.5-flash-image": row(5_000, 5_000_000, none, 256),
      "gemini-embedding-001": row(10_000, 10_000_000, none, 256)
    }
  }
}
