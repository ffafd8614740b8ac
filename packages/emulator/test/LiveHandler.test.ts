import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Wire from "./LiveWire.ts"

describe("a session in memory", () => {
  it.effect("setupComplete is pretty JSON in a binary frame, 26 bytes of it", () =>
    Effect.gen(function*() {
      const client = yield* Wire.dial()
      yield* client.send({ setup: { model: Wire.robot } })
      const first = yield* client.take
      assert.deepStrictEqual(first, {
        message: { setupComplete: {} },
        binary: true,
        text: "{\n  \"setupComplete\": {}\n}\n"
      })
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor())))

  it.effect("a text turn comes in pieces, then generationComplete, then turnComplete with usage", () =>
    Effect.gen(function*() {
      const client = yield* Wire.connect()
      yield* client.send(Wire.ask("Say something about tides"))
      const messages = yield* client.turn
      const spoken = messages.filter(({ serverContent }) => serverContent?.modelTurn !== undefined)
      assert.isAbove(spoken.length, 2)
      assert.include(Wire.textOf(messages), "Say something about tides")
      assert.strictEqual(messages.at(-2)?.serverContent?.generationComplete, true)
      const usage = messages.at(-1)?.usageMetadata
      assert.strictEqual(usage?.totalTokenCount, (usage?.promptTokenCount ?? 0) + (usage?.responseTokenCount ?? 0))
      assert.isAbove(usage?.responseTokenCount ?? 0, 0)
    }).pipe(Effect.provide(Emulator.layerWebSocketConstructor())))
})
