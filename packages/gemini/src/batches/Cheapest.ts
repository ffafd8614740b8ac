/**
 * Calls that take the cheapest way that is still in time: a batch, flex, the standard way or priority.
 *
 * A call says by when it needs its answer. It goes the cheapest way that was in time nine times of ten, as far as this
 * program has seen, and by what Google says before it has seen enough. A way that does not come to an answer is given up
 * `lead` before the deadline for the standard one, so no deadline is missed that the standard way meets within `lead`.
 * What was given up may still be billed; a way is tried only if all of it together costs no more than priority
 * alone (or twice the standard price, where priority has none).
 *
 * ```ts
 * import * as Batches from "effect-gemini/batches/Batches"
 * import * as Cheapest from "effect-gemini/batches/Cheapest"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import { Effect, Layer, Redacted } from "effect"
 *
 * const options = { apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") }
 *
 * const Gemini = Cheapest.layer().pipe(
 *   Layer.provide(Batches.layer()),
 *   Layer.provide(ResourceHttp.layer(options)),
 *   Layer.provide(NodeGemini.layerHttp(options)),
 *   Layer.provide(NodeGemini.layerHttpClient())
 * )
 *
 * const program = Cheapest.Cheapest.use((cheapest) =>
 *   cheapest.generate({ model: "gemini-3.8-flash", contents: "Summarise the report." }, { within: "6 hours" })
 * ).pipe(
 *   Effect.tap(({ answer, cost, way }) => Effect.log(answer.text, way, cost.total)),
 *   Effect.provide(Gemini)
 * )
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Answer } from "../call/Answer.ts"
import type { CallOptions } from "../call/CallOptions.ts"
import type * as Cost from "../Cost.ts"
import { GeminiClient, type Request } from "../GeminiClient.ts"
import type { GeminiError } from "../GeminiError.ts"
import * as Service from "../internal/batches/cheapestService.ts"
import type * as WayChoice from "../internal/batches/wayChoice.ts"
import { Batches } from "./Batches.ts"

/**
 * A way of serving, each dearer and faster than the one before.
 *
 * @category models
 * @since 0.2.0
 */
export type ServingWay = WayChoice.ServingWay

/**
 * What was seen of the ways of one model: how long they took (milliseconds; `Infinity`: they came to no answer), and when
 * that was (milliseconds since the epoch). The newest hundred of the last day count.
 *
 * @category models
 * @since 0.2.0
 */
export type WayHistory = WayChoice.History

/**
 * One way that a call went, and what came of it.
 *
 * @category models
 * @since 0.2.0
 */
export interface Tried {
  readonly way: ServingWay
  /** When it began, in milliseconds since the epoch, and how long it took. */
  readonly at: number
  readonly millis: number
  /** `late`: it was given up for another way, since the deadline neared. */
  readonly outcome: "answered" | "late" | "failed"
  /** Whether it may be billed though it gave no answer. */
  readonly isBilled: boolean
  readonly error?: GeminiError | undefined
}

/**
 * An answer, the way that it came, and what it cost.
 *
 * @category models
 * @since 0.2.0
 */
export interface CheapAnswer {
  readonly answer: Answer
  readonly way: ServingWay
  /** All ways that the call went, the last one with the answer. */
  readonly ways: ReadonlyArray<Tried>
  /** The price of the answer by its way; what was given up before is not in it. */
  readonly cost: Cost.Cost
  /** Whether the model has no price, so that the call went the standard way. */
  readonly unpriced: boolean
  /** Whether the answer came before the deadline. */
  readonly isInTime: boolean
}

/**
 * Options of a call. `within` is how long the caller can wait. `lead` is the time that is kept for the standard way
 * (default 10 minutes, the longest that Google takes for a call).
 *
 * @category options
 * @since 0.2.0
 */
export interface CheapestOptions extends CallOptions {
  readonly within: Duration.Input
  readonly lead?: Duration.Input | undefined
}

/**
 * The calls.
 *
 * @category models
 * @since 0.2.0
 */
export interface CheapestService {
  /**
   * Generates, in the cheapest way that is in time. It fails as `GeminiClient.generate` does, once no way is left. A call
   * that is interrupted cancels its batch.
   */
  readonly generate: (request: Request, options: CheapestOptions) => Effect.Effect<CheapAnswer, GeminiError>
  /** What was seen by now of a model's ways, to begin with in another process. */
  readonly seen: (model: string) => Effect.Effect<WayHistory>
}

/**
 * The calls as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class Cheapest extends Context.Service<Cheapest, CheapestService>()("effect-gemini/Cheapest") {}

/**
 * The prices (default: those of this version), what was seen before by model, and the model of requests that name none
 * (default: that of `GeminiConfig`).
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  readonly prices?: Cost.Prices | undefined
  readonly seen?: Readonly<Record<string, WayHistory>> | undefined
  readonly defaultModel?: string | undefined
  /** The pauses between two questions about a batch: the first one (default 10 seconds) and the longest (5 minutes). */
  readonly interval?: Duration.Input | undefined
  readonly maxInterval?: Duration.Input | undefined
}

/**
 * The service over the client and the batches of the context.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (options: Options = {}): Effect.Effect<CheapestService, never, GeminiClient | Batches> =>
  Effect.gen(function*() {
    return Service.make(yield* GeminiClient, yield* Batches, options)
  })

/**
 * The service over the client and the batches of the context.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (options: Options = {}): Layer.Layer<Cheapest, never, GeminiClient | Batches> =>
  Layer.effect(Cheapest, make(options))
