/**
 * Tells whether somebody speaks, by the energy of the signal alone, in frames of 20 ms of audio time. The same bytes
 * always give the same edges, however they are cut into messages.
 */

export interface Settings {
  /** Root mean square, of 32 768, above which a frame is speech. */
  readonly threshold: number
  /** Milliseconds of speech before its start counts. */
  readonly prefix: number
  /** Milliseconds of silence that end it. */
  readonly silence: number
}

export type Edge =
  | { readonly _tag: "Start" }
  /** Speech of `millis` has ended, without the silence behind it. */
  | { readonly _tag: "End"; readonly millis: number }

export interface Vad {
  readonly push: (pcm: Uint8Array) => ReadonlyArray<Edge>
  /** Ends the speech that is under way, because the audio has paused. */
  readonly flush: () => ReadonlyArray<Edge>
  readonly isSpeaking: () => boolean
  /** How long the speech that is under way has been so far, in milliseconds. */
  readonly spoken: () => number
}

const frameMillis = 20

export const make = (settings: Settings, rate: number): Vad => {
  const frameSamples = Math.max(1, Math.round((rate * frameMillis) / 1000))
  let half: number | undefined
  let squares = 0
  let samples = 0
  let speaking = false
  let loud = 0
  let quiet = 0
  let length = 0

  const frame = (isLoud: boolean, edges: Array<Edge>) => {
    if (!speaking) {
      loud = isLoud ? loud + frameMillis : 0
      if (loud >= Math.max(frameMillis, settings.prefix)) {
        speaking = true
        length = loud
        quiet = 0
        edges.push({ _tag: "Start" })
      }
      return
    }
    length += frameMillis
    quiet = isLoud ? 0 : quiet + frameMillis
    if (quiet >= settings.silence) end(edges)
  }
  const end = (edges: Array<Edge>) => {
    edges.push({ _tag: "End", millis: length - quiet })
    speaking = false
    loud = 0
  }
  return {
    push: (pcm) => {
      const edges: Array<Edge> = []
      for (const byte of pcm) {
        if (half === undefined) {
          half = byte
          continue
        }
        const value = ((byte << 24) >> 16) | half
        half = undefined
        squares += value * value
        samples++
        if (samples < frameSamples) continue
        frame(Math.sqrt(squares / samples) >= settings.threshold, edges)
        squares = 0
        samples = 0
      }
      return edges
    },
    flush: () => {
      const edges: Array<Edge> = []
      half = undefined
      squares = 0
      samples = 0
      loud = 0
      if (speaking) end(edges)
      return edges
    },
    isSpeaking: () => speaking,
    spoken: () => speaking ? length - quiet : 0
  }
}
