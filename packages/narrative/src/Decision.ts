/**
 * What somebody decided about an act that waited for approval.
 *
 * @since 0.3.0
 */
import * as Schema from "effect/Schema"

/**
 * `approve` lets the act be sent, `deny` makes it fail for good. `by` and `reason` are as they were given.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Decision = Schema.Struct({
  verdict: Schema.Literals(["approve", "deny"]),
  by: Schema.optionalKey(Schema.String),
  reason: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.3.0
 */
export type Decision = typeof Decision.Type
