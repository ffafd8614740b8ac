/** The planner of `plannerAiSdk` with Effect Gemini: the calls of one step are workers at once. */
import { Effect, Schema } from "effect"
import { Agent, Team } from "effect-gemini-agents"
import { Tool, Toolkit } from "effect/ai"

const known: Record<string, string> = { caching: "reuses what was sent", streaming: "sends words as they come" }

const toolkit = Toolkit.make(Tool.make("lookup", {
  description: "Looks a topic up.",
  parameters: Schema.Struct({ topic: Schema.String }),
  success: Schema.String
}))
const handlers = toolkit.toLayer({ lookup: ({ topic }) => Effect.succeed(known[topic] ?? `nothing about ${topic}`) })

const research = Agent.make({
  name: "researcher",
  description: "Researches a topic.",
  instructions: "You are a researcher. Look the topic up, and answer with one sentence.",
  toolkit,
  bounds: { steps: 3 }
})
const planner = Agent.make({
  name: "planner",
  instructions: "You are a planner. Have each topic researched, and put the findings together.",
  bounds: { steps: 3 }
})
const team = Team.manager(planner, { research })

export const ask = (question: string) => Agent.run(team, question).pipe(Effect.provide(handlers))
