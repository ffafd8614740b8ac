/**
 * A Live server that costs little: it looks at the first bytes of a message, and writes frames that were rendered
 * before, many chunks at a time. It is a process of its own.
 *
 * A turn is answered by as many chunks as its text says (`chunks 20000`), or by one. 100 ms of sound are answered by
 * 100 ms of sound, and every five seconds of it by transcriptions, the end of the turn, usage and a handle.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { WebSocketServer } from "ws"
import { chunkText, usage } from "./subject.ts"

/** A binary frame of pretty-printed JSON, as the API sends. */
const frame = (message: unknown): Buffer => {
  const payload = Buffer.from(`${JSON.stringify(message, null, 2)}\n`)
  const head = payload.length < 126 ? Buffer.alloc(2) : Buffer.alloc(4)
  head[0] = 0x82
  if (payload.length < 126) head[1] = payload.length
  else {
    head[1] = 126
    head.writeUInt16BE(payload.length, 2)
  }
  return Buffer.concat([head, payload])
}

const setupComplete = frame({ setupComplete: {} })
const chunk = frame({ serverContent: { modelTurn: { role: "model", parts: [{ text: chunkText }] } } })
const turnComplete = frame({ serverContent: { turnComplete: true }, usageMetadata: usage })
const turn = Buffer.concat([chunk, turnComplete])

const perBlock = 250
const block = Buffer.concat(Array.from({ length: perBlock }, () => chunk))

const sound = Buffer.alloc(4_800, "pcm of a voice, as far as anybody here can tell")
const audio = frame({
  serverContent: {
    modelTurn: { parts: [{ inlineData: { mimeType: "audio/pcm;rate=24000", data: sound.toString("base64") } }] }
  }
})
const audioTurn = Buffer.concat([
  frame({ serverContent: { inputTranscription: { text: "what the user said in these five seconds" } } }),
  frame({ serverContent: { outputTranscription: { text: "what the model said in these five seconds" } } }),
  frame({ serverContent: { generationComplete: true } }),
  turnComplete,
  frame({ sessionResumptionUpdate: { newHandle: "a-handle-of-some-length-a-handle-of-some-length", resumable: true } })
])
const soundsPerTurn = 50

const http = createServer()
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
http.on("upgrade", (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (ws) => {
    let sounds = 0
    const blocks = (left: number): void => {
      for (; left > 0; left--) {
        if (!socket.write(block)) {
          socket.once("drain", () => blocks(left - 1))
          return
        }
      }
      socket.write(turnComplete)
    }
    ws.on("error", () => undefined)
    ws.on("message", (data: Buffer) => {
      const start = data.toString("latin1", 0, 12)
      if (start.startsWith("{\"setup\"")) return void socket.write(setupComplete)
      if (start.startsWith("{\"realtime")) {
        socket.write(audio)
        if (++sounds % soundsPerTurn === 0) socket.write(audioTurn)
        return
      }
      const chunks = /chunks (\d+)/.exec(data.toString("latin1"))?.[1]
      if (chunks === undefined) socket.write(turn)
      else blocks(Number(chunks) / perBlock)
    })
  })
})

process.on("message", () => {
  const { system, user } = process.cpuUsage()
  process.send?.({ cpu: (system + user) / 1000, sockets: sockets.clients.size })
})
process.on("disconnect", () => process.exit(0))
http.listen(0, "127.0.0.1", () => process.send?.({ port: (http.address() as AddressInfo).port }))
