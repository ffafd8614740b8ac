/**
 * What has happened in a space, for a person who reads why a test has failed: each request in two lines, who answered
 * it, and where nobody did, what nearly would have.
 *
 * @since 0.2.0
 */
import * as AsGeneration from "./internal/interactions/asGeneration.ts"
import * as Json from "./internal/json.ts"
import { Subject } from "./internal/rules/Subject.ts"
import { requestOf } from "./internal/spaces/verification.ts"
import type { Entry } from "./RequestLog.ts"

/** Nobody reads more of a text. */
const short = (text: string, length = 200): string => text.length > length ? `${text.slice(0, length)}…` : text

const quoted = (text: string): string => JSON.stringify(short(text))

/** What the client has said: the user's last words, or what its functions have returned. */
const asked = (entry: Entry): string => {
  const subject = new Subject(requestOf(entry), AsGeneration.ofLogged(entry.apiMethod, entry.body))
  const { after, text } = subject
  const results = after.map((name) => `${name} returned ${short(JSON.stringify(subject.result(name)) ?? "nothing")}`)
  return results.length > 0 ? results.join(", ") : text === "" ? "nothing" : quoted(text)
}

const partsOf = (response: unknown): ReadonlyArray<unknown> =>
  Json.list(Json.at(Json.list(Json.at(response, "candidates"))[0], "content", "parts"))

/** What the model has said: words and calls, over all chunks. */
const answered = ({ response }: Entry): string => {
  const all = Array.isArray(response) ? response : [response]
  const parts = [...all.flatMap(partsOf), ...AsGeneration.partsOf(all)]
  const text = parts.map((part) => Json.at(part, "thought") === true ? "" : Json.text(Json.at(part, "text")) ?? "")
    .join("")
  const calls = parts.flatMap((part) => {
    const call = Json.at(part, "functionCall")
    return call === undefined ? [] : `${Json.at(call, "name")}(${short(JSON.stringify(Json.at(call, "args") ?? {}))})`
  })
  const error = Json.text(Json.at(response, "error", "message"))
  const said = [...(text === "" ? [] : [quoted(text)]), ...(calls.length === 0 ? [] : [`calls ${calls.join(", ")}`])]
  return said.length > 0 ? said.join(", ") : error === undefined ? "nothing" : quoted(error)
}

const who = ({ verdict }: Entry): string =>
  verdict === undefined ? "" : verdict.rule === undefined ? `, by ${verdict.by}` : `, by the rule "${verdict.rule}"`

const lines = (entry: Entry): string => {
  const { apiMethod, closedAt, id, method, model, outcome, path, status, time, verdict } = entry
  const what = apiMethod === undefined ? `${method} ${path}` : `${apiMethod}${model === undefined ? "" : ` ${model}`}`
  const end = outcome === undefined || closedAt === undefined
    ? "still open"
    : `${status ?? "no status"}${outcome === "complete" ? "" : ` (${outcome})`} in ${Math.round(closedAt - time)} ms`
  const near = verdict?.nearMisses === undefined || verdict.nearMisses.length === 0
    ? answered(entry)
    : `no rule matched; nearest: ${verdict.nearMisses.join("; ")}`
  return `#${id} ${what}: ${end}${who(entry)}\n   ${asked(entry)} → ${near}`
}

/**
 * The requests in words.
 *
 * @category conversions
 * @since 0.2.0
 */
export const of = (entries: ReadonlyArray<Entry>): string =>
  entries.length === 0 ? "No request has come." : entries.map(lines).join("\n")
