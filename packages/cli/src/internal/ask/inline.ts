/**
 * The Markdown within a line, as runs of painted text. The parser is that of the package `marked`; what it gives is text
 * alone, of which no control character reaches the terminal, entities such as `&#27;` included. Pure.
 */
import { Lexer, type Token } from "marked"
import { both, type Paint, type Run, unpainted } from "../WordWrap.ts"
import { code, emphasis, faint, strong, struck, underlined } from "./paints.ts"

const named: ReadonlyMap<string, string> = new Map(
  Object.entries({
    amp: "&",
    lt: "<",
    gt: ">",
    quot: "\"",
    apos: "'",
    nbsp: "\u00a0",
    hellip: "…",
    mdash: "—",
    ndash: "–"
  })
)

/** The text that entities in it stand for. */
export const unescaped = (text: string): string =>
  text.replace(/&(?:#(\d{1,7})|#[xX]([\da-fA-F]{1,6})|(\w{1,8}));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return named.get(name) ?? whole
    const point = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? String.fromCodePoint(point) : "\ufffd"
  })

const runsOf = (tokens: ReadonlyArray<Token>, paint: Paint): ReadonlyArray<Run> =>
  tokens.flatMap((token, i): ReadonlyArray<Run> => {
    const inner = (more: Paint) =>
      runsOf(token.type !== "br" && "tokens" in token ? token.tokens ?? [] : [], both(paint, more))
    switch (token.type) {
      case "strong":
        return inner(strong)
      case "em":
        // `2*3*4` is arithmetic, whatever the rules of Markdown say.
        return /\w$/.test(tokens[i - 1]?.raw ?? "") && /^\w/.test(tokens[i + 1]?.raw ?? "")
          ? [{ text: token.raw, paint }]
          : inner(emphasis)
      case "del":
        return inner(struck)
      case "codespan":
        return [{ text: token["text"], paint: both(paint, code) }]
      case "link": {
        const href: string = token["href"]
        const text = inner(underlined)
        const shown = text.map((run) => run.text).join("")
        // Where a link leads is always seen: its text may say something else.
        return shown === href || `mailto:${shown}` === href
          ? text
          : [...text, { text: " ", paint }, { text: `(${href})`, paint: both(paint, faint) }]
      }
      case "image":
        return [
          { text: `[image: ${token["text"]}]`, paint },
          { text: " ", paint },
          { text: `(${token["href"]})`, paint: both(paint, faint) }
        ]
      case "br":
        return [{ text: " ", paint }]
      case "escape":
        return [{ text: token["text"], paint }]
      default:
        return "tokens" in token && token.tokens !== undefined
          ? inner(unpainted)
          : [{ text: unescaped("text" in token && typeof token.text === "string" ? token.text : token.raw), paint }]
    }
  })

// A parser of a language with backtracking gets no text that could keep it busy.
const longest = 4096

export const runs = (text: string, paint: Paint = unpainted): ReadonlyArray<Run> =>
  text.length > longest
    ? [...runs(text.slice(0, longest), paint), ...runs(text.slice(longest), paint)]
    : runsOf(Lexer.lexInline(text, { gfm: true }), paint)

/** How far an opened mark is waited for; whatever is longer is hardly meant as one. */
const patience = 300

const opener = /\\.?|`+|\*{1,3}|_{1,3}|~{1,2}|!?\[|<(?=[a-z/!])/gi

/** Where the span ends that a mark at `start` opens; -1: its end is not there yet. 0: it opens none. */
const endOf = (text: string, mark: string, start: number): number => {
  const from = start + mark.length
  if (mark.startsWith("\\")) return from
  if (mark === "<") return text.indexOf(">", from) + 1 || -1
  if (mark.startsWith("`")) {
    const end = text.indexOf(mark, from)
    return end === -1 ? -1 : end + mark.length
  }
  if (mark.endsWith("[")) {
    const end = text.indexOf("]", from)
    if (end === -1 || end + 1 === text.length) return -1
    return text.charAt(end + 1) === "(" ? text.indexOf(")", end) + 1 || -1 : end + 1
  }
  const opens = /\S/.test(text.charAt(from)) && (!mark.startsWith("_") || !/\w/.test(text.charAt(start - 1)))
  if (!opens) return from === text.length ? -1 : 0
  for (let at = text.indexOf(mark, from + 1); at !== -1; at = text.indexOf(mark, at + 1)) {
    if (!/[\s\\]/.test(text.charAt(at - 1))) return at + mark.length
  }
  return -1
}

/**
 * How much of a line that still grows can be shown for good: whole words outside of all marks that are still open. The
 * rest is parsed again when more of it is there.
 */
export const settled = (text: string): number => {
  let cut = 0
  /** Moves the cut behind the last space before `end`, from where the text is outside of marks. */
  const advance = (from: number, end: number) => {
    for (let at = end; at > from; at--) {
      if (/[ \t]/.test(text.charAt(at - 1))) {
        cut = at
        return
      }
    }
  }
  let from = 0
  opener.lastIndex = 0
  for (let found = opener.exec(text); found !== null; found = opener.exec(text)) {
    const [mark] = found
    advance(from, found.index)
    const end = endOf(text, mark, found.index)
    if (end === -1) {
      if (text.length - found.index < patience) return cut
      from = found.index
      continue
    }
    from = Math.max(end, found.index + mark.length)
    opener.lastIndex = from
  }
  advance(from, text.length)
  return cut
}
