/**
 * A schema's type guard over parsed JSON, in a third of the compiled schema's time.
 *
 * Why not Effect's JIT compiler: its guard asks an object for every declared key (a
 * hundred in a response, of which a chunk has a dozen) and runs each union as a list of
 * functions; it weighs 7 kB gzipped, and where code may not be generated (workers, pages
 * with a content security policy) it falls back to the interpreter, thirty times slower.
 * This one goes over the keys that are there. packages/bench: chunks-40, bundle.
 *
 * Invariant: what passes, passes `Schema.is`. What does not pass may only be something
 * this file does not know, so the caller asks `Schema.is` before refusing anything.
 */
import type * as Schema from "effect/Schema"
import * as SchemaAST from "effect/SchemaAST"

const STRING = 1
const NUMBER = 2
const BOOLEAN = 4
const NULL = 8
const UNDEFINED = 16
const OBJECT = 32
const ARRAY = 64
const ANY = 255

const kind = (value: unknown): number => {
  switch (typeof value) {
    case "string":
      return STRING
    case "number":
      return NUMBER
    case "object":
      return value === null ? NULL : Array.isArray(value) ? ARRAY : OBJECT
    case "boolean":
      return BOOLEAN
    case "undefined":
      return UNDEFINED
    default:
      return 128
  }
}

type Test = (value: unknown) => boolean

/** The kinds of values that pass without a look inside, and a test for the others. */
class ShapeRule {
  readonly kinds: number
  readonly test: Test

  constructor(kinds: number, test: Test = never) {
    this.kinds = kinds
    this.test = test
  }
}

const never: Test = () => false

const passes = (rule: ShapeRule, value: unknown): boolean => (rule.kinds & kind(value)) !== 0 || rule.test(value)

const unknown = new ShapeRule(0)

const known = new WeakMap<SchemaAST.AST, ShapeRule>()

const ruleOf = (ast: SchemaAST.AST): ShapeRule => {
  const rule = known.get(ast) ?? (ast.encoding === undefined ? checked(ast, bare(ast)) : unknown)
  known.set(ast, rule)
  return rule
}

/** The rule with the checks that the schema has besides its shape. */
const checked = (ast: SchemaAST.AST, rule: ShapeRule): ShapeRule => {
  const { checks } = ast
  if (checks === undefined) return rule
  const run = (check: SchemaAST.Check<unknown>, value: unknown): boolean =>
    check._tag === "FilterGroup"
      ? check.checks.every((inner) => run(inner, value))
      : check.run(value, ast, {}) === undefined
  return new ShapeRule(0, (value) => passes(rule, value) && checks.every((check) => run(check, value)))
}

const bare = (ast: SchemaAST.AST): ShapeRule => {
  switch (ast._tag) {
    case "String":
      return new ShapeRule(STRING)
    case "Number":
      return new ShapeRule(NUMBER)
    case "Boolean":
      return new ShapeRule(BOOLEAN)
    case "Null":
      return new ShapeRule(NULL)
    case "Undefined":
      return new ShapeRule(UNDEFINED)
    case "Unknown":
    case "Any":
      return new ShapeRule(ANY)
    case "Literal":
      return new ShapeRule(0, (value) => value === ast.literal)
    case "Union":
      return ast.options === undefined ? union(ast.types.map(ruleOf)) : unknown
    case "Arrays":
      return ast.elements.length === 0 && ast.rest[0] !== undefined && ast.rest.length === 1
        ? list(ruleOf(ast.rest[0]))
        : unknown
    case "Objects":
      return object(ast)
    case "Suspend":
      return new ShapeRule(0, (value) => passes(ruleOf(ast.thunk()), value))
    default:
      return unknown
  }
}

const union = (rules: ReadonlyArray<ShapeRule>): ShapeRule => {
  const kinds = rules.reduce((kinds, rule) => kinds | rule.kinds, 0)
  const tests = rules.map((rule) => rule.test).filter((test) => test !== never)
  return new ShapeRule(kinds, tests.length > 1 ? (value) => tests.some((test) => test(value)) : tests[0])
}

const list = (item: ShapeRule): ShapeRule =>
  new ShapeRule(0, (value) => {
    if (!Array.isArray(value)) return false
    for (let i = 0; i < value.length; i++) if (!passes(item, value[i])) return false
    return true
  })

const isRecord = (value: unknown): value is Record<string, unknown> => kind(value) === OBJECT

const object = ({ indexSignatures, propertySignatures }: SchemaAST.Objects): ShapeRule => {
  const [index] = indexSignatures
  if (index !== undefined) {
    const isPlain = indexSignatures.length === 1 && propertySignatures.length === 0 &&
      index.parameter._tag === "String" && index.parameter.checks === undefined
    return isPlain ? record(ruleOf(index.type)) : unknown
  }
  const rules = new Map<string, ShapeRule>()
  const required: Array<string> = []
  for (const { name, type } of propertySignatures) {
    if (typeof name !== "string") return unknown
    rules.set(name, ruleOf(type))
    if (!SchemaAST.isOptional(type)) required.push(name)
  }
  // The chunks of a stream have the same keys in the same order: the rule that was used at this place last time mostly
  // saves the lookup.
  const names: Array<string> = []
  const found: Array<ShapeRule | undefined> = []
  return new ShapeRule(0, (value) => {
    if (!isRecord(value)) return false
    let i = 0
    for (const name in value) {
      if (names[i] !== name) {
        names[i] = name
        found[i] = rules.get(name)
      }
      const rule = found[i++]
      if (rule !== undefined && !passes(rule, value[name])) return false
    }
    for (let i = 0; i < required.length; i++) if (!Object.hasOwn(value, required[i] ?? "")) return false
    return true
  })
}

const record = (item: ShapeRule): ShapeRule =>
  item.kinds === ANY ? new ShapeRule(OBJECT) : new ShapeRule(0, (value) => {
    if (!isRecord(value)) return false
    for (const name in value) if (!passes(item, value[name])) return false
    return true
  })

/** Whether a value is certainly an `A`. */
export const make = <A>(schema: Schema.Codec<A>): (value: unknown) => value is A => {
  let rule: ShapeRule | undefined
  return (value): value is A => passes(rule ??= ruleOf(schema.ast), value)
}
