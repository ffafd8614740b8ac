/** Deep research, client and emulator together: from the question to the report, whatever happens on the way. */
import { assert, describe, it } from "@effect/vitest"
import type * as Standalone from "effect-gemini-emulator/Standalone"
import * as Journal from "effect-gemini-journal/Journal"
import * as DeepResearch from "effect-gemini/research/DeepResearch"
import type * as ResearchEvent from "effect-gemini/research/ResearchEvent"
import type * as ResearchOptions from "effect-gemini/research/ResearchOptions"
import * as ResearchReport from "effect-gemini/research/ResearchReport"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { isProving } from "../../../../scripts/proof.ts"
import * as Layers from "./interactionLayers.ts"

const query = "How are tides in the Åland sea predicted? 🌊"

/** A research of 3 seconds in 60 milliseconds. */
const swift = { interactions: { research: 60 } }

const environment = (emulator: Standalone.Standalone) => Layer.merge(Layers.layer(emulator.url), Journal.layerMemory())

/** The interactions that were made, by their agent or model. */
const made = (emulator: Standalone.Standalone) =>
  emulator.requests().filter(({ method, path }) => method === "POST" && path.endsWith("/interactions"))

const reportOf = <A>(events: ReadonlyArray<ResearchEvent.ResearchEvent<A>>): ResearchReport.ResearchReport<A> => {
  const last = events.at(-1)
  return last?._tag === "Finished" ? last.report : assert.fail(`it ended with ${last?._tag}`)
}

const tags = (events: ReadonlyArray<ResearchEvent.ResearchEvent>) => new Set(events.map(({ _tag }) => _tag))

describe("a deep research", () => {
  it.live("tells what it does, and gives a report whose citations lie where they belong", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const events = yield* Stream.runCollect(DeepResearch.run({ query, pricedAs: "gemini-3.1-pro-preview" }))
        for (const tag of ["Started", "Thought", "Searched", "Read", "Written", "Finished"] as const) {
          assert.isTrue(tags(events).has(tag), tag)
        }
        const report = reportOf(events)
        const written = events.map((event) => event._tag === "Written" ? event.text : "").join("")
        assert.strictEqual(written, report.text)
        assert.isAbove(report.citations.length, 3)
        for (const { end, source, start } of report.citations) {
          // The emulator cites whole sentences, by bytes of UTF-8, of a text that is not ASCII.
          assert.match(report.text.slice(start, end), /^(?:One finds that|The document) [\s\S]*\.$/)
          assert.strictEqual(report.sources[source - 1]?.number, source)
        }
        assert.strictEqual(new Set(report.sources.map(({ url }) => url)).size, report.sources.length)
        assert.isAbove(report.searches, 0)
        assert.isAbove(report.usage?.totalTokens ?? 0, 0)
        assert.isDefined(report.cost.total)
        assert.isFalse(report.isPartial)
        assert.include(ResearchReport.toMarkdown(report), ".[1]")
        const [request] = made(emulator)
        assert.deepInclude(request?.body, {
          agent: DeepResearch.defaultAgent,
          background: true,
          store: true,
          input: query,
          agent_config: {
            type: "deep-research",
            thinking_summaries: "auto",
            visualization: "off",
            collaborative_planning: false
          }
        })
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("takes documents, and refuses what cannot be one before anything is asked", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const documents: ReadonlyArray<ResearchOptions.ResearchDocument> = [
          { uri: "https://example.com/report.pdf", mimeType: "application/pdf" },
          { data: new TextEncoder().encode("A note."), mimeType: "text/markdown; charset=utf-8" }
        ]
        const report = reportOf(yield* Stream.runCollect(DeepResearch.run({ query, documents })))
        assert.isTrue(
          report.sources.some(({ kind, url }) => kind === "file" && url === "https://example.com/report.pdf")
        )
        const before = made(emulator).length
        const fieldOf = (options: Partial<ResearchOptions.ResearchOptions<undefined>>) =>
          Effect.map(
            Effect.flip(Stream.runDrain(DeepResearch.run({ query, ...options, outputSchema: undefined }))),
            (error) =>
              error._tag === "GeminiError" && error.reason._tag === "InvalidRequest"
                ? error.reason.fields[0]?.field
                : error._tag
          )
        const bytes = Uint8Array.of(255, 254)
        assert.strictEqual(yield* fieldOf({ query: "  " }), "query")
        assert.strictEqual(yield* fieldOf({ documents: [{ uri: "a", mimeType: "audio/mp3" }] }), "documents[0]")
        assert.strictEqual(
          yield* fieldOf({ documents: [{ data: bytes, mimeType: "text/plain" }] }),
          "documents[0].data"
        )
        assert.strictEqual(yield* fieldOf({ documents: [{ data: bytes, mimeType: "pdf" }] }), "documents[0].mimeType")
        assert.strictEqual(yield* fieldOf({ deadline: 0 }), "deadline")
        assert.strictEqual(yield* fieldOf({ budget: { tokens: 0 } }), "budget.tokens")
        assert.strictEqual(yield* fieldOf({ budget: { dollars: "two" } }), "budget.dollars")
        assert.strictEqual(yield* fieldOf({ budget: { dollars: "2" } }), "pricedAs")
        assert.strictEqual(made(emulator).length, before)
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("proposes a plan, changes it, and begins when it is approved", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const plans: Array<ResearchOptions.ProposedPlan> = []
        const events = yield* Stream.runCollect(DeepResearch.run({
          id: "planned",
          query,
          plan: (proposed) =>
            Effect.sync(() => {
              plans.push(proposed)
              return proposed.revision === 1
                ? { _tag: "Change" as const, text: "Add who pays for it." }
                : { _tag: "Approve" as const }
            })
        }))
        assert.deepStrictEqual(plans.map(({ revision }) => revision), [1, 2])
        assert.include(plans[1]?.plan, "Add who pays for it.")
        const report = reportOf(events)
        assert.strictEqual(report.plan, plans[1]?.plan)
        const requests = made(emulator).map(({ body }) => body)
        assert.lengthOf(requests, 3)
        const configs = requests.map((body) =>
          typeof body === "object" && body !== null && "agent_config" in body ? body.agent_config : undefined
        )
        assert.deepStrictEqual(
          configs.map((config) => JSON.stringify(config).includes("\"collaborative_planning\":true")),
          [true, true, false]
        )
        assert.deepInclude(requests[1], { input: "Add who pays for it." })
        assert.deepStrictEqual(report.usages.map(({ stage }) => stage), ["plan", "plan", "research"])
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("puts the report into the form of a schema", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const outputSchema = Schema.Struct({ answer: Schema.String, sources: Schema.Array(Schema.String) })
        const report = reportOf(yield* Stream.runCollect(DeepResearch.run({ query, outputSchema })))
        assert.isString(report.output.answer)
        assert.isArray(report.output.sources)
        const [, shaping] = made(emulator)
        assert.deepInclude(shaping?.body, { previous_interaction_id: report.interaction.split("/")[1] })
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live(
    "goes on after its process died at any event: it tells the same, and asks for nothing twice",
    () =>
      Layers.withEmulator((emulator) =>
        Effect.gen(function*() {
          const plan = () => Effect.succeed<ResearchEvent.PlanDecision>({ _tag: "Approve" })
          const whole = yield* Stream.runCollect(DeepResearch.run({ id: "whole", query, plan }))
          const asked = made(emulator).length
          const told = (events: ReadonlyArray<ResearchEvent.ResearchEvent>) => {
            const texts = { thoughts: "", written: "", others: new Array<string>() }
            for (const event of events) {
              if (event._tag === "Thought") texts.thoughts += event.text
              else if (event._tag === "Written") texts.written += event.text
              else if (event._tag !== "Finished" && event._tag !== "Started") texts.others.push(JSON.stringify(event))
            }
            return texts
          }
          for (let cut = 1; cut <= whole.length; cut += isProving("18.6") ? 1 : Math.ceil(whole.length / 12)) {
            const id = `cut-${cut}`
            const before = made(emulator).length
            const first = yield* Stream.runCollect(Stream.take(DeepResearch.run({ id, query, plan }), cut))
            const all = yield* Stream.runCollect(DeepResearch.resume(id, { plan }))
            assert.strictEqual(made(emulator).length, before + asked, id)
            // What the first process was told is told again, as it was.
            assert.deepStrictEqual(all.slice(0, first.length), first, id)
            assert.deepStrictEqual(told(all), told(whole), id)
            assert.strictEqual(reportOf(all).text, reportOf(whole).text)
            assert.deepStrictEqual(reportOf(all).citations, reportOf(whole).citations)
          }
          // One that is finished is told from the journal alone.
          const requests = emulator.requests().length
          assert.deepStrictEqual(yield* Stream.runCollect(DeepResearch.resume("whole", { plan })), whole)
          assert.strictEqual(emulator.requests().length, requests)
          const status = yield* DeepResearch.status("whole")
          assert.strictEqual(status.state, "finished")
          assert.strictEqual(status.report?.text, reportOf(whole).text)
        }).pipe(Effect.provide(environment(emulator))), swift),
    120_000
  )
})
