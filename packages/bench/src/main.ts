/**
 * `pnpm bench [--quick] [--rows a,b] [--json] [--check] [--gate] [--write-baseline] [--planted] [--html FILE]`
 *
 * Prints tables to stdout, or with `--json` the data. `--check` compares with the committed baseline and ends with 1 if
 * a ratio is 15 % worse in two runs of its row; a run whose control is off is void and ends with 2. `--gate` is the
 * check of a few rows: it ends with 1 if a ratio is 35 % worse in three runs of its row. `--html` draws
 * the tables into one page.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { cpus } from "node:os"
import { parseArgs } from "node:util"
import { fetchRows } from "./fetch/rows.ts"
import { fileRows } from "./files/rows.ts"
import { bundle, importTime, services } from "./footprint.ts"
import { gate } from "./gate.ts"
import * as Bodies from "./harness/bodies.ts"
import { capacity, startServer } from "./harness/harness.ts"
import { page } from "./harness/page.ts"
import { type Baseline, baselineOf, gateTolerance, type Report, rowTable, tolerance, worse } from "./harness/report.ts"
import { limiterCost } from "./limiter/cost.ts"
import { limiterPeers } from "./limiter/peers.ts"
import { promises } from "./promises.ts"
import { control, type Figure, type Options, type Row, rows as loads } from "./rows.ts"
import { choice, curves, scale } from "./scale/rows.ts"
import { start } from "./start/rows.ts"

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    gate: { type: "boolean", default: false },
    "write-baseline": { type: "boolean", default: false },
    planted: { type: "boolean", default: false },
    rows: { type: "string" },
    html: { type: "string" },
    help: { type: "boolean", default: false }
  }
})

const rows: ReadonlyArray<Row> = [
  ...loads,
  ...fetchRows,
  ...fileRows,
  start,
  importTime,
  bundle,
  services,
  limiterCost,
  limiterPeers,
  scale,
  choice,
  curves,
  ...promises
]
const say = (text: string): void => {
  if (!flags.json) console.log(text)
}

if (flags.help) {
  console.log(`pnpm bench [--quick] [--rows ${rows.map(({ id }) => id).join(",")}]`)
  console.log("           [--json] [--check] [--gate] [--write-baseline] [--planted] [--html FILE]")
  process.exit(0)
}

const wanted = flags.rows?.split(",") ?? (flags.gate ? gate : undefined)
const unknown = wanted?.filter((id) => !rows.some((row) => row.id === id)) ?? []
if (unknown.length > 0) throw new Error(`no row is called ${unknown.join(", ")}; \`--help\` names them`)
// The control runs always: without it the other figures mean nothing.
const chosen = rows.filter(({ id }) => id === control.id || wanted === undefined || wanted.includes(id))

const baselineFile = new URL("../baseline.json", import.meta.url)
const readBaseline = (): Baseline => JSON.parse(readFileSync(baselineFile, "utf8"))

const server = await startServer()
const options: Options = {
  url: server.url,
  quick: flags.quick || flags.gate,
  planted: flags.planted,
  gate: flags.gate
}
const allowed = flags.gate ? gateTolerance : tolerance
// One noisy neighbour does not make a regression: the row must be worse every time.
const tries = flags.gate ? 3 : 2

const events = 20_000
const streamCapacity = await capacity(server.port, Bodies.modelOf(40, events), "streamGenerateContent", 1, 20)
const unaryCapacity = await capacity(server.port, Bodies.modelOf(40, 1), "generateContent", 64, 20_000)
const serverText = `${(streamCapacity.perSecond * events / 1e6).toFixed(1)} million 40 B events per second, ` +
  `${(unaryCapacity.perSecond / 1000).toFixed(0)} thousand unary answers per second`
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Node ${process.version}`
say(`${machine}${flags.quick ? ", quick" : ""}. The server alone gives ${serverText}.\n`)

const failures: Array<string> = []
const figures: Array<Figure> = []
const drawn: Array<readonly [Row, ReadonlyArray<Figure>]> = []
const baseline = flags.check || flags.gate ? readBaseline() : undefined
let isVoid = false
for (const row of chosen) {
  let result = await row.run(options)
  if (row.id === control.id) {
    const sdk = result.find(({ subject }) => subject === "genai")?.value ?? NaN
    if (!(sdk >= control.lowest && sdk <= control.highest)) {
      console.error(
        `void: @google/genai came out at ${sdk.toFixed(3)} of the floor, not ${control.lowest} to ${control.highest}`
      )
      isVoid = true
      break
    }
  } else if (baseline !== undefined) {
    let bad = worse(baseline, result, allowed)
    for (let run = 1; run < tries && bad.length > 0; run++) {
      result = await row.run(options)
      const again = worse(baseline, result, allowed)
      bad = again.filter(({ key }) => bad.some((it) => it.key === key))
    }
    failures.push(...bad.map(({ before, key, now }) => `${key}: ${now.toPrecision(3)}, was ${before}`))
  }
  figures.push(...result)
  drawn.push([row, result])
  say(rowTable(row, result))
}
server.stop()

const report: Report = { date: new Date().toISOString(), machine, quick: flags.quick, server: serverText, figures }
if (flags.json) console.log(JSON.stringify(report, undefined, 2))
if (flags.html !== undefined) writeFileSync(flags.html, page(report, drawn))
if (isVoid) process.exitCode = 2
else {
  if (flags["write-baseline"]) {
    const before = wanted === undefined ? {} : readBaseline()
    const found = baselineOf(figures.filter(({ row }) => row !== control.id))
    writeFileSync(baselineFile, `${JSON.stringify({ ...before, ...found }, undefined, 2)}\n`)
  }
  if (failures.length > 0) {
    console.error(`worse than the baseline by more than ${allowed * 100} %:\n  ${failures.join("\n  ")}`)
    process.exitCode = 1
  } else if (baseline !== undefined) say(`No ratio is ${allowed * 100} % worse than the baseline.`)
}
