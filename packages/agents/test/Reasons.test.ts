/** What each reason of a stopped run tells whoever reads it, in one and in many, and the bound that gives it. */
import { assert, describe, it } from "@effect/vitest"
import { AgentError } from "effect-gemini-agents/AgentError"
import * as Reason from "effect-gemini-agents/AgentErrorReason"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as AiError from "effect/ai/AiError"
import * as BigDecimal from "effect/BigDecimal"
import * as Duration from "effect/Duration"
import * as Bound from "../src/internal/bound.ts"
import * as GoogleError from "../src/internal/googleError.ts"
import * as Names from "../src/internal/names.ts"

const failed = (google?: Readonly<Record<string, string>>) =>
  AiError.make({
    module: "M",
    method: "f",
    reason: new AiError.InvalidRequestError({
      description: "too long",
      ...(google === undefined ? {} : { metadata: { google } })
    })
  })
const plain = failed()

const rows: ReadonlyArray<readonly [Reason.AgentErrorReason, string]> = [
  [
    new Reason.StepLimit({ limit: 1, used: 1 }),
    "the model was not done after 1 step: resume it with a larger bound to go on"
  ],
  [
    new Reason.StepLimit({ limit: 2, used: 2 }),
    "the model was not done after 2 steps: resume it with a larger bound to go on"
  ],
  [
    new Reason.CallLimit({ limit: 0, used: 0 }),
    "the model was not done after 0 calls: resume it with a larger bound to go on"
  ],
  [
    new Reason.TokenLimit({ limit: 5, used: 7 }),
    "7 tokens of 5 are used: resume it with a larger bound to go on"
  ],
  [
    new Reason.MoneyLimit({ limit: "0.5", used: "0.4" }),
    "$0.4 of $0.5 are used, and the next question may cost more than is left: resume it with a larger bound to go on"
  ],
  [
    new Reason.TimeLimit({ limit: Duration.seconds(90) }),
    "the run was not done after 1m 30s: resume it to go on with what was recorded"
  ],
  [
    new Reason.NoProgress({ call: "act", times: 3 }),
    "the model called act 3 times in a row with the same arguments and results: change the instructions or the tool, " +
    "or resume it"
  ],
  [
    new Reason.Suspended({
      pending: ["1.0", "1.1"].map((call) => ({
        call,
        tool: "pay",
        kind: "approval",
        params: {},
        digest: "d",
        reason: undefined,
        expires: undefined
      }))
    }),
    "the run waits for decisions about 1.0 (pay: approval), 1.1 (pay: approval): resume it with them"
  ],
  [
    new Reason.Unusable({ why: "MalformedCall", attempts: 1 }),
    "the model wrote a call that cannot be read, 1 time in a row: resume it, or use another model"
  ],
  [
    new Reason.Unusable({ why: "Empty", attempts: 2 }),
    "the model answered nothing, 2 times in a row: resume it, or use another model"
  ],
  [
    new Reason.Unusable({ why: "Truncated", attempts: 2 }),
    "the model did not end its answer, 2 times in a row: resume it, or use another model"
  ],
  [
    new Reason.Unusable({ why: "NotTheSchema", attempts: 2 }),
    "the model gave an answer that misses the schema, 2 times in a row: resume it, or use another model"
  ],
  [
    new Reason.Unusable({ why: "WrongCalls", attempts: 2 }),
    "the model made nothing but calls that cannot be run, 2 times in a row: resume it, or use another model"
  ],
  [new Reason.Blocked({ cause: undefined }), "the answer was blocked"],
  [new Reason.Blocked({ cause: plain }), `the answer was blocked: ${plain.reason.message}`],
  [new Reason.ModelFailed({ cause: plain }), `the model could not be asked: ${plain.reason.message}`],
  [
    new Reason.ModelFailed({ cause: failed({ reason: "QuotaExhausted", budget: "day" }) }),
    "the model could not be asked: the budget \"day\" has no room for it"
  ],
  [
    new Reason.ToolFailed({ tool: "act", call: "1.0", error: new Error("broken") }),
    "the tool act failed (call 1.0): broken"
  ],
  [new Reason.ToolFailed({ tool: "act", call: "1.0", error: 7 }), "the tool act failed (call 1.0): 7"],
  [new Reason.CheckFailed({ check: "polite", why: "it is rude" }), "the check polite refused it: it is rude"],
  [
    new Reason.Changed({ what: "the tool act changed" }),
    "the tool act changed since the run began: resume it with the version that it began with, or decide about its calls"
  ],
  [new Reason.Interrupted({ call: "1.0" }), "the call 1.0 was interrupted: resume the run"],
  [new Reason.Refused({ path: "bounds.steps", why: "it is below 0" }), "bounds.steps: it is below 0"],
  [
    new Reason.ChildFailed({ child: "critic.2", why: "no line", error: undefined, others: {} }),
    "critic.2 gave no answer: no line"
  ],
  [
    new Reason.HandoffLimit({ why: "TooMany", limit: 1, path: ["a", "b"] }),
    "the agents handed over more than 1 time, a → b: resume it with a larger `limit`"
  ],
  [
    new Reason.HandoffLimit({ why: "BackAndForth", limit: 4, path: ["a", "b", "a"] }),
    "the agents handed over back and forth and did nothing else, a → b → a: resume it, or tell them who does what"
  ]
]

describe("the reason of a stopped run", () => {
  it("says what happened and what to do, and the error names agent and run before it", () => {
    for (const [reason, message] of rows) {
      assert.strictEqual(reason.message, message)
      const error = new AgentError({ agent: "clerk", id: "r", reason, records: [] })
      assert.strictEqual(error.message, `clerk (r): ${message}`)
    }
  })

  it("is a budget where the client says that its quota is exhausted, and names one, and nowhere else", () => {
    const budgets = [
      { reason: "QuotaExhausted", budget: "day" },
      { reason: "QuotaExhausted" },
      { reason: "Other", budget: "day" },
      undefined
    ].map((google) => GoogleError.refusedBy(failed(google)))
    assert.deepStrictEqual(budgets, ["day", undefined, undefined, undefined])
  })
})

describe("a bound", () => {
  const reached = (more: Partial<AgentState.AgentState>) => {
    const found = Bound.reached({ ...AgentState.empty, ...more })
    return found === undefined ? undefined : { ...found }
  }
  const usage = { inputTokens: 60, outputTokens: 40, cachedTokens: 30 }
  const repeated = (times: number) => ({ what: "w", call: "act", times })

  it("stops a run at its figure and not one below, as the defaults have it or as it is said", () => {
    const table: ReadonlyArray<readonly [Partial<AgentState.AgentState>, object | undefined]> = [
      [{}, undefined],
      [{ steps: 19 }, undefined],
      [{ steps: 20 }, { _tag: "StepLimit", limit: 20, used: 20 }],
      [{ steps: 1, bounds: { steps: 2 } }, undefined],
      [{ steps: 3, bounds: { steps: 2 } }, { _tag: "StepLimit", limit: 2, used: 3 }],
      [{ called: 1_000 }, undefined],
      [{ called: 4, bounds: { calls: 5 } }, undefined],
      [{ called: 5, bounds: { calls: 5 } }, { _tag: "CallLimit", limit: 5, used: 5 }],
      [{ usage }, undefined],
      [{ usage, bounds: { tokens: 101 } }, undefined],
      [{ usage, bounds: { tokens: 100 } }, { _tag: "TokenLimit", limit: 100, used: 100 }],
      [{ repeated: repeated(2) }, undefined],
      [{ repeated: repeated(3) }, { _tag: "NoProgress", call: "act", times: 3 }],
      [{ repeated: repeated(4), bounds: { repeats: 5 } }, undefined],
      [{ mistakes: 2 }, undefined],
      [{ mistakes: 3 }, { _tag: "Unusable", why: "WrongCalls", attempts: 3 }],
      [{ tries: 3 }, undefined],
      [{ tries: 2, unusable: "Empty" }, undefined],
      [{ tries: 3, unusable: "Empty" }, { _tag: "Unusable", why: "Empty", attempts: 3 }],
      [{ tries: 1, unusable: "Empty", bounds: { retries: 0 } }, { _tag: "Unusable", why: "Empty", attempts: 1 }]
    ]
    for (const [state, expected] of table) {
      const found = reached(state)
      if (expected === undefined) assert.isUndefined(found, JSON.stringify(state))
      else assert.deepInclude(found, expected)
    }
  })

  it("of repeats is told of once, one before the last, and never of a first call", () => {
    const warned = (repeats: number | undefined) =>
      [1, 2, 3, 4].filter((times) =>
        Bound.isWarned({
          ...AgentState.empty,
          repeated: repeated(times),
          bounds: repeats === undefined ? {} : { repeats }
        })
      )
    assert.deepStrictEqual([undefined, 2, 4].map(warned), [[2], [], [3]])
  })

  it("is recorded if it was given, money as text, and time is not", () => {
    assert.deepStrictEqual(Bound.recorded({ time: "1 second", steps: undefined }), {})
    const all = { steps: 1, calls: 2, tokens: 3, outputTokens: 4, repeats: 5, retries: 6 }
    assert.deepStrictEqual(Bound.recorded({ ...all, money: "0.10", countInput: "server" }), { ...all, money: "0.10" })
    assert.deepStrictEqual(Bound.recorded({ money: BigDecimal.fromStringUnsafe("0.25") }), { money: "0.25" })
  })
})

describe("a name", () => {
  it("of an agent or a team is short and of lower-case letters, digits and -", () => {
    for (const name of ["a", "a-1", `a${"b".repeat(63)}`]) assert.strictEqual(Names.checked(name, "an agent"), name)
    for (const name of ["", "A", "1a", "-a", "a_b", "a b", `a${"b".repeat(64)}`]) {
      assert.throws(
        () => Names.checked(name, "a team"),
        RangeError,
        `${JSON.stringify(name)} cannot be a team's name: use up to 64 lower-case letters, digits and -, beginning with`
      )
    }
  })

  it("of a tool or a shared state may have capitals and _, and names of members are joined as far as they go", () => {
    const good = ["a", "A_b-9", `a${"b".repeat(63)}`]
    assert.deepStrictEqual([...good, "", "9a", "_a", "a b", `a${"b".repeat(64)}`].filter(Names.isKey), good)
    assert.strictEqual(Names.joined([{ name: "a" }, { name: "b" }]), "a-b")
    assert.strictEqual(Names.joined([{ name: "a".repeat(40) }, { name: "b".repeat(40) }]).length, 64)
  })
})
