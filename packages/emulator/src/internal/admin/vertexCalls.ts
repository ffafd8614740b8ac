/** The calls about access tokens, and about what the batches of Vertex AI read and write. */
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
          run(vertex.revoke(payload.token))))
      .handle("putObject", ({ params, payload: { text, uri } }) =>
        Effect.flatMap(telling(params.space), ({ vertex }) =>
          run(vertex.putObject(uri, text))))
      .handle("listObjects", ({ params }) =>
        Effect.flatMap(looking(params.space), ({ vertex }) =>
          Effect.map(run(vertex.objects), (objects) => ({ objects }))))
      .handle("readObject", ({ params, payload }) =>
        Effect.flatMap(looking(params.space), ({ vertex }) =>
          Effect.map(run(vertex.object(payload.uri)), (text) => ({ text: text ?? null })))))
}
