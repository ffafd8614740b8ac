/**
 * A request as the emulator sees it: what its scripts are given to choose by.
 *
 * @since 0.1.0
 */

/**
 * @category models
 * @since 0.1.0
 */
export interface EmulatorRequest {
  /** The method of the API: `generateContent`, `streamGenerateContent`, `bidiGenerateContent`, `models.list`, … */
  readonly method: string
  /** `v1`, `v1beta` or `v1alpha`. */
  readonly version: string
  /** The model of the path as it stands there: `models/gemini-…`, `tunedModels/…`. */
  readonly resource: string | undefined
  /** The same without its collection. */
  readonly model: string | undefined
  /** The API key, from the header or the query. */
  readonly key: string | undefined
  /** The project of the key: `default` if no project has it. */
  readonly project: string
  /** Where it was sent to: `global` for the plain base URL, else the region of `regionUrl`. */
  readonly region: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly query: URLSearchParams
  /** The parsed body; undefined when there is none or it is no JSON. */
  readonly body: unknown
}

const actions: Readonly<Record<string, string>> = { GET: "get", DELETE: "delete", PATCH: "update" }

/** A bad escape is no reason to fall over. */
const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

/**
 * The region that a path is meant for, and the rest of the path. The Gemini API has one address for
 * the whole world; here a base URL that ends in `/locations/REGION` stands for the address of a region.
 *
 * @category parsing
 * @since 0.1.0
 */
export const regionOf = (path: string): { readonly region: string; readonly path: string } => {
  const [, region, rest] = /^\/+locations\/+([\w-]+)(\/.*)$/.exec(path) ?? []
  return region === undefined || rest === undefined ? { region: "global", path } : { region, path: rest }
}

/**
 * Version, model and method of a URL path; undefined when it is none of the API's.
 * Double slashes are forgiven, as the real server forgives them.
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
  const [, collection, model, method] = /^(models|tunedModels)\/+([^/:]+)(?::(\w+))?$/.exec(decoded(rest)) ?? []
  if (collection !== undefined && model !== undefined) {
    const resource = `${collection}/${model}`
    if (method !== undefined) return verb === "POST" ? { version, resource, model, method } : undefined
    const action = actions[verb]
    return action === undefined ? undefined : { version, resource, model, method: `${collection}.${action}` }
  }
  if (/^auth_tokens\/*$/.test(rest) && verb === "POST") {
    return { version, resource: undefined, model: undefined, method: "auth_tokens.create" }
  }
  const [, list] = /^(models|tunedModels)\/*$/.exec(rest) ?? []
  if (list === undefined || verb !== "GET") return undefined
  return { version, resource: undefined, model: undefined, method: `${list}.list` }
}

/**
 * Version and method of a Live endpoint's path; undefined when it is none.
 *
 * @category parsing
 * @since 0.1.0
 */
export const liveRoute = (path: string): Pick<EmulatorRequest, "version" | "method"> | undefined => {
  const [, version, constrained] =
    /^\/+ws\/+google\.ai\.generativelanguage\.(v1beta|v1alpha|v1)\.GenerativeService\.BidiGenerateContent(Constrained)?\/*$/
      .exec(path) ?? []
  return version === undefined ? undefined : { version, method: `bidiGenerateContent${constrained ?? ""}` }
}
