/** A Live server that costs little: prepared binary frames of pretty-printed JSON. Its own process. */
import type { AddressInfo } from "node:net"
import { WebSocketServer } from "ws"

const frame = (message: unknown) => Buffer.from(`${JSON.stringify(message, null, 2)}\n`)

const setupComplete = frame({ setupComplete: {} })
const chunk = frame({
  serverContent: {
    modelTurn: { role: "model", parts: [{ text: "and then the lamp went out and she climbed the stairs. " }] }
  }
})
const turnComplete = frame({
  serverContent: { turnComplete: true },
  usageMetadata: { promptTokenCount: 7, responseTokenCount: 11, totalTokenCount: 18 }
})

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false })
server.on("connection", (ws) => {
  ws.on("message", (data) => {
    const text = String(data)
    if (text.startsWith("{\"setup\"")) return ws.send(setupComplete)
    const chunks = Number(/chunks (\d+)/.exec(text)?.[1] ?? 1)
    for (let i = 0; i < chunks; i++) ws.send(chunk)
    return ws.send(turnComplete)
  })
})
server.on("listening", () => process.send?.((server.address() as AddressInfo).port))
