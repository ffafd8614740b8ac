/** What a request costs its project, and which of the limits it would break. */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type { Refusal } from "../../GoogleError.ts"
import * as Quota from "../../Quota.ts"
import * as Respond from "../answers/respond.ts"
import type * as Json from "../json.ts"

/** Counts a request that has been let in. A method that is not counted, and a request for no model, cost nothing. */
export const make = (
  quotasOf: (project: string, region: string) => Quota.Quotas | undefined,
  quota: Quota.Quota
) =>
(request: EmulatorRequest, body: Json.Json, time: number): Refusal | undefined => {
  const { project, region } = request
  const quotas = quotasOf(project, region)
  const kind = Quota.familyOf(request.method)
  if (quotas === undefined || kind === undefined || request.model === undefined) return undefined
  const inputTokens = Respond.inputTokens(request.method, body)
  return quota.charge({ project, region, model: request.model, family: kind, inputTokens, time }, quotas)
}
