/** Two processes on one run, and on one store: without any death no act is asked twice, and each run has its own. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { folder } from "./runs.ts"
import type { Job } from "./storyJob.ts"
import { actOf, askedOf, model, play, program, twelve } from "./storyProcess.ts"

const setting = Effect.gen(function*() {
  const story = yield* program
  const directory = join(yield* folder, "runs")
  // An answer takes so long that the second process is there before the first one is done.
  const server = yield* Layer.build(Emulator.layerServer({ answers: model, faults: [{ delay: 600 }] }))
  const emulator = Context.get(server, Emulator.Emulator)
  const job = (id: string): Job => ({
    url: emulator.url,
    directory,
    id,
    text: twelve(true),
    concurrency: 1,
    goesOn: false
  })
  const asked = Effect.provideService(askedOf, Emulator.Emulator, emulator)
  return { story, emulator, job, asked }
})

const said = (story: string, job: Job) =>
  Effect.scoped(Effect.flatMap(play(story, job), ({ ended }) => Effect.promise(() => ended)))

describe("two processes", () => {
  it.live("on one run: the second one is told Busy, and no act is asked twice", () =>
    Effect.gen(function*() {
      const { asked, emulator, job, story } = yield* setting
      const first = yield* play(story, job("one"))
      yield* emulator.awaitLog((entries) => entries.length >= 1)
      const others = yield* Effect.all([
        said(story, { ...job("one"), goesOn: true }),
        said(story, job("one")),
        said(story, { ...job("one"), goesOn: true })
      ], { concurrency: "unbounded" })
      assert.deepStrictEqual(others.map((other) => other?.reason), ["Busy", "Exists", "Busy"])
      const end = yield* Effect.promise(() => first.ended)
      assert.strictEqual(end?.standing, "finished")
      assert.deepStrictEqual([...(yield* asked).values()], Array.from({ length: 12 }, () => 1))
      // Once it is over there is nothing to go on with.
      const after = yield* said(story, { ...job("one"), goesOn: true })
      assert.deepStrictEqual([after?.standing, after?.texts], ["finished", end?.texts])
      assert.strictEqual((yield* emulator.requests).length, 12)
    }).pipe(Effect.scoped), 120_000)

  it.live("on one store: each plays its own run, and asks each act once", () =>
    Effect.gen(function*() {
      const { asked, emulator, job, story } = yield* setting
      yield* emulator.clear
      const ends = yield* Effect.all([said(story, job("left")), said(story, job("right"))], {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual(ends.map((end) => [end?.standing, end?.texts?.length]), [["finished", 12], [
        "finished",
        12
      ]])
      assert.deepStrictEqual(ends[0]?.texts, ends[1]?.texts)
      assert.deepStrictEqual([...(yield* asked).values()], Array.from({ length: 12 }, () => 2))
      assert.strictEqual(new Set((yield* emulator.requests).map(({ body }) => actOf(body))).size, 12)
    }).pipe(Effect.scoped), 120_000)

  it.live("that start one id at once: one of them plays it", () =>
    Effect.gen(function*() {
      const { asked, job, story } = yield* setting
      const ends = yield* Effect.all([said(story, job("same")), said(story, job("same"))], { concurrency: "unbounded" })
      const refused = ends.filter((end) => end?.standing === undefined)
      assert.strictEqual(refused.length, 1)
      assert.oneOf(refused[0]?.reason, ["Exists", "Busy"])
      assert.deepStrictEqual([...(yield* asked).values()], Array.from({ length: 12 }, () => 1))
    }).pipe(Effect.scoped), 120_000)
})
