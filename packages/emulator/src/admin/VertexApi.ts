/**
 * The part of the admin API about Vertex AI: its access tokens, which are good and those that were given out, and what
 * its batches read and write; see `VertexControl`.
 *
 * @since 0.2.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as SpaceOptions from "../internal/spaces/spaceOptions.ts"
import * as Data from "./AdminData.ts"
import * as Problem from "./AdminProblem.ts"

const about = (description: string) => ({ description })
const time = Schema.Finite.annotate(about("milliseconds since the epoch, by the server's clock"))
const optional = Schema.optional(Schema.String)

/**
 * The lists of `TokenPolicy.TokenPolicy`; null: none.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TokenPolicyData = Schema.NullOr(SpaceOptions.Tokens)

/**
 * The tokens that were given out, without the tokens themselves.
 *
 * @category schemas
 * @since 0.2.0
 */
export const IssuedTokens = Schema.Struct({
  tokens: Schema.Array(Schema.Struct({
    id: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
    by: Schema.Literals(["metadata", "jwt-bearer", "refresh-token", "federation", "impersonation", "test"]),
    principal: Schema.String,
    scopes: Schema.Array(Schema.String),
    issuedAt: time,
    expires: time,
    revoked: Schema.Boolean
  }))
})

/**
 * What a token is asked for.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TokenRequestData = Schema.Struct({
  scopes: Schema.optional(Schema.Array(Schema.String)),
  lifetime: Schema.optional(Schema.Finite.check(Schema.isGreaterThan(0))).annotateKey(about("seconds")),
  principal: optional
}).annotate({ identifier: "TokenRequest" })

const uri = Schema.String.check(Schema.isNonEmpty()).annotate(
  about("gs://BUCKET/OBJECT, bq://PROJECT.DATASET.TABLE, or projects/P/locations/L/datasets/D")
)

/**
 * A text of Cloud Storage or BigQuery, with its URI.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ObjectData = Schema.Struct({ uri, text: Schema.String }).annotate({ identifier: "StoredObject" })

const space = { space: Data.SpaceName }
const { refusals } = Problem

/**
 * The endpoints about access tokens, and about objects and tables.
 *
 * @category services
 * @since 0.2.0
 */
export const Group = HttpApiGroup.make("vertex", { topLevel: true }).add(
  HttpApiEndpoint.put("setTokens", "/spaces/:space/tokens/policy", {
    params: space,
    payload: TokenPolicyData,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Replaces the lists of access tokens that are good, or wrong in some way."),
  HttpApiEndpoint.get("listTokens", "/spaces/:space/tokens", {
    params: space,
    success: IssuedTokens,
    error: refusals
  }).annotate(OpenApi.Description, "The access tokens that were given out, without the tokens themselves."),
  HttpApiEndpoint.post("issueToken", "/spaces/:space/tokens", {
    params: space,
    payload: TokenRequestData,
    success: Schema.Struct({ token: Schema.String }).pipe(HttpApiSchema.status(201)),
    error: refusals
  }).annotate(OpenApi.Description, "Gives an access token out, as if its caller had logged in."),
  HttpApiEndpoint.post("revokeTokens", "/spaces/:space/tokens/revoke", {
    params: space,
    payload: Schema.Struct({ token: optional }),
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Revokes an access token, or without one all that were given out so far."),
  HttpApiEndpoint.put("putObject", "/spaces/:space/objects", {
    params: space,
    payload: ObjectData,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Puts a text where the batches of Vertex AI read their requests."),
  HttpApiEndpoint.get("listObjects", "/spaces/:space/objects", {
    params: space,
    success: Schema.Struct({ objects: Schema.Array(Schema.Struct({ uri, size: Schema.Int })) }),
    error: refusals
  }).annotate(OpenApi.Description, "What was put for batches, and what they wrote, without the texts."),
  HttpApiEndpoint.post("readObject", "/spaces/:space/objects/read", {
    params: space,
    payload: Schema.Struct({ uri }),
    success: Schema.Struct({ text: Schema.NullOr(Schema.String) }),
    error: refusals
  }).annotate(OpenApi.Description, "The text of an object or a table; null if there is none.")
)
