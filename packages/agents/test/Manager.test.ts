/** What a manager promises of its workers: a run for each call, which goes on after a stop and is not played twice. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as AgentRun from "effect-gemini-agents/AgentRun"
import * as Approval from "effect-gemini-agents/Approval"
import * as Team from "effect-gemini-agents/Team"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { killed } from "./dying.ts"
import * as Scripted from "./scripted.ts"

const persona = (name: string, plan: NonNullable<Rule.Rule["plan"]>): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})

const boss = Agent.make({ name: "boss", instructions: "You are boss." })
const clerk = Agent.make({ name: "clerk", instructions: "You are clerk.", toolkit: Scripted.toolkit })

const over = (rules: ReadonlyArray<Rule.Rule>) => Layer.mergeAll(Scripted.by(rules), Journal.layerMemory())

const both = persona("boss", [
  { call: [{ name: "ask", args: { task: "a" } }, { name: "pay", args: { task: "b" } }] },
  { say: "{{ result.ask }}; {{ result.pay }}" }
])
const paying = persona("clerk", [{ call: { name: "pay", args: { cents: 5 } } }, { say: "it is {{ result.pay }}" }])

describe("a manager", () => {
  it.effect("gives its workers tasks, each a run of its own, and goes on with their answers", () =>
    Effect.gen(function*() {
      let most = 0
      let now = 0
      const ask = Agent.fromEffect({ name: "asker" }, (task) =>
        Effect.gen(function*() {
          most = Math.max(most, ++now)
          yield* Effect.yieldNow
          now--
          return `${task} is asked`
        }))
      const team = Team.manager(boss, { ask, pay: ask }, { workers: 1 })
      const answer = yield* Agent.run(team, "go", { id: "m" })
      assert.strictEqual(answer.value, "a is asked; b is asked")
      assert.strictEqual(most, 1)
      const journal = yield* Journal.Journal
      const ids = (yield* Stream.runCollect(journal.list())).map(({ id }) => id)
      assert.deepStrictEqual(ids, ["m", "m.ask.1.0", "m.pay.1.1"])
      assert.strictEqual((yield* Agent.resume(team, "m")).value, answer.value)
    }).pipe(Effect.provide(over([both]))))

  it.effect("waits for what people decide in a worker, while the others end, and plays none of these again", () =>
    Effect.gen(function*() {
      let asked = 0
      const ask = Agent.fromEffect({ name: "asker" }, () => Effect.sync(() => `asked ${++asked}`))
      const team = Team.manager(boss, { ask, pay: clerk })
      const error = yield* Effect.flip(Agent.run(team, "go", { id: "m" }))
      assert(error.reason._tag === "Suspended")
      assert.deepStrictEqual(error.reason.pending.map(({ call, tool }) => [call, tool]), [["pay.1.1/1.0", "pay"]])
      const still = yield* Effect.flip(Agent.resume(team, "m"))
      assert.strictEqual(still.reason._tag, "Suspended")
      const wrong = yield* Effect.flip(Agent.resume(team, "m", [Approval.approve("pay.1.7/1.0", { by: "ada" })]))
      assert.strictEqual(wrong.reason._tag, "Refused")
      const decision = Approval.approve("pay.1.1/1.0", { by: "ada" })
      const answer = yield* Agent.resume(team, "m", [decision])
      assert.strictEqual(answer.value, "asked 1; it is paid 5")
      assert.strictEqual((yield* Agent.resume(team, "m", [decision])).value, answer.value)
    }).pipe(Effect.provide(over([both, paying]))))

  it.effect("goes on with what was decided by a program that does not have it, down to a worker of a team", () =>
    Effect.gen(function*() {
      const ask = Agent.fromEffect({ name: "asker" }, (task) => Effect.succeed(task))
      const team = Team.manager(boss, { ask, pay: Team.sequence(clerk, ask) })
      const error = yield* Effect.flip(Agent.run(team, "go", { id: "m" }))
      assert(error.reason._tag === "Suspended")
      assert.deepStrictEqual(error.reason.pending.map(({ call }) => call), ["pay.1.1/clerk.1/1.0"])
      yield* AgentRun.decide("m", [Approval.approve("pay.1.1/clerk.1/1.0", { by: "ada" })])
      const lost = yield* Effect.flip(AgentRun.decide("m", [Approval.approve("pay.1.7/clerk.1/1.0", { by: "ada" })]))
      assert.strictEqual(lost.reason._tag, "NotFound")
      assert.strictEqual((yield* Agent.resume(team, "m")).value, "a; it is paid 5")
    }).pipe(Effect.provide(over([both, paying]))))

  it.effect("is told why a worker stopped", () =>
    Effect.gen(function*() {
      const ask = Agent.fromEffect({ name: "asker" }, () => Effect.fail("no line" as const))
      const team = Team.manager(boss, { ask, pay: clerk })
      const answer = yield* Agent.run(team, "go", { id: "m" })
      assert.include(answer.value, "no line")
      assert.include(answer.value, "the model answered nothing")
    }).pipe(Effect.provide(over([both, persona("clerk", [{ misbehave: "empty" }])]))))

  it.effect("goes on from every append to the same answer, and plays no worker again that had ended", () =>
    Effect.gen(function*() {
      const journal = yield* Journal.Journal
      let played: Array<string> = []
      const noting = (name: string) =>
        Agent.fromEffect({ name }, (task) =>
          Effect.sync(() => {
            played.push(name)
            return `${name} ${task}`
          }))
      const team = Team.manager(boss, { a: noting("a"), b: noting("b"), c: noting("c") })
      for (const isWritten of [false, true]) {
        for (let appends = 1;; appends++) {
          const id = `m${appends}${isWritten ? "-" : ""}`
          played = []
          if (!(yield* killed(Agent.run(team, "go", { id }), appends, isWritten))) {
            assert.isAbove(appends, 10)
            break
          }
          const over = new Set<string>()
          for (const { head, id: known } of yield* Stream.runCollect(journal.list(`${id}.`))) {
            if (head._tag === "Success" && head.success.state === "finished") over.add(known)
          }
          const went = yield* Effect.result(Agent.resume(team, id))
          if (went._tag === "Failure") {
            assert.strictEqual(appends, 1)
            assert.isFalse(isWritten)
            continue
          }
          assert.strictEqual(went.success.value, "a 1; b 2; c 3", id)
          for (const [at, name] of ["a", "b", "c"].entries()) {
            const times = played.filter((known) => known === name).length
            if (over.has(`${id}.${name}.1.${at}`)) assert.strictEqual(times, 1, `${id} ${name}`)
            else assert.isAtMost(times, 2, `${id} ${name}`)
          }
        }
      }
    }).pipe(Effect.provide(over([
      persona("boss", [
        {
          call: [
            { name: "a", args: { task: "1" } },
            { name: "b", args: { task: "2" } },
            { name: "c", args: { task: "3" } }
          ]
        },
        { say: "{{ result.a }}; {{ result.b }}; {{ result.c }}" }
      ])
    ]))))

  it("throws where it cannot manage", () => {
    assert.throws(() => Team.manager(Team.sequence(boss, clerk), { clerk }), RangeError)
    assert.throws(() => Team.manager(boss, { clerk }, { workers: 0 }), RangeError)
    assert.throws(() => Team.manager(boss, { "a b": clerk }), RangeError)
  })
})
