/**
 * The Live API: a chat, a story as it is told, a function, sound in and out, and a session
 * that outlives its connection. Run them with `NodeGemini.layerLiveConfig()`.
 */
import { GeminiLive } from "effect-gemini/GeminiLive"
import * as Audio from "effect-gemini/live/Audio"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Stream from "effect/Stream"

/** A chat: the session remembers what was said, so each turn is one line. */
export const chat = (questions: ReadonlyArray<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const session = yield* GeminiLive.use((live) => live.connect({ systemInstruction: "Answer in one sentence." }))
    return yield* Effect.forEach(questions, (question) => Effect.map(session.ask(question), ({ text }) => text))
  }))

/** A story, piece by piece as it is told. */
export const story = (about: string, write: (text: string) => Effect.Effect<void>) =>
  Effect.scoped(
    Effect.flatMap(
      GeminiLive.use((live) => live.connect()),
      (session) => Stream.runForEach(session.sendTextStream(`Tell a story about ${about}`), ({ text }) => write(text))
    )
  )

/** A function that the model may call while it answers. */
export const withFunction = (question: string) =>
  Effect.scoped(Effect.gen(function*() {
    const functions = LiveTools.make({
      tide: {
        description: "The height of the tide at a place, in metres",
        parametersJsonSchema: { type: "object", properties: { place: { type: "string" } }, required: ["place"] },
        // The turn waits for this function; otherwise the model may go on and come back to it.
        behavior: "BLOCKING",
        handle: ({ place }) => Effect.succeed({ place, metres: 3.2 })
      }
    })
    const session = yield* GeminiLive.use((live) => live.connect({ functions }))
    return (yield* session.ask(question)).text
  }))

/** Asks the spoken question in one WAV file, writes the spoken answer into another, and returns what was said. */
export const speak = (input: string, output: string) =>
  Effect.scoped(Effect.gen(function*() {
    const files = yield* FileSystem.FileSystem
    const question = yield* Effect.fromResult(Audio.fromWav(yield* files.readFile(input)))
    const session = yield* GeminiLive.use((live) =>
      live.connect({ realtimeInputConfig: { automaticActivityDetection: { disabled: true } } })
    )
    yield* session.activityStart
    yield* session.sendAudio(Stream.fromIterable(Audio.chunks(Audio.resample(question, Audio.inputRate))))
    yield* session.activityEnd
    const spoken: Array<{ readonly mimeType: string; readonly data: string }> = []
    let said = ""
    yield* session.events.pipe(
      Stream.takeUntil(({ _tag }) => _tag === "TurnComplete"),
      Stream.runForEach((event) =>
        Effect.sync(() => {
          if (event._tag === "Audio") spoken.push(event)
          if (event._tag === "OutputTranscription") said += event.text
        })
      )
    )
    const answer = Audio.ofMedia(spoken)
    if (answer !== undefined) yield* files.writeFile(output, Audio.toWav(answer))
    return said
  }))

/** A session that lives on when the server ends its connection, as it does after some ten minutes. */
export const long = (questions: Stream.Stream<string>) =>
  Effect.scoped(Effect.gen(function*() {
    const session = yield* GeminiLive.use((live) =>
      live.connect({ reconnect: true, contextWindowCompression: { slidingWindow: {} } })
    )
    const answers = yield* Stream.runCollect(Stream.mapEffect(questions, (question) => session.ask(question)))
    const { reconnects } = yield* session.health
    return { answers: answers.map(({ text }) => text), reconnects }
  }))
