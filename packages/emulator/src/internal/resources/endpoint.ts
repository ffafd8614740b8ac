/**
 * The contract of one kind of resource: which requests are about it, and what they are answered.
 */
import type { Refusal } from "../../GoogleError.ts"
import * as Render from "../answers/render.ts"
import * as Step from "../answers/step.ts"
import type * as Json from "../json.ts"
import type { Depot } from "./Depot.ts"
import type { Operations } from "./operations.ts"
import type { Uploads } from "./uploads.ts"

/** What the endpoints of one space share. */
export interface Room {
  readonly seed: string
  /** The bytes of all spaces. */
  readonly depot: Depot
  /** The resumable uploads of this space. */
  readonly uploads: Uploads
  /** The long-running operations of this space. */
  readonly operations: Operations
}

/** A request that was let in: its key, its query and the fields of its body have been judged. */
export interface Call {
  /** The method as faults and logs name it: `files.get`. */
  readonly method: string
  /** `v1`, `v1beta` or `v1alpha`. */
  readonly version: string
  /** The resource, collection or parent of the path: `files/ID`; empty where the path is a collection alone. */
  readonly name: string
  /** The project of the key: what it makes is its own. */
  readonly project: string
  readonly query: URLSearchParams
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The body in lowerCamelCase. */
  readonly body: Json.Json
  /** The address of this server and space, before `/v1beta`. */
  readonly base: string
  /** Milliseconds since the epoch, by the server's clock. */
  readonly now: number
}

/** What a request is answered: JSON, nothing but headers, a refusal, bytes, or a connection that breaks. */
export type ResourceReply =
  | { readonly empty: true; readonly headers: Step.Headers }
  | { readonly body: Json.Json; readonly headers?: Step.Headers | undefined }
  | {
    readonly refusal: Refusal
    readonly headers?: Step.Headers | undefined
    /** What the log says beside Google's words. */
    readonly note?: string | undefined
  }
  | { readonly bytes: Iterable<Uint8Array>; readonly size: number; readonly mimeType: string }
  | { readonly broken: "cut" | "reset" }

/** A path of the API, after its version. The first group of the pattern is the `name` of the call. */
export interface Route {
  readonly verb: "GET" | "POST" | "PATCH" | "DELETE"
  readonly path: RegExp
  readonly method: string
}

export interface Endpoint {
  readonly routes: ReadonlyArray<Route>
  readonly methods: Readonly<Record<string, (call: Call) => ResourceReply>>
  /** Forgets everything. */
  readonly clear: () => void
}

/** A time as the API writes it. */
export const timestamp = (millis: number): string => new Date(millis).toISOString().replace(/\.000Z$/, "Z")

const withHeaders = (steps: Step.Steps, headers: Step.Headers | undefined): Step.Steps =>
  headers === undefined
    ? steps
    : Array.from(steps, (step) => step._tag === "Head" ? Step.head(step.status, { ...step.headers, ...headers }) : step)

function* download(reply: Extract<ResourceReply, { readonly bytes: unknown }>): Step.Steps & Generator<Step.Step> {
  yield Step.head(200, { "content-type": reply.mimeType, "content-length": String(reply.size) })
  for (const bytes of reply.bytes) yield Step.bytes(bytes)
}

/** What goes over the connection. */
export const stepsOf = (reply: ResourceReply): Step.Steps => {
  if ("broken" in reply) return [Step.broken(reply.broken)]
  if ("bytes" in reply) return download(reply)
  if ("empty" in reply) return [Step.head(200, { "content-type": "text/plain; charset=utf-8", ...reply.headers })]
  return withHeaders(
    "refusal" in reply ? Render.refusal(reply.refusal, "json") : Render.whole(reply.body),
    reply.headers
  )
}
