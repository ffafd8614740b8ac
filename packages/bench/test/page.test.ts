import { assert, describe, it } from "@effect/vitest"
import { page } from "../src/harness/page.ts"
import type { Figure, Row } from "../src/rows.ts"

const row: Row = { id: "unary", title: "a <call> & its cost", run: () => Promise.resolve([]) }
const report = { date: "2026-11-30T12:00:00.000Z", machine: "2 × \"test\"", quick: true, server: "much", figures: [] }
const figure: Figure = {
  row: "unary: CPU",
  subject: "client-fetch",
  value: 1.3,
  unit: "× floor",
  better: "lower",
  goal: 1.4
}

describe("the page of figures", () => {
  const html = page(report, [[row, [
    figure,
    { ...figure, subject: "genai", value: 2.6 },
    { ...figure, subject: "none", value: Number.NaN },
    { ...figure, subject: "floor", value: 1 }
  ]]])

  it("draws a bar for each figure in proportion, with its goal and whether it is reached", () => {
    const bars = Array.from(
      html.matchAll(/<rect class="(\w+)" x="250" y="\d+" width="([\d.]+)"/g),
      ([, kind, width]) => [kind, width]
    )
    assert.deepStrictEqual(bars, [["reached", "210.0"], ["missed", "420.0"], ["missed", "0.0"]])
    assert.include(html, "1.30 × floor, goal ≤ 1.4: reached")
  })

  it("needs nothing from elsewhere, and says texts as they are", () => {
    assert.include(html, "a &lt;call&gt; &amp; its cost")
    assert.include(html, "2 × &quot;test&quot;")
    assert.notMatch(html, /https?:|<script|<link|@import|url\(/)
  })
})
