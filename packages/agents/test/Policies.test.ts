/** What an agent does with the calls of a tool by its annotations, by checks, and by what people decide. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import * as Approval from "effect-gemini-agents/Approval"
import * as Check from "effect-gemini-agents/Check"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { goesOnWithOthers } from "./replayed.ts"
import * as Scripted from "./scripted.ts"

const { answer, call } = Scripted
const done = answer([{ text: "done" }])

const plain = Tool.make("act", { description: "Acts", success: Schema.String })

type Act = Tool.Any & typeof plain

/** An agent with the one tool, and its handler. */
const with_ = (
  tool: Act,
  act: () => Effect.Effect<string>,
  options: { readonly checks?: Check.Checks<string, string> } = {}
) => {
  const toolkit = Toolkit.make(tool)
  return {
    agent: Agent.make({ name: "clerk", instructions: "", toolkit, ...options }),
    handlers: toolkit.toLayer({ act })
  }
}

const ends = (records: ReadonlyArray<AgentRecord>) =>
  records.flatMap((record) => record._tag === "CallEnded" ? [record] : [])

const answers = [answer([call("act", {})]), done]

describe("a call that began before the process died", () => {
  /** Begins the call for real, and cuts the records behind its start. */
  const begun = (tool: Act) =>
    Effect.gen(function*() {
      const { agent, handlers } = with_(tool, () => Effect.interrupt)
      const error = yield* Effect.provide(Effect.flip(Agent.run(agent, "go", { id: "r" })), [
        handlers,
        Scripted.over([answer([call("act", {})])])
      ])
      assert.strictEqual(error.records.at(-2)?._tag, "CallStarted")
      return error.records
    })

  const resumed = (tool: Act, records: ReadonlyArray<AgentRecord>, isOther = false) =>
    Effect.gen(function*() {
      let called = 0
      let key: string | undefined
      const { agent, handlers } = with_(tool, () =>
        Effect.map(ToolPolicy.CurrentCall, (current) => {
          called++
          key = current?.key
          return "acted"
        }))
      const went = yield* Effect.provide(
        Effect.result(Agent.resume(isOther ? goesOnWithOthers(agent) : agent, "r", [], { records })),
        [handlers, Scripted.over([done])]
      )
      return { went, called, key }
    })

  const policies = [
    ["rerun", plain.annotate(ToolPolicy.AfterCrash, "rerun"), 1, "acted"],
    ["a read-only tool", plain.annotate(Tool.Readonly, true), 1, "acted"],
    ["an idempotent tool", plain.annotate(Tool.Idempotent, true), 1, "acted"],
    ["tell", plain.annotate(ToolPolicy.AfterCrash, "tell"), 0, "nobody knows"],
    [
      "a lookup that finds it",
      plain.annotate(ToolPolicy.AfterCrash, {
        lookup: (key) => Effect.succeed(key === "r/1.0" ? Option.some("found") : Option.none())
      }),
      0,
      "found"
    ],
    [
      "a lookup that finds nothing",
      plain.annotate(ToolPolicy.AfterCrash, { lookup: () => Effect.succeed(Option.none()) }),
      1,
      "acted"
    ]
  ] as const

  for (const [name, tool, times, result] of policies) {
    it.effect(`goes by its policy: ${name}`, () =>
      Effect.gen(function*() {
        const { called, key, went } = yield* resumed(tool, yield* begun(tool))
        assert.strictEqual(went._tag, "Success")
        assert.strictEqual(called, times)
        if (times === 1) assert.strictEqual(key, "r/1.0")
        const [ended] = went._tag === "Success" ? ends(went.success.records) : []
        assert.include(String(ended?.result), result)
      }))
  }

  it.effect("is asked about where nothing else is said, and where a lookup fails", () =>
    Effect.gen(function*() {
      for (const tool of [plain, plain.annotate(ToolPolicy.AfterCrash, { lookup: () => Effect.fail("down") })]) {
        const { called, went } = yield* resumed(tool, yield* begun(tool))
        assert.strictEqual(called, 0)
        const reason = went._tag === "Failure" ? went.failure.reason : undefined
        assert.strictEqual(reason?._tag === "Suspended" ? reason.pending[0]?.kind : "", "outcome")
      }
    }))

  it.effect("goes by the stricter of the policy it began with and the one declared now", () =>
    Effect.gen(function*() {
      const records = yield* begun(plain)
      const { called, went } = yield* resumed(plain.annotate(ToolPolicy.AfterCrash, "rerun"), records, true)
      assert.strictEqual(called, 0)
      assert.strictEqual(went._tag === "Failure" ? went.failure.reason._tag : "", "Suspended")
    }))

  it.effect("is not run by a tool that has another declaration now", () =>
    Effect.gen(function*() {
      const tool = plain.annotate(ToolPolicy.AfterCrash, "rerun")
      const other = Tool.make("act", { description: "Acts otherwise", success: Schema.String })
        .annotate(ToolPolicy.AfterCrash, "rerun")
      const { called, went } = yield* resumed(other, yield* begun(tool), true)
      assert.strictEqual(called, 0)
      assert.strictEqual(went._tag === "Failure" ? went.failure.reason._tag : "", "Changed")
    }))
})

describe("a handler", () => {
  it.effect("that takes too long is interrupted, and the model is told", () =>
    Effect.gen(function*() {
      const begun = yield* Deferred.make<void>()
      const { agent, handlers } = with_(
        plain.annotate(ToolPolicy.Timeout, "1 second"),
        () => Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
      )
      const fiber = yield* Effect.forkChild(
        Effect.provide(Agent.run(agent, "go"), [handlers, Scripted.over(answers)])
      )
      yield* Deferred.await(begun)
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const { records } = yield* Fiber.join(fiber)
      assert.deepInclude(ends(records)[0], { isFailure: true, result: "the tool did not end within 1s" })
    }))

  it.effect("that fails is called again by its schedule, with the same key", () =>
    Effect.gen(function*() {
      const keys: Array<string | undefined> = []
      const tool = Tool.make("act", {
        description: "Acts",
        success: Schema.String,
        failure: Schema.String,
        failureMode: "return"
      }).annotate(ToolPolicy.Retry, Schedule.recurs(2))
      const toolkit = Toolkit.make(tool)
      const agent = Agent.make({ name: "clerk", instructions: "", toolkit })
      const handlers = toolkit.toLayer({
        act: () =>
          Effect.flatMap(ToolPolicy.CurrentCall, (current) => {
            keys.push(current?.key)
            return keys.length < 3 ? Effect.fail("busy") : Effect.succeed("acted")
          })
      })
      const { records } = yield* Effect.provide(Agent.run(agent, "go", { id: "r" }), [handlers, Scripted.over(answers)])
      assert.deepStrictEqual(keys, ["r/1.0", "r/1.0", "r/1.0"])
      assert.deepInclude(ends(records)[0], { isFailure: false, result: "acted" })
    }))

  it.effect("whose result is long is shown by head and tail, and read on by read_result", () =>
    Effect.gen(function*() {
      const text = Array.from({ length: 1_000 }, (_, i) => String(i % 10)).join("")
      const { agent, handlers } = with_(plain.annotate(ToolPolicy.ResultLimit, 30), () => Effect.succeed(text))
      const { records } = yield* Effect.provide(Agent.run(agent, "go"), [
        handlers,
        Scripted.over([
          answer([call("act", {})]),
          answer([call("read_result", { call: "1.0", from: 20, length: 5 })]),
          done
        ])
      ])
      const [first, second] = ends(records)
      assert.strictEqual(first?.result, text)
      assert.isTrue(first?.shown?.startsWith(`${text.slice(0, 20)}\n[… 970 of 1000 characters`))
      assert.isTrue(first?.shown?.endsWith(text.slice(-10)))
      assert.strictEqual(second?.result, "01234")
    }))

  it.effect("whose result is just as long as it may be is shown whole", () =>
    Effect.gen(function*() {
      const { agent, handlers } = with_(plain.annotate(ToolPolicy.ResultLimit, 5), () => Effect.succeed("12345"))
      const { records } = yield* Effect.provide(Agent.run(agent, "go"), [handlers, Scripted.over(answers)])
      assert.isUndefined(ends(records)[0]?.shown)
    }))
})

describe("people and checks", () => {
  it.effect("a request that nobody decided in time counts as denied, to the millisecond", () =>
    Effect.gen(function*() {
      const { agent, handlers } = with_(
        Tool.make("act", { description: "Acts", success: Schema.String, needsApproval: true })
          .annotate(ToolPolicy.Expires, "1 hour"),
        () => Effect.succeed("acted")
      )
      yield* Effect.provide(
        Effect.gen(function*() {
          const first = yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
          yield* TestClock.adjust("3599999 millis")
          const early = yield* Effect.flip(Agent.resume(agent, "r", [], { records: first.records }))
          assert.strictEqual(early.reason._tag, "Suspended")
          yield* TestClock.adjust("1 millis")
          const { records, text } = yield* Agent.resume(agent, "r", [], { records: early.records })
          assert.strictEqual(text, "done")
          assert.include(String(ends(records)[0]?.result), "nobody decided in time")
        }),
        [handlers, Scripted.over(answers)]
      )
    }))

  it.effect("a tool without a handler waits for its result from outside", () =>
    Effect.gen(function*() {
      let called = 0
      const { agent, handlers } = with_(plain.annotate(ToolPolicy.External, true), () =>
        Effect.sync(() => String(called++)))
      yield* Effect.provide(
        Effect.gen(function*() {
          const error = yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
          const by = { by: "ada" }
          const approved = Agent.resume(agent, "r", [Approval.approve("1.0", by)], { records: error.records })
          assert.strictEqual((yield* Effect.flip(approved)).reason._tag, "Refused")
          const { records } = yield* Agent.resume(agent, "r", [Approval.result("1.0", "from outside", by)], {
            records: error.records
          })
          assert.strictEqual(ends(records)[0]?.result, "from outside")
          assert.strictEqual(called, 0)
        }),
        [handlers, Scripted.over(answers)]
      )
    }))

  it.effect("a decision about other arguments than those that were looked at is refused", () =>
    Effect.gen(function*() {
      const { agent, handlers } = with_(plain.annotate(ToolPolicy.External, true), () => Effect.succeed(""))
      const error = yield* Effect.provide(
        Effect.gen(function*() {
          const { records } = yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
          const decision = Approval.deny("1.0", "no", { by: "ada", digest: "another" })
          return yield* Effect.flip(Agent.resume(agent, "r", [decision], { records }))
        }),
        [handlers, Scripted.over(answers)]
      )
      assert.deepInclude({ ...error.reason }, { _tag: "Refused", path: "decisions[0]" })
    }))

  it.effect("a decision that is given again after the run went on counts once, one that nobody asked for is refused", () =>
    Effect.gen(function*() {
      let called = 0
      const { agent, handlers } = with_(
        Tool.make("act", { description: "Acts", success: Schema.String, needsApproval: true }),
        () => Effect.sync(() => `acted ${++called}`)
      )
      const yes = (call: string) => Approval.approve(call, { by: "ada" })
      yield* Effect.provide(
        Effect.gen(function*() {
          const first = yield* Effect.flip(Agent.run(agent, "go", { id: "r" }))
          const second = yield* Effect.flip(Agent.resume(agent, "r", [yes("1.0")], { records: first.records }))
          assert.strictEqual(second.reason._tag === "Suspended" ? second.reason.pending[0]?.call : "", "2.0")
          const unasked = Agent.resume(agent, "r", [yes("1.1")], { records: second.records })
          assert.strictEqual((yield* Effect.flip(unasked)).reason._tag, "Refused")
          const { records, text } = yield* Agent.resume(agent, "r", [yes("1.0"), yes("2.0")], {
            records: second.records
          })
          assert.strictEqual(text, "done")
          assert.strictEqual(called, 2)
          assert.lengthOf(records.filter(({ _tag }) => _tag === "Decided"), 2)
        }),
        [handlers, Scripted.over([answer([call("act", {})]), answer([call("act", {})]), done])]
      )
    }))

  it.effect("a check of calls denies with a reason, or asks", () =>
    Effect.gen(function*() {
      const denied = with_(plain, () => Effect.succeed("acted"), {
        checks: { call: ({ name }) => Effect.succeed({ _tag: "deny", why: `no ${name} today` }) }
      })
      const { records } = yield* Effect.provide(Agent.run(denied.agent, "go"), [
        denied.handlers,
        Scripted.over(answers)
      ])
      assert.deepInclude(ends(records)[0], { isFailure: true, result: "denied: no act today" })
      const asked = with_(plain, () => Effect.succeed("acted"), {
        checks: { call: () => Effect.succeed({ _tag: "ask", why: "look first" }) }
      })
      const { reason } = yield* Effect.provide(Effect.flip(Agent.run(asked.agent, "go")), [
        asked.handlers,
        Scripted.over(answers)
      ])
      assert.deepInclude(reason._tag === "Suspended" ? reason.pending[0] : {}, {
        kind: "approval",
        reason: "look first"
      })
    }))

  it.effect("a check of the input refuses before anything is asked; one of the output sends the answer back", () =>
    Effect.gen(function*() {
      const agent = Agent.make({
        name: "clerk",
        instructions: "",
        checks: {
          input: [
            Check.make(
              "short",
              (text: string) => Effect.succeed(text.length > 3 ? Check.refuse("too long") : Check.pass)
            )
          ],
          output: [
            Check.make(
              "loud",
              (text: string) => Effect.succeed(text === "DONE" ? Check.pass : Check.hint("Say it loudly."))
            )
          ]
        }
      })
      yield* Effect.provide(
        Effect.gen(function*() {
          const error = yield* Effect.flip(Agent.run(agent, "long"))
          assert.deepInclude({ ...error.reason }, { _tag: "CheckFailed", check: "short", why: "too long" })
          assert.lengthOf(yield* Emulator.Emulator.use(({ requests }) => requests), 0)
          const { records, text } = yield* Agent.run(agent, "go")
          assert.strictEqual(text, "DONE")
          assert.deepStrictEqual(records.flatMap((it) => it._tag === "Hinted" ? [it.text] : []), ["Say it loudly."])
        }),
        Scripted.over([done, answer([{ text: "DONE" }])])
      )
    }))
})

describe("a bound with a last answer", () => {
  it.effect("asks once more, without calls, and says that the answer is partial", () =>
    Effect.gen(function*() {
      const agent = Agent.make({
        name: "clerk",
        instructions: "",
        toolkit: Scripted.toolkit,
        bounds: { steps: 1 },
        atBound: "conclude"
      })
      yield* Effect.provide(
        Effect.gen(function*() {
          const { isPartial, steps, text } = yield* Agent.run(agent, "go")
          assert.deepStrictEqual([isPartial, steps, text], [true, 2, "done"])
          const [, last] = yield* Emulator.Emulator.use(({ requests }) => requests)
          const config: unknown = Reflect.get(Object(last?.body), "toolConfig")
          assert.deepStrictEqual(config, { functionCallingConfig: { mode: "NONE" } })
        }),
        Scripted.over([answer([call("add", { a: 1, b: 2 })]), done])
      )
    }))

  it.effect("until ends a run with its last text, if all checks let it pass", () =>
    Effect.gen(function*() {
      const said = answer([{ text: "enough" }, call("add", { a: 1, b: 2 })])
      const agent = Agent.make({
        name: "clerk",
        instructions: "",
        toolkit: Scripted.toolkit,
        until: ({ text }) => text !== "",
        checks: {
          output: [
            Check.make("done", (text: string) => Effect.succeed(text === "enough" ? Check.pass : Check.refuse("no")))
          ]
        }
      })
      const { records, text } = yield* Effect.provide(Agent.run(agent, "go"), Scripted.over([said]))
      assert.strictEqual(text, "enough")
      assert.strictEqual(records.at(-1)?._tag, "Finished")
    }))
})
