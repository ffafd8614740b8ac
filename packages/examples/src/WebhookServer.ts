/**
 * Google's webhooks on effect/http: a delivery ends the wait for its batch, and nobody else's does. Both kinds come in
 * at one route: those of the project, signed with its secret, and those of one call, signed with Google's key.
 */
import { Deliveries } from "effect-gemini/webhooks/Deliveries"
import * as Webhook from "effect-gemini/webhooks/Webhook"
import type { WebhookKeys } from "effect-gemini/webhooks/WebhookKeys"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"

const empty = (status: number) => HttpServerResponse.empty({ status })

const answered = (options: Webhook.DynamicOptions) =>
  Effect.gen(function*() {
    const request = yield* HttpServerRequest.HttpServerRequest
    const deliveries = yield* Deliveries
    // The bytes as they came: a body that was parsed and written again has another signature.
    const body = new Uint8Array(yield* request.arrayBuffer)
    yield* Webhook.receive(request.headers, body, options, deliveries.publish)
    return empty(204)
  }).pipe(
    Effect.catchTag(
      "WebhookError",
      (error) =>
        // A replay is answered with success, so that Google does not send it a third time.
        Effect.as(error.status < 300 ? Effect.void : Effect.logWarning(error.message), empty(error.status))
    ),
    Effect.catchTag("HttpServerError", () => Effect.succeed(empty(400)))
  )

/** The route, for `HttpRouter.serve`. It needs `Deliveries.layer` and `WebhookKeys.layer()`. */
export const webhookRoute = (options: Webhook.DynamicOptions) =>
  Layer.unwrap(Effect.map(
    Effect.context<Deliveries | WebhookKeys>(),
    (context) => HttpRouter.add("POST", "/gemini", Effect.provide(answered(options), context))
  ))
