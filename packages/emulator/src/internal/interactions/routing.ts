/** What a request over HTTP is about: a model, what the API keeps, or interactions. */
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import * as DecisionRequest from "../decisions/decisionRequest.ts"
import * as IdentityRoute from "../identity/identityRoute.ts"
import * as Json from "../json.ts"
import * as Batches from "../resources/batches.ts"
import type { Endpoints } from "../resources/endpoints.ts"
import * as Place from "../vertex/place.ts"
import * as InteractionRequest from "./interactionRequest.ts"

export interface RoutedRequest
  extends Pick<EmulatorRequest.EmulatorRequest, "version" | "method" | "resource" | "model" | "vertex">
{
  /** Whether it is about files, caches, stores, batches or operations. */
  readonly isResource: boolean
}

/** Undefined for a path outside both APIs. */
export const routed = (
  resources: Pick<Endpoints, "route">,
  request: Parameters<Endpoints["route"]>[0]
): RoutedRequest | undefined => {
  const login = IdentityRoute.route(request.verb, request.path)
  if (login !== undefined) return { ...login, model: undefined, isResource: false }
  const placed = Place.placed(request.path)
  if (placed === undefined) {
    const found = ofGemini(resources, request)
    // Jobs are Vertex AI's alone.
    return found?.method.startsWith("batchPredictionJobs.") === true ? undefined : found
  }
  const { path, place, version } = placed
  const found = path === "" ? undefined : ofGemini(resources, { ...request, path })
  return found === undefined ? undefined : { ...found, version, vertex: place }
}

const ofGemini = (
  resources: Pick<Endpoints, "route">,
  request: Parameters<Endpoints["route"]>[0]
): RoutedRequest | undefined => {
  const { path, verb } = request
  const ofModel = EmulatorRequest.route(verb, path)
  if (ofModel !== undefined) return { ...ofModel, isResource: false }
  const ofInteraction = InteractionRequest.route(verb, path)
  if (ofInteraction !== undefined) return { ...ofInteraction, model: undefined, isResource: false }
  const ofResource = resources.route(request)
  return ofResource === undefined ? undefined : { ...ofResource, model: undefined, isResource: true }
}

/** The model that a body of this method names, where the path names none. */
export const modelOf = (method: string | undefined, bytes: Uint8Array): string | undefined => {
  if (method !== DecisionRequest.method && method !== InteractionRequest.create) return undefined
  const body = Json.parse(new TextDecoder().decode(bytes))
  return (method === DecisionRequest.method ? DecisionRequest : InteractionRequest).modelOf(body).model
}

/** The request with its body, and the model that the body names where the path names none. */
export const named = (request: EmulatorRequest.EmulatorRequest, body: unknown): EmulatorRequest.EmulatorRequest => {
  switch (request.method) {
    case Batches.createJob: {
      const { vertex } = request
      const found = Place.ofModelName(Json.text(Json.at(body, "model")) ?? "")
      if (found === undefined || vertex === undefined) return { ...request, body }
      const { endpoint, name = "" } = found.place
      const whole = name.startsWith("projects/") ? name : `${vertex.parent}/${name}`
      const { model } = found
      return { ...request, body, model, resource: `models/${model}`, vertex: { ...vertex, name: whole, endpoint } }
    }
    case DecisionRequest.method:
      return { ...request, body, ...DecisionRequest.modelOf(body) }
    case InteractionRequest.create:
      return { ...request, body, ...InteractionRequest.modelOf(body) }
    default:
      return { ...request, body }
  }
}
