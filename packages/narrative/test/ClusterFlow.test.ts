/** Fan-outs, loops, conditions and approvals on a cluster: the same interpreter on another engine. */
import { assert, describe, it } from "@effect/vitest"
import type * as Emulator from "effect-gemini-emulator/Emulator"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { sqlite } from "./cluster.ts"
import { gemini, prompts } from "./runs.ts"

const story = `
[[acts]]
name = "plan"
prompt = "[plan]"
generation.response_json_schema = { type = "object", properties = { steps = { type = "array", items = { type = "string" } } } }
[[acts]]
name = "each"
for_each = "plan.steps"
prompt = "[each] {{item}}"
[[acts]]
name = "polish"
repeat = { until = "draft contains 'never'", max = 2 }
[[acts.acts]]
name = "draft"
prompt = "[draft] {{number}} {{previous}}"
[[acts]]
name = "left"
when = "plan.steps.length > 9"
prompt = "[left]"
[[acts]]
name = "gate"
approve = "Send {{each[1]}}?"
prompt = "[gate] {{each}} {{polish}} {{left ?? 'nothing'}}"
`

const answers: Emulator.Options["answers"] = ({ body }) => {
  const asked = JSON.stringify(body)
  return asked.includes("[plan]") ? { text: "{\"steps\":[\"x\",\"y\"]}" } : { text: /\[(\w+)\]/.exec(asked)?.[1] ?? "" }
}

describe("a run with loops and fan-outs on a cluster", () => {
  it.live(
    "asks each of them once, waits for a person without being resumed, and is a page",
    () =>
      Effect.gen(function*() {
        const runs = yield* Runs.Runs
        const playing = yield* runs.start(yield* Narrative.parse(story), { id: "r", concurrency: 2 })
        yield* runs.events("r").pipe(
          Stream.takeUntil((event) => event._tag === "Recorded" && event.record._tag === "ApprovalAsked"),
          Stream.runDrain
        )
        yield* runs.decide("r", "gate", { verdict: "approve", by: "ada" })
        assert.strictEqual((yield* playing.end).standing, "finished")
        const results = yield* runs.results("r")
        assert.deepStrictEqual(results.map(({ act }) => act), [
          "plan",
          "each[0]",
          "each[1]",
          "each",
          "draft[0]",
          "draft[1]",
          "polish",
          "gate"
        ])
        const asked = yield* prompts
        assert.deepStrictEqual(asked.toSorted(), [
          "[draft] 1 ",
          "[draft] 2 draft",
          "[each] x",
          "[each] y",
          "[gate] each\n\neach draft nothing",
          "[plan]"
        ])
        assert.include(yield* runs.report("r"), "<h3 id=\"act-1\">each[0]</h3>")
      }).pipe(Effect.scoped, Effect.provide(Layer.provideMerge(sqlite, gemini({ answers })))),
    60_000
  )
})
