/**
 * Dialling by the caller's policy: how often in a row, with which waits, whether a failure is worth another attempt, and
 * what becomes of a handle that the server refuses. It has the brake too: attempts, and the place in the schedule, are
 * kept over connections until one of them was good for something.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import type { LiveErrorReason } from "../../errors/LiveErrorReason.ts"
import { LiveError } from "../../LiveError.ts"
import * as LiveClose from "./close.ts"
import type { LiveConnection, Restore } from "./LiveConnection.ts"

export interface RedialPolicy {
  readonly schedule: Schedule.Schedule<unknown, LiveError>
  readonly budget: number
  /** The caller's word on a failure of which the library thinks this. */
  readonly when: ((error: LiveError, mayPass: boolean) => boolean) | undefined
  readonly onLostState: "fail" | "fresh"
  readonly firstConnect: boolean
}

/** Where the handle of the session is kept. */
export interface HandleHolder {
  handle: string | undefined
}

/** Dials with the handle that restores the state. Whoever gets the connection must close it. */
export type DialByHandle = (
  handle: string | undefined,
  restore: Restore
) => Effect.Effect<LiveConnection, LiveClose.CloseVerdict>

export interface Options {
  /** What dials: it is named in errors. */
  readonly method: string
  readonly model: string
  readonly dial: DialByHandle
  readonly holder: HandleHolder
  /** Is told before each attempt, of which a second one for a handle that was refused has the same number. */
  readonly onAttempt: (attempt: number, reason: LiveErrorReason | undefined) => void
}

export interface Dialled {
  readonly connection: LiveConnection
  /** Whether the server took a handle, and so remembers the session. */
  readonly isStateRestored: boolean
}

/** A connection that lasted as long as this was good for something, in milliseconds. */
const calm = 10_000

export const errorOf = (method: string, model: string, verdict: LiveClose.CloseVerdict): LiveError =>
  new LiveError({
    method,
    model,
    ...(verdict.code === undefined ? {} : { code: verdict.code }),
    reason: verdict.reason
  })

type Step = (now: number, error: LiveError) => Pull.Pull<[unknown, Duration.Duration], never, unknown>

export class Redial {
  readonly #policy: RedialPolicy
  readonly #options: Options
  /** How many attempts there were since a connection was good for something. */
  #attempts = 0
  #step: Step | undefined
  /** Whether a connection was left since one of them was calm. */
  #hasLeft = false

  constructor(policy: RedialPolicy, options: Options) {
    this.#policy = policy
    this.#options = options
  }

  /**
   * Tells how good a connection was: whether a turn was completed on it, and for how many milliseconds it lasted. A new
   * handle does not count, because a server that closes at once may give one each time.
   */
  lasted(millis: number, hasAnswered: boolean): void {
    if (millis >= calm) this.#hasLeft = false
    if (millis < calm && !hasAnswered) return
    this.#attempts = 0
    this.#step = undefined
  }

  /** Whether a failure is worth another attempt. A predicate that throws says no. */
  mayFollow(error: LiveError, mayPass: boolean): boolean {
    const { when } = this.#policy
    if (when === undefined) return mayPass
    try {
      return when(error, mayPass)
    } catch {
      return false
    }
  }

  /** Dials once for the first time, and then again only if the policy covers that. */
  first(restore: Restore): Effect.Effect<Dialled, LiveError> {
    return Effect.catch(this.#dial(0, restore), (verdict) => {
      const error = this.#error(verdict)
      return this.#policy.firstConnect && this.mayFollow(error, verdict.mayRedial)
        ? this.again(error, false, restore)
        : Effect.fail(error)
    })
  }

  /**
   * Dials until there is a connection, or the policy allows no further attempt. `isPlanned`: we left the lost
   * connection ourselves. The first such attempt is made at once, and a further one only after a calm connection.
   */
  again(lost: LiveError, isPlanned: boolean, restore: Restore): Effect.Effect<Dialled, LiveError> {
    const { budget, schedule } = this.#policy
    const { onAttempt } = this.#options
    return Effect.gen({ self: this }, function*() {
      const step = this.#step ??= yield* Schedule.toStep(schedule)
      const isAtOnce = isPlanned && !this.#hasLeft
      if (isPlanned) this.#hasLeft = true
      let error = lost
      for (let isFirst = true; this.#attempts < budget; isFirst = false) {
        const attempt = ++this.#attempts
        onAttempt(attempt, isFirst && isPlanned ? undefined : error.reason)
        if (!(isFirst && isAtOnce) && !(yield* this.#wait(step, error, restore))) break
        if (attempt === budget) this.#forget(error.reason._tag === "Handshake")
        const dialled = yield* Effect.result(this.#dial(attempt, restore))
        if (dialled._tag === "Success") return dialled.success
        error = this.#error(dialled.failure)
        if (!this.mayFollow(error, dialled.failure.mayRedial)) break
      }
      return yield* error
    })
  }

  #error(verdict: LiveClose.CloseVerdict): LiveError {
    return errorOf(this.#options.method, this.#options.model, verdict)
  }

  /** Waits by the schedule; the result is false where that has ended. */
  #wait(step: Step, error: LiveError, restore: Restore): Effect.Effect<boolean> {
    return Effect.clockWith((clock) =>
      restore(Effect.flatMap(
        Pull.catchDone(
          Effect.map(step(clock.currentTimeMillisUnsafe(), error), ([, delay]): Duration.Duration | undefined => delay),
          () => Effect.as(Effect.void, undefined)
        ),
        (delay) => delay === undefined ? Effect.succeed(false) : Effect.as(Effect.sleep(delay), true)
      ))
    )
  }

  /** Dials with the handle, and without it where the server refuses it and the caller wants to go on. */
  #dial(attempt: number, restore: Restore): Effect.Effect<Dialled, LiveClose.CloseVerdict> {
    const { dial, holder, onAttempt } = this.#options
    const { handle } = holder
    const dialled = Effect.map(
      dial(handle, restore),
      (connection): Dialled => ({ connection, isStateRestored: handle !== undefined })
    )
    if (handle === undefined) return dialled
    return Effect.catch(dialled, (verdict) => {
      if (!this.#forget(LiveClose.isHandleRefused(verdict.reason))) return Effect.fail(verdict)
      onAttempt(attempt, verdict.reason)
      return this.#dial(attempt, restore)
    })
  }

  /**
   * Gives the handle up, if the caller wants to go on without the state. The last attempt does so after closes that do
   * not name the handle, because the API answers an old one with 1011, too.
   */
  #forget(isRefused: boolean): boolean {
    if (!isRefused || this.#policy.onLostState !== "fresh") return false
    this.#options.holder.handle = undefined
    return true
  }
}
