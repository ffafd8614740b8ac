/**
 * Which caches there are, by the project, the model and the hash of what they hold: what `CachedPrefix` asks before it
 * makes one. By default it lies in memory; `JournalCacheIndex` shares it among processes.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * A cache that was made: its name, the member that made it, its tokens, and its end in milliseconds since the epoch. An
 * end that lies behind means that it is gone.
 *
 * @category schemas
 * @since 0.2.0
 */
export const IndexedCache = Schema.Struct({
  name: Schema.String,
  member: Schema.optionalKey(Schema.String),
  tokens: Schema.Finite,
  expires: Schema.Finite
})

/**
 * @category models
 * @since 0.2.0
 */
export type IndexedCache = typeof IndexedCache.Type

/**
 * The index. It is never the reason that a call fails: what cannot be read is made again, and what cannot be kept is not.
 *
 * @category models
 * @since 0.2.0
 */
export interface CacheIndexService {
  /** Whether other processes see it, so that a cache outlives the one that made it. */
  readonly isShared: boolean
  /** The cache of this key that was told last. */
  readonly get: (key: string) => Effect.Effect<IndexedCache | undefined>
  readonly set: (key: string, cache: IndexedCache) => Effect.Effect<void>
  /**
   * Gives the cache of this key that ends after `now`, or else makes one as the only one who does so now, and remembers
   * it. `undefined` if somebody else is making it.
   */
  readonly once: <E>(
    key: string,
    now: number,
    make: Effect.Effect<IndexedCache, E>
  ) => Effect.Effect<IndexedCache | undefined, E>
}

/** The most caches that are remembered; beyond them the oldest is forgotten. */
const most = 10_000

/**
 * An index in the memory of this process, for the newest 10,000 caches.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeMemory = (): CacheIndexService => {
  const kept = new Map<string, IndexedCache>()
  const making = new Set<string>()
  const keep = (key: string, cache: IndexedCache) => {
    const [oldest] = kept.keys()
    if (kept.size >= most && oldest !== undefined && !kept.has(key)) kept.delete(oldest)
    kept.set(key, cache)
  }
  return {
    isShared: false,
    get: (key) => Effect.sync(() => kept.get(key)),
    set: (key, cache) => Effect.sync(() => keep(key, cache)),
    once: (key, now, make) =>
      Effect.suspend(() => {
        const found = kept.get(key)
        if (found !== undefined && found.expires > now) return Effect.succeed(found)
        if (making.has(key)) return Effect.succeed(undefined)
        making.add(key)
        return make.pipe(
          Effect.tap((cache) => Effect.sync(() => keep(key, cache))),
          Effect.ensuring(Effect.sync(() => making.delete(key)))
        )
      })
  }
}

/**
 * The index as a service. A `CachedPrefix` that finds none has one of its own, in memory.
 *
 * @category services
 * @since 0.2.0
 */
export class CacheIndex extends Context.Service<CacheIndex, CacheIndexService>()("effect-gemini/CacheIndex") {}
