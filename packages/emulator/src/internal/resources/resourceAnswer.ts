/**
 * A request about what the API keeps, answered: the steps, and what the log says of it.
 */
import * as Effect from "effect/Effect"
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import type * as Fault from "../../Fault.ts"
import type { Refusal } from "../../GoogleError.ts"
import type { Verdict } from "../../Verdict.ts"
import type * as Step from "../answers/step.ts"
import * as Json from "../json.ts"
import * as Names from "../vertex/names.ts"
import * as Vertex from "../vertex/vertexErrors.ts"
import type * as Caches from "./caches.ts"
import * as Endpoint from "./endpoint.ts"
import type { Endpoints } from "./endpoints.ts"
import * as Refusals from "./refusals.ts"
import type * as Uploads from "./uploads.ts"

export interface Answered {
  readonly steps: Step.Steps
  readonly verdict: Verdict
}

/** A reply to a request as steps, and what the log says of it. */
export const shown = (
  given: Endpoint.ResourceReply,
  { resource = "", vertex }: Pick<EmulatorRequest.EmulatorRequest, "resource" | "vertex">
): Answered => {
  const reply = vertex === undefined ? given : ofVertex(given, resource, vertex)
  const steps = Endpoint.stepsOf(reply)
  if (!("refusal" in reply)) return { steps, verdict: { by: "generator" } }
  const { message } = reply.refusal.body.error
  return { steps, verdict: { by: "judge", refused: [message, reply.note ?? ""].join(" ").trim() } }
}

/** A reply as Vertex AI gives it: with its names, and its own words for a cache that is not there. */
const ofVertex = (
  reply: Endpoint.ResourceReply,
  name: string,
  place: EmulatorRequest.VertexPlace
): Endpoint.ResourceReply => {
  if ("body" in reply) return { ...reply, body: Object(Names.outward(reply.body, place)) }
  if ("refusal" in reply && Refusals.isCacheMissing(reply.refusal)) {
    return { ...reply, refusal: Vertex.cacheNotFound(idOf(name)) }
  }
  return reply
}

const idOf = (name: string): string => name.slice(name.lastIndexOf("/") + 1)

export const answered = (
  endpoints: Endpoints,
  request: EmulatorRequest.EmulatorRequest,
  given: {
    /** The body after its judgement. */
    readonly body: Json.Json
    readonly url: URL
    readonly pieces: Uploads.Pieces
    readonly fault: Fault.Fault | undefined
    readonly now: number
  }
): Effect.Effect<Answered> => {
  const { headers, method, query, resource: name = "", space, version } = request
  const { body, fault, now, pieces, url } = given
  const base = EmulatorRequest.baseOf(url, space)
  const call = { method, version, name, project: Names.ownerOf(request), query, headers, body, base, now }
  return Effect.map(
    endpoints.answer(call, pieces, fault?.cutRequest?.bytes),
    (reply) => shown(reply, request)
  )
}

/** The refusal of a request to a model that uses a file which is not there, or not ACTIVE. */
const unusableFile = (
  { files }: Endpoints,
  { project }: EmulatorRequest.EmulatorRequest,
  body: Json.Json,
  now: number
): Refusal | undefined => {
  for (const content of Json.list(body["contents"])) {
    for (const part of Json.list(Json.at(content, "parts"))) {
      const uri = Json.text(Json.at(part, "fileData", "fileUri"))
      const refusal = uri === undefined ? undefined : files.unusable(uri, project, now)
      if (refusal !== undefined) return refusal
    }
  }
  return undefined
}

export interface Expanded extends Caches.Expanded {
  /** What a file search found; undefined where none was done. */
  readonly retrieved?: ReadonlyArray<Json.Json> | undefined
}

/** A request to a model with what it names read in; or the refusal, where that is not there or cannot be used. */
export const expanded = (
  endpoints: Endpoints,
  request: EmulatorRequest.EmulatorRequest,
  body: Json.Json,
  now: number
): Expanded | { readonly refusal: Refusal } => {
  const counted = body["generateContentRequest"]
  const asked = Json.isObject(counted) ? counted : body
  const refusal = unusableFile(endpoints, request, asked, now)
  if (refusal !== undefined) return { refusal }
  const of = { project: Names.ownerOf(request), model: request.resource ?? "", now }
  const read = endpoints.caches.expand(asked, of)
  if ("refusal" in read) {
    const isVertex = request.vertex !== undefined && Refusals.isCacheMissing(read.refusal)
    return isVertex ? { refusal: Vertex.cacheNotFound(idOf(Json.text(asked["cachedContent"]) ?? "")) } : read
  }
  if (asked !== body) return { body: { ...body, generateContentRequest: read.body }, cached: read.cached }
  const searched = endpoints.stores.search(read.body, of)
  return "refusal" in searched ? searched : { ...read, retrieved: searched.found }
}
