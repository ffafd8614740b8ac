/**
 * Where a session is dialled, and how it says who it is. The address may hold a
 * credential, so it goes to the socket alone: never into an error, a log or a span.
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as OptionCheck from "../config/optionCheck.ts"

export interface Options {
  readonly apiKey?: Redacted.Redacted<string> | undefined
  readonly baseUrl?: string | undefined
  readonly apiVersion?: string | undefined
  readonly keyInUrl?: boolean | undefined
}

export interface Endpoint {
  readonly url: Redacted.Redacted<string>
  readonly headers: Redacted.Redacted<Readonly<Record<string, string>> | undefined>
  /** What must not be quoted in a message. */
  readonly secret: Redacted.Redacted<string>
}

export type Refusal = "missing" | "malformed"

const service = "google.ai.generativelanguage"
const tokenPrefix = "auth_tokens/"
const visibleAscii = /^[\x21-\x7e]+$/

/**
 * An ephemeral token is its name, `auth_tokens/…`: it goes with a method of its own, which
 * is documented under v1alpha alone (September 2026).
 */
export const isToken = (key: string): boolean => key.startsWith(tokenPrefix)

export const make = (options: Options): Result.Result<Endpoint, Refusal> => {
  const key = options.apiKey === undefined ? "" : Redacted.value(options.apiKey)
  if (key === "") return Result.fail("missing")
  if (!visibleAscii.test(key)) return Result.fail("malformed")
  const base = (options.baseUrl ?? OptionCheck.defaultBaseUrl).replace(/\/+$/, "").replace(/^http/, "ws")
  const at = (version: string, method: string): string => `${base}/ws/${service}.${version}.GenerativeService.${method}`
  const secret = Redacted.make(key)
  const plain = at(options.apiVersion ?? "v1beta", "BidiGenerateContent")
  const none = Redacted.make(undefined)
  if (isToken(key)) {
    const address = at(options.apiVersion ?? "v1alpha", "BidiGenerateContentConstrained")
    // The slash of the name stands as it is in every recorded address.
    const token = key.split("/").map(encodeURIComponent).join("/")
    return Result.succeed({ url: Redacted.make(`${address}?access_token=${token}`), headers: none, secret })
  }
  return Result.succeed(
    options.keyInUrl === true
      ? { url: Redacted.make(`${plain}?key=${encodeURIComponent(key)}`), headers: none, secret }
      : { url: Redacted.make(plain), headers: Redacted.make({ "x-goog-api-key": key }), secret }
  )
}
