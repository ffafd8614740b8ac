import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Conversation from "effect-gemini-examples/voice/Conversation"
import * as Audio from "effect-gemini/live/Audio"
import * as AuthTokens from "effect-gemini/live/AuthTokens"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const model = "gemini-3.8-live"

/** So many milliseconds of a tone, and the silence that ends the user's turn. */
const speech = (millis: number) => {
  const samples = new Int16Array(Audio.inputRate * (millis + 900) / 1000)
  for (let i = 0; i < Audio.inputRate * millis / 1000; i++) samples[i] = Math.round(9000 * Math.sin(i / 8))
  return Audio.chunks({ samples, sampleRate: Audio.inputRate })
}

/** A conversation with the emulator: the test speaks, and sees what the page would show and play. */
const conversation = Effect.gen(function*() {
  const emulator = yield* Emulator.Emulator
  const sound = yield* Queue.unbounded<Uint8Array>()
  const seen = yield* Queue.unbounded<string>()
  const lamp = yield* Deferred.make<boolean>()
  const tokens = yield* AuthTokens.make({ apiKey: Redacted.make("key"), baseUrl: emulator.url })
  const note = (what: string) => {
    Queue.offerUnsafe(seen, what)
  }
  const talking = yield* Effect.forkChild(Conversation.talk({
    admission: Effect.map(
      tokens.create({ liveConnectConstraints: { model }, lockAdditionalFields: [] }),
      ({ name }) => ({ token: Redacted.value(name), model, baseUrl: emulator.url })
    ),
    microphone: Stream.fromQueue(sound),
    speaker: {
      play: (pcm) => Effect.sync(() => note(`play ${pcm.length > 0}`)),
      flush: Effect.sync(() => note("flush"))
    },
    view: {
      status: (status) => note(status),
      said: (who, text) => note(`${who}: ${text}`),
      turnOver: (wasCut) => note(wasCut ? "cut" : "over"),
      lamp: (isOn) => {
        Deferred.doneUnsafe(lamp, Effect.succeed(isOn))
      }
    }
  }))
  /** Waits for something to be seen; gives all up to it. */
  const until = Effect.fnUntraced(function*(what: string) {
    const all: Array<string> = []
    while (all.at(-1) !== what) all.push(yield* Queue.take(seen))
    return all
  })
  return {
    emulator,
    lamp: Deferred.await(lamp),
    speak: (millis: number) => Queue.offerAll(sound, speech(millis)),
    talking,
    until
  }
})

let saying = ""
const transcribe = () => saying
/** `playback`: milliseconds of the test's clock, which stands still: the model's turn lasts until the user speaks up. */
const layer = (playback = 0) =>
  Layer.merge(Emulator.layerServer({ live: { playback, transcribe } }), FetchHttpClient.layer)

describe("the voice example's conversation", () => {
  it.effect("plays what the model says, and flushes what waits as soon as the user speaks up", () =>
    Effect.gen(function*() {
      const { emulator, lamp, speak, talking, until } = yield* conversation
      yield* until("listening")
      saying = "emulator:words 100"
      yield* speak(300)
      yield* until("you: emulator:words 100")
      yield* until("play true")
      saying = "emulator:call lamp {\"on\":true}"
      yield* speak(300)
      const cut = yield* until("flush")
      assert.strictEqual(cut.at(-2), "cut")
      yield* until("you: emulator:call lamp {\"on\":true}")
      // Functions run at once, whatever still waits to be heard.
      assert.isTrue(yield* lamp)
      yield* Fiber.interrupt(talking)
      yield* emulator.live.awaitClosed(1)
    }).pipe(Effect.scoped, Effect.provide(layer(60_000))))

  it.effect("goes on with another token where one ends, from where it was", () =>
    Effect.gen(function*() {
      const { emulator, speak, talking, until } = yield* conversation
      yield* until("listening")
      saying = "emulator:say hello"
      yield* speak(300)
      yield* until("you: emulator:say hello")
      yield* until("over")
      yield* emulator.live.awaitLog(([entry]) =>
        entry?.messages.some(({ message }) => JSON.stringify(message).includes("newHandle")) === true
      )
      // The page has the handle when it has seen what comes behind it.
      saying = "emulator:say again"
      yield* speak(300)
      yield* until("you: emulator:say again")
      yield* TestClock.adjust("10 seconds")
      yield* emulator.live.close(1008, "Request had invalid authentication credentials.")
      yield* until("listening")
      const entries = yield* emulator.live.awaitLog((entries) => entries.length === 2)
      assert.strictEqual(entries[1]?.resumed, true)
      assert.strictEqual((yield* emulator.requests).length, 2)
      yield* Fiber.interrupt(talking)
    }).pipe(Effect.scoped, Effect.provide(layer())))

  it.effect("ends with the error where a session ends at once: another token would not help", () =>
    Effect.gen(function*() {
      const { emulator, talking, until } = yield* conversation
      yield* until("listening")
      yield* emulator.live.close(1007, "Request contains an invalid argument.")
      const error = yield* Effect.flip(Fiber.join(talking))
      assert.include(String(error), "Request contains an invalid argument.")
      assert.strictEqual((yield* emulator.requests).length, 1)
    }).pipe(Effect.scoped, Effect.provide(layer())))
})
