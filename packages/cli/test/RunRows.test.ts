/** The table of runs at the widths that terminals have, and a run in a process of its own. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { list, type Row } from "../src/internal/runs/rows.ts"
import { start } from "./Command.ts"
import { gemini } from "./harness.ts"

const row = (id: string, state: string, why: string): Row => ({
  id,
  kind: "narrative",
  title: "Three sentences about tides",
  state,
  done: "1 of 3",
  tokens: 1234,
  dollars: "0.0012",
  isRough: false,
  why,
  bytes: 100,
  updatedAt: 0
})
const rows = [
  row("tides-k3f9qa", "paused", "draft: QuotaExhausted; worth resuming in 3 h 20 min"),
  row("three-sentences-9x2b7c", "finished", "")
]

describe("the table of runs", () => {
  it.each([60, 80, 120])("keeps what is compared, in %i columns", (columns) => {
    const lines = list(rows, 120_000, columns).split("\n")
    for (const line of lines) assert.isAtMost(line.length, columns)
    assert.match(lines[0] ?? "", /^run +state +acts +.*cost +age/)
    assert.include(lines[1], "tides-k3f9qa")
    assert.match(lines[1] ?? "", /paused +1 of 3 .*\$0\.0012 +2 min/)
  })

  it("leaves nothing out in a pipe", () => {
    const text = list(rows, 120_000, Infinity)
    assert.include(text, "worth resuming in 3 h 20 min")
    assert.include(text, "1,234")
  })
})

describe("gemini-fx run --detach", () => {
  it.live(
    "returns with the id of a run that goes on by itself, and tells every mistake before",
    () =>
      Effect.gen(function*() {
        const cwd = yield* Effect.acquireRelease(
          Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-detach-"))),
          (path) => Effect.sync(() => rmSync(path, { recursive: true }))
        )
        writeFileSync(join(cwd, "story.toml"), "[[acts]]\nname = \"draft\"\nprompt = \"Hello\"\n")
        const env = { GEMINI_FX_RUNS: join(cwd, "runs") }
        const args = ["run", "story.toml", "--detach", "--id", "away"]
        const command = yield* start(args, env, { cwd })
        assert.strictEqual(yield* command.ended, 0, command.stderr())
        assert.deepStrictEqual(command.lines.map(({ text }) => text), ["away"])
        const watched = yield* gemini(["runs", "watch", "away"], { env, isOnDisk: true })
        assert.strictEqual(watched.exitCode, 0, watched.stderr)
        assert.include(watched.stdout, "== draft")
        const again = yield* start(args, env, { cwd })
        assert.strictEqual(yield* again.ended, 2)
        assert.include(again.stderr(), "there is a run away already")
      }).pipe(Effect.scoped),
    120_000
  )
})
