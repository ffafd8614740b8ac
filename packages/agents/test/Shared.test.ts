/** What shared states promise: changes come one after the other, are recorded, and are made once. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as Conversation from "effect-gemini-agents/Conversation"
import * as Replay from "effect-gemini-agents/Replay"
import * as Shared from "effect-gemini-agents/Shared"
import * as Team from "effect-gemini-agents/Team"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as Trace from "effect-gemini-agents/Trace"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Journal from "effect-gemini-journal/Journal"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { killed } from "./dying.ts"
import { bytes } from "./replayed.ts"
import * as Scripted from "./scripted.ts"

const sum = Shared.make("sum", Schema.Int, 0)
const queue = Shared.make("queue", Schema.Array(Schema.String), ["a", "b", "c"])

const tools = Toolkit.make(
  Tool.make("count", { description: "Adds", parameters: Schema.Struct({ n: Schema.Int }), success: Schema.Int })
    .annotate(ToolPolicy.AfterCrash, "rerun"),
  Tool.make("take", { description: "Takes the next", success: Schema.String }).annotate(ToolPolicy.AfterCrash, "rerun")
)
const handlers = tools.toLayer({
  count: ({ n }) => Shared.update(sum, (before) => before + n),
  take: () => Shared.modify(queue, ([first = "none", ...rest]) => [first, rest])
})

const persona = (name: string, plan: NonNullable<Rule.Rule["plan"]>): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})
const counter = (name: string) => Agent.make({ name, instructions: `You are ${name}.`, toolkit: tools })
const counts = (name: string, ...ns: ReadonlyArray<number>): Rule.Rule =>
  persona(name, [...ns.map((n) => ({ call: { name: "count", args: { n } } })), { say: "it is {{ result.count }}" }])

const world = (rules: ReadonlyArray<Rule.Rule>) => Layer.mergeAll(Scripted.by(rules), Journal.layerMemory(), handlers)

const valueOf = <A>(shared: Shared.Shared<A>, records: Parameters<typeof Shared.of>[1]): A =>
  Result.getOrThrow(Shared.of(shared, records))

describe("a shared state", () => {
  it.effect("loses no change of members that play at once, and lies in the journal of the outermost run", () =>
    Effect.gen(function*() {
      const members = { web: counter("web"), papers: counter("papers"), code: counter("code") }
      const inner = Team.all(members).named("inner")
      const { records } = yield* Agent.run(Team.sequence(inner, () => "done").named("outer"), "go", { id: "p" })
      assert.strictEqual(valueOf(sum, records), 66)
      assert.strictEqual(valueOf(queue, records).length, 3)
      const made = records.flatMap((record) => record._tag === "SharedUpdated" ? [record.by] : [])
      assert.deepStrictEqual(made.toSorted(), [
        "inner.1.code.1/1.0#1",
        "inner.1.code.1/2.0#1",
        "inner.1.papers.1/1.0#1",
        "inner.1.papers.1/2.0#1",
        "inner.1.web.1/1.0#1",
        "inner.1.web.1/2.0#1"
      ])
      assert.include(Trace.print(records.map((record) => ({ record, at: undefined }))), "sets sum: 66")
    }).pipe(Effect.provide(world([counts("web", 1, 2), counts("papers", 10, 20), counts("code", 3, 30)]))))

  it.effect("is one run's own: another run begins with the first value", () =>
    Effect.gen(function*() {
      for (const id of ["p", "q"]) {
        const { records, text } = yield* Agent.run(counter("web"), "go", { id })
        assert.strictEqual(text, "it is 5")
        assert.strictEqual(valueOf(sum, records), 5)
      }
    }).pipe(Effect.provide(world([counts("web", 5)]))))

  it.effect("is changed once by each call and each program, wherever the process dies", () =>
    Effect.gen(function*() {
      const seen: Array<ReadonlyArray<number>> = []
      const program = Agent.fromEffect({ name: "desk" }, (text, run) =>
        Effect.gen(function*() {
          const before = yield* Shared.update(sum, (n) => n + 100)
          yield* run.child(counter("web"), text)
          const between = yield* Shared.get(sum)
          yield* run.child(counter("papers"), text)
          const after = yield* Shared.update(sum, (n) => n + 1_000)
          seen.push([before, between, after])
          return String(after)
        }))
      let deaths = 0
      for (const isWritten of [false, true]) {
        for (let at = 1;; at++) {
          const id = `p-${isWritten}-${at}`
          const isDead = yield* killed(Agent.run(program, "go", { id }), at, isWritten)
          if (!isDead) break
          deaths++
          const answer = yield* Agent.resume(program, id).pipe(
            Effect.catchReason("AgentError", "JournalFailed", () => Agent.run(program, "go", { id }))
          )
          assert.strictEqual(answer.value, "1133")
          assert.strictEqual(valueOf(sum, answer.records), 1_133)
        }
      }
      assert.isAbove(deaths, 20)
      for (const one of seen) assert.deepStrictEqual(one, [100, 103, 1_133])
    }).pipe(Effect.provide(world([counts("web", 3), counts("papers", 30)]))))

  it.effect("gives what it gave before to a handler that is tried or called again", () =>
    Effect.gen(function*() {
      const taken: Array<string> = []
      const retried = Toolkit.make(
        Tool.make("take", { description: "Takes the next", success: Schema.String, failure: Schema.String })
          .annotate(ToolPolicy.Retry, Schedule.recurs(2))
      )
      const trying = retried.toLayer({
        take: () =>
          Effect.gen(function*() {
            taken.push(yield* Shared.modify(queue, ([first = "none", ...rest]) => [first, rest]))
            return taken.length < 3 ? yield* Effect.fail("again") : taken.join()
          })
      })
      const agent = Agent.make({ name: "web", instructions: "You are web.", toolkit: retried })
      const { records, text } = yield* Effect.provide(Agent.run(agent, "go"), trying)
      assert.strictEqual(text, "a,a,a")
      assert.deepStrictEqual(valueOf(queue, records), ["b", "c"])
    }).pipe(Effect.provide(world([persona("web", [{ call: "take" }, { say: "{{ result.take }}" }])]))))

  it.effect("goes on in the next turn of a conversation, and in a fork from where it was forked", () =>
    Effect.gen(function*() {
      const team = Agent.fromEffect({ name: "desk" }, (text, run) =>
        Effect.gen(function*() {
          yield* run.child(counter("web"), text)
          return String(yield* Shared.update(sum, (n) => n + 100))
        }))
      const talk = Conversation.open(team, "t")
      assert.strictEqual((yield* talk.send("one")).value, "105")
      const before = yield* Journal.Journal.use((journal) => journal.head("t"))
      assert.strictEqual((yield* talk.send("two")).value, "210")
      const fork = yield* talk.fork("u", before.next)
      assert.strictEqual((yield* fork.send("other")).value, "210")
      assert.strictEqual((yield* talk.send("three")).value, "315")
    }).pipe(Effect.provide(world([counts("web", 5)]))))

  it.effect("is in a replay what it was, without handlers", () =>
    Effect.gen(function*() {
      const checked = Agent.make({
        name: "web",
        instructions: "You are web.",
        toolkit: tools,
        checks: {
          output: [{
            name: "enough",
            check: () =>
              Effect.map(
                Shared.get(sum),
                (n) => n >= 6 ? { _tag: "pass" } : { _tag: "refuse", why: `only ${n}` }
              )
          }]
        }
      })
      const { records } = yield* Agent.run(checked, "go")
      const replayed = yield* Replay.run(checked, records)
      assert.strictEqual(bytes(replayed.records), bytes(records))
      assert.strictEqual(records.filter(({ _tag }) => _tag === "SharedUpdated").length, 3)
    }).pipe(Effect.provide(world([
      persona("web", [
        { call: [{ name: "count", args: { n: 1 } }, { name: "count", args: { n: 2 } }] },
        { call: { name: "count", args: { n: 3 } } },
        { say: "done" }
      ])
    ]))))

  it.effect("stops a run whose value does not fit, that has another schema, or that is changed by a check", () =>
    Effect.gen(function*() {
      const small = Shared.make("sum", Schema.Int.check(Schema.isLessThan(3)), 0)
      const desk = (shared: Shared.Shared<number>) =>
        Agent.fromEffect(
          { name: "desk" },
          (_, run) =>
            Effect.andThen(run.child(counter("web"), "go"), Effect.map(Shared.update(shared, (n) => n + 1), String))
        )
      const changed = yield* Effect.flip(Agent.run(desk(small), "go"))
      assert.strictEqual(changed.reason._tag, "Changed")
      assert.include(changed.message, "the shared state sum has another schema")
      const grows = Agent.fromEffect({ name: "desk" }, () => Effect.map(Shared.update(small, () => 7), String))
      const refused = yield* Effect.flip(Agent.run(grows, "go"))
      assert(refused.reason._tag === "Refused")
      assert.strictEqual(refused.reason.path, "shared.sum")
      const checking = Agent.make({
        name: "web",
        instructions: "You are web.",
        toolkit: tools,
        checks: {
          output: [{ name: "counts", check: () => Effect.as(Shared.update(sum, (n) => n + 1), { _tag: "pass" }) }]
        }
      })
      const checked = yield* Effect.flip(Agent.run(checking, "go"))
      assert.include(checked.message, "it is changed by tools and programs alone")
    }).pipe(Effect.provide(world([counts("web", 5)]))))

  it.effect("is refused outside of a run, and by a name that cannot be one", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(Shared.get(sum))
      assert(exit._tag === "Failure")
      assert.include(Cause.pretty(exit.cause), "outside of an agent's run")
      assert.throws(() => Shared.make("a b", Schema.Int, 0), RangeError)
    }))
})
