/**
 * `node packages/bench/src/agents/main.ts [--quick] [--rows a,b] [--json] [--check] [--profile [--of ours-redis]]`
 *
 * Prints tables to stdout. `--check` ends with 1 if a gate is missed in two measurements of its row. `--profile` says where
 * our steps spend their CPU.
 */
import { parseArgs } from "node:util"
import { field, reply, start } from "../harness/harness.ts"
import { table } from "../harness/report.ts"
import { bundle } from "./bundle.ts"
import type { Job, Sample } from "./job.ts"
import { profile } from "./profile.ts"
import { type Figure, type Row, rows } from "./rows.ts"
import { redis, toolServer } from "./servers.ts"

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rows: { type: "string" },
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    of: { type: "string", default: "ours-memory" }
  }
})

const server = await toolServer()
const store = await redis()

interface Client {
  readonly name: string
  readonly run: (job: Job) => Promise<Sample>
  readonly stop: () => void
}

const isSample = (value: unknown): value is Sample => typeof field(value, "cpu") === "number"

const startClient = async (name: string): Promise<Client> => {
  const subject = name.endsWith("-redis") ? name.replace("redis", store?.url ?? "redis:") : name
  const child = start(new URL("./client.ts", import.meta.url), [subject, server.url], ["--expose-gc"])
  await reply(child)
  return {
    name,
    run: async (job) => {
      child.send(job)
      const message = await reply(child)
      const sample = field(message, "sample")
      if (!isSample(sample)) throw new Error(`${name}: ${String(field(message, "error"))}`)
      return sample
    },
    stop: () => child.disconnect()
  }
}

const rounds = flags.quick ? 5 : 9
/** Milliseconds of CPU that each client spends on a job before it is measured: optimised code comes late. */
const warmup = flags.quick ? 4_000 : 8_000

const isMemory = ({ op }: Job): boolean => op === "kept" || op === "waiting"

const measured = async (row: Row): Promise<ReadonlyArray<Figure>> => {
  const clients = await Promise.all(row.clients.map(startClient))
  const able = ({ op }: Job) => op === "waiting" ? clients.filter(({ name }) => name === "ours-files") : clients
  const all = row.jobs.map((job) => new Map<string, Array<Sample>>(able(job).map(({ name }) => [name, []])))
  const sample = async (at: number, round: number): Promise<void> => {
    const job = row.jobs[at]
    if (job === undefined) return
    const doing = able(job)
    // The order rotates, so that nobody always runs behind the same neighbour.
    for (let i = 0; i < doing.length; i++) {
      const client = doing[(i + round) % doing.length]
      if (client !== undefined) all[at]?.get(client.name)?.push(await client.run(job))
    }
  }
  for (const job of row.jobs.filter((job) => !isMemory(job))) {
    for (const client of able(job)) {
      for (let spent = 0, runs = 0; spent < warmup || runs < (row.warmRuns ?? 0); runs += job.times) {
        spent += (await client.run(job)).cpu
      }
    }
  }
  // All timed jobs are done in each round, because a quotient of two of them is taken within a round too.
  for (let round = 0; round < rounds; round++) {
    for (const [at, job] of row.jobs.entries()) if (!isMemory(job)) await sample(at, round)
  }
  for (const [at, job] of row.jobs.entries()) {
    if (!isMemory(job)) continue
    for (const client of able(job)) await client.run(job)
    for (let round = 0; round < 3; round++) await sample(at, round)
  }
  for (const client of clients) client.stop()
  return row.figures(all)
}

const isMissed = ({ gate, value }: Figure): boolean => gate !== undefined && value > gate

const shown = (value: number): string => value >= 100 ? value.toFixed(0) : value.toFixed(value < 10 ? 2 : 1)

const print = (row: Pick<Row, "title">, figures: ReadonlyArray<Figure>): void =>
  console.log(`\n### ${row.title}\n\n${
    table(
      ["figure", "", "gate", "goal", ""],
      figures.map((figure) => [
        figure.name,
        `${shown(figure.value)} ${figure.unit}`,
        figure.gate === undefined ? "" : `≤ ${figure.gate}`,
        figure.goal === undefined ? "" : `≤ ${figure.goal}`,
        isMissed(figure)
          ? "MISSED"
          : figure.goal === undefined
          ? ""
          : figure.value <= figure.goal
          ? "reached"
          : "above its goal"
      ])
    )
  }`)

const wanted = flags.rows?.split(",")
const data: Array<Figure> = []
let missed = 0
try {
  for (const row of rows) {
    if (wanted !== undefined && !wanted.includes(row.id)) continue
    if (row.id === "redis" && store === undefined) {
      console.log("\nredis: redis-server is not installed")
      continue
    }
    let figures = await measured(row)
    print(row, figures)
    if (flags.check && figures.some(isMissed)) {
      const again = await measured(row)
      print({ title: `${row.title}, again` }, again)
      const names = new Set(again.filter(isMissed).map(({ name }) => name))
      missed += figures.filter((figure) => isMissed(figure) && names.has(figure.name)).length
      figures = again
    }
    data.push(...figures)
  }
  if (wanted === undefined || wanted.includes("bundle")) {
    const figures = await bundle()
    print({ title: "bundle of a program with one agent, minified and gzipped" }, figures)
    data.push(...figures)
    if (flags.check) missed += figures.filter(isMissed).length
  }
  if (flags.profile) {
    const client = await startClient(flags.of)
    console.log(await profile(client.run))
    client.stop()
  }
  if (flags.json) console.log(JSON.stringify(data))
} finally {
  server.stop()
  store?.stop()
}
if (missed > 0) {
  console.error(`\n${missed} ${missed === 1 ? "gate is" : "gates are"} missed, twice`)
  process.exitCode = 1
}
