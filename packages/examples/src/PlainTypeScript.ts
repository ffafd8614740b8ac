/** Plain TypeScript: a function that takes a text and returns a promise, and errors that can be switched on. */
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import { GeminiError } from "effect-gemini/GeminiError"
import * as Effect from "effect/Effect"

/** One answer. It builds a client for this call alone: see Runtime.ts for programs that make many. */
export const ask = (prompt: string): Promise<string> =>
  GeminiClient.use((gemini) => gemini.generate({ contents: prompt })).pipe(
    Effect.map((answer) => answer.text),
    Effect.provide(FetchGemini.layerConfig()),
    Effect.runPromise
  )

/** The same question, with everything that can go wrong put into words. */
export const askPolitely = async (prompt: string): Promise<string> => {
  try {
    return await ask(prompt)
  } catch (error) {
    if (!(error instanceof GeminiError)) throw error
    switch (error.reason._tag) {
      case "MissingApiKey":
      case "Unauthenticated":
        return "Please set GEMINI_API_KEY."
      case "PromptBlocked":
      case "ResponseBlocked":
        return "Gemini would rather not talk about that."
      default:
        return error.isRetryable ? "Please try again later." : `That did not work: ${error.message}`
    }
  }
}

if (import.meta.main) console.log(await askPolitely("Why does the sea have tides?"))
