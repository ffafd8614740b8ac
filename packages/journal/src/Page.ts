/**
 * A page of HTML as one file: for reports and traces that people open from a disk, send by mail and keep.
 *
 * Nothing is loaded: the style stands in the page, light and dark as the reader's system has it, and there are no
 * scripts. Every text is escaped where it is put in, so that only this module's own text can become markup. A content
 * security policy forbids everything but that one style and images that the page itself holds.
 *
 * ```ts
 * import * as Page from "effect-gemini-journal/Page"
 *
 * const page = Page.render({
 *   title: "Run story-1",
 *   body: Page.html`<h1>Run ${"story-1"}</h1>
 * ${Page.table(["act", "tokens"], [["draft <1>", 120], ["final", 340]])}
 * ${Page.details("the answer", Page.text("Tides & \"moons\""))}`
 * })
 * console.log(page.includes("draft &lt;1&gt;")) // true
 * ```
 *
 * @since 0.1.0
 */

const markup: unique symbol = Symbol.for("effect-gemini-journal/Page/Html")

/**
 * Markup that this module made.
 *
 * @category models
 * @since 0.1.0
 */
export interface Html {
  readonly [markup]: string
}

/**
 * What may be put into markup: text and numbers are escaped, `false`, `null` and `undefined` give nothing, and the
 * elements of arrays follow one another.
 *
 * @category models
 * @since 0.1.0
 */
export type Content = Html | string | number | bigint | false | null | undefined | ReadonlyArray<Content>

const names: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "\"": "&quot;",
  "'": "&#39;",
  "`": "&#96;"
}))

/**
 * Text as it may stand in an element and in an attribute in quotes. Characters that HTML cannot hold (controls, lone
 * halves of pairs) are shown as U+FFFD.
 *
 * @category constructors
 * @since 0.1.0
 */
export const escape = (text: string): string =>
  // oxlint-disable-next-line no-control-regex
  text.toWellFormed().replace(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/g, "\ufffd").replace(
    /[&<>"'`]/g,
    (c) => names.get(c) ?? ""
  )

const made = (text: string): Html => ({ [markup]: text })

const isHtml = (content: unknown): content is Html =>
  typeof content === "object" && content !== null && markup in content && typeof content[markup] === "string"

const print = (content: Content): string =>
  isHtml(content)
    ? content[markup]
    : content === false || content === null || content === undefined
    ? ""
    : typeof content === "object"
    ? content.map(print).join("")
    : escape(String(content))

/**
 * A template: its own text is markup, everything that is put in is escaped, unless it is `Html`. Put attributes' values in
 * double quotes, and addresses in by `link` or `image`, which look at them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const html = (template: TemplateStringsArray, ...contents: ReadonlyArray<Content>): Html =>
  made(template.reduce((out, text, index) => out + print(contents[index - 1]) + text))

/**
 * Text with its line breaks and spaces, such as a prompt or an answer.
 *
 * @category constructors
 * @since 0.1.0
 */
export const text = (content: string): Html => html`<pre>${content}</pre>`

/**
 * A summary that opens what is below it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const details = (summary: Content, content: Content): Html =>
  html`<details><summary>${summary}</summary>${content}</details>`

/**
 * Rows under heads; numbers, and the heads above them, stand at the right.
 *
 * @category constructors
 * @since 0.1.0
 */
export const table = (heads: ReadonlyArray<Content>, rows: ReadonlyArray<ReadonlyArray<Content>>): Html => {
  const cell = (content: Content): Html =>
    typeof content === "number" || typeof content === "bigint"
      ? html`<td class="number">${content}</td>`
      : html`<td>${content}</td>`
  const isNumber = (column: number): boolean => rows.some((row) => typeof row[column] === "number")
  return html`<div class="wide"><table><thead><tr>${
    heads.map((head, column) =>
      isNumber(column) ? html`<th scope="col" class="number">${head}</th>` : html`<th scope="col">${head}</th>`
    )
  }</tr></thead>
<tbody>${
    rows.map((row) =>
      html`<tr>${row.map(cell)}</tr>
`
    )
  }</tbody></table></div>`
}

/** Control characters are taken out first, because browsers ignore some of them in addresses. */
// oxlint-disable-next-line no-control-regex
const plain = (url: string): string => url.replace(/[\0-\x20\x7f]/g, "")

/**
 * A link to an address of http or https, or to a place in the page (`#name`). For any other address only the content
 * is shown.
 *
 * @category constructors
 * @since 0.1.0
 */
export const link = (url: string, content: Content): Html =>
  /^(?:https?:\/\/|#)/i.test(plain(url))
    ? html`<a href="${plain(url)}" rel="noreferrer noopener">${content}</a>`
    : html`${content}`

/**
 * An image that the page itself holds. `mimeType` is one of PNG, JPEG, WebP, GIF and AVIF; another is named in words
 * instead (SVG may hold scripts).
 *
 * @category constructors
 * @since 0.1.0
 */
export const image = (mimeType: string, base64: string, alternative: string): Html =>
  /^image\/(?:png|jpeg|webp|gif|avif)$/.test(mimeType) && /^[A-Za-z0-9+/]+={0,2}$/.test(base64)
    ? html`<img src="data:${mimeType};base64,${base64}" alt="${alternative}">`
    : html`<em>${alternative}</em>`

/**
 * The title, the body and the language of a page.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly title: string
  readonly body: Content
  /** The language of the texts, as in `lang`. Default `en`. */
  readonly language?: string | undefined
}

/**
 * The style of every page.
 *
 * @category constants
 * @since 0.1.0
 */
export const style =
  `:root{color-scheme:light dark;--back:#fff;--front:#1d2129;--soft:#5b6472;--line:#d8dde5;--block:#f4f6f9;--link:#0b57d0}
@media (prefers-color-scheme:dark){:root{--back:#14171c;--front:#e4e8ee;--soft:#9aa4b2;--line:#333a45;--block:#1d222a;--link:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem;max-width:70rem;background:var(--back);color:var(--front);font:16px/1.5 system-ui,sans-serif}
h1,h2,h3{line-height:1.25}
a{color:var(--link)}
pre{margin:.5rem 0;padding:.75rem;background:var(--block);border:1px solid var(--line);border-radius:6px;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.45 ui-monospace,monospace}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:.4rem .6rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}
.number{text-align:right;font-variant-numeric:tabular-nums}
summary{cursor:pointer}
img{max-width:100%;height:auto}
`

/** SHA-256 of `style`, by which the policy knows it; a test keeps both together. */
const styleHash = "8hJSdAGrrbQEtyK86HXLPeo6JY9KIC+0Y00ntkh+XI4="

/** What a browser may do with the page: show it. */
const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; base-uri 'none'; form-action 'none'`

/**
 * The whole page.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render = ({ body, language = "en", title }: Options): string =>
  print(html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${made(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${made(style)}</style>
</head>
<body>
${body}
</body>
</html>
`)
