/**
 * What a first call loads, step by step: each line is a process that imports all lines up to it, and its figure the
 * CPU time beyond the line before. The built files are measured, as they are published.
 *
 * `node packages/bench/src/start/loads.ts [ROUNDS]`
 */
import { execFileSync } from "node:child_process"
import { table } from "../harness/report.ts"
import { dist } from "./programs.ts"

interface Step {
  readonly module: string
  readonly why: string
  readonly from?: string
}

const steps: ReadonlyArray<Step> = [
  { module: "effect/Effect", why: "fibers, causes, layers' ground" },
  { module: "effect/Stream", why: "streamed answers" },
  { module: "effect/Layer", why: "the client is a layer" },
  { module: "effect/Schema", why: "wire shapes and errors" },
  { module: "effect/http/HttpClient", why: "the service that a transport is" },
  { module: "FetchGemini", why: "client, pool, limiter, errors, `fetch`", from: dist("FetchGemini") },
  { module: "NodeGemini", why: "the layers over undici", from: dist("NodeGemini") },
  { module: "undici/lib/dispatcher/agent.js", why: "sockets, HTTP/1.1 and 2; with the first call" },
  { module: "undici", why: "the rest: nothing loads it but a proxy of yours" }
]

const cpuOf = (modules: ReadonlyArray<string>): number =>
  Number(execFileSync(process.execPath, [
    "--input-type=module",
    "-e",
    `for (const it of ${JSON.stringify(modules)}) await import(it)
     const { system, user } = process.cpuUsage()
     process.stdout.write(String((system + user) / 1000))`
  ], { cwd: new URL("../..", import.meta.url), encoding: "utf8" }))

const rounds = Number(process.argv[2] ?? 9)
const least = [Infinity, ...steps.map(() => Infinity)]
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i <= steps.length; i++) {
    const modules = steps.slice(0, i).map(({ from, module }) => from ?? module)
    least[i] = Math.min(least[i] ?? Infinity, cpuOf(modules))
  }
}
const millis = (value: number): string => value.toFixed(0)
console.log(table(
  ["module", "ms", "in all", "why"],
  [
    ["Node itself", millis(least[0] ?? NaN), millis(least[0] ?? NaN), ""],
    ...steps.map(({ module, why }, i) => {
      const all = least[i + 1] ?? NaN
      return [`\`${module}\``, millis(all - (least[i] ?? NaN)), millis(all), why]
    })
  ]
))
