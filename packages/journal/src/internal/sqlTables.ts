/** The tables, made and changed by Effect's Migrator. A migration that was released is never edited: another follows it. */
import * as Effect from "effect/Effect"
import * as Migrator from "effect/sql/Migrator"
import { SqlClient } from "effect/sql/SqlClient"

/** Ids are compared by their bytes, whatever the database's language is. */
const tables = Effect.gen(function*() {
  const sql = yield* SqlClient
  const id = sql.onDialectOrElse({
    pg: () => sql.literal(`TEXT COLLATE "C" NOT NULL`),
    orElse: () => sql.literal("TEXT NOT NULL")
  })
  const bytes = sql.onDialectOrElse({ pg: () => sql.literal("BYTEA"), orElse: () => sql.literal("BLOB") })
  yield* sql`CREATE TABLE gemini_journal_run (
    id ${id} PRIMARY KEY,
    mark TEXT NOT NULL,
    writer TEXT NOT NULL,
    next BIGINT NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    bytes BIGINT NOT NULL
  )`
  yield* sql`CREATE TABLE gemini_journal_entry (
    run_id ${id},
    seq BIGINT NOT NULL,
    writer TEXT NOT NULL,
    size BIGINT NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
  )`
  // Blobs are kept in parts, because clients bound the size of one message.
  yield* sql`CREATE TABLE gemini_journal_blob (
    run_id ${id},
    digest TEXT NOT NULL,
    part BIGINT NOT NULL,
    bytes ${bytes} NOT NULL,
    PRIMARY KEY (run_id, digest, part)
  )`
})

export const migrate = Migrator.make({})({
  loader: Migrator.fromRecord({ "1_journal": tables }),
  table: "gemini_journal_migrations"
})
