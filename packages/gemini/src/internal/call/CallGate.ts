/**
 * The calls in flight of one client, so that closing its layer can let them end.
 *
 * Entering and leaving is one operation on a Set. Closing ends at once what was not sent yet, waits for the rest, and then
 * ends that. A call that is ended fails with an error, and the fiber of its caller goes on; only the reader of a stream whose
 * source hears of no end is interrupted, because nothing else would wake it.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/** A call in flight. */
export interface InFlight {
  /** Whether an attempt is at the server. While the call waits for quota or in a backoff, none is. */
  readonly sent: boolean
  /** Ends the call. It may take a while until it has left. */
  readonly cut: Effect.Effect<void>
}

export class CallGate {
  /**
   * A gate that closes with the scope. A value that is not a duration drains nothing: the calls are refused for it, and
   * not the building of the layer.
   */
  static scoped(drain: Duration.Input = "10 seconds"): Effect.Effect<CallGate, never, Scope.Scope> {
    const millis = Duration.toMillis(Option.getOrElse(Duration.fromInput(drain), () => Duration.zero))
    return Effect.suspend(() => {
      const gate = new CallGate()
      return Effect.as(Effect.addFinalizer(() => gate.close(millis)), gate)
    })
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
   * Closes the gate; `drain` is in milliseconds. It runs as a finalizer, often of a fiber that was interrupted, so a
   * fiber of its own keeps the time, and the wait itself cannot be cut short.
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
    return Effect.suspend(() =>
      Effect.forEach([...this.#calls].filter(which), ({ cut }) => cut, { concurrency: "unbounded", discard: true })
    )
  }
}
