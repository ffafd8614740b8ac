/** A run from its door to its end: its journal opened, begun or resumed, bounded, and its stop recorded. */
import * as Journal from "effect-gemini-journal/Journal"
import { JournalError } from "effect-gemini-journal/JournalError"
import { NotFound } from "effect-gemini-journal/JournalErrorReason"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { AgentError } from "../AgentError.ts"
import * as Reason from "../AgentErrorReason.ts"
import type { AgentEvent } from "../AgentEvent.ts"
import type { After } from "../AgentOptions.ts"
import { type AgentRecord, records as format } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import type { Decision } from "../Approval.ts"
import type { Bounds } from "../Bounds.ts"
import { model } from "./Actor.ts"
import * as Bound from "./bound.ts"
import * as Decisions from "./decisions.ts"
import * as Digests from "./digest.ts"
import { HandedOver } from "./Handover.ts"
import * as History from "./history.ts"
import { Ledger, ofJournal } from "./Ledger.ts"
import { Loop } from "./Loop.ts"
import * as Money from "./money.ts"
import * as SharedLog from "./SharedLog.ts"
import * as Shown from "./shown.ts"
import * as Spans from "./spans.ts"
import type { Spec } from "./spec.ts"
import { WorkerDecisions } from "./Unended.ts"

type Finished = Extract<AgentRecord, { readonly _tag: "Finished" }>

export interface Played<A> {
  readonly value: A
  readonly ledger: Ledger
  readonly text: string
  readonly isPartial: boolean
}

export interface Options {
  readonly bounds: Bounds | undefined
  /** The run that was handed over to this one, which goes on with its messages. */
  readonly after?: After | undefined
  readonly tell: ((event: AgentEvent) => Effect.Effect<void>) | undefined
}

export const failed = (agent: string, id: string) => (cause: JournalError): AgentError<never> =>
  new AgentError<never>({ agent, id, reason: ofJournal(cause), records: [] })

export const refused = (agent: string, id: string, path: string, why: string): AgentError<never> =>
  new AgentError<never>({ agent, id, reason: new Reason.Refused({ path, why }), records: [] })

export const noJournal = "there is not a Journal in the context, so runs cannot be found by their ids: provide one"

export const newId = (agent: string): Effect.Effect<string> =>
  Effect.map(
    Effect.all([Random.nextIntBetween(0, 2 ** 48), Random.nextIntBetween(0, 2 ** 48)]),
    (parts) => `${agent}-${parts.map((part) => part.toString(36)).join("")}`
  )

const boundsOf = ({ bounds }: { readonly bounds: Bounds }, options: Options): Bounds => ({
  ...bounds,
  ...options.bounds
})

/** The journal of the context; without one the records are in memory. */
export const journalOf: Effect.Effect<Journal.Journal["Service"] | undefined> = Effect.map(
  Effect.serviceOption(Journal.Journal),
  Option.getOrUndefined
)

export const recordsOf = (
  journal: Journal.Journal["Service"],
  id: string
): Effect.Effect<ReadonlyArray<AgentRecord>, JournalError> =>
  Effect.map(History.read(journal, id), (timed) => timed.map(({ record }) => record))

/** A run of this id, new or begun in name only: its process died before the first record, so nothing was done. */
export const created = (
  journal: Journal.Journal["Service"],
  id: string
): Effect.Effect<Journal.Run<AgentRecord>, JournalError, Scope.Scope> =>
  Effect.catch(journal.create(format, id), (error) => {
    if (error.reason._tag !== "Exists") return Effect.fail(error)
    const isEmpty = Effect.flatMap(
      recordsOf(journal, id),
      ({ length }) => length > 0 ? Effect.fail(error) : Effect.void
    )
    // Another process may have begun it between the look and the opening.
    return Effect.andThen(isEmpty, Effect.tap(journal.resume(format, id), () => isEmpty))
  })

export const notBegun = (id: string): JournalError =>
  new JournalError({ method: "resume", id, reason: new NotFound({ what: "run" }) })

/** Whether a run is not there, because its process died before its first record. */
export const isNotBegun = (error: unknown): boolean =>
  error instanceof AgentError && error.reason._tag === "JournalFailed" && error.reason.cause.reason._tag === "NotFound"

/** Where the journal of a run ends, so that another run can go on from there. */
const lengthOf = ({ id, records }: After): Effect.Effect<number, AgentError<never>> =>
  Effect.flatMap(journalOf, (journal) =>
    journal === undefined
      ? Effect.succeed(records.length)
      : Effect.mapBoth(journal.head(id), { onSuccess: ({ next }) => next, onFailure: failed("", id) }))

const accepted = <I, A, T, E, R>(
  spec: Spec<I, A, T, E, R>,
  id: string,
  input: I
): Effect.Effect<Schema.Json, AgentError<T>, R> =>
  Effect.gen(function*() {
    const encoded = spec.inputToJson(input)
    if (Result.isFailure(encoded)) return yield* refused(spec.name, id, "input", encoded.failure)
    for (const { check, name } of spec.checks.input ?? []) {
      const finding = yield* check(input)
      if (finding._tag === "pass") continue
      const why = finding._tag === "refuse" ? finding.why : finding.text
      const reason = new Reason.CheckFailed({ check: name, why })
      return yield* new AgentError<T>({ agent: spec.name, id, reason, records: [] })
    }
    return encoded.success
  })

export const begin = <I, A, T, E, R>(
  spec: Spec<I, A, T, E, R>,
  input: I,
  options: Options & { readonly id: string | undefined }
): Effect.Effect<Played<A>, AgentError<T> | E, R | LanguageModel.LanguageModel> =>
  Effect.gen(function*() {
    const id = options.id ?? (yield* newId(spec.name))
    const encoded = yield* accepted(spec, id, input)
    const journal = yield* journalOf
    const run = journal === undefined
      ? undefined
      : yield* Effect.mapError(created(journal, id), failed(spec.name, id))
    const { after } = options
    const forked = after === undefined ? [] : [{ _tag: "Forked", from: after.id, seq: yield* lengthOf(after) } as const]
    const ledger = new Ledger({ agent: spec.name, id, journal: run, records: after?.records ?? [], tell: options.tell })
    const first = begun(spec, ledger, input, encoded, boundsOf(spec, options), forked)
    return yield* played(spec, ledger, options, first)
  }).pipe(Effect.scoped)

/** A further turn of a run, or its first. The run is held for the turn alone. */
export const turn = <I, A, T, E, R>(
  spec: Spec<I, A, T, E, R>,
  id: string,
  input: I,
  options: Options
): Effect.Effect<Played<A>, AgentError<T> | E, R | LanguageModel.LanguageModel> =>
  Effect.gen(function*() {
    const toError = failed(spec.name, id)
    const journal = yield* journalOf
    if (journal === undefined) return yield* refused(spec.name, id, "id", noJournal)
    const encoded = yield* accepted(spec, id, input)
    const run = yield* Effect.catch(
      journal.resume(format, id),
      (error) => error.reason._tag === "NotFound" ? journal.create(format, id) : Effect.fail(error)
    ).pipe(Effect.mapError(toError))
    const records = yield* Effect.mapError(recordsOf(journal, id), toError)
    const ledger = new Ledger({ agent: spec.name, id, journal: run, records, tell: options.tell })
    const { agent, calls, turns } = ledger.state
    if (turns > 0 && agent !== spec.name) {
      return yield* refused(spec.name, id, "id", `the run is one of the agent ${JSON.stringify(agent)}`)
    }
    if (calls.length > 0) {
      const why = "calls of the last turn are open: resume it, with decisions if they are waited for"
      return yield* ledger.error<T>(new Reason.Refused({ path: "id", why }))
    }
    return yield* played(spec, ledger, options, begun(spec, ledger, input, encoded, boundsOf(spec, options)))
  }).pipe(Effect.scoped)

/** Begins the run `to` with the first records of the run `from`: those before the sequence number `seq`. */
export const fork = (
  agent: string,
  from: string,
  to: string,
  seq: number | undefined
): Effect.Effect<void, AgentError<never>> =>
  Effect.gen(function*() {
    const journal = yield* journalOf
    if (journal === undefined) return yield* refused(agent, from, "id", noJournal)
    const { next } = yield* Effect.mapError(journal.head(from), failed(agent, from))
    const at = seq ?? next
    if (!Number.isSafeInteger(at) || at < 1 || at > next) {
      return yield* refused(agent, from, "at", `a run of ${next} entries can be forked at 1 to ${next}`)
    }
    const run = yield* Effect.mapError(journal.create(format, to), failed(agent, to))
    const forked = run.append([{ _tag: "Forked", from, seq: at }], { state: "stopped" })
    yield* Effect.mapError(forked, failed(agent, to))
  }).pipe(Effect.scoped)

/** The records of a run as they are now. */
export const read = (agent: string, id: string): Effect.Effect<ReadonlyArray<AgentRecord>, AgentError<never>> =>
  Effect.flatMap(journalOf, (journal) =>
    journal === undefined
      ? Effect.fail(refused(agent, id, "id", noJournal))
      : Effect.mapError(recordsOf(journal, id), failed(agent, id)))

const begun = <I, A, T, E, R>(
  spec: Spec<I, A, T, E, R>,
  ledger: Ledger,
  input: I,
  encoded: Schema.Json,
  bounds: Bounds,
  before: ReadonlyArray<AgentRecord> = []
): Effect.Effect<void, AgentError<T> | E, R> =>
  Effect.gen(function*() {
    const { tools } = yield* spec.toolbox
    const instructions = yield* spec.instructions(input)
    yield* ledger.append([...before, {
      _tag: "Begun",
      at: yield* Clock.currentTimeMillis,
      agent: spec.name,
      ...(spec.version === undefined ? {} : { version: spec.version }),
      input: encoded,
      instructions,
      tools: yield* Digests.ofTools(tools),
      bounds: Bound.recorded(bounds)
    }])
  })

export const resume = <I, A, T, E, R>(
  spec: Spec<I, A, T, E, R>,
  id: string,
  decisions: ReadonlyArray<Decision<string>>,
  options: Options & { readonly records: ReadonlyArray<AgentRecord> | undefined }
): Effect.Effect<Played<A>, AgentError<T> | E, R | LanguageModel.LanguageModel> =>
  Effect.gen(function*() {
    const toError = failed(spec.name, id)
    const journal = options.records === undefined ? yield* journalOf : undefined
    if (journal === undefined && options.records === undefined) {
      return yield* refused(spec.name, id, "id", `${noJournal}, or give the run's records`)
    }
    const found = journal === undefined
      ? options.records ?? []
      : yield* Effect.mapError(recordsOf(journal, id), toError)
    const state = AgentState.fold(found)
    if (found.length === 0 && journal !== undefined) return yield* toError(notBegun(id))
    if (state.agent !== spec.name) {
      return yield* refused(spec.name, id, "id", `the run is one of the agent ${JSON.stringify(state.agent)}`)
    }
    if (state.end?._tag === "Finished") {
      const ledger = new Ledger({ agent: spec.name, id, journal: undefined, records: found, tell: options.tell })
      return yield* answered(spec, ledger, state.end)
    }
    const run = journal === undefined ? undefined : yield* Effect.mapError(journal.resume(format, id), toError)
    // Another process may have written between the first look and the opening.
    const records = journal === undefined ? found : yield* Effect.mapError(recordsOf(journal, id), toError)
    const ledger = new Ledger({ agent: spec.name, id, journal: run, records, tell: options.tell })
    const { end } = ledger.state
    if (end?._tag === "Finished") return yield* answered(spec, ledger, end)
    const problem = Decisions.problem(ledger.state, ledger.records, decisions)
    if (problem !== undefined) return yield* ledger.error<T>(problem)
    const at = yield* Clock.currentTimeMillis
    const continued: AgentRecord = { _tag: "Continued", at, bounds: Bound.recorded(boundsOf(spec, options)) }
    const going = ledger.append([continued, ...Decisions.records(ledger.state, decisions, at)])
    return yield* Effect.provideService(played(spec, ledger, options, going), WorkerDecisions, decisions)
  }).pipe(Effect.scoped)

const answered = <I, A, T, E, R>(
  spec: Spec<I, A, T, E, R>,
  ledger: Ledger,
  { handoff, isPartial, text, value }: Finished
): Effect.Effect<Played<A>, AgentError<T> | E> => {
  if (handoff !== undefined) {
    return Effect.fail(
      spec.handedOver?.(new HandedOver(handoff, value, ledger)) ??
        refused(spec.name, ledger.id, "id", `the run was handed over to ${JSON.stringify(handoff)}: resume its team`)
    )
  }
  const decoded = spec.output.fromJson(value)
  return Result.isSuccess(decoded)
    ? Effect.succeed({ value: decoded.success, ledger, text, isPartial: isPartial === true })
    : Effect.fail(ledger.error<T>(
      new Reason.Changed({ what: `the agent's output has another schema (${decoded.failure})` })
    ))
}

/** A stop whose record would be of no use: the run is somebody else's, or nothing can be written. */
const unwritten = new Set<Reason.AgentErrorReason["_tag"]>(["TakenOver", "Busy", "JournalFailed", "Refused"])

export const stopped = <T>(ledger: Ledger, error: AgentError<T>): Effect.Effect<never, AgentError<T>> => {
  const { reason } = error
  if (unwritten.has(reason._tag)) return Effect.fail(error)
  const record: AgentRecord = { _tag: "Stopped", reason: reason._tag, message: reason.message.slice(0, 2_000) }
  return Effect.matchEffect(ledger.append([record], reason._tag === "Suspended" ? "waiting" : "stopped"), {
    // Why the run stopped says more than that the stop could not be written.
    onFailure: () => Effect.fail(error),
    onSuccess: () => Effect.fail(ledger.error<T>(reason))
  })
}

const played = <I, A, T, E, R>(
  spec: Spec<I, A, T, E, R>,
  ledger: Ledger,
  options: Options,
  first: Effect.Effect<void, AgentError<T> | E, R>
): Effect.Effect<Played<A>, AgentError<T> | E, R | LanguageModel.LanguageModel> => {
  const bounds = boundsOf(spec, options)
  const budget = `agent ${ledger.id}`
  const loop: Effect.Effect<Finished, AgentError<T> | E, R | LanguageModel.LanguageModel> = Effect.gen(function*() {
    yield* first
    const toolbox = yield* Shown.withReading(yield* spec.toolbox, () => ledger.records)
    return yield* new Loop(spec, ledger, toolbox, model(budget)).play
  })
  const isOwn = (error: AgentError<T> | E): error is AgentError<T> =>
    error instanceof AgentError && error.id === ledger.id
  const shared: typeof loop = SharedLog.inRun(ledger, "loop", loop)
  const run = timed(ledger, bounds, priced(ledger, bounds, budget, shared)).pipe(
    Effect.catchIf(isOwn, (error) => stopped<T>(ledger, error))
  )
  const { description, name, output, version } = spec
  const seen = Spans.agent({
    name,
    description,
    version,
    id: ledger.id,
    output: output.instruction === "" ? "text" : "json",
    said: () => ledger.state
  }, run)
  return Effect.flatMap(seen, (end) => answered(spec, ledger, end))
}

export const timed = <A, T, E, R>(
  ledger: Ledger,
  { time }: Bounds,
  loop: Effect.Effect<A, AgentError<T> | E, R>
): Effect.Effect<A, AgentError<T> | E, R> => {
  if (time === undefined) return loop
  const limit = Duration.fromInputUnsafe(time)
  return Effect.timeoutOrElse(loop, {
    duration: limit,
    orElse: () => Effect.fail(ledger.error<T>(new Reason.TimeLimit({ limit })))
  })
}

/** Each attempt is reserved before it is sent; a run that goes on begins with what its records spent. */
export const priced = <A, T, E, R>(
  ledger: Ledger,
  { countInput, money, outputTokens }: Bounds,
  name: string,
  loop: Effect.Effect<A, AgentError<T> | E, R>
): Effect.Effect<A, AgentError<T> | E, R> => {
  if (money === undefined) return loop
  const { end, usage } = ledger.state
  // A run that begins with the messages of another one has spent nothing itself.
  const dollars = end?._tag === "Finished" && end.handoff !== undefined ? undefined : usage.dollars
  return Effect.suspend(() =>
    Money.within({
      name,
      money,
      outputTokens,
      countInput,
      ...(dollars === undefined ? {} : { spent: { money: dollars } })
    })(Effect.result(loop))
  ).pipe(
    Effect.mapError((error) => ledger.error<T>(new Reason.Refused({ path: "bounds.money", why: error.message }))),
    Effect.flatMap(Effect.fromResult)
  )
}
