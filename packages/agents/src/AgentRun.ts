/**
 * Runs by their ids, for those who do not have the agent: who owns a run, what it waits for and spent, what people decide
 * about it, and forks. Only the program that has the agent can go on with a run.
 *
 * ```ts
 * import * as AgentRun from "effect-gemini-agents/AgentRun"
 * import * as Approval from "effect-gemini-agents/Approval"
 * import * as Effect from "effect/Effect"
 *
 * // The decision is in the journal then; the program of the agent finds it when it resumes the run.
 * export const allow = (id: string, call: string) => AgentRun.decide(id, [Approval.approve(call, { by: "ada" })])
 *
 * export const waiting = (id: string) => Effect.map(AgentRun.state(id), AgentRun.pending)
 * console.log(allow.length, waiting.length) // 2 1
 * ```
 *
 * @since 0.1.0
 */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { AgentError } from "./AgentError.ts"
import { Refused } from "./AgentErrorReason.ts"
import { type AgentRecord, records as format } from "./AgentRecord.ts"
import * as AgentState from "./AgentState.ts"
import type { Decision, Request } from "./Approval.ts"
import * as Decisions from "./internal/decisions.ts"
import * as Handover from "./internal/Handover.ts"
import * as History from "./internal/history.ts"
import * as Player from "./internal/Player.ts"
import { requestOf } from "./internal/StepCalls.ts"
import * as Tokens from "./internal/tokens.ts"
import type { Usage } from "./Usage.ts"

const recordsOf = (id: string): Effect.Effect<ReadonlyArray<AgentRecord>, JournalError, Journal.Journal> =>
  Effect.flatMap(
    Journal.Journal,
    (journal) => Effect.map(History.read(journal, id), (timed) => timed.map(({ record }) => record))
  )

/**
 * Where a run stands. Fails with `ForeignRecord` if it is not a run of an agent.
 *
 * @category getters
 * @since 0.1.0
 */
export const state = (id: string): Effect.Effect<AgentState.AgentState, JournalError, Journal.Journal> =>
  Effect.map(recordsOf(id), (records) => AgentState.fold(records))

/**
 * What people are asked about.
 *
 * @category getters
 * @since 0.1.0
 */
export const pending = (state: AgentState.AgentState): ReadonlyArray<Request> =>
  AgentState.pending(state).map(requestOf)

/**
 * What one run spent by itself, without its workers and children. One that goes on where another run was, as a fork or
 * after a handoff, has what was spent since then.
 *
 * @category models
 * @since 0.1.0
 */
export interface OwnSpending {
  readonly agent: string
  readonly id: string
  /** How often its model answered. */
  readonly answers: number
  readonly usage: Usage
}

const own = (id: string, records: ReadonlyArray<AgentRecord>): OwnSpending => {
  const since = Handover.own(records)
  const used = since.flatMap((record) =>
    (record._tag === "Answered" || record._tag === "AskFailed" || record._tag === "Compacted") &&
      record.usage !== undefined
      ? [record.usage]
      : []
  )
  const answers = since.filter(({ _tag }) => _tag === "Answered").length
  return { agent: AgentState.fold(records).agent, id, answers, usage: used.reduce(Tokens.add, AgentState.empty.usage) }
}

/**
 * What a run and all runs below it, its workers' and its children's, spent each by itself: added up, that is what the
 * whole took, and by `agent`, what each agent took of it. What a worker spent whose call did not end is here too. Answers
 * that were cut before their count are not: a budget's reading (`Budget.spending` of effect-gemini) has their estimates.
 *
 * @category getters
 * @since 0.1.0
 */
export const spending = (id: string): Effect.Effect<ReadonlyArray<OwnSpending>, JournalError, Journal.Journal> =>
  Effect.gen(function*() {
    const journal = yield* Journal.Journal
    const below = yield* Stream.runCollect(journal.list(`${id}.`))
    return yield* Effect.forEach(
      [id, ...below.map(({ id }) => id)],
      (run) => Effect.map(recordsOf(run), (records) => own(run, records))
    )
  })

const decideOwn = (
  id: string,
  decisions: ReadonlyArray<Decision<string>>
): Effect.Effect<void, JournalError | AgentError<never>, Journal.Journal> =>
  Effect.gen(function*() {
    const journal = yield* Journal.Journal
    // Only a run of an agent is opened for writing.
    const { agent } = yield* state(id)
    const run = yield* journal.resume(format, id)
    const records = yield* recordsOf(id)
    const now = AgentState.fold(records)
    const refused = (reason: Refused) => new AgentError<never>({ agent, id, reason, records })
    if (now.end?._tag === "Finished") return yield* refused(new Refused({ path: "id", why: "the run has its answer" }))
    const problem = Decisions.problem(now, records, decisions)
    if (problem !== undefined) return yield* refused(problem)
    const at = yield* Clock.currentTimeMillis
    const decided = Decisions.records(now, decisions, at)
    if (decided.length === 0) return
    yield* run.append([{ _tag: "Continued", at, bounds: now.bounds }, ...decided], { state: "decided" })
  }).pipe(Effect.scoped)

/**
 * Writes decisions into a run's journal without going on with it. They are checked as those of `Agent.resume` are, and
 * count once. One about a call of a team's child, such as `writer.1/3.0`, is written into the child's journal. Fails with `Busy` while a process plays the run.
 *
 * @category running
 * @since 0.1.0
 */
export const decide = (
  id: string,
  decisions: ReadonlyArray<Decision<string>>
): Effect.Effect<void, JournalError | AgentError<never>, Journal.Journal> =>
  Effect.gen(function*() {
    const own = decisions.filter(({ call }) => !call.includes("/"))
    if (own.length > 0 || decisions.length === 0) yield* decideOwn(id, own)
    for (const decision of decisions) {
      const slash = decision.call.indexOf("/")
      if (slash < 0) continue
      const child = `${id}.${decision.call.slice(0, slash)}`
      yield* decide(child, [{ ...decision, call: decision.call.slice(slash + 1) }])
    }
  })

/**
 * Begins the run `to` as a copy of the first entries of the run `from`: those before the sequence number `at` (default:
 * all of them).
 *
 * @category running
 * @since 0.1.0
 */
export const fork = (
  from: string,
  to: string,
  at?: number
): Effect.Effect<void, JournalError | AgentError<never>, Journal.Journal> =>
  Effect.flatMap(state(from), ({ agent }) => Player.fork(agent, from, to, at))
