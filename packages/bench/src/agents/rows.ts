/** What is measured, by whom, and how far it may go. */
import { median } from "../harness/sample.ts"
import type { Job, Sample } from "./job.ts"

/** The samples of each client, round by round. */
export type Rounds = ReadonlyMap<string, ReadonlyArray<Sample>>

export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly gate?: number
  readonly goal?: number
}

export interface Row {
  readonly id: string
  readonly title: string
  readonly clients: ReadonlyArray<string>
  readonly jobs: ReadonlyArray<Job>
  /**
   * The least number of runs that each client makes before it is measured. Where a figure is a difference of two clients,
   * both must be compiled as far: after the same CPU the cheaper one has made more runs, and code of V8 is still getting
   * faster after a thousand of them.
   */
  readonly warmRuns?: number
  /** `rounds` has those of each job, in the jobs' order. */
  readonly figures: (rounds: ReadonlyArray<Rounds>) => ReadonlyArray<Figure>
}

const none: Rounds = new Map()

const each = (rounds: Rounds, client: string, value: (sample: Sample) => number): ReadonlyArray<number> =>
  (rounds.get(client) ?? []).map(value)

const middle = (rounds: Rounds, client: string, value: (sample: Sample) => number): number =>
  median(each(rounds, client, value))

/** The median over the rounds of a quotient that is taken within a round. */
const quotient = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  median(a.flatMap((value, i) => {
    const base = b[i]
    return base === undefined ? [] : [value / base]
  }))

const difference = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number =>
  median(a.flatMap((value, i) => {
    const base = b[i]
    return base === undefined ? [] : [value - base]
  }))

/** On a busy machine neighbours only ever add, so the least of all rounds is the nearest to what the code takes. */
const least = (rounds: Rounds, client: string, value: (sample: Sample) => number): number =>
  Math.min(...each(rounds, client, value))

const cpu = ({ cpu }: Sample): number => cpu
const wall = ({ wall }: Sample): number => wall
const kept = ({ kept }: Sample): number => kept

const peers = ["ours-memory", "ai", "openai"] as const
// A sample takes a third of a second: on a busy machine shorter ones differ by a factor of four.
const ten = { op: "runs", steps: 10, times: 300 } as const
const hundred = { op: "runs", steps: 100, times: 30 } as const
const few = { op: "runs", steps: 10, times: 100 } as const
/** After so many runs of `few` a step costs as much as after twice as many (2026-11-30). */
const compiled = 2_000

/** Microseconds of a step, of a time in milliseconds. */
const aStep = ({ steps, times }: Job, millis: number): number => millis * 1_000 / (steps * times)

export const rows: ReadonlyArray<Row> = [
  {
    id: "steps",
    title: "CPU of a step, one call each",
    clients: peers,
    jobs: [ten, hundred],
    figures: ([short = none, long = none]) => [
      ...peers.flatMap((client) => [
        { name: `${client}: a step, run of 10`, value: aStep(ten, middle(short, client, cpu)), unit: "µs" },
        { name: `${client}: a step, run of 100`, value: aStep(hundred, middle(long, client, cpu)), unit: "µs" }
      ]),
      {
        name: "a step, run of 10 (× AI SDK)",
        value: quotient(each(short, "ours-memory", cpu), each(short, "ai", cpu)),
        unit: "×",
        gate: 1.5,
        goal: 1.2
      },
      {
        name: "a step, run of 100 (× AI SDK)",
        value: quotient(each(long, "ours-memory", cpu), each(long, "ai", cpu)),
        unit: "×",
        gate: 1.15,
        goal: 1
      },
      ...peers.map((client) => ({
        name: `${client}: a step, run of 100 ÷ run of 10`,
        value: quotient(each(long, client, cpu), each(short, client, cpu)),
        unit: "×",
        ...(client === "ours-memory" ? { gate: 1.1, goal: 1.1 } : {})
      })),
      ...peers.map((client) => ({
        name: `${client}: the same, of the least CPU of all rounds`,
        value: least(long, client, cpu) / least(short, client, cpu),
        unit: "×"
      }))
    ]
  },
  {
    id: "trips",
    title: "CPU of a tool round trip over HTTP, two steps",
    clients: ["ours-memory", "ai"],
    jobs: [{ op: "trips", steps: 2, times: 150 }],
    figures: ([trips = none]) => [
      { name: "ours: a round trip", value: middle(trips, "ours-memory", cpu) * 1_000 / 150, unit: "µs" },
      { name: "AI SDK: a round trip", value: middle(trips, "ai", cpu) * 1_000 / 150, unit: "µs" },
      {
        name: "a round trip (× AI SDK)",
        value: quotient(each(trips, "ours-memory", cpu), each(trips, "ai", cpu)),
        unit: "×",
        gate: 1,
        goal: 0.95
      }
    ]
  },
  {
    id: "many",
    title: "1,000 runs of 10 steps at once",
    clients: peers,
    jobs: [{ op: "many", steps: 10, times: 1_000 }],
    figures: ([many = none]) => [
      ...peers.map((client) => ({ name: `${client}: all of them`, value: middle(many, client, wall), unit: "ms" })),
      {
        name: "all of them (× AI SDK)",
        value: quotient(each(many, "ours-memory", wall), each(many, "ai", wall)),
        unit: "×",
        gate: 1.2,
        goal: 1
      }
    ]
  },
  {
    id: "kept",
    title: "what a run of 10 steps keeps while its result is held",
    clients: peers,
    jobs: [{ op: "kept", steps: 10, times: 500 }],
    figures: ([held = none]) =>
      peers.map((client) => ({
        name: `${client}: a run`,
        value: middle(held, client, kept) / 1_000,
        unit: "kB",
        ...(client === "ours-memory" ? { gate: 14, goal: 10 } : {})
      }))
  },
  {
    id: "files",
    title: "what files add to a step, unsynced, and what a waiting run keeps in memory",
    clients: ["ours-memory", "ours-files", "floor-files"],
    warmRuns: compiled,
    jobs: [few, { op: "waiting", steps: 2, times: 300 }],
    figures: ([short = none, waits = none]) => [
      {
        name: "CPU of a step over that of memory",
        value: aStep(few, difference(each(short, "ours-files", cpu), each(short, "ours-memory", cpu))),
        unit: "µs",
        gate: 150
      },
      {
        name: "the same, of the least CPU of all rounds",
        value: aStep(few, least(short, "ours-files", cpu) - least(short, "ours-memory", cpu)),
        unit: "µs"
      },
      {
        name: "of it the same names, lock and bytes by node:fs alone",
        value: aStep(few, middle(short, "floor-files", cpu)),
        unit: "µs"
      },
      {
        name: "of it the same by node:fs alone, least CPU of all rounds",
        value: aStep(few, least(short, "floor-files", cpu)),
        unit: "µs"
      },
      // A collector and compiled code move a heap by some kilobytes, which is some bytes of each run.
      { name: "a run that waits on files", value: middle(waits, "ours-files", kept), unit: "B", gate: 200, goal: 0 }
    ]
  },
  {
    id: "redis",
    title: "what Redis on loopback adds to a step",
    clients: ["ours-memory", "ours-redis", "floor-redis"],
    warmRuns: compiled,
    jobs: [few],
    figures: ([short = none]) => [
      {
        name: "time of a step over that of memory",
        value: aStep(few, difference(each(short, "ours-redis", wall), each(short, "ours-memory", wall))),
        unit: "µs",
        gate: 250
      },
      {
        name: "the same, of the least time of all rounds",
        value: aStep(few, least(short, "ours-redis", wall) - least(short, "ours-memory", wall)),
        unit: "µs"
      },
      {
        name: "of it the same scripts and bytes by node-redis alone",
        value: aStep(few, middle(short, "floor-redis", wall)),
        unit: "µs"
      },
      {
        name: "of it the same by node-redis alone, least time of all rounds",
        value: aStep(few, least(short, "floor-redis", wall)),
        unit: "µs"
      },
      {
        name: "CPU of a step over that of memory, least of all rounds",
        value: aStep(few, least(short, "ours-redis", cpu) - least(short, "ours-memory", cpu)),
        unit: "µs"
      },
      {
        name: "of it the same by node-redis alone, least CPU of all rounds",
        value: aStep(few, least(short, "floor-redis", cpu)),
        unit: "µs"
      }
    ]
  }
]
