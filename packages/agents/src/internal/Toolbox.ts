/** The tools of an agent and how a call of them is run, with the toolkit's types folded into `E` and `R`. */
import * as ToolCalls from "effect-gemini-ai/ToolCalls"
import type * as AiError from "effect/ai/AiError"
import * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"

export type Tools = Readonly<Record<string, Tool.Any>>

export interface Toolbox<out E, out R> {
  readonly tools: Tools
  readonly handle: (call: ToolCalls.WrittenCall) => Effect.Effect<ToolCalls.Handled<E>, never, R>
}

/** A tool of any kind: `effect/ai` has a guard for each. */
const isTool = (tool: unknown): tool is Tool.Any =>
  Tool.isUserDefined(tool) || Tool.isDynamic(tool) || Tool.isProviderDefined(tool)

export const make = <T extends Record<string, Tool.Any>>(
  toolkit: Toolkit.WithHandler<T>
): Of<T> => ({
  tools: toolkit.tools,
  handle: (call) => ToolCalls.handle(toolkit, call)
})

type Of<T extends Record<string, Tool.Any>> = Toolbox<
  Tool.HandlerError<T[keyof T]> | AiError.AiError,
  Tool.HandlerServices<T[keyof T]>
>

/** A toolkit as `Toolkit.make` gives it: its tools are known, and its handlers are in the context. */
const isDeclared = <T extends Record<string, Tool.Any>>(toolkit: unknown): toolkit is Toolkit.Toolkit<T> =>
  typeof toolkit === "function" && "tools" in toolkit && "toLayer" in toolkit && Effect.isEffect(toolkit)

/** The tools of an effect: a toolkit that is declared, or one that comes from elsewhere, such as an MCP server's. */
export const from = <T extends Record<string, Tool.Any>, E, R>(
  toolkit: Effect.Effect<Toolkit.WithHandler<T>, E, R>
): Effect.Effect<Of<T>, E, R> => {
  if (!isDeclared<T>(toolkit)) return Effect.map(toolkit, make)
  // As an effect a toolkit asks for its handlers, so they are what `R` is.
  return ToolCalls.handlers(toolkit) as Effect.Effect<Of<T>, never, R & Tool.HandlersFor<T>>
}

const noTools: Toolkit.WithHandler<{}> = { tools: {}, handle: () => Effect.die(new Error("there are none")) }

export const empty: Toolbox<AiError.AiError, never> = {
  tools: {},
  handle: (call) => ToolCalls.handle(noTools, call)
}

/** The tools in a toolkit's record of them. */
export const toolsIn = (tools: unknown): Tools =>
  typeof tools === "object" && tools !== null
    ? Object.fromEntries(
      Object.entries(tools).flatMap(([name, tool]: [string, unknown]) => isTool(tool) ? [[name, tool] as const] : [])
    )
    : {}

/** Both toolboxes as one; the names of their tools differ. */
export const joined = <E1, R1, E2, R2>(a: Toolbox<E1, R1>, b: Toolbox<E2, R2>): Toolbox<E1 | E2, R1 | R2> => ({
  tools: { ...a.tools, ...b.tools },
  handle: (call): Effect.Effect<ToolCalls.Handled<E1 | E2>, never, R1 | R2> =>
    Object.hasOwn(b.tools, call.name) ? b.handle(call) : a.handle(call)
})
