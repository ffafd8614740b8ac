/**
 * What matchers and templates see of a request. Each view is made once, when it is first looked at, since most rules
 * look at the same two or three.
 */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as Utterance from "../answers/Utterance.ts"
import * as Json from "../json.ts"

const isModel = (content: unknown): boolean => Json.at(content, "role") === "model"

const partsOf = (content: unknown): ReadonlyArray<unknown> => Json.list(Json.at(content, "parts"))

const textOf = (content: unknown): string =>
  partsOf(content).flatMap((part) => {
    const text = Json.text(Json.at(part, "text"))
    return text === undefined || Json.at(part, "thought") === true ? [] : text
  }).join(" ").trim()

const responsesOf = (content: unknown): ReadonlyArray<unknown> =>
  partsOf(content).flatMap((part) => Json.at(part, "functionResponse") ?? [])

/** Whether a content has words or media of the user's own, and not only what functions have returned. */
const speaks = (content: unknown): boolean =>
  !isModel(content) && (partsOf(content).length > responsesOf(content).length || partsOf(content).length === 0)

const turnsOfModel = (contents: ReadonlyArray<unknown>): number => {
  let turns = 0
  let before: unknown
  for (const content of contents) {
    if (isModel(content) && !isModel(before)) turns++
    before = content
  }
  return turns
}

export class Subject {
  readonly request: EmulatorRequest
  /** The body with its names in camelCase. */
  readonly body: Json.Json
  private readonly seen = new Map<string, unknown>()
  private spoke: number | undefined

  constructor(request: EmulatorRequest, body: Json.Json) {
    this.request = request
    this.body = body
  }

  /** Reads a view for matchers and keeps it, because many rules look at the same one. */
  view(name: string, read: (subject: Subject) => unknown): unknown {
    const known = this.seen.get(name)
    if (known !== undefined || this.seen.has(name)) return known
    const made = read(this)
    this.seen.set(name, made)
    return made
  }

  private get contents(): ReadonlyArray<unknown> {
    const { body } = this
    const content = body["content"]
    return content === undefined
      ? Json.list(Json.at(body, "generateContentRequest", "contents") ?? body["contents"])
      : [content]
  }

  /** The place at which the user spoke last; -1 if never. */
  private get last(): number {
    return this.spoke ??= this.contents.findLastIndex(speaks)
  }

  get text(): string {
    return textOf(this.contents[this.last])
  }
  get system(): string | undefined {
    const { systemInstruction } = this.body
    return systemInstruction === undefined ? undefined : textOf(systemInstruction)
  }
  get tools(): ReadonlyArray<string> {
    return Json.list(this.body["tools"]).flatMap((tool) =>
      Object.entries(Object(tool)).flatMap(([name, value]) =>
        name === "functionDeclarations"
          ? Json.list(value).flatMap((each) => Json.text(Json.at(each, "name")) ?? [])
          : [name]
      )
    )
  }
  get schema(): unknown {
    return Utterance.schemaOf(this.body)
  }
  /** The functions whose responses came last. */
  get after(): ReadonlyArray<string> {
    const names: Array<string> = []
    // Contents of one side in a row are one turn.
    for (const content of this.contents.toReversed()) {
      if (isModel(content)) break
      names.unshift(...responsesOf(content).flatMap((each) => Json.text(Json.at(each, "name")) ?? []))
    }
    return names
  }
  /** How many turns the model has had since the user spoke. */
  get step(): number {
    return turnsOfModel(this.contents.slice(this.last + 1))
  }
  /** How many turns the model has had in the whole dialogue. */
  get steps(): number {
    return turnsOfModel(this.contents)
  }
  get turn(): number {
    let turns = 0
    let before: unknown = { role: "model" }
    for (const content of this.contents) {
      if (speaks(content) && (isModel(before) || !speaks(before))) turns++
      before = content
    }
    return Math.max(0, turns - 1)
  }
  get history(): string {
    return this.contents.map(textOf).filter((text) => text !== "").join("\n")
  }
  get media(): ReadonlyArray<string> {
    return partsOf(this.contents[this.last]).flatMap((part) =>
      Json.text(Json.at(Json.at(part, "inlineData") ?? Json.at(part, "fileData"), "mimeType")) ?? []
    )
  }
  /** The value at a JSON pointer. */
  at(pointer: string): unknown {
    let here: unknown = this.body
    if (pointer === "") return here
    for (const step of pointer.slice(1).split("/").map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"))) {
      if (Array.isArray(here)) here = here[Number(step)]
      else if (Json.isObject(here) && Object.hasOwn(here, step)) here = here[step]
      else return undefined
    }
    return here
  }
  /** What a function returned last: the value under `output`, or else the whole response, as the API documents it. */
  result(name: string): unknown {
    for (const content of this.contents.toReversed()) {
      for (const each of responsesOf(content).toReversed()) {
        if (Json.at(each, "name") !== name) continue
        const response = Json.at(each, "response")
        return Json.at(response, "output") ?? response
      }
    }
    return undefined
  }
  /** The arguments with which a function was called last. */
  call(name: string): unknown {
    for (const content of this.contents.toReversed()) {
      for (const part of partsOf(content).toReversed()) {
        if (Json.at(part, "functionCall", "name") === name) return Json.at(part, "functionCall", "args") ?? {}
      }
    }
    return undefined
  }
}
