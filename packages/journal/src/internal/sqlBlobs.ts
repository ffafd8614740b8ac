/** Blobs in SQL, in parts: clients and servers bound the size of one message. */
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import { Corrupt, type JournalErrorReason, NotFound } from "../JournalErrorReason.ts"
import type { JournalStore } from "../JournalStore.ts"

const part = 1_048_576

export const sqlBlobs = (
  sql: SqlClient,
  asked: <A>(effect: Effect.Effect<A, SqlError>) => Effect.Effect<A, JournalErrorReason>
): Pick<JournalStore, "putBlob" | "getBlob"> => ({
  putBlob: (id, digest, bytes) =>
    Effect.flatMap(
      asked(sql.withTransaction(Effect.gen(function*() {
        // This update also locks the run's row, so that the run cannot be removed meanwhile.
        const runs = yield* sql`UPDATE gemini_journal_run SET bytes = bytes + 0 WHERE id = ${id} RETURNING id`
        if (runs.length === 0) return false
        const first = { run_id: id, digest, part: 0, bytes: bytes.slice(0, part) }
        const made = yield* sql`INSERT INTO gemini_journal_blob ${
          sql.insert(first)
        } ON CONFLICT DO NOTHING RETURNING part`
        if (made.length === 0) return true
        for (let at = part; at < bytes.length; at += part) {
          const more = { run_id: id, digest, part: at / part, bytes: bytes.slice(at, at + part) }
          yield* sql`INSERT INTO gemini_journal_blob ${sql.insert(more)}`
        }
        yield* sql`UPDATE gemini_journal_run SET bytes = bytes + ${bytes.length} WHERE id = ${id}`
        return true
      }))),
      (there) => there ? Effect.void : Effect.fail(new NotFound({ what: "run" }))
    ),
  getBlob: Effect.fnUntraced(function*(id, digest) {
    const parts: Array<Uint8Array> = []
    while (true) {
      const [row] = yield* asked(sql<{ readonly bytes: unknown }>`SELECT bytes FROM gemini_journal_blob
        WHERE run_id = ${id} AND digest = ${digest} AND part = ${parts.length}`)
      if (row === undefined) break
      if (!(row.bytes instanceof Uint8Array)) {
        return yield* new Corrupt({ description: `the blob ${digest} is kept in another form than bytes` })
      }
      parts.push(row.bytes)
      if (row.bytes.length < part) break
    }
    if (parts.length === 0) return yield* new NotFound({ what: "blob" })
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const bytes of parts) {
      whole.set(bytes, at)
      at += bytes.length
    }
    return whole
  })
})
