/**
 * A batch as an operation, and the lines that go in and come out (REST reference and `@google/genai` 3.3, November 2026).
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { enumField, field, numeric, Struct } from "../internal/wire/leaves.ts"
import { RpcStatus } from "./File.ts"

/**
 * The states of a batch. The Gemini API writes them with `BATCH_STATE_` in front, and Vertex AI with `JOB_STATE_`; those
 * in the second line are Vertex AI's alone.
 *
 * @category models
 * @since 0.2.0
 */
export type State =
  | ("PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "EXPIRED")
  | ("QUEUED" | "CANCELLING" | "PAUSED" | "UPDATING" | "PARTIALLY_SUCCEEDED")

/**
 * One result of a batch that had its requests in the create: a `response` or an `error`, with the `metadata` of its
 * request. A line of a file has the request's `key`; its error may be called `status` (public reports of 2025). The
 * response stays as it came.
 *
 * @category schemas
 * @since 0.2.0
 */
export const BatchLine = Schema.Struct({
  key: field(Schema.Unknown),
  metadata: field(Struct),
  response: field(Struct),
  error: field(RpcStatus),
  status: field(RpcStatus)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface BatchLine extends Schema.Schema.Type<typeof BatchLine> {}

const inlined = field(Schema.Struct({ inlinedResponses: field(Schema.Array(BatchLine)) }))

/**
 * What a batch made: the name of a file (`files/batch-ID`), or the results themselves in the order of the requests.
 * Embeddings stand in a field of their own; older answers have them in `inlinedResponses`.
 *
 * On Vertex AI it is where the answers lie: `gcsOutputDirectory` (`gs://…`, in which they are `predictions.jsonl`), or
 * `bigqueryOutputDataset` (`bq://PROJECT.DATASET`) and `bigqueryOutputTable`, the name of the table in it.
 *
 * @category schemas
 * @since 0.2.0
 */
export const BatchOutput = Schema.Struct({
  responsesFile: field(Schema.String),
  inlinedResponses: inlined,
  inlinedEmbedContentResponses: inlined,
  gcsOutputDirectory: field(Schema.String),
  bigqueryOutputDataset: field(Schema.String),
  bigqueryOutputTable: field(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface BatchOutput extends Schema.Schema.Type<typeof BatchOutput> {}

/**
 * A batch. `name` is `batches/ID`, or `projects/P/locations/L/batchPredictionJobs/ID` on Vertex AI; everything else that
 * it is lies in `metadata`. The output is there in `metadata` and in `response`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Batch = Schema.Struct({
  name: Schema.String,
  metadata: field(Schema.Struct({
    "@type": field(Schema.String),
    model: field(Schema.String),
    displayName: field(Schema.String),
    state: enumField<`BATCH_STATE_${State}` | `JOB_STATE_${State}`>(),
    createTime: field(Schema.String),
    updateTime: field(Schema.String),
    endTime: field(Schema.String),
    inputConfig: field(Struct),
    outputConfig: field(Struct),
    output: field(BatchOutput),
    batchStats: field(Schema.Struct({
      requestCount: numeric,
      pendingRequestCount: numeric,
      successfulRequestCount: numeric,
      failedRequestCount: numeric
    })),
    priority: numeric
  })),
  done: field(Schema.Boolean),
  error: field(RpcStatus),
  response: field(BatchOutput)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface Batch extends Schema.Schema.Type<typeof Batch> {}

/**
 * One page of batches, the newest first, without their results.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListBatchesResponse = Schema.Struct({
  operations: field(Schema.Array(Batch)),
  nextPageToken: field(Schema.String)
})

const names = ["UNSPECIFIED", "PENDING", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"]

/**
 * The state without its prefix, whichever of the two it has. A number is the place of the state in the API's list.
 *
 * @category getters
 * @since 0.2.0
 */
export const stateOf = ({ metadata }: Batch): State | (string & {}) | undefined => {
  const state = metadata?.state
  return typeof state === "number" ? names[state] : state?.replace(/^(?:BATCH|JOB)_STATE_/, "")
}

/**
 * Whether nothing will change any more.
 *
 * @category getters
 * @since 0.2.0
 */
export const isDone = (batch: Batch): boolean =>
  batch.done === true || ["SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED", "PARTIALLY_SUCCEEDED"].includes(
    stateOf(batch) ?? ""
  )

/**
 * What the batch made, wherever the answer has it; `undefined` if there is nothing (yet).
 *
 * @category getters
 * @since 0.2.0
 */
export const outputOf = ({ metadata, response }: Batch): BatchOutput | undefined =>
  metadata?.output ?? response ?? undefined

/**
 * Whether the batch makes embeddings.
 *
 * @category getters
 * @since 0.2.0
 */
export const isOfEmbeddings = (batch: Batch): boolean =>
  batch.metadata?.["@type"]?.includes("EmbedContentBatch") === true ||
  outputOf(batch)?.inlinedEmbedContentResponses != null
