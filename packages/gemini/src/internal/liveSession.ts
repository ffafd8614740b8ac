/**
 * A session from its parts: the first connection, the fiber that reads, and the operations
 * of `LiveSession` over them.
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Exit from "effect/Exit"
import * as Latch from "effect/Latch"
import type * as Arr from "effect/Array"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import * as Accumulate from "../Accumulate.ts"
import * as Answer from "../Answer.ts"
import * as Content from "../Content.ts"
import type { GenerateContentResponse } from "../GenerateContent.ts"
import { LiveError } from "../LiveError.ts"
import * as Reason from "../LiveErrorReason.ts"
import * as LiveProtocol from "../LiveProtocol.ts"
import type * as LiveSession from "../LiveSession.ts"
import type * as LiveTools from "../LiveTools.ts"
import type { InboundQueue } from "./InboundQueue.ts"
import type * as LiveClose from "./liveClose.ts"
import type { Connection } from "./liveConnection.ts"
import { LiveLink } from "./LiveLink.ts"
import type { LiveLimits } from "./liveLimits.ts"
import * as LiveLoop from "./liveLoop.ts"
import * as LiveMedia from "./liveMedia.ts"
import { SessionCore, type Sink } from "./SessionCore.ts"
import * as StreamChunks from "./streamChunks.ts"
import { estimateTokens } from "./tokenEstimate.ts"
import * as ToolRunner from "./ToolRunner.ts"

export interface Options {
  readonly model: string
  readonly dial: (handle: string | undefined) => Effect.Effect<Connection, LiveClose.Verdict, Scope.Scope>
  readonly resumeFrom: string | undefined
  readonly limits: LiveLimits
  readonly reconnect: LiveLoop.Reconnect | undefined
  readonly tools: LiveTools.LiveTools | undefined
  readonly toolConcurrency: number
  readonly scheduling: boolean
  readonly textBy: "realtimeInput" | "clientContent"
  readonly idle: number
  readonly ping: LiveLoop.Options["ping"]
  readonly inboundLimit: number
  readonly mediaLimit: number
  readonly unreadable: "fail" | "event"
}

/** What a queue holds, all at once; waits where it holds nothing. */
const pullOf = <A, E>(queue: InboundQueue<A, E>): Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E> => {
  const pull: Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E> = Effect.suspend(() => {
    const [head, ...tail] = queue.takeAll()
    if (head !== undefined) return Effect.succeed<Arr.NonEmptyReadonlyArray<A>>([head, ...tail])
    const end = queue.ended
    if (end !== undefined) return end._tag === "Done" ? Cause.done() : Effect.fail(end.error)
    return Effect.andThen(
      Effect.callback<void>((resume) => {
        queue.onReady(() => resume(Effect.void))
        return Effect.sync(() => queue.onReady(undefined))
      }),
      pull
    )
  })
  return pull
}

/** A session, and what only the library does with one. */
export interface Opened {
  readonly session: LiveSession.LiveSession
  /** A turn of any messages, the last of which is answered. */
  readonly turn: (
    before: ReadonlyArray<LiveProtocol.ClientMessage>,
    last: LiveProtocol.ClientMessage
  ) => Stream.Stream<GenerateContentResponse, LiveError>
}

/** A session that could not be opened gives its place back at once, not with the caller's scope. */
export const open = (options: Options): Effect.Effect<Opened, LiveError, Scope.Scope> =>
  Effect.flatMap(
    Effect.scope,
    (outer) =>
      Effect.flatMap(Scope.fork(outer), (scope) =>
        Effect.onError(build(options, scope), (cause) => Scope.close(scope, Exit.failCause(cause))))
  )

const build = Effect.fnUntraced(function*(
  options: Options,
  scope: Scope.Closeable
): Effect.fn.Return<Opened, LiveError> {
  const { limits, model, textBy } = options
  const failure = (method: string, reason: Reason.LiveErrorReason): LiveError =>
    new LiveError({ method, model, reason })
  const closedError = (): LiveError => failure("session", new Reason.SessionClosed())

  // What ends with the session, also where an error ends it before its scope does.
  const work = yield* Scope.fork(scope)
  const within = Scope.provide(work)
  yield* Effect.mapError(within(limits.session), (reason) => failure("connect", reason))
  const first = yield* Effect.mapError(
    Scope.provide(options.dial(options.resumeFrom), scope),
    (verdict) => LiveLoop.errorOf("connect", model, verdict)
  )

  const link = new LiveLink()
  const core = new SessionCore({
    model,
    inboundLimit: options.inboundLimit,
    unreadable: options.unreadable,
    handle: options.resumeFrom,
    hasTools: options.tools !== undefined
  })
  const gate = Latch.makeUnsafe(true)
  const status = yield* SubscriptionRef.make<LiveSession.Status>({
    _tag: "Open",
    sessionId: first.sessionId,
    isPaused: false
  })
  const setStatus = (next: LiveSession.Status) => SubscriptionRef.set(status, next)
  const figures = { roundTrip: undefined as number | undefined, reconnects: 0 }
  link.set(first)

  const media = yield* within(LiveMedia.make(link, options.mediaLimit))
  const tools = options.tools === undefined ? undefined : yield* within(ToolRunner.make({
    tools: options.tools,
    concurrency: options.toolConcurrency,
    scheduling: options.scheduling,
    answer: (response) => Effect.ignore(link.transmit({ toolResponse: { functionResponses: [response] } })),
    onIdle: () => core.hooks.quiet()
  }))
  if (tools !== undefined) {
    core.hooks.toolCall = tools.run
    core.hooks.toolCancel = tools.cancel
  }

  /** Once: what waits is told, what runs is interrupted, the permit goes back. */
  const end = (error: LiveError | undefined): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (link.over !== undefined) return Effect.void
      const over = error ?? closedError()
      link.end(over)
      return Effect.andThen(
        setStatus({ _tag: "Closed", error }),
        Effect.suspend(() => {
          core.end(error, over)
          return Scope.close(work, Exit.void)
        })
      )
    })
  yield* Scope.addFinalizer(scope, end(undefined))

  const loop = LiveLoop.run(
    {
      model,
      core,
      link,
      limits,
      gate,
      setStatus,
      dial: options.dial,
      reconnect: options.reconnect,
      idle: options.idle,
      ping: options.ping,
      pendingTools: () => tools?.pending() ?? 0,
      onRoundTrip: (millis) => {
        figures.roundTrip = millis
      },
      onReconnect: () => {
        figures.reconnects++
      }
    },
    first,
    scope
  )
  // A bug of ours must not leave those who wait waiting.
  const broken = new Reason.Network({ description: "the session broke inside the library" })
  const whole = Effect.catchDefect(loop, () => Effect.succeed(failure("session", broken)))
  yield* Effect.forkIn(Effect.flatMap(whole, end), scope)

  const message = (tokens: number) => Effect.mapError(limits.message(tokens), (reason) => failure("send", reason))

  /** A turn that is answered: known before it leaves, so that a lost connection finds it. */
  const sendTurn = (
    turn: LiveProtocol.ClientMessage,
    sink: Sink | undefined
  ): Effect.Effect<void, LiveError> =>
    link.use((connection) => {
      core.openTurn(turn, link.nextIndex, sink)
      return Effect.catch(
        link.write(connection, LiveProtocol.encode(turn)),
        () => link.replaced(connection)
      )
    })

  const userText = (text: string): LiveProtocol.ClientMessage =>
    textBy === "realtimeInput"
      ? { realtimeInput: { text } }
      : { clientContent: { turns: [Content.user(text)], turnComplete: true } }

  const nonEmpty = (text: string): Effect.Effect<void, LiveError> =>
    text === ""
      ? Effect.fail(failure("send", new Reason.InvalidSetup({ fields: [{ field: "text", description: "is empty" }] })))
      : Effect.void

  const sendText = (text: string, sink: Sink | undefined): Effect.Effect<void, LiveError> =>
    nonEmpty(text).pipe(
      Effect.andThen(message(estimateTokens({ contents: [Content.user(text)] }))),
      Effect.andThen(sendTurn(userText(text), sink))
    )

  const turns = Semaphore.makeUnsafe(1)
  const view = (send: (sink: Sink) => Effect.Effect<void, LiveError>) =>
    Stream.unwrap(Effect.gen(function*() {
      yield* Semaphore.takeScoped(turns, 1)
      const sink = core.sink()
      yield* Effect.addFinalizer(() => Effect.sync(() => core.turns.abandon(sink)))
      yield* send(sink)
      return Stream.fromPull(Effect.succeed(pullOf(sink.queue)))
    }))
  const turnOf = (text: string): Stream.Stream<GenerateContentResponse, LiveError> =>
    view((sink) => sendText(text, sink))

  let isRead = false
  const events = Stream.unwrap(Effect.suspend(() => {
    if (isRead) return Effect.fail(failure("events", new Reason.SessionInUse()))
    isRead = true
    core.isRead = true
    return Effect.as(
      Effect.addFinalizer((exit) => Scope.close(scope, exit)),
      Stream.fromPull(Effect.succeed(pullOf(core.events)))
    )
  }))

  const sendFrame = (frame: string): Effect.Effect<void, LiveError> =>
    Effect.suspend(() => {
      if (link.over !== undefined) return Effect.fail(link.over)
      media.offer(frame)
      return Effect.void
    })
  const audioFrame = (chunk: Uint8Array, sampleRate: number): string =>
    LiveProtocol.encode({
      realtimeInput: { audio: { mimeType: `audio/pcm;rate=${sampleRate}`, data: Base64.encode(chunk) } }
    })
  const sendAudio: LiveSession.LiveSession["sendAudio"] = <E = never, R = never>(
    input: Uint8Array | Stream.Stream<Uint8Array, E, R>,
    { sampleRate = 16_000 }: LiveSession.AudioOptions = {}
  ): Effect.Effect<void, E | LiveError, R> =>
    input instanceof Uint8Array
      ? Effect.suspend(() => sendFrame(audioFrame(input, sampleRate)))
      : Stream.runForEach(input, (chunk) => {
        const frame = audioFrame(chunk, sampleRate)
        return Effect.andThen(media.room(frame.length), sendFrame(frame))
      })

  // Behind the sound that it follows.
  const signal = (realtimeInput: NonNullable<LiveProtocol.ClientMessage["realtimeInput"]>) =>
    Effect.andThen(media.flushed, link.transmit({ realtimeInput }))

  const health = Effect.sync((): LiveSession.Health => ({
    roundTrip: figures.roundTrip === undefined ? undefined : Duration.millis(figures.roundTrip),
    lastMessageAt: core.lastMessageAt,
    messages: { received: core.received.messages, sent: link.sent.messages },
    bytes: {
      received: core.received.bytes,
      sent: link.sent.bytes,
      unread: core.events.bytes,
      unsent: media.queue.bytes + (link.connection?.socket.buffered() ?? 0)
    },
    dropped: media.queue.dropped,
    flushed: core.flushed,
    reconnects: figures.reconnects
  }))

  const setPaused = (isPaused: boolean): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (isPaused) gate.closeUnsafe()
      else gate.openUnsafe()
      const now = SubscriptionRef.getUnsafe(status)
      return now._tag === "Open" ? setStatus({ ...now, isPaused }) : Effect.void
    })

  const session: LiveSession.LiveSession = {
    model,
    events,
    ask: (text) =>
      Effect.map(Accumulate.accumulate(turnOf(text)), (response) => Answer.make(response, model, [{ model }])),
    sendTextStream: (text) => StreamChunks.streamChunks(turnOf(text), (error) => error),
    sendText: (text) => sendText(text, undefined),
    sendTurns: (input, { turnComplete = true } = {}) => {
      const contents = Content.fromInput(input)
      const clientContent = contents.length === 0 ? { turnComplete } : { turns: contents, turnComplete }
      return Effect.andThen(
        message(estimateTokens({ contents })),
        turnComplete ? sendTurn({ clientContent }, undefined) : link.transmit({ clientContent })
      )
    },
    sendAudio,
    sendVideo: (frame, mimeType = "image/jpeg") =>
      Effect.suspend(() =>
        sendFrame(LiveProtocol.encode({ realtimeInput: { video: { mimeType, data: Base64.encode(frame) } } }))
      ),
    activityStart: signal({ activityStart: {} }),
    activityEnd: signal({ activityEnd: {} }),
    audioStreamEnd: signal({ audioStreamEnd: true }),
    sendToolResponse: (functionResponses) => link.transmit({ toolResponse: { functionResponses } }),
    updateContext: ({ systemInstruction, tools }) =>
      link.transmit({
        contextUpdate: {
          ...(systemInstruction === undefined ? {} : {
            systemInstruction: typeof systemInstruction === "string"
              ? { parts: [{ text: systemInstruction }] }
              : systemInstruction
          }),
          ...(tools === undefined ? {} : { tools: { tools } })
        }
      }),
    send: (message) => link.transmit(message),
    pause: setPaused(true),
    resume: setPaused(false),
    cancel: Effect.sync(() => core.cancel()),
    status: SubscriptionRef.get(status),
    statusChanges: Stream.takeUntil(SubscriptionRef.changes(status), ({ _tag }) => _tag === "Closed"),
    health,
    healthEvery: (interval) =>
      Stream.fromEffectRepeat(Effect.andThen(Effect.sleep(interval), health)).pipe(
        Stream.takeWhile(() => link.over === undefined)
      ),
    handle: Effect.sync(() => core.turns.handle)
  }
  return {
    session,
    turn: (before, last) =>
      view((sink) => Effect.andThen(Effect.forEach(before, (message) => link.transmit(message)), sendTurn(last, sink)))
  }
})
