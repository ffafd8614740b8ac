/**
 * Journals in SQL. The row of a run says what comes next and who writes. An append updates that row, on condition that
 * both are as the writer believes, and writes its line, in one transaction.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { Statement } from "effect/sql/Statement"
import type { Head } from "../Entry.ts"
import {
  Exists,
  type JournalErrorReason,
  NotFound,
  TakenOver,
  Unavailable,
  WrongSequence
} from "../JournalErrorReason.ts"
import type { End, JournalStore, Line, StoreReader } from "../JournalStore.ts"
import * as Bell from "./bell.ts"
import { reasonOf } from "./code.ts"
import { begun, endOf, parseAll, whoIs, writerOf } from "./line.ts"
import { byteLength } from "./runtime.ts"
import { sqlBlobs } from "./sqlBlobs.ts"

export interface Settings {
  /** Milliseconds. */
  readonly timeout: number
  /** Milliseconds between two looks of a follower: `told` if the client learns of changes, `alone` if it does not. */
  readonly poll: { readonly told: number; readonly alone: number }
}

/** What `@effect/sql-pg` adds to a client. */
interface Listening {
  readonly listen: (
    channel: string
  ) => Effect.Effect<Queue.Dequeue<{ readonly payload: string }, SqlError>, SqlError, Scope.Scope>
}

const isListening = (sql: SqlClient): sql is SqlClient & Listening =>
  "listen" in sql && typeof sql.listen === "function"

export const channel = "gemini_journal"

interface RunRow {
  readonly mark: string
  readonly writer: string
  readonly next: number | bigint | string
  readonly state: string
  readonly created_at: number | bigint | string
  readonly updated_at: number | bigint | string
  readonly bytes: number | bigint | string
}

const noRun = new NotFound({ what: "run" })
const page = 1_048_576

const endIn = ({ next, state }: Pick<RunRow, "next" | "state">): End => ({
  next: Number(next),
  ...(state === "" ? {} : { state })
})

/**
 * A rollback that fails is a defect of the client's, and a database that is full has often rolled back by itself: what
 * failed first is what is said.
 */
const failed = (cause: Cause.Cause<SqlError>): Effect.Effect<never, JournalErrorReason> => {
  const error = cause.reasons.flatMap((reason) =>
    reason._tag === "Fail"
      ? [reason.error]
      : reason._tag === "Die" && isSqlError(reason.defect)
      ? [reason.defect]
      : []
  )[0]
  const foreign = cause.reasons.some((reason) =>
    reason._tag === "Interrupt" || (reason._tag === "Die" && !isSqlError(reason.defect))
  )
  return error === undefined || foreign
    ? Effect.failCause(Cause.fromReasons(cause.reasons.filter((reason) => reason._tag !== "Fail")))
    : Effect.fail(reasonOf(error))
}

/** Runs an effect outside the caller's transaction, which could roll back what was acknowledged. */
const apart = (sql: SqlClient) => <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.updateContext(effect, (context: Context.Context<never>) => Context.omit(sql.transactionService)(context))

export const make = Effect.fnUntraced(function*(
  { poll, timeout }: Settings
): Effect.fn.Return<JournalStore, never, SqlClient | Scope.Scope> {
  const client = yield* SqlClient
  const sql = client.withoutTransforms()
  const isPg = sql.onDialectOrElse({ pg: () => true, orElse: () => false })
  const bell = yield* Bell.make(
    isListening(client)
      ? {
        poll: poll.told,
        listen: (ring) =>
          Effect.flatMap(
            client.listen(channel),
            (queue) => Effect.forever(Effect.map(Queue.take(queue), ({ payload }) => ring(payload)))
          )
      }
      : { poll: poll.alone }
  )
  const alone = apart(client)

  const asked = <A>(effect: Effect.Effect<A, SqlError>): Effect.Effect<A, JournalErrorReason> =>
    Effect.timeoutOrElse(Effect.catchCause(alone(effect), failed), {
      duration: timeout,
      orElse: () => Effect.fail(new Unavailable({ code: "TIMEOUT" }))
    })

  const find = (id: string): Effect.Effect<RunRow | undefined, JournalErrorReason> =>
    Effect.map(asked(sql<RunRow>`SELECT * FROM gemini_journal_run WHERE id = ${id}`), ([row]) => row)

  /**
   * Runs `claim`, which returns the run's id if the append is allowed, and only then writes the line. The result is
   * whether it did.
   */
  const write = (
    id: string,
    claim: Statement<object>,
    line: Line,
    text: string
  ): Effect.Effect<boolean, JournalErrorReason> => {
    const size = byteLength(text)
    if (isPg) {
      return Effect.map(
        asked(sql`WITH claimed AS (${claim}), written AS (
          INSERT INTO gemini_journal_entry (run_id, seq, writer, size, line)
          SELECT id, CAST(${line.seq} AS BIGINT), CAST(${line.by} AS TEXT), CAST(${size} AS BIGINT), CAST(${text} AS TEXT)
          FROM claimed
        ) SELECT pg_notify(${channel}, id) FROM claimed`),
        (rows) => rows.length === 1
      )
    }
    const entry = { run_id: id, seq: line.seq, writer: line.by, size, line: text }
    return asked(sql.withTransaction(Effect.flatMap(claim, (rows) =>
      rows.length === 0
        ? Effect.succeed(false)
        : Effect.as(sql`INSERT INTO gemini_journal_entry ${sql.insert(entry)}`, true))))
  }

  /** Finds out why nothing was written. It succeeds if the line had been written before. */
  const judge = Effect.fnUntraced(function*(id: string, kind: "create" | "resume" | "append", line: Line) {
    const run = yield* find(id)
    if (run === undefined) return yield* noRun
    const there = yield* asked(
      sql`SELECT seq FROM gemini_journal_entry WHERE run_id = ${id} AND seq = ${line.seq} AND writer = ${line.by}`
    )
    if (there.length > 0) return
    if (kind === "create") return yield* new Exists()
    if (kind === "append" && run.writer !== line.by) return yield* new TakenOver(whoIs(run.writer))
    return yield* new WrongSequence({ expected: Number(run.next), given: line.seq })
  })

  const append = Effect.fnUntraced(function*(
    id: string,
    kind: "create" | "resume" | "append",
    line: Line,
    text: string
  ): Effect.fn.Return<void, JournalErrorReason> {
    const { at, by, seq, state = "" } = line
    const size = byteLength(text)
    const next = endOf(line)
    const claim = kind === "create"
      ? sql`INSERT INTO gemini_journal_run ${
        sql.insert({ id, mark: by, writer: by, next, state, created_at: at, updated_at: at, bytes: size })
      } ON CONFLICT (id) DO NOTHING RETURNING id`
      : sql`UPDATE gemini_journal_run SET writer = ${by}, next = ${next}, state = ${state}, updated_at = ${at},
        bytes = bytes + ${size} WHERE id = ${id} AND next = ${seq}${
        kind === "append" ? sql` AND writer = ${by}` : sql``
      } RETURNING id`
    if (!(yield* write(id, claim, line, text))) yield* judge(id, kind, line)
  })

  const open: JournalStore["open"] = Effect.fnUntraced(function*(id, mode, opening) {
    while (true) {
      const run = mode === "resume" ? yield* find(id) : undefined
      if (mode === "resume" && run === undefined) return yield* noRun
      const end: End = run === undefined ? { next: 0 } : endIn(run)
      const [line, text] = opening(end)
      const late = yield* Effect.matchEffect(append(id, mode, line, text), {
        onSuccess: () => Effect.succeed(false),
        // Another writer wrote in between, so this opening follows its line.
        onFailure: (reason) =>
          mode === "resume" && reason._tag === "WrongSequence" ? Effect.succeed(true) : Effect.fail(reason)
      })
      if (late) continue
      return {
        end: { ...end, next: end.next + 1 },
        append: (line, text) => append(id, "append", line, text)
      }
    }
  })

  const read: JournalStore["read"] = Effect.fnUntraced(function*(id, from) {
    const run = yield* find(id)
    if (run === undefined) return yield* noRun
    const { mark } = run
    // This is the append that holds `from`.
    const [start] = yield* asked(sql<{ readonly seq: number | null }>`SELECT MAX(seq) AS seq FROM gemini_journal_entry
      WHERE run_id = ${id} AND seq <= ${from}`)
    let next = Number(start?.seq ?? 0)
    // A page has as many lines as fit, and at least one.
    const lines = Effect.suspend(() =>
      asked(sql<{ readonly line: string }>`SELECT line FROM (
        SELECT line, seq, SUM(size) OVER (ORDER BY seq) - size AS taken FROM (
          SELECT entry.line, entry.seq, entry.size FROM gemini_journal_entry entry
          JOIN gemini_journal_run run ON run.id = entry.run_id
          WHERE entry.run_id = ${id} AND entry.seq >= ${next} AND run.mark = ${mark}
          ORDER BY entry.seq LIMIT 256
        ) few
      ) sized WHERE taken < ${page} ORDER BY seq`)
    )
    const pull: StoreReader["pull"] = Effect.flatMap(lines, (rows): StoreReader["pull"] => {
      if (rows.length === 0) {
        // Either the run ends here, or it was removed and perhaps another one of its id is there.
        return Effect.flatMap(find(id), (now) => now?.mark === mark ? Effect.succeed([]) : Effect.fail(noRun))
      }
      return Effect.tap(parseAll(rows.map(({ line }) => line)), (lines) => {
        const last = lines.at(-1)
        if (last !== undefined) next = endOf(last)
        return Effect.void
      })
    })
    return { pull: yield* begun(pull), wait: yield* bell.waiting(id) }
  })

  return {
    open,
    read,
    // The upper bound ends with the character after `~`, which is the last one that an id may have.
    list: (prefix, after, limit) =>
      Effect.map(
        asked(sql<{ readonly id: string }>`SELECT id FROM gemini_journal_run
          WHERE id >= ${prefix} AND id > ${after} AND id < ${`${prefix}\u007f`} ORDER BY id LIMIT ${limit}`),
        (rows) => rows.map(({ id }) => id)
      ),
    head: (id) =>
      Effect.flatMap(
        find(id),
        (row): Effect.Effect<Head, JournalErrorReason> =>
          row === undefined ? Effect.fail(noRun) : Effect.succeed({
            id,
            ...endIn(row),
            createdAt: Number(row.created_at),
            updatedAt: Number(row.updated_at),
            bytes: Number(row.bytes),
            writer: writerOf(row.writer)
          })
      ),
    remove: Effect.fnUntraced(function*(id, next) {
      const gone = yield* asked(sql.withTransaction(Effect.gen(function*() {
        const rows = yield* sql`DELETE FROM gemini_journal_run WHERE id = ${id}${
          next === undefined ? sql`` : sql` AND next = ${next}`
        } RETURNING id`
        if (rows.length === 0) return false
        yield* sql`DELETE FROM gemini_journal_entry WHERE run_id = ${id}`
        yield* sql`DELETE FROM gemini_journal_blob WHERE run_id = ${id}`
        if (isPg) yield* sql`SELECT pg_notify(${channel}, ${id})`
        return true
      })))
      if (gone) return
      const run = yield* find(id)
      return yield* run === undefined ? noRun : new WrongSequence({ expected: Number(run.next), given: next ?? 0 })
    }),
    ...sqlBlobs(sql, asked)
  }
})
