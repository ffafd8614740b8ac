/** From raw TOML to checked acts, or to every problem that there is. It knows no files and no network. */
import * as ModelId from "effect-gemini/models/ModelId"
import type { GenerationConfig } from "effect-gemini/wire/GenerationConfig"
import * as Result from "effect/Result"
import type * as Act from "../Act.ts"
import * as File from "../NarrativeFile.ts"
import type { Path } from "../TomlPlace.ts"
import { decode, type UnplacedProblem } from "./decode.ts"
import * as ImageFile from "./imageFile.ts"
import * as Images from "./images.ts"
import { nearest } from "./nearest.ts"
import { order } from "./order.ts"
import * as Template from "./template.ts"
import * as Variables from "./variables.ts"

export interface Given {
  readonly variables: Readonly<Record<string, Variables.Value>>
  readonly images: ReadonlyMap<string, Images.FileContent>
}

export interface Checked {
  readonly title: string | undefined
  /** The acts in the order of the file. */
  readonly acts: ReadonlyArray<Act.Act>
  readonly found: ReadonlyArray<UnplacedProblem>
}

type RawAct = typeof File.Act.Type
type RawGeneration = typeof File.Generation.Type

const fieldsAt = (path: Path): Readonly<Record<string, unknown>> =>
  path.includes("generation")
    ? File.Generation.fields
    : path.includes("inputs")
    ? File.Input.fields
    : path.includes("acts")
    ? File.Act.fields
    : File.NarrativeFile.fields

const generationOf = (settings: RawGeneration): GenerationConfig => {
  const { thinking_budget: thinkingBudget, thinking_level: level, response_json_schema: schema } = settings
  const thinking = {
    ...(thinkingBudget === undefined ? {} : { thinkingBudget }),
    ...(level === undefined ? {} : { thinkingLevel: level.toUpperCase() })
  }
  const mimeType = settings.response_mime_type ?? (schema === undefined ? undefined : "application/json")
  const wire = {
    temperature: settings.temperature,
    topP: settings.top_p,
    topK: settings.top_k,
    maxOutputTokens: settings.max_output_tokens,
    stopSequences: settings.stop_sequences,
    presencePenalty: settings.presence_penalty,
    frequencyPenalty: settings.frequency_penalty,
    seed: settings.seed,
    responseMimeType: mimeType,
    responseJsonSchema: schema,
    thinkingConfig: Object.keys(thinking).length === 0 ? undefined : thinking
  }
  return Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined))
}

/** What the acts of a narrative share. */
interface SharedByActs {
  readonly defaults: { readonly model?: string; readonly system?: string; readonly generation?: RawGeneration }
  /** All acts that have a name. */
  readonly names: ReadonlySet<string>
  /** All variables by name; undefined stands for a variable whose value is wrong. */
  readonly texts: ReadonlyMap<string, string | undefined>
  readonly images: Given["images"]
  readonly report: (found: UnplacedProblem) => void
  /** Whether something at this path, or below it, was reported. */
  readonly isBroken: (path: Path) => boolean
}

/** One act's own checks. */
const checkAct = (raw: RawAct, base: Path, shared: SharedByActs): Act.Act => {
  const { defaults, images, isBroken, names, report, texts } = shared
  const needs = new Set<string>()

  const reference = (name: string, path: Path, find?: string) => {
    const at = { path, ...(find === undefined ? {} : { find }) }
    if (name === raw.name) {
      report({ ...at, what: `act "${name}" refers to its own output`, hint: "an act can use only other acts" })
    } else if (names.has(name)) needs.add(name)
    else if (!texts.has(name)) {
      const others = [...names, ...(find === undefined ? [] : texts.keys())].filter((known) => known !== raw.name)
      const near = nearest(name, others)
      const list = others.length === 0 ? "there is no other act" : `known here: ${others.join(", ")}`
      report({
        ...at,
        what: find === undefined ? `there is no act "${name}"` : `"${name}" is neither an act nor a variable`,
        hint: near !== undefined
          ? `did you mean "${near}"?`
          : find === undefined
          ? list
          : `${list}; for braces as text write \\{{`
      })
    }
  }

  const template = (text: string, path: Path): Act.Text => {
    const pieces = Template.parse(text)
    for (const name of new Set(Template.refs(pieces))) reference(name, path, `{{${name}}}`)
    return Template.fill(pieces, (name) => texts.get(name))
  }

  const filled = (text: string, path: Path): Act.Text => {
    if (text.trim() === "") report({ path, what: "is empty", hint: "write something, or leave the key out" })
    return template(text, path)
  }

  const inputOf = (input: typeof File.Input.Type, path: Path): ReadonlyArray<Act.Input> => {
    const kinds = (["text", "act", "image", "image_url", "image_base64"] as const).filter((kind) =>
      input[kind] !== undefined
    )
    if (kinds.length !== 1) {
      if (!isBroken(path)) {
        report({
          path,
          what: kinds.length === 0 ? "says nothing" : `says ${kinds.join(" and ")} at once`,
          hint: "an input has exactly one of text, act, image, image_url, image_base64"
        })
      }
      return []
    }
    if (input.text !== undefined) return [{ _tag: "Text", text: filled(input.text, [...path, "text"]) }]
    if (input.act !== undefined) {
      reference(input.act, [...path, "act"])
      return [{ _tag: "Output", act: input.act }]
    }
    const image = input.image !== undefined
      ? Images.fromFile(input.image, images.get(input.image), input.media_type)
      : input.image_url !== undefined
      ? Images.fromUrl(input.image_url, input.media_type)
      : Images.fromBase64(input.image_base64 ?? "", input.media_type)
    if (Result.isSuccess(image)) return [{ _tag: "Image", ...image.success }]
    const { key, ...wrong } = image.failure
    report({ ...wrong, path: [...path, key] })
    return []
  }

  const inputs = (raw.inputs ?? []).flatMap((input, i) => inputOf(input, [...base, "inputs", i]))
  if (raw.prompt !== undefined) inputs.push({ _tag: "Text", text: filled(raw.prompt, [...base, "prompt"]) })
  const files = (raw.inputs ?? []).reduce((sum, { image }) => {
    const content = image === undefined ? undefined : images.get(image)
    return content !== undefined && Result.isSuccess(content) ? sum + content.success.size : sum
  }, 0)
  if (files > ImageFile.largestSum) {
    report({
      path: [...base, "inputs"],
      what: `the images of this act are larger than ${ImageFile.shown(ImageFile.largestSum)} together`,
      hint: "name fewer, or make them smaller"
    })
  }
  const saysNothing = raw.prompt === undefined && (raw.inputs ?? []).length === 0
  if (saysNothing && !isBroken(base)) {
    report({ path: base, what: "the act has nothing to say", hint: "add prompt = \"…\", or inputs" })
  }

  const model = raw.model ?? defaults.model
  const parsed = model === undefined ? undefined : ModelId.parse(model)
  if (raw.model !== undefined && parsed !== undefined && Result.isFailure(parsed)) {
    report({ path: [...base, "model"], what: parsed.failure })
  }
  const fallbackModels = (raw.fallback_models ?? []).flatMap((name, i) => {
    const id = ModelId.parse(name)
    if (Result.isSuccess(id)) return [id.success]
    report({ path: [...base, "fallback_models", i], what: id.failure })
    return []
  })
  const generation = { ...defaults.generation, ...raw.generation }
  if (generation.thinking_level !== undefined && generation.thinking_budget !== undefined) {
    report({
      path: [...base, ...(raw.generation === undefined ? [] : ["generation"])],
      what: "sets both thinking_level and thinking_budget",
      hint: "the API takes one: a level for Gemini 3, a budget for 2.5"
    })
  }
  const system = raw.system !== undefined
    ? filled(raw.system, [...base, "system"])
    : defaults.system === undefined
    ? undefined
    : template(defaults.system, ["system"])
  const approve = raw.approve === undefined ? undefined : filled(raw.approve, [...base, "approve"])
  return {
    name: raw.name ?? "",
    model: parsed !== undefined && Result.isSuccess(parsed) ? parsed.success : undefined,
    needs: [...needs],
    system,
    inputs,
    generation: Object.keys(generation).length === 0 ? undefined : generationOf(generation),
    ...(approve === undefined ? {} : { approve }),
    ...(fallbackModels.length === 0 ? {} : { fallbackModels }),
    ...(raw.on_failure === undefined ? {} : { onFailure: raw.on_failure })
  }
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
  const { acts: rawActs, title, variables: declared, ...defaults } = file.value ?? {}
  if (rawActs === undefined || rawActs.length === 0) {
    if (!isBroken(["acts"])) report({ path: [], what: "there are no acts", hint: "add at least one [[acts]] table" })
  }
  const variables = Variables.resolve(declared ?? {}, given.variables)
  variables.found.forEach(report)
  const model = defaults.model === undefined ? undefined : ModelId.parse(defaults.model)
  if (model !== undefined && Result.isFailure(model)) report({ path: ["model"], what: model.failure })

  const decoded = (rawActs ?? []).map((act, i) => {
    const { found: wrong, value } = decode(File.Act, act, ["acts", i], (path) => fieldsAt(["acts", ...path]))
    wrong.forEach(report)
    return { act: value, base: ["acts", i] }
  })
  const names = new Set<string>()
  for (const { act, base } of decoded) {
    const path = [...base, "name"]
    if (act?.name === undefined) {
      if (act !== undefined && !isBroken(path)) {
        report({ path: base, what: "the act has no name", hint: "add name = \"…\", it is how other acts refer to it" })
      }
    } else if (!Template.namePattern.test(act.name)) {
      report({
        path,
        what: `"${act.name}" cannot be a name`,
        hint: "a letter, then letters, digits, _ or -, so that {{name}} can refer to it"
      })
    } else if (names.has(act.name)) {
      report({ path, what: `a second act is named "${act.name}"`, hint: "names are what references go by" })
    } else if (variables.texts.has(act.name)) {
      report({ path, what: `"${act.name}" is also a variable`, hint: `{{${act.name}}} has to mean one thing` })
      names.add(act.name)
    } else names.add(act.name)
  }
  const shared = { defaults, names, texts: variables.texts, images: given.images, report, isBroken }
  const acts = decoded.flatMap(({ act, base }) => act === undefined ? [] : [checkAct(act, base, shared)])
  if (acts.length === names.size) {
    const played = order(acts)
    if ("cycle" in played) {
      const first = acts.findIndex((act) => act.name === played.cycle[0])
      report({
        path: ["acts", first],
        what: `the acts wait for each other: ${played.cycle.join(" needs ")}`,
        hint: "take one of these references out"
      })
    }
  }
  return { title, acts, found }
}

/** The image files that a narrative names, whatever else is wrong with it. */
export const imagesOf = (raw: unknown): ReadonlyArray<string> => {
  const { acts = [] } = decode(File.NarrativeFile, raw, [], fieldsAt).value ?? {}
  return acts.flatMap((act, i) =>
    decode(File.Act, act, ["acts", i], fieldsAt).value?.inputs?.flatMap(({ image }) =>
      image === undefined ? [] : [image]
    ) ?? []
  )
}
