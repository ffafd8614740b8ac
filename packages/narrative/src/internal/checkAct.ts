/** One act's own checks, and those of the acts in it. */
import * as ModelId from "effect-gemini/models/ModelId"
import type { ModelId as Model } from "effect-gemini/models/ModelId"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Act from "../Act.ts"
import type { Each, Repeat } from "../Flow.ts"
import type { Path } from "../TomlPlace.ts"
import * as Nodes from "./actNodes.ts"
import * as Inputs from "./checkInputs.ts"
import * as Conditions from "./conditionText.ts"
import * as JsonShape from "./jsonShape.ts"
import type * as Media from "./media.ts"
import type * as MediaType from "./mediaType.ts"
import { nearest } from "./nearest.ts"
import { order } from "./order.ts"
import * as References from "./references.ts"
import * as Settings from "./settings.ts"
import { namePattern } from "./template.ts"

export interface Shared extends References.Shared {
  readonly defaults: {
    readonly model?: string
    readonly system?: string
    readonly generation?: Settings.RawGeneration
    readonly safety?: Settings.RawSafety
  }
  readonly fileOf: (kind: MediaType.FileKind, path: string) => Media.FileContent | undefined
  /** The functions that the program gives; undefined where it is not known yet. */
  readonly tools: ReadonlyArray<string> | undefined
  /** The acts that were made of the nodes which ask a model. */
  readonly made: Map<Nodes.Node, { isJson?: boolean }>
}

const modelsOf = (node: Nodes.Node, { defaults, report }: Shared) => {
  const { base, raw } = node
  const model = raw.model ?? defaults.model
  const parsed = model === undefined ? undefined : ModelId.parse(model)
  if (raw.model !== undefined && parsed !== undefined && Result.isFailure(parsed)) {
    report({ path: [...base, "model"], what: parsed.failure })
  }
  const fallbackModels = (raw.fallback_models ?? []).flatMap((name, i): ReadonlyArray<Model> => {
    const id = ModelId.parse(name)
    if (Result.isSuccess(id)) return [id.success]
    report({ path: [...base, "fallback_models", i], what: id.failure })
    return []
  })
  return { model: parsed !== undefined && Result.isSuccess(parsed) ? parsed.success : undefined, fallbackModels }
}

const toolsOf = ({ base, raw }: Nodes.Node, { report, tools }: Shared): ReadonlyArray<string> => {
  const names = raw.tools ?? []
  if (names.length > 0 && raw.live === true) {
    report({ path: [...base, "tools"], what: "a Live act has no functions", hint: "leave out live, or tools" })
  }
  names.forEach((name, i) => {
    if (tools === undefined || tools.includes(name)) return
    const near = nearest(name, tools)
    report({
      path: [...base, "tools", i],
      what: `the program gives no function "${name}"`,
      hint: near !== undefined
        ? `did you mean "${near}"?`
        : tools.length === 0
        ? "a program gives them: Narrative.execute(narrative, { tools }), or runs.start"
        : `it gives ${tools.join(", ")}`
    })
  })
  return names
}

/** What an act asks its model. */
const askedOf = (node: Nodes.Node, reader: References.Reader, shared: Shared) => {
  const { base, raw, settings } = node
  const { defaults, report } = shared
  const inputs = Inputs.inputsOf(node, reader, shared)
  const { fallbackModels, model } = modelsOf(node, shared)
  if (settings.thinking_level !== undefined && settings.thinking_budget !== undefined) {
    report({
      path: [...base, ...(raw.generation === undefined ? [] : ["generation"])],
      what: "sets both thinking_level and thinking_budget",
      hint: "the API takes one: a level for Gemini 3, a budget for 2.5"
    })
  }
  const system = raw.system !== undefined
    ? References.filled(raw.system, [...base, "system"], reader, shared)
    : defaults.system === undefined
    ? undefined
    : References.textOf(defaults.system, ["system"], reader, shared)
  const safety = Settings.safetyOf({ ...defaults.safety, ...raw.safety })
  const builtIn = Settings.builtInOf(raw)
  const tools = toolsOf(node, shared)
  return {
    model,
    system,
    inputs,
    generation: Object.keys(settings).length === 0 ? undefined : Settings.generationOf(settings),
    ...(fallbackModels.length === 0 ? {} : { fallbackModels }),
    ...(safety.length === 0 ? {} : { safety }),
    ...(builtIn.length === 0 ? {} : { builtIn }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(raw.live === true ? { live: true } : {})
  }
}

const onlyForActs = [
  "model",
  "system",
  "prompt",
  "inputs",
  "generation",
  "fallback_models",
  "tools",
  "search",
  "url_context",
  "code_execution",
  "live",
  "safety"
] as const

/** What cannot be meant of loops and groups. */
const checkFlow = (node: Nodes.Node, { isBroken, report }: Shared): void => {
  const { base, children, raw } = node
  if (raw.for_each !== undefined && raw.repeat !== undefined) {
    report({
      path: [...base, "repeat"],
      what: "says for_each and repeat at once",
      hint: "make a group with the one, and in its acts one with the other"
    })
  }
  for (const key of ["as", "max_items"] as const) {
    if (raw[key] === undefined || raw.for_each !== undefined) continue
    report({ path: [...base, key], what: `"${key}" is for acts with for_each`, hint: "add for_each, or leave it out" })
  }
  if (raw.as !== undefined && !namePattern.test(raw.as)) {
    report({
      path: [...base, "as"],
      what: `"${raw.as}" cannot be a name`,
      hint: "a letter, then letters, digits, _ or -"
    })
  }
  if (raw.acts === undefined) {
    if (raw.result !== undefined) {
      report({ path: [...base, "result"], what: "result is for groups, which have acts", hint: "leave it out" })
    }
    return
  }
  if (children.length === 0 && !isBroken([...base, "acts"])) {
    report({ path: base, what: "the group has no acts", hint: "add at least one [[acts.acts]] table" })
  }
  if (!Nodes.isLoop(node)) {
    report({
      path: base,
      what: "the group has neither for_each nor repeat",
      hint: "add one of them, or make its acts acts of the file"
    })
  }
  for (const key of onlyForActs) {
    if (raw[key] === undefined) continue
    report({ path: [...base, key], what: `a group has no ${key} of its own`, hint: "say it in its acts" })
  }
  if (raw.result !== undefined && Nodes.resultOf(node) === undefined) {
    const names = children.map(({ name }) => name)
    const near = nearest(raw.result, names)
    report({
      path: [...base, "result"],
      what: `the group has no act "${raw.result}"`,
      hint: near === undefined ? `its acts are ${names.join(", ")}` : `did you mean "${near}"?`
    })
  }
}

const eachOf = (node: Nodes.Node, reader: References.Reader, shared: Shared) => {
  const { for_each: list, max_items: max = 100, as = "item" } = node.raw
  if (list === undefined) return undefined
  const path = [...node.base, "for_each"]
  if (typeof list === "string") {
    const found = References.listOf(list, path, reader, shared)
    const each: Each = { list: found?.place ?? { values: [] }, as, max }
    return { each, items: found?.items ?? { _tag: "Any" } as const, from: found?.from }
  }
  if (list.length === 0 && !shared.isBroken(path)) {
    shared.report({ path, what: "the list is empty", hint: "write at least one value" })
  }
  if (list.length > max) {
    shared.report({ path, what: `the list has ${list.length} items, and max_items is ${max}`, hint: "raise max_items" })
  }
  const values = list.flatMap((value) => Schema.is(Schema.Json)(value) ? [value] : [String(value)])
  const each: Each = { list: { values }, as, max }
  const items = values.length > 0 && values.every((value) => typeof value === "string")
    ? { _tag: "Text" } as const
    : JsonShape.ofValues(values)
  return { each, items, from: undefined }
}

const repeatOf = (node: Nodes.Node, body: References.Reader, shared: Shared): Repeat | undefined => {
  const { base, children, name, raw } = node
  if (raw.repeat === undefined) return undefined
  const path = [...base, "repeat"]
  const { max, on_max: onMax = "keep", until } = raw.repeat
  const { isBroken, report } = shared
  if (max === undefined && !isBroken([...path, "max"])) {
    report({ path, what: "the loop has no maximum", hint: "add max = 5: how many rounds it may cost at most" })
  }
  if (until === undefined) {
    if (!isBroken(path)) {
      report({ path, what: "the loop does not say when it is done", hint: "add until = \"critique.score >= 8\"" })
    }
    return undefined
  }
  const condition = References.conditionOf(until, [...path, "until"], body, shared)
  if (condition === undefined) return undefined
  const inside = new Set(raw.acts === undefined ? [name] : children.map(({ name }) => name))
  if (!Conditions.places(condition).some(({ ref }) => inside.has(ref))) {
    report({
      path: [...path, "until"],
      what: "the condition looks at nothing that the loop plays, so it never changes",
      hint: `use ${[...inside].join(" or ")} in it`
    })
  }
  return { until: condition, max: max ?? 1, onMax }
}

/** What a loop gives its acts. */
const valuesOf = (node: Nodes.Node, fan: ReturnType<typeof eachOf>): Nodes.Scope["values"] => {
  const integer = { kind: JsonShape.known({ type: "integer" }) }
  const values = new Map<string, { readonly kind: Nodes.Kind; readonly from?: Nodes.Node }>([
    ["index", integer],
    ["number", integer]
  ])
  if (fan !== undefined) {
    values.set(fan.each.as, { kind: fan.items, ...(fan.from === undefined ? {} : { from: fan.from }) })
  } else {
    values.set("previous", { kind: Nodes.innerKind(node), from: node })
    for (const child of node.children) values.set(`previous.${child.name}`, { kind: Nodes.kindOf(child), from: child })
  }
  return values
}

const checkNames = (
  node: Nodes.Node,
  values: Nodes.Scope["values"],
  reader: References.Reader,
  shared: Shared
): void => {
  const taken = new Set([
    ...shared.texts.keys(),
    node.name,
    ...Nodes.visible(reader.scope),
    ...node.children.map(({ name }) => name)
  ])
  for (const name of values.keys()) {
    // In a loop in a loop the inner one's number and last round are meant.
    const isShadow = Nodes.loopNames.some((known) => name === known || name.startsWith(`${known}.`)) &&
      reader.scope.values.has(name)
    if (!taken.has(name) || isShadow) continue
    const isOwn = name === (node.raw.as ?? "item") && node.raw.for_each !== undefined
    shared.report({
      path: [...node.base, ...(isOwn && node.raw.as !== undefined ? ["as"] : ["name"])],
      what: `"${name}" means two things in "${node.name}"`,
      hint: isOwn ? "choose another name by as = \"…\"" : `in a loop {{${name}}} is its own; rename the act or variable`
    })
  }
}

const cycleIn = (acts: ReadonlyArray<Act.Act>, base: Path, report: Shared["report"]): void => {
  const played = order(acts)
  if (!("cycle" in played)) return
  const first = acts.findIndex((act) => act.name === played.cycle[0])
  report({
    path: [...base, first],
    what: `the acts wait for each other: ${played.cycle.join(" needs ")}`,
    hint: "take one of these references out"
  })
}

const needsOf = ({ firm, needs }: References.Reader) => {
  const mayLack = [...needs].filter((name) => !firm.has(name))
  return { needs: [...needs], ...(mayLack.length === 0 ? {} : { mayLack }) }
}

/** Checks acts that stand beside each other. */
export const checkAll = (
  nodes: ReadonlyArray<Nodes.Node>,
  scope: Nodes.Scope,
  outer: References.Reader | undefined,
  base: Path,
  areNamed: boolean,
  shared: Shared
): ReadonlyArray<Act.Act> => {
  const acts = nodes.map((node) => checkAct(node, scope, outer, areNamed, shared))
  if (areNamed) cycleIn(acts, base, shared.report)
  return acts
}

const checkAct = (
  node: Nodes.Node,
  scope: Nodes.Scope,
  outer: References.Reader | undefined,
  areNamed: boolean,
  shared: Shared
): Act.Act => {
  const { base, children, name, raw } = node
  const reader = References.readerOf(scope, name, outer)
  checkFlow(node, shared)
  const when = raw.when === undefined
    ? undefined
    : References.conditionOf(raw.when, [...base, "when"], reader, shared)
  const approve = raw.approve === undefined
    ? undefined
    : References.filled(raw.approve, [...base, "approve"], reader, shared)
  const common = () => ({
    name,
    ...needsOf(reader),
    ...(when === undefined ? {} : { when }),
    ...(approve === undefined ? {} : { approve }),
    ...(raw.on_failure === undefined ? {} : { onFailure: raw.on_failure })
  })
  if (!Nodes.isLoop(node) && raw.acts === undefined) {
    const act: Act.Act & { isJson?: boolean } = { ...askedOf(node, reader, shared), ...common() }
    shared.made.set(node, act)
    return act
  }

  const fan = eachOf(node, reader, shared)
  const values = valuesOf(node, fan)
  if (areNamed) checkNames(node, values, reader, shared)
  const inner = Nodes.scopeOf(raw.acts === undefined ? [node] : children, scope, values)
  const until = References.readerOf(inner, undefined, reader)
  const repeat = repeatOf(node, until, shared)
  const bodyOf = (): ReadonlyArray<Act.Act> => {
    if (raw.acts !== undefined) return checkAll(children, inner, reader, [...base, "acts"], areNamed, shared)
    const own = References.readerOf(inner, name, reader)
    const act: Act.Act & { isJson?: boolean } = { name, ...askedOf(node, own, shared), ...needsOf(own) }
    shared.made.set(node, act)
    return [raw.on_failure === undefined ? act : Object.assign(act, { onFailure: raw.on_failure })]
  }
  const acts = bodyOf()
  return {
    ...common(),
    model: undefined,
    system: undefined,
    inputs: [],
    generation: undefined,
    ...(fan === undefined ? {} : { each: fan.each }),
    ...(repeat === undefined ? {} : { repeat }),
    acts,
    result: raw.acts === undefined ? name : Nodes.resultOf(node)?.name ?? acts.at(-1)?.name ?? name
  }
}
