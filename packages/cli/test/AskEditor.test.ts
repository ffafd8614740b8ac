/** A question that is written in the person's editor, at a real terminal. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { isInstalled, skipReason, Terminal } from "./Terminal.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-editor-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

/** What the terminal shows of `ask` with an editor that is this script; `$1` is the file. */
const asked = Effect.fnUntraced(function*(at: string, script: string, args: ReadonlyArray<string>) {
  const editor = join(at, "editor.sh")
  writeFileSync(editor, `#!/bin/sh\n${script}\n`)
  chmodSync(editor, 0o700)
  const env = { VISUAL: "", EDITOR: editor, GEMINI_API_KEY: "", GOOGLE_API_KEY: "", GEMINI_FX_CONFIG: at, TMPDIR: at }
  return yield* Effect.acquireUseRelease(
    Effect.sync(() => new Terminal(["ask", "--no-stream", "--plain", ...args], env)),
    (terminal) =>
      Effect.map(
        terminal.ended,
        (code) => ({
          code,
          screen: stripVTControlCharacters(terminal.all).replace(/\s+/g, " ").replace(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] gemini[^s]*s/g, "")
        })
      ),
    ({ child }) => Effect.sync(() => void child.kill("SIGKILL"))
  )
})

describe("gemini-fx ask without words", () => {
  it.live.skipIf(!isInstalled)(
    `asks what the editor leaves, in a file that nobody else reads (${skipReason})`,
    () =>
      Effect.gen(function*() {
        const at = yield* folder
        const seen = join(at, "seen")
        const { code, screen } = yield* asked(
          at,
          `stat -c '%a' "$1" "$(dirname "$1")" > '${seen}'; echo "$1" >> '${seen}'; echo 'From the editor' >> "$1"`,
          []
        )
        assert.strictEqual(code, 0)
        assert.include(screen, "You asked about \"From the editor\"")
        const [file, directory, path = ""] = readFileSync(seen, "utf8").split("\n")
        assert.deepStrictEqual([file, directory], ["600", "700"])
        assert.isFalse(existsSync(path))
        const begun = yield* asked(at, "echo 'and the editor' >> \"$1\"", ["--edit", "By words"])
        assert.include(begun.screen, "You asked about \"By words and the editor\"")
      }).pipe(Effect.scoped),
    60_000
  )

  it.live.skipIf(!isInstalled)(
    `sends nothing where the editor fails or leaves nothing (${skipReason})`,
    () =>
      Effect.gen(function*() {
        const at = yield* folder
        const failed = yield* asked(at, "exit 3", [])
        assert.strictEqual(failed.code, 2)
        assert.match(failed.screen, /the editor \(.*\) ended with 3; nothing was sent/)
        const empty = yield* asked(at, ":", [])
        assert.deepStrictEqual([empty.code, /the question is empty; nothing was sent/.test(empty.screen)], [2, true])
        const gone = yield* asked(at, "rm \"$1\"", [])
        assert.strictEqual(gone.code, 2)
        assert.include(gone.screen, "left no file; nothing was sent")
      }).pipe(Effect.scoped),
    60_000
  )
})
