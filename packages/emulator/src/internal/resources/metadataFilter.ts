/**
 * The filter of a file search (AIP-160): comparisons of metadata, joined by AND, OR, NOT and parentheses. Pure.
 */
import * as Json from "../json.ts"

/** The metadata of a document, as its upload gave it. */
export type Metadata = ReadonlyArray<unknown>

export type Filter = (metadata: Metadata) => boolean

interface Token {
  readonly kind: "word" | "text" | "sign"
  readonly text: string
}

const tokensOf = (source: string): ReadonlyArray<Token> | undefined => {
  const tokens: Array<Token> = []
  const pattern = /\s*(?:("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(<=|>=|!=|[()=<>:])|([^\s()=<>:!"']+))/y
  let at = 0
  while (source.slice(at).trim() !== "") {
    pattern.lastIndex = at
    const found = pattern.exec(source)
    if (found === null) return undefined
    const [, quoted, sign, word] = found
    tokens.push(
      quoted === undefined
        ? sign === undefined ? { kind: "word", text: word ?? "" } : { kind: "sign", text: sign }
        : { kind: "text", text: quoted.slice(1, -1).replace(/\\(.)/g, "$1") }
    )
    at = pattern.lastIndex
  }
  return tokens
}

/** The values of a key: one, or those of a list. */
const valuesOf = (metadata: Metadata, key: string): ReadonlyArray<string | number> =>
  metadata.filter((entry) => Json.at(entry, "key") === key).flatMap((entry): ReadonlyArray<string | number> => {
    const number = Json.number(Json.at(entry, "numericValue"))
    const text = Json.text(Json.at(entry, "stringValue"))
    const list = Json.list(Json.at(entry, "stringListValue", "values")).map(String)
    return number === undefined ? text === undefined ? list : [text] : [number]
  })

const compared = (sign: string, value: string | number, wanted: string): boolean => {
  const number = Number(wanted)
  const isNumber = typeof value === "number"
  if (isNumber && (wanted.trim() === "" || Number.isNaN(number))) return false
  const order = isNumber ? value - number : value < wanted ? -1 : value > wanted ? 1 : 0
  switch (sign) {
    case "=":
    case ":":
      return order === 0
    case "<":
      return order < 0
    case ">":
      return order > 0
    case "<=":
      return order <= 0
    default:
      return order >= 0
  }
}

/** Reads a filter; `undefined` if it is not one. */
export const parse = (source: string): Filter | undefined => {
  const tokens = tokensOf(source)
  if (tokens === undefined) return undefined
  let at = 0
  const isNext = (text: string) => tokens[at]?.kind !== "text" && tokens[at]?.text === text
  const factor = (): Filter | undefined => {
    if (isNext("NOT")) {
      at++
      const inner = factor()
      return inner === undefined ? undefined : (metadata) => !inner(metadata)
    }
    if (isNext("(")) {
      at++
      const inner = either()
      if (inner === undefined || !isNext(")")) return undefined
      at++
      return inner
    }
    const [key, sign, value] = [tokens[at++], tokens[at++], tokens[at++]]
    if (key?.kind !== "word" || sign?.kind !== "sign" || value === undefined || value.kind === "sign") return undefined
    if (sign.text === "(" || sign.text === ")") return undefined
    return (metadata) => {
      const values = valuesOf(metadata, key.text)
      return sign.text === "!="
        ? !values.some((one) => compared("=", one, value.text))
        : values.some((one) => compared(sign.text, one, value.text))
    }
  }
  const joined = (word: string, part: () => Filter | undefined, isAll: boolean) => (): Filter | undefined => {
    const parts: Array<Filter> = []
    for (;;) {
      const next = part()
      if (next === undefined) return undefined
      parts.push(next)
      if (!isNext(word)) break
      at++
    }
    return isAll
      ? (metadata) => parts.every((part) => part(metadata))
      : (metadata) => parts.some((part) => part(metadata))
  }
  const both = joined("AND", factor, true)
  const either = joined("OR", both, false)
  const filter = either()
  return at === tokens.length ? filter : undefined
}
