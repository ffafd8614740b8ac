/**
 * The loop around a model that calls tools: ask, run the tools, ask again, until the model
 * has nothing more to call or a bound is reached.
 *
 * `effect/ai` leaves this to its user. The loop knows no provider: it takes whatever
 * `LanguageModel` is in the context.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as AgentLoop from "effect-gemini-ai/AgentLoop"
 * import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
 * import * as Tool from "effect/ai/Tool"
 * import * as Toolkit from "effect/ai/Toolkit"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Schema from "effect/Schema"
 *
 * const toolkit = Toolkit.make(Tool.make("add", {
 *   description: "Adds two numbers",
 *   parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
 *   success: Schema.Finite
 * }))
 * const handlers = toolkit.toLayer({ add: ({ a, b }) => Effect.succeed(a + b) })
 * const gemini = GeminiLanguageModel.model("gemini-3.8-flash").pipe(Layer.provide(FetchGemini.layerConfig()))
 *
 * const program = Effect.gen(function*() {
 *   const result = yield* AgentLoop.run({ prompt: "add 2 and 3", toolkit, steps: 5 })
 *   console.log(result.end._tag, result.steps, result.text)
 * })
 *
 * program.pipe(Effect.provide([gemini, handlers]), Effect.runPromise)
 * ```
 *
 * @since 0.1.0
 */
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/**
 * Why the loop ended.
 *
 * @category models
 * @since 0.1.0
 */
export type End =
  /** The model answered without calling anything; `reason` is its own. */
  | { readonly _tag: "Answered"; readonly reason: Response.FinishReason }
  /** The allowed number of steps was used up. The last step's calls have been run. */
  | { readonly _tag: "StepLimit"; readonly limit: number }
  /** The steps used as many tokens as were allowed, or more, as the model counted them. */
  | { readonly _tag: "TokenLimit"; readonly used: number; readonly limit: number }
  /** The time was over before the next step; a step that runs is not cut. */
  | { readonly _tag: "TimeLimit"; readonly limit: Duration.Duration }
  /** The model calls a tool that a person must approve first; the requests are in the history. */
  | { readonly _tag: "ApprovalNeeded"; readonly approvalIds: ReadonlyArray<string> }

/**
 * The outcome of a loop.
 *
 * @category models
 * @since 0.1.0
 */
export interface Result {
  readonly end: End
  /** The last step's text. */
  readonly text: string
  /** How often the model was asked. */
  readonly steps: number
  /** Input and output tokens of all steps, as far as the model counted them. */
  readonly tokens: number
  /** The whole conversation, to go on from. */
  readonly history: Prompt.Prompt
}

/**
 * What a loop needs: the prompt, the tools with their handlers, and its bounds. The bounds are looked at before each
 * further step.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options<Tools extends Record<string, Tool.Any>, E, R> {
  readonly prompt: Prompt.RawInput
  readonly toolkit: Effect.Effect<Toolkit.WithHandler<Tools>, E, R> | Toolkit.WithHandler<Tools>
  /** How often the model is asked at most. Default 10. */
  readonly steps?: number | undefined
  /** How many tokens, input and output, all steps may use together. Default: no limit. */
  readonly tokens?: number | undefined
  /** Longest time in which a step may still begin. Default: no limit. */
  readonly time?: Duration.Input | undefined
  /** How many tools run at once. Default: all of a step. */
  readonly concurrency?: number | "unbounded" | undefined
}

const defaultSteps = 10

interface State {
  readonly history: Prompt.Prompt
  readonly steps: number
  readonly tokens: number
  readonly text: string
}

/**
 * Runs the loop. A tool that fails with `failureMode: "return"` is told to the model; any
 * other failure ends the loop in the error channel.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <Tools extends Record<string, Tool.Any>, E = never, R = never>(
  options: Options<Tools, E, R>
) =>
  Effect.gen(function*() {
    const limit = Math.max(1, options.steps ?? defaultSteps)
    const time = options.time === undefined ? undefined : Duration.fromInputUnsafe(options.time)
    const toolkit = Effect.isEffect(options.toolkit) ? yield* options.toolkit : options.toolkit
    const started = yield* Clock.currentTimeMillis
    let state: State = { history: Prompt.make(options.prompt), steps: 0, tokens: 0, text: "" }
    while (true) {
      const bound = yield* reached(state, { limit, time, started, tokens: options.tokens })
      if (bound !== undefined) return { ...state, end: bound } satisfies Result
      const response = yield* LanguageModel.generateText({
        prompt: state.history,
        toolkit,
        concurrency: options.concurrency ?? "unbounded"
      })
      const { inputTokens, outputTokens } = response.usage
      state = {
        history: Prompt.concat(state.history, Prompt.fromResponseParts(response.content)),
        steps: state.steps + 1,
        tokens: state.tokens + (inputTokens.total ?? 0) + (outputTokens.total ?? 0),
        text: response.text
      }
      const end = over(response)
      if (end !== undefined) return { ...state, end } satisfies Result
    }
  })

/** A bound that keeps the next step from beginning. */
const reached = (
  state: State,
  bounds: {
    readonly limit: number
    readonly time: Duration.Duration | undefined
    readonly started: number
    readonly tokens: number | undefined
  }
): Effect.Effect<End | undefined> =>
  Effect.map(Clock.currentTimeMillis, (now): End | undefined => {
    const { limit, started, time, tokens } = bounds
    if (state.steps >= limit) return { _tag: "StepLimit", limit }
    if (tokens !== undefined && state.tokens >= tokens) return { _tag: "TokenLimit", used: state.tokens, limit: tokens }
    if (time !== undefined && now - started >= Duration.toMillis(time)) return { _tag: "TimeLimit", limit: time }
    return undefined
  })

interface Answer {
  readonly content: ReadonlyArray<{ readonly type: string; readonly approvalId?: string }>
  readonly toolCalls: ReadonlyArray<{ readonly providerExecuted: boolean }>
  readonly finishReason: Response.FinishReason
}

const over = ({ content, finishReason, toolCalls }: Answer): End | undefined => {
  const approvalIds = content.flatMap(({ approvalId }) => approvalId === undefined ? [] : [approvalId])
  if (approvalIds.length > 0) return { _tag: "ApprovalNeeded", approvalIds }
  return toolCalls.some(({ providerExecuted }) => !providerExecuted)
    ? undefined
    : { _tag: "Answered", reason: finishReason }
}
