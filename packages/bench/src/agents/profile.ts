/** Where our CPU goes in steps of a run, by owner and by function. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import type { Profiler } from "node:inspector"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { table } from "../harness/report.ts"
import type { Job, Sample } from "./job.ts"

const owners: ReadonlyArray<readonly [owner: string, pattern: RegExp]> = [
  ["effect-gemini-agents", /packages\/agents\/src\//],
  ["effect-gemini-ai", /packages\/ai\/src\//],
  ["effect-gemini", /packages\/(?:gemini|journal)\/src\//],
  ["the benchmark's model", /packages\/bench\/src\//],
  ["Effect: ai", /node_modules\/effect\/(?:dist|src)\/ai\//],
  ["Effect: Schema", /node_modules\/effect\/.*\/Schema[A-Za-z]*\.[jt]s#/],
  ["Effect: Stream, Channel and Queue", /node_modules\/effect\/.*\/(?:Stream|Channel|Pull|Queue)\.[jt]s#/],
  ["Effect: fibers and the rest", /node_modules\/effect\//],
  ["collector", /^#\(garbage collector\)$/],
  ["Node and native code", /./]
]

export const profile = async (run: (job: Job) => Promise<Sample>): Promise<string> => {
  const job: Job = { op: "runs", steps: 10, times: 100 }
  for (let spent = 0; spent < 3_000;) spent += (await run(job)).cpu
  const folder = mkdtempSync(join(tmpdir(), "bench-agents-profile-"))
  const file = join(folder, "profile.cpuprofile")
  await run({ ...job, times: 2_000, profile: file })
  const { nodes, samples = [], timeDeltas = [] }: Profiler.Profile = JSON.parse(readFileSync(file, "utf8"))
  rmSync(folder, { recursive: true })
  const self = new Map<number, number>()
  samples.forEach((node, i) => self.set(node, (self.get(node) ?? 0) + (timeDeltas[i] ?? 0)))
  const byOwner = new Map<string, number>()
  const byFunction = new Map<string, number>()
  let all = 0
  for (const { callFrame: { functionName, lineNumber, url }, id } of nodes) {
    const spent = self.get(id) ?? 0
    if (functionName === "(idle)") continue
    all += spent
    const place = `${url}#${functionName}`
    const owner = owners.find(([, pattern]) => pattern.test(place))?.[0] ?? ""
    byOwner.set(owner, (byOwner.get(owner) ?? 0) + spent)
    const short = url.replace(/^.*\/(?:node_modules|packages)\//, "")
    const name = `${functionName === "" ? "(anonymous)" : functionName} ${short}:${lineNumber + 1}`
    byFunction.set(name, (byFunction.get(name) ?? 0) + spent)
  }
  const steps = 10 * 2_000
  const lines = (of: Map<string, number>, most: number) =>
    [...of].toSorted(([, a], [, b]) => b - a).slice(0, most).map(([name, spent]) => [
      name,
      `${(100 * spent / all).toFixed(1)} %`,
      `${(spent / steps).toFixed(2)} µs`
    ])
  return `\n### where a step of ours goes, run of 10\n\n${table(["owner", "share", "a step"], lines(byOwner, 20))}\n\n${
    table(["function", "share", "a step"], lines(byFunction, 40))
  }`
}
