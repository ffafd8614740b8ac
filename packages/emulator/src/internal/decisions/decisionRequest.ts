/**
 * The body of `decisions` as Google's description has it (`@google/genai` 3.3.0, 2026-11-12): what is read of it, and why
 * the server would refuse it.
 *
 * Google has published no refusal of this endpoint. Names and types are refused in the words of its JSON front end, what
 * the description demands in words of ours.
 */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type { FieldViolation, Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as Json from "../json.ts"

/** The method's name in the log, in rules and in faults. */
export const method = "decisions.create"

type Report = (field: string, description: string) => void

/** The fields of each message, by their names; `?` after the kind marks what may be missing. */
const tables: ReadonlyMap<string, Readonly<Record<string, string>>> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({
    request: { model: "string", input: "contents", questions: "questions" },
    text: { type: "string", text: "string", annotations: "any?" },
    image: { type: "string", mime_type: "string?", data: "string?", uri: "string?", resolution: "string?" },
    audio: {
      type: "string",
      mime_type: "string?",
      data: "string?",
      uri: "string?",
      channels: "number?",
      sample_rate: "number?"
    },
    video: { type: "string", mime_type: "string?", data: "string?", uri: "string?", resolution: "string?" },
    document: { type: "string", mime_type: "string?", data: "string?", uri: "string?" },
    noul: { type: "string", instructions: "texts", criteria: "outcomes?" },
    choice: { type: "string", instructions: "texts", criteria: "options" },
    score: { type: "string", instructions: "texts", criteria: "levels" },
    outcomes: { true_description: "string?", false_description: "string?" }
  })
)

const contentTypes = ["text", "image", "audio", "video", "document"]
const questionTypes = ["noul", "choice", "score"]

/** The most options of a choice and levels of a score. */
const most = 255

const typed = (path: string, type: string, value: unknown): string =>
  `Invalid value at '${path}' (${type}), ${JSON.stringify(value)}`

class DecisionWalk {
  readonly violations: Array<FieldViolation> = []
  readonly #report: Report = (field, description) =>
    this.violations.push(field === "" ? { description } : { field, description })

  message(name: string, path: string, value: Json.Json): void {
    const table = tables.get(name) ?? {}
    const at = path === "" ? "" : ` at '${path}'`
    for (const key of Object.keys(value)) {
      if (!Object.hasOwn(table, key)) {
        this.#report(path, `Invalid JSON payload received. Unknown name "${key}"${at}: Cannot find field.`)
      }
    }
    for (const [key, kind] of Object.entries(table)) {
      const own = path === "" ? key : `${path}.${key}`
      const given = Json.at(value, key)
      if (given !== undefined && given !== null) this.field(kind.replace("?", ""), own, given)
      else if (!kind.endsWith("?")) this.#report(own, `${own}: the field is required.`)
    }
  }

  field(kind: string, path: string, value: unknown): void {
    switch (kind) {
      case "string":
        if (typeof value !== "string") this.#report(path, typed(path, "TYPE_STRING", value))
        else if (value === "") this.#report(path, `${path}: must not be empty.`)
        return
      case "number":
        if (Json.number(value) === undefined) this.#report(path, typed(path, "TYPE_INT32", value))
        return
      case "contents":
        return this.contents(path, value, contentTypes)
      case "texts":
        return this.contents(path, value, ["text"])
      case "questions":
        return this.map(
          path,
          value,
          1,
          Infinity,
          "question",
          (at, _, question) => this.oneOf(at, question, questionTypes)
        )
      case "outcomes":
        return Json.isObject(value)
          ? this.message("outcomes", path, value)
          : this.#report(path, typed(path, "NoulCriteria", value))
      case "options":
        return this.map(path, value, 2, most, "option", (at, id, description) => {
          if (id === "" || id.trim() !== id || /\p{Cc}/u.test(id)) {
            this.#report(
              path,
              `${path}: option ID ${JSON.stringify(id)} must be non-empty, with no control characters or ` +
                "leading/trailing whitespace."
            )
          }
          // The AI SDK sends null for an option that needs no description.
          if (description !== null && typeof description !== "string") {
            this.#report(at, typed(at, "TYPE_STRING", description))
          }
        })
      case "levels":
        return this.levels(path, value)
    }
  }

  contents(path: string, value: unknown, types: ReadonlyArray<string>): void {
    if (typeof value === "string") return this.field("string", path, value)
    if (!Array.isArray(value)) return this.oneOf(path, value, types)
    if (value.length === 0) this.#report(path, `${path}: at least one content block is required.`)
    value.forEach((content, index) => this.oneOf(`${path}[${index}]`, content, types))
  }

  /** A message that says by its type which one it is. */
  oneOf(path: string, value: unknown, types: ReadonlyArray<string>): void {
    const type = Json.text(Json.at(value, "type"))
    if (!Json.isObject(value) || type === undefined || !types.includes(type)) {
      return this.#report(path, `${path}: the type must be one of ${types.join(", ")}.`)
    }
    this.message(type, path, value)
    if (type !== "text" && contentTypes.includes(type) && value["data"] === undefined && value["uri"] === undefined) {
      this.#report(path, `${path}: one of data and uri is required.`)
    }
  }

  map(
    path: string,
    value: unknown,
    least: number,
    most: number,
    what: string,
    each: (path: string, key: string, value: unknown) => void
  ): void {
    if (!Json.isObject(value)) return this.#report(path, typed(path, "Map", value))
    const entries = Object.entries(value)
    this.count(path, entries.length, least, most, what)
    entries.forEach(([key, entry], index) => each(`${path}[${index}].value`, key, entry))
  }

  levels(path: string, value: unknown): void {
    if (!Array.isArray(value)) return this.#report(path, typed(path, "list", value))
    this.count(path, value.length, 2, most, "level")
    value.forEach((level, index) => this.field("string", `${path}[${index}]`, level ?? ""))
  }

  count(path: string, count: number, least: number, most: number, what: string): void {
    if (count < least) this.#report(path, `${path}: at least ${least} ${what}${least === 1 ? "" : "s"} required.`)
    if (count > most) this.#report(path, `${path}: at most ${most} ${what}s allowed, got ${count}.`)
  }
}

/** Why a body is refused; undefined if it is not. */
export const refusal = (body: unknown): Refusal | undefined => {
  if (!Json.isObject(body)) {
    return GoogleError.badRequest([
      { description: "Invalid JSON payload received. Unknown name \"\": Root element must be a message." }
    ])
  }
  const walk = new DecisionWalk()
  walk.message("request", "", body)
  return walk.violations.length === 0 ? undefined : GoogleError.badRequest(walk.violations)
}

/** The model that a body names, with its collection and without it: `gemini-x` and `models/gemini-x` are the same. */
export const modelOf = (
  body: unknown
): { readonly resource: string | undefined; readonly model: string | undefined } => {
  const named = Json.text(Json.at(body, "model")) || undefined
  const resource = named === undefined || named.includes("/") ? named : `models/${named}`
  return { resource, model: resource?.slice(resource.indexOf("/") + 1) }
}

/** The parts of an input or of instructions, as a generation would have them. */
const partsOf = (value: unknown): ReadonlyArray<Json.Json> =>
  typeof value === "string"
    ? [{ text: value }]
    : (Array.isArray(value) ? value : [value]).map((content) => {
      const text = Json.text(Json.at(content, "text"))
      if (text !== undefined) return { text }
      const mimeType = Json.text(Json.at(content, "mime_type")) ?? `${Json.text(Json.at(content, "type")) ?? ""}/`
      const data = Json.text(Json.at(content, "data"))
      return data === undefined
        ? { fileData: { mimeType, fileUri: Json.text(Json.at(content, "uri")) } }
        : { inlineData: { mimeType, data } }
    })

/** The words of an input or of instructions. Of media there is the type. */
export const wordsOf = (value: unknown): string =>
  partsOf(value).map((part) =>
    Json.text(part["text"]) ?? Json.text(Object(part["inlineData"] ?? part["fileData"])["mimeType"])
  )
    .join(" ")

/** The questions by their ids, in their order. */
export const questionsOf = (body: unknown): ReadonlyArray<readonly [id: string, question: unknown]> => {
  const questions = Json.at(body, "questions")
  return Json.isObject(questions) ? Object.entries(questions) : []
}

/** The generation that has the same input: what is counted, and which files it uses. */
export const like = (body: unknown): Json.Json => ({
  contents: [{
    parts: [
      ...partsOf(Json.at(body, "input")),
      ...questionsOf(body).map(([, question]) => ({
        text: `${wordsOf(Json.at(question, "instructions"))} ${JSON.stringify(Json.at(question, "criteria") ?? "")}`
      }))
    ]
  }]
})

/** The body of a request in which rules, quotas and files find the contents of a generation. */
export const inputOf = ({ body, method: asked }: EmulatorRequest, judged: Json.Json): Json.Json =>
  asked === method ? { ...judged, ...like(body) } : judged
