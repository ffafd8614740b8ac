/**
 * What a place must do to hold journals. `Journal` does everything else: schemas, bounds, redaction, retries.
 *
 * Rules that every store keeps, and that its conformance suite checks:
 * - A line is there whole or not at all, and what was acknowledged stays.
 * - A line is taken only where its `seq` is the run's next one. An opening is then taken from anybody, and its writer is
 *   from there on the run's writer; any other line only from the run's writer.
 * - A line that is offered again by its own writer, at the same `seq`, is acknowledged again and not written twice.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Head } from "./Entry.ts"
import type { JournalErrorReason } from "./JournalErrorReason.ts"

/**
 * One append. An opening takes one sequence number, anything else one for each record.
 *
 * @category models
 * @since 0.1.0
 */
export interface Line {
  readonly seq: number
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The id of the writer. */
  readonly by: string
  readonly opened: boolean
  /** The owner's state of the run, repeated in every line once it was given. */
  readonly state?: string
  /** Name and version of the records. */
  readonly of?: string
  readonly version?: number
  /** Encoded records: JSON. */
  readonly records: ReadonlyArray<unknown>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface End {
  readonly next: number
  readonly state?: string
}

/**
 * A writer that has the run. Appends are called one after the other.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoreWriter {
  /** Where the run ends, its own opening included. */
  readonly end: End
  /** `text` is the line as JSON, without a line break. */
  readonly append: (line: Line, text: string) => Effect.Effect<void, JournalErrorReason>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface StoreReader {
  /** Lines that come next, a bounded number of them; none where the run ends for now. */
  readonly pull: Effect.Effect<ReadonlyArray<Line>, JournalErrorReason>
  /** Ends when there may be more than `pull` last gave. Fails with NotFound when the run was removed. */
  readonly wait: Effect.Effect<void, JournalErrorReason>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface JournalStore {
  /**
   * Opens a run for writing: `create` fails with Exists, `resume` with NotFound, both with Busy where the store knows
   * that a living process has it. `opening` gives the line to write, for the end that was found; it may be asked again
   * where another writer came in between.
   */
  readonly open: (
    id: string,
    mode: "create" | "resume",
    opening: (end: End) => readonly [line: Line, text: string]
  ) => Effect.Effect<StoreWriter, JournalErrorReason, Scope.Scope>
  /** Reads from the append that holds the sequence number `from`. */
  readonly read: (id: string, from: number) => Effect.Effect<StoreReader, JournalErrorReason, Scope.Scope>
  /** At most `limit` ids that begin with `prefix` and come after `after`, sorted by code units. */
  readonly list: (
    prefix: string,
    after: string,
    limit: number
  ) => Effect.Effect<ReadonlyArray<string>, JournalErrorReason>
  readonly head: (id: string) => Effect.Effect<Head, JournalErrorReason>
  /** With its blobs. With `next` only if the run still ends there; else fails with WrongSequence. */
  readonly remove: (id: string, next?: number) => Effect.Effect<void, JournalErrorReason>
  /** Putting a blob twice keeps one. The digest is checked by the caller. */
  readonly putBlob: (id: string, digest: string, bytes: Uint8Array) => Effect.Effect<void, JournalErrorReason>
  readonly getBlob: (id: string, digest: string) => Effect.Effect<Uint8Array, JournalErrorReason>
}
