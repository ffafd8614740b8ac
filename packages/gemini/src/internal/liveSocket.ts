/**
 * One WebSocket: ours to send on, to pause and to end, lent to Effect's Socket for
 * reading. `Socket`'s own writer has no backpressure, and a write after the peer closed
 * succeeds and is lost (effect 4.1.0, measured): so sending goes by the send callback
 * where there is one, and by `bufferedAmount` elsewhere.
 *
 * What `ws` can do and a browser's WebSocket cannot is looked for on the object, so that
 * any constructor fits.
 */
import type * as Arr from "effect/Array"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Socket from "effect/socket/Socket"
import type { Ending } from "./liveClose.ts"
import type { Endpoint } from "./liveEndpoint.ts"
import { withoutKey } from "./wireError.ts"

/** What `ws` adds to the platform's WebSocket. */
interface NodeSocket extends Socket.WebSocketLike {
  readonly bufferedAmount: number
  readonly isPaused: boolean
  send(data: string, done?: (error?: Error | null) => void): void
  ping(): void
  on(event: "pong", listener: () => void): void
  terminate(): void
}

const isNodeSocket = (ws: Socket.WebSocketLike): ws is NodeSocket =>
  ["terminate", "ping", "on"].every((name) => name in ws && typeof Reflect.get(ws, name) === "function")

export interface Options {
  readonly connect: Duration.Input
  /** Bytes that wait unread before the transport is paused, where it can be. */
  readonly readAhead: number
}

export interface LiveSocket {
  /** The next frames; fails when the connection has ended. */
  readonly pull: Effect.Effect<Arr.NonEmptyReadonlyArray<string | Uint8Array>, Ending>
  /** Resumes when the frame has left this process, as far as the platform tells. */
  readonly send: (text: string) => Effect.Effect<void, Ending>
  /** Bytes handed over and not yet sent; 0 where the platform does not say. */
  readonly buffered: () => number
  /** Sends a ping, where pings are to be had; the pong calls `onPong`. */
  readonly ping: (() => void) | undefined
  onPong: () => void
  /** Whether the transport reads nothing at the moment, and so sees no pong. */
  readonly isPaused: () => boolean
  /** Ends it at once, without a handshake. The reader hears of it as this ending. */
  readonly abort: (ending: Ending) => Effect.Effect<void>
  /** Reads nothing more, so that it may be closed cleanly. The reader hears of it as this ending. */
  readonly leave: (ending: Ending) => Effect.Effect<void>
}

/** How long a close handshake may take before the connection is cut. */
const grace = "1 second"

/** Above this many unsent bytes a sender waits, where there is no callback to wait for. */
const highWater = 1 << 20

const textOf = (value: unknown, key: string): string | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  const found: unknown = Reflect.get(value, key)
  return typeof found === "string" && found !== "" ? found : undefined
}

/** The system's code and words behind an error event, never the address. */
const systemError = (event: unknown): { readonly code?: string; readonly description?: string } => {
  const error: unknown = typeof event === "object" && event !== null ? Reflect.get(event, "error") ?? event : event
  const code = textOf(error, "code")
  if (code === undefined) return {}
  const message = textOf(error, "message")
  return message === undefined || message.includes("://") ? { code } : { code, description: message }
}

const upgradeStatus = (event: unknown): number | undefined => {
  const status = /Unexpected server response: (\d{3})/.exec(textOf(event, "message") ?? "")?.[1]
  return status === undefined ? undefined : Number(status)
}

const endingOf = (error: Socket.SocketError, key: string): Ending => {
  const { reason } = error
  switch (reason._tag) {
    case "SocketCloseError":
      return { _tag: "Closed", code: reason.code, text: withoutKey(reason.closeReason ?? "", key) }
    case "SocketOpenError": {
      if (reason.kind === "Timeout") return { _tag: "Timeout" }
      const status = upgradeStatus(reason.cause)
      if (status !== undefined) return { _tag: "Refused", status }
      return { _tag: "Unreachable", ...systemError(reason.cause) }
    }
    default:
      return { _tag: "Broken", ...systemError("cause" in reason ? reason.cause : undefined) }
  }
}

const closedHere: Ending = { _tag: "Closed", code: 1006, text: "" }

const bufferedOf = (ws: Socket.WebSocketLike): number => {
  const amount: unknown = "bufferedAmount" in ws ? ws.bufferedAmount : 0
  return typeof amount === "number" ? amount : 0
}

const isOver = (ws: Socket.WebSocketLike): boolean => ws.readyState === 3

/** The close handshake, within the grace; by force where it is in vain. */
const release = (ws: Socket.WebSocketLike, isInVain: () => boolean): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (isOver(ws)) return Effect.void
    const force = Effect.sync(() => {
      if (isNodeSocket(ws)) ws.terminate()
    })
    if (isInVain() || ws.readyState === 0) return Effect.andThen(Effect.sync(() => ws.close()), force)
    const closed = Effect.callback<void>((resume) => {
      const onClose = () => resume(Effect.void)
      ws.addEventListener("close", onClose, { once: true })
      ws.close(1000)
      return Effect.sync(() => ws.removeEventListener("close", onClose))
    })
    return Effect.timeoutOrElse(closed, { duration: grace, orElse: () => force })
  })

/**
 * Dials. The scope owns the connection: closing it closes cleanly, within a second, and
 * then by force.
 */
export const open = Effect.fnUntraced(function*(
  construct: Socket.WebSocketConstructor["Service"],
  endpoint: Endpoint,
  options: Options
): Effect.fn.Return<LiveSocket, Ending, Scope.Scope> {
  const key = Redacted.value(endpoint.secret)
  const headers = Redacted.value(endpoint.headers)
  const scope = yield* Effect.scope
  let ended: Ending | undefined
  let isInVain = false

  const dial = Effect.try({
    try: () => {
      const ws = construct(Redacted.value(endpoint.url), headers === undefined ? undefined : { headers })
      // Heard by nobody, an error event of `ws` would end the process.
      ws.addEventListener("error", () => undefined)
      return ws
    },
    // Its message would quote the address.
    catch: (): Ending => ({
      _tag: "Unreachable",
      description: headers === undefined
        ? "the WebSocket cannot be made: look at baseUrl"
        : "the WebSocket cannot be made: look at baseUrl, and whether this platform sends headers (keyInUrl, or a token)"
    })
  })
  const ws = yield* Effect.acquireRelease(dial, (ws) => release(ws, () => isInVain))
  const node = isNodeSocket(ws) ? ws : undefined

  // A scope of its own, so that the reader is let go before the close handshake.
  const readScope = yield* Scope.fork(scope)
  const socket = yield* Socket.fromWebSocket(Effect.succeed(ws), {
    openTimeout: options.connect,
    highWaterMark: options.readAhead
  })
  const { pull } = yield* Effect.mapError(
    Scope.provide(socket.reader, readScope),
    (error) => ended = endingOf(error, key)
  )

  const drained: Effect.Effect<void> = Effect.suspend(() =>
    ws.readyState !== 1 || bufferedOf(ws) <= highWater ? Effect.void : Effect.andThen(Effect.sleep("5 millis"), drained)
  )

  const live: LiveSocket = {
    pull: Effect.mapError(pull, (error) => ended ??= endingOf(error, key)),
    send: (text) =>
      Effect.suspend(() => {
        if (ended !== undefined || ws.readyState !== 1) return Effect.fail(ended ?? closedHere)
        if (node === undefined) {
          ws.send(text)
          return drained
        }
        return Effect.callback<void, Ending>((resume) => {
          node.send(text, (error) => {
            resume(error ? Effect.fail<Ending>(ended ?? { _tag: "Broken", ...systemError(error) }) : Effect.void)
          })
        })
      }),
    buffered: () => bufferedOf(ws),
    ping: node === undefined ? undefined : () => {
      if (node.readyState === 1) node.ping()
    },
    onPong: () => undefined,
    isPaused: () => node?.isPaused === true,
    abort: (ending) =>
      Effect.suspend(() => {
        ended ??= ending
        isInVain = true
        if (node === undefined) ws.close()
        else node.terminate()
        return Scope.close(readScope, Exit.void)
      }),
    leave: (ending) =>
      Effect.suspend(() => {
        ended ??= ending
        return Scope.close(readScope, Exit.void)
      })
  }
  node?.on("pong", () => live.onPong())
  return live
})
