/** The Live handler on a real socket, by `ws`, so that frames, masks and close handshakes need not be written again. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { type IncomingMessage, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import { type RawData, type WebSocket, WebSocketServer } from "ws"
import * as Render from "../answers/render.ts"
import type * as Admission from "../door/admission.ts"
import { type Carrier, refusal, type ServerFrame, type Upgrade, type UpgradeHandler } from "../live/carrier.ts"
import * as Entrance from "./entrance.ts"
import * as Front from "./front.ts"
import * as NodeRequest from "./nodeRequest.ts"

/** Above this many unsent bytes the server waits for its client. */
const highWater = 256 * 1024

/** The largest message of a client that is taken, in bytes; `ws` closes with 1009 above it. */
const maxPayload = 32 * 1024 * 1024

const bytesOf = (data: RawData): Uint8Array =>
  Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : data

const write = (ws: WebSocket, { data, fragments }: ServerFrame, done: () => void) => {
  const binary = typeof data !== "string"
  const bytes = Buffer.from(data)
  // A fault may ask for any number of fragments.
  const count = Math.min(fragments, bytes.length)
  if (!(count > 1)) {
    ws.send(data, { binary }, done)
    return
  }
  const size = Math.ceil(bytes.length / count)
  for (let at = 0; at < bytes.length; at += size) {
    const fin = at + size >= bytes.length
    ws.send(bytes.subarray(at, at + size), { binary, fin }, fin ? done : undefined)
  }
}

const carrierOf = (ws: WebSocket, socket: Duplex): Carrier => ({
  send: (frame) =>
    Effect.callback<void>((resume) => {
      const isTight = ws.bufferedAmount > highWater
      write(ws, frame, isTight ? () => resume(Effect.void) : () => undefined)
      if (!isTight) resume(Effect.void)
    }),
  close: (code, reason) => {
    if (code === 1005) ws.close()
    else if (code === 1006 || code === 1015) ws.terminate()
    else ws.close(code, reason)
  },
  destroy: (how) => {
    if (how === "reset") Front.reset(socket)
    else socket.destroy()
  },
  reading: (on) => {
    if (on) ws.resume()
    else ws.pause()
  }
})

const refuse = (socket: Duplex, { body, headers, status }: Extract<Upgrade, { _tag: "Refused" }>) => {
  const bytes = Buffer.concat(body)
  const head = Object.entries({ ...headers, connection: "close", "content-length": String(bytes.length) })
    .map(([name, value]) => `${name}: ${value}\r\n`).join("")
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head}\r\n`)
  socket.end(bytes)
}

export const make = (
  handle: UpgradeHandler,
  admission: ReturnType<typeof Admission.make>,
  run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
) => {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload, autoPong: false })
  const sockets = new Set<Duplex>()

  const converse = (ws: WebSocket, socket: Duplex, connect: Extract<Upgrade, { _tag: "Accepted" }>["connect"]) => {
    const connection = connect(carrierOf(ws, socket))
    ws.on("message", (data, isBinary) => {
      const bytes = bytesOf(data)
      connection.receive(isBinary ? bytes : Buffer.from(bytes).toString("utf8"))
    })
    ws.on("ping", (data) =>
      connection.pinged(() => {
        if (ws.readyState === ws.OPEN) ws.pong(data)
      }))
    ws.on("error", () => undefined)
    // If the session fails, its connection ends, and nothing else does.
    const fiber = run(Effect.onError(connection.run, () => Effect.sync(() => ws.terminate())))
    ws.once("close", (code, reason) => {
      connection.gone(code, reason.toString("utf8"))
      fiber.interruptUnsafe()
    })
  }

  /** Node calls this outside of any fiber, so anything that it threw would end the process. */
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // The client may be gone before it is answered.
    socket.on("error", () => undefined)
    const answer = Effect.suspend(() => {
      const url = NodeRequest.urlOf(request)
      if (url === undefined) return Effect.succeed(refusal(Render.malformed()))
      const turned = admission(Entrance.asked(request, url, { isUpgrade: true }))
      if (turned !== undefined) return Effect.succeed(refusal(Entrance.turnedAway(turned, url)))
      return handle({ url, headers: NodeRequest.headersOf(request) })
    })
    const fiber = run(
      Effect.map(answer, (answer) => {
        if (answer._tag === "Refused") refuse(socket, answer)
        else server.handleUpgrade(request, socket, head, (ws) => converse(ws, socket, answer.connect))
      }).pipe(
        Effect.onError(() => Effect.sync(() => socket.destroy()))
      )
    )
    sockets.add(socket)
    socket.once("close", () => {
      sockets.delete(socket)
      fiber.interruptUnsafe()
    })
  }
  return {
    upgrade,
    /** Ends all open connections: node's server waits for all of them, but does not know those that were upgraded. */
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    }
  }
}
