/**
 * The records of one session of a run as a script: a journal that takes only what they say comes next, and an actor and
 * handlers that give what they say. A session is what one process did: from `Begun` or `Continued` to the next of them.
 */
import type * as ToolCalls from "effect-gemini-ai/ToolCalls"
import type * as Journal from "effect-gemini-journal/Journal"
import type * as Tool from "effect/ai/Tool"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as AgentErrorReason from "../AgentErrorReason.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import type { Request } from "../Approval.ts"
import { Diverged } from "../Diverged.ts"
import * as ToolPolicy from "../ToolPolicy.ts"
import { type Actor, type AnswerAt, Unanswered } from "./Actor.ts"
import { RunCall } from "./RunCall.ts"
import type { Toolbox, Tools } from "./Toolbox.ts"
import * as TraceLines from "./traceLines.ts"
import { Unended } from "./Unended.ts"

/** The session is over, although the loop would go on: the process died, or the run was stopped from outside. */
export class Over {
  readonly _tag = "Over"
}

/** Stops that come from outside of the loop, wherever it is. */
const outside = new Set<string>(["TimeLimit", "Interrupted", "TakenOver", "JournalFailed"])

/** So often is looked whether the script went on, before it is clear that a call without an end broke off. */
const patience = 1_000

/** So many milliseconds more a call waits whose end is still to come. */
const pauses = 100

/**
 * What others do meanwhile may be on the pool of threads, as a digest is, and a machine that is busy comes to it late: a
 * wait by turns alone would be over before it.
 */
const pause = Effect.callback<void>((resume) => {
  const timer = setTimeout(() => resume(Effect.void), 1)
  return Effect.sync(() => clearTimeout(timer))
})

type Ended = Extract<AgentRecord, { readonly _tag: "CallEnded" }>

export class Script {
  readonly #records: ReadonlyArray<AgentRecord>
  readonly #end: number
  readonly #written: Array<AgentRecord> = []
  #at: number
  #hasWaited = false

  /** The session's records are those from `from` to before `end`; `at` is the first that the loop writes. */
  constructor(records: ReadonlyArray<AgentRecord>, at: number, end: number) {
    this.#records = records
    this.#at = at
    this.#end = end
    this.#skip()
  }

  /** What handlers did to shared states is given: a replay calls none. */
  #skip(): void {
    for (let record = this.next; record?._tag === "SharedUpdated"; record = this.next) {
      this.#written.push(record)
      this.#at++
    }
  }

  get next(): AgentRecord | undefined {
    return this.#at < this.#end ? this.#records[this.#at] : undefined
  }

  diverged(found: unknown, path = "", expected: unknown = this.next): Diverged {
    return new Diverged({ at: this.#at, path, expected, found })
  }

  /** The place in the run of the record that comes next. */
  get place(): number {
    return this.#at
  }

  /** Whether a call waited for people in a worker: what they are asked there is in the worker's records alone. */
  get hasWaited(): boolean {
    return this.#hasWaited
  }

  /** What the loop has written. */
  get written(): ReadonlyArray<AgentRecord> {
    return this.#written
  }

  /** What the loop did not come to, because the session ended from outside. */
  get rest(): ReadonlyArray<AgentRecord> {
    return this.#records.slice(this.#at, this.#end)
  }

  /** Takes the record of the session's stop, which is not the loop's to write. */
  stop(record: AgentRecord): void {
    this.#written.push(record)
    this.#at++
    this.#skip()
  }

  /** Defects end the loop wherever it is; whoever plays the script knows them. */
  get #over(): Effect.Effect<never> | undefined {
    const { next } = this
    const isOver = next === undefined || (next._tag === "Stopped" && outside.has(next.reason))
    return isOver ? Effect.die(new Over()) : undefined
  }

  journal(id: string): Journal.Run<AgentRecord> {
    return {
      id,
      writer: { id: "replay" },
      next: 0,
      state: undefined,
      putBlob: () => Effect.die(new Error("a replay keeps no blobs")),
      append: (records) =>
        Effect.suspend(() => {
          for (const record of records) {
            const over = this.#over
            if (over !== undefined) return over
            const found = TraceLines.difference(this.next, record)
            if (found !== undefined) {
              return Effect.die(new Diverged({ at: this.#at, path: found.path, expected: found.a, found: found.b }))
            }
            this.#written.push(record)
            this.#at++
            this.#skip()
          }
          return Effect.succeed(0)
        })
    }
  }

  actor<R>(): Actor<never, R> {
    return {
      ask: () =>
        Effect.suspend((): Effect.Effect<AnswerAt, Unanswered> => {
          const over = this.#over
          if (over !== undefined) return over
          const { next } = this
          if (next?._tag === "AskFailed") return Effect.fail(new Unanswered(next, this.#stop()))
          if (next?._tag !== "Answered") return Effect.die(this.diverged(undefined))
          const { at, finish, messages, model, sources = [], usage, use } = next
          const text = TraceLines.textOf(messages)
          return Effect.succeed({
            at,
            finish,
            messages,
            model,
            sources,
            usage,
            text,
            // Whether a text fits the schema is the agent's to judge again.
            use: use === "NotTheSchema" ? "text" : use
          })
        }),
      summarize: () =>
        Effect.suspend(() => {
          const over = this.#over
          if (over !== undefined) return over
          const { next } = this
          return next?._tag === "Compacted"
            ? Effect.succeed({ text: next.text, usage: next.usage })
            : Effect.die(this.diverged(undefined))
        })
    }
  }

  /** Why the run stopped when the model gave no answer: the records know the reason's name and no more. */
  #stop(): AgentErrorReason.AgentErrorReason<never> {
    const after = this.#at + 1 < this.#end ? this.#records[this.#at + 1] : undefined
    // A run that is asked for a last answer then was short of money.
    if (after?._tag === "Asked" && after.concluding === true) {
      return new AgentErrorReason.MoneyLimit({ limit: "0", used: "0" })
    }
    return new AgentErrorReason.Refused({ path: "replay", why: "the model gave no answer" })
  }

  toolbox(tools: Tools): Toolbox<unknown, never> {
    return {
      tools: Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, this.#played(tool)])),
      handle: (call) => this.#handled(call)
    }
  }

  /** The tool without what needs time, and with what its lookup found. */
  #played(tool: Tool.Any): Tool.Any {
    const played = tool.annotate(ToolPolicy.Retry, undefined).annotate(ToolPolicy.Timeout, undefined)
    return typeof Context.get(tool.annotations, ToolPolicy.AfterCrash) !== "object"
      ? played
      : played.annotate(ToolPolicy.AfterCrash, { lookup: (key) => this.#lookedUp(key) })
  }

  #lookedUp(key: string): ReturnType<ToolPolicy.Lookup> {
    return Effect.suspend(() => {
      const call = key.slice(key.lastIndexOf("/") + 1)
      const about = this.rest.find((record) => "call" in record && record.call === call)
      return about?._tag === "CallEnded"
        ? Effect.succeed(Option.some(about.result))
        : about?._tag === "CallStarted"
        ? Effect.succeed(Option.none())
        : Effect.fail("unknown")
    })
  }

  /** A call ends where the records have its end: others may have begun meanwhile, however fast the replay is. */
  #handled({ id, name, params }: ToolCalls.WrittenCall): Effect.Effect<ToolCalls.Handled<unknown>> {
    return Effect.gen({ self: this }, function*() {
      let seen = this.#at
      let waited = 0
      while (true) {
        const over = this.#over
        if (over !== undefined) return yield* over
        const ended = this.next
        if (ended?._tag === "CallEnded" && this.#isOf(ended, { id, name, params })) {
          const { sources = [], usage } = ended
          const current = yield* ToolPolicy.CurrentCall
          if (usage !== undefined && current instanceof RunCall) current.take({ usage, sources }, true)
          return handled(ended)
        }
        waited = seen === this.#at ? waited + 1 : 0
        seen = this.#at
        if (waited > patience) {
          const ends = this.rest.some((it) => it._tag === "CallEnded" && this.#isOf(it, { id, name, params }))
          // Without an end it broke off, or the process died while it ran; others may go on after it.
          if (!ends) return this.#unended
          if (waited > patience + pauses) return yield* Effect.die(this.diverged({ _tag: "CallEnded", name }))
        }
        yield* waited > patience ? pause : Effect.yieldNow
      }
    })
  }

  /** A call without an end waited in a worker, or that worker's journal was lost, if that is why the session stopped. */
  get #unended(): ToolCalls.Handled<unknown> {
    const stop = this.#records[this.#end - 1]
    if (stop?._tag !== "Stopped") return brokenOff
    if (stop.reason === "ToolFailed") return new Unended([], Cause.fail<unknown>(stop.message))
    if (stop.reason !== "Suspended") return brokenOff
    this.#hasWaited = true
    return new Unended([below], undefined)
  }

  /** Waits for the place where the records have a child's end. If they have none, the session ended before it did. */
  childEnds(child: string): Effect.Effect<void> {
    return Effect.gen({ self: this }, function*() {
      let seen = this.#at
      let waited = 0
      while (true) {
        const { next } = this
        if (next === undefined || next._tag === "Stopped") return yield* Effect.die(new Over())
        if (next._tag === "ChildEnded" && next.child === child) return
        waited = seen === this.#at ? waited + 1 : 0
        seen = this.#at
        if (waited > patience + pauses) return yield* Effect.die(this.diverged({ _tag: "ChildEnded", child }))
        yield* waited > patience ? pause : Effect.yieldNow
      }
    })
  }

  #isOf({ call }: Ended, { id }: ToolCalls.WrittenCall): boolean {
    return this.#ids.get(call) === id
  }

  /** The ids of the calls of the last answer that the loop has taken, by their names in the run. */
  get #ids(): ReadonlyMap<string, string> {
    const answer = this.#records.slice(0, this.#at).findLast((record) => record._tag === "Answered")
    return new Map(answer?._tag === "Answered" ? TraceLines.callsOf(answer) : [])
  }
}

/** What people are asked in a worker, of which the records above know nothing. */
const below: Request = {
  call: "",
  tool: "",
  params: null,
  kind: "approval",
  digest: "",
  reason: undefined,
  expires: undefined
}

/** What a handler gives that ends without a result. */
const brokenOff: ToolCalls.Handled<unknown> = {
  result: null,
  encodedResult: null,
  isFailure: true,
  failure: Cause.interrupt()
}

const handled = ({ isFailure, mistake, modelOutput, result, stopped }: Ended): ToolCalls.Handled<unknown> => ({
  result,
  encodedResult: result,
  isFailure,
  ...(modelOutput === undefined ? {} : { modelOutput }),
  ...(mistake === undefined ? {} : { mistake }),
  ...(stopped === undefined ? {} : { failure: Cause.fail<unknown>(result) })
})
