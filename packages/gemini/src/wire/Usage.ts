/**
 * Token usage in plain numbers, derived from `usageMetadata`.
 *
 * The identity that Google's counters keep: total = prompt + toolUsePrompt +
 * thoughts + candidates, and cached is a part of prompt. Counters that the
 * server left out are 0, as proto3 JSON means it.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric } from "../internal/wire/leaves.ts"

/**
 * @category schemas
 * @since 0.1.0
 */
export const Usage = Schema.Struct({
  promptTokens: Schema.Finite,
  cachedTokens: Schema.Finite,
  toolUsePromptTokens: Schema.Finite,
  thoughtsTokens: Schema.Finite,
  candidatesTokens: Schema.Finite,
  totalTokens: Schema.Finite
})

/**
 * Tokens of one call. All fields are counts of tokens.
 *
 * @category models
 * @since 0.1.0
 */
export type Usage = typeof Usage.Type

/**
 * Tokens of one modality. A missing count is 0.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ModalityTokenCount = Schema.Struct({
  modality: enumField<"TEXT" | "IMAGE" | "VIDEO" | "AUDIO" | "DOCUMENT">(),
  tokenCount: numeric
})

const details = field(Schema.Array(ModalityTokenCount))

/**
 * The tier that served a call; the one enum that Google writes in lower case.
 *
 * @category models
 * @since 0.1.0
 */
export type ServiceTier = "unspecified" | "standard" | "flex" | "priority"

/**
 * `usageMetadata` of generateContent, as received. In streams it is cumulative: the
 * last one counts.
 *
 * @category schemas
 * @since 0.1.0
 */
export const UsageMetadata = Schema.Struct({
  promptTokenCount: numeric,
  cachedContentTokenCount: numeric,
  candidatesTokenCount: numeric,
  toolUsePromptTokenCount: numeric,
  thoughtsTokenCount: numeric,
  totalTokenCount: numeric,
  promptTokensDetails: details,
  cacheTokensDetails: details,
  candidatesTokensDetails: details,
  toolUsePromptTokensDetails: details,
  serviceTier: enumField<ServiceTier>(),
  trafficType: enumField<"ON_DEMAND" | "PROVISIONED_THROUGHPUT">()
})

/**
 * @category models
 * @since 0.1.0
 */
export interface UsageMetadata extends Schema.Schema.Type<typeof UsageMetadata> {}

/**
 * A count as a number; one that is absent, null or unreadable is 0.
 *
 * @category conversions
 * @since 0.1.0
 */
export const count = (value: number | string | null | undefined): number => {
  const number = typeof value === "number" ? value : Number(value ?? 0)
  return Number.isFinite(number) ? number : 0
}

/**
 * The numbers of a `usageMetadata`. A left-out total is computed by the identity.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromMetadata = (metadata: UsageMetadata): Usage => {
  const promptTokens = count(metadata.promptTokenCount)
  const toolUsePromptTokens = count(metadata.toolUsePromptTokenCount)
  const thoughtsTokens = count(metadata.thoughtsTokenCount)
  const candidatesTokens = count(metadata.candidatesTokenCount)
  const total = metadata.totalTokenCount
  return {
    promptTokens,
    cachedTokens: count(metadata.cachedContentTokenCount),
    toolUsePromptTokens,
    thoughtsTokens,
    candidatesTokens,
    totalTokens: total === undefined || total === null
      ? promptTokens + toolUsePromptTokens + thoughtsTokens + candidatesTokens
      : count(total)
  }
}
