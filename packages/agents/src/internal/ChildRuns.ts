/** The children of one run: each has an id and a journal of its own, and one that ended is not played again. */
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import { AgentError } from "../AgentError.ts"
import * as Reason from "../AgentErrorReason.ts"
import type { After, Agent, Listened, RunOptions } from "../AgentOptions.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import type { Answer } from "../Answer.ts"
import type { Decision } from "../Approval.ts"
import { Diverged } from "../Diverged.ts"
import type { Recorded } from "../Replayed.ts"
import type { RunContext } from "../RunContext.ts"
import { HandedOver, isHandedOver } from "./Handover.ts"
import type { Ledger } from "./Ledger.ts"
import * as Player from "./Player.ts"
import * as TeamReplay from "./TeamReplay.ts"

type Asked<B, E, R> = Effect.Effect<B, E, R | LanguageModel.LanguageModel>

/** What a child came to: an answer, or another child that goes on. */
type Outcome = Answer<unknown> | HandedOver

/** What the run above is told of an end. */
type Spent = Pick<Outcome, "isPartial" | "sources" | "steps" | "usage">

/** How a child of this kind begins and goes on. */
interface Part<B extends Outcome, T, E, R> extends TeamReplay.Part<B> {
  readonly begin: (own: Listened<RunOptions>) => Asked<B, AgentError<T> | E, R>
  readonly goOn: (id: string, decisions: ReadonlyArray<Decision<string>>, own: Told) => Asked<B, AgentError<T> | E, R>
}

type Told = Pick<Listened<RunOptions>, "tell">

type Any<I, A, C> = Agent<I, A, unknown, unknown, unknown, C>

/** A child whose records have another end than the team's say gives no answer. */
const lost = ({ records }: Recorded): Diverged =>
  new Diverged({ at: records.length, path: "", expected: "the child's answer", found: records.at(-1) })

const againOrHanded = <I, A, C>(
  agent: Any<I, A, C>,
  input: Result.Result<Schema.Json, string>
): TeamReplay.Part<Answer<A> | HandedOver> => ({
  agent: agent.name,
  input,
  replay: (recorded, tools, id) =>
    Effect.flatMap(agent.replay(recorded.records, { tools, runs: recorded.runs }), (replayed) => {
      const outcome = TeamReplay.outcomeOf(recorded, replayed, id)
      return outcome === undefined ? Effect.fail(lost(recorded)) : Effect.succeed(outcome)
    })
})

const again = <I, A, C>(
  agent: Any<I, A, C>,
  input: Result.Result<Schema.Json, string>
): TeamReplay.Part<Answer<A>> => {
  const part = againOrHanded(agent, input)
  return {
    ...part,
    replay: (recorded, tools, id) =>
      Effect.flatMap(
        part.replay(recorded, tools, id),
        (outcome) => outcome instanceof HandedOver ? Effect.fail(lost(recorded)) : Effect.succeed(outcome)
      )
  }
}

const handed = <A, T, E, R>(
  played: Asked<Answer<A>, AgentError<T> | E | HandedOver, R>
): Asked<Answer<A> | HandedOver, AgentError<T> | E, R> =>
  Effect.catchIf(played, isHandedOver, (over) => Effect.succeed<Answer<A> | HandedOver>(over))

/** An input as it was given, or as the records have it. */
export interface Input<out I> {
  readonly json: Schema.Json
  readonly value: { readonly value: I } | undefined
}

/** Stops of a child that are the team's own: its journal is as lost as the child's. */
type Shared = Reason.TakenOver | Reason.Busy | Reason.JournalFailed

const isShared = <E>(reason: Reason.AgentErrorReason<E>): reason is Shared =>
  reason._tag === "TakenOver" || reason._tag === "Busy" || reason._tag === "JournalFailed"

const whyOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 2_000)

export class ChildRuns implements RunContext {
  readonly #ledger: Ledger
  readonly #decisions: ReadonlyArray<Decision<string>>
  readonly #numbers = new Map<string, number>()
  /** The runs of children that had ended before. */
  readonly #old: ReadonlySet<string>
  #isPartial = false

  readonly #replayed: TeamReplay.ReplayedChildren | undefined

  constructor(
    ledger: Ledger,
    decisions: ReadonlyArray<Decision<string>>,
    replayed: TeamReplay.ReplayedChildren | undefined
  ) {
    this.#replayed = replayed
    this.#ledger = ledger
    this.#decisions = decisions
    this.#old = new Set(ledger.state.children.flatMap(({ ended, id }) => ended === undefined ? [] : [id]))
  }

  get id(): string {
    return this.#ledger.id
  }

  /** Whether a child's answer was partial. */
  get isPartial(): boolean {
    return this.#isPartial
  }

  get state(): AgentState.AgentState {
    return this.#ledger.state
  }

  /** The records of the run so far. */
  get records(): ReadonlyArray<AgentRecord> {
    return this.#ledger.records
  }

  error<E>(reason: Reason.AgentErrorReason<E>): AgentError<E> {
    return this.#ledger.error(reason)
  }

  /** Writes what the run does by other means than agents as its children. */
  record(records: ReadonlyArray<AgentRecord>): Effect.Effect<void, AgentError<never>> {
    return this.#ledger.append(records)
  }

  /** Tells a piece of the answer's text, which is not recorded. */
  says(text: string): Effect.Effect<void> {
    const { tell } = this.#ledger
    return tell === undefined ? Effect.void : tell({ _tag: "TextDelta", step: 1, text })
  }

  /** What people decided, by the call's name in this run. */
  decisionOn(call: string): Decision<string> | undefined {
    return this.#decisions.find((decision) => decision.call === call)
  }

  readonly child: RunContext["child"] = (agent, input, options = {}) =>
    this.#played(options.as ?? agent.name, {
      ...again(agent, agent.inputToJson(input)),
      begin: (own) => agent.begin(input, own),
      goOn: (id, decisions, own) => agent.goOn(id, decisions, own)
    })

  /** A child that may hand over to another one. Of a child that ended before this process went on, `isOld` says so. */
  member<I, A, T, E, R, C, D extends string>(
    agent: Agent<I, A, T, E | HandedOver, R, C, D>,
    input: I,
    after: After | undefined,
    as: string
  ): Asked<{ readonly outcome: Answer<A> | HandedOver; readonly isOld: boolean }, AgentError<T | E>, R> {
    return Effect.map(
      this.#played(as, {
        ...againOrHanded(agent, agent.inputToJson(input)),
        begin: (own) => handed(agent.begin(input, { ...own, after })),
        goOn: (id, decisions, own) => handed(agent.goOn(id, decisions, own))
      }),
      (outcome) => ({ outcome, isOld: this.#old.has(outcome.id) })
    )
  }

  /** A child with the team's own input. */
  given<I, A, T, E, R, C, D extends string>(
    agent: Agent<I, A, T, E, R, C, D>,
    { json, value }: Input<I>,
    as?: string
  ): Asked<Answer<A>, AgentError<T | E>, R> {
    return this.#played(as ?? agent.name, {
      ...again(agent, Result.succeed(json)),
      begin: (own) => value === undefined ? agent.beginFrom(json, own) : agent.begin(value.value, own),
      goOn: (id, decisions, own) => agent.goOn(id, decisions, own)
    })
  }

  /** Says of a child that failed that the team goes on without it, also after a restart. */
  without(error: AgentError): Effect.Effect<void, AgentError<never>> {
    const { reason } = error
    if (reason._tag !== "ChildFailed") return Effect.void
    const known = this.state.children.findLast(({ child }) => child === reason.child)
    if (known === undefined || known.ended !== undefined) return Effect.void
    const { steps, usage } = reason.error instanceof AgentError
      ? AgentState.fold(reason.error.records)
      : AgentState.empty
    return this.#ledger.append([
      { _tag: "ChildEnded", child: reason.child, isFailure: true, why: reason.why, steps, usage }
    ])
  }

  #played<B extends Outcome, T, E, R>(
    name: string,
    part: Part<B, T, E, R>
  ): Asked<B, AgentError<T | E>, R> {
    return Effect.suspend(() => {
      const child = this.#next(name)
      const { children, end } = this.state
      const known = children.findLast((known) => known.child === child)
      const own = `${this.id}.${child}`
      // A copy of a run reads what the children of the first one gave, and plays those that are open as its own.
      const isHere = known !== undefined && (known.ended !== undefined || known.id === own)
      const id = isHere ? known.id : own
      const { tell } = this.#ledger
      const options = tell === undefined
        ? { id }
        : { id, tell: (event: Parameters<typeof tell>[0]) => tell({ _tag: "Child", child, event }) }
      if (known?.ended?.isFailure === true) {
        return Effect.fail(this.#failed<T | E>(child, known.ended.why ?? "it failed", undefined))
      }
      if (end?._tag === "Finished" && known?.ended === undefined) {
        return Effect.fail(this.#failed<T | E>(child, "it was not needed", undefined))
      }
      const failure = this.#replayed?.failure(child)
      const started: AgentRecord = { _tag: "ChildStarted", child, agent: part.agent, id }
      const begun = isHere ? Effect.void : this.#ledger.append([started])
      if (failure !== undefined) {
        return Effect.andThen(begun, Effect.fail(this.#failed<T | E>(child, failure.why, failure.error)))
      }
      const played = this.#replayed !== undefined
        ? Effect.andThen(begun, this.#replayed.play(child, { ended: known?.ended, id }, part))
        : isHere
        ? this.#again(child, known, part, options)
        : Effect.andThen(begun, part.begin(options))
      return Effect.matchEffect(played, {
        onFailure: (error) => Effect.fail(this.#lifted(child, error)),
        onSuccess: (outcome) => Effect.as(this.ended(child, outcome), outcome)
      })
    })
  }

  /** A child of which there is a record goes on. If its process died before its first one, it begins. */
  #again<B extends Outcome, T, E, R>(
    child: string,
    { ended, id }: AgentState.Child,
    { begin, goOn }: Part<B, T, E, R>,
    { tell }: Told
  ): Asked<B, AgentError<T> | E, R> {
    const before = `${child}/`
    const decisions = this.#decisions.flatMap((decision) =>
      decision.call.startsWith(before) ? [{ ...decision, call: decision.call.slice(before.length) }] : []
    )
    const going = goOn(id, decisions, { tell })
    return ended !== undefined ? going : Effect.catchIf(going, Player.isNotBegun, () => begin({ id, tell }))
  }

  #next(name: string): string {
    const before = this.state.children.slice(0, this.state.childrenBefore)
    const number = 1 + (this.#numbers.get(name) ??
      before.filter(({ child }) => child.slice(0, child.lastIndexOf(".")) === name).length)
    this.#numbers.set(name, number)
    return `${name}.${number}`
  }

  /** Says of a child that it gave its answer, or handed over. */
  ended(child: string, outcome: Spent): Effect.Effect<void, AgentError<never>> {
    return Effect.suspend(() => {
      const { sources, steps, usage } = outcome
      if (outcome.isPartial) this.#isPartial = true
      const known = this.state.children.findLast((known) => known.child === child)
      return known?.ended !== undefined ? Effect.void : this.#ledger.append([{
        _tag: "ChildEnded",
        child,
        isFailure: false,
        ...(outcome instanceof HandedOver ? { handoff: outcome.to } : {}),
        steps,
        usage,
        ...(sources.length === 0 ? {} : { sources })
      }])
    })
  }

  #failed<E>(child: string, why: string, error: AgentError<E> | E | undefined): AgentError<E> {
    return this.#ledger.error<E>(new Reason.ChildFailed<E>({ child, why, error, others: {} }))
  }

  #lifted<T, E>(child: string, error: AgentError<T> | E): AgentError<T | E> {
    if (!(error instanceof AgentError)) return this.#failed<T | E>(child, whyOf(error), error)
    if (error.id === this.id) return error
    const { reason } = error
    if (reason._tag === "Suspended") {
      const pending = reason.pending.map((request) => ({ ...request, call: `${child}/${request.call}` }))
      return this.#ledger.error<T | E>(new Reason.Suspended({ pending }))
    }
    return isShared(reason) ? this.#ledger.error<T | E>(reason) : this.#failed<T | E>(child, whyOf(error), error)
  }
}
