/** Our interactions, over the transport of NodeGemini, with pool and limiter. */
import * as InteractionEvent from "effect-gemini/interactions/InteractionEvent"
import * as Interactions from "effect-gemini/interactions/Interactions"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { eventsUrl, type Tally } from "./Subject.ts"
import { tier } from "./tier.ts"

const layer = (baseUrl: string) => {
  const options = { apiKey: Redacted.make("bench"), baseUrl, tier }
  return Interactions.Interactions.layerWith(options).pipe(
    Layer.provide(NodeGemini.layerHttp(options)),
    Layer.provide(NodeGemini.layerHttpClient())
  )
}

/** `isFollowed`: by `follow`, which survives, in place of `stream`. */
export const make = (url: string, isFollowed: boolean) => {
  const runtimes = new Map<string, ManagedRuntime.ManagedRuntime<Interactions.Interactions, never>>()
  const runtimeOf = (model: string) => {
    const known = runtimes.get(model) ?? ManagedRuntime.make(layer(eventsUrl(url, model)))
    runtimes.set(model, known)
    return known
  }
  const request = (model: string) => ({ model, input: "hello" })
  return {
    events: (model: string): Promise<Tally> =>
      runtimeOf(model).runPromise(Interactions.Interactions.use((interactions) => {
        const tally: Tally = { chunks: 0, bytes: 0 }
        const heard = (event: InteractionEvent.InteractionEvent): void => {
          const { length } = InteractionEvent.text(event)
          if (length === 0) return
          tally.chunks++
          tally.bytes += length
        }
        return Effect.as(
          isFollowed
            ? Stream.runForEach(interactions.follow(request(model)), ({ event }) => Effect.sync(() => heard(event)))
            : Stream.runForEach(interactions.stream(request(model)), (event) => Effect.sync(() => heard(event))),
          tally
        )
      })),
    close: async () => {
      for (const runtime of runtimes.values()) await runtime.dispose()
    }
  }
}
