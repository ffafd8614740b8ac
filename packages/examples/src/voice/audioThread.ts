/**
 * What the audio thread of a browser has, for which TypeScript ships no declarations, and what the worklets and the page
 * tell each other.
 */
declare global {
  class AudioWorkletProcessor {
    readonly port: MessagePort
  }
  function registerProcessor(name: string, make: new() => AudioWorkletProcessor): void
  /** Of the AudioContext, in hertz. */
  const sampleRate: number
}

/** What the page tells the speaker: sound to play after what it has, or to drop all that it has not played yet. */
export type ToSpeaker = Float32Array | "flush"

/** What the speaker tells the page. Counts are samples. */
export type FromSpeaker =
  | { readonly _tag: "Playing" }
  /** Everything has been played, so many samples since it began. */
  | { readonly _tag: "Silent"; readonly played: number }
  /** So many were played, and so many dropped. */
  | { readonly _tag: "Flushed"; readonly played: number; readonly dropped: number }
