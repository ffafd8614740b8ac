/**
 * Kill -9 of a real process at the boundaries of a run of twelve steps with two calls each: the sample of the tests, and
 * every boundary by `pnpm prove 23.1`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { isProving, seedOf, sizeOf } from "../../../scripts/proof.ts"
import type { Job } from "./clerkJob.ts"
import { clerks, done, folder, grounds, model, recordsOf } from "./clerkProcess.ts"

const seed = seedOf("23.1", 23)
const steps = 12
/** How many runs are killed side by side: a process that begins leaves the others of the machine idle. */
const lanes = sizeOf("23.1", { test: 1, prove: 3 })

for (const { name, place, sample, skip } of grounds) {
  describe.skipIf(skip)(`kill -9 of a run on ${name}`, () => {
    it.live(
      "ends in the same answer; what ended is not called again, a keyed effect takes place once",
      () =>
        Effect.gen(function*() {
          const clerk = yield* clerks
          const where = yield* place
          const path = yield* folder
          const served = Effect.map(
            Layer.build(Emulator.layerServer({ answers: model(["keyed", "once"], steps), strictSignatures: true })),
            (server) => Context.get(server, Emulator.Emulator)
          )
          const job = ({ url }: Emulator.Emulator["Service"], id: string, dies: number): Job => ({
            url,
            place: where,
            id,
            effects: join(path, id),
            dies
          })
          const first = yield* served
          const whole = yield* clerk.toEnd(job(first, "whole", 0))
          assert.strictEqual(whole.text, `${steps} steps`)
          const usual = (yield* first.requests).length
          assert.strictEqual(usual, steps + 1)
          const all = Array.from({ length: whole.boundaries }, (_, index) => index + 1)
          const boundaries = isProving("23.1")
            ? all
            : Array.from({ length: sample }, (_, i) => all[(seed * 7 + i * 41) % all.length] ?? 1)
          const killedAt = (emulator: Emulator.Emulator["Service"], dies: number) =>
            Effect.gen(function*() {
              yield* emulator.clear
              const id = `run-${dies}`
              const killed = yield* clerk.play(job(emulator, id, dies))
              assert.isUndefined(killed, `it did not die at ${dies}`)
              const before = done(join(path, id))
              const ended = new Set(
                (yield* recordsOf(where, id)).flatMap((it) => it._tag === "CallEnded" ? [it.call] : [])
              )
              const said = yield* clerk.toEnd(job(emulator, id, 0))
              assert.strictEqual(said.text, whole.text, `killed at ${dies}`)
              const after = done(join(path, id))
              const again = after.slice(before.length).filter(({ call }) => ended.has(call))
              assert.deepStrictEqual(again, [], `killed at ${dies}: calls that had ended`)
              const once = after.filter(({ tool }) => tool === "once").map(({ call }) => call)
              assert.strictEqual(
                new Set(once).size,
                once.length,
                `killed at ${dies}: a call of unknown outcome ran twice`
              )
              assert.strictEqual(once.length, steps)
              const keys = new Set(after.filter(({ tool }) => tool === "keyed").map(({ key }) => key))
              assert.strictEqual(keys.size, steps, `killed at ${dies}: an effect for each key`)
              const asked = (yield* emulator.requests).length
              assert.isAtMost(asked, usual + 1, `killed at ${dies}: questions`)
            })
          // Each lane has a server of its own, whose requests are those of one run at a time.
          yield* Effect.forEach(Array.from({ length: lanes }, (_, lane) => lane), (lane) =>
            Effect.flatMap(served, (emulator) =>
              Effect.forEach(
                boundaries.filter((_, i) =>
                  i % lanes === lane
                ),
                (dies) => killedAt(emulator, dies),
                { discard: true }
              )), { concurrency: "unbounded", discard: true })
          process.stdout.write(`\n23.1 ${name}: ${boundaries.length} of ${all.length} boundaries\n`)
        }),
      3_600_000
    )
  })
}
