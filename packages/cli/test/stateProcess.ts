/** Keeps one result after the other in a state, until it is killed. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as State from "../src/internal/state.ts"

const [file = ""] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const state = yield* State.open(file)
  for (let i = 0; i < 1_000; i++) {
    yield* state.keep({
      act: `act ${i}`,
      model: "gemini-3.8-flash",
      text: "x".repeat(50_000),
      usage: {
        promptTokens: 1,
        cachedTokens: 0,
        toolUsePromptTokens: 0,
        thoughtsTokens: 0,
        candidatesTokens: 1,
        totalTokens: 2
      },
      finishReason: "STOP",
      attempts: [],
      startedAt: 1,
      duration: 5
    })
    process.stdout.write(`${i}\n`)
  }
})

await Effect.runPromise(Effect.provide(program, NodeFileSystem.layer))
