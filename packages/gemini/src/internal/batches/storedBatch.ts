/**
 * A batch whose requests lie with Google already and whose answers go there, as Vertex AI has it: a batch prediction job
 * over Cloud Storage, BigQuery or a multimodal dataset (`@google/genai` 3.3, November 2026). Pure.
 */
import * as Result from "effect/Result"
import type { StoredBatch } from "../../batches/Batches.ts"

/** What is wrong with a field of the caller's. */
export interface Wrong {
  readonly field: string
  readonly description: string
}

type Config = Readonly<Record<string, unknown>>

const bucket = /^gs:\/\/[^/]+\/./
const table = /^bq:\/\/./
const dataset = /^projects\/[^/]+\/locations\/[^/]+\/datasets\/[^/]+$/

const shown = (value: unknown): string => typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : typeof value

const inputConfig = (from: StoredBatch["from"]): Result.Result<Config, Wrong> => {
  const all = typeof from === "string" ? [from] : Array.isArray(from) ? from : []
  const [first] = all
  if (all.length > 0 && all.every((uri) => typeof uri === "string" && bucket.test(uri))) {
    return Result.succeed({ instancesFormat: "jsonl", gcsSource: { uris: all } })
  }
  if (all.length === 1 && typeof first === "string") {
    if (table.test(first)) {
      return Result.succeed({ instancesFormat: "bigquery", bigquerySource: { inputUri: first } })
    }
    if (dataset.test(first)) {
      return Result.succeed({
        instancesFormat: "vertex-dataset",
        vertexMultimodalDatasetSource: { datasetName: first }
      })
    }
  }
  const wrong = all.length > 1 ? all.find((uri) => typeof uri !== "string" || !bucket.test(uri)) : first ?? from
  return Result.fail({
    field: "from",
    description:
      `expected gs://BUCKET/OBJECT (or a list of those), bq://PROJECT.DATASET.TABLE or projects/P/locations/L/datasets/D, got ${
        shown(wrong)
      }`
  })
}

const outputConfig = (to: unknown): Result.Result<Config, Wrong> => {
  if (typeof to === "string" && /^gs:\/\/./.test(to)) {
    return Result.succeed({ predictionsFormat: "jsonl", gcsDestination: { outputUriPrefix: to } })
  }
  if (typeof to === "string" && table.test(to)) {
    return Result.succeed({ predictionsFormat: "bigquery", bigqueryDestination: { outputUri: to } })
  }
  const description = to === undefined
    ? "a dataset does not say where the answers go: name a gs:// prefix or a bq:// table"
    : `expected a prefix gs://BUCKET/… or bq://PROJECT.DATASET.TABLE, got ${shown(to)}`
  return Result.fail({ field: "to", description })
}

/** Where the answers go by default: beside the requests, under the names that the official SDK gives them. */
const beside = (from: StoredBatch["from"], now: number): string | undefined => {
  const first = typeof from === "string" ? from : from[0]
  if (first === undefined || dataset.test(first)) return undefined
  return first.endsWith(".jsonl") && first.startsWith("gs://")
    ? `${first.slice(0, -".jsonl".length)}/dest`
    : `${first}_dest_${now}`
}

/** The `inputConfig` and `outputConfig` of the job. `now` are milliseconds since the epoch. */
export const configs = (
  { from, to }: Pick<StoredBatch, "from" | "to">,
  now: number
): Result.Result<{ readonly inputConfig: Config; readonly outputConfig: Config }, Wrong> =>
  Result.flatMap(
    inputConfig(from),
    (inputConfig) =>
      Result.map(outputConfig(to ?? beside(from, now)), (outputConfig) => ({ inputConfig, outputConfig }))
  )
