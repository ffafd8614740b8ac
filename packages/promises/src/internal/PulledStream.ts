/**
 * A stream as an async iterator. It pulls at its reader's pace, leaving the loop closes the stream, and so does the
 * signal, with its own reason. `Stream.toAsyncIterable` knows no signal, and makes three promises for each element,
 * where this one makes one.
 */
import * as Channel from "effect/Channel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Failure from "./failure.ts"

type Batch<A> = readonly [A, ...ReadonlyArray<A>]

const ended: IteratorReturnResult<undefined> = { done: true, value: undefined }

export class PulledStream<A, E, R> implements AsyncIterableIterator<A, undefined, undefined> {
  readonly #stream: Stream.Stream<A, E, R>
  readonly #context: () => Promise<Context.Context<R>>
  readonly #signal: AbortSignal | undefined
  readonly #onAbort = (): void => void this.#close()
  readonly #scope = Scope.makeUnsafe()
  #run: (<B, E2>(effect: Effect.Effect<B, E2, R>) => Fiber.Fiber<B, E2>) | undefined
  #pull: Pull.Pull<Batch<A>, E, unknown, R> | undefined
  #batch: ReadonlyArray<A> = []
  #at = 0
  #fiber: Fiber.Fiber<unknown, unknown> | undefined
  #turn: Promise<unknown> | undefined
  #closed: Promise<void> | undefined

  constructor(
    stream: Stream.Stream<A, E, R>,
    context: () => Promise<Context.Context<R>>,
    signal: AbortSignal | undefined
  ) {
    this.#stream = stream
    this.#context = context
    this.#signal = signal
  }

  next(): Promise<IteratorResult<A, undefined>> {
    // Whoever asks again before the answer waits for their turn.
    if (this.#turn !== undefined) return this.#turn.then(() => this.next(), () => this.next())
    if (this.#signal?.aborted === true) return this.#aborted(this.#signal)
    if (this.#closed !== undefined) return Promise.resolve(ended)
    const at = this.#at
    if (at < this.#batch.length) {
      this.#at = at + 1
      return Promise.resolve({ done: false, value: this.#batch[at] as A })
    }
    const turn = this.#more()
    this.#turn = turn
    const over = (): void => {
      if (this.#turn === turn) this.#turn = undefined
    }
    turn.then(over, over)
    return turn
  }

  async return(): Promise<IteratorResult<A, undefined>> {
    await this.#close()
    return ended
  }

  async throw(error?: unknown): Promise<IteratorResult<A, undefined>> {
    await this.#close()
    throw error
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close()
  }

  async #aborted(signal: AbortSignal): Promise<never> {
    await this.#close()
    throw signal.reason
  }

  async #more(): Promise<IteratorResult<A, undefined>> {
    try {
      const run = this.#run ?? await this.#begin()
      if (this.#closed !== undefined) return await this.#left()
      const pull = this.#pull
      if (pull === undefined) return ended
      const exit = await new Promise<Exit.Exit<Batch<A>, unknown>>((resolve) => {
        const fiber = run(pull)
        this.#fiber = fiber
        fiber.addObserver(resolve)
      })
      this.#fiber = undefined
      if (this.#closed !== undefined) return await this.#left()
      if (Exit.isSuccess(exit)) {
        this.#batch = exit.value
        this.#at = 1
        return { done: false, value: exit.value[0] }
      }
      await this.#close()
      if (Pull.isDoneCause(exit.cause)) return ended
      throw Failure.of(exit.cause)
    } catch (error) {
      await this.#close()
      throw error
    }
  }

  /** The end for a reader who still asks after the stream was closed. */
  async #left(): Promise<IteratorReturnResult<undefined>> {
    await this.#closed
    if (this.#signal?.aborted === true) throw this.#signal.reason
    return ended
  }

  async #begin() {
    // The listener comes first, because the layers may be built now, which a signal need not wait for.
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true })
    const context = await this.#context()
    const run = Effect.runForkWith(context)
    this.#run = run
    if (this.#closed === undefined) {
      this.#pull = await Effect.runPromiseWith(context)(Channel.toPullScoped(this.#stream.channel, this.#scope))
    }
    return run
  }

  #close(): Promise<void> {
    return this.#closed ??= this.#end()
  }

  async #end(): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort)
    this.#batch = []
    const fiber = this.#fiber
    fiber?.interruptUnsafe()
    if (fiber !== undefined) await new Promise((resolve) => fiber.addObserver(resolve))
    await Effect.runPromise(Scope.close(this.#scope, Exit.void))
  }
}
