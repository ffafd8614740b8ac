/**
 * Markdown as it streams, painted for a terminal: word by word, each at once and for good. Nothing that is shown is drawn
 * again, so that it stays right in the scrollback, whatever is resized and whenever it is broken off.
 *
 * It goes line by line: a model writes blocks that can be told by the beginning of their lines. What lies within a line
 * is parsed by `marked`, a table when it is whole. A package that also paints was tried in November 2026: markdansi
 * 0.3.4 lets `&#27;` through as a control character, cuts the cells of tables, and by its source loses how lists are
 * nested when they come in pieces.
 */
import { Shown, shown } from "../Shown.ts"
import { both, type Paint, unpainted, WordWrap } from "../WordWrap.ts"
import * as Inline from "./inline.ts"
import { tableRows } from "./markdownTable.ts"
import * as Paints from "./paints.ts"

const fence = /^(\s*)(`{3,}|~{3,})\s*(.*)$/
const heading = /^ {0,3}(#{1,6})\s+(.*)$/
const rule = /^ {0,3}(?:-(?:[ \t]*-){2,}|\*(?:[ \t]*\*){2,}|_(?:[ \t]*_){2,}|={3,})[ \t]*$/
const item = /^(\s*)([-*+]|\d{1,9}[.)])(\s+)(?:\[([ xX])\]\s+)?(?=\S)/
const quote = /^((?: {0,3}> ?)+)/
const row = /^\s*\|/

/** What a line may still become, as long as only this much of it is there. */
const undecided =
  /^\s*(?:[>\s]*)(?:#{0,6}|[-*+_=][-*+_=\s]*|\d{0,9}[.)]?|`{0,2}|~{0,2}|\||(?:[-*+]|\d{1,9}[.)])\s+(?:\[[ xX]?\]?)?)\s*$/

/** A table that is longer is shown as it was written. */
const longestTable = 65_536

export class Markdown {
  readonly #wrap: WordWrap
  readonly #isPainted: boolean
  #line = ""
  /** Whether the beginning of the line is placed already, so that only words are missing. */
  #paint: Paint | undefined
  #fence: string | undefined
  #table = ""
  #isBlank = true

  /** `width` in cells. Unpainted, the text stays as it was written, and only its lines are broken between words. */
  constructor(width: number, isPainted: boolean) {
    this.#wrap = new WordWrap(width)
    this.#isPainted = isPainted
  }

  /** More of the text. What is returned can be shown at once. */
  push(text: string, width?: number): Shown {
    if (width !== undefined) this.#wrap.resize(width)
    for (const [i, piece] of text.replaceAll("\r", "").split("\n").entries()) {
      if (i > 0) this.#end()
      this.#line += piece
    }
    this.#grow()
    return this.#wrap.take()
  }

  /** The rest, and the end of the last line. */
  end(): Shown {
    if (this.#line !== "" || this.#paint !== undefined) this.#end()
    this.#flushTable()
    return this.#wrap.take()
  }

  #painted(paint: Paint): Paint {
    return this.#isPainted ? paint : unpainted
  }

  /** Places of the unfinished line what cannot change any more. */
  #grow(): void {
    if (this.#fence !== undefined || this.#table !== "") return
    if (this.#paint === undefined) {
      const line = this.#line
      if (undecided.test(line) || row.test(line) || fence.test(line) || /^\s*$/.test(line)) return
      this.#begin()
    }
    const cut = this.#isPainted ? Inline.settled(this.#line) : Math.max(0, this.#line.search(/\S*$/))
    if (cut === 0) return
    this.#words(this.#line.slice(0, cut))
    this.#line = this.#line.slice(cut)
  }

  #words(text: string): void {
    const paint = this.#paint ?? unpainted
    this.#wrap.words(this.#isPainted ? Inline.runs(text, paint) : [{ text, paint }])
  }

  /** Places what a line begins with, and leaves its words in `#line`. */
  #begin(): void {
    let line = this.#line
    let hang = ""
    const quoted = quote.exec(line)?.[1]
    if (quoted !== undefined) {
      hang = this.#isPainted ? "│ ".repeat(quoted.replaceAll(/[^>]/g, "").length) : quoted
      this.#wrap.put(hang, this.#painted(Paints.faint))
      line = line.slice(quoted.length)
    }
    this.#paint = unpainted
    const head = heading.exec(line)
    const list = item.exec(line)
    if (head !== null && this.#isPainted) {
      this.#paint = head[1] === "#" ? both(Paints.strong, Paints.underlined) : Paints.strong
      line = head[2] ?? ""
    } else if (list !== null) {
      const [whole, indent = "", mark = "", , task] = list
      const bullet = /\d/.test(mark) || !this.#isPainted ? mark : "•"
      const box = task === undefined ? "" : this.#isPainted ? (task === " " ? "☐ " : "☑ ") : `[${task}] `
      const inset = indent.replaceAll("\t", "    ")
      this.#wrap.put(inset)
      this.#wrap.put(bullet, this.#painted(Paints.code))
      this.#wrap.put(` ${box}`)
      hang += " ".repeat(inset.length + bullet.length + 1 + box.length)
      line = line.slice(whole.length)
    } else {
      const [indent = ""] = /^\s*/.exec(line) ?? []
      const inset = indent.replaceAll("\t", "    ")
      this.#wrap.put(inset)
      hang += inset
      line = line.slice(indent.length)
    }
    this.#wrap.hang(hang, this.#painted(quoted === undefined ? unpainted : Paints.faint))
    this.#line = line
  }

  /** The line is whole. */
  #end(): void {
    const line = this.#line
    this.#line = ""
    if (this.#paint !== undefined) {
      this.#words(line.trimEnd())
      this.#paint = undefined
      return this.#newline()
    }
    if (this.#fence !== undefined) return this.#code(line)
    if (this.#isPainted && row.test(line)) {
      this.#table += `${line}\n`
      if (this.#table.length > longestTable) this.#flushTable()
      return
    }
    this.#flushTable()
    if (line.trim() === "") {
      // Several blank lines are one, and none comes first.
      if (!this.#isBlank) this.#wrap.newline()
      this.#isBlank = true
      return
    }
    const opens = fence.exec(line)
    if (opens !== null && !(opens[3] ?? "").includes("`")) {
      this.#fence = opens[2]
      this.#wrap.put(line, this.#painted(Paints.faint))
      return this.#newline()
    }
    if (this.#isPainted && rule.test(line)) {
      this.#wrap.put("─".repeat(Math.min(24, this.#wrap.width || 24)), Paints.faint)
      return this.#newline()
    }
    this.#line = line.trimEnd()
    this.#begin()
    this.#words(this.#line)
    this.#line = ""
    this.#paint = undefined
    this.#newline()
  }

  /** Code stays as it is, so that it can be copied. */
  #code(line: string): void {
    const opened = this.#fence ?? ""
    const closes = line.trim()
    const isEnd = closes.startsWith(opened) && /^(`+|~+)$/.test(closes)
    if (isEnd) this.#fence = undefined
    this.#wrap.put(line, this.#painted(isEnd ? Paints.faint : Paints.code))
    this.#newline()
  }

  #newline(): void {
    this.#wrap.newline()
    this.#isBlank = false
  }

  #flushTable(): void {
    const source = this.#table
    this.#table = ""
    if (source === "") return
    const rows = source.length > longestTable ? undefined : tableRows(source, this.#wrap.width)
    if (rows === undefined) {
      this.#wrap.put(source.trimEnd())
      return this.#newline()
    }
    this.#wrap.shown(rows)
    this.#isBlank = false
  }
}

/** A text that is there whole. */
export const rendered = (text: string, width: number, isPainted: boolean): Shown => {
  const markdown = new Markdown(width, isPainted)
  return shown`${markdown.push(text)}${markdown.end()}`
}
