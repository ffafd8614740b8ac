/**
 * The operations of a `LiveSession` over its parts, and its end. Each is made when it is
 * asked for: most sessions use two of them, and an idle one keeps none.
 */
import type * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type * as Pull from "effect/Pull"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Accumulate from "../../call/Accumulate.ts"
import * as Answer from "../../call/Answer.ts"
import * as Reason from "../../errors/LiveErrorReason.ts"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type { AudioOptions, Health, LiveSession, Status } from "../../live/LiveSession.ts"
import type * as LiveTools from "../../live/LiveTools.ts"
import { LiveError } from "../../LiveError.ts"
import * as Content from "../../wire/Content.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import type { TurnHooks } from "../telemetry/recorder.ts"
import type { Connection } from "./Connection.ts"
import * as InboundPull from "./inboundPull.ts"
import { InboundQueue } from "./InboundQueue.ts"
import { Link } from "./Link.ts"
import * as Loop from "./Loop.ts"
import { Media } from "./Media.ts"
import { SessionCore, type Sink } from "./SessionCore.ts"
import * as ToolRunner from "./ToolRunner.ts"
import { TurnLock } from "./TurnLock.ts"
import * as TurnView from "./turnView.ts"

export interface Options extends Loop.Options {
  readonly resumeFrom: string | undefined
  readonly tools: LiveTools.LiveTools | undefined
  readonly toolConcurrency: number
  readonly scheduling: boolean
  readonly textBy: "realtimeInput" | "clientContent"
  readonly inboundLimit: number
  readonly mediaLimit: number
  readonly unreadable: "fail" | "event"
  readonly onHandle?: ((handle: string) => void) | undefined
}

type ClientMessage = LiveProtocol.ClientMessage
type Chunks<A> = Pull.Pull<Arr.NonEmptyReadonlyArray<A>, LiveError>

/** A session, and what only the library does with one. */
export interface Opened {
  readonly session: LiveSession
  /** A turn of any messages, the last of which is answered. */
  readonly turn: (
    before: ReadonlyArray<ClientMessage>,
    last: ClientMessage
  ) => Stream.Stream<GenerateContentResponse, LiveError>
  readonly hooks: TurnHooks
  /** Whether its connection stands, and the server has not said that it will end it. */
  readonly isFresh: boolean
}

export class SessionOperations implements LiveSession, Opened, Loop.Owner {
  readonly model: string
  readonly #options: Options
  readonly #first: Connection
  readonly #scope: Scope.Closeable
  readonly #work: Scope.Closeable
  readonly #link: Link
  readonly #core: SessionCore
  readonly #loop: Loop.Loop
  readonly #media: Media
  readonly #lock = new TurnLock()
  #tools: ToolRunner.ToolRunner | undefined
  #status: Status
  #watchers: Array<InboundQueue<Status, never>> = []
  #isRead = false

  constructor(
    options: Options,
    first: Connection,
    scope: Scope.Closeable,
    work: Scope.Closeable,
    fiber: Fiber.Fiber<unknown, unknown>
  ) {
    this.model = options.model
    this.#options = options
    this.#first = first
    this.#scope = scope
    this.#work = work
    this.#link = new Link(first)
    this.#status = { _tag: "Open", sessionId: first.sessionId, isPaused: false }
    this.#core = new SessionCore({
      model: options.model,
      inboundLimit: options.inboundLimit,
      unreadable: options.unreadable,
      handle: options.resumeFrom,
      onHandle: options.onHandle,
      hasTools: options.tools !== undefined
    })
    this.#media = new Media(this.#link, options.mediaLimit)
    this.#loop = new Loop.Loop(options, this, this.#core, this.#link, fiber)
  }

  get session(): LiveSession {
    return this
  }

  get hooks(): TurnHooks {
    return this.#core.hooks
  }

  get isFresh(): boolean {
    return this.#link.connection?.isOpen === true && this.#core.goAway === undefined
  }

  /** Begins to read; how it ends stands before. */
  get begin(): Effect.Effect<void> {
    const { scheduling, toolConcurrency, tools } = this.#options
    const close = Effect.suspend(() => Effect.andThen(this.#loop.stop, this.#close(undefined)))
    const read = Effect.map(Scope.addFinalizer(this.#scope, close), () => this.#loop.begin(this.#first))
    if (tools === undefined) return read
    const runner = ToolRunner.make({
      tools,
      concurrency: toolConcurrency,
      scheduling,
      answer: (response) => Effect.ignore(this.#link.transmit({ toolResponse: { functionResponses: [response] } })),
      onIdle: () => this.#core.hooks.quiet()
    })
    return Effect.flatMap(Scope.provide(runner, this.#work), (runner) => {
      this.#tools = runner
      this.#core.hooks.toolCall = runner.run
      this.#core.hooks.toolCancel = runner.cancel
      return read
    })
  }

  pendingTools(): number {
    return this.#tools?.pending() ?? 0
  }

  end(error: LiveError): Effect.Effect<void> {
    return Effect.andThen(this.#close(error), Effect.suspend(() => Scope.close(this.#scope, Exit.void)))
  }

  /** Once: what waits is told, the connection is closed, what runs is interrupted, the permit goes back. */
  #close(error: LiveError | undefined): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { connection } = this.#link
      if (this.#link.isOver) return Effect.void
      // An error has a stack, and mostly nobody asks.
      const over = () => error ?? this.#failure("session", new Reason.SessionClosed())
      this.#link.end(over)
      this.#media.wake()
      this.setStatus({ _tag: "Closed", error })
      this.#core.end(error, over)
      const released = Effect.suspend(() => Scope.closeUnsafe(this.#work, Exit.void) ?? Effect.void)
      return connection === undefined ? released : Effect.andThen(connection.close(), released)
    })
  }

  setStatus(status: Status): void {
    this.#status = status
    for (const watcher of this.#watchers) {
      watcher.push(status, 1)
      if (status._tag === "Closed") watcher.end({ _tag: "Done" })
    }
  }

  get events(): LiveSession["events"] {
    return Stream.unwrap(Effect.suspend(() => {
      if (this.#isRead) return Effect.fail(this.#failure("events", new Reason.SessionInUse()))
      this.#isRead = true
      this.#core.isRead = true
      return Effect.as(
        Effect.addFinalizer((exit) => Scope.close(this.#scope, exit)),
        Stream.fromPull(Effect.succeed(InboundPull.make(this.#core.events)))
      )
    }))
  }

  get ask(): LiveSession["ask"] {
    return (text) =>
      Effect.map(
        Accumulate.accumulate(this.#turn(text, InboundPull.make)),
        (response) => Answer.make(response, this.model, [{ model: this.model }])
      )
  }

  get sendTextStream(): LiveSession["sendTextStream"] {
    return (text) => this.#turn(text, InboundPull.chunks)
  }

  get turn(): Opened["turn"] {
    return (before, last) =>
      TurnView.make(
        this.#core,
        this.#lock,
        (sink) =>
          Effect.andThen(
            Effect.forEach(before, (message) => this.#link.transmit(message), { discard: true }),
            this.#sendTurn(last, sink)
          ),
        InboundPull.make
      )
  }

  get sendText(): LiveSession["sendText"] {
    return (text) => this.#sendText(text, undefined)
  }

  get sendTurns(): LiveSession["sendTurns"] {
    return (input, { turnComplete = true } = {}) => {
      const contents = Content.fromInput(input)
      const clientContent = contents.length === 0 ? { turnComplete } : { turns: contents, turnComplete }
      return Effect.andThen(
        this.#counted(contents),
        turnComplete ? this.#sendTurn({ clientContent }, undefined) : this.#link.transmit({ clientContent })
      )
    }
  }

  get sendAudio(): LiveSession["sendAudio"] {
    return <E = never, R = never>(
      input: Uint8Array | Stream.Stream<Uint8Array, E, R>,
      { sampleRate = 16_000 }: AudioOptions = {}
    ): Effect.Effect<void, E | LiveError, R> => {
      const mimeType = `audio/pcm;rate=${sampleRate}`
      const frameOf = (chunk: Uint8Array): string =>
        LiveProtocol.encode({ realtimeInput: { audio: { mimeType, data: Base64.encode(chunk) } } })
      return input instanceof Uint8Array
        ? Effect.suspend(() => this.#sendFrame(frameOf(input)))
        : Stream.runForEach(input, (chunk) => {
          const frame = frameOf(chunk)
          return Effect.andThen(this.#media.room(frame.length), this.#sendFrame(frame))
        })
    }
  }

  get sendVideo(): LiveSession["sendVideo"] {
    return (frame, mimeType = "image/jpeg") =>
      Effect.suspend(() =>
        this.#sendFrame(LiveProtocol.encode({ realtimeInput: { video: { mimeType, data: Base64.encode(frame) } } }))
      )
  }

  get activityStart(): Effect.Effect<void, LiveError> {
    return this.#signal({ activityStart: {} })
  }

  get activityEnd(): Effect.Effect<void, LiveError> {
    return this.#signal({ activityEnd: {} })
  }

  get audioStreamEnd(): Effect.Effect<void, LiveError> {
    return this.#signal({ audioStreamEnd: true })
  }

  get sendToolResponse(): LiveSession["sendToolResponse"] {
    return (functionResponses) => this.#link.transmit({ toolResponse: { functionResponses } })
  }

  get updateContext(): LiveSession["updateContext"] {
    return ({ systemInstruction, tools }) =>
      this.#link.transmit({
        contextUpdate: {
          ...(systemInstruction === undefined ? {} : {
            systemInstruction: typeof systemInstruction === "string"
              ? { parts: [{ text: systemInstruction }] }
              : systemInstruction
          }),
          ...(tools === undefined ? {} : { tools: { tools } })
        }
      })
  }

  get send(): LiveSession["send"] {
    return (message) => this.#link.transmit(message)
  }

  get pause(): Effect.Effect<void> {
    return Effect.sync(() => this.#pause(true))
  }

  get resume(): Effect.Effect<void> {
    return Effect.sync(() => this.#pause(false))
  }

  get cancel(): Effect.Effect<void> {
    return Effect.sync(() => this.#core.cancel())
  }

  get status(): Effect.Effect<Status> {
    return Effect.sync(() => this.#status)
  }

  get statusChanges(): Stream.Stream<Status> {
    return Stream.unwrap(Effect.suspend(() => {
      const watcher = new InboundQueue<Status, never>(Infinity)
      this.#watchers.push(watcher)
      // From here on it is told of each one, and of the end.
      watcher.push(this.#status, 1)
      if (this.#status._tag === "Closed") watcher.end({ _tag: "Done" })
      const leave = Effect.sync(() => {
        this.#watchers = this.#watchers.filter((other) => other !== watcher)
      })
      return Effect.as(Effect.addFinalizer(() => leave), Stream.fromPull(Effect.succeed(InboundPull.make(watcher))))
    }))
  }

  get health(): Effect.Effect<Health> {
    return Effect.sync(() => {
      const [core, link, loop, { queue }] = [this.#core, this.#link, this.#loop, this.#media]
      return {
        roundTrip: loop.roundTrip === undefined ? undefined : Duration.millis(loop.roundTrip),
        lastMessageAt: core.lastMessageAt,
        messages: { received: core.received.messages, sent: link.sent.messages },
        bytes: {
          received: core.received.bytes,
          sent: link.sent.bytes,
          unread: core.events.bytes,
          unsent: queue.bytes + (link.connection?.buffered ?? 0)
        },
        dropped: queue.dropped,
        flushed: core.flushed,
        reconnects: loop.reconnects
      }
    })
  }

  get healthEvery(): LiveSession["healthEvery"] {
    return (interval) =>
      Stream.fromEffectRepeat(Effect.andThen(Effect.sleep(interval), this.health)).pipe(
        Stream.takeWhile(() => !this.#link.isOver)
      )
  }

  get handle(): Effect.Effect<string | undefined> {
    return Effect.sync(() => this.#core.turns.handle)
  }

  #failure(method: string, reason: Reason.LiveErrorReason): LiveError {
    return new LiveError({ method, model: this.model, reason })
  }

  #pause(isPaused: boolean): void {
    this.#loop.pause(isPaused)
    if (this.#status._tag === "Open") this.setStatus({ ...this.#status, isPaused })
  }

  /** Takes a place in the rolling minute. */
  #counted(contents: ReadonlyArray<Content.Content>): Effect.Effect<void, LiveError> {
    return this.#options.limits.message(
      estimateTokens({ contents }),
      (reason) => this.#failure("send", reason)
    )
  }

  #sendText(text: string, sink: Sink | undefined): Effect.Effect<void, LiveError> {
    if (text === "") {
      const fields = [{ field: "text", description: "is empty" }]
      return Effect.fail(this.#failure("send", new Reason.InvalidSetup({ fields })))
    }
    const contents = [Content.user(text)]
    const message: ClientMessage = this.#options.textBy === "realtimeInput"
      ? { realtimeInput: { text } }
      : { clientContent: { turns: contents, turnComplete: true } }
    return Effect.andThen(this.#counted(contents), this.#sendTurn(message, sink))
  }

  /** A turn that is answered: known before it leaves, so that a lost connection finds it. */
  #sendTurn(turn: ClientMessage, sink: Sink | undefined): Effect.Effect<void, LiveError> {
    return this.#link.use((connection) => {
      this.#core.openTurn(turn, this.#link.nextIndex, sink)
      const text = LiveProtocol.encode(turn)
      // A view hears of a lost connection, and has nothing to send meanwhile.
      if (sink !== undefined) return this.#link.post(connection, text)
      return Effect.catch(this.#link.write(connection, text), () => this.#link.replaced(connection))
    })
  }

  #turn<A>(text: string, read: (queue: Sink["queue"]) => Chunks<A>): Stream.Stream<A, LiveError> {
    return TurnView.make(this.#core, this.#lock, (sink) => this.#sendText(text, sink), read)
  }

  #sendFrame(frame: string): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      if (this.#link.over !== undefined) return Effect.fail(this.#link.over)
      this.#media.offer(frame)
      return Effect.void
    })
  }

  // Behind the sound that it follows.
  #signal(realtimeInput: NonNullable<ClientMessage["realtimeInput"]>): Effect.Effect<void, LiveError> {
    return Effect.andThen(this.#media.flushed, Effect.suspend(() => this.#link.transmit({ realtimeInput })))
  }
}
