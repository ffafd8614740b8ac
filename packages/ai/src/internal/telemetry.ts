/** The attributes of the GenAI conventions on the language model's spans. They hold no prompt and no answer. */
import type { GeminiError } from "effect-gemini/GeminiError"
import type * as AiError from "effect/ai/AiError"
import type * as Response from "effect/ai/Response"
import type { Span } from "effect/Tracer"
import type { Request } from "./buildRequest.ts"
import { usage } from "./FinishFold.ts"

export const providerName = "gcp.gemini"

/**
 * The names stand as they are written: `Telemetry` of `effect/ai` makes them from others by a pattern, of every attribute
 * and request anew.
 */
const write = (span: Span, attributes: Readonly<Record<string, unknown>>): void => {
  for (const key of Object.keys(attributes)) {
    const value = attributes[key]
    if (value !== undefined && value !== null) span.attribute(key, value)
  }
}

/** Writes what is asked, of whom: the provider is the client's, by OpenTelemetry's name for it. */
export const annotateRequest = (
  span: Span,
  request: Request,
  isStream: boolean,
  provider: string = providerName
): void => {
  const { generationConfig: config, model } = request
  if (isStream) span.attribute("gen_ai.request.stream", true)
  write(span, {
    "gen_ai.provider.name": provider,
    "gen_ai.operation.name": "chat",
    "gen_ai.output.type": config?.responseMimeType === "application/json" ? "json" : "text",
    "gen_ai.request.model": model,
    "gen_ai.request.temperature": config?.temperature,
    "gen_ai.request.top_k": config?.topK,
    "gen_ai.request.top_p": config?.topP,
    "gen_ai.request.max_tokens": config?.maxOutputTokens,
    "gen_ai.request.stop_sequences": config?.stopSequences,
    "gen_ai.request.frequency_penalty": config?.frequencyPenalty,
    "gen_ai.request.presence_penalty": config?.presencePenalty,
    "gen_ai.request.seed": config?.seed
  })
}

type Part = Response.PartEncoded | Response.StreamPartEncoded

/** Writes what the answer says of itself; all other parts are passed over. */
export const annotateResponse = (span: Span, parts: ReadonlyArray<Part>): void => {
  for (const part of parts) {
    if (part.type === "response-metadata") {
      write(span, { "gen_ai.response.id": part.id, "gen_ai.response.model": part.modelId })
    } else if (part.type === "finish") {
      const reason = part.metadata?.google?.finishReason ?? part.reason
      span.attribute("gen_ai.response.finish_reasons", [reason])
      annotateUsage(span, part.usage)
    }
  }
}

/** Writes what an answer has used. */
export const annotateUsage = (span: Span, { inputTokens, outputTokens }: Response.FinishPartEncoded["usage"]): void => {
  write(span, {
    "gen_ai.usage.input_tokens": inputTokens.total,
    "gen_ai.usage.output_tokens": outputTokens.total
  })
  if (inputTokens.cacheRead) span.attribute("gen_ai.usage.cache_read.input_tokens", inputTokens.cacheRead)
  if (outputTokens.reasoning) span.attribute("gen_ai.usage.reasoning.output_tokens", outputTokens.reasoning)
}

/** Writes what a call has used that failed, as far as that is known. */
export const annotateUsed = (span: Span, error: GeminiError): void => {
  if (error.usage !== undefined) annotateUsage(span, usage(error.usage))
}

/** Writes why a call failed, and gives the error on. */
export const failed = (span: Span) => (error: AiError.AiError): AiError.AiError => {
  span.attribute("error.type", error.reason._tag)
  return error
}
