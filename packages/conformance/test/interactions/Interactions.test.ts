/** Interactions over client and emulator: made, read, streamed, followed, deleted. */
import { assert, describe, it } from "@effect/vitest"
import * as Interaction from "effect-gemini/interactions/Interaction"
import * as InteractionFold from "effect-gemini/interactions/InteractionFold"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Layers from "./interactionLayers.ts"

const model = "gemini-3.8-flash"

describe("an interaction", () => {
  it.live("is kept by the server, goes on from another one, and is deleted", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const interactions = yield* Layers.interactions
        const made = yield* interactions.create({ model, input: "Hello" })
        assert.strictEqual(made.interaction.status, "completed")
        assert.strictEqual(made.handle.name, `interactions/${made.interaction.id}`)
        assert.deepStrictEqual((yield* interactions.get(made.handle)).interaction, made.interaction)
        const next = yield* interactions.create({
          model,
          input: "And again",
          previous_interaction_id: made.interaction.id
        })
        assert.isAbove(next.usage?.promptTokens ?? 0, made.usage?.promptTokens ?? Infinity)
        yield* interactions.delete(made.handle)
        const gone = yield* Effect.flip(interactions.get(made.handle))
        assert.strictEqual(gone.reason._tag, "NotFound")
      }).pipe(Effect.provide(Layers.layer(emulator.url)))
    ))

  it.live("is the same from its events as from the server", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const interactions = yield* Layers.interactions
        const events = yield* Stream.runCollect(interactions.stream({ model, input: "Hello" }))
        const joined = InteractionFold.join(events)
        const { interaction } = yield* interactions.get(joined.id ?? "")
        assert.deepStrictEqual(joined.steps, interaction.steps)
        assert.deepStrictEqual(joined.usage, interaction.usage)
        assert.notStrictEqual(Interaction.text(joined), "")
      }).pipe(Effect.provide(Layers.layer(emulator.url)))
    ))

  it.live("is followed from the background, as a stream and by asking", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const interactions = yield* Layers.interactions
        const followed = (by: "stream" | "poll") =>
          Effect.map(
            Stream.runCollect(
              interactions.follow({ model, input: "Hello", background: true }, { by, interval: "20 millis" })
            ),
            (all) => InteractionFold.join(all.map(({ event }) => event))
          )
        const [streamed, polled] = [yield* followed("stream"), yield* followed("poll")]
        assert.deepStrictEqual([streamed.status, polled.status], ["completed", "completed"])
        assert.deepStrictEqual(streamed.steps, polled.steps)
        assert.deepStrictEqual(streamed.usage, polled.usage)
      }).pipe(Effect.provide(Layers.layer(emulator.url)))
    ))
})
