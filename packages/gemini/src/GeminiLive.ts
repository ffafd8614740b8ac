/**
 * The Live API: sessions over a WebSocket, as a service.
 *
 * `connect` opens one: it dials, sends the setup and waits for its completion. The socket
 * comes from Effect's `Socket.WebSocketConstructor`, so that a proxy or a test may bring
 * its own. On Node (`NodeGemini`) it is `ws`, and the key travels in a header of the
 * handshake; a browser's WebSocket has no headers, so there an ephemeral token is the key,
 * or `keyInUrl` puts it into the address. No address is ever in an error or a span.
 *
 * Each session takes a place among the model's open sessions, and each of its text messages
 * one in the rolling minute, as the tier has it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import type * as GeminiConfig from "./GeminiConfig.ts"
import * as CallSessions from "./internal/live/callSessions.ts"
import * as LiveOpen from "./internal/live/open.ts"
import * as RoutedTurn from "./internal/live/routedTurn.ts"
import type * as LiveProtocol from "./live/LiveProtocol.ts"
import type { LiveSession } from "./live/LiveSession.ts"
import type * as LiveTools from "./live/LiveTools.ts"
import { LiveTransport } from "./live/LiveTransport.ts"
import type { LiveError } from "./LiveError.ts"
import * as RateLimiter from "./RateLimiter.ts"
import type * as Content from "./wire/Content.ts"

/**
 * Options of the service: those of every client layer, and those of Live alone.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options
  extends Pick<GeminiConfig.Options, "apiKey" | "baseUrl" | "apiVersion" | "destination" | "tier" | "limits" | "bounds">
{
  /** The model of sessions that name none. */
  readonly defaultLiveModel?: string | undefined
  /**
   * Puts the key into the address, for browsers, which cannot send a header. Everybody who sees the page's traffic or
   * a proxy's log then sees the key. Default `false`.
   */
  readonly keyInUrl?: boolean | undefined
}

/**
 * Sessions that are dialled before the calls that will take them.
 *
 * @category options
 * @since 0.1.0
 */
export interface Warm {
  /** How long a session waits for a call. Default 1 minute. */
  readonly idle?: Duration.Input | undefined
  /** How many sessions of all models and configurations may wait. The oldest makes room for another one. Default 4. */
  readonly sessions?: number | undefined
}

/**
 * Options of the routed calls.
 *
 * @category options
 * @since 0.1.0
 */
export interface TransportOptions extends Options, Pick<GeminiConfig.Options, "timeouts"> {
  /**
   * Whether a call leaves the next one of its model and configuration (instructions, tools, generation settings) a
   * session that is set up already. A session serves one call, so that nothing of a call is left for the next. While
   * it waits it is one of the model's open sessions, and makes room as soon as another one has to wait. Default
   * `false`, because a program that asks once, or each time with other instructions, would pay for connections that no
   * call uses. It has no effect if `apiKey` is an ephemeral token, whose uses it would spend.
   */
  readonly warm?: Warm | boolean | undefined
}

/**
 * The model of a session that names none: the newest generally available Live model on
 * 2026-11-22. Changed only in a minor release.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultModel: string = LiveOpen.defaultModel

/**
 * When and how often a lost connection is dialled again.
 *
 * Attempts are in a row until a connection was good for something: a turn was completed on it, or it lasted ten
 * seconds. A connection that the server announced to end (`goAway`) is replaced at once, and where that happens again
 * before a connection lasted ten seconds, by the schedule.
 *
 * @category options
 * @since 0.1.0
 */
export interface Reconnect {
  /** The waits before each attempt. Default: from 0.5 s, doubling, at most 30 s, jittered. */
  readonly schedule?: Schedule.Schedule<unknown, LiveError> | undefined
  /** How many attempts there are in a row. Default 5. */
  readonly budget?: number | undefined
  /**
   * Whether an attempt follows this failure of a connection or of an attempt. `mayPass` is what the library thinks of
   * it, which decides by default: closes with 1007 and 1008, but for some words of theirs, and most HTTP statuses of
   * 4xx mean that what we sent is refused.
   */
  readonly when?: ((error: LiveError, mayPass: boolean) => boolean) | undefined
  /**
   * What becomes of a session whose handle the server refuses, because it is too old or unknown there (also that of
   * `resumeFrom`). `fail` ends it with the refusal. `fresh` goes on with a session that remembers nothing, and says so:
   * `Reconnected` has `isStateRestored: false`. Default `fail`. A connection that was lost before the server gave a
   * handle has nothing to restore, and is always followed by such a session.
   */
  readonly onLostState?: "fail" | "fresh" | undefined
  /** Whether `connect` dials by the same policy where its first attempt fails. Default `false`. */
  readonly firstConnect?: boolean | undefined
  /**
   * Asks the server to say with each handle how many of our messages its state holds (`lastConsumedClientMessageIndex`).
   * After a lost connection exactly the texts, turns and answers of functions are sent again that it does not hold, and
   * functions whose calls it holds run on. Sound is not sent again. Vertex AI alone has it; the Gemini API refuses it.
   * Default `false`.
   */
  readonly transparent?: boolean | undefined
}

/**
 * The deadlines of a session. They end it with TimedOut, which names the deadline.
 *
 * @category options
 * @since 0.1.0
 */
export interface Timeouts {
  /** The time until the WebSocket is open. Default 10 seconds. */
  readonly connect?: Duration.Input | undefined
  /** The time from the setup to its completion. Default 10 seconds. */
  readonly setup?: Duration.Input | undefined
  /**
   * The time without any message of the server while its answer is due: neither the user's silence counts, nor the time
   * in which a function runs here, nor that of `pause`. Default: no limit.
   */
  readonly idle?: Duration.Input | undefined
  /**
   * The time without any message of the server, whoever's turn it is. It finds a dead connection where there are no
   * pings, and ends a session of people who listen in silence. That of `pause` does not count. Default: no limit.
   */
  readonly silence?: Duration.Input | undefined
  /**
   * The time in which a message that must arrive is sent: it waits while a lost connection is dialled again, and where
   * the connection takes nothing. What the connection was taking already may arrive in spite of it. Default: no limit
   * but those of `reconnect` and `ping`.
   */
  readonly send?: Duration.Input | undefined
  /**
   * The silence after which a turn that the server did not end counts as over, once it has said everything and its sound
   * has been played, or after which no further turn is expected for what was said. It fails nothing. Default 10 seconds.
   */
  readonly turnEnd?: Duration.Input | undefined
}

/**
 * The wire fields of a setup that are passed on as they are.
 *
 * @category models
 * @since 0.1.0
 */
export type SetupFields = Omit<LiveProtocol.Setup, "model" | "systemInstruction" | "sessionResumption">

/**
 * The options of one session: the fields of the wire's setup, and how the session behaves.
 *
 * @category options
 * @since 0.1.0
 */
export interface ConnectOptions<R = never> extends SetupFields {
  /** Default {@link defaultModel}. */
  readonly model?: string | undefined
  readonly systemInstruction?: string | Content.Content | undefined
  /** The handle of an earlier session, valid for two hours after its end. */
  readonly resumeFrom?: string | undefined
  /**
   * Whether and how the session dials again when the connection is lost, and before the server ends it. Default: never.
   */
  readonly reconnect?: Reconnect | boolean | undefined
  /** Functions that the session runs itself; they are declared to the model. */
  readonly functions?: LiveTools.LiveTools<R> | undefined
  /** How many functions run at once. Default 8. */
  readonly functionConcurrency?: number | undefined
  readonly timeouts?: Timeouts | undefined
  /**
   * When pings are sent and must be answered, if the platform has pings. Default every 20 s, answered within a minute:
   * Gemini's pongs were measured at 8 to 30 s (aicc2025/sip-to-ai#14, September 2026). Anything that the server sends
   * answers a ping, too. `false`: no pings.
   */
  readonly ping?: { readonly interval: Duration.Input; readonly timeout: Duration.Input } | false | undefined
  /** How many bytes of messages may wait unread. Default 16 MiB. */
  readonly inboundLimit?: number | undefined
  /** How many bytes of realtime media may wait unsent. Default 256 KiB, about six seconds of speech. */
  readonly mediaLimit?: number | undefined
  /** Whether an unreadable message ends the session or becomes an event. Default `fail`. */
  readonly unreadable?: "fail" | "event" | undefined
}

/**
 * Opens Live sessions.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** Opens a session; the scope closes it. */
  readonly connect: <R = never>(
    options?: ConnectOptions<R>
  ) => Effect.Effect<LiveSession, LiveError, Scope.Scope | R>
}

/**
 * Live sessions as a service; {@link layer} provides it over any WebSocket.
 *
 * @category services
 * @since 0.1.0
 */
export class GeminiLive extends Context.Service<GeminiLive, Service>()("effect-gemini/GeminiLive") {
  /**
   * The layer by the options of a client alone, over the platform's WebSocket. That one sends no headers, so the key is in
   * the address, as in Google's own SDK; over `ws` it need not be: `NodeGemini.layerLive`.
   */
  static readonly layerWith = (
    options: GeminiConfig.Options
  ): Layer.Layer<GeminiLive, never, RateLimiter.RateLimiter> =>
    Layer.provide(layer({ ...options, keyInUrl: true }), Socket.layerWebSocketConstructorGlobal)
}

/**
 * The service over the WebSockets and the limiter of the context. Building it does no I/O.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  options: Options
): Effect.Effect<Service, never, Socket.WebSocketConstructor | RateLimiter.RateLimiter> =>
  Effect.map(
    LiveOpen.make(options),
    (open) =>
      GeminiLive.of({ connect: (options) => Effect.map(open(options ?? {}, "session"), ({ session }) => session) })
  )

/**
 * The service over the WebSockets of the context.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<GeminiLive, never, Socket.WebSocketConstructor | RateLimiter.RateLimiter> =>
  Layer.effect(GeminiLive, make(options))

/**
 * The service over the global `WebSocket`, with a limiter of its own: browsers, workers, Deno,
 * Bun. It sends no headers, so `apiKey` is an ephemeral token, or `keyInUrl` is set; it has no
 * pings, so `timeouts.silence` is what finds a dead connection.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerGlobal = (options: Options): Layer.Layer<GeminiLive> =>
  Layer.provide(layer(options), [Socket.layerWebSocketConstructorGlobal, RateLimiter.layer])

/**
 * The transport that carries calls of `GeminiClient` over Live. Each call has a session of its own, which ends with it
 * and with `warm` is dialled before it. Answers have the shape of HTTP's; if the model only speaks, their text is the
 * transcription.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTransport = (
  options: TransportOptions
): Layer.Layer<LiveTransport, never, Socket.WebSocketConstructor | RateLimiter.RateLimiter> =>
  Layer.effect(
    LiveTransport,
    Effect.gen(function*() {
      const open = yield* LiveOpen.make(options)
      return RoutedTurn.make(options, yield* CallSessions.make(options, open))
    })
  )
