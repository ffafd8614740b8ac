/** The first agent of the README. `pnpm agent` runs it on the embedded server. */
import * as Agent from "effect-gemini-agents/Agent"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

const poet = Agent.make({ name: "poet", instructions: "You write a line about the subject." })
const gemini = GeminiLanguageModel.model("gemini-3.8-flash").pipe(Layer.provide(FetchGemini.layerConfig()))
const { steps, text } = await Agent.run(poet, "frogs").pipe(Effect.provide(gemini), Effect.runPromise)
console.log(`${text} (${steps} step)`)
