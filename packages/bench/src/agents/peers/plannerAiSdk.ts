/**
 * A planner with subagents at once with AI SDK 7, after the example that its page about subagents names for that:
 * https://github.com/vercel/ai/blob/main/examples/ai-functions/src/agent/openai/parallel-subagents.ts
 */
import { isStepCount, tool, ToolLoopAgent } from "ai"
import { z } from "zod"

const model = "gemini-3.8-flash"
const known: Record<string, string> = { caching: "reuses what was sent", streaming: "sends words as they come" }

const researcher = new ToolLoopAgent({
  model,
  instructions: "You are a researcher. Look the topic up, and answer with one sentence.",
  tools: {
    lookup: tool({
      description: "Looks a topic up.",
      inputSchema: z.object({ topic: z.string() }),
      execute: ({ topic }) => known[topic] ?? `nothing about ${topic}`
    })
  },
  stopWhen: isStepCount(3)
})

const planner = new ToolLoopAgent({
  model,
  instructions: "You are a planner. Have each topic researched, and put the findings together.",
  tools: {
    research: tool({
      description: "Researches topics at once.",
      inputSchema: z.object({ topics: z.array(z.string()) }),
      execute: ({ topics }) =>
        Promise.all(topics.map(async (topic) => {
          const result = await researcher.generate({ prompt: topic })
          return { topic, summary: result.text }
        })),
      toModelOutput: ({ output }) => ({
        type: "text",
        value: output.map(({ summary, topic }) => `${topic}: ${summary}`).join("\n")
      })
    })
  },
  stopWhen: isStepCount(3)
})

export const ask = async (question: string) => (await planner.generate({ prompt: question })).text
