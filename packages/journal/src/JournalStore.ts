/**
 * What a place must do to hold journals. `Journal` does everything else: schemas, bounds, redaction, retries.
 *
 * This module is for builders of stores; programs use `Journal` with one of the stores here.
 *
 * Every store keeps these rules, and the conformance suite of stores checks them:
 * - A line is there whole or not at all, and what was acknowledged stays.
 * - A line is taken only if its `seq` is the run's next one. An opening is then taken from anybody, and its writer is
 *   from there on the run's writer; any other line is taken only from the run's writer.
 * - A line that is offered again by its own writer, at the same `seq`, is acknowledged again and not written twice.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Head } from "./Entry.ts"
import type { JournalErrorReason } from "./JournalErrorReason.ts"

/**
 * One append. An opening takes one sequence number, any other line one for each of its records.
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
 * Where a run ends: the sequence number that comes next, and the state given last.
 *
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
 * A place in a run from which its lines are read on, until its scope ends.
 *
 * @category models
 * @since 0.1.0
 */
export interface StoreReader {
  /** The lines that come next, a bounded number of them; none if the run ends here for now. */
  readonly pull: Effect.Effect<ReadonlyArray<Line>, JournalErrorReason>
  /** Waits until there may be more lines than `pull` last gave. Fails with NotFound when the run was removed. */
  readonly wait: Effect.Effect<void, JournalErrorReason>
}

/**
 * What a store offers: memory and files have one here, and another place needs one of this form.
 *
 * @category models
 * @since 0.1.0
 */
export interface JournalStore {
  /**
   * Opens a run for writing: `create` fails with Exists, `resume` with NotFound, both with Busy where the store knows
   * that a living process has it. `opening` gives the line to write, for the end that was found; it may be called
   * again if another writer came in between.
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
  /**
   * Removes the run and its blobs. With `next` it does so only if the run still ends there, and else fails with
   * WrongSequence.
   */
  readonly remove: (id: string, next?: number) => Effect.Effect<void, JournalErrorReason>
  /** Keeps a blob; the same blob put twice is kept once. The digest is checked by the caller. */
  readonly putBlob: (id: string, digest: string, bytes: Uint8Array) => Effect.Effect<void, JournalErrorReason>
  readonly getBlob: (id: string, digest: string) => Effect.Effect<Uint8Array, JournalErrorReason>
}
