/**
 * The admin API of the emulator, by which programs in any language tell it what to say and ask what has happened: every
 * path under `/_emulator/v1`, JSON in and out. It is not traffic: the logs and counters do not have it.
 *
 * An unknown field is a 400 that says where it is and which one may have been meant. `OpenApi.fromApi(Api)` describes
 * it, as a running emulator does at `/_emulator/v1/openapi.json`.
 *
 * @since 0.2.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Scenario } from "../Scenario.ts"
import * as Data from "./AdminData.ts"
import * as Problem from "./AdminProblem.ts"

/**
 * Refuses what does not fit the API's schemas, with the place of each mistake.
 *
 * @category services
 * @since 0.2.0
 */
export class Strict extends HttpApiMiddleware.Service<Strict>()("effect-gemini-emulator/admin/Strict", {
  error: Problem.Wrong
}) {}

/**
 * The paths under which the admin API lies.
 *
 * @category constants
 * @since 0.2.0
 */
export const prefix = "/_emulator/v1"

const space = { space: Data.SpaceName }
/** How an endpoint of one space refuses. */
const refusals = [Problem.Missing, Problem.Ended, Problem.Impossible] as const

const server = HttpApiGroup.make("server", { topLevel: true }).add(
  HttpApiEndpoint.get("health", "/health", { success: Schema.Struct({ status: Schema.Literal("ok") }) })
    .annotate(OpenApi.Description, "Whether it takes requests. It answers as soon as the port is open."),
  HttpApiEndpoint.put("setScenario", "/scenario", {
    payload: [Scenario, Schema.Null],
    success: HttpApiSchema.NoContent
  }).annotate(OpenApi.Description, "Replaces the scenario of the start, in every space; null: there is none.")
)

const spaces = HttpApiGroup.make("spaces", { topLevel: true }).add(
  HttpApiEndpoint.get("listSpaces", "/spaces", { success: Data.SpaceList }),
  HttpApiEndpoint.put("makeSpace", "/spaces/:space", {
    params: space,
    payload: [Data.SpaceSettings, Schema.Null],
    success: Data.SpaceInfo,
    error: refusals
  }).annotate(
    OpenApi.Description,
    "Makes a space. Without a body it is the one that is there, if there is one; with options, even none, it is a new one."
  ),
  HttpApiEndpoint.get("getSpace", "/spaces/:space", { params: space, success: Data.SpaceInfo, error: refusals }),
  HttpApiEndpoint.delete("endSpace", "/spaces/:space", {
    params: space,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Ends it: sessions break off, and its clients get a 410.")
)

const rules = HttpApiGroup.make("rules", { topLevel: true }).add(
  HttpApiEndpoint.get("listRules", "/spaces/:space/rules", {
    params: space,
    success: Data.RuleList,
    error: refusals
  }).annotate(OpenApi.Description, "The rules in force, in order, and how often each has answered."),
  HttpApiEndpoint.put("setRules", "/spaces/:space/rules", {
    params: space,
    payload: [Scenario, Schema.String.pipe(HttpApiSchema.asText({ contentType: "application/toml" }))],
    success: Data.RuleList,
    error: refusals
  }).annotate(OpenApi.Description, "Replaces the rules of the space: what a scenario file holds, as JSON or as TOML."),
  HttpApiEndpoint.post("addRules", "/spaces/:space/rules", {
    params: space,
    payload: Data.MoreRules,
    success: Data.RuleList,
    error: refusals
  }).annotate(OpenApi.Description, "Adds rules; those that are there go on counting."),
  HttpApiEndpoint.delete("removeRule", "/spaces/:space/rules/:rule", {
    params: { ...space, rule: Schema.String },
    success: HttpApiSchema.NoContent,
    error: refusals
  })
)

/**
 * The admin API.
 *
 * @category services
 * @since 0.2.0
 */
export const Api = HttpApi.make("effect-gemini-emulator")
  .add(server, spaces, rules)
  .prefix(prefix)
  .middleware(Strict)
  .annotate(HttpApi.ParseOptions, { onExcessProperty: "error", errors: "all", reportInput: true })
  .annotate(HttpApi.HeadersParseOptions, {})
  .annotate(OpenApi.Title, "Admin API of effect-gemini-emulator")
  .annotate(OpenApi.Version, "1")
