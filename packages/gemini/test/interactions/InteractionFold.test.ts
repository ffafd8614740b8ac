/** Every kind of step joins from its pieces, hops become one answer, and nothing that was received is changed. */
import { assert, describe, it } from "@effect/vitest"
import type { Interaction } from "effect-gemini/interactions/Interaction"
import * as InteractionEvent from "effect-gemini/interactions/InteractionEvent"
import * as InteractionFold from "effect-gemini/interactions/InteractionFold"
import * as Step from "effect-gemini/interactions/Step"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { dice, eventsOf, framesOf } from "./streamed.ts"

const text = (text: string) => ({ type: "text", text }) as const

const steps: ReadonlyArray<Step.Step> = [
  Step.userInput([text("Look"), { type: "image", data: "iVBORw0KGgo=", mime_type: "image/png" }]),
  { type: "thought", signature: "c2ln", summary: [text("**Plan**\n\nä 🌊")] },
  { type: "google_search_call", id: "g1", arguments: { queries: ["a", "b"] }, signature: "c2ln" },
  { type: "google_search_result", call_id: "g1", result: [{ search_suggestions: "<b>" }], is_error: false },
  { type: "code_execution_call", id: "c1", arguments: { code: "1+1", language: "python" } },
  { type: "code_execution_result", call_id: "c1", result: "2\n", is_error: false },
  { type: "url_context_call", id: "u1", arguments: { urls: ["https://example.com"] } },
  { type: "url_context_result", call_id: "u1", result: [{ url: "https://example.com", status: "success" }] },
  { type: "file_search_call", id: "f1", signature: "c2ln" },
  { type: "file_search_result", call_id: "f1", signature: "c2ln" },
  { type: "google_maps_call", id: "m1", arguments: { queries: ["Bern"] } },
  { type: "google_maps_result", call_id: "m1", result: [{ places: [{ name: "Zytglogge", place_id: "p" }] }] },
  { type: "mcp_server_tool_call", id: "s1", name: "list", server_name: "files", arguments: { path: "/" } },
  { type: "mcp_server_tool_result", call_id: "s1", name: "list", server_name: "files", result: [text("a.txt")] },
  { type: "retrieval_call", id: "r1", arguments: { queries: ["x"] }, retrieval_type: "rag_store" },
  { type: "retrieval_result", call_id: "r1", is_error: false },
  { type: "processing_call", id: "p1" },
  { type: "processing_result", call_id: "p1" },
  {
    type: "function_call",
    id: "n1",
    name: "weather",
    arguments: { city: "Zürich 🌊", days: [1, 2, 3], deep: { a: null } }
  },
  { type: "function_result", call_id: "n1", name: "weather", result: { celsius: 3 } },
  {
    type: "model_output",
    content: [
      {
        ...text("It rains in Bern – see the sources."),
        annotations: [
          { type: "url_citation", url: "https://example.com", start_index: 0, end_index: 8 },
          { type: "place_citation", place_id: "p", name: "Zytglogge" }
        ]
      },
      { type: "image", data: "iVBORw0KGgo=", mime_type: "image/png" },
      text("And so it sounds:"),
      { type: "audio", data: "AAECAwQFBgcICQ==", mime_type: "audio/wav", sample_rate: 24_000 },
      { type: "document", uri: "https://example.com/a.pdf", mime_type: "application/pdf" },
      { type: "video", uri: "https://example.com/a.mp4", mime_type: "video/mp4" }
    ]
  }
]

const whole: Interaction = {
  id: "v1_abc",
  object: "interaction",
  model: "gemini-3.8-flash",
  status: "completed",
  steps,
  usage: { total_input_tokens: 3, total_output_tokens: 4, total_tokens: 7 }
}

describe("joining", () => {
  it.effect.prop(
    "gives all kinds of steps back, whatever the pieces",
    { seed: Schema.Natural },
    ({ seed }) =>
      Effect.gen(function*() {
        const roll = dice(seed)
        const { error, events } = yield* eventsOf(framesOf(whole, roll), roll)
        assert.isUndefined(error)
        const before = JSON.stringify(events)
        assert.deepStrictEqual(
          JSON.parse(JSON.stringify(InteractionFold.join(events))),
          JSON.parse(JSON.stringify(whole))
        )
        assert.strictEqual(JSON.stringify(events), before)
      })
  )

  it("has every kind of step in its test", () => {
    const types = new Set(steps.map(({ type }) => type))
    assert.strictEqual(types.size, 21)
    for (const step of steps) assert.isTrue(Schema.is(Step.Step)(step), step.type)
  })

  it("makes one answer of hops: steps follow each other, usage is added up", () => {
    const hop = (id: string, words: string, status: string): ReadonlyArray<InteractionEvent.InteractionEvent> => [
      { event_type: "interaction.created", interaction: { id, status: "in_progress" } },
      { event_type: "step.start", index: 0, step: { type: "model_output" } },
      { event_type: "step.delta", index: 0, delta: { type: "text", text: words } },
      { event_type: "step.stop", index: 0 },
      {
        event_type: "interaction.completed",
        interaction: {
          id,
          status,
          usage: {
            total_tokens: 5,
            output_tokens_by_modality: [{ modality: "text", tokens: 2 }],
            grounding_tool_count: [{ type: "google_search", count: 1 }]
          }
        }
      }
    ]
    const joined = InteractionFold.join([...hop("a", "One", "requires_continuation"), ...hop("b", "two", "completed")])
    assert.deepStrictEqual(joined, {
      id: "b",
      status: "completed",
      steps: [{ type: "model_output", content: [text("One")] }, { type: "model_output", content: [text("two")] }],
      usage: {
        total_tokens: 10,
        output_tokens_by_modality: [{ modality: "text", tokens: 4 }],
        grounding_tool_count: [{ type: "google_search", count: 2 }]
      },
      continuation_ids: ["a", "b"]
    })
  })

  it("keeps arguments that are not an object as they were written, and gives the call none", () => {
    const joined = InteractionFold.join([
      { event_type: "step.start", index: 0, step: { type: "function_call", id: "n", name: "f", arguments: {} } },
      { event_type: "step.delta", index: 0, delta: { type: "arguments_delta", arguments: "{\"a\":" } },
      { event_type: "step.stop", index: 0 }
    ])
    assert.deepStrictEqual(JSON.parse(JSON.stringify(joined.steps)), [
      { type: "function_call", id: "n", name: "f", arguments_text: "{\"a\":" }
    ])
    assert.deepStrictEqual(Step.functionCall(joined.steps?.[0] ?? { type: "thought" }), {
      id: "n",
      name: "f",
      args: undefined
    })
  })

  it("joins sound that was encoded piece by piece, and keeps what is not base64", () => {
    const audio = (...pieces: ReadonlyArray<string>) =>
      InteractionFold.join(pieces.map((data) => ({
        event_type: "step.delta",
        index: 0,
        delta: { type: "audio", mime_type: "audio/wav", data }
      } as const))).steps
    const joined = (
      data: string
    ) => [{ type: "model_output", content: [{ type: "audio", mime_type: "audio/wav", data }] }]
    assert.deepStrictEqual(JSON.parse(JSON.stringify(audio("AQ==", "AgM="))), joined("AQID"))
    assert.deepStrictEqual(JSON.parse(JSON.stringify(audio("AQ=", "="))), joined("AQ=="))
    assert.deepStrictEqual(JSON.parse(JSON.stringify(audio("AQ==", "no base64!"))), joined("AQ==no base64!"))
  })

  it("takes steps at any index, also hostile ones, in the order in which they come", () => {
    const joined = InteractionFold.join([4_000_000_000, -1, 0.5].flatMap((index) =>
      [
        { event_type: "step.start", index, step: { type: "model_output" } },
        { event_type: "step.delta", index, delta: { type: "text", text: String(index) } }
      ] as const
    ))
    assert.deepStrictEqual(joined.steps?.map(Step.text), ["4000000000", "-1", "0.5"])
  })
})

describe("an event of a status", () => {
  it("is read under all its spellings", () => {
    const spelled: ReadonlyArray<InteractionEvent.InteractionEvent> = [
      { event_type: "interaction.status_update", interaction_id: "a", status: "in_progress" },
      { event_type: "interaction.in_progress", interaction_id: "a", status: "in_progress" },
      { event_type: "interaction.in_progress", interaction_id: "a" },
      { event_type: "interaction.requires_action", interaction_id: "a" }
    ]
    assert.deepStrictEqual(spelled.map(InteractionEvent.status), [
      "in_progress",
      "in_progress",
      "in_progress",
      "requires_action"
    ])
    assert.deepStrictEqual(spelled.map(InteractionEvent.interactionId), ["a", "a", "a", "a"])
  })
})
