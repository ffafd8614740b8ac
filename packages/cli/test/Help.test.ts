/** Help begins with an example, every example is a command line that is one, and completions know what a person types. */
import { assert, describe, it } from "@effect/vitest"
import { command } from "effect-gemini-cli/GeminiFx"
import * as Completions from "effect/cli/Completions"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { script } from "../src/internal/completions.ts"
import { fitted } from "../src/internal/help.ts"
import { gemini } from "./harness.ts"

const root = Completions.fromCommand(command)

/** The paths of all commands, and what each takes. */
const commands = (
  at: Completions.CommandDescriptor,
  path: ReadonlyArray<string> = []
): ReadonlyArray<readonly [ReadonlyArray<string>, Completions.CommandDescriptor]> => [
  [path, at],
  ...at.subcommands.flatMap((sub) => commands(sub, [...path, sub.name]))
]

const find = (words: ReadonlyArray<string>): Completions.CommandDescriptor => {
  let at = root
  for (const word of words) {
    const sub = at.subcommands.find(({ name }) => name === word)
    if (sub === undefined) break
    at = sub
  }
  return at
}

describe("--help", () => {
  it.live("shows an example first, whose flags are those of the command", () =>
    Effect.gen(function*() {
      for (const [path] of commands(root)) {
        const { stdout } = yield* gemini([...path, "--help"])
        const [head = "", ...rest] = stdout.split("\n")
        assert.strictEqual(head, "EXAMPLES", path.join(" "))
        const examples = rest.slice(0, rest.indexOf("")).filter((line) => /^ {2}\S/.test(line))
        for (const line of examples.flatMap((example) => example.trim().split(/ && | \| /))) {
          if (!line.startsWith("gemini-fx")) continue
          const words = line.split(" ").slice(1)
          const { flags } = find(words)
          for (const flag of words.filter((word) => word.startsWith("-"))) {
            const known = flags.some(({ aliases, name }) => flag === `--${name}` || aliases.includes(flag.slice(1)))
            assert.isTrue(known, `${line}: ${flag}`)
          }
        }
      }
    }))
})

/** The columns that follow an option in help, of which the last says what is there without it. */
const optionLine = /^ {2}(--[a-z-]+)\S*.* {2,}(.*)$/

describe("every option", () => {
  it.live("says what holds without it", () =>
    Effect.gen(function*() {
      for (const [path, { flags }] of commands(root)) {
        const { stdout } = yield* gemini([...path, "--help"])
        const [, listed = ""] = /\nFLAGS\n([\s\S]*?)(?:\n\n|$)/.exec(stdout) ?? []
        const names = new Set(flags.map(({ name }) => `--${name}`))
        for (const line of listed.split("\n")) {
          const [, name = "", says = ""] = optionLine.exec(line) ?? []
          if (names.has(name)) assert.match(says, /default/i, `${path.join(" ")} ${name}`)
        }
      }
    }))

  it("fits a terminal's rows, and loses no word", () => {
    const text =
      "FLAGS\n  --model, -m string    the model that answers; default: GEMINI_FX_MODEL, else another\n  -x    no"
    for (const columns of [20, 40, 60, 80]) {
      const lines = fitted(text, columns).split("\n")
      for (const line of lines) assert.isAtMost(line.length, Math.max(columns, 24), line)
      assert.strictEqual(lines.join(" ").replace(/\s+/g, " "), text.replace(/\s+/g, " "))
    }
    assert.include(fitted(text, 60), `\n${" ".repeat(24)}GEMINI_FX_MODEL, else another`)
  })
})

/** What bash offers for a command line whose last word is being typed. */
const offered = (folder: string, ...words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const line = `gemini-fx ${words.join(" ")}`
  const program = `${script(root, "bash")}
COMP_WORDS=(${["gemini-fx", ...words].map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length}; COMP_LINE='${line}'; COMP_POINT=${line.length}
_gemini_fx gemini-fx "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stderr, stdout } = spawnSync("bash", ["--norc", "-c", program], {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] ?? "" }
  })
  assert.strictEqual(stderr, "")
  return stdout.trimEnd().split("\n")
}

describe("--completions", () => {
  it("offers models, files and runs to bash", () => {
    const folder = mkdtempSync(join(tmpdir(), "gemini-fx-completions-"))
    try {
      writeFileSync(join(folder, "story.toml"), "")
      for (const id of ["story-a1", "story-b2", "$(touch owned)", "with space"]) {
        mkdirSync(join(folder, ".runs", id), { recursive: true })
      }
      assert.deepStrictEqual(offered(folder, "run", "--model", "gemini-3.8-flash-"), [
        "gemini-3.8-flash-lite-tts",
        "gemini-3.8-flash-tts"
      ])
      assert.deepStrictEqual(offered(folder, "run", "sto"), ["story.toml"])
      assert.deepStrictEqual(offered(folder, "runs", "watch", ""), ["last", "story-a1", "story-b2"])
      assert.deepStrictEqual(offered(folder, "runs", "resume", "story-b"), ["story-b2"])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it.each(["bash", "zsh", "fish", "powershell"] as const)("looks runs up when asked, in the script for %s", (shell) => {
    const text = script(root, shell)
    assert.include(text, "GEMINI_FX_RUNS")
    assert.notInclude(text, "gemini-fx-runs")
  })
})
