// Plants small bugs, one at a time, and tells which of them no test sees: `pnpm mutate ROOM [--most N] [--seed S]
// [--file PART] [--since COMMIT] [--html FILE]`. `--changed` takes the rooms in which lines changed since the commit
// at which the scores were recorded, and is what `.ci/run` calls. StrykerJS makes the mutants and runs the tests; it
// is told the place of no tsconfig, because it reads one by an interface that TypeScript 7 does not have.
import * as Schema from "effect/Schema"
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { changedLines, filesOf, hasCommit } from "./mutation/changed.ts"
import { equivalents } from "./mutation/equivalent.ts"
import { chosen, excluded, type Mutant, mutantsOf, rangeOf } from "./mutation/mutants.ts"
import { recordedAt, type Room, rooms } from "./mutation/rooms.ts"
import { isLower, Report, scoreOf } from "./mutation/score.ts"
import { secondCheckout } from "./mutation/tree.ts"

const root = join(import.meta.dirname, "..")
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    most: { type: "string", default: "150" },
    seed: { type: "string", default: "1" },
    file: { type: "string" },
    since: { type: "string" },
    html: { type: "string" },
    changed: { type: "boolean", default: false }
  }
})

const usage = (): never => {
  console.log(`pnpm mutate ROOM [--most 150] [--seed 1] [--file PART] [--since COMMIT] [--html FILE]\n`)
  for (const room of rooms) {
    console.log(`  ${room.name.padEnd(14)} ${String(room.floor).padStart(3)} %  ${room.code.join(" ")}`)
  }
  process.exit(positionals.length === 0 ? 0 : 1)
}

const most = Number(values.most)
const seed = Number(values.seed)
if (!Number.isInteger(most) || most < 1 || !Number.isInteger(seed)) {
  console.log("--most is a whole number of at least 1, and --seed a whole number")
  process.exit(1)
}
const asked = rooms.filter((room) => values.changed || (positionals.length === 1 && room.name === positionals[0]))
if (asked.length === 0) usage()

const since = values.since ?? (values.changed ? recordedAt : undefined)
if (since !== undefined && !hasCommit(root, since)) {
  console.log(
    `This checkout does not have the commit ${since}, so what changed since then is not known: nothing was judged.`
  )
  process.exit(0)
}
const changed = since === undefined ? undefined : changedLines(root, since)

/** The mutants of a room that were asked for: of all its lines, or of those that changed. */
const mutantsIn = (room: Room): ReadonlyArray<Mutant> => {
  const files = filesOf(root, room.code)
    .filter((file) => file.endsWith(".ts") && (values.file === undefined || file.includes(values.file)))
    .filter((file) => changed === undefined || changed.has(file))
  if (files.length === 0) return []
  const all = mutantsOf(root, files)
  return changed === undefined ? all : all.filter((mutant) => changed.get(mutant.file)?.has(mutant.from[0]) === true)
}

const testsOf = (room: Room): ReadonlyArray<string> =>
  room.tests.flatMap((place) => statSync(join(root, place)).isDirectory() ? [`${place}/**/*.test.ts`] : [place])

/** Runs the tests of a room on some of its mutants, and says what was found. Gives whether the score is high enough. */
const judge = (room: Room, candidates: ReadonlyArray<Mutant>, most: number): boolean => {
  const started = Date.now()
  const ranges = chosen(candidates, most, seed)
  const tree = secondCheckout(root)
  const here = process.cwd()
  try {
    process.chdir(tree.path)
    writeFileSync(
      "vitest.mutate.ts",
      `import { defineConfig } from "vitest/config"
export default defineConfig({ test: {
  setupFiles: ["./vitest.setup.ts"], testTimeout: 15_000, include: ${JSON.stringify(testsOf(room))} } })
`
    )
    const config = {
      testRunner: "vitest",
      plugins: ["@stryker-mutator/vitest-runner"],
      vitest: { configFile: "vitest.mutate.ts", related: false },
      mutate: ranges.map(rangeOf),
      mutator: { excludedMutations: excluded },
      coverageAnalysis: "perTest",
      ignoreStatic: true,
      inPlace: true,
      concurrency: 2,
      timeoutMS: 20_000,
      tsconfigFile: "none.json",
      allowEmpty: true,
      reporters: ["json", "html"]
    }
    writeFileSync("stryker.mutate.json", JSON.stringify(config))
    const ran = spawnSync(process.execPath, [
      "node_modules/@stryker-mutator/core/bin/stryker.js",
      "run",
      "stryker.mutate.json"
    ], {
      encoding: "utf8",
      maxBuffer: 256 * 2 ** 20
    })
    if (!existsSync("reports/mutation/mutation.json")) {
      console.log(`${ran.stdout}${ran.stderr}\n${room.name}: Stryker gave no report`)
      return false
    }
    if (values.html !== undefined) cpSync("reports/mutation/mutation.html", resolve(here, values.html))
    const score = scoreOf(
      Schema.decodeSync(Report)(readFileSync("reports/mutation/mutation.json", "utf8")),
      equivalents
    )
    for (const line of score.survivors) console.log(line)
    const low = isLower(score, room.floor)
    console.log(
      `${room.name}: ${score.killed} of ${score.killed + score.survived} mutants seen (${score.percent} %, at least ` +
        `${room.floor} %), ${score.equivalent} equivalent, ${score.unjudged} not judged, of ${candidates.length} there; ` +
        `seed ${seed}, ${Math.round((Date.now() - started) / 1000)} s`
    )
    if (low) {
      console.log(
        `${room.name}: too few are seen. Each line above is a bug that no test of ${room.tests.join(", ")} sees.`
      )
    }
    return !low
  } finally {
    process.chdir(here)
    tree.remove()
  }
}

// A room's tests run once without a mutant before they judge any, which is most of the time: where many rooms changed,
// those with most changed lines come first, until the time is used.
const until = Date.now() + (values.changed ? 120_000 : Infinity)
const found = asked.map((room) => ({ room, candidates: mutantsIn(room) }))
const some = found.filter(({ candidates }) => candidates.length > 0)
if (some.length === 0) console.log(`No line with a mutant${since === undefined ? "" : ` changed since ${since}`}.`)
for (const { room, candidates } of some.toSorted((a, b) => b.candidates.length - a.candidates.length)) {
  if (Date.now() > until) {
    console.log(`${room.name}: ${candidates.length} mutants in changed lines, not judged for want of time`)
  } else if (!judge(room, candidates, values.changed ? Math.min(most, 25) : most)) process.exitCode = 1
}
