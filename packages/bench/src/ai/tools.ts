/**
 * What one tool round trip costs: the question, the model's call, the tool, its result and
 * the model's sentence, as microseconds of this process's CPU. The provider of `effect/ai`
 * beside `ai` with `@ai-sdk/google`, in turn: `node packages/bench/src/ai/tools.ts`.
 */
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { generateText, jsonSchema, stepCountIs, tool } from "ai"
import * as AgentLoop from "effect-gemini-ai/AgentLoop"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { fork } from "node:child_process"
import { once } from "node:events"
import { median } from "../harness/sample.ts"

const trips = 200
const rounds = 7
const model = "gemini-3.8-flash"
const prompt = "What is the weather in Rome?"
const said = "It is 21 degrees in Rome."

const server = fork(new URL("./toolServer.ts", import.meta.url))
const [message]: Array<unknown> = await once(server, "message")
const port = typeof message === "object" && message !== null && "port" in message ? Number(message.port) : NaN
const url = `http://127.0.0.1:${port}`

const toolkit = Toolkit.make(Tool.make("weather", {
  description: "The weather of a city",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Struct({ celsius: Schema.Finite })
}))
const runtime = ManagedRuntime.make(
  Layer.merge(
    toolkit.toLayer({ weather: () => Effect.succeed({ celsius: 21 }) }),
    GeminiLanguageModel.layer({ model }).pipe(
      Layer.provide(NodeGemini.layerHttp({
        apiKey: Redacted.make("bench"),
        baseUrl: url,
        tier: "tier3",
        limits: { [model]: { rpm: Infinity, tpm: Infinity, rpd: Infinity } }
      }))
    )
  )
)
const google = createGoogleGenerativeAI({ apiKey: "bench", baseURL: `${url}/v1beta` })
const tools = {
  weather: tool({
    description: "The weather of a city",
    inputSchema: jsonSchema<{ city: string }>({
      type: "object",
      properties: { city: { type: "string" } },
      required: ["city"]
    }),
    execute: () => ({ celsius: 21 })
  })
}

/** Each makes one round trip and gives back the model's sentence. */
const subjects = {
  "effect-gemini-ai": () =>
    runtime.runPromise(Effect.map(AgentLoop.run({ prompt, toolkit, steps: 2 }), ({ text }) => text)),
  "ai + @ai-sdk/google": async () => {
    const { text } = await generateText({ model: google(model), prompt, tools, stopWhen: stepCountIs(2) })
    return text
  }
}

/** Microseconds of this process's CPU for one round trip. */
const cost = async (trip: () => Promise<string>): Promise<number> => {
  const before = process.cpuUsage()
  for (let i = 0; i < trips; i++) {
    const text = await trip()
    if (text !== said) throw new Error(`the round trip ended in ${JSON.stringify(text)}`)
  }
  const { system, user } = process.cpuUsage(before)
  return (user + system) / trips
}

const costs = new Map<string, Array<number>>(Object.keys(subjects).map((name) => [name, []]))
for (let round = -2; round < rounds; round++) {
  for (const [name, trip] of Object.entries(subjects)) {
    const measured = await cost(trip)
    // The first rounds warm up.
    if (round >= 0) costs.get(name)?.push(measured)
  }
}
for (const [name, values] of costs) console.log(`${name}: ${Math.round(median(values))} µs of CPU a tool round trip`)
const [ours = NaN, theirs = NaN] = Array.from(costs.values(), median)
console.log(`ratio ${(ours / theirs).toFixed(2)}`)
await runtime.dispose()
server.disconnect()
