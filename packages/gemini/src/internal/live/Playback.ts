/**
 * How long the sound of a turn plays. The server sends it faster than it is heard, and ends the turn when it assumes
 * that all of it was. Pure; times are in milliseconds.
 */
import type { Part } from "../../wire/Part.ts"

/** The sample rate that a mime type of PCM names, in hertz. Vertex calls its sound of 24 kHz `audio/pcm`, without a rate. */
export const sampleRate = (mimeType: string): number => {
  const rate = Number(/;\s*rate=(\d+)/.exec(mimeType)?.[1])
  return rate > 0 ? rate : 24_000
}

export class Playback {
  #from: number | undefined
  #length = 0
  #mimeType = ""
  #rate = 24_000

  /** A turn begins. */
  reset(): void {
    this.#from = undefined
    this.#length = 0
  }

  add(parts: ReadonlyArray<Part>, now: number): void {
    for (const { inlineData } of parts) {
      const { data, mimeType } = inlineData ?? {}
      if (!data || !mimeType?.startsWith("audio/pcm")) continue
      if (mimeType !== this.#mimeType) {
        this.#mimeType = mimeType
        this.#rate = sampleRate(mimeType)
      }
      this.#from ??= now
      // Four characters of base64 are three bytes, and two bytes are a sample.
      this.#length += data.length * 375 / this.#rate
    }
  }

  /** How long it still plays. */
  left(now: number): number {
    return this.#from === undefined ? 0 : Math.max(0, this.#from + this.#length - now)
  }
}
