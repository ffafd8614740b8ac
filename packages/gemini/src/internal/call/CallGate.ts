/**
 * The calls in flight of one client, so that closing its layer can let them end.
 *
 * A call belongs to the fiber that runs it: entering and leaving is one Set operation,
 * no fiber is forked for it. Closing stops what was not sent yet at once, waits for the
 * rest, then interrupts it.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/** A call in flight. */
export interface InFlight {
  /** The fiber that is in it now; `undefined` while a stream's consumer is busy elsewhere. */
  fiber: Fiber.Fiber<unknown, unknown> | undefined
  /** Whether an attempt is at the server; waiting for quota or in a backoff it is not. */
  sent: boolean
  /** Ends a call that no fiber is in. */
  readonly abandon: Effect.Effect<void>
}

export class CallGate {
  /**
   * A gate that closes with the scope. What is not a duration drains nothing: it is the calls
   * that are refused for it, not the building of the layer.
   */
  static scoped(drain: Duration.Input = "10 seconds"): Effect.Effect<CallGate, never, Scope.Scope> {
    const millis = Duration.toMillis(Option.getOrElse(Duration.fromInput(drain), () => Duration.zero))
    return Effect.acquireRelease(Effect.sync(() => new CallGate()), (gate) => gate.close(millis))
  }

  readonly #calls = new Set<InFlight>()
  #open = true
  #empty: Deferred.Deferred<void> | undefined

  get isOpen(): boolean {
    return this.#open
  }

  get size(): number {
    return this.#calls.size
  }

  enter(call: InFlight): void {
    this.#calls.add(call)
  }

  leave(call: InFlight): void {
    this.#calls.delete(call)
    if (this.#calls.size === 0 && this.#empty !== undefined) Deferred.doneUnsafe(this.#empty, Effect.void)
  }

  /**
   * `drain` in milliseconds. It runs as a finalizer, often of a fiber that was interrupted:
   * so the time is kept by a fiber of its own, and the wait itself cannot be cut short.
   */
  close(drain: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#open = false
      if (this.#calls.size === 0) return Effect.void
      const empty = this.#empty = Deferred.makeUnsafe<void>()
      return this.#end((call) => !call.sent).pipe(
        Effect.andThen(Effect.forkDetach(Effect.andThen(Effect.sleep(drain), this.#end(() => true)))),
        Effect.flatMap((timer) => Effect.andThen(Deferred.await(empty), Fiber.interrupt(timer)))
      )
    })
  }

  #end(which: (call: InFlight) => boolean): Effect.Effect<void> {
    return Effect.suspend(() => {
      const abandoned: Array<Effect.Effect<void>> = []
      for (const call of [...this.#calls].filter(which)) {
        if (call.fiber === undefined) abandoned.push(call.abandon)
        else call.fiber.interruptUnsafe()
      }
      return Effect.forEach(abandoned, identity, { discard: true })
    })
  }
}
