/** From raw TOML to checked acts, or to every problem that there is. It knows no files and no network. */
import * as ModelId from "effect-gemini/models/ModelId"
import * as Result from "effect/Result"
import type * as Act from "../Act.ts"
import * as File from "../NarrativeFile.ts"
import type { Path } from "../TomlPlace.ts"
import * as Nodes from "./actNodes.ts"
import * as CheckAct from "./checkAct.ts"
import { decode, type UnplacedProblem } from "./decode.ts"
import type * as Media from "./media.ts"
import type * as MediaType from "./mediaType.ts"
import * as Partials from "./partials.ts"
import * as References from "./references.ts"
import * as Variables from "./variables.ts"

export interface Given {
  readonly variables: Readonly<Record<string, Variables.Value>>
  readonly fileOf: (kind: MediaType.FileKind, path: string) => Media.FileContent | undefined
  readonly tools: ReadonlyArray<string> | undefined
}

export interface Checked {
  readonly title: string | undefined
  /** The acts in the order of the file. */
  readonly acts: ReadonlyArray<Act.Act>
  readonly found: ReadonlyArray<UnplacedProblem>
}

const fieldsAt = (path: Path): Readonly<Record<string, unknown>> => {
  const last = path.findLast((key) => typeof key === "string")
  if (path.includes("generation")) return File.Generation.fields
  if (path.includes("inputs")) return File.Input.fields
  if (last === "repeat") return File.Repeat.fields
  if (last === "safety") return File.Safety.fields
  return path.includes("acts") ? File.Act.fields : File.NarrativeFile.fields
}

const startsWith = (path: Path, prefix: Path): boolean => prefix.every((segment, i) => path[i] === segment)

export const check = (raw: unknown, given: Given): Checked => {
  const found: Array<UnplacedProblem> = []
  const seen = new Set<string>()
  const report = (problem: UnplacedProblem) => {
    const id = JSON.stringify([problem.path, problem.what]) // a narrative-level text is checked for every act
    if (!seen.has(id)) found.push(problem)
    seen.add(id)
  }
  const isBroken = (path: Path) => found.some((problem) => startsWith(problem.path, path))

  const file = decode(File.NarrativeFile, raw, [], fieldsAt)
  file.found.forEach(report)
  const { acts: rawActs, partials: rawPartials, title, variables: declared, ...defaults } = file.value ?? {}
  if (rawActs === undefined || rawActs.length === 0) {
    if (!isBroken(["acts"])) report({ path: [], what: "there are no acts", hint: "add at least one [[acts]] table" })
  }
  const variables = Variables.resolve(declared ?? {}, given.variables)
  variables.found.forEach(report)
  const partials = Partials.resolve(rawPartials ?? {}, (path) => given.fileOf("text", path), report)
  const model = defaults.model === undefined ? undefined : ModelId.parse(defaults.model)
  if (model !== undefined && Result.isFailure(model)) report({ path: ["model"], what: model.failure })

  const nodes = Nodes.read(rawActs ?? [], ["acts"], fieldsAt, defaults.generation, report)
  Nodes.checkTimes(nodes, report)
  const names = Nodes.names(nodes, new Set(variables.texts.keys()), report, isBroken)
  const count = (nodes: ReadonlyArray<Nodes.Node>): number =>
    nodes.reduce((sum, { children }) => sum + 1 + count(children), 0)
  const made = new Map<Nodes.Node, { isJson?: boolean }>()
  const intoJson = new Set<Nodes.Node>()
  const usedPartials = new Set<string>()
  const shared: CheckAct.Shared = {
    nodes,
    texts: variables.texts,
    partials,
    usedPartials,
    report,
    isBroken,
    intoJson,
    made,
    defaults,
    fileOf: given.fileOf,
    tools: given.tools
  }
  const scope = Nodes.scopeOf(nodes, undefined)
  const acts = CheckAct.checkAll(nodes, scope, undefined, ["acts"], names.size === count(nodes), shared)
  // One that no text holds is checked as if one of any loop did, but no act's answers have to be JSON for it.
  const anywhere = References.readerOf(Nodes.scopeOf(nodes, undefined, Nodes.anyValues(nodes)), undefined, undefined)
  for (const [name, text] of partials) {
    if (text !== undefined && !usedPartials.has(name)) {
      References.textOf(text, ["partials", name], anywhere, { ...shared, intoJson: new Set() })
    }
  }
  for (const node of intoJson) {
    const act = made.get(node)
    if (act !== undefined) act.isJson = true
  }
  return { title, acts, found }
}

/** A file that a narrative names. */
export interface Named {
  readonly kind: MediaType.FileKind
  readonly path: string
}

const fileKeys: ReadonlyArray<readonly ["image" | "pdf" | "audio" | "video" | "text_file", MediaType.FileKind]> = [
  ["image", "image"],
  ["pdf", "pdf"],
  ["audio", "audio"],
  ["video", "video"],
  ["text_file", "text"]
]

/** The files that a narrative names, whatever else is wrong with it. */
export const filesOf = (raw: unknown): ReadonlyArray<Named> => {
  const { acts = [], partials = {} } = decode(File.NarrativeFile, raw, [], fieldsAt).value ?? {}
  const ofNode = ({ children, raw }: Nodes.Node): ReadonlyArray<Named> => [
    ...(raw.inputs ?? []).flatMap((input) =>
      fileKeys.flatMap(([key, kind]) => {
        const path = input[key]
        return path === undefined ? [] : [{ kind, path }]
      })
    ),
    ...children.flatMap(ofNode)
  ]
  return [
    ...Nodes.read(acts, ["acts"], fieldsAt, undefined, () => undefined).flatMap(ofNode),
    ...Object.values(partials).flatMap((partial) => {
      const path = Partials.fileOf(partial)
      return path === undefined ? [] : [{ kind: "text" as const, path }]
    })
  ]
}
