/** Kill -9 of a real process in the middle of a fan-out and of a loop: what is answered is not asked again, item by item. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { folder } from "./runs.ts"
import type { Job } from "./storyJob.ts"
import { actOf, askedOf, model, play, program, recordsOf } from "./storyProcess.ts"

/** Eight items side by side, a loop of three rounds of two acts, and one that joins them. */
const story = `
[[acts]]
name = "each"
for_each = ["a", "b", "c", "d", "e", "f", "g", "h"]
prompt = "[each{{index}}] of {{item}}"
[[acts]]
name = "polish"
repeat = { until = "draft contains 'never'", max = 3 }
[[acts.acts]]
name = "draft"
prompt = "[draft{{index}}] after {{previous.check}} with {{each}}"
[[acts.acts]]
name = "check"
prompt = "[check{{index}}] of {{draft}}"
[[acts]]
name = "join"
prompt = "[join] {{each}} {{polish}}"
`

describe("kill -9 in a fan-out and in a loop", () => {
  it.live(
    "ends in the same output, asks no recorded act again, and at most those in flight twice",
    () =>
      Effect.gen(function*() {
        const code = yield* program
        const directory = join(yield* folder, "runs")
        const services = yield* Layer.build(Emulator.layerServer({ answers: model, faults: [{ delay: 60 }] }))
        const emulator = Context.get(services, Emulator.Emulator)
        const concurrency = 3
        const job = (id: string): Job => ({ url: emulator.url, directory, id, text: story, concurrency, goesOn: false })
        const whole = yield* Effect.flatMap(play(code, job("whole")), ({ ended }) => Effect.promise(() => ended))
        assert.strictEqual(whole?.standing, "finished")
        // Eight items and their list, three rounds of two acts and their loop, and the last one.
        assert.strictEqual(whole?.texts?.length, 8 + 1 + 6 + 1 + 1)
        for (const arrivals of [5, 11]) {
          yield* emulator.clear
          yield* emulator.addFault({ delay: 60 })
          const id = `killed-${arrivals}`
          const first = yield* play(code, job(id))
          yield* emulator.awaitLog((entries) => entries.length >= arrivals)
          first.process.kill("SIGKILL")
          assert.isUndefined(yield* Effect.promise(() => first.ended), "it was killed")
          const before = yield* recordsOf(directory, id)
          const answered = new Set(
            before.flatMap((record) => record._tag === "ActAnswered" && record.isGroup !== true ? [record.act] : [])
          )
          assert.isAtLeast(answered.size, 1)
          const second = yield* play(code, { ...job(id), goesOn: true })
          const result = yield* Effect.promise(() => second.ended)
          assert.deepStrictEqual([result?.standing, result?.texts], [whole?.standing, whole?.texts], id)
          const counts = yield* askedOf.pipe(Effect.provideService(Emulator.Emulator, emulator))
          const twice = [...counts].filter(([, count]) => count > 1).map(([act]) => act)
          assert.isAtMost(twice.length, concurrency, id)
          assert.isTrue([...counts.values()].every((count) => count <= 2), id)
          // The model names `each[4]` each4.
          const again = [...answered].map((act) => act.replace(/\[(\d+)\]$/, "$1")).filter((act) => twice.includes(act))
          assert.deepStrictEqual(again, [], id)
          assert.strictEqual(counts.size, 8 + 6 + 1, id)
        }
        assert.strictEqual(actOf("[each3] of d"), "each3")
      }).pipe(Effect.scoped),
    120_000
  )
})
