/** What a request costs its project, which of the limits it would break, and from which quota it is served. */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type { Refusal } from "../../GoogleError.ts"
import * as Quota from "../../Quota.ts"
import type { VertexOptions } from "../../VertexOptions.ts"
import * as Respond from "../answers/respond.ts"
import * as Json from "../json.ts"
import * as VertexErrors from "../vertex/vertexErrors.ts"

/** The refusal of a request that is too much, or for Vertex AI the kind of quota that it is served from. */
export interface Charged {
  readonly refusal?: Refusal | undefined
  readonly traffic?: string | undefined
}

type Charge = Quota.Charge & { readonly region: string }

/** Projects of Vertex AI are counted apart from those of the Gemini API, whose quotas are of another service. */
export const vertexProject = (project: string): string => `vertex:${project}`

/** A model's name stands in the details, too, and may be anybody's words: the metrics alone are looked at. */
const isTokens = ({ body }: Refusal): boolean =>
  (body.error.details ?? []).flatMap((detail) => Json.list(Json.at(detail, "violations")))
    .some((violation) => Json.text(Json.at(violation, "quotaMetric"))?.includes("token_count") === true)

const metricOf = (refusal: Refusal, family: Quota.Charge["family"]): string =>
  isTokens(refusal)
    ? "generate_content_input_tokens_per_minute_per_base_model"
    : family === "embed"
    ? "online_prediction_requests_per_base_model"
    : "generate_content_requests_per_minute_per_project_per_base_model"

/** Limits of the caller's own. The tiers are the Gemini API's, and limit nothing here. */
export const withoutTier = (quotas: Quota.Quotas | undefined): Quota.Quotas => ({ ...quotas, tier: undefined })

const onDemand = (headers: EmulatorRequest["headers"]): string => {
  switch (headers["x-vertex-ai-llm-shared-request-type"]?.toLowerCase()) {
    case "priority":
      return "ON_DEMAND_PRIORITY"
    case "flex":
      return "ON_DEMAND_FLEX"
    default:
      return "ON_DEMAND"
  }
}

/**
 * Counts a request to Vertex AI: by throughput that was bought, unless it asks for the shared quota, then by the limits of
 * its project in the region, and at last by what all projects share.
 */
export const ofVertex = (
  quota: Quota.Quota,
  charge: Charge,
  quotas: Quota.Quotas | undefined,
  headers: EmulatorRequest["headers"],
  { provisioned = [], shared = {} }: VertexOptions
): Charged => {
  const { family, model, project, region } = charge
  const asked = headers["x-vertex-ai-llm-request-type"]?.toLowerCase()
  const base = Quota.quotaModel(model)
  if (asked !== "shared") {
    const bought = provisioned.find((each) =>
      each.project === project && each.region === region && Quota.quotaModel(each.model) === base
    )
    const isTaken = bought !== undefined &&
      quota.charge({ ...charge, project: `provisioned:${project}` }, { models: { [base]: bought } }) === undefined
    if (isTaken) return { traffic: "PROVISIONED_THROUGHPUT" }
    if (asked === "dedicated" && family !== "countTokens") return { refusal: VertexErrors.throughputExceeded() }
  }
  const own = quota.charge({ ...charge, project: vertexProject(project) }, withoutTier(quotas))
  if (own !== undefined) return { refusal: VertexErrors.quotaExceeded(metricOf(own, family), base) }
  const common = quota.charge({ ...charge, project: "shared" }, { models: shared })
  return common === undefined ? { traffic: onDemand(headers) } : { refusal: VertexErrors.resourceExhausted() }
}

/** Counts a request that has been let in. A method that is not counted, and a request for no model, cost nothing. */
export const make = (
  quotasOf: (project: string, region: string) => Quota.Quotas | undefined,
  quota: Quota.Quota,
  vertex: () => VertexOptions | undefined
) =>
(request: EmulatorRequest, body: Json.Json, time: number): Charged => {
  const { headers, model, project, region } = request
  const family = Quota.familyOf(request.method)
  if (family === undefined || model === undefined) return {}
  const quotas = quotasOf(project, region)
  if (quotas === undefined && request.vertex === undefined) return {}
  const inputTokens = Respond.inputTokens(request.method, body)
  const charge = { project, region, model, family, inputTokens, time }
  if (request.vertex !== undefined) return ofVertex(quota, charge, quotas, headers, vertex() ?? {})
  return quotas === undefined ? {} : { refusal: quota.charge(charge, quotas) }
}
