/**
 * Runs in one process: what is recorded, what is asked again and what is not, in memory and in files.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { sqlite } from "./cluster.ts"
import { chain, fan, files, gemini, inTime, prompts } from "./runs.ts"

for (
  const [name, place] of [
    ["memory", Layer.merge(Runs.layerMemory(), gemini())],
    ["files", Layer.merge(files, gemini())],
    ["a cluster of one process on SQLite", Layer.provideMerge(sqlite, gemini())]
  ] as const
) {
  describe(`a run in ${name}`, () => {
    it.live("is played to its end, recorded in order, and its texts can be read", () =>
      Effect.gen(function*() {
        const runs = yield* Runs.Runs
        const story = yield* Narrative.parse(chain(3))
        const playing = yield* runs.start(story, { id: "story" })
        const summary = yield* playing.end
        assert.strictEqual(summary.standing, "finished")
        assert.deepStrictEqual([summary.acts, summary.answered], [3, 3])
        const results = yield* runs.results("story")
        assert.deepStrictEqual(results.map(({ act }) => act), ["act0", "act1", "act2"])
        assert.include((yield* prompts)[2] ?? "", results[1]?.text ?? "?")
        const events = yield* Stream.runCollect(runs.events("story"))
        assert.deepStrictEqual(
          // On a cluster the worker opens the run that another one began.
          events.flatMap((event, n) => event._tag === "Recorded" ? [event.record._tag] : n === 0 ? [event._tag] : []),
          [
            "Opened",
            "Started",
            "ActAsked",
            "ActAnswered",
            "ActAsked",
            "ActAnswered",
            "ActAsked",
            "ActAnswered",
            "Finished"
          ]
        )
        assert.deepStrictEqual(
          events.map((event) => event._tag === "Told" ? -1 : event.seq),
          events.map((_, seq) => seq)
        )
        const usage = results.reduce((sum, { usage }) => sum + (usage?.totalTokens ?? 0), 0)
        assert.strictEqual(summary.totals.totalTokens, usage)
        const [listed] = yield* Stream.runCollect(runs.list())
        assert.strictEqual(listed?.id, "story")
      }).pipe(Effect.scoped, Effect.provide(place)))

    it.live("of acts side by side ends them all, and what uses them comes last", () =>
      Effect.gen(function*() {
        const runs = yield* Runs.Runs
        const story = yield* Narrative.parse(fan(5))
        const { end } = yield* runs.start(story, { id: "fan", concurrency: 3 })
        assert.strictEqual((yield* end).answered, 6)
        assert.match((yield* prompts)[5] ?? "", /^Join /)
      }).pipe(Effect.scoped, Effect.provide(place)))
  })
}

describe("an outage", () => {
  it.effect("pauses the run with its cause, and resume asks that act alone", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const emulator = yield* Emulator.Emulator
      const story = yield* Narrative.parse(chain(3))
      const fault: Fault.Fault = { when: { nth: 2 }, error: { code: 503 } }
      yield* emulator.addFault(fault)
      const first = yield* inTime(Effect.scoped(Effect.flatMap(runs.start(story, { id: "a" }), ({ end }) => end)))
      assert.strictEqual(first.standing, "paused")
      assert.strictEqual(first.causes[0]?.cause.reason, "Overloaded")
      yield* emulator.removeFault(fault)
      yield* emulator.clear
      const second = yield* inTime(Effect.scoped(Effect.flatMap(runs.resume("a"), ({ end }) => end)))
      assert.strictEqual(second.standing, "finished")
      assert.strictEqual((yield* prompts).length, 2)
    }).pipe(Effect.provide([Runs.layerMemory(), gemini()])))
})
