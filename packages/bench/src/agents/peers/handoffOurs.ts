/** The handoff of `handoffOpenai` with Effect Gemini. */
import { Agent, Team } from "effect-gemini-agents"

const history = Agent.make({
  name: "history",
  instructions: "You are a history tutor. Explain what happened, when, and why people remember it, in plain words."
})
const math = Agent.make({
  name: "math",
  instructions: "You are a math tutor. Explain each step that leads to the result, and give an example of it."
})
const front = Agent.make({
  name: "front",
  instructions: "You are triage. Find out which tutor can help with the question about homework, and hand over."
})
const team = Team.handoff({ start: "front", agents: { front, history, math }, edges: { front: ["history", "math"] } })

export const ask = (question: string) => Agent.run(team, question)
