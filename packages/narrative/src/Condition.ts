/**
 * Conditions of acts (`when`) and of the end of loops (`until`), as a narrative writes them and as data.
 *
 * `critique.score < 7 and not (draft contains "TODO")`: comparisons by `==`, `!=`, `<`, `<=`, `>`, `>=` and `contains`, joined by
 * `and`, `or` and `not`, which bind in this order from the loosest: `or`, `and`, `not`. A reference alone holds if it is
 * neither missing, null, false, 0 nor empty.
 *
 * @since 0.3.0
 */
import * as Schema from "effect/Schema"
import { OutputPlace, print as printPlace } from "./Reference.ts"

/**
 * A place in an output, or a value that is written out.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Operand = Schema.Union([
  OutputPlace,
  Schema.Struct({ value: Schema.Union([Schema.String, Schema.Finite, Schema.Boolean, Schema.Null]) })
])

/**
 * @category models
 * @since 0.3.0
 */
export type Operand = typeof Operand.Type

/**
 * How two operands are compared. Texts are compared with numbers as numbers.
 *
 * @category schemas
 * @since 0.3.0
 */
export const Comparison = Schema.Literals(["==", "!=", "<", "<=", ">", ">=", "contains"])

/**
 * @category models
 * @since 0.3.0
 */
export type Comparison = typeof Comparison.Type

/**
 * A condition as data.
 *
 * @category models
 * @since 0.3.0
 */
export type Condition =
  | { readonly _tag: "Holds"; readonly what: Operand }
  | { readonly _tag: "Compare"; readonly left: Operand; readonly by: Comparison; readonly right: Operand }
  | { readonly _tag: "Not"; readonly of: Condition }
  | { readonly _tag: "And" | "Or"; readonly left: Condition; readonly right: Condition }

const Inner = Schema.suspend((): Schema.Codec<Condition> => Condition)

/**
 * @category schemas
 * @since 0.3.0
 */
export const Condition: Schema.Codec<Condition> = Schema.Union([
  Schema.TaggedStruct("Holds", { what: Operand }),
  Schema.TaggedStruct("Compare", { left: Operand, by: Comparison, right: Operand }),
  Schema.TaggedStruct("Not", { of: Inner }),
  Schema.Struct({ _tag: Schema.Literals(["And", "Or"]), left: Inner, right: Inner })
])

const operand = (what: Operand): string => "ref" in what ? printPlace(what) : JSON.stringify(what.value)

const inner = (condition: Condition): string =>
  condition._tag === "And" || condition._tag === "Or" ? `(${print(condition)})` : print(condition)

/**
 * A condition as a narrative writes it.
 *
 * @category conversions
 * @since 0.3.0
 */
export const print = (condition: Condition): string => {
  switch (condition._tag) {
    case "Holds":
      return operand(condition.what)
    case "Compare":
      return `${operand(condition.left)} ${condition.by} ${operand(condition.right)}`
    case "Not":
      return `not ${inner(condition.of)}`
    default:
      return `${inner(condition.left)} ${condition._tag.toLowerCase()} ${inner(condition.right)}`
  }
}
