/**
 * Functions that a program gives to a narrative: an act names those that its model may call (`tools = ["weather"]`).
 *
 * A call is run in the process that plays the act, and what it gives is sent back to the model, until that answers with a
 * text. A function may run again where the act is asked again, as after the death of its process: let it be idempotent, or
 * let the act be approved first.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as ActTools from "effect-gemini-narrative/ActTools"
 * import * as Narrative from "effect-gemini-narrative/Narrative"
 * import * as Tool from "effect/ai/Tool"
 * import * as Toolkit from "effect/ai/Toolkit"
 * import { Effect, Schema } from "effect"
 *
 * const Weather = Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })
 * const toolkit = Toolkit.make(Weather)
 *
 * const program = Effect.gen(function*() {
 *   const tools = yield* ActTools.fromToolkit(toolkit)
 *   const story = yield* Narrative.parse(
 *     "[[acts]]\nname = \"day\"\ntools = [\"weather\"]\nprompt = \"What to do in Rome?\"",
 *     { tools: ActTools.names(tools) }
 *   )
 *   return yield* Narrative.execute(story, { tools })
 * })
 *
 * program.pipe(
 *   Effect.provide([toolkit.toLayer({ weather: ({ city }) => Effect.succeed(`sun in ${city}`) }), FetchGemini.layerConfig()]),
 *   Effect.runPromise
 * )
 * ```
 *
 * @since 0.3.0
 */
import * as LiveTools from "effect-gemini/live/LiveTools"
import type { FunctionDeclaration } from "effect-gemini/wire/Tool"
import type * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"

/**
 * Functions by name: how they are declared to the model, and what runs a call of one. `LiveTools.make` gives these, too.
 *
 * @category models
 * @since 0.3.0
 */
export interface ActTools {
  readonly declarations: ReadonlyArray<FunctionDeclaration>
  /** Runs one call. It may fail with anything, and the model is told. */
  readonly handle: (call: LiveTools.ToolCall) => Effect.Effect<unknown, unknown>
}

/**
 * The tools of an `effect/ai` Toolkit, with the handlers of the context.
 *
 * @category constructors
 * @since 0.3.0
 */
export const fromToolkit = <Tools extends Record<string, AiTool.Any>>(
  toolkit: Toolkit.Toolkit<Tools>
): Effect.Effect<ActTools, never, AiTool.HandlersFor<Tools> | AiTool.HandlerServices<Tools[keyof Tools]>> =>
  Effect.gen(function*() {
    const { declarations, handle } = yield* LiveTools.fromToolkit(toolkit)
    const context = yield* Effect.context<AiTool.HandlerServices<Tools[keyof Tools]>>()
    return { declarations, handle: (call) => Effect.provide(handle(call), context) }
  })

/**
 * The names of functions, as `Narrative.parse` checks acts by them.
 *
 * @category getters
 * @since 0.3.0
 */
export const names = ({ declarations }: ActTools): ReadonlyArray<string> => declarations.map(({ name }) => name)

/**
 * Those of the wanted names that are not among the functions.
 *
 * @category getters
 * @since 0.3.0
 */
export const lacking = (tools: ActTools, wanted: ReadonlyArray<string>): ReadonlyArray<string> => {
  const known = new Set(names(tools))
  return wanted.filter((name) => !known.has(name))
}
