/**
 * The loop: bring the calls of the last answer to their ends, look at the bounds, ask, record, again. Every decision is
 * made from the state alone, so it goes on the same after a restart.
 */
import * as ToolCalls from "effect-gemini-ai/ToolCalls"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { AgentError } from "../AgentError.ts"
import * as Reason from "../AgentErrorReason.ts"
import type { AgentRecord, UnusableWhy } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import type { Finding } from "../Check.ts"
import * as StepCall from "../StepCall.ts"
import * as ToolPolicy from "../ToolPolicy.ts"
import { type Actor, type AnswerAt, Unanswered } from "./Actor.ts"
import * as Bound from "./bound.ts"
import * as Compact from "./compact.ts"
import * as Digests from "./digest.ts"
import * as Handover from "./Handover.ts"
import type { Ledger } from "./Ledger.ts"
import { Measured } from "./Measured.ts"
import type { Spec, StepSettings } from "./spec.ts"
import { StepCalls } from "./StepCalls.ts"
import * as Tokens from "./tokens.ts"
import type { Toolbox, Tools } from "./Toolbox.ts"

type Finished = Extract<AgentRecord, { readonly _tag: "Finished" }>
type Answered = Extract<AgentRecord, { readonly _tag: "Answered" }>

const hints: Record<UnusableWhy, string> = {
  MalformedCall: "Your last call could not be read. Make it again, with arguments that are one JSON object.",
  Empty: "You answered nothing. Call a tool, or give your answer as text.",
  Truncated: "Your last answer was cut before its end. Give it again, shorter.",
  NotTheSchema: "Your last answer does not fit."
}

/**
 * The shortest answers in tokens that are asked for where money is short: in a run that just ends then, before a last
 * answer, for which some of it is kept back, and as that last answer.
 */
const leastOther = 256
const leastBefore = 1_024
const leastLast = 64

type Tool = Tools[string]

/** The start of a call that may be repeated, which is recorded with the answer; another call gets its own later. */
const started = (call: StepCall.StepCall, tool: Tool): AgentRecord | undefined => {
  const afterCrash = ToolPolicy.afterCrash(tool)
  return afterCrash === "rerun" || afterCrash === "lookup"
    ? { _tag: "CallStarted", call: call.call, attempt: 1, afterCrash }
    : undefined
}

export class Loop<I, A, T, E, R> {
  readonly #spec: Spec<I, A, T, E, R>
  readonly #ledger: Ledger
  readonly #toolbox: Toolbox<T, R>
  readonly #actor: Actor<E, R>
  readonly #calls: StepCalls<T, R>
  readonly #tools: Toolbox<T, R>["tools"]
  readonly #measured = new Measured()

  constructor(spec: Spec<I, A, T, E, R>, ledger: Ledger, toolbox: Toolbox<T, R>, actor: Actor<E, R>) {
    this.#spec = spec
    this.#ledger = ledger
    this.#toolbox = toolbox
    this.#actor = actor
    this.#calls = new StepCalls(ledger, toolbox, spec)
    this.#tools = Object.fromEntries(Object.entries(toolbox.tools).toSorted(([a], [b]) => a < b ? -1 : a > b ? 1 : 0))
  }

  /** Plays the run to its end. Whatever stops it is recorded before the error is given. */
  get play(): Effect.Effect<Finished, AgentError<T> | E, R> {
    return Effect.gen({ self: this }, function*() {
      yield* this.#unchanged
      yield* this.#gate
      while (true) {
        const { end } = this.#ledger.state
        if (end?._tag === "Finished") return end
        if (this.#ledger.state.calls.length > 0) yield* this.#calls.run
        else if (!(yield* this.#handsOver)) yield* this.#step
      }
      // However the loop breaks off, what is held back is written.
    }).pipe(Effect.onError(() => Effect.ignore(this.#ledger.flush)))
  }

  /** Ends the run if one of the last calls handed it over. */
  get #handsOver(): Effect.Effect<boolean, AgentError<T>> {
    const { handover } = this.#spec
    const made = handover === undefined ? undefined : Handover.made(handover, this.#ledger.state)
    if (made === undefined) return Effect.succeed(false)
    const over: Finished = { _tag: "Finished", value: made.carried, text: "", handoff: made.to }
    return Effect.as(this.#ledger.append([over], "finished"), true)
  }

  #fail(reason: Reason.AgentErrorReason<T>): Effect.Effect<never, AgentError<T>> {
    return Effect.fail(this.#ledger.error<T>(reason))
  }

  /** The tools of open calls must be those that the run began with: their arguments were written for them. */
  get #unchanged(): Effect.Effect<void, AgentError<T>> {
    return Effect.gen({ self: this }, function*() {
      const { calls, tools: before } = this.#ledger.state
      const open = calls.filter(({ ended, name, verdict }) =>
        ended === undefined && verdict === undefined && Object.hasOwn(before, name)
      )
      if (open.length === 0) return
      const now = yield* Digests.ofTools(this.#toolbox.tools)
      for (const { name } of open) {
        if (!Object.hasOwn(now, name)) {
          return yield* this.#fail(new Reason.Changed({ what: `the tool ${name} is not there any more` }))
        }
        if (now[name] !== before[name]) {
          return yield* this.#fail(new Reason.Changed({ what: `the tool ${name} has another declaration` }))
        }
      }
    })
  }

  get #step(): Effect.Effect<void, AgentError<T> | E, R> {
    return Effect.gen({ self: this }, function*() {
      const { atBound, step, until } = this.#spec
      const { state } = this.#ledger
      // The answer was recorded, and what follows it was not: a fork may end between the two.
      if (state.isAnswered) return yield* this.#final(undefined, state.text)
      if (state.steps > 0 && until?.(state) === true && (yield* this.#endsWith(state.text))) return
      const limit = Bound.reached(state)
      const canConclude = limit !== undefined && limit._tag !== "Unusable" && atBound === "conclude" &&
        !state.isConcluding
      if (limit !== undefined && !canConclude) return yield* this.#fail(limit)
      yield* this.#compact(step?.(state) ?? {})
      if (Bound.isWarned(state)) yield* this.#warn
      yield* this.#ask(canConclude || state.isConcluding, step?.(this.#ledger.state) ?? {})
    })
  }

  get #warn(): Effect.Effect<void, AgentError<T>> {
    const { call, times } = this.#ledger.state.repeated
    const text = `You called ${call} ${times} times with the same arguments and got the same results. Do something ` +
      "else, or answer with what you know."
    return this.#ledger.append([{ _tag: "Hinted", text }])
  }

  #compact(settings: StepSettings<E, R>): Effect.Effect<void, AgentError<T> | E, R> {
    const { compaction } = this.#spec
    if (compaction === undefined) return Effect.void
    const { state } = this.#ledger
    const upTo = Compact.upTo(state, compaction)
    if (upTo === 0) return Effect.void
    return Effect.gen({ self: this }, function*() {
      yield* this.#ledger.flush
      const going = state.messages.slice(1, upTo)
      const { text, usage } = yield* this.#answered(this.#actor.summarize(going, compaction, settings, state))
      const before = Math.max(state.lastInput, this.#estimate(state.messages))
      const gone = Tokens.estimate(going.reduce((sum, message) => sum + Tokens.letters(message), 0))
      const after = Math.max(0, before - gone + Tokens.estimate(text.length))
      yield* this.#ledger.append([{
        _tag: "Compacted",
        upTo,
        text,
        before,
        after,
        ...(usage === undefined ? {} : { usage })
      }])
    })
  }

  /** A question that is not answered, and is not asked again, ends the run. */
  #answered<B>(asked: Effect.Effect<B, Unanswered | E, R>): Effect.Effect<B, AgentError<T> | E, R> {
    return Effect.catchIf(
      asked,
      (error): error is Unanswered => error instanceof Unanswered,
      ({ reason }) => this.#fail(reason)
    )
  }

  #estimate(messages: AgentState.AgentState["messages"]): number {
    return Tokens.estimate(this.#measured.of(messages) + this.#ledger.state.instructions.length)
  }

  #ask(
    concluding: boolean,
    settings: StepSettings<E, R>
  ): Effect.Effect<void, AgentError<T> | E, R> {
    return Effect.gen({ self: this }, function*() {
      const { state, tell } = this.#ledger
      const step = state.stepsBefore + state.steps + 1
      yield* this.#ledger.append([{
        _tag: "Asked",
        step,
        estimate: this.#estimate(state.messages),
        ...(concluding ? { concluding: true } : {})
      }])
      const { state: now } = this.#ledger
      const asked = this.#actor.ask(
        {
          step,
          messages: now.messages,
          instructions: [now.instructions, this.#spec.output.instruction].filter((text) => text !== "").join("\n\n"),
          tools: this.#on(settings),
          toolChoice: concluding ? "none" : settings.toolChoice,
          least: concluding ? leastLast : this.#spec.atBound === "conclude" ? leastBefore : leastOther,
          tell
        },
        settings,
        now
      )
      const answer = yield* Effect.result(asked)
      if (Result.isSuccess(answer)) return yield* this.#take(step, answer.success)
      const { failure } = answer
      if (!(failure instanceof Unanswered)) return yield* Effect.fail(failure)
      const { record, reason } = failure
      if (record.why !== undefined) {
        return yield* this.#ledger.append([record, { _tag: "Hinted", text: hints[record.why] }])
      }
      yield* this.#ledger.append([record])
      const canConclude = reason._tag === "MoneyLimit" && this.#spec.atBound === "conclude" && !concluding
      return yield* canConclude ? this.#ask(true, settings) : this.#fail(reason)
    })
  }

  /** Sorted by their names, so that a request's prefix stays the same bytes. */
  #on({ tools: on }: StepSettings<E, R>): Toolbox<T, R>["tools"] {
    if (on === undefined) return this.#tools
    return Object.fromEntries(Object.entries(this.#tools).filter(([name]) => on.includes(name)))
  }

  #take(step: number, answer: AnswerAt): Effect.Effect<void, AgentError<T> | E, R> {
    const { at, finish, messages, model, sources, use, usage } = answer
    const record: Answered = {
      _tag: "Answered",
      at,
      step,
      messages,
      finish,
      use,
      usage,
      ...(model === undefined ? {} : { model }),
      ...(sources.length === 0 ? {} : { sources })
    }
    if (finish === "content-filter") {
      const empty: Answered = { ...record, messages: [], use: "Empty" }
      return Effect.andThen(this.#ledger.append([empty]), this.#fail(new Reason.Blocked({ cause: undefined })))
    }
    switch (use) {
      case "calls":
        return this.#begin(record)
      case "text":
        return this.#final(record, answer.text)
      default:
        return this.#ledger.append([record, { _tag: "Hinted", text: hints[use] }])
    }
  }

  /** The answer, what people must decide, and the start of every call that may be repeated, in one append. */
  #begin(record: Answered): Effect.Effect<void, AgentError<T>, R> {
    return Effect.gen({ self: this }, function*() {
      const { messages } = this.#ledger.state
      const records: Array<AgentRecord> = [record]
      const begun: Array<string> = []
      for (const call of StepCall.callsOf(record.step, record.messages)) {
        const tool = this.#calls.toolOf(call.name)
        if (tool === undefined) continue
        const first = this.#isFree(tool) ? started(call, tool) : yield* this.#first(call, tool, messages, record.at)
        if (first === undefined) continue
        records.push(first)
        if (first._tag === "CallStarted") begun.push(call.call)
      }
      this.#calls.begins(begun)
      yield* this.#ledger.append(records)
    })
  }

  /**
   * Whether calls that have not begun may run is judged anew by whoever goes on: a fork may have left what was recorded
   * about them behind, and an agent may have become stricter.
   */
  get #gate(): Effect.Effect<void, AgentError<T>, R> {
    return Effect.gen({ self: this }, function*() {
      const { at, calls, messages } = this.#ledger.state
      for (const call of calls) {
        const tool = this.#calls.toolOf(call.name)
        if (tool === undefined || call.ended !== undefined || call.requested !== undefined || call.attempts > 0) {
          continue
        }
        const first = yield* this.#first(call, tool, messages, at)
        if (first !== undefined && first._tag !== "CallStarted") yield* this.#ledger.append([first])
      }
    })
  }

  /** Whether nobody is asked about calls of this tool, whatever their arguments are. */
  #isFree(tool: Tool): boolean {
    const { needsApproval } = tool
    return this.#spec.checks.call === undefined && !this.#spec.approvals.has(tool.name) &&
      (needsApproval === undefined || needsApproval === false) &&
      !Context.get(tool.annotations, ToolPolicy.External)
  }

  #first(
    call: StepCall.StepCall,
    tool: Tool,
    messages: AgentState.AgentState["messages"],
    now: number
  ): Effect.Effect<AgentRecord | undefined, never, R> {
    return Effect.gen({ self: this }, function*() {
      const finding = yield* this.#spec.checks.call?.({ name: call.name, params: call.params }) ??
        Effect.succeed({ _tag: "allow" } as const)
      if (finding._tag === "deny") {
        return { _tag: "CallEnded", call: call.call, isFailure: true, result: `denied: ${finding.why}` }
      }
      const needed = finding._tag === "ask" || this.#spec.approvals.has(call.name) ||
        (yield* ToolCalls.needsApproval(tool, call, messages))
      const isExternal = Context.get(tool.annotations, ToolPolicy.External)
      if (needed || isExternal) {
        const expires = Context.get(tool.annotations, ToolPolicy.Expires)
        return {
          _tag: "Requested",
          call: call.call,
          // Whoever gives the result of a call has approved it.
          kind: isExternal ? "result" : "approval",
          digest: yield* Digests.ofCall(call.name, call.params),
          ...(finding._tag === "ask" && finding.why !== undefined ? { reason: finding.why } : {}),
          ...(expires === undefined ? {} : { expires: now + Duration.toMillis(Duration.fromInputUnsafe(expires)) })
        }
      }
      return started(call, tool)
    })
  }

  /** Ends the run with this text, or says why it is not an answer. Without `record` its own is written already. */
  #final(record: Answered | undefined, text: string): Effect.Effect<void, AgentError<T>, R> {
    const hinted = (hint: string) =>
      this.#ledger.append([
        ...(record === undefined ? [] : [{ ...record, use: "NotTheSchema" } as const]),
        { _tag: "Hinted", text: hint }
      ])
    const decoded = this.#spec.output.decode(text)
    if (Result.isFailure(decoded)) {
      return hinted(`${hints.NotTheSchema} ${decoded.failure} ${this.#spec.output.instruction}`)
    }
    const value = decoded.success
    const answered = record === undefined ? [] : [record]
    return Effect.flatMap(this.#checked(value), (found) => {
      if (found === undefined) return this.#ledger.append([...answered, this.#finished(value, text)], "finished")
      const { finding, name } = found
      if (finding._tag === "hint") return hinted(finding.text)
      const refused = this.#fail(new Reason.CheckFailed({ check: name, why: finding.why }))
      return answered.length === 0 ? refused : Effect.andThen(this.#ledger.append(answered), refused)
    })
  }

  #finished(value: A, text: string): Finished {
    const isPartial = this.#ledger.state.isConcluding
    return { _tag: "Finished", value: this.#spec.output.toJson(value), text, ...(isPartial ? { isPartial: true } : {}) }
  }

  /** Ends the run with this text if it is an answer that all checks let pass. */
  #endsWith(text: string): Effect.Effect<boolean, AgentError<T>, R> {
    const decoded = this.#spec.output.decode(text)
    if (text === "" || Result.isFailure(decoded)) return Effect.succeed(false)
    const value = decoded.success
    return Effect.flatMap(Effect.andThen(this.#ledger.flush, this.#checked(value)), (found) =>
      found === undefined
        ? Effect.as(this.#ledger.append([this.#finished(value, text)], "finished"), true)
        : Effect.succeed(false))
  }

  #checked(
    value: A
  ): Effect.Effect<
    { readonly name: string; readonly finding: Exclude<Finding, { readonly _tag: "pass" }> } | undefined,
    never,
    R
  > {
    return Effect.gen({ self: this }, function*() {
      for (const { check, name } of this.#spec.checks.output ?? []) {
        const finding = yield* check(value)
        if (finding._tag !== "pass") return { name, finding }
      }
      return undefined
    })
  }
}
