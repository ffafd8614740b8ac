import { type Content, GoogleGenAI, type LiveServerMessage, Modality, type Part } from "@google/genai"
import * as Scenario from "effect-gemini-emulator/Scenario"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Accumulate from "effect-gemini/call/Accumulate"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

// One scenario file, one agent of five steps with two parallel calls, every client: each asks the same
// questions of the emulator, gets the same calls, and returns signatures that the emulator gave out itself.

const model = "gemini-3.8-flash"
const liveModel = "gemini-robotics-er-2-streaming-preview"
const file = fileURLToPath(new URL("../fixtures/agent.toml", import.meta.url))

const property = (type: string) => ({ type })
const declared: Readonly<Record<string, Readonly<Record<string, { readonly type: string }>>>> = {
  get_weather: { city: property("string") },
  get_time: { city: property("string") },
  find_trains: { city: property("string"), hour: property("integer") },
  book_train: { id: property("string") },
  send_mail: { subject: property("string"), body: property("string") }
}
const parametersOf = (name: string) => ({
  type: "object",
  properties: declared[name] ?? {},
  required: Object.keys(declared[name] ?? {}),
  additionalProperties: false
})
const functionDeclarations = Object.keys(declared).map((name) => ({ name, parametersJsonSchema: parametersOf(name) }))

const results: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  get_weather: { celsius: 7 },
  get_time: { hour: 9 },
  find_trains: { trains: [{ id: "ICE 1" }, { id: "ICE 2" }] },
  book_train: { seat: 42 },
  send_mail: { ok: true }
}
const wanted: Trace["calls"] = [
  ["get_weather", { city: "Berlin" }],
  ["get_time", { city: "Berlin" }],
  ["find_trains", { city: "Berlin", hour: 9 }],
  ["book_train", { id: "ICE 1" }],
  ["send_mail", { subject: "Your trip", body: "Seat 42, 7 °C" }]
]
const question = "A trip to Berlin, please"
const last = "Booked for Berlin: Seat 42, 7 °C."
const steps = ["looks around", "looks for trains", "books one", "mails it", "says so"]

let emulator: Awaited<ReturnType<typeof Standalone.start>>
beforeAll(async () => {
  const scenario = await Effect.runPromise(Scenario.load(file))
  emulator = await Standalone.start({ scenario, strictSignatures: true })
})
afterAll(() => emulator.stop())

/** What the agent did: the calls in order, and its last words. */
interface Trace {
  readonly calls: Array<readonly [name: string | undefined, args: unknown]>
  readonly text: string
}

/** An agent over contents, whoever carries them. */
const run = async (ask: (contents: ReadonlyArray<Content>) => Promise<ReadonlyArray<Part>>): Promise<Trace> => {
  const contents: Array<Content> = [{ role: "user", parts: [{ text: question }] }]
  const calls: Trace["calls"] = []
  for (let step = 0; step < 10; step++) {
    const parts = await ask(contents)
    const asked = parts.flatMap(({ functionCall }) => functionCall ?? [])
    if (asked.length === 0) return { calls, text: parts.map(({ text }) => text ?? "").join("") }
    calls.push(...asked.map(({ args, name }) => [name, args] as const))
    contents.push({ role: "model", parts: [...parts] })
    contents.push({
      role: "user",
      parts: asked.map(({ id, name }) => ({
        functionResponse: {
          name: name ?? "",
          response: { ...results[name ?? ""] },
          ...(id === undefined ? {} : { id })
        }
      }))
    })
  }
  throw new Error("it never came to an end")
}

const isAsTold = (space: ReturnType<typeof emulator.space>, trace: Trace) => {
  assert.deepStrictEqual(trace.calls, wanted)
  assert.strictEqual(trace.text, last)
  const entries = space.requests()
  assert.deepStrictEqual(
    entries.map(({ status, verdict }) => [status, verdict?.by, verdict?.rule]),
    steps.map((name) => [200, "rule", name])
  )
  assert.deepStrictEqual(space.rules().map(({ answered, name }) => [name, answered]), steps.map((name) => [name, 1]))
}

const ours = <A, E>(url: string, effect: Effect.Effect<A, E, GeminiClient.GeminiClient>) =>
  Effect.runPromise(
    Effect.provide(
      effect,
      NodeGemini.layerHttp({ apiKey: Redacted.make("any"), baseUrl: url, defaultModel: model, tier: "tier3" })
    )
  )
const tools = [{ functionDeclarations }]
const request = (contents: ReadonlyArray<Content>) => ({
  contents: JSON.parse(JSON.stringify(contents)),
  tools
})

describe("an agent of five steps with two parallel calls, signatures strict, out of one scenario file", () => {
  it("by @google/genai", async () => {
    const space = emulator.space("genai")
    const ai = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: space.url } })
    const trace = await run(async (contents) => {
      const answer = await ai.models.generateContent({ model, contents: [...contents], config: { tools } })
      return answer.candidates?.[0]?.content?.parts ?? []
    })
    isAsTold(space, trace)
  })

  it("by @google/genai, streamed", async () => {
    const space = emulator.space("genai-streamed")
    const ai = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: space.url } })
    const trace = await run(async (contents) => {
      const parts: Array<Part> = []
      for await (
        const chunk of await ai.models.generateContentStream({ model, contents: [...contents], config: { tools } })
      ) {
        parts.push(...chunk.candidates?.[0]?.content?.parts ?? [])
      }
      return parts
    })
    isAsTold(space, trace)
  })

  it("by ours", async () => {
    const space = emulator.space("ours")
    const trace = await run((contents) =>
      ours(
        space.url,
        GeminiClient.GeminiClient.use((gemini) =>
          Effect.map(gemini.generate(request(contents)), ({ response }) => partsOf(response))
        )
      )
    )
    isAsTold(space, trace)
  })

  it("by ours, streamed", async () => {
    const space = emulator.space("ours-streamed")
    const trace = await run((contents) =>
      ours(
        space.url,
        GeminiClient.GeminiClient.use((gemini) =>
          Effect.map(Stream.runCollect(gemini.generateStream(request(contents))), (chunks) =>
            partsOf(Accumulate.fromChunks(chunks.map(({ response }) => response))))
        )
      )
    )
    isAsTold(space, trace)
  })

  const isAsToldLive = (space: ReturnType<typeof emulator.space>, trace: Trace) => {
    assert.deepStrictEqual(trace.calls, wanted)
    assert.strictEqual(trace.text, last)
    const [entry] = space.live.connections()
    assert.deepStrictEqual(entry?.verdicts.map(({ by, rule }) => [by, rule]), steps.map((name) => ["rule", name]))
    assert.strictEqual(entry?.turns, 1)
  }

  it("by @google/genai over Live", async () => {
    const space = emulator.space("genai-live")
    const ai = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: space.url } })
    const messages: Array<LiveServerMessage> = []
    let wake = () => {}
    const session = await ai.live.connect({
      model: liveModel,
      config: { responseModalities: [Modality.TEXT], tools },
      callbacks: {
        onmessage: (message) => {
          messages.push(message)
          wake()
        }
      }
    })
    session.sendClientContent({ turns: question, turnComplete: true })
    const calls: Trace["calls"] = []
    let text = ""
    for (let i = 0;; i++) {
      while (messages.length <= i) await new Promise<void>((resolve) => (wake = resolve))
      const { serverContent, toolCall } = messages[i] ?? {}
      text += serverContent?.modelTurn?.parts?.map((part) => part.text ?? "").join("") ?? ""
      const asked = toolCall?.functionCalls ?? []
      calls.push(...asked.map(({ args, name }) => [name, args] as const))
      if (asked.length > 0) {
        session.sendToolResponse({
          functionResponses: asked.map(({ id = "", name = "" }) => ({ id, name, response: { ...results[name] } }))
        })
      }
      if (serverContent?.turnComplete === true) break
    }
    session.close()
    isAsToldLive(space, { calls, text })
  })

  it("by ours over Live", async () => {
    const space = emulator.space("ours-live")
    const calls: Trace["calls"] = []
    const functions = LiveTools.make(Object.fromEntries(
      Object.keys(declared).map((name) => [name, {
        parametersJsonSchema: parametersOf(name),
        handle: (args: Readonly<Record<string, unknown>>) =>
          Effect.sync(() => {
            calls.push([name, args])
            return results[name]
          })
      }])
    ))
    const { text } = await Effect.runPromise(
      Effect.scoped(Effect.gen(function*() {
        const live = yield* GeminiLive.GeminiLive
        const session = yield* live.connect({
          model: liveModel,
          generationConfig: { responseModalities: ["TEXT"] },
          functions,
          functionConcurrency: 1,
          ping: false
        })
        return yield* session.ask(question)
      })).pipe(
        Effect.provide(NodeGemini.layerLive({ apiKey: Redacted.make("any"), baseUrl: space.url, tier: "tier3" }))
      )
    )
    isAsToldLive(space, { calls, text })
  })

  it("a client that loses a signature, or asks what the file does not know, is told", async () => {
    const space = emulator.space("mistaken")
    const ai = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: space.url } })
    const lost = await run(async (contents) => {
      const answer = await ai.models.generateContent({
        model,
        contents: contents.map((content) => ({
          ...content,
          parts: content.parts?.map((part) => ({ ...part, thoughtSignature: "" })) ?? []
        })),
        config: { tools }
      })
      return answer.candidates?.[0]?.content?.parts ?? []
    }).catch((error: unknown) => String(error))
    assert.include(lost, "missing a thought_signature")
    const unknown = await ai.models.generateContent({ model, contents: "Hello", config: { tools } })
      .catch((error: unknown) => String(error))
    assert.include(unknown, "Nearest: rule \\\"looks around\\\": text: wanted matches")
    assert.deepStrictEqual(space.requests().map(({ verdict }) => verdict?.by), ["rule", "judge", "unmatched"])
  })
})

const partsOf = (
  response: { readonly candidates?: ReadonlyArray<unknown> | null | undefined }
): ReadonlyArray<Part> => {
  const [candidate] = response.candidates ?? []
  const parts: unknown = Object(Object(candidate)["content"])["parts"]
  return Array.isArray(parts) ? parts : []
}
