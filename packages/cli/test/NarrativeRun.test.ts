/** How a narrative's run reads: its state, each act, what stands in its way, and what can be done next. */
import { assert, describe, it } from "@effect/vitest"
import type { RunSummary } from "effect-gemini-narrative/Runs"
import type { ActState, RunState } from "effect-gemini-narrative/RunState"
import * as Usage from "effect-gemini/wire/Usage"
import * as Lines from "../src/internal/lines.ts"
import * as NarrativeRun from "../src/internal/runs/narrativeRun.ts"

const now = 1_000_000

const act = (more: Partial<ActState>): ActState => ({
  act: "draft",
  status: "answered",
  key: "k",
  attempts: 1,
  mayHaveRun: false,
  model: undefined,
  usage: undefined,
  cost: undefined,
  finishReason: undefined,
  cause: undefined,
  startedAt: undefined,
  duration: undefined,
  question: undefined,
  decision: undefined,
  until: undefined,
  ...more
})

const totals: RunState["totals"] = {
  promptTokens: 10,
  outputTokens: 2,
  totalTokens: 1234,
  charged: { tokens: 1234, dollars: "0.5" },
  isEstimated: false,
  isPartial: false
}

const state = (more: Partial<RunState>): RunState => ({
  id: "tides-k3",
  title: "Tides",
  file: "tides.toml",
  standing: "finished",
  settings: { concurrency: 1 },
  budget: undefined,
  library: "0.2.0",
  acts: [act({})],
  totals,
  causes: [],
  until: undefined,
  isStopped: false,
  forkedFrom: undefined,
  createdAt: now - 120_000,
  updatedAt: now - 60_000,
  next: 7,
  pid: process.pid,
  ...more
})

const summary = (more: Partial<RunSummary>): RunSummary => ({
  id: "tides-k3",
  title: "Tides",
  file: "tides.toml",
  standing: "paused",
  acts: 3,
  answered: 1,
  failed: [],
  skipped: [],
  totals,
  causes: [],
  until: undefined,
  isStopped: false,
  createdAt: 0,
  updatedAt: 5,
  pid: process.pid,
  ...more
})

/** No process has this number: Linux gives at most 4,194,304. */
const nobody = 2 ** 30

const text = (run: RunState, columns = Infinity): string =>
  String(NarrativeRun.text(run, now, Lines.plain, columns)).trimEnd()

describe("the state of a run", () => {
  it("is its standing, but that of a running one whose process is gone, and of a paused one that was stopped", () => {
    for (const standing of ["running", "paused", "finished", "failed", "cancelled"] as const) {
      const of = (more: Partial<RunState>) => NarrativeRun.stateOf(state({ standing, ...more }))
      assert.strictEqual(of({}), standing)
      assert.strictEqual(of({ pid: undefined }), standing, "a fleet's")
      assert.strictEqual(of({ pid: nobody }), standing === "running" ? "cut off" : standing)
      assert.strictEqual(of({ isStopped: true }), standing === "paused" ? "stopped" : standing)
    }
  })
})

describe("the row of a run", () => {
  it("has each figure of it, and is rough where something is estimated or has no price", () => {
    assert.deepStrictEqual(NarrativeRun.row(summary({}), 99, now), {
      id: "tides-k3",
      kind: "narrative",
      title: "Tides",
      state: "paused",
      done: "1 of 3",
      tokens: 1234,
      dollars: "0.5",
      isRough: false,
      why: "",
      bytes: 99,
      updatedAt: 5
    })
    const isRough = (more: Partial<RunState["totals"]>) =>
      NarrativeRun.row(summary({ totals: { ...totals, ...more } }), 1, now).isRough
    assert.deepStrictEqual([isRough({ isEstimated: true }), isRough({ isPartial: true })], [true, true])
  })

  it("says why the run stands, and from when it is worth resuming", () => {
    const why = (more: Partial<RunSummary>) => NarrativeRun.row(summary(more), 1, now).why
    const cause = (act: string, reason: string) => ({ act, cause: { reason, message: "m" } })
    assert.strictEqual(why({ failed: ["a", "b"] }), "a, b failed")
    assert.strictEqual(why({ causes: [cause("a", "ApprovalNeeded")] }), "a waits for approval")
    assert.strictEqual(why({ causes: [cause("a", "Network")] }), "a: Network")
    assert.strictEqual(why({ causes: [cause("a", "Network"), cause("b", "X")] }), "a: Network and 1 act more")
    const three = [cause("a", "Network"), cause("b", "X"), cause("c", "X")]
    assert.strictEqual(why({ causes: three, failed: ["z"] }), "a: Network and 2 acts more")
    assert.strictEqual(why({ until: now }), "")
    assert.strictEqual(why({ until: now + 5_000 }), "worth resuming in 5.0 s")
    assert.strictEqual(
      why({ causes: [cause("a", "QuotaExhausted")], until: now + 90_000 }),
      "a: QuotaExhausted; worth resuming in 1 min 30 s"
    )
  })
})

describe("a run that took answers over from an older text", () => {
  it("shows them in the acts that wait, and in no other", () => {
    const usage = Usage.fromMetadata({ totalTokenCount: 5 })
    const result = (act: string) => ({
      act,
      model: "m",
      text: "t",
      usage,
      finishReason: "STOP",
      startedAt: 3,
      duration: 4,
      attempts: [],
      media: []
    })
    const { acts } = NarrativeRun.withKept(
      state({ acts: [act({ act: "a", status: "waiting" }), act({ act: "b" }), act({ act: "c", status: "waiting" })] }),
      [result("a"), result("b")]
    )
    const { duration, finishReason, model, startedAt, status } = acts[0] ?? act({})
    assert.deepStrictEqual([status, model, acts[0]?.usage, finishReason, startedAt, duration], [
      "answered",
      "m",
      usage,
      "STOP",
      3,
      4
    ])
    assert.deepStrictEqual(acts.slice(1).map(({ model, status }) => [status, model]), [
      ["answered", undefined],
      ["waiting", undefined]
    ])
  })
})

describe("what is shown of a run", () => {
  it("is its state, its sentence, and a row for each act", () => {
    const usage = Usage.fromMetadata({ promptTokenCount: 1000, totalTokenCount: 1000 })
    const acts = [
      act({ model: "gemini-3.8-flash", usage, cost: "0.01", duration: 1500 }),
      act({ act: "final", status: "waiting" })
    ]
    assert.strictEqual(
      text(state({ acts, standing: "running" })),
      `tides-k3: running
tides.toml "Tides", begun 2 min ago; 1 of 2 acts, 1,234 tokens, $0.5000

act    state     model             tokens  cost     time
draft  answered  gemini-3.8-flash   1,000  $0.0100  1.5 s
final  waits     -                      -  -        -

to watch it:  gemini-fx runs watch tides-k3
to end it:    gemini-fx runs cancel tides-k3`
    )
  })

  it("leaves the model out where the rows would be wider than the terminal", () => {
    const acts = [act({ model: "gemini-3.8-flash" })]
    const widest = (of: string) => Math.max(...of.split("\n").slice(3, 5).map((line) => line.length))
    const whole = text(state({ acts }))
    const width = widest(whole)
    assert.include(text(state({ acts }), width), "gemini-3.8-flash")
    const narrow = text(state({ acts }), width - 1)
    assert.notInclude(narrow, "gemini-3.8-flash")
    assert.match(narrow, /^act +state +tokens +cost +time$/m)
  })

  it("says the origin of a fork, and no cost where none is known or nothing was asked", () => {
    const says = (more: Partial<RunState>) => text(state(more)).split("\n")[1]
    assert.include(
      says({ forkedFrom: { id: "old", act: "draft" } }),
      "begun 2 min ago, a fork of old at draft; 1 of 1 act,"
    )
    assert.notInclude(says({ totals: { ...totals, charged: { tokens: 1 } } }), "$")
    assert.notInclude(says({ totals: { ...totals, totalTokens: 0 } }), "$")
    assert.include(says({ totals: { ...totals, isPartial: true } }), ", ~$0.5000")
  })

  it("has begun now within its first second, and so long ago from then on", () => {
    const begun = (ago: number) => /begun (.*?);/.exec(text(state({ createdAt: now - ago })))?.[1]
    assert.deepStrictEqual([-1, 0, 999, 1000, 60_000].map(begun), ["now", "now", "now", "1 s ago", "1 min ago"])
  })

  it("says what stands in the way of each act, while it does", () => {
    const notes = (more: Partial<ActState>) =>
      text(state({ acts: [act(more)] })).split("\n").slice(6).filter((line) => line !== "")
    const cause = { reason: "QuotaExhausted", message: "too many" }
    assert.deepStrictEqual(notes({}), [])
    assert.deepStrictEqual(notes({ status: "undecided", question: "May I?" }), [
      "draft waits until somebody approves it: May I?"
    ])
    assert.deepStrictEqual(notes({ question: "May I?" }), [])
    assert.deepStrictEqual(notes({ status: "paused", cause }), ["draft: too many (QuotaExhausted)"])
    assert.deepStrictEqual(notes({ status: "failed", cause: { ...cause, model: "m", status: 429 } }), [
      "draft: too many (QuotaExhausted, m, HTTP 429)"
    ])
    assert.deepStrictEqual(notes({ cause }), [])
    assert.deepStrictEqual(notes({ status: "undecided", cause }), [])
    assert.deepStrictEqual(notes({ until: now }), [])
    assert.deepStrictEqual(notes({ until: now + 1_000 }), ["draft waits for quota, 1.0 s left"])
    assert.deepStrictEqual(notes({ mayHaveRun: true }), [
      "draft was in flight when its process died: the model may have answered, and been paid, unheard"
    ])
    assert.deepStrictEqual(notes({ finishReason: "MAX_TOKENS" }), ["draft was cut at max_output_tokens"])
    assert.deepStrictEqual(notes({ finishReason: "STOP" }), [])
  })

  it("ends with the commands that make sense from its state", () => {
    const next = (more: Partial<RunState>) => NarrativeRun.next(state(more), now)
    const anew = ["to ask it anew from an act:  gemini-fx runs fork tides-k3 ACT"]
    const on = ["to go on:  gemini-fx runs resume tides-k3"]
    assert.deepStrictEqual(next({}), [])
    assert.deepStrictEqual(next({ standing: "cancelled" }), anew)
    assert.deepStrictEqual(next({ standing: "failed" }), anew)
    assert.deepStrictEqual(next({ standing: "paused" }), on)
    assert.deepStrictEqual(next({ standing: "paused", isStopped: true }), on)
    assert.deepStrictEqual(next({ standing: "running", pid: nobody }), on)
    assert.deepStrictEqual(next({ standing: "paused", until: now + 60_000 }), [
      "to go on:  gemini-fx runs resume tides-k3  (worth resuming in 1 min)"
    ])
    const acts = [act({}), act({ act: "b", status: "undecided" }), act({ act: "c", status: "undecided" })]
    for (const standing of ["running", "paused"] as const) {
      assert.deepStrictEqual(next({ standing, acts }), [
        "to approve it:  gemini-fx runs decide tides-k3 b approve --by NAME",
        "to deny it:     gemini-fx runs decide tides-k3 b deny --by NAME --reason TEXT"
      ])
    }
    assert.deepStrictEqual(next({ standing: "finished", acts }), [])
    assert.deepStrictEqual(next({ standing: "cancelled", acts }), anew)
    assert.deepStrictEqual(next({ standing: "failed", acts }), anew)
  })

  it("names each state of an act in words", () => {
    const of = (status: ActState["status"]) => /^draft +(.*?) {2,}/m.exec(text(state({ acts: [act({ status })] })))?.[1]
    assert.deepStrictEqual(
      (["waiting", "undecided", "asked", "answered", "paused", "failed", "skipped"] as const).map(of),
      ["waits", "to be approved", "asked", "answered", "to be asked", "failed", "left out"]
    )
  })
})
