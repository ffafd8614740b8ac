/**
 * The rows of what a call costs with many members and many models, of curves of cost, and of memory: `members.ts` and
 * `curves.ts` measure them, in processes of their own.
 */
import { execFileSync } from "node:child_process"
import type { Figure, Row } from "../rows.ts"
import { type CurveName, curves as names, type Point } from "./curves.ts"

interface Measured {
  readonly of: string
  /** What it is compared with. */
  readonly over: string
  readonly goal?: number
}

const measured: ReadonlyArray<Measured> = [
  { of: "1 members", over: "client" },
  { of: "16 members", over: "client", goal: 2 },
  { of: "64 members", over: "client" },
  { of: "256 members", over: "client", goal: 3 },
  { of: "256 members, used", over: "client", goal: 3 },
  { of: "200 models", over: "client" },
  // Every call of it is a miss: the pool keeps 256.
  { of: "1000 models", over: "200 models", goal: 1.5 }
]

const run = (script: string, args: ReadonlyArray<string>, flags: ReadonlyArray<string> = []): string =>
  execFileSync(process.execPath, [...flags, new URL(script, import.meta.url).pathname, ...args], {
    encoding: "utf8",
    maxBuffer: 1e8
  })

const overMembers = (
  row: string,
  compared: ReadonlyArray<Measured>,
  args: ReadonlyArray<string>
): ReadonlyArray<Figure> => {
  const figures: Readonly<Record<string, number>> = JSON.parse(run("./members.ts", ["--json", ...args]))
  return compared.map(({ goal, of, over }): Figure => ({
    row,
    subject: of,
    value: (figures[of] ?? NaN) / (figures[over] ?? NaN),
    unit: `× ${over}`,
    better: "lower",
    ...(goal === undefined ? {} : { goal }),
    detail: `${(figures[of] ?? NaN).toFixed(0)} µs`
  }))
}

export const scale: Row = {
  id: "scale",
  title: "CPU of a call over many members and models, answered from memory",
  run: ({ planted }) => Promise.resolve(overMembers("scale", measured, planted ? ["--planted"] : []))
}

/** The same of one figure that a loaded machine moves little, for the gate: both sides are the same code. */
export const choice: Row = {
  id: "choice",
  title: "CPU of a call over 256 members against one over a single member",
  run: ({ planted }) =>
    Promise.resolve(overMembers("choice", [{ of: "256 members", over: "1 members", goal: 1.5 }], [
      "--subjects",
      "1 members; 256 members",
      ...(planted ? ["--planted"] : [])
    ]))
}

const kB = (bytes: number): string => `${(bytes / 1_024).toFixed(1)} kB`

/** Above how many times the cost at 100 a curve is not flat. */
const flat = 1.5

const points = (name: CurveName, largest: number): ReadonlyArray<Point> =>
  JSON.parse(run("./curves.ts", [name, String(largest)], ["--expose-gc"]))

const curve = (name: CurveName, largest: number, only?: number): ReadonlyArray<Figure> => {
  const all = points(name, largest)
  const base = all.find(({ size }) => size === 100)
  return all.filter(({ size }) => only === undefined || size === only).map(({ bytes, micros, size }): Figure => ({
    row: `curves: ${names[name]}`,
    subject: String(size),
    value: micros / (base?.micros ?? NaN),
    unit: "× that of 100",
    better: "lower",
    // Below 100 what is there once weighs more than what is there for each.
    ...(size > 100 ? { goal: flat } : {}),
    detail: `${micros.toFixed(1)} µs${bytes === undefined ? "" : `, ${kB(bytes)}`} each`,
    unchecked: true
  }))
}

const curveNames: ReadonlyArray<CurveName> = ["members", "models", "streams", "waiting", "sessions"]

export const curves: Row = {
  id: "curves",
  title: "What each costs and keeps when there are many",
  run: ({ quick }) => Promise.resolve(curveNames.flatMap((name) => curve(name, quick ? 1_000 : 10_000)))
}
