/** What an evaluation says of an agent, and of a worse one. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as Evaluation from "effect-gemini-agents/Evaluation"
import * as EvaluationCase from "effect-gemini-agents/EvaluationCase"
import * as EvaluationReport from "effect-gemini-agents/EvaluationReport"
import * as Scorer from "effect-gemini-agents/Scorer"
import type * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Scripted from "./scripted.ts"

const clerk = Agent.make({
  name: "clerk",
  instructions: "You add.",
  toolkit: Scripted.toolkit,
  output: Schema.Struct({ sum: Schema.Finite }),
  bounds: { steps: 3 }
})

const listed = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []
const at = (value: unknown, key: string): unknown => Reflect.get(Object(value), key)

/** A model that adds with the tool, cannot subtract, and judges by the length of what it is shown. */
const model: Extract<NonNullable<Emulator.Options["answers"]>, (...args: never) => unknown> = ({ body }) => {
  const contents = listed(at(body, "contents"))
  const first = JSON.stringify(contents[0])
  if (first.includes("You judge")) {
    return Scripted.answer([{ text: JSON.stringify({ why: "It is short.", score: 8 }) }])
  }
  if (first.includes("endless")) return Scripted.answer([Scripted.call("add", { a: contents.length, b: 1 })])
  if (first.includes("minus")) return Scripted.answer([{ text: "{\"sum\":7}" }])
  const isFirst = contents.length === 1
  return isFirst
    ? Scripted.answer([Scripted.call("add", { a: 2, b: 3 })])
    : Scripted.answer([{ text: "{\"sum\":5}" }])
}

const lines = [
  { name: "sum", input: "2 and 3?", expected: { sum: 5 }, contains: ["SUM", "5"], tools: ["add"] },
  { name: "difference", input: "5 minus 3?", expected: { sum: 2 }, contains: ["2", "sum"], tools: ["add"] },
  { name: "never", input: "endless", expected: { sum: 1 }, contains: ["1"], tools: ["add", "add"] }
].map((line) => JSON.stringify(line)).join("\n\n")

const scorers = [
  Scorer.exact,
  Scorer.contains,
  Scorer.schema(Schema.Struct({ sum: Schema.Int })),
  Scorer.trajectory(),
  Scorer.cost("0.00006"),
  Scorer.steps(2),
  Scorer.judge({ rubric: "Short." })
]

const evaluated = Effect.gen(function*() {
  yield* TestClock.setTime(Scripted.today)
  const cases = yield* EvaluationCase.fromLines(lines, Schema.String)
  return yield* Evaluation.run({ agent: clerk, cases, scorers, repeats: 4, concurrency: 3 })
}).pipe(Effect.provide(Scripted.over(model)))

describe("an evaluation", () => {
  it.effect("plays each case so often, scores each run, and says how sure it is", () =>
    Effect.gen(function*() {
      const report = yield* evaluated
      const means = Object.fromEntries(
        Object.entries(report.scores).map(([name, { mean }]) => [name, Math.round(mean * 100) / 100])
      )
      assert.deepStrictEqual(means, {
        exact: 0.33,
        contains: 0.5,
        schema: 0.67,
        trajectory: 0.33,
        "cost ≤ $0.00006": 0.67,
        "steps ≤ 2": 0.67,
        judge: 0.53
      })
      assert.deepInclude(report.scores["exact"], { n: 12 })
      assert.approximately(report.scores["exact"]?.low ?? 0, 0.138, 0.001)
      assert.approximately(report.scores["exact"]?.high ?? 0, 0.609, 0.001)
      assert.deepStrictEqual(report.cases.map(({ name, runs }) => [name, runs.length, runs[0]?.outcome]), [
        ["sum", 4, "answered"],
        ["difference", 4, "answered"],
        ["never", 4, "StepLimit"]
      ])
      assert.strictEqual(report.cases[1]?.runs[0]?.scores["exact"]?.why, "sum is 7, not 2")
      const printed = Evaluation.print(report)
      for (
        const said of [
          "3 cases, 12 runs, 67 % answered",
          "exact: 33 % (14 % to 61 %)",
          "never (StepLimit)",
          "it called nothing"
        ]
      ) assert.include(printed, said)
    }))

  it.effect("is kept in a file, and what is worse than it is named", () =>
    Effect.gen(function*() {
      const report = yield* evaluated
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "evaluation-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const path = join(folder, "baseline.json")
      yield* EvaluationReport.write(report, path)
      const baseline = yield* EvaluationReport.read(path)
      assert.deepStrictEqual(EvaluationReport.worse(report, baseline), [])
      const scores = {
        ...report.scores,
        exact: { mean: 0.9, low: 0.85, high: 0.94, n: 100 },
        gone: { mean: 0, low: 0, high: 0.1, n: 12 },
        contains: { mean: 0.55, low: 0.3, high: 0.8, n: 12 }
      }
      const better = { ...baseline, scores }
      assert.deepStrictEqual(EvaluationReport.worse(report, better).map(({ scorer }) => scorer), ["exact", "gone"])
      assert.deepStrictEqual(
        EvaluationReport.worse(report, better, { tolerance: 0.01 }).map(({ scorer }) => scorer),
        ["exact", "contains", "gone"]
      )
      writeFileSync(path, "{\"version\":2}")
      assert.include((yield* Effect.flip(EvaluationReport.read(path))).message, "is not a report")
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("refuses cases that cannot be told apart or read, with their place", () =>
    Effect.gen(function*() {
      const one = { name: "a", input: "x" }
      const agent = Agent.make({ name: "a", instructions: "" })
      const refused = (
        cases: ReadonlyArray<EvaluationCase.EvaluationCase<string>>,
        repeats = 1,
        scorers: ReadonlyArray<typeof Scorer.exact> = []
      ) => Effect.map(Effect.flip(Evaluation.run({ agent, cases, repeats, scorers })), (error) => error.message)
      assert.include(yield* refused([]), "there are no cases")
      assert.include(yield* refused([one, one]), "two cases have the name \"a\"")
      assert.include(yield* refused([one], 0), "repeats is a whole number")
      assert.include(yield* refused([one], 1, [Scorer.exact, Scorer.exact]), "two scorers")
      const unread = (text: string) =>
        Effect.map(Effect.flip(EvaluationCase.fromLines(text, Schema.String)), ({ line, message }) => [line, message])
      assert.deepStrictEqual(yield* unread("{\"name\":\"a\",\"input\":\"x\"}\n\nnot"), [3, "line 3: it is not JSON"])
      const [line, message] = yield* unread("{\"name\":\"a\",\"input\":1}")
      assert.strictEqual(line, 1)
      assert.include(String(message), "input")
    }).pipe(Effect.provide(Scripted.over(model))))
})

describe("the trajectory", () => {
  it.effect("is the part of the longer list that both share in order", () =>
    Effect.gen(function*() {
      const { records, ...answer } = yield* Agent.run(
        Agent.make({ name: "clerk", instructions: "", toolkit: Scripted.toolkit }),
        "go"
      )
      const scoreOf = (tools: ReadonlyArray<string>, others?: "only" | "among") =>
        Effect.map(
          Scorer.trajectory({ others }).score({
            case: { name: "a", input: "", tools },
            answer: { ...answer, records }
          }),
          ({ score }) => score
        )
      assert.strictEqual(yield* scoreOf(["add", "nothing", "add"]), 1)
      assert.strictEqual(yield* scoreOf(["add", "add"]), 2 / 3)
      assert.strictEqual(yield* scoreOf(["add", "add"], "among"), 1)
      assert.strictEqual(yield* scoreOf(["nothing", "add", "add"]), 2 / 3)
      assert.strictEqual(yield* scoreOf([]), 0)
    }).pipe(Effect.provide(Scripted.over([
      Scripted.answer([Scripted.call("add", { a: 1, b: 1 }), Scripted.call("nothing", {})]),
      Scripted.answer([Scripted.call("add", { a: 2, b: 1 })]),
      Scripted.answer([{ text: "done" }])
    ]))))
})
