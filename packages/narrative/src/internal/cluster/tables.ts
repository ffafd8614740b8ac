/**
 * What the fleet knows beside the journals: which worker plays which run, which runs are due, orders to runs that are
 * played elsewhere, and when each worker was last seen. Times are the database's, so that no two machines' clocks are
 * compared.
 */
import { StorageFull, Unavailable } from "effect-gemini-journal/JournalErrorReason"
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import { SqlClient } from "effect/sql/SqlClient"
import { isSqlError } from "effect/sql/SqlError"
import { Refused, RunError } from "../../RunError.ts"
import type { Order } from "../play.ts"

/** A worker that was not seen for so many milliseconds is taken for dead. */
export const deadAfter = 15_000

const made = Effect.gen(function*() {
  const sql = yield* SqlClient
  const id = sql.onDialectOrElse({
    pg: () => sql.literal(`TEXT COLLATE "C" NOT NULL`),
    orElse: () => sql.literal("TEXT NOT NULL")
  })
  yield* sql`CREATE TABLE gemini_run_claim (run_id ${id} PRIMARY KEY, worker TEXT NOT NULL, due_at BIGINT NOT NULL)`
  yield* sql`CREATE TABLE gemini_run_order (run_id ${id}, kind TEXT NOT NULL, PRIMARY KEY (run_id, kind))`
  yield* sql`CREATE TABLE gemini_run_worker (
    id ${id} PRIMARY KEY,
    address TEXT NOT NULL,
    machine TEXT NOT NULL,
    pid BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    playing BIGINT NOT NULL,
    taken BIGINT NOT NULL,
    stuck BIGINT NOT NULL
  )`
})

const migrate = Migrator.make({})({
  loader: Migrator.fromRecord({ "1_runs": made }),
  table: "gemini_run_migrations"
})

/** What a run that is played elsewhere is told. */
export type OrderKind = "finish" | "abort" | "cancel"

/** What the run itself hears. */
export const orderOf = (kind: OrderKind): Order =>
  kind === "cancel" ? { _tag: "Cancel" } : { _tag: "Stop", abort: kind === "abort" }

const isOrder = (kind: string): kind is OrderKind => kind === "finish" || kind === "abort" || kind === "cancel"

export interface WorkerRow {
  readonly id: string
  /** Where its socket is, as `host:port`; empty where it has none. */
  readonly address: string
  readonly machine: string
  readonly pid: number
  readonly startedAt: number
  readonly seenAt: number
  readonly playing: number
  readonly taken: number
  readonly isStuck: boolean
  readonly isAlive: boolean
}

type Count = number | bigint | string

/** The codes that mean a full store: 53100 disk_full and 53200 out_of_memory of PostgreSQL, 13 of SQLite. */
const full = new Set(["53100", "53200"])

/** The code of a client's error. Its message is left out, because it may hold an address or a statement. */
const codeOf = (error: unknown): string => {
  for (let cause = error, depth = 0; typeof cause === "object" && cause !== null && depth < 6; depth++) {
    if ("errcode" in cause && typeof cause.errcode === "number") return `SQLITE ${cause.errcode & 255}`
    if ("code" in cause && typeof cause.code === "string" && /^\w{2,40}$/.test(cause.code)) return cause.code
    cause = "cause" in cause && cause.cause !== undefined ? cause.cause : "reason" in cause ? cause.reason : undefined
  }
  return isSqlError(error) ? error.reason._tag : "UNKNOWN"
}

export const asRunError = (method: string) => (error: unknown): RunError => {
  const code = codeOf(error)
  const reason = full.has(code) || code === "SQLITE 13" ? new StorageFull({ code }) : new Unavailable({ code })
  return new RunError({ method, reason })
}

/** Refuses a database that would cut answers off. */
export const checkDialect = Effect.gen(function*() {
  const sql = yield* SqlClient
  const isKnown = sql.onDialectOrElse({ pg: () => true, sqlite: () => true, orElse: () => false })
  if (isKnown) return
  const why = "runs on a cluster lie in PostgreSQL, or in SQLite on one machine; MySQL's TEXT holds 64 KiB, where an " +
    "answer would be cut off"
  return yield* new RunError({ method: "layer", reason: new Refused({ path: "dialect", why }) })
})

/** The fleet's tables, made if they are not there. */
export const make = Effect.gen(function*() {
  const client = yield* SqlClient
  const sql = client.withoutTransforms()
  yield* Effect.mapError(migrate, asRunError("layer"))
  const now = sql.literal(sql.onDialectOrElse({
    pg: () => "CAST(EXTRACT(EPOCH FROM CLOCK_TIMESTAMP()) * 1000 AS BIGINT)",
    orElse: () => "CAST(UNIXEPOCH('subsec') * 1000 AS INTEGER)"
  }))
  const failed = <A, E>(method: string, effect: Effect.Effect<A, E>) => Effect.mapError(effect, asRunError(method))
  const isAlive = sql`(${now} - seen_at < ${deadAfter} AND stuck = 0)`

  const claim = (id: string, worker: string, inMillis: number) =>
    failed(
      "claim",
      Effect.asVoid(sql`INSERT INTO gemini_run_claim (run_id, worker, due_at)
        VALUES (${id}, ${worker}, ${now} + ${Math.round(Math.min(inMillis, 1e15))})
        ON CONFLICT (run_id) DO UPDATE SET worker = EXCLUDED.worker, due_at = EXCLUDED.due_at`)
    )

  return {
    /** The run waits for a worker, from now or from so many milliseconds on. */
    queue: (id: string, inMillis = 0) => claim(id, "", inMillis),
    /** A worker plays the run. */
    take: (id: string, worker: string) => claim(id, worker, 0),
    /**
     * A worker plays the run, unless a living one does already: then that one is returned. It is for workers without a
     * socket, which own all runs of their store, and know nothing of each other.
     */
    takeAlone: (
      id: string,
      worker: string
    ): Effect.Effect<{ readonly id: string; readonly machine: string; readonly pid: number } | undefined, RunError> =>
      Effect.gen(function*() {
        const rows = yield* failed(
          "claim",
          sql`INSERT INTO gemini_run_claim (run_id, worker, due_at) VALUES (${id}, ${worker}, ${now})
            ON CONFLICT (run_id) DO UPDATE SET worker = EXCLUDED.worker, due_at = EXCLUDED.due_at
            WHERE gemini_run_claim.worker = EXCLUDED.worker
              OR gemini_run_claim.worker NOT IN (SELECT id FROM gemini_run_worker WHERE ${isAlive})
            RETURNING run_id`
        )
        if (rows.length > 0) return undefined
        const [holder] = yield* failed(
          "claim",
          sql<{ readonly id: string; readonly machine: string; readonly pid: Count }>`
            SELECT worker.id, worker.machine, worker.pid FROM gemini_run_claim claim
            JOIN gemini_run_worker worker ON worker.id = claim.worker WHERE claim.run_id = ${id}`
        )
        return holder === undefined ? { id: "", machine: "", pid: 0 } : { ...holder, pid: Number(holder.pid) }
      }),
    /** The run is over, or stands still. */
    drop: (id: string) => failed("claim", Effect.asVoid(sql`DELETE FROM gemini_run_claim WHERE run_id = ${id}`)),
    /** Whether a living worker plays the run, it waits for one, or neither. */
    stateOf: (id: string): Effect.Effect<"played" | "queued" | "none", RunError> =>
      Effect.map(
        failed(
          "claim",
          sql<{ readonly worker: string; readonly alive: string | null }>`
            SELECT claim.worker, worker.id AS alive FROM gemini_run_claim claim
            LEFT JOIN gemini_run_worker worker ON worker.id = claim.worker AND ${isAlive}
            WHERE claim.run_id = ${id}`
        ),
        ([row]) => row === undefined ? "none" : row.alive === null ? "queued" : "played"
      ),
    /** Runs that should have been taken so many milliseconds ago, and which no living worker plays. */
    overdue: (millis: number): Effect.Effect<ReadonlyArray<string>, RunError> =>
      Effect.map(
        failed(
          "overdue",
          sql<{ readonly run_id: string }>`
            SELECT claim.run_id FROM gemini_run_claim claim
            LEFT JOIN gemini_run_worker worker ON worker.id = claim.worker AND ${isAlive}
            WHERE worker.id IS NULL AND claim.due_at < ${now} - ${millis} ORDER BY claim.run_id LIMIT 1000`
        ),
        (rows) => rows.map(({ run_id }) => run_id)
      ),
    order: (id: string, kind: OrderKind) =>
      failed(
        "order",
        Effect.asVoid(sql`INSERT INTO gemini_run_order (run_id, kind) VALUES (${id}, ${kind}) ON CONFLICT DO NOTHING`)
      ),
    orders: Effect.map(
      failed(
        "order",
        sql<{ readonly run_id: string; readonly kind: string }>`SELECT run_id, kind FROM gemini_run_order`
      ),
      (rows) => rows.flatMap(({ kind, run_id }) => isOrder(kind) ? [{ id: run_id, kind }] : [])
    ),
    dropOrders: (id: string) => failed("order", Effect.asVoid(sql`DELETE FROM gemini_run_order WHERE run_id = ${id}`)),
    /** A worker says that it lives, and what it has done. */
    seen: (worker: Pick<WorkerRow, "id" | "address" | "machine" | "pid">, counts: {
      readonly playing: number
      readonly taken: number
      readonly isStuck: boolean
    }) =>
      failed(
        "seen",
        Effect.asVoid(sql`INSERT INTO gemini_run_worker
          (id, address, machine, pid, started_at, seen_at, playing, taken, stuck)
          VALUES (${worker.id}, ${worker.address}, ${worker.machine}, ${worker.pid}, ${now}, ${now}, ${counts.playing}, ${counts.taken},
            ${counts.isStuck ? 1 : 0})
          ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at, playing = EXCLUDED.playing,
            taken = EXCLUDED.taken, stuck = EXCLUDED.stuck`)
      ),
    /** The worker has ended, and so has every one that was not seen for an hour. */
    gone: (worker: string) =>
      failed(
        "seen",
        Effect.asVoid(sql`DELETE FROM gemini_run_worker WHERE id = ${worker} OR seen_at < ${now} - 3600000`)
      ),
    workers: Effect.map(
      failed(
        "workers",
        sql<
          & { readonly id: string; readonly address: string; readonly machine: string }
          & Record<"pid" | "started_at" | "seen_at" | "playing" | "taken" | "stuck" | "alive", Count>
        >`SELECT id, address, machine, pid, started_at, seen_at, playing, taken, stuck,
          CASE WHEN ${isAlive} THEN 1 ELSE 0 END AS alive FROM gemini_run_worker ORDER BY id`
      ),
      (rows): ReadonlyArray<WorkerRow> =>
        rows.map((row) => ({
          id: row.id,
          address: row.address,
          machine: row.machine,
          pid: Number(row.pid),
          startedAt: Number(row.started_at),
          seenAt: Number(row.seen_at),
          playing: Number(row.playing),
          taken: Number(row.taken),
          isStuck: Number(row.stuck) !== 0,
          isAlive: Number(row.alive) !== 0
        }))
    ),
    /** Workers with a socket that were seen within the last minute, but not for so many milliseconds. */
    silent: (
      millis: number
    ): Effect.Effect<ReadonlyArray<{ readonly id: string; readonly address: string }>, RunError> =>
      failed(
        "workers",
        sql<{ readonly id: string; readonly address: string }>`SELECT id, address FROM gemini_run_worker
          WHERE address <> '' AND seen_at < ${now} - ${millis} AND seen_at > ${now} - 60000`
      ),
    /** Whether a worker at that address lives, and says itself that it no longer takes runs. */
    isStuck: (address: string): Effect.Effect<boolean, RunError> =>
      Effect.map(
        failed(
          "workers",
          sql`SELECT id FROM gemini_run_worker
            WHERE address = ${address} AND stuck = 1 AND ${now} - seen_at < ${deadAfter}`
        ),
        (rows) => rows.length > 0
      )
  }
})

export type Tables = Effect.Success<typeof make>
