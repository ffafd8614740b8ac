// Plants small bugs, one at a time, and tells which of them no test sees: `pnpm mutate ROOM [--most N] [--seed S]
// [--file PART] [--since COMMIT] [--html FILE] [--record]`. `--scores` prints what was recorded of each room.
// `--changed` judges a sample of the lines that changed since then, and is what `.ci/run` calls. StrykerJS makes the
// mutants and runs the tests; it is told the place of no tsconfig, because it reads one by an interface that
// TypeScript 7 does not have.
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { changedLines, filesOf, hasCommit } from "./mutation/changed.ts"
import { chosen, type Mutant, mutantsOf } from "./mutation/mutants.ts"
import { percentOf, record, recorded, type RoomScore, tableOf } from "./mutation/recorded.ts"
import { type Room, rooms } from "./mutation/rooms.ts"
import { isLower } from "./mutation/score.ts"
import { judged, type Ran } from "./mutation/stryker.ts"
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
    "at-once": { type: "string", default: "2" },
    seconds: { type: "string", default: "140" },
    record: { type: "boolean", default: false },
    scores: { type: "boolean", default: false },
    survivors: { type: "boolean", default: false },
    changed: { type: "boolean", default: false }
  }
})

const whole = (option: "most" | "seed" | "at-once" | "seconds", least: number): number => {
  const number = Number(values[option])
  if (Number.isInteger(number) && number >= least) return number
  console.log(`--${option} is a whole number of at least ${least}, not ${values[option]}`)
  process.exit(1)
}
const most = whole("most", 1)
const seed = whole("seed", 0)
const atOnce = whole("at-once", 1)
const seconds = whole("seconds", 1)

const scores = recorded()
if (values.scores) {
  for (const line of tableOf(rooms, scores)) console.log(line)
  if (values.survivors) { for (const { survivors } of Object.values(scores.rooms)) console.log(survivors.join("\n")) }
  process.exit(0)
}
const asked = rooms.filter((room) => values.changed || positionals.includes(room.name))
const unknown = positionals.filter((name) => !rooms.some((room) => room.name === name))
if (asked.length === 0 || unknown.length > 0) {
  for (const name of unknown) console.log(`There is no room ${name}.\n`)
  console.log(
    "pnpm mutate ROOM... [--most 150] [--seed 1] [--file PART] [--since COMMIT] [--html FILE] [--record]\n" +
      "pnpm mutate --scores [--survivors]\npnpm mutate --changed [--since COMMIT] [--seconds 140]\n"
  )
  for (const { code, name, wanted } of rooms) console.log(`  ${name.padEnd(18)} ${wanted} %  ${code.join(" ")}`)
  process.exit(unknown.length)
}

/** The mutants of a room that were asked for: of all its lines, or of those that changed. */
const mutantsIn = (
  room: Room,
  changed: ReadonlyMap<string, ReadonlySet<number>> | undefined
): ReadonlyArray<Mutant> => {
  const files = filesOf(root, room.code)
    .filter((file) => file.endsWith(".ts") && (values.file === undefined || file.includes(values.file)))
    .filter((file) => changed === undefined || changed.has(file))
  if (files.length === 0) return []
  const all = mutantsOf(root, files)
  return changed === undefined ? all : all.filter((mutant) => changed.get(mutant.file)?.has(mutant.from[0]) === true)
}

/** The room's own recorded score; of a room that has none, what is wanted of it. */
const beforeOf = (room: Room): { readonly killed: number; readonly survived: number } =>
  scores.rooms[room.name] ?? { killed: room.wanted, survived: 100 - room.wanted }

type Judged = Extract<Ran, { readonly _tag: "Judged" }>

const told = (room: Room, { leftOut, score }: Judged, there: number, from: number): void => {
  for (const file of leftOut) console.log(`${room.name}: ${file} cannot run with mutants in the code, and judged none`)
  for (const line of score.survivors) console.log(line)
  console.log(
    `${room.name}: ${score.killed} of ${score.killed + score.survived} mutants seen (${score.percent} %; recorded ` +
      `${
        scores.rooms[room.name] === undefined ? "none" : `${percentOf(beforeOf(room))} %`
      }, wanted ${room.wanted} %), ` +
      `${score.timedOut} by time alone, ${score.equivalent} equivalent, ${score.unjudged} not judged, of ${there} ` +
      `there; seed ${seed}, ` +
      `${Math.round((Date.now() - from) / 1000)} s`
  )
}

/** Judges the rooms that were named, in the order in which they were, all in one second checkout. */
const named = async (): Promise<void> => {
  const changed = values.since === undefined ? undefined : changedLines(root, values.since)
  const found = asked.toSorted((a, b) => positionals.indexOf(a.name) - positionals.indexOf(b.name))
    .map((room) => ({ room, candidates: mutantsIn(room, changed) }))
  for (const { candidates, room } of found) {
    if (candidates.length === 0) console.log(`${room.name}: no line with a mutant`)
  }
  const judging = found.filter(({ candidates }) => candidates.length > 0)
  if (judging.length === 0) return
  const tree = secondCheckout(root)
  try {
    for (const { candidates, room } of judging) {
      const from = Date.now()
      const ran = await judged({
        path: tree.path,
        room,
        mutants: chosen(candidates, most, seed),
        atOnce,
        until: Infinity,
        html: values.html === undefined ? undefined : resolve(values.html)
      })
      // It was interrupted, and the rooms behind this one with it.
      if (process.exitCode === 130) return
      if (ran._tag !== "Judged") {
        console.log(`${ran._tag === "Failed" ? ran.words : ""}\n${room.name}: Stryker gave no report`)
        process.exitCode = 1
        continue
      }
      told(room, ran, candidates.length, from)
      const { equivalent, killed, survived, survivors } = ran.score
      if (values.record) {
        const score: RoomScore = {
          killed,
          survived,
          equivalent,
          there: candidates.length,
          seed,
          day: new Date().toISOString().slice(0, 10),
          firstRun: ran.firstRun,
          survivors
        }
        const now = recorded()
        record({ ...now, rooms: { ...now.rooms, [room.name]: score } })
      } else if (isLower(ran.score, beforeOf(room), room.wanted, candidates.length > killed + survived + equivalent)) {
        console.log(`${room.name}: fewer are seen than its recorded score says`)
        process.exitCode = 1
      }
    }
  } finally {
    tree.remove()
  }
}

/** How many mutants of a room are judged at most where lines changed. */
const mostChanged = 30

/** How many lines of a room's code changed. */
const changedIn = (room: Room, changed: ReadonlyMap<string, ReadonlySet<number>>): number =>
  filesOf(root, room.code).reduce((sum, file) => sum + (file.endsWith(".ts") ? changed.get(file)?.size ?? 0 : 0), 0)

/** Judges changed lines, within a time: the room with the most of them first. */
const ofChanges = async (): Promise<void> => {
  const until = Date.now() + seconds * 1000
  const since = values.since ?? scores.since
  if (!hasCommit(root, since)) {
    console.log(
      `This checkout does not have the commit ${since}, so what changed since is not known: nothing is judged.`
    )
    return
  }
  const changed = changedLines(root, since)
  const found = asked.map((room) => ({ room, lines: changedIn(room, changed) }))
    .filter(({ lines }) => lines > 0)
    .toSorted((a, b) => b.lines - a.lines)
  if (found.length === 0) {
    console.log(`No line that could hold a planted bug changed since ${since}.`)
    return
  }
  const sum = found.reduce((all, { lines }) => all + lines, 0)
  console.log(`${sum} lines changed since ${since}, in ${found.map(({ room }) => room.name).join(", ")}`)
  let tree: ReturnType<typeof secondCheckout> | undefined
  const late: Array<string> = []
  const skipped = ({ name }: Room, lines: number): void => void late.push(`${name} (${lines} lines)`)
  try {
    for (const { lines, room } of found) {
      if (Date.now() >= until) {
        skipped(room, lines)
        continue
      }
      // Mutants are listed room by room, because a list of all takes longer than some rooms to judge.
      const candidates = mutantsIn(room, changed)
      if (candidates.length === 0) continue
      tree ??= secondCheckout(root)
      const from = Date.now()
      // The first run and two seconds a mutant on one of two workers, as they were when the score was taken.
      const left = (until - from) / 1000 - (scores.rooms[room.name]?.firstRun ?? 30) - 10
      const mutants = left < 5 ? [] : chosen(candidates, Math.min(mostChanged, Math.ceil(left / 2)), seed)
      const ran = mutants.length === 0
        ? { _tag: "OutOfTime" } as const
        : await judged({ path: tree.path, room, mutants, atOnce, until, html: undefined })
      if (process.exitCode === 130) return
      if (ran._tag === "OutOfTime") {
        skipped(room, lines)
      } else if (ran._tag === "Failed") {
        console.log(
          `${
            ran.words.split("\n").slice(-40).join("\n")
          }\n${room.name}: its tests fail as they stand, so nothing is judged`
        )
      } else {
        told(room, ran, candidates.length, from)
        const { equivalent, killed, survived, unjudged } = ran.score
        const isSample = candidates.length > killed + survived + equivalent + unjudged
        // A room without a score has nothing to fall below: what its tests do not see is told, and turns nothing red.
        if (scores.rooms[room.name] !== undefined && isLower(ran.score, beforeOf(room), room.wanted, isSample)) {
          console.log(
            `${room.name}: fewer are seen in changed lines than in the room as it was recorded. Each line above is a ` +
              `bug that no test of ${room.tests.join(", ")} sees: write the test, or name the mutant in ` +
              "scripts/mutation/equivalent.ts with the reason why nobody could see it."
          )
          process.exitCode = 1
        }
      }
    }
  } finally {
    tree?.remove()
  }
  if (late.length > 0) console.log(`Not judged for want of time: ${late.join(", ")}`)
}

await (values.changed ? ofChanges() : named())
