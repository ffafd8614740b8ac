/**
 * The ids of accepted deliveries in Redis: a delivery counts once, whichever of several processes it reaches.
 *
 * Each id is a key that expires. A Redis that does not answer refuses deliveries with `ReplaysUnavailable` (HTTP 503), and
 * Google sends them again.
 *
 * ```ts
 * import * as NodeRedis from "@effect/platform-node/NodeRedis"
 * import * as RedisReplays from "effect-gemini/webhooks/RedisReplays"
 * import * as Layer from "effect/Layer"
 *
 * const replays = RedisReplays.layer().pipe(
 *   Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379", disableOfflineQueue: true }))
 * )
 * ```
 *
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import { type ReplayClaim, Replays, type ReplaysService } from "./Replays.ts"
import { WebhookError } from "./WebhookError.ts"
import { ReplaysUnavailable } from "./WebhookErrorReason.ts"

/**
 * The names of the keys, and how long a step may take.
 *
 * @category options
 * @since 0.2.0
 */
export interface ReplaysOptions {
  /** What the keys begin with. Default `gemini:webhook:`. */
  readonly prefix?: string | undefined
  /** How long a step may take before it is sent once more, and then given up. Default 1 second. */
  readonly timeout?: Duration.Input | undefined
}

// Whoever claims an id writes a nonce of its own: a step whose reply was lost finds, when it is sent again, that it had
// succeeded, and nobody gives up what another one claimed.
const claim = /* @__PURE__ */ Redis.script((key: string, nonce: string, millis: number) => [key, nonce, millis], {
  numberOfKeys: 1,
  lua: `if redis.call("SET", KEYS[1], ARGV[1], "NX", "PX", ARGV[2]) then return 1 end
if redis.call("GET", KEYS[1]) == ARGV[1] then return 1 end
return 0`
}).withReturnType<number>()

/** It is sent whole and not by its hash, because it may be sent when nothing answers any more. */
const release = `if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end
return 0`

/** How many claims are remembered of which nobody knows whether they were made. */
const mostUnsure = 10_000

/**
 * The ids over the Redis of the context.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = Effect.fnUntraced(function*(options: ReplaysOptions = {}): Effect.fn.Return<
  ReplaysService,
  never,
  Redis.Redis
> {
  const redis = yield* Redis.Redis
  const { prefix = "gemini:webhook:", timeout = "1 second" } = options
  const inTime = <A, E>(step: Effect.Effect<A, E>) =>
    Effect.timeoutOrElse(Effect.mapError(step, () => "UNREACHABLE"), {
      duration: Duration.fromInputUnsafe(timeout),
      orElse: () => Effect.fail("TIMEOUT")
    })
  /** The nonces of claims whose reply was lost: the next attempt at the same delivery finds the claim to be its own. */
  const unsure = new Map<string, string>()
  return {
    claim: (id, millis) =>
      Effect.suspend(() => {
        const key = prefix + id
        const nonce = unsure.get(id) ?? globalThis.crypto.randomUUID()
        const step = inTime(redis.eval(claim)(key, nonce, Math.ceil(millis)))
        const given: ReplayClaim = { release: Effect.ignore(inTime(redis.send("EVAL", release, "1", key, nonce))) }
        const lost = Effect.suspend(() => {
          const [oldest] = unsure.keys()
          if (unsure.size >= mostUnsure && oldest !== undefined) unsure.delete(oldest)
          unsure.set(id, nonce)
          // Another process may get the next attempt.
          return given.release
        })
        return Effect.catch(step, () => step).pipe(
          Effect.map((reply) => {
            unsure.delete(id)
            return reply === 1 ? given : undefined
          }),
          Effect.catch((code) =>
            Effect.andThen(
              lost,
              Effect.fail(new WebhookError({ reason: new ReplaysUnavailable({ store: "redis", code }) }))
            )
          ),
          Effect.onInterrupt(() => lost)
        )
      })
  }
})

/**
 * The ids in the Redis of the context, for `Webhook.verify`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: ReplaysOptions = {}): Layer.Layer<never, never, Redis.Redis> =>
  Layer.effect(Replays, make(options))
