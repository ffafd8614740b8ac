/** What people do to a run while it is played, or afterwards: stop, cancel, skip, fall back, fork, watch, remove. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import { chain, fan, files, filesIn, folder, gemini, inTime, prompts } from "./runs.ts"

const blocked: Emulator.Options["answers"] = ({ body }) =>
  JSON.stringify(body).includes("Say 0\"")
    ? { response: { promptFeedback: { blockReason: "SAFETY" } } }
    : { text: "yes" }

const ended = <E, R>(playing: Effect.Effect<Runs.Playing, E, R>) =>
  Effect.scoped(Effect.flatMap(playing, ({ end }) => end))

describe("a run that is played", () => {
  it.live("stops after the acts in flight, or aborts them; resume asks what is left", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ delay: 200 })
      const story = yield* Narrative.parse(chain(3))
      for (const inFlight of ["finish", "abort"] as const) {
        yield* emulator.clear
        yield* emulator.addFault({ delay: 200 })
        const playing = yield* runs.start(story, { id: inFlight })
        yield* emulator.awaitLog((entries) => entries.length >= 1)
        yield* playing.stop(inFlight)
        const stopped = yield* playing.end
        assert.deepStrictEqual(
          [stopped.standing, stopped.isStopped, stopped.answered],
          ["paused", true, inFlight === "finish" ? 1 : 0]
        )
        // What was aborted may have been answered unheard.
        assert.strictEqual(stopped.totals.isEstimated, inFlight === "abort")
        assert.strictEqual((yield* ended(runs.resume(inFlight))).standing, "finished")
        assert.strictEqual((yield* prompts).length, inFlight === "finish" ? 3 : 4)
      }
    }).pipe(Effect.scoped, Effect.provide([Runs.layerMemory(), gemini()])))

  it.live("is paused when its scope is closed", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ delay: 60_000 })
      const story = yield* Narrative.parse(chain(2))
      yield* Effect.scoped(Effect.andThen(
        runs.start(story, { id: "a" }),
        emulator.awaitLog((entries) => entries.length >= 1)
      ))
      const { isStopped, standing } = yield* runs.get("a")
      assert.deepStrictEqual([standing, isStopped], ["paused", true])
    }).pipe(Effect.provide([files, gemini()])))

  it.live("is cancelled by whoever has its folder: requests in flight are aborted, and it cannot be resumed", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const directory = join(yield* folder, "runs")
      const [here, there] = yield* Effect.all([
        Effect.provide(Runs.Runs, filesIn(directory), { local: true }),
        Effect.provide(Runs.Runs, filesIn(directory), { local: true })
      ])
      yield* emulator.addFault({ delay: 60_000 })
      const story = yield* Narrative.parse(chain(2))
      const playing = yield* here.start(story, { id: "a" })
      yield* emulator.awaitLog((entries) => entries.length >= 1)
      assert.strictEqual((yield* there.cancel("a")).standing, "cancelled")
      assert.strictEqual((yield* playing.end).standing, "cancelled")
      const error = yield* Effect.flip(here.resume("a"))
      assert.include(error.message, "was cancelled")
      assert.strictEqual((yield* here.cancel("a")).standing, "cancelled")
    }).pipe(Effect.scoped, Effect.provide(gemini())))

  it.live("tells watchers in its own process the text as it streams, and every record once and in order", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { nth: 1, times: 1 }, delay: 200 })
      const playing = yield* runs.start(yield* Narrative.parse(chain(2)), { id: "a", stream: true })
      const watching = yield* Effect.forkChild(Stream.runCollect(runs.events("a")), { startImmediately: true })
      yield* playing.end
      const events = yield* Fiber.join(watching)
      assert.isTrue(events.some((event) => event._tag === "Told" && event.event._tag === "Chunk"))
      const numbers = events.flatMap((event) => event._tag === "Told" ? [] : [event.seq])
      assert.deepStrictEqual(numbers, numbers.map((_, n) => n))
      const last = events.at(-1)
      assert.strictEqual(last?._tag === "Recorded" ? last.record._tag : "", "Finished")
    }).pipe(Effect.scoped, Effect.provide([Runs.layerMemory(), gemini()])))
})

describe("an act that fails for good", () => {
  it.effect("stops the run, which resume refuses; with skip only what needs it is left out", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const story = yield* Narrative.parse(fan(3))
      const stopped = yield* inTime(ended(runs.start(story, { id: "stop" })))
      assert.deepStrictEqual([stopped.standing, stopped.failed], ["failed", ["act0"]])
      assert.include((yield* Effect.flip(Effect.scoped(runs.resume("stop")))).message, "failed for good")
      const skipped = yield* inTime(ended(runs.start(story, { id: "skip", onFailure: "skip" })))
      assert.deepStrictEqual(
        [skipped.standing, skipped.failed, skipped.skipped, skipped.answered],
        ["finished", ["act0"], ["last"], 2]
      )
    }).pipe(Effect.provide([Runs.layerMemory(), gemini({ answers: blocked })])))

  it.effect("is asked of its fallback models in turn", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { model: "gemini-2.5-pro" }, status: 503 })
      const story = yield* Narrative.parse(
        "[[acts]]\nname = \"a\"\nmodel = \"gemini-2.5-pro\"\nfallback_models = [\"gemini-2.5-flash\"]\nprompt = \"Say\""
      )
      assert.strictEqual((yield* inTime(ended(runs.start(story, { id: "a" })))).standing, "finished")
      assert.strictEqual((yield* runs.results("a"))[0]?.model, "gemini-2.5-flash")
    }).pipe(Effect.provide([Runs.layerMemory(), gemini()])))
})

describe("a fork", () => {
  it.live("keeps all answers but those of the act and of what depends on it; the first run stays as it was", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const emulator = yield* Emulator.Emulator
      yield* ended(runs.start(yield* Narrative.parse(fan(3)), { id: "a" }))
      const before = yield* runs.get("a")
      yield* emulator.clear
      const id = yield* runs.fork("a", "act1")
      const summary = yield* ended(runs.resume(id))
      assert.strictEqual(summary.standing, "finished")
      assert.deepStrictEqual((yield* prompts).map((prompt) => prompt.slice(0, 5)), ["Say 1", "Join "])
      assert.deepStrictEqual(yield* runs.get("a"), before)
      const error = yield* Effect.flip(runs.fork("a", "act9"))
      assert.include(error.message, "its acts are act0, act1, act2, last")
      yield* runs.remove(id)
      assert.strictEqual((yield* Effect.flip(runs.get(id))).reason._tag, "NotFound")
    }).pipe(Effect.provide([files, gemini()])))
})

describe("options that cannot be meant", () => {
  it.effect("are refused before anything is written or sent", () =>
    Effect.gen(function*() {
      const runs = yield* Runs.Runs
      const story = yield* Narrative.parse(chain(1))
      const refused = (options: Runs.StartOptions) =>
        Effect.map(Effect.flip(Effect.scoped(runs.start(story, { id: "a", ...options }))), ({ message }) => message)
      assert.include(yield* refused({ concurrency: 0 }), "concurrency: expected a whole number from 1")
      assert.include(yield* refused({ budget: { money: "lots" } }), "budget")
      assert.include(yield* refused({ id: "../a" }), "cannot be the id of a run")
      assert.deepStrictEqual(yield* Stream.runCollect(runs.list()), [])
      assert.deepStrictEqual(yield* prompts, [])
    }).pipe(Effect.provide([Runs.layerMemory(), gemini()])))
})
