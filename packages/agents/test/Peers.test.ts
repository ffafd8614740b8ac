/**
 * What users of other agent libraries complain of, shown the other way round: a test for each, named after it. PEERS.md
 * has the table of them, with the places where they were told.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as Approval from "effect-gemini-agents/Approval"
import * as Conversation from "effect-gemini-agents/Conversation"
import { Critique } from "effect-gemini-agents/Critique"
import * as Replay from "effect-gemini-agents/Replay"
import * as Team from "effect-gemini-agents/Team"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Journal from "effect-gemini-journal/Journal"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { existsSync, readFileSync } from "node:fs"
import { killed } from "./dying.ts"
import * as Scripted from "./scripted.ts"
import { stores } from "./stores.ts"

const { answer, call } = Scripted
type Steps = NonNullable<Rule.Rule["plan"]>

const persona = (name: string, plan: Steps): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})
const over = (rules: ReadonlyArray<Rule.Rule>) => Layer.mergeAll(Scripted.by(rules), Layer.fresh(Journal.layerMemory()))

const plain = (name: string) => Agent.make({ name, instructions: `You are ${name}.` })
const clerk = Agent.make({ name: "clerk", instructions: "You are clerk.", toolkit: Scripted.toolkit })
const transfer = (to: string) => ({ call: [{ name: `transfer_to_${to}`, args: {} }] })
const add = (a: number) => ({ call: { name: "add", args: { a, b: 1 } } })
const adds = (count: number): Steps => [...Array.from({ length: count }, (_, i) => add(i)), { say: "done" }]

const bodies = Emulator.Emulator.use(({ requests }) => Effect.map(requests, (all) => all.map(({ body }) => body)))
const asked = Effect.map(bodies, (all) => all.length)
const askedOf = (name: string) =>
  Effect.map(bodies, (all) => all.filter((body) => JSON.stringify(body).includes(`You are ${name}.`)).length)

/** A tool that counts how often it ran, and one that waits for a person. */
const counted = () => {
  const ran: Array<number> = []
  const n = Schema.Struct({ n: Schema.Int })
  const toolkit = Toolkit.make(
    Tool.make("note", { description: "Notes", parameters: n, success: Schema.String }),
    Tool.make("ask", { description: "Asks", parameters: n, success: Schema.String, needsApproval: true })
  )
  const act = ({ n }: { readonly n: number }) => Effect.sync(() => `noted ${ran.push(n)}`)
  return {
    ran,
    agent: Agent.make({ name: "clerk", instructions: "You are clerk.", toolkit }),
    handlers: toolkit.toLayer({ note: act, ask: act })
  }
}
const note = (n: number) => ({ name: "note", args: { n } })
const ask = (n: number) => ({ name: "ask", args: { n } })
const by = { by: "ada" }

/** Lets others go on until it is so; a digest of tools is made on the pool of threads. */
const turns = (isSo: () => boolean) =>
  Effect.promise(() => new Promise((resolve) => setImmediate(resolve))).pipe(Effect.repeat({ until: isSo }))

/** Bytes of the records of a run of so many steps. */
const bytesOf = (steps: number) =>
  Agent.run(clerk, "go", { bounds: { steps: steps + 1 } }).pipe(
    Effect.map(({ records }) => JSON.stringify(records).length),
    Effect.provide(over([persona("clerk", adds(steps))]))
  )

/** A run of five steps whose process dies at each of its appends: each comes to its answer, no ended call runs again. */
const survives = Effect.gen(function*() {
  let deaths = 0
  for (let appends = 2;; appends++) {
    const { agent, handlers, ran } = counted()
    const id = `d${appends}`
    const isOver = yield* Effect.gen(function*() {
      if (!(yield* killed(Agent.run(agent, "go", { id }), appends, true))) return true
      deaths++
      const went = yield* Effect.result(Agent.resume(agent, id))
      if (went._tag === "Failure") {
        // A call that was under way may have happened, so a person says whether it is to run again.
        assert(went.failure.reason._tag === "Suspended")
        const again = went.failure.reason.pending.map(({ call }) => Approval.skip(call, by))
        assert.strictEqual((yield* Agent.resume(agent, id, again)).text, "done")
      } else assert.strictEqual(went.success.text, "done")
      assert.strictEqual(new Set(ran).size, ran.length, `append ${appends}: ${ran.join(" ")}`)
      return false
    }).pipe(Effect.provide([
      handlers,
      Scripted.by([persona("clerk", [{ call: [note(1)] }, { call: [note(2), note(3)] }, { say: "done" }])])
    ]))
    if (isOver) return deaths
  }
})

describe("AI SDK", () => {
  it.effect("a bound of steps that is passed already holds as well, where `isStepCount` compares by `===`", () =>
    Effect.gen(function*() {
      const { records } = yield* Effect.flip(Agent.run(clerk, "go", { id: "r", bounds: { steps: 3 } }))
      assert.strictEqual(yield* asked, 3)
      const again = Agent.resume(clerk, "r", [], { bounds: { steps: 2 } })
      const { reason } = yield* Effect.flip(again)
      assert.deepInclude({ ...reason }, { _tag: "StepLimit", limit: 2, used: 3 })
      assert.strictEqual(yield* asked, 3)
      assert.strictEqual(AgentState.fold(records).steps, 3)
    }).pipe(Effect.provide(over([persona("clerk", adds(8))]))))

  it.effect("a run has a budget in dollars, and what exceeds it is not sent", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const { reason } = yield* Effect.flip(Agent.run(clerk, "go", { bounds: { money: "0.000001" } }))
      assert.strictEqual(reason._tag, "MoneyLimit")
      assert.strictEqual(yield* asked, 0)
    }).pipe(Effect.provide(over([persona("clerk", adds(1))]))))

  it.effect("no approval is skipped: of two in a step each waits until it is decided itself", () => {
    const { agent, handlers, ran } = counted()
    return Effect.gen(function*() {
      yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
      const { reason } = yield* Effect.flip(Agent.resume(agent, "r", [Approval.approve("1.0", by)]))
      assert(reason._tag === "Suspended")
      assert.deepStrictEqual(reason.pending.map(({ call }) => call), ["1.1"])
      assert.notInclude(ran, 2)
      const { text } = yield* Agent.resume(agent, "r", [Approval.deny("1.1", "too dear", by)])
      assert.strictEqual(text, "done")
      assert.deepStrictEqual(ran, [1])
      assert.include(JSON.stringify((yield* bodies).at(-1)), "too dear")
    }).pipe(Effect.provide([handlers, over([persona("clerk", [{ call: [ask(1), ask(2)] }, { say: "done" }])])]))
  })
})

describe("AI SDK, on a workflow", () => {
  it.effect("what ran is durable without a compiler, also of a plain tool that nobody wrote as a step", () => {
    const { agent, handlers, ran } = counted()
    return Effect.gen(function*() {
      // The process dies when the second call's end is written, before the model is asked again.
      assert.isTrue(yield* killed(Agent.run(agent, "go", { id: "r" }), 8, true))
      assert.deepStrictEqual(ran, [1, 2])
      assert.strictEqual((yield* Agent.resume(agent, "r")).text, "done")
      assert.deepStrictEqual(ran, [1, 2])
    }).pipe(Effect.provide([
      handlers,
      over([persona("clerk", [{ call: [note(1)] }, { call: [note(2)] }, { say: "done" }])])
    ]))
  })
})

describe("@openai/agents", () => {
  it.effect("a run is saved as it goes, without a hook of the user: wherever the process dies, it goes on", () =>
    Effect.gen(function*() {
      assert.isAtLeast(yield* survives, 6)
    }).pipe(Effect.provide(Layer.fresh(Journal.layerMemory()))))

  it.effect("state and session cannot disagree: a conversation's history is the fold of its one journal", () =>
    Effect.gen(function*() {
      const talk = Conversation.open(clerk, "talk")
      yield* Effect.flip(talk.send("pay"))
      const answer = yield* Agent.resume(clerk, "talk", [Approval.approve("1.0", by)])
      assert.deepStrictEqual(yield* talk.records, answer.records)
      assert.deepStrictEqual((yield* talk.history).content, AgentState.fold(answer.records).messages)
    }).pipe(Effect.provide(over([
      persona("clerk", [{ call: { name: "pay", args: { cents: 3 } } }, { say: "{{ result.pay }}" }])
    ]))))

  it.effect("an approval comes up through agents nested in agents, and its decision goes down to the one call", () => {
    const { agent, handlers, ran } = counted()
    const team = Team.sequence(Team.sequence(agent, plain("last")).named("inner"), plain("end")).named("outer")
    return Effect.gen(function*() {
      const { reason } = yield* Effect.flip(Agent.run(team, "go", { id: "t" }))
      assert(reason._tag === "Suspended")
      assert.deepStrictEqual(reason.pending.map(({ call }) => call), ["inner.1/clerk.1/1.0"])
      const decision = Approval.approve("inner.1/clerk.1/1.0", by)
      assert.strictEqual((yield* Agent.resume(team, "t", [decision])).text, "ended")
      assert.deepStrictEqual(ran, [7])
    }).pipe(Effect.provide([
      handlers,
      over([
        persona("clerk", [{ call: [ask(7)] }, { say: "did" }]),
        persona("last", [{ say: "last" }]),
        persona("end", [{ say: "ended" }])
      ])
    ]))
  })
})

describe("Mastra", () => {
  it.effect("agents that call each other without end are ended, and nobody has to kill the server", () =>
    Effect.gen(function*() {
      const [left, right] = [plain("left"), plain("right")]
      const team = Team.handoff({
        start: "left",
        agents: { left, right },
        edges: { left: ["right"], right: ["left"] }
      })
      const handed = yield* Effect.flip(Agent.run(team, "go"))
      assert.deepInclude({ ...handed.reason }, { _tag: "HandoffLimit", why: "BackAndForth" })
      const worker = Agent.fromEffect({ name: "worker" }, () => Effect.succeed("more"))
      const managed = yield* Effect.flip(Agent.run(Team.manager(plain("boss"), { worker }), "go"))
      assert.deepInclude({ ...managed.reason }, { _tag: "NoProgress", call: "worker" })
    }).pipe(Effect.provide(over([
      persona("left", Array.from({ length: 9 }, () => transfer("right"))),
      persona("right", Array.from({ length: 9 }, () => transfer("left"))),
      persona("boss", Array.from({ length: 40 }, () => ({ call: { name: "worker", args: { task: "more" } } })))
    ]))))

  it.effect("a bound of tokens is looked at in every step, and counts to the token", () =>
    Effect.gen(function*() {
      const { reason, records } = yield* Effect.flip(Agent.run(clerk, "go", { bounds: { tokens: 45 } }))
      assert.deepInclude({ ...reason }, { _tag: "TokenLimit", limit: 45, used: 45 })
      assert.strictEqual(AgentState.fold(records).steps, 3)
    }).pipe(Effect.provide(Scripted.over(Array.from({ length: 5 }, (_, a) => answer([call("add", { a, b: 1 })]))))))

  it.effect("the state of a run grows by its steps and no faster: forty take at most 1.1 times what four tens take", () =>
    Effect.gen(function*() {
      assert.isAtMost(yield* bytesOf(40), 1.1 * 4 * (yield* bytesOf(10)))
    }))
})

describe("LangGraph", () => {
  it.effect("nothing before an interrupt runs again when the run goes on behind it", () => {
    const { agent, handlers, ran } = counted()
    return Effect.gen(function*() {
      yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
      assert.deepStrictEqual(ran, [1, 2])
      yield* Agent.resume(agent, "r", [Approval.approve("2.1", by)])
      assert.deepStrictEqual(ran, [1, 2, 3])
      assert.strictEqual(yield* asked, 3)
    }).pipe(Effect.provide([
      handlers,
      over([persona("clerk", [{ call: [note(1)] }, { call: [note(2), ask(3)] }, { say: "done" }])])
    ]))
  })

  it.effect("a step writes what is new in it, and not the whole state: the twentieth is as long as the second", () =>
    Effect.gen(function*() {
      const { records } = yield* Agent.run(clerk, "go", { bounds: { steps: 30 } })
      const steps = [2, 20].map((step) =>
        records.filter((record) => "step" in record && record.step === step).map((record) =>
          JSON.stringify(record).length
        ).reduce((a, b) => a + b, 0)
      )
      assert.isAbove(steps[0] ?? 0, 0)
      assert.isAtMost(steps[1] ?? Infinity, 1.1 * (steps[0] ?? 0))
    }).pipe(Effect.provide(over([persona("clerk", adds(22))]))))
})

/** A journal that says how many appends are under way, and holds each until it is let go. */
const held = (journal: Journal.Journal["Service"]) => {
  const under = { now: 0, most: 0, appends: 0 }
  const door = Semaphore.makeUnsafe(0)
  const slow = <A>(run: Journal.Run<A>): Journal.Run<A> => ({
    id: run.id,
    writer: run.writer,
    next: run.next,
    state: run.state,
    putBlob: (bytes) => run.putBlob(bytes),
    append: (records, options) =>
      Effect.gen(function*() {
        under.appends++
        under.most = Math.max(under.most, ++under.now)
        yield* door.take(1)
        const at = yield* run.append(records, options)
        under.now--
        return at
      })
  })
  const service = Journal.Journal.of({
    ...journal,
    create: (records, id) => Effect.map(journal.create(records, id), slow)
  })
  return { door, service, under }
}

describe("LangGraph, with asynchronous durability", () => {
  it.effect("no append waits behind another one: what follows from it is not done before it is written", () =>
    Effect.gen(function*() {
      const { door, service, under } = held(yield* Journal.Journal)
      const run = yield* Effect.forkChild(
        Effect.provideService(Agent.run(clerk, "go", { id: "r" }), Journal.Journal, service)
      )
      // `Begun` and the question, then two a step: its answer, and the end of its call with the next question.
      for (const [before, questions] of [0, 0, 1, 1, 2, 2, 3].entries()) {
        yield* turns(() => under.appends > before)
        assert.strictEqual(yield* asked, questions)
        yield* door.release(1)
      }
      assert.strictEqual((yield* Fiber.join(run)).text, "done")
      assert.deepStrictEqual({ ...under }, { now: 0, most: 1, appends: 7 })
    }).pipe(Effect.provide(over([persona("clerk", adds(2))]))))
})

describe("pydantic-ai", () => {
  it.effect("without a journal nothing is said to be durable: there is no id to resume, and the error says so", () =>
    Effect.gen(function*() {
      yield* Effect.flip(Agent.run(clerk, "go", { id: "r", bounds: { steps: 1 } }))
      const error = yield* Effect.flip(Agent.resume(clerk, "r"))
      assert.strictEqual(error.reason._tag, "Refused")
      assert.include(error.message, "Journal")
      assert.strictEqual(yield* asked, 1)
    }).pipe(Effect.provide(Scripted.by([persona("clerk", adds(3))]))))

  it.effect("a limit that is reached is the end, however often whatever stands around the run tries again", () =>
    Effect.gen(function*() {
      const two = Agent.make({
        name: "clerk",
        instructions: "You are clerk.",
        toolkit: Scripted.toolkit,
        bounds: { steps: 2 }
      })
      yield* Effect.flip(Agent.run(two, "go", { id: "r" }))
      const again = Effect.retry(Agent.resume(two, "r"), Schedule.recurs(10))
      assert.strictEqual((yield* Effect.flip(again)).reason._tag, "StepLimit")
      assert.strictEqual(yield* asked, 2)
    }).pipe(Effect.provide(over([persona("clerk", adds(5))]))))

  const files = stores.find(({ name }) => name === "files")
  it.live("a run on files survives its process without Temporal, DBOS or any other server", () =>
    Effect.gen(function*() {
      assert(files !== undefined)
      assert.isAtLeast(yield* Effect.provide(survives, files.layer), 6)
    }))
})

describe("ADK", () => {
  it.effect("no signature is lost, also where the run waited for a person between two requests", () =>
    Effect.gen(function*() {
      yield* Effect.flip(Agent.run(clerk, "go", { id: "r" }))
      yield* Agent.resume(clerk, "r", [Approval.approve("1.0", by)])
      assert.include(JSON.stringify((yield* bodies).at(-1)), "\"thoughtSignature\":\"c2lnbmVk\"")
    }).pipe(Effect.provide([
      Scripted.over([answer([call("pay", { cents: 3 })]), answer([{ text: "done" }])]),
      Layer.fresh(Journal.layerMemory())
    ])))

  it.effect("a loop for which nobody said how often ends by itself", () =>
    Effect.gen(function*() {
      let drafts = 0
      const draft = Agent.fromEffect({ name: "draft" }, () => Effect.sync(() => `draft ${++drafts}`))
      const until = Agent.fromEffect(
        { name: "critic", output: Critique },
        () => Effect.succeed({ isGood: false, advice: "again" })
      )
      assert.strictEqual(
        (yield* Effect.flip(Agent.run(Team.repeat(draft, { until }), "go"))).reason._tag,
        "CheckFailed"
      )
      assert.strictEqual(drafts, 4)
    }).pipe(Effect.provide(over([]))))
})

describe("ADK, without a graph", () => {
  it.effect("a team is a plain function: one of your own has the same children, journals and answers as ours", () =>
    Effect.gen(function*() {
      const [ada, bob] = [plain("ada"), plain("bob")]
      const ours = Team.sequence(ada, bob).named("two")
      const own = Agent.fromEffect(
        { name: "two" },
        (input, run) =>
          Effect.gen(function*() {
            const { value } = yield* run.child(ada, input)
            return (yield* run.child(bob, value)).value
          })
      )
      const journal = yield* Journal.Journal
      for (const [id, team] of Object.entries({ ours, own })) {
        assert.isTrue(yield* killed(Agent.run(team, "go", { id }), 5, true))
        assert.strictEqual((yield* Agent.resume(team, id)).text, "bob of ada of go")
      }
      const ids = [...yield* Stream.runCollect(journal.list())].map(({ id }) => id)
      assert.deepStrictEqual(ids, ["ours", "ours.ada.1", "ours.bob.1", "own", "own.ada.1", "own.bob.1"])
      const [first, second] = yield* Effect.forEach(["ours", "own"], Replay.read)
      const without = (records: ReadonlyArray<AgentRecord>) =>
        records.map((record) => JSON.stringify(record).replaceAll(/"(ours|own)\b/g, "\"").replace(/"at":\d+/, ""))
      assert.deepStrictEqual(without(first?.records ?? []), without(second?.records ?? []))
    }).pipe(Effect.provide(over([
      persona("ada", [{ say: "ada of {{ text }}" }]),
      persona("bob", [{ say: "bob of {{ text }}" }])
    ]))))
})

describe("Genkit", () => {
  it.effect("a run is not aborted at its fifth turn, and one that reaches its bound goes on under a larger one", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Agent.run(clerk, "go")).steps, 13)
      yield* Effect.flip(Agent.run(clerk, "go", { id: "r", bounds: { steps: 5 } }))
      const before = yield* asked
      assert.strictEqual((yield* Agent.resume(clerk, "r", [], { bounds: { steps: 13 } })).text, "done")
      assert.strictEqual((yield* asked) - before, 8)
    }).pipe(Effect.provide(over([persona("clerk", adds(12))]))))

  it.effect("nothing is spent after Stop: a team that is interrupted sends no further request", () =>
    Effect.gen(function*() {
      const team = Team.all({ clerk, other: clerk })
      const fiber = yield* Effect.forkChild(Agent.run(team, "go"))
      while ((yield* asked) < 2) yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* asked, 2)
    }).pipe(Effect.provide(
      Scripted.over(Array.from({ length: 8 }, () => ({ ...answer([call("add", { a: 1, b: 2 })]), delay: 1_000 })))
    )))
})

describe("Inngest AgentKit", () => {
  it.effect("a restart does not reset the team: of three questions at most one is asked again, wherever the process died", () =>
    Effect.gen(function*() {
      const [one, two, three] = [plain("one"), plain("two"), plain("three")]
      const team = Team.handoff({ start: "one", agents: { one, two, three }, edges: { one: ["two"], two: ["three"] } })
      for (let appends = 2;; appends++) {
        const id = `t${appends}`
        const before = yield* Effect.all([askedOf("one"), askedOf("two"), askedOf("three")])
        if (!(yield* killed(Agent.run(team, "go", { id }), appends, true))) {
          assert.isAbove(appends, 6)
          break
        }
        assert.strictEqual((yield* Agent.resume(team, id)).text, "done")
        const after = yield* Effect.all([askedOf("one"), askedOf("two"), askedOf("three")])
        const times = after.map((count, i) => count - (before[i] ?? 0))
        // An answer that was under way when the process died is asked for again, and no more than that one.
        assert.isAtMost(times.reduce((a, b) => a + b, 0), 4, `${id}: ${times.join(" ")}`)
      }
    }).pipe(Effect.provide(over([
      persona("one", [transfer("two")]),
      persona("two", [transfer("three")]),
      persona("three", [{ say: "done" }])
    ]))))

  it.effect("agents with models of their own work together: what goes over is text, without a foreign signature", () =>
    Effect.gen(function*() {
      const told: Array<unknown> = []
      const model = Scripted.over(({ body }) => {
        told.push(body)
        return answer([{ text: "from another model" }])
      })
      const other = Agent.make({
        name: "other",
        instructions: "You are other.",
        step: () => ({ model })
      })
      const team = Team.handoff({ start: "clerk", agents: { clerk, other }, edges: { clerk: ["other"] } })
      assert.strictEqual((yield* Agent.run(team, "go")).text, "from another model")
      assert.strictEqual(yield* asked, 2)
      assert.lengthOf(told, 1)
      assert.include(JSON.stringify(told), "add gave 2")
      assert.include(JSON.stringify(yield* bodies), "thoughtSignature")
      assert.notInclude(JSON.stringify(told), "thoughtSignature")
    }).pipe(Effect.provide(over([persona("clerk", [add(1), transfer("other")])]))))
})

describe("Cloudflare agents", () => {
  it.effect("results go to the model together, after the slowest of them, and no clock asks it before", () => {
    const toolkit = Toolkit.make(
      Tool.make("slow", { description: "Slow", success: Schema.String }).annotate(Tool.Readonly, true),
      Tool.make("fast", { description: "Fast", success: Schema.String }).annotate(Tool.Readonly, true)
    )
    const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
    const begun = Deferred.makeUnsafe<void>()
    return Effect.gen(function*() {
      const fiber = yield* Effect.forkChild(Agent.run(agent, "go"))
      yield* Deferred.await(begun)
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* asked, 1)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const last = JSON.stringify((yield* bodies).at(-1))
      assert.include(last, "slowly")
      assert.include(last, "at once")
    }).pipe(Effect.provide([
      toolkit.toLayer({
        slow: () =>
          Effect.andThen(Deferred.succeed(begun, undefined), Effect.delay(Effect.succeed("slowly"), "1 hour")),
        fast: () => Effect.succeed("at once")
      }),
      Scripted.over([answer([call("slow", {}), call("fast", {})]), answer([{ text: "done" }])])
    ]))
  })
})

describe("PEERS.md", () => {
  it("names a test that is there beside every complaint", () => {
    const read = (file: string) => readFileSync(new URL(file, import.meta.url), "utf8")
    const tests = [...read("./Peers.test.ts").matchAll(/\bit\.(?:effect|live)\(\s*"([^"]+)"/g)].map(([, name = ""]) =>
      name
    )
    const rows = read("../PEERS.md").split("\n").filter((line) => /^\| .*\|$/.test(line)).slice(1)
    assert.lengthOf(rows, 27)
    for (const row of rows) {
      const shown = row.split(" | ").at(-1) ?? ""
      const others = [...shown.matchAll(/`(\w+\.test\.ts)`/g)].map(([, file]) => `./${file}`)
      const start = shown.replace(/^"/, "").slice(0, 24)
      assert.isTrue(tests.some((name) => name.startsWith(start)) || others.length > 0, row)
      for (const file of others) assert.isTrue(existsSync(new URL(file, import.meta.url)), row)
    }
  })
})
