/**
 * Which caches there are, in a Journal: several processes then share one cache of a prefix, and a new one finds what an
 * earlier one made. Each prefix has a run of its own (`gemini-cache-…`), so that nobody waits for another's.
 *
 * It needs the package `effect-gemini-journal`. A Journal in the context is not found by itself: provide this layer.
 *
 * ```ts
 * import * as CachedPrefix from "effect-gemini/caches/CachedPrefix"
 * import * as Caches from "effect-gemini/caches/Caches"
 * import * as JournalCacheIndex from "effect-gemini/caches/JournalCacheIndex"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as Journal from "effect-gemini-journal/Journal"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * const options = { apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") }
 *
 * const program = CachedPrefix.CachedPrefix.use((prefixes) =>
 *   Effect.scoped(Effect.flatMap(
 *     prefixes.open({ model: "gemini-3.8-flash", contents: "All of the manual …" }),
 *     (manual) => manual.generate({ contents: "How is the filter changed?" })
 *   ))
 * ).pipe(Effect.provide(
 *   CachedPrefix.layer().pipe(
 *     Layer.provide(JournalCacheIndex.layer),
 *     // A FileJournal is shared by the processes of a machine.
 *     Layer.provide(Journal.layerMemory()),
 *     Layer.provide(Caches.layer),
 *     Layer.provide(ResourceHttp.layer(options)),
 *     Layer.provide(NodeGemini.layerHttp(options)),
 *     Layer.provide(NodeGemini.layerHttpClient())
 *   )
 * ))
 * ```
 *
 * @since 0.2.0
 */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Records from "effect-gemini-journal/Records"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as CacheIndex from "./CacheIndex.ts"

/** The start of the ids of its runs, by which `Journal.prune` finds those that are old. */
export const prefix = "gemini-cache-"

const records = /* @__PURE__ */ Records.make({
  name: "effect-gemini/CacheIndex",
  version: 1,
  schema: CacheIndex.IndexedCache
})

const idOf = (key: string): string => `${prefix}${key.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 100)}`

/**
 * The index over a Journal. A journal that cannot be read or written is the reason of a cache more, and of no failure.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (journal: Journal.Journal["Service"]): CacheIndex.CacheIndexService => {
  const opened = (id: string) =>
    Effect.catchReason(journal.resume(records, id), "JournalError", "NotFound", () => journal.create(records, id))
  const get = (key: string) =>
    Stream.runFold(
      journal.read(records, idOf(key)),
      (): CacheIndex.IndexedCache | undefined => undefined,
      (last, entry) => entry._tag === "Recorded" ? entry.record : last
    ).pipe(Effect.catch(() => Effect.succeed(undefined)))
  return {
    isShared: true,
    get,
    set: (key, cache) =>
      Effect.scoped(Effect.flatMap(opened(idOf(key)), (run) => run.append([cache]))).pipe(Effect.ignore),
    once: <E>(key: string, now: number, make: Effect.Effect<CacheIndex.IndexedCache, E>) =>
      Effect.scoped(Effect.matchEffect(opened(idOf(key)), {
        onFailure: ({ reason }: JournalError): Effect.Effect<CacheIndex.IndexedCache | undefined, E> =>
          // Whoever holds the run is making the cache. Without a journal each process has a cache of its own.
          reason._tag === "Busy" || reason._tag === "Exists" ? Effect.succeed(undefined) : make,
        onSuccess: (run) =>
          Effect.flatMap(get(key), (found) =>
            found !== undefined && found.expires > now
              ? Effect.succeed(found)
              : Effect.tap(make, (cache) => Effect.ignore(run.append([cache]))))
      }))
  }
}

/**
 * The index over the Journal of the context. Provide it to `CachedPrefix.layer`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<CacheIndex.CacheIndex, never, Journal.Journal> = /* @__PURE__ */ Layer.effect(
  CacheIndex.CacheIndex,
  /* @__PURE__ */ Effect.map(Journal.Journal, make)
)
