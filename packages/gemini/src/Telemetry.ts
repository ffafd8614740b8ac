/**
 * Metrics of the calls, after OpenTelemetry's conventions for generative AI where they have one, in seconds and
 * tokens. They are off until {@link layer} is provided to the calls. Then they are Effect's metrics, which `Otlp` or
 * `PrometheusMetrics` export.
 *
 * Spans need nothing of this module: where a tracer is installed, each call has one, and
 * below it one for each attempt. They hold names, counts and reasons, never a key, and a
 * prompt or an answer only with {@link layerContent}.
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
 * | metric | |
 * |---|---|
 * | `gen_ai.client.operation.duration` | seconds of a call, waits and retries included; `error.type` |
 * | `gen_ai.client.operation.time_to_first_chunk` | seconds from the attempt to its first chunk; streams |
 * | `gen_ai.client.token.usage` | tokens of a call, by `gen_ai.token.type` |
 * | `gemini.client.wait` | seconds that an attempt waited for the quota |
 * | `gemini.client.retries` | attempts tried again, by `error.type` |
 * | `gemini.client.fallbacks` | attempts that went another way, by `error.type` and where they went |
 * | `gemini.client.queue.depth` | calls that wait, by lane; {@link layerLanes} |
 * | `gemini.client.lanes.parked` | lanes in which no attempt starts; {@link layerLanes} |
 * | `gemini.live.sessions` | Live sessions that are open |
 * | `gemini.live.session.duration` | seconds from open to closed; `error.type` |
 * | `gemini.live.reconnects` | connections that took a lost one's place |
 * | `gemini.live.time_to_first_chunk` | seconds from a text turn to the model's first word or sound |
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as LiveRecord from "./internal/live/record.ts"
import * as CallMeasures from "./internal/telemetry/CallMeasures.ts"
import { ModelNames } from "./internal/telemetry/ModelNames.ts"
import { ContentWriter, LiveRecorder, Recorder, type Write } from "./internal/telemetry/recorder.ts"
import * as SpanContent from "./internal/telemetry/spanContent.ts"
import * as RateLimiter from "./RateLimiter.ts"

const seconds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]
const tokens = Array.from({ length: 14 }, (_, power) => 4 ** power)

/**
 * Seconds from the call to its end, waits and retries included; `error.type` says how it failed.
 *
 * @category metrics
 * @since 0.1.0
 */
export const operationDuration: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram(
  "gen_ai.client.operation.duration",
  { description: "Duration of a call, in seconds", boundaries: seconds }
)

/**
 * Seconds from the sending of the attempt that answered to its first chunk; streams only.
 *
 * @category metrics
 * @since 0.1.0
 */
export const timeToFirstChunk: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram(
  "gen_ai.client.operation.time_to_first_chunk",
  { description: "Time to the first chunk of a stream, in seconds", boundaries: seconds }
)

/**
 * Tokens of each call, by `gen_ai.token.type`: `input` with the tools' prompts, `output` with the thoughts.
 *
 * @category metrics
 * @since 0.1.0
 */
export const tokenUsage: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram("gen_ai.client.token.usage", {
  description: "Tokens of a call",
  boundaries: tokens
})

/**
 * Seconds that an attempt waited for its permit.
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

/**
 * Attempts that went to another model, member or transport than the one before them: by
 * `error.type` (why), `gemini.fallback.model`, `gemini.member` and `gemini.transport` (where).
 *
 * @category metrics
 * @since 0.1.0
 */
export const fallbacks: Metric.Counter<number> = /* @__PURE__ */ Metric.counter("gemini.client.fallbacks", {
  description: "Attempts that went another way than the one that failed before them",
  incremental: true
})

/**
 * Live sessions that are open, reconnecting ones included.
 *
 * @category metrics
 * @since 0.1.0
 */
export const liveSessions: Metric.Counter<number> = /* @__PURE__ */ Metric.counter("gemini.live.sessions", {
  description: "Live sessions that are open"
})

/**
 * Seconds from the opening of a session to its end; `error.type` says why it ended, if this side did not close it.
 *
 * @category metrics
 * @since 0.1.0
 */
export const liveDuration: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram("gemini.live.session.duration", {
  description: "Duration of a Live session, in seconds",
  boundaries: Array.from({ length: 14 }, (_, power) => 2 ** power)
})

/**
 * Connections that took the place of one that was lost or about to end.
 *
 * @category metrics
 * @since 0.1.0
 */
export const liveReconnects: Metric.Counter<number> = /* @__PURE__ */ Metric.counter("gemini.live.reconnects", {
  description: "Connections of Live sessions after the first",
  incremental: true
})

/**
 * Seconds from a turn that this side sent to the model's first word, sound or call. Spoken turns have no such
 * beginning and are not measured.
 *
 * @category metrics
 * @since 0.1.0
 */
export const liveTimeToFirstChunk: Metric.Histogram<number> = /* @__PURE__ */ Metric.histogram(
  "gemini.live.time_to_first_chunk",
  { description: "Time to the first chunk of a Live turn, in seconds", boundaries: seconds }
)

const metrics = {
  operationDuration,
  timeToFirstChunk,
  tokenUsage,
  wait,
  retries,
  fallbacks,
  liveSessions,
  liveDuration,
  liveReconnects,
  liveTimeToFirstChunk
}

const writer = (): Write => {
  const names = new ModelNames()
  return (measure, value, attributes, context) => record(measure, value, names.folded(attributes), context)
}

const record: Write = (measure, value, attributes, context) => {
  const known: Record<string, string> = {}
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) known[name] = value
  Metric.withAttributes<number, unknown>(metrics[measure], known).updateUnsafe(value, context)
}

/**
 * Measures the calls and the Live sessions that are made with it in their context. The number of series is bounded:
 * models that this version does not know keep their names up to 64 of them, and are together `other` beyond that.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<never> = /* @__PURE__ */ Layer.suspend(() => {
  const write = writer()
  return Layer.merge(
    Layer.succeed(Recorder, CallMeasures.make(write)),
    Layer.succeed(LiveRecorder, LiveRecord.make(write))
  )
})

/**
 * Writes prompts, answers and system instructions on the attempts' spans, as JSON in `gen_ai.input.messages`,
 * `gen_ai.output.messages` and `gen_ai.system_instructions`. Everybody who reads the traces can then read what people
 * said, so it is off unless this layer is provided to the calls. A stream's answer is kept in memory until its end.
 * Embeddings and Live sessions are never written.
 *
 * ```ts
 * import * as FetchGemini from "effect-gemini/FetchGemini"
 * import * as Telemetry from "effect-gemini/Telemetry"
 * import * as Layer from "effect/Layer"
 *
 * const gemini = FetchGemini.layerConfig()
 * const said = Layer.merge(gemini, Telemetry.layerContent())
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerContent = (
  options: {
    /** Whether bytes (images, sound) are written, in base64. Default `false`: only their type is written. */
    readonly media?: boolean | undefined
  } = {}
): Layer.Layer<never> => Layer.succeed(ContentWriter, SpanContent.make(options.media ?? false))

/** The calls that wait, by lane. The lanes of models that have no name of their own here are one. */
const depths = (lanes: ReadonlyArray<RateLimiter.LaneSnapshot>, names: ModelNames) => {
  const all = lanes.map(({ lane, waiting }) => ({
    waiting,
    attributes: {
      "gen_ai.request.model": names.shown(lane.quotaModel),
      "gemini.project": lane.project,
      "gemini.location": lane.location,
      "gemini.family": lane.family
    }
  }))
  return [...Map.groupBy(all, ({ attributes }) => JSON.stringify(Object.values(attributes))).values()].flatMap((same) =>
    same.slice(0, 1).map(({ attributes }) => ({
      attributes,
      waiting: same.reduce((sum, { waiting }) => sum + waiting, 0)
    }))
  )
}

/**
 * Reads the state of the limiter, by default every 10 seconds, into {@link queueDepth} (by lane) and {@link
 * lanesParked}.
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
      const names = new ModelNames()
      yield* limiter.snapshot.pipe(
        Effect.flatMap((lanes) =>
          Effect.andThen(
            Effect.forEach(
              depths(lanes, names),
              ({ attributes, waiting }) => Metric.update(Metric.withAttributes(queueDepth, attributes), waiting),
              { discard: true }
            ),
            Metric.update(lanesParked, lanes.filter(({ parkedUntil }) => parkedUntil !== undefined).length)
          )
        ),
        Effect.andThen(Effect.sleep(options.every ?? "10 seconds")),
        Effect.forever,
        Effect.forkScoped
      )
    })
  )
