/**
 * How the Live endpoint behaves: how fast it speaks, how long a connection lives, what it hears.
 *
 * @since 0.1.0
 */

/**
 * Times are in milliseconds.
 *
 * @category options
 * @since 0.1.0
 */
export interface LiveOptions {
  /** Between two messages of a turn. Default: the emulator's `chunkDelay`. */
  readonly chunkDelay?: number | undefined
  /** From `generationComplete` to `turnComplete`, while the real server takes playback to go on. Default 0. */
  readonly playback?: number | undefined
  /** How long a spoken word is. Default 100. */
  readonly millisPerWord?: number | undefined
  /** How long a connection lives. Default 600 000: ten minutes. */
  readonly lifetime?: number | undefined
  /** How long before its end `goAway` is sent. Default 60 000; 0: never. */
  readonly goAwayBefore?: number | undefined
  /** What a connection that has lived too long is closed with. Default 1008, `The operation was aborted.` */
  readonly lifetimeClose?: { readonly code: number; readonly reason: string } | undefined
  /** How long a resumption handle is good after its session has ended. Default 7 200 000: two hours. */
  readonly handleLifetime?: number | undefined
  /** Whether `setupComplete` brings a `sessionId`. Default false, as the Gemini API was recorded. */
  readonly sessionId?: boolean | undefined
  /** What was said in some audio: for the input transcription and the history. Default: how long it was. */
  readonly transcribe?: ((audio: HeardAudio) => string) | undefined
}

/**
 * What somebody said, or so the energy of the signal tells.
 *
 * @category models
 * @since 0.1.0
 */
export interface HeardAudio {
  /** Of speech, the silence around it left out. */
  readonly millis: number
  /** Samples a second. */
  readonly rate: number
  /** Which turn of the session, from 0. */
  readonly turn: number
}
