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
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Result from "effect/Result"
import type * as Schedule from "effect/Schedule"
import type { CallOptions } from "./call/CallOptions.ts"
import * as Reason from "./errors/GeminiErrorReason.ts"
import * as GeminiClient from "./GeminiClient.ts"
import * as GeminiConfig from "./GeminiConfig.ts"
import { GeminiError } from "./GeminiError.ts"
import * as GeminiHttp from "./GeminiHttp.ts"
import { CallGate } from "./internal/call/CallGate.ts"
import * as CallLimits from "./internal/call/limits.ts"
import type * as LogicalCall from "./internal/call/LogicalCall.ts"
import * as Check from "./internal/members/check.ts"
import * as Circuits from "./internal/members/circuit.ts"
import * as MemberClient from "./internal/members/client.ts"
import * as MemberList from "./internal/members/list.ts"
import * as MemberLoad from "./internal/members/load.ts"
import { MemberTable } from "./internal/members/MemberTable.ts"
import * as Resources from "./internal/members/resources.ts"
import { choiceOf } from "./internal/members/Route.ts"
import type { MemberState } from "./internal/members/Way.ts"
import type { Member, MemberChoice } from "./members/Member.ts"
import type * as ModelClient from "./ModelClient.ts"
import * as ModelPool from "./ModelPool.ts"
import * as ModelId from "./models/ModelId.ts"
import * as ModelList from "./models/ModelList.ts"
import * as RateLimiter from "./RateLimiter.ts"
import * as Content from "./wire/Content.ts"

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
  /** Where a generation would go now, and why. Nothing is sent, nothing is taken. */
  readonly explain: (
    request: Pick<GeminiClient.Request, "model" | "contents" | "cachedContent">,
    options?: CallOptions
  ) => Effect.Effect<Explanation, GeminiError>
  /**
   * Says which member made a cache or a file (`cachedContents/…`, `files/…` or its URI), so
   * that requests with it go to members of the same project and location.
   */
  readonly remember: (resource: string, member: string) => Effect.Effect<void>
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

const isList = (models: NonNullable<Options["fallbackModels"]>): models is ReadonlyArray<string> =>
  Array.isArray(models)

const stateOf = Effect.fnUntraced(function*(
  options: Options,
  member: Member,
  regions: ReadonlyArray<string>
): Effect.fn.Return<MemberState, never, HttpClient.HttpClient> {
  const own = Check.optionsOf(options, member)
  const location = Check.locationOf(member)
  return {
    name: member.name,
    project: Check.projectOf(member),
    location,
    regionRank: regions.indexOf(location),
    weight: member.weight ?? 1,
    http: yield* GeminiHttp.make(own),
    limits: CallLimits.make(own),
    isKeyRefused: false,
    calls: 0
  }
})

/**
 * The pool over members. Its member `default` stands for all of them together; any other name stands for that member
 * alone.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const wrong = Check.problem(options)
  const limiter = yield* RateLimiter.RateLimiter
  const gate = yield* CallGate.scoped(options.drain)
  const regions = Check.regionsOf(options)
  const table = new MemberTable(yield* Effect.forEach(options.members, (member) => stateOf(options, member, regions)))
  const circuits = yield* Circuits.fromContext(options.circuit)
  const total = options.timeouts?.total
  const fallbackModels = (model: ModelId.ModelId): ReadonlyArray<string> => {
    const { fallbackModels: fallback } = options
    if (fallback === undefined) return []
    return isList(fallback) ? fallback : fallback[model] ?? []
  }

  const refuse = (field: string, description: string, model?: string): GeminiError =>
    new GeminiError({
      method: "members",
      ...(model === undefined ? {} : { model }),
      attempts: [],
      reason: new Reason.InvalidRequest({ fields: [{ field, description }] })
    })

  const names = table.members.map(({ name }) => name)
  const routed = new WeakMap<ModelClient.ModelClient, MemberClient.MemberClient>()
  const client = (model: ModelId.ModelId | undefined): LogicalCall.Client => ({
    target: model ?? "models",
    model,
    gate,
    retry: options.retry,
    total: total === undefined ? Infinity : Duration.toMillis(total)
  })

  const clients = yield* ModelPool.makeWith(({ member, model }) => {
    if (wrong !== undefined) return Effect.fail(refuse(wrong.field, wrong.description, model))
    if (member !== "default" && table.named(member) === undefined) {
      return Effect.fail(
        refuse("member", `no member is called ${JSON.stringify(member)}; there are ${names.join(", ")}`, model)
      )
    }
    return Effect.sync(() => {
      const made = MemberClient.make({
        model,
        member: member === "default" ? undefined : member,
        table,
        limiter,
        circuits,
        client: client(model),
        continuation: options.continuation,
        fallbackModels
      })
      routed.set(made, made)
      return made
    })
  })

  const explain: Service["explain"] = (request, call) =>
    Effect.suspend(() => {
      const model = ModelId.parse(request.model ?? options.defaultModel ?? GeminiConfig.defaultModel)
      if (Result.isFailure(model)) return Effect.fail(refuse("model", model.failure))
      const body = {
        contents: Content.fromInput(request.contents),
        ...(request.cachedContent === undefined ? {} : { cachedContent: request.cachedContent })
      }
      return Effect.gen(function*() {
        const made = routed.get(yield* clients.get({ member: "default", model: model.success }))
        if (made === undefined) return { chosen: undefined, candidates: [], waiting: 0 }
        const route = yield* made.route(MemberClient.generation(body, "explain", call))
        const candidates = (yield* route.look).map(choiceOf)
        const chosen = candidates.find(({ excluded }) => excluded === undefined)
        return {
          chosen: chosen && { member: chosen.member, model: chosen.model },
          candidates,
          waiting: route.shared.room.size
        }
      })
    })

  const lists = table.members.map(({ http }) =>
    ModelList.make({ transport: http, gate, retry: options.retry, timeouts: options.timeouts })
  )
  const models = (wrong === undefined ? MemberList.make(lists) : undefined) ??
    MemberList.failing(refuse(wrong?.field ?? "members", wrong?.description ?? "there is none"))
  return Context.make(ModelPool.ModelPool, ModelPool.ModelPool.of({ ...clients, models })).pipe(
    Context.add(
      Members,
      Members.of({
        names,
        explain,
        remember: (resource, member) =>
          Effect.sync(() => table.owners.set(Resources.nameOf(resource) ?? resource, member))
      })
    )
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
> => Layer.provideMerge(Layer.effect(GeminiClient.GeminiClient, GeminiClient.make(options)), layerPool(options))

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
  options: Options
): Layer.Layer<
  GeminiClient.GeminiClient | ModelPool.ModelPool | RateLimiter.RateLimiter | Members,
  Config.ConfigError,
  HttpClient.HttpClient
> => Layer.unwrap(Effect.map(MemberLoad.load(options), layer))
