/**
 * Journals in SQL, for machines that share the work: PostgreSQL, or SQLite through any `SqlClient`. An append is one
 * statement on PostgreSQL and one transaction on SQLite, so it is there whole or not at all.
 *
 * There is no lock. `resume` takes a run over: from then on the former writer's next append fails with TakenOver,
 * however long that process slept. On PostgreSQL followers learn of changes by LISTEN and NOTIFY if the client can
 * listen, as `@effect/sql-pg` can, on one connection for all of them; elsewhere they look by themselves.
 *
 * The tables `gemini_journal_run`, `_entry` and `_blob` are made when the layer is built, by Effect's Migrator
 * (`gemini_journal_migrations`). The journal does not join a transaction of the caller: an acknowledged append stays,
 * whatever becomes of that transaction. A client with a single connection, such as SQLite's, must therefore not be in
 * a transaction.
 *
 * ```ts compile-only
 * import * as SqlJournal from "effect-gemini-journal/SqlJournal"
 * import type * as Journal from "effect-gemini-journal/Journal"
 * import type * as JournalError from "effect-gemini-journal/JournalError"
 * import * as Layer from "effect/Layer"
 * import type { SqlClient } from "effect/sql/SqlClient"
 *
 * // For example PgClient.layer({ url }) of `@effect/sql-pg`.
 * declare const database: Layer.Layer<SqlClient>
 *
 * export const journal: Layer.Layer<Journal.Journal, JournalError.JournalError> = SqlJournal.layer().pipe(
 *   Layer.provide(database)
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import { reasonOf } from "./internal/code.ts"
import { errorOf } from "./internal/failure.ts"
import * as SqlStore from "./internal/sqlStore.ts"
import { migrate } from "./internal/sqlTables.ts"
import * as Journal from "./Journal.ts"
import type { JournalError } from "./JournalError.ts"
import { Invalid } from "./JournalErrorReason.ts"
import type { JournalStore } from "./JournalStore.ts"

/**
 * How long the database may take, beside the limits and redaction of every journal.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends Journal.Options {
  /** How long a step may take before the database counts as away. Default 5 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** How often a follower looks by itself. Default 1 second if it learns of changes, else 100 milliseconds. */
  readonly poll?: Duration.Input | undefined
}

const millis = (input: Duration.Input | undefined, otherwise: number): number =>
  input === undefined ? otherwise : Duration.toMillis(Duration.fromInputUnsafe(input))

/**
 * The store of this module without the service over it. It makes the tables if they are not there.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeStore = Effect.fnUntraced(function*(
  options: Options = {}
): Effect.fn.Return<JournalStore, JournalError, SqlClient | Scope.Scope> {
  const sql = yield* SqlClient
  const known = sql.onDialectOrElse({ pg: () => true, sqlite: () => true, orElse: () => false })
  if (!known) {
    const description = "the journal's statements are written for PostgreSQL and SQLite alone"
    return yield* errorOf("layer", undefined, new Invalid({ path: "dialect", description }))
  }
  yield* Effect.mapError(migrate, (error) => errorOf("layer", undefined, reasonOf(error)))
  return yield* SqlStore.make({
    timeout: millis(options.timeout, 5_000),
    poll: { told: millis(options.poll, 1_000), alone: millis(options.poll, 100) }
  })
})

/**
 * The `Journal` service over the SqlClient of the context. Building it makes the tables, and fails if it cannot.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<Journal.Journal, JournalError, SqlClient> =>
  Layer.effect(Journal.Journal, Effect.flatMap(makeStore(options), (store) => Journal.make(store, options)))
