/** The children of one run: each has an id and a journal of its own, and one that ended is not played again. */
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import { AgentError } from "../AgentError.ts"
import * as Reason from "../AgentErrorReason.ts"
import type { Agent, Listened, RunOptions } from "../AgentOptions.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import type { Answer } from "../Answer.ts"
import type { Decision } from "../Approval.ts"
import type { RunContext } from "../RunContext.ts"
import type { Ledger } from "./Ledger.ts"
import * as Player from "./Player.ts"

type Asked<A, E, R> = Effect.Effect<Answer<A>, E, R | LanguageModel.LanguageModel>

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
  #isPartial = false

  constructor(ledger: Ledger, decisions: ReadonlyArray<Decision<string>>) {
    this.#ledger = ledger
    this.#decisions = decisions
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

  error<E>(reason: Reason.AgentErrorReason<E>): AgentError<E> {
    return this.#ledger.error(reason)
  }

  readonly child: RunContext["child"] = (agent, input, options = {}) =>
    this.#played(agent, options.as, (own) => agent.begin(input, own))

  /** A child with the team's own input. */
  given<I, A, T, E, R, C, D extends string>(
    agent: Agent<I, A, T, E, R, C, D>,
    { json, value }: Input<I>,
    as?: string
  ): Asked<A, AgentError<T | E>, R> {
    return this.#played(
      agent,
      as,
      (own) => value === undefined ? agent.beginFrom(json, own) : agent.begin(value.value, own)
    )
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

  #played<A, T, E, R>(
    agent: Agent<never, A, T, E, R, unknown>,
    as: string | undefined,
    begin: (own: Listened<RunOptions>) => Asked<A, AgentError<T> | E, R>
  ): Asked<A, AgentError<T | E>, R> {
    return Effect.suspend(() => {
      const child = this.#next(as ?? agent.name)
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
      const started: AgentRecord = { _tag: "ChildStarted", child, agent: agent.name, id }
      const played = isHere
        ? this.#again(agent, child, known, begin, options)
        : Effect.andThen(this.#ledger.append([started]), begin(options))
      return Effect.matchEffect(played, {
        onFailure: (error) => Effect.fail(this.#lifted(child, error)),
        onSuccess: (answer) => Effect.as(this.#ended(child, answer), answer)
      })
    })
  }

  /** A child of which there is a record goes on. If its process died before its first one, it begins. */
  #again<A, T, E, R>(
    agent: Agent<never, A, T, E, R, unknown>,
    child: string,
    { ended, id }: AgentState.Child,
    begin: (own: Listened<RunOptions>) => Asked<A, AgentError<T> | E, R>,
    { tell }: Listened<RunOptions>
  ): Asked<A, AgentError<T> | E, R> {
    const before = `${child}/`
    const decisions = this.#decisions.flatMap((decision) =>
      decision.call.startsWith(before) ? [{ ...decision, call: decision.call.slice(before.length) }] : []
    )
    const going = agent.goOn(id, decisions, { tell })
    return ended !== undefined ? going : Effect.catchIf(going, Player.isNotBegun, () => begin({ id, tell }))
  }

  #next(name: string): string {
    const before = this.state.children.slice(0, this.state.childrenBefore)
    const number = 1 + (this.#numbers.get(name) ??
      before.filter(({ child }) => child.slice(0, child.lastIndexOf(".")) === name).length)
    this.#numbers.set(name, number)
    return `${name}.${number}`
  }

  #ended(child: string, { isPartial, sources, steps, usage }: Answer<unknown>): Effect.Effect<void, AgentError<never>> {
    return Effect.suspend(() => {
      if (isPartial) this.#isPartial = true
      const known = this.state.children.findLast((known) => known.child === child)
      return known?.ended !== undefined ? Effect.void : this.#ledger.append([{
        _tag: "ChildEnded",
        child,
        isFailure: false,
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
