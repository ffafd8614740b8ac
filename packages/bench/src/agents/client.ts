/** A client's process: takes jobs over IPC, one at a time, and answers each with a sample. */
import { writeFileSync } from "node:fs"
import { Session } from "node:inspector/promises"
import { type Job, last, type Sample, type Subject, trip } from "./job.ts"

const load = async (name: string, url: string): Promise<Subject> => {
  if (name === "ai") return (await import("./aiSdk.ts")).make(url)
  if (name === "openai") return (await import("./openai.ts")).make()
  if (name === "floor-files") return (await import("./filesFloor.ts")).make()
  if (name.startsWith("floor-redis:")) return (await import("./redisFloor.ts")).make(name.slice("floor-".length))
  return (await import("./ours.ts")).make(name.slice("ours-".length), url)
}

const gc = async (): Promise<void> => {
  if (globalThis.gc === undefined) throw new Error("start with --expose-gc")
  globalThis.gc()
  // Finalizers run in a turn of their own.
  await new Promise((resolve) => setTimeout(resolve, 20))
  globalThis.gc()
}

const whole = async (subject: Subject, steps: number): Promise<unknown> => {
  const { held, steps: made, text } = await subject.run(steps)
  if (text !== last || made !== steps) throw new Error(`a run ended in ${JSON.stringify(text)} after ${made} steps`)
  return held
}

const work = async (subject: Subject, { op, steps, times }: Job): Promise<number> => {
  switch (op) {
    case "runs":
      for (let i = 0; i < times; i++) await whole(subject, steps)
      return NaN
    case "many":
      await Promise.all(Array.from({ length: times }, () => whole(subject, steps)))
      return NaN
    case "trips":
      for (let i = 0; i < times; i++) {
        const text = await subject.trip?.()
        if (text !== trip.answer) throw new Error(`a round trip ended in ${JSON.stringify(text)}`)
      }
      return NaN
    case "waiting": {
      const wait = async (runs: number) => {
        for (let i = 0; i < runs; i++) await subject.wait?.()
      }
      // Caches of the program fill with the first ones.
      await wait(times)
      await gc()
      const before = process.memoryUsage().heapUsed
      await wait(times)
      await gc()
      return (process.memoryUsage().heapUsed - before) / times
    }
    case "kept": {
      const held: Array<unknown> = []
      await gc()
      const before = process.memoryUsage().heapUsed
      for (let i = 0; i < times; i++) held.push(await whole(subject, steps))
      await gc()
      const kept = (process.memoryUsage().heapUsed - before) / times
      // The results are alive up to here.
      if (held.length !== times) throw new Error("results were lost")
      return kept
    }
  }
}

const measured = async (subject: Subject, job: Job): Promise<Sample> => {
  const cpu = process.cpuUsage()
  const from = performance.now()
  const kept = await work(subject, job)
  const wall = performance.now() - from
  const { system, user } = process.cpuUsage(cpu)
  return { wall, cpu: (system + user) / 1000, kept }
}

const profiled = async (subject: Subject, job: Job, file: string): Promise<Sample> => {
  const session = new Session()
  session.connect()
  await session.post("Profiler.enable")
  await session.post("Profiler.setSamplingInterval", { interval: 200 })
  await session.post("Profiler.start")
  const sample = await measured(subject, job)
  const { profile } = await session.post("Profiler.stop")
  session.disconnect()
  writeFileSync(file, JSON.stringify(profile))
  return sample
}

const [, , name, url] = process.argv
if (name === undefined || url === undefined) throw new Error("started by main.ts with a subject and an address")
const subject = await load(name, url)
process.on("message", (job: Job) => {
  const sample = job.profile === undefined ? measured(subject, job) : profiled(subject, job, job.profile)
  sample.then(
    (sample) => process.send?.({ sample }),
    (error: unknown) => process.send?.({ error: error instanceof Error ? error.stack : String(error) })
  )
})
process.on("disconnect", () => process.exit(0))
process.send?.({ ready: true })
