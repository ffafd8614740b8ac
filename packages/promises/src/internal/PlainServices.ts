/** The services of a client in their plain form, for `gemini.with`. */
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ClientRuntime } from "./ClientRuntime.ts"
import * as Failure from "./failure.ts"
import * as PromisedService from "./promisedService.ts"

/** What a service of `effect-gemini` has as `layerWith`. */
export type LayerWith<S> = (options: GeminiConfig.Options) => Layer.Layer<S, unknown, never>

/** How a service is made for a client by the client's options; a client over a layer has none. */
export type Extended<R> = (<S>(layerWith: LayerWith<S>) => Layer.Layer<S, unknown, R>) | undefined

export class PlainServices<R> {
  readonly #runtime: ClientRuntime<R>
  readonly #extended: Extended<R>
  /** The layers of services that were asked for by their names. */
  readonly #layers = new Map<string, Layer.Layer<never, unknown, R>>()

  constructor(runtime: ClientRuntime<R>, extended: Extended<R>) {
    this.#runtime = runtime
    this.#extended = extended
  }

  /** The plain form of a service: of the layer that was given, of its own by the client's options, or of the client. */
  async get(
    key: Context.Key<never, unknown>,
    { layer, signal }: {
      readonly layer?: Layer.Layer<never, unknown, R> | undefined
      readonly signal?: AbortSignal | undefined
    }
  ): Promise<unknown> {
    const found = Effect.flatMap(Effect.context<R>(), (client) => {
      const own = layer ?? this.#layerOf(key, client)
      if (own === undefined) return Effect.succeed(client)
      const { memoMap, scope } = this.#runtime.managed
      return Effect.map(Layer.buildWithMemoMap(own, memoMap, scope), (built) => Context.merge(client, built))
    })
    const context = await this.#runtime.promise(found, signal)
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

  #layerOf(key: Context.Key<never, unknown>, client: Context.Context<R>): Layer.Layer<never, unknown, R> | undefined {
    if (Option.isSome(Context.getOption(client, key))) return undefined
    const known = this.#layers.get(key.key)
    const layerWith: unknown = Reflect.get(key, "layerWith")
    if (known !== undefined || typeof layerWith !== "function") return known
    // Services of effect-gemini have this static, whose type is LayerWith.
    const made = this.#extended?.(layerWith as LayerWith<never>)
    if (made !== undefined) this.#layers.set(key.key, made)
    return made
  }

  #runner(context: Context.Context<never>, signal: AbortSignal | undefined): PromisedService.Runner {
    const runner: PromisedService.Runner = {
      promise: async (effect) => {
        const scope = Scope.forkUnsafe(this.#runtime.managed.scope, "sequential")
        const close = () => Effect.runPromise(Scope.close(scope, Exit.void))
        const scoped = Effect.provideContext(effect, Context.add(context, Scope.Scope, scope))
        const value = await this.#runtime.promise(scoped, signal).catch((error: unknown) =>
          close().then(() => Promise.reject(error))
        )
        const plain = PromisedService.outcome(value, runner)
        if (scope.state._tag === "Open") return PromisedService.held(plain, close)
        await close()
        return plain
      },
      chunks: (stream) =>
        this.#runtime.iterator(
          Stream.map(Stream.provideContext(stream, context), (value) => PromisedService.outcome(value, runner)),
          signal
        )
    }
    return runner
  }
}
