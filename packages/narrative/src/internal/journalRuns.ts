/** Runs over a journal: `Runs` as it is used with files, in memory, and wherever else a journal lies. */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { ActResult } from "../ActResult.ts"
import { fromJournal, Refused, RunError } from "../RunError.ts"
import { records } from "../RunRecord.ts"
import type { RunSummary, Service } from "../Runs.ts"
import { resultOf } from "./answer.ts"
import type { CancelSign } from "./cancelFile.ts"
import { decide } from "./decide.ts"
import type { DecisionSign } from "./decisionFile.ts"
import { follow } from "./follow.ts"
import { fork } from "./forkRun.ts"
import { inOrder } from "./instances.ts"
import { type Live, resume, start } from "./playRun.ts"
import { readRun, textOf } from "./ReadRun.ts"
import { report } from "./report.ts"
import { summaryOf } from "./summary.ts"

/** How long `cancel` waits for the process that plays the run. */
const patience = "10 seconds"

export const make = Effect.fnUntraced(function*(
  sign?: CancelSign,
  decisionSign?: DecisionSign,
  /** The runs that are played here. */
  live: Map<string, Live> = new Map()
): Effect.fn.Return<Service, never, Journal.Journal> {
  const journal = yield* Journal.Journal
  const place = { journal, live, sign, decisionSign }

  const failed = (method: string) => (error: JournalError) => fromJournal(method, error)

  const get = (id: string) => Effect.map(readRun(journal, id), ({ read }) => read.fold.state)

  const results = (id: string): Effect.Effect<ReadonlyArray<ActResult>, RunError> =>
    Effect.flatMap(readRun(journal, id), ({ plan, read }) =>
      Effect.forEach(
        inOrder(plan.acts, read.last).filter((ended) => ended._tag === "ActAnswered"),
        Effect.fnUntraced(function*(answer): Effect.fn.Return<ActResult, RunError> {
          const text = yield* textOf(journal, id, answer.output)
          const list = answer.list === undefined ? undefined : yield* textOf(journal, id, answer.list)
          return resultOf(answer, text, list)
        })
      ))

  const summary = (id: string): Effect.Effect<RunSummary, RunError> => Effect.map(get(id), summaryOf)

  /** Cancels a run that no process plays. */
  const cancelHere = (id: string): Effect.Effect<RunSummary, RunError> =>
    Effect.scoped(Effect.gen(function*() {
      const { read } = yield* readRun(journal, id)
      const { standing } = read.fold
      if (standing === "cancelled") return summaryOf(read.fold.state)
      if (standing === "finished" || standing === "failed") {
        const why = `the run is over already (${standing})`
        return yield* new RunError({ method: "cancel", id, reason: new Refused({ path: "id", why }) })
      }
      const run = yield* Effect.mapError(journal.resume(records, id), failed("cancel"))
      yield* Effect.mapError(run.append([{ _tag: "Cancelled" }], { state: "cancelled" }), failed("cancel"))
      return yield* summary(id)
    }))

  /** Asks the process that plays the run, and waits until it has stopped. */
  const cancelThere = (id: string, busy: RunError, sign: CancelSign): Effect.Effect<RunSummary, RunError> =>
    Effect.andThen(
      Effect.mapError(sign.give(id), () => busy),
      follow(journal, id, 0, undefined).pipe(
        Stream.runDrain,
        Effect.andThen(summary(id)),
        Effect.timeoutOrElse({ duration: patience, orElse: () => Effect.fail(busy) })
      )
    )

  return {
    start: (narrative, options = {}) => start(place, narrative, options),
    resume: (id, options = {}) => resume(place, id, options),
    cancel: (id) =>
      Effect.suspend(() => {
        const here = live.get(id)
        if (here !== undefined) return Effect.andThen(Queue.offer(here.orders, { _tag: "Cancel" }), here.end)
        return Effect.catchReason(cancelHere(id), "RunError", "Busy", (_, error) =>
          sign === undefined ? Effect.fail(error) : cancelThere(id, error, sign))
      }),
    decide: (id, act, decision) => decide(place, id, act, decision),
    get,
    plan: (id) => Effect.map(readRun(journal, id), ({ plan }) => plan),
    results,
    report: (id) => report(journal, id, results(id)),
    list: (prefix) =>
      Stream.mapError(journal.list(prefix), failed("list")).pipe(
        Stream.mapEffect(({ head, id }) =>
          Effect.map(
            Effect.result(
              Result.isFailure(head) ? Effect.fail(fromJournal("list", head.failure)) : summary(id)
            ),
            (summary) => ({ id, summary })
          )
        )
      ),
    events: (id, from = 0) => Stream.suspend(() => follow(journal, id, from, live.get(id)?.told)),
    fork: (id, act, options = {}) => fork(journal, id, act, options.id),
    prune: (options) => Effect.mapError(journal.prune(options), failed("prune")),
    remove: (id) => Effect.mapError(journal.remove(id), failed("remove"))
  }
})
