/**
 * Reaches what the server keeps: files, caches, batches, operations, file search stores, interactions, agents,
 * environments, voices. A call is one method of the REST API in its own words (path, query, body), and these rules hold
 * for all of them:
 *
 * - A resource is asked of the member (a project, a region, a key) that made it and of no other. Over members the answers
 *   themselves say who made what, and a handle (`ResourceHandle`) takes that to another process.
 * - A create whose answer was lost is never repeated in silence. `settle` says how to look for what it made; if that is
 *   not possible, the error says `mayExist`.
 * - An address out of an answer (`x-goog-upload-url`, `downloadUri`, `video.uri`) is used by its path and query at the
 *   origin of the base URL. Another origin is refused unless `allowOrigin` names it, and gets no key.
 *
 * ```ts
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 * import * as Schema from "effect/Schema"
 *
 * const Cache = Schema.Struct({ name: Schema.String, expireTime: Schema.optional(Schema.String) })
 *
 * const program = Effect.gen(function*() {
 *   const http = yield* ResourceHttp.ResourceHttp
 *   const made = yield* http.create({
 *     method: "caches.create",
 *     path: "cachedContents",
 *     body: { model: "models/gemini-3.8-flash", displayName: "manual-7", contents: [{ parts: [{ text: "…" }] }] },
 *     answer: Cache,
 *     settle: { displayName: "manual-7", path: "cachedContents", items: "cachedContents" }
 *   })
 *   // With the handle the right member is asked, also by another process.
 *   const again = yield* http.ask({
 *     method: "caches.get",
 *     httpMethod: "GET",
 *     path: made.value.name,
 *     of: [made.handle],
 *     answer: Cache
 *   })
 *   return again.value.expireTime
 * }).pipe(
 *   Effect.provide(
 *     Layer.provide(
 *       ResourceHttp.layer({ apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") }),
 *       NodeGemini.layerHttpClient()
 *     )
 *   )
 * )
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { CallOptions } from "./call/CallOptions.ts"
import type * as GeminiConfig from "./GeminiConfig.ts"
import type { Attempt, GeminiError } from "./GeminiError.ts"
import { CallGate } from "./internal/call/CallGate.ts"
import * as Destination from "./internal/http/destination.ts"
import * as Carrier from "./internal/resources/carrier.ts"
import * as Door from "./internal/resources/door.ts"
import * as Places from "./internal/resources/places.ts"
import type { Input, ResourceHandle } from "./resources/ResourceHandle.ts"

/**
 * Where a request goes: a path after the API version (`files/abc:download`), or an address that an answer gave.
 *
 * @category models
 * @since 0.2.0
 */
export type Where = {
  readonly path: string
  /** The part of the address before the API version. */
  readonly root?: "/upload" | "/download" | undefined
  readonly url?: undefined
} | {
  /** The address as an answer gave it. Only `query` is added to it. */
  readonly url: string
  readonly path?: undefined
  readonly root?: undefined
}

/**
 * One request. `method` is its name in errors, attempts and spans, such as `files.get`.
 *
 * @category models
 * @since 0.2.0
 */
export type Request = Where & {
  readonly method: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  /** A value that is written as JSON; a Uint8Array is sent as it is. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
  /**
   * The resources that the request is about, beside the one that its path names: handles, so that the right member is
   * asked, or resources that its body names (the file of a batch).
   */
  readonly of?: ReadonlyArray<Input | undefined> | undefined
}

/**
 * A request about something that is there, or a list.
 *
 * @category models
 * @since 0.2.0
 */
export type Ask<A> = Request & {
  readonly httpMethod: "GET" | "POST" | "PATCH" | "PUT" | "DELETE"
  /** The shape of the answer; unknown keys are kept. An empty body is read as `{}`. */
  readonly answer: Schema.Codec<A>
  /** Whether it may be sent again if its answer was lost. Default: `false` for POST, else `true`. */
  readonly isRepeatable?: boolean | undefined
}

/**
 * How a create whose answer was lost is settled: by a name that was chosen before, which is asked for, or by a display
 * name that nothing else bears, which is looked for in the list at `path`, in its field `items`. The member that the
 * create went to is asked. `read` makes the answer of the create of what is found, if the two differ.
 *
 * @category models
 * @since 0.2.0
 */
export type Settle = {
  readonly name: string
  /** The answer of the create, made of the answer to GET, where the two differ. */
  readonly read?: ((found: unknown) => unknown) | undefined
  readonly displayName?: undefined
} | {
  readonly displayName: string
  readonly path: string
  readonly items: string
  readonly read?: ((found: unknown) => unknown) | undefined
  readonly name?: undefined
}

/**
 * A request that makes something. Without `settle` it is not sent again if its answer was lost, and the error says
 * `mayExist`.
 *
 * @category models
 * @since 0.2.0
 */
export type Create<A> = Request & {
  /** Default `POST`. */
  readonly httpMethod?: "POST" | "PUT" | undefined
  readonly answer: Schema.Codec<A>
  readonly settle?: Settle | undefined
}

/**
 * An answer: its value, its headers, the member that gave it, and the attempts that it took.
 *
 * @category models
 * @since 0.2.0
 */
export interface Reply<A> {
  readonly value: A
  /** The headers of the answer; empty if a create was settled. */
  readonly headers: Headers.Headers
  readonly member: string | undefined
  readonly attempts: ReadonlyArray<Attempt>
}

/**
 * The answer to a create, with the handle of what it made.
 *
 * @category models
 * @since 0.2.0
 */
export interface Created<A> extends Reply<A> {
  /** `undefined` if the answer names nothing that the server keeps. */
  readonly handle: ResourceHandle | undefined
  /** Whether the answer was lost and the resource was found afterwards. */
  readonly isSettled: boolean
}

/**
 * Calls about what the server keeps. All of them fail with GeminiError; a resource that is gone, or another project's, is
 * NotFound with the member that was asked.
 *
 * @category models
 * @since 0.2.0
 */
export interface Service {
  /** The members that it asks; empty if there is only one key. */
  readonly members: ReadonlyArray<string>
  /** Asks about something that exists. Over members the one that made it is asked, and no other. */
  readonly ask: <A>(request: Ask<A>, options?: CallOptions) => Effect.Effect<Reply<A>, GeminiError>
  /**
   * Makes something. Over members it goes to the one with the fewest creates; if that one's key or quota refuses it, or
   * nothing could be sent, the next one is asked. What is made `of` a member's own resource is made there.
   */
  readonly create: <A>(request: Create<A>, options?: CallOptions) => Effect.Effect<Created<A>, GeminiError>
  /**
   * Gives bytes, pulled from the socket at the consumer's pace. A redirect is followed three times at most, over https
   * (or within this machine), without the key. The call is tried again only before its first byte.
   */
  readonly download: (request: Request, options?: CallOptions) => Stream.Stream<Uint8Array, GeminiError>
  /** Takes a handle's word for who made the resource, for calls that name it without the handle. */
  readonly remember: (handle: ResourceHandle) => Effect.Effect<void>
}

/**
 * The calls as a service. {@link layer} provides it for one key, `MemberResources.layer` for several members.
 *
 * @category services
 * @since 0.2.0
 */
export class ResourceHttp extends Context.Service<ResourceHttp, Service>()("effect-gemini/ResourceHttp") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (
    options: GeminiConfig.Options
  ): Layer.Layer<ResourceHttp, never, HttpClient.HttpClient> => layer(options)
}

/**
 * The options of every client that these calls need, and `allowOrigin`: the origins beside the base URL's that an address
 * out of an answer may name (`"https://storage.googleapis.com"`). They get neither key nor cookies.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options extends
  Pick<
    GeminiConfig.Options,
    "apiKey" | "baseUrl" | "apiVersion" | "destination" | "timeouts" | "retry" | "bounds" | "drain" | "transformClient"
  >
{
  readonly allowOrigin?: ReadonlyArray<string> | undefined
}

/**
 * The service for one key, over whatever HttpClient the program provides. Calls in flight end with the scope, after
 * `drain`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options): Effect.Effect<Service, never, HttpClient.HttpClient | Scope.Scope> =>
  Effect.gen(function*() {
    const client = yield* HttpClient.HttpClient
    const gate = yield* CallGate.scoped(options.drain)
    const { provider } = Destination.of(options)
    return Door.make({
      places: Places.one(Carrier.make(options, client)),
      gate,
      retry: options.retry,
      timeouts: options.timeouts,
      provider: () => provider
    })
  })

/**
 * The service for one key over the HttpClient of the context, with the same clients safe for the key as
 * `GeminiHttp.layer`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options): Layer.Layer<ResourceHttp, never, HttpClient.HttpClient> =>
  Layer.effect(ResourceHttp, make(options))
