/**
 * A second process resumes a run whose first one is alive and only slow: it stands still at a boundary and goes on
 * later. The sample of the tests, and every boundary by `pnpm prove 23.1`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { isProving, seedOf, sizeOf } from "../../../scripts/proof.ts"
import type { Job } from "./clerkJob.ts"
import { clerks, decided, done, folder, grounds, model, recordsOf } from "./clerkProcess.ts"

const seed = seedOf("23.1", 23)
const steps = sizeOf("23.1", { test: 2, prove: 4 })

for (const { isLocked, name, place, skip } of grounds) {
  describe.skipIf(skip)(`a second process at a living run on ${name}`, () => {
    it.live(
      isLocked
        ? "is Busy and does nothing; the first one goes on to the answer"
        : "goes on to the answer; the first one is TakenOver, and neither asks nor begins anything after it",
      () =>
        Effect.gen(function*() {
          const clerk = yield* clerks
          const where = yield* place
          const path = yield* folder
          const server = yield* Layer.build(
            Emulator.layerServer({ answers: model(["keyed", "once"], steps), strictSignatures: true })
          )
          const emulator = Context.get(server, Emulator.Emulator)
          const job = (id: string): Job => ({ url: emulator.url, place: where, id, effects: join(path, id), dies: 0 })
          const whole = yield* clerk.toEnd(job("whole"))
          const usual = (yield* emulator.requests).length
          // At the first two boundaries there is no run yet, and at the last one it is over.
          const all = Array.from({ length: whole.boundaries - 3 }, (_, i) => i + 3)
          const boundaries = isProving("23.1")
            ? all
            : [0, 11].map((i) => all[(seed + i) % all.length] ?? 3)
          for (const stops of boundaries) {
            yield* emulator.clear
            const id = `run-${stops}`
            const at = `stopped at ${stops}`
            yield* Effect.scoped(Effect.gen(function*() {
              const first = yield* clerk.halt({ ...job(id), stops })
              const before = yield* recordsOf(where, id)
              const effects = done(join(path, id)).length
              const second = yield* clerk.play(job(id))
              if (isLocked) {
                assert.match(second?.reason ?? "", /^Busy/, at)
                assert.lengthOf(done(join(path, id)), effects, at)
                assert.deepStrictEqual(yield* recordsOf(where, id), before, `${at}: the second one wrote nothing`)
                const said = yield* first.goesOn
                assert.strictEqual(said?.text, whole.text, at)
                assert.strictEqual((yield* emulator.requests).length, usual, at)
                return
              }
              const said = second?.text === undefined && second !== undefined
                ? yield* clerk.toEnd({ ...job(id), decisions: decided(job(id), second) })
                : second
              assert.strictEqual(said?.text, whole.text, at)
              const over = yield* recordsOf(where, id)
              const late = done(join(path, id)).length
              const asked = (yield* emulator.requests).length
              const went = yield* first.goesOn
              const reason = went?.reason?.split(":")[0] ?? went?.text ?? ""
              assert.strictEqual(reason, "TakenOver", at)
              assert.deepStrictEqual(yield* recordsOf(where, id), over, `${at}: the first one wrote nothing`)
              // What it had begun before, as its records say, was under way. Nothing else is done.
              const begun = new Set(before.flatMap((it) => it._tag === "CallStarted" ? [it.call] : []))
              for (const { call, pid } of done(join(path, id)).slice(late)) {
                assert.strictEqual(pid, first.pid)
                assert.isTrue(begun.has(call), `${at}: ${call} began after the run was somebody else's`)
              }
              const underWay = before.at(-1)?._tag === "Asked" ? 1 : 0
              assert.isAtMost((yield* emulator.requests).length, asked + underWay, `${at}: questions`)
            }))
          }
          process.stdout.write(`\n23.1 ${name}, a living run: ${boundaries.length} of ${all.length} boundaries\n`)
        }),
      3_600_000
    )
  })
}
