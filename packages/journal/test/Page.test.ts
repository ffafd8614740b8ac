import { assert, describe, it } from "@effect/vitest"
import { createHash } from "node:crypto"
import * as Page from "../src/Page.ts"

const nasty = [
  "<script>alert(1)</script>",
  "\" onload=\"alert(1)",
  "' x='",
  "</title><script>",
  "</style><script>",
  "<!--",
  "]]>",
  "&lt;",
  "`x`",
  "\0\u0008\u001b",
  "\ud800"
]

describe("a page", () => {
  it("escapes every text, wherever it is put", () => {
    for (const text of nasty) {
      const page = Page.render({
        title: text,
        language: text,
        body: [
          text,
          Page.html`<p title="${text}">${[text, [text]]}</p>`,
          Page.text(text),
          Page.details(text, text),
          Page.table([text], [[text, 1], [Page.html`<b>${text}</b>`, 2n]]),
          Page.link("https://example.org/?q=" + text, text),
          Page.image("image/png", "AAAA", text)
        ]
      })
      assert.notInclude(page, "<script")
      assert.notInclude(page, "onload=\"")
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(page, /[\0\u0008\u001b]/)
      assert.isTrue(page.isWellFormed())
      assert.strictEqual(page.match(/<style>/g)?.length, 1)
      assert.strictEqual(page.match(/<\/style>/g)?.length, 1)
      assert.strictEqual(page.match(/<\/title>/g)?.length, 1)
      assert.notMatch(page, /<!--/)
    }
    assert.strictEqual(Page.escape("a<b & \"c\" 'd' `e`\n\t"), "a&lt;b &amp; &quot;c&quot; &#39;d&#39; &#96;e&#96;\n\t")
  })

  it("takes only its own markup for markup", () => {
    const forged = JSON.parse("{\"effect-gemini-journal/Page/Html\":\"<script>\"}")
    assert.notInclude(Page.render({ title: "t", body: [forged.toString()] }), "<script")
    const page = Page.render({ title: "t", body: [0, 1n, false, null, undefined, "", Page.html`<i>${"x"}</i>`] })
    assert.include(page, "\n01<i>x</i>\n")
  })

  it("links and shows only what is safe", () => {
    for (
      const url of [
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "//x",
        "file:///x"
      ]
    ) assert.notInclude(Page.render({ title: "t", body: Page.link(url, "text") }), "href", url)
    const body = [Page.link("https://example.org/a?b=\"c\"&d", "x"), Page.link("#act-1", "y")]
    const page = Page.render({ title: "t", body })
    assert.include(page, "<a href=\"https://example.org/a?b=&quot;c&quot;&amp;d\"")
    assert.include(page, "<a href=\"#act-1\"")
    for (
      const [type, data] of [["image/svg+xml", "AAAA"], ["text/html", "AAAA"], ["image/png", "\"><script>"]] as const
    ) {
      assert.notInclude(Page.render({ title: "t", body: Page.image(type, data, "alt") }), "<img")
    }
  })

  it("allows its own style, and nothing else", () => {
    const hash = createHash("sha256").update(Page.style).digest("base64")
    const page = Page.render({ title: "t", body: "" })
    assert.include(
      page,
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'">`
    )
    assert.include(page, `<style>${Page.style}</style>`)
    assert.include(Page.style, "prefers-color-scheme:dark")
    assert.notMatch(page, /(?:src|href)="(?!data:)/)
  })
})
