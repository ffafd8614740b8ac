/** `gemini-fx worker`, and runs that it plays for others, over a PostgreSQL of the test's own. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Postgres from "../../journal/test/Postgres.ts"
import { type Command, start } from "./Command.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "worker-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const story = `[[acts]]\nname = "draft"\nprompt = "Say hello"\n
[[acts]]\nname = "sent"\napprove = "Send it?"\nprompt = "Send {{draft}}"\n`

const ended = (command: Effect.Effect<Command, never, Scope.Scope>) =>
  Effect.scoped(Effect.gen(function*() {
    const made = yield* command
    const code = yield* made.ended
    return { code, out: made.lines.map(({ text }) => text).join("\n"), err: made.stderr() }
  }))

describe.skipIf(Postgres.skip !== undefined)("gemini-fx worker", () => {
  it.live(
    "plays what others start, which list, watch and decide it; at SIGTERM it ends in order",
    () =>
      Effect.gen(function*() {
        const cwd = yield* folder
        const url = (yield* Postgres.database).replace("postgres@", "postgres:hidden-word@")
        writeFileSync(join(cwd, "database"), `${url}\n`, { mode: 0o600 })
        writeFileSync(join(cwd, "story.toml"), story)
        const env = { GEMINI_FX_POSTGRES: url }
        const fx = (...args: ReadonlyArray<string>) => ended(start(args, env, { cwd }))
        const worker = yield* start(["worker", "--postgres-file", "database"], {}, { cwd })
        yield* worker.says("1 alive")
        const begun = yield* fx("run", "story.toml", "--detach", "--id", "hello")
        assert.deepStrictEqual([begun.code, begun.out], [0, "hello"])
        const watching = yield* start(["runs", "watch", "hello"], env, { cwd })
        yield* watching.says("waits until somebody approves it")
        assert.strictEqual((yield* fx("runs", "decide", "hello", "sent", "approve", "--by", "ada")).code, 0)
        assert.strictEqual(yield* watching.ended, 0)
        assert.match((yield* fx("runs")).out, /hello\s+finished\s+2 of 2/)
        worker.child.kill("SIGTERM")
        yield* worker.ended
        assert.include(worker.stderr(), "ending: acts in flight end first")
        for (const text of [worker.stderr(), begun.err, watching.stderr()]) assert.notInclude(text, "hidden-word")
      }).pipe(Effect.scoped),
    120_000
  )

  it.live("says what is wrong with its database, and never the address", () =>
    Effect.gen(function*() {
      const cwd = yield* folder
      writeFileSync(join(cwd, "database"), "mysql://root:hidden-word@db/runs")
      const cases: ReadonlyArray<readonly [ReadonlyArray<string>, Record<string, string>, number, string]> = [
        [["worker"], { GEMINI_FX_POSTGRES: "" }, 2, "name the fleet's PostgreSQL"],
        [["worker", "--postgres-file", "nothing"], {}, 2, "--postgres-file nothing: there is no such file"],
        [["worker", "--postgres-file", "database"], {}, 2, "--postgres-file database: expected an address"],
        [["runs", "--postgres-file", "database", "-d", "runs"], {}, 2, "choose one"],
        [["worker"], { GEMINI_FX_POSTGRES: "postgres://u:hidden-word@127.0.0.1:1/runs" }, 1, "cannot be used"]
      ]
      for (const [args, env, code, says] of cases) {
        const found = yield* ended(start(args, env, { cwd }))
        assert.strictEqual(found.code, code, `${args.join(" ")}: ${found.err}`)
        assert.include(found.err, says)
        assert.notInclude(found.err + found.out, "hidden-word")
      }
    }).pipe(Effect.scoped), 120_000)
})
