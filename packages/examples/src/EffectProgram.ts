/**
 * An Effect program: it asks for the client, and the layer at the edge says which one.
 */
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * Asks for one answer, then for the same as a stream. It needs a client, and fails only with what it does not catch.
 */
export const program = Effect.gen(function*() {
  const gemini = yield* GeminiClient
  const answer = yield* gemini.generate({
    model: "gemini-pro-latest",
    contents: "Why does the sea have tides? One sentence."
  })
  const retold = yield* gemini.generateStream({ contents: `Tell a child: ${answer.text}` }).pipe(
    Stream.map((chunk) => chunk.text),
    Stream.mkString
  )
  return { answer: answer.text, retold, tokens: answer.usage?.totalTokens }
}).pipe(
  Effect.catchReason(
    "GeminiError",
    "QuotaExhausted",
    () => Effect.succeed({ answer: "Ask again tomorrow.", retold: "", tokens: 0 })
  )
)

if (import.meta.main) {
  await program.pipe(Effect.flatMap(Console.log), Effect.provide(FetchGemini.layerConfig()), Effect.runPromise)
}
