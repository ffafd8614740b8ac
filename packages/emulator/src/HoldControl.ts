/**
 * Calls that wait for a person: held by a rule, by an answer with `hold`, or by the switch of a space. Somebody answers
 * each by hand, fails it or lets it go, over the admin API, on the page, or by the methods here.
 *
 * Only calls that generate are held, streams, turns of Live and interactions among them; the rows of a batch are let
 * go at once. A call waits before its quota is given back and before any byte is sent, so its client waits for the
 * headers.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Answer from "./Answer.ts"
import type { RuleError } from "./RuleError.ts"

/**
 * What is held from the start, and within which bounds.
 *
 * @category options
 * @since 0.2.0
 */
export interface HoldOptions {
  /** True holds every call that generates, before any rule is asked. Default false. */
  readonly hold?: boolean | undefined
  /**
   * How many calls a space holds at one time. A call beyond it is refused with a 501 that says so. Default 100.
   */
  readonly heldMost?: number | undefined
  /**
   * Milliseconds after which a held call that nobody has answered is refused with a 501 that says so; by the Clock, so
   * not while it is frozen. Default 600 000: ten minutes.
   */
  readonly heldMillis?: number | undefined
}

/**
 * A call that is held.
 *
 * @category models
 * @since 0.2.0
 */
export interface HeldCall {
  /** 1, 2, … in the order in which the space has held them; it goes on over `clear`. */
  readonly id: number
  /** Since when: milliseconds since the epoch, by the server's clock. */
  readonly time: number
  /** Milliseconds until it is refused. */
  readonly left: number
  /** Milliseconds until its client gives up, as `x-server-timeout` says; undefined: it does not say. */
  readonly clientLeft?: number | undefined
  /** Its number in the log of requests. */
  readonly request?: number | undefined
  /** The number of its connection in the log of Live connections. */
  readonly live?: number | undefined
  readonly method: string
  readonly model?: string | undefined
  readonly project: string
  readonly region: string
  /** The rule that holds it. Undefined: an answer without a name, or the switch. */
  readonly rule?: string | undefined
  /** Its body, names in camelCase; of a turn of Live the setup with what was said so far as `contents`. */
  readonly body: Readonly<Record<string, unknown>>
}

/**
 * The held calls of a running emulator, and what can be done to them.
 *
 * @category models
 * @since 0.2.0
 */
export interface HoldControl {
  /** The calls that are held, the oldest first. */
  readonly list: Effect.Effect<ReadonlyArray<HeldCall>>
  /** Waits until so many are held at one time. */
  readonly awaitHeld: (n: number) => Effect.Effect<ReadonlyArray<HeldCall>>
  /**
   * Answers one by hand; an answer with `error` fails it. Gives false if it is not held any more. Fails, and goes on
   * holding it, where the answer does not fit what the call has declared.
   */
  readonly answer: (id: number, answer: Answer.Answer) => Effect.Effect<boolean, RuleError>
  /**
   * Lets one go: what stands beside the `hold` answers it, else the rules behind it, else the generator. Gives false if
   * it is not held any more.
   */
  readonly letGo: (id: number) => Effect.Effect<boolean>
  /** Whether every call that generates is held. */
  readonly all: Effect.Effect<boolean>
  /** Holds every call that generates from now on, before any rule is asked, or no more than rules say. */
  readonly setAll: (all: boolean) => Effect.Effect<void>
}
