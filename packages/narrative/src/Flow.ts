/**
 * How acts are played more than once: for each item of a list, or again and again until a condition holds; and what Google
 * does itself for an act.
 *
 * @since 0.3.0
 */
import * as Schema from "effect/Schema"
import { Condition } from "./Condition.ts"
import { OutputPlace } from "./Reference.ts"

/**
 * The list of a fan-out: a place in an act's output, or values that the narrative has written out.
 *
 * @category schemas
 * @since 0.3.0
 */
export const List = Schema.Union([OutputPlace, Schema.Struct({ values: Schema.Array(Schema.Json) })])

/**
 * @category models
 * @since 0.3.0
 */
export type List = typeof List.Type

/**
 * An act for each item of a list, side by side. `as` is what its texts call the item. A list of more than `max` items is
 * refused.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Each = Schema.Struct({ list: List, as: Schema.String, max: Schema.Finite })

/**
 * @category models
 * @since 0.3.0
 */
export type Each = typeof Each.Type

/**
 * An act again and again until the condition holds, `max` times at most. If it does not hold then, the last round's output
 * is kept, or the act has failed.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Repeat = Schema.Struct({
  until: Condition,
  max: Schema.Finite,
  onMax: Schema.Literals(["keep", "fail"])
})

/**
 * @category models
 * @since 0.3.0
 */
export type Repeat = typeof Repeat.Type

/**
 * What Google does itself while it answers: search the web, read addresses in the prompt, run code.
 *
 * @category schemas
 * @since 0.3.0
 */
export const BuiltIn = Schema.Literals(["search", "url_context", "code_execution"])

/**
 * @category models
 * @since 0.3.0
 */
export type BuiltIn = typeof BuiltIn.Type
