/**
 * The spans of runs, tools and workflows, after OpenTelemetry's conventions for generative AI (v1.41), and who measures
 * the tools. They hold names, ids and the tags of reasons; what was said stands on them only with
 * `Telemetry.layerContent` of effect-gemini. Where no tracer is installed no span is made, because nobody could see it.
 *
 * Tokens stand on the spans of the model's answers below, and on none of these: who adds up all spans counts them once.
 */
import type * as ToolCalls from "effect-gemini-ai/ToolCalls"
import * as ContentSpan from "effect-gemini/call/ContentSpan"
import * as Model from "effect/ai/Model"
import * as Tool from "effect/ai/Tool"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Tracer from "effect/Tracer"

type AnyFiber = Fiber.Fiber<unknown, unknown>

const isTraced = (fiber: AnyFiber): boolean =>
  fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer && fiber.getRef(References.TracerEnabled)

/** Takes the measure of one execution of a tool. */
export type ToolRecorder = (
  seconds: number,
  attributes: Readonly<Record<string, string>>,
  context: Context.Context<never>
) => void

export const ToolRecorder: Context.Reference<ToolRecorder | undefined> = /* @__PURE__ */ Context.Reference<
  ToolRecorder | undefined
>("effect-gemini-agents/ToolRecorder", { defaultValue: () => undefined })

/**
 * What a span ends with instead of an error. Exporters print what a span failed with, and the errors of a run quote the
 * model, so this one shows the error's type alone.
 */
class Hidden<A, E> extends Error {
  readonly #exit: Exit.Exit<A, E>
  constructor(type: string, exit: Exit.Exit<A, E>) {
    super(type)
    this.name = type
    this.#exit = exit
  }
  get exit(): Exit.Exit<A, E> {
    return this.#exit
  }
}

type Attributes = Readonly<Record<string, string | undefined>>

const known = (attributes: Attributes): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) out[name] = value
  return out
}

const tagOf = (error: unknown): string | undefined => {
  const tag: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "_tag") : undefined
  return typeof tag === "string" ? tag : undefined
}

/** The type of an error: the reason's tag, the error's, or what the conventions say of the rest. */
const typeOf = (cause: Cause.Cause<unknown>): string | undefined => {
  if (Cause.hasInterruptsOnly(cause)) return undefined
  const error: unknown = Option.getOrUndefined(Cause.findErrorOption(cause))
  const reason: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "reason") : undefined
  return tagOf(reason) ?? tagOf(error) ?? "_OTHER"
}

interface Spanned<in A> {
  readonly name: string
  readonly attributes: Attributes
  readonly started?: ((span: Tracer.Span, isSaid: boolean) => void) | undefined
  /** What is written of the value, and the type of the error that it tells of. */
  readonly ended?: ((value: A, span: Tracer.Span, isSaid: boolean) => string | undefined) | undefined
}

const spanned = <A, E, R>(
  fiber: AnyFiber,
  { attributes, ended, name, started }: Spanned<A>,
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> => {
  if (!isTraced(fiber)) return effect
  const isSaid = ContentSpan.isWritten(fiber)
  const inside = Effect.useSpan(name, { kind: "internal", attributes: known(attributes) }, (span) => {
    started?.(span, isSaid)
    return Effect.flatMap(
      Effect.exit(Effect.withParentSpan(effect, span, { captureStackTrace: false })),
      (exit): Effect.Effect<A, E | Hidden<A, E>> => {
        const type = Exit.isSuccess(exit) ? ended?.(exit.value, span, isSaid) : typeOf(exit.cause)
        if (type === undefined) return exit
        span.attribute("error.type", type)
        return Effect.fail(new Hidden(type, exit))
      }
    )
  })
  return Effect.catchIf(inside, (error): error is Hidden<A, E> => error instanceof Hidden, (hidden) => hidden.exit)
}

const message = (role: string, content: string): string =>
  JSON.stringify([{ role, parts: [{ type: "text", content }] }])

/** A run, or the part of it that this process plays. */
export interface Run {
  readonly name: string
  readonly description: string | undefined
  readonly version: string | undefined
  readonly id: string
  readonly output: "text" | "json"
  /** What was asked, and the instructions, as the records have them. They are known as soon as the run has begun. */
  readonly said: () => { readonly input: unknown; readonly instructions: string }
}

export const agent = <A extends { readonly text: string }, E, R>(
  { description, id, name, output, said, version }: Run,
  run: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) =>
    spanned(fiber, {
      name: `invoke_agent ${name}`,
      attributes: {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": Option.getOrUndefined(Context.getOption(fiber.context, Model.ProviderName)),
        "gen_ai.agent.name": name,
        "gen_ai.agent.description": description,
        "gen_ai.agent.version": version,
        "gen_ai.conversation.id": id,
        "gen_ai.output.type": output
      },
      ended: ({ text }, span, isSaid) => {
        if (!isSaid) return undefined
        const { input, instructions } = said()
        span.attribute("gen_ai.system_instructions", JSON.stringify([{ type: "text", content: instructions }]))
        span.attribute(
          "gen_ai.input.messages",
          message("user", typeof input === "string" ? input : JSON.stringify(input))
        )
        span.attribute("gen_ai.output.messages", message("assistant", text))
        return undefined
      }
    }, run)
  )

export const workflow = <A, E, R>(name: string, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.withFiber((fiber) =>
    spanned(fiber, {
      name: `invoke_workflow ${name}`,
      attributes: { "gen_ai.operation.name": "invoke_workflow", "gen_ai.workflow.name": name }
    }, effect)
  )

/** Nothing is executed in a replay, so nobody sees it. */
export const unseen = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  effect.pipe(
    Effect.provideService(References.TracerEnabled, false),
    Effect.provideService(ToolRecorder, undefined)
  )

/**
 * `Toolkit.handle` of Effect 4.1 writes the arguments on the current span as `parameters`, asked or not, before it calls
 * the handler. Its first word under that name is left out, whatever the handler writes later is the program's own.
 */
const hush = (span: Tracer.Span): void => {
  const write = span.attribute.bind(span)
  span.attribute = (name, value) => {
    if (name !== "parameters") return write(name, value)
    span.attribute = write
  }
}

/** One execution of a tool's handler. */
export interface Execution {
  readonly tool: Tool.Any
  readonly id: string
  readonly params: unknown
}

/** The error that a call's outcome tells of: the model's mistake, the failure's own tag, or that the tool failed. */
const errorOf = ({ failure, isFailure, mistake, result }: ToolCalls.Handled<unknown>): string | undefined => {
  if (mistake !== undefined) return mistake
  if (failure !== undefined) return typeOf(failure)
  return isFailure ? tagOf(result) ?? "tool_error" : undefined
}

const measured = <E, R>(
  fiber: AnyFiber,
  name: string,
  record: ToolRecorder,
  handled: Effect.Effect<ToolCalls.Handled<E>, never, R>,
  typeOf: (handled: ToolCalls.Handled<E>) => string | undefined
): Effect.Effect<ToolCalls.Handled<E>, never, R> => {
  const clock = fiber.getRef(Clock.Clock)
  const from = clock.currentTimeNanosUnsafe()
  return Effect.onExit(handled, (exit) =>
    Effect.sync(() => {
      const seconds = Number(clock.currentTimeNanosUnsafe() - from) / 1e9
      const type = Exit.isSuccess(exit) ? typeOf(exit.value) : "_OTHER"
      record(
        seconds,
        known({
          "gen_ai.operation.name": "execute_tool",
          "gen_ai.tool.name": name,
          "gen_ai.tool.type": "function",
          "error.type": type
        }),
        fiber.context
      )
    }))
}

export const tool = <E, R>(
  { id, params, tool }: Execution,
  handled: Effect.Effect<ToolCalls.Handled<E>, never, R>,
  isLate: (handled: ToolCalls.Handled<E>) => boolean
): Effect.Effect<ToolCalls.Handled<E>, never, R> =>
  Effect.withFiber((fiber) => {
    const typeOf = (handled: ToolCalls.Handled<E>) => isLate(handled) ? "timeout" : errorOf(handled)
    const record = fiber.getRef(ToolRecorder)
    const { name } = tool
    return spanned(
      fiber,
      {
        name: `execute_tool ${name}`,
        attributes: {
          "gen_ai.operation.name": "execute_tool",
          "gen_ai.tool.name": name,
          "gen_ai.tool.type": "function",
          "gen_ai.tool.call.id": id,
          "gen_ai.tool.description": isTraced(fiber) ? Tool.getDescription(tool) : undefined
        },
        started: (span, isSaid) => {
          if (isSaid) span.attribute("gen_ai.tool.call.arguments", JSON.stringify(params))
          hush(span)
        },
        ended: (handled, span, isSaid) => {
          if (isSaid && handled.unwritable === undefined) {
            span.attribute("gen_ai.tool.call.result", JSON.stringify(handled.encodedResult))
          }
          return typeOf(handled)
        }
      },
      record === undefined ? handled : measured(fiber, name, record, handled, typeOf)
    )
  })
