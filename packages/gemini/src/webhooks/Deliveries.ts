/**
 * The deliveries that reach this process, for those who wait in it: a wait for a batch or an interaction ends when its
 * webhook comes, and not at the next poll. A delivery is only a hint, so a wait goes on polling, and one that was missed
 * costs time and nothing else.
 *
 * ```ts
 * import * as Batches from "effect-gemini/batches/Batches"
 * import * as BatchRun from "effect-gemini/batches/BatchRun"
 * import * as Deliveries from "effect-gemini/webhooks/Deliveries"
 * import * as Webhook from "effect-gemini/webhooks/Webhook"
 * import { Effect, Redacted } from "effect"
 *
 * const secrets = Redacted.make(process.env.GEMINI_WEBHOOK_SECRET ?? "")
 *
 * // In the route of the webhook.
 * const received = (headers: Headers, body: Uint8Array) =>
 *   Deliveries.Deliveries.use((deliveries) => Webhook.receive(headers, body, { secrets }, deliveries.publish))
 *
 * // In the same process.
 * const run = Deliveries.Deliveries.useSync((deliveries) =>
 *   BatchRun.run({ id: "summaries", model: "gemini-3.8-flash", rows: [], told: deliveries.about })
 * )
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import type { WebhookDelivery } from "./Webhook.ts"
import type { WebhookEvent } from "./WebhookEvent.ts"

/**
 * What has come, and what comes.
 *
 * @category models
 * @since 0.2.0
 */
export interface DeliveriesService {
  /** Tells of a delivery. */
  readonly publish: (delivery: Pick<WebhookDelivery, "event">) => Effect.Effect<void>
  /**
   * Waits for an event about this resource (`batches/ID`, `interactions/ID`, or an id alone). One that came before, and of
   * which nobody was told, ends the wait at once.
   */
  readonly about: (resource: string) => Effect.Effect<WebhookEvent>
  /** All events from here on. A reader that falls 1,024 behind misses the oldest. */
  readonly events: Stream.Stream<WebhookEvent>
}

/**
 * The deliveries of this process as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class Deliveries extends Context.Service<Deliveries, DeliveriesService>()("effect-gemini/webhooks/Deliveries") {}

/** How many events wait for somebody to ask; beyond them the oldest is forgotten. */
const mostWaiting = 10_000

const idOf = (resource: string): string => resource.slice(resource.lastIndexOf("/") + 1)

/**
 * The deliveries of one process.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make: Effect.Effect<DeliveriesService> = /* @__PURE__ */ Effect.gen(function*() {
  const hub = yield* PubSub.sliding<WebhookEvent>(1_024)
  const came = new Map<string, WebhookEvent>()
  const waiting = new Map<string, Set<(event: WebhookEvent) => void>>()
  return {
    publish: ({ event }) =>
      Effect.suspend(() => {
        const id = idOf(event.resource)
        const told = waiting.get(id)
        waiting.delete(id)
        if (told !== undefined) { for (const tell of told) tell(event) }
        else if (id !== "") {
          came.delete(id)
          const [oldest] = came.keys()
          if (came.size >= mostWaiting && oldest !== undefined) came.delete(oldest)
          came.set(id, event)
        }
        return Effect.asVoid(PubSub.publish(hub, event))
      }),
    about: (resource) =>
      Effect.callback<WebhookEvent>((resume) => {
        const id = idOf(resource)
        const event = came.get(id)
        if (event !== undefined) {
          came.delete(id)
          return resume(Effect.succeed(event))
        }
        const tell = (told: WebhookEvent): void => resume(Effect.succeed(told))
        const told = waiting.get(id) ?? new Set()
        waiting.set(id, told.add(tell))
        return Effect.sync(() => {
          told.delete(tell)
          if (told.size === 0 && waiting.get(id) === told) waiting.delete(id)
        })
      }),
    events: Stream.fromPubSub(hub)
  }
})

/**
 * Deliveries for the program.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<Deliveries> = /* @__PURE__ */ Layer.effect(Deliveries, make)
