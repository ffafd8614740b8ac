/**
 * The connection that a session has at the moment, if it has one, and sending on whichever
 * that is: a message waits while there is none, and fails when there will be no other.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { LiveError } from "../LiveError.ts"
import * as LiveProtocol from "../LiveProtocol.ts"
import type { Ending } from "./liveClose.ts"
import type { Connection } from "./liveConnection.ts"

export class LiveLink {
  connection: Connection | undefined
  /** Why there will be no other connection. */
  over: LiveError | undefined
  readonly sent = { messages: 0, bytes: 0 }
  #changed: Deferred.Deferred<void> = Deferred.makeUnsafe()

  /** The setup is message 0. */
  get nextIndex(): number {
    return this.sent.messages + 1
  }

  set(connection: Connection | undefined): void {
    this.connection = connection
    this.#change()
  }

  end(error: LiveError): void {
    this.over ??= error
    this.connection = undefined
    this.#change()
  }

  #change(): void {
    const changed = this.#changed
    this.#changed = Deferred.makeUnsafe()
    Deferred.doneUnsafe(changed, Effect.void)
  }

  /** Until the connection is another one than this. */
  replaced(connection: Connection | undefined): Effect.Effect<void, LiveError> {
    return Effect.suspend(() => {
      if (this.over !== undefined) return Effect.fail(this.over)
      if (this.connection !== connection) return Effect.void
      return Effect.andThen(Deferred.await(this.#changed), this.replaced(connection))
    })
  }

  /** Runs with a connection, once there is one. */
  use<A, E>(f: (connection: Connection) => Effect.Effect<A, E>): Effect.Effect<A, E | LiveError> {
    return Effect.suspend((): Effect.Effect<A, E | LiveError> => {
      if (this.over !== undefined) return Effect.fail(this.over)
      return this.connection === undefined
        ? Effect.andThen(this.replaced(undefined), this.use(f))
        : f(this.connection)
    })
  }

  /** Sends on a connection, counted. */
  write(connection: Connection, text: string): Effect.Effect<void, Ending> {
    return Effect.suspend(() => {
      this.sent.messages++
      this.sent.bytes += text.length
      return connection.socket.send(text)
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
