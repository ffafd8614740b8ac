/**
 * Names as Vertex AI writes them and as the rest of the emulator does: the path of a location stands before what it
 * keeps, and a publisher before its models.
 */
import type { VertexPlace } from "../../EmulatorRequest.ts"
import type { Refusal } from "../../GoogleError.ts"
import * as Json from "../json.ts"
import * as Errors from "./vertexErrors.ts"

/** Whose what it keeps is: a location of a project, or a project of the Gemini API by its name. */
export const ownerOf = (request: { readonly project: string; readonly vertex?: VertexPlace | undefined }): string =>
  request.vertex === undefined ? request.project : request.vertex.parent || request.project

const isLocal = ({ parent }: VertexPlace, name: string): boolean => parent !== "" && name.startsWith(`${parent}/`)

const modelIn = (name: string): string =>
  name.replace(/^(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/google\//, "")

/** A body that was judged, with the names that the rest of the emulator knows; or the refusal of a name. */
export const inward = (
  method: string,
  body: Json.Json,
  place: VertexPlace
): { readonly body: Json.Json; readonly refusal?: undefined } | { readonly refusal: Refusal } => {
  const cache = Json.text(body["cachedContent"])
  if (cache !== undefined && cache !== "") {
    const name = isLocal(place, cache) ? cache.slice(place.parent.length + 1) : ""
    if (!/^cachedContents\/[^/:]+$/.test(name)) return { refusal: Errors.cacheNameInvalid(cache) }
    return { body: { ...body, cachedContent: name } }
  }
  const model = Json.text(body["model"])
  if (model === undefined || !method.startsWith("caches.")) return { body }
  return { body: { ...body, model: modelIn(model) } }
}

const kept = /^(?:cachedContents|batchPredictionJobs|operations)\//

const outwardText = (key: string, text: string, { parent }: VertexPlace): string =>
  key === "name" && kept.test(text)
    ? `${parent}/${text}`
    : key === "model" && text.startsWith("models/")
    ? `${parent}/publishers/google/${text}`
    : text

/** What is kept, with the names that Vertex AI gives it. */
export const outward = (value: unknown, place: VertexPlace): unknown => {
  if (Array.isArray(value)) return value.map((item) => outward(item, place))
  if (!Json.isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      typeof member === "string" ? outwardText(key, member, place) : outward(member, place)
    ])
  )
}
