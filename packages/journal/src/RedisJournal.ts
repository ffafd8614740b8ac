/**
 * Journals in Redis, for machines that share the work. Every decision is one Lua script, so every process sees an
 * append whole or not at all.
 *
 * There is no lock. `resume` takes a run over: from then on the former writer's next append fails with TakenOver,
 * however long that process slept. Followers learn of changes by publish and subscribe, and look by themselves once a
 * second.
 *
 * An append is as durable as the server: give it `appendonly yes`, with `appendfsync always` where no acknowledged record
 * may be lost to a power cut, and `maxmemory-policy noeviction`, or runs may vanish.
 *
 * ```ts
 * import * as NodeRedis from "@effect/platform-node/NodeRedis"
 * import * as RedisJournal from "effect-gemini-journal/RedisJournal"
 * import * as Layer from "effect/Layer"
 *
 * export const journal = RedisJournal.layer().pipe(
 *   Layer.provide(NodeRedis.layer({
 *     url: "redis://127.0.0.1:6379",
 *     disableOfflineQueue: true,
 *     commandOptions: { timeout: 0 }
 *   }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redis from "effect/persistence/Redis"
import type * as Scope from "effect/Scope"
import * as RedisStore from "./internal/redisStore.ts"
import * as Journal from "./Journal.ts"
import type { JournalStore } from "./JournalStore.ts"

/**
 * The names of the keys in Redis and how long it may take, beside the limits and redaction of every journal.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends Journal.Options {
  /** The prefix of all keys. Default `gemini:journal:`. */
  readonly prefix?: string | undefined
  /** How long a step may take before Redis counts as away. Default 5 seconds. */
  readonly timeout?: Duration.Input | undefined
  /** How often a follower looks by itself. Default 1 second. */
  readonly poll?: Duration.Input | undefined
}

/**
 * The store of this module without the service over it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeStore = (
  options: Options = {}
): Effect.Effect<JournalStore, never, Redis.Redis | Scope.Scope> =>
  Effect.suspend(() =>
    RedisStore.make({
      prefix: options.prefix ?? "gemini:journal:",
      timeout: Duration.toMillis(Duration.fromInputUnsafe(options.timeout ?? "5 seconds")),
      poll: Duration.toMillis(Duration.fromInputUnsafe(options.poll ?? "1 second"))
    })
  )

/**
 * The `Journal` service over the Redis of the context. `NodeRedis.layer` provides one; give it `disableOfflineQueue:
 * true`, or commands that are sent while Redis is away wait in the client instead of being sent again. `commandOptions: {
 * timeout: 0 }` leaves out the client's own bound on the wait in that queue, a timer and a signal for each command:
 * `timeout` here bounds the whole command.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<Journal.Journal, never, Redis.Redis> =>
  Layer.effect(Journal.Journal, Effect.flatMap(makeStore(options), (store) => Journal.make(store, options)))
