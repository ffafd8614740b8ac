/** The same on Hono, and on whatever gives a `Request`: a ManagedRuntime runs the check. */
import { Deliveries } from "effect-gemini/webhooks/Deliveries"
import * as Webhook from "effect-gemini/webhooks/Webhook"
import type { WebhookKeys } from "effect-gemini/webhooks/WebhookKeys"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { Hono } from "hono"

/** The app over `Deliveries.layer` and `WebhookKeys.layer()`. */
export const makeWebhookApp = <E>(
  layer: Layer.Layer<Deliveries | WebhookKeys, E>,
  options: Webhook.DynamicOptions
) => {
  const runtime = ManagedRuntime.make(layer)
  const app = new Hono().post("/gemini", async ({ req }) => {
    const body = new Uint8Array(await req.arrayBuffer())
    const received = Deliveries.use(({ publish }) => Webhook.receive(req.raw.headers, body, options, publish))
    const status = await runtime.runPromise(
      Effect.match(received, { onFailure: (error) => error.status, onSuccess: () => 204 })
    )
    return new Response(null, { status })
  })
  return { app, runtime, dispose: () => runtime.dispose() }
}
