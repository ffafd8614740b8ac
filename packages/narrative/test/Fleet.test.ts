/**
 * A fleet of worker processes on PostgreSQL: every act once, whoever plays it; what one of them has is gone on with by the
 * others when it dies, freezes or is restarted. A sample in the tests, whole by `pnpm prove 22.1`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import type * as GeminiClient from "effect-gemini/GeminiClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import { isProving, sizeOf } from "../../../scripts/proof.ts"
import * as Postgres from "../../journal/test/Postgres.ts"
import { postgres } from "../../journal/test/sql.ts"
import { acts, type Asked, asked, bundled, twice, type Worker, worker } from "./fleet.ts"
import { gemini } from "./runs.ts"
import { model } from "./storyProcess.ts"

const line = "22.1"

const size = sizeOf(line, {
  test: { workers: 2, runs: 6, acts: 4, delay: 400 },
  prove: { workers: 3, runs: 50, acts: 12, delay: 400 }
})

interface Fleet {
  readonly emulator: Emulator.Emulator["Service"]
  readonly workers: Array<Worker>
  /** One more worker, once it is ready. */
  readonly another: Effect.Effect<Worker, never, Scope.Scope>
  /** Starts the runs, and waits until all have ended. */
  readonly playAll: Effect.Effect<
    ReadonlyArray<Runs.RunSummary>,
    unknown,
    GeminiClient.GeminiClient | Scope.Scope
  >
  /** The runs that a process plays now. */
  readonly playedBy: (worker: Worker) => Effect.Effect<ReadonlyArray<string>>
  readonly asked: Effect.Effect<ReadonlyArray<Asked>>
}

const fleet = Effect.fnUntraced(function*(delay: number = size.delay) {
  const program = yield* bundled("fleetWorker")
  const emulator = Context.get(
    yield* Layer.build(Emulator.layerServer({ answers: model, faults: [{ delay }] })),
    Emulator.Emulator
  )
  const url = yield* Postgres.database
  const client = yield* Layer.build(ClusterRuns.layerNodeClient({ url: Redacted.make(url) }))
  const runs = Context.get(client, Runs.Runs)
  const fleet = Context.get(client, ClusterRuns.Workers)
  const sql = Context.get(yield* Layer.build(postgres(url)), SqlClient)
  const workers: Array<Worker> = []
  const another = Effect.gen(function*() {
    const one = yield* worker(program, url, emulator.url)
    yield* Effect.promise(() => one.ready)
    workers.push(one)
    return one
  })
  yield* Effect.forEach(Array.from({ length: size.workers }), () => another, { concurrency: "unbounded" })
  // Until each worker knows of the others.
  yield* Effect.sleep(4_000)
  assert.strictEqual((yield* fleet.list).filter(({ isAlive }) => isAlive).length, size.workers)
  const made: Fleet = {
    emulator,
    workers,
    another,
    playAll: Effect.gen(function*() {
      const playing = yield* Effect.forEach(
        Array.from({ length: size.runs }, (_, n) => `run${n}`),
        (id) => Effect.flatMap(Narrative.parse(acts(id, size.acts)), (story) => runs.start(story, { id })),
        { concurrency: 8 }
      )
      return yield* Effect.forEach(playing, ({ end }) => end, { concurrency: "unbounded" })
    }),
    playedBy: (worker) =>
      Effect.orDie(Effect.map(
        sql<{ readonly run_id: string }>`SELECT claim.run_id FROM gemini_run_claim claim
          JOIN gemini_run_worker worker ON worker.id = claim.worker WHERE worker.pid = ${worker.process.pid ?? 0}`,
        (rows) => rows.map(({ run_id }) => run_id)
      )),
    asked: Effect.provideService(asked, Emulator.Emulator, emulator)
  }
  return made
})

const allEnded = (summaries: ReadonlyArray<Runs.RunSummary>) =>
  assert.deepStrictEqual(
    summaries.flatMap(({ answered, causes, id, standing }) =>
      standing === "finished" && answered === size.acts ? [] : [[id, standing, answered, JSON.stringify(causes)]]
    ),
    []
  )

const say = (text: string): void => {
  process.stdout.write(`\n22.1 ${size.workers} workers, ${size.runs} runs of ${size.acts} acts, ${text}\n`)
}

const provided = <A, E>(effect: Effect.Effect<A, E, GeminiClient.GeminiClient | Scope.Scope>) =>
  Effect.provide(Effect.scoped(effect), gemini())

const after = size.delay * 2.5

describe.skipIf(Postgres.skip !== undefined)(
  `a fleet on PostgreSQL${Postgres.skip === undefined ? "" : " (skipped)"}`,
  () => {
    it.live.runIf(isProving(line))("without a death asks every act once", () =>
      provided(Effect.gen(function*() {
        const { asked, playAll } = yield* fleet()
        const from = Date.now()
        allEnded(yield* playAll)
        const all = yield* asked
        assert.strictEqual(all.length, size.runs * size.acts)
        assert.strictEqual(twice(all).size, 0)
        say(`no death: ${all.length} asked, none twice, ${Date.now() - from} ms`)
      })), 600_000)

    it.live(
      "of which one is killed goes on with its runs, and asks at most the act in flight of each once more",
      () =>
        provided(Effect.gen(function*() {
          const times: Array<number> = []
          const kills = sizeOf(line, { test: 1, prove: 5 })
          for (let kill = 0; kill < kills; kill++) {
            yield* Effect.scoped(Effect.gen(function*() {
              const { asked, playAll, playedBy, workers } = yield* fleet()
              const playing = yield* Effect.forkChild(playAll, { startImmediately: true })
              while ((yield* asked).length < size.runs) {
                yield* Effect.sleep(50)
              }
              yield* Effect.sleep(after)
              const [victim] = workers
              if (victim === undefined) return assert.fail("there is no worker")
              const theirs = yield* playedBy(victim)
              victim.process.kill("SIGKILL")
              const at = Date.now()
              allEnded(yield* Fiber.join(playing))
              const all = yield* asked
              const again = twice(all)
              assert.isAtMost(Math.max(0, ...again.values()), 2)
              const byRun = new Map<string, number>()
              for (const what of again.keys()) {
                const run = what.slice(0, what.lastIndexOf("_"))
                byRun.set(run, (byRun.get(run) ?? 0) + 1)
              }
              assert.isAtMost(Math.max(0, ...byRun.values()), 1)
              assert.includeMembers(Array.from(theirs), Array.from(byRun.keys()), "only runs of the dead worker")
              const gaps = theirs.flatMap((id) => {
                const next = all.find(({ at: when, run }) => run === id && when > at)
                return next === undefined ? [] : [next.at - at]
              }).sort((a, b) => a - b)
              const last = gaps.at(-1)
              if (last !== undefined) times.push(last)
              say(
                `one killed: it had ${theirs.length} runs, ${again.size} acts asked twice; the first of its runs went on ` +
                  `after ${gaps[0] ?? "?"} ms, the last after ${last ?? "?"} ms`
              )
            }))
          }
          times.sort((a, b) => a - b)
          if (isProving(line)) {
            assert.strictEqual(times.length, kills)
            say(
              `${kills} kills: all runs of the dead worker were taken over after ${
                times[times.length >> 1]
              } ms at the median`
            )
            assert.isAtMost(times[times.length >> 1] ?? Infinity, 6_000)
          }
        })),
      1_200_000
    )

    it.live.runIf(isProving(line))(
      "of which one freezes past its locks: it asks nothing of its runs after the thaw",
      () =>
        provided(Effect.gen(function*() {
          const { asked, playAll, playedBy, workers } = yield* fleet(1_200)
          const playing = yield* Effect.forkChild(playAll, { startImmediately: true })
          while ((yield* asked).length < size.runs) yield* Effect.sleep(50)
          yield* Effect.sleep(after)
          const [frozen] = workers
          if (frozen === undefined) {
            return assert.fail("there is no worker")
          }
          const theirs = yield* playedBy(frozen)
          frozen.process.kill("SIGSTOP")
          const stopped = Date.now()
          yield* Effect.sleep(14_000)
          const before = (yield* asked).length
          assert.isBelow(before, size.runs * size.acts, "there is something left to ask")
          frozen.process.kill("SIGCONT")
          allEnded(yield* Fiber.join(playing))
          const all = yield* asked
          const again = twice(all)
          const late = all.slice(before).filter(({ what }) => again.has(what))
          const gaps = theirs.flatMap((id) => {
            const next = all.find(({ at: when, run }) => run === id && when > stopped + 50)
            return next === undefined ? [] : [next.at - stopped]
          }).sort((a, b) => a - b)
          say(
            `one frozen for 14 s: it had ${theirs.length} runs, ${again.size} acts asked twice, ${late.length} of them after ` +
              `the thaw; its runs went on after ${gaps[0] ?? "?"} to ${gaps.at(-1) ?? "?"} ms`
          )
          assert.isAtMost(again.size, theirs.length)
          assert.isAtMost(Math.max(0, ...again.values()), 2)
          assert.strictEqual(late.length, 0)
        })),
      600_000
    )

    it.live.runIf(isProving(line))(
      "that is restarted worker by worker asks no act twice",
      () =>
        provided(Effect.gen(function*() {
          const { another, asked, playAll, workers } = yield* fleet()
          const playing = yield* Effect.forkChild(playAll, { startImmediately: true })
          while ((yield* asked).length < size.runs) {
            yield* Effect.sleep(50)
          }
          const took: Array<number> = []
          for (const old of workers.slice(0, size.workers)) {
            const at = Date.now()
            old.process.kill("SIGTERM")
            yield* Effect.promise(() => old.ended)
            took.push(Date.now() - at)
            yield* another
          }
          allEnded(yield* Fiber.join(playing))
          const all = yield* asked
          say(`restarted one after the other (${took.join(", ")} ms to end): ${twice(all).size} acts asked twice`)
          assert.deepStrictEqual(Array.from(twice(all)), [])
        })),
      600_000
    )
  }
)
