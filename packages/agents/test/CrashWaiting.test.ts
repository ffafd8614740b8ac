/**
 * Kill -9 of a real process at the boundaries of a run that waits for approval at each of its steps, in each of the
 * processes that it takes: the sample of the tests, and every boundary by `pnpm prove 23.1`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { isProving, seedOf, sizeOf } from "../../../scripts/proof.ts"
import type { Job, Said } from "./clerkJob.ts"
import { type Clerks, clerks, decided, done, folder, grounds, model, recordsOf } from "./clerkProcess.ts"

const seed = seedOf("23.1", 23)
const steps = sizeOf("23.1", { test: 1, prove: 3 })

/** Plays the first processes of a run, one after the other, and gives the job of the next one. */
const after = (clerk: Clerks, job: Job, processes: number): Effect.Effect<Job> =>
  Effect.gen(function*() {
    let next = job
    for (let i = 0; i < processes; i++) {
      const said: Said | undefined = yield* clerk.play(next)
      next = { ...next, decisions: decided(next, said ?? { boundaries: 0 }) }
    }
    return next
  })

for (const { name, place, skip } of grounds) {
  describe.skipIf(skip)(`kill -9 of a run that waits for people on ${name}`, () => {
    it.live(
      "ends in the same answer; what ended is not called again, what was allowed is done once",
      () =>
        Effect.gen(function*() {
          const clerk = yield* clerks
          const where = yield* place
          const path = yield* folder
          const server = yield* Layer.build(
            Emulator.layerServer({ answers: model(["keyed", "asked"], steps), strictSignatures: true })
          )
          const emulator = Context.get(server, Emulator.Emulator)
          const job = (id: string): Job => ({
            url: emulator.url,
            place: where,
            id,
            effects: join(path, id),
            dies: 0
          })
          const whole = yield* clerk.toEnd(job("whole"))
          assert.strictEqual(whole.text, `${steps} steps`)
          assert.lengthOf(whole.all, steps + 1)
          const usual = (yield* emulator.requests).length
          assert.strictEqual(usual, steps + 1)
          const all = whole.all.flatMap(({ boundaries }, process) =>
            Array.from({ length: boundaries }, (_, i) => ({ process, dies: i + 1 }))
          )
          const boundaries = isProving("23.1")
            ? all
            : all.slice(seed % all.length).slice(0, 1)
          for (const { dies, process } of boundaries) {
            const at = `killed at ${dies} in process ${process + 1}`
            yield* emulator.clear
            const id = `run-${process}-${dies}`
            const next = yield* after(clerk, job(id), process)
            assert.isUndefined(yield* clerk.play({ ...next, dies }), `${at}: it did not die`)
            const before = done(join(path, id))
            const ended = new Set(
              (yield* recordsOf(where, id)).flatMap((it) => it._tag === "CallEnded" ? [it.call] : [])
            )
            // Whoever decided does not know that the process died, and says it again: it counts once.
            const said = yield* clerk.toEnd(next)
            assert.strictEqual(said.text, whole.text, at)
            const effects = done(join(path, id))
            const again = effects.slice(before.length).filter(({ call }) => ended.has(call))
            assert.deepStrictEqual(again, [], `${at}: calls that had ended`)
            const asked = effects.filter(({ tool }) => tool === "asked").map(({ call }) => call)
            assert.strictEqual(new Set(asked).size, asked.length, `${at}: a call that was allowed once ran twice`)
            assert.strictEqual(asked.length, steps, at)
            const keys = new Set(effects.filter(({ tool }) => tool === "keyed").map(({ key }) => key))
            assert.strictEqual(keys.size, steps, `${at}: an effect for each key`)
            const records = yield* recordsOf(where, id)
            const allowed = records.filter((it) => it._tag === "Decided" && it.verdict._tag === "approve")
            assert.lengthOf(allowed, steps, `${at}: each call is decided once`)
            assert.isAtMost((yield* emulator.requests).length, usual + 1, `${at}: questions`)
          }
          globalThis.process.stdout.write(
            `\n23.1 ${name}, waiting for people: ${boundaries.length} of ${all.length} boundaries\n`
          )
        }),
      3_600_000
    )
  })
}
