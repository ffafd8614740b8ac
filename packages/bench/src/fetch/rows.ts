/**
 * The rows of FetchGemini, against `fetch` with a line split and JSON.parse, beside `@google/genai`, which is on `fetch`
 * too; and those of streams whose events come one by one, on both transports.
 */
import * as Bodies from "../harness/bodies.ts"
import { middle, ratio } from "../harness/harness.ts"
import type { Job } from "../harness/sample.ts"
import { against, cpuMicros, job, type Kind, perSecond, type Row, row, warmup } from "../rows.ts"

const base = "floor-fetch"
const beside = { base, subjects: ["client-fetch", "genai"], gated: ["client-fetch", "genai"] }

/** A figure of our client over the SDK's in the same round. */
const overSdk = (kind: Pick<Kind, "suffix" | "better" | "goals"> & { readonly of: typeof cpuMicros }): Kind => ({
  ...kind,
  unit: "× genai",
  of: (subject) => subject.startsWith("client-"),
  value: (rounds, subject) => ratio(rounds, subject, kind.of, "genai")
})

const paced = (ending: "paced" | "steady"): Job =>
  job({ op: "stream", model: Bodies.modelOf(40, 100, ending), times: 50, concurrency: 50 })

export const fetchRows: ReadonlyArray<Row> = [
  row({
    ...beside,
    id: "fetch-unary",
    title: "FetchGemini: CPU of a unary call",
    plan: (quick) => ({
      job: job({ op: "unary", model: Bodies.modelOf(40, 1), times: quick ? 400 : 1000 }),
      rounds: quick ? 7 : 15,
      warmup: warmup(quick)
    }),
    kinds: [against(cpuMicros, "lower", { "client-fetch": 1.4 }, "", base)]
  }),
  row({
    ...beside,
    id: "fetch-64",
    title: "FetchGemini: generateContent, 64 at once",
    plan: (quick) => ({
      job: job({ op: "unary", model: Bodies.modelOf(40, 1), times: quick ? 1000 : 3000, concurrency: 64 }),
      rounds: quick ? 7 : 15,
      warmup: warmup(quick)
    }),
    kinds: [
      against(cpuMicros, "lower", { "client-fetch": 1.4 }, "CPU", base),
      overSdk({ suffix: "requests a second", better: "higher", goals: { "client-fetch": 0.88 }, of: perSecond })
    ]
  }),
  row({
    ...beside,
    id: "fetch-first",
    title: "FetchGemini: time to the first chunk",
    plan: (quick) => ({
      job: job({ op: "first", model: Bodies.modelOf(40, 2), times: quick ? 200 : 500 }),
      rounds: quick ? 7 : 15,
      warmup: warmup(quick)
    }),
    kinds: [{
      ...overSdk({ suffix: "", better: "lower", goals: { "client-fetch": 1.05 }, of: ({ first }) => first }),
      detail: (rounds, subject) =>
        [subject, "genai", base].map((it) => middle(rounds, it, ({ first }) => first).toFixed(0)).join("; ") +
        " µs: ours; genai; floor-fetch"
    }]
  }),
  row({
    ...beside,
    id: "fetch-chunks-40",
    title: "FetchGemini: CPU of a chunk, 20,000 × 40 B",
    plan: (quick) => ({
      job: job({ op: "stream", model: Bodies.modelOf(40, 20_000) }),
      rounds: quick ? 7 : 15,
      warmup: warmup(quick)
    }),
    kinds: [against(cpuMicros, "lower", { "client-fetch": 1.35 }, "", base)]
  }),
  row({
    ...beside,
    id: "fetch-paced",
    title: "FetchGemini: CPU of an event, 50 streams with one every 20 ms",
    plan: (quick) => ({
      job: paced("steady"),
      rounds: quick ? 5 : 9,
      warmup: warmup(quick),
      warmer: paced("paced")
    }),
    kinds: [against(cpuMicros, "lower", { "client-fetch": 1.6 }, "", base)]
  }),
  row({
    ...beside,
    id: "fetch-chat",
    title: "FetchGemini: CPU of a call with a chat of 1,000 turns (450 kB of JSON)",
    plan: (quick) => ({
      job: job({ op: "unary", model: Bodies.modelOf(40, 1), times: quick ? 20 : 60, contents: "chat" }),
      rounds: quick ? 7 : 15,
      warmup: warmup(quick)
    }),
    kinds: [
      against(cpuMicros, "lower", {}, "CPU", base),
      overSdk({ suffix: "CPU over genai", better: "lower", goals: { "client-fetch": 1 }, of: cpuMicros })
    ]
  }),
  row({
    id: "paced",
    title: "NodeGemini: CPU of an event, 50 streams with one every 20 ms",
    subjects: ["client-dispatch", "genai"],
    plan: (quick) => ({
      job: paced("steady"),
      rounds: quick ? 5 : 9,
      warmup: warmup(quick),
      warmer: paced("paced")
    }),
    kinds: [against(cpuMicros, "lower", { "client-dispatch": 2 })]
  })
]
