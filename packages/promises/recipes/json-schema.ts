// JSON that is checked by a Schema of Effect's.
// npm install effect-gemini-promises effect
// Runs on Node, Bun and Deno.
import { Schema } from "effect"
import { Gemini, GeminiError } from "effect-gemini-promises"

const Journey = Schema.Struct({
  from: Schema.String,
  to: Schema.String,
  seats: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 }))
})

await using gemini = new Gemini() // GEMINI_API_KEY
try {
  const { value } = await gemini.object({ schema: Journey, contents: "Two seats from Oslo to Bergen, please" })
  console.log(value.from, value.to, value.seats)
} catch (error) {
  if (!(error instanceof GeminiError) || error.reason._tag !== "InvalidResponse") throw error
  console.error("The answer did not fit:", error.message)
}
