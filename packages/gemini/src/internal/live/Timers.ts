/**
 * The deadlines of all sessions on one clock, behind one alarm. A fiber that sleeps for each idle session would be a
 * third of what the session weighs, and two for each dial a tenth of what it costs. A deadline that is moved away costs
 * nothing: it is looked at when it would have been due.
 */
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import { alarm } from "../limiter/alarm.ts"

export interface Timed {
  /** The deadline in milliseconds of the clock; `Infinity` for none. */
  readonly deadline: number
  /** Called at the deadline or later; it moves the deadline. */
  readonly onDeadline: (now: number) => void
}

const noop = (): void => undefined

const known = new WeakMap<Clock.Clock, Timers>()

export class Timers {
  readonly #clock: Clock.Clock
  readonly #timed = new Set<Timed>()
  #alarm: { readonly at: number; cancel: () => void } | undefined

  static of(clock: Clock.Clock): Timers {
    const timers = known.get(clock) ?? new Timers(clock)
    known.set(clock, timers)
    return timers
  }

  constructor(clock: Clock.Clock) {
    this.#clock = clock
  }

  /** Takes note of a deadline that is new, or nearer than it was. */
  watch(timed: Timed, context: Context.Context<never>): void {
    this.#timed.add(timed)
    this.#arm(timed.deadline, context)
  }

  forget(timed: Timed): void {
    if (this.#timed.delete(timed) && this.#timed.size === 0) this.#disarm()
  }

  #arm(at: number, context: Context.Context<never>): void {
    if (at === Infinity || (this.#alarm !== undefined && this.#alarm.at <= at)) return
    this.#disarm()
    const millis = Math.max(0, at - this.#clock.currentTimeMillisUnsafe())
    // It is noted before it is set, because the clock of a test rings at once what is due, and that sets the next one.
    const set: { readonly at: number; cancel: () => void } = this.#alarm = { at, cancel: noop }
    set.cancel = alarm(context, this.#clock, millis, () => this.#ring(context))
  }

  #disarm(): void {
    this.#alarm?.cancel()
    this.#alarm = undefined
  }

  #ring(context: Context.Context<never>): void {
    this.#alarm = undefined
    const now = this.#clock.currentTimeMillisUnsafe()
    for (const timed of this.#timed) if (timed.deadline <= now) timed.onDeadline(now)
    let next = Infinity
    for (const { deadline } of this.#timed) next = Math.min(next, deadline)
    this.#arm(next, context)
  }
}
