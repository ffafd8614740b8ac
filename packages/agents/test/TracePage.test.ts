/** The page of a run as a browser shows it. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { TimedRecord } from "effect-gemini-agents/AgentRecord"
import * as Approval from "effect-gemini-agents/Approval"
import * as Team from "effect-gemini-agents/Team"
import * as Trace from "effect-gemini-agents/Trace"
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as Chromium from "../../conformance/test/live/chromium.ts"
import * as Scripted from "./scripted.ts"

const clerk = Agent.make({ name: "clerk", instructions: "You add and pay.", toolkit: Scripted.toolkit })

/** A run that waits three hours for a person, with times as a clock would give them. */
const trace: Effect.Effect<ReadonlyArray<TimedRecord>, unknown> = Effect.gen(function*() {
  yield* TestClock.setTime(Scripted.today)
  yield* Effect.flip(Agent.run(clerk, "Add <b>2</b> and 3, then pay the sum", { id: "r" }))
  yield* TestClock.adjust("3 hours")
  yield* Agent.resume(clerk, "r", [{ call: "2.0", verdict: { _tag: "approve" }, by: "ada" }])
  let later = 0
  return (yield* Trace.read("r")).map(({ at, record }) => {
    later += record._tag === "Answered" ? 1_400 : record._tag === "CallEnded" ? 350 : 0
    return { record, at: (at ?? 0) + later }
  })
}).pipe(Effect.provide([
  Scripted.over([
    Scripted.answer([
      { text: "First the sum.", thought: true },
      Scripted.call("add", { a: 2, b: 3 }),
      Scripted.call("add", { a: 1, b: 1 })
    ]),
    Scripted.answer([Scripted.call("pay", { cents: 5 })]),
    Scripted.answer([Scripted.call("nothing", {})]),
    Scripted.answer([{ text: "<script>document.title = 'taken'</script> 5 were paid." }])
  ]),
  Journal.layerMemory()
]))

const named = (name: string) => Agent.make({ name, instructions: `You are ${name}.`, toolkit: Scripted.toolkit })

/** A run that goes from one agent to the next, of whom the last one waits a day for a person. */
const handoff: Effect.Effect<ReadonlyArray<TimedRecord>, unknown> = Effect.gen(function*() {
  const team = Team.handoff({
    name: "support",
    start: "triage",
    agents: { triage: named("triage"), billing: named("billing"), refunds: named("refunds") },
    edges: { triage: ["billing"], billing: ["refunds"] }
  })
  yield* TestClock.setTime(Scripted.today)
  yield* Effect.flip(Agent.run(team, "I want my <b>5 cents</b>", { id: "s" }))
  yield* TestClock.adjust("1 day")
  yield* Agent.resume(team, "s", [Approval.approve("refunds.1/1.0", { by: "ada" })])
  let later = 0
  return (yield* Trace.read("s")).map(({ at, record }) => {
    later += record._tag === "ChildEnded" || record._tag === "Stopped" ? 2_300 : 0
    return { record, at: (at ?? 0) + later }
  })
}).pipe(Effect.provide([
  Scripted.by([
    { name: "triage", when: { system: { contains: "triage" } }, plan: [{ handOff: "billing" }] },
    {
      name: "billing",
      when: { system: { contains: "billing" } },
      plan: [{ call: { name: "add", args: { a: 2, b: 3 } } }, { handOff: "refunds" }]
    },
    {
      name: "refunds",
      when: { system: { contains: "refunds" } },
      plan: [{ call: { name: "pay", args: { cents: 5 } } }, { say: "Done: {{ result.pay }}" }]
    }
  ]),
  Journal.layerMemory()
]))

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "trace-page-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

describe.skipIf(!Chromium.isInstalled)("the page of a run", () => {
  it.effect("shows time, waits, tokens and dollars, and runs nothing that was said", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "run.html")
      const page = Trace.html(yield* trace)
      writeFileSync(file, page)
      yield* Effect.gen(function*() {
        const { evaluate, screenshot, until } = yield* Chromium.drive(pathToFileURL(file).href, "/dev/null", 60)
        yield* until("document.readyState === 'complete' && document.querySelector('ul') !== null")
        const text = String(yield* evaluate("document.body.innerText"))
        for (const shown of ["It ended with an answer.", "2.0 pay waits", "3h", "step 1", "clerk: \"Add <b>2</b>"]) {
          assert.include(text, shown)
        }
        assert.strictEqual(yield* evaluate("document.title"), "clerk: a run")
        assert.strictEqual(yield* evaluate("document.querySelectorAll('script, b, [style]').length"), 0)
        // The page's own style holds in spite of its policy, and what is below is indented.
        assert.strictEqual(yield* evaluate("getComputedStyle(document.body).maxWidth"), "1120px")
        assert.strictEqual(
          yield* evaluate(
            "[...document.querySelectorAll('ul ul')].every((list) => list.getBoundingClientRect().left > " +
              "list.parentElement.closest('ul').getBoundingClientRect().left)"
          ),
          true
        )
        // Every bar is drawn within the picture, and none of them is as thin as nothing.
        assert.strictEqual(
          yield* evaluate(
            "[...document.querySelectorAll('svg svg rect')].every((bar) => bar.width.baseVal.value >= 2 && " +
              "bar.x.baseVal.value >= 200 && bar.x.baseVal.value + bar.width.baseVal.value <= 800)"
          ),
          true
        )
        assert.strictEqual(yield* evaluate("document.querySelectorAll('svg svg rect').length"), 8)
        assert.strictEqual(yield* evaluate("document.documentElement.scrollWidth <= innerWidth"), true)
        yield* evaluate("document.querySelector('details').open = true")
        const picture = yield* screenshot
        assert.isAbove(picture.length, 10_000)
        if (process.env["TRACE_PICTURE"] !== undefined) writeFileSync(process.env["TRACE_PICTURE"], picture)
      }).pipe(TestClock.withLive)
    }).pipe(Effect.scoped), 60_000)

  it.effect("of a team shows its agents and who handed over to whom", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "team.html")
      writeFileSync(file, Trace.html(yield* handoff))
      yield* Effect.gen(function*() {
        const { evaluate, screenshot, until } = yield* Chromium.drive(pathToFileURL(file).href, "/dev/null", 60)
        yield* until("document.readyState === 'complete' && document.querySelector('ul') !== null")
        const text = String(yield* evaluate("document.body.innerText"))
        for (
          const shown of [
            "It ended with an answer.",
            "triage.1 → billing",
            "billing.1 → refunds",
            "triage.1 handed over to billing",
            "refunds.1 gave its answer",
            "an agent",
            "people are waited for",
            "support: \"I want my <b>5 cents</b>\""
          ]
        ) {
          assert.include(text, shown)
        }
        assert.notInclude(text, "the model\n")
        assert.strictEqual(yield* evaluate("document.querySelectorAll('script, b, [style]').length"), 0)
        // A bar for each agent, in the order of the handoffs, and two for the one that waited a day in between.
        const bars: unknown = yield* evaluate(
          "[...document.querySelectorAll('svg svg rect')].map((bar) => [bar.x.baseVal.value, bar.width.baseVal.value])"
        )
        assert(Array.isArray(bars))
        assert.lengthOf(bars, 5)
        const starts = bars.map((bar: unknown) => Number(Reflect.get(Object(bar), 0)))
        assert.deepStrictEqual(starts, starts.toSorted((a, b) => a - b))
        assert.isAbove(starts[1] ?? 0, (starts[0] ?? 0) + 20)
        assert.isAbove(starts[2] ?? 0, (starts[1] ?? 0) + 20)
        assert.strictEqual(yield* evaluate("document.documentElement.scrollWidth <= innerWidth"), true)
        const picture = yield* screenshot
        assert.isAbove(picture.length, 10_000)
        if (process.env["TEAM_PICTURE"] !== undefined) writeFileSync(process.env["TEAM_PICTURE"], picture)
      }).pipe(TestClock.withLive)
    }).pipe(Effect.scoped), 60_000)
})
