/**
 * Batch prediction jobs, which are what Vertex AI has as batches (`@google/genai` 3.3, November 2026): a job as the
 * operation that a batch of the Gemini API is, and back. Pure.
 */
import * as Paths from "./paths.ts"

type Json = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

/** Whether a path of the Gemini API, or a name of Vertex AI's, is about batches. */
export const isAbout = (path: string): boolean => /^(?:batches|batchPredictionJobs)(?:[/:?]|$)/.test(path)

/** The body of a create, with the model as a publisher's. */
export const created = (body: unknown): unknown => {
  const model = isObject(body) ? body["model"] : undefined
  return isObject(body) && typeof model === "string" ? { ...body, model: Paths.model(model) } : body
}

/** The states after which nothing changes any more. */
const over: ReadonlySet<unknown> = new Set([
  "JOB_STATE_SUCCEEDED",
  "JOB_STATE_PARTIALLY_SUCCEEDED",
  "JOB_STATE_FAILED",
  "JOB_STATE_CANCELLED",
  "JOB_STATE_EXPIRED"
])

/** The counts of a job under the names of a batch. A count of -1 says that it is not known. */
const stats = (given: unknown): Json => {
  if (!isObject(given)) return {}
  const named = Object.entries({
    successfulRequestCount: given["successfulCount"],
    failedRequestCount: given["failedCount"],
    pendingRequestCount: given["incompleteCount"]
  }).filter(([, count]) => count !== undefined && count !== null && Number(count) >= 0)
  const all = named.reduce((sum, [, count]) => sum + Number(count), 0)
  return { batchStats: { ...Object.fromEntries(named), requestCount: String(all) } }
}

const operation = (job: unknown): unknown => {
  if (!isObject(job) || typeof job["state"] !== "string") return job
  const { completionStats, error, name, outputInfo, ...metadata } = job
  return {
    name,
    metadata: {
      ...metadata,
      ...(outputInfo === undefined ? {} : { output: outputInfo }),
      ...stats(completionStats)
    },
    ...(over.has(job["state"]) ? { done: true } : {}),
    ...(error === undefined ? {} : { error })
  }
}

/** An answer about jobs as the Gemini API gives one about batches. */
export const read = (answer: unknown): unknown => {
  if (!isObject(answer) || !Array.isArray(answer["batchPredictionJobs"])) return operation(answer)
  const { batchPredictionJobs: jobs, ...rest } = answer
  return { ...rest, operations: jobs.map(operation) }
}
