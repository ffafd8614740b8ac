/**
 * A session of the Live API: an open conversation, spoken or written, both sides at once.
 *
 * Read it as `events`, or ask turn by turn with `ask` and `sendTextStream`, which need
 * nobody on `events`. Closing the scope of `GeminiLive.connect`, or dropping the `events`
 * stream, closes the session.
 *
 * What was received waits for its reader, without loss, up to a bound of bytes: then the
 * session fails with Overflow. Realtime media on its way out is bounded too, and there the
 * oldest is dropped and counted; text, tool answers and control messages never are.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Answer, StreamChunk } from "../call/Answer.ts"
import type * as Content from "../wire/Content.ts"
import type { LiveError } from "../LiveError.ts"
import type { LiveEvent } from "./LiveEvent.ts"
import type * as LiveProtocol from "./LiveProtocol.ts"
import type * as Part from "../wire/Part.ts"
import type * as Tool from "../wire/Tool.ts"

/**
 * How a session stands.
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
  /** Of the last ping, where the platform has pings. */
  readonly roundTrip: Duration.Duration | undefined
  /** When the last message came, in milliseconds of the Clock. */
  readonly lastMessageAt: number | undefined
  readonly messages: { readonly received: number; readonly sent: number }
  /** Of the messages' JSON. */
  readonly bytes: { readonly received: number; readonly sent: number; readonly unread: number; readonly unsent: number }
  /** Frames of realtime media that were too late to be sent. */
  readonly dropped: number
  /** Pieces of sound that a barge-in took out of the queue. */
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
 * @category models
 * @since 0.1.0
 */
export interface LiveSession {
  readonly model: string
  /** Everything that happens, in order. One reader: a second run fails with SessionInUse. */
  readonly events: Stream.Stream<LiveEvent, LiveError>

  /** One whole turn. Turns of `ask` and `sendTextStream` follow one another. */
  readonly ask: (text: string) => Effect.Effect<Answer, LiveError>
  /** One turn as it comes. Ending the stream early leaves the rest of the turn unread. */
  readonly sendTextStream: (text: string) => Stream.Stream<StreamChunk, LiveError>

  /** Text of the user's; the answer comes in `events`. */
  readonly sendText: (text: string) => Effect.Effect<void, LiveError>
  /**
   * Whole turns, also while the model speaks. With `turnComplete: false` the model waits
   * for more; by default it answers, and stops what it was saying.
   */
  readonly sendTurns: (
    turns: Content.Input,
    options?: { readonly turnComplete?: boolean | undefined }
  ) => Effect.Effect<void, LiveError>
  /**
   * Realtime sound. A chunk is queued and may be dropped if the connection is too slow; a
   * stream is pulled as fast as the connection takes it, and nothing of it is dropped while
   * there is one.
   */
  readonly sendAudio: <E = never, R = never>(
    audio: Uint8Array | Stream.Stream<Uint8Array, E, R>,
    options?: AudioOptions
  ) => Effect.Effect<void, E | LiveError, R>
  /** One frame (JPEG or PNG); the API takes one a second. */
  readonly sendVideo: (frame: Uint8Array, mimeType?: string) => Effect.Effect<void, LiveError>
  /** The user begins to speak, where the detection of activity is switched off. */
  readonly activityStart: Effect.Effect<void, LiveError>
  readonly activityEnd: Effect.Effect<void, LiveError>
  /** The microphone pauses, where activity is detected: what was said is flushed. */
  readonly audioStreamEnd: Effect.Effect<void, LiveError>
  /** Answers calls that have no handler, each with its `id` and `name`. */
  readonly sendToolResponse: (responses: ReadonlyArray<Part.FunctionResponse>) => Effect.Effect<void, LiveError>
  /** Other instructions, other tools, from here on. */
  readonly updateContext: (update: {
    readonly systemInstruction?: string | Content.Content | undefined
    readonly tools?: ReadonlyArray<Tool.Tool> | undefined
  }) => Effect.Effect<void, LiveError>
  /** Any message of the wire that has no operation here. */
  readonly send: (message: LiveProtocol.ClientMessage) => Effect.Effect<void, LiveError>

  /** Reads nothing more, down to the socket where it can be paused, until `resume`. */
  readonly pause: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  /**
   * Barge-in from this side: what is queued of the model's words is gone at once, and the
   * rest of its turn is not delivered. The model itself stops when new input reaches it.
   */
  readonly cancel: Effect.Effect<void>

  readonly status: Effect.Effect<Status>
  /** The status now, and each one that follows; ends after `Closed`. */
  readonly statusChanges: Stream.Stream<Status>
  readonly health: Effect.Effect<Health>
  /** Samples of `health`, until the session is closed. */
  readonly healthEvery: (interval: Duration.Input) => Stream.Stream<Health>
  /** What resumes this session elsewhere (`resumeFrom`), once the server gave it. */
  readonly handle: Effect.Effect<string | undefined>
}
