/**
 * Says where requests go, and who asks: the only place that knows an address, an API version and a credential. Today it
 * is the Gemini API; another API (Vertex) is another value of the same shape. Pure.
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Address from "../config/address.ts"

/** The options that say where requests go. */
export interface Options {
  readonly apiKey?: Redacted.Redacted<string> | undefined
  readonly baseUrl?: string | undefined
  readonly apiVersion?: string | undefined
}

/** Why no request can be made: there is no key, or a header cannot hold it. */
export type KeyProblem = "missing" | "malformed"

export interface Destination {
  /** The base URL without a slash at its end, and without the API version. */
  readonly baseUrl: string
  /** The API version. It is empty if paths have none, and undefined if nobody named one. */
  readonly version: string | undefined
  /**
   * The address of a path, which stands after the API version and may have a query: `models/x:generateContent`. `root`
   * is the part before the version: `/upload`.
   */
  readonly url: (path: string, root?: string) => string
  /** The headers that say who asks. */
  readonly credential: () => Result.Result<Readonly<Record<string, string>>, KeyProblem>
}

/** The header of the key, which is never shown. */
export const keyHeader = "x-goog-api-key"

const visibleAscii = /^[\x21-\x7e]+$/

/** The key, if a header can hold it. */
export const keyOf = ({ apiKey }: Options): Result.Result<string, KeyProblem> => {
  const key = apiKey === undefined ? "" : Redacted.value(apiKey)
  return visibleAscii.test(key) ? Result.succeed(key) : Result.fail(key === "" ? "missing" : "malformed")
}

/** The Gemini API, which takes a key and the paths of its documentation. */
export const gemini = (options: Options): Destination => {
  const { base, version } = Address.of(options)
  return {
    baseUrl: base,
    version,
    url: (path, root = "") => Address.prefix({ base: base + root, version }) + path,
    credential: () => Result.map(keyOf(options), (key) => ({ [keyHeader]: key }))
  }
}
