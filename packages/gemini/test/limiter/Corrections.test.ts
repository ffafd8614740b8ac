import { assert, describe, it } from "@effect/vitest"
import * as Content from "effect-gemini/wire/Content"
import * as Schema from "effect/Schema"
import * as Corrections from "../../src/internal/limiter/Corrections.ts"
import { estimateOf } from "../../src/internal/limiter/tokenEstimate.ts"

const text = (tokens: number) => estimateOf({ contents: [Content.user("x".repeat(4 * tokens))] })
const file = (mimeType?: string) => ({
  fileData: { fileUri: "files/a", ...(mimeType === undefined ? {} : { mimeType }) }
})
const inline = (mimeType: string, bytes: number) => ({
  inlineData: { mimeType, data: "A".repeat(Math.ceil(bytes / 0.75)) }
})
const parts = (...parts: ReadonlyArray<object>) => estimateOf({ contents: [{ role: "user", parts }] })
const details = (tokens: Readonly<Record<string, number>>) =>
  Object.entries(tokens).map(([modality, tokenCount]) => ({ modality, tokenCount }))
const counted = (promptTokenCount: number, by?: Readonly<Record<string, number>>) => ({
  promptTokenCount,
  ...(by === undefined ? {} : { promptTokensDetails: details(by) })
})

const make = () => new Corrections.Corrections()
const pdf = "application/pdf"

describe("an estimate", () => {
  it("is corrected by the first count that is higher, and never below itself", () => {
    const known = make()
    known.hear(text(200), counted(2_000), true)
    assert.strictEqual(known.applied(text(200), 1e6), 2_000)
    assert.strictEqual(known.applied(text(64), 1e6), 640)
    const low = make()
    low.hear(text(200), counted(20), true)
    assert.strictEqual(low.applied(text(200), 1e6), 200)
    assert.strictEqual(low.revision, 0)
  })

  it("comes down slowly when less is counted, and is exact while the same is", () => {
    const known = make()
    known.hear(text(200), counted(1_000), true)
    const { revision } = known
    known.hear(text(200), counted(1_000), true)
    assert.deepStrictEqual([known.applied(text(200), 1e6), known.revision], [1_000, revision])
    for (let i = 0; i < 8; i++) known.hear(text(200), counted(200), true)
    assert.strictEqual(known.applied(text(200), 1e6), 1_000)
    known.hear(text(200), counted(200), true)
    assert.strictEqual(known.applied(text(200), 1e6), 800)
    assert.isAbove(known.revision, revision)
    for (let i = 0; i < 60; i++) known.hear(text(200), counted(10), true)
    assert.isAtMost(known.applied(text(200), 1e6), 201)
  })

  it("stays as high as one answer in nine shows", () => {
    const known = make()
    for (let i = 0; i < 100; i++) known.hear(text(200), counted(i % 9 === 0 ? 2_000 : 20), true)
    assert.strictEqual(known.applied(text(200), 1e6), 2_000)
  })

  it("takes no count for lower that is not the last one", () => {
    const known = make()
    known.hear(text(200), counted(600), true)
    known.hear(text(200), counted(200), false)
    assert.strictEqual(known.applied(text(200), 1e6), 600)
    known.hear(text(200), counted(800), false)
    assert.strictEqual(known.applied(text(200), 1e6), 800)
  })

  it("takes no ratio from a few words: what the server adds to them is no share of a long text", () => {
    const known = make()
    known.hear(text(1), counted(30), true)
    assert.strictEqual(known.applied(text(1), 1e6), 30)
    assert.strictEqual(known.applied(text(63), 1e6), 92)
    assert.strictEqual(known.applied(text(64), 1e6), 64)
    assert.strictEqual(known.applied(text(10_000), 1e6), 10_000)
  })

  it("is corrected for each kind of content apart", () => {
    const known = make()
    known.hear(parts({ text: "x".repeat(800) }, file(pdf)), counted(25_900, { TEXT: 100, DOCUMENT: 25_800 }), true)
    assert.strictEqual(known.applied(parts(file(pdf)), 1e6), 25_800)
    assert.strictEqual(known.applied(parts(file(pdf), file(pdf)), 1e6), 51_600)
    for (const other of [file("video/mp4"), file("audio/mp3"), file(), file("image/png")]) {
      assert.strictEqual(known.applied(parts(other), 1e6), 258)
    }
    assert.approximately(known.applied(parts(inline(pdf, 100_000)), 1e6), 516, 1)
    assert.strictEqual(known.applied(text(200), 1e6), 200)
    known.hear(
      parts(inline("image/png", 10), inline("audio/mp3", 160_000)),
      counted(1_652, { IMAGE: 1_032, AUDIO: 620 }),
      true
    )
    assert.strictEqual(known.applied(parts(inline("image/png", 10)), 1e6), 1_032)
    assert.approximately(known.applied(parts(inline("audio/mp3", 160_000)), 1e6), 620, 1)
  })

  it("gives what no modality names to the kinds that are left, and what nobody names to all", () => {
    const known = make()
    // A document is often counted as images.
    known.hear(parts({ text: "x" }, file(pdf)), counted(2_581, { TEXT: 1, IMAGE: 2_580 }), true)
    assert.strictEqual(known.applied(parts(file(pdf)), 1e6), 2_580)
    const blind = make()
    blind.hear(parts({ text: "x".repeat(400) }, file("video/mp4")), counted(10_420), true)
    assert.strictEqual(blind.applied(parts(file("video/mp4")), 1e6), 10_320)
    assert.strictEqual(blind.applied(text(100), 1e6), 100)
  })

  it("tells what a cache holds from what the request brings", () => {
    const known = make()
    const cached = estimateOf({ cachedContent: "cachedContents/a", contents: [Content.user("x".repeat(800))] })
    known.hear(cached, {
      promptTokenCount: 20_680,
      cachedContentTokenCount: 20_480,
      promptTokensDetails: details({ TEXT: 20_680 }),
      cacheTokensDetails: details({ TEXT: 20_480 })
    }, true)
    assert.strictEqual(known.applied(cached, 1e6), 20_680)
    assert.strictEqual(known.applied(text(200), 1e6), 200)
  })

  it("is raised to three quarters of a minute's tokens at most, and is left where it is larger by itself", () => {
    const known = make()
    known.hear(parts(file(pdf)), counted(1_000_000, { DOCUMENT: 1_000_000 }), true)
    assert.strictEqual(known.applied(parts(file(pdf)), 10_000), 7_500)
    assert.strictEqual(known.applied(parts(file(pdf)), 300), 258)
    assert.strictEqual(known.applied(parts(file(pdf)), Infinity), 1_000_000)
  })

  it("that is a count is not corrected", () => {
    const known = make()
    known.hear(text(200), counted(2_000), true)
    known.hear(200, counted(9_000), true)
    assert.deepStrictEqual([known.applied(200, 1e6), known.applied(0, 1e6), known.applied(text(200), 1e6)], [
      200,
      0,
      2_000
    ])
  })

  it.prop(
    "stays a finite number that is no less than itself, whatever the server counts",
    {
      counts: Schema.Array(Schema.Union([
        Schema.Number,
        Schema.Literals(["12", "x", ""]),
        Schema.Null,
        Schema.Int
      ])).check(Schema.isMaxLength(12))
    },
    ({ counts }) => {
      const known = make()
      const all = parts(
        { text: "x".repeat(400) },
        file(pdf),
        file(),
        inline("image/png", 5),
        inline("audio/mp3", 99_999)
      )
      counts.forEach((count, i) => {
        const at = (shift: number) => counts[(i + shift) % counts.length] ?? null
        known.hear(i % 2 === 0 ? all : text(100), {
          promptTokenCount: count,
          cachedContentTokenCount: at(1),
          promptTokensDetails: [{ modality: "TEXT", tokenCount: at(2) }, { modality: "AUDIO", tokenCount: at(3) }]
        }, i % 3 !== 0)
        for (const estimate of [all, text(1), text(100)]) {
          const tokens = known.applied(estimate, 1e9)
          assert.isTrue(tokens >= estimate.total && tokens <= Math.max(estimate.total, 750_000_000), `${tokens}`)
        }
      })
    }
  )
})

describe("corrections", () => {
  it("are shared by the lanes of a limiter, model by model", () => {
    const [one, other] = [{}, {}]
    Corrections.of(one, "a").hear(text(100), counted(500), true)
    const applied = (limiter: object, model: string) => Corrections.of(limiter, model).applied(text(100), 1e6)
    assert.deepStrictEqual([applied(one, "a"), applied(one, "b"), applied(other, "a")], [500, 100, 100])
  })

  it("are bounded: names may come from anywhere", () => {
    const limiter = {}
    const first = Corrections.of(limiter, "first")
    for (let i = 0; i < 255; i++) Corrections.of(limiter, `model-${i}`)
    assert.strictEqual(Corrections.of(limiter, "first"), first)
    Corrections.of(limiter, "one more")
    assert.notStrictEqual(Corrections.of(limiter, "first"), first)
  })
})
