import { createGoogleGenerativeAI } from "@ai-sdk/google"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { afterAll, assert, beforeAll, it } from "vitest"

let emulator: Awaited<ReturnType<typeof Standalone.start>>
beforeAll(async () => {
  emulator = await Standalone.start()
})
afterAll(() => emulator.stop())

it("@ai-sdk/google decides: all kinds of questions, over text, JSON and a picture", async () => {
  const google = createGoogleGenerativeAI({ apiKey: "test-key", baseURL: `${emulator.url}/v1beta` })
  const { answers } = await google.decisionModel("gemini-decision-1").doDecide({
    state: [
      { type: "text", text: "My card was charged twice, and I am furious" },
      { type: "json", value: { since: "today" } },
      { type: "file", mediaType: "image/png", data: { type: "data", data: "iVBORw0KGgo=" } }
    ],
    questions: {
      team: { type: "choice", instructions: "Who?", criteria: { billing: "cards and charges", other: null } },
      anger: { type: "score", instructions: { how: "angry" }, criteria: ["calm", "furious"] },
      urgent: { type: "boolean", instructions: "It is urgent", criteria: { true: "today", false: null } }
    }
  })
  assert.deepInclude(answers["team"], { type: "choice", choice: "billing" })
  assert.strictEqual(answers["anger"]?.type === "score" && answers["anger"].score > 0.5, true)
  assert.strictEqual(answers["urgent"]?.type, "boolean")
  const [request] = emulator.requests()
  assert.strictEqual(request?.model, "gemini-decision-1")
})
