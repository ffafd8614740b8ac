/** The same API on Hono: a ManagedRuntime runs the calls, and the handler switches on `error.reason._tag`. */
import { GeminiClient } from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import { Hono } from "hono"

const statusOf = (error: GeminiError): 400 | 402 | 429 | 502 | 503 | 504 => {
  switch (error.reason._tag) {
    case "InvalidRequest":
    case "NotFound":
    case "RequestTooLarge":
    case "Unsupported":
    case "PromptBlocked":
    case "ResponseBlocked":
      return 400
    case "QuotaExhausted":
      return 402
    case "RateLimited":
    case "LimiterFull":
      return 429
    case "LimiterUnavailable":
    case "Overloaded":
      return 503
    case "TimedOut":
      return 504
    default:
      return 502
  }
}

/** The app over a layer with a client, `FetchGemini.layerConfig()` for instance. */
export const makeApp = <E>(layer: Layer.Layer<GeminiClient, E>) => {
  const runtime = ManagedRuntime.make(layer)
  const app = new Hono().post("/answers", async (context) => {
    const { prompt } = await context.req.json<{ readonly prompt: string }>()
    // If the caller goes away, the call is interrupted, and Gemini's request with it.
    const result = await runtime.runPromise(
      Effect.result(GeminiClient.use((gemini) => gemini.generate({ contents: prompt }))),
      { signal: context.req.raw.signal }
    )
    if (Result.isSuccess(result)) return context.json({ text: result.success.text, model: result.success.model })
    const error = result.failure
    const status = statusOf(error)
    if (status === 429) {
      const seconds = Duration.toSeconds(error.retryAfter ?? Duration.seconds(10))
      context.header("retry-after", String(Math.ceil(seconds)))
    }
    return context.json({ reason: error.reason._tag, message: error.reason.message }, status)
  })
  return { app, dispose: () => runtime.dispose() }
}
