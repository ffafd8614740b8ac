/**
 * The events of a narrative while it is played.
 *
 * @since 0.1.0
 */
import type { GeminiError } from "effect-gemini/GeminiError"
import type { LaneKey } from "effect-gemini/RateLimiter"
import type { Usage } from "effect-gemini/wire/Usage"
import type { ActResult, Totals } from "./ActResult.ts"

/**
 * An act begins. `model` is what its request names; undefined is the client's default.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActStarted {
  readonly _tag: "ActStarted"
  readonly act: string
  readonly model: string | undefined
}

/**
 * An act waits until its model's quota has room.
 *
 * @category models
 * @since 0.1.0
 */
export interface Waiting {
  readonly _tag: "Waiting"
  readonly act: string
  readonly lane: LaneKey
  /** When the wait ends, as far as is known, in milliseconds since the epoch. */
  readonly until: number | undefined
}

/**
 * An attempt failed and the next one comes after `delay`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retrying {
  readonly _tag: "Retrying"
  readonly act: string
  /** The attempt that failed, from 1. */
  readonly attempt: number
  /** The wait before the next attempt, in milliseconds. */
  readonly delay: number
  readonly error: GeminiError
}

/**
 * A piece of an act's text. `usage` is the act's so far, where the server sends it along.
 *
 * @category models
 * @since 0.1.0
 */
export interface Chunk {
  readonly _tag: "Chunk"
  readonly act: string
  readonly text: string
  readonly usage: Usage | undefined
}

/**
 * An act is complete.
 *
 * @category models
 * @since 0.1.0
 */
export interface ActFinished {
  readonly _tag: "ActFinished"
  readonly act: string
  readonly result: ActResult
}

/**
 * The last event of a narrative that was played to its end. Results are in the order of
 * the file.
 *
 * @category models
 * @since 0.1.0
 */
export interface NarrativeFinished {
  readonly _tag: "NarrativeFinished"
  readonly title: string
  readonly results: ReadonlyArray<ActResult>
  readonly totals: Totals
}

/**
 * Everything that `Narrative.executeStream` tells, in the order in which it happens.
 *
 * @category models
 * @since 0.1.0
 */
export type NarrativeEvent = ActStarted | Waiting | Retrying | Chunk | ActFinished | NarrativeFinished
