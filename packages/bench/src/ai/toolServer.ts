/**
 * The server of one tool round trip, in a process of its own. A body without a function response is answered with a
 * call, a body with one is answered with a sentence. Both answers are rendered beforehand.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"

const answer = (part: object): Buffer =>
  Buffer.from(JSON.stringify({
    candidates: [{ content: { parts: [part], role: "model" }, finishReason: "STOP", index: 0 }],
    usageMetadata: { promptTokenCount: 20, candidatesTokenCount: 10, totalTokenCount: 30 },
    modelVersion: "gemini-3.8-flash",
    responseId: "bench"
  }))

const call = answer({
  functionCall: { id: "call-1", name: "weather", args: { city: "Rome" } },
  thoughtSignature: Buffer.from("a signature of the bench").toString("base64")
})
const sentence = answer({ text: "It is 21 degrees in Rome." })

const server = createServer((request, response) => {
  const pieces: Array<Buffer> = []
  request.on("data", (piece: Buffer) => pieces.push(piece)).on("end", () => {
    const body = Buffer.concat(pieces).includes("functionResponse") ? sentence : call
    response.writeHead(200, { "content-type": "application/json", "content-length": body.length }).end(body)
  })
})
server.listen(0, "127.0.0.1", () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ port })
})
process.once("disconnect", () => process.exit())
