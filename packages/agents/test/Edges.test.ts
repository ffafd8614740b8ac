/** The edges of what an agent does with the calls of a step: in which order, how often, with what, and what is told. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { Step } from "effect-gemini-agents/AgentOptions"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import * as Approval from "effect-gemini-agents/Approval"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Plan from "effect-gemini-emulator/Plan"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { goesOnWithOthers } from "./replayed.ts"
import * as Scripted from "./scripted.ts"

const n = Schema.Struct({ n: Schema.Int })
const act = Tool.make("act", { description: "Acts", parameters: n, success: Schema.String })
const other = Tool.make("other", { description: "Acts, too", parameters: n, success: Schema.String })
const soft = Tool.make("act", {
  description: "Acts",
  parameters: n,
  success: Schema.String,
  failure: Schema.String,
  failureMode: "return"
})

const call = (name: string, n: unknown) => ({ name, args: { n } })

/** The personas of these tests: some steps, and then an answer, whatever hints there are between. */
const by = (...plan: ReadonlyArray<Plan.PlanStep>) =>
  Scripted.by([{ since: "start", plan: [...plan, { say: "done" }] }])

const ends = (records: ReadonlyArray<AgentRecord>) =>
  records.flatMap((record) => record._tag === "CallEnded" ? [record] : [])

const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce((here, key) => Reflect.get(Object(here), key), value)

/** What the model was sent, a request each. */
const bodies = Emulator.Emulator.use(({ requests }) => Effect.map(requests, (all) => all.map(({ body }) => body)))

/** The responses of the functions in the last content of a body, by name and in order. */
const responses = (body: unknown) => {
  const contents: unknown = at(body, "contents")
  const last: unknown = Array.isArray(contents) ? at(contents.at(-1), "parts") : []
  return Array.isArray(last)
    ? last.map((part: unknown) => [at(part, "functionResponse", "name"), at(part, "functionResponse", "response")])
    : []
}

describe("the calls of a step", () => {
  it.effect("run at once as many as may, and their results go back in the order of the calls, as many as there were", () =>
    Effect.gen(function*() {
      for (const [concurrency, expected] of [[undefined, 4], [2, 2], [1, 1]] as const) {
        let now = 0
        let most = 0
        const toolkit = Toolkit.make(act.annotate(Tool.Readonly, true))
        const handlers = toolkit.toLayer({
          // Later calls end sooner.
          act: ({ n }) =>
            Effect.gen(function*() {
              most = Math.max(most, ++now)
              for (let i = n; i < 20; i++) yield* Effect.yieldNow
              now--
              return String(n)
            })
        })
        const agent = Agent.make({
          name: "clerk",
          instructions: "",
          toolkit,
          ...(concurrency === undefined ? {} : { concurrency })
        })
        yield* Effect.gen(function*() {
          const { records } = yield* Agent.run(agent, "go")
          assert.strictEqual(most, expected)
          if (concurrency === undefined) {
            assert.deepStrictEqual(ends(records).map(({ result }) => result), ["4", "3", "2", "1"])
          }
          const sent = responses((yield* bodies)[1])
          assert.deepStrictEqual(sent.map(([, response]) => at(response, "output")), ["1", "2", "3", "4"])
        }).pipe(Effect.provide([by({ call: [1, 2, 3, 4].map((n) => call("act", n)) }), handlers], { local: true }))
      }
    }))

  it.effect("of which one fails leave the others alone: they end and are recorded before the run stops", () =>
    Effect.gen(function*() {
      const hard = Tool.make("hard", {
        description: "Fails",
        parameters: n,
        success: Schema.String,
        failure: Schema.String,
        failureMode: "error"
      })
      const toolkit = Toolkit.make(hard, act)
      let interrupted = 0
      const handlers = toolkit.toLayer({
        hard: () => Effect.fail("out of order"),
        act: () =>
          Effect.gen(function*() {
            for (let i = 0; i < 20; i++) yield* Effect.yieldNow
            return "acted"
          }).pipe(Effect.onInterrupt(() => Effect.sync(() => void interrupted++)))
      })
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      const { reason, records } = yield* Effect.provide(Effect.flip(Agent.run(agent, "go")), [
        by({ call: [call("hard", 1), call("act", 2)] }),
        handlers
      ])
      assert.deepInclude({ ...reason }, { _tag: "ToolFailed", tool: "hard", call: "1.0", error: "out of order" })
      assert.deepStrictEqual(ends(records).map(({ result }) => result), ["out of order", "acted"])
      assert.strictEqual(interrupted, 0)
    }))

  it.effect("that need nobody run while a person is asked about another", () =>
    Effect.gen(function*() {
      const asked = Tool.make("asked", {
        description: "Asks",
        parameters: n,
        success: Schema.String,
        needsApproval: true
      })
      const toolkit = Toolkit.make(asked, act)
      const ran: Array<string> = []
      const handlers = toolkit.toLayer({
        asked: () => Effect.sync(() => String(ran.push("asked"))),
        act: () => Effect.sync(() => String(ran.push("act")))
      })
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      yield* Effect.gen(function*() {
        const { reason, records } = yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
        assert.deepStrictEqual(reason._tag === "Suspended" ? reason.pending.map(({ call }) => call) : [], ["1.0"])
        assert.deepStrictEqual(ran, ["act"])
        assert.lengthOf(yield* bodies, 1)
        // A decision that is in the list twice counts once, and one of another kind is refused.
        const again = Agent.resume(agent, "r", [Approval.again("1.0", { by: "ada" })], { records })
        assert.deepInclude({ ...(yield* Effect.flip(again)).reason }, { _tag: "Refused", path: "decisions[0]" })
        const yes = Approval.approve("1.0", { by: "ada" })
        const answer = yield* Agent.resume(agent, "r", [yes, yes], { records })
        assert.deepStrictEqual(ran, ["act", "asked"])
        assert.lengthOf(answer.records.filter(({ _tag }) => _tag === "Decided"), 1)
      }).pipe(Effect.provide([by({ call: [call("asked", 1), call("act", 2)] }), handlers]))
    }))

  it.effect("of two groups run beside each other, and those of one group in turn", () =>
    Effect.gen(function*() {
      const toolkit = Toolkit.make(
        act.annotate(ToolPolicy.Group, "a"),
        other.annotate(ToolPolicy.Group, "b")
      )
      const now = { act: 0, other: 0 }
      const most = { act: 0, other: 0, both: 0 }
      const handle = (name: "act" | "other") => () =>
        Effect.gen(function*() {
          now[name]++
          most[name] = Math.max(most[name], now[name])
          most.both = Math.max(most.both, now.act + now.other)
          for (let i = 0; i < 5; i++) yield* Effect.yieldNow
          now[name]--
          return name
        })
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      yield* Effect.provide(Agent.run(agent, "go"), [
        by({ call: [call("act", 1), call("act", 2), call("other", 3), call("other", 4)] }),
        toolkit.toLayer({ act: handle("act"), other: handle("other") })
      ])
      assert.deepStrictEqual(most, { act: 1, other: 1, both: 2 })
    }))

  it.effect("whose handler has a defect end the run with it, and the model is not told", () =>
    Effect.gen(function*() {
      const toolkit = Toolkit.make(act)
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      yield* Effect.gen(function*() {
        const exit = yield* Effect.exit(Agent.run(agent, "go"))
        assert.isTrue(Exit.hasDies(exit))
        assert.lengthOf(yield* bodies, 1)
      }).pipe(
        Effect.provide([by({ call: [call("act", 1)] }), toolkit.toLayer({ act: () => Effect.die(new Error("a bug")) })])
      )
    }))
})

describe("a mistake of the model", () => {
  it.effect("is told with the near name, or with the path, and is not retried as a failure would be", () =>
    Effect.gen(function*() {
      let called = 0
      // Nobody adjusts the clock, so a retry would not come to an end.
      const toolkit = Toolkit.make(soft.annotate(ToolPolicy.Retry, Schedule.spaced("1 hour")))
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      const { records } = yield* Effect.provide(Agent.run(agent, "go"), [
        by(
          { misbehave: "unknown-tool", call: { name: "actt", args: { n: 1 } } },
          { misbehave: "wrong-arguments", call: { name: "act", args: { n: "one" } } }
        ),
        toolkit.toLayer({ act: () => Effect.sync(() => String(called++)) })
      ])
      const [unknown, wrong] = ends(records)
      assert.deepInclude(unknown, { isFailure: true, mistake: "UnknownTool" })
      assert.match(String(unknown?.result), /act\b/)
      assert.deepInclude(wrong, { isFailure: true, mistake: "WrongArguments" })
      assert.match(String(wrong?.result), /\bn\b/)
      assert.strictEqual(called, 0)
      assert.lengthOf(records.filter(({ _tag }) => _tag === "CallStarted"), 1)
    }))
})

describe("a model that stands still", () => {
  it.effect("is told so after the second time, and the run stops after the third; a resumed one begins to count anew", () =>
    Effect.gen(function*() {
      const toolkit = Toolkit.make(act.annotate(Tool.Readonly, true))
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      yield* Effect.gen(function*() {
        const { reason, records } = yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
        assert.deepInclude({ ...reason }, { _tag: "NoProgress", call: "act", times: 3 })
        const told = records.flatMap((record, i) => record._tag === "Hinted" ? [[i, record.text] as const] : [])
        assert.lengthOf(told, 1)
        assert.include(told[0]?.[1], "You called act 2 times with the same arguments")
        const sent = yield* bodies
        assert.lengthOf(sent, 3)
        assert.notInclude(JSON.stringify(sent[1]), "You called act")
        assert.include(JSON.stringify(sent[2]), "You called act 2 times")
        const again = yield* Effect.flip(Agent.resume(agent, "r", [], { records }))
        assert.deepInclude({ ...again.reason }, { _tag: "NoProgress", times: 3 })
        assert.lengthOf(yield* bodies, 6)
      }).pipe(Effect.provide([
        Scripted.by([{ plan: [{ misbehave: "repeat" }] }]),
        toolkit.toLayer({ act: () => Effect.succeed("the same") })
      ]))
    }))
})

describe("Retry and Timeout", () => {
  it.effect("each attempt has its own time, and one that was late is made again", () =>
    Effect.gen(function*() {
      let attempts = 0
      const first = yield* Deferred.make<void>()
      const toolkit = Toolkit.make(
        soft.annotate(ToolPolicy.Retry, Schedule.recurs(2)).annotate(ToolPolicy.Timeout, "1 second")
      )
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      const fiber = yield* Effect.forkChild(
        Effect.provide(Agent.run(agent, "go"), [
          by({ call: [call("act", 1)] }),
          toolkit.toLayer({
            act: () =>
              ++attempts === 1
                ? Effect.andThen(Deferred.succeed(first, undefined), Effect.never)
                : Effect.succeed("in time")
          })
        ])
      )
      yield* Deferred.await(first)
      yield* TestClock.adjust("1 second")
      const { records } = yield* Fiber.join(fiber)
      assert.strictEqual(attempts, 2)
      assert.deepInclude(ends(records)[0], { isFailure: false, result: "in time" })
      assert.lengthOf(records.filter(({ _tag }) => _tag === "CallStarted"), 1)
    }))

  it.effect("a failure counts when the schedule is over, and the model is told the last one", () =>
    Effect.gen(function*() {
      let attempts = 0
      const toolkit = Toolkit.make(soft.annotate(ToolPolicy.Retry, Schedule.recurs(2)))
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      const { records } = yield* Effect.provide(Agent.run(agent, "go"), [
        by({ call: [call("act", 1)] }),
        toolkit.toLayer({ act: () => Effect.suspend(() => Effect.fail(`busy ${++attempts}`)) })
      ])
      assert.strictEqual(attempts, 3)
      assert.deepInclude(ends(records)[0], { isFailure: true, result: "busy 3" })
    }))
})

describe("a call that began before the process died", () => {
  it.effect("is called again with the same key and the next attempt, or skipped, as a person says", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const toolkit = Toolkit.make(act)
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      yield* Effect.gen(function*() {
        const error = yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
        const asked = yield* Effect.flip(Agent.resume(agent, "r", [], { records: error.records }))
        assert.strictEqual(asked.reason._tag, "Suspended")
        const again = [Approval.again("1.0", { by: "ada" })]
        const answer = yield* Agent.resume(agent, "r", again, { records: asked.records })
        assert.deepStrictEqual(seen, [
          { run: "r", call: "1.0", attempt: 1, key: "r/1.0" },
          { run: "r", call: "1.0", attempt: 2, key: "r/1.0" }
        ])
        assert.strictEqual(ends(answer.records)[0]?.result, "acted")
        const skip = [Approval.skip("1.0", { by: "ada" })]
        const { records } = yield* Agent.resume(agent, "r", skip, { records: asked.records })
        assert.lengthOf(seen, 2)
        assert.deepInclude(ends(records)[0], { isFailure: true })
        assert.include(String(ends(records)[0]?.result), "nobody knows")
      }).pipe(Effect.provide([
        by({ call: [call("act", 1)] }),
        toolkit.toLayer({
          act: () =>
            Effect.flatMap(ToolPolicy.CurrentCall, (current) => {
              if (current !== undefined) {
                const { attempt, call, key, run } = current
                seen.push({ run, call, attempt, key })
              }
              return current?.attempt === 1 ? Effect.interrupt : Effect.succeed("acted")
            })
        })
      ]))
    }))

  it.effect("is not run where its tool is gone", () =>
    Effect.gen(function*() {
      const toolkit = Toolkit.make(act.annotate(Tool.Readonly, true))
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      const { records } = yield* Effect.provide(
        Effect.flip(Agent.run(agent, "go", { id: "r" })),
        [by({ call: [call("act", 1)] }), toolkit.toLayer({ act: () => Effect.interrupt })]
      )
      const without = goesOnWithOthers(
        Agent.make({ name: "clerk", instructions: "", toolkit: Toolkit.make(other) })
      )
      const { reason } = yield* Effect.provide(
        Effect.flip(Agent.resume(without, "r", [], { records })),
        [by(), Toolkit.make(other).toLayer({ other: () => Effect.succeed("") })]
      )
      assert.deepInclude({ ...reason }, { _tag: "Changed", what: "the tool act is not there any more" })
    }))
})

describe("a person who decides", () => {
  it.effect("may change the arguments: the handler gets those, and the model's own call goes back as it came", () =>
    Effect.gen(function*() {
      const asked = Tool.make("asked", {
        description: "Asks",
        parameters: n,
        success: Schema.String,
        needsApproval: true
      })
      const toolkit = Toolkit.make(asked)
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      yield* Effect.gen(function*() {
        const { records } = yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
        const decision = Approval.approveWith("1.0", { n: 7 }, { by: "ada" })
        const answer = yield* Agent.resume(agent, "r", [decision], { records })
        assert.strictEqual(ends(answer.records)[0]?.result, "did 7")
        const [, second] = yield* bodies
        assert.deepStrictEqual(at(second, "contents", 1, "parts", 0, "functionCall", "args"), { n: 3 })
        const wrong = Approval.approveWith("1.0", { n: "seven" }, { by: "ada" })
        const told = yield* Agent.resume(agent, "r", [wrong], { records })
        assert.deepInclude(ends(told.records)[0], { isFailure: true, mistake: "WrongArguments" })
      }).pipe(Effect.provide([
        by({ call: [call("asked", 3)] }),
        toolkit.toLayer({ asked: ({ n }) => Effect.succeed(`did ${n}`) })
      ]))
    }))
})

describe("a long result", () => {
  const long = Array.from({ length: 50_000 }, (_, i) => String(i % 10)).join("")
  const limited = act.annotate(Tool.Readonly, true).annotate(ToolPolicy.ResultLimit, 30)
  const read = (args: Readonly<Record<string, unknown>>) => ({ name: "read_result", args })

  it.effect("goes to the model by head and tail alone, and is read on within bounds", () =>
    Effect.gen(function*() {
      const toolkit = Toolkit.make(limited, other.annotate(Tool.Readonly, true))
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      yield* Effect.gen(function*() {
        const { records } = yield* Agent.run(agent, "go")
        const all = yield* bodies
        const [name, sent] = responses(all[1])[0] ?? []
        assert.strictEqual(name, "act")
        const shown = String(at(sent, "output"))
        assert.isTrue(shown.startsWith(long.slice(0, 20)) && shown.endsWith(long.slice(-10)), shown.slice(0, 200))
        assert.isBelow(JSON.stringify(all.at(-1)).length, 70_000)
        assert.deepStrictEqual(ends(records).slice(2).map(({ isFailure, result }) => [isFailure, result]), [
          [false, long.slice(5, 10)],
          [false, "other"],
          [false, long.slice(0, 20_000)],
          [false, long.slice(0, 3)],
          [false, ""],
          [false, long.slice(100, 20_100)],
          [false, "there is no result of a call \"9.9\""]
        ])
      }).pipe(Effect.provide([
        by(
          { call: [call("act", 1), call("other", 2)] },
          {
            call: [
              read({ call: "1.0", from: 5, length: 5 }),
              read({ call: "1.1", from: 0 }),
              read({ call: "1.0", from: 0, length: 1_000_000 }),
              read({ call: "1.0", from: -4, length: 3 }),
              read({ call: "1.0", from: 60_000 }),
              read({ call: "1.0", from: 100 }),
              read({ call: "9.9", from: 0 })
            ]
          }
        ),
        toolkit.toLayer({ act: () => Effect.succeed(long), other: () => Effect.succeed("other") })
      ]))
    }))

  it.effect("is read with arguments that fit, or the model is told; and read_result is there only where it is needed", () =>
    Effect.gen(function*() {
      const toolkit = Toolkit.make(limited)
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      const { records } = yield* Effect.provide(Agent.run(agent, "go"), [
        by({ call: [call("act", 1)] }, {
          misbehave: "wrong-arguments",
          call: { name: "read_result", args: { call: 1, from: "x" } }
        }),
        toolkit.toLayer({ act: () => Effect.succeed(long) })
      ])
      assert.deepInclude(ends(records)[1], { isFailure: true })
      const plain = Toolkit.make(act)
      yield* Effect.gen(function*() {
        const unlimited = Agent.make({ name: "clerk", instructions: "", toolkit: plain })
        yield* Agent.run(unlimited, "go")
        assert.notInclude(JSON.stringify((yield* bodies)[0]), "read_result")
      }).pipe(Effect.provide([by(), plain.toLayer({ act: () => Effect.succeed("") })]))
    }))
})

describe("a result", () => {
  it.effect("goes to the model as the tool maps it, and stays whole in the records", () =>
    Effect.gen(function*() {
      const drawn = Tool.make("act", {
        description: "Draws",
        parameters: n,
        success: Schema.String,
        toModelOutput: (text) => [Prompt.makePart("text", { text: `shown: ${text}` })]
      })
      const toolkit = Toolkit.make(drawn)
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      yield* Effect.gen(function*() {
        const { records } = yield* Agent.run(agent, "go")
        assert.strictEqual(ends(records)[0]?.result, "a line")
        assert.include(JSON.stringify((yield* bodies)[1]), "shown: a line")
      }).pipe(
        Effect.provide([by({ call: [call("act", 1)] }), toolkit.toLayer({ act: () => Effect.succeed("a line") })])
      )
    }))

  it.effect("that cannot be written as JSON is told as a failure, and the run goes on", () =>
    Effect.gen(function*() {
      const counted = Tool.make("act", { description: "Counts", parameters: n, success: Schema.Any })
      const toolkit = Toolkit.make(counted)
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      const { records, text } = yield* Effect.provide(Agent.run(agent, "go"), [
        by({ call: [call("act", 1)] }),
        toolkit.toLayer({ act: () => Effect.succeed(10n) })
      ])
      assert.strictEqual(text, "done")
      assert.deepInclude(ends(records)[0], { isFailure: true })
      assert.isString(ends(records)[0]?.result)
    }))
})

describe("the settings of a step", () => {
  it.effect("say which tools are on, whether one must be called, and which model is asked; tools go sorted", () =>
    Effect.gen(function*() {
      const toolkit = Toolkit.make(other, act)
      const steps: ReadonlyArray<Step<never, never, "act" | "other">> = [{ tools: ["act"], toolChoice: "required" }, {}]
      const agent = Agent.make({
        name: "clerk",
        instructions: "",
        toolkit,
        step: ({ steps: done }) => ({
          ...steps[done],
          model: GeminiLanguageModel.layer({ model: done === 1 ? "gemini-2.5-pro" : "gemini-3.8-flash" })
        })
      })
      yield* Effect.gen(function*() {
        yield* Agent.run(agent, "go")
        const requests = yield* Emulator.Emulator.use(({ requests }) => requests)
        const declared = requests.map(({ body }) => {
          const declarations: unknown = at(body, "tools", 0, "functionDeclarations")
          return Array.isArray(declarations) ? declarations.map((it: unknown) => at(it, "name")) : []
        })
        assert.deepStrictEqual(declared, [["act"], ["act", "other"]])
        assert.deepStrictEqual(
          requests.map(({ body }) => at(body, "toolConfig", "functionCallingConfig", "mode")),
          ["ANY", undefined]
        )
        assert.deepStrictEqual(requests.map(({ model }) => model), ["gemini-3.8-flash", "gemini-2.5-pro"])
      }).pipe(Effect.provide([
        by({ call: [call("act", 1)] }),
        toolkit.toLayer({ act: () => Effect.succeed(""), other: () => Effect.succeed("") })
      ]))
    }))
})
