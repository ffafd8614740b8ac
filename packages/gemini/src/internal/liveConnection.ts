/**
 * Dial and handshake: a WebSocket on which the server has said `setupComplete`.
 *
 * Messages that come before it (the API sends none, a proxy may) are kept in order.
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type * as Socket from "effect/socket/Socket"
import type { LiveErrorReason } from "../LiveErrorReason.ts"
import * as Reason from "../LiveErrorReason.ts"
import * as LiveProtocol from "../LiveProtocol.ts"
import * as LiveClose from "./liveClose.ts"
import type { Endpoint } from "./liveEndpoint.ts"
import * as LiveSocket from "./liveSocket.ts"

export interface Options {
  readonly construct: Socket.WebSocketConstructor["Service"]
  readonly endpoint: Endpoint
  /** In milliseconds. */
  readonly connect: number
  /** From the setup to its `setupComplete`, in milliseconds. */
  readonly setup: number
  readonly readAhead: number
}

export interface Connection {
  readonly socket: LiveSocket.LiveSocket
  readonly sessionId: string | undefined
  /** Frames that came in one read with `setupComplete`. */
  readonly early: ReadonlyArray<string | Uint8Array>
  /** Ends the connection; cleanly where that is possible. */
  readonly close: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>
}

const ours = (reason: LiveErrorReason, mayRedial: boolean): LiveClose.Ending => ({ _tag: "Ours", reason, mayRedial })

const readSetupComplete = (
  socket: LiveSocket.LiveSocket,
  early: Array<string | Uint8Array>
): Effect.Effect<{ readonly sessionId: string | undefined }, LiveClose.Ending> =>
  Effect.flatMap(socket.pull, (frames) => {
    let found: { readonly sessionId: string | undefined } | undefined
    for (const frame of frames) {
      if (found !== undefined) {
        early.push(frame)
        continue
      }
      const message = LiveProtocol.decode(frame)
      if (Result.isFailure(message)) {
        const { expected, path } = message.failure
        return Effect.fail(ours(new Reason.InvalidServerMessage({ path, expected }), false))
      }
      const { setupComplete } = message.success
      if (setupComplete) found = { sessionId: setupComplete.sessionId ?? undefined }
      else early.push(frame)
    }
    return found === undefined ? readSetupComplete(socket, early) : Effect.succeed(found)
  })

/** The scope owns the connection, unless `close` ends it before. */
export const open = (
  options: Options,
  setup: LiveProtocol.Setup
): Effect.Effect<Connection, LiveClose.Verdict, Scope.Scope> =>
  Effect.uninterruptibleMask(Effect.fnUntraced(function*(restore) {
    const scope = yield* Scope.fork(yield* Effect.scope)
    const dialled = Scope.provide(
      LiveSocket.open(options.construct, options.endpoint, options),
      scope
    )
    const early: Array<string | Uint8Array> = []
    const shaken = Effect.flatMap(dialled, (socket) =>
      Effect.andThen(
        socket.send(LiveProtocol.encode({ setup })),
        readSetupComplete(socket, early)
      ).pipe(
        // A refusal may be on its way while the setup is still being written.
        Effect.catchTag("Broken", (ending) => Effect.andThen(socket.pull, Effect.fail(ending))),
        Effect.timeoutOrElse({
          duration: options.setup,
          orElse: () => {
            const ending = ours(new Reason.TimedOut({ phase: "setup" }), true)
            return Effect.andThen(socket.abort(ending), Effect.fail(ending))
          }
        }),
        Effect.map(({ sessionId }): Connection => ({
          socket,
          sessionId,
          early,
          close: (exit) => Scope.close(scope, exit)
        }))
      ))
    return yield* restore(shaken).pipe(
      Effect.mapError((ending) => LiveClose.verdict(ending, { isSetUp: false, goAway: undefined })),
      Effect.onExit((exit) => exit._tag === "Failure" ? Scope.close(scope, exit) : Effect.void)
    )
  }))
