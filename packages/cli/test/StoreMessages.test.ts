/**
 * What a person reads when something is wrong with the folder of runs, or with a command about them: kept in
 * messages/runs.txt, with every exit code.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect } from "vitest"
import { gemini } from "./harness.ts"

const story = `title = "Tides"
[[acts]]
name = "draft"
prompt = "Hello"
[[acts]]
name = "final"
prompt = "Mend {{draft}}"
`

interface Case {
  readonly args: ReadonlyArray<string>
  readonly exitCode?: number
  /** What somebody did to the folder of runs before. */
  readonly done?: (runs: string) => void
}

const journal = (runs: string) => join(runs, "tides-one", "journal.jsonl")

/** The journal's lines, changed by somebody else's hand. */
const rewritten = (change: (lines: ReadonlyArray<string>) => ReadonlyArray<string>) => (runs: string): void => {
  const lines = readFileSync(journal(runs), "utf8").trimEnd().split("\n")
  writeFileSync(journal(runs), `${change(lines).join("\n")}\n`)
}

const cases: Readonly<Record<string, Case>> = {
  "a run that is not there": { args: ["runs", "show", "waves"] },
  "a beginning that two runs share": { args: ["runs", "show", "tides"] },
  "an empty id": { args: ["runs", "show", ""] },
  "no run is named": { args: ["runs", "resume"] },
  "a verb that is not there": { args: ["runs", "shwo", "last"] },
  "an act that is not there": { args: ["runs", "show", "tides-one", "--act", "end"] },
  "an event before the first": { args: ["runs", "watch", "tides-one", "--from", "-1"] },
  "a decision about a narrative's run": { args: ["runs", "decide", "tides-one", "1.0", "approve", "--by", "ada"] },
  "a fork without an act": { args: ["runs", "fork", "tides-one"] },
  "a fork at an act that is not there": { args: ["runs", "fork", "tides-one", "end"] },
  "a fork of a narrative at a number": { args: ["runs", "fork", "tides-one", "draft", "--at", "3"] },
  "a fork under a name that is taken": { args: ["runs", "fork", "tides-one", "draft", "--id", "tides-two"] },
  "a run under a name that is taken": { args: ["run", "story.toml", "--id", "tides-one"] },
  "an id that cannot be one": { args: ["run", "story.toml", "--id", "../tides"] },
  "a budget that is none": { args: ["run", "story.toml", "--budget", "much"] },
  "a budget of no tokens": { args: ["run", "story.toml", "--token-budget", "0"] },
  "text and a document at once": { args: ["run", "story.toml", "--json", "--only", "draft"] },
  "another end of interrupts": { args: ["run", "story.toml", "--on-interrupt", "wait"] },
  "a variable for a run that has begun": { args: ["runs", "resume", "tides-one", "--var", "topic=waves"] },
  "another model for a run that has begun": { args: ["runs", "resume", "tides-one", "-m", "gemini-pro-latest"] },
  "a newer text that is not there": { args: ["runs", "resume", "tides-one", "--adopt", "waves.toml"] },
  "a run that is over": { args: ["runs", "resume", "tides-one"], exitCode: 0 },
  "a run that is over, cancelled": { args: ["runs", "cancel", "tides-one"] },
  "an age that is none": { args: ["runs", "prune", "--older", "long"] },
  "nothing is said of what may go": { args: ["runs", "prune"] },
  "runs by name and by age at once": { args: ["runs", "prune", "tides-one", "--older", "30d"] },
  "a folder without runs": { args: ["runs", "show", "last"], done: (runs) => rmSync(runs, { recursive: true }) },
  "a folder that is a file": {
    args: ["run", "story.toml"],
    done: (runs) => {
      rmSync(runs, { recursive: true })
      writeFileSync(runs, "")
    }
  },
  "a folder that is a link": {
    args: ["run", "story.toml"],
    done: (runs) => {
      cpSync(runs, `${runs}-real`, { recursive: true })
      rmSync(runs, { recursive: true })
      symlinkSync(`${runs}-real`, runs)
    }
  },
  "a run that others may write": {
    args: ["runs", "resume", "tides-one"],
    done: (runs) => chmodSync(join(runs, "tides-one"), 0o777)
  },
  "a journal that is garbage": {
    args: ["runs", "show", "tides-one"],
    exitCode: 1,
    done: (runs) => writeFileSync(journal(runs), "this is no journal\nnor is this\n")
  },
  "a journal with a line missing": {
    args: ["runs", "show", "tides-one"],
    exitCode: 1,
    done: rewritten((lines) => lines.filter((_, i) => i !== 2))
  },
  "a journal of another package": {
    args: ["runs", "show", "tides-one"],
    done: rewritten((lines) => lines.map((line) => line.replaceAll("effect-gemini-narrative/Run", "acme/Job")))
  },
  "a journal of a newer version": {
    args: ["runs", "resume", "tides-one"],
    done: rewritten((lines) => lines.map((line) => line.replace(/"version":\d+/, "\"version\":99")))
  },
  "a torn last line": {
    args: ["runs", "show", "tides-one"],
    exitCode: 0,
    done: (runs) => appendFileSync(journal(runs), "{\"seq\":99,\"at\"")
  },
  "a list with a run that cannot be read": {
    args: ["runs"],
    exitCode: 0,
    done: (runs) => writeFileSync(journal(runs), "this is no journal\nnor is this\n")
  }
}

/** Words of the machinery, and of a crash, that no person should meet. */
const engine = /\bat .*\.ts:\d|\bfiber\b|\bEffect\b|\bLayer\b|JournalError|RunError|SchemaError|undefined|\[object/

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-store-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

describe("a person whose runs are not as they should be", () => {
  it.live("reads what is wrong and what to do", () =>
    Effect.gen(function*() {
      const root = yield* folder
      const whole = join(root, "whole")
      const files = { "story.toml": story }
      for (const id of ["tides-one", "tides-two"]) {
        const made = yield* gemini(["run", "story.toml", "--id", id], { files, runs: whole })
        assert.strictEqual(made.exitCode, 0, made.stderr)
      }
      const report: Array<string> = []
      const wrong: Array<string> = []
      for (const [index, [title, { args, done, exitCode = 2 }]] of Object.entries(cases).entries()) {
        const runs = join(root, `runs-${index}`)
        mkdirSync(runs, { mode: 0o700 })
        cpSync(whole, runs, { recursive: true })
        done?.(runs)
        const outcome = yield* gemini(args, { files, runs })
        if (outcome.exitCode !== exitCode) {
          wrong.push(`${title}: ${outcome.exitCode}, not ${exitCode}: ${outcome.stderr}`)
        }
        if (engine.test(outcome.stderr)) wrong.push(`${title}: ${outcome.stderr}`)
        const stderr = outcome.stderr.replaceAll(runs, "RUNS").replace(
          /tides-(?=[a-z0-9]*\d|[a-z]{6})[a-z0-9]{6}\b/g,
          "tides-ID"
        ).replace(/ +\d+ (?:s|min)\b| now\b/g, " AGE")
        report.push(`# ${title}\n$ gemini-fx ${args.join(" ")}\n${stderr}=> ${outcome.exitCode}\n`)
      }
      assert.deepStrictEqual(wrong, [])
      yield* Effect.promise(() => expect(report.join("\n")).toMatchFileSnapshot("./messages/runs.txt"))
    }).pipe(Effect.scoped), 120_000)
})
