/**
 * `pnpm bench:live [--rows chunks,turns,sessions,idle,audio] [--rounds 15] [--minutes 60] [--json]`
 * `                [--subjects raw,effect-gemini,genai] [--prof folder]`
 *
 * Live sessions beside raw `ws` with JSON.parse and the official SDK, each in a process of its own, taking
 * turns so that what else the machine does hits all alike. Ratios are to raw, within a round; medians.
 * Ends with 1 if the sound's heap is not flat.
 */
import { cpus, loadavg } from "node:os"
import { parseArgs } from "node:util"
import { fresh, type LiveServer, measure, type Measured, middle, ratio, startServer } from "./liveHarness.ts"
import type { LiveJob } from "./liveJob.ts"
import { table } from "./report.ts"
import { median } from "./sample.ts"

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "chunks,turns,sessions,idle,audio" },
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

/** The tolerance is the issue's: within 5 % of what it was after the first minute. */
const flat = 1.05

const against = async (
  server: LiveServer,
  row: string,
  job: LiveJob,
  goals: { readonly speed?: number; readonly time?: number; readonly cpu?: number }
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
      `server busy ${(middle(found, subject, ({ server }) => server) * 100).toFixed(0)} %`
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
  chunks: (server) => against(server, "chunks down one session", { op: "chunks", count: 50_000 }, { speed: 0.85 }),
  turns: (server) => against(server, "turns, ping-pong", { op: "turns", count: 4_000 }, { speed: 0.85, cpu: 1.4 }),
  sessions: (server) => against(server, "200 sessions at once", { op: "sessions", count: 200 }, { time: 1.2 }),
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
