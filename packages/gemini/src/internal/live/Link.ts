/**
 * The connection that a session has at the moment, if it has one, and sending on whichever
 * that is: a message waits while there is none, and fails when there will be no other.
 */
import * as Effect from "effect/Effect"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type { LiveError } from "../../LiveError.ts"
import type { Ending } from "./close.ts"
import type { Connection } from "./Connection.ts"

export class Link {
  connection: Connection | undefined
  readonly sent = { messages: 0, bytes: 0 }
  #over: (() => LiveError) | undefined
  #waiting: Array<() => void> = []

  constructor(connection: Connection) {
    this.connection = connection
  }

  /** The setup is message 0. */
  get nextIndex(): number {
    return this.sent.messages + 1
  }

  set(connection: Connection | undefined): void {
    this.connection = connection
    this.#change()
  }

  /** Whether there will be no other connection. */
  get isOver(): boolean {
    return this.#over !== undefined
  }

  /** Why there will be none. */
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

  /** Until the connection is another one than this. */
  replaced(connection: Connection | undefined): Effect.Effect<void, LiveError> {
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

  /** Runs with a connection, once there is one. */
  use<A, E>(f: (connection: Connection) => Effect.Effect<A, E>): Effect.Effect<A, E | LiveError> {
    return Effect.suspend((): Effect.Effect<A, E | LiveError> => {
      if (this.#over !== undefined) return Effect.fail(this.#over())
      return this.connection === undefined
        ? Effect.andThen(this.replaced(undefined), this.use(f))
        : f(this.connection)
    })
  }

  /** Sends on a connection, counted. The end of the connection tells of what does not arrive. */
  post(connection: Connection, text: string): Effect.Effect<void> {
    this.#count(text)
    connection.post(text)
    return Effect.void
  }

  /** Sends on a connection, counted. `done` is called when it has left this process, or with why it will not. */
  send(connection: Connection, text: string, done: (ending: Ending | undefined) => void): void {
    this.#count(text)
    connection.send(text, done)
  }

  #count(text: string): void {
    this.sent.messages++
    this.sent.bytes += text.length
  }

  /** Sends on a connection, counted, until it has left this process. */
  write(connection: Connection, text: string): Effect.Effect<void, Ending> {
    return Effect.callback<void, Ending>((resume) => {
      this.send(connection, text, (ending) => resume(ending === undefined ? Effect.void : Effect.fail(ending)))
    })
  }

  /** Sends on this connection or on a later one: what has to arrive. */
  transmit(message: LiveProtocol.ClientMessage): Effect.Effect<void, LiveError> {
    const text = LiveProtocol.encode(message)
    const attempt: Effect.Effect<void, LiveError> = this.use((connection) =>
      Effect.catch(this.write(connection, text), () => Effect.andThen(this.replaced(connection), attempt))
    )
    return attempt
  }
}
