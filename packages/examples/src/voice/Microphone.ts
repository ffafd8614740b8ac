/** The microphone of a browser as a stream of what the Live API hears best: PCM16 at 16 kHz, 40 ms a piece. */
import * as Audio from "effect-gemini/live/Audio"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/** The page has no microphone, or may not use it. */
export class NoMicrophone extends Data.TaggedError("NoMicrophone")<{ readonly message: string }> {}

const track = Effect.acquireRelease(
  Effect.tryPromise({
    // Without the cancellation of echo the model hears itself, and interrupts itself.
    try: () =>
      navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 }
      }),
    catch: (error) => new NoMicrophone({ message: String(error) })
  }),
  (stream) => Effect.sync(() => stream.getTracks().forEach((track) => track.stop()))
)

/**
 * What the microphone hears, from the moment of running it. Where the reader is too slow the oldest second is dropped:
 * a conversation is about now.
 */
export const sound: Stream.Stream<Uint8Array, NoMicrophone> = Stream.callback<Uint8Array, NoMicrophone>(
  Effect.fnUntraced(function*(queue) {
    const stream = yield* track
    // The context has the rate of the device: Firefox connects no microphone to another one.
    const context = yield* Effect.acquireRelease(
      Effect.sync(() => new AudioContext()),
      (context) => Effect.promise(() => context.close())
    )
    yield* Effect.tryPromise({
      try: () => context.audioWorklet.addModule("/captureWorklet.js"),
      catch: (error) => new NoMicrophone({ message: String(error) })
    })
    const node = new AudioWorkletNode(context, "capture", { numberOfOutputs: 0 })
    const resampler = new Audio.Resampler(context.sampleRate, Audio.inputRate)
    node.port.addEventListener("message", ({ data }: MessageEvent<Float32Array>) => {
      const pcm16 = Int16Array.from(data, (sample) => Math.max(-32_768, Math.min(32_767, Math.round(sample * 32_768))))
      Queue.offerUnsafe(queue, Audio.pcm(resampler.push(pcm16)))
    })
    node.port.start()
    context.createMediaStreamSource(stream).connect(node)
    yield* Effect.promise(() => context.resume())
  }),
  { bufferSize: 25, strategy: "sliding" }
)
