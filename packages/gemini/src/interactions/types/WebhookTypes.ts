/**
 * Webhooks that are registered, and their secrets, as they go over the wire. Every field may be left out or null, names that are not known are kept, and
 * so is a value of a type that is not known.
 *
 * Written by scripts/interactionTypes.ts from its table, which follows @google/genai 3.3.0 (2026-11-12), dist/genai.d.ts. Change the table.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, openName } from "../../internal/wire/leaves.ts"

/**
 * `SigningSecret` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SigningSecret = Schema.Struct({
  expire_time: field(Schema.String),
  truncated_secret: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface SigningSecret extends Schema.Schema.Type<typeof SigningSecret> {}

/**
 * `WebhookResource`: the wire's `Webhook`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookResource = Schema.Struct({
  create_time: field(Schema.String),
  id: field(Schema.String),
  name: field(Schema.String),
  new_signing_secret: field(Schema.String),
  signing_secrets: field(Schema.Array(SigningSecret)),
  state: enumField<"enabled" | "disabled" | "disabled_due_to_failed_deliveries">(),
  subscribed_events: field(
    Schema.Array(
      openName<
        | "batch.succeeded"
        | "batch.expired"
        | "batch.failed"
        | "interaction.requires_action"
        | "interaction.completed"
        | "interaction.failed"
        | "video.generated"
      >()
    )
  ),
  update_time: field(Schema.String),
  uri: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface WebhookResource extends Schema.Schema.Type<typeof WebhookResource> {}

/**
 * `WebhookInput` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookInput = Schema.Struct({
  name: field(Schema.String),
  subscribed_events: field(
    Schema.Array(
      openName<
        | "batch.succeeded"
        | "batch.expired"
        | "batch.failed"
        | "interaction.requires_action"
        | "interaction.completed"
        | "interaction.failed"
        | "video.generated"
      >()
    )
  ),
  uri: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface WebhookInput extends Schema.Schema.Type<typeof WebhookInput> {}

/**
 * `WebhookListResponse` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookListResponse = Schema.Struct({
  next_page_token: field(Schema.String),
  webhooks: field(Schema.Array(WebhookResource))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface WebhookListResponse extends Schema.Schema.Type<typeof WebhookListResponse> {}

/**
 * `WebhookRotateSigningSecretResponse` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookRotateSigningSecretResponse = Schema.Struct({
  secret: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface WebhookRotateSigningSecretResponse
  extends Schema.Schema.Type<typeof WebhookRotateSigningSecretResponse>
{}

/**
 * `WebhookUpdate` of the wire.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookUpdate = Schema.Struct({
  name: field(Schema.String),
  state: enumField<"enabled" | "disabled" | "disabled_due_to_failed_deliveries">(),
  subscribed_events: field(
    Schema.Array(
      openName<
        | "batch.succeeded"
        | "batch.expired"
        | "batch.failed"
        | "interaction.requires_action"
        | "interaction.completed"
        | "interaction.failed"
        | "video.generated"
      >()
    )
  ),
  uri: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface WebhookUpdate extends Schema.Schema.Type<typeof WebhookUpdate> {}
