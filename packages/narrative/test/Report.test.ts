import { assert, describe, it } from "@effect/vitest"
import type { Entry } from "effect-gemini-journal/Entry"
import * as Narrative from "effect-gemini-narrative/Narrative"
import type { RunRecord } from "effect-gemini-narrative/RunRecord"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Effect from "effect/Effect"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as Chromium from "../../conformance/test/live/chromium.ts"
import { timesOf } from "../src/internal/reportBars.ts"
import { folder, gemini } from "./runs.ts"

/** A picture of one pixel. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

const hostile = [
  "</pre><script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "\" onmouseover=\"alert(1)",
  "</title><style>*{display:none}</style>",
  "<a href=\"javascript:alert(1)\">x</a>",
  "&lt;script&gt; \u0000 \ud800 \u202e"
]

const story = `
title = ${JSON.stringify(hostile[3])}
[[acts]]
name = "see"
inputs = [{ image_base64 = "${png}", media_type = "image/png" }, { url = "https://x.test/a.pdf" }]
prompt = ${JSON.stringify(hostile[0])}
[[acts]]
name = "each"
for_each = ["one", "two"]
prompt = "{{number}}: {{item}} after {{see}}"
[[acts]]
name = "grow"
repeat = { until = "grow contains 'never'", max = 2 }
prompt = "round {{number}}, before: {{previous}}"
[[acts]]
name = "publish"
approve = ${JSON.stringify(`${hostile[1]} {{each}}`)}
prompt = "Publish"
`

const page = Effect.gen(function*() {
  const runs = yield* Runs.Runs
  const playing = yield* runs.start(yield* Narrative.parse(story), { id: "r" })
  yield* playing.end
  return yield* runs.report("r")
}).pipe(Effect.scoped)

describe("the page of a run", () => {
  it.live("has acts, tokens, prompts as they were sent, answers and images, and nothing that loads or runs", () =>
    Effect.gen(function*() {
      const html = yield* page
      assert.notMatch(html, /<script|<iframe|<link|<object|<base|<form/i)
      // No tag but the page's own has a handler, and none loads from elsewhere.
      assert.notMatch(html, /<[a-z][^>]*\son[a-z]+\s*=/i)
      assert.notMatch(
        html,
        /<[a-z][^>]*\s(?:src|href|xlink:href)="(?!#|data:image\/png;base64,|https:\/\/x\.test\/a\.pdf")/i
      )
      assert.match(
        html,
        /Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^']+'; img-src data:/
      )
      assert.include(html, "&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;")
      assert.include(html, `<img src="data:image/png;base64,${png}"`)
      assert.include(html, "1: one after")
      assert.include(html, "2: two after")
      assert.include(html, "round 2, before: &lt;/pre&gt;")
      assert.include(html, "waits for approval")
      for (const act of ["see", "each[0]", "each[1]", "each", "grow[0]", "grow[1]", "grow", "publish"]) {
        assert.include(html, `>${act}</h3>`)
      }
      assert.strictEqual(
        html.match(/<title>/g)?.length !== undefined && html.includes("<title>&lt;/title&gt;&lt;style&gt;"),
        true
      )
    }).pipe(Effect.provide([
      gemini({ answers: () => ({ text: hostile.join("\n") }) }),
      Runs.layerMemory()
    ])))
})

describe.skipIf(!Chromium.isInstalled)("the page of a run in Chromium", () => {
  it.live("shows hostile texts as texts, runs nothing and loads nothing", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "run.html")
      writeFileSync(file, yield* page)
      const { evaluate, until } = yield* Chromium.drive(pathToFileURL(file).href, "/dev/null", 60)
      yield* until("document.readyState === 'complete' && document.querySelector('h2') !== null")
      yield* evaluate("document.querySelectorAll('details').forEach((it) => { it.open = true })")
      const text = String(yield* evaluate("document.body.innerText"))
      for (const shown of [...hostile.slice(0, 2), "2: two after", "waits for approval"]) assert.include(text, shown)
      assert.strictEqual(yield* evaluate("document.title"), `${hostile[3]}: a run`)
      assert.strictEqual(
        yield* evaluate("document.querySelectorAll('script, b, [style], [onerror], [onmouseover]').length"),
        0
      )
      assert.strictEqual(yield* evaluate("document.querySelectorAll('style').length"), 1)
      assert.strictEqual(
        yield* evaluate("[...document.images].every((it) => it.naturalWidth > 0) && document.images.length"),
        1
      )
      assert.strictEqual(
        yield* evaluate("performance.getEntriesByType('resource').filter((it) => !it.name.startsWith('data:')).length"),
        0
      )
    }).pipe(
      Effect.scoped,
      Effect.provide([gemini({ answers: () => ({ text: hostile.join("\n") }) }), Runs.layerMemory()])
    ))
})

describe("the times of a run", () => {
  const writer = { id: "w", pid: 7 }
  const entries = (list: ReadonlyArray<readonly [at: number, record?: RunRecord]>): ReadonlyArray<Entry<RunRecord>> =>
    list.map(([at, record], seq) =>
      record === undefined
        ? { _tag: seq === 0 ? "Started" : "Resumed", seq, at, writer }
        : { _tag: "Recorded", seq, at, writer, record }
    )
  const asked = (act: string, attempt: number): RunRecord => ({
    _tag: "ActAsked",
    act,
    key: act,
    attempt,
    estimate: { tokens: 1 }
  })
  const answered = (act: string): RunRecord => ({
    _tag: "ActAnswered",
    act,
    key: act,
    output: { text: "" },
    sha256: "",
    model: "m",
    charged: { tokens: 1 },
    startedAt: 0,
    duration: 0
  })
  const cause = { reason: "RateLimited", message: "full" }

  it("are those of requests, of what was lost at a death, of waits, and of people", () => {
    const { bars, marks } = timesOf(entries([
      [0],
      [10, asked("a", 1)],
      [20, { _tag: "Waiting", act: "a", key: "a", until: 60, cause }],
      [60, asked("a", 1)],
      [70, asked("b", 1)],
      [80, answered("a")],
      [500],
      [510, asked("b", 2)],
      [520, {
        _tag: "ActFailed",
        act: "b",
        key: "b",
        final: true,
        cause,
        charged: { tokens: 0 },
        startedAt: 0,
        duration: 0
      }],
      [530, { _tag: "ApprovalAsked", act: "c", key: "c", question: "?" }],
      [540, { _tag: "Paused", acts: [] }],
      [900],
      [910, { _tag: "Decided", act: "c", key: "c", decision: { verdict: "approve" } }],
      // A clock that was set back.
      [905, asked("c", 1)],
      [920, answered("c")]
    ]))
    assert.deepStrictEqual(bars.map(({ act, from, kind, to }) => [act, kind, from, to]), [
      ["a", "asked", 10, 20],
      ["a", "quota", 20, 60],
      ["a", "asked", 60, 80],
      ["b", "lost", 70, 80],
      ["b", "failed", 510, 520],
      ["c", "person", 530, 910],
      ["c", "asked", 910, 920]
    ])
    assert.deepStrictEqual(marks.map(({ at, kind }) => [kind, at]), [
      ["died", 80],
      ["resumed", 500],
      ["paused", 540],
      ["resumed", 900]
    ])
  })
})
