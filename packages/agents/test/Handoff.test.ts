/** What a handoff promises: one agent at a time has the run, and it goes along declared edges with what they carry. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import * as AgentRun from "effect-gemini-agents/AgentRun"
import * as Approval from "effect-gemini-agents/Approval"
import type * as Bounds from "effect-gemini-agents/Bounds"
import * as Team from "effect-gemini-agents/Team"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { killed } from "./dying.ts"
import * as Scripted from "./scripted.ts"

const persona = (name: string, plan: NonNullable<Rule.Rule["plan"]>, rest: Partial<Rule.Rule> = {}): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan,
  ...rest
})

const named = (name: string) => Agent.make({ name, description: `Does ${name}.`, instructions: `You are ${name}.` })
const clerk = (name: string) => Agent.make({ name, instructions: `You are ${name}.`, toolkit: Scripted.toolkit })

const over = (rules: ReadonlyArray<Rule.Rule>) => Layer.mergeAll(Scripted.by(rules), Journal.layerMemory())

const transfer = (to: string, args: Readonly<Record<string, unknown>> = {}) => ({ name: `transfer_to_${to}`, args })

const three = (carry?: "transcript" | "verbatim" | "nothing") =>
  Team.handoff({
    name: "support",
    start: "triage",
    agents: { triage: clerk("triage"), billing: clerk("billing"), tech: named("tech") },
    edges: { triage: ["billing", "tech"], billing: ["triage"] },
    ...(carry === undefined ? {} : { carry })
  })

const ids = Effect.gen(function*() {
  const journal = yield* Journal.Journal
  return [...yield* Stream.runCollect(journal.list())].map(({ id }) => id)
})

const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce((here, key) => Reflect.get(Object(here), key), value)

/** What each request said to the model, without its tools. */
const contents = Emulator.Emulator.use(({ requests }) =>
  Effect.map(requests, (all) => all.map(({ body }) => at(body, "contents")))
)

const textOf = (said: unknown): string => String(at(said, 0, "parts", 0, "text"))

const hops = (records: ReadonlyArray<AgentRecord>) =>
  records.flatMap((record) => record._tag === "ChildEnded" ? [[record.child, record.handoff]] : [])

const toBilling = [
  persona("triage", [{ say: "I look. ", call: [{ name: "add", args: { a: 1, b: 2 } }] }, {
    call: [transfer("billing", { message: "It is 3." })]
  }]),
  persona("billing", [{ say: "Paid." }])
]

describe("a handoff", () => {
  it.effect("gives the run to another agent along an edge, each in a journal of its own", () =>
    Effect.gen(function*() {
      const answer = yield* Agent.run(three(), "My bill?", { id: "s" })
      assert.strictEqual(answer.value, "Paid.")
      assert.strictEqual(answer.steps, 3)
      assert.deepStrictEqual(yield* ids, ["s", "s.billing.1", "s.triage.1"])
      assert.deepStrictEqual(hops(answer.records), [["triage.1", "billing"], ["billing.1", undefined]])
      const said = textOf((yield* contents).at(-1))
      assert.strictEqual(
        said,
        "My bill?\n\nWhat was said and done before you:\ntriage: I look.\ntriage called add({\"a\":1,\"b\":2})\nadd gave 3\n" +
          "triage handed over to billing: It is 3."
      )
      assert.strictEqual((yield* Agent.resume(three(), "s")).value, "Paid.")
      assert.lengthOf(yield* contents, 3)
    }).pipe(Effect.provide(over(toBilling))))

  it.effect("declares its edges and no others, with what the agents are for", () =>
    Effect.gen(function*() {
      yield* Agent.run(three(), "My bill?")
      const declared = (yield* Emulator.Emulator.use(({ requests }) => requests)).map(({ body }) => {
        const tools: unknown = at(body, "tools", 0, "functionDeclarations")
        return Array.isArray(tools)
          ? tools.map((tool: unknown) => String(at(tool, "name"))).filter((name) => name.startsWith("transfer"))
          : []
      })
      assert.deepStrictEqual(declared, [
        ["transfer_to_billing", "transfer_to_tech"],
        ["transfer_to_billing", "transfer_to_tech"],
        ["transfer_to_triage"]
      ])
      const first = (yield* Emulator.Emulator.use(({ requests }) => requests))[0]?.body
      assert.include(JSON.stringify(first), "tech: Does tech.")
    }).pipe(Effect.provide(over(toBilling))))

  it.effect("carries the messages as they were, with their signatures, and counts what they took once", () =>
    Effect.gen(function*() {
      const answer = yield* Agent.run(three("verbatim"), "My bill?", { id: "s" })
      assert.strictEqual(answer.value, "Paid.")
      assert.strictEqual(answer.steps, 3)
      const [first, second, third] = yield* contents
      const sent = (all: unknown) => Array.isArray(all) ? all : []
      assert.deepStrictEqual(sent(third).slice(0, sent(second).length), sent(second))
      assert.include(JSON.stringify(sent(third)), "thoughtSignature")
      assert.include(
        JSON.stringify(sent(third).at(-1)),
        "triage handed over to billing: It is 3.\\nYou are billing: go on."
      )
      assert.isAbove(sent(second).length, sent(first).length)
      const journal = yield* Journal.Journal
      assert.isAbove((yield* journal.head("s.billing.1")).next, 0)
      const tokens = answer.records.flatMap((record) => record._tag === "ChildEnded" ? [record.usage.outputTokens] : [])
      assert.strictEqual(answer.usage.outputTokens, tokens.reduce((a, b) => a + b, 0))
      const spent = yield* AgentRun.spending("s")
      assert.deepStrictEqual(spent.map(({ agent, answers }) => [agent, answers]), [
        ["support", 0],
        ["billing", 1],
        ["triage", 2]
      ])
      assert.strictEqual(spent.reduce((sum, { usage }) => sum + usage.outputTokens, 0), answer.usage.outputTokens)
      const alone = yield* Agent.run(three("transcript"), "My bill?", { id: "t" })
      assert.strictEqual(answer.usage.outputTokens, alone.usage.outputTokens)
      assert.strictEqual((yield* Agent.resume(three("verbatim"), "s")).value, "Paid.")
    }).pipe(Effect.provide(over([
      persona("triage", [
        { say: "I look. ", call: [{ name: "add", args: { a: 1, b: 2 } }] },
        { call: [transfer("billing", { message: "It is 3." })] }
      ]),
      persona("billing", [{ say: "Paid." }])
    ]))))

  it.effect("bounds each agent by its own tokens and money, also where it goes on with the messages of another one", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const billing = (bounds: Bounds.Bounds) =>
        Team.handoff({
          start: "triage",
          agents: {
            triage: clerk("triage"),
            billing: Agent.make({ name: "billing", instructions: "You are billing.", bounds })
          },
          edges: { triage: ["billing"] },
          carry: "verbatim"
        })
      const free = yield* Agent.run(billing({}), "My bill?", { id: "f" })
      const [triage] = free.records.flatMap((record) => record._tag === "ChildEnded" ? [record.usage] : [])
      assert.isDefined(triage)
      const { dollars = "", inputTokens = 0, outputTokens = 0 } = triage ?? {}
      assert.isAbove(outputTokens, 1_000)
      const tokens = inputTokens + outputTokens
      const answer = yield* Agent.run(billing({ tokens }), "My bill?", { id: "t" })
      assert.strictEqual(answer.value, "Paid.")
      assert.isAbove(answer.usage.inputTokens + answer.usage.outputTokens, tokens)
      const paid = yield* Agent.run(billing({ money: dollars, outputTokens: 500 }), "My bill?", { id: "m" })
      assert.strictEqual(paid.value, "Paid.")
    }).pipe(Effect.provide(over([
      persona("triage", [{ think: "word ".repeat(2_000), say: "I look. ", call: [transfer("billing")] }]),
      persona("billing", [{ say: "Paid." }])
    ]))))

  it.effect("carries nothing beside the input", () =>
    Effect.gen(function*() {
      yield* Agent.run(three("nothing"), "My bill?")
      assert.strictEqual(textOf((yield* contents).at(-1)), "My bill?")
    }).pipe(Effect.provide(over([
      persona("triage", [{ call: [transfer("billing")] }]),
      persona("billing", [{ say: "Paid." }])
    ]))))

  it.effect("carries what a schema asks for, which the model must fill", () =>
    Effect.gen(function*() {
      const team = Team.handoff({
        start: "triage",
        agents: { triage: named("triage"), billing: named("billing") },
        edges: { triage: ["billing"] },
        carry: Schema.Struct({ order: Schema.Int })
      })
      const answer = yield* Agent.run(team, "My bill?", { id: "s" })
      assert.strictEqual(answer.value, "Paid.")
      assert.strictEqual(answer.steps, 3)
      const [, second, third] = yield* contents
      assert.include(JSON.stringify(second), "order")
      assert.strictEqual(textOf(third), "My bill?\n\ntriage handed over to billing, with:\n{\"order\":7}")
    }).pipe(Effect.provide(over([
      persona("triage", [{ misbehave: "wrong-arguments" }, { call: [transfer("billing", { order: 7 })] }]),
      persona("billing", [{ say: "Paid." }])
    ]))))

  it.effect("waits for the other calls of the step and what people decide about them; the first transfer counts", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Agent.run(three(), "My bill?", { id: "s" }))
      assert(error.reason._tag === "Suspended")
      assert.deepStrictEqual(error.reason.pending.map(({ call, tool }) => [call, tool]), [["triage.1/1.1", "pay"]])
      assert.deepStrictEqual(yield* ids, ["s", "s.triage.1"])
      const answer = yield* Agent.resume(three(), "s", [Approval.approve("triage.1/1.1", { by: "ada" })])
      assert.strictEqual(answer.value, "Paid.")
      const journal = yield* Journal.Journal
      const { records } = yield* Agent.resume(three(), "s")
      assert.deepStrictEqual(hops(records), [["triage.1", "billing"], ["billing.1", undefined]])
      assert.isAbove((yield* journal.head("s.triage.1")).next, 0)
      assert.include(textOf((yield* contents).at(-1)), "pay gave \"paid 5\"".replaceAll("\"", ""))
    }).pipe(Effect.provide(over([
      persona("triage", [{
        call: [transfer("billing"), { name: "pay", args: { cents: 5 } }, transfer("tech")]
      }]),
      persona("billing", [{ say: "Paid." }])
    ]))))

  it.effect("ends when it goes back and forth and nobody does anything else, and may go on", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Agent.run(three(), "My bill?", { id: "s" }))
      assert(error.reason._tag === "HandoffLimit")
      assert.deepInclude({ ...error.reason }, {
        why: "BackAndForth",
        limit: 6,
        path: ["triage", "billing", "triage", "billing"]
      })
      const again = yield* Effect.flip(Agent.resume(three(), "s"))
      assert(again.reason._tag === "HandoffLimit")
      assert.strictEqual(again.reason.why, "BackAndForth")
      assert.isAbove(again.reason.path.length, 4)
    }).pipe(Effect.provide(over([
      persona("triage", [{ call: [transfer("billing")] }]),
      persona("billing", [{ call: [transfer("triage")] }])
    ]))))

  it.effect("ends after so many transfers, and goes on under a larger limit", () =>
    Effect.gen(function*() {
      const team = (limit: number) =>
        Team.handoff({
          name: "ring",
          start: "a",
          agents: { a: clerk("a"), b: clerk("b") },
          edges: { a: ["b"], b: ["a"] },
          limit
        })
      const error = yield* Effect.flip(Agent.run(team(2), "go", { id: "s" }))
      assert(error.reason._tag === "HandoffLimit")
      assert.deepInclude({ ...error.reason }, { why: "TooMany", limit: 2, path: ["a", "b", "a", "b"] })
      const still = yield* Effect.flip(Agent.resume(team(2), "s"))
      assert.strictEqual(still.reason._tag, "HandoffLimit")
      const answer = yield* Agent.resume(team(3), "s")
      assert.strictEqual(answer.value, "at last")
    }).pipe(Effect.provide(over([
      {
        name: "late",
        when: { system: { contains: "You are b." }, text: { contains: "a handed over to b: 2" } },
        reply: "at last"
      },
      {
        name: "second",
        when: { system: { contains: "You are a." }, text: { contains: "b handed over" } },
        plan: [{ call: [{ name: "add", args: { a: 1, b: 1 } }] }, { call: [transfer("b", { message: "2" })] }]
      },
      persona("a", [{ call: [{ name: "add", args: { a: 1, b: 1 } }] }, { call: [transfer("b", { message: "1" })] }]),
      persona("b", [{ call: [{ name: "add", args: { a: 1, b: 1 } }] }, { call: [transfer("a")] }])
    ]))))

  it.effect("goes on from every append to the same answer, and plays nothing again that had ended", () =>
    Effect.gen(function*() {
      const journal = yield* Journal.Journal
      for (const carry of ["transcript", "verbatim"] as const) {
        for (const isWritten of [false, true]) {
          for (let appends = 1;; appends++) {
            const id = `${carry}${appends}${isWritten ? "-" : ""}`
            if (!(yield* killed(Agent.run(three(carry), "go", { id }), appends, isWritten))) {
              assert.isAbove(appends, 10)
              break
            }
            const states: Array<readonly [string, string | undefined]> = []
            for (const { head, id: known } of yield* Stream.runCollect(journal.list(`${id}.`))) {
              if (head._tag === "Success") states.push([known, head.success.state])
            }
            const went = yield* Effect.result(Agent.resume(three(carry), id))
            if (went._tag === "Failure") {
              assert.strictEqual(appends, 1)
              assert.isFalse(isWritten)
              continue
            }
            assert.strictEqual(went.success.value, "Paid.", id)
            assert.deepStrictEqual(hops(went.success.records), [["triage.1", "billing"], ["billing.1", undefined]], id)
          }
        }
      }
    }).pipe(Effect.provide(over(toBilling))))

  it.effect("works without a journal", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Agent.run(three("verbatim"), "go")).value, "Paid.")
      assert.strictEqual((yield* Agent.run(three(), "go")).value, "Paid.")
    }).pipe(Effect.provide(Scripted.by(toBilling))))

  it("throws where it cannot be", () => {
    const agents = { a: named("a"), b: named("b") }
    assert.throws(() => Team.handoff({ agents, start: "c" as "a", edges: {} }), RangeError)
    assert.throws(() => Team.handoff({ agents, start: "a", edges: { a: ["c" as "b"] } }), RangeError)
    assert.throws(() => Team.handoff({ agents, start: "a", edges: { a: ["a" as "b"] } }), RangeError)
    assert.throws(() => Team.handoff({ agents, start: "a", edges: {}, limit: 0 }), RangeError)
    assert.throws(() => Team.handoff({ agents, start: "a", edges: {}, carry: Schema.String }), RangeError)
    assert.throws(() => Team.handoff({ agents: { "a b": named("a") }, start: "a b", edges: {} }), RangeError)
    const both = Team.sequence(named("a"), named("b"))
    assert.throws(
      () => Team.handoff({ agents: { both, b: named("b") }, start: "both", edges: { both: ["b"] } }),
      RangeError
    )
  })
})
