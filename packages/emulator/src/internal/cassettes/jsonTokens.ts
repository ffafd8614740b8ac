/**
 * The strings and numbers of a JSON text, each with its place in the text and with the track that it belongs to. The
 * text may hold several values, may be cut off anywhere, and may be no JSON at all: what was read until then counts.
 *
 * A track is what is spoken over several messages: the text of a candidate, an argument of a call, a transcription. It
 * is named by the fields that lead there, without the places in lists, because each chunk begins its lists anew.
 */

export interface Lexeme {
  /** The place of the first character and behind the last one, with the quotation marks of a string. */
  readonly start: number
  readonly end: number
  /** What it says, with escapes resolved; a number as it is written. */
  readonly value: string
  readonly kind: "string" | "number" | "key"
  readonly track: string
}

type Scalar = { readonly start: number; readonly end: number; readonly value: string }

type Node =
  | { readonly kind: "string"; readonly scalar: Scalar }
  | { readonly kind: "number"; readonly scalar: Scalar }
  | { readonly kind: "word"; readonly word: string }
  | { readonly kind: "list"; readonly items: ReadonlyArray<Node> }
  | {
    readonly kind: "object"
    readonly entries: ReadonlyArray<{ readonly key: Scalar; readonly value: Node | undefined }>
  }

/** Deeper values are left to the search that knows no structure. */
const deepest = 200

const space = /[ \t\r\n]*/y
const number = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const word = /[A-Za-z_]+/y

class Reader {
  at: number
  readonly text: string
  readonly to: number
  constructor(text: string, from: number, to: number) {
    this.text = text
    this.at = from
    this.to = to
  }

  private match(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const [found = ""] = pattern.exec(this.text) ?? []
    const end = Math.min(this.at + found.length, this.to)
    const taken = this.text.slice(this.at, end)
    this.at = end
    return taken
  }
  private skip(): void {
    this.match(space)
  }
  private takes(letter: string): boolean {
    this.skip()
    if (this.at >= this.to || this.text[this.at] !== letter) return false
    this.at++
    return true
  }

  /** A string that begins here. It ends with its quotation mark, or with the text. */
  private string(): Scalar {
    const start = this.at
    let end = start + 1
    while (end < this.to && this.text[end] !== "\"") end += this.text[end] === "\\" ? 2 : 1
    const isWhole = end < this.to
    const inner = this.text.slice(start + 1, Math.min(end, this.to))
    this.at = isWhole ? end + 1 : this.to
    return { start, end: this.at, value: resolved(inner) }
  }

  value(depth: number): Node | undefined {
    this.skip()
    if (this.at >= this.to || depth > deepest) return undefined
    const letter = this.text[this.at]
    if (letter === "\"") return { kind: "string", scalar: this.string() }
    if (this.takes("{")) {
      const entries: Array<{ key: Scalar; value: Node | undefined }> = []
      for (;;) {
        this.skip()
        if (this.at >= this.to || this.text[this.at] !== "\"") break
        const key = this.string()
        const value = this.takes(":") ? this.value(depth + 1) : undefined
        entries.push({ key, value })
        if (!this.takes(",")) break
      }
      this.takes("}")
      return { kind: "object", entries }
    }
    if (this.takes("[")) {
      const items: Array<Node> = []
      for (;;) {
        const item = this.value(depth + 1)
        if (item === undefined) break
        items.push(item)
        if (!this.takes(",")) break
      }
      this.takes("]")
      return { kind: "list", items }
    }
    const start = this.at
    const digits = this.match(number)
    if (digits !== "") return { kind: "number", scalar: { start, end: this.at, value: digits } }
    const letters = this.match(word)
    return letters === "" ? undefined : { kind: "word", word: letters }
  }
}

/** The length of the escape or letter at a place of a raw string. */
const width = (raw: string, at: number): number => (raw[at] !== "\\" ? 1 : raw[at + 1] === "u" ? 6 : 2)

/** The text of a raw string without its quotation marks. An escape that is none, or is cut off, stays as it is. */
const resolved = (raw: string): string => {
  if (!raw.includes("\\")) return raw
  let text = ""
  for (let at = 0; at < raw.length; at += width(raw, at)) text += letterAt(raw, at)
  return text
}

const short: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" }

/** One UTF-16 unit for each escape or letter, so that places in the text can be found again in the raw string. */
const letterAt = (raw: string, at: number): string => {
  const letter = raw[at] ?? ""
  if (letter !== "\\") return letter
  const kind = raw[at + 1] ?? ""
  if (kind !== "u") return Object.hasOwn(short, kind) ? short[kind] ?? kind : kind === "" ? "\\" : kind
  const code = raw.slice(at + 2, at + 6)
  return /^[0-9a-fA-F]{4}$/.test(code) ? String.fromCharCode(Number.parseInt(code, 16)) : "\uFFFD"
}

/** Where the letter of a token's value lies in the text that the token is of. */
export const placeIn = (text: string, token: Lexeme, letter: number): number => {
  if (token.kind === "number") return token.start + letter
  let at = token.start + 1
  for (let n = 0; n < letter && at < token.end; n++) at += width(text, at)
  return Math.min(at, token.end)
}

const scalarOf = (node: Node | undefined): string | undefined =>
  node?.kind === "string" || node?.kind === "number" ? node.scalar.value : undefined

const collect = (node: Node | undefined, track: string, into: Array<Lexeme>): void => {
  if (node === undefined || node.kind === "word") return
  if (node.kind === "string" || node.kind === "number") {
    into.push({ ...node.scalar, kind: node.kind, track })
    return
  }
  if (node.kind === "list") {
    const isCandidates = track.endsWith(".candidates")
    node.items.forEach((item, place) => {
      const index = item.kind === "object"
        ? scalarOf(item.entries.find(({ key }) => key.value === "index")?.value)
        : undefined
      collect(item, isCandidates ? `${track}[${index ?? place}]` : track, into)
    })
    return
  }
  const member = (name: string) => node.entries.find(({ key }) => key.value === name)?.value
  const thought = member("thought")
  // Pieces of streamed arguments say for themselves which argument they belong to.
  const pointed = scalarOf(member("jsonPath"))
  const own = `${track}${thought?.kind === "word" && thought.word === "true" ? "!thought" : ""}` +
    (pointed === undefined ? "" : `@${pointed}`)
  for (const { key, value } of node.entries) {
    into.push({ ...key, kind: "key", track: `${own}.*` })
    collect(value, `${own}.${key.value}`, into)
  }
}

/** The tokens of the values between two places of a text, in the order in which they stand there. */
export const tokensOf = (text: string, from = 0, to = text.length): ReadonlyArray<Lexeme> => {
  const reader = new Reader(text, from, to)
  const tokens: Array<Lexeme> = []
  while (reader.at < to) {
    const before = reader.at
    collect(reader.value(0), "", tokens)
    // Whatever belongs to no value is stepped over: commas and brackets of a list that began earlier, for instance.
    if (reader.at === before) reader.at++
  }
  return tokens
}
