// JSON that is checked by Zod, whole and as it comes.
// npm install effect-gemini-promises zod
// Runs on Node, Bun and Deno.
import { Gemini } from "effect-gemini-promises"
import { z } from "zod"

const Recipe = z.object({
  title: z.string(),
  minutes: z.number().int().describe("from start to table"),
  steps: z.array(z.string())
})

await using gemini = new Gemini() // GEMINI_API_KEY
const { repairs, value } = await gemini.object({ schema: Recipe, contents: "A recipe for bread" })
console.log(value.title, value.minutes, value.steps.length, `asked again ${repairs} times`)

for await (const { finished, value } of gemini.objectStream({ schema: Recipe, contents: "A recipe for soup" })) {
  console.log(finished ? "whole:" : "so far:", JSON.stringify(value))
}
