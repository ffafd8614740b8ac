/** Runs effects and streams of one client as promises and async iterators, until it is closed. */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type * as Stream from "effect/Stream"
import * as Failure from "./failure.ts"
import { PulledStream } from "./PulledStream.ts"

export class ClientRuntime<R> {
  readonly managed: ManagedRuntime.ManagedRuntime<R, unknown>
  #closed: Promise<void> | undefined

  constructor(layer: Layer.Layer<R, unknown>) {
    this.managed = ManagedRuntime.make(layer)
  }

  promise<A>(effect: Effect.Effect<A, unknown, R>, signal: AbortSignal | undefined): Promise<A> {
    // Otherwise the synchronous head of the effect would still run.
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    if (this.#closed !== undefined) return Promise.reject(Failure.closed())
    return this.managed.runPromiseExit(effect, signal && { signal }).then((exit) => {
      if (Exit.isSuccess(exit)) return exit.value
      throw signal?.aborted === true ? signal.reason : Failure.of(exit.cause)
    })
  }

  iterator<A>(stream: Stream.Stream<A, unknown, R>, signal: AbortSignal | undefined): PulledStream<A, unknown, R> {
    return new PulledStream(stream, () => this.#context(), signal)
  }

  close(): Promise<void> {
    return this.#closed ??= this.managed.dispose()
  }

  #context(): Promise<Context.Context<R>> {
    return this.#closed === undefined ? this.managed.context() : Promise.reject(Failure.closed())
  }
}
