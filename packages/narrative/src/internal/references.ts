/** References of an act, checked against what can be seen from where it stands, and against the schemas of what they name. */
import * as Result from "effect/Result"
import type { Text } from "../Act.ts"
import type { Comparison, Condition, Operand } from "../Condition.ts"
import { type OutputPlace, print } from "../Reference.ts"
import type { Path } from "../TomlPlace.ts"
import * as Nodes from "./actNodes.ts"
import * as Conditions from "./conditionText.ts"
import type { UnplacedProblem } from "./decode.ts"
import * as JsonShape from "./jsonShape.ts"
import { nearest } from "./nearest.ts"
import * as Partials from "./partials.ts"
import * as Template from "./template.ts"

/** What all acts of a file share. */
export interface Shared {
  readonly nodes: ReadonlyArray<Nodes.Node>
  /** All variables by name; undefined stands for a variable whose value is wrong. */
  readonly texts: ReadonlyMap<string, string | undefined>
  readonly partials: Partials.Partials
  readonly report: (found: UnplacedProblem) => void
  /** Whether something at this path, or below it, was reported. */
  readonly isBroken: (path: Path) => boolean
  /** The partials that some text holds. */
  readonly usedPartials: Set<string>
  /** Acts whose answers a path leads into. */
  readonly intoJson: Set<Nodes.Node>
}

/** Where a reference stands: in an act, which may be one of a group. */
export interface Reader {
  readonly scope: Nodes.Scope
  /** The act itself, whose output is not there yet. */
  readonly self: string | undefined
  readonly needs: Set<string>
  /** Acts that are needed in any case. */
  readonly firm: Set<string>
  readonly outer: Reader | undefined
}

export const readerOf = (scope: Nodes.Scope, self: string | undefined, outer: Reader | undefined): Reader => ({
  scope,
  self,
  needs: new Set(),
  firm: new Set(),
  outer
})

/** The place of a reference in the file. */
export interface Spot {
  readonly path: Path
  readonly find?: string
  readonly within?: string
}

type Seen =
  | { readonly _tag: "Act"; readonly node: Nodes.Node; readonly reader: Reader }
  | { readonly _tag: "Value"; readonly kind: Nodes.Kind; readonly from?: Nodes.Node }
  | { readonly _tag: "Variable"; readonly text: string | undefined }

const seen = (name: string, reader: Reader | undefined, shared: Shared): Seen | undefined => {
  if (reader === undefined) {
    return shared.texts.has(name) ? { _tag: "Variable", text: shared.texts.get(name) } : undefined
  }
  const value = reader.scope.values.get(name)
  if (value !== undefined) return { _tag: "Value", ...value }
  const node = reader.scope.acts.get(name)
  return node === undefined ? seen(name, reader.outer, shared) : { _tag: "Act", node, reader }
}

const namesFrom = (reader: Reader | undefined): ReadonlyArray<string> =>
  reader === undefined
    ? []
    : [
      ...[...reader.scope.acts.keys()].filter((name) => name !== "" && name !== reader.self),
      ...[...reader.scope.values.keys()].filter((name) => !name.includes(".")),
      ...namesFrom(reader.outer)
    ]

/** How a reference is used. */
export interface Use {
  /** Whether the act is played without it, too. */
  readonly isSoft?: boolean
  /** Whether only acts may be named. */
  readonly onlyActs?: boolean
}

const unknown = (name: string, spot: Spot, reader: Reader, shared: Shared, { onlyActs = false }: Use): void => {
  const others = [...namesFrom(reader), ...(onlyActs ? [] : shared.texts.keys())]
  const near = nearest(name, others)
  const group = Nodes.hidden(name, shared.nodes)
  const list = others.length === 0 ? "there is no other act" : `known here: ${others.join(", ")}`
  shared.report({
    ...spot,
    what: group !== undefined
      ? `"${name}" lies in "${group.name}" and cannot be seen from here`
      : onlyActs
      ? `there is no act "${name}"`
      : `"${name}" is neither an act nor a variable`,
    hint: group !== undefined
      ? `refer to ${group.name}; its \`result\` says which of its acts that is`
      : near !== undefined
      ? `did you mean "${near}"?`
      : onlyActs || spot.find === undefined || spot.within !== undefined
      ? list
      : `${list}; for braces as text write \\{{`
  })
}

/** The rounds before are named by act: `previous.draft.title`. */
const before = (place: OutputPlace, reader: Reader): OutputPlace => {
  const [first, ...rest] = place.path ?? []
  const name = `previous.${String(first)}`
  return place.ref === "previous" && reader.scope.values.has(name)
    ? { ref: name, ...(rest.length === 0 ? {} : { path: rest }) }
    : place
}

/** What stands at a place. Reports what is wrong with it; undefined if it cannot be used. */
const checked = (
  given: OutputPlace,
  spot: Spot,
  reader: Reader,
  shared: Shared,
  use: Use
): { readonly place: OutputPlace; readonly kind: Nodes.Kind } | { readonly text: string | undefined } | undefined => {
  const { report } = shared
  let place = given
  for (let at: Reader | undefined = reader; at !== undefined; at = at.outer) place = before(place, at)
  const { path, ref } = place
  const found = seen(ref, reader, shared)
  if (found === undefined) {
    unknown(ref, spot, reader, shared, use)
    return undefined
  }
  if (found._tag === "Variable") {
    if (path === undefined) return { text: found.text }
    report({ ...spot, what: `"${ref}" is a variable, which has no fields`, hint: `write ${ref} alone` })
    return undefined
  }
  if (found._tag === "Act") {
    if (ref === found.reader.self) {
      report(
        found.reader === reader
          ? { ...spot, what: `act "${ref}" refers to its own output`, hint: "an act can use only other acts" }
          : {
            ...spot,
            what: `"${ref}" is not there yet: this act is a part of it`,
            hint: "use the acts beside this one"
          }
      )
      return undefined
    }
    found.reader.needs.add(ref)
    if (use.isSoft !== true) found.reader.firm.add(ref)
  }
  const from = found._tag === "Act" ? found.node : found.from
  const kind = found._tag === "Act" ? Nodes.kindOf(found.node) : found.kind
  if (path === undefined) return { place, kind }
  if (kind._tag === "Text") {
    const what = found._tag === "Act" ? `act "${ref}" writes a text` : `"${ref}" is a text`
    const hint = from === undefined
      ? `write ${ref} alone`
      : `give "${from.name}" a response_json_schema under generation`
    report({ ...spot, what: `${what}, which has no fields to take ${print(given)} from`, hint })
    return undefined
  }
  const shape = JsonShape.at(kind, path, ref.replace("previous.", "the last "))
  if (shape._tag === "Never") {
    report({ ...spot, what: shape.what, hint: shape.hint })
    return undefined
  }
  if (from !== undefined) Nodes.leaves(from).forEach((leaf) => shared.intoJson.add(leaf))
  return { place, kind: shape }
}

/** Partials in partials multiply: a text of these few kilobytes could else fill the memory. */
const mostPartials = 1_000

/** A text with its gaps: variables and partials put in, all else checked. */
export const textOf = (text: string, path: Path, reader: Reader, shared: Shared): Text => {
  const said = new Set<string>()
  let partials = 0
  const pieces = (text: string, at: Path, holders: ReadonlyArray<string>): ReadonlyArray<Template.Piece> =>
    Template.tokens(text).flatMap((token): ReadonlyArray<Template.Piece> => {
      if (token._tag === "Text") return [token.text]
      const spot = { path: at, find: token.written }
      if (token._tag === "Partial") {
        const { name } = token
        if (!shared.partials.has(name) && holders.length === 0) {
          shared.report({ ...spot, ...Partials.unknown(name, shared.partials) })
        }
        partials++
        shared.usedPartials.add(name)
        if (partials === mostPartials + 1) {
          const hint = "partials that hold others multiply: use fewer"
          shared.report({ path, what: `more than ${mostPartials} partials are put into this text`, hint })
        }
        const inner = holders.includes(name) || partials > mostPartials ? undefined : shared.partials.get(name)
        return inner === undefined ? [] : pieces(inner, ["partials", name], [...holders, name])
      }
      const { reference, written } = token
      const places = [reference, ...(reference.or ?? []).filter((other) => typeof other !== "string")]
      const isPlain = reference.path === undefined && reference.or === undefined
      // Braces around a name that this file does not have went to the model as they are before there were paths.
      if (!isPlain && seen(reference.ref, reader, shared) === undefined && !isClose(reference.ref, reader, shared)) {
        return [written]
      }
      if (said.has(`${at.join()} ${written}`) && isPlain && !knows(reference.ref, reader, shared)) return []
      said.add(`${at.join()} ${written}`)
      const last = reference.or?.at(-1) ?? reference
      const found = places.map((place) => checked(place, spot, reader, shared, { isSoft: place !== last }))
      const resolved = new Map(places.map((place, i) => [place, found[i]]))
      const [first] = found
      if (first === undefined) return []
      if ("text" in first) return first.text === undefined ? [] : [first.text]
      const or = (reference.or ?? []).flatMap((other): ReadonlyArray<string | OutputPlace> => {
        if (typeof other === "string") return [other]
        const known = resolved.get(other)
        return known === undefined ? [] : "text" in known ? [known.text ?? ""] : [known.place]
      })
      return [{ ...first.place, ...(or.length === 0 ? {} : { or }) }]
    })
  return Template.joined(pieces(text, path, []))
}

const knows = (name: string, reader: Reader, shared: Shared): boolean => seen(name, reader, shared) !== undefined

const isClose = (name: string, reader: Reader, shared: Shared): boolean =>
  Nodes.hidden(name, shared.nodes) !== undefined ||
  nearest(name, [...namesFrom(reader), ...shared.texts.keys()]) !== undefined

/** A text that must say something. */
export const filled = (text: string, path: Path, reader: Reader, shared: Shared): Text => {
  if (text.trim() === "") shared.report({ path, what: "is empty", hint: "write something, or leave the key out" })
  return textOf(text, path, reader, shared)
}

/** The whole output of an act. */
export const actOf = (name: string, path: Path, reader: Reader, shared: Shared): void => {
  checked({ ref: name }, { path }, reader, shared, { onlyActs: true })
}

const typed = (text: string | undefined): string | boolean =>
  text === "true" ? true : text === "false" ? false : text ?? ""

/** Why two operands can never be compared as the condition does; undefined if they can. */
const odd = (
  kind: Nodes.Kind,
  by: Comparison,
  other: Operand
): { readonly says: string; readonly hint: string } | undefined => {
  if (kind._tag !== "Known") return undefined
  const types = JsonShape.types(kind)
  const says = [...types].join(" or ")
  const isNumber = types.has("number") || types.has("integer")
  if (types.size === 0) return undefined
  if (by !== "==" && by !== "!=" && by !== "contains" && !isNumber) {
    return { says: `is ${says} by its schema, and ${by} compares numbers`, hint: "use == or contains" }
  }
  if (!("value" in other) || other.value === null || by === "contains") return undefined
  const values = JsonShape.values(kind)
  if (values !== undefined && !values.includes(other.value)) {
    const near = nearest(String(other.value), values.map(String))
    return {
      says: `is never ${JSON.stringify(other.value)} by its schema`,
      hint: near === undefined
        ? `it is one of ${values.map((value) => JSON.stringify(value)).join(", ")}`
        : `did you mean "${near}"?`
    }
  }
  const type = typeof other.value
  const fits = type === "number" ? isNumber || types.has("string") : types.has(type)
  return fits
    ? undefined
    : {
      says: `is ${says} by its schema, never the ${type} ${JSON.stringify(other.value)}`,
      hint: `compare it with a value of the type ${says}`
    }
}

/** A condition, whose references are all soft: what was left out is missing in it. */
export const conditionOf = (text: string, path: Path, reader: Reader, shared: Shared): Condition | undefined => {
  const parsed = Conditions.parse(text)
  if (Result.isFailure(parsed)) {
    const { find, hint, what } = parsed.failure
    shared.report({ path, what, hint, ...(find === "" ? {} : { find, within: text }) })
    return undefined
  }
  const replaced = new Map<Operand, Operand>()
  let isGood = true
  for (const { by, other, what } of Conditions.operands(parsed.success)) {
    if (!("ref" in what)) continue
    const spot = { path, find: print(what), within: text }
    const found = checked(what, spot, reader, shared, { isSoft: true })
    if (found === undefined) {
      isGood = false
      continue
    }
    if ("text" in found) {
      replaced.set(what, { value: typed(found.text) })
      continue
    }
    replaced.set(what, found.place)
    const wrong = by === undefined || other === undefined ? undefined : odd(found.kind, by, other)
    if (wrong === undefined) continue
    isGood = false
    shared.report({ ...spot, what: `${print(what)} ${wrong.says}`, hint: wrong.hint })
  }
  return isGood ? mapped(parsed.success, (operand) => replaced.get(operand) ?? operand) : undefined
}

const mapped = (condition: Condition, to: (operand: Operand) => Operand): Condition => {
  switch (condition._tag) {
    case "Holds":
      return { _tag: "Holds", what: to(condition.what) }
    case "Compare":
      return { _tag: "Compare", left: to(condition.left), by: condition.by, right: to(condition.right) }
    case "Not":
      return { _tag: "Not", of: mapped(condition.of, to) }
    default:
      return { _tag: condition._tag, left: mapped(condition.left, to), right: mapped(condition.right, to) }
  }
}

/** The list of a fan-out, and what its items are. */
export const listOf = (
  text: string,
  path: Path,
  reader: Reader,
  shared: Shared
): { readonly place: OutputPlace; readonly items: Nodes.Kind; readonly from: Nodes.Node | undefined } | undefined => {
  if (!/^[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z_$][\w$-]*|\[\d{1,6}\])*$/.test(text)) {
    shared.report({
      path,
      what: `${JSON.stringify(text)} is not the name of a list`,
      hint: text.includes("{{") ? "write it without braces: for_each = \"plan.steps\"" : "such as \"plan.steps\""
    })
    return undefined
  }
  const place = Template.placeOf(text)
  const found = checked(place, { path, find: text }, reader, shared, {})
  if (found === undefined) return undefined
  const kind: Nodes.Kind = "text" in found ? { _tag: "Text" } : found.kind
  const items = kind._tag === "Text" ? undefined : JsonShape.items(kind)
  if ("text" in found || items === undefined) {
    shared.report({
      path,
      find: text,
      what: `${text} is not a list`,
      hint: kind._tag === "Text"
        ? "name a list in the JSON of an act, or write an array"
        : "name the list in it, or write an array"
    })
    return undefined
  }
  const head = seen(found.place.ref, reader, shared)
  const from = head?._tag === "Act" ? head.node : head?._tag === "Value" ? head.from : undefined
  if (from !== undefined) Nodes.leaves(from).forEach((leaf) => shared.intoJson.add(leaf))
  const types = JsonShape.types(items)
  return { place: found.place, items: types.size === 1 && types.has("string") ? { _tag: "Text" } : items, from }
}
