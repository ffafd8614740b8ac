/**
 * A run of batches in a process of its own: `URL FOLDER OUT ROWS JOB KILL STOP TIMES`. It goes on with the run that lies in FOLDER,
 * and adds a line to OUT for each result behind those that are there. It dies by kill -9 at the KILLth of its steps: what it
 * wrote, a request that it sends, an answer that it gets; and when the run has STOP results. TIMES are the options of time as JSON. At the end it says how far
 * the run is, by how much it grew at most, and its heap at each tenth of the results.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Batches from "effect-gemini/batches/Batches"
import * as BatchRun from "effect-gemini/batches/BatchRun"
import type * as RunOptions from "effect-gemini/batches/RunOptions"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { appendFileSync, existsSync, readFileSync, truncateSync } from "node:fs"

const [url = "", directory = "", out = "", rows = "0", job = "0", killAt = "0", stopAt = "0", times = "{}"] = process
  .argv.slice(2)

let steps = 0
const step = Effect.sync(() => {
  if (++steps === Number(killAt)) process.kill(process.pid, "SIGKILL")
})

const retry = { attempts: 5, baseDelay: "5 millis", maxDelay: "50 millis" } as const
const options = {
  tier: "tier3" as const,
  apiKey: Redacted.make("key"),
  baseUrl: url,
  retry,
  transformClient: (client: HttpClient.HttpClient) =>
    client.pipe(HttpClient.tapRequest(() => step), HttpClient.tap(() => step))
}
const layer = Layer.mergeAll(
  Batches.layer({ retry }).pipe(
    Layer.provide(ResourceHttp.layer(options)),
    Layer.provide(NodeGemini.layerHttpClient())
  ),
  NodeGemini.layerHttp(options),
  FileJournal.layer({ directory }).pipe(Layer.provide(NodeServices.layer))
)

/** How many whole lines there are; a line that was being written when the process died goes. */
const lines = (): number => {
  if (!existsSync(out)) return 0
  const text = readFileSync(out, "utf8")
  const end = text.lastIndexOf("\n") + 1
  truncateSync(out, Buffer.byteLength(text.slice(0, end)))
  return text.slice(0, end).split("\n").length - 1
}

const run = BatchRun.run({
  id: "killed",
  model: "gemini-3.8-flash",
  rows: Stream.range(0, Number(rows) - 1).pipe(
    Stream.map((index) => ({ key: `row-${index}`, request: { contents: `Say ${index}` } }))
  ),
  from: lines(),
  job: { rows: Number(job) },
  ...JSON.parse(times),
  onProgress: ({ results }: RunOptions.RunProgress) =>
    Effect.andThen(
      step,
      Effect.sync(() => {
        if (Number(stopAt) > 0 && results >= Number(stopAt)) process.kill(process.pid, "SIGKILL")
      })
    )
})

let given = 0
let most = 0
/** The heap after a collection, at each tenth of the results. */
const heaps: Array<number> = []
const watch = (count: number) => {
  given += count
  most = Math.max(most, process.memoryUsage().rss)
  if (given < (heaps.length + 1) * Number(rows) / 10) return
  globalThis.gc?.()
  const { arrayBuffers, heapUsed } = process.memoryUsage()
  heaps.push(heapUsed + arrayBuffers)
}
globalThis.gc?.()
const idle = process.memoryUsage().rss
const program = run.pipe(
  Stream.chunks,
  Stream.runForEach((results) =>
    Effect.sync(() => {
      appendFileSync(
        out,
        results.map(({ _tag, key, place, row, via }) => `${JSON.stringify([place, row, key, _tag, via])}\n`).join("")
      )
      watch(results.length)
    })
  ),
  Effect.andThen(BatchRun.status("killed")),
  Effect.provide(layer)
)

const status = await Effect.runPromise(program)
process.stdout.write(`${JSON.stringify({ status, grown: most - idle, heaps })}\n`)
process.exit(0)
