/**
 * The silence after which a session takes what only silence can tell: that a turn has ended although the server did not
 * say so, or that nothing more is coming for a text.
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import { type Timed, Timers } from "./Timers.ts"

export class Settling implements Timed {
  deadline = Infinity
  readonly #clock: Clock.Clock
  readonly #context: Context.Context<never>
  readonly #core: { readonly settle: () => void }
  #isWatched = false

  constructor(clock: Clock.Clock, context: Context.Context<never>, core: { readonly settle: () => void }) {
    this.#clock = clock
    this.#context = context
    this.#core = core
  }

  /** Sets the silence that is waited for, from now on, in milliseconds; `undefined`: none. */
  within(millis: number | undefined): void {
    if (millis === undefined) {
      // It is not taken from the alarm, which finds nothing to do: most turns end a moment after they are generated.
      this.deadline = Infinity
      return
    }
    this.deadline = this.#clock.currentTimeMillisUnsafe() + millis
    this.#isWatched = true
    Timers.of(this.#clock).watch(this, this.#context)
  }

  /** The session is over. */
  stop(): void {
    this.deadline = Infinity
    if (this.#isWatched) Timers.of(this.#clock).forget(this)
  }

  onDeadline(): void {
    this.deadline = Infinity
    this.#core.settle()
  }
}
