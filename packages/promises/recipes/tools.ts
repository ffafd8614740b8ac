// Functions that the model may call.
// npm install effect-gemini-promises zod
// Runs on Node, Bun and Deno.
import { Gemini, tool } from "effect-gemini-promises"
import { z } from "zod"

const weather = tool({
  description: "The weather in a city",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, celsius: 21, sky: "clear" })
})
const clock = tool({ description: "The time now", execute: () => new Date().toISOString() })

await using gemini = new Gemini() // GEMINI_API_KEY
const answer = await gemini.generate({
  contents: "How warm is it in Oslo, and what time is it?",
  tools: { weather, clock },
  steps: 5 // asks the model at most so often
})
for (const { args, error, name, result } of answer.calls) console.log(name, args, error ?? result)
console.log(answer.end, answer.text)
