/**
 * What types cost in an editor: a program of twenty agents with fifty tools, checked by the compiler. It takes a
 * minute on a busy machine, and its seconds are those of the load, so it runs by `pnpm prove 23.9` alone.
 */
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isProving } from "../../../scripts/proof.ts"

const root = join(import.meta.dirname, "..", "..", "..")

const imports = `import * as Agent from "effect-gemini-agents/Agent"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
`

const tool = (i: number): string =>
  `Tool.make("tool${i}", {
  description: "Tool ${i}",
  parameters: Schema.Struct({ a${i}: Schema.String, b: Schema.optionalKey(Schema.Finite) }),
  success: Schema.Struct({ c${i}: Schema.Array(Schema.String) }),
  failure: Schema.TaggedStruct("Failure${i}", {}),
  failureMode: "error"
})`

const count = (n: number): ReadonlyArray<number> => Array.from({ length: n }, (_, i) => i)

/** Each agent has all fifty tools, its handlers, a schema of its own, and a program that plays it. */
const program = `${imports}
const toolkit = Toolkit.make(${count(50).map(tool).join(",\n")})
const handlers = toolkit.toLayer({
${count(50).map((i) => `  tool${i}: ({ a${i} }) => Effect.succeed({ c${i}: [a${i}] })`).join(",\n")}
})
${
  count(20).map((i) =>
    `const agent${i} = Agent.make({
  name: "agent-${i}",
  instructions: "Do it.",
  input: Schema.Struct({ in${i}: Schema.String }),
  output: Schema.Struct({ out${i}: Schema.Finite }),
  toolkit,
  step: () => ({ tools: ["tool${i}"] })
})
export const run${i} = Agent.run(agent${i}, { in${i}: "" }).pipe(
  Effect.map(({ value }) => value.out${i}),
  Effect.catchReason("AgentError", "StepLimit", () => Effect.succeed(0)),
  Effect.provide(handlers)
)`
  ).join("\n")
}
`

interface Checked {
  readonly seconds: number
  readonly instantiations: number
  readonly errors: string
}

const figure = (said: string, name: string): number => Number(new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(said)?.[1])

/** What the compiler spends on types, and whether it was content. */
const checked = (name: string, text: string): Checked => {
  // The packages are found from a folder of this one.
  const folder = join(import.meta.dirname, "..", "node_modules", `.type-cost-${process.pid}-${name}`)
  mkdirSync(folder, { recursive: true })
  try {
    writeFileSync(join(folder, "program.ts"), text)
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.typetest.json"),
        compilerOptions: { rootDir: root, types: ["node"], plugins: [], skipLibCheck: true },
        include: ["program.ts"],
        files: ["program.ts"]
      })
    )
    const { stdout } = spawnSync(
      join(root, "node_modules", ".bin", "tsc"),
      ["-p", folder, "--extendedDiagnostics", "--pretty", "false"],
      { encoding: "utf8" }
    )
    return {
      seconds: figure(stdout, "Check time"),
      instantiations: figure(stdout, "Instantiations"),
      errors: stdout.split("\n").filter((line) => line.includes("error TS")).join("\n")
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

describe.skipIf(!isProving("23.9"))("twenty agents with fifty tools", () => {
  it("are checked within three seconds more than their imports", () => {
    const before = checked("imports", `${imports}export const used = [Agent, Tool, Toolkit, Effect, Schema]\n`)
    assert.strictEqual(before.errors, "")
    const whole = checked("program", program)
    assert.strictEqual(whole.errors, "")
    const seconds = whole.seconds - before.seconds
    const instantiations = whole.instantiations - before.instantiations
    process.stdout.write(
      `\n23.9 types: ${seconds.toFixed(2)} s over ${before.seconds} s, ${instantiations} instantiations over ` +
        `${before.instantiations}\n`
    )
    assert.isBelow(instantiations, 400_000)
    assert.isBelow(seconds, 3)
  }, 180_000)
})
