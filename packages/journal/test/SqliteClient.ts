/**
 * A `SqlClient` over `node:sqlite`, for tests: there is no driver for SQLite of Effect 4.1 (2026-11-28:
 * `@effect/sql-sqlite-node` stops at a beta that does not load with it).
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Reactivity from "effect/reactivity/Reactivity"
import * as Semaphore from "effect/Semaphore"
import * as Client from "effect/sql/SqlClient"
import type { Connection } from "effect/sql/SqlConnection"
import { classifySqliteError, SqlError } from "effect/sql/SqlError"
import * as Statement from "effect/sql/Statement"
import * as Stream from "effect/Stream"
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite"

const failure = (cause: unknown): SqlError =>
  new SqlError({ reason: classifySqliteError(cause, { message: "the statement failed", operation: "execute" }) })

const isInput = (value: unknown): value is SQLInputValue =>
  value === null || ["string", "number", "bigint"].includes(typeof value) || value instanceof Uint8Array

/** Statements that are kept: parsing one costs more than most of them do. */
const kept = 200

const connectionOf = (database: DatabaseSync): Connection => {
  const prepared = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    const statement = database.prepare(sql)
    const [oldest] = prepared.keys()
    if (prepared.size >= kept && oldest !== undefined) prepared.delete(oldest)
    prepared.set(sql, statement)
    return statement
  }
  const run = (sql: string, params: ReadonlyArray<unknown>, arrays: boolean) =>
    Effect.try({
      try: () => {
        const statement = prepare(sql)
        statement.setReturnArrays(arrays)
        const values = params.map((value) => {
          if (!isInput(value)) throw new TypeError("a parameter is of no type that SQLite has")
          return value
        })
        return statement.columns().length > 0 ? statement.all(...values) : (statement.run(...values), [])
      },
      catch: failure
    })
  const rows: Connection["execute"] = (sql, params, transform) =>
    Effect.map(run(sql, params, false), (found) => transform === undefined ? found : transform(found))
  const values: Connection["executeValues"] = (sql, params) =>
    Effect.map(run(sql, params, true), (found) => found.flatMap((row) => Array.isArray(row) ? [row] : []))
  return {
    execute: rows,
    executeRaw: (sql, params) => run(sql, params, false),
    executeStream: (sql, params, transform) => Stream.fromIterableEffect(rows(sql, params, transform)),
    executeValues: values,
    executeValuesUnprepared: values,
    executeUnprepared: rows
  }
}

/** One connection, one statement or transaction at a time; another process is waited for up to five seconds. */
export const layer = (filename: string): Layer.Layer<Client.SqlClient> =>
  Layer.effect(
    Client.SqlClient,
    Effect.gen(function*() {
      const database = yield* Effect.acquireRelease(
        Effect.sync(() => new DatabaseSync(filename, { timeout: 5_000 })),
        (database) => Effect.sync(() => database.close())
      )
      database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
      const connection = connectionOf(database)
      const acquirers = Client.makeSqliteAcquirers({
        connection: Effect.succeed(connection),
        semaphore: Semaphore.makeUnsafe(1)
      })
      return yield* Client.make({
        driver: "sqlite-node",
        acquirer: acquirers.acquirer,
        borrower: acquirers.borrower,
        transactionAcquirer: acquirers.transactionAcquirer,
        compiler: Statement.makeCompilerSqlite(),
        // So that two processes wait for each other at the beginning, and neither fails in the middle.
        beginTransaction: "BEGIN IMMEDIATE",
        spanAttributes: []
      })
    })
  ).pipe(Layer.provide(Reactivity.layer))
