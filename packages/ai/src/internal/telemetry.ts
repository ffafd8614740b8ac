/**
 * The GenAI conventions on the spans of the language model. No prompt and no answer.
 */
import type * as Response from "effect/ai/Response"
import * as Telemetry from "effect/ai/Telemetry"
import type { Span } from "effect/Tracer"
import type { Request } from "./buildRequest.ts"

export const providerName = "gcp.gemini"

export const annotateRequest = (span: Span, request: Request): void => {
  const { generationConfig: config, model } = request
  Telemetry.addGenAIAnnotations(span, {
    provider: { name: providerName },
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

/** What the answer says of itself; parts that say nothing are passed over. */
export const annotateResponse = (span: Span, parts: ReadonlyArray<Part>): void => {
  for (const part of parts) {
    if (part.type === "response-metadata") {
      Telemetry.addGenAIAnnotations(span, { response: { id: part.id, model: part.modelId } })
    } else if (part.type === "finish") {
      const { inputTokens, outputTokens } = part.usage
      const reason = part.metadata?.google?.finishReason ?? part.reason
      Telemetry.addGenAIAnnotations(span, {
        response: { finishReasons: [reason] },
        usage: { inputTokens: inputTokens.total, outputTokens: outputTokens.total }
      })
      // The conventions of 2026 have these; effect/ai's helper does not.
      if (inputTokens.cacheRead) span.attribute("gen_ai.usage.cache_read.input_tokens", inputTokens.cacheRead)
      if (outputTokens.reasoning) span.attribute("gen_ai.usage.reasoning.output_tokens", outputTokens.reasoning)
    }
  }
}
