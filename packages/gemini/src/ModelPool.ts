/**
 * One `ModelClient` for each member and model, created on first use.
 *
 * This module is for builders of clients; programs use `GeminiClient`.
 *
 * The map holds Deferreds, so the lock is held only to insert one: creation runs
 * outside it, in the pool's scope, a failure removes the entry and reaches every waiter,
 * and a warm model answers while another is being created.
 *
 * The pool is bounded: the client that was idle longest makes room. A client holds no
 * connection and no quota of its own, so the calls of an evicted one go on undisturbed.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as GeminiConfig from "./GeminiConfig.ts"
import type { GeminiError } from "./GeminiError.ts"
import * as GeminiHttp from "./GeminiHttp.ts"
import { CallGate } from "./internal/call/CallGate.ts"
import * as CallLimits from "./internal/call/limits.ts"
import { PoolMap } from "./internal/call/PoolMap.ts"
import * as Destination from "./internal/http/destination.ts"
import { WaitLog } from "./limits/WaitLog.ts"
import * as ModelClient from "./ModelClient.ts"
import * as ModelAlias from "./models/ModelAlias.ts"
import type * as ModelId from "./models/ModelId.ts"
import * as ModelList from "./models/ModelList.ts"
import * as RateLimiter from "./RateLimiter.ts"

/**
 * The key of a pooled client.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientKey {
  /** The member's name; `default` if there is only one project, region or key. */
  readonly member: string
  readonly model: ModelId.ModelId
}

/**
 * Clients by key.
 *
 * @category models
 * @since 0.1.0
 */
export interface Clients {
  /** The client of a model. It does no I/O, and a client that exists is found without a lock. */
  readonly get: (key: ClientKey) => Effect.Effect<ModelClient.ModelClient, GeminiError>
  /** How many clients there are. */
  readonly size: Effect.Effect<number>
}

/**
 * The clients of models, and the calls that concern no model in particular.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service extends Clients {
  /** The calls that concern no model in particular, with the same retry, deadline and drain; they have no quota. */
  readonly models: ModelList.ModelList
  /**
   * The name that OpenTelemetry's conventions give to who is asked: `gcp.gemini` or `gcp.vertex_ai`. Over members it is
   * that of the member; without one `gcp.gen_ai`, if members of both are there. Default `gcp.gemini`.
   */
  readonly providerName?: ((member: string | undefined) => string) | undefined
}

/**
 * The pool of a client's layer.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as ModelId from "effect-gemini/models/ModelId"
 * import { ModelPool } from "effect-gemini/ModelPool"
 * import * as Effect from "effect/Effect"
 *
 * const program = Effect.gen(function*() {
 *   const pool = yield* ModelPool
 *   const model = yield* Effect.fromResult(ModelId.parse("models/gemini-3.8-flash"))
 *   const first = yield* pool.get({ member: "default", model })
 *   const again = yield* pool.get({ member: "default", model })
 *   return [first === again, yield* pool.size]
 * })
 * await Effect.runPromise(Effect.provide(program, FetchGemini.layerConfig())) // => [true, 1]
 * ```
 *
 * @category services
 * @since 0.1.0
 */
export class ModelPool extends Context.Service<ModelPool, Service>()("effect-gemini/ModelPool") {}

/**
 * The most clients that a pool keeps.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultCapacity = 256

/** A client, or the creation that its first callers wait for. */
interface Entry extends ClientKey {
  /** `undefined`: the pool was closed meanwhile. */
  readonly created: Deferred.Deferred<ModelClient.ModelClient | undefined, GeminiError>
  ready: Effect.Effect<ModelClient.ModelClient> | undefined
}

/**
 * A pool over a way to create clients.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWith = Effect.fnUntraced(function*(
  create: (key: ClientKey) => Effect.Effect<ModelClient.ModelClient, GeminiError>,
  options: { readonly capacity?: number | undefined } = {}
): Effect.fn.Return<Clients, never, Scope.Scope> {
  const capacity = Math.max(1, options.capacity ?? defaultCapacity)
  const scope = yield* Effect.scope
  const clients = new PoolMap<Entry>()

  const isIdle = (entry: Entry): boolean => entry.ready !== undefined

  const creation = (key: ClientKey, entry: Entry) =>
    Effect.exit(Effect.onExit(create(key), (exit) =>
      Effect.sync(() => {
        if (Exit.isFailure(exit)) return clients.remove(entry)
        entry.ready = Effect.succeed(exit.value)
        return clients.trim(capacity, isIdle)
      })))

  // The end of the fiber is what those who wait are told: in a scope that has just closed it never starts.
  const started = (key: ClientKey, entry: Entry): Effect.Effect<Entry> =>
    Effect.map(Effect.forkIn(creation(key, entry), scope, { startImmediately: true }), (fiber) => {
      fiber.addObserver((ended) => {
        const isMade = Exit.isSuccess(ended) && !Exit.hasInterrupts(ended.value)
        Deferred.doneUnsafe(entry.created, isMade ? ended.value : Exit.succeed(undefined))
      })
      return entry
    })

  // A closed pool keeps nothing; the client that it still gives refuses every call.
  const made = (key: ClientKey, { created }: Entry): Effect.Effect<ModelClient.ModelClient, GeminiError> =>
    Effect.flatMap(Deferred.await(created), (client) => client === undefined ? create(key) : Effect.succeed(client))

  // The creation belongs to the pool, not to the caller that happened to be first: if that one is interrupted, the
  // others go on waiting for the same client. No interruption may come between inserting an entry and starting its
  // creation.
  const miss = (key: ClientKey): Effect.Effect<Entry> =>
    Effect.uninterruptible(Effect.suspend(() => {
      // Another caller may have come between.
      const known = clients.get(key.member, key.model)
      if (known !== undefined) return Effect.succeed(known)
      clients.trim(capacity - 1, isIdle)
      const entry: Entry = { ...key, created: Deferred.makeUnsafe(), ready: undefined }
      clients.add(entry)
      return started(key, entry)
    }))

  return {
    get: (key) =>
      Effect.suspend(() => {
        const entry = clients.get(key.member, key.model)
        if (entry === undefined) {
          if (scope.state._tag === "Closed") return create(key)
          return Effect.flatMap(miss(key), (entry) => made(key, entry))
        }
        clients.use(entry)
        return entry.ready ?? made(key, entry)
      }),
    size: Effect.sync(() => clients.size)
  }
})

/**
 * The pool over HTTP, with the tier's limits. Closing its scope lets the calls in flight
 * end, for up to `drain`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: GeminiConfig.Options) {
  const transport = yield* GeminiHttp.GeminiHttp
  const limiter = yield* RateLimiter.RateLimiter
  const gate = yield* CallGate.scoped(options.drain)
  const limitsOf = CallLimits.make(options)
  const onWait = (yield* WaitLog)?.(options.tier)
  const { home, provider: name } = Destination.of(options)
  const provider = () => name
  const clients = yield* makeWith(({ member, model }) =>
    Effect.sync(() =>
      ModelClient.make({
        model,
        transport,
        limiter,
        gate,
        project: member,
        location: "global",
        ...home,
        quotaModel: ModelAlias.quotaModel(model),
        isAlias: ModelAlias.isAlias(model),
        limits: limitsOf(model),
        retry: options.retry,
        timeouts: options.timeouts,
        continuation: options.continuation,
        countInput: options.countInput,
        onWait,
        provider
      })
    )
  )
  return ModelPool.of({
    ...clients,
    models: ModelList.make({ transport, gate, retry: options.retry, timeouts: options.timeouts, provider }),
    providerName: provider
  })
})

/**
 * The pool over the `GeminiHttp` and the limiter of the context; closing the layer drains it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: GeminiConfig.Options
): Layer.Layer<ModelPool, never, GeminiHttp.GeminiHttp | RateLimiter.RateLimiter> =>
  Layer.effect(ModelPool, make(options))
