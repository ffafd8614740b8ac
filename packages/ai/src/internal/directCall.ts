/**
 * A call of a tool whose handler is known, as `Toolkit.handle` of Effect 4.1 runs it, but within the calling fiber.
 * `handle` gives a stream of preliminary results, for which it forks a fiber with a queue: 50 to 75 µs of CPU a call
 * where this is 10, and nobody reads preliminary results here (2026-11-29, packages/bench/src/agents).
 */
import * as AiError from "effect/ai/AiError"
import type * as Prompt from "effect/ai/Prompt"
import * as AiTool from "effect/ai/Tool"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** How the call ended, with the result as the tool's schema encodes it. */
export interface Returned {
  readonly result: unknown
  readonly encodedResult: unknown
  readonly isFailure: boolean
  readonly modelOutput?: ReadonlyArray<Prompt.ToolModelOutputPart> | undefined
}

export type Direct = (params: unknown, id: string) => Effect.Effect<Returned, unknown>

type Codec = Schema.Codec<unknown, unknown>

// A toolkit's schemas are codecs by construction; services that they need are in the context of the call, which
// effect/ai has asked for in its types.
const codec = (schema: Schema.Constraint): Codec => schema as Codec

const errorOf = (method: string, reason: AiError.AiErrorReason): AiError.AiError =>
  AiError.make({ module: "Toolkit", method: `${method}.handle`, reason })

/** What a handler failed with, as the toolkit says it. */
const normalized = (toolName: string, error: unknown): unknown =>
  Schema.isSchemaError(error)
    ? errorOf(
      toolName,
      new AiError.InvalidToolResultError({
        toolName,
        description: `Tool handler returned invalid result: ${error.message}`
      })
    )
    : AiError.isAiErrorReason(error)
    ? errorOf(toolName, error)
    : error

const nothing = (): Effect.Effect<void> => Effect.void

/** What a tool says of its result to the model. */
const outputOf = (tool: AiTool.Any, result: unknown): Pick<Returned, "modelOutput"> => {
  const { toModelOutput } = tool
  return toModelOutput === undefined ? {} : { modelOutput: toModelOutput(result as never) }
}

/** The way to this handler; schemas are read once. */
export const make = (tool: AiTool.Any, { context, handler }: AiTool.Handler<string>): Direct => {
  const { name } = tool
  const decode = Schema.isSchema(tool.parametersSchema)
    ? Schema.decodeUnknownEffect(codec(tool.parametersSchema))
    : Effect.succeed
  const encodeSuccess = Schema.encodeUnknownEffect(codec(tool.successSchema))
  const encodeFailure = Schema.encodeUnknownEffect(codec(AiTool.failureResultSchema(tool)))
  const encoded = (result: unknown, isFailure: boolean): Effect.Effect<unknown, AiError.AiError> =>
    Effect.mapError(
      (isFailure ? encodeFailure : encodeSuccess)(result),
      ({ message }) =>
        errorOf(name, new AiError.ToolResultEncodingError({ toolName: name, toolResult: result, description: message }))
    )
  const misfit = ({ message }: Schema.SchemaError): AiError.AiError =>
    errorOf(name, new AiError.ToolParameterValidationError({ toolName: name, description: message }))
  const isTold = tool.failureMode !== "error"

  const given = (result: unknown): Effect.Effect<Returned, AiError.AiError> =>
    Effect.map(encoded(result, false), (encodedResult) => ({
      result,
      encodedResult,
      isFailure: false,
      ...outputOf(tool, result)
    }))
  const failed = (error: unknown): Effect.Effect<Returned, unknown> => {
    const result = normalized(name, error)
    if (!isTold) return Effect.fail(result)
    return Effect.map(encoded(result, true), (encodedResult) => ({ result, encodedResult, isFailure: true }))
  }

  return (params, id) =>
    Effect.matchEffect(decode(params), {
      onFailure: (error) => failed(misfit(error)),
      onSuccess: (params) => {
        const handled = handler(params, { toolCallId: id, preliminary: nothing })
        // The handler's own services are below those of the call.
        const run = Effect.updateContext(handled, (input: Context.Context<never>) => Context.merge(context, input))
        return Effect.matchEffect(run, { onFailure: failed, onSuccess: given })
      }
    })
}
