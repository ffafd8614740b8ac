/** Agents as tools of another one: each call is a run of its own, whose id is made of the call's. */
import type * as ToolCalls from "effect-gemini-ai/ToolCalls"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import { AgentError } from "../AgentError.ts"
import type { Agent } from "../AgentOptions.ts"
import * as AgentState from "../AgentState.ts"
import type { Answer } from "../Answer.ts"
import * as ToolPolicy from "../ToolPolicy.ts"
import * as Names from "./names.ts"
import * as Player from "./Player.ts"
import { QuotaDoor } from "./QuotaDoor.ts"
import { RunCall } from "./RunCall.ts"
import * as Tokens from "./tokens.ts"
import type { Toolbox, Tools } from "./Toolbox.ts"
import { pathOf, Unended, WorkerDecisions } from "./Unended.ts"

export type Worker<I, R> = Agent<I, unknown, unknown, unknown, R, unknown>

/** What a worker is told where its input is text. */
export const Task = Schema.Struct({ task: Schema.String })

export const descriptionOf = (
  { description, name }: { readonly name: string; readonly description: string | undefined }
): string => description ?? `Gives a task to ${name}.`

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

/** A run of the worker that nobody stands above. */
const alone = <I, R>(
  worker: Worker<I, R>,
  input: I
): Effect.Effect<ToolCalls.Handled<unknown>, never, R | LanguageModel.LanguageModel> =>
  Effect.match(worker.begin(input, {}), {
    onFailure: (error) => told(error instanceof AgentError ? error.reason.message : String(error)),
    onSuccess: succeeded
  })

/** The run of the worker for the call that is served. The call's usage and events go to the run above it. */
export const played = <I, R>(
  worker: Worker<I, R>,
  name: string,
  input: I
): Effect.Effect<ToolCalls.Handled<unknown>, never, R | LanguageModel.LanguageModel> =>
  Effect.gen(function*() {
    const current = yield* ToolPolicy.CurrentCall
    if (!(current instanceof RunCall)) return yield* alone(worker, input)
    const path = pathOf(name, current.call)
    const id = `${current.run}.${path}`
    const decisions = (yield* WorkerDecisions).flatMap((decision) =>
      decision.call.startsWith(`${path}/`) ? [{ ...decision, call: decision.call.slice(path.length + 1) }] : []
    )
    const { tell: above } = current
    const tell: RunCall["tell"] = above === undefined
      ? undefined
      : (event) => above({ _tag: "Child", child: path, event })
    const hasJournal = (yield* Player.journalOf) !== undefined
    const begin = worker.begin(input, { id, tell })
    if (current.attempt > 1 && !hasJournal) {
      return told("the process ended while it worked, and its records are lost: nobody knows what it did")
    }
    const run = current.begin() && hasJournal
      ? Effect.catchIf(worker.goOn(id, decisions, { tell }), Player.isNotBegun, () => begin)
      : begin
    return yield* Effect.match(run, {
      onFailure: (error) => {
        if (error instanceof AgentError) current.take(AgentState.fold(error.records), hasJournal)
        return failed(path, error)
      },
      onSuccess: (answer) => {
        current.take(answer, hasJournal)
        return succeeded(answer)
      }
    })
  })

export type Workers = Readonly<Record<string, Worker<string, unknown>>>

/**
 * A worker is a run that goes on, so a call of it that a crash cut is made again whatever the worker does. Throws a RangeError if
 * a name cannot be a tool's.
 */
export const toolsOf = (workers: Workers): Tools => {
  const wrong = Object.keys(workers).find((name) => !Names.isKey(name))
  if (wrong !== undefined) throw new RangeError(`${JSON.stringify(wrong)} cannot be the name of a worker`)
  return Object.fromEntries(
    Object.entries(workers).map(([name, worker]) => [
      name,
      Tool.make(name, { description: descriptionOf(worker), parameters: Task, success: Schema.Json })
        .annotate(ToolPolicy.AfterCrash, "rerun")
    ])
  )
}

/** The workers as tools, of which so many play at once, and start by quota or not. */
export const toolbox = (
  workers: Workers,
  atOnce: number,
  isByQuota: boolean
): Effect.Effect<Toolbox<unknown, unknown>> =>
  Effect.sync(() => {
    const permits = Semaphore.makeUnsafe(atOnce)
    const door = isByQuota ? new QuotaDoor() : undefined
    return {
      tools: toolsOf(workers),
      handle: ({ name, params }) => {
        const worker = Object.hasOwn(workers, name) ? workers[name] : undefined
        const decoded = Schema.decodeUnknownResult(Task)(params)
        if (worker === undefined || decoded._tag === "Failure") {
          const text = `${name} takes a \`task\`, which is a text`
          return Effect.succeed(
            { result: text, encodedResult: text, isFailure: true, mistake: "WrongArguments" } as const
          )
        }
        const { task } = decoded.success
        const play = played(worker, name, task)
        return permits.withPermit(door === undefined ? play : door.pass(play, Tokens.estimate(task.length)))
      }
    }
  })
