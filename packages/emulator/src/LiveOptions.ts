/**
 * How the Live endpoint behaves: how fast it speaks, how long a connection lives, what it understands.
 *
 * @since 0.1.0
 */

/**
 * Settings of the Live endpoint. All times are in milliseconds.
 *
 * @category options
 * @since 0.1.0
 */
export interface LiveOptions {
  /** The time between two messages of a turn. Default: the emulator's `chunkDelay`. */
  readonly chunkDelay?: number | undefined
  /** The time from `generationComplete` to `turnComplete`, in which the real server lets playback end. Default 0. */
  readonly playback?: number | undefined
  /** How long one spoken word lasts. Default 100. */
  readonly millisPerWord?: number | undefined
  /** How long a connection lives. Default 600 000: ten minutes. */
  readonly lifetime?: number | undefined
  /** How long before its end `goAway` is sent. Default 60 000; 0: never. */
  readonly goAwayBefore?: number | undefined
  /** The close code and reason for a connection that has lived too long. Default 1008, `The operation was aborted.` */
  readonly lifetimeClose?: { readonly code: number; readonly reason: string } | undefined
  /** How long a resumption handle is valid after its session has ended. Default 7 200 000: two hours. */
  readonly handleLifetime?: number | undefined
  /** Whether `setupComplete` brings a `sessionId`. Default false, as the Gemini API was recorded. */
  readonly sessionId?: boolean | undefined
  /**
   * Gives the text of heard audio, for the input transcription and the history. Default: a text that says how long it
   * was.
   */
  readonly transcribe?: ((audio: HeardAudio) => string) | undefined
}

/**
 * A stretch of audio that counts as speech by its energy.
 *
 * @category models
 * @since 0.1.0
 */
export interface HeardAudio {
  /** How long the speech is, without the silence around it. */
  readonly millis: number
  /** Samples per second. */
  readonly rate: number
  /** The number of the turn in the session, from 0. */
  readonly turn: number
}
