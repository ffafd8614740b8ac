/**
 * Spans and metrics of every call, sent to an OpenTelemetry collector. Effect's exporter does that; this library only
 * has to be told that somebody measures.
 *
 * A collector usually listens on http://127.0.0.1:4318. Each call is a span, with one span for each attempt below it.
 * Metrics are waits, queue, tokens, retries, fallbacks, time to first chunk, and Live sessions:
 * `effect-gemini/Telemetry` lists them. What people said and the model answered is sent only where `content` says so:
 * think of who reads the traces.
 */
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as Telemetry from "effect-gemini/Telemetry"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"

export const observed = (collector: string, { content = false } = {}) => {
  const gemini = FetchGemini.layerConfig()
  return Layer.mergeAll(
    Telemetry.layer,
    content ? Telemetry.layerContent() : Layer.empty,
    Telemetry.layerLanes().pipe(Layer.provideMerge(gemini)),
    Otlp.layerJson({ baseUrl: collector, resource: { serviceName: "answers" } }).pipe(
      Layer.provide(FetchHttpClient.layer)
    )
  )
}

export const program = GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello" })).pipe(
  Effect.map(({ text }) => text)
)
