/**
 * The engine of a run on a cluster: over the journal's own, with each act an Activity under its key, and with long waits
 * as durable clocks while which no worker holds the run.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Activity from "effect/workflow/Activity"
import * as DurableClock from "effect/workflow/DurableClock"
import * as Workflow from "effect/workflow/Workflow"
import { type WorkflowEngine, WorkflowInstance } from "effect/workflow/WorkflowEngine"
import type { Ended, Engine } from "../../RunEngine.ts"
import type { RunError } from "../../RunError.ts"
import type { Approvals } from "./approvals.ts"
import type { Tables } from "./tables.ts"

/** A wait up to so many milliseconds is slept by the worker. */
const shortWait = 60_000

/** What an act ended with lies in the journal; its reply says only that it is there. */
const Done = Schema.Struct({ ended: Schema.optionalKey(Schema.String) })

export interface Settings {
  readonly id: string
  /** Who plays it. */
  readonly worker: string
  readonly tables: Tables
  /** The scope of this play: acts in flight end with it. */
  readonly scope: Scope.Scope
  readonly approvals: Approvals
  /** Is done once this worker has to give the run up: then no act begins here any more. */
  readonly leaving: Deferred.Deferred<void>
  readonly context: Context.Context<WorkflowEngine | WorkflowInstance>
}

/** Whether somebody else goes on with the run: then nothing may be said in its name any more. */
const isLost = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) &&
  exit.cause.reasons.some((reason) =>
    reason._tag === "Fail" && typeof reason.error === "object" && reason.error !== null && "reason" in reason.error &&
    ["TakenOver", "Closed"].includes(String(Reflect.get(Object(reason.error.reason), "_tag")))
  )

export const make =
  ({ approvals, context, id, leaving, scope, tables, worker }: Settings) => (journal: Engine): Engine => {
    const instance = Context.get(context, WorkflowInstance)
    /**
     * The act is performed in a fiber of its own, whoever asks for it: the cluster may deliver the request of a worker that
     * has died beside ours, and it ends its own part first when this worker has to give the run up.
     */
    const act = <E, R>(
      key: string,
      perform: Parameters<typeof journal.act<E, R>>[1]
    ): Effect.Effect<Ended, E | RunError, R> =>
      Effect.gen(function*() {
        const caller = yield* Effect.context<R>()
        const begun = yield* Deferred.make<Fiber.Fiber<Ended, E | RunError>>()
        let state: "new" | "begun" | "given up" = "new"
        const performed = Effect.suspend(() => {
          if (state === "begun") return Deferred.await(begun)
          state = "begun"
          return Effect.tap(
            Effect.forkIn(Effect.provideContext(journal.act(key, perform), caller), scope, { startImmediately: true }),
            (fiber) => Deferred.succeed(begun, fiber)
          )
        })
        /** Whether the act will not begin here any more. */
        const giveUp = Effect.sync(() => {
          if (state === "new") state = "given up"
          return state === "given up"
        })
        const activity = Activity.make({
          name: key,
          success: Done,
          // What is interrupted is not tried again here: whoever goes on with the run asks it.
          interruptRetryPolicy: Schedule.recurs(0),
          execute: Effect.suspend(() =>
            // The cluster may deliver a request that nobody waits for any more: its reply does not count.
            state === "given up" ? Effect.succeed({}) : Effect.flatMap(
              Effect.flatMap(performed, Fiber.await),
              (exit) => isLost(exit) ? Effect.never : Effect.succeed({})
            )
          )
        })
        for (let attempt = 1;; attempt++) {
          const asking = yield* Effect.forkIn(
            activity.pipe(
              Effect.provideService(Activity.CurrentAttempt, attempt),
              Effect.provideContext(context)
            ),
            scope,
            { startImmediately: true }
          )
          const first = yield* Effect.raceAllFirst([
            Effect.map(Deferred.await(begun), (fiber) => ({ _tag: "Begun", fiber }) as const),
            Effect.map(Fiber.await(asking), (exit) => ({ _tag: "Asked", exit }) as const),
            // One that has begun is waited for.
            Effect.flatMap(
              Effect.andThen(Deferred.await(leaving), giveUp),
              (isGivenUp) => isGivenUp ? Effect.succeed({ _tag: "Leaving" } as const) : Effect.never
            )
          ]).pipe(
            Effect.onInterrupt(() =>
              Effect.flatMap(giveUp, (isGivenUp) =>
                isGivenUp
                  ? Fiber.interrupt(asking)
                  : Effect.flatMap(Deferred.await(begun), (fiber) => Fiber.interruptAll([fiber, asking])))
            )
          )
          if (first._tag === "Begun") {
            // The answer is recorded. Whether the cluster has its reply, too, does not matter any more.
            return yield* Effect.onInterrupt(
              Fiber.join(first.fiber),
              () => Fiber.interruptAll([first.fiber, asking])
            )
          }
          if (first._tag === "Leaving") return yield* Effect.interrupt
          if (instance.suspended) {
            // The reply of an attempt that was aborted elsewhere would suspend the run.
            instance.suspended = false
            instance.failed = false
            instance.cause = undefined
          } else if (Exit.isFailure(first.exit) && Cause.hasInterrupts(first.exit.cause) && (yield* giveUp)) {
            // The cluster takes the run from this worker before the act has begun.
            return yield* Effect.interrupt
          }
          // A reply without a record is one of an attempt that failed, or was aborted: the next attempt is asked.
        }
      })

    return {
      ...journal,
      act,
      staysForDecisions: true,
      idle: (until, undecided) =>
        Effect.gen(function*() {
          const wait = until - (yield* Clock.currentTimeMillis)
          if (wait <= shortWait || !(yield* approvals.await(undecided))) return
          yield* tables.queue(id, wait)
          // The clock's name is the time, so that a later wait has a clock of its own. The run is suspended here.
          yield* Effect.provideContext(
            Number.isFinite(wait)
              ? DurableClock.sleep({ name: `until ${until}`, duration: wait, inMemoryThreshold: 0 })
              : Effect.flatMap(WorkflowInstance, Workflow.suspend),
            context
          )
          yield* tables.take(id, worker)
        })
    }
  }
