/**
 * Whether a fleet does what it is there for: a worker that lives but takes no runs is known, says so itself, and is taken for
 * dead by the others; one that is gone is no longer listed.
 */
import { assert, describe, it } from "@effect/vitest"
import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
import type { RunEvent } from "effect-gemini-narrative/RunEvent"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import { SqlClient } from "effect/sql/SqlClient"
import { join } from "node:path"
import * as SqliteClient from "../../journal/test/SqliteClient.ts"
import type { State } from "../src/internal/cluster/Fleet.ts"
import * as Tables from "../src/internal/cluster/tables.ts"
import { tend } from "../src/internal/cluster/tending.ts"
import type { Order } from "../src/internal/play.ts"
import type { Live } from "../src/internal/playRun.ts"
import { folder, gemini } from "./runs.ts"
import { clusterAt } from "./sqliteCluster.ts"

const until = <E>(holds: Effect.Effect<boolean, E>): Effect.Effect<void, E> =>
  Effect.flatMap(holds, (yes) => yes ? Effect.void : Effect.andThen(Effect.sleep("50 millis"), until(holds)))

describe("a worker", () => {
  it.live(
    "that takes none of the runs that are its own says that it is stuck, and the others take it for dead",
    () =>
      Effect.gen(function*() {
        const database = yield* Layer.build(SqliteClient.layer(join(yield* folder, "runs.sqlite")))
        const tables = yield* Effect.provide(Tables.make, database)
        const woken: Array<string> = []
        const state: Pick<State, "address" | "isMine" | "live" | "pollNow" | "tables" | "wakeLate" | "worker"> = {
          address: "10.0.0.7:34431",
          worker: "10.0.0.7:34431/a",
          tables,
          live: new Map(),
          isMine: (id) => Effect.succeed(id !== "theirs"),
          // The cluster is told, and nothing comes of it.
          wakeLate: (id) => Effect.sync(() => void woken.push(id)),
          pollNow: Effect.void
        }
        yield* tables.queue("theirs", -60_000)
        yield* tables.queue("fresh")
        yield* tables.queue("later", 60_000)
        const untaken = yield* Effect.scoped(Effect.gen(function*() {
          const tended = yield* tend(state)
          assert.deepStrictEqual(yield* tended.untaken, [])
          assert.isFalse(yield* tables.isStuck(state.address))
          assert.deepStrictEqual((yield* tables.workers).map(({ isAlive, isStuck }) => [isAlive, isStuck]), [[
            true,
            false
          ]])
          // Half a minute later, as the database's clock has it.
          yield* tables.queue("lost", -31_000)
          yield* tables.queue("late", -5_000)
          yield* until(Effect.map(tended.untaken, (ids) => ids.length > 0))
          assert.isTrue(yield* tables.isStuck(state.address))
          assert.isFalse(yield* tables.isStuck("10.0.0.8:34431"))
          assert.deepStrictEqual((yield* tables.workers).map(({ isAlive, isStuck }) => [isAlive, isStuck]), [[
            false,
            true
          ]])
          return yield* tended.untaken
        }))
        assert.deepStrictEqual(untaken, ["lost"])
        assert.includeMembers(woken, ["lost", "late"], "it was given to the cluster once more")
        assert.notIncludeMembers(woken, ["theirs", "fresh", "later"])
        assert.deepStrictEqual(yield* tables.workers, [], "a worker that has ended is not listed")
      }).pipe(Effect.scoped),
    20_000
  )

  it.live("tells a run of an order once, and keeps the order for whoever plays the run after it", () =>
    Effect.gen(function*() {
      const database = yield* Layer.build(SqliteClient.layer(join(yield* folder, "runs.sqlite")))
      const tables = yield* Effect.provide(Tables.make, database)
      const play = Effect.map(
        Effect.all([Queue.unbounded<Order>(), PubSub.unbounded<RunEvent>()]),
        ([orders, told]): Live => ({ orders, told, end: Effect.never, decisions: new Map() })
      )
      const played = yield* play
      const live = new Map([["a", played]])
      yield* tend({
        address: "",
        worker: "worker/a",
        tables,
        live,
        isMine: () => Effect.succeed(true),
        wakeLate: () => Effect.void,
        pollNow: Effect.void
      })
      yield* tables.order("a", "finish")
      assert.deepStrictEqual(yield* Queue.take(played.orders), { _tag: "Stop", abort: false })
      yield* tables.order("a", "abort")
      assert.deepStrictEqual(yield* Queue.take(played.orders), { _tag: "Stop", abort: true }, "and of none twice")
      const next = yield* play
      live.set("a", next)
      yield* tables.order("a", "cancel")
      assert.sameDeepMembers(yield* Effect.all(Array.from({ length: 3 }, () => Queue.take(next.orders))), [
        { _tag: "Stop", abort: false },
        { _tag: "Stop", abort: true },
        { _tag: "Cancel" }
      ])
    }).pipe(Effect.scoped))

  it.live("is silent once its last sign of life is too old, and what it had is overdue", () =>
    Effect.gen(function*() {
      const database = yield* Layer.build(SqliteClient.layer(join(yield* folder, "runs.sqlite")))
      const tables = yield* Effect.provide(Tables.make, database)
      const worker = { id: "10.0.0.7:1/a", address: "10.0.0.7:1", machine: "seven", pid: 7 }
      yield* tables.seen(worker, { playing: 1, taken: 1, isStuck: false })
      yield* tables.take("a", worker.id)
      assert.strictEqual(yield* tables.stateOf("a"), "played")
      assert.deepStrictEqual(yield* tables.silent(2_500), [])
      const sql = Context.get(database, SqlClient)
      yield* sql`UPDATE gemini_run_worker SET seen_at = seen_at - 3000`
      assert.deepStrictEqual((yield* tables.silent(2_500)).map(({ id }) => id), [worker.id])
      assert.strictEqual(yield* tables.stateOf("a"), "played", "it may only be slow")
      yield* sql`UPDATE gemini_run_worker SET seen_at = seen_at - 13000`
      yield* sql`UPDATE gemini_run_claim SET due_at = due_at - 60000`
      assert.strictEqual(yield* tables.stateOf("a"), "queued")
      assert.deepStrictEqual(yield* tables.overdue(30_000), ["a"])
      // A worker without a socket takes a run only from one that is dead.
      assert.isUndefined(yield* tables.takeAlone("a", "me"))
      yield* tables.seen({ ...worker, id: "me", address: "" }, { playing: 1, taken: 1, isStuck: false })
      assert.deepStrictEqual(yield* tables.takeAlone("a", "somebody"), { id: "me", machine: "seven", pid: 7 })
    }).pipe(Effect.scoped))

  it.live("is listed by whoever asks the fleet, with what it plays", () =>
    Effect.gen(function*() {
      const file = join(yield* folder, "runs.sqlite")
      const cluster = yield* Layer.build(Layer.fresh(clusterAt(file)))
      const workers = Context.get(
        yield* Layer.build(ClusterRuns.layerWorker()).pipe(Effect.provide(cluster)),
        ClusterRuns.Workers
      )
      const [worker] = yield* workers.list
      assert.deepStrictEqual([worker?.pid, worker?.isAlive, worker?.playing], [process.pid, true, 0])
      assert.deepStrictEqual(yield* workers.overdue(), [])
      assert.deepStrictEqual(yield* workers.untaken, [])
    }).pipe(Effect.scoped, Effect.provide(gemini())))
})
