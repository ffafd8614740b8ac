/**
 * Where the paths of a client begin: the base URL and the API version, each of them once. Pure.
 *
 * People also give base URLs that end in the version (other clients want them so), and
 * gateways serve the API without one. `OptionCheck` refuses a URL and an option that name
 * two versions.
 */
// `OptionCheck` and `GeminiConfig` publish it.
export const defaultBaseUrl = "https://generativelanguage.googleapis.com"

/**
 * Another API than the Gemini API, as `GeminiConfig` publishes it. It gives the parts of `http/destination.ts`, whose types
 * stand above this room.
 */
export interface Destination {
  (): unknown
}

/** The options that say an address. */
export interface AddressOptions {
  readonly baseUrl?: string | undefined
  readonly apiVersion?: string | undefined
}

export interface Address {
  /** Without a slash at its end, and without a version unless `apiVersion` is empty. */
  readonly base: string
  /** Empty: paths have no such segment. Undefined: nobody named one. */
  readonly version: string | undefined
}

export const of = ({ apiVersion, baseUrl }: AddressOptions): Address => {
  const base = String(baseUrl ?? defaultBaseUrl).replace(/\/+$/, "")
  const [end, version] = /\/(v\d+(?:(?:alpha|beta)\d*)?)$/.exec(base) ?? []
  return end === undefined || apiVersion === ""
    ? { base, version: apiVersion }
    : { base: base.slice(0, -end.length), version: apiVersion ?? version }
}

/** What the paths of REST calls are put behind. */
export const prefix = ({ base, version = "v1beta" }: Address): string =>
  version === "" ? `${base}/` : `${base}/${version}/`
