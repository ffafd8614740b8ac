/**
 * The Clock of a space: that of the server, until somebody stops it. While it stands, every delay and pace of the space
 * waits until it is moved on by hand, step by step, so that what sleeps twice within one move wakes twice.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

interface Sleeper {
  /** When it wakes, by the Clock below. */
  due: number
  readonly wake: () => void
  /** Sleeps by the Clock below. */
  readonly go: () => void
  /** Sleeps until it is woken. */
  readonly stand: () => void
}

/** Lets those who were woken come to their next sleep: through their own turns, and those of sockets. */
const turns = Effect.callback<void>((resume) => {
  let left = 5
  const next = () => {
    left--
    if (left === 0) resume(Effect.void)
    else setImmediate(next)
  }
  setImmediate(next)
})

export class SpaceClock {
  /** Where it stands, by the Clock below; undefined while it goes. */
  private stands: number | undefined
  private readonly sleepers = new Set<Sleeper>()
  /** The newest Clock that was asked for, and what was made of it: requests of one carrier have the same. */
  private known: { readonly base: Clock.Clock; readonly clock: Clock.Clock } | undefined

  get isFrozen(): boolean {
    return this.stands !== undefined
  }

  /** The time by the Clock below, or that at which it stands. */
  now(base: Clock.Clock): number {
    return this.stands ?? base.currentTimeMillisUnsafe()
  }

  /** The Clock for what happens in the space. */
  over(base: Clock.Clock): Clock.Clock {
    if (this.known?.base === base) return this.known.clock
    const nanos = (): bigint =>
      this.stands === undefined ? base.currentTimeNanosUnsafe() : BigInt(Math.round(this.stands)) * 1_000_000n
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: () => this.now(base),
      currentTimeMillis: Effect.sync(() => this.now(base)),
      currentTimeNanosUnsafe: nanos,
      currentTimeNanos: Effect.sync(nanos),
      // What is measured is not what is waited for: it goes on.
      monotonicTimeNanosUnsafe: () => base.monotonicTimeNanosUnsafe(),
      monotonicTimeNanos: base.monotonicTimeNanos,
      sleep: (duration) => this.sleep(base, Duration.toMillis(duration))
    }
    this.known = { base, clock }
    return clock
  }

  /** Stops it. */
  freeze(base: Clock.Clock): void {
    if (this.stands !== undefined) return
    this.stands = base.currentTimeMillisUnsafe()
    for (const sleeper of this.sleepers) sleeper.stand()
  }

  /** Lets it go on, and gives how many milliseconds it has stood. */
  thaw(base: Clock.Clock): number {
    if (this.stands === undefined) return 0
    const stood = base.currentTimeMillisUnsafe() - this.stands
    this.stands = undefined
    for (const sleeper of this.sleepers) {
      sleeper.due += stood
      sleeper.go()
    }
    return stood
  }

  /** Moves it on while it stands; whoever is due on the way wakes at its time. */
  advance(millis: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      const target = (this.stands ?? 0) + millis
      const step: Effect.Effect<void> = Effect.suspend(() => {
        if (this.stands === undefined) return Effect.void
        const next = Math.min(...Array.from(this.sleepers, ({ due }) => due))
        if (!(next <= target)) {
          this.stands = Math.max(this.stands, target)
          return Effect.void
        }
        this.stands = Math.max(this.stands, next)
        for (const sleeper of this.sleepers) if (sleeper.due <= next) sleeper.wake()
        return Effect.andThen(turns, step)
      })
      return Effect.andThen(turns, step)
    })
  }

  private sleep(base: Clock.Clock, millis: number): Effect.Effect<void> {
    if (millis === Number.POSITIVE_INFINITY) return Effect.never
    if (millis <= 0) return base.sleep(Duration.millis(millis))
    return Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) =>
      Effect.callback<void>((resume) => {
        const run = Effect.runForkWith(fiber.context)
        let timer: Fiber.Fiber<void> | undefined
        const stop = () => {
          const going = timer
          timer = undefined
          going?.interruptUnsafe()
        }
        const sleepers = this.sleepers
        const sleeper: Sleeper = {
          due: this.now(base) + millis,
          wake: () => {
            sleepers.delete(sleeper)
            stop()
            resume(Effect.void)
          },
          go: () => {
            const started = run(base.sleep(Duration.millis(Math.max(0, sleeper.due - base.currentTimeMillisUnsafe()))))
            timer = started
            started.addObserver(() => {
              if (timer === started) sleeper.wake()
            })
          },
          stand: stop
        }
        sleepers.add(sleeper)
        if (this.stands === undefined) sleeper.go()
        return Effect.sync(() => {
          sleepers.delete(sleeper)
          stop()
        })
      })
    )
  }
}
