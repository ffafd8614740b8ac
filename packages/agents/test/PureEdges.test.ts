/** What an agent's run is made of where no model is asked: tokens, times, lines, summaries and decisions, each at its edges. */
import { assert, describe, it } from "@effect/vitest"
import type { AgentRecord, TimedRecord, Usage } from "effect-gemini-agents/AgentRecord"
import * as AgentState from "effect-gemini-agents/AgentState"
import type { Decision } from "effect-gemini-agents/Approval"
import type { StepCall } from "effect-gemini-agents/StepCall"
import * as Prompt from "effect/ai/Prompt"
import type * as Schema from "effect/Schema"
import * as Compact from "../src/internal/compact.ts"
import * as Decisions from "../src/internal/decisions.ts"
import * as Shown from "../src/internal/shown.ts"
import * as Timeline from "../src/internal/timeline.ts"
import * as Tokens from "../src/internal/tokens.ts"
import * as TraceLines from "../src/internal/traceLines.ts"

const user = (text: string): Prompt.Message =>
  Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text })] })
const said = (text: string): Prompt.Message =>
  Prompt.makeMessage("assistant", { content: [Prompt.makePart("text", { text })] })
const called = (...names: ReadonlyArray<string>): Prompt.Message =>
  Prompt.makeMessage("assistant", {
    content: names.map((name) =>
      Prompt.makePart("tool-call", { id: `id ${name}`, name, params: { n: 1 }, providerExecuted: false })
    )
  })
const resulted = (name: string, result: Schema.Json = 7): Prompt.Message =>
  Prompt.makeMessage("tool", {
    content: [
      Prompt.makePart("tool-result", { id: `id ${name}`, name, result, isFailure: false, providerExecuted: false })
    ]
  })

const usage: Usage = { inputTokens: 10, outputTokens: 5, cachedTokens: 2 }

describe("tokens", () => {
  it("add up, with dollars where either side has some", () => {
    const other = { inputTokens: 1, outputTokens: 2, cachedTokens: 3 }
    assert.deepStrictEqual(Tokens.add(usage, other), { inputTokens: 11, outputTokens: 7, cachedTokens: 5 })
    const dollars = (a: string | undefined, b: string | undefined) =>
      Tokens.add({ ...usage, ...(a === undefined ? {} : { dollars: a }) }, {
        ...other,
        ...(b === undefined ? {} : { dollars: b })
      })
        .dollars
    assert.deepStrictEqual(
      [dollars("0.1", "0.2"), dollars("0.1", undefined), dollars(undefined, "0.2"), dollars("0.1", "none")],
      ["0.3", "0.1", "0.2", "0.1"]
    )
  })

  it("of an answer are those of any provider, thoughts apart, and are priced by the model", () => {
    const of = (
      model: string | undefined,
      input: number | undefined,
      output: number | undefined,
      cached?: number,
      thoughts?: number
    ) =>
      Tokens.usageOf(model, {
        inputTokens: { total: input, uncached: undefined, cacheRead: cached, cacheWrite: undefined },
        outputTokens: { total: output, text: undefined, reasoning: thoughts }
      }, Date.UTC(2026, 10, 30))
    assert.deepStrictEqual(of(undefined, 3, 4, 1), { inputTokens: 3, outputTokens: 4, cachedTokens: 1 })
    assert.deepStrictEqual(of(undefined, undefined, undefined), { inputTokens: 0, outputTokens: 0, cachedTokens: 0 })
    assert.isUndefined(of("no-such-model", 3, 4).dollars)
    const plain = Number(of("gemini-3.8-flash", 1_000_000, 1_000_000).dollars)
    assert.isAbove(plain, 0)
    // Thoughts are a part of the output and no more than that; what was cached costs less.
    assert.strictEqual(Number(of("gemini-3.8-flash", 1_000_000, 1_000_000, 0, 400_000).dollars), plain)
    assert.isBelow(Number(of("gemini-3.8-flash", 1_000_000, 1_000_000, 500_000).dollars), plain)
  })

  it("are estimated by letters, four to one, of texts, calls, results and files", () => {
    assert.deepStrictEqual([0, 1, 4, 5].map(Tokens.estimate), [0, 1, 1, 2])
    const file = Prompt.makeMessage("user", {
      content: [Prompt.makePart("file", { mediaType: "image/png", data: "AAAA" })]
    })
    const thought = Prompt.makeMessage("assistant", { content: [Prompt.makePart("reasoning", { text: "hm" })] })
    assert.deepStrictEqual(
      [
        user("abc"),
        Prompt.makeMessage("system", { content: "abcd" }),
        said("ab"),
        thought,
        called("act"),
        resulted("act"),
        file
      ].map(Tokens.letters),
      [3, 4, 2, 2, 3 + 7, 3 + 1, 1032]
    )
    const message = user("abc")
    assert.strictEqual(Tokens.letters(message), Tokens.letters(message))
  })
})

describe("a long result", () => {
  it("is shown whole up to its limit, and beyond it by head and tail", () => {
    assert.isUndefined(Shown.cut("1.0", "x".repeat(9), 9))
    const cut = Shown.cut("1.0", "abcdefghij", 9)
    assert.strictEqual(
      cut,
      "abcdef\n[… 1 of 10 characters are left out here: read_result with call \"1.0\" and from 6 reads on …]\nhij"
    )
    assert.isUndefined(Shown.cut("1.0", { a: 1 }, 7))
    assert.include(Shown.cut("1.0", { a: 1 }, 6), "{\"a\"\n[… 1 of 7")
  })
})

const answered = (
  step: number,
  messages: ReadonlyArray<Prompt.Message>,
  use: "calls" | "text" | "Empty" = "calls"
): AgentRecord => ({
  _tag: "Answered",
  at: 0,
  step,
  messages,
  finish: "stop",
  use,
  usage
})
const started = (call: string, attempt = 1): AgentRecord => ({ _tag: "CallStarted", call, attempt, afterCrash: "tell" })
const ended = (call: string, more: object = {}): AgentRecord => ({
  _tag: "CallEnded",
  call,
  isFailure: false,
  result: 7,
  ...more
})
const requested = (call: string): AgentRecord => ({
  _tag: "Requested",
  call,
  kind: "approval",
  digest: "d",
  reason: "why"
})
const decided = (call: string): AgentRecord => ({
  _tag: "Decided",
  call,
  verdict: { _tag: "approve" },
  by: "Ada",
  at: 0
})
const child = (child: string): AgentRecord => ({ _tag: "ChildStarted", child, agent: "critic", id: "run" })
const childEnded = (child: string, more: object = {}): AgentRecord => ({
  _tag: "ChildEnded",
  child,
  isFailure: false,
  steps: 1,
  usage,
  ...more
})
const stopped = (reason: string): AgentRecord => ({ _tag: "Stopped", reason, message: "why" })
const continued: AgentRecord = { _tag: "Continued", at: 0, bounds: {} }
type Timed = readonly [at: number | undefined, record: AgentRecord]
const trace = (...all: ReadonlyArray<Timed>): ReadonlyArray<TimedRecord> => all.map(([at, record]) => ({ at, record }))

describe("the times of a run", () => {
  const bars = (...all: ReadonlyArray<Timed>) =>
    Timeline.bars(trace(...all)).map(({ from, isOpen, kind, label, to }) =>
      `${kind} ${label} ${from}-${to}${isOpen ? " open" : ""}`
    )

  it("are those of the model, its tools, people and children, in order", () => {
    assert.deepStrictEqual(
      bars(
        [1, { _tag: "Asked", step: 1 }],
        [3, answered(1, [called("act", "other")])],
        [3, requested("1.1")],
        [4, started("1.0")],
        [6, ended("1.0")],
        [8, decided("1.1")],
        [9, started("1.1")],
        [10, ended("1.1")],
        [11, { _tag: "Asked", step: 2 }],
        [12, { _tag: "AskFailed", step: 2, reason: "r", message: "m" }]
      ),
      [
        "model step 1 1-3",
        "wait 1.1 other waits 3-8",
        "tool 1.0 act 4-6",
        "tool 1.1 other 9-10",
        "model step 2 11-12"
      ]
    )
  })

  it("have no end where the records have none, and none before their beginning", () => {
    assert.deepStrictEqual(bars([5, { _tag: "Asked", step: 1 }]), ["model step 1 5-5 open"])
    assert.deepStrictEqual(bars([5, { _tag: "Asked", step: 1 }], [9, { _tag: "Hinted", text: "h" }]), [
      "model step 1 5-9 open"
    ])
    assert.deepStrictEqual(bars([5, { _tag: "Asked", step: 1 }], [4, answered(1, [said("x")], "text")]), [
      "model step 1 5-5"
    ])
    assert.deepStrictEqual(bars([undefined, { _tag: "Asked", step: 1 }], [4, ended("1.0")]), [])
    // A call that is made again ends the attempt before.
    assert.deepStrictEqual(bars([1, started("1.0")], [2, started("1.0", 2)], [3, ended("1.0")]), [
      "tool 1.0 1-2",
      "tool 1.0 2-3"
    ])
    assert.deepStrictEqual(bars([1, requested("1.0")], [2, ended("1.0")]), ["wait 1.0 waits 1-2"])
  })

  it("of children stop with the run and go on with it, and a run that is suspended waits for people", () => {
    assert.deepStrictEqual(
      bars(
        [1, child("critic.1")],
        [2, started("1.0")],
        [3, stopped("Suspended")],
        [5, continued],
        [7, childEnded("critic.1", { handoff: "writer" })],
        [8, child("writer.1")],
        [9, stopped("StepLimit")],
        [11, continued],
        [12, childEnded("writer.1")]
      ),
      [
        "child critic.1 1-3",
        "tool 1.0 2-3",
        "wait people are waited for 3-5",
        "child critic.1 → writer 5-7",
        "child writer.1 8-9",
        "child writer.1 11-12"
      ]
    )
    assert.deepStrictEqual(bars([1, requested("1.0")], [2, stopped("Suspended")], [3, continued]), [
      "wait 1.0 waits 1-3 open"
    ])
  })

  it("make an axis on which people rest", () => {
    const axis = (kind: "wait" | "tool") =>
      JSON.stringify(Timeline.axisOf([
        { kind: "model", label: "a", from: 0, to: 10, isOpen: false },
        { kind, label: "b", from: 10, to: 10_000_000, isOpen: false },
        { kind: "model", label: "c", from: 10_000_000, to: 10_000_010, isOpen: false }
      ]))
    assert.notStrictEqual(axis("wait"), axis("tool"))
  })
})

describe("the lines of a trace", () => {
  it("say what happened, how deep and how long", () => {
    const records = trace(
      [0, { _tag: "Begun", at: 0, agent: "clerk", input: "go", instructions: "Be brief", tools: {}, bounds: {} }],
      [0, continued],
      [0, { _tag: "Forked", from: "run", seq: 3 }],
      [0, { _tag: "Asked", step: 1 }],
      [
        1500,
        { ...answered(1, [called("act", "other")]), model: "m", usage: { ...usage, dollars: "0.5" } } as AgentRecord
      ],
      [2000, started("1.0")],
      [2000, started("1.0", 2)],
      [3000, ended("1.0")],
      [3000, requested("1.1")],
      [5000, decided("1.1")],
      [4000, ended("1.1", { isFailure: true })],
      [4000, ended("1.2", { mistake: "UnknownTool" })],
      [5000, answered(2, [said("done")], "text")],
      [5000, answered(3, [], "Empty")],
      [5000, { _tag: "AskFailed", step: 3, reason: "Busy", message: "later" }],
      [5000, { _tag: "Hinted", text: "go on" }],
      [5000, { _tag: "Compacted", upTo: 3, text: "short", before: 100, after: 10 }],
      [5000, child("critic.1")],
      [6000, childEnded("critic.1")],
      [6000, childEnded("critic.1", { isFailure: true, why: "broken" })],
      [6000, childEnded("critic.1", { isFailure: true })],
      [6000, childEnded("critic.1", { handoff: "writer", usage: { ...usage, dollars: "0.1" } })],
      [6000, { _tag: "Finished", value: 1, text: "one" }],
      [6000, { _tag: "Finished", value: 1, text: "one", isPartial: true }],
      [6000, { _tag: "Finished", value: 1, text: "one", handoff: "writer" }],
      [6000, stopped("StepLimit")]
    )
    assert.deepStrictEqual(
      TraceLines.of(records).map(({ depth, text, took }) =>
        `${depth} ${text}${took === undefined ? "" : ` | ${took}`}`
      ),
      [
        "0 clerk: \"go\"",
        "0 another process goes on",
        "0 forked from run at 3",
        "1 step 1: m calls act, other, 10 in, 5 out, $0.5 | 1s 500ms",
        "2 1.0 begins again, attempt 2",
        "2 1.0 act({\"n\":1}) gave 7 | 1s",
        "2 1.1 other({\"n\":1}) waits for approval",
        "2 1.1: Ada says approve | 2s",
        "2 1.1 other({\"n\":1}) failed 7",
        "2 1.2  UnknownTool 7",
        "1 step 2: the model says its answer, 10 in, 5 out",
        "1 step 3: the model cannot be used: Empty, 10 in, 5 out",
        "1 step 3: Busy: later",
        "1 hint: go on",
        "1 history made shorter: 100 to 10 tokens",
        "1 critic.1 begins (run)",
        "1 critic.1 gave its answer, 10 in, 5 out | 1s",
        "1 critic.1 failed: broken, 10 in, 5 out | 1s",
        "1 critic.1 failed: , 10 in, 5 out | 1s",
        "1 critic.1 handed over to writer, 10 in, 5 out, $0.1 | 1s",
        "0 answer: 1",
        "0 partial answer: 1",
        "0 handed over to writer: 1",
        "0 stopped: why"
      ]
    )
    const [, answer] = TraceLines.of(
      trace([0, { _tag: "Asked", step: 1 }], [0, answered(1, [called("act")])], [9, answered(1, [said("x")], "text")])
    )
    assert.strictEqual(answer?.took, "9ms")
    // A clock that was set back tells nothing.
    assert.isUndefined(TraceLines.of(trace([5, started("1.0")], [4, ended("1.0")]))[0]?.took)
    assert.strictEqual(TraceLines.of(trace([5, started("1.0")], [5, ended("1.0")]))[0]?.took, "0")
  })

  it("are cut to a width, and the first difference of two values has its place", () => {
    assert.deepStrictEqual([3, 4, 1, 0].map((width) => TraceLines.cut(" a\n bc ", width)), ["a …", "a bc", "a…", "a…"])
    const rows: ReadonlyArray<readonly [unknown, unknown, string | undefined]> = [
      [1, 1, undefined],
      [Number.NaN, Number.NaN, undefined],
      [1, 2, ""],
      [{ a: 1 }, { a: 1 }, undefined],
      [{ a: 1 }, { a: 2 }, "a"],
      [{ a: { b: [1, 2] } }, { a: { b: [1, 3] } }, "a.b[1]"],
      [{ a: 1 }, {}, "a"],
      [{}, { a: 1 }, "a"],
      [{ a: undefined }, {}, undefined],
      [[1], [1, 2], "[1]"],
      [[], {}, ""],
      [{ a: null }, { a: {} }, "a"],
      [{ toString: 1 }, {}, "toString"]
    ]
    for (const [a, b, path] of rows) assert.strictEqual(TraceLines.difference(a, b)?.path, path, JSON.stringify([a, b]))
  })
})

describe("a history that grows", () => {
  const state = (lastInput: number, messages: ReadonlyArray<Prompt.Message>) => ({
    ...AgentState.empty,
    lastInput,
    messages
  })
  const hundred = "x".repeat(100)
  const history = [user(hundred), said(hundred), user(hundred), said(hundred), user(hundred), said(hundred)]
  // The last input weighs each message alike: a sixth of it.
  const upTo = (lastInput: number, keep?: number, messages: ReadonlyArray<Prompt.Message> = history) =>
    Compact.upTo(
      state(lastInput, messages),
      { above: 1000, ...(keep === undefined ? {} : { keep }) }
    )

  it("is made shorter from four fifths of its bound on, down to what is kept", () => {
    assert.deepStrictEqual([upTo(799), upTo(800)], [0, 5])
    assert.deepStrictEqual([upTo(900, 600), upTo(900, 599), upTo(900, 450), upTo(900, 0)], [3, 4, 4, 5])
    assert.strictEqual(upTo(900, 899), 0)
    // What was never counted is estimated: 4000 letters are 1000 tokens.
    const long = Array.from({ length: 5 }, () => user("x".repeat(640)))
    assert.strictEqual(upTo(0, undefined, long) > 0, true)
    assert.strictEqual(upTo(0, undefined, long.map(() => user("x".repeat(639)))), 0)
    assert.strictEqual(upTo(900, 0, []), 0)
  })

  it("begins at no response whose call went", () => {
    const calls = [user(hundred), said(hundred), called("act"), resulted("act", hundred), said(hundred), user(hundred)]
    assert.notStrictEqual(upTo(900, 500, calls), 3)
    assert.strictEqual(
      upTo(900, 0, [user(hundred), called("act"), resulted("act"), resulted("other"), resulted("act")]),
      0
    )
  })

  it("is told in short, each part up to its bound", () => {
    assert.strictEqual(Compact.summaryOf("a"), "Earlier steps of this task, in short:\na")
    assert.strictEqual(Compact.summaryOf("x".repeat(8000)).length, 38 + 8000)
    assert.strictEqual(Compact.summaryOf("x".repeat(8001)).length, 38 + 8002)
    assert.deepStrictEqual(["a", { a: 1 }, undefined].map(Compact.shortened), ["a", "{\"a\":1}", ""])
    assert.deepStrictEqual([2000, 2001].map((n) => Compact.shortened("x".repeat(n)).length), [2000, 2002])
    const file = Prompt.makeMessage("user", {
      content: [Prompt.makePart("file", { mediaType: "image/png", data: "" })]
    })
    assert.strictEqual(
      Compact.transcript([
        Prompt.makeMessage("system", { content: "Be brief" }),
        user("go"),
        called("act"),
        resulted("act"),
        said("done"),
        file
      ]),
      "system: Be brief\nuser: go\ncall act({\"n\":1})\nact gave 7\nassistant: done\nuser: a file (image/png)"
    )
    assert.include(JSON.stringify(Compact.question([user("go")])), "At most 400 words.\\n\\nuser: go")
  })
})

describe("decisions", () => {
  const call = (more: Partial<StepCall> = {}): StepCall => ({
    call: "1.0",
    id: "a",
    name: "act",
    params: {},
    attempts: 0,
    afterCrash: undefined,
    requested: { call: "1.0", kind: "approval", digest: "d" },
    verdict: undefined,
    ended: undefined,
    ...more
  })
  const { requested: _, ...free } = call()
  const unasked: StepCall = { ...free, requested: undefined }
  const problem = (
    calls: ReadonlyArray<StepCall>,
    decision: Partial<Decision<string>>,
    before: ReadonlyArray<AgentRecord> = []
  ) =>
    Decisions.problem({ ...AgentState.empty, calls }, before, [
      { call: "1.0", verdict: { _tag: "approve" }, by: "Ada", ...decision } as Decision<string>
    ])
  const why = (...given: Parameters<typeof problem>) => {
    const found = problem(...given)
    return found === undefined ? undefined : `${found.path}: ${found.why}`
  }

  it("are about a call that somebody asked about, as it was looked at", () => {
    assert.isUndefined(why([call()], {}))
    assert.isUndefined(why([call()], { digest: "d", tool: "act" }))
    assert.match(why([call()], { digest: "e" }) ?? "", /^decisions\[0\]: the call's arguments are not those/)
    assert.match(
      why([call()], { tool: "other" }) ?? "",
      /^decisions\[0\]\.tool: the call 1\.0 is one of "act", and not of "other"/
    )
    assert.match(why([unasked], {}) ?? "", /nobody asked about the call "1\.0"/)
    assert.match(why([], {}) ?? "", /nobody asked/)
    assert.isUndefined(why([], {}, [requested("1.0")]))
    assert.match(why([], {}, [requested("1.1")]) ?? "", /nobody asked/)
  })

  it("that were taken before are none", () => {
    assert.isUndefined(why([call({ verdict: { _tag: "approve" } })], { digest: "e" }))
    assert.isUndefined(why([call({ ended: { call: "1.0", isFailure: false, result: 1 } })], { digest: "e" }))
    assert.isUndefined(why([{ ...unasked, attempts: 1 }], {}))
  })

  it("fit what is asked, each verdict where it is allowed", () => {
    const verdicts: ReadonlyArray<Decision<string>["verdict"]> = [
      { _tag: "approve" },
      { _tag: "deny", reason: "no" },
      { _tag: "result", value: 1 },
      { _tag: "again" },
      { _tag: "skip" }
    ]
    const allowed = (kind: "approval" | "result" | "outcome", attempts = 0) =>
      verdicts.filter((verdict) =>
        problem([call({ attempts, requested: { call: "1.0", kind, digest: "d" } })], { verdict }) === undefined
      )
        .map(({ _tag }) => _tag)
    assert.deepStrictEqual(allowed("approval"), ["approve", "deny", "result"])
    assert.deepStrictEqual(allowed("result"), ["deny", "result"])
    assert.deepStrictEqual(allowed("outcome", 1), ["result", "again", "skip"])
  })

  it("are recorded once a call that is waited for", () => {
    const decisions = ["1.0", "1.0", "1.1"].map((call) =>
      ({ call, verdict: { _tag: "approve" }, by: "Ada" }) as Decision<string>
    )
    assert.deepStrictEqual(Decisions.records({ ...AgentState.empty, calls: [call()] }, decisions, 5), [
      { _tag: "Decided", call: "1.0", verdict: { _tag: "approve" }, by: "Ada", at: 5 }
    ])
  })
})
