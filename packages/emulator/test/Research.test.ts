/** The deep research agent: plans, searches, a report whose citations lie where they say, and collaborative planning. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Ix from "./InteractionWire.ts"
import * as Wire from "./Wire.ts"

const agent = "deep-research-preview-04-2026"
const asked = (input: string, config: object = {}, more: object = {}) => ({
  agent,
  input,
  background: true,
  agent_config: { type: "deep-research", ...config },
  ...more
})

const run = (options: Emulator.Options = {}) => Effect.provide(Emulator.layerHttpClient(options))

/** Makes it, and waits until it is done. */
const done = Effect.fnUntraced(function*(body: object) {
  const { id } = yield* Ix.create(body)
  yield* TestClock.adjust(3_000)
  return yield* Ix.get(id)
})

const kinds = (interaction: Ix.Interaction) => interaction.steps.map(({ type }) => type)

const report = (interaction: Ix.Interaction) => interaction.steps.at(-1)?.content?.[0]

describe("a research", () => {
  it.effect("plans, searches, reads and writes, one step after the other by the clock", () =>
    Effect.gen(function*() {
      const { id, steps } = yield* Ix.create(asked("The history of Zürich's trams", { thinking_summaries: "auto" }))
      assert.deepStrictEqual(steps, [])
      let seen = 0
      for (let at = 0; at < 3_000; at += 300) {
        const here = yield* Ix.get(id)
        assert.strictEqual(here.status, "in_progress")
        assert.isAtLeast(here.steps.length, seen)
        seen = here.steps.length
        yield* TestClock.adjust(300)
      }
      assert.isAbove(seen, 3)
      const whole = yield* Ix.get(id)
      assert.strictEqual(whole.status, "completed")
      const search = ["thought", "google_search_call", "google_search_result", "url_context_call", "url_context_result"]
      assert.deepStrictEqual(kinds(whole), ["thought", ...search, ...search, ...search, "thought", "model_output"])
      assert.deepInclude(whole.usage, { grounding_tool_count: [{ type: "google_search", count: 3 }] })
    }).pipe(run()))

  it.effect("cites by the bytes of the sentences", () =>
    Effect.gen(function*() {
      const whole = yield* done(asked("Zürich's trams"))
      const { annotations = [], text = "" } = report(whole) ?? {}
      assert.lengthOf(annotations, 6)
      const bytes = new TextEncoder().encode(text)
      for (const { end_index, start_index, type, url } of annotations) {
        const sentence = new TextDecoder().decode(bytes.subarray(start_index, end_index))
        assert.match(sentence, /^One finds that Zürich's trams .*\.$/)
        assert.strictEqual(type, "url_citation")
        assert.match(url ?? "", /^https:\/\/example\.\w+\//)
      }
      const again = yield* done(asked("Zürich's trams"))
      assert.strictEqual(report(again)?.text, text)
    }).pipe(run()))

  it.effect("streams what it keeps", () =>
    Effect.gen(function*() {
      const whole = yield* done(asked("Trams", { thinking_summaries: "auto", visualization: "auto" }))
      const events = Ix.eventsOf((yield* Ix.ask("GET", `interactions/${whole.id}?stream=true`)).text)
      assert.deepStrictEqual(Ix.joined(events), whole.steps)
      assert.include(JSON.stringify(whole.steps.at(-1)), "\"type\":\"image\"")
    }).pipe(run()))

  it.effect("uses the servers and the schema that it was given", () =>
    Effect.gen(function*() {
      const whole = yield* done(asked("Trams", {}, {
        tools: [{
          type: "mcp_server",
          name: "archive",
          url: "https://example.com/mcp",
          headers: { authorization: "s" }
        }],
        response_format: {
          type: "text",
          mime_type: "application/json",
          schema: { type: "object", properties: { count: { type: "integer" } }, required: ["count"] }
        }
      }))
      assert.include(kinds(whole), "mcp_server_tool_call")
      assert.notInclude(kinds(whole), "google_search_call")
      assert.isNumber(JSON.parse(report(whole)?.text ?? "").count)
      assert.notInclude(JSON.stringify(whole), "authorization")
    }).pipe(run()))

  it.effect("cites the documents that came with it, and those of a store", () =>
    Effect.gen(function*() {
      const input = [{ type: "text", text: "Trams" }, {
        type: "document",
        uri: "https://example.com/a.pdf",
        mime_type: "application/pdf"
      }]
      const whole = yield* done({ ...asked(""), input })
      const cited = report(whole)?.annotations?.at(-1)
      assert.deepInclude(cited, { type: "file_citation", document_uri: "https://example.com/a.pdf" })
      const emulator = yield* Emulator.Emulator
      const bytes = [new TextEncoder().encode("The trams of Zürich are blue.")]
      const file = yield* emulator.files.add({ mimeType: "text/plain", bytes })
      const store = yield* Effect.flatMap(Wire.post("/v1beta/fileSearchStores", {}), (response) => response.json)
      const { name } = store as { readonly name: string }
      yield* Wire.post(`/v1beta/${name}:importFile`, { fileName: file })
      const tools = [{ type: "file_search", file_search_store_names: [name] }]
      const stored = yield* done(asked("Which colour have the trams of Zürich?", {}, { tools }))
      assert.include(kinds(stored), "file_search_result")
      const { annotations = [], text = "" } = report(stored) ?? {}
      const citation = annotations.find(({ type }) => type === "file_citation")
      const sentence = new TextEncoder().encode(text).subarray(citation?.start_index, citation?.end_index)
      assert.strictEqual(new TextDecoder().decode(sentence), "A document says: \"The trams of Zürich are blue.\".")
    }).pipe(run()))

  it.effect("says what a rule tells it, and cites its sources", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setRules([{
        when: { model: "deep-research*", text: { contains: "trams" } },
        reply: {
          text: "One. Two.",
          grounding: { queries: ["old trams"], sources: [{ uri: "https://trams.example/a" }] }
        }
      }])
      const whole = yield* done(asked("About trams"))
      assert.deepStrictEqual(report(whole), {
        type: "text",
        text: "One. Two.",
        annotations: [
          {
            type: "url_citation",
            url: "https://trams.example/a",
            title: "trams.example",
            start_index: 0,
            end_index: 4
          },
          { type: "url_citation", url: "https://trams.example/a", title: "trams.example", start_index: 4, end_index: 9 }
        ]
      })
      assert.include(JSON.stringify(whole.steps), "old trams")
    }).pipe(run()))
})

describe("collaborative planning", () => {
  it.effect("gives a plan, changes it, and follows it once it is approved", () =>
    Effect.gen(function*() {
      const plan = yield* done(asked("Trams", { collaborative_planning: true }))
      assert.deepStrictEqual(kinds(plan), ["thought", "model_output"])
      assert.include(Ix.textOf(plan), "1. What is known about Trams?")
      const changed = yield* done(
        asked("And their colours", { collaborative_planning: true }, { previous_interaction_id: plan.id })
      )
      assert.include(Ix.textOf(changed), "4. And their colours")
      const whole = yield* done(asked("Looks good", {}, { previous_interaction_id: changed.id }))
      const text = Ix.textOf(whole)
      assert.include(text, "# Trams")
      assert.include(text, "## And their colours")
      assert.notInclude(text, "Looks good")
      // What is asked of the report is a question of its own.
      const next = yield* done(asked("Buses", {}, { previous_interaction_id: whole.id }))
      assert.include(Ix.textOf(next), "# Buses")
    }).pipe(run()))
})

describe("an end that was not foreseen", () => {
  for (const state of ["failed", "incomplete", "budget_exceeded", "cancelled"] as const) {
    it.effect(`${state} keeps what was found until then`, () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.addFault({
          when: { method: "interactions.create" },
          interaction: { state, after: 1_500, error: { code: "service_unavailable", message: "Busy." } }
        })
        const { id } = yield* Ix.create(asked("Trams"))
        yield* TestClock.adjust(1_499)
        assert.strictEqual((yield* Ix.get(id)).status, "in_progress")
        yield* TestClock.adjust(1)
        const whole = yield* Ix.get(id)
        assert.strictEqual(whole.status, state)
        assert.isAbove(whole.steps.length, 0)
        assert.notInclude(kinds(whole), "model_output")
        const events = Ix.eventsOf((yield* Ix.ask("GET", `interactions/${id}?stream=true`)).text)
        if (state === "failed") assert.strictEqual(events.at(-1)?.error?.code, "service_unavailable")
        else assert.strictEqual(events.at(-1)?.interaction?.status, state)
        assert.strictEqual(whole.errors?.[0]?.code, state === "failed" ? "service_unavailable" : undefined)
      }).pipe(run()))
  }

  it.effect("stuck never ends", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ interaction: { state: "stuck" } })
      const { id } = yield* Ix.create(asked("Trams"))
      yield* TestClock.adjust("30 days")
      assert.strictEqual((yield* Ix.get(id)).status, "in_progress")
    }).pipe(run()))
})
