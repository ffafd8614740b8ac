/** The calls of one answer, run for `AgentLoop`: each to its end, whatever becomes of the others. */
import type * as AiError from "effect/ai/AiError"
import * as IdGenerator from "effect/ai/IdGenerator"
import type * as Prompt from "effect/ai/Prompt"
import * as Response from "effect/ai/Response"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as ToolCalls from "../ToolCalls.ts"

type Tools = Record<string, Tool.Any>

/** What stands for a call in the history. */
export type Answered = Response.ToolResultPart<string, unknown, unknown> | Response.ToolApprovalRequestPart

export interface Outcome<E> {
  /** One for each call, in their order. */
  readonly results: ReadonlyArray<Answered>
  /** How many of them could not be run: no such tool, or arguments that do not fit. */
  readonly mistakes: number
  /** What a tool failed with whose failure is not the model's to know. */
  readonly failure: Cause.Cause<E> | undefined
}

interface Done<E> {
  readonly answered: Answered
  readonly handled?: ToolCalls.Handled<E>
}

const result = (
  { id, name }: ToolCalls.WrittenCall,
  { encodedResult, isFailure, modelOutput, result }: ToolCalls.Handled<unknown>
): Answered =>
  Response.makePart("tool-result", {
    id,
    name,
    result,
    encodedResult,
    isFailure,
    preliminary: false,
    providerExecuted: false,
    ...(modelOutput === undefined ? {} : { modelOutput })
  })

const one = <T extends Tools>(
  toolkit: Toolkit.WithHandler<T>,
  call: ToolCalls.WrittenCall,
  messages: ReadonlyArray<Prompt.Message>
): Effect.Effect<
  Done<Tool.HandlerError<T[keyof T]> | AiError.AiError>,
  never,
  Tool.HandlerServices<T[keyof T]>
> => {
  const tool = ToolCalls.toolOf(toolkit.tools, call.name)
  const needed = tool === undefined ? Effect.succeed(false) : ToolCalls.needsApproval(tool, call, messages)
  return Effect.gen(function*() {
    if (yield* needed) {
      const approvalId = yield* IdGenerator.defaultIdGenerator.generateId()
      return { answered: Response.makePart("tool-approval-request", { approvalId, toolCallId: call.id }) }
    }
    const handled = yield* ToolCalls.handle(toolkit, call)
    return { handled, answered: result(call, handled) }
  })
}

/** Runs them, so many at once. */
export const run = <T extends Tools>(
  toolkit: Toolkit.WithHandler<T>,
  calls: ReadonlyArray<ToolCalls.WrittenCall>,
  messages: ReadonlyArray<Prompt.Message>,
  concurrency: number | "unbounded"
): Effect.Effect<
  Outcome<Tool.HandlerError<T[keyof T]> | AiError.AiError>,
  never,
  Tool.HandlerServices<T[keyof T]>
> =>
  Effect.map(Effect.forEach(calls, (call) => one(toolkit, call, messages), { concurrency }), (done) => ({
    results: done.map(({ answered }) => answered),
    mistakes: done.filter(({ handled }) => handled?.mistake !== undefined).length,
    failure: done.find(({ handled }) => handled?.failure !== undefined)?.handled?.failure
  }))

/** Their results where the answer was cut: nothing is run on half of an answer. */
export const interrupted = (calls: ReadonlyArray<ToolCalls.WrittenCall>, reason: string): ReadonlyArray<Answered> =>
  calls.map((call) => {
    const said = `not run: the answer ended with "${reason}"`
    return result(call, { result: said, encodedResult: said, isFailure: true })
  })
