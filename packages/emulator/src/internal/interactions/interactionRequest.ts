/**
 * Which requests are about interactions, and the model or agent that a body names.
 */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import type { Framing } from "../answers/render.ts"
import { decodedPath } from "../decodedPath.ts"
import * as Json from "../json.ts"
import type { Route } from "../resources/endpoint.ts"
import * as WebhookRequest from "../webhooks/webhookRequest.ts"

/** The method's name in the log, in rules and in faults. */
export const create = "interactions.create"

export const routes: ReadonlyArray<Route> = [
  { verb: "POST", path: /^interactions\/*$/, method: create },
  { verb: "GET", path: /^interactions\/+([^/:]+)\/*$/, method: "interactions.get" },
  { verb: "POST", path: /^interactions\/+([^/:]+)\/cancel\/*$/, method: "interactions.cancel" },
  { verb: "DELETE", path: /^interactions\/+([^/:]+)\/*$/, method: "interactions.delete" }
]

/** The model or agent of a body. A model may stand with its collection, too. */
export const modelOf = (
  body: unknown
): { readonly resource: string | undefined; readonly model: string | undefined } => {
  const model = Json.text(Json.at(body, "model"))?.replace(/^models\//, "") || undefined
  if (model !== undefined) return { resource: `models/${model}`, model }
  const agent = Json.text(Json.at(body, "agent")) || undefined
  return { resource: agent === undefined ? undefined : `agents/${agent}`, model: agent }
}

/** Whether the answer is a stream of events. */
export const streams = ({ body, method, query }: Pick<EmulatorRequest, "body" | "method" | "query">): boolean =>
  method === create
    ? Json.at(body, "stream") === true
    : method === "interactions.get" && query.get("stream") === "true"

/** How these requests are answered; undefined for all others. */
export const framingOf = (request: Pick<EmulatorRequest, "body" | "method" | "query">): Framing | undefined => {
  if (!request.method.startsWith("interactions.") && !request.method.startsWith("webhooks.")) return undefined
  return streams(request) ? "events" : "coded"
}

/** A request that is about an interaction or a webhook. */
export interface RoutedInteraction {
  readonly version: string
  readonly method: string
  /** The id in the path. */
  readonly resource: string | undefined
}

export const route = (verb: string, path: string): RoutedInteraction | undefined => {
  if (WebhookRequest.isKeys(verb, path)) return { version: "", method: WebhookRequest.keys, resource: undefined }
  const [, version, rest] = /^\/+(v1beta|v1alpha|v1)\/+((?:interactions|webhooks)(?:[/:].*)?)$/.exec(path) ?? []
  if (version === undefined || rest === undefined) return undefined
  for (const route of rest.startsWith("webhooks") ? WebhookRequest.routes : routes) {
    const found = route.verb === verb ? route.path.exec(decodedPath(rest)) : null
    if (found !== null) return { version, method: route.method, resource: found[1] }
  }
  return undefined
}
