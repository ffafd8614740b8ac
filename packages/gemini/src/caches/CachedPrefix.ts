/**
 * A prefix that many calls share (an instruction, tools, a manual, a video), cached on the server where that pays.
 *
 * The calls of a prefix are those of `GeminiClient`, with the prefix in front. Whether it comes out of a cache is decided
 * for each call, from the prices, the tokens and the calls so far: a cache is made at a call, and given up once its storage
 * since the last hit has cost what a hit saves. So no day costs more than twice what it costs whoever knows the day before.
 * Where most calls come too late for a cache, it is not made as long as that bound allows. Below the model's minimum, for a
 * model without prices, and after the server has refused, the prefix goes inline.
 *
 * No call fails because of a cache: if the server refuses it or has lost it, the same call goes with the inline prefix.
 *
 * ```ts
 * import * as CachedPrefix from "effect-gemini/caches/CachedPrefix"
 * import * as Caches from "effect-gemini/caches/Caches"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import { Console, Effect, Layer, Redacted } from "effect"
 *
 * const options = { apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") }
 *
 * const Gemini = CachedPrefix.layer().pipe(
 *   Layer.provide(Caches.layer),
 *   Layer.provide(ResourceHttp.layer(options)),
 *   Layer.provide(NodeGemini.layerHttp(options)),
 *   Layer.provide(NodeGemini.layerHttpClient())
 * )
 *
 * const program = Effect.gen(function*() {
 *   const prefixes = yield* CachedPrefix.CachedPrefix
 *   const manual = yield* prefixes.open({
 *     model: "gemini-3.8-flash",
 *     systemInstruction: "Answer from the manual.",
 *     contents: "All of the manual …"
 *   })
 *   const answer = yield* manual.generate({ contents: "How is the filter changed?" })
 *   const { hits, saved } = yield* manual.stats
 *   yield* Console.log(`${hits} hits saved $${saved.toFixed(4)}`)
 *   return answer.text
 * }).pipe(Effect.scoped, Effect.provide(Gemini))
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { CallOptions } from "../call/CallOptions.ts"
import type * as Cost from "../Cost.ts"
import * as GeminiClient from "../GeminiClient.ts"
import type * as GeminiConfig from "../GeminiConfig.ts"
import type { GeminiError } from "../GeminiError.ts"
import * as OpenPrefix from "../internal/caches/OpenPrefix.ts"
import type * as Content from "../wire/Content.ts"
import type { GenerateContentRequest } from "../wire/GenerateContent.ts"
import * as CacheIndex from "./CacheIndex.ts"
import * as Caches from "./Caches.ts"

/**
 * What the calls share: the fields of a request that a cache can hold, and the model.
 *
 * @category models
 * @since 0.2.0
 */
export interface PrefixRequest extends Pick<GenerateContentRequest, "tools" | "toolConfig"> {
  readonly model: string
  readonly contents?: Content.Input | undefined
  readonly systemInstruction?: string | Content.Content | undefined
}

/**
 * A call's own part: everything but what the prefix has.
 *
 * @category models
 * @since 0.2.0
 */
export type PrefixedRequest = Omit<
  GeminiClient.Request,
  "model" | "systemInstruction" | "tools" | "toolConfig" | "cachedContent"
>

/**
 * Why the next call finds no cache: it has not been asked for yet or would not pay now (`idle`), the prefix is too small
 * for the model (`small`), the model has no prices (`unpriced`), the server refused to make or use one (`refused`), or it
 * lost one (`lost`); the last two pass with time.
 *
 * @category models
 * @since 0.2.0
 */
export type Without = "idle" | "small" | "unpriced" | "refused" | "lost"

/**
 * What has happened so far. Amounts are US dollars by the list prices, for the prefix alone.
 *
 * @category models
 * @since 0.2.0
 */
export interface PrefixStats {
  /** Calls that were answered. */
  readonly calls: number
  /** Calls that were answered out of a cache. */
  readonly hits: number
  /** Calls that found the cache refused or lost, and went inline. */
  readonly fallbacks: number
  /** Caches that were made here, and how often one got a later end. */
  readonly created: number
  readonly renewed: number
  /** The tokens of the prefix, once they have been counted. */
  readonly tokens: number | undefined
  /** The prefix in all calls, caches and their storage included. */
  readonly paid: number
  /** What the caches saved; below zero, what they cost. */
  readonly saved: number
  /** The cache that the next call finds, and its end; or why there is none. */
  readonly cache: { readonly name: string; readonly expires: Date } | undefined
  readonly without: Without | undefined
}

/**
 * An open prefix. Failures are those of GeminiClient's calls.
 *
 * @category models
 * @since 0.2.0
 */
export interface Prefix {
  readonly generate: (
    request: PrefixedRequest,
    options?: CallOptions
  ) => Effect.Effect<GeminiClient.Answer, GeminiError>
  readonly generateStream: (
    request: PrefixedRequest,
    options?: CallOptions
  ) => Stream.Stream<GeminiClient.StreamChunk, GeminiError>
  readonly stats: Effect.Effect<PrefixStats>
}

/**
 * The prefixes that a program opens. With the scope a cache is deleted, unless others use it: another open prefix of the
 * same content, or other processes by a shared {@link CacheIndex}; then it ends by itself.
 *
 * @category models
 * @since 0.2.0
 */
export interface CachedPrefixService {
  readonly open: (prefix: PrefixRequest) => Effect.Effect<Prefix, GeminiError, Scope.Scope>
}

/**
 * The prefixes as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class CachedPrefix extends Context.Service<CachedPrefix, CachedPrefixService>()("effect-gemini/CachedPrefix") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (
    options: GeminiConfig.Options
  ): Layer.Layer<CachedPrefix, never, GeminiClient.GeminiClient | HttpClient.HttpClient> =>
    Layer.provide(layer(), Caches.Caches.layerWith(options))
}

/**
 * How caches are decided about.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** Default: those of this version. */
  readonly prices?: Cost.Prices | undefined
  /**
   * What making a cache costs, as a share of the prefix's price in a call: from 0.1 to 1. Default 1, because no page of the
   * Gemini API says that it is free. The less it costs, the sooner a cache is given up.
   */
  readonly creation?: number | undefined
  /** Names the project in the index, if processes with keys of several projects share it. Default `default`. */
  readonly project?: string | undefined
  /** How long a call waits for a cache that is being made before it goes inline. Default 30 seconds. */
  readonly patience?: Duration.Input | undefined
}

/**
 * The service over the client, the caches and, if there is one, the {@link CacheIndex} of the context.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (
  options: Options = {}
): Effect.Effect<CachedPrefixService, never, GeminiClient.GeminiClient | Caches.Caches> =>
  Effect.gen(function*() {
    const client = yield* GeminiClient.GeminiClient
    const caches = yield* Caches.Caches
    const index = Option.getOrElse(yield* Effect.serviceOption(CacheIndex.CacheIndex), CacheIndex.makeMemory)
    return { open: OpenPrefix.make({ client, caches, index, options }) }
  })

/**
 * The service as a layer. Both the client and the caches must be those of the same project or members.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  options: Options = {}
): Layer.Layer<CachedPrefix, never, GeminiClient.GeminiClient | Caches.Caches> =>
  Layer.effect(CachedPrefix, make(options))
