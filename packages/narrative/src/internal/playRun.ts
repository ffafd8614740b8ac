/** Starts a run, or goes on with one, and plays it in a fiber of the caller's scope. */
import type * as Journal from "effect-gemini-journal/Journal"
import { type JournalError } from "effect-gemini-journal/JournalError"
import * as Budget from "effect-gemini/Budget"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as PubSub from "effect/PubSub"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import type { Narrative } from "../Narrative.ts"
import * as Plan from "../Plan.ts"
import type { Engine } from "../RunEngine.ts"
import { fromJournal, Refused, RunError } from "../RunError.ts"
import type { RunEvent } from "../RunEvent.ts"
import { records, type RunBudget, type RunRecord, type RunSettings } from "../RunRecord.ts"
import type { Playing, PlayOptions, ResumeOptions, RunSummary, StartOptions } from "../Runs.ts"
import { type Emit, streamed, whole } from "./ask.ts"
import * as Base64 from "./base64.ts"
import type { CancelSign } from "./cancelFile.ts"
import type { DecisionSign } from "./decisionFile.ts"
import * as JournalEngine from "./journalEngine.ts"
import type { Handed } from "./journalEngine.ts"
import { type Order, type Outcome, play } from "./play.ts"
import { keepPlan, readOn, ReadRun, readRun } from "./ReadRun.ts"
import * as RunId from "./runId.ts"
import { summaryOf } from "./summary.ts"
import { version } from "./version.ts"

/** A run that is played in this process. */
export interface Live {
  readonly orders: Queue.Queue<Order>
  readonly told: PubSub.PubSub<RunEvent>
  readonly end: Effect.Effect<RunSummary, RunError>
  /** Decisions that the run waits for, by the key of the act. */
  readonly decisions: Map<string, Handed>
}

export interface Place {
  readonly journal: Journal.Journal["Service"]
  readonly live: Map<string, Live>
  readonly sign: CancelSign | undefined
  readonly decisionSign: DecisionSign | undefined
  /** The engine of a run in place of the journal's own, if there is another one over it. */
  readonly engineOf?: (journal: Engine, id: string) => Engine
  /** Whether another process goes on with a run whose fiber is interrupted, so that no pause is recorded. Default false. */
  readonly movesOn?: boolean
}

/** A run that is open for writing, before it is played on. */
interface Opened {
  readonly run: Journal.Run<RunRecord>
  readonly read: ReadRun
  /** What is recorded before the first act, made once the engine is there. */
  readonly begin: (engine: Engine) => Effect.Effect<Plan.Planned, RunError>
}

export const refused = (method: string, id: string | undefined, path: string, why: string): RunError =>
  new RunError({ method, ...(id === undefined ? {} : { id }), reason: new Refused({ path, why }) })

const within = (id: string, budget: RunBudget, spent?: Budget.Used) =>
  Budget.within({ name: `run ${id}`, ...budget, ...(spent === undefined ? {} : { spent }) })

/** Refuses settings that cannot be meant, before anything is written. */
export const check = Effect.fnUntraced(function*(method: string, id: string, options: PlayOptions) {
  const { budget, concurrency } = options
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency >= 1)) {
    return yield* refused(method, id, "concurrency", "expected a whole number from 1")
  }
  if (budget !== undefined) {
    yield* Effect.mapError(
      within(id, budget)(Effect.void),
      ({ reason }: GeminiError) => refused(method, id, "budget", reason.message)
    )
  }
})

/** Keeps the images of a plan, one after the other, and the plan itself. */
export const keep = Effect.fnUntraced(
  function*({ contents }: Pick<Engine, "contents">, { images, plan }: Plan.Planned) {
    for (const data of images.values()) yield* contents.put(Base64.decode(data))
    return yield* keepPlan(contents, plan)
  }
)

/** Plays an open run to its end, and records how it ended. */
export const playOn = Effect.fnUntraced(function*(
  { decisionSign, engineOf, journal, live, movesOn = false, sign }: Place,
  opened: Opened,
  settings: RunSettings,
  { stream = false, tools }: PlayOptions,
  { decisions, end, orders, told }: Live,
  begun: Effect.Effect<unknown>
) {
  const { read, run } = opened
  const { fold } = read
  const client = yield* GeminiClient.GeminiClient
  const journalEngine = JournalEngine.make({
    journal,
    run,
    fold,
    ended: read.ended,
    cancelled: sign === undefined ? Effect.never : sign.seen(run.id),
    told,
    decisions,
    sign: decisionSign
  })
  const engine = engineOf === undefined ? journalEngine : engineOf(journalEngine, run.id)
  const { images, plan } = yield* opened.begin(engine)
  fold.plan = plan
  yield* Effect.acquireRelease(
    Effect.sync(() => live.set(run.id, { orders, told, end, decisions })),
    () => Effect.sync(() => live.delete(run.id))
  )
  yield* begun
  const emit: Emit = (event) =>
    event._tag === "Chunk" || event._tag === "Waiting" || event._tag === "Retrying"
      ? Effect.asVoid(PubSub.publish(told, { _tag: "Told", event }))
      : Effect.void
  const budget = settings.budget
  const playing = play({
    engine,
    plan,
    images,
    orders,
    emit,
    ask: stream ? streamed(client) : whole(client),
    concurrency: settings.concurrency,
    onFailure: settings.onFailure ?? "stop",
    sleeps: true,
    tools,
    outputTokens: budget?.outputTokens
  })
  const { charged } = fold.totals
  const bounded: Effect.Effect<Outcome, RunError> = budget === undefined ? playing : Effect.mapError(
    within(run.id, budget, { tokens: charged.tokens, money: charged.dollars })(playing),
    (error) => error._tag === "RunError" ? error : refused("play", run.id, "budget", error.reason.message)
  )
  const last = (outcome: Exclude<Outcome, { readonly _tag: "Left" }>): RunRecord => {
    switch (outcome._tag) {
      case "Done": {
        const { failed, ok, skipped } = outcome
        return { _tag: "Finished", ok, failed, skipped, totals: fold.totals }
      }
      case "Cancelled":
        return { _tag: "Cancelled" }
      case "Broken": {
        const { act, error: { reason } } = outcome
        const cause = { reason: reason._tag, message: reason.message }
        return { _tag: "Paused", acts: act === undefined ? [] : [{ act, cause }] }
      }
      case "Paused": {
        const { acts, stopped } = outcome
        const times = acts.map(({ cause }) => cause.until)
        const known = times.filter((time) => time !== undefined)
        return {
          _tag: "Paused",
          acts,
          // It is worth resuming when all that stands in its way may be gone.
          ...(known.length === 0 || known.length < times.length ? {} : { until: Math.max(...known) }),
          ...(stopped ? { stopped: true } : {})
        }
      }
    }
  }
  const paused: RunRecord = { _tag: "Paused", acts: [], stopped: true }
  yield* bounded.pipe(
    Effect.flatMap((outcome) =>
      outcome._tag === "Left"
        ? Effect.interrupt
        : outcome._tag === "Broken"
        // Whoever has taken the run over goes on with it. Else there may be room for this one record.
        ? Effect.andThen(
          outcome.error.reason._tag === "TakenOver" ? Effect.void : Effect.ignore(engine.record([last(outcome)])),
          Effect.fail(outcome.error)
        )
        : engine.record([last(outcome)])
    ),
    Effect.onInterrupt(() => movesOn ? Effect.void : Effect.ignore(engine.record([paused])))
  )
  if (sign !== undefined) yield* sign.take(run.id)
  return summaryOf(fold.state)
})

/** Plays in a fiber of the caller's scope; returns once the run is recorded as begun. */
const launch = Effect.fnUntraced(function*(
  place: Place,
  id: string,
  options: PlayOptions,
  opening: Effect.Effect<Opened & { readonly settings: RunSettings }, RunError, Scope.Scope>
): Effect.fn.Return<Playing, RunError, GeminiClient.GeminiClient | Scope.Scope> {
  const begun = yield* Deferred.make<void, RunError>()
  const done = yield* Deferred.make<RunSummary, RunError>()
  const orders = yield* Queue.unbounded<Order>()
  const told = yield* PubSub.unbounded<RunEvent>()
  const live: Live = { orders, told, end: Deferred.await(done), decisions: new Map() }
  const whole = Effect.scoped(
    Effect.flatMap(
      opening,
      (opened) => playOn(place, opened, opened.settings, options, live, Deferred.succeed(begun, undefined))
    )
  )
  yield* Effect.forkScoped(
    Effect.onExit(whole, (exit) => {
      const failed = Exit.isFailure(exit) ? Deferred.failCause(begun, exit.cause) : Effect.void
      return Effect.andThen(
        Effect.andThen(failed, Deferred.done(done, exit)),
        PubSub.shutdown(told)
      )
    })
  )
  yield* Deferred.await(begun)
  return {
    id,
    end: live.end,
    stop: (inFlight) => Effect.asVoid(Queue.offer(orders, { _tag: "Stop", abort: inFlight === "abort" }))
  }
})

const failed = (method: string) => Effect.mapError((error: JournalError) => fromJournal(method, error))

export const start = Effect.fnUntraced(function*(
  place: Place,
  narrative: Narrative,
  options: StartOptions
): Effect.fn.Return<Playing, RunError, GeminiClient.GeminiClient | Scope.Scope> {
  const id = options.id ?? (yield* RunId.make(narrative.title))
  yield* check("start", id, options)
  const { budget, concurrency = 1, defaultModel, model, onFailure } = options
  const planned = yield* Plan.make(narrative, { model, defaultModel })
  const settings: RunSettings = {
    concurrency,
    ...(onFailure === undefined ? {} : { onFailure }),
    ...(budget === undefined ? {} : { budget }),
    ...(model === undefined ? {} : { model }),
    ...(defaultModel === undefined ? {} : { defaultModel })
  }
  const { journal } = place
  const create = failed("start")(journal.create(records, id))
  /** A process that died before it had recorded the start has left an empty run, which is none. */
  const anew = Effect.catchReason(create, "RunError", "Exists", (_, error) =>
    Effect.gen(function*() {
      const left = new ReadRun(id)
      yield* Effect.mapError(readOn(journal, left), () => error)
      if (left.content !== undefined) return yield* Effect.fail(error)
      yield* Effect.mapError(journal.remove(id), () => error)
      return yield* create
    }))
  let isMade = false
  const opening = Effect.gen(function*() {
    const run = yield* anew
    isMade = true
    const read = new ReadRun(id)
    yield* readOn(journal, read)
    const begin = Effect.fnUntraced(function*(engine: Engine) {
      const content = yield* keep(engine, planned)
      yield* engine.record([{ _tag: "Started", content, settings, library: version }])
      return planned
    })
    return { run, read, begin, settings }
  })
  return yield* Effect.tapError(
    launch(place, id, options, opening),
    // A run that was made here and could not be begun is none: there may be no room even for its start.
    () => isMade ? Effect.ignore(journal.remove(id)) : Effect.void
  )
})

/** Why a run cannot be gone on with as it is. */
export const over = (read: ReadRun): string | undefined => {
  switch (read.fold.standing) {
    case "cancelled":
      return "the run was cancelled: `fork` makes a new one that keeps its answers"
    case "failed":
      return "the run failed for good: mend the narrative and adopt it, or fork the run"
    default:
      return undefined
  }
}

export const finishedAlready = (id: string, summary: RunSummary): Playing => ({
  id,
  end: Effect.succeed(summary),
  stop: () => Effect.void
})

export const resume = Effect.fnUntraced(function*(
  place: Place,
  id: string,
  options: ResumeOptions
): Effect.fn.Return<Playing, RunError, GeminiClient.GeminiClient | Scope.Scope> {
  const { journal } = place
  const { adopt } = options
  yield* check("resume", id, options)
  // It is read first: a run of a newer version is refused before anything is written.
  const { plan, read } = yield* readRun(journal, id)
  const why = over(read)
  if (why !== undefined && (adopt === undefined || read.fold.standing === "cancelled")) {
    return yield* refused("resume", id, "id", why)
  }
  if (read.fold.standing === "finished" && adopt === undefined) return finishedAlready(id, summaryOf(read.fold.state))
  const { defaultModel = read.fold.settings.defaultModel, model = read.fold.settings.model } = options
  const planned = adopt === undefined ? undefined : yield* Plan.make(adopt, { model, defaultModel })
  const opening = Effect.gen(function*() {
    const run = yield* failed("resume")(journal.resume(records, id))
    yield* readOn(journal, read)
    if (place.sign !== undefined) yield* place.sign.take(id)
    const before = read.fold.settings
    const settings: RunSettings = {
      ...before,
      ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
      ...(options.budget === undefined ? {} : { budget: options.budget }),
      ...(planned === undefined || model === undefined ? {} : { model }),
      ...(planned === undefined || defaultModel === undefined ? {} : { defaultModel })
    }
    const begin = Effect.fnUntraced(function*(engine: Engine) {
      if (planned === undefined) {
        yield* engine.record([{ _tag: "Continued", settings }])
        return { plan, images: new Map<string, string>() }
      }
      const content = yield* keep(engine, planned)
      yield* engine.record([{ _tag: "Adopted", content, library: version }, { _tag: "Continued", settings }])
      return planned
    })
    return { run, read, begin, settings }
  })
  return yield* launch(place, id, options, opening)
})
