/**
 * Tools that a model may call: a description, the schema of the parameters, and a function.
 *
 * ```ts
 * import { Gemini, tool } from "effect-gemini-promises"
 * import { z } from "zod"
 *
 * const weather = tool({
 *   description: "The weather in a city",
 *   parameters: z.object({ city: z.string() }),
 *   execute: async ({ city }) => ({ city, celsius: 21 })
 * })
 *
 * await using gemini = new Gemini()
 * const answer = await gemini.generate({ contents: "How warm is it in Oslo?", tools: { weather } })
 * console.log(answer.text, answer.calls)
 * ```
 *
 * @since 0.3.0
 */
import type { Answer } from "effect-gemini/call/Answer"
import type { Content } from "effect-gemini/wire/Content"
import type { AnySchema, JsonSchema, Output } from "./AnySchema.ts"

/**
 * What a tool learns about its call.
 *
 * @category models
 * @since 0.3.0
 */
export interface ToolContext {
  /** Aborted when the whole call is: pass it on to `fetch` and the like. */
  readonly signal: AbortSignal
  readonly callId: string
}

/**
 * A tool. What `execute` gives is sent to the model as JSON. What it throws is told to the model in its own words, and
 * stands in `answer.calls`; so is a call with arguments that do not fit.
 *
 * @category models
 * @since 0.3.0
 */
export interface Tool<S extends AnySchema = AnySchema> {
  readonly description?: string | undefined
  /** The arguments. Left out: the tool has none. */
  readonly parameters?: S | undefined
  /** The parameters as JSON Schema, for a schema that cannot say it itself. */
  readonly jsonSchema?: JsonSchema | undefined
  readonly execute: (args: Output<S>, context: ToolContext) => unknown
}

/**
 * Tools by their names.
 *
 * @category models
 * @since 0.3.0
 */
export type Tools<Schemas extends Readonly<Record<string, AnySchema>>> = {
  readonly [Name in keyof Schemas]: Tool<Schemas[Name]>
}

/**
 * A tool by itself, with the types of its arguments.
 *
 * @category constructors
 * @since 0.3.0
 */
export const tool = <S extends AnySchema>(tool: Tool<S>): Tool<S> => tool

/**
 * How far a model may go with its tools.
 *
 * @category options
 * @since 0.3.0
 */
export interface Bounds {
  /** How often the model is asked at most. Default 10. */
  readonly steps?: number | undefined
  /** How many calls that cannot be run the model is told of. Default 5. */
  readonly mistakes?: number | undefined
  /** How many tokens all steps may use together. Default: no limit. */
  readonly tokens?: number | undefined
  /** How many tools run at once. Default: all of a step. */
  readonly concurrency?: number | undefined
}

/**
 * A call that the model made. It has a `result`, or the `error` that the model was told.
 *
 * @category models
 * @since 0.3.0
 */
export interface ToolCall {
  readonly id: string
  readonly name: string
  /** The arguments as the model wrote them. */
  readonly args: unknown
  readonly result?: unknown
  /** What `execute` threw, or why the call could not be run. */
  readonly error?: unknown
}

/**
 * The last answer of a model with tools.
 *
 * @category models
 * @since 0.3.0
 */
export interface ToolAnswer extends Answer {
  /** Every call of all steps, in order. */
  readonly calls: ReadonlyArray<ToolCall>
  /** How often the model was asked. */
  readonly steps: number
  /** Input and output tokens of all steps. */
  readonly tokens: number
  /** Why it ended: with an answer, or at a bound. */
  readonly end: "answered" | "empty" | "steps" | "mistakes" | "tokens"
  /** The conversation, to go on from: what was asked, the calls, their results and the answer. */
  readonly contents: ReadonlyArray<Content>
}
