/**
 * The address at which a session is dialled, and how the session says who it is. The address may hold a credential, so
 * only the socket gets it: it is in no error, log or span.
 */
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Destination from "../http/destination.ts"

export interface Options extends Destination.Options {
  readonly keyInUrl?: boolean | undefined
}

const service = "google.ai.generativelanguage"
const tokenPrefix = "auth_tokens/"

/**
 * Whether a key is an ephemeral token, whose name is `auth_tokens/…`. It is sent to a method of its own, which is
 * documented only under v1alpha (September 2026).
 */
export const isToken = (key: string): boolean => key.startsWith(tokenPrefix)

export const make = (options: Options): Result.Result<Destination.Endpoint, Destination.KeyProblem> => {
  const known = Destination.keyOf(options)
  if (Result.isFailure(known)) return Result.fail(known.failure)
  const key = known.success
  const { baseUrl, version } = Destination.of(options)
  // The version is a part of the service's name here, which cannot go without one.
  const at = (version: string, method: string): string =>
    `${baseUrl.replace(/^http/, "ws")}/ws/${service}.${version}.GenerativeService.${method}`
  const secret = Redacted.make(key)
  const plain = at(version || "v1beta", "BidiGenerateContent")
  const none = Redacted.make(undefined)
  if (isToken(key)) {
    const address = at(options.apiVersion || "v1alpha", "BidiGenerateContentConstrained")
    // In every recorded address the slash of the name is not escaped.
    const token = key.split("/").map(encodeURIComponent).join("/")
    return Result.succeed({ url: Redacted.make(`${address}?access_token=${token}`), headers: none, secret })
  }
  return Result.succeed(
    options.keyInUrl === true
      ? { url: Redacted.make(`${plain}?key=${encodeURIComponent(key)}`), headers: none, secret }
      : { url: Redacted.make(plain), headers: Redacted.make({ [Destination.keyHeader]: key }), secret }
  )
}
