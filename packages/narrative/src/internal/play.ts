/** The interpreter: plays a plan on an engine, acts in order or side by side, until it is over or has to pause. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Queue from "effect/Queue"
import type { ActResult } from "../ActResult.ts"
import type { Decision } from "../Decision.ts"
import { ActRefused } from "../NarrativeError.ts"
import type { OnFailure, Plan, PlannedAct } from "../Plan.ts"
import type { Ended, Engine } from "../RunEngine.ts"
import type { RunError } from "../RunError.ts"
import type { Content, FailureCause, RunRecord } from "../RunRecord.ts"
import type { AskModel, Emit } from "./ask.ts"
import * as Base64 from "./base64.ts"
import * as Contents from "./contents.ts"
import { ofText } from "./digest.ts"
import * as Failures from "./failures.ts"
import { keyOf } from "./fingerprint.ts"
import { type Gather, type LongWait, type Passing, perform, type Stage } from "./perform.ts"
import { Ready } from "./Ready.ts"
import * as Template from "./template.ts"

export interface Settings {
  readonly engine: Engine
  readonly plan: Plan
  readonly concurrency: number
  readonly onFailure: OnFailure
  readonly ask: AskModel
  readonly emit: Emit
  readonly sleeps: boolean
  readonly outputTokens?: number | undefined
  /** Images that are in memory anyway, in base64. Others are read from the engine each time they are sent. */
  readonly images?: ReadonlyMap<string, string> | undefined
  /** Results of acts that are not played, by name. */
  readonly known?: ReadonlyMap<string, ActResult> | undefined
  /** Is told each result, where somebody wants the texts. */
  readonly finished?: ((result: ActResult) => Effect.Effect<void>) | undefined
  readonly failed?: ((act: string, reason: Failures.Reason) => void) | undefined
  /** Orders from outside, while it plays. */
  readonly orders: Queue.Dequeue<Order>
}

/** `Stop`: no act begins any more; those in flight end, or are aborted. */
export type Order = { readonly _tag: "Stop"; readonly abort: boolean } | { readonly _tag: "Cancel" }

export type Outcome =
  | {
    readonly _tag: "Done"
    readonly failed: ReadonlyArray<string>
    readonly skipped: ReadonlyArray<string>
    readonly ok: boolean
  }
  | {
    readonly _tag: "Paused"
    readonly acts: ReadonlyArray<{ readonly act: string; readonly cause: FailureCause }>
    readonly stopped: boolean
  }
  | { readonly _tag: "Cancelled" }
  /** A record could not be kept: that of the act, if it was one's. */
  | { readonly _tag: "Broken"; readonly error: RunError; readonly act: string | undefined }

type Message =
  | Order
  | { readonly _tag: "Ended"; readonly act: PlannedAct; readonly exit: Exit.Exit<Ended, Passing | LongWait | RunError> }
  | { readonly _tag: "Again"; readonly act: PlannedAct; readonly exit: Exit.Exit<void, RunError> }
  | {
    readonly _tag: "Decided"
    readonly act: PlannedAct
    readonly key: string
    readonly exit: Exit.Exit<Decision, RunError>
  }

/** An output, as long as an act may need it. */
interface Output {
  readonly sha256: string
  readonly content: Content
}

export const resultOf = (record: Ended & { readonly _tag: "ActAnswered" }, text: string): ActResult => ({
  act: record.act,
  model: record.model,
  text,
  ...(record.finishReason === undefined ? {} : { finishReason: record.finishReason }),
  ...(record.usage === undefined ? {} : { usage: record.usage }),
  ...(record.attempts === undefined ? {} : { attempts: record.attempts }),
  startedAt: record.startedAt,
  duration: record.duration
})

const approved: Decision = { verdict: "approve" }

/** A denied act has failed for good, without a request. */
const denied = (stage: Stage, act: PlannedAct, key: string, { by, reason }: Decision) => () =>
  Effect.map(Clock.currentTimeMillis, (now): Ended => {
    const who = by === undefined || by === "" ? "somebody" : by
    const why = `${who} did not approve it${reason === undefined ? "" : `: ${reason}`}`
    const refused = new ActRefused({ kind: "Denied", why })
    stage.failed(act.name, refused)
    return {
      _tag: "ActFailed",
      act: act.name,
      key,
      final: true,
      cause: Failures.causeOf(refused, now),
      charged: { tokens: 0, dollars: "0" },
      startedAt: now,
      duration: 0
    }
  })

export const play = (settings: Settings): Effect.Effect<Outcome, RunError> =>
  Effect.scoped(Effect.gen(function*() {
    const { emit, engine, plan } = settings
    const ready = new Ready(plan.acts)
    const outputs = new Map<string, Output>()
    const users = new Map<string, number>()
    const failedActs: Array<string> = []
    const skipped: Array<string> = []
    const causes: Array<{ readonly act: string; readonly cause: FailureCause }> = []
    const messages = yield* Queue.unbounded<Message>()
    const fibers = yield* FiberSet.make()
    let running = 0
    let sleeping = 0
    /** Acts that wait for approval, with what is asked about them; and what was decided, by the key of the act. */
    const undecided = new Map<PlannedAct, string>()
    const decisions = new Map<string, Decision>()
    /** No act begins any more, because one failed or somebody said so. */
    const stopping = { now: false, asked: false, cancelled: false }
    let broken: (Outcome & { readonly _tag: "Broken" }) | undefined
    const breaks = (error: RunError, act: string | undefined): void => {
      broken ??= { _tag: "Broken", error, act }
      stopping.now = true
    }

    const stage: Stage = {
      engine,
      ask: settings.ask,
      emit,
      outputTokens: settings.outputTokens,
      sleeps: settings.sleeps,
      failed: settings.failed ?? (() => undefined)
    }

    const gather: Gather = Effect.fnUntraced(function*(act) {
      const texts = new Map<string, string>()
      for (const need of act.needs) {
        const output = outputs.get(need)
        if (output !== undefined) texts.set(need, yield* Contents.textOf(engine.contents, output.content))
      }
      const images = new Map<string, string>()
      for (const input of act.inputs) {
        if (input._tag !== "Image" || images.has(input.sha256)) continue
        const known = settings.images?.get(input.sha256)
        images.set(input.sha256, known ?? Base64.encode(yield* engine.contents.get(input.sha256)))
      }
      return { outputOf: (name) => texts.get(name) ?? "", imageOf: (sha256) => images.get(sha256) ?? "" }
    })

    const start = (act: PlannedAct, key: string, decision: Decision) => {
      running++
      return FiberSet.run(
        fibers,
        Effect.onExit(
          engine.act(
            key,
            decision.verdict === "approve" ? perform(stage, act, key, gather) : denied(stage, act, key, decision)
          ),
          (exit) => Effect.asVoid(Queue.offer(messages, { _tag: "Ended", act, exit }))
        )
      )
    }

    /** Asks somebody about the act, unless they have decided. Returns what they decided, if that is known now. */
    const decisionOf = Effect.fnUntraced(function*(act: PlannedAct, key: string) {
      const { approve } = act
      if (approve === undefined) return approved
      const known = decisions.get(key)
      if (known !== undefined) return known
      const { outputOf } = yield* gather(act)
      const question = Template.render(approve, outputOf)
      const decision = yield* engine.decision({ act: act.name, key, question })
      if (!("later" in decision)) return decision
      undecided.set(act, question)
      yield* FiberSet.run(
        fibers,
        Effect.onExit(
          decision.later,
          (exit) => Effect.asVoid(Queue.offer(messages, { _tag: "Decided", act, key, exit }))
        )
      )
      return undefined
    })

    /** Keeps an output while an act is to come that uses it. */
    const hold = (act: PlannedAct, output: Output): void => {
      const count = ready.usersOf(act.name)
      if (count === 0) return
      users.set(act.name, count)
      outputs.set(act.name, output)
    }
    const release = (act: PlannedAct): void => {
      for (const need of new Set(act.needs)) {
        const left = (users.get(need) ?? 0) - 1
        users.set(need, left)
        if (left <= 0) outputs.delete(need)
      }
    }

    const leaveOut = (act: PlannedAct): Effect.Effect<void, RunError> => {
      const those = ready.skip(act)
      if (those.length === 0) return Effect.void
      for (const { act } of those) skipped.push(act)
      return engine.record(those.map((it): RunRecord => ({ _tag: "ActSkipped", ...it })))
    }

    const ended = Effect.fnUntraced(function*(act: PlannedAct, record: Ended): Effect.fn.Return<void, RunError> {
      if (record._tag === "ActAnswered") {
        hold(act, { sha256: record.sha256, content: record.output })
        release(act)
        const { finished } = settings
        if (finished !== undefined) {
          yield* finished(resultOf(record, yield* Contents.textOf(engine.contents, record.output)))
        }
        return ready.done(act)
      }
      failedActs.push(act.name)
      if ((act.onFailure ?? settings.onFailure) === "skip") return yield* leaveOut(act)
      stopping.now = true
    })

    const taken = (act: PlannedAct, record: Ended): Effect.Effect<void> =>
      Effect.catch(ended(act, record), (error) => Effect.sync(() => breaks(error, undefined)))

    const failedWith = (act: PlannedAct, cause: Cause.Cause<Passing | LongWait | RunError>): Effect.Effect<void> => {
      const error = Cause.findErrorOption(cause)
      if (error._tag === "None") {
        // An act that was aborted is asked again by `resume`; a defect is one of ours.
        return Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.failCause(Cause.fromReasons(
          cause.reasons.filter((reason) => reason._tag === "Die")
        ))
      }
      const failure = error.value
      if (failure._tag === "LongWait") {
        sleeping++
        return Effect.asVoid(FiberSet.run(
          fibers,
          Effect.onExit(
            engine.sleep(failure.until),
            (exit) => Effect.asVoid(Queue.offer(messages, { _tag: "Again", act, exit }))
          )
        ))
      }
      stopping.now = true
      if (failure._tag === "Passing") causes.push({ act: act.name, cause: failure.cause })
      else breaks(failure, act.name)
      return broken?.error.reason._tag === "TakenOver" ? FiberSet.clear(fibers) : Effect.void
    }

    for (const act of settings.known === undefined ? [] : plan.acts) {
      const result = settings.known?.get(act.name)
      if (result !== undefined) hold(act, { sha256: yield* ofText(result.text), content: { text: result.text } })
    }

    yield* Effect.forkScoped(Effect.forever(
      Effect.flatMap(Queue.take(settings.orders), (order) => Queue.offer(messages, order))
    ))
    yield* Effect.forkScoped(Effect.andThen(engine.cancelled, Queue.offer(messages, { _tag: "Cancel" })))

    while (true) {
      while (!stopping.now && running < settings.concurrency) {
        const act = ready.take()
        if (act === undefined) break
        if (settings.known?.has(act.name) === true) {
          release(act)
          ready.done(act)
          continue
        }
        const key = yield* keyOf(act, (name) => outputs.get(name)?.sha256 ?? "")
        const known = engine.known?.(key)
        if (known !== undefined) {
          yield* taken(act, known)
          continue
        }
        const decision = yield* Effect.catch(
          decisionOf(act, key),
          (error) => Effect.as(Effect.sync(() => breaks(error, act.name)), undefined)
        )
        if (decision !== undefined) yield* start(act, key, decision)
      }
      const isHeld = sleeping > 0 || undecided.size > 0 && engine.staysForDecisions === true
      if (running === 0 && (stopping.now || !isHeld)) break
      const message = yield* Queue.take(messages)
      switch (message._tag) {
        case "Ended": {
          running--
          const { act, exit } = message
          yield* Exit.isFailure(exit)
            ? failedWith(act, exit.cause)
            : taken(act, exit.value)
          break
        }
        case "Again": {
          sleeping--
          if (Exit.isSuccess(message.exit)) ready.back(message.act)
          break
        }
        case "Decided": {
          const { act, exit, key } = message
          undecided.delete(act)
          if (Exit.isSuccess(exit)) {
            decisions.set(key, exit.value)
            ready.back(act)
          } else yield* failedWith(act, exit.cause)
          break
        }
        case "Stop":
          stopping.now = true
          stopping.asked = true
          if (message.abort) yield* FiberSet.clear(fibers)
          break
        case "Cancel":
          stopping.now = true
          stopping.cancelled = true
          yield* FiberSet.clear(fibers)
          break
      }
    }
    for (const [{ name }, question] of undecided) {
      const message = `somebody has to approve it: ${question}`
      causes.push({ act: name, cause: { reason: "ApprovalNeeded", message } })
    }
    yield* FiberSet.clear(fibers)
    if (broken !== undefined) return broken
    if (stopping.cancelled) return { _tag: "Cancelled" }
    const isFatal = failedActs.some((name) => {
      const act = plan.acts.find((act) => act.name === name)
      return (act?.onFailure ?? settings.onFailure) === "stop"
    })
    return isFatal || causes.length === 0 && !stopping.asked
      ? { _tag: "Done", ok: !isFatal, failed: failedActs, skipped }
      : { _tag: "Paused", acts: causes, stopped: stopping.asked }
  }))
