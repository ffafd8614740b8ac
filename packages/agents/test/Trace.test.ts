import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as Trace from "effect-gemini-agents/Trace"
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Scripted from "./scripted.ts"

const clerk = Agent.make({ name: "clerk", instructions: "You add.", toolkit: Scripted.toolkit })

const script = [
  Scripted.answer([{ text: "I add them.", thought: true }, Scripted.call("add", { a: 2, b: 3 })]),
  Scripted.answer([Scripted.call("nothing", {})]),
  Scripted.answer([{ text: "<b>5</b>" }])
]

describe("a trace", () => {
  it.effect("prints what was asked and called, with tokens and dollars", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const { records } = yield* Agent.run(clerk, "2 and 3?")
      const printed = Trace.print(Trace.of(records)).split("\n")
      assert.deepStrictEqual(printed, [
        "clerk: \"2 and 3?\"",
        "  step 1: gemini-3.8-flash calls add, 10 in, 5 out, $0.00002625",
        "    1.0 add({\"a\":2,\"b\":3}) gave 5",
        "  step 2: gemini-3.8-flash calls nothing, 10 in, 5 out, $0.00002625",
        "    2.0 nothing({}) UnknownTool \"there is no tool \\\"nothing\\\"; the tools are: add, pay, fail, leave\"",
        "  step 3: gemini-3.8-flash says its answer, 10 in, 5 out, $0.00002625",
        "answer: \"<b>5</b>\""
      ])
      assert.isTrue(Trace.print(Trace.of(records), { width: 20 }).split("\n").every((line) => line.trim().length <= 20))
    }).pipe(Effect.provide(Scripted.over(script))))

  it.effect("reads as Thought, Action and Observation", () =>
    Effect.gen(function*() {
      const { records } = yield* Agent.run(clerk, "2 and 3?")
      const [first, second, last] = Trace.react(Trace.of(records))
      assert.deepStrictEqual(first, {
        thought: "I add them.",
        actions: [{ tool: "add", params: { a: 2, b: 3 }, observation: 5, isFailure: false }]
      })
      assert.isTrue(second?.actions[0]?.isFailure)
      assert.deepStrictEqual(last, { thought: "<b>5</b>", actions: [] })
    }).pipe(Effect.provide(Scripted.over(script))))

  it.effect("is one page in which nothing that was said is markup", () =>
    Effect.gen(function*() {
      const { records } = yield* Agent.run(clerk, "<script>alert(1)</script>")
      const page = Trace.html(Trace.of(records))
      assert.notInclude(page, "<script")
      assert.notInclude(page, "<b>5</b>")
      assert.include(page, "&lt;b&gt;5&lt;/b&gt;")
      assert.include(page, "It ended with an answer.")
    }).pipe(Effect.provide(Scripted.over(script))))

  it.effect("says how long a person was waited for, by the journal's times", () =>
    Effect.gen(function*() {
      yield* Effect.flip(Agent.run(clerk, "pay", { id: "r" }))
      yield* TestClock.adjust("3 hours")
      yield* Agent.resume(clerk, "r", [{ call: "1.0", verdict: { _tag: "deny", reason: "no" }, by: "ada" }])
      assert.include(Trace.print(yield* Trace.read("r")), "1.0: ada says deny (3h)")
    }).pipe(Effect.provide([
      Scripted.over([Scripted.answer([Scripted.call("pay", { cents: 3 })]), Scripted.answer([{ text: "no" }])]),
      Journal.layerMemory()
    ])))

  it.effect("names the first difference of two runs", () =>
    Effect.gen(function*() {
      const { records } = yield* Agent.run(clerk, "2 and 3?")
      assert.isUndefined(Trace.diff(records, records))
      const place = records.findIndex(({ _tag }) => _tag === "CallEnded")
      const other = records.map((record) => record._tag === "CallEnded" ? { ...record, result: 6 } : record)
      assert.deepStrictEqual(Trace.diff(records, other), { at: place, path: "result", a: 5, b: 6 })
      assert.deepInclude(Trace.diff(records, records.slice(0, 3)), { at: 3, path: "", b: undefined })
    }).pipe(Effect.provide(Scripted.over(script))))
})
