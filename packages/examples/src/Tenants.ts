/**
 * One client for each tenant, with a key, quotas and connections of its own. It is made on first use and closed when
 * the tenant has been quiet for a while.
 */
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as LayerMap from "effect/LayerMap"
import * as Redacted from "effect/Redacted"

/** A real program would ask its database here. */
const keyOf = (tenant: string): Redacted.Redacted<string> => Redacted.make(`key-of-${tenant}`)

export class Tenants extends LayerMap.Service<Tenants>()("examples/Tenants", {
  lookup: (tenant: string) =>
    Layer.unwrap(
      Effect.map(GeminiConfig.fromEnvironment(), ({ baseUrl }) =>
        FetchGemini.layer({ apiKey: keyOf(tenant), baseUrl, tier: "tier1" }))
    ),
  idleTimeToLive: "5 minutes"
}) {}

/** This program knows nothing of tenants: the client in its context is the tenant's own. */
const answer = (prompt: string) =>
  GeminiClient.use((gemini) => gemini.generate({ contents: prompt })).pipe(Effect.map(({ text }) => text))

export const answerFor = (tenant: string, prompt: string) => answer(prompt).pipe(Effect.provide(Tenants.get(tenant)))
