/**
 * What a delivery tells: that a batch, an interaction or a video has come to its end, or needs something. Deliveries
 * are thin: they name what to fetch, and hold no results (Google's guide to webhooks, July 2026).
 *
 * ```ts
 * import * as WebhookEvent from "effect-gemini/webhooks/WebhookEvent"
 *
 * const event = WebhookEvent.of({ type: "batch.failed", data: { id: "b1", error_code: "INTERNAL" } })
 * if (event.type === "batch.failed") console.log(event.resource, event.error.code) // batches/b1 INTERNAL
 * ```
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { field, NumberOrString, Struct } from "../internal/wire/leaves.ts"

/**
 * The envelope as it came. Fields that Google adds stay in it.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookEnvelope = /* @__PURE__ */ Schema.Struct({
  type: Schema.String,
  version: field(Schema.String),
  timestamp: field(Schema.String),
  data: field(Schema.Struct({
    id: field(Schema.String),
    output_file_uri: field(Schema.String),
    file_name: field(Schema.String),
    error_code: field(NumberOrString),
    error_message: field(Schema.String),
    user_metadata: field(Struct)
  })),
  user_metadata: field(Struct)
})

/**
 * @category models
 * @since 0.2.0
 */
export type WebhookEnvelope = typeof WebhookEnvelope.Type

/**
 * The part that all events have.
 *
 * @category models
 * @since 0.2.0
 */
export interface WebhookSubject {
  /** The id as it was sent. It is empty if there was none. */
  readonly id: string
  /** The name by which the API knows it: `batches/ID`, `interactions/ID`, or an operation. */
  readonly resource: string
  /** When it happened, in milliseconds since the epoch, if the event says so. */
  readonly at: number | undefined
  /** The `user_metadata` that the job was given with its webhook. */
  readonly metadata: Readonly<Record<string, unknown>>
  readonly envelope: WebhookEnvelope
  /** The `data` of the envelope. */
  readonly data: NonNullable<WebhookEnvelope["data"]>
}

/**
 * A typed event. One of a type that was not known in November 2026 has the type `other`; `name` is what was sent.
 *
 * @category models
 * @since 0.2.0
 */
export type WebhookEvent =
  & WebhookSubject
  & (
    | {
      readonly type: "batch.succeeded" | "video.generated"
      /** Where the results lie, if they lie in a file. */
      readonly output: { readonly uri?: string; readonly fileName?: string }
    }
    | {
      readonly type: "batch.failed" | "interaction.failed"
      readonly error: { readonly code?: string; readonly message?: string }
    }
    | {
      readonly type:
        | "batch.expired"
        | "batch.cancelled"
        | "interaction.completed"
        | "interaction.requires_action"
        | "interaction.cancelled"
    }
    | { readonly type: "other"; readonly name: string }
  )

const collections: ReadonlyMap<string, string> = new Map([["batch", "batches/"], ["interaction", "interactions/"]])

const resourceOf = (type: string, id: string): string => {
  const collection = collections.get(type.split(".")[0] ?? "")
  return collection === undefined || id === "" || id.includes("/") ? id : collection + id
}

const timeOf = (text: string | null | undefined): number | undefined => {
  const at = typeof text === "string" ? Date.parse(text) : NaN
  return Number.isFinite(at) ? at : undefined
}

/**
 * The typed event of an envelope.
 *
 * @category conversions
 * @since 0.2.0
 */
export const of = (envelope: WebhookEnvelope): WebhookEvent => {
  const { data, timestamp, type } = envelope
  const id = data?.id ?? ""
  const subject: WebhookSubject = {
    id,
    resource: resourceOf(type, id),
    at: timeOf(timestamp),
    metadata: envelope.user_metadata ?? data?.user_metadata ?? {},
    envelope,
    data: data ?? {}
  }
  switch (type) {
    case "batch.succeeded":
    case "video.generated": {
      const { file_name, output_file_uri } = data ?? {}
      const uri = typeof output_file_uri === "string" ? { uri: output_file_uri } : {}
      const file = typeof file_name === "string" ? { fileName: file_name } : {}
      return { ...subject, type, output: { ...uri, ...file } }
    }
    case "batch.failed":
    case "interaction.failed": {
      const { error_code, error_message } = data ?? {}
      const code = error_code === undefined || error_code === null ? {} : { code: String(error_code) }
      const message = typeof error_message === "string" ? { message: error_message } : {}
      return { ...subject, type, error: { ...code, ...message } }
    }
    case "batch.expired":
    case "batch.cancelled":
    case "interaction.completed":
    case "interaction.requires_action":
    case "interaction.cancelled":
      return { ...subject, type }
    default:
      return { ...subject, type: "other", name: type }
  }
}
