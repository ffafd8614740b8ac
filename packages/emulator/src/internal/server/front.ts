/**
 * One port for HTTP and for TLS. A TLS client speaks first and begins with the byte 0x16, which no HTTP request can
 * begin with; so the first byte says which of the two it is.
 */
import type * as Http from "node:http"
import * as Net from "node:net"
import type { Duplex } from "node:stream"
import type * as Tls from "node:tls"
import type { Certificate } from "../door/certificate.ts"

const handshake = 0x16

/** The sockets below those that speak TLS, which cannot be reset themselves. */
const below = new WeakMap<Duplex, Net.Socket>()

/** Ends a connection with a reset. */
export const reset = (socket: Duplex | null): void => {
  const raw = socket === null ? undefined : below.get(socket) ?? socket
  if (raw instanceof Net.Socket) raw.resetAndDestroy()
  else raw?.destroy()
}

export interface Front {
  /** It listens, and hands what is HTTP to the server. */
  readonly server: Net.Server
  /** Ends all connections. A server of node's that does not listen itself does not know those that it was handed. */
  readonly close: () => void
}

export const make = (http: Http.Server, certificate: Certificate): Front => {
  const open = new Set<Net.Socket>()
  let context: Tls.SecureContext | undefined

  const secure = (socket: Net.Socket) => {
    // A TLS module costs a start some ten milliseconds, so it is loaded by the first client that speaks it.
    const tls: typeof Tls = process.getBuiltinModule("node:tls")
    context ??= tls.createSecureContext({ key: certificate.key, cert: certificate.cert })
    const secured = new tls.TLSSocket(socket, { isServer: true, secureContext: context })
    below.set(secured, socket)
    // A client that does not trust the certificate ends the handshake, and with it the connection.
    secured.on("error", () => socket.destroy())
    secured.once("secure", () => http.emit("connection", secured))
  }

  const server = Net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    open.add(socket)
    socket.on("error", () => undefined)
    socket.once("close", () => open.delete(socket))
    socket.once("readable", () => {
      const piece: Buffer | null = socket.read()
      if (piece === null) {
        socket.destroy()
        return
      }
      socket.unshift(piece)
      if (piece[0] === handshake) secure(socket)
      else http.emit("connection", socket)
    })
  })
  return {
    server,
    close: () => {
      for (const socket of open) socket.destroy()
    }
  }
}
