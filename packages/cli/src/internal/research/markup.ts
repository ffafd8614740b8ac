/**
 * Markdown as the markup of a page. The parser is that of the package `marked`; every text goes through `Page`, so that
 * HTML in it is text, no image is loaded, and links lead to http and https alone. Pure.
 *
 * Marks of sources and images are put into the text as characters of Unicode's private use, which are taken out of what
 * others wrote before.
 */
import * as Page from "effect-gemini-journal/Page"
import * as ResearchReport from "effect-gemini/research/ResearchReport"
import { lexer, type Token, type Tokens } from "marked"
import { unescaped } from "../ask/inline.ts"

const [open, close, picture] = ["\ue000", "\ue001", "\ue002"]
const ours = /[\ue000-\ue002]/g
const mark = /\ue000([\d,]+)\ue001|\ue002(\d+)\ue001/

/** A longer text is shown as it was written. */
const longest = 2_000_000

/** The text with a sign where each mark and each image stands. */
const signed = (report: ResearchReport.WrittenReport): string => {
  const text = report.text.replace(ours, "\ufffd")
  const signs = [
    ...ResearchReport.marks(report).map(({ at, numbers }) => ({ at, sign: `${open}${numbers.join(",")}${close}` })),
    ...report.images.map(({ at }, index) => ({ at, sign: `\n\n${picture}${index}${close}\n\n` }))
  ].sort((one, other) => other.at - one.at)
  return signs.reduce((out, { at, sign }) => out.slice(0, at) + sign + out.slice(at), text)
}

const unsigned = (text: string): string => text.replace(/\ue000[\d,]+\ue001|\ue002\d+\ue001/g, "").replace(ours, "")

const imageOf = ({ data, mimeType, uri }: ResearchReport.ResearchImage): Page.Html =>
  data === undefined
    ? Page.html`<em>${Page.link(uri ?? "", "an image of the report")}</em>`
    : Page.image(mimeType, data, "an image of the report")

class Markup {
  readonly #report: ResearchReport.WrittenReport

  constructor(report: ResearchReport.WrittenReport) {
    this.#report = report
  }

  /** A text with its marks as links to the sources. */
  text(text: string): Page.Html {
    return Page.html`${
      text.split(/(\ue000[\d,]+\ue001|\ue002\d+\ue001)/).map((piece) => {
        const [, numbers, index] = mark.exec(piece) ?? []
        if (numbers !== undefined) {
          return Page.html`<sup>${
            numbers.split(",").map((number) => Page.link(`#source-${number}`, `[${number}]`))
          }</sup>`
        }
        const image = index === undefined ? undefined : this.#report.images[Number(index)]
        return image === undefined ? Page.html`${piece.replace(ours, "")}` : imageOf(image)
      })
    }`
  }

  inline(tokens: ReadonlyArray<Token> | undefined): Page.Html {
    return Page.html`${(tokens ?? []).map((token) => this.#inline(token))}`
  }

  #inline(token: Token): Page.Html {
    const inner = () => this.#words(token)
    switch (token.type) {
      case "strong":
        return Page.html`<strong>${inner()}</strong>`
      case "em":
        return Page.html`<em>${inner()}</em>`
      case "del":
        return Page.html`<del>${inner()}</del>`
      case "codespan":
        return Page.html`<code>${this.text(textOf(token))}</code>`
      case "br":
        return Page.html`<br>`
      case "link":
        return Page.link(unsigned(unescaped(hrefOf(token))), inner())
      case "image":
        return Page.link(unsigned(unescaped(hrefOf(token))), unsigned(unescaped(textOf(token))) || "an image")
      case "html":
        return this.text(token.raw)
      default:
        return inner()
    }
  }

  blocks(tokens: ReadonlyArray<Token>): Page.Html {
    return Page.html`${tokens.map((token) => this.#block(token))}`
  }

  #block(token: Token): Page.Html {
    switch (token.type) {
      // The sign of a task is drawn with its item.
      case "checkbox":
      case "space":
      case "def":
        return Page.html``
      case "hr":
        return Page.html`<hr>
`
      case "heading":
        return this.#heading("depth" in token ? Number(token["depth"]) : 3, this.inline(token.tokens))
      case "code":
        return Page.text(unsigned(textOf(token)))
      case "blockquote":
        return Page.html`<blockquote>${this.blocks(token.tokens ?? [])}</blockquote>
`
      case "list":
        return this.#list(token)
      case "table":
        return this.#table(token)
      case "html":
        return Page.html`<p>${this.text(token.raw)}</p>
`
      case "text":
        return this.#words(token)
      default:
        return Page.html`<p>${this.#words(token)}</p>
`
    }
  }

  #words(token: Token): Page.Html {
    return "tokens" in token && token.tokens ? this.inline(token.tokens) : this.text(unescaped(textOf(token)))
  }

  /** The page has a title of its own, so that the report's begin below it. */
  #heading(depth: number, content: Page.Html): Page.Html {
    return depth <= 1
      ? Page.html`<h2>${content}</h2>
`
      : Page.html`<h3>${content}</h3>
`
  }

  #list(token: Token): Page.Html {
    const items = isList(token) ? token.items : []
    const body = items.map((item) =>
      Page.html`<li>${item.task ? (item.checked ? "☑ " : "☐ ") : ""}${this.blocks(item.tokens)}</li>
`
    )
    return isList(token) && token.ordered
      ? Page.html`<ol start="${Number(token.start) || 1}">
${body}</ol>
`
      : Page.html`<ul>
${body}</ul>
`
  }

  #table(token: Token): Page.Html {
    if (!isTable(token)) return Page.text(unsigned(token.raw))
    return Page.table(
      token.header.map(({ tokens }) => this.inline(tokens)),
      token.rows.map((row) => row.map(({ tokens }) => this.inline(tokens)))
    )
  }
}

const textOf = (token: Token): string => "text" in token && typeof token.text === "string" ? token.text : token.raw
const hrefOf = (token: Token): string => "href" in token && typeof token.href === "string" ? token.href : ""
const isList = (token: Token): token is Tokens.List => token.type === "list" && "items" in token
const isTable = (token: Token): token is Tokens.Table => token.type === "table" && "rows" in token

/** The report's text, with its marks and images. */
export const of = (report: ResearchReport.WrittenReport): Page.Html => {
  const text = signed(report)
  if (text.length > longest) return Page.text(unsigned(text))
  try {
    return new Markup(report).blocks(lexer(text))
  } catch {
    // Brackets or quotes that are nested without end are more than the parser's stack holds.
    return Page.text(unsigned(text))
  }
}

/** Markdown without sources, such as a plan. */
export const plain = (text: string): Page.Html => of({ text, citations: [], sources: [], images: [] })
