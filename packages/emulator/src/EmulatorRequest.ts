/**
 * A request as the emulator sees it and hands it to its scripts.
 *
 * @since 0.1.0
 */
import { decodedPath } from "./internal/decodedPath.ts"

/**
 * One request of the API, with its path taken apart and its body parsed.
 *
 * @category models
 * @since 0.1.0
 */
export interface EmulatorRequest {
  /** The method of the API: `generateContent`, `streamGenerateContent`, `bidiGenerateContent`, `models.list`, … */
  readonly method: string
  /** `v1`, `v1beta` or `v1alpha`; for Vertex AI `v1` or `v1beta1`. */
  readonly version: string
  /** The model as the Gemini API's path has it: `models/gemini-…`, `tunedModels/…`. */
  readonly resource: string | undefined
  /** The model's name without its collection. */
  readonly model: string | undefined
  /** The API key, from the header or the query. */
  readonly key: string | undefined
  /** The space that it came to: `default`, or the one that was chosen. */
  readonly space: string
  /** The project of the key, `default` if no project has it; for Vertex AI that of the path. */
  readonly project: string
  /** The region that it was sent to: that of `regionUrl`, or `global` for the plain base URL; the location of a path. */
  readonly region: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly query: URLSearchParams
  /** The parsed body; undefined if there is none or it is not JSON. */
  readonly body: unknown
  /** Where in Vertex AI it belongs. Absent: it is a request of the Gemini API. */
  readonly vertex?: VertexPlace | undefined
}

/**
 * The project, location and resource of a path of Vertex AI's:
 * `/v1/projects/P/locations/L/publishers/google/models/M:generateContent`.
 *
 * @category models
 * @since 0.2.0
 */
export interface VertexPlace {
  /** Undefined in express mode, whose paths begin with `publishers`. */
  readonly project: string | undefined
  /** Undefined in express mode. */
  readonly location: string | undefined
  /** `projects/P/locations/L`; empty in express mode. */
  readonly parent: string
  /** The model or endpoint as the path has it, `projects/P/locations/L/publishers/google/models/M`. */
  readonly name: string | undefined
  /** The id of the endpoint, as a tuned model has one. */
  readonly endpoint: string | undefined
}

const actions: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({ GET: "get", DELETE: "delete", PATCH: "update" })
)

/**
 * What a path is meant for: a region, a space, and the rest of the path.
 *
 * @category models
 * @since 0.1.0
 */
export interface RequestPath {
  /** `global` where the path names none. */
  readonly region: string
  /** As it stands in the path; undefined where the path names none. */
  readonly space: string | undefined
  /** The path of the API. */
  readonly path: string
}

/**
 * The place that a path is meant for. The Gemini API has one address for the whole world; here a base
 * URL that ends in `/locations/REGION` stands for the address of a region, and one that ends in
 * `/spaces/NAME` for a server of one's own. They combine, in either order.
 *
 * @category parsing
 * @since 0.1.0
 */
export const placeOf = (path: string): RequestPath => {
  let place: RequestPath = { region: "global", space: undefined, path }
  for (let i = 0; i < 2; i++) {
    const [, kind, name, rest] = /^\/+(locations|spaces)\/+([^/]+)(\/.*)$/.exec(place.path) ?? []
    if (name === undefined || rest === undefined) break
    if (kind === "spaces") {
      if (place.space !== undefined) break
      place = { ...place, space: decodedPath(name), path: rest }
    } else {
      if (place.region !== "global" || !/^[\w-]+$/.test(name)) break
      place = { ...place, region: name, path: rest }
    }
  }
  return place
}

/**
 * The address that a request came to, up to the version: what a client has as its base URL. It names the space, so that
 * an address made of it leads back there without key and header.
 *
 * @internal
 */
export const baseOf = (url: URL, space: string): string => {
  const { path, region, space: named } = placeOf(url.pathname)
  const prefix = url.pathname.slice(0, url.pathname.length - path.length)
  const isNamed = named !== undefined || space === "default"
  if (isNamed) return `${url.origin}${prefix}`
  return `${url.origin}/spaces/${space}${region === "global" ? "" : prefix}`
}

/** Chooses a space where it stands in place of a key. */
const spaceKey = "space:"

/**
 * The API key of a request: that of the header, else of the query, else of `Authorization: Bearer space:NAME`. No other
 * bearer counts as a key.
 *
 * @category getters
 * @since 0.1.0
 */
export const keyOf = (
  headers: EmulatorRequest["headers"],
  query: URLSearchParams
): string | undefined => {
  const key = headers["x-goog-api-key"] || query.get("key")
  if (key) return key
  const bearer = credentialOf(headers, "Bearer")
  return bearer?.startsWith(spaceKey) === true ? bearer : undefined
}

/**
 * What stands behind a scheme in the header `authorization`.
 *
 * @category getters
 * @since 0.1.0
 */
export const credentialOf = (headers: EmulatorRequest["headers"], scheme: "Bearer" | "Token"): string | undefined => {
  const said = headers["authorization"]
  return said?.startsWith(`${scheme} `) === true ? said.slice(scheme.length + 1).trim() : undefined
}

/**
 * The space that a key or an ephemeral token chooses; undefined for one that chooses none.
 *
 * @category getters
 * @since 0.1.0
 */
export const spaceOfKey = (key: string): string | undefined =>
  key.startsWith(spaceKey) ? key.slice(spaceKey.length) : /^auth_tokens\/space:(.+):[^:]*$/.exec(key)?.[1]

/**
 * Version, model and method of a URL path; undefined for a path outside the API. Double slashes are forgiven, as the
 * real server forgives them.
 *
 * @category parsing
 * @since 0.1.0
 */
export const route = (
  verb: string,
  path: string
): Pick<EmulatorRequest, "version" | "resource" | "model" | "method"> | undefined => {
  const [, version, rest] = /^\/+(v1beta|v1alpha|v1)\/+(.+)$/.exec(path) ?? []
  if (version === undefined || rest === undefined) return undefined
  const [, collection, model, method] = /^(models|tunedModels)\/+([^/:]+)(?::(\w+))?$/.exec(decodedPath(rest)) ?? []
  if (collection !== undefined && model !== undefined) {
    const resource = `${collection}/${model}`
    if (method !== undefined) return verb === "POST" ? { version, resource, model, method } : undefined
    const action = actions.get(verb)
    return action === undefined ? undefined : { version, resource, model, method: `${collection}.${action}` }
  }
  if (/^auth_tokens\/*$/.test(rest) && verb === "POST") {
    return { version, resource: undefined, model: undefined, method: "auth_tokens.create" }
  }
  if (/^decisions\/*$/.test(rest) && verb === "POST") {
    // The body names the model.
    return { version, resource: undefined, model: undefined, method: "decisions.create" }
  }
  const [, list] = /^(models|tunedModels)\/*$/.exec(rest) ?? []
  if (list === undefined || verb !== "GET") return undefined
  return { version, resource: undefined, model: undefined, method: `${list}.list` }
}

/**
 * Version and method of a Live endpoint's path; undefined for any other path.
 *
 * @category parsing
 * @since 0.1.0
 */
export const liveRoute = (path: string): Pick<EmulatorRequest, "version" | "method"> | undefined => {
  const [, version, method] =
    /^\/+ws\/+google\.ai\.generativelanguage\.(v1beta|v1alpha|v1)\.GenerativeService\.Bidi(GenerateContent|GenerateContentConstrained|GenerateMusic)\/*$/
      .exec(path) ?? []
  return version === undefined ? undefined : { version, method: `bidi${method}` }
}
