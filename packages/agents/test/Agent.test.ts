import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import { type AgentRecord, records as format } from "effect-gemini-agents/AgentRecord"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as Approval from "effect-gemini-agents/Approval"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Journal from "effect-gemini-journal/Journal"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Scripted from "./scripted.ts"

const clerk = Agent.make({ name: "clerk", instructions: "You add.", toolkit: Scripted.toolkit })
const tags = (records: ReadonlyArray<AgentRecord>) => records.map(({ _tag }) => _tag)

describe("a run", () => {
  it.effect("asks, acts, and answers", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const answer = yield* Agent.run(clerk, "2 and 3?")
      assert.strictEqual(answer.text, "5")
      assert.deepStrictEqual(tags(answer.records), [
        "Begun",
        "Asked",
        "Answered",
        "CallStarted",
        "CallStarted",
        "CallEnded",
        "CallEnded",
        "Asked",
        "Answered",
        "Finished"
      ])
      assert.strictEqual(answer.steps, 2)
      assert.deepStrictEqual(answer.usage, { inputTokens: 20, outputTokens: 10, cachedTokens: 0, dollars: "0.0000525" })
    }).pipe(
      Effect.provide(
        Scripted.over([
          Scripted.answer([Scripted.call("add", { a: 2, b: 3 }), Scripted.call("add", { a: 1, b: 1 })]),
          Scripted.answer([{ text: "5" }])
        ])
      )
    ))

  it.effect("waits for a person in a journal and goes on", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Agent.run(clerk, "pay", { id: "r1" }))
      assert.strictEqual(error.reason._tag, "Suspended")
      const pending = error.reason._tag === "Suspended" ? error.reason.pending : []
      assert.strictEqual(pending[0]?.tool, "pay")
      const answer = yield* Agent.resume(clerk, "r1", [Approval.approve(pending[0]?.call ?? "", { by: "ada" })])
      assert.strictEqual(answer.text, "done")
      const again = yield* Agent.resume(clerk, "r1")
      assert.deepStrictEqual(again.records, answer.records)
      assert.deepStrictEqual(tags(answer.records), [
        "Begun",
        "Asked",
        "Answered",
        "Requested",
        "Stopped",
        "Continued",
        "Decided",
        "CallStarted",
        "CallEnded",
        "Asked",
        "Answered",
        "Finished"
      ])
    }).pipe(
      Effect.provide([
        Scripted.over([Scripted.answer([Scripted.call("pay", { cents: 3 })]), Scripted.answer([{ text: "done" }])]),
        Journal.layerMemory()
      ])
    ))

  it.effect("asks people about the calls of the tools that its agent names, and takes no decision about another tool", () =>
    Effect.gen(function*() {
      const careful = Agent.make({
        name: "careful",
        instructions: "You add.",
        toolkit: Scripted.toolkit,
        approvals: ["add", "pay"]
      })
      const error = yield* Effect.flip(Agent.run(careful, "2 and 3?", { id: "r1" }))
      assert.strictEqual(error.reason._tag, "Suspended")
      const pending = error.reason._tag === "Suspended" ? error.reason.pending : []
      assert.strictEqual(pending[0]?.tool, "add")
      const call = pending[0]?.call ?? ""
      const refused = yield* Effect.flip(
        Agent.resume(careful, "r1", [Approval.approve(call, { by: "ada", tool: "pay" })])
      )
      assert.deepInclude(refused.reason, { _tag: "Refused", path: "decisions[0].tool" })
      const answer = yield* Agent.resume(careful, "r1", [Approval.approve(call, { by: "ada", tool: "add" })])
      assert.strictEqual(answer.text, "5")
    }).pipe(
      Effect.provide([
        Scripted.over([Scripted.answer([Scripted.call("add", { a: 2, b: 3 })]), Scripted.answer([{ text: "5" }])]),
        Journal.layerMemory()
      ])
    ))

  it("has an agent that names all the tools that ask by themselves, and none that there is not", () => {
    const make = (approvals: ReadonlyArray<"add" | "pay">) => () =>
      Agent.make({ name: "clerk", instructions: "", toolkit: Scripted.toolkit, approvals })
    assert.throws(make(["add"]), /"pay" are decided by people/)
    assert.doesNotThrow(make(["pay"]))
    const unknown: string = "delete"
    const { tools } = Scripted.toolkit
    assert.throws(
      () =>
        Agent.make({
          name: "clerk",
          instructions: "",
          toolkit: Toolkit.make(tools.add),
          approvals: [unknown as "add"]
        }),
      /no such tool/
    )
  })

  it.effect("whose process died before its first record is not there to resume, and begins under its id", () =>
    Effect.gen(function*() {
      const journal = yield* Journal.Journal
      yield* Effect.scoped(journal.create(format, "r1"))
      const error = yield* Effect.flip(Agent.resume(clerk, "r1"))
      assert.strictEqual(error.reason._tag === "JournalFailed" ? error.reason.cause.reason._tag : "", "NotFound")
      const { text } = yield* Agent.run(clerk, "go", { id: "r1" })
      assert.strictEqual(text, "done")
      const again = yield* Effect.flip(Agent.run(clerk, "go", { id: "r1" }))
      assert.strictEqual(again.reason._tag === "JournalFailed" ? again.reason.cause.reason._tag : "", "Exists")
    }).pipe(Effect.provide([Scripted.over([Scripted.answer([{ text: "done" }])]), Journal.layerMemory()])))

  it.effect("that goes on begins with the money that it spent before", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const first = yield* Effect.flip(Agent.run(clerk, "go", { id: "r", bounds: { steps: 1, money: "10" } }))
      assert.strictEqual(first.reason._tag, "StepLimit")
      const spent = Number(AgentState.fold(first.records).usage.dollars)
      assert.isAbove(spent, 1)
      const within = (money: string) =>
        Agent.resume(clerk, "r", [], { records: first.records, bounds: { steps: 5, money } })
      const error = yield* Effect.flip(within(String(spent / 2)))
      assert.strictEqual(error.reason._tag, "MoneyLimit")
      const { requests } = yield* Emulator.Emulator
      assert.lengthOf(yield* requests, 1)
      assert.strictEqual((yield* within("10")).text, "done")
    }).pipe(Effect.provide(Scripted.by([{
      plan: [
        { call: "add", args: { a: 1, b: 2 }, usage: { candidatesTokenCount: 1_000_000 } },
        { say: "done" }
      ]
    }]))))

  it.effect("stands in its journal as waiting while a person is asked, and as finished when it is over", () =>
    Effect.gen(function*() {
      const journal = yield* Journal.Journal
      yield* Effect.flip(Agent.run(clerk, "pay", { id: "r" }))
      assert.strictEqual((yield* journal.head("r")).state, "waiting")
      yield* Agent.resume(clerk, "r", [Approval.approve("1.0", { by: "ada" })])
      assert.strictEqual((yield* journal.head("r")).state, "finished")
      yield* Effect.flip(Agent.run(clerk, "pay", { id: "s", bounds: { steps: 0 } }))
      assert.strictEqual((yield* journal.head("s")).state, "stopped")
    }).pipe(Effect.provide([
      Scripted.by([{ plan: [{ call: "pay", args: { cents: 3 } }, { say: "done" }] }]),
      Journal.layerMemory()
    ])))

  it.effect("streams", () =>
    Effect.gen(function*() {
      const events = yield* Stream.runCollect(Agent.stream(clerk, "2 and 3?"))
      assert.strictEqual(
        events.map((event) => event._tag === "Record" ? event.record._tag : event._tag).join(" "),
        "Begun Asked Answered CallStarted CallEnded Asked TextDelta Answered Finished Done"
      )
      assert.strictEqual(events.at(-1)?._tag, "Done")
    }).pipe(
      Effect.provide(
        Scripted.over([Scripted.answer([Scripted.call("add", { a: 2, b: 3 })]), Scripted.answer([{ text: "5" }])])
      )
    ))
})
