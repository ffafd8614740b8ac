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
  /**
   * How long the server waits for more before it answers. What the user says in this time is answered together, in one
   * turn. Default 0: every turn of the user is answered.
   */
  readonly mergeWithin?: number | undefined
  /** Turns of the model that end with `generationComplete` and no `turnComplete`. Default: none. */
  readonly missingTurnComplete?: TurnNumbers | undefined
  /** Turns of the model in which it says nothing: a `turnComplete` alone. Default: none. */
  readonly emptyTurns?: TurnNumbers | undefined
  /**
   * Turns of the user that are not answered: the server says `waitingForInput`, and answers them together with the next
   * one. Default: none.
   */
  readonly waitingForInput?: TurnNumbers | undefined
  /** Whether an `interactionStatus` stands beside every `turnComplete`. Default false. */
  readonly interactionStatus?: boolean | undefined
  /** How long one spoken word lasts. Default 100. */
  readonly millisPerWord?: number | undefined
  /** How long a connection lives. Default 600 000: ten minutes. */
  readonly lifetime?: number | undefined
  /** How long before its end `goAway` is sent. Default 60 000; 0: never. */
  readonly goAwayBefore?: number | undefined
  /** The close code and reason for a connection that has lived too long. Default 1008, `The operation was aborted.` */
  readonly lifetimeClose?: { readonly code: number; readonly reason: string } | undefined
  /** How long a ping waits for its pong. Default 0; Gemini was measured at 8 000 to 30 000. */
  readonly pongDelay?: number | undefined
  /**
   * How long after the end of a turn its resumption handle is sent, unless another turn has begun by then. Default 0.
   */
  readonly handleDelay?: number | undefined
  /**
   * Refuses handles that are good, with this close, so many `times` (default: always). Default code and reason: 1008,
   * `Requested entity was not found.`, as for one that was never given out.
   */
  readonly handleRefusal?: {
    readonly code?: number | undefined
    readonly reason?: string | undefined
    readonly times?: number | undefined
  } | undefined
  /** How long a resumption handle is valid after its session has ended. Default 7 200 000: two hours. */
  readonly handleLifetime?: number | undefined
  /** Whether `setupComplete` brings a `sessionId`. Default false, as the Gemini API was recorded. */
  readonly sessionId?: boolean | undefined
  /**
   * Gives the text of heard audio, for the input transcription and the history, or what several speakers have said in
   * it. Default: a text that says how long it was.
   */
  readonly transcribe?: ((audio: HeardAudio) => string | ReadonlyArray<HeardSegment>) | undefined
  /**
   * Whether `interimInputTranscription` tells what has been heard so far, with each message of audio while somebody
   * speaks. It is sent where the setup asks for input transcription. Default false.
   */
  readonly interimTranscripts?: boolean | undefined
}

/**
 * Numbers of turns in a connection, counted from 0; `true`: all of them.
 *
 * @category models
 * @since 0.1.0
 */
export type TurnNumbers = true | ReadonlyArray<number>

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

/**
 * What one speaker has said in a stretch of audio.
 *
 * @category models
 * @since 0.1.0
 */
export interface HeardSegment {
  readonly text: string
  /** Who has said it, `spk_1` for instance. It is sent where the setup asks for `diarization`. */
  readonly speakerLabel?: string | undefined
}
