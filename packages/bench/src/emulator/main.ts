/**
 * `pnpm build && node packages/bench/src/emulator/main.ts [--quick] [--rows ready,rss,unary,stream,rules,space] [--json]`
 *
 * The emulator's command beside `@copilotkit/aimock`, which answers from fixtures and does not judge. Both start anew
 * for every sample of `ready` and `rss`, in turn; the figure is the median, and of `ready` also the median of the
 * quotients within a round, since a busy machine slows both alike. CPU is the server process's own, by the kernel.
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { cpus } from "node:os"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { table } from "../harness/report.ts"
import { median } from "../harness/sample.ts"
import { calls, type Op } from "./calls.ts"
import * as Servers from "./servers.ts"

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    rows: { type: "string" },
    json: { type: "boolean", default: false }
  }
})

interface Figure {
  readonly row: string
  readonly ours: number
  readonly peer?: number | undefined
  readonly unit: string
  readonly goal: string
  readonly isReached: boolean
}

const names = ["ours", "aimock"] as const
const rounds = flags.quick ? 5 : 15
const quiet = (millis: number) => new Promise((resolve) => setTimeout(resolve, millis))

/** One sample of each server a round, in rotating order. */
const each = async (sample: (name: Servers.Name) => Promise<number>, times = rounds) => {
  const samples = { ours: Array<number>(), aimock: Array<number>() }
  for (let round = 0; round < times; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) samples[name].push(await sample(name))
  }
  const ratios = samples.ours.map((value, i) => value / (samples.aimock[i] ?? value))
  return { ours: median(samples.ours), aimock: median(samples.aimock), ratio: median(ratios) }
}

const ready = async (): Promise<ReadonlyArray<Figure>> => {
  const spent = { ours: Array<number>(), aimock: Array<number>() }
  const { aimock, ours, ratio } = await each(async (name) => {
    const server = await Servers.start(name)
    await server.stop()
    spent[name].push(server.spent)
    return server.ready
  })
  const cpu = { ours: median(spent.ours), aimock: median(spent.aimock) }
  return [
    {
      row: "CPU of the main thread until then",
      ours: cpu.ours,
      peer: cpu.aimock,
      unit: "ms",
      goal: "",
      isReached: true
    },
    { row: "ready after", ours, peer: aimock, unit: "ms", goal: "", isReached: true },
    { row: "ready after, ours ÷ aimock", ours: ratio, unit: "", goal: "≤ 1", isReached: ratio <= 1 }
  ]
}

const rss = async (): Promise<ReadonlyArray<Figure>> => {
  const { aimock, ours } = await each(async (name) => {
    const server = await Servers.start(name)
    await quiet(1_000)
    const memory = server.rss()
    await server.stop()
    return memory
  }, 5)
  return [{ row: "RSS idle", ours, peer: aimock, unit: "MB", goal: "≤ 85 MB", isReached: ours <= 85 }]
}

/** Microseconds of the server's CPU a call: after a warm-up the median of some rounds. */
const cost = async (name: Servers.Name, op: Op, idle = 0): Promise<number> => {
  const server = await Servers.start(name, idle)
  const times = flags.quick ? 2_000 : 5_000
  await calls(server.url, op, 2 * times)
  const samples: Array<number> = []
  for (let round = 0; round < 5; round++) {
    const before = server.cpu()
    await calls(server.url, op, times)
    samples.push((server.cpu() - before) / times)
  }
  await server.stop()
  return median(samples)
}

const perCall = async (op: Op, row: string, limit: number): Promise<ReadonlyArray<Figure>> => {
  const ours = await cost("ours", op)
  return [{ row, ours, peer: await cost("aimock", op), unit: "µs", goal: `≤ ${limit} µs`, isReached: ours <= limit }]
}

const rules = async (): Promise<ReadonlyArray<Figure>> => {
  const more = async (name: Servers.Name) => (await cost(name, "unary", 1_000)) - (await cost(name, "unary"))
  const ours = await more("ours")
  const peer = await more("aimock")
  return [{ row: "1,000 rules before the one", ours, peer, unit: "µs a call", goal: "≤ 50 µs", isReached: ours <= 50 }]
}

const space = (): Promise<ReadonlyArray<Figure>> => {
  const file = fileURLToPath(new URL("./spaces.ts", import.meta.url))
  const samples = Array.from(
    { length: 3 },
    (): { readonly kB: number; readonly micros: number } =>
      JSON.parse(execFileSync(process.execPath, ["--expose-gc", file], { encoding: "utf8" }))
  )
  const kB = median(samples.map((sample) => sample.kB))
  const micros = median(samples.map((sample) => sample.micros))
  return Promise.resolve([
    { row: "a space: memory", ours: kB, unit: "kB", goal: "≤ 20 kB", isReached: kB <= 20 },
    { row: "a space: CPU", ours: micros, unit: "µs", goal: "≤ 200 µs", isReached: micros <= 200 }
  ])
}

const all: Readonly<Record<string, () => Promise<ReadonlyArray<Figure>>>> = {
  ready,
  rss,
  unary: () => perCall("unary", "server CPU of a unary call", 160),
  stream: () => perCall("stream", "server CPU of a stream of 11 chunks", 200),
  rules,
  space
}

if (!existsSync(Servers.command)) throw new Error("the command is not built: pnpm build")
const figures: Array<Figure> = []
for (const [name, row] of Object.entries(all)) {
  if (flags.rows?.split(",").includes(name) ?? true) figures.push(...await row())
}
const number = (value: number | undefined) => value === undefined ? "" : value.toFixed(value < 10 ? 2 : 0)
if (flags.json) console.log(JSON.stringify({ node: process.version, figures }, undefined, 2))
else {
  console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.version}\n`)
  console.log(table(
    ["row", "ours", "aimock", "", "goal", ""],
    figures.map(({ goal, isReached, ours, peer, row, unit }) => [
      row,
      number(ours),
      number(peer),
      unit,
      goal,
      goal === "" ? "" : isReached ? "reached" : "missed"
    ])
  ))
}
