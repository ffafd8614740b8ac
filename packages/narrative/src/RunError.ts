/**
 * A call about a run failed. The reasons of the store are those of the journal (`Busy`, `NotFound`, `StorageFull` and so
 * on), with a message in the words of runs; `Refused` and `UnknownAct` are about the call itself.
 *
 * An act that fails pauses the run, or ends it, and the run's summary says why: the call about the run succeeds.
 *
 * @since 0.2.0
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import { JournalErrorReason } from "effect-gemini-journal/JournalErrorReason"
import * as Schema from "effect/Schema"

/**
 * The call cannot be meant: `path` is the place in the input, `why` is what is wrong there.
 *
 * @category errors
 * @since 0.2.0
 */
export class Refused extends Schema.TaggedError<Refused>("effect-gemini-narrative/Refused")("Refused", {
  path: Schema.String,
  why: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.path}: ${this.why}`
  }
}

/**
 * The run has no act of this name.
 *
 * @category errors
 * @since 0.2.0
 */
export class UnknownAct extends Schema.TaggedError<UnknownAct>("effect-gemini-narrative/UnknownAct")("UnknownAct", {
  act: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const known = this.known.slice(0, 20).join(", ")
    return `the run has no act ${JSON.stringify(this.act)}; its acts are ${known}${this.known.length > 20 ? ", …" : ""}`
  }
}

/**
 * Every reason why a call about a run can fail; switch on its `_tag`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RunErrorReason = Schema.Union([...JournalErrorReason.members, Refused, UnknownAct])

/**
 * @category models
 * @since 0.2.0
 */
export type RunErrorReason = typeof RunErrorReason.Type

const when = (since: number | undefined): string =>
  since === undefined || !Number.isFinite(new Date(since).getTime()) ? "" : ` since ${new Date(since).toISOString()}`

const process = (pid: number | undefined): string => pid === undefined ? "another process" : `process ${pid}`

/** The reasons whose own sentence speaks of appends and writers, in the words of runs. */
const say = (reason: RunErrorReason): string => {
  switch (reason._tag) {
    case "Busy":
      return `${process(reason.pid)} plays this run${when(reason.since)}: watch it, or end that process first`
    case "TakenOver":
      return `${process(reason.pid)} goes on with this run${when(reason.since)}: this process stopped here`
    case "NotFound":
      return reason.what === "run" ? "there is no run of this id" : "a text or image of the run is missing beside it"
    case "Exists":
      return "there is a run of this id already: choose another id, or resume that run"
    case "StorageFull":
      return `the disk is full (${reason.code}): free some room, then resume the run; what was written is kept`
    case "NewerVersion":
      return `a newer version wrote this run (${reason.name} ${reason.found}; this one knows ${reason.known}): go on ` +
        "with that version; nothing was changed"
    case "ForeignRecord":
      return `this is a run of ${reason.found}, not a narrative's`
    default:
      return reason.message
  }
}

/**
 * A call about a run failed: `method` is the call, `id` the run, and `reason` says why and what to do.
 *
 * @category errors
 * @since 0.2.0
 */
export class RunError extends Schema.TaggedError<RunError>("effect-gemini-narrative/RunError")("RunError", {
  method: Schema.String,
  id: Schema.optionalKey(Schema.String),
  reason: RunErrorReason
}) {
  /** Whether the same call may succeed later. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }
  override get message(): string {
    return this.id === undefined ? say(this.reason) : `run ${this.id}: ${say(this.reason)}`
  }
}

/**
 * The error of a call about a run from the journal's.
 *
 * @category conversions
 * @since 0.2.0
 */
export const fromJournal = (method: string, { id, reason }: JournalError): RunError =>
  new RunError({ method, ...(id === undefined ? {} : { id }), reason })
