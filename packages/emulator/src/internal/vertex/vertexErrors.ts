/**
 * What Vertex AI says when it refuses: bodies read off real answers in recordings and public issues, 2024 to 2026.
 */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as GoogleError from "../../GoogleError.ts"

const service = "aiplatform.googleapis.com"

type Named = Pick<EmulatorRequest, "method" | "version" | "vertex">

/** The service and method behind each of ours, which `ErrorInfo` names. */
const rpcs: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  generateContent: "PredictionService.GenerateContent",
  streamGenerateContent: "PredictionService.StreamGenerateContent",
  predict: "PredictionService.Predict",
  embedContent: "PredictionService.EmbedContent",
  countTokens: "LlmUtilityService.CountTokens",
  computeTokens: "LlmUtilityService.ComputeTokens",
  "models.list": "ModelGardenService.ListPublisherModels",
  "models.get": "ModelGardenService.GetPublisherModel",
  "tunedModels.list": "ModelService.ListModels",
  "caches.create": "GenAiCacheService.CreateCachedContent",
  "caches.get": "GenAiCacheService.GetCachedContent",
  "caches.list": "GenAiCacheService.ListCachedContents",
  "caches.update": "GenAiCacheService.UpdateCachedContent",
  "caches.delete": "GenAiCacheService.DeleteCachedContent",
  "batchPredictionJobs.create": "JobService.CreateBatchPredictionJob",
  "batchPredictionJobs.get": "JobService.GetBatchPredictionJob",
  "batchPredictionJobs.list": "JobService.ListBatchPredictionJobs",
  "batchPredictionJobs.cancel": "JobService.CancelBatchPredictionJob",
  "batchPredictionJobs.delete": "JobService.DeleteBatchPredictionJob",
  bidiGenerateContent: "LlmBidiService.BidiGenerateContent"
}))

const info = (reason: string, { method, version }: Named): GoogleError.Detail => {
  const rpc = rpcs.get(method)
  return {
    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
    reason,
    domain: "googleapis.com",
    metadata: {
      service,
      ...(rpc === undefined ? {} : { method: `google.cloud.aiplatform.${version}.${rpc}` })
    }
  }
}

const expected = "Expected OAuth 2 access token, login cookie or other valid authentication credential. See " +
  "https://developers.google.com/identity/sign-in/web/devconsole-project."

/** The request has neither a token nor a key: 401. */
export const credentialsMissing = (request: Named): GoogleError.Refusal =>
  GoogleError.make(401, `Request is missing required authentication credential. ${expected}`, {
    details: [info("CREDENTIALS_MISSING", request)]
  })

/** A key where only a token opens: 401. */
export const keyNotSupported = (request: Named): GoogleError.Refusal =>
  GoogleError.make(
    401,
    "API keys are not supported by this API. Expected OAuth2 access token or other authentication credentials that " +
      "assert a principal. See https://cloud.google.com/docs/authentication",
    { details: [info("CREDENTIALS_MISSING", request)] }
  )

/** A token that has expired, or that is not one: 401. A revoked token is answered as one that never was. */
export const tokenInvalid = (request: Named, isExpired: boolean): GoogleError.Refusal =>
  GoogleError.make(401, `Request had invalid authentication credentials. ${expected}`, {
    details: [info(isExpired ? "ACCESS_TOKEN_EXPIRED" : "ACCESS_TOKEN_TYPE_UNSUPPORTED", request)]
  })

/** A good token for something else: 403. */
export const scopeInsufficient = (request: Named): GoogleError.Refusal =>
  GoogleError.make(403, "Request had insufficient authentication scopes.", {
    details: [info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", request)]
  })

/** Whoever has the token lacks the role: 403. */
export const permissionDenied = ({ method, vertex }: Named): GoogleError.Refusal => {
  const kind = method.startsWith("caches.")
    ? "cachedContents"
    : method.startsWith("batchPredictionJobs.")
    ? "batchPredictionJobs"
    : "endpoints"
  const permission = `aiplatform.${kind}.${kind === "endpoints" ? "predict" : method.slice(method.indexOf(".") + 1)}`
  const resource = `//${service}/${vertex?.name ?? vertex?.parent ?? ""}`
  return GoogleError.make(
    403,
    `Permission '${permission}' denied on resource '${resource}' (or it may not exist).`,
    {
      details: [{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "IAM_PERMISSION_DENIED",
        domain: service,
        metadata: { resource: resource.slice(2 + service.length + 1), permission }
      }]
    }
  )
}

/** The caller may not use the project that is to pay: 403, in the words of Google's API frontend. */
export const userProjectDenied = (project: string): GoogleError.Refusal =>
  GoogleError.make(
    403,
    `Caller does not have required permission to use project ${project}. Grant the caller the ` +
      "roles/serviceusage.serviceUsageConsumer role, or a custom role with the serviceusage.services.use permission, by " +
      `visiting https://console.developers.google.com/iam-admin/iam/project?project=${project} and then retry. ` +
      "Propagation of the new permission may take a few minutes.",
    {
      details: [{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        reason: "USER_PROJECT_DENIED",
        domain: "googleapis.com",
        metadata: { consumer: `projects/${project}`, service, containerInfo: project }
      }]
    }
  )

/** The model is not there, was retired, or lacks the method (recorded 2025). */
export const modelNotFound = (name: string): GoogleError.Refusal =>
  GoogleError.make(404, `Publisher Model \`${name}\` not found.`)

export const endpointNotFound = (name: string): GoogleError.Refusal =>
  GoogleError.make(404, `Endpoint \`${name}\` not found.`)

/** The limit of a project for a base model: 429 with the limit's name, in the words of 2024 and 2025. */
export const quotaExceeded = (metric: string, model: string): GoogleError.Refusal =>
  GoogleError.make(
    429,
    `Quota exceeded for ${service}/${metric} with base model: ${model}. Please submit a quota increase request. ` +
      "https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai."
  )

/** The quota that all projects share is used up: 429 that names no limit. */
export const resourceExhausted = (): GoogleError.Refusal =>
  GoogleError.make(
    429,
    "Resource exhausted. Please try again later. Please refer to " +
      "https://cloud.google.com/vertex-ai/generative-ai/docs/error-code-429 for more details."
  )

/** The provisioned throughput is used up, and the request asked for nothing else: 429. */
export const throughputExceeded = (): GoogleError.Refusal =>
  GoogleError.make(429, "Too many requests. Exceeded the Provisioned Throughput.")

/** The cache has expired or never was. */
export const cacheNotFound = (id: string): GoogleError.Refusal =>
  GoogleError.make(404, `Not found: cache content metadata ${id}.`)

/** A cache is named by its whole path. */
export const cacheNameInvalid = (name: string): GoogleError.Refusal =>
  GoogleError.invalidArgument(`Invalid CachedContent name: ${name}.`)
