/**
 * What of a research is only sums and words, at its edges: documents as input, what events tell, where it stands by its
 * records, how they are cut, and the report as text.
 */
import { assert, describe, it } from "@effect/vitest"
import type { InteractionEvent } from "effect-gemini/interactions/InteractionEvent"
import type { ResearchProgress } from "effect-gemini/research/ResearchEvent"
import type { ResearchDocument } from "effect-gemini/research/ResearchOptions"
import * as ResearchReport from "effect-gemini/research/ResearchReport"
import * as Result from "effect/Result"
import * as Documents from "../../src/internal/research/documents.ts"
import * as Kept from "../../src/internal/research/researchRecord.ts"
import { Telling } from "../../src/internal/research/Telling.ts"
import * as Written from "../../src/internal/research/written.ts"

describe("documents", () => {
  const data = new TextEncoder().encode("a")
  const taken = (document: ResearchDocument) => {
    const input = Documents.inputOf("q", [document])
    return Result.isFailure(input) ? input.failure.field : Array.isArray(input.success) ? input.success[1] : undefined
  }

  it("stand behind the question, each as what its type says", () => {
    const rows: ReadonlyArray<readonly [document: ResearchDocument, content: unknown]> = [
      [{ mimeType: "text/plain", data }, { type: "text", text: "a" }],
      [{ mimeType: " TEXT/Markdown; charset=utf-8", data }, { type: "text", text: "a" }],
      [{ mimeType: "text/csv", data }, { type: "document", data: "YQ==", mime_type: "text/csv" }],
      [{ mimeType: "application/pdf", data }, { type: "document", data: "YQ==", mime_type: "application/pdf" }],
      [{ mimeType: "image/png", data }, { type: "image", data: "YQ==", mime_type: "image/png" }],
      [{ mimeType: "video/mp4", data }, { type: "video", data: "YQ==", mime_type: "video/mp4" }],
      [{ mimeType: "text/plain", uri: "u" }, { type: "document", uri: "u", mime_type: "text/plain" }],
      [{ mimeType: "image/png", uri: "u" }, { type: "image", uri: "u", mime_type: "image/png" }],
      [{ mimeType: "video/mp4", uri: "u" }, { type: "video", uri: "u", mime_type: "video/mp4" }],
      [{ type: "text", text: "b" }, { type: "text", text: "b" }]
    ]
    for (const [document, content] of rows) assert.deepStrictEqual(taken(document), content, JSON.stringify(document))
    assert.deepStrictEqual(Documents.inputOf(" q ", []), Result.succeed(" q "))
    assert.deepStrictEqual(
      Documents.inputOf("q", [{ type: "text", text: "b" }]),
      Result.succeed([
        { type: "text", text: "q" },
        { type: "text", text: "b" }
      ])
    )
  })

  it("that cannot be one are refused by their place", () => {
    const rows: ReadonlyArray<readonly [document: ResearchDocument, field: string]> = [
      [{ mimeType: "", data }, "documents[0].mimeType"],
      [{ mimeType: "text", data }, "documents[0].mimeType"],
      [{ mimeType: "a/b/c", data }, "documents[0].mimeType"],
      [{ mimeType: "audio/wav", data }, "documents[0]"],
      [{ mimeType: "audio/wav", uri: "u" }, "documents[0]"],
      [{ mimeType: "image/png", uri: "" }, "documents[0].uri"],
      [{ mimeType: "image/png", data: new Uint8Array(0) }, "documents[0].data"],
      [{ mimeType: "text/plain", data: Uint8Array.of(0xff) }, "documents[0].data"]
    ]
    for (const [document, field] of rows) assert.strictEqual(taken(document), field, JSON.stringify(document))
    for (const query of ["", " \n"]) {
      const input = Documents.inputOf(query, [])
      assert.strictEqual(Result.isFailure(input) ? input.failure.field : undefined, "query")
    }
  })
})

describe("what is told", () => {
  const told = (...events: ReadonlyArray<object>) => {
    const telling = new Telling("plan")
    return events.flatMap((event) => telling.of(event as InteractionEvent))
  }
  const start = (step: unknown, index = 0) => ({ event_type: "step.start", index, step })
  const delta = (delta: unknown, index = 0) => ({ event_type: "step.delta", index, delta })

  it("is of searches by their kind, of pages, and of other tools by their name", () => {
    const rows: ReadonlyArray<readonly [step: object, progress: unknown]> = [
      [{ type: "google_search_call", arguments: { queries: ["a", "", 1, "b"] } }, {
        _tag: "Searched",
        in: "google",
        queries: ["a", "b"]
      }],
      [{ type: "google_maps_call", arguments: { queries: ["a"] } }, { _tag: "Searched", in: "maps", queries: ["a"] }],
      [{ type: "retrieval_call", arguments: { queries: ["a"] } }, { _tag: "Searched", in: "files", queries: ["a"] }],
      [{ type: "url_context_call", arguments: { urls: ["u"] } }, { _tag: "Read", urls: ["u"] }],
      [{ type: "mcp_call" }, { _tag: "Used", tool: "mcp" }],
      [{ type: `${"x".repeat(5_000)}_call` }, { _tag: "Used", tool: "x".repeat(4_096) }]
    ]
    for (const [step, progress] of rows) {
      assert.deepStrictEqual<unknown>(told(start(step)), [progress])
      assert.deepStrictEqual<unknown>(told(delta(step)), [progress])
    }
    const silent = [
      { type: "google_search_call" },
      { type: "google_search_call", arguments: { queries: "a" } },
      { type: "google_search_call", arguments: [["a"]] },
      { type: "google_search_call", arguments: null },
      { type: "url_context_call", arguments: { urls: [""] } },
      { type: "call_mcp" },
      null,
      undefined
    ]
    for (const step of silent) assert.deepStrictEqual(told(start(step), delta(step)), [], JSON.stringify(step))
    assert.deepStrictEqual(told({ event_type: "step.stop", index: 0 }, { event_type: "other" }), [])
  })

  it("is told again of another step, and bounded", () => {
    const search = { type: "google_search_call", arguments: { queries: ["a"] } }
    assert.lengthOf(told(start(search), delta(search), start(search, 1)), 2)
    const many = {
      type: "google_search_call",
      arguments: { queries: Array.from({ length: 65 }, () => "x".repeat(4_097)) }
    }
    const [first] = told(start(many))
    assert.strictEqual(first?._tag, "Searched")
    if (first?._tag === "Searched") {
      assert.deepStrictEqual([first.queries.length, first.queries[0]?.length], [64, 4_096])
    }
    const [thought] = told(start({ type: "thought", summary: [{ text: "x".repeat(70_000) }] }))
    assert.strictEqual(thought?._tag === "Thought" ? thought.text.length : 0, 65_536)
  })

  it("is of thoughts and words in whatever shape they come, and not of empty ones", () => {
    const nested = [{ type: "text", text: "a" }, [{ text: "b" }, { other: 1 }, null, "c"]]
    assert.deepStrictEqual(told(start({ type: "thought", summary: nested })), [{ _tag: "Thought", text: "ab" }])
    assert.deepStrictEqual(told(delta({ type: "thought_summary", content: { text: "a" } })), [
      { _tag: "Thought", text: "a" }
    ])
    assert.deepStrictEqual(told(start({ type: "model_output", content: nested })), [
      { _tag: "Written", stage: "plan", text: "ab" }
    ])
    const silent = [
      start({ type: "thought", summary: [{ text: " \n" }] }),
      start({ type: "thought" }),
      start({ type: "model_output" }),
      delta({ type: "thought_summary" }),
      delta({ type: "text", text: "" })
    ]
    assert.deepStrictEqual(told(...silent), [])
    // White space is a part of what is written.
    assert.deepStrictEqual(told(delta({ type: "text", text: " " })), [{ _tag: "Written", stage: "plan", text: " " }])
  })
})

describe("where a research stands", () => {
  const handle = { name: "interactions/v1", since: 0 }
  const begun: Kept.ResearchRecord = {
    _tag: "Begun",
    at: 1,
    query: "q",
    agent: "a",
    input: "i",
    isPlanned: true,
    hasOutput: true
  }
  const asked = (stage: "plan" | "research" | "output"): Kept.ResearchRecord => ({ _tag: "Asked", at: 2, stage })
  const heard = (...events: ReadonlyArray<ResearchProgress>): Kept.ResearchRecord => ({ _tag: "Heard", events })
  const ended = (stage: "plan" | "research" | "output"): Kept.ResearchRecord => ({
    _tag: "Ended",
    at: 3,
    stage,
    of: "a",
    interaction: { name: "interactions/v1" },
    status: "completed",
    report: "r"
  })
  const decided = (decision: object): Kept.ResearchRecord => ({ _tag: "Decided", at: 9, decision: decision as never })
  const planned: ResearchProgress = { _tag: "Planned", plan: "p", revision: 2 }
  const after = (...records: ReadonlyArray<Kept.ResearchRecord>) => records.reduce(Kept.step, Kept.nothing)

  it("is in a word what its records say", () => {
    const stopped = (why: Kept.Stopped["why"]): Kept.ResearchRecord => ({ _tag: "Stopped", at: 4, why, message: "m" })
    const change = decided({ _tag: "Change", text: "c" })
    const approve = decided({ _tag: "Approve" })
    const plan = [begun, asked("plan"), ended("plan")]
    const rows: ReadonlyArray<readonly [word: string, records: ReadonlyArray<Kept.ResearchRecord>]> = [
      ["begun", [begun]],
      ["planning", [begun, asked("plan")]],
      ["researching", [begun, asked("research")]],
      ["researching", plan],
      ["awaiting", [...plan, heard(planned)]],
      ["awaiting", [begun, asked("plan"), heard(planned)]],
      ["planning", [...plan, heard(planned), change]],
      ["researching", [...plan, heard(planned), approve]],
      ["shaping", [...plan, asked("research"), ended("research")]],
      ["researching", [begun, ended("research"), asked("output")]],
      ["shaping", [begun, ended("research"), asked("output"), ended("output")]],
      ["finished", [begun, { _tag: "Finished", at: 5 }]],
      ["finished", [begun, stopped("failed"), { _tag: "Finished", at: 5 }]],
      ...(["failed", "cancelled", "deadline", "budget"] as const).map((why) =>
        [why, [begun, asked("plan"), heard(planned), stopped(why)]] as const
      )
    ]
    for (const [word, records] of rows) {
      assert.strictEqual(Kept.stateOf(after(...records)), word, JSON.stringify(records))
    }
  })

  it("keeps of its records what is asked for later", () => {
    const written = (text: string): ResearchProgress => ({ _tag: "Written", stage: "plan", text })
    const searched: ResearchProgress = { _tag: "Searched", in: "google", queries: ["a", "b"] }
    const first = after(
      begun,
      asked("plan"),
      { _tag: "Heard", events: [written("a")], handle },
      heard(written("b"), searched)
    )
    assert.deepStrictEqual(first.open, { stage: "plan", handle, text: "ab" })
    assert.deepStrictEqual([first.begun, first.workedFrom, first.searches, first.awaits], [begun, 1, 2, false])
    const again = [asked("research"), heard(searched, { _tag: "Thought", text: "t" })].reduce(Kept.step, first)
    assert.deepStrictEqual(again.open, { stage: "research", handle: undefined, text: "" })
    assert.strictEqual(again.searches, 4)
    const over = [heard(planned), ended("plan"), decided({ _tag: "Approve" })].reduce(Kept.step, again)
    assert.deepStrictEqual([over.plan, over.revision, over.awaits, over.open], ["p", 2, false, undefined])
    assert.deepStrictEqual([over.decision, over.workedFrom], [{ _tag: "Approve" }, 9])
    // Words that nobody asked for belong to nothing.
    assert.isUndefined(Kept.step(over, heard(written("late"))).open)
    assert.strictEqual(Kept.step(over, { _tag: "Shaped", at: 5, text: "s" }).shaped, "s")
    const stopped = Kept.step(first, { _tag: "Stopped", at: 4, why: "failed", message: "m" })
    assert.isUndefined(stopped.open)
    const both = [ended("research"), ended("plan")].reduce(Kept.step, over)
    assert.strictEqual(Kept.lastOf(both, "research"), both.ended[1])
    assert.strictEqual(Kept.lastOf(both, "research", "plan"), both.ended[2])
    assert.isUndefined(Kept.lastOf(both, "output"))
  })

  it("tells again what was told, and decisions", () => {
    const decision = { _tag: "Approve" } as const
    assert.deepStrictEqual(Kept.told(heard(planned)), [planned])
    assert.deepStrictEqual(Kept.told(decided(decision)), [{ _tag: "Decided", decision }])
    assert.deepStrictEqual(Kept.told(begun), [])
  })

  it("is written in records of bounded size, and no more at once than a journal takes", () => {
    const text = (length: number): ResearchProgress => ({ _tag: "Written", stage: "plan", text: "x".repeat(length) })
    const lengths = (...events: ReadonlyArray<ResearchProgress>) =>
      Kept.heardRecords(events, handle).map((record) =>
        record.events.map((event) => event._tag === "Written" ? event.text.length : 0)
      )
    assert.deepStrictEqual(lengths(text(100_000)), [[100_000]])
    assert.deepStrictEqual(lengths(text(100_001)), [[100_000, 1]])
    const beside = JSON.stringify(text(0)).length
    assert.deepStrictEqual(lengths(text(100_000), text(50_000 - 2 * beside)), [[100_000, 50_000 - 2 * beside]])
    assert.deepStrictEqual(lengths(text(100_000), text(50_001 - 2 * beside)), [[100_000], [50_001 - 2 * beside]])
    const most = Array.from({ length: 25 }, () => text(100_000 - beside))
    assert.strictEqual(lengths(...most).flat().length, 20)
    assert.strictEqual(lengths(...most.slice(0, 20), text(0)).flat().length, 20)
    assert.isUndefined(Kept.heardRecords([text(1)], undefined)[0]?.handle)
    // What is no text is not cut, however long.
    const long: ResearchProgress = { _tag: "Thought", text: "x".repeat(100_001) }
    assert.deepStrictEqual(Kept.heardRecords([long], undefined), [{ _tag: "Heard", events: [long] }])
    const waves: ResearchProgress = { _tag: "Written", stage: "plan", text: `x${"🌊".repeat(50_000)}` }
    assert.deepStrictEqual(lengths(waves), [[99_999, 2]])
    assert.deepStrictEqual([Kept.bounded("a"), Kept.bounded("x".repeat(100_000)).length], ["a", 100_000])
    assert.strictEqual(Kept.bounded("x".repeat(100_001)), `${"x".repeat(100_000)}…`)
  })
})

describe("a report", () => {
  const written = (...annotations: ReadonlyArray<object>) =>
    Written.of({
      id: "v1",
      status: "completed",
      steps: [{ type: "model_output", content: [{ type: "text", text: "abc", annotations: annotations as never }] }]
    })

  it("names its sources by what there is of them, and leaves out what has no name", () => {
    const url = "https://a.example/"
    const rows: ReadonlyArray<readonly [annotation: object, source: unknown]> = [
      [{ type: "url_citation", url }, { kind: "url", title: url, url }],
      [{ type: "url_citation", title: "t" }, { kind: "url", title: "t" }],
      [{ type: "url_citation", title: "t", url }, { kind: "url", title: "t", url }],
      [{ type: "url_citation", title: "", url: "" }, undefined],
      [{ type: "file_citation", document_uri: url }, { kind: "file", title: url, url }],
      [{ type: "file_citation", source: "s", document_uri: url }, { kind: "file", title: "s", url }],
      [{ type: "file_citation", file_name: "f", source: "s", page_number: 0 }, { kind: "file", title: "f", page: 0 }],
      [{ type: "file_citation", file_name: "f", page_number: null }, { kind: "file", title: "f" }],
      [{ type: "file_citation" }, undefined],
      [{ type: "place_citation", name: "n" }, { kind: "place", title: "n" }],
      [{ type: "place_citation", url }, { kind: "place", title: url, url }],
      [{ type: "place_citation" }, undefined]
    ]
    for (const [annotation, source] of rows) {
      const { citations, sources } = written({ ...annotation, start_index: 1, end_index: 2 })
      assert.deepStrictEqual<unknown>(
        sources,
        source === undefined ? [] : [{ number: 1, ...Object(source) }],
        JSON.stringify(annotation)
      )
      assert.deepStrictEqual(citations, source === undefined ? [] : [{ start: 1, end: 2, source: 1 }])
    }
    // A source without a stretch is listed.
    assert.deepStrictEqual(written({ type: "url_citation", url }).sources.length, 1)
    assert.deepStrictEqual(written({ type: "url_citation", url }).citations, [])
  })

  it("lists two thousand sources at most, and goes on marking those", () => {
    const url = (nth: number) => ({
      type: "url_citation",
      url: `https://a.example/${nth}`,
      start_index: 0,
      end_index: 1
    })
    const all = Array.from({ length: 2_001 }, (_, nth) => url(nth))
    const { citations, sources } = written(...all, url(0))
    assert.deepStrictEqual([sources.length, sources.at(-1)?.number], [2_000, 2_000])
    assert.deepStrictEqual([citations.length, citations.at(-1)?.source], [2_001, 1])
  })

  it("is what was written after the last input, with its pictures", () => {
    const output = (text: string) => ({ type: "model_output" as const, content: [{ type: "text" as const, text }] })
    const report = Written.of({
      id: "v1",
      status: "completed",
      steps: [
        output("a"),
        { type: "function_result", call_id: "1", name: "f", result: "x" } as never,
        { type: "thought" },
        output("b"),
        { type: "model_output" },
        {
          type: "model_output",
          content: [{ type: "image", data: "AA==", uri: "u" } as never, { type: "image" } as never]
        },
        output("c")
      ]
    })
    assert.deepStrictEqual([report.text, report.images], ["bc", [{ at: 1, mimeType: "image/png", data: "AA==" }]])
  })

  it("as text has its sources behind it, whatever their names hold", () => {
    const source = (more: object) => ({ number: 1, kind: "url" as const, title: "a [b]\n\\c", ...more })
    const text = (sources: ReadonlyArray<ReturnType<typeof source>>) =>
      ResearchReport.toMarkdown({ text: "x\n\n", citations: [], sources, images: [] })
    assert.strictEqual(text([]), "x\n\n")
    assert.strictEqual(text([source({})]), "x\n\n## Sources\n\n1. a \\[b\\] \\\\c\n")
    assert.strictEqual(
      text([source({ url: "https://a.example/<b> c", page: 3 })]),
      "x\n\n## Sources\n\n1. [a \\[b\\] \\\\c](<https://a.example/%3Cb%3E%20c>), page 3\n"
    )
  })
})
