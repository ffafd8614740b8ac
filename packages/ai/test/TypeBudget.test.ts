/** What a large toolkit costs the type checker. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)
const root = join(import.meta.dirname, "../../..")
const folder = join(root, "packages/ai/node_modules/.type-budget")

/** 308,340 counted in November 2026, on every machine alike: about 6,000 a tool, most of it effect/ai's. */
const instantiations = 320_000
const seconds = 3

const tool = (i: number): string => `
const tool${i} = Tool.make("tool${i}", {
  description: "Tool ${i}",
  parameters: Schema.Struct({
    id: Schema.String,
    filter: Schema.Struct({
      tags: Schema.Array(Schema.Literals(["a${i}", "b"])),
      range: Schema.optionalKey(Schema.Struct({ from: Schema.Date, to: Schema.NullOr(Schema.Date) }))
    }),
    items: Schema.Array(Schema.Union([
      Schema.TaggedStruct("Text", { text: Schema.String }),
      Schema.TaggedStruct("Number", { n: Schema.Finite, nested: Schema.Struct({ deep: Schema.Record(Schema.String, Schema.Int) }) })
    ]))
  }),
  success: Schema.Struct({ index: Schema.Literal(${i}), rows: Schema.Array(Schema.Struct({ a: Schema.String, b: Schema.Finite })) }),
  failure: Schema.Struct({ code: Schema.Literal(${i}) })
})`

const source = (count: number): string => {
  const numbers = Array.from({ length: count }, (_, i) => i)
  return `import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
${numbers.map(tool).join("\n")}
const toolkit = Toolkit.make(${numbers.map((i) => `tool${i}`).join(", ")})
const handlers = toolkit.toLayer({
${
    numbers.map((i) =>
      `  tool${i}: ({ items }) => Effect.succeed({ index: ${i}, rows: items.map(() => ({ a: "", b: 1 })) })`
    ).join(",\n")
  }
})
export const program = Effect.gen(function*() {
  const { toolCalls, toolResults } = yield* LanguageModel.generateText({ prompt: "go", toolkit })
  return [toolCalls.map((call) => call.name), toolResults.map((result) => result.result)] as const
}).pipe(Effect.provide([GeminiLanguageModel.model("gemini-3.8-flash"), handlers]))
`
}

const config = {
  extends: "../../../../tsconfig.base.json",
  compilerOptions: {
    rootDir: root,
    composite: false,
    incremental: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    noEmit: true,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
    tsBuildInfoFile: null,
    skipLibCheck: true,
    paths: {
      "effect-gemini-ai/*": [join(root, "packages/ai/dist/*.d.ts")],
      "effect-gemini/*": [join(root, "packages/gemini/dist/*.d.ts")]
    }
  },
  include: ["*.ts"]
}

/** Time and instantiations of a program with so many tools. */
const check = async (count: number) => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "program.ts"), source(count))
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config))
  const { stdout } = await run(
    join(root, "node_modules/.bin/tsc"),
    ["-p", folder, "--extendedDiagnostics"],
    { cwd: root }
  )
  const figure = (name: string): number => Number(new RegExp(`${name}:\\s+([\\d.]+)`).exec(stdout)?.[1])
  rmSync(folder, { recursive: true, force: true })
  return { counted: figure("Instantiations"), checkTime: figure("Check time") }
}

describe("a toolkit of 50 tools with nested schemas", () => {
  it(`checks within ${seconds} s and ${instantiations} instantiations`, async () => {
    // As a user has it: against the declarations of the packages.
    await run(join(root, "node_modules/.bin/tsc"), ["-b", join(root, "packages/ai")], { cwd: root })
    const { checkTime, counted } = await check(50)
    assert.isAbove(counted, 0)
    assert.isBelow(counted, instantiations)
    assert.isBelow(checkTime, seconds)
  }, 120_000)
})
