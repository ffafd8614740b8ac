/**
 * Deliveries of Google's webhooks, accepted only if Google signed them, lately, and once.
 *
 * - A webhook of the project (`webhooks.create`) signs with its secret: HMAC-SHA256. While secrets rotate, give both.
 * - A webhook of one call (`webhook_config`, `webhook` of a batch) signs with a key of Google's: a token (RS256) for your
 *   URL, the `audience`. The algorithm is ours, never the token's; the keys come from {@link WebhookKeys}.
 * - A delivery is good for five minutes around its time, and its id is kept for ten (`Replays`): what is sent again is
 *   `ReplayedDelivery`, to be answered with success.
 *
 * The body must be the bytes that came, before anything parses them. Answer a failure with `error.status`.
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as HttpServerRequest from "effect/http/HttpServerRequest"
 * import * as HttpServerResponse from "effect/http/HttpServerResponse"
 * import * as Redacted from "effect/Redacted"
 * import * as Webhook from "effect-gemini/webhooks/Webhook"
 *
 * const secrets = [Redacted.make(process.env.GEMINI_WEBHOOK_SECRET ?? "")]
 *
 * // A route of an HttpRouter.
 * const route = Effect.gen(function*() {
 *   const request = yield* HttpServerRequest.HttpServerRequest
 *   const body = new Uint8Array(yield* request.arrayBuffer)
 *   yield* Webhook.receive(request.headers, body, { secrets }, ({ event }) => Effect.log(event.type, event.resource))
 *   return HttpServerResponse.empty()
 * }).pipe(Effect.catchTag("WebhookError", ({ status }) => Effect.succeed(HttpServerResponse.empty({ status }))))
 * ```
 *
 * @since 0.2.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Accepted from "../internal/webhooks/accepted.ts"
import type { WebhookError } from "./WebhookError.ts"
import type { WebhookEvent } from "./WebhookEvent.ts"
import type { WebhookKeys } from "./WebhookKeys.ts"

/**
 * The headers of a request: those of `fetch`, of Effect, of Node, or any record of them.
 *
 * @category models
 * @since 0.2.0
 */
export type DeliveryHeaders = Headers | Readonly<Record<string, string | ReadonlyArray<string> | undefined>>

/**
 * A delivery that was accepted.
 *
 * @category models
 * @since 0.2.0
 */
export interface WebhookDelivery {
  /** The `webhook-id`. Of a dynamic one it is the token's own id, if that has one: nobody signs the header there. */
  readonly id: string
  /** How it was signed: with a secret, or with a key of Google's. */
  readonly kind: "static" | "dynamic"
  readonly event: WebhookEvent
}

/**
 * How much is allowed.
 *
 * @category options
 * @since 0.2.0
 */
export interface DeliveryLimits {
  /** How far the time of a delivery and this clock may be apart. Default 5 minutes, at most 1 hour. */
  readonly tolerance?: Duration.Input | undefined
  /** The most bytes of a body. Default 1 MiB; deliveries of Google's have less than one kB. */
  readonly maxBytes?: number | undefined
}

/**
 * What accepts the webhooks of the project.
 *
 * @category options
 * @since 0.2.0
 */
export interface StaticOptions extends DeliveryLimits {
  /** The secret (`whsec_…`) that `webhooks.create` gave; while it rotates, the new one and the old one. */
  readonly secrets: Redacted.Redacted<string> | ReadonlyArray<Redacted.Redacted<string>>
  readonly audience?: undefined
}

/**
 * What accepts webhooks that were asked for in one call, and with `secrets` those of the project, too.
 *
 * @category options
 * @since 0.2.0
 */
export interface DynamicOptions extends DeliveryLimits {
  /** Your URL, exactly as it stands in the `uris` of the call; several if deliveries reach several. */
  readonly audience: string | ReadonlyArray<string>
  readonly secrets?: Redacted.Redacted<string> | ReadonlyArray<Redacted.Redacted<string>> | undefined
  /** The issuer of tokens, if others are to be refused. Google's guide names none. */
  readonly issuer?: string | undefined
  /**
   * Whether a body is believed that is not in the token. Default `refuse`: then whoever has seen one token could say
   * anything with it for five minutes.
   */
  readonly unsignedBody?: "refuse" | "accept" | undefined
}

/**
 * Checks a delivery and keeps its id, so that it is accepted once. What is then done with it may fail: {@link receive}
 * gives the id up in this case, so that Google's next attempt is accepted.
 *
 * @category running
 * @since 0.2.0
 */
export function verify(
  headers: DeliveryHeaders,
  body: Uint8Array | string,
  options: StaticOptions
): Effect.Effect<WebhookDelivery, WebhookError>
export function verify(
  headers: DeliveryHeaders,
  body: Uint8Array | string,
  options: DynamicOptions
): Effect.Effect<WebhookDelivery, WebhookError, WebhookKeys>
export function verify(
  headers: DeliveryHeaders,
  body: Uint8Array | string,
  options: StaticOptions | DynamicOptions
): Effect.Effect<WebhookDelivery, WebhookError, WebhookKeys> {
  return Effect.map(Accepted.accepted(headers, body, options), ({ delivery }) => delivery)
}

/**
 * Checks a delivery and does something with it. If that fails or is interrupted, the delivery counts as not seen, and is
 * accepted when Google sends it again. Do little here: Google takes a slow answer for a failure.
 *
 * @category running
 * @since 0.2.0
 */
export function receive<A, E, R>(
  headers: DeliveryHeaders,
  body: Uint8Array | string,
  options: StaticOptions,
  handle: (delivery: WebhookDelivery) => Effect.Effect<A, E, R>
): Effect.Effect<A, WebhookError | E, R>
export function receive<A, E, R>(
  headers: DeliveryHeaders,
  body: Uint8Array | string,
  options: DynamicOptions,
  handle: (delivery: WebhookDelivery) => Effect.Effect<A, E, R>
): Effect.Effect<A, WebhookError | E, R | WebhookKeys>
export function receive<A, E, R>(
  headers: DeliveryHeaders,
  body: Uint8Array | string,
  options: StaticOptions | DynamicOptions,
  handle: (delivery: WebhookDelivery) => Effect.Effect<A, E, R>
): Effect.Effect<A, WebhookError | E, R | WebhookKeys> {
  return Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      restore(Accepted.accepted(headers, body, options)),
      ({ delivery, release }) => Effect.onError(restore(Effect.suspend(() => handle(delivery))), () => release)
    )
  )
}
