/** A report out of steps, and records out of events: places, sources, images, and bounds. */
import { assert, describe, it } from "@effect/vitest"
import type { Interaction } from "effect-gemini/interactions/Interaction"
import type { InteractionEvent } from "effect-gemini/interactions/InteractionEvent"
import * as ResearchReport from "effect-gemini/research/ResearchReport"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Kept from "../../src/internal/research/researchRecord.ts"
import { Telling } from "../../src/internal/research/Telling.ts"
import * as Written from "../../src/internal/research/written.ts"

const cited = (text: string, ...spans: ReadonlyArray<readonly [start: number, end: number, url: string]>) => ({
  type: "text" as const,
  text,
  annotations: spans.map(([start_index, end_index, url]) => ({
    type: "url_citation" as const,
    start_index,
    end_index,
    url,
    title: url
  }))
})

const interactionOf = (
  ...content: ReadonlyArray<
    ReturnType<typeof cited> | { type: "image"; data?: string; uri?: string; mime_type: string }
  >
): Interaction => ({
  id: "v1",
  status: "completed",
  steps: [
    { type: "model_output", content: [{ type: "text", text: "An earlier plan." }] },
    { type: "user_input", content: [{ type: "text", text: "Go." }] },
    { type: "model_output", content }
  ]
})

describe("a report", () => {
  it.effect.prop(
    "has its citations where the bytes of UTF-8 lie, in any text",
    { texts: Schema.Array(Schema.String) },
    ({ texts }) =>
      Effect.sync(() => {
        const encoder = new TextEncoder()
        const pieces = texts.map((text) => text.toWellFormed())
        const contents = pieces.map((text, index) => {
          const half = Array.from(text).slice(0, Math.ceil(Array.from(text).length / 2)).join("")
          return cited(text, [0, encoder.encode(half).length, `https://a.example/${index}`], [
            encoder.encode(half).length,
            encoder.encode(text).length,
            "https://b.example/"
          ])
        })
        const report = Written.of(interactionOf(...contents))
        assert.strictEqual(report.text, pieces.join(""))
        const found = report.citations.map(({ end, start }) => report.text.slice(start, end))
        const expected = pieces.flatMap((text) => {
          const characters = Array.from(text)
          const half = characters.slice(0, Math.ceil(characters.length / 2)).join("")
          return [half, text.slice(half.length)].filter((piece) => piece !== "")
        })
        assert.deepStrictEqual(found, expected)
      })
  )

  it("lists each source once, marks no stretch without an end, and keeps images at their places", () => {
    const report = Written.of(interactionOf(
      cited("Tides.", [0, 6, "https://a.example/"], [0, 0, "https://b.example/"], [2, 99, "https://a.example/"]),
      { type: "image", data: "AAAA", mime_type: "image/png" },
      { type: "image", mime_type: "image/png" },
      cited(" More.", [4, 2, "https://a.example/"]),
      { type: "image", uri: "https://c.example/i.png", mime_type: "image/png" }
    ))
    assert.strictEqual(report.text, "Tides. More.")
    assert.deepStrictEqual(report.sources.map(({ number, url }) => [number, url]), [[1, "https://a.example/"], [
      2,
      "https://b.example/"
    ]])
    assert.deepStrictEqual(report.citations, [{ start: 0, end: 6, source: 1 }, { start: 2, end: 6, source: 1 }])
    assert.deepStrictEqual(report.images, [
      { at: 6, mimeType: "image/png", data: "AAAA" },
      { at: 12, mimeType: "image/png", uri: "https://c.example/i.png" }
    ])
    assert.strictEqual(
      ResearchReport.toMarkdown(report),
      "Tides.[1] More.\n\n## Sources\n\n1. [https://a.example/](<https://a.example/>)\n2. [https://b.example/](<https://b.example/>)\n"
    )
  })

  it("names files with their pages, and places; an annotation of another kind is passed over", () => {
    const report = Written.of({
      id: "v1",
      status: "completed",
      steps: [{
        type: "model_output",
        content: [{
          type: "text",
          text: "abc",
          annotations: [
            { type: "file_citation", file_name: "manual.pdf", page_number: "12", start_index: 0, end_index: "1" },
            { type: "file_citation", file_name: "manual.pdf", page_number: 13, start_index: 1, end_index: 2 },
            { type: "place_citation", name: "Föglö", url: "https://maps.example/", start_index: 2, end_index: 3 },
            { type: "word_info", text: "a", start_index: 0, end_index: 1 },
            { type: "url_citation", start_index: 0, end_index: 1 }
          ]
        }]
      }]
    })
    assert.deepStrictEqual(report.sources, [
      { number: 1, kind: "file", title: "manual.pdf", page: 12 },
      { number: 2, kind: "file", title: "manual.pdf", page: 13 },
      { number: 3, kind: "place", title: "Föglö", url: "https://maps.example/" }
    ])
    assert.strictEqual(report.citations.length, 3)
    assert.include(ResearchReport.toMarkdown(report), "a[1]b[2]c[3]")
  })

  it("has marks before the line break that a stretch ends with, each source once", () => {
    const citations = [{ start: 0, end: 6, source: 2 }, { start: 0, end: 4, source: 1 }, {
      start: 1,
      end: 4,
      source: 1
    }]
    assert.deepStrictEqual(ResearchReport.marks({ text: "Tide\n\n# More", citations }), [{ at: 4, numbers: [1, 2] }])
  })
})

describe("what is told", () => {
  const told = (...events: ReadonlyArray<InteractionEvent>) => {
    const telling = new Telling("research")
    return events.flatMap((event) => telling.of(event))
  }

  it("tells a call once, whether it comes whole or in deltas behind an empty start", () => {
    const queries = ["tides"]
    const call = { type: "google_search_call" as const, id: "c1" }
    assert.deepStrictEqual(
      told(
        { event_type: "step.start", index: 0, step: { ...call, arguments: { queries } } },
        { event_type: "step.delta", index: 0, delta: { type: "google_search_call", arguments: { queries } } },
        { event_type: "step.start", index: 1, step: { ...call, arguments: {} } },
        { event_type: "step.delta", index: 1, delta: { type: "google_search_call", arguments: { queries } } }
      ),
      [{ _tag: "Searched", in: "google", queries }, { _tag: "Searched", in: "google", queries }]
    )
  })

  it("tells thoughts, pages, files and other tools, and nothing of results and signatures", () => {
    assert.deepStrictEqual(
      told(
        { event_type: "step.start", index: 0, step: { type: "thought" } },
        {
          event_type: "step.delta",
          index: 0,
          delta: { type: "thought_summary", content: { type: "text", text: "Hm." } }
        },
        { event_type: "step.delta", index: 0, delta: { type: "thought_signature", signature: "s" } },
        {
          event_type: "step.start",
          index: 1,
          step: { type: "url_context_call", id: "a", arguments: { urls: ["https://a.example/"] } }
        },
        { event_type: "step.start", index: 2, step: { type: "url_context_result", call_id: "a", result: [] } },
        { event_type: "step.start", index: 3, step: { type: "file_search_call", id: "b" } },
        { event_type: "step.start", index: 4, step: { type: "code_execution_call", id: "c" } },
        { event_type: "step.delta", index: 4, delta: { type: "code_execution_call", arguments: { code: "1" } } },
        { event_type: "step.start", index: 5, step: { type: "model_output", content: [{ type: "text", text: "A" }] } },
        { event_type: "step.delta", index: 5, delta: { type: "text", text: "B" } },
        { event_type: "step.stop", index: 5 }
      ),
      [
        { _tag: "Thought", text: "Hm." },
        { _tag: "Read", urls: ["https://a.example/"] },
        { _tag: "Used", tool: "file_search" },
        { _tag: "Used", tool: "code_execution" },
        { _tag: "Written", stage: "research", text: "A" },
        { _tag: "Written", stage: "research", text: "B" }
      ]
    )
  })

  it("is cut into records that a journal takes, of which the last has the handle", () => {
    const handle = { name: "interactions/v1", since: 0 }
    const long = "🌊".repeat(120_000)
    const records = Kept.heardRecords([{ _tag: "Written", stage: "research", text: `x${long}` }], handle)
    assert.isAbove(records.length, 1)
    assert.deepStrictEqual(records.map((record) => record.handle), [...records.slice(1).map(() => undefined), handle])
    const texts = records.flatMap(({ events }) => events).map((event) => event._tag === "Written" ? event.text : "")
    assert.strictEqual(texts.join(""), `x${long}`)
    assert.isTrue(texts.every((text) => text.isWellFormed() && text.length <= 100_000))
    assert.deepStrictEqual(Kept.heardRecords([], handle), [{ _tag: "Heard", events: [], handle }])
  })
})
