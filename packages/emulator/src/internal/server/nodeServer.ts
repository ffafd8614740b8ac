/** The handler on a real socket, by node:http. It moves bytes and nothing else. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo, Server, Socket } from "node:net"
import { EmulatorError } from "../../EmulatorError.ts"
import * as Render from "../answers/render.ts"
import type * as Admission from "../door/admission.ts"
import type { Certificate } from "../door/certificate.ts"
import type * as LiveCarrier from "../live/carrier.ts"
import * as Entrance from "./entrance.ts"
import * as Exchange from "./exchange.ts"
import * as Front from "./front.ts"
import * as NodeRequest from "./nodeRequest.ts"
import * as NodeWebSocket from "./nodeWebSocket.ts"

/** Reads the body. If the client goes away, the response's close event ends this fiber. */
const readAll = (request: Http.IncomingMessage): Effect.Effect<Uint8Array> =>
  Effect.callback((resume) => {
    const pieces: Array<Buffer> = []
    let size = 0
    request.on("data", (piece: Buffer) => {
      // As much is kept as shows that it is too much. The rest is read and dropped, so that the client hears the
      // refusal.
      if (size <= Exchange.bodyLimit) pieces.push(piece)
      size += piece.length
    })
    request.once("end", () => resume(Effect.succeed(pieces.length === 1 && pieces[0] || Buffer.concat(pieces))))
  })

const readSlowly = Effect.fnUntraced(function*(
  request: Http.IncomingMessage,
  { bytes, millis }: { readonly bytes: number; readonly millis: number }
) {
  const pieces: Array<Buffer> = []
  let size = 0
  request.pause()
  while (!request.readableEnded) {
    const piece: Buffer | null = request.read(bytes) ?? request.read()
    if (piece !== null && size <= Exchange.bodyLimit) pieces.push(piece)
    size += piece?.length ?? 0
    yield* Effect.sleep(millis)
  }
  return Buffer.concat(pieces)
})

const readable = (request: Http.IncomingMessage): Effect.Effect<void> =>
  Effect.callback((resume) => {
    const leave = () => request.off("readable", go).off("end", go)
    const go = () => {
      leave()
      resume(Effect.void)
    }
    request.on("readable", go).on("end", go)
    return Effect.sync(leave)
  })

/** If the client goes away, the response's close event ends this fiber. */
const readPieces = Effect.fnUntraced(function*(
  request: Http.IncomingMessage,
  use: (piece: Uint8Array) => boolean
) {
  while (!request.readableEnded) {
    const piece: Buffer | null = request.read()
    if (piece === null) yield* readable(request)
    else if (!use(piece)) return
  }
})

const flushed = (response: Http.ServerResponse): Effect.Effect<void> =>
  Effect.callback((resume) => {
    response.once("drain", () => resume(Effect.void))
  })

/** Plays the steps. It does not return while the connection hangs; a client that goes away interrupts it. */
const play = Effect.fnUntraced(function*(exchange: Exchange.Exchange, response: Http.ServerResponse) {
  // Headers leave with the first bytes, or before any silence.
  let headWaits = false
  const flushHead = () => {
    if (headWaits) response.flushHeaders()
    headWaits = false
  }
  let steps = exchange.steps[Symbol.iterator]()
  for (let next = steps.next(); next.done !== true; next = steps.next()) {
    const step = next.value
    switch (step._tag) {
      case "More":
        flushHead()
        steps = (yield* step.next)[Symbol.iterator]()
        break
      case "Wait":
        flushHead()
        yield* exchange.sleep(step.millis)
        break
      case "Hang":
        flushHead()
        return yield* Effect.never
      case "Head":
        response.writeHead(step.status, step.headers)
        exchange.sentHead(step.status, step.headers)
        headWaits = true
        break
      case "Bytes": {
        headWaits = false
        const room = response.write(step.bytes)
        exchange.sentBytes(step.bytes)
        if (!room) yield* flushed(response)
        break
      }
      case "Break": {
        flushHead()
        exchange.closed(step.how)
        if (step.how === "reset") Front.reset(response.socket)
        // What was written still leaves; then the connection is closed (FIN) with the message incomplete.
        else response.socket?.destroySoon()
        return
      }
    }
  }
  exchange.closed("complete")
  response.end()
})

/** Ends a response of which a step cannot be written: a fault made up a bad header, or a script's iterable throws. */
const spoil = (response: Http.ServerResponse, defect: unknown) => {
  if (response.headersSent) response.destroy()
  else response.writeHead(500, { "content-type": "text/plain; charset=UTF-8" }).end(`The emulator failed: ${defect}\n`)
}

/** An address as a URL has it. Where all of this machine's are listened on, it is the one that reaches only itself. */
const callable = (address: string): string => {
  if (address === "0.0.0.0") return "127.0.0.1"
  if (address === "::") return "[::1]"
  return address.includes(":") ? `[${address}]` : address
}

export const listen = Effect.fnUntraced(function*(options: {
  readonly host: string
  readonly port: number
  readonly handle: Exchange.Handler
  readonly live: LiveCarrier.UpgradeHandler
  /** Takes the requests that are meant for the emulator itself. */
  readonly admin?: {
    readonly takes: (request: Http.IncomingMessage) => boolean
    readonly answer: (request: Http.IncomingMessage, response: Http.ServerResponse) => void
  }
  /** False: the process may end while it listens. */
  readonly keepsProcess?: boolean | undefined
  /** Who may come in. */
  readonly admission: ReturnType<typeof Admission.make>
  /** With one the port takes TLS as well. */
  readonly certificate?: Certificate | undefined
}): Effect.fn.Return<string, EmulatorError, Scope.Scope> {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const connections = new WeakMap<Socket, number>()
  let count = 0
  /** Node calls this outside of any fiber, so anything that it threw would end the process. */
  const answer = (request: Http.IncomingMessage, response: Http.ServerResponse) => {
    const { socket } = request
    let exchange: Exchange.Exchange | undefined
    request.on("error", () => undefined)
    response.on("error", () => undefined)
    const read = Effect.suspend((): Effect.Effect<Exchange.Exchange | undefined> => {
      const { admin } = options
      const isAdmin = admin?.takes(request) === true
      const url = NodeRequest.urlOf(request)
      if (url === undefined) return Effect.succeed(Exchange.unseen(Render.malformed()))
      const turned = options.admission(Entrance.asked(request, url, { isOwn: isAdmin }))
      if (turned !== undefined) return Effect.succeed(Exchange.unseen(Entrance.turnedAway(turned, url, isAdmin)))
      if (isAdmin) {
        Entrance.seal(response)
        admin.answer(request, response)
        return Effect.succeed(undefined)
      }
      const connection = connections.get(socket) ?? count++
      connections.set(socket, connection)
      return Effect.map(
        options.handle({
          verb: request.method ?? "GET",
          url,
          headers: NodeRequest.headersOf(request),
          connection,
          read: (slow) => slow === undefined ? readAll(request) : readSlowly(request, slow),
          pieces: (use) => readPieces(request, use)
        }),
        (exchange) => Entrance.sealed(exchange, request, url)
      )
    })
    const fiber = run(
      Effect.flatMap(read, (ready) => {
        exchange = ready
        return ready === undefined ? Effect.void : play(ready, response)
      }).pipe(
        Effect.catchDefect((defect) => Effect.sync(() => spoil(response, defect)))
      )
    )
    response.once("close", () => {
      exchange?.closed("aborted")
      fiber.interruptUnsafe()
    })
  }
  const live = NodeWebSocket.make(options.live, options.admission, run)
  const server = yield* Effect.acquireRelease(
    Effect.sync((): Front.Front => {
      const server = Http.createServer(answer)
      // Small writes leave at once, so that a chunk is a chunk on the wire. Idle connections are closed by the client's
      // pool, and a request may come slowly.
      server.keepAliveTimeout = 240_000
      server.requestTimeout = 0
      server.on("connection", (socket: Socket) => {
        socket.setNoDelay(true)
        if (options.keepsProcess === false) socket.unref()
      })
      server.on("upgrade", live.upgrade)
      const { certificate } = options
      const front = certificate === undefined ? undefined : Front.make(server, certificate)
      return {
        server: front?.server ?? server,
        close: () => {
          server.closeAllConnections()
          front?.close()
        }
      }
    }),
    (front) =>
      Effect.callback<void>((resume) => {
        live.close()
        front.server.close(() => resume(Effect.void))
        front.close()
      })
  )
  const { host, port } = options
  const refuse = (error: Error) => {
    const code = "code" in error && typeof error.code === "string" ? { code: error.code } : {}
    return Effect.fail(new EmulatorError({ host, port, ...code, description: error.message }))
  }
  return yield* Effect.callback<string, EmulatorError>((resume) => {
    // A later error, such as a connection for which no descriptor is left, ends nothing.
    const listening: Server = server.server
    listening.on("error", (error) => resume(refuse(error)))
    try {
      listening.listen(port, host, () => {
        if (options.keepsProcess === false) listening.unref()
        const { address, port } = listening.address() as AddressInfo
        resume(Effect.succeed(`http://${callable(address)}:${port}`))
      })
    } catch (error) {
      // Node throws for a value that cannot be a port.
      resume(refuse(error instanceof Error ? error : new Error(String(error))))
    }
  })
})
