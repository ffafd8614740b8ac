/**
 * Why a run ended without an answer. Each reason says what to do about it, and from all but `TakenOver` the run can be
 * resumed.
 *
 * @since 0.1.0
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import type * as AiError from "effect/ai/AiError"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import type { AgentError } from "./AgentError.ts"
import type { UnusableWhy } from "./AgentRecord.ts"
import type { Request } from "./Approval.ts"
import { refusedBy } from "./internal/googleError.ts"

const times = (n: number, word: string): string => `${n} ${word}${n === 1 ? "" : "s"}`
const withMore = "resume it with a larger bound to go on"

/**
 * The model answered as often as it may.
 *
 * @category errors
 * @since 0.1.0
 */
export class StepLimit extends Data.TaggedError("StepLimit")<{ readonly limit: number; readonly used: number }> {
  override get message(): string {
    return `the model was not done after ${times(this.used, "step")}: ${withMore}`
  }
}

/**
 * The model made as many calls as it may.
 *
 * @category errors
 * @since 0.1.0
 */
export class CallLimit extends Data.TaggedError("CallLimit")<{ readonly limit: number; readonly used: number }> {
  override get message(): string {
    return `the model was not done after ${times(this.used, "call")}: ${withMore}`
  }
}

/**
 * The answers took as many tokens as they may, or more.
 *
 * @category errors
 * @since 0.1.0
 */
export class TokenLimit extends Data.TaggedError("TokenLimit")<{ readonly limit: number; readonly used: number }> {
  override get message(): string {
    return `${times(this.used, "token")} of ${this.limit} are used: ${withMore}`
  }
}

/**
 * The next question would cost more than is left, in US dollars.
 *
 * @category errors
 * @since 0.1.0
 */
export class MoneyLimit extends Data.TaggedError("MoneyLimit")<{ readonly limit: string; readonly used: string }> {
  override get message(): string {
    return `$${this.used} of $${this.limit} are used, and the next question may cost more than is left: ${withMore}`
  }
}

/**
 * The time was over; what ran was interrupted.
 *
 * @category errors
 * @since 0.1.0
 */
export class TimeLimit extends Data.TaggedError("TimeLimit")<{ readonly limit: Duration.Duration }> {
  override get message(): string {
    return `the run was not done after ${Duration.format(this.limit)}: resume it to go on with what was recorded`
  }
}

/**
 * The model made the same calls with the same arguments and got the same results, `times` times in a row.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoProgress extends Data.TaggedError("NoProgress")<{ readonly call: string; readonly times: number }> {
  override get message(): string {
    return `the model called ${this.call} ${this.times} times in a row with the same arguments and results: ` +
      "change the instructions or the tool, or resume it"
  }
}

/**
 * The run waits for people. Nothing of it is in memory meanwhile.
 *
 * @category errors
 * @since 0.1.0
 */
export class Suspended extends Data.TaggedError("Suspended")<{ readonly pending: ReadonlyArray<Request> }> {
  override get message(): string {
    const of = this.pending.map(({ call, kind, tool }) => `${call} (${tool}: ${kind})`).join(", ")
    return `the run waits for decisions about ${of}: resume it with them`
  }
}

/**
 * The model's answers could not be used, so often in a row, hints included.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unusable extends Data.TaggedError("Unusable")<{
  readonly why: UnusableWhy | "WrongCalls"
  readonly attempts: number
}> {
  override get message(): string {
    const why = {
      MalformedCall: "wrote a call that cannot be read",
      Empty: "answered nothing",
      Truncated: "did not end its answer",
      NotTheSchema: "gave an answer that misses the schema",
      WrongCalls: "made nothing but calls that cannot be run"
    }[this.why]
    return `the model ${why}, ${times(this.attempts, "time")} in a row: resume it, or use another model`
  }
}

/**
 * The model refused, or its answer was blocked.
 *
 * @category errors
 * @since 0.1.0
 */
export class Blocked extends Data.TaggedError("Blocked")<{ readonly cause: AiError.AiError | undefined }> {
  override get message(): string {
    return `the answer was blocked${this.cause === undefined ? "" : `: ${this.cause.reason.message}`}`
  }
}

/**
 * The model could not be asked.
 *
 * @category errors
 * @since 0.1.0
 */
export class ModelFailed extends Data.TaggedError("ModelFailed")<{ readonly cause: AiError.AiError }> {
  override get message(): string {
    const budget = refusedBy(this.cause)
    const why = budget === undefined
      ? this.cause.reason.message
      : `the budget ${JSON.stringify(budget)} has no room for it`
    return `the model could not be asked: ${why}`
  }
}

/**
 * A tool failed whose `failureMode` is `error`. Its own error is `error`, typed by the tool.
 *
 * @category errors
 * @since 0.1.0
 */
export class ToolFailed<out E> extends Data.TaggedError("ToolFailed")<{
  readonly tool: string
  readonly call: string
}> {
  readonly error: E

  constructor(fields: { readonly tool: string; readonly call: string; readonly error: E }) {
    super({ tool: fields.tool, call: fields.call })
    this.error = fields.error
  }

  override get message(): string {
    const said = this.error instanceof Error ? this.error.message : String(this.error)
    return `the tool ${this.tool} failed (call ${this.call}): ${said}`
  }
}

/**
 * A check refused the input or the answer.
 *
 * @category errors
 * @since 0.1.0
 */
export class CheckFailed extends Data.TaggedError("CheckFailed")<{ readonly check: string; readonly why: string }> {
  override get message(): string {
    return `the check ${this.check} refused it: ${this.why}`
  }
}

/**
 * A tool of an open call is gone or has another declaration than when the run began.
 *
 * @category errors
 * @since 0.1.0
 */
export class Changed extends Data.TaggedError("Changed")<{ readonly what: string }> {
  override get message(): string {
    return `${this.what} since the run began: resume it with the version that it began with, or decide about its calls`
  }
}

/**
 * Another process has the run and goes on with it. Nothing was asked or called after it took over.
 *
 * @category errors
 * @since 0.1.0
 */
export class TakenOver extends Data.TaggedError("TakenOver")<{ readonly cause: JournalError }> {
  override get message(): string {
    return this.cause.reason.message
  }
}

/**
 * A living process holds the run.
 *
 * @category errors
 * @since 0.1.0
 */
export class Busy extends Data.TaggedError("Busy")<{ readonly cause: JournalError }> {
  override get message(): string {
    return this.cause.reason.message
  }
}

/**
 * A handler was interrupted by itself, not by the run.
 *
 * @category errors
 * @since 0.1.0
 */
export class Interrupted extends Data.TaggedError("Interrupted")<{ readonly call: string }> {
  override get message(): string {
    return `the call ${this.call} was interrupted: resume the run`
  }
}

/**
 * The journal could not be read or written.
 *
 * @category errors
 * @since 0.1.0
 */
export class JournalFailed extends Data.TaggedError("JournalFailed")<{ readonly cause: JournalError }> {
  override get message(): string {
    return this.cause.message
  }
}

/**
 * The input, a decision or an option cannot be taken. Nothing was asked or recorded.
 *
 * @category errors
 * @since 0.1.0
 */
export class Refused extends Data.TaggedError("Refused")<{ readonly path: string; readonly why: string }> {
  override get message(): string {
    return `${this.path}: ${this.why}`
  }
}

/**
 * A child of a team gave no answer, and the team has none without it. `error` is the child's own; it is `undefined`
 * where the failure is known from the records alone. `others` has what the other children gave.
 *
 * @category errors
 * @since 0.1.0
 */
export class ChildFailed<out E> extends Data.TaggedError("ChildFailed")<{
  /** Its name and number in the team, such as `critic.2`. */
  readonly child: string
  readonly why: string
  readonly others: Readonly<Record<string, unknown>>
}> {
  readonly error: AgentError<E> | E | undefined

  constructor(fields: {
    readonly child: string
    readonly why: string
    readonly error: AgentError<E> | E | undefined
    readonly others: Readonly<Record<string, unknown>>
  }) {
    super({ child: fields.child, why: fields.why, others: fields.others })
    this.error = fields.error
  }

  override get message(): string {
    return `${this.child} gave no answer: ${this.why}`
  }
}

/**
 * The agents of a team handed over more often than they may, or back and forth while none of them did anything else.
 *
 * @category errors
 * @since 0.1.0
 */
export class HandoffLimit extends Data.TaggedError("HandoffLimit")<{
  readonly why: "TooMany" | "BackAndForth"
  readonly limit: number
  /** Who had the run, in turn; the last one did not get it. */
  readonly path: ReadonlyArray<string>
}> {
  override get message(): string {
    const path = this.path.join(" → ")
    return this.why === "TooMany"
      ? `the agents handed over more than ${times(this.limit, "time")}, ${path}: resume it with a larger \`limit\``
      : `the agents handed over back and forth and did nothing else, ${path}: resume it, or tell them who does what`
  }
}

/**
 * Every reason why a run can end without an answer; switch on its `_tag`. `E` is what its tools fail with.
 *
 * @category models
 * @since 0.1.0
 */
export type AgentErrorReason<E = unknown> =
  | StepLimit
  | CallLimit
  | TokenLimit
  | MoneyLimit
  | TimeLimit
  | NoProgress
  | Suspended
  | Unusable
  | Blocked
  | ModelFailed
  | ToolFailed<E>
  | CheckFailed
  | Changed
  | TakenOver
  | Busy
  | Interrupted
  | JournalFailed
  | Refused
  | ChildFailed<E>
  | HandoffLimit
