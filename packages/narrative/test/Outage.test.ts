/**
 * What may pass pauses a run: an outage longer than the retries, the quota of a day, a budget. `resume` then asks the act
 * that failed and those that had not begun, and both halves cost together what the server counted.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as Narrative from "effect-gemini-narrative/Narrative"
import type { RunBudget } from "effect-gemini-narrative/RunRecord"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Cost from "effect-gemini/Cost"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { chain, gemini, inTime, prompts } from "./runs.ts"

const model = "gemini-2.5-flash"

/** Tokens and dollars of all answers, as the emulator sent them. */
const counted = Effect.gen(function*() {
  const emulator = yield* Emulator.Emulator
  let tokens = 0
  let dollars = BigDecimal.fromBigInt(BigInt(0))
  for (const { chunks, status } of yield* emulator.requests) {
    if (status !== 200) continue
    const body: Cost.Charged = JSON.parse(chunks.map(({ bytes }) => new TextDecoder().decode(bytes)).join(""))
    tokens += Number(body.usageMetadata?.totalTokenCount ?? 0)
    dollars = BigDecimal.sum(dollars, Cost.of(model, body).total ?? dollars)
  }
  return { tokens, dollars: BigDecimal.format(dollars) }
})

const started = (id: string, text: string, options: Runs.StartOptions = {}) =>
  Effect.gen(function*() {
    const runs = yield* Runs.Runs
    const story = yield* Narrative.parse(text)
    const { end } = yield* runs.start(story, { id, model, ...options })
    return yield* end
  }).pipe(Effect.scoped, inTime)

const resumed = (id: string, options?: Runs.ResumeOptions) =>
  Runs.Runs.use((runs) => Effect.scoped(Effect.flatMap(runs.resume(id, options), ({ end }) => end))).pipe(inTime)

const kinds = (id: string) =>
  Effect.gen(function*() {
    const runs = yield* Runs.Runs
    const { next } = yield* runs.get(id)
    const events = yield* Stream.runCollect(Stream.take(runs.events(id), next))
    return events.flatMap((event) => event._tag === "Recorded" ? [event.record._tag] : [])
  })

const addUp = (summary: Runs.RunSummary) =>
  Effect.map(counted, ({ dollars, tokens }) => {
    assert.strictEqual(summary.totals.totalTokens, tokens)
    assert.strictEqual(summary.totals.dollars, dollars)
    assert.deepStrictEqual(summary.totals.charged, { tokens, dollars })
    assert.isFalse(summary.totals.isEstimated)
  })

const provided = <A, E>(effect: Effect.Effect<A, E, Runs.Runs | Emulator.Emulator | GeminiClient.GeminiClient>) =>
  Effect.provide(effect, [Runs.layerMemory(), gemini()])

describe("a run that cannot go on for now", () => {
  it.effect("at an outage longer than the retries is paused, and resume asks that act and what comes after it", () =>
    provided(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const fault: Fault.Fault = { when: { nth: 3 }, status: 503 }
      yield* emulator.addFault(fault)
      const first = yield* started("outage", chain(5))
      assert.strictEqual(first.standing, "paused")
      assert.deepStrictEqual(first.causes.map(({ act, cause }) => [act, cause.reason, cause.status]), [
        ["act2", "Overloaded", 503]
      ])
      assert.strictEqual(first.answered, 2)
      yield* emulator.removeFault(fault)
      const before = (yield* prompts).length
      const second = yield* resumed("outage")
      assert.strictEqual(second.standing, "finished")
      assert.deepStrictEqual(
        (yield* prompts).slice(before).map((prompt) => /^Say \d/.exec(prompt)?.[0]),
        ["Say 2", "Say 3", "Say 4"]
      )
      yield* addUp(second)
    })))

  it.effect("lets the acts in flight end and keeps them", () =>
    provided(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const outage: Fault.Fault = { when: { model: "gemini-2.5-pro" }, status: 503 }
      yield* emulator.addFault(outage, { when: { model }, delay: 60_000 })
      const acts = ["pro", "flash"].map((name) =>
        `[[acts]]\nname = "${name}"\nmodel = "gemini-2.5-${name}"\nprompt = "Say ${name}"\n`
      )
      const runs = yield* Runs.Runs
      const story = yield* Narrative.parse(acts.join("\n"))
      const first = yield* Effect.scoped(
        Effect.flatMap(runs.start(story, { id: "siblings", concurrency: 2 }), ({ end }) => end)
      ).pipe(inTime)
      assert.deepStrictEqual([first.standing, first.answered], ["paused", 1])
      yield* emulator.removeFault(outage)
      const second = yield* resumed("siblings")
      assert.strictEqual(second.standing, "finished")
      assert.strictEqual((yield* prompts).filter((prompt) => prompt === "Say flash").length, 1)
    })))

  it.effect("at the spent quota of a day is paused until the day turns", () =>
    provided(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.setQuotas({ models: { [model]: { rpd: 2 } } })
      const first = yield* started("day", chain(4))
      assert.strictEqual(first.standing, "paused")
      assert.deepStrictEqual(first.causes.map(({ act, cause }) => [act, cause.reason]), [["act2", "QuotaExhausted"]])
      const now = yield* Clock.currentTimeMillis
      const { until = 0 } = first
      assert.isAbove(until, now)
      assert.isAtMost(until - now, 24 * 3_600_000)
      yield* TestClock.adjust(until - now + 1_000)
      const second = yield* resumed("day")
      assert.strictEqual(second.standing, "finished")
      yield* addUp(second)
    })))

  it.effect("at its spent budget is paused; a restart is no second budget, a larger one goes on", () =>
    provided(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const budget: RunBudget = { tokens: 200, outputTokens: 60 }
      const first = yield* started("budget", chain(12), { budget })
      assert.strictEqual(first.standing, "paused")
      assert.deepStrictEqual(first.causes.map(({ cause }) => cause.reason), ["QuotaExhausted"])
      assert.isAbove(first.answered, 0)
      assert.isAtMost(first.totals.charged.tokens, 200)
      const asked = (yield* emulator.requests).length
      const again = yield* resumed("budget")
      assert.strictEqual(again.standing, "paused")
      assert.strictEqual((yield* emulator.requests).length, asked)
      const second = yield* resumed("budget", { budget: { tokens: 10_000 } })
      assert.strictEqual(second.standing, "finished")
      yield* addUp(second)
      assert.include(yield* kinds("budget"), "Paused")
    })))

  it.effect("waits itself where the wait is known and longer than a minute, without a request in flight", () =>
    provided(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { nth: 2, times: 1 }, status: 429, headers: { "retry-after": "300" } })
      const summary = yield* started("long", chain(3))
      assert.strictEqual(summary.standing, "finished")
      assert.include(yield* kinds("long"), "Waiting")
      yield* addUp(summary)
    })))
})
