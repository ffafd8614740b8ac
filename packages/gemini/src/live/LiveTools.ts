/**
 * Functions that a Live session runs when the model asks for them.
 *
 * Each call runs in a fiber of its own. A call that the server takes back is interrupted and not answered; a handler
 * that fails answers with an error, so that the model can go on. The result of a handler is sent under `output`, its
 * failure under `error`.
 *
 * A model that does not wait for a function (`NON_BLOCKING`, the default of `gemini-3.8-live`) may end its turn before
 * the answer, and speaks of it in a turn of its own. `ask` and `sendTextStream` wait for that turn where the function
 * still runs at the end of the first, and give both as one answer. Where the function answers with `SILENT`, or the
 * model takes its call back, nothing follows, and they end. In `events` each turn has its own end.
 *
 * @since 0.1.0
 */
import * as AiTool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as Part from "../wire/Part.ts"
import type { FunctionDeclaration } from "../wire/Tool.ts"

/**
 * One call that the model asks for.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolCall {
  readonly id: string | undefined
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
}

/**
 * When the model takes notice of an answer that it did not wait for. It is sent only to models that accept it.
 *
 * @category models
 * @since 0.1.0
 */
export type Scheduling = "SILENT" | "WHEN_IDLE" | "INTERRUPT"

/**
 * Functions for a session: how they are declared to the model, and what runs a call of one.
 *
 * @category models
 * @since 0.1.0
 */
export interface LiveTools<R = never> {
  readonly declarations: ReadonlyArray<FunctionDeclaration>
  /** Runs one call. It may fail with anything, and the model is told. */
  readonly handle: (call: ToolCall) => Effect.Effect<unknown, unknown, R>
  readonly scheduling: (name: string) => Scheduling | undefined
}

/**
 * A function: its declaration and its handler.
 *
 * @category models
 * @since 0.1.0
 */
export interface LiveFunction<R = never> extends Omit<FunctionDeclaration, "name"> {
  readonly scheduling?: Scheduling | undefined
  readonly handle: (args: Readonly<Record<string, unknown>>, call: ToolCall) => Effect.Effect<unknown, unknown, R>
}

/**
 * Tools made of plain functions by name.
 *
 * ```ts
 * import * as LiveTools from "effect-gemini/live/LiveTools"
 * import * as Effect from "effect/Effect"
 *
 * const tools = LiveTools.make({
 *   weather: {
 *     description: "The weather of a city",
 *     parametersJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
 *     handle: ({ city }) => Effect.succeed(`rain in ${city}`)
 *   }
 * })
 * tools.declarations.length // => 1
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <R = never>(functions: Readonly<Record<string, LiveFunction<R>>>): LiveTools<R> => {
  const byName = new Map(Object.entries(functions))
  return {
    declarations: Array.from(byName, ([name, known]) => ({ ...declarationOf(known), name })),
    handle: (call) => {
      const known = byName.get(call.name)
      return known === undefined ? Effect.fail(unknownFunction(call.name)) : known.handle(call.args, call)
    },
    scheduling: (name) => byName.get(name)?.scheduling
  }
}

const declarationOf = <R>(known: LiveFunction<R>): Omit<FunctionDeclaration, "name"> => {
  const { handle: _handle, scheduling: _scheduling, ...declaration } = known
  return declaration
}

const unknownFunction = (name: string): string => `there is no function ${JSON.stringify(name)}`

/** Makes of JSON what the toolkit takes: a schema such as `Schema.Date` encodes to a `Date`, and not to a text. */
const takenBy = (tool: AiTool.Any): (args: unknown) => Effect.Effect<unknown> => {
  // A toolkit's schema is a codec by construction; what it needs is in the context of the handlers.
  const schema = tool.parametersSchema as Schema.Codec<unknown, unknown>
  const json = AiTool.isDynamic(tool) || !Schema.isSchema(schema) ? undefined : Schema.toCodecJson(schema)
  if (json === undefined || json.ast === schema.ast) return Effect.succeed
  // What does not fit goes on as it is: the toolkit says what is wrong with it.
  return (args) =>
    Effect.orElseSucceed(
      Effect.flatMap(Schema.decodeUnknownEffect(json)(args), Schema.encodeUnknownEffect(schema)),
      () => args
    )
}

/** What a tool gave as JSON, by its own schema. */
const jsonOf = (schema: Schema.Constraint): (value: unknown) => unknown => {
  const encoded = Schema.toEncoded(schema)
  const json = Schema.toCodecJson(encoded)
  if (json.ast === encoded.ast) return (value) => value
  const encode = Schema.encodeUnknownResult(json)
  return (value) => Result.getOrElse(encode(value), () => value)
}

/**
 * The tools of an `effect/ai` Toolkit, with the handlers of the context. Arguments and results are JSON by the tools'
 * own schemas. If a tool reports in pieces, the model gets the last one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromToolkit = <Tools extends Record<string, AiTool.Any>>(
  toolkit: Toolkit.Toolkit<Tools>
): Effect.Effect<LiveTools<AiTool.HandlerServices<Tools[keyof Tools]>>, never, AiTool.HandlersFor<Tools>> =>
  Effect.map(toolkit, ({ handle, tools }) => {
    const isName = (name: string): name is keyof Tools & string => Object.hasOwn(tools, name)
    const forms = new Map(
      Object.entries(tools).map(([name, tool]) => [name, {
        taken: takenBy(tool),
        success: jsonOf(tool.successSchema),
        failure: jsonOf(AiTool.failureResultSchema(tool))
      }])
    )
    return {
      declarations: Object.values(tools).map((tool) => {
        const description = AiTool.getDescription(tool)
        return {
          name: tool.name,
          parametersJsonSchema: AiTool.getJsonSchema(tool),
          ...(description === undefined ? {} : { description })
        }
      }),
      handle: ({ args, id, name }) => {
        const form = forms.get(name)
        if (form === undefined || !isName(name)) return Effect.fail(unknownFunction(name))
        return form.taken(args).pipe(
          // The cast is safe, because the toolkit validates what the model sent.
          Effect.flatMap((taken) => handle(name, taken as AiTool.ParametersEncoded<Tools[typeof name]>, id)),
          Effect.flatMap(Stream.runLast),
          Effect.flatMap((last) => Effect.fromOption(last)),
          Effect.flatMap((last) =>
            last.isFailure
              ? Effect.fail(form.failure(last.encodedResult))
              : Effect.succeed(form.success(last.encodedResult))
          )
        )
      },
      scheduling: () => undefined
    }
  })

/**
 * The response that is sent back for a call.
 *
 * @category constructors
 * @since 0.1.0
 */
export const response = (
  call: { readonly id?: string | null | undefined; readonly name?: string | null | undefined },
  result: Readonly<Record<string, unknown>>,
  scheduling?: Scheduling
): Part.FunctionResponse => ({
  ...(call.id ? { id: call.id } : {}),
  name: call.name ?? "",
  response: result,
  ...(scheduling === undefined ? {} : { scheduling })
})
