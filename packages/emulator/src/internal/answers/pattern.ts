/** Texts that a regular expression matches, of the kind that stands in schemas. */
import type { Dice } from "../Dice.ts"

/** The longest repetition in a text that is made for a pattern. A pattern that demands a longer one gets no text. */
const longest = 10_000

/**
 * A text for a pattern of classes, quantifiers and groups without alternation, which are what the patterns of real
 * schemas consist of.
 */
const simple = (pattern: string, dice: Dice): string | undefined => {
  const body = pattern.replace(/^\^/, "").replace(/\$$/, "")
  const atom = /\\(.)|\[((?:\\.|[^\]])+)\]|([^\\[\](){}*+?|^$])/y
  const quantifier = /\{(\d+)(?:,\d*)?\}|([*+?])/y
  let out = ""
  let at = 0
  while (at < body.length) {
    atom.lastIndex = at
    const found = atom.exec(body)
    if (found === null) return undefined
    at = atom.lastIndex
    quantifier.lastIndex = at
    const many = quantifier.exec(body)
    if (many !== null) at = quantifier.lastIndex
    const count = many === null
      ? 1
      : many[1] === undefined
      ? (many[2] === "+" ? 1 : 0)
      : Math.min(Number(many[1]), longest)
    const [, escaped, set, literal] = found
    const letter = escaped === "d" ? "0123456789" : escaped === "w" ? "abcdefgh" : escaped === "s" ? " " : undefined
    const alphabet = letter ?? literal?.replace(".", "a") ?? escaped ?? alphabetOf(set ?? "a")
    out += dice.letters(count, alphabet)
  }
  try {
    return new RegExp(pattern, "u").test(out) ? out : undefined
  } catch {
    return undefined
  }
}

/** What stands for a class that names what may not be there, such as `[^@\s]`. */
const plentiful = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_. "

const alphabetOf = (set: string): string => {
  if (set.startsWith("^")) {
    const allowed = matcher(`[${set}]`)
    return Array.from(plentiful).filter((letter) => allowed?.test(letter) === true).slice(0, 26).join("") || "a"
  }
  const plain = set.replaceAll("\\d", "0-9").replaceAll("\\w", "a-z").replaceAll("\\", "")
  const range = /(.)-(.)/.exec(plain)
  const [, from, to] = range ?? []
  if (from === undefined || to === undefined) return plain || "a"
  let out = ""
  for (let code = from.charCodeAt(0); code <= to.charCodeAt(0) && out.length < 26; code++) {
    out += String.fromCharCode(code)
  }
  return out
}

/** Makes a text of a part of a pattern, with so many more repetitions than it demands. */
type Maker = (extra: number) => string

/** How deep groups may lie within groups. */
const deepest = 50

/** Reads a pattern with groups and alternatives. Undefined: it has something else, such as a look-ahead. */
class PatternReader {
  private at = 0
  private readonly source: string
  private readonly dice: Dice

  constructor(source: string, dice: Dice) {
    this.source = source
    this.dice = dice
  }

  whole(): Maker | undefined {
    const made = this.alternatives(0)
    return made === undefined || this.at < this.source.length ? undefined : made
  }

  private take(pattern: RegExp): RegExpExecArray | null {
    const sticky = new RegExp(pattern.source, "y")
    sticky.lastIndex = this.at
    const found = sticky.exec(this.source)
    if (found !== null) this.at = sticky.lastIndex
    return found
  }

  private alternatives(depth: number): Maker | undefined {
    const options: Array<Maker> = []
    do {
      const made = this.sequence(depth)
      if (made === undefined) return undefined
      options.push(made)
    } while (this.take(/\|/) !== null)
    return (extra) => (this.dice.pick(options) ?? (() => ""))(extra)
  }

  private sequence(depth: number): Maker | undefined {
    const made: Array<Maker> = []
    while (this.at < this.source.length && !/[|)]/.test(this.source.charAt(this.at))) {
      const one = this.atom(depth)
      if (one === undefined) return undefined
      const [many, least, comma, most] = this.take(/\{(\d+)(,(\d*))?\}\??|[*+?]\??/) ?? []
      const low = many === undefined ? 1 : least === undefined ? (many.startsWith("+") ? 1 : 0) : Number(least)
      const isOpen = many !== undefined && (least === undefined ? !many.startsWith("?") : comma !== undefined)
      const high = most === undefined || most === "" ? (isOpen ? longest : low) : Number(most)
      made.push((extra) => {
        let out = ""
        const count = Math.min(low + (isOpen ? extra : 0), high, longest)
        for (let i = 0; i < count && out.length < longest; i++) out += one(extra)
        return out
      })
    }
    return (extra) => made.map((each) => each(extra)).join("")
  }

  private atom(depth: number): Maker | undefined {
    if (this.take(/[\^$]|\\b/) !== null) return () => ""
    if (this.take(/\((?:\?:|\?<[A-Za-z]\w*>)?(?!\?)/) !== null) {
      const inner = depth < deepest ? this.alternatives(depth + 1) : undefined
      return inner === undefined || this.take(/\)/) === null ? undefined : inner
    }
    const [, set] = this.take(/\[((?:\\.|[^\]\\])+)\]/) ?? []
    if (set !== undefined) {
      const alphabet = alphabetOf(set)
      return () => this.dice.letters(1, alphabet)
    }
    const [, escaped, literal] = this.take(/\\([^bBpPkux\d])|([^\\[\](){}*+?|])/) ?? []
    const letter = escaped === "d" ? "0123456789" : escaped === "w" ? "abcdefgh" : escaped === "s" ? " " : undefined
    if (letter !== undefined) return () => this.dice.letters(1, letter)
    const text = literal === "." ? "a" : literal ?? escaped
    return text === undefined || (escaped !== undefined && /[A-Z]/.test(escaped)) ? undefined : () => text
  }
}

const matcher = (pattern: string): RegExp | undefined => {
  try {
    return new RegExp(pattern, "u")
  } catch {
    return undefined
  }
}

/** A text of at least so many letters that the pattern matches, if one can be made. */
export const text = (pattern: string, min: number, dice: Dice): string | undefined => {
  const made = simple(pattern, dice)
  if (made !== undefined && made.length >= min) return made
  const expected = matcher(pattern)
  const maker = expected === undefined ? undefined : new PatternReader(pattern, dice).whole()
  for (const extra of [0, 1, Math.min(min, longest)]) {
    const other = maker?.(extra)
    if (other !== undefined && other.length >= min && expected?.test(other) === true) return other
  }
  return made
}
