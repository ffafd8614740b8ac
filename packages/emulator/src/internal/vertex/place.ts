/**
 * Which requests are Vertex AI's, and what they are about: the project and location of the path, and the same path as
 * the Gemini API writes it. Both APIs are one service behind two doors, so all that follows sees the second form.
 */
import type { VertexPlace } from "../../EmulatorRequest.ts"
import { decodedPath } from "../decodedPath.ts"

export interface PlacedPath {
  readonly place: VertexPlace
  readonly version: string
  /** The path as the Gemini API would have it: `/v1beta/models/M:generateContent`. */
  readonly path: string
}

/** The methods of a publisher's model and of an endpoint. Those of the Gemini API that are not listed are unknown. */
const verbs: ReadonlySet<string> = /* @__PURE__ */ new Set([
  "generateContent",
  "streamGenerateContent",
  "countTokens",
  "computeTokens",
  "embedContent",
  "predict"
])

/** A model or an endpoint with a method, or a model alone. */
const ofModel = (rest: string): { readonly name: string; readonly id: string; readonly verb?: string } | undefined => {
  const [, name, publisher, id, verb] =
    /^((?:publishers\/+([^/:]+)\/+models|endpoints)\/+([^/:]+))(?::(\w+))?\/*$/.exec(rest) ?? []
  if (name === undefined || id === undefined) return undefined
  if (verb === undefined) return publisher === undefined ? undefined : { name, id }
  return verbs.has(verb) ? { name, id, verb } : undefined
}

/** What stands below a location besides models: it has the same form in both APIs. */
const shared = /^(?:cachedContents|batchPredictionJobs|interactions|decisions)(?:[/:].*)?$/

/** Undefined for a path that is not Vertex AI's. A path of Vertex AI's that names nothing known has an empty one. */
export const placed = (given: string): PlacedPath | undefined => {
  const [, version, rest] = /^\/+(v1beta1|v1)\/+(.+)$/.exec(decodedPath(given)) ?? []
  if (version === undefined || rest === undefined) return undefined
  const [, parent = "", project, location, below = rest] =
    /^(projects\/+([^/]+)\/+locations\/+([a-z0-9-]+))\/+(.+)$/.exec(rest) ?? []
  if (project === undefined && !rest.startsWith("publishers/")) return undefined
  const prefix = project === undefined ? "" : `projects/${project}/locations/${location}/`
  const at = (path: string, name?: string, endpoint?: string): PlacedPath => ({
    version,
    path,
    place: { project, location, parent: prefix.slice(0, -1), name, endpoint }
  })
  if (/^publishers\/+google\/+models\/*$/.test(below)) {
    return at(project === undefined ? "/v1beta/models" : "")
  }
  const model = ofModel(below)
  if (model !== undefined) {
    const { id, name, verb } = model
    const endpoint = name.startsWith("endpoints/") ? id : undefined
    return at(`/v1beta/models/${id}${verb === undefined ? "" : `:${verb}`}`, `${prefix}${name}`, endpoint)
  }
  if (parent === "") return at("")
  // The registry of a project: its tuned models.
  if (/^models\/*$/.test(below)) return at("/v1beta/tunedModels")
  return at(shared.test(below) ? `/v1beta/${below}` : "")
}

const live = /^\/+ws\/+google\.cloud\.aiplatform\.(v1beta1|v1)\.LlmBidiService\/+BidiGenerateContent\/*$/

/** The place of a request that has not said where it belongs. */
export const unnamed: VertexPlace = {
  project: undefined,
  location: undefined,
  parent: "",
  name: undefined,
  endpoint: undefined
}

/** The version of a Live endpoint's path; undefined for any other path. */
export const liveVersion = (path: string): string | undefined => live.exec(path)?.[1]

/**
 * The place that a body names with its model, such as the setup of a Live session; undefined for one in another form.
 */
export const ofModelName = (name: string): { readonly place: VertexPlace; readonly model: string } | undefined => {
  const found = placed(`/v1/${name}`)
  const id = found === undefined ? undefined : /^\/v1beta\/models\/([^/:]+)$/.exec(found.path)?.[1]
  return found === undefined || id === undefined ? undefined : { place: found.place, model: id }
}
