/**
 * Text on its way to a person's terminal. A terminal obeys what it is sent: a sequence in an answer, a model's name or
 * an error could write the clipboard, hide or forge lines, or answer a question in the person's place. So every string
 * counts as foreign, and its control characters are made visible. What may hold sequences of our own is a `Shown`,
 * which only the styles below make.
 *
 * The same holds in a pipe, because what `tee`, `less -R` or a log hands on reaches a terminal in the end. Programs
 * have `--json`, whose values are exact.
 */

/** Controls of C0 and C1, DEL, and characters that change the order in which others are shown. */
const control = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu

const visible = (character: string): string => {
  if (character === "\n" || character === "\t") return character
  const code = character.charCodeAt(0)
  // A carriage return lets a text write over its line, and marks of direction reorder it; neither is seen.
  if (character === "\r" || code >= 0x2000) return ""
  // ESC becomes ␛, which is one column, wherever a sequence was cut in two.
  return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? "\u2421" : "\ufffd"
}

/** The text without anything that a terminal would obey, except for newlines and tabs. */
export const clean = (text: string): string => text.replace(control, visible)

/** The same as `clean`, and all in one line. */
export const cleanLine = (text: string): string => clean(text).replaceAll("\n", "\u2424").replaceAll("\t", " ")

/** The value as JSON that needs no cleaning: control characters that JSON would leave as they are become escapes. */
export const json = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(
    control,
    (character) => character === "\n" ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

/** Text that may go to a terminal as it is. */
export class Shown {
  readonly text: string
  private constructor(text: string) {
    this.text = text
  }

  /** A foreign text between two sequences of our own. */
  static styled(before: string, text: string, after: string): Shown {
    return new Shown(`${before}${clean(text)}${after}`)
  }

  static join(parts: ReadonlyArray<Shown | string>, between = ""): Shown {
    return new Shown(parts.map(raw).join(clean(between)))
  }

  /** The text without the sequences, for where a string is needed again. */
  toString(): string {
    return this.text
  }
}

const raw = (part: Shown | string): string => typeof part === "string" ? clean(part) : part.text

/** A template. Its strings are foreign and are cleaned; its `Shown`s stay as they are. */
export const shown = (pieces: TemplateStringsArray, ...parts: ReadonlyArray<Shown | string>): Shown =>
  Shown.join(pieces.flatMap((piece, i) => [piece, parts[i] ?? ""]))
