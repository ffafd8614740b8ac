/**
 * Functions that run here when the model calls them, and the tools of the server's side beside them.
 *
 * {@link run} asks, runs what the model calls, sends the results, and so on until the model has answered. Calls of one
 * round run at the same time. A handler that fails, a function that does not exist and arguments that are not JSON are
 * results with `is_error`, so that the model can go on.
 *
 * ```ts
 * import * as InteractionTools from "effect-gemini/interactions/InteractionTools"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 * import * as Stream from "effect/Stream"
 *
 * const weather = InteractionTools.make({
 *   weather: {
 *     description: "The weather of a city",
 *     parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
 *     handle: ({ city }) => Effect.succeed(`rain in ${city}`)
 *   }
 * })
 *
 * const events = InteractionTools.run({
 *   model: "gemini-3.8-flash",
 *   input: "Do I need an umbrella in Bern?",
 *   tools: [
 *     { type: "google_search" },
 *     InteractionTools.remoteServer({
 *       name: "maps",
 *       url: "https://mcp.example.com",
 *       headers: { authorization: Redacted.make("Bearer …") }
 *     })
 *   ]
 * }, weather)
 *
 * const results = events.pipe(Stream.filter((event) => event._tag === "Result"))
 * ```
 *
 * @since 0.2.0
 */
import * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../GeminiError.ts"
import * as Rounds from "../internal/interactions/rounds.ts"
import type { ResourceHandle } from "../resources/ResourceHandle.ts"
import type { Usage } from "../wire/Usage.ts"
import type { Interaction } from "./Interaction.ts"
import type { InteractionEvent } from "./InteractionEvent.ts"
import type { InteractionHandle } from "./InteractionHandle.ts"
import type { RemoteServer, Request, RequestTool } from "./InteractionRequest.ts"
import { type FollowOptions, Interactions } from "./Interactions.ts"
import type { PendingCall, Step } from "./Step.ts"
import type { FunctionResultStep } from "./types/StepTypes.ts"

/**
 * Functions for interactions: how they are declared, and what runs a call of one. The result is sent as it is if it is a
 * text, an object, or a list of contents (`{ type: "image", data, mime_type }`); anything else under `output`.
 *
 * @category models
 * @since 0.2.0
 */
export interface InteractionTools<R = never> {
  readonly declarations: ReadonlyArray<RequestTool>
  /** Runs one call. It may fail with anything, and the model is told. */
  readonly handle: (call: RunnableCall) => Effect.Effect<unknown, unknown, R>
}

/**
 * One call of a function, with its arguments.
 *
 * @category models
 * @since 0.2.0
 */
export interface RunnableCall extends PendingCall {
  readonly args: Readonly<Record<string, unknown>>
}

/**
 * A function: its declaration, with a JSON Schema of its parameters, and its handler.
 *
 * @category models
 * @since 0.2.0
 */
export interface InteractionFunction<R = never> {
  readonly description?: string | undefined
  readonly parameters?: unknown
  readonly handle: (args: Readonly<Record<string, unknown>>, call: RunnableCall) => Effect.Effect<unknown, unknown, R>
}

/**
 * Options of the rounds: `rounds` (default 16) is how often results are sent at most; `concurrency` is how many calls of
 * a round run at once, by default all of them. The others are those of following.
 *
 * @category options
 * @since 0.2.0
 */
export interface RoundOptions extends Omit<FollowOptions, "request"> {
  readonly rounds?: number | undefined
  readonly concurrency?: number | "unbounded" | undefined
}

/**
 * The end of all rounds: the last interaction, all new steps (the input first, calls and results between the answers),
 * and what all rounds used. `isExhausted` says that the model still calls functions and the rounds are used up.
 *
 * @category models
 * @since 0.2.0
 */
export interface RoundsAnswer {
  readonly interaction: Interaction
  readonly handle: ResourceHandle
  readonly steps: ReadonlyArray<Step>
  readonly usage: Usage | undefined
  readonly rounds: number
  readonly isExhausted: boolean
}

/**
 * What happens in the rounds: an event of an interaction; a call that begins; a result, which is sent in the next round;
 * an earlier interaction that the server has forgotten, so that `steps` steps were sent in its place; and, at last, the
 * answer.
 *
 * @category models
 * @since 0.2.0
 */
export type RoundEvent =
  | { readonly _tag: "Event"; readonly event: InteractionEvent; readonly handle: InteractionHandle | undefined }
  | { readonly _tag: "Called"; readonly call: PendingCall }
  | { readonly _tag: "Result"; readonly result: FunctionResultStep }
  | { readonly _tag: "Forgotten"; readonly interaction: string; readonly steps: number }
  | { readonly _tag: "Answered"; readonly answer: RoundsAnswer }

const unknownFunction = (name: string): string => `there is no function ${JSON.stringify(name)}`

/**
 * Tools made of plain functions by name.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = <R = never>(
  functions: Readonly<Record<string, InteractionFunction<R>>>
): InteractionTools<R> => {
  const byName = new Map(Object.entries(functions))
  return {
    declarations: Array.from(byName, ([name, { description, parameters }]) => ({
      type: "function",
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters })
    })),
    handle: (call) => {
      const known = byName.get(call.name)
      return known === undefined ? Effect.fail(unknownFunction(call.name)) : known.handle(call.args, call)
    }
  }
}

/**
 * The tools of an `effect/ai` Toolkit, with the handlers of the context. If a tool reports in pieces, the model gets
 * the last one. Tools that a provider runs are left out: those of Google's side stand in the `tools` of the request.
 *
 * @category constructors
 * @since 0.2.0
 */
export const fromToolkit = <Tools extends Record<string, AiTool.Any>>(
  toolkit: Toolkit.Toolkit<Tools>
): Effect.Effect<InteractionTools<AiTool.HandlerServices<Tools[keyof Tools]>>, never, AiTool.HandlersFor<Tools>> =>
  Effect.map(toolkit, ({ handle, tools }) => {
    const isName = (name: string): name is keyof Tools & string => Object.hasOwn(tools, name)
    return {
      declarations: Object.values(tools).filter((tool) => !AiTool.isProviderDefined(tool)).map((tool) => {
        const description = AiTool.getDescription(tool)
        return {
          type: "function",
          name: tool.name,
          parameters: AiTool.getJsonSchema(tool),
          ...(description === undefined ? {} : { description })
        }
      }),
      handle: ({ args, id, name }) =>
        isName(name)
          // The cast is safe, because the toolkit validates what the model sent.
          ? handle(name, args as AiTool.ParametersEncoded<Tools[typeof name]>, id).pipe(
            Effect.flatMap(Stream.runLast),
            Effect.flatMap((last) => Effect.fromOption(last)),
            Effect.flatMap((last) =>
              last.isFailure ? Effect.fail<unknown>(last.encodedResult) : Effect.succeed(last.encodedResult)
            )
          )
          : Effect.fail(unknownFunction(name))
    }
  })

/**
 * A remote MCP server, which Google's side calls by its `url`. Its headers are uncovered when the request is sent, and
 * written down nowhere.
 *
 * @category constructors
 * @since 0.2.0
 */
export const remoteServer = (server: Omit<RemoteServer, "type">): RemoteServer => ({ type: "mcp_server", ...server })

/**
 * Asks, and runs what the model calls until it has answered.
 *
 * @category running
 * @since 0.2.0
 */
export const run = <R>(
  request: Request,
  tools: InteractionTools<R>,
  options?: RoundOptions
): Stream.Stream<RoundEvent, GeminiError, Interactions | R> =>
  Stream.unwrap(Interactions.useSync((interactions) => Rounds.run({ interactions, request, tools, options })))
