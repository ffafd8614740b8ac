/** The rows: what is measured, how its samples become one figure, and the goal. */
import * as Bodies from "./harness/bodies.ts"
import { measure, middle, type Plan, ratio, type Rounds } from "./harness/harness.ts"
import type { Job, Sample } from "./harness/sample.ts"

/** One figure of the table. */
export interface Figure {
  readonly row: string
  readonly subject: string
  readonly value: number
  readonly unit: string
  readonly better: "higher" | "lower"
  readonly goal?: number
  /** The absolute cost behind the ratio, for readers. */
  readonly detail?: string
  /** The figure that `--check` compares, if it is not the value: a ratio within the run. */
  readonly checked?: number
  /** How much worse it may be, for a figure without noise. */
  readonly tolerance?: number
  /** Whether `--check` leaves it out: it is somebody else's, or in units of this machine. */
  readonly unchecked?: boolean
}

export interface Options {
  readonly url: string
  readonly quick: boolean
  readonly planted: boolean
  /** Whether only `NodeGemini`'s transport and the floor are measured, for a verdict within a minute. */
  readonly gate: boolean
}

export interface Row {
  readonly id: string
  readonly title: string
  readonly run: (options: Options) => Promise<ReadonlyArray<Figure>>
  /** What a profile of the row runs, for a row that is one job for every client. */
  readonly plan?: (quick: boolean) => Plan
}

type Goals = Readonly<Record<string, number>>

const ours = ["http-undici", "client-undici", "http-dispatch", "client-dispatch"]
const exported = ours.map((name) => `${name}+exporter`)
const others = ["genai", "http-fetch"]
// This subject shows what the transport costs before our code does anything.
const alone = ["effect"]
const gated = ["http-dispatch", "client-dispatch"]
const isOurs = (subject: string): boolean => /^(?:http|client)-/.test(subject)

const subjectsOf = (options: Options, names: ReadonlyArray<string>, base = "floor"): ReadonlyArray<string> => [
  base,
  ...names.map((name) => options.planted && isOurs(name) ? `${name}+planted` : name)
]

export const job = (fields: Partial<Job> & Pick<Job, "op" | "model">): Job => ({
  times: 1,
  concurrency: 1,
  contents: "hello",
  ...fields
})

export interface Kind {
  readonly suffix: string
  readonly unit: string
  readonly better: "higher" | "lower"
  readonly goals: Goals
  /** The subject that the figure belongs to; if left out, it belongs to all of them. */
  readonly of?: (subject: string) => boolean
  readonly value: (rounds: Rounds, subject: string) => number
  readonly detail?: (rounds: Rounds, subject: string) => string
  readonly checked?: (rounds: Rounds, subject: string) => number
}

const figures = (row: string, rounds: Rounds, kinds: ReadonlyArray<Kind>): ReadonlyArray<Figure> =>
  kinds.flatMap((kind) =>
    Array.from(rounds.keys()).filter(kind.of ?? (() => true)).map((subject): Figure => {
      const goal = kind.goals[subject.replace("+planted", "")]
      return {
        row: kind.suffix === "" ? row : `${row}: ${kind.suffix}`,
        subject: subject.replace("+planted", ""),
        value: kind.value(rounds, subject),
        unit: kind.unit,
        better: kind.better,
        ...(goal === undefined ? {} : { goal }),
        ...(kind.detail === undefined ? {} : { detail: kind.detail(rounds, subject) }),
        ...(kind.checked === undefined ? {} : { checked: kind.checked(rounds, subject) })
      }
    })
  )

export const perCpuSecond = (sample: Sample): number => sample.chunks / sample.cpu
export const perSecond = (sample: Sample): number => sample.chunks / sample.wall
export const cpuMicros = (sample: Sample): number => (sample.cpu * 1000) / sample.chunks

export const against = (
  value: (sample: Sample) => number,
  better: "higher" | "lower",
  goals: Goals,
  suffix = "",
  base = "floor"
): Kind => ({
  suffix,
  unit: `× ${base}`,
  better,
  goals,
  value: (rounds, subject) => ratio(rounds, subject, value, base),
  detail: (rounds, subject) => `${micros(middle(rounds, subject, cpuMicros))} CPU each`
})

const micros = (value: number): string => value < 10 ? `${value.toFixed(2)} µs` : `${value.toFixed(0)} µs`

interface Load {
  readonly id: string
  readonly title: string
  /** What is measured beside the subjects, before them; the floor if left out. */
  readonly base?: string
  readonly subjects: ReadonlyArray<string>
  /** The subjects of the gate, if they are others than those of most rows. */
  readonly gated?: ReadonlyArray<string>
  readonly plan: (quick: boolean) => Plan
  readonly kinds: ReadonlyArray<Kind>
}

export const row = (load: Load): Row => ({
  id: load.id,
  title: load.title,
  plan: load.plan,
  run: async (options) => {
    const subjects = options.gate && load.id !== control.id ? load.gated ?? gated : load.subjects
    const rounds = await measure(options.url, subjectsOf(options, subjects, load.base), load.plan(options.quick))
    return figures(load.id, rounds, load.kinds)
  }
})

/**
 * The goals of a row. Both doors on layerUndici have the same goal, though the front door also pays for pool, limiter
 * and views.
 */
const goal = (undici: number, dispatch: number): Goals => ({
  "http-undici": undici,
  "client-undici": undici,
  "http-dispatch": dispatch,
  "client-dispatch": dispatch
})

export const warmup = (quick: boolean): number => (quick ? 2_000 : 4_000)

const megabytes = (n: number): number => n << 20

/** The official SDK against the floor: outside these bounds a run says nothing. */
export const control = { id: "control", lowest: 0.07, highest: 0.16 }

export const rows: ReadonlyArray<Row> = [
  row({
    id: control.id,
    title: "control: @google/genai, 40 B chunks per CPU second",
    subjects: ["genai"],
    plan: () => ({ job: job({ op: "stream", model: Bodies.modelOf(40, 20_000) }), rounds: 3, warmup: 1_000 }),
    kinds: [against(perCpuSecond, "higher", {})]
  }),
  row({
    id: "chunks-40",
    title: "chunks per CPU second, 20,000 × 40 B",
    subjects: [...ours, ...exported, ...others],
    plan: (quick) => ({
      job: job({ op: "stream", model: Bodies.modelOf(40, 20_000), times: quick ? 2 : 4 }),
      rounds: quick ? 5 : 11,
      warmup: warmup(quick)
    }),
    kinds: [against(perCpuSecond, "higher", goal(0.85, 0.88))]
  }),
  row({
    id: "chunks-2k",
    title: "chunks per CPU second, 2,000 × 2 kB",
    subjects: [...ours, ...alone, ...others],
    plan: (quick) => ({
      job: job({ op: "stream", model: Bodies.modelOf(2000, 2000), times: quick ? 5 : 15 }),
      rounds: quick ? 5 : 11,
      warmup: warmup(quick)
    }),
    kinds: [against(perCpuSecond, "higher", goal(0.9, 0.9))]
  }),
  row({
    id: "events-40",
    title: "events of an interaction per CPU second, 20,000 × 40 B",
    subjects: ["interactions", "followed", "genai"],
    plan: (quick) => ({
      job: job({ op: "events", model: Bodies.modelOf(40, 20_000, "events"), times: quick ? 2 : 4 }),
      rounds: quick ? 5 : 11,
      warmup: warmup(quick)
    }),
    kinds: [against(perCpuSecond, "higher", { interactions: 0.8, followed: 0.8 })]
  }),
  row({
    id: "events-2k",
    title: "events of an interaction per CPU second, 2,000 × 2 kB",
    subjects: ["interactions", "followed", "genai"],
    plan: (quick) => ({
      job: job({ op: "events", model: Bodies.modelOf(2000, 2000, "events"), times: quick ? 5 : 15 }),
      rounds: quick ? 5 : 11,
      warmup: warmup(quick)
    }),
    kinds: [against(perCpuSecond, "higher", { interactions: 0.8, followed: 0.8 })]
  }),
  row({
    id: "streams-100",
    title: "100 streams at once, an event a socket read",
    subjects: [...ours, ...alone, ...others],
    plan: (quick) => ({
      job: job({
        op: "stream",
        model: Bodies.modelOf(40, 200, "paced"),
        times: quick ? 100 : 200,
        concurrency: 100
      }),
      rounds: quick ? 5 : 11,
      warmup: warmup(quick)
    }),
    kinds: [
      against(perSecond, "higher", goal(0.8, 0.85), "throughput"),
      against(cpuMicros, "lower", goal(1.25, 1.1), "CPU")
    ]
  }),
  row({
    id: "event-16M",
    title: "one event of 16 MB",
    subjects: [...ours, ...others],
    plan: (quick) => ({
      job: job({ op: "stream", model: Bodies.modelOf(megabytes(16), 1) }),
      rounds: quick ? 5 : 9,
      warmup: warmup(quick)
    }),
    kinds: [{
      ...against((sample) => sample.wall, "lower", goal(1.5, 1.4)),
      detail: (rounds, subject) => `${middle(rounds, subject, (sample) => sample.wall).toFixed(0)} ms`
    }]
  }),
  {
    id: "event-64M",
    title: "linearity: time of a 64 MB event ÷ 4 × that of 16 MB",
    run: async (options) => {
      const subjects = subjectsOf(options, ours)
      const at = (size: number) =>
        measure(options.url, subjects, {
          job: job({ op: "stream", model: Bodies.modelOf(megabytes(size), 1) }),
          rounds: options.quick ? 3 : 7,
          warmup: warmup(options.quick)
        })
      const small = await at(16)
      const large = await at(64)
      // All rounds are taken together, because a collection falls into every second event of 16 MB, and a median would
      // be either with one or without.
      const all = (rounds: Rounds, subject: string) =>
        (rounds.get(subject) ?? []).reduce((sum, { wall }) => sum + wall, 0)
      return subjects.map((subject) => ({
        row: "event-64M",
        subject: subject.replace("+planted", ""),
        value: all(large, subject) / (4 * all(small, subject)),
        unit: "× linear",
        better: "lower" as const,
        goal: 1.25,
        detail: `${middle(large, subject, (it) => it.wall).toFixed(0)} ms`
      }))
    }
  },
  row({
    id: "first-chunk",
    title: "first chunk, over the floor's",
    subjects: [...ours, ...exported, ...alone, ...others],
    plan: (quick) => ({
      job: job({ op: "first", model: Bodies.modelOf(40, 2), times: quick ? 200 : 500 }),
      rounds: quick ? 5 : 11,
      warmup: warmup(quick)
    }),
    kinds: [{
      suffix: "",
      unit: "µs",
      better: "lower",
      goals: {
        ...goal(130, 90),
        "http-undici+exporter": 160,
        "client-undici+exporter": 160,
        "http-dispatch+exporter": 115,
        "client-dispatch+exporter": 115
      },
      value: (rounds, subject) => middle(rounds, subject, (it) => it.first) - middle(rounds, "floor", (it) => it.first),
      detail: (rounds, subject) => `${middle(rounds, subject, (it) => it.first).toFixed(0)} µs in all`,
      checked: (rounds, subject) => ratio(rounds, subject, (it) => it.first)
    }]
  }),
  row({
    id: "unary",
    title: "CPU of a unary call",
    subjects: [...ours, ...exported, ...alone, ...others],
    plan: (quick) => ({
      job: job({ op: "unary", model: Bodies.modelOf(40, 1), times: quick ? 500 : 1500 }),
      rounds: quick ? 5 : 11,
      warmup: warmup(quick)
    }),
    kinds: [against(cpuMicros, "lower", {
      ...goal(2.6, 2),
      "http-undici+exporter": 3.1,
      "client-undici+exporter": 3.1,
      "http-dispatch+exporter": 2.4,
      "client-dispatch+exporter": 2.4
    })]
  }),
  row({
    id: "unary-64",
    title: "generateContent, 64 at once: requests per second",
    subjects: [...ours, ...alone, ...others],
    plan: (quick) => ({
      job: job({ op: "unary", model: Bodies.modelOf(40, 1), times: quick ? 2000 : 6000, concurrency: 64 }),
      rounds: quick ? 5 : 11,
      warmup: warmup(quick)
    }),
    kinds: [
      against(perSecond, "higher", goal(0.33, 0.5)),
      {
        suffix: "pool and limiter: GeminiClient ÷ GeminiHttp",
        unit: "×",
        better: "higher",
        goals: {},
        of: (subject) => subject.startsWith("client-"),
        value: (rounds, subject) => ratio(rounds, subject, perSecond, subject.replace("client-", "http-"))
      }
    ]
  }),
  row({
    id: "chat-1000",
    title: "CPU of a call with a chat of 1,000 turns (450 kB of JSON)",
    subjects: [...ours, "genai"],
    plan: (quick) => ({
      job: job({ op: "unary", model: Bodies.modelOf(40, 1), times: quick ? 20 : 60, contents: "chat" }),
      rounds: quick ? 3 : 7,
      warmup: warmup(quick)
    }),
    kinds: [against(cpuMicros, "lower", {})]
  }),
  row({
    id: "chat-rss",
    title: "RSS growth over 200 calls with that chat",
    subjects: [...ours, "genai"],
    plan: (quick) => ({
      job: job({ op: "rss", model: Bodies.modelOf(40, 1), times: quick ? 50 : 200, contents: "chat" }),
      fresh: true,
      rounds: quick ? 1 : 3,
      warmup: 0
    }),
    kinds: [{
      ...against((it) => it.memory, "lower", {}),
      detail: (rounds, subject) => `${(middle(rounds, subject, (it) => it.memory) / 1e6).toFixed(0)} MB`
    }]
  }),
  row({
    id: "rss-200M",
    title: "RSS growth over a stream of 200 MB, runtime built first",
    subjects: [...ours, ...others],
    plan: (quick) => ({
      job: job({ op: "rss", model: Bodies.modelOf(2000, 87_000) }),
      fresh: true,
      rounds: quick ? 1 : 5,
      warmup: 0
    }),
    kinds: [{
      ...against((it) => it.memory, "lower", goal(1.7, 1.45)),
      detail: (rounds, subject) => `${(middle(rounds, subject, (it) => it.memory) / 1e6).toFixed(0)} MB`
    }]
  }),
  row({
    id: "heap-2000",
    title: "live heap after 2,000 requests ÷ before",
    subjects: [...ours, ...others],
    plan: (quick) => ({
      job: job({ op: "heap", model: Bodies.modelOf(40, 1), times: 2000, concurrency: 8 }),
      // Code and what the compiler learns lie in the heap, too: 4 to 5 % of it in the first thousands of calls.
      fresh: job({ op: "unary", model: Bodies.modelOf(40, 1), times: 4000, concurrency: 8 }),
      rounds: quick ? 1 : 3,
      warmup: 0
    }),
    kinds: [{
      suffix: "",
      unit: "× before",
      better: "lower",
      goals: goal(1.05, 1.05),
      value: (rounds, subject) => middle(rounds, subject, (it) => it.memory),
      detail: (rounds, subject) =>
        `${middle(rounds, subject, (it) => it.kept ?? NaN).toFixed(0)} bytes a call in 8,000 calls more`
    }]
  })
]
