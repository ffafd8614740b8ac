/**
 * The least tokens of a cache, as of November 2026: 1,024 for 2.5 Flash and Flash-Lite (caches of 1,081 and 1,090 tokens
 * were recorded in 2026), 4,096 for 2.5 Pro and the models of 3 (`@ai-sdk/google` 4.0.121). A refusal of the server names
 * its own number. Pure.
 */
import type { GeminiError } from "../../GeminiError.ts"

const small = new Set(["gemini-2.5-flash", "gemini-2.5-flash-lite"])

/** `model` is a concrete model. */
export const of = (model: string): number => small.has(model) ? 1_024 : 4_096

/** The minimum that a refusal names. */
export const refused = ({ reason }: GeminiError): number | undefined => {
  if (reason._tag !== "InvalidRequest") return undefined
  const [, least] = /min_total_token_count=(\d{1,9})/.exec(reason.description ?? "") ?? []
  return least === undefined ? undefined : Number(least)
}
