/**
 * A plan on the outside: what a program does when all of Gemini is away. Inside, members, regions and fallback models
 * are one loop with one budget of attempts. Around it stands Effect's ExecutionPlan, for what lies beyond Gemini:
 * another vendor, an older answer, an apology.
 *
 * Each step of the plan makes one attempt, because the client below has tried again already.
 */
import { GeminiClient } from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Members from "effect-gemini/Members"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as ExecutionPlan from "effect/ExecutionPlan"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"

export class Answers extends Context.Service<Answers, {
  readonly ask: (question: string) => Effect.Effect<string, GeminiError>
}>()("examples/Answers") {}

/** One project in two regions; a real program has two base URLs, and perhaps two keys. */
const Gemini = Members.layerConfig({
  members: [
    { name: "west", project: "answers", location: "us-west1", apiKeyFrom: "GEMINI_API_KEY" },
    { name: "east", project: "answers", location: "us-east1", apiKeyFrom: "GEMINI_API_KEY" }
  ],
  fallbackModels: ["gemini-2.5-flash"],
  tier: "tier1",
  retry: { attempts: 3 },
  timeouts: { total: "20 seconds" }
}).pipe(Layer.provide(FetchHttpClient.layer))

const ByGemini = Layer.effect(
  Answers,
  Effect.map(GeminiClient, (gemini) =>
    Answers.of({
      ask: (question) => Effect.map(gemini.generate({ contents: question }), ({ text }) => text)
    }))
).pipe(Layer.provide(Gemini))

const ByHand = Layer.succeed(Answers, {
  ask: () => Effect.succeed("We cannot answer just now: please ask again in a few minutes.")
})

export const plan = ExecutionPlan.make({ provide: ByGemini }, { provide: ByHand })

const isAway = (error: GeminiError): boolean => error.isRetryable || error.reason._tag === "QuotaExhausted"

// A plan goes on after every failure. So a failure that would be the same everywhere is a result to the plan, and
// becomes a failure again behind it.
export const ask = (question: string) =>
  Answers.use((answers) => answers.ask(question)).pipe(
    Effect.map((answer): Result.Result<string, GeminiError> => Result.succeed(answer)),
    Effect.catchIf((error) => !isAway(error), (error) => Effect.succeed(Result.fail(error))),
    Effect.withExecutionPlan(plan),
    Effect.flatMap(Effect.fromResult)
  )
