/**
 * What a test sees of the interactions and webhooks of an emulator, and what it can do to them.
 *
 * @since 0.2.0
 */
import type * as Effect from "effect/Effect"
import type * as Deliveries from "./internal/webhooks/Deliveries.ts"

/**
 * The interactions of a running emulator.
 *
 * @category models
 * @since 0.2.0
 */
export interface InteractionControl {
  /** The interactions of all projects, as `get` shows them with their input. */
  readonly list: Effect.Effect<
    ReadonlyArray<{ readonly project: string; readonly interaction: Readonly<Record<string, unknown>> }>
  >
  /**
   * Lets the server forget an interaction before its time, as if it had expired; gives `false` if there is none of this
   * id.
   */
  readonly forget: (id: string) => Effect.Effect<boolean>
  /** How many were made, stored or not, and how many stored ones had to go for want of room. */
  readonly counts: Effect.Effect<{ readonly created: number; readonly dropped: number }>
}

/**
 * A webhook's event on its way to one address, and what became of each attempt.
 *
 * @category models
 * @since 0.2.0
 */
export type WebhookDelivery = Deliveries.Delivery

/**
 * An event that a test has delivered without a job.
 *
 * @category models
 * @since 0.2.0
 */
export interface WebhookEvent {
  /** `interaction.completed`, `batch.failed`, … */
  readonly type: string
  /** The id of the job, and what else is told of it. */
  readonly data: Readonly<Record<string, unknown>>
  /** The project whose webhooks hear of it. Default `default`. */
  readonly project?: string | undefined
  /** Addresses, in place of the webhooks that are registered; what goes there is signed as a token (RS256). */
  readonly uris?: ReadonlyArray<string> | undefined
  readonly metadata?: Readonly<Record<string, unknown>> | undefined
}

/**
 * The webhooks of a running emulator. What it delivers goes to addresses of this machine alone.
 *
 * @category models
 * @since 0.2.0
 */
export interface WebhookControl {
  /** Delivers an event, and gives the `webhook-id` of each delivery. */
  readonly send: (event: WebhookEvent) => Effect.Effect<ReadonlyArray<string>>
  /** The deliveries, the oldest first; at most 1,000 of them. */
  readonly deliveries: Effect.Effect<ReadonlyArray<WebhookDelivery>>
  /** Waits until so many deliveries have come to their end: taken, given up, refused or lost. */
  readonly awaitEnded: (n: number) => Effect.Effect<ReadonlyArray<WebhookDelivery>>
  /** How many deliveries have come to their end. */
  readonly ended: Effect.Effect<number>
  /** Signs tokens with another key from now on. The list at `/.well-known/jwks.json` has the old ones, too. */
  readonly rotateKeys: Effect.Effect<void>
}
