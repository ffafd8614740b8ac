/**
 * Interactions: the API that keeps the conversation on the server, works in the background, and runs agents.
 *
 * Calls of a model keep its quota and budgets, are tried again and spread over members as generations are. An answer
 * that the server broke off at its own cap is followed to its end.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Interaction from "effect-gemini/interactions/Interaction"
 * import * as Interactions from "effect-gemini/interactions/Interactions"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as Effect from "effect/Effect"
 * import * as FetchHttpClient from "effect/http/FetchHttpClient"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const apiKey = Redacted.make(process.env.GEMINI_API_KEY ?? "")
 *
 * const Gemini = Interactions.layer().pipe(
 *   Layer.provide([
 *     FetchGemini.layer({ apiKey }),
 *     Layer.provide(ResourceHttp.layer({ apiKey }), FetchHttpClient.layer)
 *   ])
 * )
 *
 * const program = Effect.gen(function*() {
 *   const interactions = yield* Interactions.Interactions
 *   const first = yield* interactions.create({ model: "gemini-3.8-flash", input: "Name a bridge in Bern." })
 *   const second = yield* interactions.create({
 *     model: "gemini-3.8-flash",
 *     previous_interaction_id: first.interaction.id,
 *     input: "When was it built?"
 *   })
 *   return Interaction.text(second.interaction)
 * }).pipe(Effect.provide(Gemini))
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as Stream from "effect/Stream"
import type { CallOptions } from "../call/CallOptions.ts"
import type * as GeminiConfig from "../GeminiConfig.ts"
import type { Attempt, GeminiError } from "../GeminiError.ts"
import * as Service from "../internal/interactions/interactionService.ts"
import * as ModelPool from "../ModelPool.ts"
import * as ResourceHttp from "../ResourceHttp.ts"
import type { Input, ResourceHandle } from "../resources/ResourceHandle.ts"
import type { Usage } from "../wire/Usage.ts"
import type { Interaction } from "./Interaction.ts"
import type { InteractionEvent } from "./InteractionEvent.ts"
import type { InteractionHandle } from "./InteractionHandle.ts"
import type { Request } from "./InteractionRequest.ts"

/**
 * An interaction with its handle, which names the member that made it, too, what it used, and the attempts that it took.
 *
 * @category models
 * @since 0.2.0
 */
export interface KeptInteraction {
  readonly interaction: Interaction
  readonly handle: ResourceHandle
  readonly usage: Usage | undefined
  readonly attempts: ReadonlyArray<Attempt>
}

/**
 * An event, and the handle to go on behind it. The handle is `undefined` before the server has named the interaction.
 *
 * @category models
 * @since 0.2.0
 */
export interface Followed {
  readonly event: InteractionEvent
  readonly handle: InteractionHandle | undefined
}

/**
 * What a webhook may bring of an interaction: its type, and the id of what it is about.
 *
 * @category models
 * @since 0.2.0
 */
export interface Delivery {
  readonly type: string
  readonly data: { readonly id?: string | null | undefined }
}

/**
 * Options of following: `by` says whether events are streamed (default) or the interaction is polled, every `interval`
 * (default 5 seconds); `deliveries` are those of a webhook, which make a poll ask at once; `reconnects` (default 3) may
 * follow each other without a new event; with the `request` a handle's interaction is continued where the server broke
 * it off, too.
 *
 * @category options
 * @since 0.2.0
 */
export interface FollowOptions extends CallOptions {
  readonly by?: "stream" | "poll" | undefined
  readonly interval?: Duration.Input | undefined
  readonly deliveries?: Stream.Stream<Delivery> | undefined
  readonly reconnects?: number | undefined
  readonly request?: Request | undefined
}

/**
 * The calls. They fail with GeminiError; an interaction that is deleted, expired or another project's is NotFound.
 *
 * @category models
 * @since 0.2.0
 */
export interface InteractionsService {
  /**
   * Asks, and gives the interaction with its new steps. One in the background comes at once, `in_progress`. Whether it
   * failed, or waits for a function, is in its `status`.
   */
  readonly create: (request: Request, options?: CallOptions) => Effect.Effect<KeptInteraction, GeminiError>
  /**
   * Asks, and gives the events as they come, those of every hop. Its steps are numbered from 0 in each hop. An `error`
   * event comes before the failure that it stands for.
   */
  readonly stream: (request: Request, options?: CallOptions) => Stream.Stream<InteractionEvent, GeminiError>
  /**
   * Asks, or goes on behind a handle, and gives the events to the end, whatever is cut: a stream is resumed behind its
   * last event, and asked anew only where the server has not named the interaction.
   */
  readonly follow: (
    from: Request | InteractionHandle,
    options?: FollowOptions
  ) => Stream.Stream<Followed, GeminiError>
  /** The interaction with all its steps; `includeInput` adds those of the user. */
  readonly get: (
    interaction: Input,
    options?: CallOptions & { readonly includeInput?: boolean | undefined }
  ) => Effect.Effect<KeptInteraction, GeminiError>
  /** The events of an interaction from its start, or behind `lastEventId`. */
  readonly events: (
    interaction: Input,
    options?: CallOptions & { readonly lastEventId?: string | undefined }
  ) => Stream.Stream<InteractionEvent, GeminiError>
  /** Ends an interaction in the background. */
  readonly cancel: (interaction: Input, options?: CallOptions) => Effect.Effect<KeptInteraction, GeminiError>
  /** Deletes it from the server. A second time it is NotFound. */
  readonly delete: (interaction: Input, options?: CallOptions) => Effect.Effect<void, GeminiError>
}

/**
 * The calls as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class Interactions extends Context.Service<Interactions, InteractionsService>()("effect-gemini/Interactions") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (
    options: GeminiConfig.Options
  ): Layer.Layer<Interactions, never, HttpClient.HttpClient | ModelPool.ModelPool> =>
    Layer.provide(layer({ retry: options.retry }), ResourceHttp.layer(options))
}

/**
 * How often a stream that was cut is resumed, and when, as far as a call does not say it.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  readonly retry?: GeminiConfig.Retry | undefined
}

/**
 * The service over the pool and the ResourceHttp of the context.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<InteractionsService, never, ModelPool.ModelPool | ResourceHttp.ResourceHttp> =>
  Effect.gen(function*() {
    const pool = yield* ModelPool.ModelPool
    const http = yield* ResourceHttp.ResourceHttp
    return Service.make({ pool, http, retry: options.retry })
  })

/**
 * The service over the pool of any layer of this library, and the ResourceHttp of the same key, or that of
 * `MemberResources` over the same members.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<Interactions, never, ModelPool.ModelPool | ResourceHttp.ResourceHttp> =>
  Layer.effect(Interactions, make(options))
