/**
 * Kill -9 of the process that plays a run of twelve acts on a cluster, one act at a time and four at once, on SQLite and on
 * PostgreSQL: another process goes on as one on files does. A sample in the tests, twenty random points of each by
 * `pnpm prove 22.2`.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Journal from "effect-gemini-journal/Journal"
import * as SqlJournal from "effect-gemini-journal/SqlJournal"
import * as Narrative from "effect-gemini-narrative/Narrative"
import { records, type RunRecord } from "effect-gemini-narrative/RunRecord"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { isProving, seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Postgres from "../../journal/test/Postgres.ts"
import { postgres } from "../../journal/test/sql.ts"
import * as SqliteClient from "../../journal/test/SqliteClient.ts"
import type { ClusterJob, ClusterSaid } from "./clusterJob.ts"
import { bundled } from "./fleet.ts"
import { folder } from "./runs.ts"
import { actOf, askedOf, model, twelve } from "./storyProcess.ts"

const line = "22.2"

/** Numbers from 0 to 1 that a seed decides (mulberry32). */
const random = (seed: number) => {
  let state = seed
  return (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Milliseconds that an answer takes. */
const delay = 60

/** A store, as a process is told of it, and what it has of a run. */
interface Store {
  readonly file?: string
  readonly database?: string
  readonly recordsOf: (id: string) => Effect.Effect<ReadonlyArray<RunRecord>>
}

const readOf = <E>(journal: Layer.Layer<Journal.Journal, E>) => (id: string) =>
  Journal.Journal.use((journal) => Stream.runCollect(journal.read(records, id))).pipe(
    Effect.map((entries) => entries.flatMap((entry) => entry._tag === "Recorded" ? [entry.record] : [])),
    Effect.provide(journal, { local: true }),
    Effect.orElseSucceed(() => [])
  )

const stores: Readonly<Record<string, Effect.Effect<Store, unknown, Scope.Scope>>> = {
  SQLite: Effect.map(folder, (path) => {
    const file = join(path, "runs.sqlite")
    return { file, recordsOf: readOf(Layer.provide(SqlJournal.layer(), SqliteClient.layer(file))) }
  }),
  ...(Postgres.skip === undefined
    ? {
      PostgreSQL: Effect.map(Postgres.database, (database) => ({
        database,
        recordsOf: readOf(Layer.provide(SqlJournal.layer(), postgres(database)))
      }))
    }
    : {})
}

interface Spawned {
  readonly process: ChildProcess
  readonly startedAt: number
  readonly ended: Promise<ClusterSaid | undefined>
}

const play = (
  program: string,
  store: Store,
  job: Omit<ClusterJob, "file">
): Effect.Effect<Spawned, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const startedAt = Date.now()
      const whole: ClusterJob = { ...job, ...(store.file === undefined ? {} : { file: store.file }) }
      const child = spawn(process.execPath, [program, JSON.stringify(whole)], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...(store.database === undefined ? {} : { DATABASE: store.database }) }
      })
      const ended = Promise.withResolvers<ClusterSaid | undefined>()
      let said = ""
      let errors = ""
      child.stdout.on("data", (data: Buffer) => void (said += data.toString()))
      child.stderr.on("data", (data: Buffer) => void (errors += data.toString()))
      child.once("close", (code, signal) => {
        if (signal === "SIGKILL") ended.resolve(undefined)
        else if (code === 0) ended.resolve(JSON.parse(said.trim().split("\n").at(-1) ?? ""))
        else ended.reject(new Error(`ended with ${code}: ${errors.slice(-2_000)}`))
      })
      return { process: child, startedAt, ended: ended.promise }
    }),
    ({ process }) => Effect.sync(() => void process.kill("SIGKILL"))
  )

const answered = (records: ReadonlyArray<RunRecord>): ReadonlySet<string> =>
  new Set(records.flatMap((record) => record._tag === "ActAnswered" ? [record.act] : []))

/** Kills a run once so many requests have arrived, and some milliseconds later; then another process goes on with it. */
const killed = Effect.fnUntraced(function*(
  program: string,
  store: Store,
  emulator: Emulator.Emulator["Service"],
  job: Omit<ClusterJob, "file">,
  arrivals: number,
  later: number
) {
  yield* emulator.clear
  yield* emulator.addFault({ delay })
  const first = yield* play(program, store, job)
  yield* emulator.awaitLog((entries) => entries.length >= arrivals)
  // The point of the kill is a moment, whatever the process does then.
  yield* Effect.sleep(later)
  first.process.kill("SIGKILL")
  const said = yield* Effect.promise(() => first.ended)
  const before = yield* store.recordsOf(job.id)
  const requests = yield* emulator.requests
  const second = yield* play(program, store, { ...job, goesOn: true })
  const result = yield* Effect.promise(() => second.ended)
  const counts = yield* Effect.provideService(askedOf, Emulator.Emulator, emulator)
  const next = (yield* emulator.requests)[requests.length]
  const after = yield* store.recordsOf(job.id)
  const asked = new Set(requests.map(({ body }) => actOf(body)))
  const known = new Set(before.flatMap((record) => record._tag === "ActAsked" ? [record.act] : []))
  return {
    wasKilled: said === undefined,
    result,
    twice: Array.from(counts).flatMap(([act, count]) => count > 1 ? [act] : []),
    thrice: Array.from(counts).flatMap(([act, count]) => count > 2 ? [act] : []),
    /** Acts that were recorded as answered, and asked again all the same. */
    again: Array.from(answered(before)).filter((act) => (counts.get(act) ?? 0) > 1),
    /** Requests that left before they were recorded. */
    unknown: Array.from(asked).filter((act) => !known.has(act)),
    lost: Array.from(
      new Set(after.flatMap((record) => record._tag === "ActAsked" && record.mayHaveRun === true ? [record.act] : []))
    ),
    wait: next === undefined ? undefined : next.time - second.startedAt
  }
})

for (const [name, store] of Object.entries(stores)) {
  for (const concurrency of [1, 4]) {
    const how = concurrency === 1 ? "one act at a time" : "four acts at once"
    // The tests have one of each kind.
    const isSampled = (name === "SQLite") === (concurrency === 4)
    describe(`a run on ${name}, ${how}, whose process is killed`, () => {
      it.live.runIf(isSampled || isProving(line))(
        "ends with the same texts; no recorded act is asked again, and at most those in flight are",
        () =>
          Effect.gen(function*() {
            const program = yield* bundled("clusterJob")
            const place = yield* store
            const emulator = Context.get(
              yield* Layer.build(Emulator.layerServer({ answers: model, faults: [{ delay }] })),
              Emulator.Emulator
            )
            const job = (id: string) => ({
              url: emulator.url,
              id,
              text: twelve(concurrency === 1),
              concurrency,
              goesOn: false
            })
            const client = GeminiClient.layer({ baseUrl: emulator.url, apiKey: Redacted.make("k"), tier: "tier3" })
            const whole = yield* Effect.flatMap(Narrative.parse(twelve(concurrency === 1)), Narrative.execute).pipe(
              Effect.provide(Layer.provide(client, FetchHttpClient.layer))
            )
            const texts = whole.acts.map(({ text }) => text)
            assert.strictEqual(texts.length, 12)
            const next = random(seedOf(line, 22 + concurrency))
            const waits: Array<number> = []
            let twice = 0
            let died = 0
            const kills = sizeOf(line, { test: 1, prove: 20 })
            for (let kill = 0; kill < kills; kill++) {
              const arrivals = 1 + Math.floor(next() * 11)
              const later = next() * delay * 1.2
              const at = `killed ${later.toFixed(0)} ms after request ${arrivals}`
              const run = yield* Effect.scoped(killed(program, place, emulator, job(`run-${kill}`), arrivals, later))
              // On a busy machine the run may be over before the kill: then nothing may be asked again at all.
              if (run.wasKilled) died++
              assert.deepStrictEqual(run.result?.texts, texts, at)
              assert.deepStrictEqual(run.again, [], `${at}: recorded acts that were asked again`)
              assert.deepStrictEqual(run.unknown, [], `${at}: requests without a record`)
              assert.deepStrictEqual(run.thrice, [], at)
              assert.isAtMost(run.twice.length, concurrency, at)
              assert.includeMembers(run.lost, run.twice, `${at}: what was asked twice is marked`)
              twice += run.twice.length
              if (run.wait !== undefined) waits.push(run.wait)
            }
            waits.sort((a, b) => a - b)
            process.stdout.write(
              `\n22.2 ${name}, ${how}: ${died} kills, ${twice} acts asked twice in all; first request of the other process ` +
                `after ${waits[waits.length >> 1] ?? "?"} ms at the median, ${waits.at(-1) ?? "?"} ms at most\n`
            )
            if (isProving(line)) assert.strictEqual(died, kills)
          }).pipe(Effect.scoped),
        3_600_000
      )
    })
  }
}

describe("two processes on one SQLite file", () => {
  it.live("ask no act twice, on one run and on a run each", () =>
    Effect.gen(function*() {
      const program = yield* bundled("clusterJob")
      const path = yield* folder
      const store: Store = { file: join(path, "runs.sqlite"), recordsOf: () => Effect.succeed([]) }
      const emulator = Context.get(
        yield* Layer.build(Emulator.layerServer({ answers: model, faults: [{ delay }] })),
        Emulator.Emulator
      )
      const job = (id: string, goesOn: boolean) => ({
        url: emulator.url,
        id,
        text: twelve(true).replaceAll("\"[act", `"[${id}act`),
        concurrency: 1,
        goesOn
      })
      const first = yield* play(program, store, job("one", false))
      yield* emulator.awaitLog((entries) => entries.length >= 2)
      const second = yield* play(program, store, job("one", true))
      const third = yield* play(program, store, job("two", false))
      const ended = yield* Effect.promise(() => Promise.all([first.ended, second.ended, third.ended]))
      assert.deepStrictEqual(ended.map((said) => said?.standing), ["finished", "finished", "finished"])
      const counts = yield* Effect.provideService(askedOf, Emulator.Emulator, emulator)
      assert.deepStrictEqual(Array.from(counts.values()), Array.from({ length: 24 }, () => 1))
    }).pipe(Effect.scoped), 120_000)
})
