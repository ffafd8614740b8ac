// Ask and stream.
// npm install effect-gemini-promises
// Runs on Node, Bun and Deno.
import { Gemini, GeminiError } from "effect-gemini-promises"

await using gemini = new Gemini() // GEMINI_API_KEY
try {
  const answer = await gemini.generate("Why does the sea have tides?")
  console.log(answer.text)
  for await (const chunk of gemini.stream("Tell a story")) process.stdout.write(chunk.text)
  console.log()
} catch (error) {
  if (!(error instanceof GeminiError)) throw error
  console.error(error.reason._tag, error.message)
  process.exitCode = 1
}
