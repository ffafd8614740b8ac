/** Runs effects and streams of one client as promises and async iterators, until it is closed. */
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Failure from "./failure.ts"
import * as PromisedService from "./promisedService.ts"
import { PulledStream } from "./PulledStream.ts"

/** A client's layer, and how a service is made for it by the client's options; a client over a layer has none. */
export interface Base<R> {
  readonly layer: Layer.Layer<R, unknown>
  readonly extended: (<S>(layerWith: LayerWith<S>) => Layer.Layer<S, unknown, R>) | undefined
}

/** What a service of `effect-gemini` has as `layerWith`. */
export type LayerWith<S> = (options: GeminiConfig.Options) => Layer.Layer<S, unknown, never>

export class ClientRuntime<R> {
  readonly #base: Base<R>
  readonly #runtime: ManagedRuntime.ManagedRuntime<R, unknown>
  /** The layers of services that were asked for by their names. */
  readonly #layers = new Map<string, Layer.Layer<never, unknown, R>>()
  #closed: Promise<void> | undefined

  constructor(base: Base<R>) {
    this.#base = base
    this.#runtime = ManagedRuntime.make(base.layer)
  }

  promise<A>(effect: Effect.Effect<A, unknown, R>, signal: AbortSignal | undefined): Promise<A> {
    // Otherwise the synchronous head of the effect would still run.
    if (signal?.aborted === true) return Promise.reject(signal.reason)
    if (this.#closed !== undefined) return Promise.reject(Failure.closed())
    return this.#runtime.runPromiseExit(effect, signal && { signal }).then((exit) => {
      if (Exit.isSuccess(exit)) return exit.value
      throw signal?.aborted === true ? signal.reason : Failure.of(exit.cause)
    })
  }

  iterator<A>(stream: Stream.Stream<A, unknown, R>, signal: AbortSignal | undefined): PulledStream<A, unknown, R> {
    return new PulledStream(stream, () => this.#context(), signal)
  }

  /** The plain form of a service: of the layer that was given, of its own by the client's options, or of the client. */
  async service(
    key: Context.Key<never, unknown>,
    { layer, signal }: {
      readonly layer?: Layer.Layer<never, unknown, R> | undefined
      readonly signal?: AbortSignal | undefined
    }
  ): Promise<unknown> {
    const found = Effect.flatMap(Effect.context<R>(), (client) => {
      const own = layer ?? this.#layerOf(key, client)
      if (own === undefined) return Effect.succeed(client)
      const { memoMap, scope } = this.#runtime
      return Effect.map(Layer.buildWithMemoMap(own, memoMap, scope), (built) => Context.merge(client, built))
    })
    const context = await this.promise(found, signal)
    const service = Context.getOption(context, key)
    if (Option.isNone(service)) {
      throw Failure.invalid(
        "with",
        "service",
        `${key.key} is not in the client: give its layer, as in with(service, { layer })`
      )
    }
    return PromisedService.outcome(service.value, this.#runner(context, signal))
  }

  close(): Promise<void> {
    return this.#closed ??= this.#runtime.dispose()
  }

  #context(): Promise<Context.Context<R>> {
    return this.#closed === undefined ? this.#runtime.context() : Promise.reject(Failure.closed())
  }

  #layerOf(key: Context.Key<never, unknown>, client: Context.Context<R>): Layer.Layer<never, unknown, R> | undefined {
    if (Option.isSome(Context.getOption(client, key))) return undefined
    const known = this.#layers.get(key.key)
    const layerWith: unknown = Reflect.get(key, "layerWith")
    if (known !== undefined || typeof layerWith !== "function") return known
    // Services of effect-gemini have this static, whose type is LayerWith.
    const made = this.#base.extended?.(layerWith as LayerWith<never>)
    if (made !== undefined) this.#layers.set(key.key, made)
    return made
  }

  #runner(context: Context.Context<never>, signal: AbortSignal | undefined): PromisedService.Runner {
    const runner: PromisedService.Runner = {
      promise: async (effect) => {
        const scope = Scope.forkUnsafe(this.#runtime.scope, "sequential")
        const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
        const scoped = Effect.provideContext(effect, Context.add(context, Scope.Scope, scope))
        const value = await this.promise(scoped, signal).catch((error: unknown) =>
          close().then(() => Promise.reject(error))
        )
        const plain = PromisedService.outcome(value, runner)
        if (scope.state._tag === "Open") return PromisedService.held(plain, close)
        await close()
        return plain
      },
      chunks: (stream) =>
        this.iterator(
          Stream.map(Stream.provideContext(stream, context), (value) => PromisedService.outcome(value, runner)),
          signal
        )
    }
    return runner
  }
}
