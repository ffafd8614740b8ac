/**
 * The connection that a session has at the moment, if it has one, and sending on whichever that is. A message waits
 * while there is no connection, and fails when there will be none any more.
 */
import * as Effect from "effect/Effect"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type { LiveError } from "../../LiveError.ts"
import type { ConnectionEnd } from "./close.ts"
import type { LiveConnection } from "./LiveConnection.ts"

const nothing = (): undefined => undefined

export class Link {
  connection: LiveConnection | undefined
  readonly sent = { messages: 0, bytes: 0 }
  /** How many messages went to earlier connections. */
  #earlier = 0
  #over: (() => LiveError) | undefined
  #waiting: Array<() => void> = []

  constructor(connection: LiveConnection) {
    this.connection = connection
  }

  /** The number of the next message on its connection, whose setup is message 0. */
  get nextIndex(): number {
    return this.sent.messages - this.#earlier + 1
  }

  /** Tells that the next message is the first one on another connection. */
  renumber(): void {
    this.#earlier = this.sent.messages
  }

  set(connection: LiveConnection | undefined): void {
    this.connection = connection
    this.#change()
  }

  /** Whether there will be no further connection. */
  get isOver(): boolean {
    return this.#over !== undefined
  }

  /** Why there will be no further connection. */
  get over(): LiveError | undefined {
    return this.#over?.()
  }

  end(over: () => LiveError): void {
    this.#over ??= over
    this.connection = undefined
    this.#change()
  }

  #change(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const resume of waiting) resume()
  }

  /** Waits until the connection is another one than this. */
  replaced(connection: LiveConnection | undefined): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      if (this.#over !== undefined) return Effect.fail(this.#over())
      if (this.connection !== connection) return Effect.void
      return Effect.andThen(
        Effect.callback<void>((resume) => {
          // The fiber may have yielded before it waits.
          if (this.#over !== undefined || this.connection !== connection) return resume(Effect.void)
          const done = () => resume(Effect.void)
          this.#waiting.push(done)
          return Effect.sync(() => {
            this.#waiting = this.#waiting.filter((other) => other !== done)
          })
        }),
        this.replaced(connection)
      )
    })
  }

  /** Runs an effect with a connection, once there is one. */
  use<A, E>(f: (connection: LiveConnection) => Effect.Effect<A, E>): Effect.Effect<A, E | LiveError> {
    return Effect.suspend((): Effect.Effect<A, E | LiveError> => {
      if (this.#over !== undefined) return Effect.fail(this.#over())
      return this.connection === undefined
        ? Effect.andThen(this.replaced(undefined), this.use(f))
        : f(this.connection)
    })
  }

  /** Sends on a connection and counts the message. If it does not arrive, the end of the connection tells that. */
  post(connection: LiveConnection, text: string): Effect.Effect<void> {
    this.#count(text)
    connection.post(text)
    return Effect.void
  }

  /**
   * Sends on a connection and counts the message. `done` is called when it has left this process, or with the reason
   * why it will not.
   */
  send(connection: LiveConnection, text: string, done: (ending: ConnectionEnd | undefined) => void): void {
    this.#count(text)
    connection.send(text, done)
  }

  #count(text: string): void {
    this.sent.messages++
    this.sent.bytes += text.length
  }

  /** Sends on a connection, counts the message, and waits until it has left this process. */
  write(connection: LiveConnection, text: string): Effect.Effect<void, ConnectionEnd> {
    return Effect.callback<void, ConnectionEnd>((resume) => {
      this.send(connection, text, (ending) => resume(ending === undefined ? Effect.void : Effect.fail(ending)))
    })
  }

  /**
   * Sends on this connection or on a later one, for messages that must arrive. `refused` says why a message may not go to
   * the connection that there is.
   */
  transmit(
    message: LiveProtocol.ClientMessage,
    refused: () => LiveError | undefined = nothing
  ): Effect.Effect<void, LiveError> {
    const text = LiveProtocol.encode(message)
    const attempt: Effect.Effect<void, LiveError> = this.use((connection) => {
      const refusal = refused()
      return refusal === undefined
        ? Effect.catch(this.write(connection, text), () => Effect.andThen(this.replaced(connection), attempt))
        : Effect.fail(refusal)
    })
    return attempt
  }
}
