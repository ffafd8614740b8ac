/** What an agent promises as a tool: a run for each call, whose usage, events and questions reach the run above. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as Approval from "effect-gemini-agents/Approval"
import * as Replay from "effect-gemini-agents/Replay"
import * as Team from "effect-gemini-agents/Team"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Journal from "effect-gemini-journal/Journal"
import * as Toolkit from "effect/ai/Toolkit"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Scripted from "./scripted.ts"

const persona = (name: string, plan: NonNullable<Rule.Rule["plan"]>): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})

const over = (rules: ReadonlyArray<Rule.Rule>) => Layer.mergeAll(Scripted.by(rules), Journal.layerMemory())

const clerk = Agent.make({ name: "clerk", instructions: "You are clerk.", toolkit: Scripted.toolkit })
const ask = Agent.asTool(clerk, { name: "ask" })
const toolkit = Toolkit.make(ask)
const handlers = toolkit.toLayer({ ask: ask.handle })
const boss = Agent.make({ name: "boss", instructions: "You are boss.", toolkit })

const asking = persona("boss", [{ call: { name: "ask", args: { task: "add" } } }, { say: "{{ result.ask }}" }])
const adding = persona("clerk", [{ call: { name: "add", args: { a: 2, b: 3 } } }, { say: "it is {{ result.add }}" }])
const paying = persona("clerk", [{ call: { name: "pay", args: { cents: 5 } } }, { say: "it is {{ result.pay }}" }])

const dollars = (text: string | undefined) => BigDecimal.fromStringUnsafe(text ?? "")

const spentBy = (records: ReadonlyArray<Parameters<typeof AgentState.next>[1]>) => AgentState.fold(records).usage

describe("an agent as a tool", () => {
  it.effect("has a run of its own, whose tokens and dollars are in the answer above, as those of a manager's are", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const journal = yield* Journal.Journal
      for (const [id, team] of [["t", boss], ["m", Team.manager(boss, { ask: clerk })]] as const) {
        const answer = yield* Agent.run(team, "go", { id })
        assert.strictEqual(answer.value, "it is 5")
        const worker = yield* Agent.resume(clerk, `${id}.ask.1.0`)
        const own = answer.records.flatMap((record) => record._tag === "Answered" ? [record.usage] : [])
        assert.lengthOf(own, 2)
        const input = own.reduce((sum, { inputTokens }) => sum + inputTokens, 0)
        assert.strictEqual(answer.usage.inputTokens, input + worker.usage.inputTokens)
        assert.isAbove(worker.usage.inputTokens, 0)
        const cost = own.reduce((sum, { dollars: one }) => BigDecimal.sum(sum, dollars(one)), dollars(worker.cost))
        assert.isTrue(BigDecimal.equals(dollars(answer.cost), cost))
        assert.isTrue(BigDecimal.isGreaterThan(dollars(worker.cost), dollars("0")))
        assert.strictEqual(answer.steps, 2)
        const ids = (yield* Stream.runCollect(journal.list(`${id}.`))).map(({ id }) => id)
        assert.deepStrictEqual(ids, [`${id}.ask.1.0`])
        const replayed = yield* Replay.run(team, answer.records)
        assert.deepStrictEqual(replayed.records, answer.records)
        assert.deepStrictEqual((yield* Agent.resume(team, id)).usage, answer.usage)
      }
    }).pipe(Effect.provide([over([asking, adding]), handlers])))

  it.effect("tells the reader of the run above what it does", () =>
    Effect.gen(function*() {
      const events = yield* Stream.runCollect(Agent.stream(boss, "go", { id: "t" }))
      const told = events.flatMap((event) => event._tag === "Child" ? [event] : [])
      assert.deepStrictEqual([...new Set(told.map(({ child }) => child))], ["ask.1.0"])
      const tags = told.map(({ event }) => event._tag === "Record" ? event.record._tag : event._tag)
      for (const tag of ["Begun", "CallEnded", "TextDelta", "Finished"]) assert.include(tags, tag)
      assert.strictEqual(events.at(-1)?._tag, "Done")
    }).pipe(Effect.provide([over([asking, adding]), handlers])))

  it.effect("asks people through the run above, and goes on with what they decide", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Agent.run(boss, "go", { id: "t" }))
      assert(error.reason._tag === "Suspended")
      assert.deepStrictEqual(error.reason.pending.map(({ call, tool }) => [call, tool]), [["ask.1.0/1.0", "pay"]])
      const answer = yield* Agent.resume(boss, "t", [Approval.approve("ask.1.0/1.0", { by: "ada" })])
      assert.strictEqual(answer.value, "it is paid 5")
      const worker = yield* Agent.resume(clerk, "t.ask.1.0")
      assert.strictEqual(
        answer.usage.inputTokens,
        spentBy(answer.records.filter(({ _tag }) => _tag !== "CallEnded")).inputTokens + worker.usage.inputTokens
      )
    }).pipe(Effect.provide([over([asking, paying]), handlers])))

  it.effect("is told of when it stops, and what it took until then counts", () =>
    Effect.gen(function*() {
      const { records, usage } = yield* Agent.run(boss, "go", { id: "t" })
      const [ended] = records.flatMap((record) => record._tag === "CallEnded" ? [record] : [])
      assert.isTrue(ended?.isFailure)
      assert.include(ended?.result, "the model answered nothing")
      const own = spentBy(records.filter(({ _tag }) => _tag !== "CallEnded"))
      assert.isAbove(usage.inputTokens, own.inputTokens)
    }).pipe(Effect.provide([
      over([
        persona("boss", [{ call: { name: "ask", args: { task: "add" } } }, { say: "done" }]),
        persona("clerk", [{ misbehave: "empty" }])
      ]),
      handlers
    ])))

  it.effect("takes what its agent takes, by the schema of that, and tells the model what does not fit", () =>
    Effect.gen(function*() {
      const Order = Schema.Struct({ pieces: Schema.Int })
      const store = Agent.fromEffect(
        { name: "store", input: Order, output: Schema.Finite },
        ({ pieces }) => Effect.succeed(pieces * 2)
      )
      const order = Agent.asTool(store, { name: "order", input: Order, description: "Orders pieces." })
      const toolkit = Toolkit.make(order)
      const boss = Agent.make({ name: "boss", instructions: "You are boss.", toolkit })
      const { records } = yield* Effect.provide(Agent.run(boss, "go"), toolkit.toLayer({ order: order.handle }))
      const ended = records.flatMap((record) => record._tag === "CallEnded" ? [record] : [])
      assert.deepStrictEqual(ended.map(({ mistake }) => mistake), ["WrongArguments", undefined])
      assert.strictEqual(ended[1]?.result, 4)
    }).pipe(Effect.provide(Scripted.over([
      Scripted.answer([Scripted.call("order", { task: "two" })]),
      Scripted.answer([Scripted.call("order", { pieces: 2 })]),
      Scripted.answer([{ text: "ordered" }])
    ]))))

  it.effect("plays as a run of its own where nobody stands above it", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* ask.handle({ task: "add" }), "it is 5")
      const wrong = Agent.asTool(Agent.fromEffect({ name: "line" }, () => Effect.fail("no line" as const)), {
        name: "line"
      })
      assert.include(yield* Effect.flip(wrong.handle({ task: "go" })), "no line")
    }).pipe(Effect.provide(over([adding]))))

  it("is a tool of the name that it is given", () => {
    assert.strictEqual(ask.name, "ask")
    assert.strictEqual(ask.description, "Gives a task to clerk.")
    assert.throws(() => Agent.asTool(clerk, { name: "a b" }), RangeError)
  })
})
