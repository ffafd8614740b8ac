/** Every method of interactions: what `@google/genai` 3.3 asks and what we ask is equal. */
import { GoogleGenAI } from "@google/genai"
import type { GeminiError } from "effect-gemini/GeminiError"
import type * as Interactions from "effect-gemini/interactions/Interactions"
import * as InteractionTools from "effect-gemini/interactions/InteractionTools"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { describe, it } from "vitest"
import { type AskedRequest, equal } from "../resources/equalRequests.ts"
import * as Layers from "./interactionLayers.ts"

const model = "gemini-3.8-flash"
const agent = "deep-research-preview-04-2026"

const sdkOf = (baseUrl: string) =>
  new GoogleGenAI({ apiKey: "secret-key", httpOptions: { baseUrl, apiVersion: "v1beta" } }).interactions

type Sdk = ReturnType<typeof sdkOf>

const done = { id: "v1_abc", status: "completed", model, steps: [] }

const events = [
  { event_type: "interaction.created", interaction: { id: "v1_abc", status: "in_progress" } },
  { event_type: "interaction.completed", interaction: { id: "v1_abc", status: "completed" } }
]
const frames = new TextEncoder().encode(
  `${events.map((event) => `event: ${event.event_type}\ndata: ${JSON.stringify(event)}\n\n`).join("")}data: [DONE]\n\n`
)

/** A server that stops once at its own cap, if the model is asked for a long answer. */
const answer = ({ body, method, query }: AskedRequest) => {
  const asked = Object(body)
  if (method === "DELETE") return { body: {} }
  if (asked.stream === true || query["stream"] === "true") {
    return { body: frames, headers: { "content-type": "text/event-stream" } }
  }
  return asked.input === "long" && asked.continuation_token === undefined
    ? { body: { ...done, status: "requires_continuation", continuation_token: "token-1" } }
    : { body: done }
}

const drained = async (stream: AsyncIterable<unknown>) => {
  for await (const _ of stream) continue
}

const contents = [
  { type: "text", text: "What is this?" },
  { type: "image", data: "iVBORw0KGgo=", mime_type: "image/png" },
  { type: "document", uri: "https://example.com/a.pdf", mime_type: "application/pdf" }
] as const

const everything = {
  model,
  input: [...contents],
  store: true,
  system_instruction: "Be brief.",
  tools: [
    { type: "function", name: "weather", description: "The weather", parameters: { type: "object" } },
    { type: "google_search", search_types: ["web_search"] },
    { type: "code_execution" },
    { type: "url_context" },
    { type: "file_search", file_search_store_names: ["fileSearchStores/a"], top_k: 3 }
  ],
  generation_config: {
    thinking_level: "low",
    thinking_summaries: "auto",
    max_output_tokens: 100,
    seed: 7,
    stop_sequences: ["END"],
    tool_choice: { allowed_tools: { mode: "any", tools: ["weather"] } }
  },
  response_format: { type: "text", mime_type: "application/json", schema: { type: "object" } },
  safety_settings: [{ type: "harassment", threshold: "block_only_high" }],
  service_tier: "flex",
  labels: { team: "bridges" },
  webhook_config: { uris: ["https://example.com/hook"], user_metadata: { job: 7 } }
} as const

const steps = [
  { type: "user_input", content: [{ type: "text", text: "Rain?" }] },
  { type: "thought", signature: "c2ln" },
  { type: "function_call", id: "c1", name: "weather", arguments: { city: "Bern" } },
  { type: "function_result", call_id: "c1", name: "weather", result: { celsius: 3 } }
] as const

type Ours = (interactions: Interactions.InteractionsService) => Effect.Effect<unknown, GeminiError>

const pairs: ReadonlyArray<readonly [name: string, theirs: (sdk: Sdk) => Promise<unknown>, ours: Ours]> = [
  [
    "create of a text",
    (sdk) => sdk.create({ model, input: "Hello" }),
    (interactions) => interactions.create({ model, input: "Hello" })
  ],
  [
    "create of everything",
    (sdk) => sdk.create(JSON.parse(JSON.stringify(everything))),
    (interactions) => interactions.create(everything)
  ],
  [
    "create behind another one",
    (sdk) => sdk.create({ model, input: "And?", previous_interaction_id: "v1_before" }),
    (interactions) => interactions.create({ model, input: "And?", previous_interaction_id: "v1_before" })
  ],
  [
    "create of one's own history",
    (sdk) => sdk.create({ model, store: false, input: JSON.parse(JSON.stringify(steps)) }),
    (interactions) => interactions.create({ model, store: false, input: steps })
  ],
  [
    "create in the background",
    (sdk) => sdk.create({ model, input: "Hello", background: true }),
    (interactions) => interactions.create({ model, input: "Hello", background: true })
  ],
  [
    "create of an agent",
    (sdk) =>
      sdk.create({
        agent,
        input: "Bridges of Bern",
        background: true,
        agent_config: { type: "deep-research", thinking_summaries: "auto", collaborative_planning: true }
      }),
    (interactions) =>
      interactions.create({
        agent,
        input: "Bridges of Bern",
        agent_config: { type: "deep-research", thinking_summaries: "auto", collaborative_planning: true }
      })
  ],
  [
    "a remote server with a secret header",
    (sdk) =>
      sdk.create({
        model,
        input: "Hello",
        tools: [{ type: "mcp_server", name: "maps", url: "https://mcp.example.com", headers: { authorization: "s" } }]
      }),
    (interactions) =>
      interactions.create({
        model,
        input: "Hello",
        tools: [
          InteractionTools.remoteServer({
            name: "maps",
            url: "https://mcp.example.com",
            headers: { authorization: Redacted.make("s") }
          })
        ]
      })
  ],
  [
    "create that is continued",
    (sdk) => sdk.create({ model, input: "long", system_instruction: "Be long." }),
    (interactions) => interactions.create({ model, input: "long", system_instruction: "Be long." })
  ],
  [
    "create that is continued without a store",
    (sdk) => sdk.create({ model, input: "long", store: false }),
    (interactions) => interactions.create({ model, input: "long", store: false })
  ],
  [
    "a stream",
    async (sdk) => drained(await sdk.create({ model, input: "Hello", stream: true })),
    (interactions) => Stream.runDrain(interactions.stream({ model, input: "Hello" }))
  ],
  [
    "get",
    (sdk) => sdk.get("v1_abc"),
    (interactions) => interactions.get("v1_abc")
  ],
  [
    "get with the input",
    (sdk) => sdk.get("v1_abc", { include_input: true }),
    (interactions) => interactions.get("interactions/v1_abc", { includeInput: true })
  ],
  [
    "a stream that is resumed",
    async (sdk) => drained(await sdk.get("v1_abc", { stream: true, last_event_id: "evt/7" })),
    (interactions) => Stream.runDrain(interactions.events("v1_abc", { lastEventId: "evt/7" }))
  ],
  ["cancel", (sdk) => sdk.cancel("v1_abc"), (interactions) => interactions.cancel("v1_abc")],
  ["delete", (sdk) => sdk.delete("v1_abc"), (interactions) => interactions.delete("v1_abc")]
]

describe("the requests of @google/genai 3.3 and ours are equal:", () => {
  for (const [name, theirs, ours] of pairs) {
    it(name, () =>
      equal(name, answer, {
        official: (url) => theirs(sdkOf(url)),
        ours: (url) => Effect.runPromise(Effect.provide(Layers.interactions.use(ours), Layers.layer(url)))
      }))
  }
})
