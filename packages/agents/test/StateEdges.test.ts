/** What each record makes of the state of a run, field by field, and what it leaves as it was. */
import { assert, describe, it } from "@effect/vitest"
import type { AgentRecord, Usage } from "effect-gemini-agents/AgentRecord"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as Prompt from "effect/ai/Prompt"

const usage: Usage = { inputTokens: 10, outputTokens: 5, cachedTokens: 2 }
const twice: Usage = { inputTokens: 20, outputTokens: 10, cachedTokens: 4 }
const source = (title: string) => ({ title, url: `https://${title}` })

const user = (text: string) => Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text })] })
const called = (...names: ReadonlyArray<string>) =>
  Prompt.makeMessage("assistant", {
    content: names.map((name, i) =>
      Prompt.makePart("tool-call", { id: `id${i}`, name, params: { n: 1 }, providerExecuted: name === "search" })
    )
  })
const said = (text: string) => Prompt.makeMessage("assistant", { content: [Prompt.makePart("text", { text })] })

const begun = (more: object = {}): AgentRecord => ({
  _tag: "Begun",
  at: 1,
  agent: "clerk",
  version: "2",
  input: "go",
  instructions: "Be brief",
  tools: { act: "d" },
  bounds: { steps: 5 },
  ...more
})
const asked = (more: object = {}): AgentRecord => ({ _tag: "Asked", step: 1, estimate: 100, ...more })
const answered = (
  messages: ReadonlyArray<Prompt.Message>,
  use: Extract<AgentRecord, { readonly _tag: "Answered" }>["use"],
  more: object = {}
): AgentRecord => ({ _tag: "Answered", at: 7, step: 1, messages, finish: "stop", use, usage, ...more })
const calls = answered([called("act", "search", "act")], "calls")
const ended = (call: string, more: object = {}): AgentRecord => ({
  _tag: "CallEnded",
  call,
  isFailure: false,
  result: 7,
  ...more
})
const requested = (call: string): AgentRecord => ({ _tag: "Requested", call, kind: "approval", digest: "d" })
const decided = (call: string, params?: number): AgentRecord => ({
  _tag: "Decided",
  call,
  verdict: { _tag: "approve", ...(params === undefined ? {} : { params }) },
  by: "Ada",
  at: 9
})
const stopped: AgentRecord = { _tag: "Stopped", reason: "StepLimit", message: "why" }
const finished = (handoff?: string): AgentRecord => ({
  _tag: "Finished",
  value: 1,
  text: "one",
  ...(handoff === undefined ? {} : { handoff })
})
const continued: AgentRecord = { _tag: "Continued", at: 8, bounds: { steps: 9 } }
const fold = (...records: ReadonlyArray<AgentRecord>) => AgentState.fold(records)
const texts = ({ messages }: AgentState.AgentState) => messages.map(({ content }) => JSON.stringify(content))

describe("a turn", () => {
  it("begins with what it is told, and its steps are counted anew", () => {
    const first = fold(begun())
    assert.deepInclude(first, {
      at: 1,
      bounds: { steps: 5 },
      agent: "clerk",
      version: "2",
      input: "go",
      instructions: "Be brief",
      tools: { act: "d" },
      turnFrom: 0,
      turns: 1,
      steps: 0,
      stepsBefore: 0
    })
    const second = fold(
      begun(),
      asked(),
      calls,
      ended("1.0"),
      ended("1.1"),
      asked(),
      answered([said("x")], "text"),
      asked(),
      begun({ at: 2, input: { a: 1 } })
    )
    assert.deepInclude(second, {
      at: 2,
      turns: 2,
      turnFrom: 4,
      steps: 0,
      stepsBefore: 2,
      called: 0,
      usage: twice,
      lastInput: 10,
      text: "",
      isAsked: false,
      maybeCharged: { questions: 1, tokens: 100 }
    })
    assert.lengthOf(second.messages, 5)
    assert.include(texts(second)[4], "{\\\"a\\\":1}")
  })

  it("goes on with new bounds and a new chance, and a question that is open counts as lost", () => {
    const before = fold(begun(), asked(), answered([], "Empty"), asked({ concluding: true }), stopped)
    assert.deepInclude(before, { tries: 1, unusable: "Empty", isConcluding: true, isAsked: true })
    assert.strictEqual(before.end?._tag, "Stopped")
    const after = AgentState.next({ ...before, mistakes: 2, repeated: { what: "w", call: "act", times: 2 } }, continued)
    assert.deepInclude(after, {
      at: 8,
      bounds: { steps: 9 },
      tries: 0,
      unusable: undefined,
      mistakes: 0,
      repeated: { what: "", call: "", times: 0 },
      isConcluding: false,
      isAsked: false,
      end: undefined,
      maybeCharged: { questions: 1, tokens: 100 }
    })
    assert.deepStrictEqual(AgentState.next(after, continued).maybeCharged, { questions: 1, tokens: 100 })
  })

  it("of a fork has what was spent and cited before, and of a run that was handed over nothing of it", () => {
    const spent = [begun(), asked(), answered([said("x")], "text", { sources: [source("a")] }), asked(), asked()]
    const fork: AgentRecord = { _tag: "Forked", from: "run", seq: 3 }
    const kept = { usage, sources: [source("a")], maybeCharged: { questions: 1, tokens: 100 } }
    const forked = { from: "run", seq: 3 }
    assert.deepInclude(fold(...spent, fork), { ...kept, forked })
    assert.deepInclude(fold(...spent, stopped, fork), { ...kept, forked })
    assert.deepInclude(fold(...spent, finished(), fork), { ...kept, forked })
    const { maybeCharged, sources, usage: none } = AgentState.empty
    assert.deepInclude(fold(...spent, finished("writer"), fork), { maybeCharged, sources, usage: none, forked })
    assert.deepStrictEqual(fold(fork, begun()).forked, forked)
  })
})

describe("a question", () => {
  it("is open until it is answered; one that is asked over it is lost with its estimate", () => {
    assert.deepInclude(fold(begun(), asked()), { isAsked: true, estimate: 100, isConcluding: false })
    assert.deepInclude(fold(begun(), asked(), asked({ estimate: undefined })), {
      isAsked: true,
      estimate: 0,
      maybeCharged: { questions: 1, tokens: 100 }
    })
    assert.deepInclude(fold(begun(), asked({ concluding: true }), asked()), { isConcluding: true })
    assert.isUndefined(fold(begun(), stopped, asked()).end)
  })

  it("that fails is a try only where its answer could not be used, and what it took is counted", () => {
    const failed = (more: object): AgentRecord => ({ _tag: "AskFailed", step: 1, reason: "r", message: "m", ...more })
    const before = [begun(), asked()]
    const none = AgentState.empty.usage
    assert.deepInclude(fold(...before, failed({})), {
      isAsked: false,
      tries: 0,
      steps: 0,
      unusable: undefined,
      usage: none
    })
    assert.deepInclude(fold(...before, failed({ why: "MalformedCall", usage })), {
      isAsked: false,
      tries: 1,
      steps: 1,
      unusable: "MalformedCall",
      usage
    })
  })
})

describe("an answer", () => {
  it("is kept as it can be used: what is cut or empty is not shown to the model again", () => {
    for (
      const [use, isShown, tries, isAnswered] of [
        ["text", true, 0, true],
        ["NotTheSchema", true, 3, false],
        ["Truncated", false, 3, false],
        ["MalformedCall", false, 3, false],
        ["Empty", false, 3, false]
      ] as const
    ) {
      const state = AgentState.next({ ...fold(begun(), asked()), tries: 2 }, answered([said("x"), said("y")], use))
      assert.lengthOf(state.messages, isShown ? 3 : 1, use)
      assert.deepInclude(state, {
        at: 7,
        tries,
        isAnswered,
        unusable: use === "text" ? undefined : use,
        steps: 1,
        called: 0,
        isAsked: false,
        lastInput: 10,
        text: "xy",
        usage
      })
    }
  })

  it("keeps the model and adds the places that were known before", () => {
    const one = fold(begun(), answered([said("x")], "text", { model: "m", sources: [source("a")] }))
    const two = AgentState.next(one, answered([said("y")], "text"))
    assert.deepInclude(two, { model: "m", sources: [source("a")], text: "y" })
    assert.deepInclude(AgentState.next(two, answered([], "text", { model: "n", sources: [source("b")] })), {
      model: "n",
      sources: [source("a"), source("b")]
    })
  })

  it("is judged when it is hinted at or the run is over", () => {
    const state = fold(begun(), answered([said("x")], "text"))
    const hinted = AgentState.next(state, { _tag: "Hinted", text: "mend it" })
    assert.deepInclude(hinted, { isAnswered: false })
    assert.include(texts(hinted).at(-1), "mend it")
    for (const record of [stopped, finished()]) {
      const { end, isAnswered } = AgentState.next(state, record)
      assert.isFalse(isAnswered)
      assert.strictEqual<unknown>(end, record)
    }
  })
})

describe("the calls of an answer", () => {
  it("are those that the provider did not run, and their results go to the model when the last has ended", () => {
    const open = fold(begun(), calls)
    assert.deepStrictEqual(open.calls.map(({ attempts, call, id, name }) => [call, id, name, attempts]), [
      ["1.0", "id0", "act", 0],
      ["1.1", "id2", "act", 0]
    ])
    assert.strictEqual(open.called, 2)
    const half = AgentState.next(open, ended("1.1", { usage, sources: [source("a")] }))
    assert.deepInclude(half, { usage: twice, sources: [source("a")] })
    assert.lengthOf(half.messages, 2)
    // A second end of a call, or one of a call that is not there, changes nothing and costs nothing.
    for (const call of ["1.1", "9.9"]) {
      const again = AgentState.next(half, ended(call, { result: 8, usage }))
      assert.deepStrictEqual([again.calls, again.usage], [half.calls, half.usage])
    }
    const whole = AgentState.next(half, ended("1.0", { usage }))
    assert.deepInclude(whole, { calls: [], mistakes: 0, sources: [source("a")] })
    assert.deepInclude(whole.repeated, { call: "act", times: 1 })
    assert.strictEqual(whole.messages[2]?.role, "tool")
  })

  it("count as repeated with the same outcome alone, and as mistakes where all are", () => {
    const once = [answered([called("act")], "calls"), ended("1.0")]
    const wrong = [answered([called("act")], "calls"), ended("1.0", { mistake: "WrongArguments" })]
    const times = (...more: ReadonlyArray<AgentRecord>) => fold(begun(), ...once, ...more).repeated.times
    assert.deepStrictEqual(
      [
        times(),
        times(...once),
        times(...once, ...once),
        times(once[0] ?? continued, ended("1.0", { result: 8 })),
        times(once[0] ?? continued, ended("1.0", { isFailure: true })),
        times(answered([called("other")], "calls"), ended("1.0"))
      ],
      [1, 2, 3, 1, 1, 1]
    )
    assert.deepStrictEqual([wrong, [...wrong, ...wrong], [...wrong, ...once]].map((all) => fold(...all).mistakes), [
      1,
      2,
      0
    ])
    assert.strictEqual(fold(calls, ended("1.0", { mistake: "UnknownTool" }), ended("1.1")).mistakes, 0)
  })

  it("wait from the request to the decision, which counts once, and a new attempt is decided anew", () => {
    const waiting = fold(begun(), calls, requested("1.0"))
    assert.deepStrictEqual(AgentState.pending(waiting).map(({ call }) => call), ["1.0"])
    const known = (...more: ReadonlyArray<AgentRecord>) => AgentState.fold(more, waiting).calls[0]
    assert.deepInclude(known(decided("1.0")), { verdict: { _tag: "approve" }, params: { n: 1 } })
    assert.deepInclude(known(decided("1.0", 5), decided("1.0", 6)), { params: 5 })
    assert.isUndefined(AgentState.next(waiting, decided("1.1", 5)).calls[1]?.verdict)
    assert.lengthOf(AgentState.pending(AgentState.next(waiting, decided("1.0"))), 0)
    assert.lengthOf(AgentState.pending(AgentState.next(waiting, ended("1.0"))), 0)
    assert.isUndefined(known(decided("1.0"), requested("1.0"))?.verdict)
    const started: AgentRecord = { _tag: "CallStarted", call: "1.0", attempt: 2, afterCrash: "tell" }
    assert.deepInclude(known(decided("1.0"), started), {
      attempts: 2,
      afterCrash: "tell",
      requested: undefined,
      verdict: undefined
    })
    assert.isUndefined(AgentState.fold([stopped, started], waiting).end)
  })
})

describe("a history that was made shorter", () => {
  const history = ["0", "1", "2", "3", "4"].map(user)
  const compacted = (turnFrom: number, more: object = {}) =>
    AgentState.next({ ...AgentState.empty, messages: history, turnFrom, usage }, {
      _tag: "Compacted",
      upTo: 3,
      text: "short",
      before: 100,
      after: 40,
      ...more
    })

  it("is the first message, the summary and the rest; the turn begins where it did", () => {
    const state = compacted(3, { usage })
    assert.deepStrictEqual(texts(state), texts({ ...state, messages: ["0", "short", "3", "4"].map(user) }))
    assert.deepInclude(state, { lastInput: 40, usage: twice })
    assert.deepStrictEqual(compacted(3).usage, usage)
    assert.deepStrictEqual([0, 1, 2, 3, 4].map((from) => compacted(from).turnFrom), [0, 1, 1, 2, 3])
  })
})

describe("the children of a team", () => {
  const start = (child: string): AgentRecord => ({ _tag: "ChildStarted", child, agent: "critic", id: `run ${child}` })
  const end = (child: string, more: object = {}): AgentRecord => ({
    _tag: "ChildEnded",
    child,
    isFailure: false,
    steps: 2,
    usage,
    ...more
  })

  it("end once each, and what they took and cited is the team's", () => {
    const open = fold(begun(), stopped, start("a.1"), start("b.1"))
    assert.isUndefined(open.end)
    assert.deepStrictEqual(open.children.map(({ child, ended, id }) => [child, id, ended]), [
      ["a.1", "run a.1", undefined],
      ["b.1", "run b.1", undefined]
    ])
    const one = AgentState.next(open, end("a.1", { sources: [source("a")] }))
    assert.deepInclude(one, { steps: 2, usage, sources: [source("a")] })
    assert.deepStrictEqual(one.children.map(({ ended }) => ended?.child), ["a.1", undefined])
    assert.strictEqual(AgentState.next(one, end("a.1")), one)
    assert.strictEqual(AgentState.next(one, end("c.1")), one)
    const two = AgentState.next(one, end("b.1"))
    assert.deepInclude(two, { steps: 4, usage: twice, sources: [source("a")] })
    assert.deepInclude(AgentState.next(two, begun()), { childrenBefore: 2, children: two.children })
  })
})
