/** Agents as tools of another one: each call is a run of its own, whose id is made of the call's. */
import type * as ToolCalls from "effect-gemini-ai/ToolCalls"
import * as Tool from "effect/ai/Tool"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { Agent } from "../Agent.ts"
import { AgentError } from "../AgentError.ts"
import type { Answer } from "../Answer.ts"
import * as ToolPolicy from "../ToolPolicy.ts"
import * as Player from "./Player.ts"
import type { Toolbox, Tools } from "./Toolbox.ts"
import { pathOf, Unended, WorkerDecisions } from "./Unended.ts"

type Worker = Agent<string, unknown, unknown, unknown, unknown, unknown>

const parameters = Schema.Struct({ task: Schema.String })

/** A worker is a run that goes on, so a call of it that a crash cut is made again whatever the worker does. */
const toolOf = (name: string, { description, name: agent }: Worker): Tool.Any =>
  Tool.make(name, { description: description ?? `Gives a task to ${agent}.`, parameters, success: Schema.Json })
    .annotate(ToolPolicy.AfterCrash, "rerun")

const told = (text: string): ToolCalls.Handled<never> => ({ result: text, encodedResult: text, isFailure: true })

const succeeded = ({ records, text }: Answer<unknown>): ToolCalls.Handled<never> => {
  const finished = records.findLast(({ _tag }) => _tag === "Finished")
  const value = finished?._tag === "Finished" ? finished.value : text
  return { result: value, encodedResult: value, isFailure: false }
}

const failed = (path: string, error: unknown): ToolCalls.Handled<unknown> => {
  if (!(error instanceof AgentError)) return told(error instanceof Error ? error.message : String(error))
  const { reason } = error
  switch (reason._tag) {
    case "Suspended":
      return new Unended(reason.pending.map((request) => ({ ...request, call: `${path}/${request.call}` })), undefined)
    case "TakenOver":
    case "Busy":
    case "JournalFailed":
      return new Unended([], Cause.fail(error))
    default:
      return told(reason.message)
  }
}

const played = (
  worker: Worker,
  name: string,
  task: string
): Effect.Effect<ToolCalls.Handled<unknown>, never, unknown> =>
  Effect.gen(function*() {
    const current = yield* ToolPolicy.CurrentCall
    if (current === undefined) return told("it was called outside of a run")
    const path = pathOf(name, current.call)
    const id = `${current.run}.${path}`
    const decisions = (yield* WorkerDecisions).flatMap((decision) =>
      decision.call.startsWith(`${path}/`) ? [{ ...decision, call: decision.call.slice(path.length + 1) }] : []
    )
    const begin = worker.begin(task, { id })
    if (current.attempt > 1 && (yield* Player.journalOf) === undefined) {
      return told("the process ended while it worked, and its records are lost: nobody knows what it did")
    }
    const run = current.attempt === 1
      ? begin
      : Effect.catchIf(worker.goOn(id, decisions, {}), Player.isNotBegun, () => begin)
    return yield* Effect.match(run, {
      onFailure: (error) => failed(path, error),
      onSuccess: succeeded
    })
  })

export const toolsOf = (workers: Readonly<Record<string, Worker>>): Tools =>
  Object.fromEntries(Object.entries(workers).map(([name, worker]) => [name, toolOf(name, worker)]))

/** The workers as tools, of which so many play at once. */
export const toolbox = (
  workers: Readonly<Record<string, Worker>>,
  atOnce: number
): Effect.Effect<Toolbox<unknown, unknown>> =>
  Effect.sync(() => {
    const permits = Semaphore.makeUnsafe(atOnce)
    return {
      tools: toolsOf(workers),
      handle: ({ name, params }) => {
        const worker = Object.hasOwn(workers, name) ? workers[name] : undefined
        const decoded = Schema.decodeUnknownResult(parameters)(params)
        if (worker === undefined || decoded._tag === "Failure") {
          const text = `${name} takes a \`task\`, which is a text`
          return Effect.succeed(
            { result: text, encodedResult: text, isFailure: true, mistake: "WrongArguments" } as const
          )
        }
        return permits.withPermit(played(worker, name, decoded.success.task))
      }
    }
  })
