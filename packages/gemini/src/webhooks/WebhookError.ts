/**
 * The one error of webhooks: a delivery that is not accepted, with a `reason` that says why and the HTTP `status` to
 * answer it with.
 *
 * Catch by reason with `Effect.catchReason("WebhookError", "ReplayedDelivery", …)` or `Effect.catchReasons`; plain
 * TypeScript switches on `error.reason._tag`. It holds neither secrets nor signatures nor the body.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { WebhookErrorReason } from "./WebhookErrorReason.ts"

/**
 * A delivery was not accepted. `id` is its `webhook-id`, once that was read; nobody vouches for it.
 *
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { WebhookError } from "effect-gemini/webhooks/WebhookError"
 * import { ReplayedDelivery } from "effect-gemini/webhooks/WebhookErrorReason"
 *
 * const verified = Effect.fail(new WebhookError({ reason: new ReplayedDelivery({ id: "msg_1" }) }))
 * const status = Effect.match(verified, { onFailure: (error) => error.status, onSuccess: () => 204 })
 * Effect.runPromise(status).then(console.log) // 200
 * ```
 *
 * @category errors
 * @since 0.2.0
 */
export class WebhookError extends Schema.TaggedError<WebhookError>("effect-gemini/WebhookError")("WebhookError", {
  id: Schema.optionalKey(Schema.String),
  reason: WebhookErrorReason
}) {
  /** The HTTP status for the sender of the delivery. */
  get status(): number {
    return this.reason.status
  }

  /** Whether the same delivery may be accepted later. */
  get isRetryable(): boolean {
    return this.reason.isRetryable
  }

  override get message(): string {
    const where = this.id === undefined ? "webhook" : `webhook (${this.id})`
    return `${where} ${this.reason._tag}: ${this.reason.message}`
  }
}
