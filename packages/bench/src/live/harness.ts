/** Processes and rounds of the Live benchmark: every client does a job in turn, a ratio is taken within a round. */
import { field, reply, start } from "../harness/harness.ts"
import { median } from "../harness/sample.ts"
import { expected, type LiveJob, type LiveSample } from "./job.ts"

export interface LiveServer {
  readonly url: string
  /** How many milliseconds of CPU the process has used so far. */
  readonly cpu: () => Promise<number>
  readonly stop: () => void
}

export const startServer = async (): Promise<LiveServer> => {
  const child = start(new URL("./server.ts", import.meta.url), [], [])
  const port = Number(field(await reply(child), "port"))
  return {
    url: `http://127.0.0.1:${port}`,
    cpu: async () => {
      child.send("status")
      return Number(field(await reply(child), "cpu"))
    },
    stop: () => child.disconnect()
  }
}

/** A sample with the share of the time in which the server was busy. */
export interface Measured extends LiveSample {
  readonly server: number
}

interface Client {
  readonly run: (job: LiveJob) => Promise<Measured>
  readonly stop: () => void
}

const isSample = (value: unknown): value is LiveSample => typeof field(value, "cpu") === "number"

export const startClient = async (
  name: string,
  server: LiveServer,
  execArgv: ReadonlyArray<string> = []
): Promise<Client> => {
  const child = start(new URL("./client.ts", import.meta.url), [name, server.url], ["--expose-gc", ...execArgv])
  await reply(child)
  return {
    run: async (job) => {
      const before = await server.cpu()
      child.send(job)
      const message = await reply(child)
      const sample = field(message, "sample")
      if (!isSample(sample)) throw new Error(`${name}: ${String(field(message, "error"))}`)
      const [got, want] = [JSON.stringify(sample.tally), JSON.stringify(expected(job))]
      if (got !== want) throw new Error(`${name} received ${got} of ${job.op}; ${want} was sent`)
      return { ...sample, server: (await server.cpu() - before) / sample.wall }
    },
    stop: () => child.disconnect()
  }
}

export type Rounds = ReadonlyMap<string, ReadonlyArray<Measured>>

export const measure = async (
  server: LiveServer,
  subjects: ReadonlyArray<string>,
  job: LiveJob,
  options: { readonly rounds: number; readonly warmup: number; readonly execArgv: ReadonlyArray<string> }
): Promise<Rounds> => {
  const clients = await Promise.all(subjects.map(async (name) => ({
    ...await startClient(name, server, options.execArgv),
    samples: new Array<Measured>(),
    name
  })))
  for (const { run } of clients) {
    for (let spent = 0; spent < options.warmup;) spent += (await run(job)).cpu
  }
  for (let round = 0; round < options.rounds; round++) {
    // The order rotates, so that nobody always runs behind the same neighbour.
    for (let i = 0; i < clients.length; i++) {
      const client = clients[(i + round) % clients.length]
      if (client !== undefined) client.samples.push(await client.run(job))
    }
  }
  for (const { stop } of clients) stop()
  return new Map(clients.map(({ name, samples }) => [name, samples]))
}

/** Runs two jobs in a process of their own, so many times, and tells what memory the second one takes. */
export const fresh = async (
  server: LiveServer,
  subjects: ReadonlyArray<string>,
  jobs: { readonly before: LiveJob; readonly job: LiveJob; readonly rounds: number }
): Promise<ReadonlyMap<string, ReadonlyArray<readonly [before: Measured, after: Measured]>>> => {
  const found = new Map(subjects.map((name) => [name, new Array<readonly [Measured, Measured]>()]))
  for (let round = 0; round < jobs.rounds; round++) {
    for (const name of subjects) {
      const client = await startClient(name, server)
      found.get(name)?.push([await client.run(jobs.before), await client.run(jobs.job)])
      client.stop()
    }
  }
  return found
}

/** The median over the rounds of a value divided by that of another client, taken within each round. */
export const ratio = (
  rounds: Rounds,
  subject: string,
  value: (sample: Measured) => number,
  other = "raw"
): number => {
  const floor = rounds.get(other) ?? []
  return median((rounds.get(subject) ?? []).flatMap((sample, i) => {
    const base = floor[i]
    return base === undefined ? [] : [value(sample) / value(base)]
  }))
}

export const middle = (rounds: Rounds, subject: string, value: (sample: Measured) => number): number =>
  median((rounds.get(subject) ?? []).map(value))
