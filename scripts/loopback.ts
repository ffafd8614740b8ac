// Refuses every connection that does not stay on this machine, and remembers it. It is loaded into each test
// (vitest.setup.ts) and, by NODE_OPTIONS, into each process that a test starts.
import * as net from "node:net"

/** Hosts that somebody tried to reach. */
export const refused: Array<string> = []

const loopback = /^(?:127(?:\.\d{1,3}){3}|::1|\[::1\]|localhost|0\.0\.0\.0|::)$/

const targetOf = (args: ReadonlyArray<unknown>): string => {
  const first: unknown = Array.isArray(args[0]) ? args[0][0] : args[0]
  if (typeof first === "object" && first !== null) {
    if ("path" in first && typeof first.path === "string") return "localhost" // a Unix socket
    return "host" in first && typeof first.host === "string" ? first.host : "localhost"
  }
  return typeof args[1] === "string" ? args[1] : "localhost"
}

const connect = net.Socket.prototype.connect
net.Socket.prototype.connect = function(this: net.Socket, ...args: Array<unknown>) {
  const host = targetOf(args)
  if (!loopback.test(host)) {
    refused.push(host)
    throw new Error(`refused to connect to ${host}: tests may only reach loopback`)
  }
  return Reflect.apply(connect, this, args)
}
