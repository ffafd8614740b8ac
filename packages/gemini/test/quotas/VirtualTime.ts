/**
 * Time and turns of a simulated world: a clock that goes straight to the next timer, and a scheduler that runs what is
 * due on the spot. A day passes in the time that its events take, and a run depends on nothing but its seed.
 *
 * TestClock has one time for everything. Here the time of the day may be set forward or back while timers go on, as on
 * a machine.
 */
import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"

interface Timer {
  readonly at: number
  readonly ring: () => void
}

/** More turns than this within one millisecond are taken for a loop. */
const mostTurns = 100_000

export class VirtualTime {
  /** Milliseconds since the beginning, by which timers ring. Nothing sets it. */
  now = 0
  /** What the time of the day is ahead of `now`. */
  #ahead: number
  /** The timers, the next one last; of those at one time the first to be set rings first. */
  readonly #timers: Array<Timer> = []
  #tasks: Array<{ run: (() => void) | undefined }> = []
  /** What was asked outside, such as of a Redis: the time stands still until it is answered. */
  readonly #outside = new Set<Promise<void>>()
  #standing = 0

  constructor(start: number) {
    this.#ahead = start
  }

  readonly scheduler: Scheduler.Scheduler = new Scheduler.MixedScheduler("async", (run) => {
    const task: { run: (() => void) | undefined } = { run }
    this.#tasks.push(task)
    return () => {
      task.run = undefined
    }
  })

  /** The time of the day, as the machine tells it. */
  get wall(): number {
    return this.now + this.#ahead
  }

  /** Sets the time of the day forward, or back. */
  jump(by: number): void {
    this.#ahead += by
  }

  readonly clock: Clock.Clock = {
    currentTimeMillisUnsafe: () => Math.floor(this.wall),
    currentTimeMillis: Effect.sync(() => Math.floor(this.wall)),
    currentTimeNanosUnsafe: () => BigInt(Math.floor(this.wall)) * 1_000_000n,
    currentTimeNanos: Effect.sync(() => BigInt(Math.floor(this.wall)) * 1_000_000n),
    monotonicTimeNanosUnsafe: () => BigInt(Math.floor(this.now)) * 1_000_000n,
    monotonicTimeNanos: Effect.sync(() => BigInt(Math.floor(this.now)) * 1_000_000n),
    sleep: (duration) => this.sleep(Duration.toMillis(duration))
  }

  sleep(millis: number): Effect.Effect<void> {
    if (millis <= 0) return Effect.yieldNow
    if (millis === Infinity) return Effect.never
    return Effect.callback((resume) => {
      const cancel = this.at(this.now + Math.ceil(millis), () => resume(Effect.void))
      return Effect.sync(cancel)
    })
  }

  at(at: number, ring: () => void): () => void {
    const timer: Timer = { at, ring }
    let [low, high] = [0, this.#timers.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#timers[middle]?.at ?? 0) > at) low = middle + 1
      else high = middle
    }
    this.#timers.splice(low, 0, timer)
    return () => {
      const place = this.#timers.indexOf(timer)
      if (place >= 0) this.#timers.splice(place, 1)
    }
  }

  wait(answer: Promise<void>): void {
    this.#outside.add(answer)
    void answer.finally(() => this.#outside.delete(answer))
  }

  #settle(): void {
    while (this.#tasks.length > 0) {
      if (++this.#standing > mostTurns) throw new Error(`the world stands still at ${this.now}`)
      const tasks = this.#tasks
      this.#tasks = []
      for (const { run } of tasks) run?.()
    }
  }

  /** Lets everything happen until the condition holds, at most until a time, and tells whether it holds. */
  async run(isOver: () => boolean, until: number): Promise<boolean> {
    while (true) {
      this.#settle()
      const [answer] = this.#outside
      if (answer !== undefined) {
        await answer
        continue
      }
      if (isOver()) return true
      const next = this.#timers.at(-1)
      if (next === undefined || next.at > until) {
        this.now = Math.max(this.now, until)
        return isOver()
      }
      if (next.at > this.now) this.#standing = 0
      this.now = Math.max(this.now, next.at)
      this.#timers.pop()
      next.ring()
    }
  }
}
