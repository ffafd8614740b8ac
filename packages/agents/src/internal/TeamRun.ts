/**
 * The run of an agent that plays others: its records say which children began and which ended, and the children's own
 * journals say the rest. When it is resumed its program runs again, and each child goes on from where it was.
 */
import type * as Journal from "effect-gemini-journal/Journal"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { AgentError } from "../AgentError.ts"
import * as Reason from "../AgentErrorReason.ts"
import type { AgentEvent } from "../AgentEvent.ts"
import type { Agent, Listened, ResumeOptions } from "../AgentOptions.ts"
import { type AgentRecord, records as format } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import type { Answer } from "../Answer.ts"
import type { Decision } from "../Approval.ts"
import type { Bounds } from "../Bounds.ts"
import * as Actor from "./Actor.ts"
import * as Bound from "./bound.ts"
import { ChildRuns, type Input } from "./ChildRuns.ts"
import { Ledger } from "./Ledger.ts"
import type { Json } from "./output.ts"
import * as Player from "./Player.ts"
import * as SharedLog from "./SharedLog.ts"
import * as Spans from "./spans.ts"
import * as TeamReplay from "./TeamReplay.ts"

/** The program of a team and what its runs need to be told of it. */
export interface Plan<in I, in out A, out T, out E, out R> {
  readonly name: string
  readonly description: string | undefined
  readonly version: string | undefined
  readonly inputToJson: (input: I) => Result.Result<Schema.Json, string>
  /** Of an agent that is a program. Without it the answer is made again from those of the children. */
  readonly output: Json<A> | undefined
  /** The answer's text; default: the value as text or JSON. */
  readonly textOf?: ((value: A) => string) | undefined
  readonly play: (
    given: Input<I>,
    children: ChildRuns
  ) => Effect.Effect<A, AgentError<T> | E, R | LanguageModel.LanguageModel>
}

type Played<A, T, E, R> = Effect.Effect<Answer<A>, AgentError<T> | E, R | LanguageModel.LanguageModel>

/** What a team is bounded by: the rest is a matter of each child. */
const known = new Set<string>(["countInput", "money", "outputTokens", "time"])

const boundsProblem = (bounds: Bounds = {}): Reason.Refused | undefined => {
  const other = Object.entries(bounds).find(([name, value]) => value !== undefined && !known.has(name))
  return other === undefined
    ? undefined
    : new Reason.Refused({
      path: `bounds.${other[0]}`,
      why:
        "a team has the bounds `money`, with `outputTokens` and `countInput`, and `time`; the others are those of its agents"
    })
}

/** Why a child failed, without what is known of it in the process alone in which it did. */
function words(this: unknown, key: string, json: unknown): unknown {
  const value: unknown = Reflect.get(Object(this), key)
  return value instanceof AgentError ? value.message : json
}

/** A value as a record shows it: what is not JSON is not needed there. */
const shown = (value: unknown): Schema.Json => {
  try {
    const json: Schema.Json = JSON.parse(JSON.stringify(value, words) ?? "null")
    return json
  } catch {
    return null
  }
}

const textOf = (value: unknown, json: Schema.Json): string => typeof value === "string" ? value : JSON.stringify(json)

interface Options {
  readonly bounds: Bounds | undefined
  readonly tell: ((event: AgentEvent) => Effect.Effect<void>) | undefined
}

interface Part<I, A, T, E, R> {
  readonly plan: Plan<I, A, T, E, R>
  readonly ledger: Ledger
  readonly options: Options
  readonly decisions: ReadonlyArray<Decision<string>>
  readonly given: Input<I>
}

export const answerOf = <A>(ledger: Ledger, value: A, text: string, isPartial: boolean): Answer<A> => {
  const { sources, steps, usage } = ledger.state
  const { id, records } = ledger
  return { value, text, id, steps, usage, cost: usage.dollars, sources, isPartial, records }
}

/** Whether a child of any depth stopped because this budget refused its question. */
const isRefusedBy = (budget: string, error: unknown): boolean => {
  if (!(error instanceof AgentError)) return false
  const { reason } = error
  return reason._tag === "ModelFailed"
    ? Actor.isRefusedBy(budget, reason.cause)
    : reason._tag === "ChildFailed" && isRefusedBy(budget, reason.error)
}

/** What is not the team's own stop is one of an agent that its program ran by other means than as a child. */
const lifted = <T>(ledger: Ledger, money: string | undefined, error: AgentError<T>): AgentError<T> =>
  money !== undefined && isRefusedBy(`agent ${ledger.id}`, error)
    ? ledger.error<T>(new Reason.MoneyLimit({ limit: money, used: ledger.state.usage.dollars ?? "0" }))
    : error.id === ledger.id
    ? error
    : ledger.error<T>(new Reason.ChildFailed<T>({ child: error.id, why: error.message, error, others: {} }))

const played = <I, A, T, E, R>(
  { decisions, given, ledger, options, plan }: Part<I, A, T, E, R>,
  first: ReadonlyArray<AgentRecord>
): Played<A, T, E, R> => {
  const program = Effect.andThen(
    first.length > 0 ? ledger.append(first) : Effect.void,
    programOf(plan, ledger, given, new ChildRuns(ledger, decisions, undefined))
  )
  const bounds = options.bounds ?? {}
  const isStop = (error: AgentError<T> | E): error is AgentError<T> => error instanceof AgentError
  const lifting = Effect.catchIf(
    program,
    isStop,
    (error) => Effect.fail(lifted(ledger, Bound.recorded(bounds).money, error))
  )
  const run = Player.timed(ledger, bounds, Player.priced(ledger, bounds, `agent ${ledger.id}`, lifting)).pipe(
    Effect.catchIf(isStop, (error) => Player.stopped<T>(ledger, error))
  )
  return Spans.workflow(plan.name, run)
}

/** The program of a team, and the record of its answer. */
const programOf = <I, A, T, E, R>(
  plan: Plan<I, A, T, E, R>,
  ledger: Ledger,
  given: Input<I>,
  children: ChildRuns
): Played<A, T, E, R> =>
  Effect.gen(function*() {
    const value = yield* SharedLog.inRun(ledger, "program", plan.play(given, children))
    const { end } = ledger.state
    if (end?._tag === "Finished") return answerOf(ledger, value, end.text, end.isPartial === true)
    const encoded = plan.output?.to(value)
    if (encoded !== undefined && Result.isFailure(encoded)) {
      return yield* ledger.error<T>(
        new Reason.CheckFailed({ check: "output", why: encoded.failure })
      )
    }
    const json = encoded === undefined ? shown(value) : encoded.success
    const text = plan.textOf === undefined ? textOf(value, json) : plan.textOf(value)
    const { isPartial } = children
    yield* ledger.append(
      [{ _tag: "Finished", value: json, text, ...(isPartial ? { isPartial } : {}) }],
      "finished"
    )
    return answerOf(ledger, value, text, isPartial)
  })

const ledgerOf = (
  { name }: { readonly name: string },
  id: string,
  { tell }: Options,
  journal: Journal.Run<AgentRecord> | undefined,
  records: ReadonlyArray<AgentRecord>
): Ledger => new Ledger({ agent: name, id, journal, records, tell })

const begun = <I, A, T, E, R>(
  plan: Plan<I, A, T, E, R>,
  input: Schema.Json,
  bounds: Bounds
): Effect.Effect<AgentRecord> =>
  Effect.map(Clock.currentTimeMillis, (at) => ({
    _tag: "Begun",
    at,
    agent: plan.name,
    ...(plan.version === undefined ? {} : { version: plan.version }),
    input,
    instructions: "",
    tools: {},
    bounds: Bound.recorded(bounds)
  }))

const begin = <I, A, T, E, R>(
  plan: Plan<I, A, T, E, R>,
  given: Input<I>,
  wanted: string | undefined,
  options: Options
): Played<A, T, E, R> =>
  Effect.gen(function*() {
    const id = wanted ?? (yield* Player.newId(plan.name))
    const problem = boundsProblem(options.bounds)
    if (problem !== undefined) return yield* Player.refused(plan.name, id, problem.path, problem.why)
    const journal = yield* Player.journalOf
    const run = journal === undefined
      ? undefined
      : yield* Effect.mapError(Player.created(journal, id), Player.failed(plan.name, id))
    const ledger = ledgerOf(plan, id, options, run, [])
    const first = yield* begun(plan, given.json, options.bounds ?? {})
    return yield* played({ plan, ledger, options, decisions: [], given }, [first])
  }).pipe(Effect.scoped)

const turn = <I, A, T, E, R>(
  plan: Plan<I, A, T, E, R>,
  given: Input<I>,
  id: string,
  options: Options
): Played<A, T, E, R> =>
  Effect.gen(function*() {
    const toError = Player.failed(plan.name, id)
    const journal = yield* Player.journalOf
    if (journal === undefined) return yield* Player.refused(plan.name, id, "id", Player.noJournal)
    const problem = boundsProblem(options.bounds)
    if (problem !== undefined) return yield* Player.refused(plan.name, id, problem.path, problem.why)
    const run = yield* Effect.catch(
      journal.resume(format, id),
      (error) => error.reason._tag === "NotFound" ? journal.create(format, id) : Effect.fail(error)
    ).pipe(Effect.mapError(toError))
    const ledger = ledgerOf(plan, id, options, run, yield* Effect.mapError(Player.recordsOf(journal, id), toError))
    const { agent, end, turns } = ledger.state
    if (turns > 0 && agent !== plan.name) {
      return yield* Player.refused(plan.name, id, "id", `the run is one of the agent ${JSON.stringify(agent)}`)
    }
    if (turns > 0 && end?._tag !== "Finished") {
      return yield* Player.refused(plan.name, id, "id", "the last turn is not over: resume it")
    }
    const first = yield* begun(plan, given.json, options.bounds ?? {})
    return yield* played({ plan, ledger, options, decisions: [], given }, [first])
  }).pipe(Effect.scoped)

const resume = <I, A, T, E, R>(
  plan: Plan<I, A, T, E, R>,
  id: string,
  decisions: ReadonlyArray<Decision<string>>,
  { bounds, records: given, tell }: Listened<ResumeOptions>
): Played<A, T, E, R> =>
  Effect.gen(function*() {
    const options = { bounds, tell }
    const refused = (path: string, why: string) => Player.refused(plan.name, id, path, why)
    const toError = Player.failed(plan.name, id)
    const journal = yield* Player.journalOf
    if (journal === undefined && given === undefined) {
      return yield* refused("id", `${Player.noJournal}, or give the run's records`)
    }
    const problem = boundsProblem(bounds)
    if (problem !== undefined) return yield* refused(problem.path, problem.why)
    const read = journal === undefined || given !== undefined
      ? Effect.succeed(given ?? [])
      : Effect.mapError(Player.recordsOf(journal, id), toError)
    const found = yield* read
    if (found.length === 0 && given === undefined) return yield* toError(Player.notBegun(id))
    const over = yield* finished(plan, ledgerOf(plan, id, options, undefined, found))
    if (over !== undefined) return over
    const isOver = AgentState.fold(found).end?._tag === "Finished"
    if (journal === undefined && AgentState.fold(found).children.length > 0) {
      return yield* refused("records", "the team's children have journals of their own, and there is no Journal here")
    }
    const run = journal === undefined || given !== undefined || isOver
      ? undefined
      : yield* Effect.mapError(journal.resume(format, id), toError)
    // Another process may have written between the first look and the opening.
    const ledger = ledgerOf(plan, id, options, run, yield* read)
    const { agent, children, input } = ledger.state
    if (agent !== plan.name) return yield* refused("id", `the run is one of the agent ${JSON.stringify(agent)}`)
    for (const [index, { call }] of decisions.entries()) {
      if (children.some(({ child }) => call.startsWith(`${child}/`))) continue
      return yield* refused(`decisions[${index}]`, `nobody asked about the call ${JSON.stringify(call)}`)
    }
    const at = yield* Clock.currentTimeMillis
    const first: ReadonlyArray<AgentRecord> = ledger.state.end?._tag === "Finished"
      ? []
      : [{ _tag: "Continued", at, bounds: Bound.recorded(bounds ?? {}) }]
    return yield* played({ plan, ledger, options, decisions, given: { json: input, value: undefined } }, first)
  }).pipe(Effect.scoped)

/** The answer of a run that is over, if its value can be read from the records. */
const finished = <I, A, T, E, R>(
  { name, output }: Plan<I, A, T, E, R>,
  ledger: Ledger
): Effect.Effect<Answer<A> | undefined, AgentError<T>> => {
  const { agent, end } = ledger.state
  if (end?._tag !== "Finished" || output === undefined || agent !== name) return Effect.succeed(undefined)
  const value = output.from(end.value)
  return Result.isSuccess(value)
    ? Effect.succeed(answerOf(ledger, value.success, end.text, end.isPartial === true))
    : Effect.fail(ledger.error<T>(
      new Reason.Changed({ what: `the agent's output has another schema (${value.failure})` })
    ))
}

/** The agent whose runs are played by this program. */
export const make = <I, A, T, E, R, D extends string>(
  plan: Plan<I, A, T, E, R>,
  approvals: ReadonlyArray<D> | undefined
): Agent<I, A, T, E, R, never, D> => {
  const checked = (input: I, id: string): Effect.Effect<Input<I>, AgentError<T>> => {
    const json = plan.inputToJson(input)
    return Result.isSuccess(json)
      ? Effect.succeed({ json: json.success, value: { value: input } })
      : Effect.fail(Player.refused(plan.name, id, "input", json.failure))
  }
  return {
    name: plan.name,
    description: plan.description,
    version: plan.version,
    approvals,
    inputToJson: plan.inputToJson,
    // What a team says to its members is its program's, so it does not go on with messages of others.
    begin: (input, { bounds, id, tell }) =>
      Effect.flatMap(checked(input, id ?? ""), (given) => begin(plan, given, id, { bounds, tell })),
    beginFrom: (json, { bounds, id, tell }) => begin(plan, { json, value: undefined }, id, { bounds, tell }),
    turn: (id, input, { bounds, tell }) =>
      Effect.flatMap(checked(input, id), (given) => turn(plan, given, id, { bounds, tell })),
    goOn: (id, decisions, options) => resume(plan, id, decisions, options),
    employing: undefined,
    handing: undefined,
    replay: (records, options) =>
      plan.output === undefined
        ? TeamReplay.run(
          plan.name,
          (ledger, json, replayed) => {
            const children = new ChildRuns(ledger, [], replayed)
            // The program of a team needs what its children need, and these are not played.
            return programOf(plan, ledger, { json, value: undefined }, children) as Effect.Effect<Answer<A>, unknown>
          },
          records,
          options
        )
        : TeamReplay.given(plan.name, plan.output.from, records)
  }
}
