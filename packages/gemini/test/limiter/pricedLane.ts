/** A lane without limits whose model has a price, and what is asked of it and counted. */
import * as ModelId from "effect-gemini/models/ModelId"
import type * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

export const limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

export const lane: RateLimiter.LaneKey = {
  project: "p",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("priced")),
  family: "generate"
}

export const ask = (more: Partial<RateLimiter.Admission> = {}): RateLimiter.Admission => ({
  lane,
  limits,
  tokens: 100,
  ...more
})

export const usage = (input: number, output: number): RateLimiter.Charged => ({
  usageMetadata: { promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output }
})

export const start = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })
