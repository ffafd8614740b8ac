/**
 * The server, in a process of its own: sockets, a few lines of HTTP and bodies that
 * were rendered before. It does no more for a request than find its model, so that it
 * is never the bottleneck; the harness prints its capacity beside the figures.
 */
import { createServer, type Socket } from "node:net"
import * as Bodies from "./bodies.ts"

const paced = new Set<() => boolean>()
let ticking = false

// One event of each stream goes out in each turn of the event loop, so that every event becomes a socket read of its
// own.
const tick = (): void => {
  for (const step of paced) if (!step()) paced.delete(step)
  ticking = paced.size > 0
  if (ticking) setImmediate(tick)
}

const pace = (socket: Socket, body: Bodies.Rendered, count: number, millis: number): void => {
  let left = count - 1
  const step = (): boolean => {
    if (socket.destroyed) return false
    if (left === 0) {
      socket.write(lastOf(body, count))
      return false
    }
    if (socket.writableNeedDrain) return true
    left--
    socket.write(body.event)
    return true
  }
  if (millis > 0) {
    const timer = setInterval(() => step() || clearInterval(timer), millis)
    return
  }
  paced.add(step)
  if (!ticking) setImmediate(tick)
  ticking = true
}

/** The tail without the events that the block left over: those were paced out. */
const lastOf = (body: Bodies.Rendered, count: number): Buffer => {
  const perBlock = body.block.length / body.event.length
  const rest = count - 1 - body.repeats * perBlock
  return body.tail.subarray(rest * body.event.length)
}

const pump = (socket: Socket, body: Bodies.Rendered): void => {
  let left = body.repeats
  const more = (): void => {
    while (left > 0) {
      if (socket.destroyed) return
      left--
      if (!socket.write(body.block)) {
        socket.once("drain", more)
        return
      }
    }
    socket.write(body.tail)
  }
  more()
}

const answer = (socket: Socket, model: string, streams: boolean): void => {
  const { count, ending } = Bodies.orderOf(model)
  if (!streams || ending === "quota" || ending === "blocked") {
    socket.write(Bodies.unary(model))
    return
  }
  const body = Bodies.stream(model)
  if (ending === "cut") {
    socket.write(Buffer.concat([body.head, body.event]), () => socket.destroy())
  } else if (ending === "paced" || ending === "slow" || ending === "steady") {
    socket.write(body.head)
    pace(socket, body, count, { paced: 0, slow: 5, steady: 20 }[ending])
  } else if (body.repeats * body.block.length + body.tail.length < 65_536) {
    socket.write(Buffer.concat([body.head, ...Array.from({ length: body.repeats }, () => body.block), body.tail]))
  } else {
    socket.write(body.head)
    pump(socket, body)
  }
}

const server = createServer({ noDelay: true }, (socket) => {
  let held = Buffer.alloc(0)
  let bodyLeft = 0
  let asked: readonly [model: string, streams: boolean] = ["", false]
  socket.on("error", () => socket.destroy())
  socket.on("data", (bytes) => {
    if (bodyLeft > bytes.length) {
      bodyLeft -= bytes.length
      return
    }
    if (bodyLeft > 0) {
      bytes = bytes.subarray(bodyLeft)
      bodyLeft = 0
      answer(socket, ...asked)
    }
    held = held.length === 0 ? bytes : Buffer.concat([held, bytes])
    for (let end = held.indexOf("\r\n\r\n"); end !== -1; end = held.indexOf("\r\n\r\n")) {
      const head = held.toString("latin1", 0, end)
      const [, model = "", method = ""] = /models\/([^:]+):(\w+)/.exec(head) ?? []
      const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      const rest = held.subarray(end + 4)
      asked = [model, method === "streamGenerateContent" || method === "interactions"]
      if (rest.length < length) {
        bodyLeft = length - rest.length
        held = Buffer.alloc(0)
        return
      }
      held = rest.subarray(length)
      answer(socket, ...asked)
    }
  })
})

server.listen(0, "127.0.0.1", () => {
  const address = server.address()
  if (typeof address === "object" && address !== null) process.send?.({ port: address.port })
})
// The harness asks for the CPU time spent so far, and how many sockets stand.
process.on("message", () => {
  const { system, user } = process.cpuUsage()
  server.getConnections((_, sockets) => process.send?.({ cpu: (system + user) / 1000, sockets }))
})
process.on("disconnect", () => process.exit(0))
