/** The row of what a permit costs: `permit.ts` measures it, in a process of its own. */
import { execFileSync } from "node:child_process"
import type { Figure, Row } from "../rows.ts"

const names = { core: "store", use: "use", acquire: "scoped acquire" } as const
const goals = { core: 0.2, use: 1, acquire: 2.5 } as const

export const limiterCost: Row = {
  id: "limiter",
  title: "limiter: what a permit costs over an empty loop",
  run: async () => {
    const text = execFileSync(process.execPath, [new URL("./permit.ts", import.meta.url).pathname, "--json"], {
      encoding: "utf8"
    })
    const figures: Record<keyof typeof names, number> = JSON.parse(text)
    return (["core", "use", "acquire"] as const).map((name): Figure => ({
      row: "limiter",
      subject: names[name],
      value: figures[name],
      unit: "µs",
      better: "lower",
      goal: goals[name],
      // This is compared with the budget: the loop that it is measured over is too short for a ratio.
      checked: Math.max(1, figures[name] / goals[name])
    }))
  }
}
