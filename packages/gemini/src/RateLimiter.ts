/**
 * Client-side quota: a call waits for its lane's permit instead of being refused.
 *
 * A lane is what the server counts by: project, location, concrete model and family of methods. A permit takes from
 * requests and input tokens a minute, requests a day and concurrency at once. Waiting goes through the Clock, first
 * come, first served within a priority; while `interactive` and `batch` calls both wait, every ninth admission is a
 * batch call's. A request that was never sent is given back whole. One that was sent stays counted until its window
 * has passed; its end frees concurrency only.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { GeminiError } from "./GeminiError.ts"
import { LaneMap } from "./internal/limiter/LaneMap.ts"
import { LaneQueue } from "./internal/limiter/LaneQueue.ts"
import { Ticket } from "./internal/limiter/Ticket.ts"
import * as Gate from "./limits/Gate.ts"
import * as LaneStore from "./limits/LaneStore.ts"
import type { Limits } from "./limits/Tier.ts"
import type * as CountTokens from "./wire/CountTokens.ts"
import type { GenerateContentRequest, GenerateContentResponse } from "./wire/GenerateContent.ts"

/**
 * What quotas are counted by: project, location, concrete model and family of methods.
 *
 * @category models
 * @since 0.1.0
 */
export type LaneKey = LaneStore.LaneKey

/**
 * What a call asks of its lane.
 *
 * @category models
 * @since 0.1.0
 */
export interface Admission {
  readonly lane: LaneKey
  readonly limits: Limits
  /** Estimated input tokens. */
  readonly tokens: number
  /** `interactive` goes before `batch`; within a priority first come, first served. Default `interactive`. */
  readonly priority?: Priority | undefined
  /** The method that errors name. Default `acquire`. */
  readonly method?: string | undefined
  /** How long the call may wait; then it fails with RateLimited, or with QuotaExhausted if the day's quota is spent. */
  readonly maxWait?: Duration.Input | undefined
  /** How many calls may already wait in the lane. With more of them the call fails with LimiterFull at once. */
  readonly maxQueue?: number | undefined
  /** The request, for a `Gate.Guard` that prices it, and how to have the server count its tokens. */
  readonly asks?: {
    readonly request: GenerateContentRequest
    readonly count: (request: GenerateContentRequest) => Effect.Effect<CountTokens.CountTokensResponse, GeminiError>
  } | undefined
  /** What to do while the day's quota is spent. Default `fail`. */
  readonly whenExhausted?: "fail" | "wait" | undefined
  /** Whether a request above the whole token budget goes `alone` on an empty window (default) or is refused. */
  readonly oversize?: "alone" | "reject" | undefined
  /** Called when the call has to wait; `until` is when that ends, as far as is known (milliseconds of the Clock). */
  readonly onWait?:
    | ((waiting: { readonly lane: LaneKey; readonly until: number | undefined }) => Effect.Effect<void>)
    | undefined
}

/**
 * Which calls go first when several wait for one lane: `interactive` ones before `batch` ones.
 *
 * @category models
 * @since 0.1.0
 */
export type Priority = "interactive" | "batch"

/**
 * What a 429 taught about a lane.
 *
 * @category models
 * @since 0.1.0
 */
export type Feedback =
  /**
   * A quota per minute was exceeded, or the 429 named none: no new attempt starts before `retryAfter`, and those in
   * flight go on. `quotas` are the quotas per minute that the 429 named and the lane counts, for {@link Options}'
   * `learn`. `limits` are the lane's, for calls with limits of their own; default: those of the last admission.
   */
  | {
    readonly _tag: "RateLimited"
    readonly retryAfter: Duration.Duration | undefined
    readonly quotas?: ReadonlyArray<LaneStore.Lesson> | undefined
    readonly limits?: Limits | undefined
  }
  /** The day's quota is spent: the lane is parked until `resetAt` (milliseconds since the epoch), 25 hours at most. */
  | { readonly _tag: "QuotaExhausted"; readonly resetAt: number }

/**
 * The fields of an answer by which it is charged.
 *
 * @category models
 * @since 0.1.0
 */
export type Charged = Pick<GenerateContentResponse, "usageMetadata" | "candidates" | "modelVersion" | "promptFeedback">

/**
 * The right to make one attempt.
 *
 * @category models
 * @since 0.1.0
 */
export interface Permit {
  /** Tells the lane how many input tokens the server has counted so far; the last call counts. */
  readonly settle: (tokens: number) => Effect.Effect<void>
  /**
   * Takes each answer, or each chunk of a stream, to be charged. It is present only with a `Gate.Guard`.
   */
  readonly charge?: ((answer: Charged) => void) | undefined
  /** The attempt was never handed to the transport: gives everything back, now. */
  readonly cancel: Effect.Effect<void>
}

/**
 * A lane as it stands, for display and metrics.
 *
 * @category models
 * @since 0.1.0
 */
export interface LaneSnapshot {
  readonly lane: LaneKey
  /** The limits of the last admission. */
  readonly limits: Limits
  readonly used: {
    /** Requests in the rolling window. */
    readonly requests: number
    /** Tokens in the rolling window: as the server counted them if it did, else as estimated. */
    readonly tokens: number
    /** Requests of the Pacific day. */
    readonly today: number
    readonly inFlight: number
  }
  /** Tokens counted above `limits.tpm`. The next admission waits until as many have left the window. */
  readonly debt: number
  /** Calls in the queue. */
  readonly waiting: number
  /** When a small request finds room if nobody waits, in milliseconds of the Clock; undefined: when a call ends. */
  readonly nextFree: number | undefined
  /** When attempts may start again after a 429, in milliseconds of the Clock. */
  readonly parkedUntil: number | undefined
  /** Whether the day's quota is spent. */
  readonly isExhausted: boolean
  /**
   * What 429s did to the lane: nothing, a pause, a limit below the tier's that is held, or one that rises again.
   */
  readonly phase: "inactive" | "cooldown" | "learned" | "probing"
  /** The limits that 429s taught, while they are below the tier's. */
  readonly learned: LaneStore.Learned | undefined
}

/**
 * How soon a lane could admit a request. Nothing is taken and no store is asked: for a lane that processes share it
 * says what this process heard last.
 *
 * @category models
 * @since 0.1.0
 */
export interface Headroom {
  /**
   * Milliseconds until the request would be admitted, after those that wait before it: 0 is now, `Infinity` never.
   * Exact for a lane in memory where nobody waits, else an estimate; where only the end of calls makes room, each
   * round of them counts as a second.
   */
  readonly admitsIn: number
  /** Calls that would go before it. */
  readonly waiting: number
  /** The free share, from 0 to 1, of requests, tokens or concurrency, whichever is least. */
  readonly free: number
}

/**
 * Gives permits for lanes, hears what the server says of them, and shows how they stand.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** A permit that is held until the scope ends, for streams. */
  readonly acquire: (admission: Admission) => Effect.Effect<Permit, GeminiError, Scope.Scope>
  /**
   * A permit that is held while an effect runs, for unary calls.
   *
   * ```ts
   * import * as ModelId from "effect-gemini/models/ModelId"
   * import * as RateLimiter from "effect-gemini/RateLimiter"
   * import * as Tier from "effect-gemini/limits/Tier"
   * import * as Effect from "effect/Effect"
   * const program = Effect.gen(function*() {
   *   const limiter = yield* RateLimiter.RateLimiter
   *   const model = yield* Effect.fromResult(ModelId.parse("gemini-2.5-flash"))
   *   const counted = yield* limiter.use(
   *     {
   *       lane: { project: "default", location: "global", quotaModel: model, family: "generate" },
   *       limits: Tier.limitsFor(Tier.byName("free"), model),
   *       tokens: 1_200
   *     },
   *     (permit) => Effect.as(permit.settle(1_187), "answer")
   *   )
   *   const [lane] = yield* limiter.snapshot
   *   return [counted, lane?.used.tokens]
   * })
   * await Effect.runPromise(Effect.provide(program, RateLimiter.layer)) // => ["answer", 1_187]
   * ```
   */
  readonly use: <A, E, R>(
    admission: Admission,
    f: (permit: Permit) => Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E | GeminiError, R>
  /** Tells the lane what the server answered about its quota. */
  readonly feedback: (lane: LaneKey, feedback: Feedback) => Effect.Effect<void>
  /**
   * Says that the last `requests` that `from` counted were in truth those of `to`: they count there too from now on.
   * Those in flight keep their concurrency in `from`.
   */
  readonly moved: (from: LaneKey, to: LaneKey, requests: number) => Effect.Effect<void>
  /** How soon a lane would admit a request, to choose between lanes. It changes nothing and makes no lane. */
  readonly headroom: (
    admission: Pick<Admission, "lane" | "limits" | "tokens" | "priority">
  ) => Effect.Effect<Headroom>
  readonly snapshot: Effect.Effect<ReadonlyArray<LaneSnapshot>>
}

/**
 * The limiter as a service; clients that share it share their quotas.
 *
 * @category services
 * @since 0.1.0
 */
export class RateLimiter extends Context.Service<RateLimiter, Service>()("effect-gemini/RateLimiter") {}

/**
 * How a limiter counts. The defaults are Gemini's.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  /** The time over which `rpm` and `tpm` are counted. Default 1 minute. */
  readonly window?: Duration.Input | undefined
  /**
   * A margin that is added to the window, because requests take unequal times to reach the server. Default 0.1 % of
   * the window, at least 50 ms.
   */
  readonly guard?: Duration.Input | undefined
  /**
   * Whether 429s lower a lane's limits for a while; they never raise them. `told`, the default: only if the server
   * names a limit per minute below the tier's, so a tier that is right is never slowed down. `counted`: also if it
   * names none, down to what the window counted; this is for servers whose limits nobody knows. `off`: a 429 only
   * pauses. A learned limit is held for ten windows (three if it was counted), then rises by a tenth of the tier's
   * limit per window.
   */
  readonly learn?: "told" | "counted" | "off" | undefined
  /** How many lanes are kept; beyond that, lanes that count nothing are forgotten. Default 256. */
  readonly maxLanes?: number | undefined
}

/**
 * A limiter over the {@link LaneStore} of the context. Closing the scope interrupts those who wait.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options = {}) {
  const store = yield* LaneStore.LaneStore
  const window = Duration.toMillis(Duration.fromInputUnsafe(options.window ?? "1 minute"))
  const guard = options.guard === undefined
    ? Math.max(50, window / 1000)
    : Duration.toMillis(Duration.fromInputUnsafe(options.guard))
  const lanes = new LaneMap(
    (key) => new LaneQueue(key, store.open(key, { window, guard }), window + guard),
    options.maxLanes ?? 256
  )
  const learn = options.learn ?? "told"

  const arrive = (admission: Admission, fiber: Fiber.Fiber<unknown, unknown>): Ticket => {
    const clock = fiber.getRef(Clock.Clock)
    const lane = lanes.of(admission.lane, clock.currentTimeMillisUnsafe())
    lane.limits = admission.limits
    return new Ticket(admission, lane, fiber.context, clock)
  }

  yield* Effect.addFinalizer(() => Effect.sync(() => lanes.close()))

  const own = Option.getOrUndefined(yield* Effect.serviceOption(Gate.Guard))
  /** The gates around a call: those of the limiter, then those of its scope. */
  const gatesOf = (fiber: Fiber.Fiber<unknown, unknown>): Gate.Gates | undefined => {
    const within = fiber.getRef(Gate.Within)
    return within === undefined || own === undefined
      ? within ?? own
      : { pass: own.pass, gates: [...own.gates, ...within.gates] }
  }

  const acquireIn = (fiber: Fiber.Fiber<unknown, unknown>, admission: Admission): ReturnType<Service["acquire"]> => {
    let ticket: Ticket | undefined
    const scope = Context.getUnsafe(fiber.context, Scope.Scope)
    // The finalizer is added before anything is taken, so that no interruption comes between.
    return Effect.flatMap(Scope.addFinalizerExit(scope, () => ticket?.end() ?? Effect.void), () => {
      const mine = ticket = arrive(admission, fiber)
      const wait = mine.enter()
      if (wait === undefined) return Effect.succeed(mine.send())
      // The scope may outlive the wait, so a call that gives up leaves the queue here.
      return Effect.map(Effect.onError(wait, () => mine.end() ?? Effect.void), () => mine.send())
    })
  }
  const acquire: Service["acquire"] = (admission) => Effect.withFiber((fiber) => acquireIn(fiber, admission))

  return RateLimiter.of({
    acquire: (admission) =>
      Effect.withFiber((fiber) => {
        const guard = gatesOf(fiber)
        return guard === undefined ? acquireIn(fiber, admission) : guard.pass(guard.gates, acquire, admission, false)
      }),
    use: (admission, f) =>
      Effect.withFiber((fiber) => {
        const guard = gatesOf(fiber)
        if (guard !== undefined) {
          const scope = Scope.makeUnsafe()
          return Effect.onExit(
            Effect.flatMap(Scope.provide(guard.pass(guard.gates, acquire, admission, true), scope), f),
            (exit) => Scope.close(scope, exit)
          )
        }
        let ticket: Ticket | undefined
        // The exit handler is in place before anything is taken, so that no interruption comes between.
        return Effect.onExitPrimitive(
          Effect.suspend(() => {
            const mine = ticket = arrive(admission, fiber)
            const wait = mine.enter()
            return wait === undefined ? f(mine.send()) : Effect.flatMap(wait, () => f(mine.send()))
          }),
          () => ticket?.end()
        )
      }),
    feedback: (key, feedback) =>
      Effect.clockWith((clock) => {
        const now = clock.currentTimeMillisUnsafe()
        return lanes.of(key, now).refused(feedback, learn, now)
      }),
    moved: (from, to, requests) =>
      Effect.clockWith((clock) => {
        const now = clock.currentTimeMillisUnsafe()
        return lanes.of(from, now).moveTo(lanes.of(to, now), requests, now)
      }),
    headroom: (admission) =>
      Effect.clockWith((clock) => {
        const now = clock.currentTimeMillisUnsafe()
        return Effect.succeed(lanes.seen(admission.lane).headroom(admission, now))
      }),
    snapshot: Effect.clockWith((clock) => {
      const now = clock.currentTimeMillisUnsafe()
      return Effect.forEach(lanes.all, (lane) => lane.snapshot(now))
    })
  })
})

/**
 * A limiter of minutes over the {@link LaneStore} of the context if there is one, else in memory.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<RateLimiter> = Layer.effect(
  RateLimiter,
  Effect.flatMap(
    Effect.serviceOption(LaneStore.LaneStore),
    (store) => Effect.provideService(make(), LaneStore.LaneStore, Option.getOrElse(store, () => LaneStore.memory))
  )
)

/**
 * A limiter in memory with options of your own, for tests and for other counters.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (options: Options): Layer.Layer<RateLimiter> =>
  Layer.effect(RateLimiter, make(options)).pipe(Layer.provide(LaneStore.layerMemory))

/**
 * A limiter over the {@link LaneStore} of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStore = (options: Options = {}): Layer.Layer<RateLimiter, never, LaneStore.LaneStore> =>
  Layer.effect(RateLimiter, make(options))
