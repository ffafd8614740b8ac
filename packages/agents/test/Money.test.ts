/** What bounds of money promise: answers as long as is reserved, shorter ones near the limit, and budgets of agents. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import * as AgentRun from "effect-gemini-agents/AgentRun"
import * as AgentState from "effect-gemini-agents/AgentState"
import * as Team from "effect-gemini-agents/Team"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Journal from "effect-gemini-journal/Journal"
import * as Budget from "effect-gemini/Budget"
import * as Cost from "effect-gemini/Cost"
import * as BudgetStore from "effect-gemini/limits/BudgetStore"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as Scripted from "./scripted.ts"

const model = "gemini-3.8-flash"
const write = { name: "writer", instructions: "You are writer." }
const persona = (name: string, plan: NonNullable<Rule.Rule["plan"]>): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})
const long = persona("writer", [{ say: "word ".repeat(20_000) }])
const adding = persona("writer", [
  { call: { name: "add", args: { a: 2, b: 3 } } },
  { call: { name: "add", args: { a: 3, b: 3 } } },
  { call: { name: "add", args: { a: 4, b: 3 } } },
  { say: "it is done" }
])

const over = (rules: ReadonlyArray<Rule.Rule>) => Layer.mergeAll(Scripted.by(rules), Journal.layerMemory())

/** An answer of 700 tokens. */
const dear = (parts: ReadonlyArray<unknown>) => {
  const { response } = Scripted.answer(parts)
  return {
    response: { ...response, usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 700, totalTokenCount: 710 } }
  }
}

/** The lengths of answers that were asked for. */
const asked = Effect.gen(function*() {
  const emulator = yield* Emulator.Emulator
  return (yield* emulator.requests).flatMap(({ apiMethod, body }) => {
    const config: unknown = typeof body === "object" && body !== null
      ? Reflect.get(body, "generationConfig")
      : undefined
    return apiMethod === "countTokens"
      ? []
      : [typeof config === "object" && config !== null ? Reflect.get(config, "maxOutputTokens") : undefined]
  })
})

const dollars = (text: string | undefined) => BigDecimal.fromStringUnsafe(text ?? "0")
const price = (usageMetadata: NonNullable<Parameters<typeof Cost.of>[1]["usageMetadata"]>) =>
  Cost.of(model, { usageMetadata }, { at: Scripted.today }).total ?? BigDecimal.make(0n, 0)
/** Dollars of a thousand output tokens. */
const thousand = price({ promptTokenCount: 0, candidatesTokenCount: 1_000 })
const times = (n: string) => BigDecimal.format(BigDecimal.multiply(thousand, BigDecimal.fromStringUnsafe(n)))

describe("a bound of money", () => {
  it.effect("has answers that are no longer than what is reserved, of workers and children too", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const writer = Agent.make(write)
      const bounds = { money: "100", outputTokens: 300 }
      const cut = yield* Effect.flip(Agent.run(writer, "go", { bounds }))
      assert.deepInclude(cut.reason, { _tag: "Unusable", why: "Truncated" })
      yield* Effect.flip(Agent.run(Team.sequence(writer, writer), "go", { bounds }))
      assert.deepStrictEqual(new Set(yield* asked), new Set([300]))
      const spent = AgentState.fold(cut.records).usage
      assert.isAtMost(spent.outputTokens, 900)
    }).pipe(Effect.provide(over([long]))))

  it.effect("leaves answers as long as the model's own settings say, where these are shorter, or money is not bounded", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const writer = Agent.make(write)
      const free = yield* Agent.run(writer, "go")
      assert.isAbove(free.usage.outputTokens, 10_000)
      yield* Effect.flip(Agent.run(writer, "go", { bounds: { money: "100" } })).pipe(
        GeminiLanguageModel.withConfigOverride({ maxOutputTokens: 100 })
      )
      yield* Effect.flip(Agent.run(writer, "go", { bounds: { money: "100", retries: 0 } }))
      assert.deepStrictEqual([...new Set(yield* asked)], [undefined, 100, 8_192])
    }).pipe(Effect.provide(over([long]))))

  it.effect("asks for a shorter answer where the rest does not pay for a long one, and never spends more than it is", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const writer = Agent.make({ ...write, bounds: { retries: 20 } })
      const error = yield* Effect.flip(Agent.run(writer, "go", { bounds: { money: times("9") } }))
      assert.strictEqual(error.reason._tag, "MoneyLimit")
      const lengths = yield* asked
      assert.strictEqual(lengths[0], 8_192)
      assert.isAbove(new Set(lengths).size, 1)
      assert.isAtLeast(Math.min(...lengths.map(Number)), 256)
      const spent = dollars(AgentState.fold(error.records).usage.dollars)
      assert.isTrue(BigDecimal.isLessThanOrEqualTo(spent, dollars(times("9"))))
      assert.isTrue(BigDecimal.isGreaterThan(spent, dollars(times("8.5"))))
    }).pipe(Effect.provide(over([long]))))

  it.effect("ends with a last answer of what is left, if the agent concludes at its bounds", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const writer = Agent.make({ ...write, toolkit: Scripted.toolkit, atBound: "conclude" })
      const { isPartial, records, text, usage } = yield* Agent.run(writer, "go", { bounds: { money: times("2") } })
      assert.isTrue(isPartial)
      assert.strictEqual(text, "so far")
      assert.isTrue(records.some((record) => record._tag === "AskFailed"))
      assert.isTrue(BigDecimal.isLessThanOrEqualTo(dollars(usage.dollars), dollars(times("2"))))
      assert.deepStrictEqual(yield* asked, [1_024, 1_024, 512])
    }).pipe(Effect.provide(
      Scripted.over([
        dear([Scripted.call("add", { a: 2, b: 3 })]),
        dear([Scripted.call("add", { a: 3, b: 3 })]),
        Scripted.answer([{ text: "so far" }])
      ])
    )))
})

describe("the budget of an agent", () => {
  it.effect("is one for all its runs, within that of a team and around theirs, and its spending adds up", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const limits = { money: "1" }
      const clerk = Agent.make({ ...write, toolkit: Scripted.toolkit, bounds: { money: "0.1" } })
      const writer = Agent.within(clerk, { name: "writers", ...limits })
      const boss = Agent.within(Agent.make({ name: "boss", instructions: "You are boss." }), {
        name: "bosses",
        ...limits
      })
      const team = Team.manager(boss, { writer })
      const whole = Budget.within({ name: "all", ...limits })
      const first = yield* whole(Agent.run(team, "go", { id: "m" }))
      const second = yield* whole(Agent.run(writer, "go", { id: "w" }))
      const read = (name: string) =>
        Effect.map(Budget.spending(name), (spent) => spent === undefined ? "" : BigDecimal.format(spent.money))
      const sum = (...texts: ReadonlyArray<string | undefined>) =>
        BigDecimal.format(BigDecimal.sumAll(texts.map(dollars)))
      assert.strictEqual(yield* read("all"), sum(first.cost, second.cost))
      assert.strictEqual(yield* read("bosses"), sum(first.cost))
      const parts = [...yield* AgentRun.spending("m"), ...yield* AgentRun.spending("w")]
      assert.deepStrictEqual(parts.map(({ agent, answers }) => [agent, answers]), [["boss", 2], ["writer", 4], [
        "writer",
        4
      ]])
      assert.strictEqual(yield* read("all"), sum(...parts.map(({ usage }) => usage.dollars)))
      assert.strictEqual(yield* read("writers"), sum(...parts.slice(1).map(({ usage }) => usage.dollars)))
      const worker = yield* Agent.resume(writer, "m.writer.1.0")
      assert.strictEqual(yield* read("writers"), sum(worker.cost, second.cost))
      assert.strictEqual(yield* read("agent w"), sum(second.cost))
    }).pipe(Effect.provide([
      over([persona("boss", [{ call: { name: "writer", args: { task: "add" } } }, { say: "it is done" }]), adding]),
      BudgetStore.layerMemory
    ])))

  it.effect("refuses what does not fit in it, and an amount that is none", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const clerk = Agent.make({ ...write, toolkit: Scripted.toolkit })
      const poor = Agent.within(clerk, { name: "poor", money: "0.000001" })
      const error = yield* Effect.flip(Agent.run(poor, "go", { id: "r" }))
      assert(error.reason._tag === "ModelFailed")
      assert.include(error.message, "the budget \"poor\" has no room for it")
      const wrong = yield* Effect.flip(Agent.run(Agent.within(clerk, { name: "wrong", money: "much" }), "go"))
      assert.strictEqual(wrong.reason._tag, "Refused")
      const rich = Agent.within(clerk, { name: "poor", money: "1" })
      assert.strictEqual((yield* Agent.resume(rich, "r")).text, "it is done")
    }).pipe(Effect.provide([over([adding]), BudgetStore.layerMemory])))
})
