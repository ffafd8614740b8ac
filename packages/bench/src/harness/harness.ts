/**
 * Processes and rounds. A round asks every subject for one sample, in turn, so a
 * slow second of the machine hits all of them alike; a ratio is taken within a
 * round, and the median of the rounds is the figure.
 */
import { type ChildProcess, fork } from "node:child_process"
import { connect } from "node:net"
import * as Bodies from "./bodies.ts"
import { type Job, median, type Sample } from "./sample.ts"

export const start = (file: URL, args: ReadonlyArray<string>, execArgv: ReadonlyArray<string>): ChildProcess =>
  fork(file, [...args], {
    execArgv: [...execArgv],
    stdio: ["ignore", "inherit", "inherit", "ipc"]
  })

export const reply = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const onMessage = (message: unknown): void => {
      child.off("exit", onExit)
      resolve(message)
    }
    const onExit = (code: number | null): void => {
      child.off("message", onMessage)
      reject(new Error(`a process of the benchmark ended with ${code}`))
    }
    child.once("message", onMessage)
    child.once("exit", onExit)
  })

export const field = (message: unknown, name: string): unknown =>
  typeof message === "object" && message !== null ? Reflect.get(message, name) : undefined

export interface Server {
  readonly url: string
  readonly port: number
  readonly cpu: () => Promise<number>
  readonly sockets: () => Promise<number>
  readonly stop: () => void
}

export const startServer = async (): Promise<Server> => {
  const child = start(new URL("./server.ts", import.meta.url), [], [])
  const port = Number(field(await reply(child), "port"))
  const ask = async (name: string): Promise<number> => {
    child.send("status")
    return Number(field(await reply(child), name))
  }
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    cpu: () => ask("cpu"),
    sockets: () => ask("sockets"),
    stop: () => child.disconnect()
  }
}

export interface Client {
  readonly name: string
  readonly run: (job: Job) => Promise<Sample>
  readonly stop: () => void
}

const isSample = (value: unknown): value is Sample => typeof field(value, "cpu") === "number"

/** Incomplete samples are errors: a client that loses chunks is not fast. */
const complete = (name: string, job: Job, sample: Sample): Sample => {
  const { count, size } = Bodies.orderOf(job.model)
  const chunks = job.times * (job.op === "unary" ? 1 : count)
  if (sample.chunks !== chunks || sample.bytes !== chunks * size) {
    throw new Error(
      `${name} received ${sample.chunks} chunks and ${sample.bytes} bytes of ${job.model}; ` +
        `${chunks} and ${chunks * size} were sent`
    )
  }
  return sample
}

export const startClient = async (name: string, url: string, execArgv: ReadonlyArray<string> = []): Promise<Client> => {
  const child = start(new URL("./client.ts", import.meta.url), [name, url], ["--expose-gc", ...execArgv])
  await reply(child)
  return {
    name,
    run: async (job) => {
      child.send(job)
      const message = await reply(child)
      const sample = field(message, "sample")
      if (!isSample(sample)) throw new Error(`${name}: ${String(field(message, "error"))}`)
      return complete(name, job, sample)
    },
    stop: () => child.disconnect()
  }
}

/** The samples of each subject, round by round. */
export type Rounds = ReadonlyMap<string, ReadonlyArray<Sample>>

export interface Plan {
  readonly job: Job
  readonly rounds: number
  /** Milliseconds of CPU that each client may spend on the job before it is measured: optimised code comes late. */
  readonly warmup: number
  /** What they spend it on, if the job itself mostly waits. */
  readonly warmer?: Job
  /**
   * Whether every sample gets a new process, for figures of memory; if a job is given, the process does that one first.
   */
  readonly fresh?: Job | true
}

export const measure = async (url: string, subjects: ReadonlyArray<string>, plan: Plan): Promise<Rounds> => {
  const samples = new Map<string, Array<Sample>>(subjects.map((name) => [name, []]))
  if (plan.fresh !== undefined) {
    for (let round = 0; round < plan.rounds; round++) {
      for (const name of subjects) {
        const client = await startClient(name, url)
        if (plan.fresh !== true) await client.run(plan.fresh)
        samples.get(name)?.push(await client.run(plan.job))
        client.stop()
      }
    }
    return samples
  }
  const clients = await Promise.all(subjects.map((name) => startClient(name, url)))
  for (const client of clients) {
    for (let spent = 0; spent < plan.warmup;) spent += (await client.run(plan.warmer ?? plan.job)).cpu
  }
  for (let round = 0; round < plan.rounds; round++) {
    // The order rotates, so that nobody always runs behind the same neighbour.
    for (let i = 0; i < clients.length; i++) {
      const client = clients[(i + round) % clients.length]
      if (client !== undefined) samples.get(client.name)?.push(await client.run(plan.job))
    }
  }
  for (const client of clients) client.stop()
  return samples
}

/** Median over the rounds of `value(subject)` over `value(base)`, taken within each round. */
export const ratio = (
  rounds: Rounds,
  subject: string,
  value: (sample: Sample) => number,
  base = "floor"
): number => {
  const floor = rounds.get(base) ?? []
  const own = rounds.get(subject) ?? []
  return median(own.flatMap((sample, i) => {
    const base = floor[i]
    return base === undefined ? [] : [value(sample) / value(base)]
  }))
}

export const middle = (rounds: Rounds, subject: string, value: (sample: Sample) => number): number =>
  median((rounds.get(subject) ?? []).map(value))

/** Requests per second and bytes per second of a reader that looks at nothing. */
export const capacity = (port: number, model: string, method: string, sockets: number, calls: number) =>
  new Promise<{ readonly perSecond: number }>((resolve, reject) => {
    const request = `POST /v1beta/models/${model}:${method} HTTP/1.1\r\nhost: bench\r\ncontent-length: 2\r\n\r\n{}`
    const rendered = Bodies.stream(model)
    const length = method === "generateContent"
      ? Bodies.unary(model).length
      : rendered.head.length + rendered.block.length * rendered.repeats + rendered.tail.length
    let left = calls
    let open = sockets
    const from = performance.now()
    for (let i = 0; i < sockets; i++) {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true })
      let received = 0
      const next = (): void => {
        if (left-- > 0) socket.write(request)
        else {
          socket.destroy()
          if (--open === 0) resolve({ perSecond: calls / ((performance.now() - from) / 1000) })
        }
      }
      socket.on("error", reject)
      socket.on("data", (bytes) => {
        received += bytes.length
        if (received < length) return
        received = 0
        next()
      })
      next()
    }
  })
