/**
 * One `ModelClient` a (member, model), created on first use.
 *
 * The map holds Deferreds, so the lock is held only to insert one: creation runs
 * outside it, a failure removes the entry and reaches every waiter, and a warm model
 * answers while another is being created.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as SynchronizedRef from "effect/SynchronizedRef"
import type * as GeminiConfig from "./GeminiConfig.ts"
import type { GeminiError } from "./GeminiError.ts"
import * as GeminiHttp from "./GeminiHttp.ts"
import * as ModelClient from "./ModelClient.ts"
import type * as ModelId from "./ModelId.ts"
import * as RateLimiter from "./RateLimiter.ts"
import * as Tier from "./Tier.ts"

/**
 * What a client is pooled by.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClientKey {
  /** `default` until there are several projects, regions or keys. */
  readonly member: string
  readonly model: ModelId.ModelId
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Service {
  readonly get: (key: ClientKey) => Effect.Effect<ModelClient.ModelClient, GeminiError>
}

/**
 * @category services
 * @since 0.1.0
 */
export class ModelPool extends Context.Service<ModelPool, Service>()("effect-gemini/ModelPool") {}

type Entry = Deferred.Deferred<ModelClient.ModelClient, GeminiError>

/**
 * A pool over a way to create clients.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeWith = Effect.fnUntraced(function*(
  create: (key: ClientKey) => Effect.Effect<ModelClient.ModelClient, GeminiError>
) {
  const clients = yield* SynchronizedRef.make(HashMap.empty<string, Entry>())

  const miss = Effect.fnUntraced(function*(id: string, key: ClientKey) {
    const mine = yield* Deferred.make<ModelClient.ModelClient, GeminiError>()
    const entry = yield* SynchronizedRef.modify(clients, (map) => {
      const known = HashMap.get(map, id)
      return Option.isSome(known) ? [known.value, map] : [mine, HashMap.set(map, id, mine)]
    })
    if (entry === mine) {
      yield* create(key).pipe(
        Effect.onError(() => SynchronizedRef.update(clients, HashMap.remove(id))),
        Effect.onExit((exit) => Deferred.done(mine, exit)),
        Effect.exit
      )
    }
    return yield* Deferred.await(entry)
  })

  return ModelPool.of({
    get: (key) =>
      Effect.suspend(() => {
        const id = `${key.member}/${key.model}`
        const known = HashMap.get(SynchronizedRef.getUnsafe(clients), id)
        return Option.isSome(known) ? Deferred.await(known.value) : miss(id, key)
      })
  })
})

// About four characters of English make a token (Google's own rule of thumb); the server's
// count settles the difference.
const estimateTokens = (request: object): number => Math.ceil(JSON.stringify(request).length / 4)

/**
 * The pool over HTTP, with the tier's limits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: GeminiConfig.Options) {
  const transport = yield* GeminiHttp.GeminiHttp
  const limiter = yield* RateLimiter.RateLimiter
  const tier = typeof options.tier === "object" ? options.tier : Tier.byName(options.tier ?? "free")
  return yield* makeWith(({ member, model }) =>
    Effect.sync(() =>
      ModelClient.make({
        model,
        transport,
        limiter,
        retry: options.retry,
        admission: (request) => ({
          lane: { project: member, location: "global", quotaModel: model, family: "generate" },
          limits: Tier.limitsFor(tier, model, options.limits),
          tokens: estimateTokens(request)
        })
      })
    )
  )
})

/**
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: GeminiConfig.Options
): Layer.Layer<ModelPool, never, GeminiHttp.GeminiHttp | RateLimiter.RateLimiter> =>
  Layer.effect(ModelPool, make(options))
