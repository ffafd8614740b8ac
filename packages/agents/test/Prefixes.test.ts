/** A run that is resumed from any prefix of its records, as after a death at that place, ends in the same answer. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import * as AgentState from "effect-gemini-agents/AgentState"
import type { Decision, Request } from "effect-gemini-agents/Approval"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import type * as Emulator from "effect-gemini-emulator/Emulator"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scripted from "./scripted.ts"

const clerk = Agent.make({ name: "clerk", instructions: "You add.", toolkit: Scripted.toolkit })

/** The model as a function of the request alone: three steps, and an answer. */
const model: Emulator.Options["answers"] = ({ body }) => {
  const contents: unknown = Reflect.get(Object(body), "contents")
  const step = Array.isArray(contents)
    ? contents.filter((it: unknown) => Reflect.get(Object(it), "role") === "model").length
    : 0
  return [
    Scripted.answer([Scripted.call("add", { a: 1, b: 2 }), Scripted.call("pay", { cents: 3 })]),
    Scripted.answer([Scripted.call("fail", {})]),
    Scripted.answer([Scripted.call("pay", { cents: 4 }), Scripted.call("nothing", {})]),
    Scripted.answer([{ text: "done" }])
  ][step] ?? Scripted.answer([{ text: "too far" }])
}

/** A person who approves, and who says of what was begun that it is done. */
const decide = ({ call, digest, kind, tool }: Request): Decision => ({
  call,
  digest,
  by: "test",
  verdict: kind === "approval" ? { _tag: "approve" } : { _tag: "result", value: `${tool} looked up` }
})

const toEnd = (records: ReadonlyArray<AgentRecord>) =>
  Effect.gen(function*() {
    let known = records
    let decisions: ReadonlyArray<Decision> = []
    for (let turns = 0; turns < 12; turns++) {
      const went = yield* Effect.result(Agent.resume(clerk, "run", decisions, { records: known }))
      if (went._tag === "Success") return went.success
      const { reason, records } = went.failure
      known = records
      decisions = reason._tag === "Suspended" ? reason.pending.map(decide) : []
    }
    return yield* Effect.die(new Error("it does not come to an end"))
  })

describe("any prefix of a run", () => {
  it.effect("folds, and goes on to the same answer; a call that had ended does not begin again", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Agent.run(clerk, "go", { id: "run" }))
      const whole = yield* toEnd(error.records)
      assert.strictEqual(whole.text, "done")
      for (let length = 1; length <= whole.records.length; length++) {
        const prefix = whole.records.slice(0, length)
        const ended = new Set(prefix.flatMap((it) => it._tag === "CallEnded" ? [it.call] : []))
        const answer = yield* toEnd(prefix)
        assert.strictEqual(answer.text, "done", `after ${length} records`)
        assert.deepStrictEqual(answer.records.slice(0, length), prefix)
        const again = answer.records.slice(length).flatMap((it) =>
          it._tag === "CallStarted" && ended.has(it.call) ? [it.call] : []
        )
        assert.deepStrictEqual(again, [], `after ${length} records`)
        const paid = answer.records.filter((it) => it._tag === "CallStarted" && it.call.startsWith("3."))
        const allowed = answer.records.filter((it) => it._tag === "Decided" && it.call.startsWith("3."))
        assert.isAtMost(paid.length, allowed.length, `after ${length} records: nothing is paid that nobody approved`)
      }
    }).pipe(Effect.provide(Scripted.over(model))))

  it.effect("asks again about an approved call that was under way each time that the process died", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Agent.run(clerk, "go", { id: "run" }))
      const [first] = AgentState.pending(AgentState.fold(error.records))
      const call = first?.call ?? ""
      const begun: ReadonlyArray<AgentRecord> = [
        ...error.records,
        { _tag: "Continued", at: 0, bounds: {} },
        { _tag: "Decided", call, verdict: { _tag: "approve" }, by: "test", at: 0 },
        { _tag: "CallStarted", call, attempt: 1, afterCrash: "ask" }
      ]
      const once = yield* Effect.flip(Agent.resume(clerk, "run", [], { records: begun }))
      assert.deepInclude(once.reason, { _tag: "Suspended" })
      assert.strictEqual(once.reason._tag === "Suspended" ? once.reason.pending[0]?.kind : "", "outcome")
      const again: ReadonlyArray<AgentRecord> = [
        ...once.records,
        { _tag: "Continued", at: 0, bounds: {} },
        { _tag: "Decided", call, verdict: { _tag: "again" }, by: "test", at: 0 },
        { _tag: "CallStarted", call, attempt: 2, afterCrash: "ask" }
      ]
      const twice = yield* Effect.flip(Agent.resume(clerk, "run", [], { records: again }))
      assert.strictEqual(twice.reason._tag === "Suspended" ? twice.reason.pending[0]?.kind : "", "outcome")
    }).pipe(Effect.provide(Scripted.over(model))))
})

describe("calls of one group", () => {
  it.effect("run one after the other, also those that began with the answer", () =>
    Effect.gen(function*() {
      let at = 0
      let most = 0
      const toolkit = Toolkit.make(
        Tool.make("bank", { description: "Asks the bank", success: Schema.String })
          .annotate(Tool.Readonly, true)
          .annotate(ToolPolicy.Group, "bank")
      )
      const handlers = toolkit.toLayer({
        bank: () =>
          Effect.gen(function*() {
            most = Math.max(most, ++at)
            yield* Effect.yieldNow
            at--
            return "ok"
          })
      })
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      const three = Scripted.answer([1, 2, 3].map(() => Scripted.call("bank", {})))
      yield* Agent.run(agent, "go").pipe(
        Effect.provide(Layer.merge(handlers, Scripted.over([three, Scripted.answer([{ text: "done" }])])))
      )
      assert.strictEqual(most, 1)
    }))
})
