/** The client of the tests of interactions, over sockets to an emulator of their own. */
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Interactions from "effect-gemini/interactions/Interactions"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** Retries that take no time worth mentioning. */
const quick = { baseDelay: "2 millis", maxDelay: "10 millis" } as const

export const layer = (baseUrl: string, options: Partial<GeminiConfig.Options> = {}) => {
  const all = { apiKey: Redacted.make("secret-key"), tier: "tier3", retry: quick, baseUrl, ...options } as const
  return Interactions.layer(all).pipe(
    Layer.provideMerge(GeminiClient.layer(all)),
    Layer.provideMerge(ResourceHttp.layer(all)),
    Layer.provideMerge(NodeGemini.layerHttpClient())
  )
}

export const interactions = Interactions.Interactions

/** Runs a program against an emulator, which ends with it. */
export const withEmulator = <A, E>(
  program: (emulator: Standalone.Standalone) => Effect.Effect<A, E>,
  options: Parameters<typeof Standalone.start>[0] = {}
): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Effect.promise(() => Standalone.start(options)),
    program,
    (emulator) => Effect.promise(() => emulator.stop())
  )
