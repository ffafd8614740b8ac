/** Who asks Vertex AI: an access token, which is renewed, or the key of express mode, which is not. */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type { GeminiError } from "../../GeminiError.ts"
import type * as AccessToken from "../../vertex/AccessToken.ts"
import * as Destination from "../http/destination.ts"
import * as TokenErrors from "./tokenErrors.ts"

export interface Credential {
  readonly get: Effect.Effect<Redacted.Redacted<string>, GeminiError>
  /** The secret that follows one which the server has refused. */
  readonly renew: (refused: Redacted.Redacted<string>) => Effect.Effect<Redacted.Redacted<string>, GeminiError>
  /** Whether another secret may follow a refused one. */
  readonly isRenewed: boolean
  readonly headers: (secret: Redacted.Redacted<string>) => Readonly<Record<string, string>>
  /** Names the project that pays, if it is said; known once there is a secret. */
  readonly payer: () => Readonly<Record<string, string>>
}

const payerOf = (project: string | undefined): Readonly<Record<string, string>> =>
  project === undefined ? {} : { "x-goog-user-project": project }

/** `quotaProject` wins over the one that the login names. */
export const ofToken = (
  { get, quotaProject: ofLogin, renew }: AccessToken.AccessTokenService,
  quotaProject: string | undefined
): Credential => {
  let payer = payerOf(quotaProject)
  const named = (token: Effect.Effect<Redacted.Redacted<string>, GeminiError>) =>
    quotaProject !== undefined || ofLogin === undefined ?
      token :
      Effect.tap(token, () =>
        Effect.map(ofLogin, (project) => {
          payer = payerOf(project)
        }))
  return {
    get: named(get),
    renew: (refused) => named(renew(refused)),
    isRenewed: true,
    headers: (token) => ({ authorization: `Bearer ${Redacted.value(token)}` }),
    payer: () => payer
  }
}

export const ofKey = (key: Redacted.Redacted<string>, quotaProject: string | undefined): Credential => ({
  get: Effect.succeed(key),
  renew: () => Effect.fail(TokenErrors.unauthenticated("the API key was refused")),
  isRenewed: false,
  headers: (key) => ({ [Destination.keyHeader]: Redacted.value(key) }),
  payer: () => payerOf(quotaProject)
})
