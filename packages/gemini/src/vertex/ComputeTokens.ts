/**
 * computeTokens of Vertex AI: the tokens that a prompt is made of, not only how many they are. The Gemini API does not
 * have it.
 *
 * @since 0.3.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { CallOptions } from "../call/CallOptions.ts"
import * as Reason from "../errors/GeminiErrorReason.ts"
import { GeminiError } from "../GeminiError.ts"
import * as ExtraCall from "../internal/call/extraCall.ts"
import * as OptionCheck from "../internal/config/optionCheck.ts"
import * as Body from "../internal/http/responseBody.ts"
import { isVertex } from "../internal/vertex/sender.ts"
import * as Guard from "../internal/wire/guard.ts"
import { field, NumberOrString } from "../internal/wire/leaves.ts"
import * as ModelPool from "../ModelPool.ts"
import * as ModelId from "../models/ModelId.ts"
import * as Content from "../wire/Content.ts"

/**
 * The tokens of one content. Ids are integers of 64 bits, which the wire writes as texts; each token's bytes are in
 * base64.
 *
 * @category schemas
 * @since 0.3.0
 */
export const TokensInfo = Schema.Struct({
  role: field(Schema.String),
  tokenIds: field(Schema.Array(NumberOrString)),
  tokens: field(Schema.Array(Schema.String))
})

/**
 * The answer of computeTokens: the tokens of each content, in order.
 *
 * @category schemas
 * @since 0.3.0
 */
export const ComputeTokensResponse = Schema.Struct({ tokensInfo: field(Schema.Array(TokensInfo)) })

/**
 * @category models
 * @since 0.3.0
 */
export interface ComputeTokensResponse extends Schema.Schema.Type<typeof ComputeTokensResponse> {}

/**
 * What is asked: the model whose tokens are meant, and the contents.
 *
 * @category models
 * @since 0.3.0
 */
export interface TokensRequest {
  readonly model: ModelId.Name
  readonly contents: Content.Input
}

const method = "computeTokens"

const guard = /* @__PURE__ */ Guard.make(ComputeTokensResponse)

const invalid = (field: string, description: string): GeminiError =>
  new GeminiError({ method, attempts: [], reason: new Reason.InvalidRequest({ fields: [{ field, description }] }) })

const missing = /* @__PURE__ */ new Reason.Unsupported({
  capability: "computeTokens on the Gemini API",
  description: "computeTokens is on Vertex AI alone: ask a client of Vertex.layer, or count the tokens by countTokens"
})

/**
 * The tokens of a prompt, by the client of the context, which takes a place in the model's quota like a generation of as
 * much input. Fails with `Unsupported` on the Gemini API, before anything is sent.
 *
 * ```ts
 * import * as ComputeTokens from "effect-gemini/vertex/ComputeTokens"
 * import * as Effect from "effect/Effect"
 *
 * const program = ComputeTokens.computeTokens({ model: "gemini-3.8-flash", contents: "Hello" }).pipe(
 *   Effect.map(({ tokensInfo }) => tokensInfo?.[0]?.tokens?.map(atob))
 * )
 * ```
 *
 * @category running
 * @since 0.3.0
 */
export const computeTokens = (
  request: TokensRequest,
  options?: CallOptions
): Effect.Effect<ComputeTokensResponse, GeminiError, ModelPool.ModelPool> =>
  Effect.gen(function*() {
    const wrong = options === undefined ? undefined : OptionCheck.problemOfCall(options)
    if (wrong !== undefined) return yield* invalid(wrong.field, wrong.description)
    const model = ModelId.parse(request.model)
    if (Result.isFailure(model)) return yield* invalid("model", model.failure)
    const contents = Content.fromInput(request.contents)
    const client = yield* ModelPool.ModelPool.use((pool) => pool.get({ member: "default", model: model.success }))
    const { value } = yield* client.extra(
      ExtraCall.make<ComputeTokensResponse>({
        method,
        path: `${ModelId.resource(model.success)}:computeTokens`,
        body: () => ({ contents }),
        check: () =>
          contents.length === 0 ? [{ field: "contents", description: "at least one content is needed" }] : [],
        decode: (call, text) => Body.decode(call, guard, text),
        describe: () => {},
        like: { contents },
        inputTokens: () => undefined,
        charged: undefined,
        usage: undefined,
        lacks: (sender) => isVertex(sender) ? undefined : missing
      }),
      options
    )
    return value
  })
