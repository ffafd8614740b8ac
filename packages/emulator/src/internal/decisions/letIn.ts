/** Whether a request is let in: what the real API would refuse of it, in its words. */
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as KeyPolicy from "../../KeyPolicy.ts"
import * as ModelTable from "../../ModelTable.ts"
import type { VertexOptions } from "../../VertexOptions.ts"
import * as Respond from "../answers/respond.ts"
import * as Signature from "../answers/signature.ts"
import * as VertexModels from "../google/vertexModels.ts"
import * as Json from "../json.ts"
import * as InteractionFields from "../judge/interactionFields.ts"
import * as InteractionRules from "../judge/interactionRules.ts"
import * as Judge from "../judge/judge.ts"
import * as Credentials from "../vertex/credentials.ts"
import * as Names from "../vertex/names.ts"
import * as Vertex from "../vertex/vertexErrors.ts"
import * as DecisionRequest from "./decisionRequest.ts"

/** The options that it looks at. */
interface Judged {
  readonly judge?: boolean | undefined
  readonly keys?: KeyPolicy.KeyPolicy | undefined
  readonly models?: ModelTable.ModelTable | undefined
  readonly strictSignatures?: boolean | undefined
  readonly vertex?: VertexOptions | undefined
}

/** Whether a thought signature was given out here, where no other is taken. */
export const issued = ({ strictSignatures }: Judged): ((signature: string) => boolean) | undefined =>
  strictSignatures === true ? Signature.isIssued : undefined

/** The messages that the bodies of webhooks are. */
const ofWebhooks: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  "webhooks.create": "Webhook",
  "webhooks.update": "WebhookUpdate",
  "webhooks.rotateSigningSecret": "RotateSigningSecret"
}))

/**
 * A key that is missing, wrong or expired is a 401 in this family (Google's page of errors, September 2026); a leaked one
 * stays the 403 that it is everywhere.
 */
const unauthenticated = (refusal: GoogleError.Refusal): GoogleError.Refusal => {
  const { code, message } = refusal.body.error
  return code === 400 || message === GoogleError.missingKey().body.error.message
    ? GoogleError.make(401, message)
    : refusal
}

/** Why a body of the family that writes snake_case is refused; undefined if it is not. */
const coded = (
  { body, method }: EmulatorRequest.EmulatorRequest,
  now: number,
  takesAny: boolean
): GoogleError.Refusal | undefined => {
  const message = ofWebhooks.get(method)
  if (message !== undefined) return InteractionFields.refusal(message, body ?? {})
  return method === "interactions.create" ? InteractionRules.refusal(body, now, takesAny) : undefined
}

/** The models behind Vertex AI's door. */
const withVertex = (table: ModelTable.ModelTable): ModelTable.ModelTable => {
  const known = tables.get(table)
  if (known !== undefined) return known
  const made = { ...table, rows: [...table.rows, ...VertexModels.rows] }
  tables.set(table, made)
  return made
}
const tables = new WeakMap<ModelTable.ModelTable, ModelTable.ModelTable>()

/** Whether a model makes vectors by the other method than the one that was asked. */
const isOtherMethod = (method: string, model: string | undefined): boolean =>
  method === "embedContent" && VertexModels.predicting.has(model ?? "")

/** What Vertex AI judges by. */
const vertexOf = (
  request: EmulatorRequest.EmulatorRequest,
  place: EmulatorRequest.VertexPlace,
  policies: Credentials.Policies,
  now: number
): Judge.Vertex => ({
  barred: Credentials.barred(request, policies, now),
  modelNotFound: () =>
    place.endpoint === undefined ? Vertex.modelNotFound(place.name ?? "") : Vertex.endpointNotFound(place.name ?? "")
})

/**
 * The judge of a space with these options, which are looked at when a request comes. `worth` says what an access token
 * is worth that the emulator gave out.
 */
export const make = (options: Judged, space: string, worth?: Credentials.Policies["issued"]) => {
  const asked = (
    request: EmulatorRequest.EmulatorRequest,
    bodyText: string | undefined,
    now: number
  ): Judge.Judgement => {
    const { key, method, version, vertex } = request
    // Whoever checks a signature has no key.
    if (method === "webhooks.keys") return { body: {} }
    const model = request.model === undefined ? undefined : request.resource
    const { models = ModelTable.current } = options
    if (options.judge === false) return { body: Object(Json.normalized(request.body)) }
    const input: Judge.Input = {
      version,
      method,
      query: request.query,
      bodyText,
      key,
      models: vertex === undefined ? models : withVertex(models),
      // A client that chooses a space by its key cannot send another key.
      keys: EmulatorRequest.spaceOfKey(key ?? "") === space ? undefined : options.keys,
      isIssued: issued(options),
      inputTokens: (body) => Respond.inputTokens(method, body),
      vertex: vertex === undefined
        ? undefined
        : vertexOf(request, vertex, {
          keys: options.keys,
          tokens: options.vertex?.tokens,
          quotaProjects: options.vertex?.quotaProjects,
          issued: worth
        }, now),
      now
    }
    if (/^(?:interactions|webhooks)\./.test(method)) {
      const barred = input.vertex === undefined ? KeyPolicy.judge(key, input.keys) : input.vertex.barred
      if (barred !== undefined) return { refusal: unauthenticated(barred) }
      const read = Judge.judge(input)
      const refusal = read.refusal ?? coded(request, now, input.models.acceptAnyModel === true)
      if (refusal !== undefined) return { refusal }
      if (model?.startsWith("models/") !== true) return read
      const named = Judge.judge({ ...input, model })
      if (named.refusal === undefined) return named
      const { code, message } = named.refusal.body.error
      return { refusal: GoogleError.make(code, message, { status: InteractionRules.modelNotFound }) }
    }
    if (method !== DecisionRequest.method) return Judge.judge({ ...input, model })
    // The body is judged before the model that it names.
    const read = Judge.judge(input)
    const refusal = read.refusal ?? DecisionRequest.refusal(request.body)
    return refusal === undefined ? Judge.judge({ ...input, model }) : { refusal }
  }
  return (request: EmulatorRequest.EmulatorRequest, bodyText: string | undefined, now: number): Judge.Judgement => {
    const judged = asked(request, bodyText, now)
    if (request.vertex === undefined || judged.refusal !== undefined) return judged
    return options.judge !== false && isOtherMethod(request.method, request.model)
      ? { refusal: GoogleError.invalidArgument() }
      : Names.inward(request.method, judged.body, request.vertex)
  }
}
