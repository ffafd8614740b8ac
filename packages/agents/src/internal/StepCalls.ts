/**
 * The calls of one step, each brought to its end: run, decided by a person, or, after a crash, treated by its policy. A
 * call that has ended is never called again, and a call that fails leaves its siblings alone.
 */
import type * as ToolCalls from "effect-gemini-ai/ToolCalls"
import * as AiError from "effect/ai/AiError"
import type * as Tool from "effect/ai/Tool"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { AgentError } from "../AgentError.ts"
import * as Reason from "../AgentErrorReason.ts"
import type { AgentRecord, CrashPolicy } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"
import type * as Approval from "../Approval.ts"
import * as StepCall from "../StepCall.ts"
import * as ToolPolicy from "../ToolPolicy.ts"
import * as Handover from "./Handover.ts"
import type { Ledger } from "./Ledger.ts"
import { RunCall } from "./RunCall.ts"
import * as SharedLog from "./SharedLog.ts"
import * as Shown from "./shown.ts"
import * as Spans from "./spans.ts"
import type { Spec } from "./spec.ts"
import type { Toolbox } from "./Toolbox.ts"
import { Unended, unendedOf } from "./Unended.ts"

type Ended = Omit<StepCall.Ended, "call">
type StepCall = StepCall.StepCall

const told = (result: Schema.Json): Ended => ({ isFailure: true, result })

const unknownOutcome = "the process ended while this call ran: nobody knows whether it took effect"

/** What became of a handler. */
interface Outcome<E> {
  readonly ended: Ended | undefined
  readonly failure: Cause.Cause<E> | undefined
}

/** A JSON value by construction: `ToolCalls` says `unwritable` of any other. */
const jsonOf = (handled: ToolCalls.Handled<unknown>): Schema.Json => handled.encodedResult as Schema.Json

export const requestOf = (
  { call, name, params, requested }: ReturnType<typeof AgentState.pending>[number]
): Approval.Request => ({
  call,
  tool: name,
  params,
  kind: requested.kind,
  digest: requested.digest,
  reason: requested.reason,
  expires: requested.expires
})

export class StepCalls<E, R> {
  readonly #ledger: Ledger
  readonly #toolbox: Toolbox<E, R>
  readonly #concurrency: number | "unbounded"
  readonly #handover: Handover.Handover | undefined
  /** Calls that this process has started, or may start: their `CallStarted` does not tell of a crash. */
  readonly #here = new Set<string>()
  readonly #groups = new Map<string, Semaphore.Semaphore>()
  /** What people are asked in the workers that calls of this step wait for. */
  readonly #waiting = new Map<string, ReadonlyArray<Approval.Request>>()
  /** Of the calls about which a person may be asked after a crash. */
  readonly #digests = new Map<string, string>()

  constructor(
    ledger: Ledger,
    toolbox: Toolbox<E, R>,
    { concurrency, handover }: Pick<Spec<never, unknown, unknown, unknown, unknown>, "concurrency" | "handover">
  ) {
    this.#handover = handover
    this.#ledger = ledger
    this.#toolbox = toolbox
    this.#concurrency = concurrency
  }

  toolOf(name: string): Tool.Any | undefined {
    return Object.hasOwn(this.#toolbox.tools, name) ? this.#toolbox.tools[name] : undefined
  }

  /** Says of calls that their `CallStarted` is in the same append as the answer that made them. */
  begins(calls: Iterable<string>): void {
    for (const call of calls) this.#here.add(call)
  }

  /** Brings the calls to their ends, as far as nobody is asked about them. */
  get run(): Effect.Effect<void, AgentError<E>, R> {
    return Effect.gen({ self: this }, function*() {
      const all = this.#ledger.state.calls.filter(({ ended }) => ended === undefined)
      const open = all.filter((call) => !this.#isLast(call))
      const concurrency = this.#concurrency
      // A digest is made on another thread. If two calls waited for theirs side by side, the faster one would be recorded
      // first, and a replay would find another order.
      for (const call of open) {
        if (this.#hasCrashed(call) && !this.#digests.has(call.call)) {
          this.#digests.set(call.call, yield* Shown.digestOf(call.name, call.params))
        }
      }
      const [only] = open
      // Most steps have one call, which needs no fiber of its own.
      const failures = only !== undefined && open.length === 1
        ? [yield* this.#one(only)]
        : yield* Effect.forEach(open, (call) => this.#one(call), { concurrency })
      for (const [i, call] of open.entries()) {
        const failure = failures[i]
        if (failure !== undefined) return yield* this.#stop(call, failure)
      }
      const below = open.flatMap(({ call }) => this.#waiting.get(call) ?? [])
      const pending = [...AgentState.pending(this.#ledger.state).map(requestOf), ...below]
      if (pending.length > 0) return yield* this.#ledger.error<E>(new Reason.Suspended({ pending }))
      for (const call of all) if (this.#isLast(call)) yield* this.#one(call)
    })
  }

  /** Whether the call hands the run over, and nobody is asked about that: the other calls of its step end before it. */
  #isLast({ name, requested, verdict }: StepCall): boolean {
    return this.#handover?.to.has(name) === true && (requested === undefined || verdict !== undefined)
  }

  #stop(call: StepCall, cause: Cause.Cause<E>): Effect.Effect<never, AgentError<E>> {
    const error = Cause.findErrorOption(cause)
    if (Option.isSome(error)) {
      const reason = new Reason.ToolFailed<E>({ tool: call.name, call: call.call, error: error.value })
      return Effect.fail(this.#ledger.error<E>(reason))
    }
    if (Cause.hasInterruptsOnly(cause)) {
      return Effect.fail(this.#ledger.error<E>(new Reason.Interrupted({ call: call.call })))
    }
    // A defect of a handler is one of the run, and the model has nothing to do with it.
    return Effect.die(Cause.squash(cause))
  }

  /** Gives what ends the run, if this call does. */
  #one(call: StepCall): Effect.Effect<Cause.Cause<E> | undefined, AgentError<E>, R> {
    const { requested, verdict } = call
    if (requested !== undefined && verdict === undefined) return Effect.as(this.#expire(call), undefined)
    switch (verdict?._tag) {
      case "deny":
        return this.#end(call, told(`denied: ${verdict.reason}`))
      case "result":
        return this.#end(call, { isFailure: verdict.isFailure === true, result: verdict.value })
      case "skip":
        return this.#end(call, told(unknownOutcome))
    }
    const tool = this.toolOf(call.name)
    if (!this.#hasCrashed(call) || tool === undefined) return this.#handled(call, tool)
    // A person has said that it is to be made again.
    if (verdict?._tag === "again") return this.#started(call, tool)
    return this.#afterCrash(call, tool)
  }

  #expire({ call, requested }: StepCall): Effect.Effect<void, AgentError<E>> {
    const isLate = requested?.expires !== undefined && this.#ledger.state.at >= requested.expires
    return isLate
      ? this.#ledger.append([{ _tag: "CallEnded", call, ...told("denied: nobody decided in time") }])
      : Effect.void
  }

  /** The end of the last open call is written with what follows it; that of another waits for nobody. */
  #end(call: StepCall, ended: Ended): Effect.Effect<undefined, AgentError<E>> {
    const record: AgentRecord = { _tag: "CallEnded", call: call.call, ...ended }
    return Effect.suspend(() => {
      const isLast = this.#ledger.state.calls.every((known) => known.call === call.call || known.ended !== undefined)
      return Effect.as(isLast ? this.#ledger.hold(record) : this.#ledger.append([record]), undefined)
    })
  }

  #afterCrash(call: StepCall, tool: Tool.Any): Effect.Effect<Cause.Cause<E> | undefined, AgentError<E>, R> {
    const policy = ToolPolicy.stricter(ToolPolicy.afterCrash(tool), call.afterCrash ?? "rerun")
    switch (policy) {
      case "rerun":
        return this.#started(call, tool)
      case "tell":
        return this.#end(call, told(unknownOutcome))
      case "ask":
        return Effect.as(this.#ask(call), undefined)
      case "lookup":
        return this.#lookup(call, tool)
    }
  }

  /** Whether it had begun in a process that is gone. */
  #hasCrashed({ attempts, call }: StepCall): boolean {
    return attempts > 0 && !this.#here.has(call)
  }

  #ask({ call, name, params }: StepCall): Effect.Effect<void, AgentError<E>> {
    const known = this.#digests.get(call)
    return Effect.flatMap(
      known === undefined ? Shown.digestOf(name, params) : Effect.succeed(known),
      (digest) => this.#ledger.append([{ _tag: "Requested", call, kind: "outcome", digest }])
    )
  }

  /** A lookup that fails leaves the outcome unknown, so a person is asked. */
  #lookup(call: StepCall, tool: Tool.Any): Effect.Effect<Cause.Cause<E> | undefined, AgentError<E>, R> {
    const said = Context.get(tool.annotations, ToolPolicy.AfterCrash)
    if (typeof said !== "object") return Effect.as(this.#ask(call), undefined)
    return Effect.matchEffect(said.lookup(this.#keyOf(call), call.params), {
      onFailure: () => Effect.as(this.#ask(call), undefined),
      onSuccess: (found): Effect.Effect<Cause.Cause<E> | undefined, AgentError<E>, R> =>
        Option.isSome(found) ? this.#end(call, { isFailure: false, result: found.value }) : this.#started(call, tool)
    })
  }

  #keyOf({ call }: StepCall): string {
    return `${this.#ledger.id}/${call}`
  }

  #handled(call: StepCall, tool: Tool.Any | undefined): Effect.Effect<Cause.Cause<E> | undefined, AgentError<E>, R> {
    if (tool === undefined) return this.#concluded(call, this.#toolbox.handle(call), undefined)
    const handover = this.#handover
    if (handover?.to.has(call.name) === true) {
      return this.#concluded(
        call,
        Effect.sync(() => Handover.ended(handover, call, this.#ledger.state.calls)),
        undefined
      )
    }
    return call.attempts > 0
      ? this.#grouped(tool, this.#made(call, tool, call.attempts))
      : this.#started(call, tool)
  }

  #started(call: StepCall, tool: Tool.Any): Effect.Effect<Cause.Cause<E> | undefined, AgentError<E>, R> {
    const attempt = call.attempts + 1
    const afterCrash: CrashPolicy = ToolPolicy.afterCrash(tool)
    const started: AgentRecord = { _tag: "CallStarted", call: call.call, attempt, afterCrash }
    return this.#grouped(
      tool,
      Effect.andThen(
        Effect.tap(this.#ledger.append([started]), () => Effect.sync(() => this.#here.add(call.call))),
        this.#made(call, tool, attempt)
      )
    )
  }

  #grouped<A, E1, R1>(tool: Tool.Any, effect: Effect.Effect<A, E1, R1>): Effect.Effect<A, E1, R1> {
    const name = Context.get(tool.annotations, ToolPolicy.Group)
    if (name === undefined) return effect
    let group = this.#groups.get(name)
    if (group === undefined) this.#groups.set(name, group = Semaphore.makeUnsafe(1))
    return group.withPermit(effect)
  }

  #made(call: StepCall, tool: Tool.Any, attempt: number): Effect.Effect<Cause.Cause<E> | undefined, AgentError<E>, R> {
    return Effect.suspend(() => {
      const of = { run: this.#ledger.id, call: call.call, attempt, key: this.#keyOf(call) }
      const current = new RunCall(of, this.#ledger.tell)
      return this.#concluded(call, this.#called(call, tool, current), current)
    })
  }

  #called(call: StepCall, tool: Tool.Any, current: RunCall): Effect.Effect<ToolCalls.Handled<E>, never, R> {
    const timeout = Context.get(tool.annotations, ToolPolicy.Timeout)
    const retry = Context.get(tool.annotations, ToolPolicy.Retry)
    const handled = Effect.provideService(this.#toolbox.handle(call), ToolPolicy.CurrentCall, current)
    const once = SharedLog.inCall(current, handled)
    const timed = timeout === undefined ? once : Effect.timeoutOrElse(once, {
      duration: timeout,
      orElse: () => Effect.succeed<ToolCalls.Handled<E>>(new Late(Duration.fromInputUnsafe(timeout)))
    })
    const seen = Spans.tool({ tool, id: call.id, params: call.params }, timed, (handled) => handled instanceof Late)
    if (retry === undefined) return seen
    return seen.pipe(
      Effect.flatMap((handled) =>
        handled.isFailure && handled.mistake === undefined ? Effect.fail(handled) : Effect.succeed(handled)
      ),
      Effect.retry(retry),
      Effect.catch((handled) => Effect.succeed(handled))
    )
  }

  #concluded(
    call: StepCall,
    handled: Effect.Effect<ToolCalls.Handled<E>, never, R>,
    current: RunCall | undefined
  ): Effect.Effect<Cause.Cause<E> | undefined, AgentError<E>, R> {
    return Effect.flatMap(handled, (handled): Effect.Effect<Cause.Cause<E> | undefined, AgentError<E>> => {
      const unended = handled instanceof Unended ? handled : unendedOf(handled)
      if (unended !== undefined) {
        if (unended.cause !== undefined) return Effect.succeed(unended.cause as Cause.Cause<E>)
        this.#waiting.set(call.call, unended.pending)
        return Effect.succeed(undefined)
      }
      const { ended, failure } = this.#outcome(call, handled)
      if (ended === undefined) return Effect.succeed(failure)
      const { sources = [], usage } = current?.taken ?? {}
      const whole = usage === undefined ? ended : { ...ended, usage, ...(sources.length === 0 ? {} : { sources }) }
      return Effect.as(this.#end(call, whole), failure)
    })
  }

  /** What breaks off without an error has no end: it is treated as after a crash when the run goes on. */
  #outcome(call: StepCall, handled: ToolCalls.Handled<E>): Outcome<E> {
    const { failure, isFailure, mistake, modelOutput, unwritable } = handled
    if (failure !== undefined && Option.isNone(Cause.findErrorOption(failure))) return { ended: undefined, failure }
    if (unwritable !== undefined) {
      return { ended: told(AiError.make({ module: "Agent", method: call.name, reason: unwritable }).message), failure }
    }
    const result = jsonOf(handled)
    const tool = this.toolOf(call.name)
    const limit = tool === undefined ? undefined : Context.get(tool.annotations, ToolPolicy.ResultLimit)
    const shown = limit === undefined ? undefined : Shown.cut(call.call, result, limit)
    return {
      failure,
      ended: {
        isFailure,
        result,
        ...(modelOutput === undefined ? {} : { modelOutput }),
        ...(shown === undefined ? {} : { shown }),
        ...(mistake === undefined ? {} : { mistake }),
        ...(failure === undefined ? {} : { stopped: true })
      }
    }
  }
}

/** The call of a handler that took too long, as the model is told of it. */
class Late implements ToolCalls.Handled<never> {
  readonly result: string
  readonly encodedResult: string
  readonly isFailure = true

  constructor(after: Duration.Duration) {
    this.result = `the tool did not end within ${Duration.format(after)}`
    this.encodedResult = this.result
  }
}
