/**
 * A batch as Vertex AI has it: a job that reads its requests from Cloud Storage or BigQuery and writes its answers there.
 * The fields are those of `@google/genai` 3.3; the lines of the answers are those of Google's page about batches from
 * Cloud Storage (November 2026).
 */
import type { VertexPlace } from "../../EmulatorRequest.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as Json from "../json.ts"
import type { Answered } from "./batches.ts"
import * as BatchRecord from "./BatchRecord.ts"
import { timestamp } from "./endpoint.ts"

export interface PredictionJob {
  readonly place: VertexPlace
  /** The model as the request names it. */
  readonly model: string
  readonly inputConfig: unknown
  readonly outputConfig: unknown
  readonly sources: ReadonlyArray<string>
  readonly target: string
  /** The source that is not there, so that the job fails. */
  readonly missing?: string | undefined
}

/** Where the answers of a job lie, as the job tells it. */
export type OutputInfo =
  | { readonly gcsOutputDirectory: string }
  | { readonly bigqueryOutputDataset: string; readonly bigqueryOutputTable: string }

const required = "Required field is not set."

/** Vertex AI's form of what is wrong with the fields of a resource. */
const refusal = (found: ReadonlyArray<readonly [field: string, message: string]>): GoogleError.Refusal =>
  GoogleError.invalidArgument(
    `List of found errors:${
      found.map(([field, message], at) => `\t${at + 1}.Field: batch_prediction_job.${field}; Message: ${message}`)
        .join("")
    }\t`
  )

interface Form {
  readonly field: string
  readonly format: string
  readonly uris: ReadonlyArray<string>
  readonly uri: RegExp
}

const texts = (value: unknown): ReadonlyArray<string> =>
  Json.list(value).flatMap((item) => Json.text(item) ?? []).filter((item) => item !== "")

const one = (value: unknown): ReadonlyArray<string> => {
  const text = Json.text(value)
  return text === undefined || text === "" ? [] : [text]
}

const bucket = /^gs:\/\/[^/]+/
const table = /^bq:\/\/[^/]+$/

const inputs = (config: unknown): ReadonlyArray<Form> => [
  {
    field: "gcs_source.uris",
    format: "jsonl",
    uris: texts(Json.at(config, "gcsSource", "uris")),
    uri: /^gs:\/\/[^/]+\/./
  },
  {
    field: "bigquery_source.input_uri",
    format: "bigquery",
    uris: one(Json.at(config, "bigquerySource", "inputUri")),
    uri: table
  },
  {
    field: "vertex_multimodal_dataset_source.dataset_name",
    format: "vertex-dataset",
    uris: one(Json.at(config, "vertexMultimodalDatasetSource", "datasetName")),
    uri: /^projects\/[^/]+\/locations\/[^/]+\/datasets\/[^/]+$/
  }
]

const outputs = (config: unknown): ReadonlyArray<Form> => [
  {
    field: "gcs_destination.output_uri_prefix",
    format: "jsonl",
    uris: one(Json.at(config, "gcsDestination", "outputUriPrefix")),
    uri: bucket
  },
  {
    field: "bigquery_destination.output_uri",
    format: "bigquery",
    uris: one(Json.at(config, "bigqueryDestination", "outputUri")),
    uri: table
  }
]

type Found = Array<readonly [field: string, message: string]>

/** The one form that a configuration has; what is wrong with it is added to `found`. */
const formOf = (forms: ReadonlyArray<Form>, name: string, format: unknown, found: Found): ReadonlyArray<string> => {
  const given = forms.filter(({ uris }) => uris.length > 0)
  const [form, other] = given
  if (form === undefined || other !== undefined) {
    found.push([name, form === undefined ? required : "Exactly one of its sources or destinations may be set."])
    return []
  }
  const wrong = form.uris.find((uri) => !form.uri.test(uri))
  if (wrong !== undefined) found.push([`${name}.${form.field}`, `Invalid URI: ${wrong}`])
  const field = name === "input_config" ? "instances_format" : "predictions_format"
  if (format !== form.format) {
    found.push([
      `${name}.${field}`,
      Json.text(format) === undefined ? required : `Unsupported format: ${String(format)}`
    ])
  }
  return form.uris
}

/** The job that a body asks for, whose fields have been judged; or its refusal. */
export const read = (
  body: Json.Json,
  place: VertexPlace
): PredictionJob | { readonly refusal: GoogleError.Refusal } => {
  const { inputConfig, outputConfig } = body
  const found: Found = []
  const name = Json.text(body["displayName"]) ?? ""
  if (name === "") found.push(["display_name", required])
  if (name.length > 128) found.push(["display_name", "The display name may have at most 128 characters."])
  const model = Json.text(body["model"]) ?? ""
  if (model === "") found.push(["model", required])
  const sources = formOf(inputs(inputConfig), "input_config", Json.at(inputConfig, "instancesFormat"), found)
  const [target = ""] = formOf(
    outputs(outputConfig),
    "output_config",
    Json.at(outputConfig, "predictionsFormat"),
    found
  )
  return found.length > 0
    ? { refusal: refusal(found) }
    : { place, model, inputConfig, outputConfig, sources, target }
}

/** Where the answers of a job go that ends then, and the URI of the object or table itself. */
export const outputOf = (
  { target }: PredictionJob,
  now: number
): { readonly info: OutputInfo; readonly uri: string } => {
  const time = new Date(now).toISOString()
  if (target.startsWith("gs://")) {
    const gcsOutputDirectory = `${target.replace(/\/+$/, "")}/prediction-model-${time}`
    return { info: { gcsOutputDirectory }, uri: `${gcsOutputDirectory}/predictions.jsonl` }
  }
  const [project = "", dataset = "predictions", table = `predictions_${time.replace(/\W/g, "_")}`] = target.slice(5)
    .split(".")
  return {
    info: { bigqueryOutputDataset: `bq://${project}.${dataset}`, bigqueryOutputTable: table },
    uri: `bq://${project}.${dataset}.${table}`
  }
}

/** The request of a row. A column of a table may have it as a text. */
export const requestOf = (row: unknown): unknown => {
  const request = Json.at(row, "request")
  const text = Json.text(request)
  return text === undefined ? request : Json.parse(text)
}

/** The statuses over HTTP of the codes of `google.rpc.Code`, as a line names them. */
const statuses: ReadonlyMap<unknown, readonly [code: number, name: string]> = new Map([
  [3, [400, "Bad Request"]],
  [5, [404, "Not Found"]],
  [7, [403, "Forbidden"]],
  [8, [429, "Too Many Requests"]],
  [9, [400, "Bad Request"]],
  [14, [503, "Service Unavailable"]],
  [16, [401, "Unauthorized"]]
])

/** A row with what was answered to it. */
export const line = (row: unknown, said: Answered, now: number): string => {
  const given = Json.isObject(row) ? row : {}
  const processed_time = new Date(now).toISOString().replace("Z", "+00:00")
  if ("response" in said) return JSON.stringify({ ...given, status: "", processed_time, response: said.response })
  const [code, name] = statuses.get(said.error["code"]) ?? [500, "Internal Server Error"]
  const { body } = GoogleError.make(code, Json.text(said.error["message"]) ?? "")
  return JSON.stringify({
    ...given,
    status: `${name}: ${JSON.stringify(body)}`,
    processed_time,
    response: {}
  })
}

/** The job as the API shows it. */
export const shown = (batch: BatchRecord.BatchRecord, job: PredictionJob, now: number): Json.Json => {
  const { created, displayName, name, output, startsAt } = batch
  const { endedAt, state } = BatchRecord.stateOf(batch, now)
  const isStarted = state !== "PENDING" && now >= startsAt
  const error = job.missing !== undefined && state === "FAILED"
    ? { code: 5, message: `Not found: ${job.missing}.` }
    : BatchRecord.errors[state]
  const count = (field: string, value: number) => value === 0 ? {} : { [field]: String(value) }
  return {
    name,
    displayName,
    model: job.model,
    inputConfig: job.inputConfig,
    outputConfig: job.outputConfig,
    ...(output !== undefined && "info" in output.of ? { outputInfo: output.of.info } : {}),
    state: `JOB_STATE_${state}`,
    ...(error === undefined ? {} : { error }),
    ...(output === undefined ? {} : {
      completionStats: {
        ...count("successfulCount", output.successful),
        ...count("failedCount", output.failed)
      }
    }),
    createTime: timestamp(created),
    ...(isStarted ? { startTime: timestamp(startsAt) } : {}),
    ...(endedAt === undefined ? {} : { endTime: timestamp(endedAt) }),
    updateTime: timestamp(endedAt ?? (isStarted ? startsAt : created)),
    modelVersionId: "1"
  }
}

/**
 * Whether a job is among those that a `filter` asks for: `state="JOB_STATE_RUNNING" AND display_name="x"`, with `!=` for
 * others. Undefined for a filter that is not understood.
 */
export const filterOf = (filter: string): ((job: Json.Json) => boolean) | undefined => {
  const terms = filter.trim() === "" ? [] : filter.split(/\s+AND\s+/)
  const tests = terms.map((term) => {
    const [, field, sign, quoted, bare] = /^\s*(state|display_name)\s*(!?=)\s*(?:"([^"]*)"|([\w-]+))\s*$/.exec(term) ??
      []
    if (field === undefined) return undefined
    const key = field === "state" ? "state" : "displayName"
    return (job: Json.Json) => (job[key] === (quoted ?? bare)) === (sign === "=")
  })
  return tests.includes(undefined) ? undefined : (job) => tests.every((test) => test?.(job) === true)
}
