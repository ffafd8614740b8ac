/**
 * Client-side quota: a call waits for its lane's permit instead of being refused.
 *
 * A lane is what the server counts by: project, location, concrete model and family of
 * methods. A permit takes from requests and input tokens a minute, requests a day and
 * concurrency at once. Waiting goes through the Clock, first come, first served within
 * a priority; while `interactive` and `batch` calls both wait, every ninth admission is
 * a batch call's. What was never sent is given back whole; what was sent stays counted
 * until its window passes, and its end frees concurrency alone.
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
import type * as CountTokens from "./wire/CountTokens.ts"
import type { GeminiError } from "./GeminiError.ts"
import type { GenerateContentRequest, GenerateContentResponse } from "./wire/GenerateContent.ts"
import * as Gate from "./limits/Gate.ts"
import { LaneMap } from "./internal/limiter/LaneMap.ts"
import { LaneQueue } from "./internal/limiter/LaneQueue.ts"
import { Ticket } from "./internal/limiter/Ticket.ts"
import * as LaneStore from "./limits/LaneStore.ts"
import type { Limits } from "./limits/Tier.ts"

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
  /** Longest wait for the permit; then RateLimited (or QuotaExhausted for a parked day). */
  readonly maxWait?: Duration.Input | undefined
  /** Longest queue; beyond it LimiterFull at once. */
  readonly maxQueue?: number | undefined
  /** What is asked, for a `Gate.Guard` that prices it, and how to ask the server how long that is. */
  readonly asks?: {
    readonly request: GenerateContentRequest
    readonly count: (request: GenerateContentRequest) => Effect.Effect<CountTokens.CountTokensResponse, GeminiError>
  } | undefined
  /** What to do while the day's quota is spent. Default `fail`. */
  readonly whenExhausted?: "fail" | "wait" | undefined
  /** A request estimated above the whole token budget: alone on an empty window, or RequestTooLarge. Default `alone`. */
  readonly oversize?: "alone" | "reject" | undefined
  /** Told when the call has to wait, and until when as far as is known (milliseconds of the Clock). */
  readonly onWait?:
    | ((waiting: { readonly lane: LaneKey; readonly until: number | undefined }) => Effect.Effect<void>)
    | undefined
}

/**
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
   * Per minute, or without details: no new attempt before `retryAfter`; those in flight go on.
   * `quotas` are those a minute that it named and that are counted here, for {@link Options}'
   * `learn`; left out, it named none. `limits` are the lane's where calls may have their own;
   * left out, those of the last admission.
   */
  | {
    readonly _tag: "RateLimited"
    readonly retryAfter: Duration.Duration | undefined
    readonly quotas?: ReadonlyArray<LaneStore.Lesson> | undefined
    readonly limits?: Limits | undefined
  }
  /** Per day: the lane is parked until `resetAt` (milliseconds since the epoch), at most 25 hours. */
  | { readonly _tag: "QuotaExhausted"; readonly resetAt: number }

/**
 * What of an answer is charged.
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
  /** Tells the lane how many input tokens the server counted so far; the last word counts. */
  readonly settle: (tokens: number) => Effect.Effect<void>
  /**
   * There where somebody wants to know what an answer is charged; of a stream each of its
   * chunks. Present only with a `Gate.Guard`.
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
  /** Of the last admission. */
  readonly limits: Limits
  readonly used: {
    /** In the rolling window. */
    readonly requests: number
    /** In the rolling window: the server's count where it said, else the estimate. */
    readonly tokens: number
    /** Requests of the Pacific day. */
    readonly today: number
    readonly inFlight: number
  }
  /** Tokens counted above `limits.tpm`, to be paid before the next admission. */
  readonly debt: number
  /** Calls in the queue. */
  readonly waiting: number
  /** When a small request would find room if nobody waited; undefined: when a call ends. Milliseconds of the Clock. */
  readonly nextFree: number | undefined
  /** No attempt starts before, after a 429. */
  readonly parkedUntil: number | undefined
  /** Whether the day's quota is spent. */
  readonly isExhausted: boolean
  /**
   * What 429s made of the lane: nothing, a pause, a limit below the tier's that is held, or
   * one that rises again.
   */
  readonly phase: "inactive" | "cooldown" | "learned" | "probing"
  /** The limits that 429s taught, while they are below the tier's. */
  readonly learned: LaneStore.Learned | undefined
}

/**
 * What a lane could do for a request now. Nothing is taken, and no store is asked: of a lane
 * that others share it is what this process was told last.
 *
 * @category models
 * @since 0.1.0
 */
export interface Headroom {
  /**
   * Milliseconds until it would be admitted, after those who wait before it: 0 is now,
   * `Infinity` never. Exact for a lane in memory where nobody waits, else an estimate; where
   * only the end of calls makes room, a turn of them counts as a second.
   */
  readonly admitsIn: number
  /** Calls that would go before it. */
  readonly waiting: number
  /** The least share of requests, tokens and concurrency that is free, from 0 to 1. */
  readonly free: number
}

/**
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** A permit for the time of the scope, for streams. */
  readonly acquire: (admission: Admission) => Effect.Effect<Permit, GeminiError, Scope.Scope>
  /**
   * A permit for the time of an effect, for unary calls.
   *
   * ```ts
   * import * as ModelId from "effect-gemini/models/ModelId"
   * import * as RateLimiter from "effect-gemini/RateLimiter"
   * import * as Tier from "effect-gemini/limits/Tier"
   * import * as Effect from "effect/Effect"
   *
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
  /** What the server answered about the lane's quota. */
  readonly feedback: (lane: LaneKey, feedback: Feedback) => Effect.Effect<void>
  /**
   * The last so many requests that `from` counted were in truth `to`'s: they count there from
   * now on too. Those in flight keep their concurrency in `from`.
   */
  readonly moved: (from: LaneKey, to: LaneKey, requests: number) => Effect.Effect<void>
  /** How soon a lane would admit a request, to choose between lanes. It changes nothing: not even a lane comes to be. */
  readonly headroom: (
    admission: Pick<Admission, "lane" | "limits" | "tokens" | "priority">
  ) => Effect.Effect<Headroom>
  readonly snapshot: Effect.Effect<ReadonlyArray<LaneSnapshot>>
}

/**
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
  /** What `rpm` and `tpm` are counted over. Default 1 minute. */
  readonly window?: Duration.Input | undefined
  /**
   * Part of the window held back for the spread of travel times to the server.
   * Default 0.1 % of the window, at least 50 ms.
   */
  readonly guard?: Duration.Input | undefined
  /**
   * Whether 429s lower a lane's limits for a while; they never raise them. `told`, the default:
   * where the server names a limit a minute below the tier's, so a tier that is right is never
   * slowed down. `counted`: also where it says no limit, by what the window counted; for a server
   * whose limits nobody knows. `off`: a 429 only pauses. A learned limit is held for ten windows
   * (three if it was counted), then rises by a tenth of the tier's a window.
   */
  readonly learn?: "told" | "counted" | "off" | undefined
  /** Lanes kept; beyond it those that count nothing are forgotten. Default 256. */
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
    // The finalizer stands before anything is taken: no interruption comes between.
    return Effect.flatMap(Scope.addFinalizerExit(scope, () => ticket?.end() ?? Effect.void), () => {
      const mine = ticket = arrive(admission, fiber)
      const wait = mine.enter()
      if (wait === undefined) return Effect.succeed(mine.send())
      // The scope may outlive the wait: who gives up leaves the queue now.
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
        // The frame stands before anything is taken: no interruption comes between.
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
 * Lanes counted over minutes: in the {@link LaneStore} of the context if there is one,
 * else in memory.
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
 * Lanes in memory with a window of your own, for tests and for other counters.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerWith = (options: Options): Layer.Layer<RateLimiter> =>
  Layer.effect(RateLimiter, make(options)).pipe(Layer.provide(LaneStore.layerMemory))

/**
 * Lanes in the {@link LaneStore} of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerStore = (options: Options = {}): Layer.Layer<RateLimiter, never, LaneStore.LaneStore> =>
  Layer.effect(RateLimiter, make(options))
