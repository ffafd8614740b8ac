/**
 * What a test sees of the batches that an emulator keeps.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"

/**
 * The batches of a running emulator.
 *
 * @category models
 * @since 0.2.0
 */
export interface BatchControl {
  /** The batches of all projects, as lists of the API show them. */
  readonly list: Effect.Effect<
    ReadonlyArray<{ readonly project: string; readonly batch: Readonly<Record<string, unknown>> }>
  >
  /** How many batches were made, and how many of their rows were answered. */
  readonly counts: Effect.Effect<{ readonly created: number; readonly rows: number }>
}
