/**
 * Candidates: the answers inside a response, why they ended and how they were rated.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric } from "../internal/wire/leaves.ts"
import { Content } from "./Content.ts"
import { AttributionSourceId, CitationMetadata, GroundingMetadata, UrlContextMetadata } from "./Grounding.ts"
import { SafetyRating } from "./Safety.ts"

/**
 * Why a candidate ended, as far as documented in November 2026 (Discovery `v1beta` and
 * `@google/genai` 3.3). The enum is open. A function call ends with STOP.
 *
 * @category models
 * @since 0.1.0
 */
export type FinishReason =
  | "STOP"
  | "MAX_TOKENS"
  | "SAFETY"
  | "RECITATION"
  | "LANGUAGE"
  | "OTHER"
  | "BLOCKLIST"
  | "PROHIBITED_CONTENT"
  | "SPII"
  | "MALFORMED_FUNCTION_CALL"
  | "IMAGE_SAFETY"
  | "IMAGE_PROHIBITED_CONTENT"
  | "IMAGE_OTHER"
  | "NO_IMAGE"
  | "IMAGE_RECITATION"
  | "UNEXPECTED_TOOL_CALL"
  | "TOO_MANY_TOOL_CALLS"
  | "MISSING_THOUGHT_SIGNATURE"
  | "MALFORMED_RESPONSE"
  | "ESCALATION"
  | "MODEL_ARMOR"
  | "PUP_LIMITED_DISABLED"
  | "CONTINUATION"

/**
 * What a finish reason makes of an answer: `whole` and `continued` are answers; `blocked` (for what it says), `call`
 * (for a tool call that the API rejected) and `malformed` are errors, even if there are parts; for an `unknown` one
 * the parts decide.
 *
 * @category models
 * @since 0.2.0
 */
export type FinishKind = "whole" | "continued" | "blocked" | "call" | "malformed" | "unknown"

// The one table of what the reasons mean: the client's errors, the reasons of `effect/ai` and
// the telemetry follow from it. A name that is not here is unknown, never good. The first ones stand in the order of
// their proto numbers, from 1; numbers above 12 are not published in any copy of the proto that we could read (November
// 2026).
const kinds: Readonly<Record<FinishReason, FinishKind>> = {
  STOP: "whole",
  MAX_TOKENS: "whole",
  SAFETY: "blocked",
  RECITATION: "blocked",
  OTHER: "unknown",
  LANGUAGE: "blocked",
  BLOCKLIST: "blocked",
  PROHIBITED_CONTENT: "blocked",
  SPII: "blocked",
  MALFORMED_FUNCTION_CALL: "call",
  IMAGE_SAFETY: "blocked",
  UNEXPECTED_TOOL_CALL: "call",
  // The numbers of those that follow are not known.
  IMAGE_PROHIBITED_CONTENT: "blocked",
  IMAGE_RECITATION: "blocked",
  IMAGE_OTHER: "blocked",
  NO_IMAGE: "blocked",
  MODEL_ARMOR: "blocked",
  PUP_LIMITED_DISABLED: "blocked",
  ESCALATION: "blocked",
  TOO_MANY_TOOL_CALLS: "call",
  MISSING_THOUGHT_SIGNATURE: "call",
  MALFORMED_RESPONSE: "malformed",
  CONTINUATION: "continued"
}

const isKnown = (reason: string): reason is FinishReason => Object.hasOwn(kinds, reason)

/**
 * What a finish reason makes of an answer. FINISH_REASON_UNSPECIFIED and names that are not
 * documented yet are `unknown`.
 *
 * @category getters
 * @since 0.2.0
 */
export const finishKind = (reason: string): FinishKind => isKnown(reason) ? kinds[reason] : "unknown"

// The names by their proto numbers, for `$alt=json;enum-encoding=int`.
const numbers: ReadonlyArray<string> = ["FINISH_REASON_UNSPECIFIED", ...Object.keys(kinds).slice(0, 12)]

const Token = Schema.Struct({
  token: field(Schema.String),
  tokenId: numeric,
  logProbability: numeric
})

/**
 * Log probabilities of the chosen tokens and of their best alternatives.
 *
 * @category schemas
 * @since 0.1.0
 */
export const LogprobsResult = Schema.Struct({
  logProbabilitySum: numeric,
  chosenCandidates: field(Schema.Array(Token)),
  topCandidates: field(Schema.Array(Schema.Struct({ candidates: field(Schema.Array(Token)) })))
})

/**
 * One candidate. Any field may be missing; `finishReason` is an open enum.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Candidate = Schema.Struct({
  content: field(Content),
  finishReason: enumField<FinishReason>(),
  finishMessage: field(Schema.String),
  index: numeric,
  tokenCount: numeric,
  safetyRatings: field(Schema.Array(SafetyRating)),
  citationMetadata: field(CitationMetadata),
  groundingMetadata: field(GroundingMetadata),
  groundingAttributions: field(
    Schema.Array(Schema.Struct({ sourceId: field(AttributionSourceId), content: field(Content) }))
  ),
  urlContextMetadata: field(UrlContextMetadata),
  avgLogprobs: numeric,
  logprobsResult: field(LogprobsResult),
  continuationToken: field(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Candidate extends Schema.Schema.Type<typeof Candidate> {}

/**
 * A candidate's finish reason by name, if it has one yet. FINISH_REASON_UNSPECIFIED
 * counts as one: the server said that the candidate is over.
 *
 * @category getters
 * @since 0.1.0
 */
export const finishReason = (candidate: Candidate | undefined): FinishReason | (string & {}) | undefined => {
  const reason = candidate?.finishReason
  if (typeof reason === "string") return reason === "" ? undefined : reason
  return typeof reason === "number" ? numbers[reason] ?? String(reason) : undefined
}
