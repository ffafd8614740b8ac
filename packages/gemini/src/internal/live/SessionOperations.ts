/**
 * The operations of a `LiveSession` over its life. Each is made when it is asked for, because most sessions use two of
 * them, and an idle one keeps none.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Reason from "../../errors/LiveErrorReason.ts"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type { AudioOptions, Health, LiveSession, Status } from "../../live/LiveSession.ts"
import type { LiveError } from "../../LiveError.ts"
import * as Content from "../../wire/Content.ts"
import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import { estimateTokens } from "../limiter/tokenEstimate.ts"
import * as ClientMessage from "./clientMessage.ts"
import * as InboundPull from "./inboundPull.ts"
import type { Reader } from "./Reader.ts"
import type { SessionLife } from "./SessionLife.ts"
import * as TurnAnswer from "./turnAnswer.ts"
import { TurnLock } from "./TurnLock.ts"
import * as TurnView from "./turnView.ts"

/** A session, with what only the library does with it. */
export interface Opened {
  readonly session: LiveSession
  /** Sends a turn of any messages, the last of which is answered. */
  readonly turn: (
    before: ReadonlyArray<LiveProtocol.ClientMessage>,
    last: LiveProtocol.ClientMessage
  ) => Stream.Stream<GenerateContentResponse, LiveError>
  /** Whether its connection stands, and the server has not announced its end. */
  readonly isFresh: boolean
}

export class SessionOperations implements LiveSession, Opened {
  readonly model: string
  readonly #life: SessionLife
  readonly #lock = new TurnLock()
  #isRead = false

  constructor(life: SessionLife) {
    this.model = life.options.model
    this.#life = life
  }

  get session(): LiveSession {
    return this
  }

  get isFresh(): boolean {
    return this.#life.link.connection?.isOpen === true && this.#life.core.goAway === undefined
  }

  get events(): LiveSession["events"] {
    return Stream.unwrap(Effect.suspend(() => {
      if (this.#isRead) return Effect.fail(this.#life.failure("events", new Reason.SessionInUse()))
      this.#isRead = true
      this.#life.core.events.isRead = true
      return Effect.as(
        Effect.addFinalizer((exit) => Scope.close(this.#life.scope, exit)),
        Stream.fromPull(Effect.succeed(InboundPull.make(this.#life.core.events)))
      )
    }))
  }

  get ask(): LiveSession["ask"] {
    return (text) => TurnAnswer.make(this.#life.core, this.#lock, (reader) => this.#sendText(text, reader))
  }

  get sendTextStream(): LiveSession["sendTextStream"] {
    return (text) =>
      TurnView.make(
        this.#life.core,
        this.#lock,
        (reader) => this.#sendText(text, reader),
        InboundPull.chunks
      )
  }

  get turn(): Opened["turn"] {
    return (before, last) =>
      TurnView.make(
        this.#life.core,
        this.#lock,
        (reader) =>
          Effect.andThen(
            Effect.forEach(before, (message) => this.#life.link.transmit(message), { discard: true }),
            this.#sendTurn(last, reader)
          ),
        ({ queue }) => InboundPull.make(queue)
      )
  }

  get sendText(): LiveSession["sendText"] {
    return (text) => this.#sendText(text, undefined)
  }

  get sendTurns(): LiveSession["sendTurns"] {
    return (input, { turnComplete = true } = {}) => {
      const contents = Content.fromInput(input)
      const message = ClientMessage.turns(contents, turnComplete)
      return Effect.andThen(
        this.#counted(contents),
        this.#say(message)
      )
    }
  }

  get sendAudio(): LiveSession["sendAudio"] {
    return <E = never, R = never>(
      input: Uint8Array | Stream.Stream<Uint8Array, E, R>,
      { sampleRate = 16_000 }: AudioOptions = {}
    ): Effect.Effect<void, E | LiveError, R> =>
      input instanceof Uint8Array
        ? Effect.suspend(() => this.#sendSound(ClientMessage.audioFrame(input, sampleRate), input))
        : Stream.runForEach(input, (chunk) => {
          const frame = ClientMessage.audioFrame(chunk, sampleRate)
          return Effect.andThen(this.#inTime(this.#life.media.room(frame.length)), this.#sendSound(frame, chunk))
        })
  }

  get sendVideo(): LiveSession["sendVideo"] {
    return (frame, mimeType = "image/jpeg") =>
      Effect.suspend(() => this.#sendFrame(ClientMessage.videoFrame(frame, mimeType)))
  }

  get activityStart(): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      this.#life.loop.active(true)
      return this.#signal({ activityStart: {} })
    })
  }

  get activityEnd(): Effect.Effect<void, LiveError> {
    return Effect.tap(this.#signal({ activityEnd: {} }), () => Effect.sync(() => this.#life.spoke()))
  }

  get audioStreamEnd(): Effect.Effect<void, LiveError> {
    return this.#signal({ audioStreamEnd: true })
  }

  get sendToolResponse(): LiveSession["sendToolResponse"] {
    return (functionResponses) =>
      Effect.suspend(() => {
        for (const { id, name, scheduling } of functionResponses) {
          this.#life.core.answering({ id, name }, scheduling !== "SILENT")
        }
        return this.#say({ toolResponse: { functionResponses } })
      })
  }

  get updateContext(): LiveSession["updateContext"] {
    return (update) => this.#say(ClientMessage.contextUpdate(update))
  }

  get send(): LiveSession["send"] {
    return (message) => this.#say(message)
  }

  get pause(): Effect.Effect<void> {
    return Effect.sync(() => this.#pause(true))
  }

  get resume(): Effect.Effect<void> {
    return Effect.sync(() => this.#pause(false))
  }

  get cancel(): Effect.Effect<void> {
    return Effect.sync(() => this.#life.core.cancel())
  }

  get status(): Effect.Effect<Status> {
    return Effect.sync(() => this.#life.status.now)
  }

  get statusChanges(): Stream.Stream<Status> {
    return this.#life.status.changes
  }

  get health(): Effect.Effect<Health> {
    return Effect.sync(() => {
      const { core, link, loop, media: { queue } } = this.#life
      return {
        roundTrip: loop.roundTrip === undefined ? undefined : Duration.millis(loop.roundTrip),
        connectedAt: loop.connectedAt,
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
        Stream.takeWhile(() => !this.#life.link.isOver)
      )
  }

  get handle(): Effect.Effect<string | undefined> {
    return Effect.sync(() => this.#life.core.turns.handle)
  }

  #pause(isPaused: boolean): void {
    this.#life.loop.pause(isPaused)
    this.#life.status.pause(isPaused)
  }

  /** Sends any message. What it means for the turns is noted before it leaves. */
  #say(message: LiveProtocol.ClientMessage): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      const { core, link, setup } = this.#life
      const { contextUpdate, realtimeInput } = message
      const refused = this.#life.refusal(message)
      if (refused !== undefined) return Effect.fail(refused)
      if (core.isAnswered(message)) return this.#sendTurn(message, undefined)
      if (contextUpdate) setup.update(contextUpdate)
      if (message.clientContent) {
        return this.#inTime(link.use((connection) => {
          const text = LiveProtocol.encode(message)
          core.say(message, link.nextIndex, text.length)
          return Effect.catch(link.write(connection, text), () => link.replaced(connection))
        }))
      }
      if (realtimeInput?.audio || realtimeInput?.mediaChunks) this.#life.sounded(undefined)
      if (realtimeInput?.activityStart) this.#life.loop.active(true)
      if (realtimeInput?.activityEnd) this.#life.spoke()
      // The setup of the next connection has what an update changes, and media is of the moment.
      if (!contextUpdate && !realtimeInput) core.say(message, 0, 0)
      return this.#transmit(message)
    })
  }

  #transmit(message: LiveProtocol.ClientMessage): Effect.Effect<void, LiveError> {
    return this.#inTime(message.toolResponse ? this.#life.respond(message) : this.#life.link.transmit(message))
  }

  /** Ends a wait that is longer than a message may take. */
  #inTime(sending: Effect.Effect<void, LiveError>): Effect.Effect<void, LiveError> {
    const { send } = this.#life.options
    return send === undefined ? sending : Effect.timeoutOrElse(sending, {
      duration: send,
      orElse: () => Effect.fail(this.#life.failure("send", new Reason.TimedOut({ phase: "send" })))
    })
  }

  /** Takes a place in the rolling minute. */
  #counted(contents: ReadonlyArray<Content.Content>): Effect.Effect<void, LiveError> {
    return this.#life.limits.message(
      estimateTokens({ contents }),
      (reason) => this.#life.failure("send", reason)
    )
  }

  #sendText(text: string, reader: Reader | undefined): Effect.Effect<void, LiveError> {
    if (text === "") {
      const fields = [{ field: "text", description: "is empty" }]
      return Effect.fail(this.#life.failure("send", new Reason.InvalidSetup({ fields })))
    }
    const contents = [Content.user(text)]
    const message = ClientMessage.text(text, contents, this.#life.options.textBy)
    return Effect.andThen(this.#counted(contents), this.#sendTurn(message, reader))
  }

  /** Sends a turn that is answered. The turn is noted before it leaves, so that a lost connection finds it. */
  #sendTurn(turn: LiveProtocol.ClientMessage, reader: Reader | undefined): Effect.Effect<void, LiveError> {
    return this.#inTime(this.#life.link.use((connection) => {
      this.#life.core.openTurn(turn, this.#life.link.nextIndex, reader)
      const text = LiveProtocol.encode(turn)
      // A view is told of a lost connection, and has nothing to send meanwhile.
      if (reader !== undefined) return this.#life.link.post(connection, text)
      return Effect.catch(this.#life.link.write(connection, text), () => this.#life.link.replaced(connection))
    }))
  }

  #sendSound(frame: string, pcm: Uint8Array): Effect.Effect<void, LiveError> {
    this.#life.sounded(pcm)
    return this.#sendFrame(frame)
  }

  #sendFrame(frame: string): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      if (this.#life.link.over !== undefined) return Effect.fail(this.#life.link.over)
      this.#life.media.offer(frame)
      return Effect.void
    })
  }

  // This is sent behind the sound that it follows.
  #signal(realtimeInput: NonNullable<LiveProtocol.ClientMessage["realtimeInput"]>): Effect.Effect<void, LiveError> {
    return this.#inTime(
      Effect.andThen(this.#life.media.flushed, Effect.suspend(() => this.#life.link.transmit({ realtimeInput })))
    )
  }
}
