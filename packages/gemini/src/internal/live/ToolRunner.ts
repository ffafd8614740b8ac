/** The calls of a session. Each runs in a fiber of its own, a bounded number at a time, and an id only once. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as LiveTools from "../../live/LiveTools.ts"
import type { FunctionCall, FunctionResponse } from "../../wire/Part.ts"

export interface Options {
  readonly tools: LiveTools.LiveTools
  readonly concurrency: number
  /** Whether the model takes `scheduling`. */
  readonly scheduling: boolean
  /** Sends the answer. `speaks`: the model will say something to it. */
  readonly answer: (response: FunctionResponse, speaks: boolean) => Effect.Effect<void>
  /** Called when the last pending call is over. */
  readonly onIdle: () => void
}

export interface ToolRunner {
  readonly run: (calls: ReadonlyArray<FunctionCall>) => void
  readonly cancel: (ids: ReadonlyArray<string>) => void
  /** Stops calls that nobody waits for any more. If they come again, they run again. */
  readonly lose: (calls: ReadonlyArray<FunctionCall>) => void
  /** Those of these calls that still run, and of whose answers the model will speak. */
  readonly awaited: (calls: ReadonlyArray<FunctionCall>) => ReadonlyArray<FunctionCall>
  readonly pending: () => number
}

/**
 * How many ids are remembered, so that a call that comes twice runs once. Sessions are long, so the oldest ids are
 * forgotten.
 */
const remembered = 4096

const errorText = (cause: Cause.Cause<unknown>): string => {
  const failure = cause.reasons.find(Cause.isFailReason)
  if (failure === undefined) return "the function failed"
  const { error } = failure
  if (typeof error === "string") return error
  if (error instanceof Error) return error.message === "" ? error.name : error.message
  try {
    return JSON.stringify(error) ?? "the function failed"
  } catch {
    return "the function failed"
  }
}

const resultOf = (exit: Exit.Exit<unknown, unknown>): Readonly<Record<string, unknown>> => {
  if (Exit.isFailure(exit)) return { error: errorText(exit.cause) }
  const output = exit.value ?? null
  try {
    // A function and a symbol have no JSON, and JSON.stringify leaves them out without a word.
    if (JSON.stringify(output) !== undefined) return { output }
  } catch {
    // A bigint and an object that holds itself end here: the model would wait for an answer that cannot be written.
  }
  return { error: "the function gave a result that JSON cannot say" }
}

export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<ToolRunner, never, Scope.Scope> {
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  const slots = Semaphore.makeUnsafe(options.concurrency)
  const running = new Map<FunctionCall, Fiber.Fiber<void>>()
  const seen = new Set<string>()

  const isSpokenOf = (name: string): boolean => options.tools.scheduling(name) !== "SILENT"

  const call = (functionCall: FunctionCall): Effect.Effect<void> => {
    const { args, id, name } = functionCall
    const asked: LiveTools.ToolCall = { id: id ?? undefined, name: name ?? "", args: args ?? {} }
    const scheduling = options.scheduling ? options.tools.scheduling(asked.name) : undefined
    // Interruption ends the fiber before the answer, so a call that was cancelled is never answered.
    return Effect.flatMap(
      slots.withPermit(Effect.exit(Effect.suspend(() => options.tools.handle(asked)))),
      (exit) => options.answer(LiveTools.response(asked, resultOf(exit), scheduling), isSpokenOf(asked.name))
    )
  }

  const start = (functionCall: FunctionCall): void => {
    const { id } = functionCall
    if (id && seen.has(id)) return
    if (id) {
      seen.add(id)
      if (seen.size > remembered) {
        for (const oldest of seen) {
          seen.delete(oldest)
          break
        }
      }
    }
    const fiber = fork(call(functionCall))
    running.set(functionCall, fiber)
    fiber.addObserver(() => {
      running.delete(functionCall)
      if (running.size === 0) options.onIdle()
    })
  }

  return {
    run: (calls) => calls.forEach(start),
    cancel: (ids) => {
      for (const [{ id }, fiber] of running) if (id && ids.includes(id)) fiber.interruptUnsafe()
    },
    lose: (calls) => {
      for (const call of calls) {
        if (call.id) seen.delete(call.id)
        running.get(call)?.interruptUnsafe()
      }
    },
    awaited: (calls) => calls.filter((call) => running.has(call) && isSpokenOf(call.name ?? "")),
    pending: () => running.size
  }
})
