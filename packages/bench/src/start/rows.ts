/**
 * The rows of a first answer: from the start of a process to its end, with one call between. Ours and the SDK's take
 * turns; the gate compares CPU time within a round.
 */
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import * as Bodies from "../harness/bodies.ts"
import { median } from "../harness/sample.ts"
import type { Figure, Row } from "../rows.ts"
import { type Start, write } from "./programs.ts"

const run = promisify(execFile)

/** Milliseconds. */
interface First {
  readonly wall: number
  readonly cpu: number
}

const size = 40
const model = Bodies.modelOf(size, 1)

const first = async ({ file, name }: Start, url: string): Promise<First> => {
  const from = performance.now()
  const { stdout } = await run(process.execPath, [file, url, model])
  const wall = performance.now() - from
  const { cpu, length }: { readonly cpu: number; readonly length: number } = JSON.parse(stdout)
  if (length !== size) throw new Error(`${name} received ${length} bytes of ${size}`)
  return { wall, cpu }
}

/** Milliseconds above the SDK's first answer for bundled programs; milliseconds in all for others. */
const goals: Readonly<Record<string, number>> = {
  "FetchGemini, bundled": 10,
  "NodeGemini, bundled": 15,
  "FetchGemini, by subpaths": 260
}

export const start: Row = {
  id: "start",
  title: "first answer, from the start of a process to its end",
  run: async ({ gate, planted, quick, url }) => {
    const { remove, starts } = await write(planted, gate)
    const taken = new Map<Start, Array<First>>(starts.map((it) => [it, []]))
    const rounds = quick ? 7 : 15
    for (let round = -1; round < rounds; round++) {
      for (let i = 0; i < starts.length; i++) {
        const each = starts[(i + round + starts.length) % starts.length]
        if (each === undefined) continue
        const sample = await first(each, url)
        // The first round fills the caches of the file system.
        if (round >= 0) taken.get(each)?.push(sample)
      }
    }
    remove()
    const sdk = starts.find(({ name }) => name === "genai, bundled")
    const ofSdk = sdk === undefined ? [] : taken.get(sdk) ?? []
    return (["wall", "cpu"] as const).flatMap((kind) => {
      // What else the machine does only adds, so the least is the program's own.
      const least = (samples: ReadonlyArray<First>): number => Math.min(...samples.map((sample) => sample[kind]))
      return Array.from(taken, ([{ isBundled, name }, samples]): Figure => {
        const isOver = isBundled && name !== sdk?.name
        const goal = goals[name]
        return {
          row: `start: ${kind === "cpu" ? "CPU" : "time"}`,
          subject: name,
          value: isOver ? least(samples) - least(ofSdk) : least(samples),
          unit: isOver ? "ms over genai" : "ms",
          better: "lower",
          ...(goal === undefined ? {} : { goal }),
          detail: `${least(samples).toFixed(0)} ms; median ${median(samples.map((it) => it[kind])).toFixed(0)} ms`,
          checked: median(samples.map((it, i) => it.cpu / (ofSdk[i]?.cpu ?? NaN))),
          // Both rows have the same ratio, and a time says nothing where others use the processors.
          unchecked: kind === "wall" || /^(?:genai|floor)/.test(name)
        }
      })
    })
  }
}
