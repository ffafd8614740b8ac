/** `@openai/agents`, with its traces off. */
import { Agent, type Model, type ModelResponse, Runner, setTracingDisabled, tool, Usage } from "@openai/agents"
import { callOf, instructions, last, question, type Subject } from "./job.ts"

setTracingDisabled(true)

const add = tool({
  name: "add",
  description: "Adds two numbers",
  strict: false,
  parameters: {
    type: "object",
    properties: { a: { type: "number" }, b: { type: "number" } },
    required: ["a", "b"],
    additionalProperties: true
  },
  execute: (input) => {
    const { a, b } = Object(input)
    return Promise.resolve(Number(a) + Number(b))
  }
})

const model = (steps: number): Model => ({
  getResponse: ({ input }): Promise<ModelResponse> => {
    // One item of the user, and two of each step.
    const step = (input.length - 1) / 2 + 1
    const usage = new Usage({ requests: 1, inputTokens: 20, outputTokens: 10, totalTokens: 30 })
    return Promise.resolve(
      step < steps
        ? {
          usage,
          output: [{
            type: "function_call" as const,
            callId: `call-${step}`,
            name: "add",
            status: "completed" as const,
            arguments: JSON.stringify(callOf(step))
          }]
        }
        : {
          usage,
          output: [{
            type: "message" as const,
            role: "assistant" as const,
            status: "completed" as const,
            content: [{ type: "output_text" as const, text: last }]
          }]
        }
    )
  },
  getStreamedResponse: () => {
    throw new Error("nobody streams here")
  }
})

export const make = (): Subject => {
  const runner = new Runner({ tracingDisabled: true })
  const known = new Map<number, Agent>()
  return {
    run: async (steps) => {
      let agent = known.get(steps)
      if (agent === undefined) {
        known.set(steps, agent = new Agent({ name: "clerk", instructions, tools: [add], model: model(steps) }))
      }
      const held = await runner.run(agent, question, { maxTurns: steps + 1 })
      return { text: String(held.finalOutput), steps: held.rawResponses.length, held }
    }
  }
}
