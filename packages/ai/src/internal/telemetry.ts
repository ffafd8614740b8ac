/** The attributes of the GenAI conventions on the language model's spans. They hold no prompt and no answer. */
import type { GeminiError } from "effect-gemini/GeminiError"
import type * as AiError from "effect/ai/AiError"
import type * as Response from "effect/ai/Response"
import * as Telemetry from "effect/ai/Telemetry"
import type { Span } from "effect/Tracer"
import type { Request } from "./buildRequest.ts"
import { usage } from "./FinishFold.ts"

export const providerName = "gcp.gemini"

/** Writes what is asked, of whom: the provider is the client's, by OpenTelemetry's name for it. */
export const annotateRequest = (
  span: Span,
  request: Request,
  isStream: boolean,
  provider: string = providerName
): void => {
  const { generationConfig: config, model } = request
  if (isStream) span.attribute("gen_ai.request.stream", true)
  Telemetry.addGenAIAnnotations(span, {
    provider: { name: provider },
    operation: { name: "chat" },
    output: { type: config?.responseMimeType === "application/json" ? "json" : "text" },
    request: {
      model,
      temperature: config?.temperature,
      topK: config?.topK,
      topP: config?.topP,
      maxTokens: config?.maxOutputTokens,
      stopSequences: config?.stopSequences,
      frequencyPenalty: config?.frequencyPenalty,
      presencePenalty: config?.presencePenalty,
      seed: config?.seed
    }
  })
}

type Part = Response.PartEncoded | Response.StreamPartEncoded

/** Writes what the answer says of itself; all other parts are passed over. */
export const annotateResponse = (span: Span, parts: ReadonlyArray<Part>): void => {
  for (const part of parts) {
    if (part.type === "response-metadata") {
      Telemetry.addGenAIAnnotations(span, { response: { id: part.id, model: part.modelId } })
    } else if (part.type === "finish") {
      const reason = part.metadata?.google?.finishReason ?? part.reason
      Telemetry.addGenAIAnnotations(span, { response: { finishReasons: [reason] } })
      annotateUsage(span, part.usage)
    }
  }
}

/** Writes what an answer has used. */
export const annotateUsage = (span: Span, { inputTokens, outputTokens }: Response.FinishPartEncoded["usage"]): void => {
  Telemetry.addGenAIAnnotations(span, {
    usage: { inputTokens: inputTokens.total, outputTokens: outputTokens.total }
  })
  // The conventions of 2026 have these; effect/ai's helper does not.
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
