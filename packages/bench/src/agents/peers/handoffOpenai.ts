/**
 * A handoff with `@openai/agents`, after the example of its quickstart:
 * https://openai.github.io/openai-agents-js/guides/quickstart (examples/docs/quickstart/runOrchestration.ts).
 */
import { Agent, run } from "@openai/agents"

const history = new Agent({
  name: "History Tutor",
  instructions: "You are a history tutor. Explain what happened, when, and why people remember it, in plain words."
})
const math = new Agent({
  name: "Math Tutor",
  instructions: "You are a math tutor. Explain each step that leads to the result, and give an example of it."
})
const triage = Agent.create({
  name: "Triage Agent",
  instructions: "You are triage. Find out which tutor can help with the question about homework, and hand over.",
  handoffs: [history, math]
})

export const ask = async (question: string) => (await run(triage, question)).finalOutput
