/**
 * The calls of a session: each in a fiber of its own, so many at a time, by id once.
 */
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
  readonly answer: (response: FunctionResponse) => Effect.Effect<void>
  /** Called when the last pending call is over. */
  readonly onIdle: () => void
}

export interface ToolRunner {
  readonly run: (calls: ReadonlyArray<FunctionCall>) => void
  readonly cancel: (ids: ReadonlyArray<string>) => void
  readonly pending: () => number
}

/** Ids that were seen, so that a call that comes twice runs once. Sessions are long; the oldest are forgotten. */
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

const resultOf = (exit: Exit.Exit<unknown, unknown>): Readonly<Record<string, unknown>> =>
  Exit.isSuccess(exit) ? { output: exit.value ?? null } : { error: errorText(exit.cause) }

export const make = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<ToolRunner, never, Scope.Scope> {
  const fork = yield* FiberSet.makeRuntime<never, void, never>()
  const slots = Semaphore.makeUnsafe(options.concurrency)
  const running = new Map<string, Fiber.Fiber<void>>()
  const seen = new Set<string>()
  let pending = 0

  const call = (functionCall: FunctionCall): Effect.Effect<void> => {
    const { args, id, name } = functionCall
    const asked: LiveTools.Call = { id: id ?? undefined, name: name ?? "", args: args ?? {} }
    const scheduling = options.scheduling ? options.tools.scheduling(asked.name) : undefined
    // Interruption ends the fiber before the answer: what is cancelled is never answered.
    return Effect.flatMap(
      slots.withPermit(Effect.exit(Effect.suspend(() => options.tools.handle(asked)))),
      (exit) => options.answer(LiveTools.response(asked, resultOf(exit), scheduling))
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
    pending++
    const fiber = fork(call(functionCall))
    if (id) running.set(id, fiber)
    fiber.addObserver(() => {
      pending--
      if (id) running.delete(id)
      if (pending === 0) options.onIdle()
    })
  }

  return {
    run: (calls) => calls.forEach(start),
    cancel: (ids) => {
      for (const id of ids) running.get(id)?.interruptUnsafe()
    },
    pending: () => pending
  }
})
