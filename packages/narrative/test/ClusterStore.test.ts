/**
 * What lies in a fleet's database, and comes from another version: a dump of format 1 (2026-11-29) is gone on with by every
 * later build, messages and journals from the future are refused or left alone, and MySQL is refused.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Journal from "effect-gemini-journal/Journal"
import * as Records from "effect-gemini-journal/Records"
import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Plan from "effect-gemini-narrative/Plan"
import * as RunRecord from "effect-gemini-narrative/RunRecord"
import * as Runs from "effect-gemini-narrative/Runs"
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import * as TestRunner from "effect/cluster/TestRunner"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { spawnSync } from "node:child_process"
import { join } from "node:path"
import * as Postgres from "../../journal/test/Postgres.ts"
import { chain, folder, gemini, prompts } from "./runs.ts"
import { clusterAt } from "./sqliteCluster.ts"
import { actOf } from "./storyProcess.ts"

const ended = <E, R>(playing: Effect.Effect<Runs.Playing, E, R>) =>
  Effect.scoped(Effect.flatMap(playing, ({ end }) => end))

describe.skipIf(Postgres.skip !== undefined)("a dump of format 1", () => {
  it.live(
    "is gone on with: what was cut off by itself, what waits by resume and decide; no recorded act is asked",
    () =>
      Effect.gen(function*() {
        const url = yield* Postgres.database
        const { status, stderr } = spawnSync(
          Postgres.program("psql"),
          ["-v", "ON_ERROR_STOP=1", "-q", "-f", join(import.meta.dirname, "clusterFormat1.sql"), url],
          { encoding: "utf8" }
        )
        assert.strictEqual(status, 0, stderr)
        const emulator = yield* Emulator.Emulator
        const worker = yield* Layer.build(Layer.provide(
          ClusterRuns.layerNode({ url: Redacted.make(url) }),
          Logger.layer([])
        ))
        const runs = Context.get(worker, Runs.Runs)
        const listed = yield* Stream.runCollect(runs.list())
        const standings = listed.map((
          { id, summary }
        ) => [id, summary._tag === "Success" ? summary.success.standing : summary.failure.message])
        // The worker goes on with what was cut off by itself, and may be through with it by now.
        assert.include(["running", "finished"], standings[0]?.[1])
        assert.deepStrictEqual(standings, [
          ["cutOff", standings[0]?.[1]],
          ["finished", "finished"],
          ["paused", "paused"],
          ["undecided", "running"]
        ])
        assert.strictEqual((yield* runs.results("finished"))[0]?.act, "a")
        const cutOff = yield* ended(runs.resume("cutOff"))
        assert.deepStrictEqual([cutOff.standing, cutOff.answered], ["finished", 2])
        assert.isTrue(cutOff.totals.isEstimated, "the answer that nobody heard is charged")
        assert.strictEqual((yield* ended(runs.resume("paused"))).standing, "finished")
        const end = yield* runs.resume("undecided")
        yield* runs.decide("undecided", "b", { verdict: "approve", by: "ada" })
        assert.strictEqual((yield* end.end).standing, "finished")
        const asked = (yield* emulator.requests).map(({ body }) => actOf(body)).toSorted()
        assert.deepStrictEqual(asked, ["cutOff_b", "paused_b", "undecided_b"])
      }).pipe(Effect.scoped, Effect.provide(gemini())),
    60_000
  )
})

describe("what a newer version left in a store", () => {
  /** Puts a message into the store, as one of another version would: that of the run `a`, with another payload. */
  const put = (payload: string, n: number) =>
    SqlClient.SqlClient.use((sql) =>
      sql`INSERT INTO cluster_messages
        (id, message_id, shard_id, entity_type, entity_id, kind, tag, payload, headers, request_id, processed)
        SELECT id + ${n}, message_id || ${`-${n}`}, shard_id, entity_type, entity_id || ${`-${n}`}, kind, tag, ${payload},
          headers, id + ${n}, 0
        FROM cluster_messages WHERE tag = 'run' AND payload = '{"run":"a"}'`
    )

  it.live(
    "is played where its message has more than a run, refused where it has none, and holds nobody up",
    () =>
      Effect.gen(function*() {
        const file = join(yield* folder, "runs.sqlite")
        const cluster = yield* Layer.build(Layer.fresh(clusterAt(file)))
        const worker = yield* Layer.build(ClusterRuns.layerWorker({ poll: "10 millis" })).pipe(Effect.provide(cluster))
        const runs = Context.get(worker, Runs.Runs)
        const journal = Context.get(worker, Journal.Journal)
        assert.strictEqual(
          (yield* ended(runs.start(yield* Narrative.parse(chain(2)), { id: "a" }))).standing,
          "finished"
        )
        // A run of a version whose records this one does not know.
        const newer = Records.make({
          name: RunRecord.records.name,
          version: 99,
          schema: Schema.Struct({ what: Schema.String })
        })
        const { next } = yield* Effect.scoped(Effect.gen(function*() {
          const run = yield* journal.create(newer, "newer")
          yield* run.append([{ what: "unheard of" }], { state: "running" })
          return { next: run.next }
        }))
        const payloads = [
          `{"stage":"none"}`,
          `{"run":5}`,
          `{"run":"../a","lane":"fast"}`,
          `{"run":"newer"}`,
          `{"run":"not-there"}`,
          `{"run":"begun","lane":"fast"}`
        ]
        // This one was begun, and its message is from the future.
        yield* Effect.scoped(Effect.gen(function*() {
          const run = yield* journal.create(RunRecord.records, "begun")
          const { plan } = yield* Plan.make(yield* Narrative.parse(chain(1)))
          const started: RunRecord.RunRecord = {
            _tag: "Started",
            content: { plan },
            settings: { concurrency: 1 },
            library: "99.0.0"
          }
          yield* run.append([started], { state: "running" })
        }))
        yield* Effect.forEach(payloads, (payload, n) => put(payload, (n + 1) * 2 ** 40), { discard: true }).pipe(
          Effect.provide(cluster)
        )
        yield* runs.events("begun").pipe(Stream.runDrain)
        assert.strictEqual((yield* runs.get("begun")).standing, "finished", "what it has more is of no concern")
        assert.strictEqual(
          (yield* ended(runs.start(yield* Narrative.parse(chain(1)), { id: "b" }))).standing,
          "finished"
        )
        yield* Effect.sleep("300 millis")
        assert.include((yield* Effect.flip(runs.get("newer"))).message, "a newer version wrote this run")
        assert.strictEqual((yield* journal.head("newer")).next, next, "it is left as it is")
        assert.strictEqual((yield* prompts).length, 4)
        const listed = yield* Stream.runCollect(runs.list())
        assert.deepStrictEqual(listed.map(({ id }) => id), ["a", "b", "begun", "newer"])
      }).pipe(Effect.scoped, Effect.provide(gemini())),
    60_000
  )
})

describe("MySQL", () => {
  it.effect("is refused with the reason, before anything is written", () =>
    Effect.gen(function*() {
      const never = Effect.die(new Error("it was asked"))
      const mysql = Layer.effect(
        SqlClient.SqlClient,
        SqlClient.make({
          driver: "mysql",
          acquirer: never,
          compiler: Statement.makeCompiler({
            dialect: "mysql",
            placeholder: () => "?",
            onIdentifier: (name) => name,
            onCustom: () => ["", []],
            onRecordUpdate: () => ["", []]
          }),
          spanAttributes: []
        })
      ).pipe(Layer.provide(Reactivity.layer))
      const error = yield* Layer.build(ClusterRuns.layer()).pipe(
        Effect.provide(ClusterWorkflowEngine.layer.pipe(Layer.provideMerge(TestRunner.layer), Layer.merge(mysql))),
        Effect.scoped,
        Effect.flip
      )
      assert.include(String(error), "64 KiB")
    }))
})
