/** Keeps one result after the other in a state, until it is killed. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Effect from "effect/Effect"
import * as State from "../src/internal/state.ts"
import { result } from "./keptResult.ts"

const [file = ""] = process.argv.slice(2)

const program = Effect.gen(function*() {
  const state = yield* State.open(file)
  for (let i = 0; i < 1_000; i++) {
    yield* state.keep(result(`act ${i}`, 50_000))
    process.stdout.write(`${i}\n`)
  }
})

await Effect.runPromise(Effect.provide(program, NodeFileSystem.layer))
