/** The rows of what a call costs with many members and many models: `members.ts` measures them, in a process of its own. */
import { execFileSync } from "node:child_process"
import type { Figure, Row } from "../rows.ts"

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
  { of: "200 models", over: "client" },
  // Every call of it is a miss: the pool keeps 256.
  { of: "1000 models", over: "200 models", goal: 1.5 }
]

export const scale: Row = {
  id: "scale",
  title: "CPU of a call over many members and models, answered from memory",
  run: async () => {
    const text = execFileSync(process.execPath, [new URL("./members.ts", import.meta.url).pathname, "--json"], {
      encoding: "utf8"
    })
    const figures: Readonly<Record<string, number>> = JSON.parse(text)
    return measured.map(({ goal, of, over }): Figure => ({
      row: "scale",
      subject: of,
      value: (figures[of] ?? NaN) / (figures[over] ?? NaN),
      unit: `× ${over}`,
      better: "lower",
      ...(goal === undefined ? {} : { goal }),
      detail: `${(figures[of] ?? NaN).toFixed(0)} µs`
    }))
  }
}
