/**
 * Several projects, regions or keys behind one client.
 *
 * Each attempt of a call goes to the member with the most room whose circuit is closed; one that is refused for
 * capacity goes to the next at once, then to the next region, then to a fallback model, within the attempts and the
 * deadline of its retry policy. If no member admits it, it waits for the first one that does, and callers take turns.
 *
 * If `retry.attempts` is left out, there are enough attempts for every member and every fallback model once, and at
 * least three.
 *
 * Members of one project and location share a quota. `MemberCall` sets what one call asks of them (a caller's name,
 * one member, a sticky key).
 *
 * This module is for quotas that are yours: projects and regions of one organisation. Pooling accounts to evade a
 * provider's quota breaks its terms, and is not its purpose.
 *
 * ```ts
 * import * as GeminiClient from "effect-gemini/GeminiClient"
 * import * as Members from "effect-gemini/Members"
 * import * as Effect from "effect/Effect"
 * import * as FetchHttpClient from "effect/http/FetchHttpClient"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const Gemini = Members.layer({
 *   tier: "tier1",
 *   members: [
 *     { name: "search", apiKey: Redacted.make(process.env.SEARCH_KEY ?? "") },
 *     { name: "batch", apiKey: Redacted.make(process.env.BATCH_KEY ?? ""), tier: "tier2" }
 *   ],
 *   fallbackModels: { "gemini-3.8-pro": ["gemini-3.8-flash"] }
 * })
 *
 * const program = GeminiClient.GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello" })).pipe(
 *   Effect.map(({ attempts, model }) => [model, attempts.at(-1)?.member]),
 *   Effect.provide(Layer.provide(Gemini, FetchHttpClient.layer))
 * )
 * ```
 *
 * @since 0.1.0
 */
import type * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import type * as Schedule from "effect/Schedule"
import type { CallOptions } from "./call/CallOptions.ts"
import * as GeminiClient from "./GeminiClient.ts"
import * as GeminiConfig from "./GeminiConfig.ts"
import { GeminiError } from "./GeminiError.ts"
import * as MemberLoad from "./internal/members/load.ts"
import * as Check from "./internal/members/memberCheck.ts"
import * as MembersPool from "./internal/members/pool.ts"
import * as Seats from "./internal/members/seats.ts"
import * as WaitLog from "./limits/WaitLog.ts"
import type { Member, MemberChoice } from "./members/Member.ts"
import * as ModelPool from "./ModelPool.ts"
import * as RateLimiter from "./RateLimiter.ts"

export type {
  /** A project, a region of it, or a key. */
  Member,
  /** A member and model as a call finds them. */
  MemberChoice
} from "./members/Member.ts"

/**
 * When a member gets no more calls for a while. There is one circuit for each member and model; refused requests and
 * spent quotas do not open it.
 *
 * @category options
 * @since 0.1.0
 */
export interface Circuit {
  /** When the circuit opens. Default: after three outages in a row. */
  readonly trip?: CircuitBreaker.TripPolicy | undefined
  /** How long it stays open before one call probes. Default 5 seconds, twice that each time the probe fails, a minute at most. */
  readonly openFor?: Duration.Input | Schedule.Schedule<unknown, number> | undefined
}

/**
 * The members, and how calls are spread over them, beside the options that hold for every client.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options extends GeminiConfig.Options {
  readonly members: ReadonlyArray<Member>
  /**
   * The models, in order, that answer if no member has capacity for the one that was asked: one list for every model,
   * or a list for each. They are used only for generation, and not with a cache, which belongs to one model.
   */
  readonly fallbackModels?: ReadonlyArray<string> | Readonly<Record<string, ReadonlyArray<string>>> | undefined
  /** `false`: no circuit ever opens. */
  readonly circuit?: Circuit | false | undefined
}

/**
 * Where a call would go now, and why.
 *
 * @category models
 * @since 0.1.0
 */
export interface Explanation {
  /** The member and model that it would go to; `undefined`: it would wait. */
  readonly chosen: { readonly member: string; readonly model: string } | undefined
  /** All members and models that it could go to, in the order of choice. */
  readonly candidates: ReadonlyArray<MemberChoice>
  /** How many calls wait before it. */
  readonly waiting: number
}

/**
 * Tells about the members of a client, and where a call would go.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  readonly names: ReadonlyArray<string>
  /** Tells where a generation would go now, and why. Nothing is sent, and nothing is taken. */
  readonly explain: (
    request: Pick<GeminiClient.Request, "model" | "contents" | "cachedContent">,
    options?: CallOptions
  ) => Effect.Effect<Explanation, GeminiError>
  /**
   * Says which member made a cache, a file, a store or whatever else the server keeps (`cachedContents/…`, `files/…`
   * or its URI), so that requests with it go to members of the same project and location. What is made through
   * `ResourceHttp` is remembered by itself.
   */
  readonly remember: (resource: string, member: string) => Effect.Effect<void>
  /**
   * Says that a member is to be asked again, also for the sessions of `LiveMembers`: its key is good now, or it has the
   * models that it did not have. Otherwise one call looks after half a minute, then after twice the time, up to an hour.
   */
  readonly readmit: (member: string) => Effect.Effect<void>
}

/**
 * The members of a client as a service; {@link layer} provides it together with the client.
 *
 * @category services
 * @since 0.1.0
 */
export class Members extends Context.Service<Members, Service>()("effect-gemini/Members") {}

/**
 * The first option that is not valid, if there is one; every call fails with it.
 *
 * @category getters
 * @since 0.1.0
 */
export const problem = (options: Options): GeminiConfig.Problem | undefined => Check.problem(options)

/**
 * The pool over members. Its member `default` stands for all of them together; any other name stands for that member
 * alone.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const { explain, names, pool, readmit, remember, seat } = yield* MembersPool.make(options)
  return Context.make(ModelPool.ModelPool, pool).pipe(
    Context.add(Members, Seats.keep(Members.of({ names, explain, remember, readmit }), seat))
  )
})

/**
 * Only the pool, under the limiter of the context, for a `GeminiClient` of your own making.
 *
 * The key is safe with `FetchHttpClient`, `NodeHttpClient` on undici and on node:http, and the client of
 * `NodeGemini.layerHttpClient`, which fail at a redirect. A client that follows redirects by itself
 * (`HttpClient.followRedirects`, one of your own over fetch) sends the key along before anybody can look; the answer
 * of another origin is then refused as InvalidResponse.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerPool = (
  options: Options
): Layer.Layer<ModelPool.ModelPool | Members, never, HttpClient.HttpClient | RateLimiter.RateLimiter> =>
  Layer.effectContext(make(options))

/**
 * The client over members, under the limiter of the context. {@link layerPool} says with which HttpClients the key is
 * safe.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerNoLimiter = (
  options: Options
): Layer.Layer<
  GeminiClient.GeminiClient | ModelPool.ModelPool | Members,
  never,
  HttpClient.HttpClient | RateLimiter.RateLimiter
> =>
  Layer.provideMerge(
    Layer.effect(GeminiClient.GeminiClient, GeminiClient.make({ defaultModel: options.defaultModel })),
    layerPool(options)
  )

/**
 * The client over members, with everything it is made of. Safe for the key over the clients of {@link layerPool}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<
  GeminiClient.GeminiClient | ModelPool.ModelPool | RateLimiter.RateLimiter | Members,
  never,
  HttpClient.HttpClient
> => Layer.provideMerge(layerNoLimiter(options), RateLimiter.layer)

/**
 * The client over members, with the keys that they name (`apiKeyFrom`) and what every client reads from the
 * environment. Fails with the first option that is not valid. {@link layerPool} says with which HttpClients the key is
 * safe.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerConfig = (
  { logWaits, ...options }: Options & Pick<GeminiConfig.ConfigOptions, "logWaits">
): Layer.Layer<
  GeminiClient.GeminiClient | ModelPool.ModelPool | RateLimiter.RateLimiter | Members,
  Config.ConfigError,
  HttpClient.HttpClient
> =>
  Layer.unwrap(
    Effect.map(
      MemberLoad.load(options),
      (loaded) => logWaits === false ? layer(loaded) : Layer.provide(layer(loaded), WaitLog.layer)
    )
  )
