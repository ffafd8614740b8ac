/** When a request is the one that was recorded. */
import { createHash } from "node:crypto"
import * as Json from "../json.ts"
import * as Placeholders from "./Placeholders.ts"

/** A request or the opening of a Live session, with its secrets taken out. */
export interface Sought {
  readonly method: string
  /** With its sorted query. */
  readonly path: string
  readonly contentType: string
  readonly body: Uint8Array
}

/** The names of fields that differ between two runs of one program. */
const changing: ReadonlySet<string> = new Set([
  "id",
  "responseId",
  "createTime",
  "updateTime",
  "expireTime",
  "thoughtSignature",
  "signature",
  "seed",
  "displayName"
])

const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi
const moment = /\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?/g

const loosened = (value: unknown, ignore: ReadonlySet<string>, path: string): unknown => {
  if (typeof value === "string") return value.replace(uuid, "UUID").replace(moment, "TIME")
  if (Array.isArray(value)) return value.map((item) => loosened(item, ignore, path))
  if (!Json.isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, member]) => {
      const place = path === "" ? key : `${path}.${key}`
      return changing.has(key) || ignore.has(place) ? [] : [[key, loosened(member, ignore, place)]]
    })
  )
}

const bodyText = ({ body, contentType }: Sought): string => {
  if (body.length === 0) return ""
  const text = Buffer.from(body).toString("utf8")
  const [, boundary] = /boundary="?([^";]+)/i.exec(contentType) ?? []
  return boundary === undefined ? text : text.replaceAll(boundary, "BOUNDARY")
}

/** The body as a value; undefined where it is not JSON. */
export const valueOf = (asked: Sought): unknown => Json.normalized(Json.parse(bodyText(asked)))

const strictBody = (asked: Sought): string => {
  const value = valueOf(asked)
  if (value !== undefined) return Json.canonical(value)
  const text = bodyText(asked)
  return text === "" ? "" : createHash("sha256").update(text).digest("hex")
}

/** What a conversation asks, whatever else its request holds: the model, the tools, how far it is, the last words. */
const conversation = (value: unknown): string => {
  const contents = Json.list(Json.at(value, "contents"))
  const parts = Json.list(Json.at(contents.at(-1), "parts"))
  const names = Json.list(Json.at(value, "tools")).flatMap((tool) =>
    Json.list(Json.at(tool, "functionDeclarations")).map((each) => Json.at(each, "name"))
  )
  return Json.canonical({
    system: Json.at(value, "systemInstruction", "parts"),
    tools: names,
    turns: contents.length,
    last: parts.map((part) => [
      Json.at(part, "text"),
      Json.at(part, "functionResponse", "name"),
      Json.at(part, "functionCall", "name")
    ])
  })
}

export type Strictness = "strict" | "loose" | "order"

/** The keys by which a request looks for its recording, in the order in which they are tried. */
export const keysOf = (asked: Sought, mode: Strictness, ignore: ReadonlySet<string>): ReadonlyArray<string> => {
  const place = Placeholders.renumbered(`${asked.method} ${asked.path}`)
  if (mode === "order") return [place]
  // A path has the placeholders of the whole request, since they are counted from its beginning.
  const whole = (body: string) => Placeholders.renumbered(`${asked.method} ${asked.path}\n${body}`)
  if (mode === "strict") return [whole(strictBody(asked))]
  const value = loosened(valueOf(asked), ignore, "")
  if (value === undefined) return [whole(strictBody(asked))]
  const keys = [whole(Json.canonical(value))]
  return Json.list(Json.at(value, "contents")).length === 0
    ? keys
    : [...keys, whole(`conversation ${conversation(value)}`)]
}

/** The first places in which two values differ, each with what was recorded and what was asked. */
export const differences = (recorded: unknown, asked: unknown, most = 5, path = ""): ReadonlyArray<string> => {
  if (Json.canonical(recorded) === Json.canonical(asked)) return []
  const shown = (value: unknown) => {
    const text = value === undefined ? "nothing" : Json.canonical(value)
    return text.length > 80 ? `${text.slice(0, 77)}...` : text
  }
  const pairs: Array<readonly [string, unknown, unknown]> = []
  if (Array.isArray(recorded) && Array.isArray(asked)) {
    for (let i = 0; i < Math.max(recorded.length, asked.length); i++) pairs.push([`[${i}]`, recorded[i], asked[i]])
  } else if (Json.isObject(recorded) && Json.isObject(asked)) {
    for (const key of new Set([...Object.keys(recorded), ...Object.keys(asked)])) {
      pairs.push([`${path === "" ? "" : "."}${key}`, Json.at(recorded, key), Json.at(asked, key)])
    }
  } else {
    return [`${path === "" ? "the body" : path}: recorded ${shown(recorded)}, asked ${shown(asked)}`]
  }
  const found: Array<string> = []
  for (const [name, one, other] of pairs) {
    if (found.length >= most) break
    found.push(...differences(one, other, most - found.length, `${path}${name}`))
  }
  return found
}
