/** `@google/genai` 3.3's `decisions.create` and ours: equal requests, equal answers, against the emulator over sockets. */
import { GoogleGenAI } from "@google/genai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Decisions from "effect-gemini/decisions/Decisions"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"

const model = "models/gemini-decision-1"

let emulator: Awaited<ReturnType<typeof Standalone.start>>
beforeAll(async () => {
  emulator = await Standalone.start()
})
beforeEach(() => emulator.clear())
afterAll(() => emulator.stop())

type Sdk = InstanceType<typeof GoogleGenAI>["decisions"]
type SdkRequest = Parameters<Sdk["create"]>[0]

const theirs = (request: SdkRequest) =>
  new GoogleGenAI({ apiKey: "key", httpOptions: { baseUrl: emulator.url, apiVersion: "v1beta" } }).decisions.create(
    request
  )

const ours = (request: Decisions.Request) =>
  Effect.runPromise(
    Decisions.Decisions.use((decisions) => decisions.create(request)).pipe(
      Effect.provide(
        Layer.provide(Decisions.layer, FetchGemini.layer({ apiKey: Redacted.make("key"), baseUrl: emulator.url }))
      )
    )
  )

/** What was answered, without what the SDK puts beside it. */
const plain = (response: object): unknown => JSON.parse(JSON.stringify({ ...response, sdkHttpResponse: undefined }))

const team = {
  type: "choice" as const,
  instructions: "Which team?",
  criteria: { billing: "cards and charges", technical: "bugs" }
}
const png = "iVBORw0KGgo="
const requests: ReadonlyArray<readonly [name: string, request: SdkRequest & Decisions.Request]> = [
  ["a text and yes or no", {
    model,
    input: "My card was charged twice",
    questions: { urgent: { type: "noul", instructions: "It is urgent" } }
  }],
  ["both descriptions of yes or no", {
    model,
    input: "My card was charged twice",
    questions: {
      urgent: {
        type: "noul",
        instructions: [{ type: "text", text: "It is" }, { type: "text", text: "urgent" }],
        criteria: { true_description: "charged", false_description: "it can wait" }
      }
    }
  }],
  ["all kinds at once", {
    model,
    input: { type: "text", text: "My card was charged twice, and I am furious" },
    questions: {
      team,
      anger: { type: "score", instructions: { type: "text", text: "How angry?" }, criteria: ["calm", "furious"] },
      urgent: { type: "noul", instructions: "It is urgent" }
    }
  }],
  ["media of every kind", {
    model,
    input: [
      { type: "text", text: "What I sent:" },
      { type: "image", mime_type: "image/png", data: png },
      { type: "audio", mime_type: "audio/wav", data: png },
      { type: "video", mime_type: "video/mp4", uri: "https://example.com/a.mp4" },
      { type: "document", mime_type: "application/pdf", uri: "https://example.com/a.pdf" }
    ],
    questions: { team }
  }],
  ["ids that are any text", {
    model,
    input: "x",
    questions: { "Ist es dringend?": { type: "noul", instructions: "ja" }, "a.b[0]": team }
  }]
]

describe("a request of the official SDK and ours are equal, and so are the answers", () => {
  it.each(requests)("%s", async (_, request) => {
    const official = await theirs(request)
    const own = await ours(request)
    const [first, second] = emulator.requests()
    assert.strictEqual(emulator.requests().length, 2)
    assert.strictEqual(first?.status, 200)
    assert.deepStrictEqual([second?.method, second?.path, second?.body], [first?.method, first?.path, first?.body])
    assert.deepStrictEqual(plain(own.response), plain(official))
    for (const [id, answer] of Object.entries(official.answers ?? {})) {
      if (answer.type === "noul") assert.deepInclude(own.answers[id], { noul: answer.noul })
      if (answer.type === "choice") assert.deepInclude(own.answers[id], { choice: answer.choice })
      if (answer.type === "score") assert.deepInclude(own.answers[id], { score: answer.score })
    }
  })

  it("a refusal comes to both", async () => {
    const request = { model: "models/gemini-3.8-flash", input: "x", questions: { team } }
    const failed = await theirs(request).then(() => "answered", (error: unknown) => String(error))
    assert.match(failed, /404|not found/i)
    const own = await ours(request).then(() => "answered", (error: unknown) => String(error))
    assert.match(own, /not supported for createDecision/)
  })
})
