/**
 * Streams of interactions that break off: after any event and within any byte, over real sockets. What was resumed joins
 * to what the server keeps, and no text comes twice.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { afterAll, beforeAll, beforeEach } from "vitest"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Dice from "../src/internal/Dice.ts"
import * as Ix from "./InteractionWire.ts"

let emulator: Awaited<ReturnType<typeof Standalone.start>>
beforeAll(async () => {
  emulator = await Standalone.start({ interactions: { running: 20, research: 20 } })
})
beforeEach(() => emulator.clear())
afterAll(() => emulator.stop())

const headers = { "x-goog-api-key": "key" }

/** What came until the end or the break, and whether it broke. A reset may take with it what had come. */
const read = async (asked: Promise<Response>): Promise<{ readonly text: string; readonly isCut: boolean }> => {
  const decoder = new TextDecoder()
  let text = ""
  try {
    const response = await asked
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
    return { text, isCut: false }
  } catch {
    return { text, isCut: true }
  }
}

/** The whole events of a text that may end within one. */
const eventsOf = (text: string): ReadonlyArray<Ix.Event> =>
  text.split("\n\n").slice(0, -1).flatMap((frame) => {
    const data = /\ndata: (\{.*)$/.exec(frame)?.[1]
    return data === undefined ? [] : [JSON.parse(data)]
  })

/** Begins a stream that a fault breaks off, and goes on until it is whole. */
const resumed = async (body: object, place?: object, how: "cut" | "reset" = "cut") => {
  if (place !== undefined) emulator.addFault({ when: { method: "interactions.create", times: 1 }, [how]: place })
  const first = await read(
    fetch(`${emulator.url}/v1beta/interactions`, {
      method: "POST",
      headers,
      body: JSON.stringify({ ...body, stream: true })
    })
  )
  const events = [...eventsOf(first.text)]
  if (!first.isCut) return events
  const id = events[0]?.interaction?.id ?? String(emulator.interactions.list().at(-1)?.interaction["id"])
  const last = events.at(-1)?.event_id
  const after = last === undefined ? "" : `&last_event_id=${last}`
  const rest = await read(fetch(`${emulator.url}/v1beta/interactions/${id}?stream=true${after}`, { headers }))
  assert.isFalse(rest.isCut)
  return [...events, ...eventsOf(rest.text)]
}

/** The steps that the server keeps, without what the user said. */
const kept = (): ReadonlyArray<Ix.Step> => {
  const steps = emulator.interactions.list().at(-1)?.interaction["steps"] as ReadonlyArray<Ix.Step>
  return steps.filter(({ type }) => type !== "user_input")
}

const bodies = {
  "a turn": Ix.body("Tell me", { generation_config: { thinking_summaries: "auto" } }),
  "a turn in the background": Ix.body("Tell me", { background: true }),
  "a call": Ix.body("emulator:call get_weather {\"city\":\"Zürich\"}", {
    tools: [{ type: "function", name: "get_weather" }]
  }),
  "a research": {
    agent: "deep-research-preview-04-2026",
    input: "Zürich's trams",
    background: true,
    agent_config: { type: "deep-research", thinking_summaries: "auto" }
  }
}

describe("a stream that breaks off", () => {
  for (const [name, body] of Object.entries(bodies)) {
    it(`after each event of ${name}`, async () => {
      const whole = await resumed(body)
      const steps = Ix.joined(whole)
      const dice = Dice.make(`${name} ${seedOf("18.2", 0)}`)
      // All places of a short stream, and some of a long one.
      const places = Array.from({ length: whole.length - 1 }, (_, i) => i + 1)
        .filter(() => whole.length < 20 || dice.next() < sizeOf("18.2", { test: 0.15, prove: 1 }))
      for (const chunks of places) {
        const events = await resumed(body, { chunks }, chunks % 2 === 0 ? "cut" : "reset")
        assert.lengthOf(events, whole.length)
        // Signatures and ids of tools follow from the request, and so do the pieces of the text.
        assert.deepStrictEqual(Ix.joined(events), steps)
        assert.deepStrictEqual(events.map(({ event_type }) => event_type), whole.map(({ event_type }) => event_type))
      }
    })

    it(`within bytes of ${name}`, async () => {
      const whole = await resumed(body)
      const size = new TextEncoder().encode(whole.map((event) => JSON.stringify(event)).join("")).length
      const dice = Dice.make(`${name} ${seedOf("18.2", 0)}`)
      for (let i = 0; i < sizeOf("18.2", { test: 12, prove: 200 }); i++) {
        const events = await resumed(body, { bytes: dice.int(1, size) })
        assert.deepStrictEqual(Ix.joined(events), Ix.joined(whole))
        assert.deepStrictEqual(kept(), Ix.joined(events))
      }
    })
  }
})
