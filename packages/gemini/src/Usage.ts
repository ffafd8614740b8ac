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
 * A count as the wire may hold it: a number, or an int64 in a string.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Count = Schema.NullOr(Schema.Union([Schema.Finite, Schema.String]))

/**
 * `usageMetadata` of generateContent, as received.
 *
 * @category schemas
 * @since 0.1.0
 */
export const UsageMetadata = Schema.Struct({
  promptTokenCount: Schema.optionalKey(Count),
  cachedContentTokenCount: Schema.optionalKey(Count),
  candidatesTokenCount: Schema.optionalKey(Count),
  toolUsePromptTokenCount: Schema.optionalKey(Count),
  thoughtsTokenCount: Schema.optionalKey(Count),
  totalTokenCount: Schema.optionalKey(Count)
})

/**
 * @category models
 * @since 0.1.0
 */
export type UsageMetadata = typeof UsageMetadata.Type

const count = (value: typeof Count.Type | undefined): number => {
  const number = Number(value ?? 0)
  return Number.isFinite(number) ? number : 0
}

/**
 * The numbers of a `usageMetadata`.
 *
 * @category conversions
 * @since 0.1.0
 */
export const fromMetadata = (metadata: UsageMetadata): Usage => ({
  promptTokens: count(metadata.promptTokenCount),
  cachedTokens: count(metadata.cachedContentTokenCount),
  toolUsePromptTokens: count(metadata.toolUsePromptTokenCount),
  thoughtsTokens: count(metadata.thoughtsTokenCount),
  candidatesTokens: count(metadata.candidatesTokenCount),
  totalTokens: count(metadata.totalTokenCount)
})
