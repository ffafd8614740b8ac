/** The loudspeaker of a browser: plays the model's speech, and falls silent at once when the user interrupts. */
import * as Audio from "effect-gemini/live/Audio"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { FromSpeaker, ToSpeaker } from "./audioThread.ts"

export interface Speaker {
  /** Plays PCM16 of 24 kHz behind what it has. */
  readonly play: (pcm: Uint8Array) => Effect.Effect<void>
  /** Drops what has not been played. */
  readonly flush: Effect.Effect<void>
}

/** A speaker, which tells `on` what it does. It must be opened in answer to a click, or the browser keeps it silent. */
export const open = Effect.fnUntraced(function*(
  on: (what: FromSpeaker) => void
): Effect.fn.Return<Speaker, never, Scope.Scope> {
  const context = yield* Effect.acquireRelease(
    Effect.sync(() => new AudioContext({ sampleRate: Audio.outputRate })),
    (context) => Effect.promise(() => context.close())
  )
  yield* Effect.promise(() => context.audioWorklet.addModule("/playbackWorklet.js"))
  const node = new AudioWorkletNode(context, "playback", { numberOfInputs: 0, outputChannelCount: [1] })
  node.port.addEventListener("message", ({ data }: MessageEvent<FromSpeaker>) => on(data))
  node.port.start()
  node.connect(context.destination)
  yield* Effect.promise(() => context.resume())
  const tell = (what: ToSpeaker) => node.port.postMessage(what, [])
  return {
    play: (pcm) => Effect.sync(() => tell(Float32Array.from(Audio.samples(pcm), (sample) => sample / 32_768))),
    flush: Effect.sync(() => tell("flush"))
  }
})
