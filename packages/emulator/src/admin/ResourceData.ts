/**
 * What the API of a space keeps, as the admin API takes and shows it, as schemas: files, caches, documents, operations.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"

const about = (description: string) => ({ description })
const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const object = Schema.Record(Schema.String, Schema.Unknown)
const text = Schema.optional(Schema.String)

/**
 * An error of Google's.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Status = Schema.Struct({ code: Schema.Int, message: Schema.String })

/**
 * A file that is put there.
 *
 * @category schemas
 * @since 0.2.0
 */
export const NewFile = Schema.Struct({
  name: text,
  displayName: text,
  mimeType: Schema.String,
  base64: Schema.optional(Schema.String.check(Schema.isBase64())).annotateKey(about("its bytes")),
  text: Schema.optional(Schema.String).annotateKey(about("its bytes, if they are UTF-8")),
  source: Schema.optional(Schema.Literals(["UPLOADED", "GENERATED"])).annotateKey(
    about("a client can download only what is GENERATED")
  ),
  project: text
}).annotate({ identifier: "NewFile" })

/**
 * The name of something that the API keeps.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Named = Schema.Struct({ name: Schema.String })

/**
 * A file that shall fail, and with what.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileFailure = Schema.Struct({ name: Schema.String, error: Status })

/**
 * Files and uploads.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FileList = Schema.Struct({
  files: Schema.Array(Schema.Struct({ project: Schema.String, file: object })),
  uploads: Schema.Array(Schema.Struct({
    id: Schema.String,
    project: Schema.String,
    status: Schema.Literals(["active", "final", "cancelled"]),
    size: Schema.optionalKey(count),
    received: count,
    arrived: count,
    chunks: count
  })),
  dropped: count
})

/**
 * Cached contents.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CacheList = Schema.Struct({
  caches: Schema.Array(Schema.Struct({ project: Schema.String, cache: object })),
  dropped: count
})

/**
 * Documents of file search stores.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DocumentList = Schema.Struct({
  documents: Schema.Array(Schema.Struct({ project: Schema.String, document: object })),
  dropped: count
})

/**
 * A long-running operation that a test begins.
 *
 * @category schemas
 * @since 0.2.0
 */
export const NewOperation = Schema.Struct({
  parent: text,
  name: text,
  project: text,
  after: Schema.optional(Schema.Finite).annotateKey(about("milliseconds until it is done; default 0")),
  metadata: Schema.optional(object),
  response: Schema.optional(object),
  error: Schema.optional(Status)
}).annotate({ identifier: "NewOperation" })

/**
 * Batches, as lists of the API show them.
 *
 * @category schemas
 * @since 0.2.0
 */
export const BatchList = Schema.Struct({
  batches: Schema.Array(Schema.Struct({ project: Schema.String, batch: object })),
  created: count,
  rows: count.annotate(about("how many of their rows were answered"))
})

/**
 * Interactions, as the API shows them with their input.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionList = Schema.Struct({
  interactions: Schema.Array(Schema.Struct({ project: Schema.String, interaction: object })),
  created: count,
  dropped: count
})

/**
 * The id of an interaction.
 *
 * @category schemas
 * @since 0.2.0
 */
export const InteractionId = Schema.Struct({ id: Schema.String })

/**
 * An event that is delivered without a job.
 *
 * @category schemas
 * @since 0.2.0
 */
export const WebhookEventData = Schema.Struct({
  type: Schema.String,
  data: object,
  project: text,
  uris: Schema.optional(Schema.Array(Schema.String)).annotateKey(
    about("in place of the registered webhooks; signed as a token")
  ),
  metadata: Schema.optional(object)
}).annotate({ identifier: "WebhookEvent" })

/**
 * The `webhook-id` of each delivery.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DeliveryIds = Schema.Struct({ ids: Schema.Array(Schema.String) })

/**
 * Deliveries of webhooks, and how many have come to their end since the start.
 *
 * @category schemas
 * @since 0.2.0
 */
export const DeliveryList = Schema.Struct({
  deliveries: Schema.Array(Schema.Struct({
    id: Schema.String,
    type: Schema.String,
    project: Schema.String,
    uri: Schema.String,
    kind: Schema.Literals(["static", "dynamic"]),
    state: Schema.Literals(["pending", "delivered", "failed", "refused", "lost"]),
    attempts: Schema.Array(Schema.Struct({
      at: Schema.Finite.annotate(about("milliseconds since the epoch, by the server's clock")),
      status: Schema.optional(Schema.Int),
      error: text
    }))
  })),
  ended: count
})
