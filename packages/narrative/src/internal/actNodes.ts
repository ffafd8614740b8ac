/** The acts of a file as a tree: groups have acts of their own. Names, and who may refer to whom, are settled here. */
import * as File from "../NarrativeFile.ts"
import type { Path } from "../TomlPlace.ts"
import { decode, type UnplacedProblem } from "./decode.ts"
import * as JsonShape from "./jsonShape.ts"
import { nearest } from "./nearest.ts"
import type { RawGeneration } from "./settings.ts"
import * as Template from "./template.ts"

export type RawAct = typeof File.Act.Type

/** What a reference stands for: a text, or JSON of some shape. */
export type Kind = JsonShape.Shape | { readonly _tag: "Text" }

/** One act as it was read, with the acts in it. */
export interface Node {
  readonly raw: RawAct
  readonly name: string
  readonly base: Path
  readonly children: ReadonlyArray<Node>
  /** What it gives, once for each item or round. */
  readonly settings: RawGeneration
}

/** A group of acts that can refer to each other. */
export interface Scope {
  readonly acts: ReadonlyMap<string, Node>
  /** What a loop or a fan-out gives its acts: the item, its number, the round before; and the act that it comes from. */
  readonly values: ReadonlyMap<string, { readonly kind: Kind; readonly from?: Node }>
  readonly outer: Scope | undefined
}

const deepest = 4

/** What acts of loops and fan-outs have beside `as`. */
export const loopNames = ["index", "number", "previous"] as const

export const isLoop = ({ raw }: Node): boolean => raw.for_each !== undefined || raw.repeat !== undefined

/** Reads acts and those in them. A broken key is reported and left out. */
export const read = (
  raw: ReadonlyArray<unknown>,
  base: Path,
  fieldsAt: (path: Path) => Readonly<Record<string, unknown>>,
  defaults: RawGeneration | undefined,
  report: (problem: UnplacedProblem) => void
): ReadonlyArray<Node> =>
  raw.flatMap((item, i): ReadonlyArray<Node> => {
    const at = [...base, i]
    const { found, value } = decode(File.Act, item, at, (path) => fieldsAt(["acts", ...path]))
    found.forEach(report)
    if (value === undefined) return []
    // An act with a broken list is one of a fan-out all the same: what it says of its items is not wrong, too.
    const isFan = found.some(({ path }) => path.length === at.length + 1 && path.at(-1) === "for_each")
    const raw = isFan && value.for_each === undefined ? { ...value, for_each: [] } : value
    const depth = at.filter((key) => key === "acts").length
    if (value.acts !== undefined && depth >= deepest) {
      report({ path: [...at, "acts"], what: "groups lie too deep in each other", hint: `${deepest} deep at most` })
    }
    const children = value.acts === undefined || depth >= deepest
      ? []
      : read(value.acts, [...at, "acts"], fieldsAt, defaults, report)
    return [{ raw, name: value.name ?? "", base: at, children, settings: { ...defaults, ...value.generation } }]
  })

/** So often may an act of groups in groups be played at most. */
const mostTimes = 10_000

/** How often an act is played at most. */
const timesOf = ({ raw }: Node): number =>
  raw.repeat !== undefined
    ? raw.repeat.max ?? 1
    : raw.for_each === undefined
    ? 1
    : typeof raw.for_each === "string"
    ? raw.max_items ?? 100
    : raw.for_each.length

/** Loops in loops multiply what they cost. */
export const checkTimes = (
  nodes: ReadonlyArray<Node>,
  report: (problem: UnplacedProblem) => void,
  around = 1
): void => {
  for (const node of nodes) {
    const times = around * timesOf(node)
    if (times > mostTimes) {
      report({
        path: node.base,
        what: `"${node.name}" may be played ${times.toLocaleString("en-US")} times`,
        hint: `lower max_items or max: ${mostTimes.toLocaleString("en-US")} is the most`
      })
    } else checkTimes(node.children, report, times)
  }
}

/** Checks names, which are one for the whole file, and returns those that are good. */
export const names = (
  nodes: ReadonlyArray<Node>,
  variables: ReadonlySet<string>,
  report: (problem: UnplacedProblem) => void,
  isBroken: (path: Path) => boolean
): ReadonlySet<string> => {
  const found = new Set<string>()
  const visit = ({ base, children, name, raw }: Node): void => {
    const path = [...base, "name"]
    if (raw.name === undefined) {
      if (!isBroken(path)) {
        report({ path: base, what: "the act has no name", hint: "add name = \"…\", it is how other acts refer to it" })
      }
    } else if (!Template.namePattern.test(name)) {
      report({
        path,
        what: `"${name}" cannot be a name`,
        hint: "a letter, then letters, digits, _ or -, so that {{name}} can refer to it"
      })
    } else if (found.has(name)) {
      report({ path, what: `a second act is named "${name}"`, hint: "names are what references go by" })
    } else {
      if (variables.has(name)) {
        report({ path, what: `"${name}" is also a variable`, hint: `{{${name}}} has to mean one thing` })
      }
      found.add(name)
    }
    children.forEach(visit)
  }
  nodes.forEach(visit)
  return found
}

/** The node of a group whose output is the group's. */
export const resultOf = ({ children, raw }: Node): Node | undefined =>
  raw.result === undefined ? children.at(-1) : children.find(({ name }) => name === raw.result)

/** What an act gives in one round, or for one item. */
export const innerKind = (node: Node): Kind => {
  if (node.raw.acts !== undefined) {
    const result = resultOf(node)
    return result === undefined ? { _tag: "Any" } : kindOf(result)
  }
  const { response_json_schema: schema } = node.settings
  return schema === undefined ? { _tag: "Text" } : JsonShape.known(schema)
}

/** What references to an act stand for. */
export const kindOf = (node: Node): Kind => {
  const inner = innerKind(node)
  if (node.raw.for_each === undefined || inner._tag === "Any") return inner
  return JsonShape.known({ type: "array", items: inner._tag === "Text" ? { type: "string" } : inner.schema })
}

/** The acts whose answers have to be JSON if a path leads into what this one gives. */
export const leaves = (node: Node): ReadonlyArray<Node> => {
  if (node.raw.acts === undefined) return innerKind(node)._tag === "Text" ? [] : [node]
  const result = resultOf(node)
  return result === undefined ? [] : leaves(result)
}

export const scopeOf = (
  nodes: ReadonlyArray<Node>,
  outer: Scope | undefined,
  values: Scope["values"] = new Map()
): Scope => ({ acts: new Map(nodes.map((node) => [node.name, node])), values, outer })

/** What any loop of the file gives its acts, of whatever kind. */
export const anyValues = (nodes: ReadonlyArray<Node>): Scope["values"] => {
  const any = { kind: { _tag: "Any" } } as const
  const values = new Map<string, typeof any>()
  const visit = (node: Node): void => {
    if (isLoop(node)) { for (const name of [...loopNames, node.raw.as ?? "item"]) values.set(name, any) }
    for (const child of node.children) {
      values.set(child.name, any)
      visit(child)
    }
  }
  nodes.forEach(visit)
  return values
}

/** Where an act lies that cannot be seen from a scope: the group that it is in. */
export const hidden = (name: string, nodes: ReadonlyArray<Node>): Node | undefined => {
  for (const node of nodes) {
    if (node.children.some((child) => child.name === name)) return node
    const deeper = hidden(name, node.children)
    if (deeper !== undefined) return deeper
  }
  return undefined
}

export const near = (name: string, scope: Scope | undefined, variables: Iterable<string>): string | undefined =>
  nearest(name, [...visible(scope), ...variables])

/** The names that can be referred to from a scope. */
export const visible = (scope: Scope | undefined): ReadonlyArray<string> =>
  scope === undefined ? [] : [...scope.acts.keys(), ...scope.values.keys(), ...visible(scope.outer)]
