import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Live from "effect-gemini-examples/Live"
import type { GeminiLive } from "effect-gemini/GeminiLive"
import * as Audio from "effect-gemini/live/Audio"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"

/** As a user would run it, with the emulator where Google would be. */
const run = <A, E>(
  effect: Effect.Effect<A, E, GeminiLive | FileSystem.FileSystem>,
  options: Emulator.Options = {}
) =>
  Effect.provide(
    effect,
    Layer.unwrap(
      Effect.map(Emulator.Emulator, ({ url }) =>
        NodeGemini.layerLiveConfig({ tier: "tier3" }).pipe(
          Layer.provide(
            ConfigProvider.layer(ConfigProvider.fromUnknown({ GEMINI_API_KEY: "test-key", GEMINI_BASE_URL: url }))
          )
        ))
    ).pipe(Layer.provide(Emulator.layerServer(options)), Layer.merge(NodeFileSystem.layer))
  )

describe("the Live examples", () => {
  it.live("chat", () =>
    Effect.gen(function*() {
      const answers = yield* run(Live.chat(["Hello", "And?"]), { answers: ["Good day.", "Nothing more."] })
      assert.deepStrictEqual(answers, ["Good day.", "Nothing more."])
    }))

  it.live("a story, as it is told", () =>
    Effect.gen(function*() {
      const pieces: Array<string> = []
      yield* run(Live.story("tides", (text) => Effect.sync(() => pieces.push(text))))
      assert.include(pieces.join(""), "Tell a story about tides")
      assert.isAbove(pieces.length, 2)
    }))

  it.live("a function", () =>
    Effect.gen(function*() {
      const text = yield* run(Live.withFunction("emulator:call tide {\"place\":\"Brest\"}"))
      assert.include(text, "\"metres\":3.2")
    }))

  it.live("sound in, sound out", () =>
    run(
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const folder = yield* files.makeTempDirectoryScoped()
        const samples = Int16Array.from({ length: 44_100 }, (_, i) => Math.round(9000 * Math.sin(i / 20)))
        yield* files.writeFile(`${folder}/question.wav`, Audio.toWav({ samples, sampleRate: 44_100 }))
        const said = yield* Live.speak(`${folder}/question.wav`, `${folder}/answer.wav`)
        assert.isAbove(said.length, 0)
        const answer = Result.getOrThrow(Audio.fromWav(yield* files.readFile(`${folder}/answer.wav`)))
        assert.strictEqual(answer.sampleRate, Audio.outputRate)
        assert.isAbove(answer.samples.length, 1000)
      }).pipe(Effect.scoped)
    ))

  it.live("a session that outlives its connection", () =>
    Effect.gen(function*() {
      const questions = Stream.mapEffect(Stream.make("one", "two", "three"), (text) =>
        Effect.as(Effect.sleep("250 millis"), text))
      const { answers, reconnects } = yield* run(Live.long(questions), {
        answers: ["1", "2", "3"],
        live: { lifetime: 400, goAwayBefore: 200 }
      })
      assert.deepStrictEqual(answers, ["1", "2", "3"])
      assert.isAbove(reconnects, 0)
    }))
})
