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
import * as Scope from "effect/Scope"
import type { GeminiError } from "./GeminiError.ts"
import { headroom, seenBy } from "./internal/limiter/headroom.ts"
import { moved, refused } from "./internal/limiter/laneFeedback.ts"
import { LaneMap } from "./internal/limiter/LaneMap.ts"
import { LaneQueue } from "./internal/limiter/LaneQueue.ts"
import { snapshot } from "./internal/limiter/laneView.ts"
import { Ticket } from "./internal/limiter/Ticket.ts"
import * as Gate from "./limits/Gate.ts"
import type { Feedback, Headroom, LaneSnapshot } from "./limits/LaneSnapshot.ts"
import * as LaneStore from "./limits/LaneStore.ts"
import type { Admission, Party, Permit } from "./limits/Permit.ts"

export type {
  /** What a 429 taught about a lane. */
  Feedback,
  /** How soon a lane could admit a request. */
  Headroom,
  /** A lane as it stands. */
  LaneSnapshot
} from "./limits/LaneSnapshot.ts"
export type {
  /** What quotas are counted by: project, location, concrete model and family of methods. */
  LaneKey
} from "./limits/LaneStore.ts"
export type {
  /** What a call asks of its lane. */
  Admission,
  /** The fields of an answer by which it is charged. */
  Charged,
  /** The calls by one name. */
  Party,
  /** The right to make one attempt. */
  Permit,
  /** Which calls go first when several wait for one lane. */
  Priority,
  /** Where a call is counted, the limits there, and its estimated tokens. */
  Terms
} from "./limits/Permit.ts"

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
  readonly feedback: (lane: LaneStore.LaneKey, feedback: Feedback) => Effect.Effect<void>
  /**
   * Says that the last `requests` that `from` counted were in truth those of `to`: they count there too from now on.
   * Those in flight keep their concurrency in `from`. The calls of `party` that wait in `from` go on waiting in `to`.
   */
  readonly moved: (
    from: LaneStore.LaneKey,
    to: LaneStore.LaneKey,
    requests: number,
    party?: Party
  ) => Effect.Effect<void>
  /** How soon a lane would admit a request, to choose between lanes. It changes nothing and makes no lane. */
  readonly headroom: (
    admission: Pick<Admission, "lane" | "limits" | "own" | "tokens" | "priority">
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
  readonly margin?: Duration.Input | undefined
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

/** The ticket of a scope, once it has one. */
class ScopedTicket {
  ticket: Ticket | undefined = undefined
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
  const margin = options.margin === undefined
    ? Math.max(50, window / 1000)
    : Duration.toMillis(Duration.fromInputUnsafe(options.margin))
  const lanes = new LaneMap(
    (key) => new LaneQueue(key, store.open(key, { window, margin }), { window, margin }),
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

  const own = Context.getOrUndefined(yield* Effect.context<never>(), Gate.Gates)
  /** The gates around a call: those of the limiter, then those of its scope. */
  const gatesOf = (fiber: Fiber.Fiber<unknown, unknown>): Gate.Service | undefined => {
    // A raw lookup: every permit asks, mostly there is nothing, and nothing is the default anyway.
    const within = Context.getOrUndefined(fiber.context, Gate.Within)
    return within === undefined || own === undefined
      ? within ?? own
      : { pass: own.pass, gates: [...own.gates, ...within.gates] }
  }

  /** It is made here, so that it keeps the ticket alone for as long as the scope lasts, and not the fiber. */
  const endOf = (held: ScopedTicket) => (): Effect.Effect<void> => held.ticket?.end() ?? Effect.void

  const acquireIn = (fiber: Fiber.Fiber<unknown, unknown>, admission: Admission): ReturnType<Service["acquire"]> => {
    const held = new ScopedTicket()
    const scope = Context.getUnsafe(fiber.context, Scope.Scope)
    // The finalizer is added before anything is taken, so that no interruption comes between.
    return Effect.flatMap(Scope.addFinalizerExit(scope, endOf(held)), () => {
      const mine = held.ticket = arrive(admission, fiber)
      const wait = mine.enter()
      if (wait === undefined) return Effect.succeed(mine.send())
      // The scope may outlive the wait, so a call that gives up leaves the queue here.
      return Effect.map(Effect.onError(wait, () => mine.end() ?? Effect.void), () => mine.send())
    })
  }
  const acquire: Service["acquire"] = (admission) => Effect.withFiber((fiber) => acquireIn(fiber, admission))

  const limiter = RateLimiter.of({
    acquire: (admission) =>
      Effect.withFiber((fiber) => {
        const around = gatesOf(fiber)
        return around === undefined ? acquireIn(fiber, admission) : around.pass(around.gates, acquire, admission, false)
      }),
    use: (admission, f) =>
      Effect.withFiber((fiber) => {
        const around = gatesOf(fiber)
        if (around !== undefined) {
          const scope = Scope.makeUnsafe()
          return Effect.onExit(
            Effect.flatMap(Scope.provide(around.pass(around.gates, acquire, admission, true), scope), f),
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
        return refused(lanes.of(key, now), feedback, learn, now)
      }),
    moved: (from, to, requests, party) =>
      Effect.clockWith((clock) => {
        const now = clock.currentTimeMillisUnsafe()
        const known = lanes.find(from)
        // Nothing was counted there, and nobody waits.
        return known === undefined ? Effect.void : moved(known, lanes.of(to, now), requests, party, now)
      }),
    headroom: (admission) =>
      Effect.clockWith((clock) => {
        const now = clock.currentTimeMillisUnsafe()
        return Effect.succeed(headroom(lanes.seen(admission.lane), window + margin, admission, now))
      }),
    snapshot: Effect.clockWith((clock) => {
      const now = clock.currentTimeMillisUnsafe()
      return Effect.forEach(lanes.all, (lane) => snapshot(lane, now))
    })
  })
  return seenBy(limiter, ({ lane, ...question }, now) => headroom(lanes.seen(lane), window + margin, question, now))
})

/**
 * A limiter of minutes over the {@link LaneStore} of the context if there is one, else in memory.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<RateLimiter> = Layer.effect(
  RateLimiter,
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.provideService(
      make(),
      LaneStore.LaneStore,
      Context.getOrUndefined(context, LaneStore.LaneStore) ?? LaneStore.memory
    )
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
