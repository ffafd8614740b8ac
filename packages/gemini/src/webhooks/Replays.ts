/**
 * Which deliveries were accepted in the last ten minutes: what `Webhook.verify` asks, so that a delivery counts once. By
 * default the ids lie in the memory of this process, at most 100,000 of them; `RedisReplays` shares them among processes.
 *
 * Only ids whose signature was good are kept, so nobody else can fill it. Where it is full, deliveries are refused for
 * now, and come again: forgetting an id early would let a replay through.
 *
 * @since 0.2.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { WebhookError } from "./WebhookError.ts"
import { ReplaysUnavailable } from "./WebhookErrorReason.ts"

/**
 * An id that was kept, and how it is given up again, because what was to be done with the delivery failed.
 *
 * @category models
 * @since 0.2.0
 */
export interface ReplayClaim {
  readonly release: Effect.Effect<void>
}

/**
 * The ids that were seen.
 *
 * @category models
 * @since 0.2.0
 */
export interface ReplaysService {
  /** Keeps an id for so many milliseconds; `undefined` if it was kept already. Of callers at once, one has the claim. */
  readonly claim: (id: string, millis: number) => Effect.Effect<ReplayClaim | undefined, WebhookError>
}

/**
 * Ids in the memory of this process, at most `capacity` (default 100,000). Their time goes by the monotonic clock, so a
 * clock that is set forward and back forgets none.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeMemory = (options: { readonly capacity?: number | undefined } = {}): ReplaysService => {
  const { capacity = 100_000 } = options
  /** The last millisecond of each id by the monotonic clock, in the order of arrival. */
  const kept = new Map<string, { readonly end: number }>()
  const forget = (now: number): void => {
    for (const [id, { end }] of kept) {
      if (end >= now) break
      kept.delete(id)
    }
    // An id that is kept longer may stand before those that have ended.
    if (kept.size >= capacity) { for (const [id, { end }] of kept) if (end < now) kept.delete(id) }
  }
  return {
    claim: (id, millis) =>
      Effect.flatMap(Clock.monotonicTimeNanos, (nanos) => {
        const now = Number(nanos / 1_000_000n)
        forget(now)
        const found = kept.get(id)
        if (found !== undefined && found.end >= now) return Effect.undefined
        kept.delete(id)
        if (kept.size >= capacity) {
          return Effect.fail(new WebhookError({ reason: new ReplaysUnavailable({ store: "memory", code: "FULL" }) }))
        }
        const entry = { end: now + millis }
        kept.set(id, entry)
        return Effect.succeed({
          release: Effect.sync(() => {
            if (kept.get(id) === entry) kept.delete(id)
          })
        })
      })
  }
}

/**
 * The ids as a service: in memory, unless the program provides another.
 *
 * @category references
 * @since 0.2.0
 */
export const Replays: Context.Reference<ReplaysService> = /* @__PURE__ */ Context.Reference<ReplaysService>(
  "effect-gemini/webhooks/Replays",
  { defaultValue: makeMemory }
)
