/**
 * The Live handler on a real socket: `ws`, because frames, masks and close handshakes are not
 * ours to write again.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import { type IncomingMessage, STATUS_CODES } from "node:http"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import { type RawData, type WebSocket, WebSocketServer } from "ws"
import type { Carrier, Frame, Handler, Upgrade } from "../live/carrier.ts"

/** Above this many unsent bytes the server waits for its client. */
const highWater = 256 * 1024

const bytesOf = (data: RawData): Uint8Array =>
  Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : data

const write = (ws: WebSocket, { data, fragments }: Frame, done: () => void) => {
  const binary = typeof data !== "string"
  if (fragments <= 1) {
    ws.send(data, { binary }, done)
    return
  }
  const bytes = Buffer.from(data)
  const size = Math.ceil(bytes.length / fragments)
  for (let i = 0; i < fragments; i++) {
    const fin = i === fragments - 1
    ws.send(bytes.subarray(i * size, (i + 1) * size), { binary, fin }, fin ? done : undefined)
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
    if (how === "reset" && socket instanceof Socket) socket.resetAndDestroy()
    else socket.destroy()
  },
  reading: (on) => {
    if (on) ws.resume()
    else ws.pause()
  }
})

const refuse = (socket: Duplex, { body, headers, status }: Extract<Upgrade, { _tag: "Refused" }>) => {
  const bytes = Buffer.from(body)
  const head = Object.entries({ ...headers, connection: "close", "content-length": String(bytes.length) })
    .map(([name, value]) => `${name}: ${value}\r\n`).join("")
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head}\r\n`)
  socket.end(bytes)
}

export const make = (handle: Handler, run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>) => {
  const server = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const headers: Record<string, string | undefined> = {}
    for (const [name, value] of Object.entries(request.headers)) {
      headers[name] = Array.isArray(value) ? value.join(", ") : value
    }
    // A client may be gone before it is answered.
    socket.on("error", () => undefined)
    const url = new URL(`http://${request.headers.host ?? "localhost"}${request.url ?? "/"}`)
    const accept = (answer: Extract<Upgrade, { _tag: "Accepted" }>) =>
      server.handleUpgrade(request, socket, head, (ws) => {
        const connection = answer.connect(carrierOf(ws, socket))
        ws.on("message", (data, isBinary) => {
          const bytes = bytesOf(data)
          connection.receive(isBinary ? bytes : Buffer.from(bytes).toString("utf8"))
        })
        ws.on("error", () => undefined)
        const fiber = run(connection.run)
        ws.once("close", (code, reason) => {
          connection.gone(code, reason.toString("utf8"))
          fiber.interruptUnsafe()
        })
      })
    run(Effect.map(handle({ url, headers }), (answer) => {
      if (answer._tag === "Refused") refuse(socket, answer)
      else accept(answer)
    }))
  }
  return {
    upgrade,
    /** Ends what is open. */
    close: () => {
      for (const client of server.clients) client.terminate()
      server.close()
    }
  }
}
