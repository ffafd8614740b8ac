/** The page of a research: what others wrote is text in it, whatever it looks like. */
import { assert, describe, it } from "@effect/vitest"
import * as Cost from "effect-gemini/Cost"
import type { ResearchEvent } from "effect-gemini/research/ResearchEvent"
import type { ResearchReport } from "effect-gemini/research/ResearchReport"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { isProving } from "../../../scripts/proof.ts"
import * as ReportPage from "../src/internal/research/reportPage.ts"
import { ResearchBar, titleOf } from "../src/internal/research/ResearchBar.ts"

const reportOf = (text: string, more: Partial<ResearchReport> = {}): ResearchReport => ({
  text,
  citations: [],
  sources: [],
  images: [],
  id: "tides",
  query: "How are tides predicted?",
  interaction: "interactions/v1",
  isPartial: false,
  plan: undefined,
  output: undefined,
  usage: undefined,
  usages: [],
  cost: Cost.all([]),
  searches: 0,
  ...more
})

const pageOf = (report: ResearchReport, queries: ReadonlyArray<string> = []): string =>
  ReportPage.of({ report, agent: "deep-research-preview-04-2026", queries, isRehearsal: false })

/** The title that a browser shows, after it has run whatever runs in the page. */
const titleIn = (page: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "research-page-"))
  try {
    const path = join(folder, "page.html")
    writeFileSync(path, page)
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom"]
    const { stdout } = spawnSync("chromium", [...flags, `file://${path}`], { encoding: "utf8", timeout: 60_000 })
    return /<title>(.*?)<\/title>/s.exec(stdout)?.[1] ?? assert.fail("chromium showed nothing")
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** All tags of the page's body with their attributes, each once. */
const tagsOf = (page: string): ReadonlySet<string> =>
  new Set(Array.from(page.slice(page.indexOf("<body>")).matchAll(/<[^>]*>/g), ([tag]) => tag))

describe("the page of a report", () => {
  it("paints Markdown, with marks that lead to the sources", () => {
    const text =
      "# Tides\n\nThey **follow** the moon.\n\n1. one\n2. two\n\n- [x] done\n\n| a | b |\n|---|---|\n| 1 | `2` |\n"
    const start = text.indexOf("They")
    const page = pageOf(reportOf(text, {
      citations: [
        // The line break at its end does not push the mark into the next line.
        { start, end: text.indexOf("1. one"), source: 2 },
        { start, end: text.indexOf("moon.") + 5, source: 1 }
      ],
      sources: [
        { number: 1, kind: "url", title: "NOAA", url: "https://noaa.gov/tides" },
        { number: 2, kind: "file", title: "manual.pdf", page: 12 }
      ]
    }))
    assert.include(
      page,
      "<p>They <strong>follow</strong> the moon.<sup><a href=\"#source-1\" rel=\"noreferrer noopener\">[1]</a>" +
        "<a href=\"#source-2\" rel=\"noreferrer noopener\">[2]</a></sup></p>"
    )
    assert.include(page, "<h2>Tides</h2>")
    assert.include(page, "<ol start=\"1\">\n<li>one</li>\n<li>two</li>\n</ol>")
    assert.include(page, "<li>☑ done</li>")
    assert.include(page, "<td><code>2</code></td>")
    assert.include(
      page,
      "<li id=\"source-1\"><a href=\"https://noaa.gov/tides\" rel=\"noreferrer noopener\">NOAA</a> (noaa.gov)</li>"
    )
    assert.include(page, "<li id=\"source-2\">manual.pdf (file, page 12)</li>")
  })

  it("runs nothing, loads nothing and links to http alone, whatever a report says", () => {
    const hostile = [
      "<script>document.title='owned'</script>",
      "<img src=x onerror=\"document.title='owned'\">",
      "[a](javascript:alert(1)) [b](JaVaScRiPt&colon;alert(1)) [c](data:text/html,x) [d](vbscript:x)",
      "![e](https://evil.example/track.png \"x\")",
      "<a href=\"https://evil.example\" onclick=alert(1)>f</a>",
      "[g](https://good.example/\"onmouseover=alert(1))",
      "`</code><script>x</script>`",
      "```\n</pre><script>x</script>\n```",
      "| </td><script>x</script> |\n|---|\n| \ue0001\ue001 \ue0020\ue001 |",
      "&#60;script&#62; \u001b]52;c;AA\u0007 \ue0009,9\ue001"
    ].join("\n\n")
    const page = pageOf(
      reportOf(hostile, {
        query: "</title><script>alert(1)</script>",
        plan: hostile,
        isPartial: true,
        sources: [
          { number: 1, kind: "url", title: "</li><script>x</script>", url: "javascript:alert(1)" },
          { number: 2, kind: "url", title: "quoted", url: "https://x.example/\"><script>x</script>" }
        ],
        images: [
          { at: 3, mimeType: "image/svg+xml", data: "PHN2Zz4=" },
          { at: 5, mimeType: "image/png\" onload=\"x", data: "AAAA" },
          { at: 7, mimeType: "image/png", uri: "https://evil.example/i.png" }
        ]
      }),
      ["<script>x</script>"]
    )
    for (const tag of tagsOf(page)) {
      assert.match(
        tag,
        /^<\/?(?:body|html|h[123]|p|ul|ol|li|strong|em|del|code|pre|sup|blockquote|hr|br|table|thead|tbody|tr|td|th|div|details|summary|a)(?: (?:start="\d+"|scope="col"|class="(?:wide|number)"|id="source-\d+"|href="(?:https?:\/\/[^"<>]*|#source-\d+)" rel="noreferrer noopener"))*>$/
      )
    }
    assert.include(page, "default-src 'none'")
    if (isProving("18.6")) assert.notInclude(titleIn(page), "owned")
    // oxlint-disable-next-line no-control-regex
    assert.notMatch(page, /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ue000-\ue002]/)
  })

  it("shows a text as it was written where the parser gives up", () => {
    for (const text of ["[".repeat(60_000), "> ".repeat(20_000), `${"*a ".repeat(20_000)}`, "<".repeat(50_000)]) {
      const began = performance.now()
      assert.include(pageOf(reportOf(text)), "</html>")
      assert.isBelow(performance.now() - began, 5_000)
    }
  })
})

describe("the status line of a research", () => {
  const events: ReadonlyArray<ResearchEvent> = [
    { _tag: "Started", stage: "research", interaction: { name: "interactions/v1" }, isAgain: false },
    { _tag: "Searched", in: "google", queries: ["tides", "gauges"] },
    { _tag: "Read", urls: ["https://a.example"] },
    { _tag: "Thought", text: "**Looking at\u001b[31m gauges**\n\nThey differ." },
    { _tag: "Written", stage: "research", text: "x".repeat(1_234) }
  ]

  it("says what is done, how much, and how long, and gives up the rest where columns are few", () => {
    const bar = new ResearchBar(0)
    assert.strictEqual(bar.line(1_000), "⠋ asking · 1.0 s")
    for (const event of events) bar.on(event)
    assert.strictEqual(
      bar.line(61_000),
      "⠋ writing · 1 min 1 s · 2 searches · 1 page · 1,234 characters · Looking at␛[31m gauges"
    )
    assert.strictEqual(bar.line(61_000, 40), "⠋ writing · 1 min 1 s · 2 searches")
    for (let columns = 24; columns < 120; columns++) assert.isAtMost(bar.line(61_000, columns).length, columns)
  })

  it("takes the head of a thought", () => {
    assert.strictEqual(titleOf("**One** two"), "One")
    assert.strictEqual(titleOf("\n plain words\nmore"), "plain words")
    assert.strictEqual(titleOf(""), "")
  })
})
