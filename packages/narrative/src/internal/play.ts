/** The interpreter: plays a plan on an engine, acts in order or side by side, until it is over or has to pause. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Queue from "effect/Queue"
import type { ActResult } from "../ActResult.ts"
import type { ActTools } from "../ActTools.ts"
import type { Decision } from "../Decision.ts"
import { ActRefused } from "../NarrativeError.ts"
import type { OnFailure, Plan } from "../Plan.ts"
import type { Ended, Engine } from "../RunEngine.ts"
import type { RunError } from "../RunError.ts"
import type { FailureCause, RunRecord } from "../RunRecord.ts"
import { resultOf } from "./answer.ts"
import type { AskModel, Emit } from "./ask.ts"
import * as Conditions from "./conditionText.ts"
import * as Contents from "./contents.ts"
import type * as Failures from "./failures.ts"
import { keyOf } from "./fingerprint.ts"
import { Frame, type Group, type Task } from "./Frame.ts"
import * as Groups from "./groups.ts"
import * as Material from "./material.ts"
import { type LongWait, type Passing, perform, refused, type Stage } from "./perform.ts"
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
  /** Functions that the program gives. */
  readonly tools?: ActTools | undefined
  readonly failed?: ((act: string, reason: Failures.Reason) => void) | undefined
  /** Orders from outside, while it plays. */
  readonly orders: Queue.Dequeue<Order>
}

/**
 * `Stop`: no act begins any more; those in flight end, or are aborted. `Leave`: those in flight end, and another process
 * goes on.
 */
export type Order =
  | { readonly _tag: "Stop"; readonly abort: boolean }
  | { readonly _tag: "Cancel" }
  | { readonly _tag: "Leave" }

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
  | { readonly _tag: "Left" }
  /** A record could not be kept: that of the act, if it was one's. */
  | { readonly _tag: "Broken"; readonly error: RunError; readonly act: string | undefined }

type Failure = Passing | LongWait | RunError

type Message =
  | Order
  | { readonly _tag: "Ended"; readonly task: Task; readonly exit: Exit.Exit<Ended, Failure> }
  | { readonly _tag: "Again"; readonly task: Task; readonly exit: Exit.Exit<void, RunError> }
  | {
    readonly _tag: "Decided"
    readonly task: Task
    readonly key: string
    readonly exit: Exit.Exit<Decision, RunError>
  }

/** So much of a question stands among the causes of a pause, in UTF-16 units; the record has all of it. */
const longestQuestion = 300

const approved: Decision = { verdict: "approve" }

export const play = (settings: Settings): Effect.Effect<Outcome, RunError> =>
  Effect.scoped(Effect.gen(function*() {
    const { emit, engine, plan } = settings
    const root = new Frame(plan.acts)
    /** The frames that are played, inner ones before those around them. */
    const frames: Array<Frame> = [root]
    const failedActs: Array<string> = []
    const skipped: Array<string> = []
    const causes: Array<{ readonly act: string; readonly cause: FailureCause }> = []
    const messages = yield* Queue.unbounded<Message>()
    const fibers = yield* FiberSet.make()
    let running = 0
    let sleeping = 0
    let isFatal = false
    /** Acts that wait for approval, with what is asked about them; and what was decided, by the key of the act. */
    const undecided = new Map<Task, { readonly key: string; readonly question: string }>()
    const decisions = new Map<string, Decision>()
    /** No act begins any more, because one failed or somebody said so. */
    const stopping = { now: false, asked: false, cancelled: false, left: false }
    /** Until when acts wait that are neither asked nor ready. */
    const waits = new Map<Task, number>()
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
      tools: settings.tools,
      failed: settings.failed ?? (() => undefined)
    }

    const forked = <A, E>(effect: Effect.Effect<A, E>, told: (exit: Exit.Exit<A, E>) => Message) =>
      FiberSet.run(fibers, Effect.onExit(effect, (exit) => Effect.asVoid(Queue.offer(messages, told(exit)))))

    /** Performs an act, or whatever else it comes to, under its key. */
    const start = (task: Task, key: string, perform: Parameters<typeof engine.act<Failure, never>>[1]) => {
      running++
      return forked(engine.act(key, perform), (exit) => ({ _tag: "Ended", task, exit }))
    }

    const refuse = (task: Task, key: string, kind: ActRefused["kind"], why: string) =>
      start(task, key, () => refused(stage, task.named, key, new ActRefused({ kind, why })))

    const environmentOf = (task: Task, names: Iterable<string>) =>
      Material.environment(engine.contents, task.frame, names)

    /** Asks somebody about the act, unless they have decided. Returns what they decided, if that is known now. */
    const decisionOf = Effect.fnUntraced(function*(task: Task, key: string) {
      const { approve } = task.act
      if (approve === undefined) return approved
      const known = decisions.get(key)
      if (known !== undefined) return known
      const question = Template.render(approve, yield* environmentOf(task, Material.namesOf(approve)))
      const decision = yield* engine.decision({ act: task.named.name, key, question })
      if (!("later" in decision)) return decision
      undecided.set(task, { key, question })
      yield* forked(decision.later, (exit) => ({ _tag: "Decided", task, key, exit }))
      return undefined
    })

    /** Begins the rounds of a loop, or the items of a fan-out. */
    const expand = Effect.fnUntraced(function*(task: Task, key: string): Effect.fn.Return<void, RunError> {
      const { act } = task
      const group = yield* Groups.begin(task, key)
      if (group.flow._tag === "Repeat") return yield* rounds(group, undefined)
      const { as, list, max } = group.flow.each
      const found = "values" in list ? list.values : Groups.listAt(list, yield* environmentOf(task, [list.ref]))
      if (!Array.isArray(found)) {
        yield* refuse(task, key, "MissingOutput", `for_each of ${act.name}: there is no list at ${Groups.named(list)}`)
      } else if (found.length > max) {
        const why = `for_each of ${act.name}: the list has ${found.length} items, and max_items is ${max}`
        yield* refuse(task, key, "TooManyItems", why)
      } else if (found.length === 0) yield* gather(group)
      else {
        group.open = found.length
        opened(group, yield* Groups.itemFrames(group, as, found))
      }
    })

    const opened = (group: Group, inner: ReadonlyArray<Frame>): void => {
      frames.splice(frames.indexOf(group.task.frame), 0, ...inner)
    }

    const rounds = (group: Group, last: Frame | undefined): Effect.Effect<void> =>
      Effect.map(Groups.roundFrame(group, last), (frame) => opened(group, [frame]))

    /** All of a group is played: its output is kept under its own key. */
    const gather = (group: Group): Effect.Effect<unknown> =>
      start(
        group.task,
        group.key,
        () => Effect.flatMap(Clock.currentTimeMillis, (now) => Groups.gathered(engine.contents, group, now))
      )

    /** What follows when all acts of a frame are done or left out. */
    const over = Effect.fnUntraced(function*(frame: Frame): Effect.fn.Return<void, RunError> {
      const { group } = frame
      if (group === undefined) return
      frames.splice(frames.indexOf(frame), 1)
      const output = frame.own(group.result)
      if (group.flow._tag === "Each") {
        group.outputs[frame.index] = output
        group.open--
        if (group.open === 0) yield* gather(group)
        return
      }
      const { max, onMax, until } = group.flow.repeat
      group.round++
      if (output === undefined) {
        const why = `round ${group.round} gave nothing, because ${group.result} has no answer there`
        return void (yield* refuse(group.task, group.key, "LoopEnded", why))
      }
      group.outputs[0] = output
      const environment = yield* Material.environment(
        engine.contents,
        frame,
        Conditions.places(until).map(({ ref }) => ref)
      )
      if (Conditions.holds(until, environment)) return void (yield* gather(group))
      if (group.round < max) return yield* rounds(group, frame)
      if (onMax === "keep") return void (yield* gather(group))
      const times = group.round === 1 ? "the only round" : `${group.round} rounds`
      yield* refuse(group.task, group.key, "LoopEnded", `the condition did not hold after ${times}`)
    })

    const leaveOut = Effect.fnUntraced(function*(
      task: Task,
      first: ReadonlyArray<{ readonly act: string; readonly because: string }>
    ): Effect.fn.Return<void, RunError> {
      const those = [...first, ...task.frame.skip(task)]
      for (const { act } of those) skipped.push(act)
      if (those.length > 0) yield* engine.record(those.map((it): RunRecord => ({ _tag: "ActSkipped", ...it })))
      if (task.frame.isOver) yield* over(task.frame)
    })

    const ended = Effect.fnUntraced(function*(task: Task, record: Ended): Effect.fn.Return<void, RunError> {
      const { act, frame } = task
      if (record._tag === "ActAnswered") {
        for (let at = frame.group; at !== undefined; at = at.task.frame.group) {
          if (record.model !== "") at.models.add(record.model)
        }
        frame.done(task, { sha256: record.sha256, content: record.output, list: record.list })
        const { finished } = settings
        if (finished !== undefined) {
          const list = record.list === undefined ? undefined : yield* Contents.textOf(engine.contents, record.list)
          yield* finished(resultOf(record, yield* Contents.textOf(engine.contents, record.output), list))
        }
        return frame.isOver ? yield* over(frame) : undefined
      }
      failedActs.push(task.named.name)
      if (frame.policy(act, settings.onFailure) === "skip") return yield* leaveOut(task, [])
      isFatal = true
      stopping.now = true
    })

    const guarded = (effect: Effect.Effect<void, RunError>, act: string | undefined): Effect.Effect<void> =>
      Effect.catch(effect, (error) => Effect.sync(() => breaks(error, act)))

    const failedWith = (task: Task, cause: Cause.Cause<Failure>): Effect.Effect<void> => {
      const error = Cause.findErrorOption(cause)
      if (error._tag === "None") {
        // A defect is one of ours.
        const defects = cause.reasons.filter((reason) => reason._tag === "Die")
        if (defects.length > 0) return Effect.failCause(Cause.fromReasons(defects))
        // An act that was aborted is asked again by `resume`; if nobody here did that, the engine gives the run away.
        stopping.left ||= !stopping.now
        stopping.now = true
        return Effect.void
      }
      const failure = error.value
      if (failure._tag === "LongWait") {
        sleeping++
        waits.set(task, failure.until)
        return Effect.asVoid(forked(engine.sleep(failure.until), (exit) => ({ _tag: "Again", task, exit })))
      }
      stopping.now = true
      if (failure._tag === "Passing") causes.push({ act: task.named.name, cause: failure.cause })
      else breaks(failure, task.named.name)
      return broken?.error.reason._tag === "TakenOver" ? FiberSet.clear(fibers) : Effect.void
    }

    /** Begins an act, or puts it where it belongs: left out, asked about, or known already. */
    const begin = Effect.fnUntraced(function*(task: Task): Effect.fn.Return<void, RunError> {
      const { act, frame, named } = task
      const result = frame === root ? settings.known?.get(act.name) : undefined
      if (result !== undefined) {
        frame.done(task, yield* Material.outputOf(result.text, result.list))
        return
      }
      if (act.when !== undefined) {
        const names = Conditions.places(act.when).map(({ ref }) => ref)
        if (!Conditions.holds(act.when, yield* environmentOf(task, names))) {
          return yield* leaveOut(task, [{ act: named.name, because: named.name }])
        }
      }
      const key = yield* keyOf(named, (name) => frame.find(name)?.sha256 ?? "")
      const known = engine.known?.(key)
      if (known !== undefined) return yield* ended(task, known)
      const decision = yield* decisionOf(task, key)
      if (decision === undefined) return
      if (decision.verdict === "deny") {
        const { by, reason } = decision
        const who = by === undefined || by === "" ? "somebody" : by
        const why = `${who} did not approve it${reason === undefined ? "" : `: ${reason}`}`
        yield* refuse(task, key, "Denied", why)
      } else if (act.acts !== undefined) yield* expand(task, key)
      else yield* start(task, key, perform(stage, named, key, Material.gather(engine.contents, frame, settings.images)))
    })

    yield* Effect.forkScoped(Effect.forever(
      Effect.flatMap(Queue.take(settings.orders), (order) => Queue.offer(messages, order))
    ))
    yield* Effect.forkScoped(Effect.andThen(engine.cancelled, Queue.offer(messages, { _tag: "Cancel" })))

    const next = (): Task | undefined => {
      for (const frame of frames) {
        const task = frame.take()
        if (task !== undefined) return task
      }
      return undefined
    }

    while (true) {
      while (!stopping.now && running < settings.concurrency) {
        const task = next()
        if (task === undefined) break
        yield* guarded(begin(task), task.named.name)
      }
      const isHeld = sleeping > 0 || undecided.size > 0 && engine.staysForDecisions === true
      if (running === 0 && (stopping.now || !isHeld)) break
      // The orders and ends that came meanwhile are heard first.
      if (running === 0 && Queue.sizeUnsafe(messages) === 0 && engine.idle !== undefined) {
        yield* engine.idle(Math.min(...waits.values()), Array.from(undecided.values(), ({ key }) => key))
      }
      const message = yield* Queue.take(messages)
      switch (message._tag) {
        case "Ended": {
          running--
          const { exit, task } = message
          yield* Exit.isFailure(exit)
            ? failedWith(task, exit.cause)
            : guarded(ended(task, exit.value), undefined)
          break
        }
        case "Again": {
          sleeping--
          waits.delete(message.task)
          if (Exit.isSuccess(message.exit)) message.task.frame.back(message.task)
          break
        }
        case "Decided": {
          const { exit, key, task } = message
          undecided.delete(task)
          if (Exit.isSuccess(exit)) {
            decisions.set(key, exit.value)
            task.frame.back(task)
          } else yield* failedWith(task, exit.cause)
          break
        }
        case "Stop":
          stopping.now = true
          stopping.asked = true
          if (message.abort) yield* FiberSet.clear(fibers)
          break
        case "Leave":
          stopping.now = true
          stopping.left = true
          break
        case "Cancel":
          stopping.now = true
          stopping.cancelled = true
          yield* FiberSet.clear(fibers)
          break
      }
    }
    for (const [{ named }, { question }] of undecided) {
      const message = `somebody has to approve it: ${
        question.length <= longestQuestion ? question : `${question.slice(0, longestQuestion - 1)}…`
      }`
      causes.push({ act: named.name, cause: { reason: "ApprovalNeeded", message } })
    }
    yield* FiberSet.clear(fibers)
    if (broken !== undefined) return broken
    if (stopping.cancelled) return { _tag: "Cancelled" }
    if (stopping.left) return { _tag: "Left" }
    return isFatal || causes.length === 0 && !stopping.asked
      ? { _tag: "Done", ok: !isFatal, failed: failedActs, skipped }
      : { _tag: "Paused", acts: causes, stopped: stopping.asked }
  }))
