/**
 * Why the journal refused: the typed causes inside a `JournalError`.
 *
 * Each reason is data that a program can branch on, knows whether the same call may succeed later (`isRetryable`), and
 * says in its message what to do. None of them holds a record, the bytes of a blob, an address or a password.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const pid = Schema.optionalKey(Schema.Finite)
const since = Schema.optionalKey(Schema.Finite)
const when = (since: number | undefined): string =>
  since === undefined || !Number.isFinite(new Date(since).getTime()) ? "" : ` since ${new Date(since).toISOString()}`
const who = (pid: number | undefined): string => pid === undefined ? "another writer" : `process ${pid}`

/**
 * The id cannot name a run. Ids are also names of folders: 1 to 128 letters, digits and `. _ ~ @ -`, beginning with a
 * letter or digit, not ending with a dot, and not a name that Windows keeps for itself, such as `con` or `nul.txt`.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidId extends Schema.TaggedError<InvalidId>("effect-gemini-journal/InvalidId")("InvalidId", {
  /** The id as JSON, cut after 80 characters. */
  shown: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.shown} cannot be the id of a run: use 1 to 128 letters, digits and . _ ~ @ -, beginning with a ` +
      "letter or digit and not ending with a dot"
  }
}

/**
 * The input cannot be written: a record does not fit its schema, or no longer does after redaction, there is no record
 * at all, or an option is out of its range. Nothing was written.
 *
 * @category errors
 * @since 0.1.0
 */
export class Invalid extends Schema.TaggedError<Invalid>("effect-gemini-journal/Invalid")("Invalid", {
  /** The place in the input, such as `records[1].usage.total`. */
  path: Schema.String,
  description: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.path}: ${this.description}`
  }
}

/**
 * `create` found a run of this id. `resume` goes on with it.
 *
 * @category errors
 * @since 0.1.0
 */
export class Exists extends Schema.TaggedError<Exists>("effect-gemini-journal/Exists")("Exists", {}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "there is a run of this id: resume it, or create one with another id"
  }
}

/**
 * There is no run, or no blob, of this name; or it was removed meanwhile.
 *
 * @category errors
 * @since 0.1.0
 */
export class NotFound extends Schema.TaggedError<NotFound>("effect-gemini-journal/NotFound")("NotFound", {
  what: Schema.Literals(["run", "blob"])
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return this.what === "run"
      ? "there is no run of this id here: `list` tells which there are, and `create` makes one"
      : "the run holds no blob of this digest"
  }
}

/**
 * A living process holds the run. It is free at the moment that process closes it or dies. `since` is in milliseconds
 * since the epoch; both are absent while the holder has not yet written its first line.
 *
 * @category errors
 * @since 0.1.0
 */
export class Busy extends Schema.TaggedError<Busy>("effect-gemini-journal/Busy")("Busy", { pid, since }) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `${who(this.pid)} holds the run${when(this.since)}: follow it from here, or end that process and try again`
  }
}

/**
 * Somebody resumed the run after this writer had opened it: nothing that this writer appends counts any more. `pid` and
 * `since` (milliseconds since the epoch) are those of the new writer.
 *
 * @category errors
 * @since 0.1.0
 */
export class TakenOver extends Schema.TaggedError<TakenOver>("effect-gemini-journal/TakenOver")("TakenOver", {
  pid,
  since
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${who(this.pid)} has taken the run over${when(this.since)}: stop here, that writer goes on`
  }
}

/**
 * The records would not stand where the writer believes. `expected` is the sequence number that comes next, `given` the
 * one that was asked for. Where `expected` is the lower one, the store has lost acknowledged records.
 *
 * @category errors
 * @since 0.1.0
 */
export class WrongSequence extends Schema.TaggedError<WrongSequence>("effect-gemini-journal/WrongSequence")(
  "WrongSequence",
  { expected: Schema.Finite, given: Schema.Finite }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.expected} is the next sequence number, not ${this.given}: ${
      this.expected < this.given ? "the store has lost records; resume the run and do them again" : "resume and read"
    }`
  }
}

/**
 * The append before this one failed in a way that leaves open whether it was written. Append exactly the same records
 * again, or resume the run and read from `seq`.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unsettled extends Schema.TaggedError<Unsettled>("effect-gemini-journal/Unsettled")("Unsettled", {
  seq: Schema.Finite
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `it is not known whether the append at ${this.seq} was written: append the same records again, or resume ` +
      `the run and read from ${this.seq}`
  }
}

/**
 * The scope in which the run was opened has ended.
 *
 * @category errors
 * @since 0.1.0
 */
export class Closed extends Schema.TaggedError<Closed>("effect-gemini-journal/Closed")("Closed", {}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return "the scope of this run has ended: resume the run in a scope that lives as long as its work"
  }
}

/**
 * Something is larger than its limit. `size` and `limit` are bytes; for `records` they are numbers of records.
 *
 * @category errors
 * @since 0.1.0
 */
export class TooLarge extends Schema.TaggedError<TooLarge>("effect-gemini-journal/TooLarge")("TooLarge", {
  what: Schema.Literals(["record", "append", "records", "blob"]),
  size: Schema.Finite,
  limit: Schema.Finite
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    const unit = this.what === "records" ? "" : " bytes"
    return `the ${this.what} of ${this.size}${unit} is above the limit of ${this.limit}${unit}: ${
      this.what === "record" ? "put large parts into blobs" : "split it, or raise the limit"
    }`
  }
}

/**
 * A newer version of the owner wrote this: `name` is the kind of record, or `journal` for the format of the journal
 * itself. Nothing is guessed: update the package that owns it.
 *
 * @category errors
 * @since 0.1.0
 */
export class NewerVersion extends Schema.TaggedError<NewerVersion>("effect-gemini-journal/NewerVersion")(
  "NewerVersion",
  { name: Schema.String, found: Schema.Finite, known: Schema.Finite, seq: Schema.Finite }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.name} has version ${this.found} at ${this.seq}, and ${this.known} is the newest that is known here: ` +
      `update the package that owns ${this.name}`
  }
}

/**
 * The run holds records of another kind: it belongs to another package.
 *
 * @category errors
 * @since 0.1.0
 */
export class ForeignRecord extends Schema.TaggedError<ForeignRecord>("effect-gemini-journal/ForeignRecord")(
  "ForeignRecord",
  { expected: Schema.String, found: Schema.String, seq: Schema.Finite }
) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `the record at ${this.seq} is of ${this.found}, not of ${this.expected}: is this the right run?`
  }
}

/**
 * The stored run is damaged. `seq` is the sequence number of the damaged place, where it is known. Nothing was
 * changed.
 *
 * @category errors
 * @since 0.1.0
 */
export class Corrupt extends Schema.TaggedError<Corrupt>("effect-gemini-journal/Corrupt")("Corrupt", {
  seq: Schema.optionalKey(Schema.Finite),
  description: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.seq === undefined ? "" : `at ${this.seq}: `}${this.description}. The run cannot be read past this ` +
      "place; restore it from a copy, or remove it"
  }
}

/**
 * There is no room: a full disk, a quota, a Redis or a database at its limit. `code` is the system's, such as ENOSPC or
 * OOM. Nothing of the append is left.
 *
 * @category errors
 * @since 0.1.0
 */
export class StorageFull extends Schema.TaggedError<StorageFull>("effect-gemini-journal/StorageFull")("StorageFull", {
  code: Schema.String
}) {
  get isRetryable(): boolean {
    return true
  }
  override get message(): string {
    return `there is no room for it (${this.code}): free some, for example with \`prune\`, and append again`
  }
}

/**
 * The store does not answer, or it refuses the call. `code` is the system's own, such as ECONNREFUSED, EACCES or
 * TIMEOUT.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unavailable extends Schema.TaggedError<Unavailable>("effect-gemini-journal/Unavailable")("Unavailable", {
  code: Schema.String
}) {
  get isRetryable(): boolean {
    return this.code !== "EACCES" && this.code !== "EPERM" && this.code !== "EROFS"
  }
  override get message(): string {
    return `the journal's store cannot be used (${this.code}): ${
      this.isRetryable
        ? "see that it runs and is reachable, then try again"
        : "this process needs the right to write it"
    }`
  }
}

/**
 * A folder or file of the journal is not safe to use: it is a link, it is neither a file nor a folder, or another user
 * owns it or may write it.
 *
 * @category errors
 * @since 0.1.0
 */
export class Unsafe extends Schema.TaggedError<Unsafe>("effect-gemini-journal/Unsafe")("Unsafe", {
  path: Schema.String,
  description: Schema.String
}) {
  get isRetryable(): boolean {
    return false
  }
  override get message(): string {
    return `${this.path} ${this.description}`
  }
}

/**
 * Every reason why a call of the journal can fail; switch on its `_tag`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const JournalErrorReason = Schema.Union([
  InvalidId,
  Invalid,
  Exists,
  NotFound,
  Busy,
  TakenOver,
  WrongSequence,
  Unsettled,
  Closed,
  TooLarge,
  NewerVersion,
  ForeignRecord,
  Corrupt,
  StorageFull,
  Unavailable,
  Unsafe
])

/**
 * @category models
 * @since 0.1.0
 */
export type JournalErrorReason = typeof JournalErrorReason.Type
