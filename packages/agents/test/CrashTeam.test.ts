/**
 * Kill -9 of a real process at the boundaries of a team's run and those of its children: before and after each append,
 * request and handler. A manager with three workers, handoffs, `all` with one child that fails, and approvals that come
 * up from children: the sample of the tests, and every boundary by `pnpm prove 24.4`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { join } from "node:path"
import { isProving, seedOf, sizeOf } from "../../../scripts/proof.ts"
import type { Job } from "./clerkJob.ts"
import { type Clerks, clerks, decided, done, endedIn, folder, grounds } from "./clerkProcess.ts"
import { type Kind, rulesOf } from "./crew.ts"

const seed = seedOf("24.4", 24)
/** How many runs are killed side by side: a process that begins leaves the others of the machine idle. */
const lanes = sizeOf("24.4", { test: 1, prove: 3 })

interface Row {
  readonly kind: Kind
  readonly text: string
  readonly keyed: number
  readonly once: number
  readonly asked: number
  readonly questions: number
  /** Questions that are on their way at once, and those that a child asks again which had failed. */
  readonly more: number
}

const rows: ReadonlyArray<Row> = [
  { kind: "manager", text: "ada did, bob did, cid did", keyed: 2, once: 2, asked: 0, questions: 8, more: 3 },
  { kind: "handoff", text: "dot did", keyed: 3, once: 2, asked: 0, questions: 6, more: 1 },
  { kind: "verbatim", text: "dot did", keyed: 3, once: 2, asked: 0, questions: 6, more: 1 },
  { kind: "all", text: "Success Failure Success", keyed: 1, once: 2, asked: 0, questions: 7, more: 6 },
  { kind: "approvals", text: "dot did bob did", keyed: 1, once: 1, asked: 2, questions: 6, more: 2 }
]

/** Plays the first processes of a run, one after the other, and gives the job of the next one. */
const after = (clerk: Clerks, job: Job, processes: number): Effect.Effect<Job> =>
  Effect.gen(function*() {
    let next = job
    for (let i = 0; i < processes; i++) {
      const said = yield* clerk.play(next)
      next = { ...next, decisions: decided(next, said ?? { boundaries: 0 }) }
    }
    return next
  })

const served = (kind: Kind) =>
  Effect.map(
    Layer.build(Emulator.layerServer({ rules: rulesOf(kind), strictSignatures: true })),
    (server) => Context.get(server, Emulator.Emulator)
  )

for (const { isLocked, name, place, skip } of grounds) {
  describe.skipIf(skip)(`kill -9 of a team on ${name}`, () => {
    it.live(
      "ends in the same answer; no call and no child that ended is played again, a keyed effect takes place once",
      () =>
        Effect.gen(function*() {
          const clerk = yield* clerks
          const where = yield* place
          const path = yield* folder
          const played = isProving("24.4")
            ? rows
            : rows.filter(({ kind }) => isLocked ? kind === "manager" || kind === "approvals" : kind === "handoff")
          for (const { asked, keyed, kind, more, once, questions, text } of played) {
            const job = ({ url }: Emulator.Emulator["Service"], id: string): Job => ({
              url,
              place: where,
              id,
              team: kind,
              effects: join(path, id),
              dies: 0
            })
            const first = yield* served(kind)
            const whole = yield* clerk.toEnd(job(first, kind))
            assert.strictEqual(whole.text, text)
            assert.strictEqual((yield* first.requests).length, questions, kind)
            const all = whole.all.flatMap(({ boundaries }, process) =>
              Array.from({ length: boundaries }, (_, i) => ({ process, dies: i + 1 }))
            )
            const boundaries = isProving("24.4") ? all : [all[(seed * 17) % all.length] ?? { process: 0, dies: 1 }]
            const killedAt = (emulator: Emulator.Emulator["Service"], process: number, dies: number) =>
              Effect.gen(function*() {
                const at = `${kind}, killed at ${dies} in process ${process + 1}`
                yield* emulator.clear
                const id = `${kind}-${process}-${dies}`
                const next = yield* after(clerk, job(emulator, id), process)
                const killed = yield* clerk.play({ ...next, dies })
                // Children that play at once come to their boundaries in another order each time.
                assert.isTrue(killed === undefined || killed.boundaries < dies, `${at}: it did not die`)
                const before = done(join(path, id))
                const ended = yield* endedIn(where, id, kind)
                const said = yield* clerk.toEnd(next)
                assert.strictEqual(said.text, text, at)
                yield* endedIn(where, id, kind)
                const effects = done(join(path, id))
                const again = effects.slice(before.length).filter(({ key }) => ended.has(key))
                assert.deepStrictEqual(again, [], `${at}: calls that had ended`)
                const keysOf = (tool: string) => effects.filter((it) => it.tool === tool).map(({ key }) => key)
                assert.strictEqual(new Set(keysOf("keyed")).size, keyed, `${at}: an effect for each key`)
                assert.strictEqual(keysOf("once").length, once, `${at}: a call of unknown outcome ran twice`)
                assert.strictEqual(keysOf("asked").length, asked, `${at}: a call that was allowed once ran twice`)
                assert.isAtMost((yield* emulator.requests).length, questions + more, `${at}: questions`)
              })
            yield* Effect.forEach(Array.from({ length: lanes }, (_, lane) => lane), (lane) =>
              Effect.flatMap(served(kind), (emulator) =>
                Effect.forEach(
                  boundaries.filter((_, i) =>
                    i % lanes === lane
                  ),
                  ({ dies, process }) => killedAt(emulator, process, dies),
                  { discard: true }
                )), { concurrency: "unbounded", discard: true })
            process.stdout.write(`\n24.4 ${name}, ${kind}: ${boundaries.length} of ${all.length} boundaries\n`)
          }
        }),
      3_600_000
    )
  })
}
