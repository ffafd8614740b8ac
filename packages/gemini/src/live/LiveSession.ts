/**
 * A session of the Live API: an open conversation, spoken or written, both sides at once.
 *
 * Read it as `events`, or ask turn by turn with `ask` and `sendTextStream`, which need no reader of `events`. Closing
 * the scope of `GeminiLive.connect`, or dropping the `events` stream, closes the session.
 *
 * Received messages wait for their reader without loss, up to a bound in bytes; beyond it the session fails with
 * Overflow. Realtime media on its way out is bounded too, and there the oldest is dropped and counted; text, tool
 * answers and control messages never are.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Answer, StreamChunk } from "../call/Answer.ts"
import type { LiveError } from "../LiveError.ts"
import type * as Content from "../wire/Content.ts"
import type * as Part from "../wire/Part.ts"
import type * as Tool from "../wire/Tool.ts"
import type { LiveEvent } from "./LiveEvent.ts"
import type * as LiveProtocol from "./LiveProtocol.ts"

/**
 * The state of a session.
 *
 * @category models
 * @since 0.1.0
 */
export type Status =
  | { readonly _tag: "Open"; readonly sessionId: string | undefined; readonly isPaused: boolean }
  | { readonly _tag: "Reconnecting"; readonly attempt: number }
  /** Closed by this side without an error, or ended by one. */
  | { readonly _tag: "Closed"; readonly error: LiveError | undefined }

/**
 * Figures of a session since it was opened.
 *
 * @category models
 * @since 0.1.0
 */
export interface Health {
  /** The round trip of the last ping, if the platform has pings. */
  readonly roundTrip: Duration.Duration | undefined
  /** Since when the connection of now is open, in milliseconds of the Clock; `undefined` while there is none. */
  readonly connectedAt: number | undefined
  /** When the last message came, in milliseconds of the Clock. */
  readonly lastMessageAt: number | undefined
  readonly messages: { readonly received: number; readonly sent: number }
  /** Bytes of the messages' JSON. */
  readonly bytes: { readonly received: number; readonly sent: number; readonly unread: number; readonly unsent: number }
  /** How many frames of realtime media were dropped because the connection was too slow. */
  readonly dropped: number
  /** How many pieces of sound a barge-in removed from the queue. */
  readonly flushed: number
  readonly reconnects: number
}

/**
 * PCM16 little-endian, mono. The rate stays the same for a whole session.
 *
 * @category models
 * @since 0.1.0
 */
export interface AudioOptions {
  /** In hertz. Default 16,000, which is the API's own. */
  readonly sampleRate?: number | undefined
}

/**
 * What else an answer may be to. The protocol does not say what a turn answers: where the user spoke, another text was
 * sent, or functions were answered before the turn began, it may answer that as well, or instead.
 *
 * @category models
 * @since 0.2.0
 */
export type Overlap = "speech" | "text" | "functions"

/**
 * The answer of `ask`.
 *
 * @category models
 * @since 0.2.0
 */
export interface LiveAnswer extends Answer {
  /** What else it may be to; `undefined`: it is to the text that was asked. */
  readonly overlap: Overlap | undefined
}

/**
 * A piece of the answer of `sendTextStream`.
 *
 * @category models
 * @since 0.2.0
 */
export interface LiveChunk extends StreamChunk {
  /** What else the answer may be to. It is only on the finished chunk. */
  readonly overlap?: Overlap
}

/**
 * An open session: what happens in it, what can be sent into it, and how it stands. Its operations fail with
 * LiveError.
 *
 * @category models
 * @since 0.1.0
 */
export interface LiveSession {
  readonly model: string
  /** Everything that happens, in order. One reader: a second run fails with SessionInUse. */
  readonly events: Stream.Stream<LiveEvent, LiveError>

  /**
   * Sends text and waits for the whole turn. Turns of `ask` and `sendTextStream` follow one another. The answer to what
   * the user says meanwhile is in `events`. Where the protocol does not tell which of several turns answers the text, it
   * is the last one before the server is silent (`timeouts.turnEnd`), and `overlap` says so. A turn without a word fails
   * with NoAnswer. A text whose caller has given up is not sent again on another connection.
   */
  readonly ask: (text: string) => Effect.Effect<LiveAnswer, LiveError>
  /** Sends text and gives the turn as it comes. Ending the stream early leaves the rest of the turn unread. */
  readonly sendTextStream: (text: string) => Stream.Stream<LiveChunk, LiveError>

  /** Sends text of the user; the answer comes in `events`. */
  readonly sendText: (text: string) => Effect.Effect<void, LiveError>
  /**
   * Sends whole turns, also while the model speaks. With `turnComplete: false` the model waits for more; by default it
   * answers, and stops what it was saying.
   */
  readonly sendTurns: (
    turns: Content.Input,
    options?: { readonly turnComplete?: boolean | undefined }
  ) => Effect.Effect<void, LiveError>
  /**
   * Sends realtime sound. A chunk is queued and may be dropped if the connection is too slow. A stream is pulled as
   * fast as the connection takes it, and loses nothing while there is a connection.
   */
  readonly sendAudio: <E = never, R = never>(
    audio: Uint8Array | Stream.Stream<Uint8Array, E, R>,
    options?: AudioOptions
  ) => Effect.Effect<void, E | LiveError, R>
  /** Sends one frame (JPEG or PNG); the API takes one per second. */
  readonly sendVideo: (frame: Uint8Array, mimeType?: string) => Effect.Effect<void, LiveError>
  /** Says that the user begins to speak, if the detection of activity is switched off. */
  readonly activityStart: Effect.Effect<void, LiveError>
  readonly activityEnd: Effect.Effect<void, LiveError>
  /** Says that the microphone pauses, if activity is detected; the server then takes what was said so far. */
  readonly audioStreamEnd: Effect.Effect<void, LiveError>
  /**
   * Answers calls that have no handler, each with its `id` and `name`. A call whose connection is gone is refused: the
   * server would close the next one for an answer that it did not ask for.
   */
  readonly sendToolResponse: (responses: ReadonlyArray<Part.FunctionResponse>) => Effect.Effect<void, LiveError>
  /** Sets other instructions or other tools from here on. */
  readonly updateContext: (update: {
    readonly systemInstruction?: string | Content.Content | undefined
    readonly tools?: ReadonlyArray<Tool.Tool> | undefined
  }) => Effect.Effect<void, LiveError>
  /** Sends any message of the wire, such as one that has no operation here. */
  readonly send: (message: LiveProtocol.ClientMessage) => Effect.Effect<void, LiveError>

  /**
   * Stops reading until `resume`, even from the socket if that can be paused. Where the connection ends meanwhile, what
   * it had brought is read, and its end is told; a new one is dialled as ever, and paused from the beginning.
   */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /**
   * Interrupts the model from this side: its queued words are dropped at once, and the rest of its turn is not
   * delivered. The model itself stops when new input reaches it.
   */
  readonly cancel: Effect.Effect<void>

  readonly status: Effect.Effect<Status>
  /** The status now, and each one that follows; ends after `Closed`. */
  readonly statusChanges: Stream.Stream<Status>
  readonly health: Effect.Effect<Health>
  /** Samples of `health`, until the session is closed. */
  readonly healthEvery: (interval: Duration.Input) => Stream.Stream<Health>
  /** The handle by which this session can be resumed elsewhere (`resumeFrom`), once the server has given it. */
  readonly handle: Effect.Effect<string | undefined>
}
