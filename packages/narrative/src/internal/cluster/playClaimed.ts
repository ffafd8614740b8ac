/** What a worker does with a run that the cluster gives it: plays it from where its journal stands. */
import type * as GeminiClient from "effect-gemini/GeminiClient"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import { type WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import { fromJournal, type RunError } from "../../RunError.ts"
import type { RunEvent } from "../../RunEvent.ts"
import { records } from "../../RunRecord.ts"
import type { RunSummary } from "../../Runs.ts"
import type { Order } from "../play.ts"
import { type Live, playOn } from "../playRun.ts"
import { readOn, readRun } from "../ReadRun.ts"
import { summaryOf } from "../summary.ts"
import * as Approvals from "./approvals.ts"
import * as ClusterEngine from "./clusterEngine.ts"
import type { State } from "./Fleet.ts"
import { Halted } from "./Halted.ts"
import * as ThisProcess from "./thisProcess.ts"

/** When a database that does not answer is asked again. */
const patience = Schedule.min([Schedule.exponential("250 millis"), Schedule.spaced("10 seconds")])

/**
 * Says that this worker plays the run. Where workers have sockets the cluster's locks see to it that no other one does;
 * where they have none, a process that finds another one at the run waits until that has ended, in whatever way.
 */
const claim = (
  { address, tables, worker }: Pick<State, "address" | "tables" | "worker">,
  id: string
): Effect.Effect<void, RunError> => {
  if (address !== "") return tables.take(id, worker)
  return Effect.flatMap(tables.takeAlone(id, worker), (holder) => {
    if (holder === undefined) return Effect.void
    const isDead = holder.machine === ThisProcess.machine() && !ThisProcess.isRunning(holder.pid)
    const before = isDead ? tables.gone(holder.id) : Effect.sleep("250 millis")
    return Effect.andThen(before, claim({ address, tables, worker }, id))
  })
}

/** Takes the run's journal and plays it; whoever had it before learns of that at its next record. */
const played = Effect.fnUntraced(function*(
  { journal, live, streamed, tables, tools, worker }: State,
  id: string,
  here: Live,
  leaving: Deferred.Deferred<void>
): Effect.fn.Return<RunSummary, RunError, GeminiClient.GeminiClient | WorkflowEngine | WorkflowInstance> {
  const context = yield* Effect.context<WorkflowEngine | WorkflowInstance>()
  const approvals = yield* Approvals.make
  return yield* Effect.scoped(Effect.gen(function*() {
    const { plan, read } = yield* readRun(journal, id)
    // It may have been stopped before the cluster gave it to this worker.
    if (read.fold.standing !== "running") return summaryOf(read.fold.state)
    const run = yield* Effect.mapError(journal.resume(records, id), (error) => fromJournal("play", error))
    yield* readOn(journal, read)
    const scope = yield* Effect.scope
    return yield* playOn(
      {
        journal,
        live,
        sign: undefined,
        decisionSign: approvals.sign,
        movesOn: true,
        engineOf: ClusterEngine.make({ id, worker, tables, scope, approvals, leaving, context })
      },
      { run, read, begin: () => Effect.succeed({ plan, images: new Map<string, string>() }) },
      read.fold.settings,
      { stream: streamed.has(id), tools },
      here,
      Effect.void
    )
  }))
})

/**
 * Plays a run to its end. If its worker has to give it up, the acts in flight end first, and another worker goes on. A run
 * that stands still fails, which suspends its workflow until somebody resumes it.
 */
export const playClaimed = Effect.fnUntraced(function*(
  state: State,
  id: string
): Effect.fn.Return<
  { readonly standing: string },
  Halted,
  GeminiClient.GeminiClient | WorkflowEngine | WorkflowInstance
> {
  const { journal, live, tables } = state
  // Another delivery of the same run may still be ending here.
  while (live.has(id)) yield* Effect.sleep("50 millis")
  const orders = yield* Queue.unbounded<Order>()
  const told = yield* PubSub.unbounded<RunEvent>()
  const done = yield* Deferred.make<RunSummary, RunError>()
  const leaving = yield* Deferred.make<void>()
  const here: Live = { orders, told, end: Deferred.await(done), decisions: new Map() }
  /** Nothing is said about a run that somebody else goes on with, until the cluster takes it from this worker. */
  const lost = Effect.flatMap(
    Effect.map(readRun(journal, id), ({ read }) => summaryOf(read.fold.state)),
    (summary): Effect.Effect<RunSummary> => summary.standing === "running" ? Effect.never : Effect.succeed(summary)
  )
  const whole = Effect.andThen(claim(state, id), played(state, id, here, leaving)).pipe(
    Effect.catchIf(({ reason }) => reason._tag === "TakenOver", () => lost),
    Effect.retry({ while: ({ reason }) => reason._tag === "Unavailable" && reason.isRetryable, schedule: patience })
  )
  const instance = yield* WorkflowInstance
  const summary = yield* Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      while (true) {
        const fiber = yield* Effect.forkChild(restore(whole), { startImmediately: true })
        const exit = yield* Effect.onInterrupt(restore(Fiber.await(fiber)), () =>
          live.get(id) === here
            ? Deferred.succeed(leaving, undefined).pipe(
              Effect.andThen(Queue.offer(orders, { _tag: "Leave" })),
              Effect.andThen(Fiber.await(fiber))
            )
            : Fiber.interrupt(fiber))
        const isLeft = Exit.isFailure(exit) && exit.cause.reasons.every(({ _tag }) => _tag === "Interrupt")
        // Where the cluster takes the run from this worker, it ends only its own part of the act that comes next.
        if (!isLeft || instance.suspended || !(yield* state.isMine(id))) return yield* exit
        // The cluster's part of an act ended, but the run is still this worker's: it is played on.
        yield* restore(Effect.sleep("100 millis"))
      }
    })
  ).pipe(
    Effect.onExit((exit) => {
      const ended = Exit.isFailure(exit) && exit.cause.reasons.every(({ _tag }) => _tag === "Interrupt")
        ? Effect.void
        : Effect.ignore(Effect.andThen(tables.drop(id), tables.dropOrders(id)))
      return Effect.andThen(Effect.andThen(Deferred.done(done, exit), PubSub.shutdown(told)), ended)
    }),
    Effect.mapError((error) => new Halted({ why: error.message })),
    Effect.tapError(({ why }) => Effect.annotateLogs(Effect.logError(why), { run: id }))
  )
  const { causes, isStopped, standing } = summary
  if (standing !== "paused") return { standing }
  const why = causes.map(({ act, cause }) => `${act}: ${cause.message}`).join("; ")
  return yield* new Halted({ why: isStopped ? "somebody stopped the run" : why === "" ? "the run is paused" : why })
})
