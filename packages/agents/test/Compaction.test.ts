/** What becomes of a history that is too long to be sent: a model sums it up. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as Effect from "effect/Effect"
import * as Scripted from "./scripted.ts"

describe("compaction", () => {
  it.effect("has the summary written by a model, charged to the run", () =>
    Effect.gen(function*() {
      const long = "word ".repeat(400)
      const agent = Agent.make({
        name: "clerk",
        instructions: "",
        toolkit: Scripted.toolkit,
        compaction: { above: 1_000 }
      })
      const big = (parts: ReadonlyArray<unknown>) => ({
        response: {
          candidates: [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }],
          usageMetadata: { promptTokenCount: 900, candidatesTokenCount: 5, totalTokenCount: 905 },
          modelVersion: "gemini-3.8-flash"
        }
      })
      const step = big([{ text: long }, Scripted.call("add", { a: 1, b: 2 })])
      const { records, usage } = yield* Effect.provide(
        Agent.run(agent, "go"),
        Scripted.over([step, step, big([{ text: "in short" }]), Scripted.answer([{ text: "done" }])])
      )
      const compacted = records.find((record) => record._tag === "Compacted")
      assert.include(compacted?._tag === "Compacted" ? compacted.text : "", "in short")
      assert.strictEqual(usage.inputTokens, 900 * 3 + 10)
    }))
})
