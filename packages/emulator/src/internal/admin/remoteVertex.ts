/** The access tokens, and the objects of batches, of an emulator of another process. */
import * as Effect from "effect/Effect"
import * as VertexApi from "../../admin/VertexApi.ts"
import type { RuleError } from "../../RuleError.ts"
import type { VertexControl } from "../../VertexControl.ts"
import * as Portable from "./portable.ts"
import type { Client } from "./remoteService.ts"

export const make = (
  client: Client,
  space: string,
  sure: <A>(effect: Effect.Effect<A, unknown>) => Effect.Effect<A>,
  checked: <A>(effect: Effect.Effect<A, unknown>, root?: string) => Effect.Effect<A, RuleError>
): VertexControl => {
  const params = { space }
  return {
    setTokens: (policy) =>
      Effect.flatMap(
        Portable.data(VertexApi.TokenPolicyData, policy ?? null, "vertex.tokens"),
        (payload) => checked(client.setTokens({ params, payload }), "vertex.tokens")
      ),
    issue: (request = {}) => Effect.map(sure(client.issueToken({ params, payload: request })), ({ token }) => token),
    revoke: (token) => sure(client.revokeTokens({ params, payload: token === undefined ? {} : { token } })),
    tokens: Effect.map(sure(client.listTokens({ params })), ({ tokens }) => tokens),
    putObject: (uri, text) => sure(client.putObject({ params, payload: { uri, text } })),
    object: (uri) => Effect.map(sure(client.readObject({ params, payload: { uri } })), ({ text }) => text ?? undefined),
    objects: Effect.map(sure(client.listObjects({ params })), ({ objects }) => objects)
  }
}
