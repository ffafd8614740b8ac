/**
 * Who is let in at Vertex AI's door: by an access token, or in express mode by a key.
 */
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import type { Refusal } from "../../GoogleError.ts"
import * as KeyPolicy from "../../KeyPolicy.ts"
import * as TokenPolicy from "../../TokenPolicy.ts"
import * as Errors from "./vertexErrors.ts"

export interface Policies {
  readonly tokens?: TokenPolicy.TokenPolicy | undefined
  /** The projects that may be named as the one that pays; undefined for any. */
  readonly quotaProjects?: ReadonlyArray<string> | undefined
  readonly keys?: KeyPolicy.KeyPolicy | undefined
  /** What a token is worth that the emulator gave out; undefined for one that it did not. */
  readonly issued?: ((token: string, now: number) => TokenPolicy.TokenWorth | undefined) | undefined
}

type Asking = Pick<
  EmulatorRequest.EmulatorRequest,
  "headers" | "key" | "method" | "query" | "space" | "version" | "vertex"
>

const tokenOf = ({ headers, query }: Asking): string | undefined =>
  EmulatorRequest.credentialOf(headers, "Bearer") ?? (query.get("access_token") || undefined)

/** Why the project that the request names as the one that pays may not be named. */
const unpaid = (request: Asking, { quotaProjects }: Policies): Refusal | undefined => {
  const payer = request.headers["x-goog-user-project"]
  return payer === undefined || quotaProjects === undefined || quotaProjects.includes(payer)
    ? undefined
    : Errors.userProjectDenied(payer)
}

/** Why the request is refused before anything of it is read; undefined if it is let in. */
export const barred = (request: Asking, policies: Policies, now: number): Refusal | undefined => {
  const { key, space, vertex } = request
  // A client that chooses a space by its credential cannot send another one.
  if (EmulatorRequest.spaceOfKey(key ?? "") === space) return undefined
  const token = tokenOf(request)
  if (token !== undefined && token !== "") {
    switch (TokenPolicy.worthOf(token, policies.tokens, policies.issued?.(token, now))) {
      case "good":
        return unpaid(request, policies)
      case "unscoped":
        return Errors.scopeInsufficient(request)
      case "denied":
        return Errors.permissionDenied(request)
      case "expired":
        return Errors.tokenInvalid(request, true)
      case "invalid":
        return Errors.tokenInvalid(request, false)
    }
  }
  if (key === undefined) return Errors.credentialsMissing(request)
  return vertex?.project === undefined ? KeyPolicy.judge(key, policies.keys) : Errors.keyNotSupported(request)
}
