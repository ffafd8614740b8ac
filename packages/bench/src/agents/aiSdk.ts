/** AI SDK 7's `ToolLoopAgent`. */
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { isStepCount, jsonSchema, type LanguageModel, tool, ToolLoopAgent } from "ai"
import { callOf, instructions, last, question, type Subject, trip } from "./job.ts"

const tools = {
  add: tool({
    description: "Adds two numbers",
    inputSchema: jsonSchema<{ a: number; b: number }>({
      type: "object",
      properties: { a: { type: "number" }, b: { type: "number" } },
      required: ["a", "b"]
    }),
    execute: ({ a, b }) => a + b
  })
}

type LanguageModelV4 = Extract<LanguageModel, { readonly specificationVersion: "v4" }>

const usage = {
  inputTokens: { total: 20, noCache: 20, cacheRead: 0, cacheWrite: undefined },
  outputTokens: { total: 10, text: 10, reasoning: 0 }
}

const model = (steps: number): LanguageModelV4 => ({
  specificationVersion: "v4",
  provider: "bench",
  modelId: "bench",
  supportedUrls: {},
  doGenerate: ({ prompt }) => {
    // One message of the system, one of the user, and two of each step.
    const step = (prompt.length - 2) / 2 + 1
    return Promise.resolve(
      step < steps
        ? {
          content: [{
            type: "tool-call" as const,
            toolCallId: `call-${step}`,
            toolName: "add",
            input: JSON.stringify(callOf(step))
          }],
          finishReason: { unified: "tool-calls" as const, raw: undefined },
          usage,
          warnings: []
        }
        : {
          content: [{ type: "text" as const, text: last }],
          finishReason: { unified: "stop" as const, raw: undefined },
          usage,
          warnings: []
        }
    )
  },
  doStream: () => Promise.reject(new Error("nobody streams here"))
})

export const make = (url: string): Subject => {
  const known = new Map<number, ToolLoopAgent<never, typeof tools>>()
  const agentOf = (steps: number) => {
    const found = known.get(steps)
    if (found !== undefined) return found
    const agent = new ToolLoopAgent({ model: model(steps), instructions, tools, stopWhen: isStepCount(steps + 1) })
    known.set(steps, agent)
    return agent
  }
  const google = createGoogleGenerativeAI({ apiKey: "bench", baseURL: `${url}/v1beta` })
  const forecaster = new ToolLoopAgent({
    model: google("gemini-3.8-flash"),
    instructions,
    stopWhen: isStepCount(5),
    tools: {
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
  })
  return {
    run: async (steps) => {
      const held = await agentOf(steps).generate({ prompt: question })
      return { text: held.text, steps: held.steps.length, held }
    },
    trip: async () => (await forecaster.generate({ prompt: trip.question })).text
  }
}
