/**
 * `pnpm bench:live [--rows chunks,asks,turns,events,sessions,idle,audio] [--rounds 15] [--minutes 60] [--json]`
 * `                [--subjects raw,effect-gemini,genai] [--prof folder]`
 *
 * Live sessions beside raw `ws` with JSON.parse and the official SDK, each in a process of its own, taking
 * turns so that what else the machine does hits all alike. Ratios are to raw, within a round; medians.
 * Ends with 1 if the sound's heap is not flat.
 */
import { cpus, loadavg } from "node:os"
import { parseArgs } from "node:util"
import { table } from "../harness/report.ts"
import { median } from "../harness/sample.ts"
import { fresh, type LiveServer, measure, type Measured, middle, ratio, type Rounds, startServer } from "./harness.ts"
import type { LiveJob } from "./job.ts"

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "chunks,asks,turns,events,sessions,idle,audio" },
    subjects: { type: "string", default: "raw,effect-gemini,genai" },
    rounds: { type: "string", default: "15" },
    minutes: { type: "string", default: "60" },
    json: { type: "boolean", default: false },
    prof: { type: "string" }
  }
})
const rounds = Number(flags.rounds)
const minutes = Number(flags.minutes)
const subjects = flags.subjects.split(",")

interface LiveFigure {
  readonly row: string
  readonly subject: string
  readonly value: number
  readonly unit: string
  readonly goal?: string
  readonly reached?: boolean
  readonly detail?: string
}

/** The tolerance for the heap: within 5 % of what it was after the first minute. */
const flat = 1.05

/** The least CPU that a round took, which the neighbours disturbed least. */
const least = (rounds: Rounds, subject: string): number =>
  Math.min(...(rounds.get(subject) ?? []).map(({ cpu }) => cpu))

const against = async (
  server: LiveServer,
  row: string,
  job: LiveJob,
  goals: { readonly speed?: number; readonly time?: number; readonly cpu?: number; readonly peer?: number }
): Promise<ReadonlyArray<LiveFigure>> => {
  const found = await measure(server, subjects, job, {
    rounds,
    warmup: 2_500,
    execArgv: flags.prof === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${flags.prof}`]
  })
  const each = (subject: string, value: (sample: Measured) => number) =>
    (middle(found, subject, value) * 1000 / job.count).toFixed(1)
  return subjects.flatMap((subject) => {
    const isOurs = subject === "effect-gemini"
    const detail = `${each(subject, ({ wall }) => wall)} µs, ${each(subject, ({ cpu }) => cpu)} µs CPU; ` +
      `server busy ${(middle(found, subject, ({ server }) => server) * 100).toFixed(0)} %; ` +
      `the least CPU of all rounds ${(least(found, subject) / least(found, "raw")).toFixed(2)} × raw`
    const figures: Array<LiveFigure> = []
    const add = (what: string, value: number, goal: number | undefined, isHigherBetter: boolean): void => {
      figures.push({
        row: `${row}: ${what}`,
        subject,
        value,
        unit: "× raw",
        detail,
        ...(goal !== undefined && isOurs
          ? { goal: `${isHigherBetter ? "≥" : "≤"} ${goal}`, reached: isHigherBetter ? value >= goal : value <= goal }
          : {})
      })
    }
    if (goals.time === undefined) add("speed", 1 / ratio(found, subject, ({ wall }) => wall), goals.speed, true)
    else add("time", ratio(found, subject, ({ wall }) => wall), goals.time, false)
    add("CPU", ratio(found, subject, ({ cpu }) => cpu), goals.cpu, false)
    if (isOurs && goals.peer !== undefined && subjects.includes("genai")) {
      const value = ratio(found, subject, ({ cpu }) => cpu, "genai")
      const goal = { goal: `≤ ${goals.peer}`, reached: value <= goals.peer }
      figures.push({ row: `${row}: CPU`, subject, value, unit: "× genai", detail, ...goal })
    }
    return figures
  })
}

const idle = async (server: LiveServer): Promise<ReadonlyArray<LiveFigure>> => {
  const count = 500
  const found = await fresh(server, subjects, {
    before: { op: "sessions", count: 50, memory: true },
    job: { op: "idle", count, memory: true },
    rounds: 3
  })
  return Array.from(found, ([subject, pairs]) => {
    const each = (value: (sample: Measured) => number) =>
      median(pairs.map(([before, after]) => (value(after) - value(before)) / count)) / 1024
    return {
      row: "idle: memory of a session",
      subject,
      value: each(({ heap }) => heap),
      unit: "kB of heap",
      detail: `${each(({ rss }) => rss).toFixed(0)} kB of RSS`
    }
  })
}

const audio = async (server: LiveServer): Promise<ReadonlyArray<LiveFigure>> => {
  const found = await fresh(server, subjects, {
    before: { op: "audio", count: 60, memory: true },
    job: { op: "audio", count: (minutes - 1) * 60, memory: true },
    rounds: 1
  })
  return Array.from(found, ([subject, pairs]) => {
    const each = (value: (pair: readonly [Measured, Measured]) => number) => median(pairs.map(value))
    const value = each(([before, after]) => after.heap / before.heap)
    const mega = (bytes: number) => (bytes / 2 ** 20).toFixed(1)
    return {
      row: `audio: heap after ${minutes} minutes`,
      subject,
      value,
      unit: "× after the first",
      ...(subject === "effect-gemini" ? { goal: `≤ ${flat}`, reached: value <= flat } : {}),
      detail: `${mega(each(([{ heap }]) => heap))} → ${mega(each(([, { heap }]) => heap))} MB; RSS ` +
        `${mega(each(([{ rss }]) => rss))} → ${mega(each(([, { rss }]) => rss))} MB; in ` +
        `${(each(([before, after]) => before.wall + after.wall) / 1000).toFixed(1)} s`
    }
  })
}

const known: Readonly<Record<string, (server: LiveServer) => Promise<ReadonlyArray<LiveFigure>>>> = {
  chunks: (server) =>
    against(server, "chunks down one session", { op: "chunks", count: 50_000 }, { speed: 0.85, peer: 1.05 }),
  asks: (server) => against(server, "turns by ask", { op: "asks", count: 4_000 }, { cpu: 1.5 }),
  turns: (server) => against(server, "turns by sendTextStream", { op: "turns", count: 4_000 }, { cpu: 1.6 }),
  events: (server) => against(server, "turns by sendText and events", { op: "events", count: 4_000 }, { cpu: 1.4 }),
  sessions: (server) =>
    against(server, "200 sessions at once", { op: "sessions", count: 200 }, { time: 1.2, cpu: 1.4 }),
  idle,
  audio
}

const server = await startServer()
const figures: Array<LiveFigure> = []
for (const name of flags.rows.split(",")) {
  const row = known[name]
  if (row === undefined) throw new Error(`no row is called ${name}; there are ${Object.keys(known).join(", ")}`)
  const found = await row(server)
  figures.push(...found)
  if (flags.json) continue
  console.log(
    table(
      ["row", "client", "figure", "goal", "", "cost"],
      found.map(({ detail = "", goal = "", reached, row, subject, unit, value }) => [
        row,
        subject,
        `${value.toFixed(2)} ${unit}`,
        goal,
        reached === undefined ? "" : reached ? "reached" : "missed",
        detail
      ])
    ) + "\n"
  )
}
server.stop()
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.version}`
// Above the number of processors, times are those of the neighbours: the CPU ratios are what is left to read.
const load = loadavg()[1]?.toFixed(1)
if (flags.json) console.log(JSON.stringify({ date: new Date().toISOString(), machine, load, figures }, undefined, 2))
else console.log(`${machine}; load over five minutes ${load}`)
if (figures.some(({ reached, row }) => row.startsWith("audio") && reached === false)) process.exitCode = 1
