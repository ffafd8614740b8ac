/** A client's process: takes jobs over IPC, one at a time, and answers each with a sample. */
import { writeFileSync } from "node:fs"
import { Session } from "node:inspector/promises"
import { chat, type Contents, hello, type Subject, type Tally } from "../subjects/Subject.ts"
import { type Job, median, type Sample } from "./sample.ts"

const load = async (name: string, url: string): Promise<Subject> => {
  const [subject = "", ...flags] = name.split("+")
  if (subject === "floor") return (await import("../subjects/floor.ts")).make(url)
  if (subject === "floor-fetch") return (await import("../subjects/floorFetch.ts")).make(url)
  if (subject === "effect") return (await import("../subjects/effectUndici.ts")).make(url)
  if (subject === "promises-dispatch") return (await import("../subjects/promises.ts")).make(url, "dispatch")
  if (subject === "promises-fetch") return (await import("../subjects/promises.ts")).make(url, "fetch")
  if (subject === "genai") return (await import("../subjects/genai.ts")).make(url)
  if (subject === "interactions" || subject === "followed") {
    const { close, events } = (await import("../subjects/interactions.ts")).make(url, subject === "followed")
    const none = () => Promise.reject(new Error("this subject has only interactions"))
    return { events, close, stream: none, unary: none }
  }
  const [door, transport] = subject.split("-")
  if (door === "files") {
    const files = (await import("../subjects/files.ts")).make(url, transport === "fetch" ? "fetch" : "dispatch")
    const none = () => Promise.reject(new Error("this subject has only files"))
    return { ...files, stream: none, unary: none }
  }
  return (await import("../subjects/gemini.ts")).make(url, {
    door: door === "client" ? "client" : "http",
    transport: transport === "fetch" || transport === "dispatch" ? transport : "undici",
    exporter: flags.includes("exporter"),
    planted: flags.includes("planted")
  })
}

/** Collects twice, with a turn of the event loop between, because finalizers run in a turn of their own. */
const gc = async (): Promise<void> => {
  if (globalThis.gc === undefined) throw new Error("start with --expose-gc")
  globalThis.gc()
  await new Promise((resolve) => setTimeout(resolve, 20))
  globalThis.gc()
}

const cpuMillis = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1000
}

const contentsOf = (job: Job): Contents => (job.contents === "chat" ? chat : hello)

/** What only some subjects have. */
const special = (subject: Subject, op: "events" | "upload" | "download", model: string): Promise<Tally> => {
  const { [op]: ask } = subject
  if (ask === undefined) throw new Error(`this subject has no ${op}`)
  return ask(model)
}

const calls = async (subject: Subject, job: Job): Promise<Tally> => {
  const total: Tally = { chunks: 0, bytes: 0 }
  let left = job.times
  const contents = contentsOf(job)
  const lane = async (): Promise<void> => {
    while (left-- > 0) {
      const { bytes, chunks } = job.op === "events" || job.op === "upload" || job.op === "download"
        ? await special(subject, job.op, job.model)
        : await subject[job.op === "unary" ? "unary" : "stream"](job.model, contents)
      total.chunks += chunks
      total.bytes += bytes
    }
  }
  await Promise.all(Array.from({ length: job.concurrency }, lane))
  return total
}

const firsts = async (subject: Subject, job: Job): Promise<Tally & { median: number }> => {
  const total: Tally = { chunks: 0, bytes: 0 }
  const times: Array<number> = []
  for (let i = 0; i < job.times; i++) {
    const from = performance.now()
    const { bytes, chunks } = await subject.stream(job.model, contentsOf(job), () => {
      times.push((performance.now() - from) * 1000)
    })
    total.chunks += chunks
    total.bytes += bytes
  }
  return { ...total, median: median(times) }
}

/** The highest RSS while `work` runs, over the RSS before it. */
const growth = async <A>(work: () => Promise<A>): Promise<readonly [A, number]> => {
  const before = process.memoryUsage.rss()
  let highest = before
  const look = (): void => {
    highest = Math.max(highest, process.memoryUsage.rss())
  }
  const timer = setInterval(look, 10)
  const result = await work()
  clearInterval(timer)
  look()
  return [result, highest - before]
}

const measure = async (subject: Subject, job: Job): Promise<Sample> => {
  // This is done only before memory is measured: a full collection drops the shapes of dead JSON, and with them
  // optimised code, so that a timed row would measure the compiler.
  if (job.op === "heap" || job.op === "rss") await gc()
  const heapBefore = process.memoryUsage().heapUsed
  const cpu = cpuMillis()
  const from = performance.now()
  let first = NaN
  let memory = NaN
  let tally: Tally
  if (job.op === "first") {
    const { median, ...rest } = await firsts(subject, job)
    tally = rest
    first = median
  } else if (job.op === "rss") {
    ;[tally, memory] = await growth(() => calls(subject, job))
  } else {
    tally = await calls(subject, job)
  }
  const sample = { wall: performance.now() - from, cpu: cpuMillis() - cpu, calls: job.times, ...tally, first, memory }
  if (job.op !== "heap") return sample
  await gc()
  const heapAfter = process.memoryUsage().heapUsed
  // Code is still being compiled in the first thousands of calls, and lies in the heap too.
  const more = 4 * job.times
  await calls(subject, { ...job, times: more })
  await gc()
  return { ...sample, memory: heapAfter / heapBefore, kept: (process.memoryUsage().heapUsed - heapAfter) / more }
}

/** Runs the job under the profiler of this process. */
const profiled = async (subject: Subject, job: Job, file: string): Promise<Sample> => {
  const session = new Session()
  session.connect()
  await session.post("Profiler.enable")
  await session.post("Profiler.setSamplingInterval", { interval: 200 })
  await session.post("Profiler.start")
  const sample = await measure(subject, job)
  const { profile } = await session.post("Profiler.stop")
  session.disconnect()
  writeFileSync(file, JSON.stringify(profile))
  return sample
}

const [, , name, url] = process.argv
if (name === undefined || url === undefined) throw new Error("started by the harness with a subject and a URL")
const subject = await load(name, url)
process.on("message", (job: Job) => {
  const measured = job.profile === undefined ? measure(subject, job) : profiled(subject, job, job.profile)
  measured.then(
    (sample) => process.send?.({ sample }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) })
  )
})
process.on("disconnect", () => process.exit(0))
process.send?.({ ready: true })
