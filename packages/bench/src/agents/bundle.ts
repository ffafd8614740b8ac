/** The bundle of a program with one agent, beside that of the same question without one. */
import { build } from "esbuild"
import { gzipSync } from "node:zlib"
import type { Figure } from "./rows.ts"

const model = `
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
const toolkit = Toolkit.make(Tool.make("add", {
  description: "Adds two numbers",
  parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
  success: Schema.Finite
}).annotate(Tool.Readonly, true))
const handlers = toolkit.toLayer({ add: ({ a, b }) => Effect.succeed(a + b) })
const gemini = GeminiLanguageModel.model("gemini-3.8-flash").pipe(Layer.provide(FetchGemini.layerConfig()))
`

const asked = `${model}
import * as LanguageModel from "effect/ai/LanguageModel"
LanguageModel.generateText({ prompt: "2 and 3?", toolkit }).pipe(
  Effect.map(({ text }) => console.log(text)), Effect.provide([gemini, handlers]), Effect.runPromise)
`

const agent = `${model}
import * as Agent from "effect-gemini-agents/Agent"
const clerk = Agent.make({ name: "clerk", instructions: "You add numbers.", toolkit })
Agent.run(clerk, "2 and 3?").pipe(
  Effect.map(({ text }) => console.log(text)), Effect.provide([gemini, handlers]), Effect.runPromise)
`

const gzipped = async (contents: string): Promise<number> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL("../..", import.meta.url).pathname, loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    write: false,
    logLevel: "error"
  })
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length / 1_000
}

export const bundle = async (): Promise<ReadonlyArray<Figure>> => {
  const [without, withAgent] = [await gzipped(asked), await gzipped(agent)]
  return [
    { name: "one question with a tool, of the provider", value: without, unit: "kB" },
    { name: "one agent", value: withAgent, unit: "kB" },
    { name: "what the agent adds", value: withAgent - without, unit: "kB", goal: 15 }
  ]
}
