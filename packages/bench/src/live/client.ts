/** A client's process of the Live benchmark: takes jobs over IPC, one at a time, and answers each with a sample. */
import { load } from "./clients.ts"
import type { LiveJob, LiveSample } from "./job.ts"
import type { Tally } from "./subject.ts"

const cpuMillis = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

/**
 * The live heap and RSS after two forced collections, with a turn of the event loop between, because finalizers run in
 * a turn of their own.
 */
const memory = async (): Promise<{ readonly heap: number; readonly rss: number }> => {
  for (let i = 0; i < 2; i++) {
    if (globalThis.gc === undefined) throw new Error("start with --expose-gc")
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  const { arrayBuffers, heapUsed, rss } = process.memoryUsage()
  return { heap: heapUsed + arrayBuffers, rss }
}

const [, , name, url] = process.argv
if (name === undefined || url === undefined) throw new Error("started by the harness with a subject and a URL")
const subject = await load(name, url)

const measure = async (job: LiveJob): Promise<LiveSample> => {
  const cpu = cpuMillis()
  const from = performance.now()
  const tally: Tally = await subject[job.op](job.count)
  const sample = { wall: performance.now() - from, cpu: cpuMillis() - cpu, tally }
  // Timed jobs are not followed by a collection: a full one drops the shapes of dead JSON, and with them optimised
  // code.
  return job.memory === true ? { ...sample, ...await memory() } : { ...sample, heap: NaN, rss: NaN }
}

process.on("message", (job: LiveJob) => {
  measure(job).then(
    (sample) => process.send?.({ sample }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) })
  )
})
process.on("disconnect", () => process.exit(0))
process.send?.({ ready: true })
