/**
 * Spaces: separate emulators behind one address, for example one for each test. Each has its own rules, queue, faults,
 * quotas, keys, clock, seed, log, Live sessions and tokens.
 *
 * A client chooses its space by the base URL `http://HOST/spaces/NAME`, else by the header `x-emulator-space`, else by
 * the key `space:NAME` (in the header, as `?key=` or as a bearer), or by a token that was given out in the space. If
 * two of these disagree, the request is refused with a 400.
 *
 * A space is made by its first request or by `Emulator.space`, with the options that the emulator was started with;
 * only the list of waiting answers belongs to the space `default` alone. That space never ends. Any other ends when it
 * is told to, ten minutes after its last request, stream or Live session, or when there are 10,000 spaces and it has
 * been idle the longest. From then on it answers 410 and says why, until `Emulator.space` asks for it again.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type * as GeminiHandler from "./GeminiHandler.ts"

/**
 * The options that a space may have for itself. The bounds on logs and files are those of all spaces.
 *
 * @category options
 * @since 0.1.0
 */
export type Options = Omit<GeminiHandler.Options, "logBytes" | "storedBytes">

/**
 * A space that exists at this moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Info {
  readonly name: string
  /** Milliseconds since the epoch, by the Clock. */
  readonly createdAt: number
  /** When its last request or session began or ended. */
  readonly usedAt: number
  /** Requests, streams and Live sessions that are under way. */
  readonly open: number
  /** How many requests have arrived. */
  readonly requests: number
}

/**
 * The spaces of an emulator.
 *
 * @category models
 * @since 0.1.0
 */
export interface Summary {
  readonly spaces: ReadonlyArray<Info>
  /** How many spaces have ended, for whatever reason. */
  readonly ended: number
  /** How many of them ended because there were too many. */
  readonly evicted: number
  /** Requests that reached no space: two of their choices disagreed, the name was not valid, or the space had ended. */
  readonly refused: number
}

/**
 * The space cannot be made or ended: its name is not valid, it is the default one, which never ends, or too many are
 * in use.
 *
 * @category errors
 * @since 0.1.0
 */
export class SpaceError extends Schema.TaggedError<SpaceError>("effect-gemini-emulator/SpaceError")("SpaceError", {
  space: Schema.String,
  description: Schema.String
}) {
  override get message(): string {
    return this.description
  }
}
