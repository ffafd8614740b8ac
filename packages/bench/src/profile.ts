/**
 * Where the CPU time of one client goes in one row.
 *
 * `pnpm bench:profile unary client-dispatch [--seconds 5] [--keep file.cpuprofile]`
 *
 * The client is warmed up as in the row, then runs its job under V8's sampling profiler
 * until so many seconds of CPU are spent. Self time is added up by owner; a function
 * that V8 inlined counts where it was written. JSON.parse is a builtin and shows as the
 * function that does nothing else. "(program)" is native code without a JavaScript frame: system
 * calls, libuv and the kernel's share of them.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import type { Profiler } from "node:inspector"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { fetchRows } from "./fetch/rows.ts"
import { startClient, startServer } from "./harness/harness.ts"
import { rows as loads } from "./rows.ts"

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: "string", default: "5" }, keep: { type: "string" } }
})
const [id = "unary", name = "client-dispatch"] = positionals
const rows = [...loads, ...fetchRows]
const plan = rows.find((row) => row.id === id)?.plan?.(false)
if (plan === undefined) {
  throw new Error(
    `no row of one job is called ${id}: ${rows.filter((row) => row.plan).map((row) => row.id).join(", ")}`
  )
}

const owners: ReadonlyArray<readonly [owner: string, pattern: RegExp]> = [
  ["JSON.parse", /gemini\/src\/internal\/http\/errorWords\.ts#parse$/],
  ["effect-gemini", /packages\/gemini\/src\//],
  ["the benchmark itself", /packages\/bench\/src\//],
  ["undici", /node_modules\/undici\/|^wasm:|#.*wasm-function/],
  ["Effect: HttpClient", /node_modules\/(?:effect\/(?:dist|src)\/(?:unstable\/)?http|@effect\/platform-node[^/]*)\//],
  ["Effect: Stream and Channel", /node_modules\/effect\/.*\/(?:Stream|Channel|Pull)\.[jt]s#/],
  ["Effect: the rest", /node_modules\/effect\//],
  ["Node", /^node:|^#(?!\()/],
  ["collector", /^#\(garbage collector\)$/],
  ["(program)", /^#\(program\)$/]
]

const server = await startServer()
const client = await startClient(name, server.url)
let cpu = 0
for (let spent = 0; spent < Math.max(plan.warmup, 1000);) spent += cpu = (await client.run(plan.job)).cpu
const times = Math.max(1, Math.round((Number(flags.seconds) * 1000) / cpu)) * plan.job.times
const folder = mkdtempSync(join(tmpdir(), "bench-profile-"))
const file = flags.keep ?? join(folder, "profile.cpuprofile")
const sample = await client.run({ ...plan.job, times, profile: file })
client.stop()
server.stop()
const profile: Profiler.Profile = JSON.parse(readFileSync(file, "utf8"))
rmSync(folder, { recursive: true })

const self = new Map<number, number>()
profile.samples?.forEach((node, i) => self.set(node, (self.get(node) ?? 0) + (profile.timeDeltas?.[i] ?? 0)))

const byOwner = new Map<string, number>()
const byFunction = new Map<string, number>()
let busy = 0
for (const { callFrame, id } of profile.nodes) {
  const time = self.get(id) ?? 0
  const { functionName, lineNumber, url } = callFrame
  if (time === 0 || functionName === "(idle)") continue
  const place = `${url}#${functionName}`
  const owner = owners.find(([, pattern]) => pattern.test(place))?.[0] ?? "other"
  busy += time
  byOwner.set(owner, (byOwner.get(owner) ?? 0) + time)
  const short = url.replace(/^.*\/node_modules\//, "").replace(/^.*\/packages\//, "")
  const at = `${functionName === "" ? "(anonymous)" : functionName} ${short}${url === "" ? "" : `:${lineNumber + 1}`}`
  byFunction.set(at, (byFunction.get(at) ?? 0) + time)
}

const units = sample.chunks
const print = (title: string, times: ReadonlyMap<string, number>, most: number): void => {
  console.log(`\n${title}`)
  for (const [name, time] of Array.from(times).toSorted(([, a], [, b]) => b - a).slice(0, most)) {
    console.log(`${(100 * time / busy).toFixed(1).padStart(6)} % ${(time / units).toFixed(2).padStart(8)} µs  ${name}`)
  }
}
console.log(
  `${id}, ${name}: ${units} ${plan.job.op === "unary" ? "calls" : "chunks"}, ` +
    `${((sample.cpu * 1000) / units).toFixed(2)} µs of CPU each; ${
      (busy / units).toFixed(2)
    } µs of it on the main thread:`
)
print("by owner", byOwner, 20)
print("by function", byFunction, 30)
