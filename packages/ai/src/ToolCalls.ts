/**
 * One call that a model made, run by its tool's handler, for loops that run the calls themselves.
 *
 * `effect/ai` runs calls too, but there an unknown name ends the answer, and a tool that fails interrupts the others.
 * Here a call always has a result: what cannot be run (no such tool, arguments that do not fit) is a mistake that the
 * model is told, cut to a bound.
 *
 * ```ts
 * import * as ToolCalls from "effect-gemini-ai/ToolCalls"
 * import { Tool, Toolkit } from "effect/ai"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const toolkit = Toolkit.make(Tool.make("double", { parameters: Schema.Struct({ n: Schema.Finite }), success: Schema.Finite }))
 * const program = Effect.gen(function*() {
 *   const tools = yield* toolkit
 *   const known = yield* ToolCalls.handle(tools, { id: "1", name: "double", params: { n: 2 } })
 *   const unknown = yield* ToolCalls.handle(tools, { id: "2", name: "treble", params: {} })
 *   return [known.encodedResult, unknown.mistake]
 * })
 * const handlers = toolkit.toLayer({ double: ({ n }) => Effect.succeed(2 * n) })
 *
 * console.log(await Effect.runPromise(Effect.provide(program, handlers))) // [ 4, "UnknownTool" ]
 * ```
 *
 * @since 0.2.0
 */
import type * as AiError from "effect/ai/AiError"
import type * as Prompt from "effect/ai/Prompt"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as DirectCall from "./internal/directCall.ts"
import * as Nearest from "./internal/nearest.ts"
import * as ToolJson from "./internal/toolJson.ts"
import * as ToolParams from "./internal/toolParams.ts"

type Tools = Record<string, Tool.Any>

/**
 * A call as the model made it, with its arguments in JSON.
 *
 * @category models
 * @since 0.2.0
 */
export interface WrittenCall {
  readonly id: string
  readonly name: string
  readonly params: unknown
}

/**
 * How a call ended.
 *
 * @category models
 * @since 0.2.0
 */
export interface Handled<out E> {
  readonly result: unknown
  /** The result as JSON by the tool's schema; what JSON cannot say is as the tool gave it. */
  readonly encodedResult: unknown
  /** Why the result is not JSON. */
  readonly unwritable?: AiError.AiErrorReason
  readonly modelOutput?: ReadonlyArray<Prompt.ToolModelOutputPart> | undefined
  readonly isFailure: boolean
  /** Why the call could not be run. */
  readonly mistake?: "UnknownTool" | "WrongArguments"
  /** What a tool failed with whose failure is not the model's to know. */
  readonly failure?: Cause.Cause<E>
}

/** What is said of one call is at most so long; arguments may be of any size. */
const longest = 2_000

const cut = (text: string): string => text.length > longest ? `${text.slice(0, longest)} …` : text

const failed = (said: string): Handled<never> => ({ result: cut(said), encodedResult: cut(said), isFailure: true })

const isMisfit = (error: unknown): error is AiError.AiError =>
  typeof error === "object" && error !== null && "reason" in error && typeof error.reason === "object" &&
  error.reason !== null && "_tag" in error.reason && error.reason._tag === "ToolParameterValidationError"

const misfit = (error: AiError.AiError): Handled<never> => ({
  ...failed(error.reason.message),
  mistake: "WrongArguments"
})

const words = (cause: Cause.Cause<unknown>): string => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  return error instanceof Error ? error.message : error === undefined ? "the tool broke off" : String(error)
}

const unknownTool = (name: string, names: ReadonlyArray<string>): Handled<never> => {
  const said = name === "" ? "the call names no tool" : `there is no tool ${JSON.stringify(cut(name))}`
  return { ...failed(`${said}; the tools are: ${Nearest.first(name, names).join(", ")}`), mistake: "UnknownTool" }
}

/**
 * The tool of that name, if the toolkit has it.
 *
 * @category getters
 * @since 0.2.0
 */
export const toolOf = (tools: Tools, name: string): Tool.Any | undefined =>
  Object.hasOwn(tools, name) ? tools[name] : undefined

/**
 * Whether the tool wants a person to approve this call. A tool whose own question fails asks nobody, as in `effect/ai`.
 *
 * @category running
 * @since 0.2.0
 */
export const needsApproval = (
  tool: Tool.Any,
  call: WrittenCall,
  messages: ReadonlyArray<Prompt.Message>
): Effect.Effect<boolean> => {
  const { needsApproval } = tool
  if (typeof needsApproval !== "function") return Effect.succeed(needsApproval === true)
  // A toolkit's schema is a codec by construction.
  const schema = tool.parametersSchema as Schema.Codec<unknown, unknown>
  return ToolParams.decoded(tool, call.params).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(schema)),
    Effect.flatMap((params) => {
      const needed = needsApproval(params as never, { toolCallId: call.id, messages })
      return Effect.isEffect(needed) ? needed as Effect.Effect<boolean> : Effect.succeed(needed)
    }),
    Effect.catchCause(() => Effect.succeed(false))
  )
}

/**
 * Runs the call to its end. It does not fail: `failure` holds what a tool with `failureMode: "error"` failed with, and
 * any defect.
 *
 * @category running
 * @since 0.2.0
 */
export const handle = <T extends Tools>(
  toolkit: Toolkit.WithHandler<T>,
  { id, name, params }: WrittenCall
): Effect.Effect<
  Handled<Tool.HandlerError<T[keyof T]> | AiError.AiError>,
  never,
  Tool.HandlerServices<T[keyof T]>
> =>
  Effect.suspend(() => {
    const tool = toolOf(toolkit.tools, name)
    if (tool === undefined) return Effect.succeed(unknownTool(name, Object.keys(toolkit.tools)))
    const run = Effect.flatMap(
      ToolParams.decoded(tool, params),
      (params) =>
        Effect.flatMap(
          toolkit.handle(name, params as Tool.ParametersEncoded<T[string]>, id),
          (results) => Stream.runLast(Stream.filter(results, ({ preliminary }) => !preliminary))
        )
    )
    return ended(tool, Effect.map(run, Option.getOrUndefined))
  })

const ended = <E, R>(
  tool: Tool.Any,
  run: Effect.Effect<DirectCall.Returned | undefined, E, R>
): Effect.Effect<Handled<E>, never, R> =>
  Effect.map(Effect.exit(run), (exit): Handled<E> => {
    if (Exit.isSuccess(exit)) {
      const last = exit.value
      if (last === undefined) return failed("the tool gave no result")
      if (last.isFailure && isMisfit(last.result)) return misfit(last.result)
      const { encodedResult, isFailure, modelOutput, result } = last
      // In the history it is JSON, as what the model gives is; what cannot be is refused when it is sent.
      const json = ToolJson.result(tool, { name: tool.name, isFailure, result: encodedResult })
      return Result.isSuccess(json)
        ? { result, isFailure, modelOutput, encodedResult: json.success }
        : { result, isFailure, modelOutput, encodedResult, unwritable: json.failure }
    }
    const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
    if (isMisfit(error)) return misfit(error)
    return { ...failed(words(exit.cause)), failure: exit.cause }
  })

/**
 * Tools, and how a call of one of them is run to its end.
 *
 * @category models
 * @since 0.2.0
 */
export interface Handlers<out E, out R> {
  readonly tools: Tools
  readonly handle: (call: WrittenCall) => Effect.Effect<Handled<E>, never, R>
}

/**
 * The tools of a toolkit with the handlers that are in the context. A call is run as `handle` runs it, but in the calling
 * fiber and without a stream of preliminary results, which costs a fifth. Arguments are written on no span.
 *
 * ```ts
 * import * as ToolCalls from "effect-gemini-ai/ToolCalls"
 * import { Tool, Toolkit } from "effect/ai"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const toolkit = Toolkit.make(Tool.make("double", { parameters: Schema.Struct({ n: Schema.Finite }), success: Schema.Finite }))
 * const program = Effect.flatMap(
 *   ToolCalls.handlers(toolkit),
 *   ({ handle }) => handle({ id: "1", name: "double", params: { n: 2 } })
 * )
 * const layer = toolkit.toLayer({ double: ({ n }) => Effect.succeed(2 * n) })
 *
 * console.log((await Effect.runPromise(Effect.provide(program, layer))).encodedResult) // 4
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const handlers = <T extends Tools>(
  toolkit: Toolkit.Toolkit<T>
): Effect.Effect<
  Handlers<Tool.HandlerError<T[keyof T]> | AiError.AiError, Tool.HandlerServices<T[keyof T]>>,
  never,
  Tool.HandlersFor<T>
> => {
  type E = Tool.HandlerError<T[keyof T]> | AiError.AiError
  const { tools } = toolkit
  return Effect.map(Effect.context<Tool.HandlersFor<T>>(), (context) => {
    const known = new Map<string, DirectCall.Direct>()
    const directOf = (tool: Tool.Any): DirectCall.Direct => {
      let direct = known.get(tool.name)
      if (direct === undefined) known.set(tool.name, direct = DirectCall.make(tool, handlerOf(context, tool)))
      return direct
    }
    return {
      tools,
      handle: (call) =>
        Effect.suspend(() => {
          const tool = toolOf(tools, call.name)
          if (tool === undefined) return Effect.succeed(unknownTool(call.name, Object.keys(tools)))
          const run = Effect.flatMap(
            ToolParams.decoded(tool, call.params),
            (params) => directOf(tool)(params, call.id) as Effect.Effect<DirectCall.Returned, E>
          )
          return ended(tool, run)
        })
    }
  })
}

/** `Toolkit.toLayer` puts each handler into the context under its tool's id. */
const handlerOf = (context: Context.Context<never>, tool: Tool.Any): Tool.Handler<string> => {
  const handler: unknown = context.mapUnsafe.get(tool.id)
  if (typeof handler !== "object" || handler === null || !("handler" in handler)) {
    throw new Error(`there is no handler of the tool ${JSON.stringify(tool.name)} in the context`)
  }
  return handler as Tool.Handler<string>
}
