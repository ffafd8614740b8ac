/**
 * What a run's journal holds, as readers see it: entries in the order of their sequence numbers, without a gap.
 *
 * Opening a run is an entry too, with a sequence number of its own. That is what ends a former writer: the number that
 * it would use next is taken.
 *
 * @since 0.1.0
 */

/**
 * Who wrote. `id` is different for every opening; `pid` is the process's number where the runtime has one, and means
 * something only on the machine it ran on; `since` is when it opened the run, in milliseconds since the epoch by its own
 * clock.
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
  /** From 0, without a gap. */
  readonly seq: number
  /** Milliseconds since the epoch, by the writer's clock: clocks may be set back, `seq` is the order. */
  readonly at: number
  readonly writer: Writer
}

/**
 * The run was created. Always at 0.
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
 * @category models
 * @since 0.1.0
 */
export interface Recorded<A> extends Common {
  readonly _tag: "Recorded"
  readonly record: A
}

/**
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
  /** Who wrote last. Whether that writer is still alive is not told. */
  readonly writer: Writer
}
