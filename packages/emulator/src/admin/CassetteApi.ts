/**
 * The part of the admin API about the cassette of a space: see `Cassette`.
 *
 * @since 0.2.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Data from "./AdminData.ts"
import * as Problem from "./AdminProblem.ts"
import { CassetteSettings, CassetteState } from "./CassetteData.ts"

const space = { space: Data.SpaceName }
const { refusals } = Problem

/**
 * The endpoints about cassettes.
 *
 * @category services
 * @since 0.2.0
 */
export const Group = HttpApiGroup.make("cassettes", { topLevel: true }).add(
  HttpApiEndpoint.get("getCassette", "/spaces/:space/cassette", {
    params: space,
    success: CassetteState,
    error: refusals
  }).annotate(
    OpenApi.Description,
    "How the cassette of the space stands: what was played, recorded, missed, not used."
  ),
  HttpApiEndpoint.put("setCassette", "/spaces/:space/cassette", {
    params: space,
    payload: CassetteSettings,
    success: CassetteState,
    error: refusals
  }).annotate(
    OpenApi.Description,
    "Plays or records a cassette from now on, in place of rules and of everything else. The one before it is closed."
  ),
  HttpApiEndpoint.delete("removeCassette", "/spaces/:space/cassette", {
    params: space,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Closes it: the space answers as it did before.")
)
