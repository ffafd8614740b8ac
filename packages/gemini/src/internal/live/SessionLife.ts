/**
 * The life of one session: the parts that it is made of, how they begin, and their one end, whoever brings it about.
 * `SessionOperations` is what a caller does with them.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Reason from "../../errors/LiveErrorReason.ts"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type * as LiveTools from "../../live/LiveTools.ts"
import { LiveError } from "../../LiveError.ts"
import type { FunctionCall } from "../../wire/Part.ts"
import type { TurnHooks } from "../telemetry/recorder.ts"
import type * as LiveClose from "./close.ts"
import type * as CoreOptions from "./coreOptions.ts"
import { Link } from "./Link.ts"
import type { LiveConnection, Restore } from "./LiveConnection.ts"
import * as Loop from "./Loop.ts"
import { Media } from "./Media.ts"
import { SessionCore } from "./SessionCore.ts"
import type { LiveLimits } from "./sessionLimits.ts"
import type { SessionSetup } from "./SessionSetup.ts"
import { SessionStatus } from "./SessionStatus.ts"
import { Settling } from "./Settling.ts"
import * as ToolRunner from "./ToolRunner.ts"

/** The same for all sessions of the same options, so that it is made once. */
export interface Options extends Loop.Options, CoreOptions.Options {
  /** Dials with a setup, and with the handle that restores the state. Whoever gets the connection must close it. */
  readonly dial: (
    setup: SessionSetup,
    handle: string | undefined,
    restore: Restore
  ) => Effect.Effect<LiveConnection, LiveClose.CloseVerdict>
  readonly resumeFrom: string | undefined
  readonly toolConcurrency: number
  readonly scheduling: boolean
  readonly textBy: "realtimeInput" | "clientContent"
  readonly mediaLimit: number
  /** How long a message may wait to be sent. */
  readonly send: Duration.Input | undefined
  /** Whether the model waits for the answer of a function of a setup before it goes on. */
  readonly waitsFor: (setup: SessionSetup, name: string) => boolean
}

/** What belongs to one session. */
export interface Own {
  readonly setup: SessionSetup
  readonly limits: LiveLimits
  readonly tools: LiveTools.LiveTools | undefined
  /** Who measures the turns, if anybody does. */
  readonly turns: TurnHooks | undefined
}

export class SessionLife implements Loop.Owner, CoreOptions.Hooks {
  readonly options: Options
  readonly #own: Own
  readonly link: Link
  readonly core: SessionCore
  readonly loop: Loop.Loop
  /** What is said by sound and pictures, from the first of them on. */
  #media: Media | undefined
  readonly status: SessionStatus
  readonly #first: LiveConnection
  readonly #settling: Settling
  /** Closes when the session has ended; what that takes is in its finalizers. */
  readonly scope: Scope.Closeable
  /** What the session holds: its permit, and the tools that run. */
  readonly #work: Scope.Closeable
  #tools: ToolRunner.ToolRunner | undefined
  #isBetween = false

  constructor(
    options: Options,
    own: Own,
    /** The handle of the state from which it goes on. */
    handle: string | undefined,
    first: LiveConnection,
    scope: Scope.Closeable,
    work: Scope.Closeable,
    fiber: Fiber.Fiber<unknown, unknown>
  ) {
    this.options = options
    this.#own = own
    this.#first = first
    this.scope = scope
    this.#work = work
    this.link = new Link(first)
    this.status = new SessionStatus(first.sessionId)
    this.core = new SessionCore(options, this, handle)
    this.#settling = new Settling(fiber.getRef(Clock.Clock), fiber.context, this.core)
    this.loop = new Loop.Loop(options, this, this.core, this.link, fiber)
  }

  get media(): Media {
    return this.#media ??= new Media(this.link, this.options.mediaLimit, this.#isBetween)
  }

  get setup(): SessionSetup {
    return this.#own.setup
  }

  get limits(): LiveLimits {
    return this.#own.limits
  }

  dial(handle: string | undefined, restore: Restore): ReturnType<Options["dial"]> {
    return this.options.dial(this.setup, handle, restore)
  }

  waitsFor(name: string): boolean {
    return this.options.waitsFor(this.setup, name)
  }

  /** Begins to read. What happens at the end is set up before. */
  get begin(): Effect.Effect<void> {
    const { scheduling, toolConcurrency } = this.options
    const { tools } = this.#own
    const read = Effect.map(
      Scope.addFinalizerExit(this.scope, () => this.#leave()),
      () => this.loop.begin(this.#first)
    )
    if (tools === undefined) return read
    const runner = ToolRunner.make({
      tools,
      concurrency: toolConcurrency,
      scheduling,
      answer: (response, speaks) =>
        Effect.suspend(() => {
          this.core.answering(response, speaks)
          return Effect.ignore(this.respond({ toolResponse: { functionResponses: [response] } }))
        }),
      onIdle: () => {
        this.loop.wait()
        this.quiet()
      }
    })
    return Effect.flatMap(Scope.provide(runner, this.#work), (runner) => {
      this.#tools = runner
      return read
    })
  }

  toolCall(calls: ReadonlyArray<FunctionCall>): void {
    this.#tools?.run(calls)
  }

  toolCancel(ids: ReadonlyArray<string>): void {
    this.#tools?.cancel(ids)
  }

  toolLost(calls: ReadonlyArray<FunctionCall>): void {
    this.#tools?.lose(calls)
    const ids = calls.flatMap(({ id }) => id ? [id] : [])
    if (ids.length > 0) this.core.emit({ _tag: "ToolCallCancellation", ids })
  }

  /** Why answers of functions may not be sent: their calls belong to a connection that is gone. */
  refusal({ toolResponse }: LiveProtocol.ClientMessage): LiveError | undefined {
    const fields = (toolResponse?.functionResponses ?? []).flatMap((response, index) =>
      this.core.calls.isGone(response)
        ? [{
          field: `toolResponse.functionResponses[${index}].id`,
          description: "the connection of this call is gone, and the one of now did not ask for it"
        }]
        : []
    )
    return fields.length === 0 ? undefined : this.failure("send", new Reason.InvalidSetup({ fields }))
  }

  /** Sends answers of functions, on the connection that asked for them. */
  respond(message: LiveProtocol.ClientMessage): Effect.Effect<void, LiveError> {
    const answered = Effect.sync(() => {
      for (const response of message.toolResponse?.functionResponses ?? []) this.core.calls.answered(response)
      this.loop.wait()
      this.quiet()
    })
    const sent = this.core.notesAnswers
      ? this.#say(message)
      : this.link.transmit(message, () => this.refusal(message))
    return Effect.andThen(sent, answered)
  }

  /** Sends answers that are noted, so that they are said again if the connection is lost before the server has read them. */
  #say(message: LiveProtocol.ClientMessage): Effect.Effect<void, LiveError> {
    return this.link.use((connection) => {
      const refusal = this.refusal(message)
      if (refusal !== undefined) return Effect.fail(refusal)
      const text = LiveProtocol.encode(message)
      this.core.note(message, this.link.nextIndex, text.length)
      return Effect.catch(this.link.write(connection, text), () => this.link.replaced(connection))
    })
  }

  awaited(calls: ReadonlyArray<FunctionCall>): ReadonlyArray<FunctionCall> {
    return this.#tools?.awaited(calls) ?? []
  }

  settleWithin(millis: number | undefined): void {
    this.#settling.within(millis)
  }

  goAway(timeLeft: number | undefined): void {
    this.loop.goAway(timeLeft)
  }

  quiet(): void {
    this.loop.leave()
  }

  turnOpened(turn: object): void {
    this.loop.wait()
    this.#own.turns?.turnOpened(turn)
  }

  turnBegun(turn: object): void {
    this.#own.turns?.turnBegun(turn)
  }

  between(isBetween: boolean): void {
    this.#isBetween = isBetween
    this.#media?.between(isBetween)
  }

  /** Sound leaves; `pcm` are its samples, where they are known. */
  sounded(pcm: Uint8Array | undefined): void {
    this.core.sounded()
    this.loop.sounded(pcm)
  }

  /** The program says that the user has ended speaking. */
  spoke(): void {
    this.core.heard()
    this.loop.active(false)
  }

  pendingTools(): number {
    return Math.max(this.#tools?.pending() ?? 0, this.core.calls.size)
  }

  end(error: LiveError): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.andThen(this.#close(error), Effect.suspend(() => Scope.close(this.scope, Exit.void)))
    )
  }

  failure(method: string, reason: Reason.LiveErrorReason): LiveError {
    return new LiveError({ method, model: this.options.model, reason })
  }

  /** Closes because the caller's scope does. */
  #leave(): Effect.Effect<void> {
    const stopped = this.loop.stop()
    return stopped === undefined
      ? this.#close(undefined)
      : Effect.andThen(stopped, Effect.suspend(() => this.#close(undefined)))
  }

  /**
   * Closes once: those who wait are told, and the result closes the connection, interrupts running tools, and gives the
   * permit back.
   */
  #close(error: LiveError | undefined): Effect.Effect<void> {
    const { connection } = this.link
    if (this.link.isOver) return Effect.void
    // The error is made only when somebody asks, because it has a stack and mostly nobody asks.
    const over = () => error ?? this.failure("session", new Reason.SessionClosed())
    this.link.end(over)
    this.between(false)
    this.#media?.wake()
    this.status.close(error)
    this.core.end(error, over)
    this.#settling.stop()
    const released = Effect.suspend(() => Scope.closeUnsafe(this.#work, Exit.void) ?? Effect.void)
    return connection === undefined ? released : Effect.andThen(connection.close(), released)
  }
}
