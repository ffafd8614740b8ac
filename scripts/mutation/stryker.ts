// One run of StrykerJS in the second checkout: a room's tests against some of its mutants, until a time at the latest.
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join, relative } from "node:path"
import { equivalents } from "./equivalent.ts"
import { excluded, type Mutant, rangeOf } from "./mutants.ts"
import type { Room } from "./rooms.ts"
import { Report, type Score, scoreOf } from "./score.ts"

/** What came of a run. */
export type Ran =
  | {
    readonly _tag: "Judged"
    readonly score: Score
    readonly firstRun: number
    /** Test files that could not run with mutants in the code, and saw none. */
    readonly leftOut: ReadonlyArray<string>
  }
  /** The time was over before the last mutant was judged. */
  | { readonly _tag: "OutOfTime" }
  /** The tests fail as they stand, or Stryker itself does. */
  | { readonly _tag: "Failed"; readonly words: string }

const testsOf = (path: string, room: Room): ReadonlyArray<string> =>
  room.tests.flatMap((place) => statSync(join(path, place)).isDirectory() ? [`${place}/**/*.test.ts`] : [place])

/**
 * What every test file begins with. Some tests bound the processor time of what they call, and code with mutants in it
 * takes several times as much. On a busy machine the first run takes its time, and a mutant has four times as long as the
 * slowest test of that file had then: a test that is only late has seen nothing, and one that hangs is not waited for as
 * if it were the slowest of all files. Vitest's worker knows which file it runs.
 */
const patience = `import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { afterEach, inject, vi } from "vitest"
const own = process.cpuUsage.bind(process)
process.cpuUsage = (before) => {
  const { system, user } = own()
  const now = { system: system / 20, user: user / 20 }
  return before === undefined ? now : { system: now.system - before.system, user: now.user - before.user }
}
const slowest = \`\${import.meta.dirname}/vitest.slowest\`
const times = () => existsSync(slowest) ? JSON.parse(readFileSync(slowest, "utf8")) : {}
const file = globalThis.__vitest_worker__?.filepath ?? ""
let most = times()[file] ?? 0
const isFirst = inject("mode") === "dry-run"
vi.setConfig({ testTimeout: isFirst ? 120_000 : Math.max(15_000, 4 * most), hookTimeout: 120_000 })
if (isFirst) {
  afterEach(({ task }) => {
    const took = Date.now() - (task.result?.startTime ?? Date.now())
    if (took <= most) return
    most = took
    writeFileSync(slowest, JSON.stringify({ ...times(), [file]: took }))
  })
}
`

/**
 * The test files that end before their first test while no mutant is active. One that bundles the code does: a bundler
 * looks at all mutants at once, and takes an import that a single one of them would make for a mistake.
 */
export const unfitTests = (path: string, words: string): ReadonlyArray<string> =>
  Array.from(
    words.matchAll(/(?:outside of a test run: |^)(\/\S+\.test\.ts): /gm),
    ([, file = ""]) => relative(path, file)
  )

const configured = (
  path: string,
  room: Room,
  mutants: ReadonlyArray<Mutant>,
  atOnce: number,
  isolate: boolean,
  leftOut: ReadonlyArray<string>
): void => {
  writeFileSync(join(path, "vitest.patience.ts"), patience)
  rmSync(join(path, "vitest.slowest"), { force: true })
  writeFileSync(
    join(path, "vitest.mutate.ts"),
    `import { defineConfig } from "vitest/config"
export default defineConfig({ test: {
  setupFiles: ["./vitest.setup.ts", "./vitest.patience.ts"],
  isolate: ${isolate},
  include: ${JSON.stringify(testsOf(path, room))}, exclude: ${JSON.stringify(["**/node_modules/**", ...leftOut])} } })
`
  )
  writeFileSync(
    join(path, "scripts/mutation/chosenMutants.json"),
    JSON.stringify(
      mutants.map(({ file, from, mutator, replacement, to }) =>
        JSON.stringify([file, from[0] - 1, from[1] - 1, to[0] - 1, to[1] - 1, mutator, replacement])
      )
    )
  )
  const config = {
    testRunner: "vitest",
    plugins: ["@stryker-mutator/vitest-runner", "./scripts/mutation/chosenMutants.mjs"],
    checkers: ["chosen"],
    vitest: { configFile: "vitest.mutate.ts", related: false },
    mutate: mutants.map(rangeOf),
    mutator: { excludedMutations: excluded },
    coverageAnalysis: "perTest",
    ignoreStatic: true,
    inPlace: true,
    concurrency: atOnce,
    timeoutMS: 20_000,
    tsconfigFile: "none.json",
    // Nobody checks types here, and Stryker would read every file of the repository to say so in it.
    disableTypeChecks: false,
    allowEmpty: true,
    reporters: ["json", "html"]
  }
  writeFileSync(join(path, "stryker.mutate.json"), JSON.stringify(config))
}

/** Runs Stryker with all its children in a group of their own, which ends at the time given. */
const spawned = (path: string, until: number): Promise<{ readonly words: string; readonly late: boolean }> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [
      "node_modules/@stryker-mutator/core/bin/stryker.js",
      "run",
      "stryker.mutate.json"
    ], {
      cwd: path,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"]
    })
    const words: Array<Buffer> = []
    let late = false
    const end = (): void => {
      if (child.pid !== undefined) {
        try {
          process.kill(-child.pid, "SIGKILL")
        } catch {
          // The group has ended by itself.
        }
      }
    }
    const timer = Number.isFinite(until)
      ? setTimeout(() => {
        late = true
        end()
      }, Math.max(0, until - Date.now()))
      : undefined
    const interrupted = (): void => {
      end()
      process.exitCode = 130
    }
    process.once("SIGINT", interrupted)
    process.once("SIGTERM", interrupted)
    child.stdout.on("data", (chunk: Buffer) => words.push(chunk))
    child.stderr.on("data", (chunk: Buffer) => words.push(chunk))
    child.on("close", () => {
      clearTimeout(timer)
      process.off("SIGINT", interrupted)
      process.off("SIGTERM", interrupted)
      end()
      resolve({ words: Buffer.concat(words).toString("utf8"), late })
    })
  })

/** Judges the mutants; `html` is where the page that a person can read goes. */
export const judged = async (options: {
  readonly path: string
  readonly room: Room
  readonly mutants: ReadonlyArray<Mutant>
  readonly atOnce: number
  readonly until: number
  readonly html: string | undefined
}): Promise<Ran> => {
  const { path, room } = options
  const report = join(path, "reports/mutation/mutation.json")
  // Files that share their modules take half of the time; where their tests do not bear it, each has its own.
  let isolate = false
  const leftOut: Array<string> = []
  while (true) {
    rmSync(report, { force: true })
    configured(path, room, options.mutants, options.atOnce, isolate, leftOut)
    const from = Date.now()
    const ran = await spawned(path, options.until)
    if (ran.late) return { _tag: "OutOfTime" }
    // Whoever interrupted it wants no second try.
    if (process.exitCode === 130) return { _tag: "Failed", words: ran.words }
    if (!existsSync(report)) {
      const unfit = unfitTests(path, ran.words).filter((file) => !leftOut.includes(file))
      leftOut.push(...unfit)
      if (unfit.length === 0 && isolate) return { _tag: "Failed", words: ran.words }
      isolate ||= unfit.length === 0
      continue
    }
    if (options.html !== undefined) cpSync(join(path, "reports/mutation/mutation.html"), options.html)
    const all = scoreOf(Schema.decodeSync(Report)(readFileSync(report, "utf8")), equivalents)
    // Stryker reports what runs while a module loads for whole ranges, chosen or not.
    const score = { ...all, unjudged: options.mutants.length - all.killed - all.survived - all.equivalent }
    const first = /Initial test run succeeded\. Ran \d+ tests? in (?:(\d+) minutes? )?(\d+) seconds?/.exec(ran.words)
    return {
      _tag: "Judged",
      score,
      leftOut,
      firstRun: first === null ? Math.round((Date.now() - from) / 1000) : Number(first[1] ?? 0) * 60 + Number(first[2])
    }
  }
}
