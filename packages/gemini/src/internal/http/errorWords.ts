/** What the body of a refusal says to a person, whoever wrote it: Google, a gateway, or a page of one. Pure. */
import { withoutKey } from "../config/secrets.ts"
import * as GoogleStatus from "../google/googleStatus.ts"

/** The most characters of a message: Google's longest known one has two thousand, and a message ends up in logs. */
export const mostWords = 1 << 14

/** The JSON value of a text; `undefined` if it is not JSON. */
export const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Words in the shape of gateways: `{"message": "Forbidden"}`. */
const wordsOfJson = (body: unknown): string | undefined => {
  if (typeof body !== "object" || body === null) return "the error's body is cut off"
  const said = "message" in body ? body.message : "detail" in body ? body.detail : undefined
  return typeof said === "string" && said !== "" ? said.slice(0, 300) : undefined
}

/** What a body that is not JSON of Google's says: the title of a page, or the start of a text. */
export const ofOthers = (text: string): string | undefined => {
  // Neither half of the pattern passes a "<"; otherwise each of many would be followed by a search through all the
  // rest.
  const title = /<title[^<>]*>([^<]*)<\/title>/i.exec(text)?.[1]?.trim()
  if (title !== undefined && title !== "") return `the server answered with a page: ${title.slice(0, 300)}`
  if (/^\s*<(?:!doctype|html)/i.test(text)) return "the server answered with an HTML page"
  if (/^\s*[{[]/.test(text)) return wordsOfJson(parse(text))
  const words = text.trim()
  return words === "" ? undefined : words.slice(0, 300)
}

/** What a body says, without the key. */
export const of = (text: string, key: string | undefined): string | undefined => {
  const status = GoogleStatus.of(parse(text))
  const words = status === undefined ? ofOthers(text) : status.message?.slice(0, mostWords)
  return words === undefined ? undefined : withoutKey(words, key)
}
