/**
 * References to what acts wrote: the whole output (`{{draft}}`), a place in one that is JSON (`{{plan.steps[0].title}}`), and
 * what stands in for it where it is not there (`{{rewrite ?? draft ?? "nothing"}}`).
 *
 * @since 0.3.0
 */
import * as Schema from "effect/Schema"

/**
 * The way to a place in a JSON value: names of fields, and positions in lists from 0.
 *
 * @category schemas
 * @since 0.3.0
 */
export const JsonPath = Schema.Array(Schema.Union([Schema.String, Schema.Finite]))

/**
 * @category models
 * @since 0.3.0
 */
export type JsonPath = typeof JsonPath.Type

/**
 * A place in an output. Without a path it is the whole output.
 *
 * @category schemas
 * @since 0.3.0
 */
export const OutputPlace = Schema.Struct({ ref: Schema.String, path: Schema.optionalKey(JsonPath) })

/**
 * @category models
 * @since 0.3.0
 */
export type OutputPlace = typeof OutputPlace.Type

/**
 * A gap in a text. `or` has what is taken instead, in turn, where an act was left out or a field is missing or null: other
 * places, or a text.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Reference = Schema.Struct({
  ...OutputPlace.fields,
  or: Schema.optionalKey(Schema.Array(Schema.Union([Schema.String, OutputPlace])))
})

/**
 * @category models
 * @since 0.3.0
 */
export type Reference = typeof Reference.Type

/**
 * Text with gaps.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Text = Schema.Array(Schema.Union([Schema.String, Reference]))

/**
 * A place as a narrative writes it: `plan.steps[0].title`.
 *
 * @category conversions
 * @since 0.3.0
 */
export const print = ({ path = [], ref }: OutputPlace): string =>
  path.reduce<string>((out, key) => typeof key === "number" ? `${out}[${key}]` : `${out}.${key}`, ref)

/**
 * A gap as a narrative writes it, braces and alternatives included.
 *
 * @category conversions
 * @since 0.3.0
 */
export const printGap = ({ or = [], ...place }: Reference): string => {
  const all = [print(place), ...or.map((other) => typeof other === "string" ? JSON.stringify(other) : print(other))]
  return `{{${all.join(" ?? ")}}}`
}

/**
 * A text as a narrative writes it, variables and partials put in.
 *
 * @category conversions
 * @since 0.3.0
 */
export const printText = (text: typeof Text.Type): string =>
  text.map((piece) => typeof piece === "string" ? piece : printGap(piece)).join("")
