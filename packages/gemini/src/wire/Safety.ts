/**
 * Safety: what a request wants blocked, and what a response was rated.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric, openName } from "../internal/wire/leaves.ts"

/**
 * The categories in use. Older models know more; the enum is open.
 *
 * @category models
 * @since 0.1.0
 */
export type HarmCategory =
  | "HARM_CATEGORY_HARASSMENT"
  | "HARM_CATEGORY_HATE_SPEECH"
  | "HARM_CATEGORY_SEXUALLY_EXPLICIT"
  | "HARM_CATEGORY_DANGEROUS_CONTENT"
  | "HARM_CATEGORY_CIVIC_INTEGRITY"
  | "HARM_CATEGORY_JAILBREAK"

/**
 * The probability from which on a category is blocked. There is one setting for each category.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SafetySetting = Schema.Struct({
  category: openName<HarmCategory>(),
  threshold: openName<"BLOCK_LOW_AND_ABOVE" | "BLOCK_MEDIUM_AND_ABOVE" | "BLOCK_ONLY_HIGH" | "BLOCK_NONE" | "OFF">()
})

/**
 * @category models
 * @since 0.1.0
 */
export interface SafetySetting extends Schema.Schema.Type<typeof SafetySetting> {}

/**
 * A rating of a prompt or of a candidate. Vertex adds scores and severities.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SafetyRating = Schema.Struct({
  category: enumField<HarmCategory>(),
  probability: enumField<"NEGLIGIBLE" | "LOW" | "MEDIUM" | "HIGH">(),
  blocked: field(Schema.Boolean),
  probabilityScore: numeric,
  severity: enumField<string>(),
  severityScore: numeric
})

/**
 * @category models
 * @since 0.1.0
 */
export interface SafetyRating extends Schema.Schema.Type<typeof SafetyRating> {}
