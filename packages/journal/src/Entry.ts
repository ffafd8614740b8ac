/**
 * What a run's journal holds, as readers see it: entries in the order of their sequence numbers, without a gap.
 *
 * Opening a run is an entry too, with a sequence number of its own. That is what ends a former writer: the number that
 * it would use next is taken.
 *
 * @since 0.1.0
 */

/**
 * Who wrote. `id` is different for every opening; `pid` is the number of the process, where the runtime has one, and
 * means something only on that process's machine; `since` is when the writer opened the run, in milliseconds since the
 * epoch by its own clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface Writer {
  readonly id: string
  readonly pid?: number
  readonly since?: number
}

interface Common {
  /** The sequence number, from 0 and without a gap. */
  readonly seq: number
  /** Milliseconds since the epoch, by the writer's clock. Clocks may be set back, so the order is that of `seq`. */
  readonly at: number
  readonly writer: Writer
}

/**
 * The run was created. This entry always has the sequence number 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface Started extends Common {
  readonly _tag: "Started"
}

/**
 * The run was opened again. What the writer before had in flight at this moment may have happened without a record.
 *
 * @category models
 * @since 0.1.0
 */
export interface Resumed extends Common {
  readonly _tag: "Resumed"
}

/**
 * One record of the owner, decoded.
 *
 * @category models
 * @since 0.1.0
 */
export interface Recorded<A> extends Common {
  readonly _tag: "Recorded"
  readonly record: A
}

/**
 * One entry of a run: it was created, opened again, or something was recorded.
 *
 * @category models
 * @since 0.1.0
 */
export type Entry<A> = Started | Resumed | Recorded<A>

/**
 * A run as a list shows it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Head {
  readonly id: string
  /** The sequence number that comes next, which is the number of entries. */
  readonly next: number
  /** Milliseconds since the epoch, by the clocks of the writers. */
  readonly createdAt: number
  readonly updatedAt: number
  /** Journal and blobs together, as stored. */
  readonly bytes: number
  /** The state that the owner gave with its last append that gave one. */
  readonly state?: string
  /** Who wrote last. Nothing here tells whether that writer is still alive. */
  readonly writer: Writer
}
