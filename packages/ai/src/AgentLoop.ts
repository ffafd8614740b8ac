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
import type * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { AgentLoopError } from "./AgentLoopError.ts"
import * as CallRunner from "./internal/CallRunner.ts"

/**
 * Why the loop ended.
 *
 * @category models
 * @since 0.1.0
 */
export type End =
  /** The model answered without calling anything; `reason` is its own. */
  | { readonly _tag: "Answered"; readonly reason: Response.FinishReason }
  /** The model neither said nor called anything: there is no answer, whatever `reason` it gives. */
  | { readonly _tag: "Empty"; readonly reason: Response.FinishReason }
  /** The allowed number of steps was used up. The last step's calls have been run. */
  | { readonly _tag: "StepLimit"; readonly limit: number }
  /** The model made more calls that could not be run than were allowed. */
  | { readonly _tag: "MistakeLimit"; readonly mistakes: number; readonly limit: number }
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
  /** Calls that could not be run (no such tool, arguments that do not fit); the model was told of each. */
  readonly mistakes: number
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
  /** How many calls that cannot be run the model is told of, before the loop ends. Default 5. */
  readonly mistakes?: number | undefined
  /** How many tokens, input and output, all steps may use together. Default: no limit. */
  readonly tokens?: number | undefined
  /** Longest time in which a step may still begin. Default: no limit. */
  readonly time?: Duration.Input | undefined
  /** How many tools run at once. Default: all of a step. */
  readonly concurrency?: number | "unbounded" | undefined
}

const defaultSteps = 10
const defaultMistakes = 5

interface LoopState {
  readonly history: Prompt.Prompt
  readonly steps: number
  readonly tokens: number
  readonly mistakes: number
  readonly text: string
}

interface Bounds {
  readonly steps: number
  readonly mistakes: number
  readonly time: Duration.Duration | undefined
  readonly started: number
  readonly tokens: number | undefined
}

/**
 * Runs the loop. A tool that fails with `failureMode: "return"` is told to the model, and so is a call of a tool that
 * does not exist or with arguments that do not fit, whatever the failure mode. Any other failure ends the loop with an
 * `AgentLoopError`, after the other tools of the step have ended; it holds the history.
 *
 * @category running
 * @since 0.1.0
 */
export const run = <Tools extends Record<string, Tool.Any>, E = never, R = never>(
  options: Options<Tools, E, R>
): Effect.Effect<
  Result,
  E | AgentLoopError<AiError.AiError | Tool.HandlerError<Tools[keyof Tools]>>,
  R | LanguageModel.LanguageModel | Tool.HandlerServices<Tools[keyof Tools]>
> =>
  Effect.gen(function*() {
    const bounds: Bounds = {
      steps: Math.max(1, options.steps ?? defaultSteps),
      mistakes: options.mistakes ?? defaultMistakes,
      tokens: options.tokens,
      time: options.time === undefined ? undefined : Duration.fromInputUnsafe(options.time),
      started: yield* Clock.currentTimeMillis
    }
    const toolkit = Effect.isEffect(options.toolkit) ? yield* options.toolkit : options.toolkit
    let state: LoopState = { history: Prompt.make(options.prompt), steps: 0, tokens: 0, mistakes: 0, text: "" }
    while (true) {
      const bound = yield* reached(state, bounds)
      if (bound !== undefined) return { ...state, end: bound } satisfies Result
      const { history } = state
      const answer = yield* asked(history, toolkit).pipe(
        Effect.mapError((cause) => new AgentLoopError({ ...state, cause }))
      )
      const calls = answer.toolCalls.filter(({ providerExecuted }) => !providerExecuted)
      const isWhole = completeReasons.includes(answer.finishReason)
      const outcome = isWhole
        ? yield* CallRunner.run(toolkit, calls, history.content, options.concurrency ?? "unbounded")
        : { results: CallRunner.interrupted(calls, answer.finishReason), mistakes: 0, failure: undefined }
      const { inputTokens, outputTokens } = answer.usage
      const next: LoopState = {
        history: Prompt.concat(history, Prompt.fromResponseParts([...answer.content, ...outcome.results])),
        steps: state.steps + 1,
        tokens: state.tokens + (inputTokens.total ?? 0) + (outputTokens.total ?? 0),
        mistakes: state.mistakes + outcome.mistakes,
        text: answer.text
      }
      if (outcome.failure !== undefined) {
        return yield* Effect.failCause(
          Cause.map(outcome.failure, (cause) => new AgentLoopError({ ...next, cause }))
        )
      }
      state = next
      const end = over(answer, outcome.results, calls.length)
      if (end !== undefined) return { ...state, end } satisfies Result
    }
  })

/** The calls are ours to run: an unknown name is not the end of the answer then. */
const asked = <Tools extends Record<string, Tool.Any>>(prompt: Prompt.Prompt, toolkit: Toolkit.WithHandler<Tools>) =>
  LanguageModel.generateText({ prompt, toolkit, disableToolCallResolution: true, toolCallValidation: "deferred" })

/** Reasons that a whole answer ends with; the calls of any other are not run, as in `effect/ai`. */
const completeReasons: ReadonlyArray<Response.FinishReason> = ["stop", "tool-calls", "pause"]

/** A bound that keeps the next step from beginning. */
const reached = (state: LoopState, bounds: Bounds): Effect.Effect<End | undefined> =>
  Effect.map(Clock.currentTimeMillis, (now): End | undefined => {
    const { mistakes, started, steps, time, tokens } = bounds
    if (state.steps >= steps) return { _tag: "StepLimit", limit: steps }
    if (state.mistakes > mistakes) return { _tag: "MistakeLimit", mistakes: state.mistakes, limit: mistakes }
    if (tokens !== undefined && state.tokens >= tokens) return { _tag: "TokenLimit", used: state.tokens, limit: tokens }
    if (time !== undefined && now - started >= Duration.toMillis(time)) return { _tag: "TimeLimit", limit: time }
    return undefined
  })

interface StepAnswer {
  readonly content: ReadonlyArray<{ readonly type: string; readonly approvalId?: string }>
  readonly text: string
  readonly finishReason: Response.FinishReason
}

const over = (
  { content, finishReason, text }: StepAnswer,
  results: ReadonlyArray<CallRunner.Answered>,
  calls: number
): End | undefined => {
  const approvalIds = results.flatMap((part) => part.type === "tool-approval-request" ? [part.approvalId] : [])
  if (approvalIds.length > 0) return { _tag: "ApprovalNeeded", approvalIds }
  if (calls > 0) return undefined
  const isEmpty = text === "" && !content.some(({ type }) => type === "file")
  return { _tag: isEmpty ? "Empty" : "Answered", reason: finishReason }
}
