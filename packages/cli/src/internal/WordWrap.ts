/**
 * Words on their way to a terminal, which would break a line in the middle of one. Pure, and it waits for nothing: what
 * is given is placed at once, behind what was placed before.
 */
import * as CliOutput from "effect/cli/CliOutput"
import { clean, Shown } from "./Shown.ts"

/** How a run of text looks: the sequences of our own before and after it. */
export interface Paint {
  readonly before: string
  readonly after: string
}

export const unpainted: Paint = { before: "", after: "" }

export const both = (outer: Paint, inner: Paint): Paint => ({
  before: outer.before + inner.before,
  after: inner.after + outer.after
})

export interface Run {
  readonly text: string
  readonly paint: Paint
}

/** Cells of the terminal. Most texts are ASCII, of which each character is one cell. */
export const widthOf = (text: string): number =>
  /^[\x20-\x7e]*$/.test(text) ? text.length : CliOutput.displayWidth(text)

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

// Between these a line may be broken, because their scripts write no spaces.
const ideograph = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uff60]/u
const units = /(\s+)|([^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uff60]+)|(\S)/gu
// A stop never begins a row.
const stop = /^[\u3001\u3002\uff0c\uff0e\uff01\uff1a\uff1b\uff1f\u300d\u300f\uff09\u3011]$/u

interface Word {
  readonly runs: Array<Run>
  width: number
  /** The space before it. */
  readonly space: Run | undefined
  /** Whether what follows without a space may begin a row. */
  isOpen: boolean
}

/** Runs as words, each with the space before it; the last one may be empty, with the space at the end. */
const wordsOf = (runs: ReadonlyArray<Run>): ReadonlyArray<Word> => {
  const out: Array<Word> = []
  let word: Word | undefined
  for (const { paint, text } of runs) {
    for (const [unit, space] of text.matchAll(units)) {
      if (space !== undefined) {
        word = { runs: [], width: 0, space: { text: unit, paint }, isOpen: false }
        out.push(word)
        continue
      }
      const isIdeograph = ideograph.test(unit)
      if (word === undefined || (word.width > 0 && (word.isOpen || isIdeograph) && !stop.test(unit))) {
        word = { runs: [], width: 0, space: undefined, isOpen: false }
        out.push(word)
      }
      word.runs.push({ text: unit, paint })
      word.width += widthOf(unit)
      word.isOpen = isIdeograph
    }
  }
  return out
}

const painted = (piece: Run | Shown): Shown =>
  piece instanceof Shown ? piece : Shown.styled(piece.paint.before, piece.text, piece.paint.after)

export class WordWrap {
  #column = 0
  /** Whether a word stands in this row: a first row may be shorter than what the next ones hang by. */
  #hasWords = false
  #hang = ""
  #hangPaint = unpainted
  #width: number
  #out: Array<Run | Shown> = []
  #space: Run | undefined

  /** `width` in cells; 0: nothing is broken. */
  constructor(width: number) {
    this.#width = width
  }

  /** The width from here on, for a terminal that was resized. */
  resize(width: number): void {
    this.#width = width
  }

  get width(): number {
    return this.#width
  }

  #put(text: string, paint: Paint): void {
    const last = this.#out.at(-1)
    if (last !== undefined && !(last instanceof Shown) && last.paint.before === paint.before) {
      this.#out[this.#out.length - 1] = { text: last.text + text, paint }
    } else {
      this.#out.push({ text, paint })
    }
    this.#column += widthOf(text)
  }

  /** Whether the row holds nothing that a wrap would leave behind. */
  get #isEmpty(): boolean {
    return !this.#hasWords && this.#column <= widthOf(this.#hang)
  }

  #wrap(): void {
    this.#put("\n", unpainted)
    this.#begin()
    if (this.#hang !== "") this.#put(this.#hang, this.#hangPaint)
  }

  #begin(): void {
    this.#column = 0
    this.#hasWords = false
  }

  /** Begins rows that continue this line with so much before them. */
  hang(text: string, paint: Paint = unpainted): void {
    this.#hang = text
    this.#hangPaint = paint
  }

  /** Text as it is, which is not broken. */
  put(text: string, paint: Paint = unpainted): void {
    this.#put(clean(text), paint)
  }

  /** Text that may be broken between words. A word longer than a row is broken where the row ends. */
  words(runs: ReadonlyArray<Run>): void {
    const cleaned = runs.map(({ paint, text }) => ({ text: clean(text), paint }))
    for (const word of wordsOf(cleaned)) {
      const space = word.space ?? this.#space
      this.#space = undefined
      if (word.width === 0) {
        // It waits for a word: at the end of a row no space is needed.
        this.#space = word.space
        continue
      }
      if (space !== undefined) {
        const text = space.text.replaceAll("\t", "    ")
        const fits = this.#width === 0 || this.#column + text.length + word.width <= this.#width
        if (fits || this.#isEmpty) this.#put(text, space.paint)
        else this.#wrap()
      } else if (this.#width > 0 && this.#column + word.width > this.#width && !this.#isEmpty) {
        this.#wrap()
      }
      if (this.#width === 0 || word.width <= this.#width - this.#column) {
        for (const { paint, text } of word.runs) this.#put(text, paint)
      } else {
        this.#broken(word)
      }
      this.#hasWords = true
    }
  }

  #broken(word: Word): void {
    for (const { paint, text } of word.runs) {
      for (const { segment } of graphemes.segment(text)) {
        const width = widthOf(segment)
        if (this.#column + width > this.#width && !this.#isEmpty) this.#wrap()
        this.#put(segment, paint)
        this.#hasWords = true
      }
    }
  }

  /** Ends the line. */
  newline(): void {
    this.#space = undefined
    this.#put("\n", unpainted)
    this.#begin()
    this.hang("")
  }

  /** Whole lines that somebody else has laid out. */
  shown(lines: Shown): void {
    this.#out.push(lines)
    this.#begin()
  }

  /** What was placed since this was asked last. */
  take(): Shown {
    const out = this.#out
    this.#out = []
    return Shown.join(out.map(painted))
  }

  /** The same as rows, each with its width, for somebody who puts things beside them. */
  rows(): ReadonlyArray<readonly [row: Shown, width: number]> {
    const rows: Array<[Array<Run>, number]> = [[[], 0]]
    for (const piece of this.#out) {
      if (piece instanceof Shown) continue
      for (const [i, text] of piece.text.split("\n").entries()) {
        if (i > 0) rows.push([[], 0])
        const row = rows.at(-1)
        if (row === undefined || text === "") continue
        row[0].push({ text, paint: piece.paint })
        row[1] += widthOf(text)
      }
    }
    return rows.map(([runs, width]) => [Shown.join(runs.map(painted)), width])
  }
}

/** Lines of text in rows of so many cells. Rows that go on are set in by two, those of a table to its last column. */
export const wrapped = (text: string, width: number, paint: Paint = unpainted): Shown => {
  const wrap = new WordWrap(width)
  for (const [i, line] of text.split("\n").entries()) {
    if (i > 0) wrap.newline()
    const [indent = ""] = /^ */.exec(line) ?? []
    const [column = ""] = /^.*\S {2,}(?=\S)/.exec(line) ?? []
    const isTable = column !== "" && widthOf(column) <= width / 2
    const before = isTable ? column : indent
    wrap.put(before, paint)
    wrap.hang(isTable ? " ".repeat(widthOf(column)) : `${indent}  `)
    wrap.words([{ text: line.slice(before.length), paint }])
  }
  return wrap.take()
}
