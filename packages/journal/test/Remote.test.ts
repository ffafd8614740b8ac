/** What only a server can do wrong: not answer, be full, drop a connection, roll a transaction back. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { Redis } from "effect/persistence/Redis"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import { SqlClient } from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as RedisServer from "../../gemini/test/limiter/RedisServer.ts"
import * as Journal from "../src/Journal.ts"
import type { JournalError } from "../src/JournalError.ts"
import * as RedisJournal from "../src/RedisJournal.ts"
import * as SqlJournal from "../src/SqlJournal.ts"
import { note, notes, texts } from "./notes.ts"
import * as Postgres from "./Postgres.ts"
import { postgres } from "./sql.ts"
import * as SqliteClient from "./SqliteClient.ts"
import { all, refusal } from "./suite.ts"

/** Ends when a follower has seen so many; then gives what it saw. */
const following = Effect.fnUntraced(function*(journal: Journal.Journal["Service"], id: string) {
  const seen: Array<string> = []
  let wanted = 1
  let done = yield* Deferred.make<void>()
  yield* journal.follow(notes, id).pipe(
    Stream.runForEach((entry) => {
      seen.push(...texts([entry]))
      return seen.length === wanted ? Deferred.succeed(done, undefined) : Effect.void
    }),
    Effect.forkScoped
  )
  return {
    until: (count: number) =>
      Effect.gen(function*() {
        wanted = count
        done = yield* Deferred.make<void>()
        if (seen.length < count) yield* Effect.timeout(Deferred.await(done), "10 seconds")
        return seen
      })
  }
})

const filled = Effect.fnUntraced(function*(run: Journal.Run<{ readonly text: string }>, most: number) {
  const told: Array<string> = []
  for (let n = 0; n < most; n++) {
    const text = `${n}-${"x".repeat(20_000)}`
    const result = yield* Effect.result(run.append([note(text)]))
    if (Result.isFailure(result)) return { told, error: result.failure }
    told.push(text)
  }
  return assert.fail("it was never full")
})

const mustBeFull = (error: JournalError, code: string): void => {
  assert.deepInclude(error.reason, { _tag: "StorageFull", code })
  assert.isTrue(error.isRetryable)
}

describe.skipIf(RedisServer.skip !== undefined)(`Redis${RedisServer.skip ?? ""}`, () => {
  const over = (options: RedisJournal.Options) =>
    Effect.flatMap(RedisJournal.makeStore(options), (store) => Journal.make(store))

  it.live("that does not answer makes an append unsure, and the same append again is written once", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.start()
      yield* Effect.gen(function*() {
        const journal = yield* over({ timeout: "100 millis" })
        const run = yield* journal.create(notes, "frozen")
        yield* run.append([note("1")])
        yield* server.freeze
        const asked = performance.now()
        const reason = yield* refusal(run.append([note("2")]))
        assert.deepInclude(reason, { _tag: "Unavailable", code: "TIMEOUT" })
        assert.isTrue(performance.now() - asked < 3_000)
        yield* server.thaw
        assert.strictEqual((yield* refusal(run.append([note("3")])))._tag, "Unsettled")
        yield* run.append([note("2")])
        yield* run.append([note("3")])
        assert.deepStrictEqual(yield* all(journal, "frozen"), ["Started", "1", "2", "3"])
      }).pipe(Effect.provide(RedisServer.layerOf(server.url)))
    }))

  it.live("that is full loses nothing that was acknowledged, and the run goes on when there is room", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.start("--maxmemory", "4mb", "--maxmemory-policy", "noeviction")
      yield* Effect.gen(function*() {
        const journal = yield* over({})
        const run = yield* journal.create(notes, "full")
        const { error, told } = yield* filled(run, 1_000)
        mustBeFull(error, "OOM")
        assert.deepStrictEqual(yield* all(journal, "full"), ["Started", ...told])
        const redis = yield* Redis
        yield* redis.send("CONFIG", "SET", "maxmemory", "0")
        yield* run.append([note("there is room")])
        assert.deepStrictEqual(yield* all(journal, "full"), ["Started", ...told, "there is room"])
      }).pipe(Effect.provide(RedisServer.layerOf(server.url)))
    }))

  it.live("tells followers at once", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.start()
      yield* Effect.gen(function*() {
        const journal = yield* over({ poll: "1 minute" })
        const run = yield* journal.create(notes, "told")
        const follower = yield* following(journal, "told")
        yield* follower.until(1)
        yield* Effect.sleep(200)
        yield* run.append([note("1")])
        assert.deepStrictEqual(yield* follower.until(2), ["Started", "1"])
      }).pipe(Effect.provide(RedisServer.layerOf(server.url)))
    }))

  it.live("is named in no error, nor is its password", () =>
    Effect.gen(function*() {
      const server = yield* RedisServer.start("--requirepass", "sesame")
      const url = server.url.replace("//", "//:sesame@")
      yield* Effect.gen(function*() {
        const journal = yield* over({ timeout: "100 millis" })
        const run = yield* journal.create(notes, "secret")
        const redis = yield* Redis
        yield* Effect.ignore(redis.send("SHUTDOWN", "NOSAVE"))
        const error = yield* Effect.flip(run.append([note("a prompt")]))
        assert.strictEqual(error.reason._tag, "Unavailable")
        const said = [error.message, error.stack, JSON.stringify(error)].join()
        for (const secret of ["sesame", "127.0.0.1", String(server.port), "a prompt"]) assert.notInclude(said, secret)
      }).pipe(Effect.provide(RedisServer.layerOf(url)))
    }))
})

describe("SQL on SQLite", () => {
  it.live("that is full loses nothing that was acknowledged, and the run goes on when there is room", () =>
    Effect.gen(function*() {
      const path = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "journal-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      yield* Effect.gen(function*() {
        const sql = yield* SqlClient
        const journal = yield* Journal.make(yield* SqlJournal.makeStore())
        const run = yield* journal.create(notes, "full")
        yield* sql`PRAGMA max_page_count = 60`
        const { error, told } = yield* filled(run, 100)
        mustBeFull(error, "SQLITE 13")
        assert.deepStrictEqual(yield* all(journal, "full"), ["Started", ...told])
        yield* sql`PRAGMA max_page_count = 1000`
        yield* run.append([note("there is room")])
        assert.deepStrictEqual(yield* all(journal, "full"), ["Started", ...told, "there is room"])
      }).pipe(Effect.provide(SqliteClient.layer(`${path}/journal.sqlite`)))
    }))
})

describe.skipIf(Postgres.skip !== undefined)(`SQL on PostgreSQL${Postgres.skip ?? ""}`, () => {
  const overPostgres = (body: (url: string) => Effect.Effect<void, unknown, SqlClient | Scope.Scope>) =>
    Effect.flatMap(Postgres.database, (url) => Effect.provide(Effect.scoped(body(url)), postgres(url)))
  const over = (options: SqlJournal.Options = {}) =>
    Effect.flatMap(SqlJournal.makeStore(options), (store) => Journal.make(store))

  it.live("tells followers at once, also after its connection was dropped", () =>
    overPostgres(() =>
      Effect.gen(function*() {
        const journal = yield* over({ poll: "1 minute" })
        const run = yield* journal.create(notes, "told")
        const follower = yield* following(journal, "told")
        yield* follower.until(1)
        yield* Effect.sleep(300)
        yield* run.append([note("1")])
        assert.deepStrictEqual(yield* follower.until(2), ["Started", "1"])
        const sql = yield* SqlClient
        const ended = yield* sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'`
        assert.strictEqual(ended.length, 1)
        yield* Effect.sleep(1_500)
        yield* run.append([note("2")])
        assert.deepStrictEqual(yield* follower.until(3), ["Started", "1", "2"])
      })
    ))

  it.live("keeps an append that was acknowledged inside a transaction that is rolled back", () =>
    overPostgres(() =>
      Effect.gen(function*() {
        const journal = yield* over()
        const sql = yield* SqlClient
        const run = yield* journal.create(notes, "apart")
        const outcome = yield* Effect.result(
          sql.withTransaction(Effect.andThen(run.append([note("1")]), Effect.fail("no")))
        )
        assert.isTrue(Result.isFailure(outcome))
        yield* run.append([note("2")])
        assert.deepStrictEqual(yield* all(journal, "apart"), ["Started", "1", "2"])
      })
    ))

  it.live("makes its tables once, though several begin at the same time", () =>
    Effect.gen(function*() {
      const url = yield* Postgres.database
      const begin = Effect.gen(function*() {
        const journal = yield* over()
        return yield* Stream.runCollect(journal.list())
      }).pipe(Effect.scoped, Effect.provide(postgres(url)))
      assert.deepStrictEqual(yield* Effect.all([begin, begin, begin, begin], { concurrency: "unbounded" }), [
        [],
        [],
        [],
        []
      ])
    }))

  it.live(
    "that goes away is said without its address, and the same append again is written once",
    () =>
      overPostgres((url) =>
        Effect.gen(function*() {
          const journal = yield* over({ timeout: "2 seconds" })
          const run = yield* journal.create(notes, "gone")
          const sql = yield* SqlClient
          // The table is locked by another: nothing answers in time.
          const held = yield* Effect.forkScoped(
            Effect.provide(
              SqlClient.use((other) =>
                other.withTransaction(
                  Effect.andThen(other`LOCK TABLE gemini_journal_run IN ACCESS EXCLUSIVE MODE`, Effect.never)
                )
              ),
              Layer.fresh(postgres(url))
            )
          )
          yield* Effect.sleep(300)
          const quick = yield* over({ timeout: "100 millis" }).pipe(Effect.result)
          assert.isTrue(Result.isSuccess(quick))
          const error = yield* Effect.flip(run.append([note("a prompt")]))
          assert.deepInclude(error.reason, { _tag: "Unavailable", code: "TIMEOUT" })
          const said = [error.message, error.stack, JSON.stringify(error)].join()
          for (const secret of [url, "127.0.0.1", "a prompt", "UPDATE"]) assert.notInclude(said, secret)
          yield* Fiber.interrupt(held)
          yield* run.append([note("a prompt")])
          assert.deepStrictEqual(yield* all(journal, "gone"), ["Started", "a prompt"])
          assert.strictEqual((yield* sql`SELECT * FROM gemini_journal_entry`).length, 2)
        })
      ),
    30_000
  )
})
