/**
 * What answers of models took, in tokens and dollars, and the places which they cited.
 *
 * ```ts
 * import type { Usage } from "effect-gemini-agents/Usage"
 *
 * const usage: Usage = { inputTokens: 1_200, outputTokens: 80, cachedTokens: 0, dollars: "0.000092" }
 * console.log(usage.dollars) // 0.000092
 * ```
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const count = Schema.Finite

/**
 * Tokens as the model counted them, and what they cost in US dollars where prices are known.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Usage = Schema.Struct({
  inputTokens: count,
  outputTokens: count,
  /** Input that came from a cache of the server. */
  cachedTokens: count,
  /** Dollars as a decimal text; missing where no price is known. */
  dollars: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Usage = typeof Usage.Type

/**
 * A place that the model cited.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Source = Schema.Struct({
  title: Schema.String,
  url: Schema.optionalKey(Schema.String),
  mediaType: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.1.0
 */
export type Source = typeof Source.Type
