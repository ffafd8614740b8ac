/**
 * Ten named calls, one after the other: against Google with `pnpm smoke --google` and a key, against the emulator in
 * the tests. Each tells what it found, or fails.
 */
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Content from "effect-gemini/wire/Content"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { recipeFor } from "./JsonAnswer.ts"
import { describe } from "./Vision.ts"

export class SmokeFailed extends Schema.TaggedError<SmokeFailed>()("SmokeFailed", { message: Schema.String }) {}

const expect = (condition: boolean, message: string) => condition ? Effect.void : new SmokeFailed({ message })

// This is a red dot, about the smallest picture that there is something to say about.
const redDot = Uint8Array.from(
  atob("iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mP8z8BQz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC"),
  (c) => c.charCodeAt(0)
)

const model = GeminiConfig.defaultModel

/** The calls by name. Each succeeds with what there is to say about it. */
export const calls: Readonly<
  Record<string, Effect.Effect<string, GeminiError | Schema.SchemaError | SmokeFailed, GeminiClient>>
> = {
  "list the models": GeminiClient.use((gemini) => Stream.runCollect(gemini.listModels({ pageSize: 50 }))).pipe(
    Effect.tap((models) => expect(models.some(({ name }) => name === `models/${model}`), `${model} is not listed`)),
    Effect.map((models) => `${models.length} models`)
  ),
  "describe one model": GeminiClient.use((gemini) => gemini.getModel(model)).pipe(
    Effect.map((found) => `${found.displayName}, ${found.inputTokenLimit} tokens in`)
  ),
  "count tokens": GeminiClient.use((gemini) => gemini.countTokens({ contents: "How many tokens are these?" })).pipe(
    Effect.tap(({ totalTokens }) => expect(totalTokens > 0, "no tokens were counted")),
    Effect.map(({ totalTokens }) => `${totalTokens} tokens`)
  ),
  "generate": GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello in one word." })).pipe(
    Effect.tap(({ text }) => expect(text !== "", "the answer is empty")),
    Effect.map(({ model, usage }) => `${model}, ${usage?.totalTokens} tokens`)
  ),
  "generate with a system instruction and settings": GeminiClient.use((gemini) =>
    gemini.generate({
      systemInstruction: "You answer in French.",
      contents: "Good morning!",
      generationConfig: { temperature: 0, maxOutputTokens: 1000 }
    })
  ).pipe(
    Effect.tap(({ text }) => expect(text !== "", "the answer is empty")),
    Effect.map(({ finishReason }) => `finished with ${finishReason}`)
  ),
  "stream": GeminiClient.use((gemini) =>
    Stream.runCollect(gemini.generateStream({ contents: "Count from one to twenty in words." }))
  ).pipe(
    Effect.tap((chunks) => expect(chunks.at(-1)?.finished === true, "no chunk is the finished one")),
    Effect.map((chunks) => `${chunks.length} chunks`)
  ),
  "converse": GeminiClient.use((gemini) =>
    gemini.generate({
      contents: [Content.user("My name is Ada."), Content.model("Hello Ada!"), Content.user("What is my name?")]
    })
  ).pipe(Effect.map(({ text }) => `${text.length} characters`)),
  "answer in JSON": Effect.map(recipeFor("pancakes"), ({ ingredients }) => `${ingredients.length} ingredients`),
  "look at an image": Effect.map(describe(redDot, "image/png"), (text) => `${text.length} characters`),
  "embed": GeminiClient.use((gemini) => gemini.embed({ contents: ["tide", "moon"] })).pipe(
    Effect.tap(({ vectors }) => expect(vectors.length === 2, "two texts did not give two vectors")),
    Effect.map(({ vectors }) => `${vectors.length} vectors`)
  )
}

/** Runs every call, tells of each, and fails at the end if any did. */
export const smoke = Effect.gen(function*() {
  let failed = 0
  for (const [name, call] of Object.entries(calls)) {
    const said = yield* call.pipe(
      Effect.catch((error) => {
        failed++
        return Effect.succeed(`FAILED: ${error.message}`)
      })
    )
    yield* Console.log(`${name}: ${said}`)
  }
  if (failed > 0) return yield* new SmokeFailed({ message: `${failed} of ${Object.keys(calls).length} calls failed` })
})

if (import.meta.main) {
  const { apiKey, baseUrl } = await Effect.runPromise(GeminiConfig.fromEnvironment())
  if (!process.argv.includes("--google")) {
    console.log("smoke: skipped; `pnpm smoke --google` makes ten small calls to Google, which may bill your key")
  } else if (apiKey === undefined) console.log("smoke: skipped, no GEMINI_API_KEY is set")
  else {
    console.log(`smoke: ${Object.keys(calls).length} calls to ${baseUrl ?? GeminiConfig.defaultBaseUrl}`)
    const exit = await Effect.runPromiseExit(Effect.provide(smoke, FetchGemini.layerConfig()))
    if (exit._tag === "Failure") process.exitCode = 1
  }
}
