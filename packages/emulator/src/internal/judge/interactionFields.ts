/**
 * Checks a body of the family that writes snake_case (interactions, webhooks) against its field table. Every mistake is
 * collected, with its path.
 *
 * Google's page of errors (September 2026) names the codes `parameter_unknown` and `invalid_request`; nobody has shown the
 * sentences, so these are ours.
 */
import * as GoogleError from "../../GoogleError.ts"
import * as Json from "../json.ts"
import * as Table from "./interactionFieldTable.ts"

/** The status under which an unknown field is refused; the answer has it as `parameter_unknown`. */
export const unknownParameter = "PARAMETER_UNKNOWN"

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

const within = (path: string, name: string): string => path === "" ? name : `${path}.${name}`

const contents = new Set(["text", "image", "audio", "document", "video"])
const formats = new Set(["text", "image", "audio", "video"])

class InteractionWalk {
  readonly unknown: Array<string> = []
  readonly wrong: Array<string> = []

  private expect(path: string, what: string, value: unknown): void {
    this.wrong.push(`${path === "" ? "The body" : `'${path}'`} must be ${what}, got ${shown(value)}.`)
  }

  message(name: string, path: string, value: unknown): void {
    if (!Json.isObject(value)) return this.expect(path, "an object", value)
    // No message holds itself, so this ends however deep the body goes.
    const fields = Object.hasOwn(Table.messages, name) ? Table.messages[name] ?? {} : {}
    for (const [key, given] of Object.entries(value)) {
      const kind = Object.hasOwn(fields, key) ? fields[key] : undefined
      if (kind === undefined) this.unknown.push(within(path, key))
      // A null counts as a field that is not there.
      else if (given !== null && given !== undefined) this.field(kind.replace("!", ""), within(path, key), given)
    }
    for (const [key, kind] of Object.entries(fields)) {
      const given = Json.at(value, key)
      if (kind.endsWith("!") && (given === undefined || given === null)) {
        this.wrong.push(`'${within(path, key)}' is required.`)
      }
    }
  }

  private field(kind: string, path: string, value: unknown): void {
    if (kind.endsWith("[]")) {
      if (!Array.isArray(value)) return this.expect(path, "a list", value)
      const each = kind.slice(0, -2)
      return value.forEach((item: unknown, i) => this.field(each, `${path}[${i}]`, item))
    }
    if (kind.startsWith("one ")) return this.oneOf(kind.slice(4), path, value)
    if (kind.startsWith("enum ")) return this.enumeration(kind.slice(5), path, value)
    if (Object.hasOwn(Table.messages, kind)) return this.message(kind, path, value)
    this.plain(kind, path, value)
  }

  private enumeration(name: string, path: string, value: unknown): void {
    const known = (Object.hasOwn(Table.enums, name) ? Table.enums[name] : undefined) ?? []
    if (typeof value !== "string" || !known.includes(value)) this.expect(path, `one of ${known.join(", ")}`, value)
  }

  private oneOf(name: string, path: string, value: unknown): void {
    const union = (Object.hasOwn(Table.unions, name) ? Table.unions[name] : undefined) ?? {}
    const type = Json.text(Json.at(value, "type"))
    if (type === undefined || !Object.hasOwn(union, type)) {
      return this.expect(
        type === undefined ? path : within(path, "type"),
        type === undefined
          ? `an object whose type is one of ${Object.keys(union).join(", ")}`
          : `one of ${Object.keys(union).join(", ")}`,
        type ?? value
      )
    }
    const message = union[type] ?? ""
    if (message !== "") this.message(message, path, value)
    const isMedia = ["image", "audio", "document", "video"].includes(message)
    if (isMedia && Json.at(value, "data") === undefined && Json.at(value, "uri") === undefined) {
      this.wrong.push(`'${path}' must have one of data and uri.`)
    }
  }

  private each(union: string, path: string, values: ReadonlyArray<unknown>): void {
    values.forEach((value, i) => this.oneOf(union, `${path}[${i}]`, value))
  }

  private plain(kind: string, path: string, value: unknown): void {
    switch (kind) {
      case "string":
        return typeof value === "string" ? undefined : this.expect(path, "a string", value)
      case "bool":
        return typeof value === "boolean" ? undefined : this.expect(path, "a boolean", value)
      case "number":
        return Json.number(value) === undefined ? this.expect(path, "a number", value) : undefined
      case "int":
        return Number.isInteger(Json.number(value)) ? undefined : this.expect(path, "an integer", value)
      case "map":
        return Json.isObject(value) ? undefined : this.expect(path, "an object", value)
      case "map string": {
        const isMap = Json.isObject(value) && Object.values(value).every((each) => typeof each === "string")
        return isMap ? undefined : this.expect(path, "an object of strings", value)
      }
      case "input":
        return this.input(path, value)
      case "result": {
        if (Array.isArray(value)) return this.each("Content", path, value)
        return typeof value === "string" || Json.isObject(value)
          ? undefined
          : this.expect(path, "a string, an object or a list of contents", value)
      }
      case "response_format":
        return Array.isArray(value)
          ? value.forEach((one: unknown, i) => this.format(`${path}[${i}]`, one))
          : this.format(path, value)
      case "tool_choice":
        return typeof value === "string"
          ? this.enumeration("ToolChoiceType", path, value)
          : this.message("ToolChoiceConfig", path, value)
      case "speech":
        return Array.isArray(value)
          ? value.forEach((one: unknown, i) => this.message("SpeechConfig", `${path}[${i}]`, one))
          : this.message("SpeakerConfig", path, value)
      case "environment":
        return typeof value === "string" ? undefined : this.message("EnvironmentConfig", path, value)
    }
  }

  private input(path: string, value: unknown): void {
    if (typeof value === "string") return
    if (!Array.isArray(value)) return this.oneOf("Content", path, value)
    if (value.length === 0) return void this.wrong.push(`'${path}' must not be empty.`)
    const isContent = (each: unknown) => contents.has(String(Json.at(each, "type")))
    this.each(value.some(isContent) ? "InputContent" : "Step", path, value)
  }

  /** An object without a known type is a JSON Schema of the caller's. */
  private format(path: string, value: unknown): void {
    const type = Json.text(Json.at(value, "type"))
    if (type !== undefined && formats.has(type)) this.oneOf("Format", path, value)
    else if (!Json.isObject(value)) this.expect(path, "an object", value)
  }
}

/** The refusal of a body that is not the message `name`; undefined if it is one. */
export const refusal = (name: string, body: unknown): GoogleError.Refusal | undefined => {
  const walk = new InteractionWalk()
  walk.message(name, "", body)
  const { unknown, wrong } = walk
  if (unknown.length === 0 && wrong.length === 0) return undefined
  const lines = [...unknown.map((path) => `Unknown parameter '${path}'.`), ...wrong]
  return GoogleError.make(400, lines.join("\n"), unknown.length === 0 ? {} : { status: unknownParameter })
}
