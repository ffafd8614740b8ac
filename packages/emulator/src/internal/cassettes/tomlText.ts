/** A value as TOML that a person edits: long texts over several lines, small tables in one. */
import * as Json from "../json.ts"

const hex = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`

/** TOML takes the escapes of JSON, and forbids half of a surrogate pair. */
const quoted = (text: string): string => JSON.stringify(text.toWellFormed()).replaceAll("\u007f", hex)

// Whatever else a text holds than lines is escaped, also the carriage return that a reader of TOML may drop.
const severalLines = (text: string): string => {
  const escaped = text.toWellFormed().replaceAll("\\", "\\\\")
    // Three quotation marks would end the text, and so would one before its end.
    .replace(/"{3,}|"$/g, (marks) => marks.replaceAll("\"", "\\\""))
    .replace(/[^\P{Cc}\n\t]/gu, hex)
  return `"""\n${escaped}"""`
}

const key = (name: string): string => /^[\w-]+$/.test(name) ? name : quoted(name)

const number = (value: number): string =>
  Number.isSafeInteger(value) && !Object.is(value, -0)
    ? String(value)
    : /[.e]/.test(String(value))
    ? String(value)
    : `${value}.0`

/** Whether TOML can say it: it has no null. */
export const canSay = (value: unknown): boolean =>
  Array.isArray(value)
    ? value.every(canSay)
    : Json.isObject(value)
    ? Object.values(value).every((each) => each === undefined || canSay(each))
    : value !== null && value !== undefined && (typeof value !== "number" || Number.isFinite(value))

/** In one line. */
export const inline = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`
  if (typeof value === "number") return number(value)
  if (typeof value === "string") return quoted(value)
  if (!Json.isObject(value)) return String(value)
  const members = Object.entries(value).flatMap(([name, each]) =>
    each === undefined ? [] : [`${key(name)} = ${inline(each)}`]
  )
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`
}

/** A field with its value, a text of several lines as such. */
export const field = (name: string, value: unknown): string =>
  `${key(name)} = ${typeof value === "string" && value.includes("\n") ? severalLines(value) : inline(value)}`

const widest = 120

/** One rule, with its reply in a table of its own where it does not fit into a line. */
export const rule = (value: Json.Json): string => {
  const lines = ["[[rule]]"]
  const tables: Array<string> = []
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue
    const line = field(name, member)
    if (line.length <= widest || !Json.isObject(member)) {
      // A list of replies has one a line.
      const isList = Array.isArray(member) && line.length > widest
      lines.push(isList ? `${key(name)} = [\n${member.map((each) => `  ${inline(each)},\n`).join("")}]` : line)
      continue
    }
    const fields = Object.entries(member).flatMap(([name, each]) => each === undefined ? [] : [field(name, each)])
    tables.push([`[rule.${key(name)}]`, ...fields].join("\n"))
  }
  return [lines.join("\n"), ...tables].join("\n\n")
}
