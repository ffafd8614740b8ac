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
}

export const ofToken = ({ get, renew }: AccessToken.AccessToken["Service"]): Credential => ({
  get,
  renew,
  isRenewed: true,
  headers: (token) => ({ authorization: `Bearer ${Redacted.value(token)}` })
})

export const ofKey = (key: Redacted.Redacted<string>): Credential => ({
  get: Effect.succeed(key),
  renew: () => Effect.fail(TokenErrors.unauthenticated("the API key was refused")),
  isRenewed: false,
  headers: (key) => ({ [Destination.keyHeader]: Redacted.value(key) })
})
