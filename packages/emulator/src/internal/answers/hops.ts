/**
 * Answers that are longer than a model says in one request: it stops at its cap with a token, and
 * the same request with that token goes on from there. The token is the place where it stopped,
 * bound to the request, so that it can be told from any other.
 */
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as Utterance from "./Utterance.ts"

/** Where a hop begins: a part, and a character of its text. */
interface HopStart {
  readonly part: number
  readonly character: number
}

const checkOf = (request: Utterance.Request, place: string): string =>
  Dice.hash(`hop ${place}\n${request.seed}\n${request.model}\n${Json.canonical(request.body)}`).toString(16)

const tokenOf = (request: Utterance.Request, { character, part }: HopStart): string => {
  const place = `${part}.${character}`
  return btoa(`${place}.${checkOf(request, place)}`)
}

const placeOf = (request: Utterance.Request, token: string): HopStart | undefined => {
  const [, place = "", part, character, check] = /^((\d+)\.(\d+))\.([0-9a-f]+)$/.exec(decoded(token)) ?? []
  return check === checkOf(request, place) ? { part: Number(part), character: Number(character) } : undefined
}

const decoded = (token: string): string => {
  try {
    return atob(token)
  } catch {
    return ""
  }
}

/** The beginning of a text that fits, without cutting a character in two. */
const fitting = (text: string, length: number): number =>
  /[\uD800-\uDBFF]/.test(text.charAt(length - 1)) ? length - 1 : length

/** The parts of one hop, and where the next one begins. */
const cut = (
  parts: ReadonlyArray<Json.Json>,
  from: HopStart,
  cap: number
): { readonly parts: ReadonlyArray<Json.Json>; readonly next: HopStart | undefined } => {
  const out: Array<Json.Json> = []
  let left = cap
  for (let i = from.part; i < parts.length; i++) {
    const whole = parts[i] ?? {}
    const start = i === from.part ? from.character : 0
    const text = Json.text(whole["text"])
    const part = text === undefined || start === 0 ? whole : { ...whole, text: text.slice(start) }
    const tokens = part["thought"] === true ? 0 : Utterance.cost(part)
    if (tokens > left) {
      if (text !== undefined) {
        const end = fitting(text, start + left * 4)
        if (end > start) out.push({ ...part, text: text.slice(start, end) })
        return { parts: out, next: { part: i, character: Math.max(start, end) } }
      }
      // A part that cannot be divided gets a hop of its own.
      if (out.length > 0) return { parts: out, next: { part: i, character: 0 } }
    }
    out.push(part)
    left = Math.max(0, left - tokens)
  }
  return { parts: out, next: undefined }
}

/**
 * The turn of this hop; undefined for a token that was never given to this request. A model without a cap gives no
 * tokens and takes any, because nobody knows what Google does there.
 */
export const of = (request: Utterance.Request, token: string | undefined): Utterance.Speech | undefined => {
  const turns = Utterance.make(request)
  const cap = request.row?.hopTokens
  if ("blockReason" in turns || cap === undefined || turns.length > 1) return turns
  const [turn] = turns
  if (turn === undefined) return turns
  const from = token === undefined ? { part: 0, character: 0 } : placeOf(request, token)
  if (from === undefined) return undefined
  const { next, parts } = cut(turn.parts, from, cap)
  const text = parts.map((part) => part["thought"] === true ? "" : Json.text(part["text"]) ?? "").join("")
  const extra = turn.extraOf?.(text) ?? {}
  return [{
    ...turn,
    parts,
    thoughtTokens: token === undefined ? turn.thoughtTokens : 0,
    ...(next === undefined
      ? { extra: token === undefined ? turn.extra : { ...turn.extra, ...extra } }
      : {
        finishReason: "CONTINUATION",
        signature: undefined,
        extra: { ...extra, continuationToken: tokenOf(request, next) }
      })
  }]
}
