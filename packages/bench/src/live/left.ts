/**
 * `pnpm bench:live:left [--rows turns,sessions] [--subject effect-gemini] [--most 12]`
 *
 * What is left of the CPU of a turn, of an opening: where its time goes, by owner and then by function, as V8's sampling
 * profiler sees it. A process of its own runs the row until it is warm, and as long again; the second half counts. The
 * kernel's share is in `writev` and `(program)`; JSON.parse is a part of the `decode` that calls it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import type { Profiler } from "node:inspector"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { table } from "../harness/report.ts"
import { measure, startServer } from "./harness.ts"
import type { LiveJob } from "./job.ts"

const { values: flags } = parseArgs({
  options: {
    rows: { type: "string", default: "turns,sessions" },
    subject: { type: "string", default: "effect-gemini" },
    most: { type: "string", default: "12" }
  }
})

const jobs: Readonly<Record<string, LiveJob>> = {
  turns: { op: "turns", count: 4_000 },
  asks: { op: "asks", count: 4_000 },
  events: { op: "events", count: 4_000 },
  chunks: { op: "chunks", count: 50_000 },
  sessions: { op: "sessions", count: 200 }
}

const ownerOf = ({ functionName, url }: Profiler.ProfileNode["callFrame"]): string =>
  functionName.startsWith("(")
    ? functionName
    : /packages\/gemini\//.test(url)
    ? "effect-gemini"
    : /node_modules\/effect\//.test(url)
    ? "Effect"
    : /node_modules\/ws\//.test(url)
    ? "ws"
    : /packages\/bench\//.test(url)
    ? "the benchmark itself"
    : functionName === "writev"
    ? "writev"
    : "Node"

const nameOf = ({ functionName, lineNumber, url }: Profiler.ProfileNode["callFrame"]): string =>
  `${functionName || "a function"} ${url.replace(/^.*\/(?=[^/]+$)/, "")}:${lineNumber + 1}`

const add = (times: Map<string, number>, key: string, time: number): void =>
  void times.set(key, (times.get(key) ?? 0) + time)

const server = await startServer()
for (const row of flags.rows.split(",")) {
  const job = jobs[row]
  if (job === undefined) throw new Error(`no row is called ${row}; there are ${Object.keys(jobs).join(", ")}`)
  const folder = mkdtempSync(join(tmpdir(), "bench-live-"))
  const execArgv = ["--cpu-prof", `--cpu-prof-dir=${folder}`]
  await measure(server, [flags.subject], job, { rounds: 12, warmup: 2_500, execArgv })
  // The profile is written when the process ends, a moment after it was let go.
  while (readdirSync(folder).length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  let text = ""
  while (!text.endsWith("}")) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    text = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8")).join("").trimEnd()
  }
  rmSync(folder, { recursive: true })
  const { nodes, samples = [], timeDeltas = [] }: Profiler.Profile = JSON.parse(text)
  const frames = new Map(nodes.map(({ callFrame, id }) => [id, callFrame]))
  const [owners, functions] = [new Map<string, number>(), new Map<string, number>()]
  let total = 0
  for (let i = Math.floor(samples.length / 2); i < samples.length; i++) {
    const frame = frames.get(samples[i] ?? 0)
    const time = timeDeltas[i] ?? 0
    if (frame === undefined || frame.functionName === "(idle)") continue
    total += time
    const owner = ownerOf(frame)
    add(owners, owner, time)
    if (owner === "effect-gemini" || owner === "Effect") add(functions, nameOf(frame), time)
  }
  const shares = (times: Map<string, number>, most: number) =>
    Array.from(times).sort(([, one], [, other]) => other - one).slice(0, most)
      .map(([name, time]) => [name, `${(time / total * 100).toFixed(1)} %`])
  console.log(table([`${row}, ${flags.subject}: whose time`, "share"], shares(owners, 12)))
  console.log(
    table(
      [`${row}, ${flags.subject}: the largest of ours and of Effect`, "share"],
      shares(functions, Number(flags.most))
    )
  )
}
server.stop()
