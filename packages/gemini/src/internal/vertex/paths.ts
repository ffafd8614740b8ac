/**
 * From a path of the Gemini API to the path and the address of the same method on Vertex AI, after the converters of
 * `@google/genai` 3.3 (October 2026). Pure.
 */
import * as Result from "effect/Result"

/** Where a client of Vertex AI goes. Without a project it is in express mode, which has a key. */
export interface ProjectLocation {
  readonly project: string | undefined
  readonly location: string
}

/** What Vertex AI does not have, and the way to go in its place. */
export interface Lack {
  readonly capability: string
  readonly description: string
}

/** The locations that span several regions, and have hosts of their own kind. */
const multiRegional: ReadonlySet<string> = new Set(["us", "eu"])

/** The address of a place, without a slash at its end. */
export const host = ({ location, project }: ProjectLocation): string => {
  if (project === undefined || location === "global") return "https://aiplatform.googleapis.com"
  return multiRegional.has(location)
    ? `https://aiplatform.${location}.rep.googleapis.com`
    : `https://${location}-aiplatform.googleapis.com`
}

/** The beginning of the paths of a project's resources: `projects/P/locations/L/`. */
export const parent = ({ location, project }: ProjectLocation): string =>
  project === undefined ? "" : `projects/${project}/locations/${location}/`

/** The resource of a model: `models/gemini-3.8-flash` as `publishers/google/models/gemini-3.8-flash`. */
export const model = (resource: string): string =>
  resource.startsWith("models/") ? `publishers/google/${resource}` : resource

/** The whole resource of a model, as bodies name it. */
export const wholeModel = (place: ProjectLocation, resource: string): string =>
  resource.startsWith("projects/") ? resource : parent(place) + model(resource)

const gcs = "on Vertex AI a file is an object of Cloud Storage: give its gs:// URI as fileUri, or send its bytes inline"
const stores = "Vertex AI has RAG corpora and Vertex AI Search in their place: give a `retrieval` tool"
const jobs =
  "on Vertex AI the requests of a batch lie in Cloud Storage or BigQuery: put them there, and give their gs:// " +
  "or bq:// URI as `from`"

/** The collections of the Gemini API that Vertex AI does not have, and where to go. */
const lacking: ReadonlyMap<string, Lack> = new Map<string, Lack>([
  ["files", { capability: "the Files API on Vertex AI", description: gcs }],
  ["fileSearchStores", { capability: "file search stores on Vertex AI", description: stores }],
  ["corpora", { capability: "corpora on Vertex AI", description: stores }],
  ["auth_tokens", {
    capability: "ephemeral tokens on Vertex AI",
    description: "Vertex AI has no ephemeral tokens: a server of yours opens the sessions, with an access token"
  }],
  ["tunedModels", {
    capability: "tunedModels on Vertex AI",
    description: "a tuned model of Vertex AI is an endpoint: name it projects/P/locations/L/endpoints/E"
  }],
  ["generatedFiles", { capability: "generated files on Vertex AI", description: gcs }],
  ["dynamic", { capability: "dynamic models on Vertex AI", description: "Vertex AI has no dynamic models" }]
])

const verbs: ReadonlyMap<string, Lack> = new Map<string, Lack>([
  ["batchGenerateContent", { capability: "a batch of rows or of a file on Vertex AI", description: jobs }],
  ["asyncBatchEmbedContent", {
    capability: "batches of embeddings on Vertex AI",
    description: "Vertex AI has no batches of embeddings by this method: embed the contents by calls"
  }]
])

/** The path on Vertex AI, behind the API version. */
export const path = (place: ProjectLocation, httpMethod: string, asked: string): Result.Result<string, Lack> => {
  const [, collection = "", rest = ""] = /^([^/:?]*)(.*)$/s.exec(asked) ?? []
  const lack = lacking.get(collection) ?? verbs.get(/:(\w+)/.exec(rest)?.[1] ?? "")
  if (lack !== undefined) return Result.fail(lack)
  if (collection === "projects") return Result.succeed(asked)
  const own = collection === "models"
    ? `publishers/google/${asked}`
    : collection === "batches"
    ? `batchPredictionJobs${rest}`
    : asked
  // Models of Google belong to no project where they are read.
  return Result.succeed(httpMethod === "GET" && own.startsWith("publishers/google/models") ? own : parent(place) + own)
}
