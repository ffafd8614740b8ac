/**
 * Every way in which a run stops without an answer, by `run` and by `stream`, in memory, on files and on Redis: the
 * reason is filled in first, the records fold to the state that `resume` goes on from, and it comes to an answer.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentError } from "effect-gemini-agents/AgentError"
import type { AgentErrorReason } from "effect-gemini-agents/AgentErrorReason"
import * as AgentState from "effect-gemini-agents/AgentState"
import type { Decision } from "effect-gemini-agents/Approval"
import type { Bounds } from "effect-gemini-agents/Bounds"
import * as Check from "effect-gemini-agents/Check"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Scripted from "./scripted.ts"
import { stores } from "./stores.ts"

type Answers = Extract<NonNullable<Emulator.Options["answers"]>, ReadonlyArray<unknown>>

interface Row {
  readonly name: string
  readonly expected: AgentErrorReason["_tag"]
  /** More of what the reason must say. */
  readonly fields?: Readonly<Record<string, unknown>>
  readonly answers: Answers
  readonly bounds?: Bounds
  readonly again?: Bounds
  readonly decisions?: ReadonlyArray<Decision>
  readonly checks?: Check.Checks<string, string>
  readonly output?: boolean
  /** Real milliseconds are not waited for: the clock is a test's. */
  readonly passes?: "2 seconds"
  /** How often the model had answered. */
  readonly steps: number
}

const { answer, call } = Scripted
const add = answer([call("add", { a: 1, b: 2 })])
const done = answer([{ text: "done" }])
const failure = {
  raw: { status: 400, body: JSON.stringify({ error: { code: 400, message: "no", status: "INVALID_ARGUMENT" } }) }
}

const rows: ReadonlyArray<Row> = [
  {
    name: "as many steps as it may",
    expected: "StepLimit",
    fields: { limit: 1, used: 1 },
    bounds: { steps: 1 },
    again: { steps: 2 },
    answers: [add, done],
    steps: 1
  },
  {
    name: "as many calls as it may",
    expected: "CallLimit",
    fields: { limit: 2, used: 2 },
    bounds: { calls: 2 },
    again: { calls: 3 },
    answers: [answer([call("add", { a: 1, b: 2 }), call("add", { a: 2, b: 2 })]), done],
    steps: 1
  },
  {
    name: "as many tokens as it may, to the token",
    expected: "TokenLimit",
    fields: { limit: 15, used: 15 },
    bounds: { tokens: 15 },
    again: { tokens: 16 },
    answers: [add, done],
    steps: 1
  },
  {
    name: "more money than it may",
    expected: "MoneyLimit",
    fields: { limit: "0.000001", used: "0" },
    bounds: { money: "0.000001" },
    again: { money: "1" },
    answers: [done],
    steps: 0
  },
  {
    name: "longer than it may",
    expected: "TimeLimit",
    bounds: { time: "1 second" },
    again: {},
    answers: [{ ...done, delay: 5_000 }, done],
    passes: "2 seconds",
    steps: 0
  },
  {
    name: "the same call over and over",
    expected: "NoProgress",
    fields: { call: "add", times: 3 },
    answers: [add, add, add, done],
    steps: 3
  },
  {
    name: "a person is asked",
    expected: "Suspended",
    answers: [answer([call("pay", { cents: 3 }), call("add", { a: 1, b: 2 })]), done],
    decisions: [{ call: "1.0", verdict: { _tag: "approve" }, by: "ada" }],
    steps: 1
  },
  {
    name: "empty answers",
    expected: "Unusable",
    fields: { why: "Empty", attempts: 3 },
    answers: [answer([]), answer([]), answer([]), done],
    steps: 3
  },
  {
    name: "malformed calls",
    expected: "Unusable",
    fields: { why: "MalformedCall", attempts: 3 },
    answers: [
      answer([], "MALFORMED_FUNCTION_CALL"),
      answer([], "MALFORMED_FUNCTION_CALL"),
      answer([], "MALFORMED_FUNCTION_CALL"),
      done
    ],
    steps: 3
  },
  {
    name: "calls of half an answer",
    expected: "Unusable",
    fields: { why: "Truncated", attempts: 3 },
    answers: [
      answer([call("add", { a: 1 })], "MAX_TOKENS"),
      answer([call("add", { a: 1 })], "MAX_TOKENS"),
      answer([{ text: "do" }], "MAX_TOKENS"),
      done
    ],
    steps: 3
  },
  {
    name: "answers that miss the schema",
    expected: "Unusable",
    fields: { why: "NotTheSchema", attempts: 3 },
    output: true,
    answers: [
      answer([{ text: "5" }]),
      answer([{ text: "{}" }]),
      answer([{ text: "no" }]),
      answer([{ text: "\"done\"" }])
    ],
    steps: 3
  },
  {
    name: "nothing but calls that cannot be run",
    expected: "Unusable",
    fields: { why: "WrongCalls", attempts: 3 },
    answers: [
      answer([call("ad", { a: 1, b: 2 })]),
      answer([call("add", { a: "one" })]),
      answer([call("sum", {})]),
      done
    ],
    steps: 3
  },
  { name: "a blocked answer", expected: "Blocked", answers: [answer([], "SAFETY"), done], steps: 1 },
  { name: "a refused request", expected: "ModelFailed", answers: [failure, done], steps: 0 },
  {
    name: "a tool that fails",
    expected: "ToolFailed",
    fields: { tool: "fail", call: "1.0", error: "out of order" },
    answers: [answer([call("fail", {}), call("add", { a: 1, b: 2 })]), done],
    steps: 1
  },
  {
    name: "an answer that a check refuses",
    expected: "CheckFailed",
    fields: { check: "polite", why: "rude" },
    checks: {
      output: [
        Check.make("polite", (text: string) => Effect.succeed(text === "done" ? Check.pass : Check.refuse("rude")))
      ]
    },
    answers: [answer([{ text: "no" }]), done],
    steps: 1
  },
  {
    name: "a handler that breaks itself off",
    expected: "Interrupted",
    fields: { call: "1.0" },
    answers: [answer([call("leave", {})])],
    steps: 1
  }
]

const clerkOf = ({ bounds, checks, output }: Row) =>
  Agent.make({
    name: "clerk",
    instructions: "You add.",
    toolkit: Scripted.toolkit,
    ...(bounds === undefined ? {} : { bounds }),
    ...(checks === undefined ? {} : { checks }),
    ...(output === true ? { output: Schema.Literals(["done"]) } : {})
  })

const ways = {
  run: (row: Row, id: string) => Agent.run(clerkOf(row), "go", { id }),
  stream: (row: Row, id: string) => Stream.runDrain(Agent.stream(clerkOf(row), "go", { id }))
}

for (const store of stores) {
  describe(`on ${store.name}`, () => {
    it.layer(store.layer, { excludeTestServices: store.isRemote })((it) => {
      for (const [way, play] of Object.entries(ways)) {
        for (const row of rows.filter(({ passes }) => !store.isRemote || passes === undefined)) {
          it.effect(`${way}: ${row.name} is ${row.expected}, and goes on`, () =>
            Effect.gen(function*() {
              const id = `${way}-${row.name.replaceAll(/[^a-z]/g, "-")}`
              if (!store.isRemote) yield* TestClock.setTime(Scripted.today)
              const fiber = yield* Effect.forkChild(Effect.flip(play(row, id)))
              if (row.passes !== undefined) {
                // The question is recorded then, and no append is under way.
                yield* Emulator.Emulator.use(({ awaitRequests }) => awaitRequests(1))
                yield* TestClock.adjust(row.passes)
              }
              const error: AgentError = yield* Fiber.join(fiber)
              assert.deepInclude({ ...error.reason }, { ...row.fields, _tag: row.expected }, error.message)
              const state = AgentState.fold(error.records)
              assert.strictEqual(state.steps, row.steps)
              assert.deepInclude(state.end, { _tag: "Stopped", reason: row.expected })
              if (row.expected === "Interrupted") return
              const resumed = yield* Agent.resume(clerkOf(row), id, row.decisions, { bounds: row.again ?? {} })
              assert.strictEqual(resumed.value, "done")
              assert.deepStrictEqual(resumed.records.slice(0, error.records.length), error.records)
            }).pipe(Effect.provide(Scripted.over(row.answers))))
        }
      }
    })
  })
}
