/**
 * What is kept of a batch, the state it is in at a time, and how the API shows it.
 */
import type * as Json from "../json.ts"
import type { StoredBytes } from "./Depot.ts"
import { timestamp } from "./endpoint.ts"
import type * as PredictionJob from "./PredictionJob.ts"
import type * as Shelf from "./Shelf.ts"

/** What becomes of a batch that does not go well: PENDING for ever, EXPIRED, or FAILED. */
export interface Fate {
  readonly state: "stuck" | "expired" | "failed"
  /** Milliseconds after its making at which it fails or expires. Default: when it would have succeeded, or 48 hours. */
  readonly after?: number | undefined
}

export interface BatchRecord extends Shelf.Kept {
  readonly kind: "generate" | "embed"
  /** `models/M`. */
  readonly model: string
  readonly displayName: string
  readonly priority: string | undefined
  readonly version: string
  readonly region: string
  readonly key: string | undefined
  readonly created: number
  /** When it begins to RUN, and when it is done. */
  readonly startsAt: number
  readonly doneAt: number
  readonly fate: Fate | undefined
  readonly cancelledAt?: number | undefined
  /** The `webhookConfig` of the request. */
  readonly webhook: unknown
  /** The file that it reads; undefined for requests that came with the create. */
  readonly file: string | undefined
  /** What it is for Vertex AI; undefined for a batch of the Gemini API. */
  readonly job?: PredictionJob.PredictionJob | undefined
  /** One request a line. */
  readonly rows: StoredBytes
  readonly count: number
  /** What it made, once it was looked at after its end. */
  readonly output?: Output | undefined
}

export interface Output {
  readonly successful: number
  readonly failed: number
  readonly endedAt: number
  /** The file of the responses, the responses as JSON lines, or where they lie outside of the API. */
  readonly of: { readonly file: string } | { readonly lines: StoredBytes } | { readonly info: PredictionJob.OutputInfo }
}

export type BatchState = "PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELLED" | "EXPIRED"

/** A batch that is not done after 48 hours expires. */
export const longest = 48 * 3_600_000

/** When it leaves RUNNING, and for what. */
const endOf = ({ created, doneAt, fate }: BatchRecord): { readonly at: number; readonly state: BatchState } => {
  if (fate?.state === "stuck") return { at: Infinity, state: "EXPIRED" }
  if (fate?.state === "expired") return { at: created + (fate.after ?? longest), state: "EXPIRED" }
  if (fate?.state === "failed") {
    return { at: fate.after === undefined ? doneAt : created + fate.after, state: "FAILED" }
  }
  return doneAt > created + longest ? { at: created + longest, state: "EXPIRED" } : { at: doneAt, state: "SUCCEEDED" }
}

/** The state at a time, and since when it ended, if it did. */
export const stateOf = (
  batch: BatchRecord,
  now: number
): { readonly state: BatchState; readonly endedAt: number | undefined } => {
  if (batch.cancelledAt !== undefined) return { state: "CANCELLED", endedAt: batch.cancelledAt }
  const end = endOf(batch)
  if (now >= end.at) return { state: end.state, endedAt: end.at }
  return { state: batch.fate?.state !== "stuck" && now >= batch.startsAt ? "RUNNING" : "PENDING", endedAt: undefined }
}

/** When it ends, as far as is known now; never: Infinity. */
export const endsAt = (batch: BatchRecord): number => batch.cancelledAt ?? endOf(batch).at

/** The name of the file in which the results of a batch come that reads a file. */
export const outputOf = (name: string): string => `files/batch-${name.replace("batches/", "")}`

const typed = (name: string): string => `type.googleapis.com/google.ai.generativelanguage.v1main.${name}`

/** What a batch says that ended in this state. */
export const errors: Partial<Record<BatchState, Json.Json>> = {
  CANCELLED: { code: 1, message: "The operation was cancelled." },
  EXPIRED: { code: 4, message: "The batch was not done within 48 hours." },
  FAILED: { code: 13, message: "Internal error encountered." }
}

/** The batch as an operation. `responses` are those of a batch without a file; lists leave them out. */
export const shown = (
  batch: BatchRecord,
  now: number,
  responses: ((output: Output) => ReadonlyArray<unknown>) | undefined
): Json.Json => {
  const { count, created, displayName, file, kind, model, name, output, priority } = batch
  const { endedAt, state } = stateOf(batch, now)
  const type = kind === "generate" ? "GenerateContentBatch" : "EmbedContentBatch"
  const inlined = () => ({
    [kind === "generate" ? "inlinedResponses" : "inlinedEmbedContentResponses"]: {
      inlinedResponses: output === undefined ? [] : responses?.(output)
    }
  })
  const made = output === undefined
    ? undefined
    : "file" in output.of
    ? { responsesFile: output.of.file }
    : responses === undefined
    ? undefined
    : inlined()
  const pending = count - (output?.successful ?? 0) - (output?.failed ?? 0)
  const counted = (field: string, value: number) => value === 0 ? {} : { [field]: String(value) }
  return {
    name,
    metadata: {
      "@type": typed(type),
      model,
      ...(displayName === "" ? {} : { displayName }),
      ...(made === undefined ? {} : { output: made }),
      createTime: timestamp(created),
      ...(endedAt === undefined ? {} : { endTime: timestamp(endedAt) }),
      updateTime: timestamp(endedAt ?? (state === "RUNNING" ? batch.startsAt : created)),
      ...(file === undefined ? {} : { inputConfig: { fileName: file } }),
      batchStats: {
        requestCount: String(count),
        ...counted("pendingRequestCount", pending),
        ...counted("successfulRequestCount", output?.successful ?? 0),
        ...counted("failedRequestCount", output?.failed ?? 0)
      },
      state: `BATCH_STATE_${state}`,
      ...(priority === undefined ? {} : { priority }),
      name
    },
    ...(endedAt === undefined ? {} : { done: true }),
    ...(errors[state] === undefined ? {} : { error: errors[state] }),
    ...(made === undefined ? {} : { response: { "@type": typed(`${type}Output`), ...made } })
  }
}
