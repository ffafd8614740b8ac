/**
 * Metrics of the calls, after OpenTelemetry's conventions for generative AI where they
 * have one, in seconds and tokens. Off until {@link layer} is provided to the calls; then
 * they are Effect's metrics, exported by whatever exports those (`Otlp`, `PrometheusMetrics`).
 *
 * Spans need nothing of this module: where a tracer is installed, each call has one, and
 * below it one for each attempt. They hold names, counts and reasons, never a prompt, an
 * answer or a key.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Telemetry from "effect-gemini/Telemetry"
 * import * as Layer from "effect/Layer"
 *
 * const gemini = FetchGemini.layerConfig()
 * const observed = Layer.mergeAll(Telemetry.layer, Telemetry.layerLanes()).pipe(Layer.provideMerge(gemini))
 * ```
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import { Recorder } from "./internal/recorder.ts"
import * as RateLimiter from "./RateLimiter.ts"

const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const tokens = Array.from({ length: 14 }, (_, power) => 4 ** power)

/**
 * From the call to its end, waits and retries included; `error.type` says how it failed.
 *
 * @category metrics
 * @since 0.1.0
 */
export const operationDuration: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram(
  "gen_ai.client.operation.duration",
  { description: "Duration of a call, in seconds", boundaries: seconds }
)

/**
 * From the sending of the attempt that answered to its first chunk; streams only.
 *
 * @category metrics
 * @since 0.1.0
 */
export const timeToFirstChunk: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram(
  "gen_ai.client.operation.time_to_first_chunk",
  { description: "Time to the first chunk of a stream, in seconds", boundaries: seconds }
)

/**
 * Of each call, by `gen_ai.token.type`: `input` with the tools' prompts, `output` with the thoughts.
 *
 * @category metrics
 * @since 0.1.0
 */
export const tokenUsage: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram("gen_ai.client.token.usage", {
  description: "Tokens of a call",
  boundaries: tokens
})

/**
 * How long an attempt waited for its permit.
 *
 * @category metrics
 * @since 0.1.0
 */
export const wait: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram("gemini.client.wait", {
  description: "Wait for the quota before an attempt, in seconds",
  boundaries: seconds
})

/**
 * Attempts that were followed by another one, by `error.type`.
 *
 * @category metrics
 * @since 0.1.0
 */
export const retries: Metric.Counter<number> = /* @__PURE__ */ Metric.counter("gemini.client.retries", {
  description: "Attempts that failed and were tried again",
  incremental: true
})

/**
 * Calls that wait in a lane.
 *
 * @category metrics
 * @since 0.1.0
 */
export const queueDepth: Metric.Gauge<number> = /* @__PURE__ */ Metric.gauge("gemini.client.queue.depth", {
  description: "Calls that wait for the quota"
})

/**
 * Lanes in which no attempt starts, after a 429 or because the day is spent.
 *
 * @category metrics
 * @since 0.1.0
 */
export const lanesParked: Metric.Gauge<number> = /* @__PURE__ */ Metric.gauge("gemini.client.lanes.parked", {
  description: "Lanes in which no attempt starts"
})

const metrics = { operationDuration, timeToFirstChunk, tokenUsage, wait, retries }

/**
 * Measures the calls that are made with it in their context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never> = /* @__PURE__ */ Layer.succeed(
  Recorder,
  (measure, value, attributes, context) =>
    Metric.withAttributes<number, unknown>(metrics[measure], attributes).updateUnsafe(value, context)
)

/**
 * Reads the limiter every so often (10 seconds unless said otherwise) for what is a state:
 * {@link queueDepth} by lane, and {@link lanesParked}.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerLanes = (
  options: { readonly every?: Duration.Input | undefined } = {}
): Layer.Layer<never, never, RateLimiter.RateLimiter> =>
  Layer.effectDiscard(
    Effect.gen(function*() {
      const limiter = yield* RateLimiter.RateLimiter
      yield* limiter.snapshot.pipe(
        Effect.flatMap((lanes) =>
          Effect.andThen(
            Effect.forEach(lanes, ({ lane, waiting }) =>
              Metric.update(
                Metric.withAttributes(queueDepth, {
                  "gen_ai.request.model": lane.quotaModel,
                  "gemini.project": lane.project,
                  "gemini.location": lane.location,
                  "gemini.family": lane.family
                }),
                waiting
              ), { discard: true }),
            Metric.update(lanesParked, lanes.filter(({ parkedUntil }) => parkedUntil !== undefined).length)
          )
        ),
        Effect.andThen(Effect.sleep(options.every ?? "10 seconds")),
        Effect.forever,
        Effect.forkScoped
      )
    })
  )
