/**
 * Lanes in Redis: one quota for all processes that share it.
 *
 * Exact and atomic: each step is one Lua script that counts by Redis's own clock, so
 * processes whose clocks differ agree. A lane is two keys with one hash tag, bounded by
 * what its window and its calls in flight hold, and expires when nothing in it limits.
 *
 * Concurrency is a lease, renewed while a call is in flight: the calls of a process that
 * died free it within `lease`, and what they sent stays counted. Requests wait in order
 * within a process; between processes the first to ask goes.
 *
 * While Redis does not answer, `whenDown` says what calls do; {@link RedisLaneStore} tells whether it does. When it
 * answers again, it counts what was sent meanwhile. A Redis that lost its data starts anew: run it with persistence if
 * a day's quota matters.
 *
 * ```ts
 * import * as NodeRedis from "@effect/platform-node/NodeRedis"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as RedisLaneStore from "effect-gemini/limits/RedisLaneStore"
 * import * as Layer from "effect/Layer"
 *
 * const gemini = NodeGemini.layerConfig({ tier: "tier1" }).pipe(
 *   Layer.provide(RedisLaneStore.layer({ whenDown: "local", localShare: 0.25 })),
 *   Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379", disableOfflineQueue: true }))
 * )
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Redis } from "effect/persistence/Redis"
import type * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as LaneScript from "../internal/limiter/laneScript.ts"
import * as RedisStore from "../internal/limiter/redisStore.ts"
import * as LaneStore from "./LaneStore.ts"

/**
 * Whether Redis answers, and since when and why not.
 *
 * @category models
 * @since 0.1.0
 */
export type Status =
  | { readonly _tag: "Up" }
  | {
    readonly _tag: "Down"
    /** Milliseconds since the epoch. */
    readonly since: number
    /** The code of the connection or of Redis, such as ECONNREFUSED or TIMEOUT. */
    readonly code: string
  }

/**
 * Whether Redis answers, now and from here on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  readonly status: Effect.Effect<Status>
  /** Every change, beginning with the next one. */
  readonly changes: Stream.Stream<Status>
}

/**
 * The state of the store's connection, as a service.
 *
 * @category services
 * @since 0.1.0
 */
export class RedisLaneStore extends Context.Service<RedisLaneStore, Service>()("effect-gemini/limits/RedisLaneStore") {}

/**
 * The names of the keys in Redis, how processes share concurrency, and what happens while Redis does not answer.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** What the keys begin with. Default `gemini:`. */
  readonly prefix?: string | undefined
  /**
   * What calls do while Redis does not answer. `closed`, the default: they fail with
   * LimiterUnavailable. `open`: they go uncounted, a 429 still pauses them. `local`: this
   * process counts by itself, within `localShare` of the limits.
   */
  readonly whenDown?: "closed" | "open" | "local" | undefined
  /** With `local`: the share of the limits that one process may use, 1 divided by how many there are. Default 1. */
  readonly localShare?: number | undefined
  /** After how long the calls of a process that died free their concurrency. Default 15 seconds. */
  readonly lease?: Duration.Input | undefined
  /**
   * How long a step may take. A Redis that then does not answer a PING for as long counts as down; one that does is slow,
   * and only the calls of this step do what `whenDown` says. Default 1 second.
   */
  readonly timeout?: Duration.Input | undefined
  /** How often a Redis that is down is asked whether it is back. Default 1 second. */
  readonly probeEvery?: Duration.Input | undefined
  /** How often a call asks again while other processes hold all concurrency. Default 100 milliseconds. */
  readonly poll?: Duration.Input | undefined
}

/**
 * The store, and its status, over the Redis of the context, until the scope ends.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const { status, store } = yield* RedisStore.make(options, LaneScript.make())
  return Context.make(LaneStore.LaneStore, store).pipe(
    Context.add(RedisLaneStore, { status: SubscriptionRef.get(status), changes: SubscriptionRef.changes(status) })
  )
})

/**
 * Lanes in the Redis of the context. `NodeRedis.layer` provides one; give it
 * `disableOfflineQueue: true`, or steps sent while it is away are counted when it is back.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<LaneStore.LaneStore | RedisLaneStore, never, Redis> => Layer.effectContext(make(options))
