/** The calls about access tokens: which are good, and those that were given out. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as AdminApi from "../../admin/AdminApi.ts"
import * as Calls from "./calls.ts"

export const layer = (served: Calls.Served) => {
  const { looking, run, telling } = Calls.make(served)
  return HttpApiBuilder.group(AdminApi.Api, "vertex", (handlers) =>
    handlers
      .handle("setTokens", ({ params, payload }) =>
        Effect.flatMap(telling(params.space), ({ vertex }) =>
          run(vertex.setTokens(payload ?? undefined))))
      .handle("listTokens", ({ params }) =>
        Effect.flatMap(looking(params.space), ({ vertex }) =>
          Effect.map(run(vertex.tokens), (tokens) => ({ tokens }))))
      .handle("issueToken", ({ params, payload }) =>
        Effect.flatMap(telling(params.space), ({ vertex }) =>
          Effect.map(run(vertex.issue(payload)), (token) => ({ token }))))
      .handle("revokeTokens", ({ params, payload }) =>
        Effect.flatMap(telling(params.space), ({ vertex }) =>
          run(vertex.revoke(payload.token)))))
}
