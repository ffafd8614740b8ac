/**
 * Bodies of interactions that others have sent to Google, which are taken, and thousands that nobody would send, which are
 * answered or refused in the API's form: none ends in a failure of the emulator's.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Effect from "effect/Effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Dice from "../src/internal/Dice.ts"
import * as Ix from "./InteractionWire.ts"
import * as Wire from "./Wire.ts"

const folder = join(import.meta.dirname, "../../../../shared/corpus/cases")

interface Case {
  readonly op: string
  readonly provenance: string
  readonly request: { readonly body: unknown }
  readonly response: { readonly status: number }
}

const recorded = (): ReadonlyArray<readonly [file: string, body: Record<string, unknown>]> =>
  readdirSync(folder).flatMap((source) =>
    readdirSync(join(folder, source)).flatMap((file) => {
      const text = readFileSync(join(folder, source, file), "utf8")
      if (!text.includes("interactions.create")) return []
      const found: Case = JSON.parse(text)
      const { op, provenance, request, response } = found
      const isTaken = op === "interactions.create" && provenance === "recorded" && response.status === 200
      return isTaken && typeof request.body === "object" && request.body !== null
        ? [[`${source}/${file}`, request.body as Record<string, unknown>] as const]
        : []
    })
  )

describe.skipIf(!existsSync(folder))("what Google has taken", () => {
  it.effect("is taken", () =>
    Effect.gen(function*() {
      const all = recorded()
      assert.isAbove(all.length, 8)
      for (const [file, { previous_interaction_id: previous, ...body }] of all) {
        // What the recording goes on from was made elsewhere, so its calls are made here.
        if (previous !== undefined) {
          const first = yield* Ix.create({
            model: body["model"],
            input: "emulator:call lookup_harbor_label {}",
            tools: [{ type: "function", name: "lookup_harbor_label", parameters: { type: "object" } }]
          })
          const id = first.steps.find(({ type }) => type === "function_call")?.id ?? ""
          const asked = JSON.parse(JSON.stringify(body).replaceAll("fc_REDACTED_1", id))
          const made = yield* Ix.create({ ...asked, previous_interaction_id: first.id, stream: false })
          assert.strictEqual(made.status, "completed", file)
          continue
        }
        const made = yield* Ix.create({ ...body, stream: false })
        assert.include(["completed", "requires_action", "incomplete"], made.status, `${file} ${made.error?.message}`)
      }
    }).pipe(Effect.provide(Emulator.layerHttpClient({ models: { ...ModelTable.current, acceptAnyModel: true } }))))
})

const seeds: ReadonlyArray<object> = [
  Ix.body("Hello", {
    system_instruction: "Be brief.",
    tools: [{ type: "function", name: "f", parameters: { type: "object" } }, { type: "google_search" }],
    generation_config: { thinking_level: "high", tool_choice: { allowed_tools: { mode: "any", tools: ["f"] } } },
    response_format: [{ type: "text", mime_type: "application/json", schema: { type: "object" } }],
    safety_settings: [{ type: "harassment", threshold: "off" }],
    labels: { a: "b" }
  }),
  Ix.body([
    {
      type: "user_input",
      content: [{ type: "text", text: "a" }, { type: "image", data: "AA==", mime_type: "image/png" }]
    },
    { type: "thought", signature: "AA==", summary: [{ type: "text", text: "b" }] },
    { type: "function_call", id: "1", name: "f", arguments: { a: 1 } },
    { type: "function_result", call_id: "1", name: "f", result: [{ type: "text", text: "c" }] },
    { type: "model_output", content: [{ type: "text", text: "d" }] },
    { type: "google_search_call", id: "2", arguments: { queries: ["e"] } },
    { type: "google_search_result", call_id: "2", result: [{}] },
    { type: "user_input", content: [{ type: "document", uri: "https://example.com/a.pdf" }] }
  ], { store: false }),
  {
    agent: "deep-research-preview-04-2026",
    input: "Trams",
    background: true,
    agent_config: { type: "deep-research", collaborative_planning: true, visualization: "auto" },
    tools: [{ type: "mcp_server", name: "m", url: "https://example.com", headers: { a: "b" } }],
    webhook_config: { uris: [], user_metadata: {} }
  }
]

const odd: ReadonlyArray<unknown> = [
  null,
  0,
  -1,
  "",
  "x",
  [],
  {},
  [[]],
  true,
  "constructor",
  "__proto__",
  { type: "text" },
  { type: "constructor" },
  [{ type: "user_input" }],
  "\ud800",
  1e308,
  [null]
]

/** The value with one place of it changed, taken away, doubled or made odd. */
const mutated = (value: unknown, dice: Dice.Dice): unknown => {
  if (dice.next() < 0.15) return dice.pick(odd)
  if (Array.isArray(value) && value.length > 0) {
    const at = dice.int(0, value.length - 1)
    const roll = dice.next()
    if (roll < 0.2) return value.filter((_, i) => i !== at)
    if (roll < 0.3) return [...value, value[at]]
    return value.map((each: unknown, i) => i === at ? mutated(each, dice) : each)
  }
  if (typeof value === "object" && value !== null) {
    const names = Object.keys(value)
    const name = dice.pick(names) ?? "x"
    const roll = dice.next()
    const entries = Object.entries(value)
    if (roll < 0.15) return Object.fromEntries(entries.filter(([key]) => key !== name))
    if (roll < 0.25) {
      return Object.fromEntries([...entries, [dice.pick(["foo", "type", "stream", "store"]), dice.pick(odd)]])
    }
    return Object.fromEntries(entries.map(([key, each]) => [key, key === name ? mutated(each, dice) : each]))
  }
  return dice.pick(odd)
}

const count = sizeOf("18.2", { test: 600, prove: 12_000 })

describe("what nobody would send", () => {
  for (const judge of [true, false]) {
    it.effect(judge ? "is answered or refused" : "is answered or refused, unjudged, too", () =>
      Effect.gen(function*() {
        const dice = Dice.make(`bodies ${judge} ${seedOf("18.2", 0)}`)
        const statuses = new Map<number, number>()
        for (let i = 0; i < count; i++) {
          let body: unknown = dice.pick(seeds)
          for (let n = dice.int(1, 4); n > 0; n--) body = mutated(body, dice)
          const response = yield* Wire.post("/v1beta/interactions", body)
          const text = yield* response.text
          statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
          assert.notInclude(text, "The emulator failed", JSON.stringify(body))
          if (response.status !== 200) {
            const { error } = JSON.parse(text)
            assert.match(error.code, /^[a-z_]+$/, JSON.stringify(body))
            assert.isNotEmpty(error.message)
          } else if (text.startsWith("event: ")) {
            Ix.eventsOf(text)
          }
        }
        assert.isAbove(statuses.get(200) ?? 0, 20)
        if (judge) assert.isAbove(statuses.get(400) ?? 0, 100)
      }).pipe(Effect.provide(Emulator.layerHttpClient({ judge, interactions: { running: 0, research: 0 } }))))
  }
})
