/**
 * The handler on a real socket: node:http, nothing but bytes.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { EmulatorError } from "../../EmulatorError.ts"
import type { Exchange, Handler, Incoming } from "./exchange.ts"
import type * as LiveCarrier from "../live/carrier.ts"
import * as NodeWebSocket from "./nodeWebSocket.ts"

const readAll = (request: Http.IncomingMessage): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) => {
    const pieces: Array<Buffer> = []
    request.on("data", (piece: Buffer) => pieces.push(piece))
    request.once("end", () => resume(Effect.succeed(pieces.length === 1 && pieces[0] || Buffer.concat(pieces))))
    // A client that goes away ends the fiber through the response's close event.
    request.once("error", () => undefined)
  })

const readSlowly = Effect.fnUntraced(function*(
  request: Http.IncomingMessage,
  { bytes, millis }: { readonly bytes: number; readonly millis: number }
) {
  const pieces: Array<Buffer> = []
  request.pause()
  while (!request.readableEnded) {
    const piece: Buffer | null = request.read(bytes) ?? request.read()
    if (piece !== null) pieces.push(piece)
    yield* Effect.sleep(millis)
  }
  return Buffer.concat(pieces)
})

const flushed = (response: Http.ServerResponse): Effect.Effect<void> =>
  Effect.callback((resume) => {
    response.once("drain", () => resume(Effect.void))
  })

/** Plays the steps. Never returns while it hangs; a client that goes away interrupts it. */
const play = Effect.fnUntraced(function*(exchange: Exchange, response: Http.ServerResponse) {
  // Headers leave with the first bytes, or before any silence.
  let headWaits = false
  const flushHead = () => {
    if (headWaits) response.flushHeaders()
    headWaits = false
  }
  for (const step of exchange.steps) {
    switch (step._tag) {
      case "Wait":
        flushHead()
        yield* Effect.sleep(step.millis)
        break
      case "Hang":
        flushHead()
        return yield* Effect.never
      case "Head":
        response.writeHead(step.status, step.headers)
        exchange.sentHead(step.status)
        headWaits = true
        break
      case "Bytes": {
        headWaits = false
        const room = response.write(step.bytes)
        exchange.sentBytes(step.bytes.length)
        if (!room) yield* flushed(response)
        break
      }
      case "Break": {
        flushHead()
        exchange.closed(step.how)
        const socket = response.socket
        if (step.how === "reset") socket?.resetAndDestroy()
        // What was written still leaves; then FIN, with the message incomplete.
        else socket?.destroySoon()
        return
      }
    }
  }
  exchange.closed("complete")
  response.end()
})

export const listen = Effect.fnUntraced(function*(options: {
  readonly host: string
  readonly port: number
  readonly handle: Handler
  readonly live: LiveCarrier.Handler
}): Effect.fn.Return<string, EmulatorError, Scope.Scope> {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const connections = new WeakMap<Socket, number>()
  let count = 0
  const answer = (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    const { socket } = request
    const connection = connections.get(socket) ?? count++
    connections.set(socket, connection)
    const headers: Record<string, string | undefined> = {}
    for (const [name, value] of Object.entries(request.headers)) {
      headers[name] = Array.isArray(value) ? value.join(", ") : value
    }
    const incoming: Incoming = {
      verb: request.method ?? "GET",
      url: new URL(`http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`),
      headers,
      connection,
      read: (slow) => slow === undefined ? readAll(request) : readSlowly(request, slow)
    }
    let exchange: Exchange | undefined
    const fiber = run(
      Effect.flatMap(options.handle(incoming), (ready) => {
        exchange = ready
        return play(ready, response)
      }).pipe(
        Effect.onError(() => Effect.sync(() => socket.destroy()))
      )
    )
    response.once("close", () => {
      exchange?.closed("aborted")
      fiber.interruptUnsafe()
    })
  }
  const live = NodeWebSocket.make(options.live, run)
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const server = Http.createServer(answer)
      // Small writes leave at once, so that a chunk is a chunk on the wire.
      // An idle connection is a pool's to close, and a request may come slowly.
      server.keepAliveTimeout = 240_000
      server.requestTimeout = 0
      server.on("connection", (socket) => socket.setNoDelay(true))
      server.on("upgrade", live.upgrade)
      return server
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        live.close()
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const { host, port } = options
  const refuse = (error: Error) => {
    const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {}
    return Effect.fail(new EmulatorError({ host, port, ...code, description: error.message }))
  }
  return yield* Effect.callback<string, EmulatorError>((resume) => {
    server.once("error", (error) => resume(refuse(error)))
    try {
      server.listen(port, host, () => {
        const { address, family, port } = server.address() as AddressInfo
        resume(Effect.succeed(`http://${family === "IPv6" ? `[${address}]` : address}:${port}`))
      })
    } catch (error) {
      // What is no port at all is thrown.
      resume(refuse(error instanceof Error ? error : new Error(String(error))))
    }
  })
})
